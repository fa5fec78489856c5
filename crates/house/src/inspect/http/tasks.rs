//! Routes of tasks and results.
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::model::{ItemResult, NewResult, Replaced, Replacement, Task, TaskSearch};
use super::super::service;
use crate::edge::fields::{Body, Path, Query};
use crate::edge::{Answer, Doc, Edge, PageView, Routes, act, ask, may, page_limit};
use crate::hall::Op;

pub(super) fn routes() -> Routes {
    Routes::new()
        .get(
            "/api/v1/inspect/tasks",
            may::READ_INSPECT,
            Doc::new("检查任务")
                .query("plan", "计划（系统编号）")
                .query("inspector", "执法证号")
                .query("state", "unstaffed、open、done、cancelled 或 replaced")
                .page_of::<Task>(),
            tasks,
        )
        .get(
            "/api/v1/inspect/tasks/{task}",
            may::READ_INSPECT,
            Doc::new("一项任务").answer::<Task>(),
            task,
        )
        .get(
            "/api/v1/inspect/tasks/{task}/results",
            may::READ_INSPECT,
            Doc::new("任务的检查结果").list_of::<ItemResult>(),
            results,
        )
        .post(
            "/api/v1/inspect/tasks/{task}/results",
            may::RECORD_RESULT,
            Doc::new("录入检查结果").body::<NewResult>().answer::<Task>(),
            record_result,
        )
        .post(
            "/api/v1/inspect/tasks/{task}/replace",
            may::RECORD_RESULT,
            Doc::new("由候补对象替换")
                .body::<Replacement>()
                .answer::<Replaced>(),
            replace,
        )
        .post(
            "/api/v1/inspect/tasks/{task}/cancel",
            may::RECORD_RESULT,
            Doc::new("取消任务").body::<Reason>().answer::<Task>(),
            cancel,
        )
        .post(
            "/api/v1/inspect/tasks/{task}/recuse",
            may::RECORD_RESULT,
            Doc::new("检查人员回避").body::<Recusal>().answer::<Task>(),
            recuse,
        )
        .post(
            "/api/v1/inspect/tasks/{task}/staff",
            may::DRAW,
            Doc::new("为待派人的任务选派人员").answer::<Task>(),
            staff,
        )
}

/// A reason.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// 原因
    pub reason: String,
}

/// Who must not go, and why.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Recusal {
    /// 执法证号
    pub inspector: String,
    /// 原因
    pub reason: String,
}

#[derive(Deserialize)]
struct Listing {
    plan: Option<i64>,
    inspector: Option<String>,
    state: Option<String>,
    cursor: Option<String>,
    limit: Option<i64>,
}

async fn tasks(State(edge): State<Edge>, op: Op, Query(asked): Query<Listing>) -> Answer<PageView<Task>> {
    let limit = page_limit(asked.limit)?;
    ask(&edge, op, move |tx, op| {
        let after = PageView::<Task>::after(asked.cursor.as_deref(), 0)?;
        let search = TaskSearch {
            plan: asked.plan,
            inspector: asked.inspector,
            state: asked.state,
        };
        service::tasks_page(tx, op, &search, after, limit)
    })
    .await
}

async fn task(State(edge): State<Edge>, op: Op, Path(task_id): Path<i64>) -> Answer<Task> {
    ask(&edge, op, move |tx, op| service::task(tx, op, task_id)).await
}

async fn results(State(edge): State<Edge>, op: Op, Path(task_id): Path<i64>) -> Answer<Vec<ItemResult>> {
    ask(&edge, op, move |tx, op| service::results(tx, op, task_id)).await
}

async fn record_result(
    State(edge): State<Edge>,
    op: Op,
    Path(task_id): Path<i64>,
    Body(new): Body<NewResult>,
) -> Answer<Task> {
    act(&edge, op, move |tx, op| {
        service::record_result(tx, op, task_id, &new)
    })
    .await
}

async fn replace(
    State(edge): State<Edge>,
    op: Op,
    Path(task_id): Path<i64>,
    Body(reason): Body<Replacement>,
) -> Answer<Replaced> {
    act(&edge, op, move |tx, op| {
        service::replace(tx, op, task_id, &reason)
    })
    .await
}

async fn cancel(
    State(edge): State<Edge>,
    op: Op,
    Path(task_id): Path<i64>,
    Body(why): Body<Reason>,
) -> Answer<Task> {
    act(&edge, op, move |tx, op| {
        service::cancel(tx, op, task_id, &why.reason)
    })
    .await
}

async fn recuse(
    State(edge): State<Edge>,
    op: Op,
    Path(task_id): Path<i64>,
    Body(who): Body<Recusal>,
) -> Answer<Task> {
    act(&edge, op, move |tx, op| {
        service::recuse(tx, op, task_id, &who.inspector, &who.reason)
    })
    .await
}

async fn staff(State(edge): State<Edge>, op: Op, Path(task_id): Path<i64>) -> Answer<Task> {
    act(&edge, op, move |tx, op| service::staff(tx, op, task_id)).await
}
