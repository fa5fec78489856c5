//! Commands and queries of drop folders.
use std::fs;
use std::path::{Path, PathBuf};

use chrono::Duration;
use db::Tx;
use kernel::{Fault, FaultKind, Outcome};
use serde_json::{Value, json};

use super::look::{self, DONE, FAILED, Looks, Shape, WORKING};
use super::model::{DropFile, DropFolder, NewDrop};
use super::store;
use crate::hall::ledger::{self, Event};
use crate::hall::{House, InJurisdiction as _, Op, command, files, query, whole_house};
use crate::intake::correction::{ReportForm, reject_report};
use crate::intake::model::{Batch, Taken};
use crate::intake::service::{self, HandOver};

/// Seconds a file must have stayed as it is before it is taken.
pub const QUIET_SECONDS: i64 = 3;

/// What one pass did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Passed {
    /// Files taken.
    pub taken: u64,
    /// Files moved to their end, as they stand.
    pub ended: Vec<DropFile>,
    /// Files whose batches are still being worked on.
    pub waiting: u64,
}

/// Adds a folder to those that are watched.
pub fn add(house: &House, op: &Op, new: &NewDrop) -> Outcome<DropFolder> {
    let folder = checked(house, &new.folder)?;
    if new.supplier.trim().is_empty() {
        return Err(Fault::invalid(
            "intake.supplier.missing",
            "没有写提供部门。请用 --supplier 写明。",
        ));
    }
    command(house, op, |tx, op| {
        whole_house(op)?;
        if let Some(item) = &new.item {
            service::known_item(&op.pack.on(op.today()), item)?;
        }
        if let Some(other) = store::drops(tx)?.into_iter().find(|other| other.folder == folder) {
            let detail = format!(
                "{folder} 已经是投递文件夹（编号 {}）。如需改动，请先移除它。",
                other.drop_id
            );
            return Err(Fault::conflict("intake.drop.taken", detail));
        }
        let drop = DropFolder {
            drop_id: tx.next_id()?,
            folder: folder.clone(),
            supplier: new.supplier.trim().to_owned(),
            item: new.item.clone(),
            mapping: new.mapping.clone(),
            last_fault: None,
        };
        store::save_drop(tx, op, &drop)?;
        tell(
            tx,
            op,
            "intake.drop-added",
            &drop,
            json!({ "folder": folder, "item": drop.item }),
        )?;
        Ok(drop)
    })
}

/// The absolute path of a folder that may be watched.
fn checked(house: &House, folder: &Path) -> Outcome<String> {
    let refuse = |code, why: &str| {
        let detail = format!("{} 不能作为投递文件夹：{why}", folder.display());
        Fault::new(FaultKind::Invalid, code, detail)
    };
    let found = folder.canonicalize().map_err(|e| {
        refuse(
            "intake.drop.unreadable",
            &format!("无法打开（{e}）。请先建立这个文件夹。"),
        )
    })?;
    if !found.is_dir() {
        return Err(refuse("intake.drop.unreadable", "它不是文件夹。"));
    }
    let data = house.folder.path("");
    let data = data
        .canonicalize()
        .map_err(|e| Fault::internal("数据文件夹无法打开", e))?;
    if found.starts_with(&data) || data.starts_with(&found) {
        let why = "它与信衡的数据文件夹重叠。请换一个数据文件夹以外的文件夹。";
        return Err(refuse("intake.drop.inside", why));
    }
    look::prepare(&found).map_err(|e| refuse("intake.drop.unreadable", &format!("{e}。请检查权限。")))?;
    let path = found.into_os_string().into_string();
    path.map_err(|_| refuse("intake.drop.unreadable", "路径含有不能识别的字符。"))
}

/// The folders that are watched and within the actor's reach, with the number of files in work, done and failed.
pub fn drops(tx: &mut Tx, op: &Op) -> Outcome<Vec<(DropFolder, (i64, i64, i64))>> {
    let mut found = Vec::new();
    for drop in store::drops(tx)? {
        if op.actor.scope.covers(&drop.jurisdiction()) {
            let counts = store::counts(tx, drop.drop_id)?;
            found.push((drop, counts));
        }
    }
    Ok(found)
}

