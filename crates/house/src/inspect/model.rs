//! Plans, draws, tasks and results.
use std::collections::BTreeMap;

use kernel::actor::Jurisdiction;
use chrono::{DateTime, NaiveDate, Utc};
use kernel::Division;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::hall::InJurisdiction;

/// How entities come into the pool (抽取方式).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// 不定向:范围内全部对象
    Undirected,
    /// 定向:按条件限定对象
    Directed,
}

impl Mode {
    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Undirected => "undirected",
            Self::Directed => "directed",
        }
    }
}

/// Conditions on entities; codes by prefix, every list given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// 类型代码
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<String>,
    /// 登记状态代码
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub statuses: Vec<String>,
    /// 行业代码
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub industries: Vec<String>,
    /// 行政区划代码,含下级
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub divisions: Vec<String>,
}

impl Filter {
    /// Whether there is no condition.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// An item of a plan as asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPlanItem {
    /// 抽查事项代码
    pub check: String,
    /// 检查部门;不写为发起部门
    #[serde(default)]
    pub department: Option<String>,
    /// 各类别的抽查比例,例如 {"B": "5/100"};不写为政策包的比例
    #[serde(default)]
    pub ratios: BTreeMap<String, String>,
}

/// A plan (抽查计划) as asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPlan {
    /// 计划名称
    pub title: String,
    /// 发起部门编号
    pub department: String,
    /// 抽查范围的行政区划,含下级
    pub division: String,
    /// 抽取方式
    pub mode: Mode,
    /// 抽查事项
    pub items: Vec<NewPlanItem>,
    /// 定向条件
    #[serde(default)]
    pub filter: Filter,
    /// 检查开始日
    pub starts_on: NaiveDate,
    /// 检查结束日
    pub ends_on: NaiveDate,
    /// 每组候补对象数;不写为政策包的数
    #[serde(default)]
    pub reserve: Option<u32>,
}

/// An item of a plan, checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlanItem {
    /// 抽查事项代码
    pub check: String,
    /// 抽查事项名称
    pub title: String,
    /// 检查部门
    pub department: String,
    /// 检查人员所需业务专长
    pub qualification: String,
    /// 计划改定的抽查比例(类别 → 比例)
    pub ratios: BTreeMap<String, String>,
}

/// A plan as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Plan {
    /// 计划(系统编号)
    pub plan_id: i64,
    /// 计划编号
    pub plan_no: String,
    /// 计划名称
    pub title: String,
    /// 年度
    pub year: i64,
    /// 发起部门
    pub department: String,
    /// 抽查范围
    pub division: String,
    /// 抽取方式
    pub mode: Mode,
    /// 检查开始日
    pub starts_on: NaiveDate,
    /// 检查结束日
    pub ends_on: NaiveDate,
    /// `draft` 草稿, `approved` 已批准, `committed` 已承诺, `drawn` 已抽取, `closed` 已结束
    pub state: String,
    /// 抽查事项
    pub items: Vec<PlanItem>,
    /// 定向条件
    pub filter: Filter,
    /// 每组候补对象数
    pub reserve: Option<u32>,
    /// 编制时间
    pub written_at: DateTime<Utc>,
    /// 编制人
    pub written_by: String,
    /// 批准时间
    pub approved_at: Option<DateTime<Utc>>,
    /// 批准人
    pub approved_by: Option<String>,
}

impl InJurisdiction for Plan {
    fn jurisdiction(&self) -> Jurisdiction {
        Jurisdiction { division: Division::parse(&self.division).ok(), department: Some(self.department.clone()) }
    }
}

