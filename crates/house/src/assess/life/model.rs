//! Drafts, shadow runs and releases.
use chrono::{DateTime, NaiveDate, Utc};
use kernel::Day;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::rules::statistics::{Aucs, Interval};

/// Number that stands for the deployment's pack without any draft.
pub const GROUND: i64 = 0;

/// A draft handed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDraft {
    /// 标题
    pub title: String,
    /// 起草理由
    pub reason: String,
    /// 文件名（出错时用来指明位置）
    pub file_name: String,
    /// 内容：与政策包 model.toml 写法相同
    pub text: String,
}

/// A draft of a model (模型草案).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Draft {
    /// 草案编号
    pub draft_id: i64,
    /// 标题
    pub title: String,
    /// 起草理由
    pub reason: String,
    /// 文件名
    pub file_name: String,
    /// 内容摘要（SHA-256）
    pub digest: String,
    /// `draft` 草案， `shadowed` 已影子运行， `approved` 已批准待生效， `in-force` 现行， `superseded` 已被取代， `rejected` 已否决，
    /// `withdrawn` 已撤回
    pub state: String,
    /// 起草时间
    pub drafted_at: DateTime<Utc>,
    /// 起草人
    pub drafted_by: String,
    /// 处理时间
    pub decided_at: Option<DateTime<Utc>>,
    /// 处理人
    pub decided_by: Option<String>,
    /// 处理意见
    pub note: Option<String>,
}

/// A draft with all that was done with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Whole {
    /// 草案
    pub draft: Draft,
    /// 内容
    pub text: String,
    /// 放行记录
    pub releases: Vec<Release>,
    /// 影子运行
    pub shadows: Vec<Shadow>,
}

/// How a shadow run is to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// 检查结果从哪天起
    pub from: NaiveDate,
    /// 到哪天止
    pub until: NaiveDate,
    /// 抽多少户比较类别变动；0 为全部
    pub sample: u32,
    /// 抽样的种子
    pub seed: u32,
}

/// A shadow run (影子运行).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Shadow {
    /// 影子运行编号
    pub shadow_id: i64,
    /// 草案编号；0 为部署的政策包本身
    pub draft_id: i64,
    /// 检查结果从哪天起
    pub from_on: NaiveDate,
    /// 到哪天止
    pub until_on: NaiveDate,
    /// 何时要求
    pub asked_at: DateTime<Utc>,
    /// 何人要求
    pub asked_by: String,
    /// 后台任务编号
    pub job_id: i64,
    /// 何时完成
    pub finished_at: Option<DateTime<Utc>>,
    /// 结果文书的摘要
    pub digest: Option<String>,
}

/// A release (放行): from a day on a draft, or the deployment's pack alone, is the model in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Release {
    /// 放行编号
    pub release_id: i64,
    /// 草案编号；0 为部署的政策包本身
    pub draft_id: i64,
    /// 自哪天起生效
    pub from_on: NaiveDate,
    /// 自该日起的政策包摘要
    pub pack: String,
    /// 理由
    pub reason: String,
    /// 批准时间
    pub approved_at: DateTime<Utc>,
    /// 批准人
    pub approved_by: String,
    /// 依据的影子运行
    pub shadow_id: Option<i64>,
    /// 当时不满足的门槛、护栏
    pub blocks: Vec<Block>,
    /// 不满足仍放行的决定人
    pub overruled_by: Option<String>,
    /// 不满足仍放行的理由
    pub overruled_for: Option<String>,
    /// 实际开始生效的时间
    pub in_force_at: Option<DateTime<Utc>>,
    /// 生效前撤回的时间
    pub withdrawn_at: Option<DateTime<Utc>>,
}

/// Something that stands in the way of a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Block {
    /// 门槛、护栏代码
    pub code: String,
    /// 说明
    pub sentence: String,
    /// 依据
    pub basis: String,
}

/// An approval about to be given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// 自哪天起生效；不写为今天
    pub from: Option<NaiveDate>,
    /// 批准意见
    pub reason: String,
    /// 不满足门槛或护栏时仍放行
    pub overrule: Option<Overrule>,
}

/// That a release is wanted although something stands in its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Overrule {
    /// 决定人姓名
    pub by: String,
    /// 理由
    pub reason: String,
}

