//! Batches, rows on their way in, refusals and records.
use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use kernel::{Day, Instant, Jurisdiction, SubjectNo};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::hall::InJurisdiction;

/// What is handed over together: one file, or one call.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NewBatch {
    /// Catalogue item of every row.
    pub item: String,
    /// Department that supplies it.
    pub supplier: String,
    /// Way it came: `file`, `api`, `ledger`.
    pub source: String,
    /// Name of the file as the supplier knows it.
    pub file_name: String,
    /// Which table of the file, from 1; 0 when it has only one that counts.
    pub table_no: i64,
    /// Name of the table: of the sheet, the member of the archive, the array.
    pub table_name: String,
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
    /// Length of the staged rows.
    #[serde(default, skip_serializing)]
    #[schema(ignore)]
    pub staged_bytes: i64,
    /// 读到的行数
    pub rows_read: i64,
    /// 新增记录数
    pub rows_accepted: i64,
    /// 与已有记录相同、未作改动的行数
    pub rows_unchanged: i64,
    /// 退回的行数
    pub rows_refused: i64,
    /// 代码缺失或有误、按名称等另找主体的行数；其去向见“待关联”
    #[serde(default)]
    pub rows_loose: i64,
    /// First record made, when any.
    pub first_record: Option<i64>,
    /// Last record made.
    pub last_record: Option<i64>,
    /// 说明（整批退回的原因、未识别的列等）
    pub note: Option<String>,
    /// 文件中的第几张表；0 表示只有一张
    #[serde(default)]
    pub table_no: i64,
    /// 表名
    #[serde(default)]
    pub table_name: String,
    /// 本批是对哪一批退回的行的更正
    #[serde(default)]
    pub corrects_id: Option<i64>,
    /// 退回的行中已由后来的批次更正的行数
    #[serde(default)]
    pub rows_corrected: i64,
}

impl Batch {
    /// Rows that were refused and have not come in corrected.
    pub fn rows_open(&self) -> i64 {
        self.rows_refused - self.rows_corrected
    }

    /// The file as its supplier knows it, with the table where it has several.
    pub fn called(&self) -> String {
        if self.table_no == 0 {
            self.file_name.clone()
        } else {
            format!("{}（{}）", self.file_name, self.table_name)
        }
    }
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
    /// The fields as understood: the text of a JSON object, its names in order.
    pub payload: String,
}

impl Draft {
    /// Hash of the content: the same content under the same key is not a new record. What is hashed is the canonical JSON
    /// of `[on, ends_on, amount_fen, level, code, withdraws, payload]`, written without building it.
    pub fn digest(&self) -> String {
        let days = (self.on, self.ends_on);
        digest_of(
            days,
            (self.amount_fen, self.level),
            self.code.as_deref(),
            self.withdraws,
            &self.payload,
        )
    }
}

/// What a row says beside whom it is about, before its entity is known.
#[derive(Debug, Clone, PartialEq)]
pub struct LooseDraft {
    /// Line in the file.
    pub line: i64,
    /// Whom it says it is about.
    pub who: super::whose::model::Who,
    /// Names the record among those of the entity and item.
    pub record_key: String,
    /// The day it happened.
    pub on: Option<Day>,
    /// The day it ends.
    pub ends_on: Option<Day>,
    /// Amount in fen.
    pub amount_fen: Option<i64>,
    /// Level.
    pub level: Option<i64>,
    /// Code.
    pub code: Option<String>,
    /// The fields as understood: the text of a JSON object.
    pub payload: String,
}

impl LooseDraft {
    /// Hash of the content, the one its record would have.
    pub fn digest(&self) -> String {
        let days = (self.on, self.ends_on);
        digest_of(
            days,
            (self.amount_fen, self.level),
            self.code.as_deref(),
            false,
            &self.payload,
        )
    }
}

/// Hash of the canonical JSON of `[on, ends_on, amount_fen, level, code, withdraws, payload]`.
fn digest_of(
    (on, ends_on): (Option<Day>, Option<Day>),
    (amount_fen, level): (Option<i64>, Option<i64>),
    code: Option<&str>,
    withdraws: bool,
    payload: &str,
) -> String {
    let mut text = String::with_capacity(payload.len() + 64);
    let day = |text: &mut String, day: Option<Day>| match day {
        Some(day) => drop(write!(text, "\"{day}\",")),
        None => text.push_str("null,"),
    };
    let number = |text: &mut String, number: Option<i64>| match number {
        Some(number) => drop(write!(text, "{number},")),
        None => text.push_str("null,"),
    };
    text.push('[');
    day(&mut text, on);
    day(&mut text, ends_on);
    number(&mut text, amount_fen);
    number(&mut text, level);
    match code {
        Some(code) => super::rules::push_json(&mut text, code),
        None => text.push_str("null"),
    }
    text.push_str(if withdraws { ",true," } else { ",false," });
    text.push_str(payload);
    text.push(']');
    let mut hash = proof::Suite::Sha256Ed25519.hash(text.as_bytes()).to_string();
    hash.truncate(DIGEST_LENGTH);
    hash
}

/// The catalogue item that says who an entity is.
pub const REGISTRATION: &str = "registration";

/// How much of the hash of its content a record keeps.
const DIGEST_LENGTH: usize = 32;

/// A checked row as it waits to become a record, borrowed from the frame it was read in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Staged<'f> {
    /// Line in the file.
    pub line: i64,
    /// Code of the entity.
    pub subject_no: &'f str,
    /// `uscc` or `regno`.
    pub subject_kind: &'f str,
    /// What is unusual about the code.
    pub marks: &'f str,
    /// Names the record among those of the entity and item.
    pub record_key: &'f str,
    /// Hash of the content.
    pub digest: &'f str,
    /// The day it happened.
    pub on: Option<Day>,
    /// The day it ends.
    pub ends_on: Option<Day>,
    /// Amount in fen.
    pub amount_fen: Option<i64>,
    /// Level.
    pub level: Option<i64>,
    /// Code.
    pub code: Option<&'f str>,
    /// Whether the supplier takes the record under this key back.
    pub withdraws: bool,
    /// The fields as understood: the text of a JSON object.
    pub payload: &'f str,
}

/// A record just made of a staged row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Made<'f> {
    /// The row.
    pub row: Staged<'f>,
    /// Place of the row in its frame.
    pub place: usize,
    /// Number and place in the order of acceptance.
    pub record_id: i64,
    /// Number of the entity.
    pub subject_id: i64,
    /// Whether the entity was named for the first time in these rows: nothing else is known of it yet.
    pub first: bool,
    /// What it does to `names_id`.
    pub relation: Relation,
    /// The record it corrects, withdraws or ends.
    pub names_id: Option<i64>,
    /// The day it happened.
    pub on_day: Day,
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
