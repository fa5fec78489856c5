//! Routes of draws.
use axum::extract::State;
use kernel::Outcome;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::model::{Draw, NewDraw};
use super::super::service;
use super::Document;
use crate::edge::fields::{Body, Path};
use crate::edge::{Answer, Doc, Edge, Problem, Routes, act, ask, may};
use crate::hall::Op;

pub(super) fn routes() -> Routes {
    Routes::new()
        .get(
            "/api/v1/inspect/plans/{plan}/draws",
            may::READ_INSPECT,
            Doc::new("计划的各次抽取").list_of::<Draw>(),
            draws,
        )
        .post(
            "/api/v1/inspect/plans/{plan}/draws",
            may::DRAW,
            Doc::new("承诺一次抽取").body::<NewDraw>().answer::<Draw>(),
            commit,
        )
        .get(
            "/api/v1/inspect/draws/{draw}",
            may::READ_INSPECT,
            Doc::new("一次抽取").answer::<Draw>(),
            draw_state,
        )
        .post(
            "/api/v1/inspect/draws/{draw}/reveals",
            may::DRAW,
            Doc::new("揭示一方的随机数").body::<Reveal>().answer::<Draw>(),
            reveal,
        )
        .post(
            "/api/v1/inspect/draws/{draw}/draw",
            may::DRAW,
            Doc::new("抽取").answer::<Draw>(),
            draw,
        )
        .post(
            "/api/v1/inspect/draws/expire",
            may::DRAW,
            Doc::new("作废已过揭示期限的抽取").list_of::<Draw>(),
            expire,
        )
        .get(
            "/api/v1/inspect/draws/{draw}/firms/{subject_no}",
            may::AUDIT_DRAW,
            Doc::new("企业核验材料（本企业各事项的行）").list_of::<Document>(),
            firm_material,
        )
        .get(
            "/api/v1/inspect/draws/{draw}/auditor",
            may::AUDIT_DRAW,
            Doc::new("监督人员核验材料").answer::<Document>(),
            auditor_material,
        )
}

/// A revealed value.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reveal {
    /// 提供方名称
    pub name: String,
    /// 随机数（十六进制）
    pub value: String,
}

async fn draws(State(edge): State<Edge>, op: Op, Path(plan_id): Path<i64>) -> Answer<Vec<Draw>> {
    ask(&edge, op, move |tx, op| service::draws_of_plan(tx, op, plan_id)).await
}

async fn commit(
    State(edge): State<Edge>,
    op: Op,
    Path(plan_id): Path<i64>,
    Body(new): Body<NewDraw>,
) -> Answer<Draw> {
    let mut pool_key = [0_u8; 32];
    edge.house.chance.fill(&mut pool_key).map_err(Problem)?;
    act(&edge, op, move |tx, op| {
        service::commit_draw(tx, op, plan_id, &new, pool_key)
    })
    .await
}

async fn draw_state(State(edge): State<Edge>, op: Op, Path(draw_id): Path<i64>) -> Answer<Draw> {
    ask(&edge, op, move |tx, op| service::draw_state(tx, op, draw_id)).await
}

async fn reveal(
    State(edge): State<Edge>,
    op: Op,
    Path(draw_id): Path<i64>,
    Body(one): Body<Reveal>,
) -> Answer<Draw> {
    act(&edge, op, move |tx, op| {
        service::reveal(tx, op, draw_id, &one.name, &one.value)
    })
    .await
}

async fn draw(State(edge): State<Edge>, op: Op, Path(draw_id): Path<i64>) -> Answer<Draw> {
    let keys = edge.house.keys.clone();
    act(&edge, op, move |tx, op| service::draw(tx, op, &keys, draw_id)).await
}

async fn expire(State(edge): State<Edge>, op: Op) -> Answer<Vec<Draw>> {
    act(&edge, op, service::expire_draws).await
}

async fn firm_material(
    State(edge): State<Edge>,
    op: Op,
    Path((draw_id, subject_no)): Path<(i64, String)>,
) -> Answer<Vec<Document>> {
    ask(&edge, op, move |tx, op| {
        let rows = service::firm_material(tx, op, draw_id, &subject_no)?;
        rows.iter().map(Document::of).collect::<Outcome<Vec<_>>>()
    })
    .await
}

async fn auditor_material(State(edge): State<Edge>, op: Op, Path(draw_id): Path<i64>) -> Answer<Document> {
    ask(&edge, op, move |tx, op| {
        Document::of(&service::auditor_material(tx, op, draw_id)?)
    })
    .await
}
