//! Tables of a file as the readers give them: which table of a file is meant, and its rows in order.
use std::path::Path;

use kernel::{Fault, FaultKind, Outcome};
use readers::{Limits, ReadFault, Row, Table};

/// Leading rows among which the heading row is looked for.
pub const HEADING_ROWS: usize = 10;
/// Blank rows and rows that cannot be read are not counted among them, up to so many.
const MOST_LEADING: usize = 100;

/// What stands at one place of a table.
#[derive(Debug)]
pub enum Line {
    /// A row.
    Row(Row),
    /// A row that cannot be read; the rows after it can.
    Bad(ReadFault),
}

impl Line {
    /// Where it stands.
    pub fn number(&self) -> i64 {
        let line = match self {
            Self::Row(row) => row.line,
            Self::Bad(fault) => fault.line().unwrap_or(0),
        };
        i64::try_from(line).unwrap_or(i64::MAX)
    }

    /// Bytes of text it holds.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Row(row) => row.bytes(),
            Self::Bad(_) => 0,
        }
    }
}

/// One table of a file, opened: its leading rows are read and looked at, the others wait.
pub struct Opened {
    /// Place among the tables of the file, from 1.
    pub number: i64,
    /// Name of the sheet, the member or the array; empty for a file that is one table.
    pub name: String,
    /// Leading rows that are not blank.
    pub leading: Vec<Row>,
    /// Whether its cells have names of their own, which then are the first row.
    keyed: bool,
    /// Everything read so far, in order.
    read: Vec<Line>,
    table: Table,
    said: String,
}

/// Rows of a table after its heading, in order. Ends with the fault of the table when it cannot be read to its end.
pub struct Rows {
    read: std::vec::IntoIter<Line>,
    table: Option<Table>,
    said: String,
}

impl Iterator for Rows {
    type Item = Outcome<Line>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(line) = self.read.next() {
            return Some(Ok(line));
        }
        let table = self.table.as_mut()?;
        match next(table) {
            Ok(Some(line)) => Some(Ok(line)),
            Ok(None) => {
                self.table = None;
                None
            }
            Err(fault) => {
                self.table = None;
                Some(Err(told(&fault, &self.said)))
            }
        }
    }
}

fn next(table: &mut Table) -> Result<Option<Line>, ReadFault> {
    let mut row = Row::new();
    match table.read(&mut row) {
        Ok(true) => Ok(Some(Line::Row(row))),
        Ok(false) => Ok(None),
        Err(fault) if fault.is_fatal() => Err(fault),
        Err(fault) => Ok(Some(Line::Bad(fault))),
    }
}

fn blank(row: &Row) -> bool {
    row.cells().all(|cell| cell.trim().is_empty())
}

/// A file that cannot be read, or not any further, as a refusal; `name` is the file as its supplier knows it.
fn told(fault: &ReadFault, name: &str) -> Fault {
    Fault::new(FaultKind::Invalid, fault.code(), fault.said(name))
}

impl Opened {
    fn new(number: i64, mut table: Table, said: &str) -> Result<Self, ReadFault> {
        let (mut read, mut leading) = (Vec::new(), Vec::new());
        while leading.len() < HEADING_ROWS && read.len() < MOST_LEADING {
            let Some(line) = next(&mut table)? else { break };
            if let Line::Row(row) = &line
                && !blank(row)
            {
                leading.push(row.clone());
            }
            read.push(line);
        }
        // Not one row can be read: why the first cannot says more than that there is none.
        if leading.is_empty()
            && let Some(Line::Bad(fault)) = read.pop()
        {
            return Err(fault);
        }
        let name = table.name().to_owned();
        let said = if name.is_empty() {
            said.to_owned()
        } else {
            format!("{said}（{name}）")
        };
        Ok(Self {
            number,
            name,
            leading,
            keyed: table.keyed(),
            read,
            table,
            said,
        })
    }

    /// Whether there is nothing in it at all.
    pub fn is_empty(&self) -> bool {
        self.leading.is_empty()
    }

    /// The rows among which the heading row is to be found, as texts.
    pub fn headings(&self) -> Vec<Vec<String>> {
        let row = |row: &Row| row.cells().map(str::to_owned).collect();
        let most = if self.keyed { 1 } else { HEADING_ROWS };
        self.leading.iter().take(most).map(row).collect()
    }

    /// The rows after the heading row, which is one of the leading ones.
    pub fn after(self, heading: usize) -> Rows {
        let line = self.leading.get(heading).map_or(0, |row| row.line);
        let rest = |read: &Line| match read {
            Line::Row(row) => row.line > line,
            Line::Bad(fault) => fault.line().is_some_and(|at| at > line),
        };
        let read: Vec<Line> = self.read.into_iter().filter(rest).collect();
        Rows {
            read: read.into_iter(),
            table: Some(self.table),
            said: self.said,
        }
    }
}

/// Opens the tables of a file one after another. `each` gets a table, or why it cannot be read, and says whether to go on.
/// `name` is the file as its supplier knows it.
pub fn each_table(
    path: &Path,
    name: &str,
    mut each: impl FnMut(i64, Outcome<Opened>) -> Outcome<bool>,
) -> Outcome<()> {
    let mut tables = readers::open(path, &Limits::default()).map_err(|fault| told(&fault, name))?;
    let mut number = 0;
    loop {
        let opened = match tables.next_table() {
            Ok(None) => return Ok(()),
            Ok(Some(table)) => Opened::new(number + 1, table, name),
            Err(fault) => Err(fault),
        };
        number += 1;
        if !each(number, opened.map_err(|fault| told(&fault, name)))? {
            return Ok(());
        }
    }
}

/// Opens one table of a file: the one with a number, or, for 0, the first that holds anything.
pub fn open(path: &Path, name: &str, wanted: i64) -> Outcome<Opened> {
    let mut found = None;
    each_table(path, name, |number, opened| {
        let meant = match &opened {
            Ok(opened) if wanted == 0 => !opened.is_empty(),
            Ok(_) => number == wanted,
            Err(_) => wanted == 0 || number == wanted,
        };
        if meant {
            found = Some(opened);
        }
        Ok(!meant)
    })?;
    found.unwrap_or_else(|| {
        let detail = format!("文件“{name}”是空的，没有可以读取的表。请检查后重新提交。");
        Err(Fault::new(FaultKind::Invalid, "intake.file.empty", detail))
    })
}
