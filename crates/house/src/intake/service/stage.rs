//! Staging: reads the file of a batch row by row, checks every row, and keeps drafts and refusals in chunks.
//! How far it is stands in the batch, so a killed run goes on where it was.
use std::collections::BTreeMap;
use std::path::Path;

use db::Tx;
use kernel::{Fault, FaultKind, Outcome};
use policy::pack::{Item, PackOn};
use serde::{Deserialize, Serialize};

use super::super::model::{Batch, Draft, Refusal};
use super::super::rules::{self, Columns};
use super::super::{store, table};
use super::Row;
use crate::hall::{House, Op, command, job};

/// Rows read between two commits.
const CHUNK: usize = 5_000;
/// Among how many leading rows the heading row is looked for.
const HEADING_ROWS: usize = 10;
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

/// A file whose headings are understood.
struct Sheet<'a> {
    item: &'a Item,
    columns: Columns,
    rows: table::Rows,
}

fn open<'a>(law: &PackOn<'a>, item_code: &str, path: &Path, mapping: &Mapping) -> Outcome<Sheet<'a>> {
    let item = law.item(item_code)?.value;
    let mut rows = table::open(path)?;
    let mut best: Option<Columns> = None;
    for _ in 0..HEADING_ROWS {
        let Some(row) = rows.next().transpose()? else {
            break;
        };
        let columns = Columns::read(item, &row.1, &|heading| {
            mapping.columns.get(heading.trim()).cloned()
        })
        .with_defaults(&mapping.defaults);
        if columns.missing(item).is_empty() {
            return Ok(Sheet { item, columns, rows });
        }
        if best
            .as_ref()
            .is_none_or(|b| columns.understood() > b.understood())
        {
            best = Some(columns);
        }
    }
    let Some(columns) = best.filter(|columns| columns.understood() >= HEADING_LEAST) else {
        let titles: Vec<&str> = item.fields.iter().map(|field| field.title.as_str()).collect();
        let detail = format!(
            "前 {HEADING_ROWS} 行中没有找到“{}”的表头。应有的列：统一社会信用代码、{}。",
            item.title,
            titles.join("、")
        );
        return Err(Fault::new(FaultKind::Invalid, "intake.file.no-headings", detail));
    };
    let detail = format!(
        "缺少必需的列：{}。请补上，或用列对照文件（--mapping）说明是哪一列。未识别的列：{}。",
        columns.missing(item).join("、"),
        columns.unknown().join("、")
    );
    Err(Fault::new(
        FaultKind::Invalid,
        "intake.file.column-missing",
        detail,
    ))
}