/// The newest files of a folder.
pub fn files_of(tx: &mut Tx, op: &Op, drop_id: i64, limit: i64) -> Outcome<Vec<DropFile>> {
    let drop = store::drops(tx)?.into_iter().find(|drop| drop.drop_id == drop_id);
    match drop {
        Some(drop) if op.actor.scope.covers(&drop.jurisdiction()) => store::files(tx, drop_id, limit),
        _ => Err(Fault::hidden()),
    }
}

/// Stops watching a folder. Its files stay where they are.
pub fn remove(tx: &mut Tx, op: &Op, drop_id: i64) -> Outcome<DropFolder> {
    whole_house(op)?;
    let found = store::drops(tx)?.into_iter().find(|drop| drop.drop_id == drop_id);
    let drop = found.ok_or_else(Fault::hidden)?;
    store::remove(tx, drop_id)?;
    tell(
        tx,
        op,
        "intake.drop-removed",
        &drop,
        json!({ "folder": drop.folder }),
    )?;
    Ok(drop)
}

fn tell(tx: &mut Tx, op: &Op, verb: &'static str, drop: &DropFolder, payload: Value) -> Outcome<()> {
    let event = Event {
        verb,
        subject: format!("drop:{}", drop.drop_id),
        department: Some(drop.supplier.clone()),
        payload,
        ..Event::default()
    };
    ledger::append(tx, op, event).map(std::mem::drop)
}

/// Looks once into every folder: ends the files whose batches are digested, takes those that have been quiet. A folder that
/// cannot be looked at says so in the list and holds up no other.
pub fn pass(house: &House, op: &Op, looks: &mut Looks, quiet: Duration) -> Outcome<Passed> {
    let mut passed = Passed::default();
    for drop in query(house, op, |tx, _| store::drops(tx))? {
        let outcome = pass_one(house, op, &drop, looks, (quiet, &mut passed));
        let fault = outcome.err().map(|fault| {
            tracing::warn!(drop = drop.drop_id, code = fault.code, detail = %fault.detail, "a drop folder could not be served");
            fault.detail
        });
        if fault != drop.last_fault {
            command(house, op, |tx, _| {
                store::note_fault(tx, drop.drop_id, fault.as_deref())
            })?;
        }
    }
    Ok(passed)
}

fn pass_one(
    house: &House,
    op: &Op,
    drop: &DropFolder,
    looks: &mut Looks,
    (quiet, passed): (Duration, &mut Passed),
) -> Outcome<()> {
    let folder = Path::new(&drop.folder);
    let unreachable = |e: std::io::Error| {
        let detail = format!(
            "投递文件夹 {} 无法使用：{}。请检查它是否还在、权限是否够。",
            drop.folder,
            kernel::fault::in_words(&e)
        );
        Fault::new(FaultKind::Busy, "intake.drop.unreachable", detail)
    };
    look::prepare(folder).map_err(unreachable)?;
    let working = folder.join(WORKING);
    for name in looks.quiet(folder, op.at, quiet).map_err(unreachable)? {
        let to = working.join(&name);
        // One of the same name is still in work; this one waits its turn.
        if fs::symlink_metadata(&to).is_err() {
            fs::rename(folder.join(&name), &to).map_err(unreachable)?;
        }
    }
    let open = query(house, op, |tx, _| store::open_files(tx, drop.drop_id))?;
    for (name, shape) in look::plain_files(&working).map_err(unreachable)? {
        if !open.iter().any(|file| file.name == name) {
            passed.taken += u64::from(take(house, op, drop, &name, shape)?);
        }
    }
    for file in query(house, op, |tx, _| store::open_files(tx, drop.drop_id))? {
        match end(house, op, drop, file)? {
            Some(ended) => passed.ended.push(ended),
            None => passed.waiting += 1,
        }
    }
    Ok(())
}

