//! Routes of the register.
use axum::extract::State;
use kernel::Day;
use serde::Deserialize;

use super::model::{CreditFile, Entity, Search};
use super::service;
use crate::edge::fields::{Path, Query};
use crate::edge::{Answer, Doc, Edge, PageView, Routes, ask, may, page_limit};
use crate::hall::Op;

/// The routes.
pub fn routes() -> Routes {
    Routes::new()
        .get(
            "/api/v1/registry/entities",
            may::READ_REGISTRY,
            Doc::new("主体列表")
                .query("name", "名称开头")
                .query("division", "行政区划代码，含下级")
                .page_of::<Entity>(),
            entities,
        )
        .get(
            "/api/v1/registry/entities/{subject_no}/file",
            may::READ_REGISTRY,
            Doc::new("信用档案")
                .query("on", "截至哪一天（2026-03-04）;不写为现在")
                .answer::<CreditFile>(),
            credit_file,
        )
}

#[derive(Deserialize)]
struct Listing {
    name: Option<String>,
    division: Option<String>,
    cursor: Option<String>,
    limit: Option<i64>,
}

async fn entities(
    State(edge): State<Edge>,
    op: Op,
    Query(asked): Query<Listing>,
) -> Answer<PageView<Entity>> {
    let limit = page_limit(asked.limit)?;
    ask(&edge, op, move |tx, op| {
        let after = PageView::<Entity>::after(asked.cursor.as_deref(), 0)?;
        let search = Search {
            name: asked.name,
            division: asked.division,
        };
        let whole = search == Search::default() && op.actor.scope.everything;
        let page = PageView::cut(service::search(tx, op, &search, after, limit + 1)?, limit, |e| {
            e.entity_id
        })?;
        // Counting all rows is cheap only where nothing is filtered.
        Ok(if whole {
            page.with_total(service::count(tx)?)
        } else {
            page
        })
    })
    .await
}

#[derive(Deserialize)]
struct AsOf {
    on: Option<Day>,
}

async fn credit_file(
    State(edge): State<Edge>,
    op: Op,
    Path(subject_no): Path<String>,
    Query(asked): Query<AsOf>,
) -> Answer<CreditFile> {
    ask(&edge, op, move |tx, op| {
        service::credit_file(tx, op, &subject_no, asked.on)
    })
    .await
}
