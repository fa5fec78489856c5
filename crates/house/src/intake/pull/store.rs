//! Every SQL statement of pulling.
use db::{Row, Tx, args, statements};
use kernel::{Fault, Instant, Outcome};
use serde_json::{Value, json};

use super::model::{Drawn, NewPull, Pull};
use crate::hall::Op;

statements! {
    /// Keeps a source.
    SAVE = "INSERT INTO intake_pull (pull_id, name, url, relation, marker, item, supplier, mapping, every_seconds,
            back_seconds, state, edge, rows_taken, unmarked, failures, due_at, news_at, created_at, created_by)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'active', $11, 0, FALSE, 0, $12, $12, $12, $13)";
    /// Sources by name.
    PULLS = "SELECT pull_id, name, url, relation, marker, item, supplier, mapping, every_seconds, back_seconds, state,
             watermark, edge, rows_taken, unmarked, failures, due_at, read_at, news_at, last_batch, last_fault
             FROM intake_pull WHERE state <> 'removed' ORDER BY name, pull_id";
    /// Sets the state of a source; it starts afresh.
    SET_STATE = "UPDATE intake_pull SET state = $2, failures = 0, due_at = $3 WHERE pull_id = $1";
    /// A source has been read: how far, and when to look again.
    READ = "UPDATE intake_pull SET watermark = $2, edge = $3, unmarked = $4, failures = 0, last_fault = NULL, read_at = $5,
            due_at = $6 WHERE pull_id = $1";
    /// It had something new.
    NEWS = "UPDATE intake_pull SET rows_taken = rows_taken + $2, news_at = $3, last_batch = $4 WHERE pull_id = $1";
    /// It could not be read.
    FAILED = "UPDATE intake_pull SET failures = failures + 1, last_fault = $2, due_at = $3 WHERE pull_id = $1";
}

fn pull_row(row: &Row) -> Outcome<Pull> {
    let broken = |e: serde_json::Error| Fault::internal("数据源的设置无法读取", e);
    let (mapping, edge): (Value, Value) = (row.get("mapping")?, row.get("edge")?);
    Ok(Pull {
        pull_id: row.get("pull_id")?,
        name: row.get("name")?,
        url: row.get("url")?,
        relation: row.get("relation")?,
        marker: row.get("marker")?,
        item: row.get("item")?,
        supplier: row.get("supplier")?,
        mapping: serde_json::from_value(mapping).map_err(broken)?,
        every_seconds: row.get("every_seconds")?,
        back_seconds: row.get("back_seconds")?,
        state: row.get("state")?,
        watermark: row.get("watermark")?,
        edge: serde_json::from_value(edge).map_err(broken)?,
        rows_taken: row.get("rows_taken")?,
        unmarked: row.get("unmarked")?,
        failures: row.get("failures")?,
        due_at: row.get("due_at")?,
        read_at: row.get("read_at")?,
        news_at: row.get("news_at")?,
        last_batch: row.get("last_batch")?,
        last_fault: row.get("last_fault")?,
    })
}

pub fn save(tx: &mut Tx, op: &Op, pull_id: i64, new: &NewPull) -> Outcome<()> {
    let row = args![
        pull_id,
        new.name.trim(),
        &new.url,
        &new.relation,
        &new.marker,
        &new.item,
        new.supplier.trim(),
        json!(new.mapping),
        new.every_seconds,
        new.back_seconds,
        json!([]),
        op.at,
        &op.actor.name
    ];
    tx.exec(&SAVE, row).map(drop)
}

pub fn pulls(tx: &mut Tx) -> Outcome<Vec<Pull>> {
    tx.all(&PULLS, args![])?.iter().map(pull_row).collect()
}

pub fn set_state(tx: &mut Tx, pull_id: i64, state: &str, now: Instant) -> Outcome<()> {
    tx.exec(&SET_STATE, args![pull_id, state, now]).map(drop)
}

pub fn read(
    tx: &mut Tx,
    pull_id: i64,
    drawn: &Drawn,
    edge: &[String],
    (now, next): (Instant, Instant),
) -> Outcome<()> {
    let row = args![
        pull_id,
        drawn.watermark.as_deref(),
        json!(edge),
        drawn.unmarked,
        now,
        next
    ];
    tx.exec(&READ, row).map(drop)
}

pub fn news(tx: &mut Tx, pull_id: i64, rows: i64, batch_id: i64, now: Instant) -> Outcome<()> {
    tx.exec(&NEWS, args![pull_id, rows, now, batch_id]).map(drop)
}

pub fn failed(tx: &mut Tx, pull_id: i64, fault: &str, next: Instant) -> Outcome<()> {
    tx.exec(&FAILED, args![pull_id, fault, next]).map(drop)
}
