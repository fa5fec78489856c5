//! Batches, rows on their way in, refusals and records.
use chrono::{DateTime, Utc};
use kernel::{Day, Instant, Jurisdiction, SubjectNo};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::hall::InJurisdiction;

/// What is handed over together: one file, or one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewBatch {
    /// Catalogue item of every row.
    pub item: String,
    /// Department that supplies it.
    pub supplier: String,
    /// Way it came: `file`, `api`, `ledger`.
    pub source: String,
    /// Name of the file as the supplier knows it.
    pub file_name: String,
}

/// A batch as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Batch {
    /// 批次号
    pub batch_id: i64,
    /// 目录事项
    pub item: String,
    /// 提供部门
    pub supplier: String,
    /// 来源方式
    pub source: String,
    /// 文件名
    pub file_name: String,
    /// Hash of the content, lower-case hex.
    pub digest: String,
    /// `received`, `staged`, `applied` or `refused`.
    pub state: String,
    /// 收到时间
    pub received_at: DateTime<Utc>,
    /// Last line that has been read.
    pub staged_to: i64,
    /// 读到的行数
    pub rows_read: i64,
    /// 新增记录数
    pub rows_accepted: i64,
    /// 与已有记录相同、未作改动的行数
    pub rows_unchanged: i64,
    /// 退回的行数
    pub rows_refused: i64,
    /// First record made, when any.
    pub first_record: Option<i64>,
    /// Last record made.
    pub last_record: Option<i64>,
    /// 说明（整批退回的原因、未识别的列等）
    pub note: Option<String>,
}

impl InJurisdiction for Batch {
    fn jurisdiction(&self) -> Jurisdiction {
        Jurisdiction {
            division: None,
            department: Some(self.supplier.clone()),
        }
    }
}

/// Why a field of a row was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Refusal {
    /// 行号
    pub line: i64,
    /// 字段
    pub field: String,
    /// 原值
    pub value: String,
    /// Stable code.
    pub code: String,
    /// 原因
    pub reason: String,
    /// 建议
    pub suggestion: Option<String>,
}

/// A checked row.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// Line in the file.
    pub line: i64,
    /// Whom it is about.
    pub subject: SubjectNo,
    /// Names the record among those of the entity and item.
    pub record_key: String,
    /// The day it happened; absent only where the item does not need one.
    pub on: Option<Day>,
    /// The day it ends, when it does.
    pub ends_on: Option<Day>,
    /// Amount in fen.
    pub amount_fen: Option<i64>,
    /// Level, a small number whose meaning the catalogue gives.
    pub level: Option<i64>,
    /// Code.
    pub code: Option<String>,
    /// Whether the supplier takes the record under this key back.
    pub withdraws: bool,
    /// The fields as understood.
    pub payload: Map<String, Value>,
}

impl Draft {
    /// Hash of the content: the same content under the same key is not a new record.
    pub fn digest(&self) -> String {
        let content = serde_json::json!([
            self.on,
            self.ends_on,
            self.amount_fen,
            self.level,
            self.code,
            self.withdraws,
            self.payload
        ]);
        let hash = proof::Suite::Sha256Ed25519.hash(content.to_string().as_bytes());
        hash.to_string().chars().take(32).collect()
    }
}

/// What a record does to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Relation {
    /// Nothing: it stands for itself.
    None,
    /// Takes the place of the record it names (更正).
    Corrects,
    /// Takes the record it names away (撤销).
    Withdraws,
    /// Sets the end of the record it names (移出、修复).
    Ends,
}

impl Relation {
    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Corrects => "corrects",
            Self::Withdraws => "withdraws",
            Self::Ends => "ends",
        }
    }

    /// From the stored word.
    pub fn from_word(word: &str) -> Self {
        match word {
            "corrects" => Self::Corrects,
            "withdraws" => Self::Withdraws,
            "ends" => Self::Ends,
            _ => Self::None,
        }
    }
}

/// A record (信用记录) with where it came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Number and place in the order of acceptance.
    pub record_id: i64,
    /// Number of the entity.
    pub subject_id: i64,
    /// Code of the entity.
    pub subject_no: String,
    /// Catalogue item.
    pub item: String,
    /// Names the record among those of the entity and item.
    pub record_key: String,
    /// What it does to `names_id`.
    pub relation: Relation,
    /// The record it corrects, withdraws or ends.
    pub names_id: Option<i64>,
    /// The day it happened.
    pub on_day: Day,
    /// The day it ends.
    pub ends_day: Option<Day>,
    /// Amount in fen.
    pub amount_fen: Option<i64>,
    /// Level.
    pub level: Option<i64>,
    /// Code.
    pub code: Option<String>,
    /// The fields as understood.
    pub payload: Value,
    /// Department that supplied it.
    pub supplier: String,
    /// Way it came.
    pub source: String,
    /// Batch it came in.
    pub batch_id: i64,
    /// Line in the batch.
    pub line: i64,
    /// When it was received.
    pub received_at: Instant,
}

/// What is left of a record for the evaluator; `upto` of a run counts by `record_id`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// Number of the entity.
    pub subject_id: i64,
    /// Number of the record.
    pub record_id: i64,
    /// Record it corrects, withdraws or ends; 0 for none.
    pub names_id: i64,
    /// What it does to that.
    pub relation: Relation,
    /// Catalogue item.
    pub item: String,
    /// The day it happened.
    pub on_day: Day,
    /// The day it ends.
    pub ends_day: Option<Day>,
    /// Amount in fen, 0 when there is none.
    pub amount_fen: i64,
    /// Level, 0 when there is none.
    pub level: i64,
    /// Code, empty when there is none.
    pub code: String,
}

/// What a hand-over came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// A new batch was taken in.
    New(i64),
    /// The same content was handed over before: that batch stands, nothing is done.
    Known(Box<Batch>),
}
