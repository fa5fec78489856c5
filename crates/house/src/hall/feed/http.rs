//! Routes of the feeds.
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::hooks::{self, Deed};
use super::log::{self, Asked};
use super::model::{Delivery, Hook, Introduced, NewHook};
use crate::edge::fields::{Body, Path, Query};
use crate::edge::{Answer, Doc, Edge, PageView, Routes, act, ask, may, page_limit};
use crate::hall::{Op, query};

/// The routes.
pub fn routes() -> Routes {
    Routes::new()
        .get(
            "/api/v1/feed/events",
            may::READ_FEED,
            Doc::new("按位置增量下载事件，带签名状态，可证明没有缺失（说明见 docs/feeds.md）")
                .query("after", "上次取到的位置，从 0 起")
                .query("limit", "最多多少个位置，至多 1000")
                .query("verbs", "要哪些事件，逗号分隔；其余只给摘要")
                .raw_answer("application/json"),
            events,
        )
        .get(
            "/api/v1/feed/hooks",
            may::MANAGE_HOOKS,
            Doc::new("推送订阅").list_of::<Hook>(),
            list,
        )
        .post(
            "/api/v1/feed/hooks",
            may::MANAGE_HOOKS,
            Doc::new("新增推送订阅；签名密钥只在答复中给出一次")
                .body::<NewHook>()
                .answer::<Introduced>(),
            introduce,
        )
        .post(
            "/api/v1/feed/hooks/{hook}/change",
            may::MANAGE_HOOKS,
            Doc::new("暂停、恢复、移除订阅，或更换密钥")
                .body::<Change>()
                .answer::<Changed>(),
            change,
        )
        .post(
            "/api/v1/feed/hooks/{hook}/rewind",
            may::MANAGE_HOOKS,
            Doc::new("从某一位置之后重新推送")
                .body::<Rewind>()
                .answer::<Changed>(),
            rewind,
        )
        .get(
            "/api/v1/feed/hooks/{hook}/deliveries",
            may::MANAGE_HOOKS,
            Doc::new("推送记录，最新的在前").page_of::<Delivery>(),
            deliveries,
        )
}

#[derive(Deserialize)]
struct From {
    #[serde(default)]
    after: i64,
    limit: Option<i64>,
    verbs: Option<String>,
}

async fn events(State(edge): State<Edge>, op: Op, Query(from): Query<From>) -> Answer<proof::feed::Page> {
    let house = edge.house.clone();
    let asked = Asked {
        after: from.after,
        limit: from.limit.unwrap_or(log::MOST),
        verbs: from
            .verbs
            .iter()
            .flat_map(|list| list.split(','))
            .filter(|verb| !verb.is_empty())
            .map(str::to_owned)
            .collect(),
    };
    let page = edge
        .off_loop(&op.clone(), move || {
            query(&house, &op, |tx, op| log::page(tx, op, &house.keys, &asked))
        })
        .await?;
    Ok(Json(page))
}

async fn list(State(edge): State<Edge>, op: Op) -> Answer<Vec<Hook>> {
    ask(&edge, op, hooks::hooks).await
}

async fn introduce(State(edge): State<Edge>, op: Op, Body(new): Body<NewHook>) -> Answer<Introduced> {
    // The answer that is kept for a retry has no secret in it.
    let Json(hook) = act(&edge, op, move |tx, op| hooks::introduce(tx, op, &new)).await?;
    Ok(Json(hooks::with_secret(&edge.house.keys, hook)))
}

/// What to do with a subscriber.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// `pause`、`resume`、`remove`、`renew`
    pub deed: Deed,
}

/// What came of it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Changed {
    /// 新的签名密钥，只在更换时给出
    pub secret: Option<String>,
}

async fn change(
    State(edge): State<Edge>,
    op: Op,
    Path(hook_id): Path<i64>,
    Body(asked): Body<Change>,
) -> Answer<Changed> {
    let Json(renewed): Json<Option<Hook>> = act(&edge, op, move |tx, op| {
        hooks::change(tx, op, hook_id, asked.deed)
    })
    .await?;
    let secret = renewed.map(|hook| hooks::with_secret(&edge.house.keys, hook).secret);
    Ok(Json(Changed { secret }))
}

/// Where to begin again.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rewind {
    /// 从这个位置之后
    pub position: i64,
}

async fn rewind(
    State(edge): State<Edge>,
    op: Op,
    Path(hook_id): Path<i64>,
    Body(asked): Body<Rewind>,
) -> Answer<Changed> {
    act(&edge, op, move |tx, op| {
        hooks::rewind(tx, op, hook_id, asked.position)?;
        Ok(Changed { secret: None })
    })
    .await
}

#[derive(Deserialize)]
struct Paging {
    cursor: Option<String>,
    limit: Option<i64>,
}

async fn deliveries(
    State(edge): State<Edge>,
    op: Op,
    Path(hook_id): Path<i64>,
    Query(paging): Query<Paging>,
) -> Answer<PageView<Delivery>> {
    let limit = page_limit(paging.limit)?;
    ask(&edge, op, move |tx, op| {
        let before = PageView::<Delivery>::after(paging.cursor.as_deref(), i64::MAX)?;
        let found = hooks::deliveries(tx, op, hook_id, before, limit + 1)?;
        PageView::cut(found, limit, |delivery| delivery.delivery_id)
    })
    .await
}
