//! Targets, pushes, and the figures about them.
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An upper platform that wants the records of an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTarget {
    /// 名称
    pub name: String,
    /// 目录事项
    pub item: String,
    /// 上级平台地址，例如 https://host:8080
    pub url: String,
    /// 本平台在上级平台的部门编号
    pub supplier: String,
    /// 上级平台的访问令牌
    pub token: String,
    /// 只报此后收到的记录；否则从头报起
    #[serde(default)]
    pub from_now: bool,
}

/// A target as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Target {
    /// 编号
    pub target_id: i64,
    /// 名称
    pub name: String,
    /// 目录事项
    pub item: String,
    /// 上级平台地址
    pub url: String,
    /// 本平台在上级平台的部门编号
    pub supplier: String,
    /// `active` 正常、`paused` 暂停
    pub state: String,
    /// 已取到的位置
    pub position: i64,
    /// 连续失败次数
    pub failures: i64,
    /// 下次上报不早于
    pub due_at: DateTime<Utc>,
    /// 上次失败的原因
    pub last_fault: Option<String>,
}

/// One push.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Push {
    /// 编号
    pub push_id: i64,
    /// 上报目标
    pub target_id: i64,
    /// 第一条记录
    pub first_record: i64,
    /// 最后一条记录
    pub last_record: i64,
    /// 记录数
    pub records: i64,
    /// `sending` 待发、`received` 对方已收、`acknowledged` 对方已办结、`refused` 对方整批退回
    pub state: String,
    /// 对方的批次号
    pub remote: Option<i64>,
    /// 对方接受的记录数
    pub accepted: i64,
    /// 对方退回的记录数
    pub refused: i64,
    /// 形成时间
    pub created_at: DateTime<Utc>,
    /// 对方收到的时间
    pub received_at: Option<DateTime<Utc>>,
    /// 对方办结的时间
    pub acknowledged_at: Option<DateTime<Utc>>,
    /// 说明
    pub fault: Option<String>,
}

/// A row the other side refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PushRefusal {
    /// 上报批次
    pub push_id: i64,
    /// 记录编号
    pub record_id: i64,
    /// 字段
    pub field: String,
    /// 原因
    pub reason: String,
}

/// What became of an item's records at a target. Shares are in thousandths of what was received.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Share {
    /// 上报目标
    pub target: Target,
    /// 本平台收到的记录数（从上报的起点算起）
    pub received: i64,
    /// 已发出的
    pub pushed: i64,
    /// 对方办结接受的
    pub acknowledged: i64,
    /// 对方退回的
    pub refused: i64,
    /// 上报率，千分之几
    pub pushed_permille: Option<i64>,
    /// 接受率，千分之几
    pub acknowledged_permille: Option<i64>,
}

/// A share in thousandths, rounded down, so that 1000 means all; none of nothing.
pub fn permille(part: i64, whole: i64) -> Option<i64> {
    (whole > 0).then(|| i64::try_from(i128::from(part) * 1_000 / i128::from(whole)).unwrap_or(i64::MAX))
}
