//! Runs, classes and their history.
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// A run (分类批次): a model applied to everything known up to a position, as of a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Run {
    /// 批次号
    pub run_id: i64,
    /// `full` 全量， `event` 因新记录
    pub kind: String,
    /// 模型代码
    pub model: String,
    /// 政策包摘要
    pub pack: String,
    /// 截止日
    pub as_of: NaiveDate,
    /// Last record it knows.
    pub upto: i64,
    /// `loading` 进行中， `applied` 已生效， `abandoned` 中断
    pub state: String,
    /// 开始时间
    pub started_at: DateTime<Utc>,
    /// 结束时间
    pub finished_at: Option<DateTime<Utc>>,
    /// 主体数
    pub entities: i64,
    /// 类别变化的主体数
    pub changed: i64,
    /// 各类数量
    #[schema(value_type = Option<Object>)]
    pub shares: Option<Value>,
    /// 类别占比异常的说明
    pub alarm: Option<String>,
}

/// The class of an entity now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Standing {
    /// 主体编号
    pub entity_id: i64,
    /// 类别
    pub class: String,
    /// 分值
    pub points: i64,
    /// 由哪个批次得出
    pub run_id: i64,
    /// 自哪天起为该类
    pub since_on: NaiveDate,
}

/// One change in an entity's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Change {
    /// 批次号
    pub run_id: i64,
    /// 截止日
    pub as_of: NaiveDate,
    /// 类别
    pub class: String,
    /// 分值
    pub points: i64,
    /// 原类别
    pub former: Option<String>,
    /// When it was decided.
    pub decided_at: DateTime<Utc>,
}

/// The outcome for one entity, about to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Graded {
    /// Number of the entity.
    pub entity_id: i64,
    /// Class code.
    pub class: String,
    /// Points.
    pub points: i64,
}

/// Whom the outcomes of a run speak of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Covers {
    /// Everybody: who is not among them has no class. They ascend by entity.
    Everybody,
    /// Those among them and no one else, in any order, and entities that have no class any more.
    Some {
        /// Entities of which nothing is known any more.
        gone: Vec<i64>,
    },
}

/// How many entities stand in a class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClassCount {
    /// 类别
    pub class: String,
    /// 主体数
    pub entities: i64,
}
