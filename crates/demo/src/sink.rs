//! Writes the files row by row: the good rows, now and then a correction, and a handful of plainly wrong ones.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use chrono::NaiveDate;
use serde::Serialize;

use crate::code;
use crate::dice::Dice;
use crate::entity::later;
use crate::sheet::{Encoding, SHEETS, Sheet};

/// What was written into one file, and what a correct importer must refuse.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct FileSummary {
    /// Item of the catalogue.
    pub item: &'static str,
    /// Department that hands it over.
    pub supplier: &'static str,
    /// `utf-8-bom`, `utf-8` or `gb18030`.
    pub encoding: &'static str,
    /// Data rows, wrong ones included, heading excluded.
    pub rows: u64,
    /// Wrong rows.
    pub bad: u64,
    /// Wrong rows by reason.
    pub reasons: BTreeMap<&'static str, u64>,
    /// Rows that say something else about the key of the row before them.
    pub corrections: u64,
    /// Rows handed over more than 45 days after what they tell.
    pub late: u64,
    /// The wrong rows one by one.
    pub bad_rows: Vec<BadRow>,
}

/// One wrong row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BadRow {
    /// Line of the file; the heading is line 1.
    pub line: u64,
    /// `bad-check-digit`, `impossible-date`, `unknown-code` or `missing-value`.
    pub reason: &'static str,
    /// Heading of the damaged column.
    pub column: &'static str,
    /// What stands there.
    pub value: String,
}

/// After how many good rows of a file a wrong one follows.
const BAD_AFTER: [u64; 10] = [2, 5, 9, 14, 30, 70, 160, 350, 800, 1800];
/// Corrections per ten thousand rows.
const CORRECTIONS: u32 = 12;
/// A row handed over later than this after what it tells counts as late.
const LATE_AFTER_DAYS: i64 = 45;

/// All files of the folder, open.
pub struct Sinks {
    as_of: NaiveDate,
    open: BTreeMap<&'static str, Sink>,
}

struct Sink {
    sheet: &'static Sheet,
    writer: csv::Writer<File>,
    dice: Dice,
    good: u64,
    summary: FileSummary,
}

impl Sinks {
    /// Creates the files in `folder`, headings written.
    pub fn create(folder: &Path, seed: u64, as_of: NaiveDate) -> io::Result<Self> {
        let mut open = BTreeMap::new();
        for sheet in SHEETS {
            open.insert(sheet.item, Sink::create(folder, seed, sheet)?);
        }
        Ok(Self { as_of, open })
    }

    /// Writes one row of `item`: `cells` without the day of handing over, which follows `on` and is appended where
    /// the file has that column.
    pub fn put(&mut self, item: &str, on: NaiveDate, cells: &[&str]) -> io::Result<()> {
        let as_of = self.as_of;
        let sink = self
            .open
            .get_mut(item)
            .ok_or_else(|| io::Error::other(format!("no file for {item}")))?;
        sink.put(on, as_of, cells)
    }

    /// Closes the files.
    pub fn finish(self) -> io::Result<BTreeMap<String, FileSummary>> {
        let mut all = BTreeMap::new();
        for (_, mut sink) in self.open {
            sink.writer.flush()?;
            all.insert(sink.sheet.file(), sink.summary);
        }
        Ok(all)
    }
}

impl Sink {
    fn create(folder: &Path, seed: u64, sheet: &'static Sheet) -> io::Result<Self> {
        let mut file = File::create(folder.join(sheet.file()))?;
        if sheet.encoding == Encoding::Utf8Mark {
            file.write_all("\u{feff}".as_bytes())?;
        }
        let summary = FileSummary {
            item: sheet.item,
            supplier: sheet.supplier,
            encoding: sheet.encoding.name(),
            ..FileSummary::default()
        };
        let writer = csv::WriterBuilder::new()
            .buffer_capacity(1 << 16)
            .from_writer(file);
        let mut sink = Self {
            sheet,
            writer,
            dice: Dice::of(seed, "sink", sheet.item),
            good: 0,
            summary,
        };
        let headings: Vec<&str> = sheet.columns.iter().map(|column| heading(column)).collect();
        sink.write(&headings)?;
        Ok(sink)
    }

