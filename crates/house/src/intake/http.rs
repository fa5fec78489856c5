//! Routes of collection.
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use chrono::{DateTime, Utc};
use kernel::{Fault, FaultKind, Outcome};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::model::{Batch, NewBatch, Refusal, Taken};
use super::service::{self, Mapping};
use crate::edge::fields::{Path, Query};
use crate::edge::{Answer, Doc, Edge, PageView, Problem, Routes, act, ask, may, page_limit};
use crate::hall::{Op, query};

/// The routes.
pub fn routes() -> Routes {
    Routes::new()
        .upload(
            "/api/v1/intake/batches",
            may::SUPPLY,
            Doc::new("提交一批信用记录（CSV 或 XLSX）")
                .query("item", "目录事项，例如 penalty")
                .query("supplier", "提供部门")
                .query("file_name", "文件名")
                .raw_body("application/octet-stream")
                .answer::<Receipt>(),
            hand_over,
        )
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
            Doc::new("退回清单（CSV 文件）").raw_answer("text/csv"),
            refusals_csv,
        )
        .get(
            "/api/v1/intake/counts",
            may::READ_INTAKE,
            Doc::new("各目录事项的记录数").list_of::<Count>(),
            counts,
        )
}

/// What a hand-over was given.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Receipt {
    /// 批次号
    pub batch_id: i64,
    /// 同样的内容以前已经提交过，未作改动
    pub known: bool,
    /// 收到时间
    pub received_at: DateTime<Utc>,
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
struct HandOver {
    item: String,
    supplier: String,
    #[serde(default)]
    file_name: String,
}

async fn hand_over(
    State(edge): State<Edge>,
    op: Op,
    Query(asked): Query<HandOver>,
    body: Bytes,
) -> Answer<Receipt> {
    let folder = edge.house.folder.clone();
    let digest = edge
        .off_loop(&op, move || -> Outcome<String> {
            if body.is_empty() {
                return Err(Fault::new(
                    FaultKind::Invalid,
                    "intake.file.empty",
                    "文件是空的。",
                ));
            }
            let digest = proof::Suite::Sha256Ed25519.hash(&body).to_string();
            folder.write(&service::file_of(&digest), &body)?;
            Ok(digest)
        })
        .await?;
    act(&edge, op, move |tx, op| {
        let new = NewBatch {
            item: asked.item.clone(),
            supplier: asked.supplier.clone(),
            source: "api".into(),
            file_name: asked.file_name.clone(),
        };
        Ok(
            match service::receive(tx, op, &new, &digest, &Mapping::default())? {
                Taken::New(batch_id) => Receipt {
                    batch_id,
                    known: false,
                    received_at: op.at,
                },
                Taken::Known(batch) => Receipt {
                    batch_id: batch.batch_id,
                    known: true,
                    received_at: batch.received_at,
                },
            },
        )
    })
    .await
}

#[derive(Deserialize)]
struct Paging {
    cursor: Option<String>,
    limit: Option<i64>,
}

async fn batches(State(edge): State<Edge>, op: Op, Query(paging): Query<Paging>) -> Answer<PageView<Batch>> {
    let limit = page_limit(paging.limit)?;
    ask(&edge, op, move |tx, _| {
        let before = PageView::<Batch>::after(paging.cursor.as_deref(), i64::MAX)?;
        PageView::cut(service::batches(tx, before, limit + 1)?, limit, |batch| {
            batch.batch_id
        })
    })
    .await
}

async fn batch(State(edge): State<Edge>, op: Op, Path(batch_id): Path<i64>) -> Answer<Batch> {
    ask(&edge, op, move |tx, _| service::batch(tx, batch_id)).await
}

async fn refusals(
    State(edge): State<Edge>,
    op: Op,
    Path(batch_id): Path<i64>,
    Query(paging): Query<Paging>,
) -> Answer<PageView<Refusal>> {
    let limit = page_limit(paging.limit)?;
    ask(&edge, op, move |tx, _| {
        service::batch(tx, batch_id)?;
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

async fn refusals_csv(
    State(edge): State<Edge>,
    op: Op,
    Path(batch_id): Path<i64>,
) -> Result<impl IntoResponse, Problem> {
    let house = edge.house.clone();
    let text = edge
        .off_loop(&op.clone(), move || {
            query(&house, &op, |tx, _| {
                service::batch(tx, batch_id)?;
                service::refusals_csv(tx, batch_id)
            })
        })
        .await?;
    let name = format!("attachment; filename=\"refusals-{batch_id}.csv\"");
    Ok((
        [
            (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
            (header::CONTENT_DISPOSITION, name),
        ],
        text,
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
