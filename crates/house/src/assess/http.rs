//! Routes of classification. None of them is public.
use axum::extract::State;
use chrono::NaiveDate;
use kernel::Day;
use kernel::page::Cursor;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::model::{Change, ChangesAsked, ClassChange, ClassCount, Direction, Run, Standing};
use super::service;
use crate::edge::fields::{Body, Path, Query};
use crate::edge::{Answer, Doc, Edge, PageView, Routes, act, ask, may, page_limit};
use crate::hall::Op;

/// The routes.
pub fn routes() -> Routes {
    Routes::new()
        .post(
            "/api/v1/assess/runs",
            may::CLASSIFY,
            Doc::new("全量分类").body::<Order>().answer::<Ordered>(),
            order,
        )
        .get(
            "/api/v1/assess/runs",
            may::READ_CLASSES,
            Doc::new("分类批次；只对管辖范围为全部的账号开放").page_of::<Run>(),
            runs,
        )
        .get(
            "/api/v1/assess/shares",
            may::READ_CLASSES,
            Doc::new("各类主体数；只对管辖范围为全部的账号开放").list_of::<ClassCount>(),
            shares,
        )
        .get(
            "/api/v1/assess/changes",
            may::READ_CLASSES,
            Doc::new("类别有变动的主体，旧的在前，附主要理由")
                .query("since", "自哪天起决定的")
                .query("until", "到哪天止，不写为今天")
                .query("division", "行政区划，含下级")
                .query("direction", "worse 变差，better 变好；不写为全部")
                .page_of::<ClassChange>(),
            changes,
        )
        .get(
            "/api/v1/assess/entities",
            may::READ_CLASSES,
            Doc::new("某一类的主体")
                .query("class", "类别")
                .page_of::<Standing>(),
            of_class,
        )
        .get(
            "/api/v1/assess/entities/{subject_no}",
            may::READ_CLASSES,
            Doc::new("分类及理由，以及怎样会改变")
                .query("on", "截止日")
                .answer::<Reasons>(),
            explain,
        )
        .get(
            "/api/v1/assess/entities/{subject_no}/history",
            may::READ_CLASSES,
            Doc::new("分类历史").list_of::<Change>(),
            history,
        )
        .get(
            "/api/v1/assess/entities/{subject_no}/runs/{run}",
            may::READ_CLASSES,
            Doc::new("按当时所知重算一次旧的分类").answer::<Reasons>(),
            recompute,
        )
}

/// What to classify.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// 截止日；不写为今天
    pub as_of: Option<NaiveDate>,
}

/// The queued run.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Ordered {
    /// 后台任务编号
    pub job_id: i64,
}

/// Class with reasons: the evaluator's own explanation.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Reasons {
    /// 说明：类别、分值、各组得分、理由、直接判定、怎样会改变
    #[schema(value_type = Object)]
    pub explanation: Value,
}

async fn order(State(edge): State<Edge>, op: Op, Body(order): Body<Order>) -> Answer<Ordered> {
    act(&edge, op, move |tx, op| {
        let job_id = service::queue_full(tx, op, order.as_of.unwrap_or_else(|| op.today()))?;
        Ok(Ordered { job_id })
    })
    .await
}

#[derive(Deserialize)]
struct Paging {
    cursor: Option<String>,
    limit: Option<i64>,
}

async fn runs(State(edge): State<Edge>, op: Op, Query(paging): Query<Paging>) -> Answer<PageView<Run>> {
    let limit = page_limit(paging.limit)?;
    ask(&edge, op, move |tx, op| {
        let before = PageView::<Run>::after(paging.cursor.as_deref(), i64::MAX)?;
        PageView::cut(service::runs(tx, op, before, limit + 1)?, limit, |run| run.run_id)
    })
    .await
}

async fn shares(State(edge): State<Edge>, op: Op) -> Answer<Vec<ClassCount>> {
    ask(&edge, op, service::shares_for).await
}

#[derive(Deserialize)]
struct Changes {
    since: NaiveDate,
    until: Option<NaiveDate>,
    division: Option<String>,
    direction: Option<Direction>,
    cursor: Option<String>,
    limit: Option<i64>,
}

async fn changes(
    State(edge): State<Edge>,
    op: Op,
    Query(asked): Query<Changes>,
) -> Answer<PageView<ClassChange>> {
    let limit = page_limit(asked.limit)?;
    ask(&edge, op, move |tx, op| {
        let after = asked
            .cursor
            .map(|cursor| Cursor::from_text(cursor).decode())
            .transpose()?;
        let wanted = ChangesAsked {
            since: asked.since,
            until: asked.until,
            division: asked.division,
            direction: asked.direction,
        };
        service::changed(tx, op, &wanted, after, limit)
    })
    .await
}

#[derive(Deserialize)]
struct OfClass {
    class: String,
    cursor: Option<String>,
    limit: Option<i64>,
}

async fn of_class(
    State(edge): State<Edge>,
    op: Op,
    Query(asked): Query<OfClass>,
) -> Answer<PageView<Standing>> {
    let limit = page_limit(asked.limit)?;
    ask(&edge, op, move |tx, op| {
        let after = PageView::<Standing>::after(asked.cursor.as_deref(), 0)?;
        service::of_class(tx, op, &asked.class, after, limit)
    })
    .await
}

#[derive(Deserialize)]
struct AsOf {
    on: Option<Day>,
}

async fn explain(
    State(edge): State<Edge>,
    op: Op,
    Path(subject_no): Path<String>,
    Query(asked): Query<AsOf>,
) -> Answer<Reasons> {
    ask(&edge, op, move |tx, op| {
        let on = asked.on.unwrap_or_else(|| op.today());
        Ok(Reasons {
            explanation: serde_json::json!(service::explain(tx, op, &subject_no, on)?),
        })
    })
    .await
}

async fn history(State(edge): State<Edge>, op: Op, Path(subject_no): Path<String>) -> Answer<Vec<Change>> {
    ask(&edge, op, move |tx, op| service::history(tx, op, &subject_no)).await
}

async fn recompute(
    State(edge): State<Edge>,
    op: Op,
    Path((subject_no, run_id)): Path<(String, i64)>,
) -> Answer<Reasons> {
    ask(&edge, op, move |tx, op| {
        let mut explanation = serde_json::json!(service::recompute(tx, op, &subject_no, run_id)?);
        let run = explanation.get_mut("run").and_then(Value::as_object_mut);
        if let (false, Some(run)) = (op.actor.scope.everything, run) {
            // Figures of the whole house, not of the entity asked for.
            for figure in ["entities", "changed", "shares", "alarm"] {
                run.remove(figure);
            }
        }
        Ok(Reasons { explanation })
    })
    .await
}
