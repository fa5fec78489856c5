//! How far two words are apart, for "did you mean".

/// Levenshtein distance, for "did you mean".
pub(super) fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (place, letter) in (1..).zip(one.chars()) {
        let mut corner = place - 1;
        let mut left = place;
        if let Some(first) = row.first_mut() {
            *first = place;
        }
        for (cell, against) in row.iter_mut().skip(1).zip(&other) {
            let up = *cell;
            left = (left + 1)
                .min(up + 1)
                .min(corner + usize::from(letter != *against));
            corner = up;
            *cell = left;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::distance;

    #[test]
    fn distance_counts_edits() {
        assert_eq!(distance("share", "share"), 0);
        assert_eq!(distance("share", "shares"), 1);
        assert_eq!(distance("until", "untill"), 1);
        assert_eq!(distance("", "abc"), 3);
    }
}
