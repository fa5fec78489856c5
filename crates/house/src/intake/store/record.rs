//! Records, entities and facts as they are read.
use db::{Row, Tx, Value, args};
use kernel::{Day, Instant, Outcome};

use super::super::model::{Fact, Record, Relation};
use super::{
    ABOUT, CORRECTED_BY, COUNTS, CURRENT_AMONG, CURRENT_OF, EARLIER_OF, FACTS_AFTER, FACTS_OF, LAST_RECORD,
    NEWEST_OF, POSITION_AT, RECORDS_IN, RECORDS_OF, SUBJECT, SUBJECT_NO, TAKEN_BACK, TOUCHED, TRACE,
    WITH_ITEM,
};

pub fn subject(tx: &mut Tx, subject_no: &str) -> Outcome<Option<i64>> {
    tx.opt(&SUBJECT, &args![subject_no])?
        .map(|row| row.get("subject_id"))
        .transpose()
}

pub fn subject_no(tx: &mut Tx, subject_id: i64) -> Outcome<Option<(String, String)>> {
    tx.opt(&SUBJECT_NO, &args![subject_id])?
        .map(|row| Ok((row.get("subject_no")?, row.get("marks")?)))
        .transpose()
}

fn record_row(row: &Row) -> Outcome<Record> {
    let relation: String = row.get("relation")?;
    Ok(Record {
        record_id: row.get("record_id")?,
        subject_id: row.get("subject_id")?,
        subject_no: row.get("subject_no")?,
        item: row.get("item")?,
        record_key: row.get("record_key")?,
        relation: Relation::from_word(&relation),
        names_id: row.get("names_id")?,
        on_day: row.get("on_day")?,
        ends_day: row.get("ends_day")?,
        amount_fen: row.get("amount_fen")?,
        level: row.get("level")?,
        code: row.get("code")?,
        payload: row.get("payload")?,
        supplier: row.get("supplier")?,
        source: row.get("source")?,
        batch_id: row.get("batch_id")?,
        line: row.get("line")?,
        received_at: row.get("received_at")?,
    })
}

pub fn records_of(tx: &mut Tx, subject_id: i64, known_at: Instant) -> Outcome<Vec<Record>> {
    tx.all(&RECORDS_OF, &args![subject_id, known_at])?
        .iter()
        .map(record_row)
        .collect()
}

pub fn newest_of(tx: &mut Tx, subject_id: i64, item: &str, upto: i64) -> Outcome<Option<Record>> {
    tx.opt(&NEWEST_OF, &args![subject_id, item, upto])?
        .as_ref()
        .map(record_row)
        .transpose()
}

pub fn records_in(tx: &mut Tx, batch_id: i64, after: i64, limit: i64) -> Outcome<Vec<Record>> {
    tx.all(&RECORDS_IN, &args![batch_id, after, limit])?
        .iter()
        .map(record_row)
        .collect()
}

pub fn touched(tx: &mut Tx, batch_id: i64, after: i64, limit: i64) -> Outcome<Vec<i64>> {
    tx.all(&TOUCHED, &args![batch_id, after, limit])?
        .iter()
        .map(|row| row.get("subject_id"))
        .collect()
}

pub fn about(tx: &mut Tx, after: i64, upto: i64, limit: i64) -> Outcome<Vec<(i64, i64)>> {
    tx.all(&ABOUT, &args![after, upto, limit])?
        .iter()
        .map(|row| Ok((row.get("record_id")?, row.get("subject_id")?)))
        .collect()
}

fn fact_row(row: &Row) -> Outcome<Fact> {
    let relation: String = row.get("relation")?;
    Ok(Fact {
        subject_id: row.get("subject_id")?,
        record_id: row.get("record_id")?,
        names_id: row.get("names_id")?,
        relation: Relation::from_word(&relation),
        item: row.get("item")?,
        on_day: row.get("on_day")?,
        ends_day: row.get("ends_day")?,
        amount_fen: row.get("amount_fen")?,
        level: row.get("level")?,
        code: row.get("code")?,
    })
}

