//! Subscribers, what was told to them, and what a call to another system is.
use std::time::Duration;

use chrono::{DateTime, Utc};
use kernel::actor::{Jurisdiction, Scope};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// A call to another system. Who sends it is not the house's business: it knows no network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// `POST` or `GET`.
    pub method: &'static str,
    /// Where to.
    pub url: String,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// Body; empty for `GET`.
    pub body: Vec<u8>,
    /// Longest time the whole call may take.
    pub patience: Duration,
}

/// What the other system answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Body, cut at [`MOST_REPLY`] bytes.
    pub body: Vec<u8>,
}

/// Most bytes of an answer that are read.
pub const MOST_REPLY: usize = 16 * 1_048_576;

/// Carries calls out. `Err` is a Chinese sentence: why there was no answer at all.
pub trait Carrier: Send + Sync {
    /// Sends one call and waits for the answer. Redirects are not followed.
    fn send(&self, call: &Call) -> Result<Reply, String>;
}

/// An event as it leaves the house.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FeedEvent {
    /// 位置，从 1 起没有空缺
    pub position: i64,
    /// 事件编号
    pub event: i64,
    /// 发生时间
    pub at: String,
    /// 经办
    pub actor: String,
    /// 事件类型，例如 publish.notice-published
    pub verb: String,
    /// 对象，例如 plan:17
    pub subject: String,
    /// 主体编号
    pub entity: Option<i64>,
    /// 行政区划
    pub division: Option<String>,
    /// 部门
    pub department: Option<String>,
    /// 当时所依据的政策包
    pub pack: String,
    /// 内容
    #[schema(value_type = Object)]
    pub payload: Value,
    /// 盐值：没有它，凭摘要猜不出内容
    pub salt: String,
}

/// Somebody who wants to be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewHook {
    /// 名称
    pub name: String,
    /// 接收地址
    pub url: String,
    /// 要哪些事件：完整类型，或以“.”结尾的前缀；空为全部
    #[serde(default)]
    pub verbs: Vec<String>,
    /// 只要这些行政区划（含下级）；空为不限
    #[serde(default)]
    pub divisions: Vec<String>,
    /// 只要这些部门；空为不限
    #[serde(default)]
    pub departments: Vec<String>,
    /// 从哪个位置之后开始；不写为现在
    #[serde(default)]
    pub after: Option<i64>,
}

/// A subscriber as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Hook {
    /// 编号
    pub hook_id: i64,
    /// 名称
    pub name: String,
    /// 接收地址
    pub url: String,
    /// 要哪些事件
    pub verbs: Vec<String>,
    /// 范围
    #[schema(value_type = Object)]
    pub scope: Scope,
    /// 密钥的代次
    pub generation: i64,
    /// `active` 正常、`paused` 暂停、`stopped` 多次失败后停止
    pub state: String,
    /// 已送达的位置
    pub position: i64,
    /// 连续失败次数
    pub failures: i64,
    /// 从何时开始失败
    pub failing_at: Option<DateTime<Utc>>,
    /// 下次发送不早于
    pub due_at: DateTime<Utc>,
    /// 上次送达
    pub last_told_at: Option<DateTime<Utc>>,
    /// 上次失败的原因
    pub last_fault: Option<String>,
}

impl Hook {
    /// Whether an event of a place and department is within what was asked for. What was not limited is not asked for:
    /// who names departments only hears of them wherever they are.
    pub fn reaches(&self, place: &Jurisdiction) -> bool {
        let scope = &self.scope;
        if !scope.everything && scope.divisions.is_empty() {
            let anywhere = Jurisdiction {
                division: None,
                department: place.department.clone(),
            };
            return scope.covers(&anywhere);
        }
        scope.covers(place)
    }

    /// Whether an event of this kind is wanted.
    pub fn wants(&self, verb: &str) -> bool {
        let wanted = |want: &String| want == verb || (want.ends_with('.') && verb.starts_with(want.as_str()));
        self.verbs.is_empty() || self.verbs.iter().any(wanted)
    }
}

/// A subscriber with the secret of its signatures, which is shown when it is made and when it is renewed.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Introduced {
    /// The subscriber.
    pub hook: Hook,
    /// 签名密钥（whsec_…）
    pub secret: String,
}

/// One call made to a subscriber.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Delivery {
    /// 编号
    pub delivery_id: i64,
    /// 消息编号：重发时不变，接收方据此去重
    pub message: String,
    /// 第一个位置
    pub first_position: i64,
    /// 最后一个位置
    pub last_position: i64,
    /// 事件数
    pub events: i64,
    /// 发送时间
    pub at: DateTime<Utc>,
    /// HTTP 状态；没有应答时为空
    pub status: Option<i64>,
    /// 失败的原因
    pub fault: Option<String>,
}
