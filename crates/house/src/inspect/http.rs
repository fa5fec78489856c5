//! Routes of inspection, for the desk.
use axum::extract::State;
use db::Tx;
use kernel::{Fault, Outcome};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::model::{
    Draw, ItemResult, NewDraw, NewPlan, NewResult, Plan, Replaced, Replacement, Task, TaskSearch,
};
use super::service;
use crate::edge::fields::{Body, Path, Query};
use crate::edge::{Answer, Doc, Edge, PageView, Problem, Routes, act, ask, may, page_limit};
use crate::hall::Op;

/// The routes.
pub fn routes() -> Routes {
    plan_routes().and(draw_routes()).and(task_routes())
}

fn plan_routes() -> Routes {
    Routes::new()
        .get("/api/v1/inspect/checks", may::READ_INSPECT, Doc::new("抽查事项清单").list_of::<CheckView>(), checks)
        .post("/api/v1/inspect/plans", may::WRITE_PLAN, Doc::new("编制抽查计划").body::<NewPlan>().answer::<Plan>(), write_plan)
        .get("/api/v1/inspect/plans", may::READ_INSPECT, Doc::new("抽查计划,最新的在前").page_of::<Plan>(), plans)
        .get("/api/v1/inspect/plans/{plan}", may::READ_INSPECT, Doc::new("一份计划").answer::<Plan>(), plan)
        .post(
            "/api/v1/inspect/plans/{plan}/edit",
            may::WRITE_PLAN,
            Doc::new("修改草稿").body::<NewPlan>().answer::<Plan>(),
            edit_plan,
        )
        .post("/api/v1/inspect/plans/{plan}/approve", may::APPROVE_PLAN, Doc::new("批准计划").answer::<Plan>(), approve)
        .post("/api/v1/inspect/plans/{plan}/close", may::APPROVE_PLAN, Doc::new("结束计划").answer::<Plan>(), close)
        .get("/api/v1/inspect/plans/{plan}/draws", may::READ_INSPECT, Doc::new("计划的各次抽取").list_of::<Draw>(), draws)
        .post(
            "/api/v1/inspect/plans/{plan}/draws",
            may::DRAW,
            Doc::new("承诺一次抽取").body::<NewDraw>().answer::<Draw>(),
            commit,
        )
}

fn draw_routes() -> Routes {
    Routes::new()
        .get("/api/v1/inspect/draws/{draw}", may::READ_INSPECT, Doc::new("一次抽取").answer::<Draw>(), draw_state)
        .post(
            "/api/v1/inspect/draws/{draw}/reveals",
            may::DRAW,
            Doc::new("揭示一方的随机数").body::<Reveal>().answer::<Draw>(),
            reveal,
        )
        .post("/api/v1/inspect/draws/{draw}/draw", may::DRAW, Doc::new("抽取").answer::<Draw>(), draw)
        .post(
            "/api/v1/inspect/draws/expire",
            may::DRAW,
            Doc::new("作废已过揭示期限的抽取").list_of::<Draw>(),
            expire,
        )
        .get(
            "/api/v1/inspect/draws/{draw}/firms/{subject_no}",
            may::AUDIT_DRAW,
            Doc::new("企业核验材料(本企业各事项的行)").list_of::<Document>(),
            firm_material,
        )
        .get(
            "/api/v1/inspect/draws/{draw}/auditor",
            may::AUDIT_DRAW,
            Doc::new("监督人员核验材料").answer::<Document>(),
            auditor_material,
        )
}

fn task_routes() -> Routes {
    Routes::new()
        .get(
            "/api/v1/inspect/tasks",
            may::READ_INSPECT,
            Doc::new("检查任务")
                .query("plan", "计划(系统编号)")
                .query("inspector", "执法证号")
                .query("state", "unstaffed、open、done、cancelled 或 replaced")
                .page_of::<Task>(),
            tasks,
        )
        .get("/api/v1/inspect/tasks/{task}", may::READ_INSPECT, Doc::new("一项任务").answer::<Task>(), task)
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
            Doc::new("由候补对象替换").body::<Replacement>().answer::<Replaced>(),
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
        .post("/api/v1/inspect/tasks/{task}/staff", may::DRAW, Doc::new("为待派人的任务选派人员").answer::<Task>(), staff)
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

/// A document of the draw as it is given out.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = Object)]
pub struct Document(pub Value);

impl Document {
    /// Any document as JSON.
    pub fn of<T: Serialize>(document: &T) -> Outcome<Self> {
        serde_json::to_value(document).map(Self).map_err(|e| Fault::internal("文书无法写出", e))
    }
}

/// A revealed value.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reveal {
    /// 提供方名称
    pub name: String,
    /// 随机数(十六进制)
    pub value: String,
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
        PageView::cut(service::plans(tx, op, before, limit + 1)?, limit, |plan| plan.plan_id)
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

async fn draws(State(edge): State<Edge>, op: Op, Path(plan_id): Path<i64>) -> Answer<Vec<Draw>> {
    ask(&edge, op, move |tx, op| service::draws_of_plan(tx, op, plan_id)).await
}

async fn commit(State(edge): State<Edge>, op: Op, Path(plan_id): Path<i64>, Body(new): Body<NewDraw>) -> Answer<Draw> {
    let mut pool_key = [0_u8; 32];
    edge.house.chance.fill(&mut pool_key).map_err(Problem)?;
    act(&edge, op, move |tx, op| service::commit_draw(tx, op, plan_id, &new, pool_key)).await
}

async fn draw_state(State(edge): State<Edge>, op: Op, Path(draw_id): Path<i64>) -> Answer<Draw> {
    ask(&edge, op, move |tx, op| service::draw_state(tx, op, draw_id)).await
}

async fn reveal(State(edge): State<Edge>, op: Op, Path(draw_id): Path<i64>, Body(one): Body<Reveal>) -> Answer<Draw> {
    act(&edge, op, move |tx, op| service::reveal(tx, op, draw_id, &one.name, &one.value)).await
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
    ask(&edge, op, move |tx, op| Document::of(&service::auditor_material(tx, op, draw_id)?)).await
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
        let search = TaskSearch { plan: asked.plan, inspector: asked.inspector, state: asked.state };
        PageView::cut(service::tasks(tx, op, &search, after, limit + 1)?, limit, |task| task.task_id)
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
    act(&edge, op, move |tx, op| service::record_result(tx, op, task_id, &new)).await
}

async fn replace(
    State(edge): State<Edge>,
    op: Op,
    Path(task_id): Path<i64>,
    Body(reason): Body<Replacement>,
) -> Answer<Replaced> {
    act(&edge, op, move |tx, op| service::replace(tx, op, task_id, &reason)).await
}

async fn cancel(State(edge): State<Edge>, op: Op, Path(task_id): Path<i64>, Body(why): Body<Reason>) -> Answer<Task> {
    act(&edge, op, move |tx, op| service::cancel(tx, op, task_id, &why.reason)).await
}

async fn recuse(State(edge): State<Edge>, op: Op, Path(task_id): Path<i64>, Body(who): Body<Recusal>) -> Answer<Task> {
    act(&edge, op, move |tx, op| service::recuse(tx, op, task_id, &who.inspector, &who.reason)).await
}

async fn staff(State(edge): State<Edge>, op: Op, Path(task_id): Path<i64>) -> Answer<Task> {
    act(&edge, op, move |tx, op| service::staff(tx, op, task_id)).await
}
