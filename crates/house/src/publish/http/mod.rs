//! Routes of publication for the desk; those for the public are next door.
mod public;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::model::{NewAnnouncement, Notice};
use super::service;
use crate::edge::fields::{Body, Path, Query};
use crate::edge::{Answer, Doc, Edge, PageView, Routes, act, ask, may, page_limit};
use crate::hall::Op;

/// The routes.
pub fn routes() -> Routes {
    Routes::new()
        .get(
            "/api/v1/publish/notices",
            may::PUBLISH,
            Doc::new("公示列表，最新的在前").page_of::<Notice>(),
            notices,
        )
        .get(
            "/api/v1/publish/notices/{notice}",
            may::PUBLISH,
            Doc::new("一项公示").answer::<Notice>(),
            notice,
        )
        .post(
            "/api/v1/publish/notices/{notice}/withdraw",
            may::PUBLISH,
            Doc::new("撤回公示").body::<Withdrawal>().answer::<Notice>(),
            withdraw,
        )
        .post(
            "/api/v1/publish/announcements",
            may::PUBLISH,
            Doc::new("发布公告").body::<NewAnnouncement>().answer::<Notice>(),
            announce,
        )
        .post(
            "/api/v1/publish/results/{task}",
            may::PUBLISH,
            Doc::new("公示一项任务的检查结果").answer::<Notice>(),
            publish_result,
        )
        .post(
            "/api/v1/publish/results",
            may::PUBLISH,
            Doc::new("公示全部待公示的检查结果").answer::<Done>(),
            publish_due,
        )
        .post(
            "/api/v1/publish/expire",
            may::PUBLISH,
            Doc::new("撤下期满的公示").answer::<Done>(),
            expire,
        )
        .and(public::routes())
}

/// Why a notice is withdrawn.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Withdrawal {
    /// 原因
    pub why: String,
}

/// How many were done.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Done {
    /// 项数
    pub notices: u64,
}

impl From<u64> for Done {
    fn from(notices: u64) -> Self {
        Self { notices }
    }
}

#[derive(Deserialize)]
struct Paging {
    cursor: Option<String>,
    limit: Option<i64>,
}

async fn notices(State(edge): State<Edge>, op: Op, Query(paging): Query<Paging>) -> Answer<PageView<Notice>> {
    let limit = page_limit(paging.limit)?;
    ask(&edge, op, move |tx, op| {
        let before = PageView::<Notice>::after(paging.cursor.as_deref(), i64::MAX)?;
        service::notices(tx, op, before, limit)
    })
    .await
}

async fn notice(State(edge): State<Edge>, op: Op, Path(notice_id): Path<i64>) -> Answer<Notice> {
    ask(&edge, op, move |tx, op| service::notice(tx, op, notice_id)).await
}

async fn withdraw(
    State(edge): State<Edge>,
    op: Op,
    Path(notice_id): Path<i64>,
    Body(withdrawal): Body<Withdrawal>,
) -> Answer<Notice> {
    act(&edge, op, move |tx, op| {
        service::withdraw(tx, op, notice_id, &withdrawal.why)
    })
    .await
}

async fn announce(State(edge): State<Edge>, op: Op, Body(new): Body<NewAnnouncement>) -> Answer<Notice> {
    act(&edge, op, move |tx, op| service::announce(tx, op, &new)).await
}

async fn publish_result(State(edge): State<Edge>, op: Op, Path(task_id): Path<i64>) -> Answer<Notice> {
    act(&edge, op, move |tx, op| service::publish_result(tx, op, task_id)).await
}

async fn publish_due(State(edge): State<Edge>, op: Op) -> Answer<Done> {
    act(&edge, op, service::publish_due_results).await
}

async fn expire(State(edge): State<Edge>, op: Op) -> Answer<Done> {
    act(&edge, op, service::expire).await
}
