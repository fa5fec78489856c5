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

/// Which way a class changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// 变差（风险升高）
    Worse,
    /// 变好（风险降低）
    Better,
    /// 类别体系已改变，不能比较
    Other,
}

/// One of the main reasons of a class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MainReason {
    /// 指标或直接判定规则的代码
    pub code: String,
    /// 说明
    pub sentence: String,
    /// 分值；直接判定没有分值
    pub points: Option<i32>,
}

/// A changed class (分类变动).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClassChange {
    /// 批次号
    pub run_id: i64,
    /// 主体编号
    pub entity_id: i64,
    /// 统一社会信用代码；主体已不在主体库时为空
    pub subject_no: String,
    /// 名称
    pub name: String,
    /// 行政区划
    pub division: String,
    /// 原类别
    pub from: String,
    /// 现类别
    pub to: String,
    /// `worse` 变差， `better` 变好
    pub direction: Direction,
    /// 分值
    pub points: i64,
    /// 截止日
    pub as_of: NaiveDate,
    /// 决定时间
    pub decided_at: DateTime<Utc>,
    /// 主要理由；当时的政策包已不可用时没有
    pub reasons: Option<Vec<MainReason>>,
}

/// Which changed classes are asked for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ChangesAsked {
    /// From this day on.
    pub since: NaiveDate,
    /// To this day; today when not said.
    pub until: Option<NaiveDate>,
    /// Entities of this place and everything below it.
    pub division: Option<String>,
    /// Only this direction.
    pub direction: Option<Direction>,
}
