//! Routes of the life of models. None of them is public.
use axum::Json;
use axum::extract::State;
use kernel::Outcome;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::model::{Approval, Draft, Findings, NewDraft, Reason, Release, Shadow, Whole, Window};
use super::service;
use crate::edge::fields::{Body, Path, Query};
use crate::edge::{Answer, Doc, Edge, PageView, Routes, act, ask, may, page_limit};
use crate::hall::{House, Op, Told};

/// The routes.
pub fn routes() -> Routes {
    Routes::new()
        .post(
            "/api/v1/assess/models",
            may::DRAFT_MODEL,
            Doc::new("提交模型草案").body::<NewDraft>().answer::<Draft>(),
            draft,
        )
        .get(
            "/api/v1/assess/models",
            may::READ_MODELS,
            Doc::new("模型草案，新的在前").page_of::<Draft>(),
            drafts,
        )
        .get(
            "/api/v1/assess/models/{draft}",
            may::READ_MODELS,
            Doc::new("一份模型草案：内容、影子运行、放行记录").answer::<Whole>(),
            whole,
        )
        .get(
            "/api/v1/assess/models/{draft}/events",
            may::READ_MODELS,
            Doc::new("一份模型草案办理的全过程").list_of::<Told>(),
            events,
        )
        .post(
            "/api/v1/assess/models/{draft}/shadows",
            may::DRAFT_MODEL,
            Doc::new("要求影子运行；草案编号 0 为部署的政策包本身")
                .body::<Window>()
                .answer::<Shadow>(),
            order,
        )
        .get(
            "/api/v1/assess/shadows/{shadow}",
            may::READ_MODELS,
            Doc::new("影子运行的结果").answer::<Findings>(),
            findings,
        )
        .post(
            "/api/v1/assess/models/{draft}/approval",
            may::APPROVE_MODEL,
            Doc::new("由起草人以外的人批准，自某日起生效；草案编号 0 为退回部署的政策包本身")
                .body::<Approval>()
                .answer::<Release>(),
            approve,
        )
        .post(
            "/api/v1/assess/models/{draft}/rejection",
            may::APPROVE_MODEL,
            Doc::new("否决").body::<Reason>().answer::<Draft>(),
            reject,
        )
        .post(
            "/api/v1/assess/models/{draft}/withdrawal",
            may::DRAFT_MODEL,
            Doc::new("撤回未批准的草案，或未到生效日的批准")
                .body::<Reason>()
                .answer::<Draft>(),
            withdraw,
        )
        .get(
            "/api/v1/assess/releases",
            may::READ_MODELS,
            Doc::new("放行记录，旧的在前").list_of::<Release>(),
            releases,
        )
}

async fn draft(State(edge): State<Edge>, op: Op, Body(new): Body<NewDraft>) -> Answer<Draft> {
    act(&edge, op, move |tx, op| service::draft(tx, op, &new)).await
}

#[derive(Deserialize)]
struct Paging {
    cursor: Option<String>,
    limit: Option<i64>,
}

async fn drafts(State(edge): State<Edge>, op: Op, Query(paging): Query<Paging>) -> Answer<PageView<Draft>> {
    let limit = page_limit(paging.limit)?;
    ask(&edge, op, move |tx, op| {
        let before = PageView::<Draft>::after(paging.cursor.as_deref(), i64::MAX)?;
        PageView::cut(service::drafts(tx, op, before, limit + 1)?, limit, |draft| {
            draft.draft_id
        })
    })
    .await
}

async fn whole(State(edge): State<Edge>, op: Op, Path(draft): Path<i64>) -> Answer<Whole> {
    ask(&edge, op, move |tx, op| service::whole(tx, op, draft)).await
}

async fn events(State(edge): State<Edge>, op: Op, Path(draft): Path<i64>) -> Answer<Vec<Told>> {
    ask(&edge, op, move |tx, op| service::events(tx, op, draft)).await
}

async fn order(
    State(edge): State<Edge>,
    op: Op,
    Path(draft): Path<i64>,
    Body(window): Body<Window>,
) -> Answer<Shadow> {
    act(&edge, op, move |tx, op| service::order(tx, op, draft, &window)).await
}

async fn findings(State(edge): State<Edge>, op: Op, Path(shadow): Path<i64>) -> Answer<Findings> {
    ask(&edge, op, move |tx, op| service::findings(tx, op, shadow)).await
}

/// Runs what changes the law the house goes by.
async fn change<T: Serialize + ToSchema + Send + 'static>(
    edge: &Edge,
    op: Op,
    work: impl FnOnce(&House, &Op) -> Outcome<T> + Send + 'static,
) -> Answer<T> {
    let (house, asked) = (edge.house.clone(), op.clone());
    let done = edge.off_loop(&op, move || work(&house, &asked)).await?;
    Ok(Json(done))
}

async fn approve(
    State(edge): State<Edge>,
    op: Op,
    Path(draft): Path<i64>,
    Body(approval): Body<Approval>,
) -> Answer<Release> {
    change(&edge, op, move |house, op| {
        service::approve(house, op, draft, &approval)
    })
    .await
}

async fn reject(
    State(edge): State<Edge>,
    op: Op,
    Path(draft): Path<i64>,
    Body(why): Body<Reason>,
) -> Answer<Draft> {
    act(&edge, op, move |tx, op| {
        service::reject(tx, op, draft, &why.reason)
    })
    .await
}

async fn withdraw(
    State(edge): State<Edge>,
    op: Op,
    Path(draft): Path<i64>,
    Body(why): Body<Reason>,
) -> Answer<Draft> {
    change(&edge, op, move |house, op| {
        service::withdraw(house, op, draft, &why.reason)
    })
    .await
}

async fn releases(State(edge): State<Edge>, op: Op) -> Answer<Vec<Release>> {
    ask(&edge, op, service::releases).await
}
