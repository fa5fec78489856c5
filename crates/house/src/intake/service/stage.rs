//! Staging: reads the file of a batch row by row, checks every row, and keeps what is good beside the file and what is not
//! in the database. How far it is stands in the batch, so a killed run goes on where it was.
use std::collections::BTreeMap;
use std::path::Path;

use db::Tx;
use kernel::{Fault, FaultKind, Outcome};
use policy::pack::{Item, PackOn};
use serde::{Deserialize, Serialize};

use super::super::model::{Batch, LooseDraft, Refusal};
use super::super::rules::{Checker, Columns};
use super::super::{correction, store, table, whose};
use super::Row;
use super::check::{Checked, check_all};
use super::frame::{self, Frame};
use crate::hall::{House, Op, command, job};

/// Rows read between two commits.
const COMMIT: i64 = 50_000;
/// Refused fields and loose rows kept between two commits at most.
const MOST_REFUSALS: usize = 20_000;
/// Number of understood columns at which a row counts as the heading row.
const HEADING_LEAST: usize = 2;

/// A column mapping: heading of the file → field of the catalogue item.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// Heading → field name.
    #[serde(default)]
    pub columns: BTreeMap<String, String>,
    /// Field name → value where the file has no such column or leaves it empty.
    #[serde(default)]
    pub defaults: BTreeMap<String, String>,
}

impl Mapping {
    /// The heading row of an item among leading rows, and the columns as understood.
    pub fn columns(&self, item: &Item, leading: &[Vec<String>]) -> Option<(usize, Columns)> {
        let meant = |heading: &str| self.columns.get(heading.trim()).cloned();
        Columns::find(item, leading, &meant, &self.defaults)
    }
}

/// A file whose headings are understood.
struct Sheet<'a> {
    item: &'a Item,
    columns: Columns,
    rows: table::Rows,
}

fn open<'a>(
    law: &PackOn<'a>,
    item_code: &str,
    opened: table::Opened,
    mapping: &Mapping,
) -> Outcome<Sheet<'a>> {
    let item = law.item(item_code)?.value;
    let leading = opened.headings();
    let found = mapping.columns(item, &leading);
    let Some((heading, columns)) = found.filter(|(_, columns)| columns.understood() >= HEADING_LEAST) else {
        let titles: Vec<&str> = item.fields.iter().map(|field| field.title.as_str()).collect();
        let detail = format!(
            "前 {} 行中没有找到“{}”的表头。应有的列：统一社会信用代码、{}。",
            table::HEADING_ROWS,
            item.title,
            titles.join("、")
        );
        return Err(Fault::new(FaultKind::Invalid, "intake.file.no-headings", detail));
    };
    if columns.missing(item).is_empty() {
        let rows = opened.after(heading);
        return Ok(Sheet { item, columns, rows });
    }
    let mut detail = format!(
        "缺少必需的列：{}。请补上，或用列对照文件（--mapping）说明是哪一列。",
        columns.missing(item).join("、")
    );
    if !columns.unknown().is_empty() {
        detail += &format!("未识别的列：{}。", columns.unknown().join("、"));
    }
    Err(Fault::new(
        FaultKind::Invalid,
        "intake.file.column-missing",
        detail,
    ))
}

