//! Routes by which data is handed over: files, records, and the receipts for both.
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use chrono::{DateTime, Utc};
use kernel::{Fault, FaultKind, Outcome};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::super::model::{Refusal, Taken};
use super::super::receipt;
use super::super::service::{self, Described, HandOver, Mapping};
use crate::edge::fields::{Path, Query};
use crate::edge::{Answer, Doc, Edge, Problem, Routes, act, may};
use crate::hall::{Op, query};

/// Most records in one call that carries records instead of a file.
const MOST_RECORDS: usize = 1_000;

/// The routes.
pub fn routes() -> Routes {
    Routes::new()
        .upload(
            "/api/v1/intake/batches",
            may::SUPPLY,
            Doc::new("提交一个文件的信用记录（CSV、XLSX、XLS、JSON、Parquet，可压缩）；不写事项时按表头识别")
                .query("item", "目录事项，例如 penalty；可不写")
                .query("supplier", "提供部门")
                .query("file_name", "文件名")
                .query("mapping", "列对照（JSON）")
                .query("dry_run", "true：只检查，不入库；须写事项")
                .raw_body("application/octet-stream")
                .answer::<HandedOver>(),
            hand_over,
        )
        .upload(
            "/api/v1/intake/describe",
            may::SUPPLY,
            Doc::new("识别一个文件：每张表是哪个目录事项、各列是什么、缺什么；不入库")
                .query("item", "目录事项；可不写")
                .query("file_name", "文件名")
                .query("mapping", "列对照（JSON）")
                .raw_body("application/octet-stream")
                .list_of::<Described>(),
            describe,
        )
        .post(
            "/api/v1/intake/records",
            may::SUPPLY,
            Doc::new(
                "提交一条或几条信用记录（JSON 对象或数组，最多 1000 条）；用 Idempotency-Key 可安全重试",
            )
            .query("item", "目录事项；可不写")
            .query("supplier", "提供部门")
            .query("mapping", "列对照（JSON）")
            .raw_body("application/json")
            .answer::<HandedOver>(),
            records,
        )
        .get(
            "/api/v1/intake/receipts/{receipt}",
            may::READ_INTAKE,
            Doc::new("回执原文（与提交时给出的一字不差，可用 xinheng verify-receipt 离线验证）")
                .raw_answer("application/json"),
            one_receipt,
        )
}

/// What a hand-over was given.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct HandedOver {
    /// 批次号（文件有几张表时，为第一个批次）
    pub batch_id: i64,
    /// 同样的内容以前已经提交过，未作改动
    pub known: bool,
    /// 收到时间
    pub received_at: DateTime<Utc>,
    /// 各表的批次
    #[serde(default)]
    pub batches: Vec<BatchOf>,
    /// 没有入库的表及原因
    #[serde(default)]
    pub left: Vec<String>,
    /// 回执编号
    #[serde(default)]
    pub receipt_id: Option<i64>,
    /// 签名回执
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub receipt: Option<Value>,
    /// 只检查时的结果；此时没有批次
    pub checked: Option<Checked>,
}

/// The batch that a table of a file became.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct BatchOf {
    /// 批次号
    pub batch_id: i64,
    /// 表名
    pub table: String,
    /// 同样的内容以前已经提交过
    pub known: bool,
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

#[derive(Deserialize)]
struct Asked {
    item: Option<String>,
    #[serde(default)]
    supplier: String,
    #[serde(default)]
    file_name: String,
    /// Column mapping as JSON: `{"columns": {…}, "defaults": {…}}`.
    mapping: Option<String>,
    #[serde(default)]
    dry_run: bool,
}

impl Asked {
    fn mapping(&self) -> Outcome<Mapping> {
        self.mapping.as_deref().map_or(Ok(Mapping::default()), |text| {
            serde_json::from_str(text).map_err(|e| {
                let shape = r#"{"columns":{"表头":"字段名"}}"#;
                let detail = format!("列对照（mapping）不是所要求的 JSON：{e}。形式如 {shape}。");
                Fault::new(FaultKind::Malformed, "intake.mapping.invalid", detail)
            })
        })
    }

