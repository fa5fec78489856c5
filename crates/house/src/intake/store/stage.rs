//! Rows on their way in, and how they become records.
use db::{Tx, Value, args};
use kernel::{Day, Outcome};

use super::super::model::{Batch, Draft, Relation};
use super::{CLEAR_STAGE, FORGET, MAKE_CURRENT, NEW_SUBJECTS, STAGE_PAGE};

pub fn stage(tx: &mut Tx, batch: &Batch, drafts: &[Draft]) -> Outcome<u64> {
    let columns = [
        "batch_id",
        "line",
        "subject_no",
        "subject_kind",
        "marks",
        "item",
        "record_key",
        "digest",
        "on_day",
        "ends_day",
        "amount_fen",
        "level",
        "code",
        "withdraws",
        "payload",
    ];
    let rows = drafts.iter().map(|draft| {
        let (kind, marks) = crate::intake::rules::describe(&draft.subject);
        Ok(vec![
            Value::from(batch.batch_id),
            Value::from(draft.line),
            Value::from(draft.subject.as_str()),
            Value::from(kind),
            Value::from(marks),
            Value::from(batch.item.as_str()),
            Value::from(draft.record_key.as_str()),
            Value::from(draft.digest()),
            Value::from(draft.on),
            Value::from(draft.ends_on),
            Value::from(draft.amount_fen),
            Value::from(draft.level),
            Value::from(draft.code.as_deref()),
            Value::from(draft.withdraws),
            Value::from(serde_json::Value::Object(draft.payload.clone())),
        ])
    });
    tx.load("intake_stage", &columns, rows)
}

pub fn clear_stage(tx: &mut Tx, batch_id: i64) -> Outcome<()> {
    tx.exec(&CLEAR_STAGE, &args![batch_id]).map(drop)
}

/// Gives numbers to the entities a batch names for the first time. Returns how many there were.
pub fn number_subjects(tx: &mut Tx, batch_id: i64) -> Outcome<usize> {
    let rows = tx.all(&NEW_SUBJECTS, &args![batch_id])?;
    let ids = tx.ids(rows.len())?;
    let values = rows.iter().zip(&ids).map(|(row, id)| {
        let (no, kind, marks): (String, String, String) = (
            row.get("subject_no")?,
            row.get("subject_kind")?,
            row.get("marks")?,
        );
        Ok(vec![
            Value::from(*id),
            Value::from(no),
            Value::from(kind),
            Value::from(marks),
        ])
    });
    tx.load(
        "intake_subject",
        &["subject_id", "subject_no", "kind", "marks"],
        values,
    )?;
    Ok(rows.len())
}

/// A staged row with what is known under its key.
pub struct Staged {
    pub line: i64,
    pub subject_id: i64,
    pub record_key: String,
    pub digest: String,
    pub on_day: Option<Day>,
    pub ends_day: Option<Day>,
    pub amount_fen: Option<i64>,
    pub level: Option<i64>,
    pub code: Option<String>,
    pub withdraws: bool,
    pub payload: serde_json::Value,
    pub former: Option<(i64, String)>,
    pub ended: Option<i64>,
}

pub fn stage_page(
    tx: &mut Tx,
    batch: &Batch,
    ends: Option<&str>,
    after: i64,
    limit: i64,
) -> Outcome<Vec<Staged>> {
    let rows = tx.all(
        &STAGE_PAGE,
        &args![batch.batch_id, &batch.item, ends.unwrap_or(""), after, limit],
    )?;
    rows.iter()
        .map(|row| {
            let former: Option<i64> = row.get("former")?;
            let digest: Option<String> = row.get("former_digest")?;
            Ok(Staged {
                line: row.get("line")?,
                subject_id: row.get("subject_id")?,
                record_key: row.get("record_key")?,
                digest: row.get("digest")?,
                on_day: row.get("on_day")?,
                ends_day: row.get("ends_day")?,
                amount_fen: row.get("amount_fen")?,
                level: row.get("level")?,
                code: row.get("code")?,
                withdraws: row.get("withdraws")?,
                payload: row.get("payload")?,
                former: former.zip(digest),
                ended: row.get("ended")?,
            })
        })
        .collect()
}

/// A record about to be kept.
pub struct NewRecord<'a> {
    pub record_id: i64,
    pub staged: &'a Staged,
    pub relation: Relation,
    pub names_id: Option<i64>,
    pub on_day: Day,
}

pub fn save_records(tx: &mut Tx, batch: &Batch, records: &[NewRecord]) -> Outcome<u64> {
    let columns = [
        "record_id",
        "subject_id",
        "item",
        "record_key",
        "digest",
        "relation",
        "names_id",
        "on_day",
        "ends_day",
        "amount_fen",
        "level",
        "code",
        "payload",
        "supplier",
        "source",
        "batch_id",
        "line",
        "received_at",
    ];
    let rows = records.iter().map(|record| {
        let staged = record.staged;
        Ok(vec![
            Value::from(record.record_id),
            Value::from(staged.subject_id),
            Value::from(batch.item.as_str()),
            Value::from(staged.record_key.as_str()),
            Value::from(staged.digest.as_str()),
            Value::from(record.relation.as_str()),
            Value::from(record.names_id),
            Value::from(record.on_day),
            Value::from(staged.ends_day),
            Value::from(staged.amount_fen),
            Value::from(staged.level),
            Value::from(staged.code.as_deref()),
            Value::from(staged.payload.clone()),
            Value::from(batch.supplier.as_str()),
            Value::from(batch.source.as_str()),
            Value::from(batch.batch_id),
            Value::from(staged.line),
            Value::from(batch.received_at),
        ])
    });
    tx.load("intake_record", &columns, rows)
}

pub fn make_current(tx: &mut Tx, batch_id: i64, first: i64, last: i64) -> Outcome<()> {
    tx.exec(&MAKE_CURRENT, &args![batch_id, first, last]).map(drop)
}

pub fn forget(tx: &mut Tx, subject_id: i64, item: &str, record_key: &str) -> Outcome<()> {
    tx.exec(&FORGET, &args![subject_id, item, record_key]).map(drop)
}
