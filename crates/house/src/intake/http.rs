//! Routes of collection.
use axum::Json;
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
                .query("mapping", "列对照（JSON）")
                .query("dry_run", "true：只检查，不入库")
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
    /// 只检查时的结果；此时没有批次
    pub checked: Option<Checked>,
}

/// What a file would come to.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Checked {
    /// 读到的行数
    pub rows: usize,
    /// 可以入库的行数
    pub good: usize,
    /// 退回的字段，最多列出 200 处
    pub refusals: Vec<Refusal>,
    /// 未识别的列
    pub unknown: Vec<String>,
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
    /// Column mapping as JSON: `{"columns": {…}, "defaults": {…}}`.
    mapping: Option<String>,
    #[serde(default)]
    dry_run: bool,
}

impl HandOver {
    fn mapping(&self) -> Outcome<Mapping> {
        self.mapping.as_deref().map_or(Ok(Mapping::default()), |text| {
            serde_json::from_str(text).map_err(|e| {
                let shape = r#"{"columns":{"表头":"字段名"}}"#;
                let detail = format!("列对照（mapping）不是所要求的 JSON：{e}。形式如 {shape}。");
                Fault::new(FaultKind::Malformed, "intake.mapping.invalid", detail)
            })
        })
    }
}

async fn hand_over(
    State(edge): State<Edge>,
    op: Op,
    Query(asked): Query<HandOver>,
    body: Bytes,
) -> Answer<Receipt> {
    let folder = edge.house.folder.clone();
    let mapping = asked.mapping()?;
    if asked.dry_run {
        return checked_only(&edge, op, asked.item, mapping, body).await;
    }
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
        Ok(match service::receive(tx, op, &new, &digest, &mapping)? {
            Taken::New(batch_id) => Receipt {
                batch_id,
                known: false,
                received_at: op.at,
                checked: None,
            },
            Taken::Known(batch) => Receipt {
                batch_id: batch.batch_id,
                known: true,
                received_at: batch.received_at,
                checked: None,
            },
        })
    })
    .await
}

/// Checks a file without keeping anything of it.
async fn checked_only(edge: &Edge, op: Op, item: String, mapping: Mapping, body: Bytes) -> Answer<Receipt> {
    const SHOWN: usize = 200;
    let folder = edge.house.folder.clone();
    let at = op.at;
    let found = edge
        .off_loop(&op.clone(), move || {
            let name = format!("inbox/checked-{}", proof::Suite::Sha256Ed25519.hash(&body));
            let path = folder.write(&name, &body)?;
            let found = service::dry_run(&op, &item, &path, &mapping);
            folder.remove(&name)?;
            found
        })
        .await?;
    let checked = Checked {
        rows: found.rows,
        good: found.good,
        refusals: found.refusals.into_iter().take(SHOWN).collect(),
        unknown: found.unknown,
    };
    Ok(Json(Receipt {
        batch_id: 0,
        known: false,
        received_at: at,
        checked: Some(checked),
    }))
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

async fn refusals_csv(
    State(edge): State<Edge>,
    op: Op,
    Path(batch_id): Path<i64>,
) -> Result<impl IntoResponse, Problem> {
    let house = edge.house.clone();
    let text = edge
        .off_loop(&op.clone(), move || {
            query(&house, &op, |tx, op| {
                service::batch_for(tx, op, batch_id)?;
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