    fn supplied(&self) -> Outcome<()> {
        if self.supplier.trim().is_empty() {
            let detail = "没有写提供部门。请在地址中加上 supplier=部门编号。";
            return Err(Fault::new(
                FaultKind::Malformed,
                "intake.supplier.missing",
                detail,
            ));
        }
        Ok(())
    }

    /// The file as it is told of.
    fn name(&self) -> &str {
        if self.file_name.is_empty() {
            "提交的文件"
        } else {
            &self.file_name
        }
    }
}

async fn hand_over(
    State(edge): State<Edge>,
    op: Op,
    Query(asked): Query<Asked>,
    body: Bytes,
) -> Answer<HandedOver> {
    if asked.dry_run {
        return checked_only(&edge, op, asked, body).await;
    }
    let content = body.clone();
    take(&edge, op, asked, (body, content)).await
}

async fn records(
    State(edge): State<Edge>,
    op: Op,
    Query(asked): Query<Asked>,
    body: Bytes,
) -> Answer<HandedOver> {
    let file = as_file(&body)?;
    take(&edge, op, asked, (body, file)).await
}

/// Records as a file of them: an array as it stands, a single object as an array of one.
fn as_file(body: &Bytes) -> Outcome<Bytes> {
    let shape = "请提交一个 JSON 对象，或由对象组成的数组。";
    let malformed = |why: String| {
        let detail = format!("{why}{shape}");
        Fault::new(FaultKind::Malformed, "intake.records.malformed", detail)
    };
    let value: Value =
        serde_json::from_slice(body).map_err(|e| malformed(format!("提交的内容不是 JSON：{e}。")))?;
    match value {
        Value::Object(_) => {
            let mut file = b"[".to_vec();
            file.extend_from_slice(body);
            file.push(b']');
            Ok(file.into())
        }
        Value::Array(records) if records.is_empty() => Err(malformed("数组中没有记录。".into())),
        Value::Array(records) if records.len() > MOST_RECORDS => {
            let detail = format!(
                "一次最多提交 {MOST_RECORDS} 条，收到 {} 条。请分批提交，或用 /api/v1/intake/batches 提交文件。",
                records.len()
            );
            Err(Fault::new(FaultKind::TooLarge, "intake.records.too-many", detail))
        }
        Value::Array(records) if records.iter().all(Value::is_object) => Ok(body.clone()),
        Value::Array(_) => Err(malformed("数组中有不是对象的内容。".into())),
        _ => Err(malformed("提交的内容不是对象也不是数组。".into())),
    }
}

