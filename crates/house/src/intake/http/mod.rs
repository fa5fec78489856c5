//! Routes of collection.
mod arrive;

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use kernel::Fault;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::correction::{self, ReportForm};
use super::model::{Batch, Refusal};
use super::service;
use crate::edge::fields::{Path, Query};
use crate::edge::{Answer, Doc, Edge, PageView, Problem, Routes, ask, may, page_limit};
use crate::hall::{Op, query};

/// The routes.
pub fn routes() -> Routes {
    Routes::new()
        .get(
            "/api/v1/intake/batches",
            may::READ_INTAKE,
            Doc::new("批次列表").page_of::<Batch>(),
            batches,
        )
        .get(
            "/api/v1/intake/batches/{batch}",
            may::READ_INTAKE,
            Doc::new("一个批次").answer::<Batch>(),
            batch,
        )
        .get(
            "/api/v1/intake/batches/{batch}/refusals",
            may::READ_INTAKE,
            Doc::new("退回的行").page_of::<Refusal>(),
            refusals,
        )
        .get(
            "/api/v1/intake/batches/{batch}/refusals.csv",
            may::READ_INTAKE,
            Doc::new("退回清单（CSV 文件）：退回而尚未更正的行，改正后可直接重新提交").raw_answer("text/csv"),
            refusals_csv,
        )
        .get(
            "/api/v1/intake/batches/{batch}/refusals.xlsx",
            may::READ_INTAKE,
            Doc::new("退回清单（Excel 工作簿，各列均为文本）；放不进一张工作表时请用 CSV")
                .raw_answer("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
            refusals_xlsx,
        )
        .get(
            "/api/v1/intake/counts",
            may::READ_INTAKE,
            Doc::new("各目录事项的记录数").list_of::<Count>(),
            counts,
        )
        .and(arrive::routes())
}

/// Records of one item.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Count {
    /// 目录事项
    pub item: String,
    /// 记录数
    pub records: i64,
}

#[derive(Deserialize)]
struct Paging {
    cursor: Option<String>,
    limit: Option<i64>,
}

async fn batches(State(edge): State<Edge>, op: Op, Query(paging): Query<Paging>) -> Answer<PageView<Batch>> {
    let limit = page_limit(paging.limit)?;
    ask(&edge, op, move |tx, op| {
        let before = PageView::<Batch>::after(paging.cursor.as_deref(), i64::MAX)?;
        PageView::cut(service::batches(tx, op, before, limit + 1)?, limit, |batch| {
            batch.batch_id
        })
    })
    .await
}

async fn batch(State(edge): State<Edge>, op: Op, Path(batch_id): Path<i64>) -> Answer<Batch> {
    ask(&edge, op, move |tx, op| service::batch_for(tx, op, batch_id)).await
}

async fn refusals(
    State(edge): State<Edge>,
    op: Op,
    Path(batch_id): Path<i64>,
    Query(paging): Query<Paging>,
) -> Answer<PageView<Refusal>> {
    let limit = page_limit(paging.limit)?;
    ask(&edge, op, move |tx, op| {
        service::batch_for(tx, op, batch_id)?;
        let after = PageView::<Refusal>::after(paging.cursor.as_deref(), 0)?;
        let mut found = service::refusals(tx, batch_id, after, limit + 1)?;
        // A page ends with a line, not within one: the cursor is a line number.
        if i64::try_from(found.len()).unwrap_or(i64::MAX) > limit {
            let cut = found.last().map(|refusal| refusal.line);
            if found.first().map(|refusal| refusal.line) != cut {
                found.retain(|refusal| Some(refusal.line) != cut);
            }
            let next = found.last().map(|refusal| refusal.line);
            return PageView::whole(found).followed_by(next);
        }
        Ok(PageView::whole(found))
    })
    .await
}

async fn refusals_csv(edge: State<Edge>, op: Op, batch: Path<i64>) -> Result<impl IntoResponse, Problem> {
    reject_report(edge, op, batch, ReportForm::Csv).await
}

async fn refusals_xlsx(edge: State<Edge>, op: Op, batch: Path<i64>) -> Result<impl IntoResponse, Problem> {
    reject_report(edge, op, batch, ReportForm::Workbook).await
}

async fn reject_report(
    State(edge): State<Edge>,
    op: Op,
    Path(batch_id): Path<i64>,
    wish: ReportForm,
) -> Result<impl IntoResponse, Problem> {
    let house = edge.house.clone();
    let (form, content) = edge
        .off_loop(&op.clone(), move || {
            query(&house, &op, |tx, op| {
                service::batch_for(tx, op, batch_id)?;
                correction::reject_report(&house, tx, op, batch_id, wish)
            })
        })
        .await?;
    if form != wish {
        let detail =
            "退回的行放不进一张工作表（行数超过 1048575，或一格超过 32767 个字）。请改取 refusals.csv。";
        return Err(Fault::conflict("intake.report.too-large", detail).into());
    }
    let name = format!("attachment; filename=\"refusals-{batch_id}.{}\"", form.ending());
    Ok((
        [
            (header::CONTENT_TYPE, form.media_type().to_owned()),
            (header::CONTENT_DISPOSITION, name),
        ],
        content,
    ))
}

async fn counts(State(edge): State<Edge>, op: Op) -> Answer<Vec<Count>> {
    ask(&edge, op, |tx, _| {
        let counts = service::counts(tx)?;
        Ok(counts
            .into_iter()
            .map(|(item, records)| Count { item, records })
            .collect::<Vec<_>>())
    })
    .await
}
