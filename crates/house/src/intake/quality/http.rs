//! Routes of quality.
use axum::extract::State;
use serde::Deserialize;

use super::model::{Expectation, Freshness, Growth, Score};
use super::service;
use crate::edge::fields::{Path, Query};
use crate::edge::{Answer, Doc, Edge, Routes, ask, may};
use crate::hall::Op;

/// The routes.
pub fn routes() -> Routes {
    Routes::new()
        .get(
            "/api/v1/intake/quality",
            may::READ_INTAKE,
            Doc::new("各部门当月归集质量得分，七个维度，最差的在前")
                .query("month", "月份，例如 2026-05；不写为本月")
                .list_of::<Score>(),
            scores,
        )
        .get(
            "/api/v1/intake/quality/{supplier}",
            may::READ_INTAKE,
            Doc::new("一个部门逐月的得分")
                .query("month", "到哪个月，不写为本月")
                .query("months", "几个月，至多 36")
                .list_of::<Score>(),
            trend,
        )
        .get(
            "/api/v1/intake/freshness",
            may::READ_INTAKE,
            Doc::new("各目录事项的更新情况").list_of::<Freshness>(),
            freshness,
        )
        .get(
            "/api/v1/intake/growth",
            may::READ_INTAKE,
            Doc::new("各目录事项的归集量与同比增长")
                .query("month", "月份，不写为本月")
                .list_of::<Growth>(),
            growth,
        )
        .get(
            "/api/v1/intake/expectations",
            may::READ_INTAKE,
            Doc::new("到期应报而未报的事项，最急的在前").list_of::<Expectation>(),
            expectations,
        )
}

#[derive(Deserialize)]
struct Months {
    month: Option<String>,
    months: Option<u32>,
}

impl Months {
    fn month(&self, op: &Op) -> String {
        self.month
            .clone()
            .unwrap_or_else(|| service::month_of(op.today()))
    }
}

async fn scores(State(edge): State<Edge>, op: Op, Query(asked): Query<Months>) -> Answer<Vec<Score>> {
    ask(&edge, op, move |tx, op| service::scores(tx, op, &asked.month(op))).await
}

async fn trend(
    State(edge): State<Edge>,
    op: Op,
    Path(supplier): Path<String>,
    Query(asked): Query<Months>,
) -> Answer<Vec<Score>> {
    const YEAR: u32 = 12;
    ask(&edge, op, move |tx, op| {
        let months = asked.months.unwrap_or(YEAR);
        service::trend(tx, op, &supplier, &asked.month(op), months)
    })
    .await
}

async fn freshness(State(edge): State<Edge>, op: Op) -> Answer<Vec<Freshness>> {
    ask(&edge, op, service::freshness).await
}

async fn growth(State(edge): State<Edge>, op: Op, Query(asked): Query<Months>) -> Answer<Vec<Growth>> {
    ask(&edge, op, move |tx, op| service::growth(tx, op, &asked.month(op))).await
}

async fn expectations(State(edge): State<Edge>, op: Op) -> Answer<Vec<Expectation>> {
    ask(&edge, op, service::expectations).await
}
