//! Batches and their refusals.
use db::{Row, Tx, Value, args};
use kernel::{Instant, Outcome};

use super::super::model::{Batch, NewBatch, Refusal};
use super::{
    APPLIED, BATCH, BATCHES, FORGET_REFUSALS, KNOWN, REFUSALS, REFUSE_BATCH, RESET, SAVE_BATCH, STAGED,
    STAGED_TO,
};

fn batch_row(row: &Row) -> Outcome<Batch> {
    Ok(Batch {
        batch_id: row.get("batch_id")?,
        item: row.get("item")?,
        supplier: row.get("supplier")?,
        source: row.get("source")?,
        file_name: row.get("file_name")?,
        digest: row.get("digest")?,
        state: row.get("state")?,
        received_at: row.get("received_at")?,
        staged_to: row.get("staged_to")?,
        staged_bytes: row.get("staged_bytes")?,
        rows_read: row.get("rows_read")?,
        rows_accepted: row.get("rows_accepted")?,
        rows_unchanged: row.get("rows_unchanged")?,
        rows_refused: row.get("rows_refused")?,
        rows_loose: row.get("rows_loose")?,
        first_record: row.get("first_record")?,
        last_record: row.get("last_record")?,
        note: row.get("note")?,
        table_no: row.get("table_no")?,
        table_name: row.get("table_name")?,
        corrects_id: row.get("corrects_id")?,
        rows_corrected: row.get("rows_corrected")?,
    })
}

pub fn known(tx: &mut Tx, digest: &str, new: &NewBatch) -> Outcome<Option<Batch>> {
    tx.opt(&KNOWN, &args![digest, &new.item, &new.supplier])?
        .as_ref()
        .map(batch_row)
        .transpose()
}

pub fn save_batch(tx: &mut Tx, batch_id: i64, new: &NewBatch, digest: &str, at: Instant) -> Outcome<()> {
    let row = args![
        batch_id,
        &new.item,
        &new.supplier,
        &new.source,
        &new.file_name,
        digest,
        at,
        new.table_no,
        &new.table_name
    ];
    tx.exec(&SAVE_BATCH, &row).map(drop)
}

pub fn batch(tx: &mut Tx, batch_id: i64) -> Outcome<Option<Batch>> {
    tx.opt(&BATCH, &args![batch_id])?
        .as_ref()
        .map(batch_row)
        .transpose()
}

pub fn batches(tx: &mut Tx, before: i64, limit: i64) -> Outcome<Vec<Batch>> {
    tx.all(&BATCHES, &args![before, limit])?
        .iter()
        .map(batch_row)
        .collect()
}

pub fn refuse(tx: &mut Tx, batch_id: i64, refusals: &[Refusal]) -> Outcome<u64> {
    let columns = [
        "batch_id",
        "line",
        "field",
        "value",
        "code",
        "reason",
        "suggestion",
    ];
    let rows = refusals.iter().map(|refusal| {
        Ok(vec![
            Value::from(batch_id),
            Value::from(refusal.line),
            Value::from(refusal.field.as_str()),
            Value::from(refusal.value.as_str()),
            Value::from(refusal.code.as_str()),
            Value::from(refusal.reason.as_str()),
            Value::from(refusal.suggestion.as_deref()),
        ])
    });
    tx.load("intake_refusal", &columns, rows)
}

/// How much further a batch is staged.
pub struct Step<'a> {
    /// Last line read.
    pub line: i64,
    /// Rows read since the last step.
    pub read: i64,
    /// Rows refused since the last step.
    pub refused: i64,
    /// Length of the staged file.
    pub bytes: i64,
    /// What is to be said of the whole batch.
    pub note: Option<&'a str>,
}

pub fn staged_to(tx: &mut Tx, batch_id: i64, step: &Step<'_>) -> Outcome<()> {
    let row = args![
        batch_id,
        step.line,
        step.read,
        step.refused,
        step.bytes,
        step.note
    ];
    tx.exec(&STAGED_TO, &row).map(drop)
}

/// Forgets what was staged.
pub fn reset(tx: &mut Tx, batch_id: i64) -> Outcome<()> {
    tx.exec(&RESET, &args![batch_id])?;
    tx.exec(&FORGET_REFUSALS, &args![batch_id]).map(drop)
}

pub fn staged(tx: &mut Tx, batch_id: i64) -> Outcome<()> {
    tx.exec(&STAGED, &args![batch_id]).map(drop)
}

pub fn refuse_batch(tx: &mut Tx, batch_id: i64, note: &str) -> Outcome<()> {
    tx.exec(&REFUSE_BATCH, &args![batch_id, note]).map(drop)
}

/// What applying a batch came to.
#[derive(Default)]
pub struct Sums {
    pub accepted: i64,
    pub unchanged: i64,
    pub refused: i64,
    pub loose: i64,
    pub first: Option<i64>,
    pub last: Option<i64>,
}

pub fn applied(tx: &mut Tx, batch_id: i64, sums: &Sums, at: Instant) -> Outcome<()> {
    let row = args![
        batch_id,
        sums.accepted,
        sums.unchanged,
        sums.refused,
        sums.first,
        sums.last,
        at,
        sums.loose
    ];
    tx.exec(&APPLIED, &row).map(drop)
}

pub fn refusals(tx: &mut Tx, batch_id: i64, after_line: i64, limit: i64) -> Outcome<Vec<Refusal>> {
    tx.all(&REFUSALS, &args![batch_id, after_line, limit])?
        .iter()
        .map(|row| {
            Ok(Refusal {
                line: row.get("line")?,
                field: row.get("field")?,
                value: row.get("value")?,
                code: row.get("code")?,
                reason: row.get("reason")?,
                suggestion: row.get("suggestion")?,
            })
        })
        .collect()
}