/// Takes a file that lies in `working` and has no row: its content is kept, its tables become batches, and a row says so.
/// Returns whether it was taken; one that changes under our hands is left for the next pass.
fn take(house: &House, op: &Op, drop: &DropFolder, name: &str, before: Shape) -> Outcome<bool> {
    let path = Path::new(&drop.folder).join(WORKING).join(name);
    let mut file = DropFile {
        file_id: 0,
        drop_id: drop.drop_id,
        name: name.to_owned(),
        digest: String::new(),
        bytes: i64::try_from(before.bytes).unwrap_or(i64::MAX),
        state: "taken".to_owned(),
        batches: Vec::new(),
        said: String::new(),
        moved_as: None,
        taken_at: op.at,
        ended_at: None,
    };
    let law = op.pack.on(op.today());
    let seen = service::keep_copy(house, &path).and_then(|digest| {
        file.digest.clone_from(&digest);
        let kept = house.folder.path(&service::file_of(&digest));
        service::describe(&law, &kept, name, drop.item.as_deref(), &drop.mapping, false)
    });
    if fs::symlink_metadata(&path).map_or(true, |after| Shape::of(&after) != before) {
        return Ok(false);
    }
    let (tables, fault) = match seen {
        Ok(tables) => (tables, None),
        // The file is to blame; anything else (a full disk) is tried again.
        Err(fault) if fault.kind == FaultKind::Invalid => (Vec::new(), Some(fault.detail)),
        Err(fault) => return Err(fault),
    };
    command(house, op, |tx, op| {
        let mut file = file.clone();
        file.file_id = tx.next_id()?;
        file.said = fault.clone().unwrap_or_default();
        if fault.is_none() {
            let over = HandOver {
                supplier: &drop.supplier,
                source: "drop",
                file_name: name,
                digest: &file.digest,
                item: drop.item.as_deref(),
                mapping: &drop.mapping,
            };
            match service::arrive(tx, op, &over, &tables) {
                Ok(arrived) => {
                    let number = |(_, taken): &(usize, Taken)| match taken {
                        Taken::New(batch_id) => *batch_id,
                        Taken::Known(batch) => batch.batch_id,
                    };
                    file.batches = arrived.taken.iter().map(number).collect();
                    file.said = said_of(&arrived);
                }
                Err(fault) if fault.kind == FaultKind::Invalid => file.said = fault.detail,
                Err(fault) => return Err(fault),
            }
        }
        store::save_file(tx, &file)?;
        let told = json!({
            "name": file.name, "digest": file.digest, "bytes": file.bytes, "batches": file.batches,
        });
        tell(tx, op, "intake.drop-taken", drop, told)
    })?;
    Ok(true)
}

fn said_of(arrived: &service::Arrived) -> String {
    let known = arrived.taken.iter().filter_map(|(_, taken)| match taken {
        Taken::Known(batch) => Some(format!(
            "同样的内容以前已经收过（批次 {}），未作任何改动。",
            batch.batch_id
        )),
        Taken::New(_) => None,
    });
    let left = arrived.left.iter().map(|left| format!("未入库：{left}"));
    known.chain(left).collect::<Vec<_>>().join("\n")
}

