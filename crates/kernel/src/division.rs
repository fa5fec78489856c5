//! 行政区划代码 (GB/T 2260, with the statistical extension to towns and villages).

use std::fmt;

use crate::fault::{FaultKind, Refusal};
use crate::text::{fold_code, text_code};

/// How deep a division lies. Some cities (东莞, 中山, 儋州, 嘉峪关) have towns but no counties.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// The whole country, written `100000` (national authorities).
    Nation,
    /// 省、自治区、直辖市: two digits.
    Province,
    /// 地级市、自治州、盟: four digits.
    City,
    /// 县、区、旗、县级市: six digits.
    County,
    /// 街道、镇、乡: nine digits.
    Town,
    /// 居委会、村委会: twelve digits.
    Village,
}

impl Level {
    const fn digits(self) -> usize {
        match self {
            Self::Nation => 0,
            Self::Province => 2,
            Self::City => 4,
            Self::County => 6,
            Self::Town => 9,
            Self::Village => 12,
        }
    }
}

/// A place: with everything below it, when used as a limit. `4405`, `440500` and `440500000000` are the same.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Division {
    digits: [u8; 12],
    level: Level,
}

/// A division code that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DivisionFault(String);

impl Division {
    /// Reads 2, 4, 6, 9 or 12 digits. Whether such a place exists is the pack's table to say, not ours.
    pub fn parse(raw: &str) -> Result<Self, DivisionFault> {
        let text = fold_code(raw);
        let refuse = || DivisionFault(raw.trim().chars().take(40).collect());
        if !matches!(text.len(), 2 | 4 | 6 | 9 | 12) || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(refuse());
        }
        let mut digits = [b'0'; 12];
        for (place, byte) in digits.iter_mut().zip(text.bytes()) {
            *place = byte;
        }
        match level_of(&digits) {
            Some(level) => Ok(Self { digits, level }),
            None => Err(refuse()),
        }
    }

    /// How deep the place lies.
    pub const fn level(&self) -> Level {
        self.level
    }

    /// The usual written form: six digits down to the county, nine for a town, twelve for a village.
    pub fn as_str(&self) -> &str {
        self.cut(self.level.digits().max(6))
    }

    /// The digits that everything below shares: `4405` for 440500; for `LIKE` with a closing `%`.
    pub fn prefix(&self) -> &str {
        self.cut(self.level.digits())
    }

    /// Whether `other` is this place or lies within it.
    pub fn contains(&self, other: &Self) -> bool {
        other.digits.starts_with(self.prefix().as_bytes())
    }

    /// The place above; a town of a city without counties hangs on the city. `None` above the nation.
    pub fn parent(&self) -> Option<Self> {
        let above = match self.level {
            Level::Nation => return None,
            Level::Province => return Self::parse("100000").ok(),
            Level::City => Level::Province,
            Level::County => Level::City,
            Level::Town => Level::County,
            Level::Village => Level::Town,
        };
        Self::parse(self.cut(above.digits())).ok()
    }

    /// The place itself and those above it, the nearest first.
    pub fn ancestry(&self) -> impl Iterator<Item = Self> {
        std::iter::successors(Some(*self), Self::parent)
    }

    /// The county this lies in (or is); `None` above it and in cities without counties.
    pub fn county(&self) -> Option<Self> {
        self.ancestry().find(|place| place.level == Level::County)
    }

    fn cut(&self, digits: usize) -> &str {
        self.digits
            .get(..digits)
            .and_then(|part| std::str::from_utf8(part).ok())
            .unwrap_or_default()
    }
}

/// The last group of digits that is not all zero decides; `None` for `000000` and a village without a town.
/// Counties straight under a province are real: 460001 was 通什, later 五指山 (1988 to 2002).
fn level_of(digits: &[u8; 12]) -> Option<Level> {
    let [p1, p2, c1, c2, d1, d2, t1, t2, t3, v1, v2, v3] = *digits;
    let set = |group: &[u8]| group.iter().any(|byte| *byte != b'0');
    let (city, county, town, village) = (
        set(&[c1, c2]),
        set(&[d1, d2]),
        set(&[t1, t2, t3]),
        set(&[v1, v2, v3]),
    );
    if !set(&[p1, p2]) || (village && !town) {
        return None;
    }
    Some(match (city, county, town, village) {
        (_, _, _, true) => Level::Village,
        (_, _, true, _) => Level::Town,
        (_, true, _, _) => Level::County,
        (true, _, _, _) => Level::City,
        _ if (p1, p2) == (b'1', b'0') => Level::Nation,
        _ => Level::Province,
    })
}

impl fmt::Debug for Division {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for DivisionFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "行政区划代码“{}”无法识别，应为 6、9 或 12 位数字（也可写 2 或 4 位前缀）",
            self.0
        )
    }
}

impl std::error::Error for DivisionFault {}

impl Refusal for DivisionFault {
    fn kind(&self) -> FaultKind {
        FaultKind::Invalid
    }
    fn code(&self) -> &'static str {
        "division.unreadable"
    }
    fn detail(&self) -> String {
        format!("{self}。")
    }
    fn basis(&self) -> Option<String> {
        Some("GB/T 2260".into())
    }
}

text_code!(Division, DivisionFault);

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str) -> Division {
        Division::parse(text).unwrap()
    }

    #[test]
    fn the_three_lengths_of_one_place_are_the_same_place() {
        for text in ["4405", "440500", "440500000", "440500000000", "４４０５００"] {
            assert_eq!(place(text), place("440500"));
            assert_eq!(place(text).as_str(), "440500");
        }
        assert_eq!(place("440500").prefix(), "4405");
        assert_eq!(place("440511001000").as_str(), "440511001");
    }

    #[test]
    fn a_city_contains_its_counties_and_towns_and_not_its_neighbours() {
        assert!(place("440500000000").contains(&place("440511")));
        assert!(place("4405").contains(&place("440511001003")));
        assert!(place("4405").contains(&place("4405")));
        assert!(!place("4405").contains(&place("4406")));
        assert!(!place("440511").contains(&place("4405")));
        assert!(place("100000").contains(&place("210100")));
    }

    #[test]
    fn a_town_of_dongguan_hangs_on_the_city() {
        let town = place("441900003");
        assert_eq!(town.level(), Level::Town);
        assert_eq!(town.parent().unwrap(), place("441900"));
        assert_eq!(town.county(), None);
        assert!(place("441900").contains(&town));
        let above: Vec<String> = town.ancestry().map(|d| d.to_string()).collect();
        assert_eq!(above, ["441900003", "441900", "440000", "100000"]);
        assert_eq!(place("441900003002").parent().unwrap(), town);
    }

    #[test]
    fn a_county_may_hang_on_the_province() {
        assert_eq!(place("460001").level(), Level::County);
        assert_eq!(place("460001").parent().unwrap(), place("46"));
    }

    #[test]
    fn a_place_with_a_gap_or_odd_length_is_refused() {
        for text in [
            "",
            "4",
            "440",
            "44051",
            "4405110",
            "000000",
            "44A500",
            "440511000001",
            "广东",
        ] {
            let fault = Division::parse(text).unwrap_err();
            assert_eq!(fault.code(), "division.unreadable", "{text}");
        }
    }
}