/// Stages a batch from its file. A file that cannot be read at all refuses the batch with the reason.
pub fn stage(house: &House, op: &Op, batch_id: i64, job_id: i64, mapping: &Mapping) -> Outcome<()> {
    let batch = command(house, op, |tx, _| super::batch(tx, batch_id))?;
    if batch.state != "received" {
        return Ok(());
    }
    let law = op.pack.on(kernel_day(&batch));
    let path = house.folder.path(&super::file_of(&batch.digest));
    let mut sheet = match open(&law, &batch.item, &path, mapping) {
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
    let mut chunk = Chunk::default();
    let mut read = 0_i64;
    for row in sheet.rows.by_ref() {
        match row {
            Ok((line, cells)) if line > batch.staged_to => {
                chunk.take(&law, sheet.item, &sheet.columns, line, &cells);
            }
            Ok(_) => {}
            // The file itself fails: what is staged stays, and the job says so.
            Err(fault) => return Err(fault),
        }
        if chunk.rows >= CHUNK {
            read += i64::try_from(chunk.rows).unwrap_or(0);
            keep(house, op, &batch, job_id, &chunk, read, note.as_deref())?;
            chunk = Chunk::default();
        }
    }
    read += i64::try_from(chunk.rows).unwrap_or(0);
    keep(house, op, &batch, job_id, &chunk, read, note.as_deref())?;
    command(house, op, |tx, _| store::staged(tx, batch_id))
}

// The law of the day of receipt: a retry next year judges the rows as the first try did.
fn kernel_day(batch: &Batch) -> kernel::Day {
    crate::hall::local_day(batch.received_at)
}

fn keep(
    house: &House,
    op: &Op,
    batch: &Batch,
    job_id: i64,
    chunk: &Chunk,
    read: i64,
    note: Option<&str>,
) -> Outcome<()> {
    command(house, op, |tx, _| {
        store::stage(tx, batch, &chunk.drafts)?;
        store::refuse(tx, batch.batch_id, &chunk.refusals)?;
        let rows = i64::try_from(chunk.rows).unwrap_or(0);
        store::staged_to(
            tx,
            batch.batch_id,
            chunk.last_line.max(batch.staged_to),
            rows,
            chunk.refused,
            note,
        )?;
        let state = serde_json::json!({ "read": batch.rows_read + read });
        job::progress(tx, job_id, &state, house.clock.now())
    })
}

/// Rows checked since the last commit.
#[derive(Default)]
struct Chunk {
    rows: usize,
    last_line: i64,
    refused: i64,
    drafts: Vec<Draft>,
    refusals: Vec<Refusal>,
}

impl Chunk {
    fn take(&mut self, law: &PackOn<'_>, item: &Item, columns: &Columns, line: i64, cells: &[String]) {
        if cells.iter().all(|cell| cell.trim().is_empty()) {
            return;
        }
        self.rows += 1;
        self.last_line = line;
        match rules::read_row(law, item, columns, line, cells) {
            Ok(draft) => self.drafts.push(draft),
            Err(mut faults) => {
                self.refused += 1;
                // One line may have the same field wrong in two ways; the first tells enough.
                let mut named = std::collections::BTreeSet::new();
                faults.retain(|fault| named.insert(fault.field.clone()));
                self.refusals.append(&mut faults);
            }
        }
    }
}

/// What a file would come to, without keeping anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DryRun {
    /// Rows read.
    pub rows: usize,
    /// Rows that would be accepted or recognised as known.
    pub good: usize,
    /// Refusals.
    pub refusals: Vec<Refusal>,
    /// Headings that are not understood.
    pub unknown: Vec<String>,
}

/// Checks a file without keeping anything.
pub fn dry_run(op: &Op, item: &str, path: &Path, mapping: &Mapping) -> Outcome<DryRun> {
    let law = op.pack.on(op.today());
    super::known_item(&law, item)?;
    let sheet = open(&law, item, path, mapping)?;
    let mut chunk = Chunk::default();
    let mut good = 0;
    for row in sheet.rows {
        match row {
            Ok((line, cells)) => chunk.take(&law, sheet.item, &sheet.columns, line, &cells),
            Err(fault) => return Err(fault),
        }
        good += chunk.drafts.len();
        chunk.drafts.clear();
    }
    Ok(DryRun {
        rows: chunk.rows,
        good,
        refusals: chunk.refusals,
        unknown: sheet.columns.unknown(),
    })
}

/// Stages rows another module gives. A wrong one is a mistake of the program, so nothing is kept then.
pub(super) fn stage_rows(tx: &mut Tx, op: &Op, batch_id: i64, rows: &[Row]) -> Outcome<()> {
    let batch = super::batch(tx, batch_id)?;
    let law = op.pack.on(op.today());
    let item = law.item(&batch.item)?.value;
    let mut drafts = Vec::with_capacity(rows.len());
    for (row, line) in rows.iter().zip(1..) {
        let mut headings = vec!["统一社会信用代码".to_owned()];
        let mut cells = vec![row.subject_no.clone()];
        for (name, text) in &row.fields {
            headings.push(name.clone());
            cells.push(text.clone());
        }
        let columns = Columns::read(item, &headings, &|_| None);
        let draft = rules::read_row(&law, item, &columns, line, &cells).map_err(|faults| {
            let why = faults
                .first()
                .map_or_else(String::new, |f| format!("{}:{}", f.field, f.reason));
            Fault::new(
                FaultKind::Invalid,
                "intake.row.refused",
                format!("记录不符合目录要求，{why}"),
            )
        })?;
        drafts.push(draft);
    }
    let count = i64::try_from(drafts.len()).unwrap_or(0);
    store::stage(tx, &batch, &drafts)?;
    store::staged_to(tx, batch_id, count, count, 0, None)?;
    store::staged(tx, batch_id)
}
