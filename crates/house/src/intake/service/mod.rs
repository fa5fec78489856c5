//! Commands and queries of collection.
mod apply;
mod arrive;
mod check;
mod describe;
mod frame;
mod seen;
mod stage;

use std::path::Path;

use db::Tx;
use kernel::{Day, Fault, FaultKind, Instant, Outcome};
use policy::pack::PackOn;
use serde_json::json;

pub use apply::{Follower, Prepared, apply};
pub use arrive::{Arrived, HandOver, arrive, keep_copy};
pub use describe::{Described, Meaning, Nearest, describe, only_item};
pub use frame::{DAMAGED, Frame};
pub use stage::{DryRun, Mapping, dry_run, stage, unstage};

use super::model::{Batch, Fact, NewBatch, Record, Refusal, Taken};
use super::store;
use crate::hall::{InJurisdiction, Op, job, ledger};

/// Kind of the background job that stages and applies a batch.
pub const JOB: &str = "intake.batch";

/// Folder inside the data folder for what is handed over.
pub const INBOX: &str = "inbox";

/// Where the content of a batch lies inside the data folder.
pub fn file_of(digest: &str) -> String {
    // The part after a dash tells mappings apart, not contents.
    let content = digest.split('-').next().unwrap_or(digest);
    format!("{INBOX}/{content}")
}

/// Where the checked rows of a batch wait inside the data folder until they are applied.
pub fn staged_of(batch_id: i64) -> String {
    format!("{INBOX}/batch-{batch_id}.rows")
}

/// Takes a batch in whose content already lies in the data folder, and queues the work on it. The same content
/// for the same item from the same supplier is recognised and not taken in again.
pub fn receive(tx: &mut Tx, op: &Op, new: &NewBatch, digest: &str, mapping: &Mapping) -> Outcome<Taken> {
    let law = op.pack.on(op.today());
    known_item(&law, &new.item)?;
    tx.lock("intake_receive", 0)?;
    let digest = &identity(digest, mapping, new.table_no);
    if let Some(batch) = store::known(tx, digest, new)? {
        return taken_before(tx, op, batch, mapping);
    }
    let batch_id = tx.next_id()?;
    store::save_batch(tx, batch_id, new, digest, op.at)?;
    let subject = format!("batch:{batch_id}");
    job::enqueue(
        tx,
        op,
        JOB,
        &subject,
        &json!({ "batch_id": batch_id, "mapping": mapping }),
    )?;
    let told = ledger::Event {
        verb: "intake.batch-received",
        subject,
        department: Some(new.supplier.clone()),
        payload: json!({ "batch_id": batch_id, "item": new.item, "file_name": new.file_name, "digest": digest }),
        ..ledger::Event::default()
    };
    ledger::append(tx, op, told)?;
    Ok(Taken::New(batch_id))
}

/// What makes two hand-overs the same: the content, which table of it, and how its columns are to be understood.
fn identity(digest: &str, mapping: &Mapping, table_no: i64) -> String {
    let plain = *mapping == Mapping::default();
    let told = match (plain, table_no) {
        (true, 0) => return digest.to_owned(),
        (_, 0) => json!(mapping),
        _ => json!({ "mapping": mapping, "table": table_no }),
    };
    let told = proof::Suite::Sha256Ed25519
        .hash(told.to_string().as_bytes())
        .to_string();
    format!("{digest}-{}", told.get(..SHORT).unwrap_or(&told))
}

/// How much of a mapping's hash tells it from other mappings of the same file.
const SHORT: usize = 12;

/// A hand-over that is known: left alone, or, when the work on it failed for good, queued again.
fn taken_before(tx: &mut Tx, op: &Op, batch: Batch, mapping: &Mapping) -> Outcome<Taken> {
    let subject = format!("batch:{}", batch.batch_id);
    let unfinished = batch.state == "received" || batch.state == "staged";
    let failed = job::latest_about(tx, &subject)?.is_some_and(|job| job.state == "failed");
    if unfinished && failed {
        let task = json!({ "batch_id": batch.batch_id, "mapping": mapping });
        job::enqueue(tx, op, JOB, &subject, &task)?;
        return Ok(Taken::New(batch.batch_id));
    }
    Ok(Taken::Known(Box::new(batch)))
}

/// Refuses an item the catalogue does not have, and says which there are.
pub(super) fn known_item(law: &PackOn<'_>, item: &str) -> Outcome<()> {
    if law.item(item).is_ok() {
        return Ok(());
    }
    let known: Vec<String> = law.items().map(|item| item.trace.code).collect();
    let detail = format!("目录中没有事项“{item}”。可用的有：{}。", known.join("、"));
    Err(Fault::new(FaultKind::Invalid, "intake.item.unknown", detail))
}

