//! Loose rows, decisions and merges.
use chrono::{DateTime, NaiveDate, Utc};
use kernel::{Division, Jurisdiction};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::hall::InJurisdiction;

/// Whom a row says it is about, as written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Who {
    /// 代码
    pub code: String,
    /// 名称
    pub name: String,
    /// 注册号
    pub reg_no: String,
    /// 地区
    pub place: String,
    /// 地址
    pub address: String,
}

impl Who {
    /// Rows of one item with the same identity and key state the same fact of the same somebody.
    pub fn identity(&self) -> String {
        const LENGTH: usize = 32;
        let parts = [&self.code, &self.name, &self.reg_no, &self.place, &self.address];
        let text = parts.map(|part| format!("{}:{part}", part.len())).concat();
        let mut hash = proof::Suite::Sha256Ed25519.hash(text.as_bytes()).to_string();
        hash.truncate(LENGTH);
        hash
    }
}

/// A row that is good but for its code (待关联).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Loose {
    /// 编号
    pub loose_id: i64,
    /// 批次号
    pub batch_id: i64,
    /// 批次中的行号
    pub line: i64,
    /// 目录事项
    pub item: String,
    /// 提供部门
    pub supplier: String,
    /// 来文所写
    pub who: Who,
    /// 记录的标识（例如决定书文号）
    pub record_key: String,
    /// 发生日期
    pub on: Option<NaiveDate>,
    /// 截止日期
    pub ends_on: Option<NaiveDate>,
    /// 金额（分）
    pub amount_fen: Option<i64>,
    /// 等级
    pub level: Option<i64>,
    /// 代码值
    pub code: Option<String>,
    /// 内容（字段名 → 值）
    #[schema(value_type = Object)]
    pub content: Value,
    /// `waiting` 待匹配，`queued` 待人工判断，`unlinked` 未关联，`linked` 已关联，`left` 人工决定不关联，`replaced` 被后来的行取代
    pub state: String,
    /// 是否等着（再次）匹配
    pub due: bool,
    /// 人工处理过：此后只由人工决定
    pub by_hand: bool,
    /// 为什么是这个状态
    pub because: String,
    /// 最可能的主体所在区划
    pub division: Option<String>,
    /// What was found, as matching says it.
    #[schema(value_type = Option<Object>)]
    pub found: Option<Value>,
    /// 规则版本
    pub rule: Option<String>,
    /// 最近一次匹配的时间
    pub tried_at: Option<DateTime<Utc>>,
    /// The decision in force.
    pub decision_id: Option<i64>,
}

impl Loose {
    /// Whether nothing is decided of it.
    pub fn is_open(&self) -> bool {
        matches!(self.state.as_str(), "waiting" | "queued" | "unlinked")
    }

    /// The supplier's business, and that of the place where its likeliest entity is: either reaches the row.
    pub fn jurisdictions(&self) -> [Jurisdiction; 2] {
        [
            Jurisdiction {
                division: None,
                department: Some(self.supplier.clone()),
            },
            Jurisdiction {
                division: self
                    .division
                    .as_deref()
                    .and_then(|place| Division::parse(place).ok()),
                department: None,
            },
        ]
    }
}

/// What was decided of a loose row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Decision {
    /// 编号
    pub decision_id: i64,
    /// 待关联行编号
    pub loose_id: i64,
    /// `linked` 关联，`left` 不关联，`undone` 撤销
    pub kind: String,
    /// 是否由规则自动作出
    pub automatic: bool,
    /// 谁
    pub actor: String,
    /// 何时
    pub decided_at: DateTime<Utc>,
    /// 关联到的主体代码
    pub subject_no: Option<String>,
    /// 得分
    pub score: Option<i64>,
    /// 规则版本
    pub rule: String,
    /// 得分依据
    #[schema(value_type = Option<Object>)]
    pub reasons: Option<Value>,
    /// 理由
    pub reason: String,
    /// 入库的记录
    pub record_id: Option<i64>,
    /// Whether the record was made by this decision; else it was known already.
    pub made: bool,
    /// 所撤销的决定
    pub undoes: Option<i64>,
}

/// How the loose rows of a batch, or all, stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Standing {
    /// 待匹配
    pub waiting: i64,
    /// 待人工判断
    pub queued: i64,
    /// 未关联
    pub unlinked: i64,
    /// 已关联
    pub linked: i64,
    /// 人工决定不关联
    pub left: i64,
    /// 被后来的行取代
    pub replaced: i64,
}

impl Standing {
    /// All of them.
    pub fn total(&self) -> i64 {
        self.waiting + self.queued + self.unlinked + self.linked + self.left + self.replaced
    }
}

/// What a person or the rules say of a row.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// The row.
    pub loose_id: i64,
    /// The entity.
    pub subject_no: String,
    /// Whether the rules chose.
    pub automatic: bool,
    /// Score of the entity, where it was a candidate.
    pub score: Option<i64>,
    /// The parts of the score.
    pub reasons: Option<Value>,
    /// Why, in a sentence.
    pub reason: String,
}

/// What looking for candidates came to, when nothing was linked.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The row.
    pub loose_id: i64,
    /// `queued` or `unlinked`.
    pub state: &'static str,
    /// Why.
    pub because: String,
    /// Place of the likeliest entity.
    pub division: Option<String>,
    /// Candidates with their scores.
    pub found: Value,
}

/// Two entities that turned out to be one (主体合并).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Merge {
    /// 编号
    pub merge_id: i64,
    /// 被并入的主体代码
    pub merged_no: String,
    /// 并入后的主体代码
    pub into_no: String,
    /// 被并入主体的名称
    pub merged_name: String,
    /// 并入后主体的名称
    pub into_name: String,
    /// 所在区划
    pub division: Option<String>,
    /// 理由
    pub reason: String,
    /// 谁
    pub merged_by: String,
    /// 何时
    pub merged_at: DateTime<Utc>,
    /// 谁撤销了合并
    pub undone_by: Option<String>,
    /// 何时撤销
    pub undone_at: Option<DateTime<Utc>>,
    /// 为什么撤销
    pub undone_why: Option<String>,
    /// 移过去的记录数
    pub records: i64,
}

impl InJurisdiction for Merge {
    fn jurisdiction(&self) -> Jurisdiction {
        Jurisdiction {
            division: self
                .division
                .as_deref()
                .and_then(|place| Division::parse(place).ok()),
            department: None,
        }
    }
}

/// A record a merge moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Moved {
    /// 原记录
    pub origin_id: i64,
    /// The first record of its chain of corrections.
    pub root_id: i64,
    /// 目录事项
    pub item: String,
    /// 撤销原记录的记录
    pub withdrawal_id: i64,
    /// 并入后主体名下的副本；为空表示该主体已有同一记录
    pub copy_id: Option<i64>,
}
