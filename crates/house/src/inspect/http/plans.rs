//! Routes of plans.
use axum::extract::State;
use db::Tx;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::model::{NewPlan, Plan};
use super::super::service;
use crate::edge::fields::{Body, Path, Query};
use crate::edge::{Answer, Doc, Edge, PageView, Routes, act, ask, may, page_limit};
use crate::hall::Op;

pub(super) fn routes() -> Routes {
    Routes::new()
        .get(
            "/api/v1/inspect/checks",
            may::READ_INSPECT,
            Doc::new("抽查事项清单").list_of::<CheckView>(),
            checks,
        )
        .post(
            "/api/v1/inspect/plans",
            may::WRITE_PLAN,
            Doc::new("编制抽查计划").body::<NewPlan>().answer::<Plan>(),
            write_plan,
        )
        .get(
            "/api/v1/inspect/plans",
            may::READ_INSPECT,
            Doc::new("抽查计划，最新的在前").page_of::<Plan>(),
            plans,
        )
        .get(
            "/api/v1/inspect/plans/{plan}",
            may::READ_INSPECT,
            Doc::new("一份计划").answer::<Plan>(),
            plan,
        )
        .post(
            "/api/v1/inspect/plans/{plan}/edit",
            may::WRITE_PLAN,
            Doc::new("修改草稿").body::<NewPlan>().answer::<Plan>(),
            edit_plan,
        )
        .post(
            "/api/v1/inspect/plans/{plan}/approve",
            may::APPROVE_PLAN,
            Doc::new("批准计划").answer::<Plan>(),
            approve,
        )
        .post(
            "/api/v1/inspect/plans/{plan}/close",
            may::APPROVE_PLAN,
            Doc::new("结束计划").answer::<Plan>(),
            close,
        )
}

/// A check item of the pack.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct CheckView {
    /// 抽查事项代码
    pub code: String,
    /// 名称
    pub title: String,
    /// 抽查类别
    pub field: String,
    /// 检查部门职能
    pub function: String,
    /// 检查内容
    pub content: Vec<String>,
    /// 依据
    pub basis: String,
}

#[derive(Deserialize)]
struct Paging {
    cursor: Option<String>,
    limit: Option<i64>,
}

async fn checks(State(edge): State<Edge>, op: Op) -> Answer<Vec<CheckView>> {
    ask(&edge, op, |_: &mut Tx, op| {
        let law = op.pack.on(op.today());
        let view = |known: policy::Answer<&policy::pack::CheckItem>| CheckView {
            basis: known.trace.basis.to_string(),
            code: known.trace.code,
            title: known.value.title.clone(),
            field: known.value.field.clone(),
            function: known.value.function.clone(),
            content: known.value.content.clone(),
        };
        Ok(law.checks().map(view).collect::<Vec<_>>())
    })
    .await
}

async fn write_plan(State(edge): State<Edge>, op: Op, Body(new): Body<NewPlan>) -> Answer<Plan> {
    act(&edge, op, move |tx, op| service::write_plan(tx, op, &new)).await
}

async fn plans(State(edge): State<Edge>, op: Op, Query(paging): Query<Paging>) -> Answer<PageView<Plan>> {
    let limit = page_limit(paging.limit)?;
    ask(&edge, op, move |tx, op| {
        let before = PageView::<Plan>::after(paging.cursor.as_deref(), i64::MAX)?;
        service::plans_page(tx, op, before, limit)
    })
    .await
}

async fn plan(State(edge): State<Edge>, op: Op, Path(plan_id): Path<i64>) -> Answer<Plan> {
    ask(&edge, op, move |tx, op| service::plan(tx, op, plan_id)).await
}

async fn edit_plan(
    State(edge): State<Edge>,
    op: Op,
    Path(plan_id): Path<i64>,
    Body(new): Body<NewPlan>,
) -> Answer<Plan> {
    act(&edge, op, move |tx, op| service::edit_plan(tx, op, plan_id, &new)).await
}

async fn approve(State(edge): State<Edge>, op: Op, Path(plan_id): Path<i64>) -> Answer<Plan> {
    act(&edge, op, move |tx, op| service::approve_plan(tx, op, plan_id)).await
}

async fn close(State(edge): State<Edge>, op: Op, Path(plan_id): Path<i64>) -> Answer<Plan> {
    act(&edge, op, move |tx, op| service::close_plan(tx, op, plan_id)).await
}
