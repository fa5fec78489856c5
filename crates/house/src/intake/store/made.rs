//! How staged rows become records: who is known, what is known of them, and the rows of the tables.
use std::collections::HashMap;

use db::{Cell, Tx, Value, args};
use kernel::Outcome;

use super::super::model::{Batch, Made, Staged};
use super::{CURRENT, FORGET, MAKE_CURRENT, SUBJECT_COUNT, SUBJECT_NOS, SUBJECTS};

/// How many entities have a number.
pub fn subject_count(tx: &mut Tx) -> Outcome<i64> {
    tx.one(&SUBJECT_COUNT, &args![])?.get("subjects")
}

/// Visits the code of every entity that has a number.
pub fn subject_nos(tx: &mut Tx, mut each: impl FnMut(&str)) -> Outcome<()> {
    tx.each(&SUBJECT_NOS, &args![], |row| {
        let code: String = row.get("subject_no")?;
        each(&code);
        Ok(())
    })
}

/// An entity as it is numbered: its own number, and the number of the one it was merged into.
#[derive(Clone, Copy)]
pub struct Numbered {
    pub own: i64,
    pub merged_into: Option<i64>,
}

/// The numbers of the entities among these that have one.
pub fn subjects(tx: &mut Tx, codes: &[&str]) -> Outcome<HashMap<String, Numbered>> {
    let list: Vec<Value> = codes.iter().map(|code| Value::from(*code)).collect();
    tx.all_in(&SUBJECTS, args![], &list)?
        .iter()
        .map(|row| {
            let numbered = Numbered {
                own: row.get("subject_id")?,
                merged_into: row.get("merged_into")?,
            };
            Ok((row.get("subject_no")?, numbered))
        })
        .collect()
}

/// Gives entities their numbers.
pub fn save_subjects(tx: &mut Tx, rows: &[(i64, Staged<'_>)]) -> Outcome<u64> {
    let columns = ["subject_id", "subject_no", "kind", "marks"];
    tx.fill("intake_subject", &columns, |filling| {
        rows.iter().try_for_each(|(id, row)| {
            filling.row(&[
                Cell::Int(*id),
                Cell::Text(row.subject_no),
                Cell::Text(row.subject_kind),
                Cell::Text(row.marks),
            ])
        })
    })
}

/// The newest record of each key of an item about entities, with its digest.
pub fn current(tx: &mut Tx, item: &str, subjects: &[i64]) -> Outcome<HashMap<(i64, String), (i64, String)>> {
    let list: Vec<Value> = subjects.iter().map(|subject| Value::from(*subject)).collect();
    tx.all_in(&CURRENT, args![item], &list)?
        .iter()
        .map(|row| {
            let key = (row.get("subject_id")?, row.get("record_key")?);
            Ok((key, (row.get("record_id")?, row.get("digest")?)))
        })
        .collect()
}

/// Columns of a record, in the order in which records are filled in.
pub const RECORD_COLUMNS: [&str; 18] = [
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

pub fn save_records(tx: &mut Tx, batch: &Batch, records: &[Made<'_>]) -> Outcome<u64> {
    tx.fill("intake_record", &RECORD_COLUMNS, |filling| {
        records.iter().try_for_each(|record| {
            let row = &record.row;
            filling.row(&[
                Cell::Int(record.record_id),
                Cell::Int(record.subject_id),
                Cell::Text(&batch.item),
                Cell::Text(row.record_key),
                Cell::Text(row.digest),
                Cell::Text(record.relation.as_str()),
                Cell::int(record.names_id),
                Cell::Date(record.on_day),
                Cell::day(row.ends_on),
                Cell::int(row.amount_fen),
                Cell::int(row.level),
                Cell::text(row.code),
                Cell::Json(row.payload),
                Cell::Text(&batch.supplier),
                Cell::Text(&batch.source),
                Cell::Int(batch.batch_id),
                Cell::Int(row.line),
                Cell::Time(batch.received_at),
            ])
        })
    })
}

/// Makes records the current ones of keys that nothing was known under.
pub fn first_current(tx: &mut Tx, item: &str, records: &[&Made<'_>]) -> Outcome<u64> {
    let columns = ["item", "subject_id", "record_key", "record_id", "digest"];
    tx.fill("intake_current", &columns, |filling| {
        records.iter().try_for_each(|record| {
            filling.row(&[
                Cell::Text(item),
                Cell::Int(record.subject_id),
                Cell::Text(record.row.record_key),
                Cell::Int(record.record_id),
                Cell::Text(record.row.digest),
            ])
        })
    })
}

/// Makes saved records the current ones of their keys, whatever was known; at most one a key.
pub fn make_current(tx: &mut Tx, batch_id: i64, records: &[i64]) -> Outcome<()> {
    let list: Vec<Value> = records.iter().map(|record| Value::from(*record)).collect();
    tx.all_in(&MAKE_CURRENT, args![batch_id], &list).map(drop)
}

pub fn forget(tx: &mut Tx, subject_id: i64, item: &str, record_key: &str) -> Outcome<()> {
    tx.exec(&FORGET, &args![subject_id, item, record_key]).map(drop)
}
