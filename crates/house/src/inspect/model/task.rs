//! Tasks, results and what changes after the draw.
use chrono::{DateTime, NaiveDate, Utc};
use kernel::Division;
use kernel::actor::Jurisdiction;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::hall::InJurisdiction;

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
    /// 任务（系统编号）
    pub task_id: i64,
    /// 任务编号
    pub task_no: String,
    /// 计划（系统编号）
    pub plan_id: i64,
    /// 抽取（系统编号）
    pub draw_id: i64,
    /// 主体（系统编号）
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
    /// `unstaffed` 待派人， `open` 待检查， `done` 已检查， `cancelled` 已取消， `replaced` 已由候补替换
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
        Jurisdiction {
            division: Division::parse(&self.division).ok(),
            department: Some(self.department.clone()),
        }
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
    /// 到场检查人员（执法证号）
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
    /// 计划（系统编号）
    #[serde(default)]
    pub plan: Option<i64>,
    /// 执法证号
    #[serde(default)]
    pub inspector: Option<String>,
    /// 状态
    #[serde(default)]
    pub state: Option<String>,
}
