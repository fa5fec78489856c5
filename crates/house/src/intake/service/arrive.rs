//! A file arrives: kept in the data folder, divided into its tables, each taken in as a batch of the item it is.
use std::path::Path;

use db::Tx;
use kernel::{Fault, FaultKind, Outcome};

use super::super::correction;
use super::super::model::{NewBatch, Taken};
use super::describe::Described;
use super::stage::Mapping;
use crate::hall::files::beside;
use crate::hall::{House, Op};

/// A file as it is handed over; its content lies in the data folder already.
#[derive(Debug, Clone, Copy)]
pub struct HandOver<'a> {
    /// Department that supplies it.
    pub supplier: &'a str,
    /// Way it came: `file`, `api`, `drop`, `pull`.
    pub source: &'a str,
    /// Name of the file as the supplier knows it.
    pub file_name: &'a str,
    /// Hash of the content.
    pub digest: &'a str,
    /// Catalogue item of all its tables, when that is said.
    pub item: Option<&'a str>,
    /// How its columns are to be understood.
    pub mapping: &'a Mapping,
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrived {
    /// The batches, each with the table it was made of, by its place in the description.
    pub taken: Vec<(usize, Taken)>,
    /// Tables that were not taken in, and why.
    pub left: Vec<String>,
}

/// Takes the tables of a file in, each as a batch. A file of which no table is recognised is refused with the reason.
pub fn arrive(tx: &mut Tx, op: &Op, over: &HandOver<'_>, tables: &[Described]) -> Outcome<Arrived> {
    let full: Vec<(usize, &Described)> = tables
        .iter()
        .enumerate()
        .filter(|(_, table)| !table.empty)
        .collect();
    let alone = full.len() == 1;
    let mut arrived = Arrived {
        taken: Vec::new(),
        left: Vec::new(),
    };
    let none_fits = full.iter().all(|(_, table)| table.item.is_none());
    for (place, table) in &full {
        let item = match over.item {
            // Said to be the item, and it is the only one, or none looks like it: the batch tells what is wrong.
            Some(item) if alone || table.item.is_some() || (none_fits && arrived.taken.is_empty()) => {
                Some(item.to_owned())
            }
            Some(_) => None,
            None => item_of(tx, over, table)?,
        };
        let Some(item) = item else {
            arrived.left.push(left(table));
            continue;
        };
        let new = NewBatch {
            item,
            supplier: over.supplier.to_owned(),
            source: over.source.to_owned(),
            file_name: over.file_name.to_owned(),
            table_no: if alone { 0 } else { table.number },
            table_name: if alone { String::new() } else { table.table.clone() },
        };
        let taken = super::receive(tx, op, &new, over.digest, over.mapping)?;
        arrived.taken.push((*place, taken));
    }
    if arrived.taken.is_empty() {
        let why = arrived.left.join(" ");
        let detail = format!("“{}”没有入库：{why}", over.file_name);
        return Err(Fault::new(FaultKind::Invalid, "intake.item.unrecognised", detail));
    }
    Ok(arrived)
}

/// A corrected reject report is of its batch's item; any other table of the item it was recognised as.
fn item_of(tx: &mut Tx, over: &HandOver<'_>, table: &Described) -> Outcome<Option<String>> {
    if let Some(batch_id) = table.sent_back
        && let Some(batch) = correction::origin(tx, over.supplier, batch_id)?
    {
        return Ok(Some(batch.item));
    }
    Ok(table.item.clone())
}

fn left(table: &Described) -> String {
    let why = table.fault.as_deref().unwrap_or("表头与所说的目录事项不符。");
    if table.table.is_empty() {
        why.to_owned()
    } else {
        format!("“{}”：{why}", table.table)
    }
}

/// Copies a file into the data folder before its batch exists, so whoever takes over after a crash has it. Returns the
/// hash of the content, taken of the very bytes that were copied.
pub fn keep_copy(house: &House, file: &Path) -> Outcome<String> {
    let inbox = house.folder.room(super::INBOX)?;
    let beside = beside(&inbox.join("arriving"));
    let kept = super::copy_of(file, &beside).and_then(|digest| {
        let kept = house.folder.path(&super::file_of(&digest));
        let settled = if kept.exists() {
            std::fs::remove_file(&beside)
        } else {
            std::fs::rename(&beside, &kept)
        };
        settled.map(|()| digest).map_err(|e| super::uncopied(file, e))
    });
    if kept.is_err() {
        // Half a copy is of no use to anybody and may be what fills the disk.
        let _ = std::fs::remove_file(&beside);
    }
    kept
}
