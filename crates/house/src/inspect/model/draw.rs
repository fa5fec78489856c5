//! Draws, as asked for and as they stand.
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// A source of entropy (随机数提供方) as announced before the draw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum NewContributor {
    /// 一方：先交承诺值，再揭示
    Party {
        /// 名称
        name: String,
        /// 承诺值（64 位小写十六进制）
        commitment: String,
    },
    /// 公共随机信标：约定将来的某一期
    Beacon {
        /// 名称
        name: String,
        /// 来源
        source: String,
        /// 期号
        round: String,
    },
}

/// What a draw is committed with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDraw {
    /// 随机数提供方，至少两个
    pub contributors: Vec<NewContributor>,
    /// 揭示截止时间；不写为政策包的期限
    #[serde(default)]
    pub reveal_by: Option<DateTime<Utc>>,
}

/// A contributor and whether it has revealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ContributorState {
    /// 名称
    pub name: String,
    /// `party` or `beacon`
    pub kind: String,
    /// 揭示时间
    pub revealed_at: Option<DateTime<Utc>>,
}

/// The pool of an item in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PoolCount {
    /// 抽查事项代码
    pub item: String,
    /// 对象数
    pub size: u64,
    /// 抽取数
    pub quota: u64,
    /// 剔除规则和各自剔除的户数
    pub removed: Vec<Removed>,
}

/// How many entities a rule kept out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Removed {
    /// 规则
    pub rule: String,
    /// 户数
    pub entities: u64,
}

/// A draw (抽取) as it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Draw {
    /// 抽取（系统编号）
    pub draw_id: i64,
    /// 计划（系统编号）
    pub plan_id: i64,
    /// 计划编号
    pub plan_no: String,
    /// 公开日志中的名称
    pub campaign: String,
    /// 第几次
    pub attempt: i64,
    /// `committed` 已承诺， `drawn` 已抽取， `void` 已作废
    pub state: String,
    /// 承诺书摘要
    pub commitment_hash: String,
    /// 随机数提供方
    pub contributors: Vec<ContributorState>,
    /// 揭示截止时间
    pub reveal_by: DateTime<Utc>,
    /// 各事项的对象库
    pub pools: Vec<PoolCount>,
    /// 说明（内部）
    pub note: String,
    /// 承诺时间
    pub committed_at: DateTime<Utc>,
    /// 抽取或作废时间
    pub ended_at: Option<DateTime<Utc>>,
}

/// The public documents of a draw.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DrawDocuments {
    /// 抽取（系统编号）
    pub draw_id: i64,
    /// 计划编号
    pub plan_no: String,
    /// 第几次
    pub attempt: i64,
    /// `committed`, `drawn` or `void`
    pub state: String,
    /// 承诺书
    #[schema(value_type = Object)]
    pub commitment: Value,
    /// 揭示
    #[schema(value_type = Object)]
    pub reveals: Value,
    /// 抽取记录
    #[schema(value_type = Option<Object>)]
    pub transcript: Option<Value>,
    /// 平台签名
    pub signature: Option<String>,
    /// 作废书
    #[schema(value_type = Option<Object>)]
    pub void: Option<Value>,
}
