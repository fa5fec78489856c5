//! Departments and inspectors.
use chrono::NaiveDate;
use kernel::Division;
use kernel::actor::Jurisdiction;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::hall::InJurisdiction;

/// A department (部门).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Department {
    /// 部门编号
    #[serde(rename = "id")]
    pub department_id: String,
    /// 名称
    pub name: String,
    /// 行政区划代码
    pub division: String,
    /// 职能:market、tax、fire ……
    pub function: String,
}

/// An inspector (执法检查人员).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Inspector {
    /// 执法证号
    #[serde(rename = "certificate_no")]
    pub inspector_id: String,
    /// 姓名
    pub name: String,
    /// 所在部门
    pub department: String,
    /// 可执法的行政区划（代码前缀）
    pub divisions: Vec<String>,
    /// 业务专长（抽查类别）;`*` 为全部
    pub qualifications: Vec<String>,
    /// 执法证有效期止
    pub certificate_until: NaiveDate,
    /// 是否可任组长
    #[serde(default)]
    pub may_lead: bool,
    /// 回避的主体（统一社会信用代码）
    #[serde(default, rename = "recusals")]
    pub recused: Vec<String>,
}

/// An inspector as the desk sees them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Listed {
    /// 执法检查人员
    #[serde(flatten)]
    pub inspector: Inspector,
    /// 回避的主体是否因超出管辖范围而未显示
    pub recusals_withheld: bool,
}

impl InJurisdiction for Department {
    fn jurisdiction(&self) -> Jurisdiction {
        Jurisdiction {
            division: Division::parse(&self.division).ok(),
            department: Some(self.department_id.clone()),
        }
    }
}

/// What loading departments and inspectors came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Loaded {
    /// 部门数
    pub departments: u64,
    /// 执法人员数
    pub inspectors: u64,
}