/// Ends a file whose batches are digested: reports beside, the file moved, the row closed. `None` while they are not.
fn end(house: &House, op: &Op, drop: &DropFolder, mut file: DropFile) -> Outcome<Option<DropFile>> {
    let batches = query(house, op, |tx, _| {
        let batches = file.batches.iter().map(|batch| service::batch(tx, *batch));
        batches.collect::<Outcome<Vec<Batch>>>()
    })?;
    let settled = |batch: &Batch| matches!(batch.state.as_str(), "applied" | "refused");
    if !batches.iter().all(settled) {
        return Ok(None);
    }
    let good = batches.iter().any(|batch| batch.state == "applied");
    let (state, room) = if good { ("done", DONE) } else { ("failed", FAILED) };
    let folder = Path::new(&drop.folder);
    let (from, room) = (folder.join(WORKING).join(&file.name), folder.join(room));
    let there = fs::symlink_metadata(&from).is_ok();
    let moved = file
        .moved_as
        .clone()
        .filter(|name| !there && room.join(name).exists());
    if there {
        // A name decided by a run that died before it moved the file is kept: its reports may lie there.
        let name = match &file.moved_as {
            Some(name) if fs::symlink_metadata(room.join(name)).is_err() => name.clone(),
            _ => look::free_name(&room, &file.name),
        };
        command(house, op, |tx, _| store::move_as(tx, file.file_id, &name))?;
        write_reports(house, op, drop, (&file, state), &batches, &room.join(&name))?;
        fs::rename(&from, room.join(&name)).map_err(|e| {
            let detail = format!(
                "不能把 {} 移到 {}：{}。请检查权限。",
                from.display(),
                room.display(),
                kernel::fault::in_words(&e)
            );
            Fault::new(FaultKind::Busy, "intake.drop.unmoved", detail)
        })?;
        file.moved_as = Some(name);
    } else if moved.is_none() {
        file.said = format!("{}文件在处理过程中被别人移走了。", file.said);
        file.moved_as = None;
    }
    state.clone_into(&mut file.state);
    file.ended_at = Some(op.at);
    command(house, op, |tx, op| {
        store::end_file(tx, file.file_id, state, &file.said, op.at)?;
        let told =
            json!({ "name": file.name, "state": state, "moved_as": file.moved_as, "batches": file.batches });
        tell(tx, op, "intake.drop-ended", drop, told)
    })?;
    Ok(Some(file))
}

/// The report for people and the refused rows, beside the place the file goes to.
fn write_reports(
    house: &House,
    op: &Op,
    drop: &DropFolder,
    (file, state): (&DropFile, &str),
    batches: &[Batch],
    to: &Path,
) -> Outcome<()> {
    let beside = |name: &dyn Fn(&str) -> String| -> PathBuf {
        let named = to.file_name().unwrap_or_default().to_string_lossy();
        to.with_file_name(name(&named))
    };
    let mut lists = Vec::new();
    for (place, batch) in batches.iter().filter(|batch| batch.rows_open() > 0).enumerate() {
        let form = ReportForm::of(&file.name);
        let (form, content) = query(house, op, |tx, op| {
            reject_report(house, tx, op, batch.batch_id, form)
        })?;
        let path = beside(&|name| look::refusals_of(name, place, form.ending()));
        files::write_whole(&path, &content)?;
        lists.push(
            path.file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
        );
    }
    let text = report(drop, (file, state), batches, &lists);
    files::write_whole(&beside(&look::report_of), text.as_bytes())
}

fn report(
    drop: &DropFolder,
    (file, state): (&DropFile, &str),
    batches: &[Batch],
    lists: &[String],
) -> String {
    let east = |at: kernel::Instant| (at + Duration::hours(8)).format("%Y-%m-%d %H:%M:%S").to_string();
    let mut lines = vec![
        format!("文件：{}（{} 字节）", file.name, file.bytes),
        format!(
            "收到：{}（北京时间），提供部门 {}",
            east(file.taken_at),
            drop.supplier
        ),
        format!(
            "内容摘要（SHA-256）：{}",
            if file.digest.is_empty() {
                "无法读取"
            } else {
                &file.digest
            }
        ),
        format!("结果：{}", if state == "done" { "已入库" } else { "未入库" }),
    ];
    for batch in batches {
        lines.push(format!(
            "批次 {}（{}，{}）：读到 {} 行，入库 {} 条，与已有记录相同 {} 行，退回 {} 行。",
            batch.batch_id,
            batch.item,
            batch.called(),
            batch.rows_read,
            batch.rows_accepted,
            batch.rows_unchanged,
            batch.rows_refused
        ));
        if batch.state == "refused" {
            lines.push("  整张表被退回。".to_owned());
        }
        lines.extend(batch.note.iter().map(|note| format!("  {note}")));
    }
    lines.extend(file.said.lines().map(str::to_owned));
    lines.extend(
        lists
            .iter()
            .map(|list| format!("退回的行在 {list} 中：改正后把这个文件放回投递文件夹即可。")),
    );
    // Office programs on Windows take a text without the mark for GB18030.
    format!("\u{feff}{}\r\n", lines.join("\r\n"))
}
