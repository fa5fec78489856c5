//! Routes of pushing on.
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::model::{NewTarget, Push, PushRefusal, Share, Target};
use super::service;
use crate::edge::fields::{Body, Path, Query};
use crate::edge::{Answer, Doc, Edge, PageView, Routes, act, ask, may, page_limit};
use crate::hall::Op;

/// The routes.
pub fn routes() -> Routes {
    Routes::new()
        .get(
            "/api/v1/intake/targets",
            may::PUSH_ON,
            Doc::new("上报目标与上报率：收到、已报、对方接受、对方退回").list_of::<Share>(),
            shares,
        )
        .post(
            "/api/v1/intake/targets",
            may::PUSH_ON,
            Doc::new("新增上报目标").body::<NewTarget>().answer::<Target>(),
            add,
        )
        .post(
            "/api/v1/intake/targets/{target}/state",
            may::PUSH_ON,
            Doc::new("暂停、恢复或移除上报目标")
                .body::<TargetState>()
                .answer::<TargetState>(),
            set_state,
        )
        .get(
            "/api/v1/intake/targets/{target}/pushes",
            may::PUSH_ON,
            Doc::new("上报批次，最新的在前").page_of::<Push>(),
            pushes,
        )
        .get(
            "/api/v1/intake/targets/{target}/refusals",
            may::PUSH_ON,
            Doc::new("对方退回的记录，最新的在前").page_of::<PushRefusal>(),
            refusals,
        )
}

async fn shares(State(edge): State<Edge>, op: Op) -> Answer<Vec<Share>> {
    ask(&edge, op, service::shares).await
}

async fn add(State(edge): State<Edge>, op: Op, Body(new): Body<NewTarget>) -> Answer<Target> {
    let house = edge.house.clone();
    let made = edge
        .off_loop(&op.clone(), move || service::add(&house, &op, &new))
        .await?;
    Ok(Json(made))
}

/// The state a target is to have.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TargetState {
    /// `active`、`paused` 或 `removed`
    pub state: String,
}

async fn set_state(
    State(edge): State<Edge>,
    op: Op,
    Path(target_id): Path<i64>,
    Body(asked): Body<TargetState>,
) -> Answer<TargetState> {
    let (house, by) = (edge.house.clone(), op.clone());
    let done: Json<TargetState> = act(&edge, op, move |tx, op| {
        service::set_state(tx, op, target_id, &asked.state)?;
        Ok(asked.clone())
    })
    .await?;
    if done.0.state == "removed" {
        edge.off_loop(&by, move || service::forget_token(&house, target_id))
            .await?;
    }
    Ok(done)
}

#[derive(Deserialize)]
struct Paging {
    cursor: Option<String>,
    limit: Option<i64>,
}

async fn pushes(
    State(edge): State<Edge>,
    op: Op,
    Path(target_id): Path<i64>,
    Query(paging): Query<Paging>,
) -> Answer<PageView<Push>> {
    let limit = page_limit(paging.limit)?;
    ask(&edge, op, move |tx, op| {
        let before = PageView::<Push>::after(paging.cursor.as_deref(), i64::MAX)?;
        let found = service::pushes(tx, op, target_id, before, limit + 1)?;
        PageView::cut(found, limit, |push| push.push_id)
    })
    .await
}

async fn refusals(
    State(edge): State<Edge>,
    op: Op,
    Path(target_id): Path<i64>,
    Query(paging): Query<Paging>,
) -> Answer<PageView<PushRefusal>> {
    let limit = page_limit(paging.limit)?;
    ask(&edge, op, move |tx, op| {
        let before = PageView::<PushRefusal>::after(paging.cursor.as_deref(), i64::MAX)?;
        let found = service::refusals(tx, op, target_id, before, limit + 1)?;
        PageView::cut_between(found, limit, |refusal| refusal.record_id)
    })
    .await
}