/// Stages a batch from its file. A file that cannot be read at all refuses the batch with the reason.
pub fn stage(house: &House, op: &Op, batch_id: i64, job_id: i64, mapping: &Mapping) -> Outcome<()> {
    let mut batch = command(house, op, |tx, _| super::batch(tx, batch_id))?;
    if batch.state != "received" {
        return Ok(());
    }
    let law = op.pack.on(kernel_day(&batch));
    let path = house.folder.path(&super::file_of(&batch.digest));
    let opened = table::open(&path, &batch.file_name, batch.table_no);
    let sheet = match opened.and_then(|opened| open(&law, &batch.item, opened, mapping)) {
        Ok(sheet) => sheet,
        Err(fault) if fault.kind == FaultKind::Invalid => {
            return command(house, op, |tx, _| {
                store::refuse_batch(tx, batch_id, &fault.detail)
            });
        }
        Err(fault) => return Err(fault),
    };
    let unknown = sheet.columns.unknown();
    let mut notes = Vec::new();
    if !unknown.is_empty() {
        notes.push(format!("未识别、未采用的列：{}。", unknown.join("、")));
    }
    notes.extend(
        mapping
            .defaults
            .iter()
            .map(|(field, value)| format!("空缺的“{field}”按“{value}”入库。")),
    );
    let note = (!notes.is_empty()).then(|| notes.concat());
    let rows = staged_file(house, op, &mut batch)?;
    let checker = Checker::new(&law, sheet.item, &sheet.columns);
    let mut keeping = Keeping {
        house,
        op,
        batch: &batch,
        job_id,
        note: note.as_deref(),
        rows,
        read: 0,
        since: Step::default(),
    };
    let after = batch.staged_to;
    match check_all(&checker, sheet.rows, after, |checked| keeping.take(checked)) {
        // The file breaks off: what was read of it is not what the supplier meant to hand over.
        Err(fault) if fault.kind == FaultKind::Invalid => command(house, op, |tx, _| {
            store::reset(tx, batch_id)?;
            correction::forget(tx, batch_id)?;
            store::refuse_batch(tx, batch_id, &fault.detail)
        }),
        Err(fault) => Err(fault),
        Ok(()) => {
            keeping.commit()?;
            command(house, op, |tx, _| store::staged(tx, batch_id))
        }
    }
}

/// The file of staged rows, where the last run ended; begun anew when it is not what the batch says.
fn staged_file(house: &House, op: &Op, batch: &mut Batch) -> Outcome<frame::Writer> {
    house.folder.room(super::INBOX)?;
    let path = house.folder.path(&super::staged_of(batch.batch_id));
    let end = u64::try_from(batch.staged_bytes).unwrap_or(0);
    if let Some(rows) = frame::Writer::open(&path, end)? {
        return Ok(rows);
    }
    command(house, op, |tx, _| unstage(tx, batch.batch_id))?;
    *batch = command(house, op, |tx, _| super::batch(tx, batch.batch_id))?;
    frame::Writer::open(&path, 0)?
        .ok_or_else(|| Fault::new(FaultKind::Internal, frame::DAMAGED, "暂存数据无法重新建立。"))
}

/// Forgets what a batch has staged, so that it is staged anew.
pub fn unstage(tx: &mut Tx, batch_id: i64) -> Outcome<()> {
    correction::forget(tx, batch_id)?;
    whose::service::forget(tx, batch_id)?;
    store::reset(tx, batch_id)
}

// The law of the day of receipt: a retry next year judges the rows as the first try did.
fn kernel_day(batch: &Batch) -> kernel::Day {
    crate::hall::local_day(batch.received_at)
}

/// What has been staged since the last commit.
#[derive(Default)]
struct Step {
    rows: i64,
    last_line: i64,
    refused: i64,
    refusals: Vec<Refusal>,
    corrects: Vec<(i64, i64, i64)>,
    loose: Vec<LooseDraft>,
}

/// Keeps what was checked, in order.
struct Keeping<'a> {
    house: &'a House,
    op: &'a Op,
    batch: &'a Batch,
    job_id: i64,
    note: Option<&'a str>,
    rows: frame::Writer,
    read: i64,
    since: Step,
}