/// Accepts rows that another module produced (a result, a repair) as a department's records, at once.
pub fn accept(tx: &mut Tx, op: &Op, new: &NewBatch, rows: &[Row]) -> Outcome<Batch> {
    let text = serde_json::to_vec(rows).map_err(|e| Fault::internal("记录无法写出", e))?;
    let digest = proof::Suite::Sha256Ed25519.hash(&text).to_string();
    tx.lock("intake_receive", 0)?;
    if let Some(batch) = store::known(tx, &digest, new)? {
        return Ok(batch);
    }
    let batch_id = tx.next_id()?;
    store::save_batch(tx, batch_id, new, &digest, op.at)?;
    let frame = stage::check_rows(tx, op, batch_id, rows)?;
    apply::apply_rows(tx, op, batch_id, frame)
}

/// Accepts checked rows that are in hand, as a batch of their own, at once: rows of a file whose entity was found.
pub(super) fn take(tx: &mut Tx, op: &Op, new: &NewBatch, frame: Frame, rows: i64) -> Outcome<Batch> {
    let batch_id = tx.next_id()?;
    // A digest no file has: nothing handed over is ever taken for it.
    store::save_batch(tx, batch_id, new, &format!("{}:{batch_id}", new.source), op.at)?;
    let step = store::Step {
        line: 0,
        read: rows,
        refused: 0,
        bytes: 0,
        note: None,
    };
    store::staged_to(tx, batch_id, &step)?;
    store::staged(tx, batch_id)?;
    apply::apply_rows(tx, op, batch_id, frame)
}

/// A row as another module gives it: the code of the entity and the fields by name.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Row {
    /// Credit code or registration number.
    pub subject_no: String,
    /// Field name and text.
    pub fields: Vec<(String, String)>,
}

/// One batch.
pub fn batch(tx: &mut Tx, batch_id: i64) -> Outcome<Batch> {
    store::batch(tx, batch_id)?.ok_or_else(Fault::hidden)
}

/// One batch, for an actor whose scope covers its supplier.
pub fn batch_for(tx: &mut Tx, op: &Op, batch_id: i64) -> Outcome<Batch> {
    let batch = batch(tx, batch_id)?;
    if op.actor.scope.covers(&batch.jurisdiction()) {
        Ok(batch)
    } else {
        Err(Fault::hidden())
    }
}

/// Batches before a number that the actor's scope covers, newest first.
pub fn batches(tx: &mut Tx, op: &Op, before: i64, limit: i64) -> Outcome<Vec<Batch>> {
    const PAGE: i64 = 200;
    let (mut before, mut found) = (before, Vec::new());
    loop {
        let page = store::batches(tx, before, PAGE)?;
        let Some(last) = page.last() else { return Ok(found) };
        before = last.batch_id;
        for batch in page {
            if op.actor.scope.covers(&batch.jurisdiction()) {
                found.push(batch);
                if i64::try_from(found.len()).unwrap_or(i64::MAX) >= limit {
                    return Ok(found);
                }
            }
        }
    }
}

/// Refused rows of a batch after a line.
pub fn refusals(tx: &mut Tx, batch_id: i64, after_line: i64, limit: i64) -> Outcome<Vec<Refusal>> {
    store::refusals(tx, batch_id, after_line, limit)
}

/// The number of an entity, when any record about it was ever accepted.
pub fn subject_id(tx: &mut Tx, subject_no: &str) -> Outcome<Option<i64>> {
    store::subject(tx, subject_no)
}

/// The code of an entity and what is unusual about it.
pub fn subject_no(tx: &mut Tx, subject_id: i64) -> Outcome<Option<(String, String)>> {
    store::subject_no(tx, subject_id)
}

/// All records of an entity that were known at an instant, in the order of acceptance.
pub fn records_of(tx: &mut Tx, subject_id: i64, known_at: Instant) -> Outcome<Vec<Record>> {
    store::records_of(tx, subject_id, known_at)
}

/// A page of the records a batch made.
pub fn records_in(tx: &mut Tx, batch_id: i64, after: i64, limit: i64) -> Outcome<Vec<Record>> {
    store::records_in(tx, batch_id, after, limit)
}

/// A page of the entities a batch is about.
pub fn touched(tx: &mut Tx, batch_id: i64, after: i64, limit: i64) -> Outcome<Vec<i64>> {
    store::touched(tx, batch_id, after, limit)
}

/// A page of records between two numbers, each with the entity it is about: quick over a large batch.
pub fn about(tx: &mut Tx, after: i64, upto: i64, limit: i64) -> Outcome<Vec<(i64, i64)>> {
    store::about(tx, after, upto, limit)
}

/// What the evaluator needs of one entity, up to a position.
pub fn facts_of(tx: &mut Tx, subject_id: i64, upto: i64) -> Outcome<Vec<Fact>> {
    store::facts_of(tx, subject_id, upto)
}

/// Streams what the evaluator needs of all records between two positions, in order.
pub fn facts_after(tx: &mut Tx, after: i64, upto: i64, each: impl FnMut(Fact) -> Outcome<()>) -> Outcome<()> {
    store::facts_after(tx, after, upto, each)
}

