//! What a register says an entity is and whether it still trades: 企业类型 and 登记状态 codes.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::fault::{FaultKind, Refusal};
use crate::text::{fold_code, narrow};

/// 企业类型代码, four digits: `1130`, `9500`. Titles are in the pack's code table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EntityType(u16);

/// 登记状态代码. 1 存续, 2 吊销未注销, 3 吊销已注销, 4 注销, 5 撤销, 6 迁出, 9 其他 are national;
/// 11 歇业, 12 清算, 13 责令关闭, 14 筹建 are this platform's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EntityStatus(u8);

/// A type or status that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntityFault {
    /// Not a four-digit type code.
    Type(String),
    /// Neither a status code nor one of the usual words.
    Status(String),
}

impl EntityType {
    /// Reads four digits, the first not 0.
    pub fn parse(raw: &str) -> Result<Self, EntityFault> {
        let text = fold_code(raw);
        match text.parse::<u16>() {
            Ok(code @ 1000..=9999) if text.len() == 4 => Ok(Self(code)),
            _ => Err(EntityFault::Type(shown(raw))),
        }
    }

    /// The code as a number.
    pub const fn get(self) -> u16 {
        self.0
    }

    /// Whether the code lies under a prefix such as `11` (有限责任公司) or `43`.
    pub fn is_under(self, prefix: &str) -> bool {
        self.to_string().starts_with(prefix)
    }

    /// 个体工商户 (9500; local tables 9999).
    pub const fn is_individual(self) -> bool {
        matches!(self.0, 9500 | 9999)
    }
}

impl EntityStatus {
    /// 存续（在营、开业、在册）.
    pub const ACTIVE: Self = Self(1);
    /// 吊销，未注销.
    pub const REVOKED: Self = Self(2);
    /// 吊销，已注销.
    pub const REVOKED_AND_CLOSED: Self = Self(3);
    /// 注销.
    pub const CLOSED: Self = Self(4);
    /// 撤销.
    pub const ANNULLED: Self = Self(5);
    /// 迁出.
    pub const MOVED_OUT: Self = Self(6);
    /// 其他.
    pub const OTHER: Self = Self(9);
    /// 歇业 (filed, at most three years).
    pub const DORMANT: Self = Self(11);
    /// 清算.
    pub const LIQUIDATING: Self = Self(12);
    /// 责令关闭.
    pub const ORDERED_SHUT: Self = Self(13);
    /// 筹建.
    pub const PREPARING: Self = Self(14);

    /// Reads a code (`1`, `01`, `11`) or the words registers use (`在营（开业）`, `吊销，未注销`).
    pub fn parse(raw: &str) -> Result<Self, EntityFault> {
        let text: String = raw.chars().map(narrow).filter(|c| c.is_alphanumeric()).collect();
        if let Ok(code) = text.parse::<u8>() {
            return match code {
                1..=6 | 9 | 11..=14 => Ok(Self(code)),
                _ => Err(EntityFault::Status(shown(raw))),
            };
        }
        // The order matters: "吊销未注销" also holds the word 注销.
        let words = [
            ("吊销未注销", Self::REVOKED),
            ("吊销已注销", Self::REVOKED_AND_CLOSED),
            ("未注销", Self::REVOKED),
            ("歇业", Self::DORMANT),
            ("清算", Self::LIQUIDATING),
            ("责令关闭", Self::ORDERED_SHUT),
            ("筹建", Self::PREPARING),
            ("迁出", Self::MOVED_OUT),
            ("撤销", Self::ANNULLED),
            ("吊销", Self::REVOKED),
            ("注销", Self::CLOSED),
            ("存续", Self::ACTIVE),
            ("在营", Self::ACTIVE),
            ("开业", Self::ACTIVE),
            ("在业", Self::ACTIVE),
            ("在册", Self::ACTIVE),
            ("正常", Self::ACTIVE),
            ("其他", Self::OTHER),
            ("其它", Self::OTHER),
        ];
        let found = words
            .iter()
            .find(|(word, _)| text.contains(word))
            .map(|(_, status)| *status);
        found.ok_or_else(|| EntityFault::Status(shown(raw)))
    }

    /// The code as a number.
    pub const fn get(self) -> u8 {
        self.0
    }

    /// The usual words.
    pub const fn title(self) -> &'static str {
        match self.0 {
            1 => "存续",
            2 => "吊销，未注销",
            3 => "吊销，已注销",
            4 => "注销",
            5 => "撤销",
            6 => "迁出",
            11 => "歇业",
            12 => "清算",
            13 => "责令关闭",
            14 => "筹建",
            _ => "其他",
        }
    }

    /// Whether the entity still exists in this register.
    pub const fn is_alive(self) -> bool {
        !matches!(self.0, 3..=6)
    }
}

fn shown(raw: &str) -> String {
    raw.trim().chars().take(20).collect()
}

impl fmt::Display for EntityType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
impl fmt::Display for EntityStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
impl TryFrom<String> for EntityType {
    type Error = EntityFault;
    fn try_from(text: String) -> Result<Self, EntityFault> {
        Self::parse(&text)
    }
}
impl TryFrom<String> for EntityStatus {
    type Error = EntityFault;
    fn try_from(text: String) -> Result<Self, EntityFault> {
        Self::parse(&text)
    }
}
impl From<EntityType> for String {
    fn from(code: EntityType) -> Self {
        code.to_string()
    }
}
impl From<EntityStatus> for String {
    fn from(code: EntityStatus) -> Self {
        code.to_string()
    }
}

impl fmt::Display for EntityFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Type(given) => write!(f, "企业类型代码“{given}”无法识别，应为 4 位数字"),
            Self::Status(given) => write!(
                f,
                "登记状态“{given}”无法识别，应为代码 1 至 6、9 或“存续”“注销”等字样"
            ),
        }
    }
}
impl std::error::Error for EntityFault {}
impl Refusal for EntityFault {
    fn kind(&self) -> FaultKind {
        FaultKind::Invalid
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Type(_) => "entity.type-unreadable",
            Self::Status(_) => "entity.status-unreadable",
        }
    }
    fn detail(&self) -> String {
        format!("{self}。")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_register_become_its_status_code() {
        for (text, status) in [
            ("1", EntityStatus::ACTIVE),
            ("01", EntityStatus::ACTIVE),
            ("存续（在营、开业、在册）", EntityStatus::ACTIVE),
            ("在营（开业）企业", EntityStatus::ACTIVE),
            ("吊销，未注销", EntityStatus::REVOKED),
            ("吊销,已注销", EntityStatus::REVOKED_AND_CLOSED),
            ("已注销", EntityStatus::CLOSED),
            ("歇业", EntityStatus::DORMANT),
        ] {
            assert_eq!(EntityStatus::parse(text).unwrap(), status, "{text}");
        }
        for text in ["", "7", "0", "99", "营"] {
            assert!(EntityStatus::parse(text).is_err(), "{text}");
        }
        assert!(EntityStatus::REVOKED.is_alive() && !EntityStatus::CLOSED.is_alive());
    }

    #[test]
    fn a_type_is_four_digits() {
        let kind = EntityType::parse("1130").unwrap();
        assert!(kind.is_under("11") && !kind.is_under("12"));
        assert_eq!(serde_json::to_string(&kind).unwrap(), "\"1130\"");
        for text in ["", "113", "0130", "11300", "有限"] {
            assert!(EntityType::parse(text).is_err(), "{text}");
        }
    }
}
