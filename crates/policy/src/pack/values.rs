//! Small values written in packs: fractions, money, days inside text.

use kernel::Day;

/// A share as written, `1/100`; 0 ≤ numerator ≤ denominator, denominator ≥ 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Fraction {
    /// Numerator.
    pub num: u64,
    /// Denominator.
    pub den: u64,
}

impl Default for Fraction {
    fn default() -> Self {
        Self { num: 0, den: 1 }
    }
}

impl Fraction {
    /// Reads `1/100`, `0` or `1`.
    pub fn parse(text: &str) -> Option<Self> {
        let (num, den) = match text.split_once('/') {
            Some((num, den)) => (num.trim().parse().ok()?, den.trim().parse().ok()?),
            None => (text.trim().parse().ok()?, 1),
        };
        (den >= 1 && num <= den && den <= 1_000_000_000).then_some(Self { num, den })
    }

    /// `size · num / den` rounded up; at most `size`.
    pub fn of_rounded_up(self, size: u64) -> u64 {
        let exact = u128::from(size) * u128::from(self.num);
        u64::try_from(exact.div_ceil(u128::from(self.den.max(1))))
            .unwrap_or(u64::MAX)
            .min(size)
    }
}

impl std::fmt::Display for Fraction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.num, self.den)
    }
}

/// Money as people write it, in fen.
pub(super) fn parse_money(text: &str) -> Option<i64> {
    kernel::Fen::parse(text).map(kernel::Fen::get)
}

/// A day as people write it: `2025-01-10`, `2025/1/10`, `2025.1.10`, `20250110`, `2025年1月10日`.
pub(super) fn parse_day(text: &str) -> Option<Day> {
    let text = text.trim().trim_end_matches('日');
    if text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Day::from_ymd_opt(
            text.get(..4)?.parse().ok()?,
            text.get(4..6)?.parse().ok()?,
            text.get(6..)?.parse().ok()?,
        );
    }
    let mut parts = text.split(['-', '/', '.', '年', '月']).map(str::trim);
    let day = Day::from_ymd_opt(
        parts.next()?.parse().ok()?,
        parts.next()?.parse().ok()?,
        parts.next()?.parse().ok()?,
    )?;
    parts.next().is_none().then_some(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_a_fraction_between_none_and_all() {
        let case = |text: &str, expected: Option<(u64, u64)>| {
            assert_eq!(
                Fraction::parse(text).map(|share| (share.num, share.den)),
                expected,
                "{text}"
            );
        };
        case("1/100", Some((1, 100)));
        case("1", Some((1, 1)));
        case("0", Some((0, 1)));
        case("3 / 1000", Some((3, 1000)));
        case("2", None);
        case("5/4", None);
        case("1/0", None);
        case("-1/2", None);
        case("0.01", None);
    }

    #[test]
    fn a_quota_is_rounded_up_and_never_more_than_the_pool() {
        let share = Fraction { num: 1, den: 100 };
        assert_eq!(share.of_rounded_up(1234), 13);
        assert_eq!(share.of_rounded_up(1200), 12);
        assert_eq!(share.of_rounded_up(1), 1);
        assert_eq!(share.of_rounded_up(0), 0);
        assert_eq!(Fraction { num: 1, den: 1 }.of_rounded_up(u64::MAX), u64::MAX);
        assert_eq!(Fraction { num: 0, den: 1 }.of_rounded_up(9), 0);
    }

    #[test]
    fn days_are_read_as_people_write_them() {
        let day = Day::from_ymd_opt(2025, 1, 10);
        for text in [
            "2025-01-10",
            "2025/1/10",
            "2025.1.10",
            "20250110",
            "2025年1月10日",
            " 2025-1-10 ",
        ] {
            assert_eq!(parse_day(text), day, "{text}");
        }
        for text in ["2025-02-30", "2025-1", "2025-1-1-1", "一月"] {
            assert_eq!(parse_day(text), None, "{text}");
        }
    }
}
