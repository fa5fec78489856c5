//! Counts of a month, scores, and what is expected.
use chrono::NaiveDate;
use kernel::Jurisdiction;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::hall::InJurisdiction;

/// What one supplier handed over of one item in one month, counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Counts {
    /// 批次数
    pub batches: i64,
    /// 读到的行数
    pub rows_read: i64,
    /// 缺少必填内容的行数
    pub rows_missing: i64,
    /// 格式不合要求的行数
    pub rows_malformed: i64,
    /// 找不到主体或所指记录的行数
    pub rows_unlinked: i64,
    /// 退回的行数
    pub rows_refused: i64,
    /// 与已有记录相同的行数
    pub rows_unchanged: i64,
    /// 入库的记录数
    pub records: i64,
    /// 其中更正或撤销以前记录的
    pub corrected: i64,
    /// 可以判断是否及时的记录数
    pub judged: i64,
    /// 其中迟报的
    pub late: i64,
}

impl Counts {
    /// Both together.
    #[must_use]
    pub fn plus(&self, more: &Self) -> Self {
        Self {
            batches: self.batches + more.batches,
            rows_read: self.rows_read + more.rows_read,
            rows_missing: self.rows_missing + more.rows_missing,
            rows_malformed: self.rows_malformed + more.rows_malformed,
            rows_unlinked: self.rows_unlinked + more.rows_unlinked,
            rows_refused: self.rows_refused + more.rows_refused,
            rows_unchanged: self.rows_unchanged + more.rows_unchanged,
            records: self.records + more.records,
            corrected: self.corrected + more.corrected,
            judged: self.judged + more.judged,
            late: self.late + more.late,
        }
    }
}

/// The counts of one month, supplier and item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measured {
    /// `2026-05`.
    pub month: String,
    /// Department.
    pub supplier: String,
    /// Catalogue item.
    pub item: String,
    /// The counts.
    pub counts: Counts,
}

/// One dimension of a score.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Dimension {
    /// 代码
    pub code: String,
    /// 名称
    pub title: String,
    /// 得分，0–1000；无从判断时为空，不计入总分
    pub score: Option<i64>,
    /// 权重
    pub weight: i64,
    /// 依据的数
    pub part: i64,
    /// 占多少
    pub whole: i64,
    /// 说明
    pub said: String,
}

/// The score of a supplier in a month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Score {
    /// 月份
    pub month: String,
    /// 提供部门
    pub supplier: String,
    /// 部门名称
    pub supplier_name: Option<String>,
    /// 总分，0–1000
    pub score: Option<i64>,
    /// 比上月增减
    pub change: Option<i64>,
    /// 各维度
    pub dimensions: Vec<Dimension>,
    /// 计数
    pub counts: Counts,
    /// 当月到期而未报的事项数
    pub overdue: i64,
    /// 当月退回的行数
    #[serde(default)]
    pub sent_back: i64,
    /// 其中已更正入库的行数
    #[serde(default)]
    pub put_right: i64,
}

impl InJurisdiction for Score {
    fn jurisdiction(&self) -> Jurisdiction {
        Jurisdiction {
            division: None,
            department: Some(self.supplier.clone()),
        }
    }
}

/// How fresh an item of a supplier is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Freshness {
    /// 目录事项
    pub item: String,
    /// 事项名称
    pub title: String,
    /// 提供部门；为空表示没有任何部门报过
    pub supplier: Option<String>,
    /// 最近一次入库的日期
    pub last_on: Option<NaiveDate>,
    /// 距今天数
    pub days: Option<i64>,
    /// 目录规定的更新天数
    pub fresh_days: Option<i64>,
    /// `fresh` 正常、`stale` 过期、`never` 从未报送、`unbound` 目录未规定
    pub state: String,
}

impl InJurisdiction for Freshness {
    fn jurisdiction(&self) -> Jurisdiction {
        Jurisdiction {
            division: None,
            department: self.supplier.clone(),
        }
    }
}

/// How an item grows: records of a month beside those of the same month a year before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Growth {
    /// 目录事项
    pub item: String,
    /// 事项名称
    pub title: String,
    /// 当月入库
    pub records: i64,
    /// 上年同月入库
    pub year_before: i64,
    /// 同比增长，千分之几；上年同月没有记录时为空
    pub permille: Option<i64>,
}

/// What is expected of a supplier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Expectation {
    /// 提供部门
    pub supplier: String,
    /// 目录事项
    pub item: String,
    /// 哪一期（期末日）
    pub period_end_on: NaiveDate,
    /// 最迟哪天
    pub due_on: NaiveDate,
}
