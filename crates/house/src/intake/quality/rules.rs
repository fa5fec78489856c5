//! From counts to scores: pure.
use kernel::Day;
use policy::pack::QUALITY_DIMENSIONS;

use super::model::{Counts, Dimension};

/// What coverage is judged by: items owed by a department, and those of them it handed over in time or in the month.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Items the catalogue asks of the department.
    pub owed: i64,
    /// Items of these that are fresh.
    pub covered: i64,
}

/// What redundancy is judged by: rows of items whose records are handed over once. Of an item in mode `state` a supplier
/// does well to hand everything over again, and what has not changed is no fault.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Repeats {
    /// Rows read of such items.
    pub rows: i64,
    /// Those of them that say what is known already.
    pub repeated: i64,
}

/// The dimensions of a month, in the pack's order, and the score: the weighted mean of those that can be judged.
pub fn score(
    counts: &Counts,
    repeats: Repeats,
    coverage: Coverage,
    weights: &[i64],
) -> (Option<i64>, Vec<Dimension>) {
    let parts = [
        (counts.rows_missing, counts.rows_read, "缺少必填内容的行"),
        (counts.rows_malformed, counts.rows_read, "格式不合要求的行"),
        (repeats.repeated, repeats.rows, "与已有记录重复的行"),
        (counts.rows_unlinked, counts.rows_read, "找不到主体或所指记录的行"),
        (counts.corrected, counts.records, "更正或撤销以前报送的记录"),
        (counts.late, counts.judged, "超过归集时限的记录"),
        (
            coverage.owed - coverage.covered,
            coverage.owed,
            "应报而没有更新的事项",
        ),
    ];
    let dimensions: Vec<Dimension> = QUALITY_DIMENSIONS
        .iter()
        .zip(parts)
        .zip(weights)
        .map(|(((code, title), (bad, whole, what)), weight)| Dimension {
            code: (*code).to_owned(),
            title: (*title).to_owned(),
            score: good_permille(bad, whole),
            weight: *weight,
            part: bad,
            whole,
            said: if whole > 0 {
                format!("{what}：{bad}/{whole}")
            } else {
                "本月无从判断".to_owned()
            },
        })
        .collect();
    let judged = || {
        dimensions
            .iter()
            .filter_map(|d| d.score.map(|score| (score, d.weight)))
    };
    let weight: i64 = judged().map(|(_, weight)| weight).sum();
    let sum: i64 = judged().map(|(score, weight)| score * weight).sum();
    ((weight > 0).then(|| sum / weight), dimensions)
}

/// What is good of a whole, in thousandths, rounded down: only a whole without any fault has 1000.
fn good_permille(bad: i64, whole: i64) -> Option<i64> {
    (whole > 0).then(|| {
        let good = (whole - bad).clamp(0, whole);
        i64::try_from(i128::from(good) * 1_000 / i128::from(whole)).unwrap_or(0)
    })
}

/// The month of a day, `2026-05`.
pub fn month_of(day: Day) -> String {
    day.format("%Y-%m").to_string()
}

/// The first day of a month given as `2026-05`, and of the month after it.
pub fn month_days(month: &str) -> Option<(Day, Day)> {
    let first = Day::parse_from_str(&format!("{month}-01"), "%Y-%m-%d").ok()?;
    if month_of(first) != month {
        return None;
    }
    let next = first.checked_add_months(chrono::Months::new(1))?;
    Some((first, next))
}

/// The month so many months before.
pub fn months_before(month: &str, count: u32) -> Option<String> {
    let (first, _) = month_days(month)?;
    Some(month_of(first.checked_sub_months(chrono::Months::new(count))?))
}

/// Growth in thousandths against a former number; none when there was nothing before.
pub fn growth(now: i64, before: i64) -> Option<i64> {
    (before > 0).then(|| {
        i64::try_from((i128::from(now) - i128::from(before)) * 1_000 / i128::from(before)).unwrap_or(i64::MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEIGHTS: [i64; 7] = [20, 15, 5, 20, 15, 15, 10];

    #[test]
    fn a_month_without_a_fault_has_the_full_score_and_one_bad_row_is_seen() {
        let counts = Counts {
            rows_read: 10_000,
            records: 10_000,
            judged: 10,
            ..Counts::default()
        };
        let coverage = Coverage { owed: 2, covered: 2 };
        let repeats = Repeats {
            rows: 10_000,
            repeated: 0,
        };
        assert_eq!(score(&counts, repeats, coverage, &WEIGHTS).0, Some(1_000));
        let one = Counts {
            rows_missing: 1,
            ..counts
        };
        let (total, dimensions) = score(&one, repeats, coverage, &WEIGHTS);
        assert_eq!((total, dimensions[0].score), (Some(999), Some(999)));
    }

    #[test]
    fn what_cannot_be_judged_takes_no_part_and_nothing_at_all_has_no_score() {
        let counts = Counts {
            rows_read: 10,
            rows_unlinked: 5,
            records: 5,
            ..Counts::default()
        };
        let nothing = (Repeats::default(), Coverage::default());
        let (total, dimensions) = score(&counts, nothing.0, nothing.1, &WEIGHTS);
        for open in [2, 5, 6] {
            assert_eq!(dimensions[open].score, None);
        }
        // (20 + 15 + 20/2 + 15) / 70 of 1000.
        assert_eq!(total, Some(857));
        assert_eq!(score(&Counts::default(), nothing.0, nothing.1, &WEIGHTS).0, None);
    }

    #[test]
    fn months_are_read_strictly_and_counted_over_the_turn_of_the_year() {
        assert_eq!(months_before("2026-01", 1).as_deref(), Some("2025-12"));
        assert_eq!(months_before("2026-03", 12).as_deref(), Some("2025-03"));
        for wrong in ["2026-1", "2026-13", "202601", "", "2026-05-01"] {
            assert_eq!(month_days(wrong), None, "{wrong}");
        }
        assert_eq!(
            (growth(150, 100), growth(50, 100), growth(5, 0)),
            (Some(500), Some(-500), None)
        );
    }
}