/// Takes in what was sent: `sent` are the bytes the receipt speaks of, `file` what is read.
async fn take(edge: &Edge, op: Op, asked: Asked, (sent, file): (Bytes, Bytes)) -> Answer<HandedOver> {
    asked.supplied()?;
    let mapping = asked.mapping()?;
    let folder = edge.house.folder.clone();
    let asking = op.clone();
    let (asked, mapping, kept) = edge
        .off_loop(&op, move || {
            if sent.is_empty() {
                let detail = "文件是空的。请检查后重新提交。";
                return Err(Fault::new(FaultKind::Invalid, "intake.file.empty", detail));
            }
            let suite = proof::Suite::Sha256Ed25519;
            let digest = suite.hash(&file).to_string();
            let path = folder.write(&service::file_of(&digest), &file)?;
            let law = asking.pack.on(asking.today());
            let tables = service::describe(&law, &path, asked.name(), asked.item.as_deref(), &mapping, true)?;
            let length = u64::try_from(sent.len()).unwrap_or(u64::MAX);
            let kept = (digest, tables, (suite.hash(&sent), length));
            Ok((asked, mapping, kept))
        })
        .await?;
    let keys = edge.house.keys.clone();
    let (digest, tables, content) = kept;
    act(edge, op, move |tx, op| {
        let over = HandOver {
            supplier: &asked.supplier,
            source: "api",
            file_name: &asked.file_name,
            digest: &digest,
            item: asked.item.as_deref(),
            mapping: &mapping,
        };
        let arrived = service::arrive(tx, op, &over, &tables)?;
        let told = (&arrived, tables.as_slice());
        let (receipt_id, text) = receipt::service::give(tx, op, &keys.platform, &over, content, told)?;
        let batches: Vec<BatchOf> = arrived
            .taken
            .iter()
            .map(|(place, taken)| {
                let (batch_id, known) = match taken {
                    Taken::New(batch_id) => (*batch_id, false),
                    Taken::Known(batch) => (batch.batch_id, true),
                };
                let table = tables
                    .get(*place)
                    .map_or_else(String::new, |table| table.table.clone());
                BatchOf {
                    batch_id,
                    table,
                    known,
                }
            })
            .collect();
        let earliest = arrived.taken.iter().find_map(|(_, taken)| match taken {
            Taken::Known(batch) => Some(batch.received_at),
            Taken::New(_) => None,
        });
        let known = batches.iter().all(|batch| batch.known);
        Ok(HandedOver {
            batch_id: batches.first().map_or(0, |batch| batch.batch_id),
            known,
            received_at: earliest.filter(|_| known).unwrap_or(op.at),
            batches,
            left: arrived.left,
            receipt_id: Some(receipt_id),
            receipt: Some(serde_json::from_str(&text).map_err(|e| Fault::internal("回执无法读取", e))?),
            checked: None,
        })
    })
    .await
}

/// Writes a file for as long as it is looked at.
fn looked_at<T>(edge: &Edge, body: &Bytes, look: impl FnOnce(&std::path::Path) -> Outcome<T>) -> Outcome<T> {
    let mut random = [0_u8; 8];
    edge.house.chance.fill(&mut random)?;
    let name = format!("{}/looked-at-{}", service::INBOX, hex::encode(random));
    let path = edge.house.folder.write(&name, body)?;
    let found = look(&path);
    edge.house.folder.remove(&name)?;
    found
}

async fn describe(
    State(edge): State<Edge>,
    op: Op,
    Query(asked): Query<Asked>,
    body: Bytes,
) -> Answer<Vec<Described>> {
    let mapping = asked.mapping()?;
    let rim = edge.clone();
    let found = edge
        .off_loop(&op.clone(), move || {
            let law = op.pack.on(op.today());
            looked_at(&rim, &body, |path| {
                service::describe(&law, path, asked.name(), asked.item.as_deref(), &mapping, false)
            })
        })
        .await?;
    Ok(Json(found))
}

/// Checks a file without keeping anything of it.
async fn checked_only(edge: &Edge, op: Op, asked: Asked, body: Bytes) -> Answer<HandedOver> {
    const SHOWN: usize = 200;
    let mapping = asked.mapping()?;
    let at = op.at;
    let rim = edge.clone();
    let found = edge
        .off_loop(&op.clone(), move || {
            looked_at(&rim, &body, |path| {
                let item = match &asked.item {
                    Some(item) => item.clone(),
                    None => service::only_item(&op, path, asked.name(), &mapping)?,
                };
                service::dry_run(&op, &item, path, &mapping)
            })
        })
        .await?;
    let checked = Checked {
        rows: found.rows,
        good: found.good,
        refusals: found.refusals.into_iter().take(SHOWN).collect(),
        unknown: found.unknown,
    };
    Ok(Json(HandedOver {
        batch_id: 0,
        known: false,
        received_at: at,
        batches: Vec::new(),
        left: Vec::new(),
        receipt_id: None,
        receipt: None,
        checked: Some(checked),
    }))
}

async fn one_receipt(
    State(edge): State<Edge>,
    op: Op,
    Path(receipt_id): Path<i64>,
) -> Result<impl IntoResponse, Problem> {
    let house = edge.house.clone();
    let text = edge
        .off_loop(&op.clone(), move || {
            query(&house, &op, |tx, op| {
                receipt::service::receipt(tx, op, receipt_id)
            })
        })
        .await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], text))
}