/// A source of entropy (随机数提供方) as announced before the draw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum NewContributor {
    /// 一方:先交承诺值,再揭示
    Party {
        /// 名称
        name: String,
        /// 承诺值(64 位小写十六进制)
        commitment: String,
    },
    /// 公共随机信标:约定将来的某一期
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
    /// 随机数提供方,至少两个
    pub contributors: Vec<NewContributor>,
    /// 揭示截止时间;不写为政策包的期限
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
    /// 抽取(系统编号)
    pub draw_id: i64,
    /// 计划(系统编号)
    pub plan_id: i64,
    /// 计划编号
    pub plan_no: String,
    /// 公开日志中的名称
    pub campaign: String,
    /// 第几次
    pub attempt: i64,
    /// `committed` 已承诺, `drawn` 已抽取, `void` 已作废
    pub state: String,
    /// 承诺书摘要
    pub commitment_hash: String,
    /// 随机数提供方
    pub contributors: Vec<ContributorState>,
    /// 揭示截止时间
    pub reveal_by: DateTime<Utc>,
    /// 各事项的对象库
    pub pools: Vec<PoolCount>,
    /// 说明(内部)
    pub note: String,
    /// 承诺时间
    pub committed_at: DateTime<Utc>,
    /// 抽取或作废时间
    pub ended_at: Option<DateTime<Utc>>,
}

/// The public documents of a draw.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DrawDocuments {
    /// 抽取(系统编号)
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

/// An item of a task with the department that checks it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TaskItem {
    /// 抽查事项代码
    pub item: String,
    /// 检查部门
    pub department: String,
}

/// A member of a team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TeamMember {
    /// 部门
    pub department: String,
    /// 执法证号
    pub inspector: String,
}

/// A task (检查任务): one entity with all the items it was drawn for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Task {
    /// 任务(系统编号)
    pub task_id: i64,
    /// 任务编号
    pub task_no: String,
    /// 计划(系统编号)
    pub plan_id: i64,
    /// 抽取(系统编号)
    pub draw_id: i64,
    /// 主体(系统编号)
    pub entity_id: i64,
    /// 统一社会信用代码
    pub subject_no: String,
    /// 名称
    pub name: String,
    /// 行政区划
    pub division: String,
    /// 发起部门
    pub department: String,
    /// 抽查事项
    pub items: Vec<TaskItem>,
    /// 检查人员
    pub members: Vec<TeamMember>,
    /// 已回避的检查人员
    pub recused: Vec<String>,
    /// 组长
    pub leader: Option<String>,
    /// `unstaffed` 待派人, `open` 待检查, `done` 已检查, `cancelled` 已取消, `replaced` 已由候补替换
    pub state: String,
    /// 完成期限
    pub due_on: NaiveDate,
    /// 检查日期
    pub done_on: Option<NaiveDate>,
    /// 替换了哪一项任务
    pub replaces: Option<i64>,
    /// 说明
    pub note: Option<String>,
}

impl InJurisdiction for Task {
    fn jurisdiction(&self) -> Jurisdiction {
        Jurisdiction { division: Division::parse(&self.division).ok(), department: Some(self.department.clone()) }
    }
}

/// The result of one item as handed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewItemResult {
    /// 抽查事项代码
    pub item: String,
    /// 检查结果代码
    pub codes: Vec<String>,
    /// 情况说明
    #[serde(default)]
    pub note: String,
}

/// The results of a task as handed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewResult {
    /// 检查日期
    pub checked_on: NaiveDate,
    /// 到场检查人员(执法证号)
    pub inspectors: Vec<String>,
    /// 各事项的结果
    pub items: Vec<NewItemResult>,
}

/// The result of one item as kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ItemResult {
    /// 抽查事项代码
    pub item: String,
    /// 检查结果代码
    pub codes: Vec<String>,
    /// 情况说明
    pub note: String,
    /// 检查日期
    pub checked_on: NaiveDate,
    /// 录入时间
    pub recorded_at: DateTime<Utc>,
    /// 录入人
    pub recorded_by: String,
}

/// Why a drawn entity cannot be checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Cause {
    /// 已注销、停业
    Closed,
    /// 已迁出
    Moved,
}

/// Why a task passes to a reserve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Replacement {
    /// 原因:`closed` 或 `moved`
    pub cause: Cause,
    /// 证明情况的说明
    pub note: String,
}

/// What a replacement came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Replaced {
    /// 原任务
    pub task: Task,
    /// 候补对象的任务
    pub tasks: Vec<Task>,
    /// 没有候补可用的事项
    pub without: Vec<String>,
}

/// What to look tasks up by. Empty: all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct TaskSearch {
    /// 计划(系统编号)
    #[serde(default)]
    pub plan: Option<i64>,
    /// 执法证号
    #[serde(default)]
    pub inspector: Option<String>,
    /// 状态
    #[serde(default)]
    pub state: Option<String>,
}
