//! Commands and queries of collection.
mod apply;
mod check;
mod frame;
mod seen;
mod stage;

use std::path::Path;

use db::Tx;
use kernel::{Day, Fault, FaultKind, Instant, Outcome};
use policy::pack::PackOn;
use serde_json::json;

pub use apply::{Follower, Prepared, apply};
pub use frame::DAMAGED;
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
    let digest = &identity(digest, mapping);
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

/// What makes two hand-overs the same: the content, and how its columns are to be understood.
fn identity(digest: &str, mapping: &Mapping) -> String {
    if *mapping == Mapping::default() {
        return digest.to_owned();
    }
    let columns = serde_json::json!(mapping).to_string();
    let mapped = proof::Suite::Sha256Ed25519.hash(columns.as_bytes()).to_string();
    format!("{digest}-{}", mapped.get(..SHORT).unwrap_or(&mapped))
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

/// The refused rows of a batch as a CSV file with a BOM, so that office programs read the Chinese.
pub fn refusals_csv(tx: &mut Tx, batch_id: i64) -> Outcome<Vec<u8>> {
    let mut text = "\u{feff}行号,字段,原值,代码,原因,建议\n".as_bytes().to_vec();
    let mut writer = csv::Writer::from_writer(&mut text);
    let failed = |e: csv::Error| Fault::internal("退回清单无法写出", e);
    for refusal in store::refusals(tx, batch_id, 0, i64::MAX)? {
        writer
            .write_record([
                refusal.line.to_string().as_str(),
                &refusal.field,
                &refusal.value,
                &refusal.code,
                &refusal.reason,
                refusal.suggestion.as_deref().unwrap_or_default(),
            ])
            .map_err(failed)?;
    }
    writer
        .flush()
        .map_err(|e| Fault::internal("退回清单无法写出", e))?;
    drop(writer);
    Ok(text)
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
    if error.kind() == std::io::ErrorKind::StorageFull {
        let detail =
            format!("磁盘已满，不能把 {path} 复制到数据文件夹，什么也没有入库。请腾出空间后重新导入。");
        return Fault::new(FaultKind::Internal, DISK_FULL, detail).with_source(error);
    }
    Fault::internal(format!("不能把 {path} 复制到数据文件夹：{error}"), error)
}

/// Code of the fault when there is no room left on the disk.
const DISK_FULL: &str = "intake.disk.full";

fn pass_through(path: &Path, mut each: impl FnMut(&[u8]) -> Outcome<()>) -> Outcome<String> {
    use std::io::Read as _;
    let unreadable = |e: std::io::Error| {
        let detail = format!("无法读取 {}：{e}。请检查路径和权限。", path.display());
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
