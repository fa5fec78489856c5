//! 国民经济行业分类 (GB/T 4754-2017): a letter and up to four digits.

use std::fmt;

use crate::fault::{FaultKind, Refusal};
use crate::text::{fold_code, text_code};

/// An industry: 门类 `F`, 大类 `F52`, 中类 `F521` or 小类 `F5212`. With everything below it, when used as a limit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Industry {
    bytes: [u8; 5],
    length: u8,
}

/// An industry code that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IndustryFault {
    /// Neither a letter, nor two to four digits, nor both.
    Unreadable(String),
    /// No such 大类 in GB/T 4754-2017.
    UnknownDivision(String),
    /// The letter is not the one the digits belong to.
    WrongSection {
        /// As given.
        given: String,
        /// The right letter.
        section: char,
    },
}

impl Industry {
    /// Reads `F5212`, `5212`, `521`, `52` or `F`. The letter is found from the first two digits where it is left
    /// out, and must be the right one where it is not.
    pub fn parse(raw: &str) -> Result<Self, IndustryFault> {
        let text = fold_code(raw);
        let shown = || text.chars().take(20).collect::<String>();
        let letter = text.bytes().next().filter(u8::is_ascii_uppercase);
        let digits = text.get(usize::from(letter.is_some())..).unwrap_or_default();
        let readable = digits.bytes().all(|b| b.is_ascii_digit())
            && (matches!(digits.len(), 2..=4) || (digits.is_empty() && letter.is_some()));
        if !readable {
            return Err(IndustryFault::Unreadable(shown()));
        }
        let section = match (digits.get(..2), letter) {
            (Some(division), _) => section_of(division.parse().unwrap_or_default())
                .ok_or_else(|| IndustryFault::UnknownDivision(shown()))?,
            (None, Some(letter @ b'A'..=b'T')) => letter,
            (None, _) => return Err(IndustryFault::Unreadable(shown())),
        };
        if letter.is_some_and(|letter| letter != section) {
            return Err(IndustryFault::WrongSection {
                given: shown(),
                section: section.into(),
            });
        }
        let mut bytes = [0; 5];
        let whole = std::iter::once(section).chain(digits.bytes());
        for (place, byte) in bytes.iter_mut().zip(whole) {
            *place = byte;
        }
        let length = u8::try_from(digits.len().saturating_add(1)).unwrap_or(5);
        Ok(Self { bytes, length })
    }

    /// Letter and digits: `F5212`.
    pub fn as_str(&self) -> &str {
        self.bytes
            .get(..usize::from(self.length))
            .and_then(|part| std::str::from_utf8(part).ok())
            .unwrap_or_default()
    }

    /// Section letter (门类).
    pub fn section(&self) -> char {
        let [section, ..] = self.bytes;
        section.into()
    }

    /// Digits without the letter: `5212`; empty for a whole section.
    pub fn digits(&self) -> &str {
        self.as_str().get(1..).unwrap_or_default()
    }

    /// The first two (大类), three (中类) or four (小类) digits, where the code goes that deep.
    pub fn at(&self, digits: usize) -> Option<&str> {
        self.digits().get(..digits)
    }

    /// Whether `other` is this industry or a part of it.
    pub fn contains(&self, other: &Self) -> bool {
        other.as_str().starts_with(self.as_str())
    }
}

/// Section letter of a two-digit division, GB/T 4754-2017.
pub const fn section_of(division: u8) -> Option<u8> {
    Some(match division {
        1..=5 => b'A',
        6..=12 => b'B',
        13..=43 => b'C',
        44..=46 => b'D',
        47..=50 => b'E',
        51..=52 => b'F',
        53..=60 => b'G',
        61..=62 => b'H',
        63..=65 => b'I',
        66..=69 => b'J',
        70 => b'K',
        71..=72 => b'L',
        73..=75 => b'M',
        76..=79 => b'N',
        80..=82 => b'O',
        83 => b'P',
        84..=85 => b'Q',
        86..=90 => b'R',
        91..=96 => b'S',
        97 => b'T',
        _ => return None,
    })
}

impl fmt::Debug for Industry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for IndustryFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(given) => {
                write!(
                    f,
                    "行业代码“{given}”无法识别，应为门类字母、2 至 4 位数字，或两者相连（如 F5212）"
                )
            }
            Self::UnknownDivision(given) => write!(f, "行业代码“{given}”的大类不在 GB/T 4754-2017 中"),
            Self::WrongSection { given, section } => {
                write!(f, "行业代码“{given}”的门类字母应为“{section}”")
            }
        }
    }
}

impl std::error::Error for IndustryFault {}

impl Refusal for IndustryFault {
    fn kind(&self) -> FaultKind {
        FaultKind::Invalid
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "industry.unreadable",
            Self::UnknownDivision(_) => "industry.unknown-division",
            Self::WrongSection { .. } => "industry.wrong-section",
        }
    }
    fn detail(&self) -> String {
        format!("{self}。")
    }
    fn basis(&self) -> Option<String> {
        Some("GB/T 4754-2017".into())
    }
}

text_code!(Industry, IndustryFault);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_letter_is_found_from_the_digits() {
        for (text, shown) in [
            ("5212", "F5212"),
            ("F5212", "F5212"),
            ("f521", "F521"),
            ("52", "F52"),
            ("F", "F"),
            ("I6510", "I6510"),
            ("6510", "I6510"),
            ("0111", "A0111"),
        ] {
            assert_eq!(Industry::parse(text).unwrap().as_str(), shown);
        }
        let shop = Industry::parse("5212").unwrap();
        assert_eq!(
            (shop.section(), shop.digits(), shop.at(2), shop.at(3)),
            ('F', "5212", Some("52"), Some("521"))
        );
        assert_eq!(Industry::parse("52").unwrap().at(3), None);
    }

    #[test]
    fn a_section_contains_its_classes() {
        let industry = |text| Industry::parse(text).unwrap();
        assert!(industry("F").contains(&industry("5212")));
        assert!(industry("521").contains(&industry("F5212")));
        assert!(!industry("G").contains(&industry("5212")));
        assert!(!industry("5212").contains(&industry("52")));
    }

    #[test]
    fn a_wrong_letter_is_told_with_the_right_one() {
        let fault = Industry::parse("G5212").unwrap_err();
        assert_eq!(
            fault,
            IndustryFault::WrongSection {
                given: "G5212".into(),
                section: 'F'
            }
        );
        assert!(matches!(
            Industry::parse("9912"),
            Err(IndustryFault::UnknownDivision(_))
        ));
        for text in ["", "5", "52123", "Z", "F5", "零售业", "FF52"] {
            assert!(
                matches!(Industry::parse(text), Err(IndustryFault::Unreadable(_))),
                "{text}"
            );
        }
    }
}
