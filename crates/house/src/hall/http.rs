//! Routes of the hall: duties, jobs, and the public log.
use axum::extract::State;
use chrono::{DateTime, Utc};
use kernel::Outcome;
use kernel::page::Page;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Op, duty, job, ledger, log};
use crate::edge::fields::Query;
use crate::edge::{Answer, Doc, Edge, PageView, Routes, ask, may, page_limit};

/// The routes.
pub fn routes() -> Routes {
    Routes::new()
        .get(
            "/api/v1/hall/duties",
            may::READ_HALL,
            Doc::new("待办，最急的在前")
                .query("department", "部门编号")
                .page_of::<duty::Duty>(),
            duties,
        )
        .get(
            "/api/v1/hall/jobs",
            may::READ_HALL,
            Doc::new("后台任务，最新的在前；只对管辖范围为全部的账号开放").list_of::<job::Job>(),
            jobs,
        )
        .get(
            "/api/v1/hall/timeline",
            may::READ_HALL,
            Doc::new("一件事的经过，只列管辖范围内的")
                .query("subject", "例如 plan:17")
                .list_of::<ledger::Told>(),
            timeline,
        )
        .get(
            "/api/v1/public/log/checkpoint",
            may::PUBLIC,
            Doc::new("公开日志的签名检查点").answer::<CheckpointView>(),
            checkpoint,
        )
        .get(
            "/api/v1/public/log/leaves",
            may::PUBLIC,
            Doc::new("公开日志的条目").page_of::<LeafView>(),
            leaves,
        )
}

impl<T: ToSchema> From<Page<T>> for PageView<T> {
    fn from(page: Page<T>) -> Self {
        Self {
            items: page.items,
            next: page.next,
            total: page.total,
            more_than: None,
        }
    }
}

#[derive(Deserialize)]
struct OfDepartment {
    department: Option<String>,
    cursor: Option<String>,
    limit: Option<i64>,
}

async fn duties(
    State(edge): State<Edge>,
    op: Op,
    Query(asked): Query<OfDepartment>,
) -> Answer<PageView<duty::Duty>> {
    let limit = page_limit(asked.limit)?;
    ask(&edge, op, move |tx, op| {
        duty::open_duties(
            tx,
            op,
            asked.department.as_deref(),
            asked.cursor.as_deref(),
            limit,
        )
    })
    .await
}

async fn jobs(State(edge): State<Edge>, op: Op) -> Answer<Vec<job::Job>> {
    const LATEST: i64 = 50;
    ask(&edge, op, |tx, op| job::listed(tx, op, LATEST)).await
}

#[derive(Deserialize)]
struct About {
    subject: String,
}

async fn timeline(State(edge): State<Edge>, op: Op, Query(about): Query<About>) -> Answer<Vec<ledger::Told>> {
    ask(&edge, op, move |tx, op| ledger::about(tx, op, &about.subject)).await
}

/// The signed state of the public log.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct CheckpointView {
    /// 条目数
    pub size: u64,
    /// 默克尔树根
    pub root: String,
    /// 签署时间
    pub at: Option<DateTime<Utc>>,
    /// 平台公钥
    pub key: String,
    /// 签名
    pub signature: String,
}

async fn checkpoint(State(edge): State<Edge>, op: Op) -> Answer<CheckpointView> {
    ask(&edge, op, |tx, _| -> Outcome<CheckpointView> {
        Ok(log::checkpoint(tx)?.map_or_else(
            || CheckpointView {
                size: 0,
                root: String::new(),
                at: None,
                key: String::new(),
                signature: String::new(),
            },
            |signed| CheckpointView {
                size: signed.size,
                root: signed.root.to_string(),
                at: signed.at.as_str().parse().ok(),
                key: hex::encode(&signed.key.0),
                signature: hex::encode(&signed.signature.0),
            },
        ))
    })
    .await
}

/// One leaf of the public log.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct LeafView {
    /// 序号，从 0 起
    pub index: i64,
    /// 条目（规范 JSON,即叶子的原文）
    pub leaf: String,
}

#[derive(Deserialize)]
struct Paging {
    cursor: Option<String>,
    limit: Option<i64>,
}

async fn leaves(
    State(edge): State<Edge>,
    op: Op,
    Query(paging): Query<Paging>,
) -> Answer<PageView<LeafView>> {
    let limit = page_limit(paging.limit)?;
    ask(&edge, op, move |tx, _| {
        let after = PageView::<LeafView>::after(paging.cursor.as_deref(), -1)?;
        let rows = log::leaves(tx, after + 1, limit + 1)?;
        let views = rows
            .into_iter()
            .map(|(index, leaf)| LeafView { index, leaf })
            .collect();
        PageView::cut(views, limit, |view| view.index)
    })
    .await
}
