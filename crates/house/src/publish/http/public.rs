//! Routes for everybody, without signing in. Whatever is added here is walked by the test that looks for classes.
use axum::extract::State;
use serde::Deserialize;

use super::super::model::{PLAN, PublicDraw, PublicEntity, PublicFound, PublicNotice, RESULT};
use super::super::service;
use crate::edge::fields::{Path, Query};
use crate::edge::{Answer, Doc, Edge, PageView, Routes, ask, may, page_limit};
use crate::hall::Op;
use crate::inspect::http::Document;
use crate::inspect::model::DrawDocuments;

/// The routes.
pub fn routes() -> Routes {
    Routes::new()
        .get(
            "/api/v1/public/plans",
            may::PUBLIC,
            Doc::new("公示的抽查计划").page_of::<PublicNotice>(),
            plans,
        )
        .get(
            "/api/v1/public/plans/{plan_no}",
            may::PUBLIC,
            Doc::new("一份抽查计划").answer::<PublicNotice>(),
            plan,
        )
        .get(
            "/api/v1/public/draws",
            may::PUBLIC,
            Doc::new("公示的抽取").page_of::<PublicDraw>(),
            draws,
        )
        .get(
            "/api/v1/public/draws/{draw}",
            may::PUBLIC,
            Doc::new("一次抽取的文书：承诺书、揭示、抽取记录或作废书").answer::<DrawDocuments>(),
            documents,
        )
        .get(
            "/api/v1/public/draws/{draw}/transcript",
            may::PUBLIC,
            Doc::new("供核验的抽取记录文件").answer::<Document>(),
            transcript,
        )
        .get(
            "/api/v1/public/results",
            may::PUBLIC,
            Doc::new("公示的抽查检查结果").page_of::<PublicNotice>(),
            results,
        )
        .get(
            "/api/v1/public/entities",
            may::PUBLIC,
            Doc::new("按名称、拼音首字母或代码开头查找主体")
                .query(
                    "q",
                    "名称或曾用名中的至少两个字（多个词用空格隔开）、拼音首字母、全拼，或代码开头",
                )
                .page_of::<PublicFound>(),
            entities,
        )
        .get(
            "/api/v1/public/entities/{subject_no}",
            may::PUBLIC,
            Doc::new("一个主体的公开信息").answer::<PublicEntity>(),
            entity,
        )
}

#[derive(Deserialize)]
struct Paging {
    cursor: Option<String>,
    limit: Option<i64>,
}

async fn listed(edge: Edge, op: Op, paging: Paging, kind: &'static str) -> Answer<PageView<PublicNotice>> {
    let limit = page_limit(paging.limit)?;
    ask(&edge, op, move |tx, op| {
        let before = PageView::<PublicNotice>::after(paging.cursor.as_deref(), i64::MAX)?;
        let notices = service::public_notices(tx, op, kind, before, limit + 1)?;
        PageView::cut(notices, limit, |notice| notice.notice_id)
    })
    .await
}

async fn plans(
    State(edge): State<Edge>,
    op: Op,
    Query(paging): Query<Paging>,
) -> Answer<PageView<PublicNotice>> {
    listed(edge, op, paging, PLAN).await
}

async fn results(
    State(edge): State<Edge>,
    op: Op,
    Query(paging): Query<Paging>,
) -> Answer<PageView<PublicNotice>> {
    listed(edge, op, paging, RESULT).await
}

async fn plan(State(edge): State<Edge>, op: Op, Path(plan_no): Path<String>) -> Answer<PublicNotice> {
    ask(&edge, op, move |tx, op| service::public_plan(tx, op, &plan_no)).await
}

async fn draws(
    State(edge): State<Edge>,
    op: Op,
    Query(paging): Query<Paging>,
) -> Answer<PageView<PublicDraw>> {
    let limit = page_limit(paging.limit)?;
    ask(&edge, op, move |tx, op| {
        let before = PageView::<PublicDraw>::after(paging.cursor.as_deref(), i64::MAX)?;
        PageView::cut(service::public_draws(tx, op, before, limit + 1)?, limit, |draw| {
            draw.notice_id
        })
    })
    .await
}

async fn documents(State(edge): State<Edge>, op: Op, Path(draw_id): Path<i64>) -> Answer<DrawDocuments> {
    ask(&edge, op, move |tx, op| {
        service::public_documents(tx, op, draw_id)
    })
    .await
}

async fn transcript(State(edge): State<Edge>, op: Op, Path(draw_id): Path<i64>) -> Answer<Document> {
    let keys = edge.house.keys.clone();
    ask(&edge, op, move |tx, op| {
        Document::of(&service::public_transcript(tx, op, &keys, draw_id)?)
    })
    .await
}

#[derive(Deserialize)]
struct Asked {
    q: String,
    cursor: Option<String>,
    limit: Option<i64>,
}

async fn entities(
    State(edge): State<Edge>,
    op: Op,
    Query(asked): Query<Asked>,
) -> Answer<PageView<PublicFound>> {
    let limit = page_limit(asked.limit)?;
    let house = edge.house.clone();
    ask(&edge, op, move |tx, op| {
        service::public_found(&house, tx, op, &asked.q, asked.cursor.as_deref(), limit)
    })
    .await
}

async fn entity(State(edge): State<Edge>, op: Op, Path(subject_no): Path<String>) -> Answer<PublicEntity> {
    ask(&edge, op, move |tx, op| {
        service::public_entity(tx, op, &subject_no)
    })
    .await
}
