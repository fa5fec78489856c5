//! What a person is shown: cases with both sides, pairs that may be one, relations.
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::intake::whose::model::{Decision, Loose};

/// One line of the explained score.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reason {
    /// 权重代码
    pub code: String,
    /// 加分或减分
    pub points: i64,
    /// 说明
    pub sentence: String,
}

/// A field on both sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Side {
    /// 字段
    pub field: String,
    /// 来文所写
    pub written: String,
    /// 主体库所载
    pub known: String,
    /// 是否一致（不计全角半角、繁简）；有一方没有则为空
    pub agrees: Option<bool>,
}

/// An entity that may be meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CandidateView {
    /// 统一社会信用代码
    pub subject_no: String,
    /// 名称
    pub name: String,
    /// 得分，0–1000
    pub score: i64,
    /// 得分依据
    pub reasons: Vec<Reason>,
    /// 逐项对照
    pub sides: Vec<Side>,
}

/// A loose row with everything that is needed to decide it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Case {
    /// 待关联的行
    pub loose: Loose,
    /// 候选主体，得分高的在前
    pub candidates: Vec<CandidateView>,
    /// 另有几个候选主体不在本账号管辖范围内
    pub hidden: usize,
    /// 历次决定
    pub decisions: Vec<Decision>,
}

/// Two entities that may be one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Pair {
    /// 可能被并入的主体代码
    pub merged_no: String,
    /// 其名称
    pub merged_name: String,
    /// 可能保留的主体代码
    pub into_no: String,
    /// 其名称
    pub into_name: String,
    /// 得分，0–1000
    pub score: i64,
    /// 依据
    pub reasons: Vec<Reason>,
}

/// A relation to another entity (关联).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Relation {
    /// `legal-person` 同一法定代表人，`address` 同一住所，`head` 所属总公司，`branch` 分支机构，`investor` 投资人，`investment` 对外投资，`stated` 部门认定
    pub kind: String,
    /// 种类名称
    pub title: String,
    /// 对方代码
    pub subject_no: String,
    /// 对方名称
    pub name: String,
    /// `strong` 可靠，`weak` 仅供参考
    pub strength: String,
    /// 说明
    pub said: String,
    /// 所依据的记录
    pub records: Vec<i64>,
    /// Number of the other entity.
    #[serde(skip)]
    #[schema(ignore)]
    pub entity_id: i64,
}
