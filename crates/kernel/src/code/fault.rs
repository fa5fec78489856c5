//! What is wrong with a code, and which small slips would explain it.

use std::fmt;

use crate::fault::{FaultKind, Refusal};

/// Which code was meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CodeKind {
    /// 统一社会信用代码, GB 32100-2015.
    Credit,
    /// 组织机构代码, GB 11714.
    Organisation,
    /// 工商注册号, GS 15-2006.
    Registration,
    /// 公民身份号码, GB 11643-1999.
    Citizen,
    /// 统一社会信用代码 or 工商注册号, whichever keys the subject.
    Subject,
}

impl CodeKind {
    /// The statutory name.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Credit => "统一社会信用代码",
            Self::Organisation => "组织机构代码",
            Self::Registration => "工商注册号",
            Self::Citizen => "公民身份号码",
            Self::Subject => "主体代码",
        }
    }

    const fn standard(self) -> &'static str {
        match self {
            Self::Credit | Self::Subject => "GB 32100-2015",
            Self::Organisation => "GB 11714",
            Self::Registration => "GS 15-2006",
            Self::Citizen => "GB 11643-1999",
        }
    }
}

/// The first thing that is wrong. Positions count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeReason {
    /// Nothing was given.
    Empty,
    /// A spreadsheet turned the code into a number (`9.14E+17`); the digits are gone.
    Spreadsheet,
    /// Wrong number of characters.
    Length {
        /// How many there are.
        found: usize,
        /// What would be right.
        expected: &'static str,
    },
    /// A character that cannot stand at this place.
    Character {
        /// Place, from 1.
        position: usize,
        /// What stands there.
        found: char,
    },
    /// The check character does not agree with the others.
    Check {
        /// Place, from 1.
        position: usize,
        /// What stands there.
        found: char,
        /// What the others demand.
        expected: char,
    },
    /// The birth date inside does not exist.
    BirthDate,
}

/// A code that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeFault {
    /// Which code was meant.
    pub kind: CodeKind,
    /// The first thing that is wrong.
    pub reason: CodeReason,
    /// Codes one slip away (one character changed, or two neighbours swapped) that would be accepted, the
    /// likelier first. Never filled for 公民身份号码, where a guess would be another person.
    pub corrections: Vec<String>,
}

impl CodeFault {
    pub(crate) const fn plain(kind: CodeKind, reason: CodeReason) -> Self {
        Self {
            kind,
            reason,
            corrections: Vec::new(),
        }
    }

    /// Length, emptiness and spreadsheet damage are told the same way for every code.
    pub(crate) fn of_length(kind: CodeKind, text: &str, expected: &'static str) -> Self {
        let reason = if text.is_empty() {
            CodeReason::Empty
        } else if looks_scientific(text) {
            CodeReason::Spreadsheet
        } else {
            CodeReason::Length {
                found: text.chars().count(),
                expected,
            }
        };
        Self::plain(kind, reason)
    }
}

/// `9.14E+17`, `3.3E14`: a number with one `E`, digits around it.
fn looks_scientific(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once(['E', 'e']) else {
        return false;
    };
    let exponent = exponent.trim_start_matches('+');
    mantissa.contains('.')
        && mantissa.chars().all(|c| c.is_ascii_digit() || c == '.')
        && !exponent.is_empty()
        && exponent.chars().all(|c| c.is_ascii_digit())
}

impl fmt::Display for CodeFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.title())?;
        match self.reason {
            CodeReason::Empty => f.write_str("没有填写")?,
            CodeReason::Spreadsheet => {
                f.write_str("被电子表格改成了科学计数法，原来的数字已经丢失，请把该列设为文本后重新导出")?;
            }
            CodeReason::Length { found, expected } => write!(f, "应为 {expected} 位，现为 {found} 位")?,
            CodeReason::Character { position, found } => {
                write!(f, "第 {position} 位不应是“{found}”")?;
            }
            CodeReason::Check {
                position,
                found,
                expected,
            } => {
                write!(f, "第 {position} 位校验码应为“{expected}”，现为“{found}”")?;
            }
            CodeReason::BirthDate => f.write_str("中的出生日期不存在")?,
        }
        if !self.corrections.is_empty() {
            let few: Vec<&str> = self.corrections.iter().take(3).map(String::as_str).collect();
            write!(f, "；改动一处即可通过的写法有：{}", few.join("、"))?;
            if self.corrections.len() > 3 {
                write!(f, " 等 {} 种", self.corrections.len())?;
            }
            f.write_str("，请对照原件核实")?;
        }
        Ok(())
    }
}

impl std::error::Error for CodeFault {}

impl Refusal for CodeFault {
    fn kind(&self) -> FaultKind {
        FaultKind::Invalid
    }
    fn code(&self) -> &'static str {
        match self.reason {
            CodeReason::Empty => "code.empty",
            CodeReason::Spreadsheet => "code.spreadsheet",
            CodeReason::Length { .. } => "code.length",
            CodeReason::Character { .. } => "code.character",
            CodeReason::Check { .. } => "code.check",
            CodeReason::BirthDate => "code.birth-date",
        }
    }
    fn detail(&self) -> String {
        format!("{self}。")
    }
    fn basis(&self) -> Option<String> {
        Some(self.kind.standard().to_owned())
    }
}

/// Letters that hands and scanners confuse with those of the GB 32100 alphabet, which leaves out I, O, S, V and Z.
pub(crate) const fn lookalike(byte: u8) -> Option<u8> {
    match byte {
        b'I' => Some(b'1'),
        b'O' => Some(b'0'),
        b'S' => Some(b'5'),
        b'V' => Some(b'U'),
        b'Z' => Some(b'2'),
        _ => None,
    }
}

/// Every text one slip away from `wrong` that `accepts`: swapped neighbours first, then changed characters.
pub(crate) fn one_slip_away(wrong: &[u8], alphabet: &[u8], accepts: impl Fn(&[u8]) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    let mut trial = wrong.to_vec();
    for at in 1..wrong.len() {
        trial.swap(at.saturating_sub(1), at);
        keep(&trial, wrong, &accepts, &mut found);
        trial.swap(at.saturating_sub(1), at);
    }
    for at in 0..wrong.len() {
        for letter in alphabet {
            let Some(place) = trial.get_mut(at) else { continue };
            let before = std::mem::replace(place, *letter);
            keep(&trial, wrong, &accepts, &mut found);
            if let Some(place) = trial.get_mut(at) {
                *place = before;
            }
        }
    }
    found
}

fn keep(trial: &[u8], wrong: &[u8], accepts: &impl Fn(&[u8]) -> bool, found: &mut Vec<String>) {
    if trial != wrong && accepts(trial) {
        let text = String::from_utf8_lossy(trial).into_owned();
        if !found.contains(&text) {
            found.push(text);
        }
    }
}