impl Keeping<'_> {
    fn take(&mut self, checked: Checked) -> Outcome<()> {
        self.rows.put(&checked.frame)?;
        self.since.rows += checked.rows;
        self.since.refused += checked.refused;
        self.since.last_line = self.since.last_line.max(checked.last_line);
        self.since.refusals.extend(checked.refusals);
        self.since.corrects.extend(checked.corrects);
        self.since.loose.extend(checked.loose);
        let beside = self.since.refusals.len() + self.since.loose.len();
        if self.since.rows >= COMMIT || beside >= MOST_REFUSALS {
            self.commit()?;
        }
        Ok(())
    }

    fn commit(&mut self) -> Outcome<()> {
        let step = std::mem::take(&mut self.since);
        self.read += step.rows;
        let (batch, read) = (self.batch, self.read);
        let kept = store::Step {
            line: step.last_line,
            read: step.rows,
            refused: step.refused,
            bytes: i64::try_from(self.rows.end).unwrap_or(i64::MAX),
            note: self.note,
        };
        command(self.house, self.op, |tx, _| {
            store::refuse(tx, batch.batch_id, &step.refusals)?;
            correction::note(tx, batch, &step.corrects)?;
            whose::service::keep(tx, batch, &step.loose)?;
            store::staged_to(tx, batch.batch_id, &kept)?;
            let state = serde_json::json!({ "read": batch.rows_read + read });
            job::progress(tx, self.job_id, &state, self.house.clock.now())
        })
    }
}

/// What a file would come to, without keeping anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DryRun {
    /// Rows read.
    pub rows: usize,
    /// Rows that would be accepted or recognised as known.
    pub good: usize,
    /// Rows whose entity would be looked for by name.
    pub loose: usize,
    /// Refusals.
    pub refusals: Vec<Refusal>,
    /// Headings that are not understood.
    pub unknown: Vec<String>,
}

/// Checks a file without keeping anything.
pub fn dry_run(op: &Op, item: &str, path: &Path, mapping: &Mapping) -> Outcome<DryRun> {
    let law = op.pack.on(op.today());
    super::known_item(&law, item)?;
    let opened = table::open(path, &named(path), 0)?;
    let sheet = open(&law, item, opened, mapping)?;
    let checker = Checker::new(&law, sheet.item, &sheet.columns);
    let (mut rows, mut refused, mut loose, mut refusals) = (0, 0, 0, Vec::new());
    check_all(&checker, sheet.rows, 0, |checked| {
        rows += checked.rows;
        refused += checked.refused;
        loose += checked.loose.len();
        refusals.extend(checked.refusals);
        Ok(())
    })?;
    Ok(DryRun {
        rows: usize::try_from(rows).unwrap_or(usize::MAX),
        good: usize::try_from(rows - refused)
            .unwrap_or(usize::MAX)
            .saturating_sub(loose),
        loose,
        refusals,
        unknown: sheet.columns.unknown(),
    })
}

/// The last part of a path, as a name to tell.
fn named(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}

/// Checks rows another module gives. A wrong one is a mistake of the program, so nothing is kept then.
pub(super) fn check_rows(tx: &mut Tx, op: &Op, batch_id: i64, rows: &[Row]) -> Outcome<Frame> {
    let batch = super::batch(tx, batch_id)?;
    let law = op.pack.on(op.today());
    let item = law.item(&batch.item)?.value;
    let mut frame = Frame::default();
    for (row, line) in rows.iter().zip(1..) {
        let mut headings = vec!["统一社会信用代码".to_owned()];
        let mut cells = vec![row.subject_no.as_str()];
        for (name, text) in &row.fields {
            headings.push(name.clone());
            cells.push(text);
        }
        let columns = Columns::read(item, &headings, &|_| None);
        let checker = Checker::new(&law, item, &columns);
        let draft = checker
            .read(line, |at| cells.get(at).copied())
            .map_err(|faults| {
                let why = faults
                    .first()
                    .map_or_else(String::new, |f| format!("{}:{}", f.field, f.reason));
                Fault::new(
                    FaultKind::Invalid,
                    "intake.row.refused",
                    format!("记录不符合目录要求，{why}"),
                )
            })?;
        frame.push(&draft);
    }
    let count = i64::try_from(rows.len()).unwrap_or(0);
    let step = store::Step {
        line: count,
        read: count,
        refused: 0,
        bytes: 0,
        note: None,
    };
    store::staged_to(tx, batch_id, &step)?;
    store::staged(tx, batch_id)?;
    Ok(frame)
}
