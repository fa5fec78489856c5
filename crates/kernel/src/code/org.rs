//! 组织机构代码 (GB 11714): eight characters and a check.

use crate::code::fault::{CodeFault, CodeKind, CodeReason, one_slip_away};
use crate::text::{fold_code, text_code};

const WEIGHTS: [u32; 8] = [3, 7, 9, 10, 5, 8, 4, 2];
const ALPHABET: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// 组织机构代码, nine characters without the hyphen of the printed form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrgCode([u8; 9]);

impl OrgCode {
    /// Reads `71526726X` or the printed `71526726-X`.
    pub fn parse(raw: &str) -> Result<Self, CodeFault> {
        let text: String = fold_code(raw)
            .chars()
            .filter(|c| !matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}'))
            .collect();
        let kind = CodeKind::Organisation;
        let Ok(bytes) = <[u8; 9]>::try_from(text.as_bytes()) else {
            return Err(CodeFault::of_length(kind, &text, "9"));
        };
        if let Some((position, found)) = first_stranger(&text) {
            let corrections = one_slip_away(&bytes, ALPHABET, is_valid);
            return Err(CodeFault {
                kind,
                reason: CodeReason::Character { position, found },
                corrections,
            });
        }
        let expected = check_of(&bytes);
        let found = bytes.last().copied();
        match (expected, found) {
            (Some(expected), Some(found)) if expected != found => Err(CodeFault {
                kind,
                reason: CodeReason::Check {
                    position: 9,
                    found: found.into(),
                    expected: expected.into(),
                },
                corrections: one_slip_away(&bytes, ALPHABET, is_valid),
            }),
            _ => Ok(Self(bytes)),
        }
    }

    /// Nine characters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The printed form, `71526726-X`.
    pub fn printed(&self) -> String {
        let (body, check) = self.as_str().split_at(8);
        format!("{body}-{check}")
    }
}

fn first_stranger(text: &str) -> Option<(usize, char)> {
    let fits = |at: usize, c: char| c.is_ascii_digit() || (c.is_ascii_uppercase() && (at < 9 || c == 'X'));
    text.chars()
        .zip(1..)
        .find(|(c, at)| !fits(*at, *c))
        .map(|(c, at)| (at, c))
}

/// Check character of a body of eight; `None` where a character has no value.
pub(crate) fn check_of(bytes: &[u8]) -> Option<u8> {
    let mut sum = 0;
    for (byte, weight) in bytes.iter().zip(WEIGHTS) {
        let value = match byte {
            b'0'..=b'9' => u32::from(byte.wrapping_sub(b'0')),
            b'A'..=b'Z' => u32::from(byte.wrapping_sub(b'A')).saturating_add(10),
            _ => return None,
        };
        sum += value * weight;
    }
    Some(match 11 - sum % 11 {
        10 => b'X',
        11 => b'0',
        digit => b'0'.wrapping_add(u8::try_from(digit).ok()?),
    })
}

/// Whether nine characters agree with their check.
pub(crate) fn is_valid(bytes: &[u8]) -> bool {
    bytes.len() == 9 && check_of(bytes) == bytes.last().copied()
}

text_code!(OrgCode, CodeFault);
