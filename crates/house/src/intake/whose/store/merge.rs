//! Every SQL statement of merges, and of records that the house itself writes.
use std::collections::HashMap;

use db::{Cell, Row, Tx, Value, args, statements};
use kernel::{Instant, Outcome};

use super::super::super::model::Relation;
use super::super::super::store::RECORD_COLUMNS;
use super::super::deed::{Entry, Known};
use super::super::model::{Merge, Moved};

statements! {
    /// All records of an entity with what is needed to write them again.
    ENTRIES = "SELECT record_id, item, record_key, digest, relation, names_id, on_day, ends_day, amount_fen, level, code,
               payload, supplier, line FROM intake_record WHERE subject_id = $1 ORDER BY record_id";
    /// One record.
    ENTRY = "SELECT subject_id, record_id, item, record_key, digest, relation, names_id, on_day, ends_day, amount_fen, level,
             code, payload, supplier, line FROM intake_record WHERE record_id = $1";
    /// The first later record that names one and is not taken back itself.
    NAMED_BY = "SELECT r.record_id FROM intake_record r WHERE r.subject_id = $1 AND r.names_id = $2 AND NOT EXISTS (
                SELECT 1 FROM intake_record w WHERE w.subject_id = r.subject_id AND w.names_id = r.record_id
                AND w.relation = 'withdraws') ORDER BY r.record_id LIMIT 1";
    /// The record under a key.
    CURRENT_UNDER = "SELECT record_id FROM intake_current WHERE item = $1 AND subject_id = $2 AND record_key = $3";
    /// Makes a record the current one of its key.
    PUT_CURRENT = "INSERT INTO intake_current (item, subject_id, record_key, record_id, digest)
                   VALUES ($1, $2, $3, $4, $5) ON CONFLICT (item, subject_id, record_key)
                   DO UPDATE SET record_id = excluded.record_id, digest = excluded.digest";
    /// Forgets a record as the current one of its key.
    FORGET_CURRENT = "DELETE FROM intake_current WHERE item = $1 AND subject_id = $2 AND record_key = $3 AND record_id = $4";
    /// What a code stands for and what it was merged into.
    MERGED_INTO = "SELECT subject_id, merged_into FROM intake_subject WHERE subject_no = $1";
    /// Points an entity, and those merged into it before, to another.
    POINT = "UPDATE intake_subject SET merged_into = $2 WHERE subject_id = $1 OR merged_into = $1";
    /// An entity stands by itself again.
    STAND_ALONE = "UPDATE intake_subject SET merged_into = NULL WHERE subject_id = $1";
    /// Those that were merged into an entity, directly or through others, before it was merged on.
    POINT_BACK = "UPDATE intake_subject SET merged_into = $2 WHERE subject_id = $1";
    /// Merges in force into an entity.
    MERGES_INTO = "SELECT merged_id FROM intake_merge WHERE into_id = $1 AND undone_at IS NULL ORDER BY merge_id";
    /// Keeps a merge.
    SAVE_MERGE = "INSERT INTO intake_merge (merge_id, merged_id, into_id, merged_name, into_name, division, reason,
                  merged_by, merged_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    /// A merge is undone.
    UNDO_MERGE = "UPDATE intake_merge SET undone_by = $2, undone_at = $3, undone_why = $4
                  WHERE merge_id = $1 AND undone_at IS NULL";
    /// One merge.
    MERGE = "SELECT m.merge_id, m.merged_id, m.into_id, a.subject_no AS merged_no, b.subject_no AS into_no, m.merged_name,
             m.into_name, m.division, m.reason, m.merged_by, m.merged_at, m.undone_by, m.undone_at, m.undone_why,
             (SELECT CAST(count(*) AS BIGINT) FROM intake_merge_record r WHERE r.merge_id = m.merge_id) AS records
             FROM intake_merge m JOIN intake_subject a ON a.subject_id = m.merged_id
             JOIN intake_subject b ON b.subject_id = m.into_id WHERE m.merge_id = $1";
    /// Merges before a number, newest first.
    MERGES = "SELECT m.merge_id, m.merged_id, m.into_id, a.subject_no AS merged_no, b.subject_no AS into_no, m.merged_name,
              m.into_name, m.division, m.reason, m.merged_by, m.merged_at, m.undone_by, m.undone_at, m.undone_why,
              (SELECT CAST(count(*) AS BIGINT) FROM intake_merge_record r WHERE r.merge_id = m.merge_id) AS records
              FROM intake_merge m JOIN intake_subject a ON a.subject_id = m.merged_id
              JOIN intake_subject b ON b.subject_id = m.into_id WHERE m.merge_id < $1 ORDER BY m.merge_id DESC LIMIT $2";
    /// The merge in force of an entity.
    MERGE_OF = "SELECT merge_id FROM intake_merge WHERE merged_id = $1 AND undone_at IS NULL";
    /// What a merge moved, in order.
    MOVED = "SELECT origin_id, root_id, item, withdrawal_id, copy_id FROM intake_merge_record WHERE merge_id = $1
             ORDER BY origin_id";
    /// Records that came under the code of a merged entity.
    DETOURS = "SELECT record_id FROM intake_detour WHERE subject_id = $1 ORDER BY record_id";
}

