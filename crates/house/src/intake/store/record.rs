//! Records, entities and facts as they are read.
use db::{Row, Tx, args};
use kernel::{Day, Instant, Outcome};

use super::super::model::{Fact, Record, Relation};
use super::{
    ABOUT, CORRECTED_BY, COUNTS, CURRENT_OF, FACTS_AFTER, FACTS_OF, LAST_RECORD, NEWEST_OF, RECORDS_IN,
    RECORDS_OF, SUBJECT, SUBJECT_NO, TOUCHED,
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

/// The record that `record_id` corrects, when it is a correction.
pub fn corrected_by(tx: &mut Tx, record_id: i64) -> Outcome<Option<i64>> {
    match tx.opt(&CORRECTED_BY, args![record_id])? {
        Some(row) => row.get("names_id"),
        None => Ok(None),
    }
}
