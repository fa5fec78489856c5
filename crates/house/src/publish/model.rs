//! Notices and what the public sees of them.
use chrono::{DateTime, NaiveDate, Utc};
use kernel::Division;
use kernel::actor::Jurisdiction;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::hall::InJurisdiction;

/// Kind of the notice of a plan.
pub const PLAN: &str = "plan";
/// Kind of the notice of a commitment (承诺书).
pub const COMMITMENT: &str = "draw-commitment";
/// Kind of the notice of a transcript (抽取记录).
pub const TRANSCRIPT: &str = "draw-transcript";
/// Kind of the notice of a void (作废书).
pub const VOID: &str = "draw-void";
/// Kind of the notice of a result (抽查检查结果).
pub const RESULT: &str = "result";
/// Kind of a free announcement (公告).
pub const ANNOUNCEMENT: &str = "announcement";

/// A notice about to be published.
#[derive(Debug, Clone)]
pub struct NewNotice {
    /// Kind, one of the constants of this room.
    pub kind: &'static str,
    /// What it is about, as `kind:number`; one notice of a kind for each subject.
    pub subject: String,
    /// The number people know it by: of the plan, the draw, the task.
    pub number: String,
    /// The entity concerned: number and code.
    pub entity: Option<(i64, String)>,
    /// Title.
    pub title: String,
    /// What is published.
    pub body: Value,
    /// Whose notice it is.
    pub department: String,
    /// Where.
    pub division: String,
    /// Code of the pack's publication term, where the notice has an end.
    pub term: Option<String>,
}

/// A notice (公示) as it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Notice {
    /// 公示（系统编号）
    pub notice_id: i64,
    /// 种类
    pub kind: String,
    /// 事由（种类：编号）
    pub subject: String,
    /// 编号（计划、抽取、任务）
    pub number: String,
    /// 主体（系统编号）
    pub entity_id: Option<i64>,
    /// 统一社会信用代码
    pub subject_no: Option<String>,
    /// 标题
    pub title: String,
    /// 内容
    #[schema(value_type = Object)]
    pub body: Value,
    /// 内容的摘要（公开日志中的文书）
    pub document: String,
    /// 公示部门
    pub department: String,
    /// 行政区划
    pub division: String,
    /// 公示时间
    pub published_at: DateTime<Utc>,
    /// 公示至
    pub until_on: Option<NaiveDate>,
    /// 期满撤下时间
    pub ended_at: Option<DateTime<Utc>>,
    /// 撤回时间
    pub withdrawn_at: Option<DateTime<Utc>>,
    /// 撤回原因
    pub withdrawn_why: Option<String>,
}

impl InJurisdiction for Notice {
    fn jurisdiction(&self) -> Jurisdiction {
        Jurisdiction {
            division: Division::parse(&self.division).ok(),
            department: Some(self.department.clone()),
        }
    }
}

/// A notice as the public sees it. Once withdrawn it keeps its title and the reason, without the content.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PublicNotice {
    /// 公示编号
    pub notice_id: i64,
    /// 种类
    pub kind: String,
    /// 编号（计划、抽取、任务）
    pub number: String,
    /// 统一社会信用代码
    pub subject_no: Option<String>,
    /// 标题
    pub title: String,
    /// 内容
    #[schema(value_type = Option<Object>)]
    pub body: Option<Value>,
    /// 内容的摘要（公开日志中的文书）
    pub document: String,
    /// 公示部门
    pub department: String,
    /// 公示时间
    pub published_at: DateTime<Utc>,
    /// 公示至
    pub until_on: Option<NaiveDate>,
    /// 撤回时间
    pub withdrawn_at: Option<DateTime<Utc>>,
    /// 撤回原因
    pub withdrawn_why: Option<String>,
}

impl From<Notice> for PublicNotice {
    fn from(notice: Notice) -> Self {
        let withdrawn = notice.withdrawn_at.is_some();
        Self {
            notice_id: notice.notice_id,
            kind: notice.kind,
            number: notice.number,
            subject_no: notice.subject_no,
            title: notice.title,
            body: (!withdrawn).then_some(notice.body),
            document: notice.document,
            department: notice.department,
            published_at: notice.published_at,
            until_on: notice.until_on,
            withdrawn_at: notice.withdrawn_at,
            withdrawn_why: notice.withdrawn_why,
        }
    }
}

/// A draw in the public list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PublicDraw {
    /// 抽取编号
    pub draw_id: i64,
    /// 公示编号
    pub notice_id: i64,
    /// 计划编号和次数
    pub number: String,
    /// 标题
    pub title: String,
    /// 承诺书摘要
    pub document: String,
    /// 公示时间
    pub published_at: DateTime<Utc>,
}

/// A public statement of an entity's file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PublicStatement {
    /// 目录事项
    pub item: String,
    /// 目录事项名称
    pub title: String,
    /// 发生日期
    pub on: NaiveDate,
    /// 截止日期
    pub until: Option<NaiveDate>,
    /// 内容（字段名 → 值）
    #[schema(value_type = Object)]
    pub content: Value,
    /// 提供部门
    pub supplier: String,
}

/// What the public may know of an entity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PublicEntity {
    /// 统一社会信用代码
    pub subject_no: String,
    /// 名称
    pub name: String,
    /// 公开的信用记录
    pub statements: Vec<PublicStatement>,
    /// 与其有关的公示
    pub notices: Vec<PublicNotice>,
}

/// An entity as the public finds it: code and name, nothing else. More of it is told by its own page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PublicFound {
    /// 统一社会信用代码
    pub subject_no: String,
    /// 名称
    pub name: String,
}

/// A free announcement (公告).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAnnouncement {
    /// 标题
    pub title: String,
    /// 正文
    pub text: String,
    /// 公示部门
    pub department: String,
    /// 政策包中公示期的代码；不写为长期
    #[serde(default)]
    pub term: Option<String>,
}
