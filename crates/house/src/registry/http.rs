//! Routes of the register.
use axum::extract::State;
use kernel::Day;
use serde::Deserialize;
use utoipa::ToSchema;

use super::model::{CreditFile, Entity, Find, Found, Search};
use super::service::{self, find};
use crate::edge::fields::{Path, Query};
use crate::edge::{Answer, Doc, Edge, PageView, Routes, ask, may, page_limit};
use crate::hall::Op;

/// The routes.
pub fn routes() -> Routes {
    Routes::new()
        .get(
            "/api/v1/registry/entities",
            may::READ_REGISTRY,
            Doc::new("主体列表；写 q 时按相关程度排列")
                .query(
                    "q",
                    "检索：名称或曾用名中的至少两个字（多个词用空格隔开）、拼音首字母、全拼，或代码开头",
                )
                .query("name", "名称开头（不与 q 同用）")
                .query("division", "行政区划代码，含下级")
                .query("status", "登记状态（与 q 同用）")
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

impl<T: ToSchema> From<Found<T>> for PageView<T> {
    fn from(found: Found<T>) -> Self {
        Self {
            items: found.entities,
            next: found.next,
            total: found.total,
            more_than: found.more_than,
        }
    }
}

#[derive(Deserialize)]
struct Listing {
    q: Option<String>,
    status: Option<String>,
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
    if let Some(words) = asked.q {
        let find = Find {
            words,
            division: asked.division,
            status: asked.status,
        };
        let house = edge.house.clone();
        return ask(&edge, op, move |tx, op| {
            find::find(&house, tx, op, &find, asked.cursor.as_deref(), limit)
        })
        .await;
    }
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
