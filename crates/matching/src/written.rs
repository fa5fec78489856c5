//! The code as a row writes it: absent, another number, or wrong; and how an entity's code agrees with what is left.

use kernel::name::normalise;
use kernel::{CreditCode, OrgCode, SubjectNo};

/// Least length of a beginning that says something: the body, the authority and four characters of the organisation code.
const TELLING: usize = 12;
const WHOLE: usize = 18;

/// What stands where the code belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// Nothing.
    Absent,
    /// A code that holds.
    Right(SubjectNo),
    /// 组织机构代码, the number inside the credit code: right, but not the code.
    Organisation(OrgCode),
    /// Something that is no code.
    Wrong(Wrong),
}

/// A wrong code, and what can still be said of the right one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// Letters and digits as written.
    pub text: String,
    /// Right codes one change away: a character, two neighbours, one left out, one too many.
    pub near: Vec<String>,
    /// What the right code begins with, as far as a spreadsheet or a cut left it.
    pub begins: String,
}

/// How an entity's code agrees with what is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeMatch {
    /// Nothing can be said.
    Unknown,
    /// One change makes the written code that of the entity.
    Slip,
    /// The first characters agree, so many.
    Cut(usize),
    /// The organisation code agrees.
    Organisation,
    /// It cannot be this entity's.
    Other,
}

impl Written {
    /// Reads the cell.
    pub fn read(raw: &str) -> Self {
        let folded = normalise(raw);
        let text: String = folded.chars().filter(char::is_ascii_alphanumeric).collect();
        if text.is_empty() {
            return Self::Absent;
        }
        if let Ok(subject) = SubjectNo::parse(raw) {
            return Self::Right(subject);
        }
        if let Ok(code) = OrgCode::parse(raw) {
            return Self::Organisation(code);
        }
        let begins = scientific(&folded).unwrap_or_else(|| beginning(&text));
        Self::Wrong(Wrong {
            near: near(&text),
            begins,
            text,
        })
    }

    /// Digits that may be an old registration number (注册号): thirteen, or fifteen that fail their check.
    pub fn registration_no(&self) -> Option<&str> {
        match self {
            Self::Wrong(wrong) => Some(wrong.text.as_str())
                .filter(|text| matches!(text.len(), 13 | 15) && text.bytes().all(|b| b.is_ascii_digit())),
            _ => None,
        }
    }

    /// Whether something is written that a person must correct.
    pub fn is_wrong(&self) -> bool {
        matches!(self, Self::Wrong(_))
    }

    /// How the code of an entity agrees.
    pub fn compare(&self, subject_no: &str) -> CodeMatch {
        match self {
            Self::Absent | Self::Right(_) => CodeMatch::Unknown,
            Self::Organisation(code) => match subject_no.get(8..17) {
                Some(inside) if inside == code.as_str() => CodeMatch::Organisation,
                Some(_) if subject_no.len() == WHOLE => CodeMatch::Other,
                _ => CodeMatch::Unknown,
            },
            Self::Wrong(wrong) => wrong.compare(subject_no),
        }
    }
}

impl Wrong {
    fn compare(&self, subject_no: &str) -> CodeMatch {
        /// Differences beyond which two codes are not two writings of one.
        const FAR: usize = 4;
        if self.near.iter().any(|code| code == subject_no) {
            return CodeMatch::Slip;
        }
        if subject_no.len() != WHOLE {
            return CodeMatch::Unknown;
        }
        if !self.begins.is_empty() {
            return match subject_no.starts_with(&self.begins) {
                true if self.begins.len() >= TELLING => CodeMatch::Cut(self.begins.len()),
                true => CodeMatch::Unknown,
                false if self.begins.len() < TELLING || self.text.len() != WHOLE => CodeMatch::Other,
                false => self.distance(subject_no, FAR),
            };
        }
        if self.text.len() == WHOLE {
            self.distance(subject_no, FAR)
        } else {
            CodeMatch::Unknown
        }
    }

    fn distance(&self, subject_no: &str, far: usize) -> CodeMatch {
        let differ = self
            .text
            .bytes()
            .zip(subject_no.bytes())
            .filter(|(a, b)| a != b)
            .count();
        if differ > far {
            CodeMatch::Other
        } else {
            CodeMatch::Unknown
        }
    }
}

