//! Routes of matching, of merges and of related entities.
use axum::Json;
use axum::extract::State;
use kernel::page::Cursor;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::model::{Case, Pair, Relation};
use super::service;
use crate::edge::fields::{Body, Path, Query};
use crate::edge::{Answer, Doc, Edge, PageView, Routes, act, ask, may, page_limit};
use crate::hall::{Op, query};
use crate::intake::whose::merge;
use crate::intake::whose::model::{Decision, Loose, Merge, Moved, Standing};
use crate::intake::whose::service as rows;

/// The routes.
pub fn routes() -> Routes {
    Routes::new()
        .get(
            "/api/v1/intake/matches",
            may::READ_INTAKE,
            Doc::new("待关联的行：代码缺失或有误，按名称等另找主体")
                .query(
                    "state",
                    "queued（默认）、unlinked、waiting、linked、left 或 replaced",
                )
                .query("batch", "只看某一批次")
                .query("item", "只看某一目录事项")
                .page_of::<Loose>(),
            listed,
        )
        .get(
            "/api/v1/intake/matches/standing",
            may::READ_INTAKE,
            Doc::new("待关联的行各处于什么状态")
                .query("batch", "只看某一批次")
                .answer::<Standing>(),
            standing,
        )
        .get(
            "/api/v1/intake/matches/{row}",
            may::READ_INTAKE,
            Doc::new("一行及其候选主体：逐项对照、得分依据、历次决定").answer::<Case>(),
            case,
        )
        .post(
            "/api/v1/intake/matches/{row}/link",
            may::MATCH,
            Doc::new("人工关联到一个主体")
                .body::<LinkTo>()
                .answer::<Decision>(),
            link,
        )
        .post(
            "/api/v1/intake/matches/{row}/leave",
            may::MATCH,
            Doc::new("人工决定不关联").body::<Because>().answer::<Decision>(),
            leave,
        )
        .post(
            "/api/v1/intake/matches/{row}/undo",
            may::MATCH,
            Doc::new("撤销现有的决定；关联所生成的记录随之撤销")
                .body::<Because>()
                .answer::<Decision>(),
            undo,
        )
        .post(
            "/api/v1/intake/matches/retry",
            may::MATCH,
            Doc::new("重新匹配未处理的行").body::<Retry>().answer::<Retried>(),
            retry,
        )
        .and(merge_routes())
        .get(
            "/api/v1/registry/entities/{subject_no}/related",
            may::READ_REGISTRY,
            Doc::new("关联主体：总公司与分支机构、投资、同一住所、同一法定代表人，附所依据的记录")
                .page_of::<Relation>(),
            related,
        )
}

fn merge_routes() -> Routes {
    Routes::new()
        .get(
            "/api/v1/registry/merges",
            may::READ_REGISTRY,
            Doc::new("主体合并，最新的在前").page_of::<Merge>(),
            merges,
        )
        .get(
            "/api/v1/registry/merges/suggested",
            may::READ_REGISTRY,
            Doc::new("可能是同一主体的两个代码：同一地方的同一名称，由人工判断").page_of::<Pair>(),
            suggested,
        )
        .get(
            "/api/v1/registry/merges/{merge}/records",
            may::READ_REGISTRY,
            Doc::new("一次合并移过去的记录：原记录、撤销、副本").list_of::<Moved>(),
            moved,
        )
        .post(
            "/api/v1/registry/merges",
            may::MERGE,
            Doc::new("把一个主体并入另一个")
                .body::<MergeAsked>()
                .answer::<Merge>(),
            merge_two,
        )
        .post(
            "/api/v1/registry/merges/{merge}/undo",
            may::MERGE,
            Doc::new("撤销合并").body::<Because>().answer::<Merge>(),
            unmerge,
        )
}

/// Whom a row is linked to.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkTo {
    /// 主体代码
    pub subject_no: String,
    /// 理由
    #[serde(default)]
    pub reason: String,
}

/// A reason.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Because {
    /// 理由
    pub reason: String,
}

/// Which rows are tried again.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// 批次号；不写为全部
    pub batch: Option<i64>,
}

/// How many rows are tried again.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Retried {
    /// 行数
    pub rows: u64,
}

/// What is to be merged.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MergeAsked {
    /// 被并入的主体代码
    pub merged_no: String,
    /// 并入后的主体代码
    pub into_no: String,
    /// 理由
    pub reason: String,
}

#[derive(Deserialize)]
struct Listing {
    #[serde(default)]
    state: String,
    batch: Option<i64>,
    item: Option<String>,
    cursor: Option<String>,
    limit: Option<i64>,
}

