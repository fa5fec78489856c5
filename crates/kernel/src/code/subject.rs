//! The number that keys a subject: the credit code, or the older registration number where there is none yet.

use crate::code::fault::{CodeFault, CodeKind};
use crate::code::{CreditCode, RegistrationNo};
use crate::text::{fold_code, text_code};

/// What keys a supervised entity (经营主体).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SubjectNo {
    /// 统一社会信用代码.
    Uscc(CreditCode),
    /// 工商注册号, for subjects that never got a credit code.
    RegNo(RegistrationNo),
}

impl SubjectNo {
    /// Eighteen characters are read as a credit code, fifteen as a registration number.
    pub fn parse(raw: &str) -> Result<Self, CodeFault> {
        if let Some(code) = CreditCode::at_once(raw) {
            return Ok(Self::Uscc(code));
        }
        let text = fold_code(raw);
        match text.len() {
            18 => CreditCode::parse(&text).map(Self::Uscc),
            15 => RegistrationNo::parse(&text).map(Self::RegNo),
            _ => Err(CodeFault::of_length(
                CodeKind::Subject,
                &text,
                "18 位（统一社会信用代码）或 15",
            )),
        }
    }

    /// Eighteen or fifteen characters.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Uscc(code) => code.as_str(),
            Self::RegNo(number) => number.as_str(),
        }
    }

    /// The credit code, where it is one.
    pub const fn uscc(&self) -> Option<CreditCode> {
        match self {
            Self::Uscc(code) => Some(*code),
            Self::RegNo(_) => None,
        }
    }

    /// Six-digit division of the registering authority, as written in the number.
    pub fn authority(&self) -> &str {
        match self {
            Self::Uscc(code) => code.authority(),
            Self::RegNo(number) => number.authority(),
        }
    }
}

impl From<CreditCode> for SubjectNo {
    fn from(code: CreditCode) -> Self {
        Self::Uscc(code)
    }
}

impl From<RegistrationNo> for SubjectNo {
    fn from(number: RegistrationNo) -> Self {
        Self::RegNo(number)
    }
}

text_code!(SubjectNo, CodeFault);
