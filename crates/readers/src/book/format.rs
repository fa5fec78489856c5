//! Whether a number format of a spreadsheet shows a number as a date or a length of time.

/// What the number in a cell means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// A number.
    Plain,
    /// A day, a time of day, or both.
    Moment,
    /// A length of time.
    Duration,
}

/// Built-in formats (ECMA-376 part 1, 18.8.30); 27–36 and 50–58 are the dates of East Asian office programs.
pub(crate) fn of_builtin(id: u32) -> Meaning {
    match id {
        14..=22 | 27..=36 | 45 | 47 | 50..=58 => Meaning::Moment,
        46 => Meaning::Duration,
        _ => Meaning::Plain,
    }
}

/// A format written out, such as `yyyy"年"m"月"d"日"`: only its first section counts, and only what is no literal.
pub(crate) fn of_code(code: &str) -> Meaning {
    let mut letters = code.chars();
    while let Some(letter) = letters.next() {
        match letter {
            ';' => return Meaning::Plain,
            '"' => {
                letters.by_ref().find(|other| *other == '"');
            }
            // The next letter is a literal, a width or a filler.
            '\\' | '_' | '*' => {
                letters.next();
            }
            '[' => {
                let inside: String = letters.by_ref().take_while(|other| *other != ']').collect();
                let inside = inside.to_ascii_lowercase();
                let unit = inside.chars().next();
                if unit.is_some_and(|unit| matches!(unit, 'h' | 'm' | 's'))
                    && inside.chars().all(|other| Some(other) == unit)
                {
                    return Meaning::Duration;
                }
            }
            'y' | 'Y' | 'm' | 'M' | 'd' | 'D' | 'h' | 'H' | 's' | 'S' => return Meaning::Moment,
            // `General` and its translations are no dates; neither are numbers.
            _ => {}
        }
    }
    Meaning::Plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_told_from_numbers() {
        for code in [
            "yyyy/m/d",
            "yyyy\"年\"m\"月\"d\"日\";@",
            "[$-804]yyyy\\-mm\\-dd",
            "[DBNum1][$-804]yyyy\"年\"",
            "h:mm:ss",
            "上午/下午h\"时\"",
            "*-yyyy-mm-dd",
        ] {
            assert_eq!(of_code(code), Meaning::Moment, "{code}");
        }
        for code in [
            "General",
            "G/通用格式",
            "0.00_);[Red]\\(0.00\\)",
            "#,##0\"元\"",
            "0.00E+00",
            "\"day \"0",
            "\\Y000000",
            "#,##0*y",
            "@",
            "[Red]0;yyyy",
        ] {
            assert_eq!(of_code(code), Meaning::Plain, "{code}");
        }
        assert_eq!(of_code("[h]:mm:ss"), Meaning::Duration);
        assert_eq!(of_code("[mm]"), Meaning::Duration);
        assert_eq!(of_builtin(31), Meaning::Moment);
    }
}