#[derive(Deserialize)]
struct Paging {
    cursor: Option<String>,
    limit: Option<i64>,
}

async fn listed(State(edge): State<Edge>, op: Op, Query(listing): Query<Listing>) -> Answer<PageView<Loose>> {
    let limit = page_limit(listing.limit)?;
    ask(&edge, op, move |tx, op| {
        let after = listing
            .cursor
            .as_deref()
            .map_or(Ok(0), |text| Cursor::from_text(text).decode())?;
        let asked = rows::Asked {
            state: listing.state,
            batch: listing.batch,
            item: listing.item,
        };
        service::listed(tx, op, &asked, after, limit)
    })
    .await
}

#[derive(Deserialize)]
struct OfBatch {
    batch: Option<i64>,
}

async fn standing(State(edge): State<Edge>, op: Op, Query(asked): Query<OfBatch>) -> Answer<Standing> {
    ask(&edge, op, move |tx, op| rows::standing(tx, op, asked.batch)).await
}

async fn case(State(edge): State<Edge>, op: Op, Path(row): Path<i64>) -> Answer<Case> {
    ask(&edge, op, move |tx, op| service::case(tx, op, row)).await
}

async fn link(
    State(edge): State<Edge>,
    op: Op,
    Path(row): Path<i64>,
    Body(to): Body<LinkTo>,
) -> Answer<Decision> {
    act(&edge, op, move |tx, op| {
        service::link(tx, op, row, &to.subject_no, &to.reason)
    })
    .await
}

async fn leave(
    State(edge): State<Edge>,
    op: Op,
    Path(row): Path<i64>,
    Body(why): Body<Because>,
) -> Answer<Decision> {
    act(&edge, op, move |tx, op| service::leave(tx, op, row, &why.reason)).await
}

async fn undo(
    State(edge): State<Edge>,
    op: Op,
    Path(row): Path<i64>,
    Body(why): Body<Because>,
) -> Answer<Decision> {
    act(&edge, op, move |tx, op| rows::undo(tx, op, row, &why.reason)).await
}

async fn retry(State(edge): State<Edge>, op: Op, Body(asked): Body<Retry>) -> Answer<Retried> {
    act(&edge, op, move |tx, op| {
        Ok(Retried {
            rows: service::retry(tx, op, asked.batch)?,
        })
    })
    .await
}

async fn merges(State(edge): State<Edge>, op: Op, Query(paging): Query<Paging>) -> Answer<PageView<Merge>> {
    let limit = page_limit(paging.limit)?;
    ask(&edge, op, move |tx, op| {
        let before = paging
            .cursor
            .as_deref()
            .map_or(Ok(i64::MAX), |text| Cursor::from_text(text).decode())?;
        merge::merges(tx, op, before, limit)
    })
    .await
}

async fn suggested(State(edge): State<Edge>, op: Op, Query(paging): Query<Paging>) -> Answer<PageView<Pair>> {
    let limit = page_limit(paging.limit)?;
    ask(&edge, op, move |tx, op| {
        super::suggested(tx, op, paging.cursor.as_deref(), limit)
    })
    .await
}

async fn moved(State(edge): State<Edge>, op: Op, Path(merge_id): Path<i64>) -> Answer<Vec<Moved>> {
    ask(&edge, op, move |tx, op| merge::moved(tx, op, merge_id)).await
}

async fn merge_two(State(edge): State<Edge>, op: Op, Body(asked): Body<MergeAsked>) -> Answer<Merge> {
    act(&edge, op, move |tx, op| {
        service::merge(tx, op, &asked.merged_no, &asked.into_no, &asked.reason)
    })
    .await
}

async fn unmerge(
    State(edge): State<Edge>,
    op: Op,
    Path(merge_id): Path<i64>,
    Body(why): Body<Because>,
) -> Answer<Merge> {
    act(&edge, op, move |tx, op| {
        merge::unmerge(tx, op, merge_id, &why.reason)
    })
    .await
}

async fn related(
    State(edge): State<Edge>,
    op: Op,
    Path(subject_no): Path<String>,
    Query(paging): Query<Paging>,
) -> Answer<PageView<Relation>> {
    let limit = page_limit(paging.limit)?;
    let house = edge.house.clone();
    let page = edge
        .off_loop(&op.clone(), move || {
            query(&house, &op, |tx, op| {
                super::related(tx, op, &house.keys, &subject_no, paging.cursor.as_deref(), limit)
            })
        })
        .await?;
    Ok(Json(page.into()))
}
