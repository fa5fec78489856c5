//! Commands and queries of sending back.
use std::collections::{BTreeMap, HashMap};

use db::Tx;
use kernel::{Fault, Outcome};
use policy::pack::Item;

use super::super::model::{Batch, Refusal};
use super::super::rules::{Columns, SENT_BACK};
use super::super::service::{Mapping, file_of};
use super::super::table::{self, Line};
use super::super::{service, store as batches};
use super::store;
use crate::hall::{House, Op, job, local_day};

/// Refusals fetched at a time.
const PAGE: i64 = 2_000;

/// Notes which refused rows the rows of a batch take the place of. Rows of another supplier's or item's batch are rows
/// like any other.
pub fn note(tx: &mut Tx, batch: &Batch, rows: &[(i64, i64, i64)]) -> Outcome<()> {
    let mut ours: HashMap<i64, bool> = HashMap::new();
    let mut kept = Vec::new();
    for row in rows {
        let ok = match ours.get(&row.1) {
            Some(ok) => *ok,
            None => {
                let ok = origin(tx, &batch.supplier, row.1)?.is_some_and(|of| of.item == batch.item);
                ours.insert(row.1, ok);
                if ok {
                    store::corrects(tx, batch.batch_id, row.1)?;
                }
                ok
            }
        };
        if ok && row.1 != batch.batch_id {
            kept.push(*row);
        }
    }
    if kept.is_empty() {
        return Ok(());
    }
    store::save(tx, batch.batch_id, &kept)
}

/// The batch a reject report came from, when it is one of this supplier.
pub fn origin(tx: &mut Tx, supplier: &str, batch_id: i64) -> Outcome<Option<Batch>> {
    Ok(batches::batch(tx, batch_id)?.filter(|batch| batch.supplier == supplier))
}

/// Forgets what a batch corrects, before it is staged anew.
pub fn forget(tx: &mut Tx, batch_id: i64) -> Outcome<()> {
    store::forget(tx, batch_id)
}

/// A batch is applied: counts what of earlier ones it put right. Returns those, each with the number of its rows that
/// have come in corrected by now.
pub fn count(tx: &mut Tx, batch_id: i64) -> Outcome<Vec<(i64, i64)>> {
    store::corrected_batches(tx, batch_id)?
        .into_iter()
        .map(|of| Ok((of, store::count(tx, of)?)))
        .collect()
}