/// Notes records that came under the code of a merged entity: number of the record, number of the code.
pub fn note_detours(tx: &mut Tx, detours: &[(i64, i64)]) -> Outcome<()> {
    let rows = detours
        .iter()
        .map(|(record, subject)| Ok(vec![Value::from(*record), Value::from(*subject)]));
    tx.load("intake_detour", &["record_id", "subject_id"], rows)
        .map(drop)
}

pub fn detours(tx: &mut Tx, subject_id: i64) -> Outcome<Vec<i64>> {
    tx.all(&DETOURS, args![subject_id])?
        .iter()
        .map(|row| row.get("record_id"))
        .collect()
}

fn entry_row(row: &Row, subject_id: i64) -> Outcome<Known> {
    let relation: String = row.get("relation")?;
    let payload: serde_json::Value = row.get("payload")?;
    Ok(Known {
        record_id: row.get("record_id")?,
        entry: Entry {
            subject_id,
            item: row.get("item")?,
            record_key: row.get("record_key")?,
            digest: row.get("digest")?,
            relation: Relation::from_word(&relation),
            names_id: row.get("names_id")?,
            on_day: row.get("on_day")?,
            ends_day: row.get("ends_day")?,
            amount_fen: row.get("amount_fen")?,
            level: row.get("level")?,
            code: row.get("code")?,
            payload: payload.to_string(),
            supplier: row.get("supplier")?,
            line: row.get("line")?,
        },
    })
}

pub fn entries(tx: &mut Tx, subject_id: i64) -> Outcome<Vec<Known>> {
    tx.all(&ENTRIES, args![subject_id])?
        .iter()
        .map(|row| entry_row(row, subject_id))
        .collect()
}

pub fn entry(tx: &mut Tx, record_id: i64) -> Outcome<Option<Known>> {
    tx.opt(&ENTRY, args![record_id])?
        .map(|row| entry_row(&row, row.get("subject_id")?))
        .transpose()
}

pub fn named_by(tx: &mut Tx, subject_id: i64, record_id: i64) -> Outcome<Option<i64>> {
    tx.opt(&NAMED_BY, args![subject_id, record_id])?
        .map(|row| row.get("record_id"))
        .transpose()
}

pub fn current_under(tx: &mut Tx, item: &str, subject_id: i64, record_key: &str) -> Outcome<Option<i64>> {
    tx.opt(&CURRENT_UNDER, args![item, subject_id, record_key])?
        .map(|row| row.get("record_id"))
        .transpose()
}

pub fn put_current(tx: &mut Tx, record_id: i64, entry: &Entry) -> Outcome<()> {
    let row = args![
        &entry.item,
        entry.subject_id,
        &entry.record_key,
        record_id,
        &entry.digest
    ];
    tx.exec(&PUT_CURRENT, row).map(drop)
}

pub fn forget_current(tx: &mut Tx, known: &Known) -> Outcome<()> {
    let entry = &known.entry;
    let row = args![&entry.item, entry.subject_id, &entry.record_key, known.record_id];
    tx.exec(&FORGET_CURRENT, row).map(drop)
}

/// Writes records with numbers that are theirs already, all of one batch.
pub fn write(tx: &mut Tx, batch: (i64, &str, Instant), records: &[(i64, &Entry)]) -> Outcome<()> {
    let (batch_id, source, at) = batch;
    tx.fill("intake_record", &RECORD_COLUMNS, |filling| {
        records.iter().try_for_each(|(record_id, entry)| {
            filling.row(&[
                Cell::Int(*record_id),
                Cell::Int(entry.subject_id),
                Cell::Text(&entry.item),
                Cell::Text(&entry.record_key),
                Cell::Text(&entry.digest),
                Cell::Text(entry.relation.as_str()),
                Cell::int(entry.names_id),
                Cell::Date(entry.on_day),
                Cell::day(entry.ends_day),
                Cell::int(entry.amount_fen),
                Cell::int(entry.level),
                Cell::text(entry.code.as_deref()),
                Cell::Json(&entry.payload),
                Cell::Text(&entry.supplier),
                Cell::Text(source),
                Cell::Int(batch_id),
                Cell::Int(entry.line),
                Cell::Time(at),
            ])
        })
    })
    .map(drop)
}

/// The number of a code, and of what it was merged into.
pub fn merged_into(tx: &mut Tx, subject_no: &str) -> Outcome<Option<(i64, Option<i64>)>> {
    tx.opt(&MERGED_INTO, args![subject_no])?
        .map(|row| Ok((row.get("subject_id")?, row.get("merged_into")?)))
        .transpose()
}

