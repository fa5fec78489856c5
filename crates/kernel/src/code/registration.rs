//! 工商注册号 (GS 15-2006): fifteen digits, checked by ISO 7064 MOD 11,10.

use crate::code::fault::{CodeFault, CodeKind, CodeReason, one_slip_away};
use crate::code::{digit, is_province};
use crate::text::{fold_code, text_code};

/// 工商注册号 of fifteen digits. The thirteen-digit numbers before 2007 carry no check and are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegistrationNo([u8; 15]);

impl RegistrationNo {
    /// Reads fifteen digits, in any width.
    pub fn parse(raw: &str) -> Result<Self, CodeFault> {
        let text = fold_code(raw);
        let kind = CodeKind::Registration;
        let Ok(bytes) = <[u8; 15]>::try_from(text.as_bytes()) else {
            return Err(CodeFault::of_length(kind, &text, "15"));
        };
        if let Some((found, position)) = text.chars().zip(1..).find(|(c, _)| !c.is_ascii_digit()) {
            let corrections = one_slip_away(&bytes, b"0123456789", is_valid);
            return Err(CodeFault {
                kind,
                reason: CodeReason::Character { position, found },
                corrections,
            });
        }
        match (check_of(&bytes), bytes.last().copied()) {
            (Some(expected), Some(found)) if expected != found => Err(CodeFault {
                kind,
                reason: CodeReason::Check {
                    position: 15,
                    found: found.into(),
                    expected: expected.into(),
                },
                corrections: one_slip_away(&bytes, b"0123456789", is_valid),
            }),
            _ => Ok(Self(bytes)),
        }
    }

    /// Fifteen digits.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Division code of the first registering authority; `100000` is the national bureau.
    pub fn authority(&self) -> &str {
        self.as_str().get(..6).unwrap_or_default()
    }

    /// Whether the authority's province exists in GB/T 2260.
    pub fn province_known(&self) -> bool {
        matches!(self.0, [first, second, ..] if is_province(first, second))
    }

    /// Whether the sequence is of those kept for 个体工商户 (seventh digit 6–9, GS 15-2006).
    pub fn is_individual(&self) -> bool {
        matches!(self.0, [_, _, _, _, _, _, b'6'..=b'9', ..])
    }
}

fn check_of(bytes: &[u8]) -> Option<u8> {
    let mut product: u32 = 10;
    for byte in bytes.iter().take(14) {
        let sum = match (product + digit(*byte)?) % 10 {
            0 => 10,
            sum => sum,
        };
        product = (2 * sum) % 11;
    }
    Some(b'0'.wrapping_add(u8::try_from((11 - product) % 10).ok()?))
}

fn is_valid(bytes: &[u8]) -> bool {
    bytes.len() == 15 && check_of(bytes).is_some_and(|check| bytes.last() == Some(&check))
}

text_code!(RegistrationNo, CodeFault);