/// Writes the refused rows of a batch that have not come in corrected, a row of headings first: the cells as the supplier
/// wrote them, then what is wrong. `put` gets one row after another; nothing but a page of refusals is held.
///
/// Where the file is not kept any more, or never was one, the rows tell the wrong values only.
pub fn report(
    house: &House,
    tx: &mut Tx,
    op: &Op,
    batch_id: i64,
    put: &mut dyn FnMut(&[&str]) -> Outcome<()>,
) -> Outcome<()> {
    let batch = service::batch(tx, batch_id)?;
    let open = store::open_lines(tx, batch_id)?;
    let path = house.folder.path(&file_of(&batch.digest));
    if !path.exists() {
        return bare(tx, &batch, &open, put);
    }
    let law = op.pack.on(local_day(batch.received_at));
    let item = law.item(&batch.item)?.value;
    let mapping = mapping_of(tx, batch_id)?;
    let opened = table::open(&path, &batch.file_name, batch.table_no)?;
    let leading = opened.headings();
    let Some((heading, columns)) = mapping.columns(item, &leading) else {
        return bare(tx, &batch, &open, put);
    };
    let written = leading.get(heading).map_or(&[][..], Vec::as_slice);
    let sheet = Sheet::new(item, &columns, written, &mapping.defaults);
    put(&sheet.headings())?;
    let mut why = Why::new(batch_id);
    let mut lines = open.iter().copied().peekable();
    for line in opened.after(heading) {
        let line = line?;
        while lines.next_if(|open| *open < line.number()).is_some() {}
        match lines.peek() {
            None => return Ok(()),
            Some(open) if *open == line.number() => {
                let refusals = why.of(tx, line.number())?;
                sheet.row(&batch, &line, &refusals, put)?;
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// The column mapping a batch was handed over with.
fn mapping_of(tx: &mut Tx, batch_id: i64) -> Outcome<Mapping> {
    let job = job::latest_about(tx, &format!("batch:{batch_id}"))?;
    let mapping = job.and_then(|job| job.payload.get("mapping").cloned());
    mapping.map_or(Ok(Mapping::default()), |mapping| {
        serde_json::from_value(mapping).map_err(|e| Fault::internal("批次的列对照无法读取", e))
    })
}

/// How the rows of one file are written back.
struct Sheet {
    /// Places of the columns that are kept: what a former report added goes.
    kept: Vec<usize>,
    headings: Vec<String>,
    /// What stood in for columns the file lacks, so that the report stands without the mapping.
    defaults: Vec<String>,
}

impl Sheet {
    fn new(item: &Item, columns: &Columns, written: &[String], defaults: &BTreeMap<String, String>) -> Self {
        let (kept, mut headings): (Vec<usize>, Vec<String>) =
            columns.headings(item, written).into_iter().unzip();
        let mut values = Vec::new();
        for (field, value) in defaults {
            let title = item
                .field(field)
                .map_or(field.as_str(), |field| field.title.as_str());
            if !headings.iter().any(|heading| heading == title) {
                headings.push(title.to_owned());
                values.push(value.clone());
            }
        }
        Self {
            kept,
            headings,
            defaults: values,
        }
    }

    fn headings(&self) -> Vec<&str> {
        self.headings
            .iter()
            .map(String::as_str)
            .chain(SENT_BACK)
            .collect()
    }

    fn row(
        &self,
        batch: &Batch,
        line: &Line,
        refusals: &[Refusal],
        put: &mut dyn FnMut(&[&str]) -> Outcome<()>,
    ) -> Outcome<()> {
        let cell = |at: &usize| match line {
            Line::Row(row) => row.cell(*at).unwrap_or_default(),
            Line::Bad(_) => "",
        };
        let told = told(batch.batch_id, line.number(), refusals);
        let cells = self.kept.iter().map(cell);
        let cells = cells.chain(self.defaults.iter().map(String::as_str));
        let cells: Vec<&str> = cells.chain(told.iter().map(String::as_str)).collect();
        put(&cells)
    }
}

/// What a report adds to a row, in the order of [`SENT_BACK`].
fn told(batch_id: i64, line: i64, refusals: &[Refusal]) -> [String; 5] {
    let joined = |part: &dyn Fn(&Refusal) -> String| {
        let parts: Vec<String> = refusals
            .iter()
            .map(part)
            .filter(|part| !part.is_empty())
            .collect();
        parts.join(" ")
    };
    [
        batch_id.to_string(),
        line.to_string(),
        joined(&|refusal| refusal.field.clone()),
        joined(&|refusal| refusal.reason.clone()),
        joined(&|refusal| refusal.suggestion.clone().unwrap_or_default()),
    ]
}

/// Without the file: the wrong values instead of the rows.
fn bare(
    tx: &mut Tx,
    batch: &Batch,
    open: &[i64],
    put: &mut dyn FnMut(&[&str]) -> Outcome<()>,
) -> Outcome<()> {
    let headings: Vec<&str> = ["原值"].into_iter().chain(SENT_BACK).collect();
    put(&headings)?;
    let mut why = Why::new(batch.batch_id);
    for line in open {
        let refusals = why.of(tx, *line)?;
        let values: Vec<&str> = refusals.iter().map(|refusal| refusal.value.as_str()).collect();
        let values = values.join(" ");
        let told = told(batch.batch_id, *line, &refusals);
        let cells = [values.as_str()]
            .into_iter()
            .chain(told.iter().map(String::as_str));
        put(&cells.collect::<Vec<_>>())?;
    }
    Ok(())
}

/// The refusals of a batch, fetched page by page as lines are asked for in order.
struct Why {
    batch_id: i64,
    page: std::collections::VecDeque<Refusal>,
    upto: i64,
    whole: bool,
}

impl Why {
    fn new(batch_id: i64) -> Self {
        Self {
            batch_id,
            page: std::collections::VecDeque::new(),
            upto: 0,
            whole: false,
        }
    }

    fn of(&mut self, tx: &mut Tx, line: i64) -> Outcome<Vec<Refusal>> {
        let mut found = Vec::new();
        loop {
            while let Some(refusal) = self.page.pop_front() {
                if refusal.line > line {
                    self.page.push_front(refusal);
                    return Ok(found);
                }
                if refusal.line == line {
                    found.push(refusal);
                }
            }
            if self.whole {
                return Ok(found);
            }
            self.fetch(tx, line)?;
        }
    }

    /// Fetches the lines from `line` on that are not fetched yet. A page ends with a whole line.
    fn fetch(&mut self, tx: &mut Tx, line: i64) -> Outcome<()> {
        let after = self.upto.max(line - 1);
        let mut page = batches::refusals(tx, self.batch_id, after, PAGE)?;
        self.whole = i64::try_from(page.len()).unwrap_or(PAGE) < PAGE;
        if let Some(last) = page.last().map(|refusal| refusal.line) {
            if !self.whole && page.first().is_some_and(|first| first.line < last) {
                page.retain(|refusal| refusal.line < last);
            }
            self.upto = page.last().map_or(last, |refusal| refusal.line);
        }
        self.page.extend(page);
        Ok(())
    }
}
