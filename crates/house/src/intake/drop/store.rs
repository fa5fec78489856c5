//! Every SQL statement of drop folders.
use db::{Row, Tx, args, statements};
use kernel::{Fault, Instant, Outcome};
use serde_json::{Value, json};

use super::model::{DropFile, DropFolder};
use crate::hall::Op;

statements! {
    /// Keeps a folder.
    SAVE_DROP = "INSERT INTO intake_drop (drop_id, folder, supplier, item, mapping, state, created_at, created_by)
                 VALUES ($1, $2, $3, $4, $5, 'active', $6, $7)";
    /// Folders in the order in which they were added.
    DROPS = "SELECT drop_id, folder, supplier, item, mapping, last_fault FROM intake_drop WHERE state = 'active'
             ORDER BY drop_id";
    /// A folder is not watched any more.
    REMOVE = "UPDATE intake_drop SET state = 'removed' WHERE drop_id = $1";
    /// Notes why a folder could not be looked at, or that it could.
    NOTE_FAULT = "UPDATE intake_drop SET last_fault = $2 WHERE drop_id = $1";
    /// Keeps a file that is taken.
    SAVE_FILE = "INSERT INTO intake_drop_file (file_id, drop_id, name, digest, bytes, state, batches, said, taken_at)
                 VALUES ($1, $2, $3, $4, $5, 'taken', $6, $7, $8)";
    /// Files of a folder that are in work.
    OPEN_FILES = "SELECT file_id, drop_id, name, digest, bytes, state, batches, said, moved_as, taken_at, ended_at
                  FROM intake_drop_file WHERE drop_id = $1 AND state = 'taken' ORDER BY file_id";
    /// Files of a folder, newest first.
    FILES = "SELECT file_id, drop_id, name, digest, bytes, state, batches, said, moved_as, taken_at, ended_at
             FROM intake_drop_file WHERE drop_id = $1 ORDER BY file_id DESC LIMIT $2";
    /// How many files of a folder are in a state.
    COUNTS = "SELECT CAST(COALESCE(sum(CASE WHEN state = 'taken' THEN 1 ELSE 0 END), 0) AS BIGINT) AS taken,
              CAST(COALESCE(sum(CASE WHEN state = 'done' THEN 1 ELSE 0 END), 0) AS BIGINT) AS done,
              CAST(COALESCE(sum(CASE WHEN state = 'failed' THEN 1 ELSE 0 END), 0) AS BIGINT) AS failed
              FROM intake_drop_file WHERE drop_id = $1";
    /// Decides what a file is to be called where it goes.
    MOVE_AS = "UPDATE intake_drop_file SET moved_as = $2 WHERE file_id = $1";
    /// A file is done with.
    END_FILE = "UPDATE intake_drop_file SET state = $2, said = $3, ended_at = $4 WHERE file_id = $1";
}

fn broken(error: serde_json::Error) -> Fault {
    Fault::internal("投递文件夹的设置无法读取", error)
}

fn drop_row(row: &Row) -> Outcome<DropFolder> {
    let mapping: Value = row.get("mapping")?;
    Ok(DropFolder {
        drop_id: row.get("drop_id")?,
        folder: row.get("folder")?,
        supplier: row.get("supplier")?,
        item: row.get("item")?,
        mapping: serde_json::from_value(mapping).map_err(broken)?,
        last_fault: row.get("last_fault")?,
    })
}

fn file_row(row: &Row) -> Outcome<DropFile> {
    let batches: Value = row.get("batches")?;
    Ok(DropFile {
        file_id: row.get("file_id")?,
        drop_id: row.get("drop_id")?,
        name: row.get("name")?,
        digest: row.get("digest")?,
        bytes: row.get("bytes")?,
        state: row.get("state")?,
        batches: serde_json::from_value(batches).map_err(broken)?,
        said: row.get("said")?,
        moved_as: row.get("moved_as")?,
        taken_at: row.get("taken_at")?,
        ended_at: row.get("ended_at")?,
    })
}

pub fn save_drop(tx: &mut Tx, op: &Op, drop: &DropFolder) -> Outcome<()> {
    let mapping = json!(drop.mapping);
    let row = args![
        drop.drop_id,
        &drop.folder,
        &drop.supplier,
        drop.item.as_deref(),
        mapping,
        op.at,
        &op.actor.name
    ];
    tx.exec(&SAVE_DROP, row).map(std::mem::drop)
}

pub fn drops(tx: &mut Tx) -> Outcome<Vec<DropFolder>> {
    tx.all(&DROPS, args![])?.iter().map(drop_row).collect()
}

pub fn remove(tx: &mut Tx, drop_id: i64) -> Outcome<()> {
    tx.exec(&REMOVE, args![drop_id]).map(drop)
}

pub fn note_fault(tx: &mut Tx, drop_id: i64, fault: Option<&str>) -> Outcome<()> {
    tx.exec(&NOTE_FAULT, args![drop_id, fault]).map(drop)
}

pub fn save_file(tx: &mut Tx, file: &DropFile) -> Outcome<()> {
    let row = args![
        file.file_id,
        file.drop_id,
        &file.name,
        &file.digest,
        file.bytes,
        json!(file.batches),
        &file.said,
        file.taken_at
    ];
    tx.exec(&SAVE_FILE, row).map(drop)
}

pub fn open_files(tx: &mut Tx, drop_id: i64) -> Outcome<Vec<DropFile>> {
    tx.all(&OPEN_FILES, args![drop_id])?
        .iter()
        .map(file_row)
        .collect()
}

pub fn files(tx: &mut Tx, drop_id: i64, limit: i64) -> Outcome<Vec<DropFile>> {
    tx.all(&FILES, args![drop_id, limit])?
        .iter()
        .map(file_row)
        .collect()
}

/// Files in work, done and failed.
pub fn counts(tx: &mut Tx, drop_id: i64) -> Outcome<(i64, i64, i64)> {
    let row = tx.one(&COUNTS, args![drop_id])?;
    Ok((row.get("taken")?, row.get("done")?, row.get("failed")?))
}

pub fn move_as(tx: &mut Tx, file_id: i64, name: &str) -> Outcome<()> {
    tx.exec(&MOVE_AS, args![file_id, name]).map(drop)
}

pub fn end_file(tx: &mut Tx, file_id: i64, state: &str, said: &str, at: Instant) -> Outcome<()> {
    tx.exec(&END_FILE, args![file_id, state, said, at]).map(drop)
}