    fn put(&mut self, on: NaiveDate, as_of: NaiveDate, cells: &[&str]) -> io::Result<()> {
        if cells.len() == self.sheet.columns.len() {
            self.row(cells)?;
            return self.damage(cells);
        }
        let reported = self.reported(on, as_of);
        if (reported - on).num_days() > LATE_AFTER_DAYS {
            self.summary.late += 1;
        }
        let written = reported.to_string();
        let mut full: Vec<&str> = Vec::with_capacity(cells.len() + 1);
        full.extend_from_slice(cells);
        full.push(&written);
        self.row(&full)?;
        self.correct(&full, reported, as_of)?;
        self.damage(&full)
    }

    fn reported(&mut self, on: NaiveDate, as_of: NaiveDate) -> NaiveDate {
        let lag = if self.dice.chance(200) {
            self.dice.between(60, 400)
        } else {
            self.dice.between(1, 18)
        };
        later(on, lag).min(as_of).max(on)
    }

    /// Now and then the same key comes again with other content.
    fn correct(&mut self, full: &[&str], reported: NaiveDate, as_of: NaiveDate) -> io::Result<()> {
        let Some((column, values)) = self.sheet.fix else {
            return Ok(());
        };
        if !self.dice.chance(CORRECTIONS) {
            return Ok(());
        }
        let again = later(reported, self.dice.between(1, 40)).min(as_of).to_string();
        let last = full.len().saturating_sub(1);
        let [first, second] = values;
        let mut row = full.to_vec();
        if let Some(cell) = row.get_mut(column) {
            *cell = if *cell == first { second } else { first };
        }
        if let Some(cell) = row.get_mut(last) {
            *cell = &again;
        }
        self.summary.corrections += 1;
        self.write(&row)?;
        self.summary.rows += 1;
        Ok(())
    }

    /// A copy of the row with one plain fault, at the places laid down.
    fn damage(&mut self, full: &[&str]) -> io::Result<()> {
        let Some(turn) = BAD_AFTER.iter().position(|after| *after == self.good) else {
            return Ok(());
        };
        let sheet = self.sheet;
        let broken = full.first().map(|code| code::broken(code)).unwrap_or_default();
        let mut kinds = vec![
            ("bad-check-digit", 0, broken.as_str()),
            ("missing-value", sheet.needed(), ""),
        ];
        kinds.extend(sheet.marked('@').map(|at| ("impossible-date", at, "2023-02-30")));
        kinds.extend(sheet.marked('#').map(|at| ("unknown-code", at, "ZZ9")));
        let Some((reason, column, value)) = kinds.get(turn % kinds.len()).copied() else {
            return Ok(());
        };
        let mut row = full.to_vec();
        if let Some(cell) = row.get_mut(column) {
            *cell = value;
        }
        self.write(&row)?;
        self.summary.rows += 1;
        self.summary.bad += 1;
        *self.summary.reasons.entry(reason).or_default() += 1;
        let line = self.summary.rows + 1;
        let column = sheet.columns.get(column).map_or("", |column| heading(column));
        self.summary.bad_rows.push(BadRow {
            line,
            reason,
            column,
            value: value.to_owned(),
        });
        Ok(())
    }

    fn row(&mut self, cells: &[&str]) -> io::Result<()> {
        self.write(cells)?;
        self.good += 1;
        self.summary.rows += 1;
        Ok(())
    }

    fn write(&mut self, cells: &[&str]) -> io::Result<()> {
        if self.sheet.encoding == Encoding::Gb18030 {
            for cell in cells {
                self.writer.write_field(encoding_rs::GB18030.encode(cell).0)?;
            }
            self.writer.write_record(None::<&[u8]>)?;
        } else {
            self.writer.write_record(cells)?;
        }
        Ok(())
    }
}

/// The heading without its mark.
fn heading(column: &'static str) -> &'static str {
    column.trim_start_matches(['*', '!', '@', '#'])
}
