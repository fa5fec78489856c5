//! Entities and credit files.
use chrono::{DateTime, NaiveDate, Utc};
use kernel::Division;
use kernel::actor::Jurisdiction;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::hall::InJurisdiction;

/// An entity (经营主体): what the newest registration record says of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Entity {
    /// 主体编号（系统内部）
    pub entity_id: i64,
    /// 统一社会信用代码（或 15 位注册号）
    pub subject_no: String,
    /// 名称
    pub name: String,
    /// 类型代码
    pub kind: String,
    /// 登记状态代码
    pub status: String,
    /// 成立日期
    pub established_on: Option<NaiveDate>,
    /// 注册资本（分）
    pub capital_fen: Option<i64>,
    /// 行业代码
    pub industry: String,
    /// 行政区划代码
    pub division: String,
    /// 住所
    pub address: String,
    /// The record it was taken from.
    pub record_id: i64,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

impl InJurisdiction for Entity {
    fn jurisdiction(&self) -> Jurisdiction {
        Jurisdiction {
            division: Division::parse(&self.division).ok(),
            department: None,
        }
    }
}

/// A credit file (信用档案) in the four groups, as known at an instant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CreditFile {
    /// 主体
    pub entity: Entity,
    /// 代码的特殊情形:`inner-check` 组织机构代码校验不符,`unknown-authority` 登记机关代码不在区划表中
    pub marks: Vec<String>,
    /// 曾用名
    pub former_names: Vec<String>,
    /// The instant for which the file speaks.
    pub known_at: DateTime<Utc>,
    /// 基本、经营、良好、警示四组
    pub groups: Vec<FileGroup>,
}

/// One of the four groups.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FileGroup {
    /// `basic`, `operating`, `good` or `warning`.
    pub code: String,
    /// 基本信息、经营信息、良好信息、警示信息
    pub title: String,
    /// 记录
    pub statements: Vec<Statement>,
}

/// A statement with its source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Statement {
    /// 记录编号
    pub record_id: i64,
    /// 目录事项
    pub item: String,
    /// 目录事项名称
    pub title: String,
    /// 发生日期
    pub on: NaiveDate,
    /// 截止日期
    pub until: Option<NaiveDate>,
    /// 内容（字段名 → 值）
    #[schema(value_type = Object)]
    pub content: Value,
    /// `current` 有效， `corrected` 已更正， `withdrawn` 已撤销， `ended` 已移出或修复， `ahead` 日期未到
    pub state: String,
    /// The record that corrected, withdrew or ended it.
    pub changed_by: Option<i64>,
    /// 提供部门
    pub supplier: String,
    /// 来源方式
    pub source: String,
    /// 批次号
    pub batch_id: i64,
    /// 批次中的行号
    pub line: i64,
    /// 收到时间
    pub received_at: DateTime<Utc>,
}

/// What to find entities by.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Find {
    /// Words: parts of the name or of a former name, initials of its pinyin, pinyin, or the beginning of a code.
    pub words: String,
    /// Division code; everything below it is meant.
    pub division: Option<String>,
    /// Status: code or word.
    pub status: Option<String>,
}

/// Where a page of what was found begins: by code, or by rank among names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum FoundAfter {
    /// From a code on.
    Code(String),
    /// After a round of the search and a place in it.
    Name(u8, u64),
}

/// A page of what was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found<T> {
    /// The entities, the best first.
    pub entities: Vec<T>,
    /// Where the next page begins.
    pub next: Option<String>,
    /// How many there are in all, where they were counted to the end.
    pub total: Option<i64>,
    /// There are more than so many.
    pub more_than: Option<i64>,
}

impl<T> Found<T> {
    /// The same page, with something else shown of each.
    pub fn map<U>(self, show: impl FnMut(T) -> U) -> Found<U> {
        Found {
            entities: self.entities.into_iter().map(show).collect(),
            next: self.next,
            total: self.total,
            more_than: self.more_than,
        }
    }
}

/// What an entity is found by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Number.
    pub entity_id: i64,
    /// The form of its name for comparing.
    pub name_key: String,
    /// Status.
    pub status: String,
    /// Division code.
    pub division: String,
}

/// What to look entities up by. Empty: all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Search {
    /// Beginning of the name, normalised before it is compared.
    #[serde(default)]
    pub name: Option<String>,
    /// Division code; everything below it is meant.
    #[serde(default)]
    pub division: Option<String>,
}
