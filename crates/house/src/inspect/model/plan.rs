//! Plans, as asked for and as they stand.
use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use kernel::Division;
use kernel::actor::Jurisdiction;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::hall::InJurisdiction;

/// How entities come into the pool (抽取方式).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// 不定向：范围内全部对象
    Undirected,
    /// 定向：按条件限定对象
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
    /// 行政区划代码，含下级
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
    /// 检查部门；不写为发起部门
    #[serde(default)]
    pub department: Option<String>,
    /// 各类别的抽查比例，例如 {"B": "5/100"};不写为政策包的比例
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
    /// 抽查范围的行政区划，含下级
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
    /// 每组候补对象数；不写为政策包的数
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
    /// 计划改定的抽查比例（类别 → 比例）
    pub ratios: BTreeMap<String, String>,
}

/// A plan as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Plan {
    /// 计划（系统编号）
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
    /// `draft` 草稿， `approved` 已批准， `committed` 已承诺， `drawn` 已抽取， `closed` 已结束
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
        Jurisdiction {
            division: Division::parse(&self.division).ok(),
            department: Some(self.department.clone()),
        }
    }
}