pub fn point(tx: &mut Tx, merged_id: i64, into_id: i64) -> Outcome<()> {
    tx.exec(&POINT, args![merged_id, into_id]).map(drop)
}

/// Lets an entity stand by itself again; those that were merged into it stay with it.
pub fn stand_alone(tx: &mut Tx, subject_id: i64, with: &[i64]) -> Outcome<()> {
    tx.exec(&STAND_ALONE, args![subject_id])?;
    with.iter()
        .try_for_each(|other| tx.exec(&POINT_BACK, args![*other, subject_id]).map(drop))
}

/// Everybody merged into an entity, directly and through others.
pub fn merged_below(tx: &mut Tx, into_id: i64) -> Outcome<Vec<i64>> {
    let (mut all, mut next) = (Vec::new(), vec![into_id]);
    while let Some(into) = next.pop() {
        for row in tx.all(&MERGES_INTO, args![into])? {
            let merged: i64 = row.get("merged_id")?;
            all.push(merged);
            next.push(merged);
        }
    }
    Ok(all)
}

/// A merge with the numbers of its entities.
pub struct MergeRow {
    pub merge: Merge,
    pub merged_id: i64,
    pub into_id: i64,
}

fn merge_row(row: &Row) -> Outcome<MergeRow> {
    Ok(MergeRow {
        merged_id: row.get("merged_id")?,
        into_id: row.get("into_id")?,
        merge: Merge {
            merge_id: row.get("merge_id")?,
            merged_no: row.get("merged_no")?,
            into_no: row.get("into_no")?,
            merged_name: row.get("merged_name")?,
            into_name: row.get("into_name")?,
            division: row.get("division")?,
            reason: row.get("reason")?,
            merged_by: row.get("merged_by")?,
            merged_at: row.get("merged_at")?,
            undone_by: row.get("undone_by")?,
            undone_at: row.get("undone_at")?,
            undone_why: row.get("undone_why")?,
            records: row.get("records")?,
        },
    })
}

pub fn save_merge(tx: &mut Tx, new: &MergeRow) -> Outcome<()> {
    let merge = &new.merge;
    let row = args![
        merge.merge_id,
        new.merged_id,
        new.into_id,
        &merge.merged_name,
        &merge.into_name,
        merge.division.as_deref(),
        &merge.reason,
        &merge.merged_by,
        merge.merged_at
    ];
    tx.exec(&SAVE_MERGE, row).map(drop)
}

pub fn undo_merge(tx: &mut Tx, merge_id: i64, by: &str, at: Instant, why: &str) -> Outcome<u64> {
    tx.exec(&UNDO_MERGE, args![merge_id, by, at, why])
}

pub fn merge(tx: &mut Tx, merge_id: i64) -> Outcome<Option<MergeRow>> {
    tx.opt(&MERGE, args![merge_id])?
        .as_ref()
        .map(merge_row)
        .transpose()
}

pub fn merges(tx: &mut Tx, before: i64, limit: i64) -> Outcome<Vec<Merge>> {
    tx.all(&MERGES, args![before, limit])?
        .iter()
        .map(|row| merge_row(row).map(|row| row.merge))
        .collect()
}

pub fn merge_of(tx: &mut Tx, merged_id: i64) -> Outcome<Option<i64>> {
    tx.opt(&MERGE_OF, args![merged_id])?
        .map(|row| row.get("merge_id"))
        .transpose()
}

pub fn save_moved(tx: &mut Tx, merge_id: i64, moved: &[Moved]) -> Outcome<()> {
    let columns = [
        "merge_id",
        "origin_id",
        "root_id",
        "item",
        "withdrawal_id",
        "copy_id",
    ];
    let rows = moved.iter().map(|one| {
        Ok(vec![
            Value::from(merge_id),
            Value::from(one.origin_id),
            Value::from(one.root_id),
            Value::from(one.item.as_str()),
            Value::from(one.withdrawal_id),
            Value::from(one.copy_id),
        ])
    });
    tx.load("intake_merge_record", &columns, rows).map(drop)
}

pub fn moved(tx: &mut Tx, merge_id: i64) -> Outcome<Vec<Moved>> {
    tx.all(&MOVED, args![merge_id])?
        .iter()
        .map(|row| {
            Ok(Moved {
                origin_id: row.get("origin_id")?,
                root_id: row.get("root_id")?,
                item: row.get("item")?,
                withdrawal_id: row.get("withdrawal_id")?,
                copy_id: row.get("copy_id")?,
            })
        })
        .collect()
}

/// Records by number.
pub fn by_number(known: &[Known]) -> HashMap<i64, &Known> {
    known.iter().map(|one| (one.record_id, one)).collect()
}