/// `9.14E+17` → `914`: the digits a spreadsheet left, without the last, which it may have rounded.
fn scientific(text: &str) -> Option<String> {
    let (mantissa, exponent) = text.split_once('E')?;
    let exponent = exponent.trim_start_matches('+');
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let number = mantissa.chars().all(|c| c.is_ascii_digit() || c == '.') && !exponent.is_empty();
    if !number || !exponent.bytes().all(|b| b.is_ascii_digit()) || !mantissa.contains('.') {
        return None;
    }
    let kept = digits.len().saturating_sub(1);
    Some(digits.get(..kept).unwrap_or_default().to_owned())
}

/// What a right code begins with: the digits before the zeros of a rounded number, or a cut code.
fn beginning(text: &str) -> String {
    /// A spreadsheet keeps fifteen digits; the last may be rounded.
    const KEPT: usize = 14;
    let all_digits = text.bytes().all(|b| b.is_ascii_digit());
    let begins = if all_digits && text.len() == WHOLE && text.ends_with("00") {
        text.get(..KEPT)
    } else if (TELLING..WHOLE).contains(&text.len()) && !(all_digits && matches!(text.len(), 13 | 15)) {
        Some(text)
    } else {
        None
    };
    begins.unwrap_or_default().to_owned()
}

/// Right codes one change away.
fn near(text: &str) -> Vec<String> {
    const ALPHABET: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    let letters: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    let mut keep = |trial: String| {
        if let Ok(code) = CreditCode::parse(&trial)
            && !found.iter().any(|known| known == code.as_str())
        {
            found.push(code.as_str().to_owned());
        }
    };
    match letters.len() {
        17 => {
            for at in 0..=letters.len() {
                for letter in ALPHABET.chars() {
                    let (head, tail) = letters.split_at(at);
                    keep(head.iter().chain([&letter]).chain(tail).collect());
                }
            }
        }
        19 => {
            for at in 0..letters.len() {
                keep(
                    letters
                        .iter()
                        .enumerate()
                        .filter(|(i, _)| *i != at)
                        .map(|(_, c)| *c)
                        .collect(),
                );
            }
        }
        WHOLE | 15 => {
            if let Err(fault) = SubjectNo::parse(text) {
                found = fault.corrections;
            }
        }
        _ => {}
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "91440300MA5F8X2L3P";

    /// A right code, made from seventeen characters by trying the check.
    fn right(body: &str) -> String {
        "0123456789ABCDEFGHJKLMNPQRTUWXY"
            .chars()
            .map(|check| format!("{body}{check}"))
            .find(|code| CreditCode::parse(code).is_ok())
            .unwrap()
    }

    #[test]
    fn one_wrong_character_two_swapped_one_missing_and_one_too_many_lead_back() {
        let code = right(&GOOD[..17]);
        let mut changed = code.clone();
        changed.replace_range(12..13, if &code[12..13] == "7" { "8" } else { "7" });
        let mut swapped: Vec<char> = code.chars().collect();
        swapped.swap(9, 10);
        let swapped: String = swapped.into_iter().collect();
        let missing = format!("{}{}", &code[..5], &code[6..]);
        let double = format!("{}{}{}", &code[..5], &code[4..5], &code[5..]);
        for wrong in [changed, swapped, missing, double] {
            let written = Written::read(&wrong);
            assert_eq!(written.compare(&code), CodeMatch::Slip, "{wrong}");
            assert!(written.is_wrong());
        }
    }

    #[test]
    fn what_a_spreadsheet_leaves_is_a_beginning() {
        let code = right("91510107054935217");
        let zeros = format!("{}000", &code[..15]);
        assert_eq!(Written::read(&zeros).compare(&code), CodeMatch::Cut(14));
        assert_eq!(Written::read("9.15E+17").compare(&code), CodeMatch::Unknown);
        assert_eq!(Written::read("9.34E+17").compare(&code), CodeMatch::Other);
        assert_eq!(Written::read(&code[..16]).compare(&code), CodeMatch::Cut(16));
    }

    #[test]
    fn the_number_inside_the_code_is_recognised() {
        let written = Written::read("71526726-X");
        assert!(matches!(written, Written::Organisation(_)));
        assert_eq!(written.compare("91440300715267260X"), CodeMatch::Other);
        assert_eq!(
            written.compare(&right("9144030071526726X")),
            CodeMatch::Organisation
        );
    }

    #[test]
    fn nothing_is_nothing_and_another_code_is_another() {
        assert_eq!(Written::read(" － "), Written::Absent);
        let (one, other) = (right("91440300MA5F8X2L3"), right("91330100715267269"));
        let mut wrong = one;
        wrong.replace_range(3..5, "99");
        assert_eq!(Written::read(&wrong).compare(&other), CodeMatch::Other);
    }
}