pub fn facts_of(tx: &mut Tx, subject_id: i64, upto: i64) -> Outcome<Vec<Fact>> {
    tx.all(&FACTS_OF, &args![subject_id, upto])?
        .iter()
        .map(fact_row)
        .collect()
}

pub fn facts_after(
    tx: &mut Tx,
    after: i64,
    upto: i64,
    mut each: impl FnMut(Fact) -> Outcome<()>,
) -> Outcome<()> {
    tx.each(&FACTS_AFTER, &args![after, upto], |row| each(fact_row(row)?))
}

pub fn last_record(tx: &mut Tx) -> Outcome<i64> {
    tx.one(&LAST_RECORD, &args![])?.get("record_id")
}

/// What tells a record from any other that ever had its number.
pub fn trace(tx: &mut Tx, record_id: i64) -> Outcome<Option<String>> {
    tx.opt(&TRACE, &args![record_id])?
        .map(|row| {
            let text = |column: &str| row.get::<String>(column);
            let (line, received_at): (i64, Instant) = (row.get("line")?, row.get("received_at")?);
            let words = [
                text("subject_no")?,
                text("item")?,
                text("record_key")?,
                text("digest")?,
                text("content")?,
                line.to_string(),
                received_at.timestamp_micros().to_string(),
            ];
            Ok(words.join("\n"))
        })
        .transpose()
}

pub fn counts(tx: &mut Tx) -> Outcome<Vec<(String, i64)>> {
    tx.all(&COUNTS, &args![])?
        .iter()
        .map(|row| Ok((row.get("item")?, row.get("records")?)))
        .collect()
}

pub fn current_of(
    tx: &mut Tx,
    item: &str,
    since: Day,
    mut each: impl FnMut(Record) -> Outcome<()>,
) -> Outcome<()> {
    tx.each(&CURRENT_OF, &args![item, since], |row| each(record_row(row)?))
}

/// Earlier readings of an item about entities: number of the entity and the fields.
pub fn earlier_of(tx: &mut Tx, item: &str, subjects: &[i64]) -> Outcome<Vec<(i64, serde_json::Value)>> {
    let list: Vec<Value> = subjects.iter().map(|subject| Value::from(*subject)).collect();
    tx.all_in(&EARLIER_OF, args![item], &list)?
        .iter()
        .map(|row| Ok((row.get("subject_id")?, row.get("payload")?)))
        .collect()
}

/// Whether a record is taken back.
pub fn is_taken_back(tx: &mut Tx, subject_id: i64, record_id: i64) -> Outcome<bool> {
    tx.opt(&TAKEN_BACK, args![subject_id, record_id])
        .map(|row| row.is_some())
}

/// Entities with records of an item, after a number.
pub fn with_item(tx: &mut Tx, item: &str, after: i64, limit: i64) -> Outcome<Vec<i64>> {
    tx.all(&WITH_ITEM, &args![item, after, limit])?
        .iter()
        .map(|row| row.get("subject_id"))
        .collect()
}

/// The newest record under each key of an item about some entities, of facts from one day to another.
pub fn current_among(
    tx: &mut Tx,
    item: &str,
    (from, until): (Day, Day),
    subjects: &[i64],
) -> Outcome<Vec<Record>> {
    let list: Vec<Value> = subjects.iter().map(|id| Value::from(*id)).collect();
    tx.all_in(&CURRENT_AMONG, args![item, from, until], &list)?
        .iter()
        .map(record_row)
        .collect()
}

/// The last record of the batches that had been applied by an instant.
pub fn position_at(tx: &mut Tx, at: Instant) -> Outcome<i64> {
    tx.one(&POSITION_AT, &args![at])?.get("record_id")
}

/// The record that `record_id` corrects, when it is a correction.
pub fn corrected_by(tx: &mut Tx, record_id: i64) -> Outcome<Option<i64>> {
    match tx.opt(&CORRECTED_BY, args![record_id])? {
        Some(row) => row.get("names_id"),
        None => Ok(None),
    }
}