/// Why a draft is rejected or withdrawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// 理由
    pub reason: String,
}

/// The outcome of a visit, with what was known the day before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// Number of the entity.
    pub entity_id: i64,
    /// What names the visit.
    pub visit: String,
    /// Day of the visit.
    pub on: Day,
    /// How the entity was chosen.
    pub kind: Kind,
    /// Whether a problem was found.
    pub found: bool,
}

/// How an entity was chosen for a visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// 随机抽取
    Random,
    /// 定向抽取
    Directed,
    /// 其他或未写明
    Other,
}

impl Kind {
    /// The word in files.
    pub fn word(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::Directed => "directed",
            Self::Other => "other",
        }
    }
}

/// The document of a shadow run: what is kept under its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Findings {
    /// 草案编号
    pub draft_id: i64,
    /// 草案内容摘要
    pub draft_digest: String,
    /// 现行政策包摘要
    pub current_pack: String,
    /// 以草案覆盖后的政策包摘要
    pub draft_pack: String,
    /// 运行日
    pub on: NaiveDate,
    /// 检查结果的时间范围与抽样
    pub window: Window,
    /// 检查结果的数量
    pub visits: VisitCounts,
    /// 类别代码，由好到差
    pub classes: Vec<String>,
    /// 区间的置信水平
    pub confidence: String,
    /// 全部、随机、定向各自的数字
    pub parts: Vec<Part>,
    /// 类别变动
    pub movement: Movement,
    /// 门槛
    pub gates: Vec<GateFigure>,
    /// 护栏
    pub rails: Vec<RailFigure>,
}

/// How many results there were, and of which nothing can be said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VisitCounts {
    /// 检查（户次）
    pub visits: u64,
    /// 其中发现问题
    pub found: u64,
    /// 按检查前一日平台实际掌握的记录计算
    pub as_known: u64,
    /// 平台当时尚无该主体，按记录的发生日推定
    pub by_day: u64,
    /// 现行模型不给类别
    pub without_current: u64,
    /// 草案不给类别
    pub without_draft: u64,
    /// 没有登记信息，无法计算
    pub unregistered: u64,
    /// 结果代码不认识，未计入
    pub unknown_code: u64,
}

/// Figures over some of the visits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Part {
    /// `all` 全部， `random` 随机， `directed` 定向， `other` 其他
    pub kind: String,
    /// 两个模型都给出类别的检查（户次）
    pub visits: u64,
    /// 其中发现问题
    pub found: u64,
    /// 问题发现率
    pub rate: Option<Interval>,
    /// 区分能力（AUC）
    pub auc: Option<Aucs>,
    /// 现行模型各类
    pub current: Vec<ClassFigures>,
    /// 草案各类
    pub draft: Vec<ClassFigures>,
}

/// One class under one model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClassFigures {
    /// 类别
    pub class: String,
    /// 检查（户次）
    pub visits: u64,
    /// 其中发现问题
    pub found: u64,
    /// 问题发现率
    pub rate: Option<Interval>,
    /// 提升度：该类发现率与总发现率之比（百万分之一）
    pub lift: Option<i64>,
}

/// How entities would change their class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Movement {
    /// 全部主体数
    pub of: u64,
    /// 参加比较的主体数
    pub entities: u64,
    /// 行为现行类别，列为草案类别，最后一行、一列为不分类
    pub matrix: Vec<Vec<u64>>,
    /// 现行模型各类占比（百万分之一，不含不分类）
    pub current: Vec<i64>,
    /// 草案各类占比
    pub draft: Vec<i64>,
}

/// A figure that may not get worse.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GateFigure {
    /// 代码
    pub code: String,
    /// 名称
    pub title: String,
    /// `held` 满足， `lower` 变差， `unknown` 结果太少
    pub verdict: String,
    /// 说明
    pub sentence: String,
    /// 依据
    pub basis: String,
}

/// A class and the rails of its share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RailFigure {
    /// 代码
    pub code: String,
    /// 类别
    pub class: String,
    /// 草案下的占比（百万分之一）
    pub share: i64,
    /// 是否在护栏之内
    pub held: bool,
    /// 说明
    pub sentence: String,
    /// 依据
    pub basis: String,
}
