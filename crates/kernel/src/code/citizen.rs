//! 公民身份号码 (GB 11643-1999), and its fifteen-digit form of before.

use std::fmt;

use crate::code::digit;
use crate::code::fault::{CodeFault, CodeKind, CodeReason};
use crate::id::Day;
use crate::text::{fold_code, text_code};

const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

/// 公民身份号码, eighteen characters. Also the foreign permanent residence card of 2023, which begins with 9.
/// `Debug` shows it masked; `as_str` is for storage and comparison only.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CitizenId([u8; 18]);

/// Sex as written in the seventeenth digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sex {
    /// Even.
    Female,
    /// Odd.
    Male,
}

impl CitizenId {
    /// Reads eighteen characters, or fifteen digits (the century 19 and the check are put in).
    pub fn parse(raw: &str) -> Result<Self, CodeFault> {
        let text = fold_code(raw);
        let kind = CodeKind::Citizen;
        let (Some(bytes), old) = (widen(&text), text.len() == 15) else {
            return Err(CodeFault::of_length(kind, &text, "18 位或 15"));
        };
        let last = text.chars().count();
        let fits = |at: usize, c: char| c.is_ascii_digit() || (!old && at == last && c == 'X');
        if let Some((found, position)) = text.chars().zip(1..).find(|(c, at)| !fits(*at, *c)) {
            return Err(CodeFault::plain(kind, CodeReason::Character { position, found }));
        }
        let code = Self(bytes);
        if code.date().is_none() {
            return Err(CodeFault::plain(kind, CodeReason::BirthDate));
        }
        match (check_of(&bytes), bytes.last().copied()) {
            (Some(expected), Some(found)) if expected != found => Err(CodeFault::plain(
                kind,
                CodeReason::Check {
                    position: 18,
                    found: found.into(),
                    expected: expected.into(),
                },
            )),
            _ => Ok(code),
        }
    }

    /// Eighteen characters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Birth date.
    pub fn born_on(&self) -> Day {
        self.date().unwrap_or_default()
    }

    fn date(&self) -> Option<Day> {
        let part = |from: usize, to: usize| self.as_str().get(from..to)?.parse::<u32>().ok();
        Day::from_ymd_opt(i32::try_from(part(6, 10)?).ok()?, part(10, 12)?, part(12, 14)?)
    }

    /// Sex, by the seventeenth digit.
    pub fn sex(&self) -> Sex {
        let odd = self
            .0
            .get(16)
            .copied()
            .and_then(digit)
            .is_some_and(|value| value % 2 == 1);
        if odd { Sex::Male } else { Sex::Female }
    }

    /// For the screen: `110101********0011`.
    pub fn masked(&self) -> String {
        let text = self.as_str();
        format!(
            "{}********{}",
            text.get(..6).unwrap_or_default(),
            text.get(14..).unwrap_or_default()
        )
    }
}

impl fmt::Debug for CitizenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

/// Eighteen bytes from eighteen, or from fifteen digits with century and check put in.
fn widen(text: &str) -> Option<[u8; 18]> {
    if let Ok(bytes) = <[u8; 18]>::try_from(text.as_bytes()) {
        return Some(bytes);
    }
    let old = <[u8; 15]>::try_from(text.as_bytes()).ok()?;
    let (place, rest) = old.split_at_checked(6)?;
    let mut body = [place, b"19", rest].concat();
    body.push(check_of(&body).unwrap_or(b'?'));
    <[u8; 18]>::try_from(body).ok()
}

fn check_of(bytes: &[u8]) -> Option<u8> {
    let mut sum = 0;
    for (byte, weight) in bytes.iter().zip(WEIGHTS) {
        sum += digit(*byte)? * weight;
    }
    b"10X98765432".get(usize::try_from(sum % 11).ok()?).copied()
}

text_code!(CitizenId, CodeFault);
