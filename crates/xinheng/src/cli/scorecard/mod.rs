//! Scorecards on the command line: files in, cards and scores out.

pub mod judge;
pub mod score;
pub mod train;

use std::fs;
use std::path::Path;

use kernel::{Fault, FaultKind, Outcome};
use readers::{Limits, ReadFault, Row, Table};
use scorecard::Card;

use crate::say;

/// Faults of single rows told one by one; the rest is only counted.
const TOLD: usize = 10;

/// A file being read: its headings, and its rows one by one.
pub struct Rows {
    table: Table,
    file: String,
    refused: usize,
    /// The first row.
    pub headings: Vec<String>,
}

impl Rows {
    /// Opens the first table of a file in any form that departments hand over.
    pub fn open(path: &Path) -> Outcome<Self> {
        let file = path.display().to_string();
        let fatal =
            |fault: ReadFault| Fault::new(FaultKind::Malformed, "model.file.unreadable", fault.said(&file));
        let mut tables = readers::open(path, &Limits::default()).map_err(fatal)?;
        let empty = || {
            Fault::new(
                FaultKind::Malformed,
                "model.file.empty",
                format!("文件“{file}”里没有表。"),
            )
        };
        let mut table = tables.next_table().map_err(fatal)?.ok_or_else(empty)?;
        let mut row = Row::new();
        if !table.read(&mut row).map_err(fatal)? {
            return Err(empty());
        }
        let headings = row.cells().map(|cell| cell.trim().to_owned()).collect();
        Ok(Self {
            table,
            file,
            refused: 0,
            headings,
        })
    }

    /// Reads the next row. Rows that cannot be read are told and passed over; a file that breaks off is an error.
    pub fn read(&mut self, row: &mut Row) -> Outcome<bool> {
        loop {
            match self.table.read(row) {
                Ok(more) => return Ok(more),
                Err(fault @ ReadFault::Row { .. }) => {
                    let said = fault.to_string();
                    self.refuse(&said);
                }
                Err(fault) => {
                    return Err(Fault::new(
                        FaultKind::Malformed,
                        "model.file.unreadable",
                        fault.said(&self.file),
                    ));
                }
            }
        }
    }

    /// Tells that a row cannot be used.
    pub fn refuse(&mut self, said: &str) {
        self.refused += 1;
        if self.refused <= TOLD {
            say::note(format!("文件“{}”{said}", self.file));
        }
    }

    /// Tells how many rows were passed over, when there were any.
    pub fn finish(&self) {
        if self.refused > 0 {
            say::note(format!(
                "文件“{}”共有 {} 行不能使用，已跳过{}。",
                self.file,
                self.refused,
                if self.refused > TOLD {
                    "（只列出前 10 行）"
                } else {
                    ""
                }
            ));
        }
    }
}

/// Reads a model file.
pub fn card(path: &Path) -> Outcome<Card> {
    Card::read(&text(path)?)
}

/// Reads a text file.
pub fn text(path: &Path) -> Outcome<String> {
    fs::read_to_string(path).map_err(|error| {
        Fault::invalid(
            "model.file.unreadable",
            format!(
                "无法读取文件“{}”：{}。请检查路径和权限。",
                path.display(),
                kernel::fault::in_words(&error)
            ),
        )
    })
}

/// Writes a file beside its place and puts it there when it is whole.
pub fn write(path: &Path, text: &str) -> Outcome<()> {
    let failed = |error: std::io::Error| {
        Fault::invalid(
            "model.file.unwritable",
            format!(
                "无法写出文件“{}”：{}。请检查文件夹、权限和磁盘空间。",
                path.display(),
                kernel::fault::in_words(&error)
            ),
        )
    };
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    fs::write(&beside, text).map_err(failed)?;
    fs::rename(&beside, path).map_err(failed)
}

/// Says which columns a card misses, and what is done.
pub fn tell_absent(absent: &[(String, Vec<String>)]) {
    for (column, titles) in absent {
        say::note(format!(
            "文件里没有列“{column}”：特征“{}”按未知计分，排序会差一些。",
            titles.join("、")
        ));
    }
}