/// The position of the last record.
pub fn last_record(tx: &mut Tx) -> Outcome<i64> {
    store::last_record(tx)
}

/// What tells a record from any other that ever had its number, as when the database came back from a backup: its content,
/// where it came from and when. `None` when there is no such record.
pub fn trace(tx: &mut Tx, record_id: i64) -> Outcome<Option<String>> {
    let trace = store::trace(tx, record_id)?;
    Ok(trace.map(|text| proof::Suite::Sha256Ed25519.hash(text.as_bytes()).to_string()))
}

/// How many records each item has.
pub fn counts(tx: &mut Tx) -> Outcome<Vec<(String, i64)>> {
    store::counts(tx)
}

/// Hash of a file's content, read in pieces.
pub fn digest_of(path: &Path) -> Outcome<String> {
    pass_through(path, |_| Ok(()))
}

/// Copies a file's content into a new file, flushed to the disk, and returns the hash of it.
pub fn copy_of(path: &Path, to: &Path) -> Outcome<String> {
    use std::io::Write as _;
    let mut copy = std::fs::File::create(to).map_err(|e| uncopied(path, e))?;
    let digest = pass_through(path, |piece| copy.write_all(piece).map_err(|e| uncopied(path, e)))?;
    copy.sync_all().map_err(|e| uncopied(path, e))?;
    Ok(digest)
}

/// Why a file could not be copied into the data folder, and what to do.
pub fn uncopied(path: &Path, error: std::io::Error) -> Fault {
    let path = path.display();
    if kernel::fault::is_full(&error) {
        let detail =
            format!("磁盘已满，不能把 {path} 复制到数据文件夹，什么也没有入库。请腾出空间后重新导入。");
        return Fault::new(FaultKind::Internal, DISK_FULL, detail).with_source(error);
    }
    Fault::internal(
        format!(
            "不能把 {path} 复制到数据文件夹：{}",
            kernel::fault::in_words(&error)
        ),
        error,
    )
}

/// Code of the fault when there is no room left on the disk.
const DISK_FULL: &str = "intake.disk.full";

fn pass_through(path: &Path, mut each: impl FnMut(&[u8]) -> Outcome<()>) -> Outcome<String> {
    use std::io::Read as _;
    let unreadable = |e: std::io::Error| {
        let detail = format!(
            "无法读取 {}：{}。请检查路径和权限。",
            path.display(),
            kernel::fault::in_words(&e)
        );
        Fault::new(FaultKind::Invalid, "intake.file.unreadable", detail)
    };
    let mut file = std::fs::File::open(path).map_err(unreadable)?;
    let mut hasher = proof::Suite::Sha256Ed25519.hasher();
    let mut buffer = vec![0_u8; 1 << 18];
    loop {
        let got = file.read(&mut buffer).map_err(unreadable)?;
        if got == 0 {
            return Ok(hasher.finish().to_string());
        }
        let piece = buffer.get(..got).unwrap_or_default();
        hasher.update(piece);
        each(piece)?;
    }
}

/// The newest record of an item about an entity, up to a position.
pub fn newest_of(tx: &mut Tx, subject_id: i64, item: &str, upto: i64) -> Outcome<Option<Record>> {
    store::newest_of(tx, subject_id, item, upto)
}

/// Earlier readings of an item about entities that are not taken back: number of the entity and the fields.
pub fn earlier_of(tx: &mut Tx, item: &str, subjects: &[i64]) -> Outcome<Vec<(i64, serde_json::Value)>> {
    store::earlier_of(tx, item, subjects)
}

/// Whether a record of an entity is taken back.
pub fn is_taken_back(tx: &mut Tx, subject_id: i64, record_id: i64) -> Outcome<bool> {
    store::is_taken_back(tx, subject_id, record_id)
}

/// Streams the newest record under each key of an item that happened since a day, in order of entity; those taken back
/// are left out.
pub fn current_of(
    tx: &mut Tx,
    item: &str,
    since: Day,
    each: impl FnMut(Record) -> Outcome<()>,
) -> Outcome<()> {
    store::current_of(tx, item, since, each)
}

/// A page of the entities with records of an item that stand.
pub fn with_item(tx: &mut Tx, item: &str, after: i64, limit: i64) -> Outcome<Vec<i64>> {
    store::with_item(tx, item, after, limit)
}

/// The newest record under each key of an item about some entities, of facts from one day to another (both included), in no
/// promised order; those taken back are left out.
pub fn current_among(tx: &mut Tx, item: &str, days: (Day, Day), subjects: &[i64]) -> Outcome<Vec<Record>> {
    store::current_among(tx, item, days, subjects)
}

/// The position up to which records were known at an instant.
pub fn position_at(tx: &mut Tx, at: Instant) -> Outcome<i64> {
    store::position_at(tx, at)
}
