//! The rows of one XLSX sheet, one at a time.
use std::sync::Arc;

use quick_xml::events::Event;

use super::format::Meaning;
use super::merged::{Regions, find, place};
use super::xlsx::Shared;
use super::xml::{Xml, add_text, attribute, broken, controls};
use crate::delimited::{clean, too_long, too_many_columns};
use crate::fault::ReadFault;
use crate::numbers;
use crate::row::Row;
use crate::source::Source;

/// A cell of the row in hand.
#[derive(Debug, Clone, Copy)]
struct Cell {
    column: usize,
    from: usize,
    to: usize,
}

/// How the content of a cell is to be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Number,
    Shared,
    Text,
    Boolean,
    Error,
}

/// A sheet being read.
pub(crate) struct Sheet {
    xml: Xml,
    shared: Arc<Shared>,
    regions: Regions,
    /// Number of the last row (from 1).
    line: u64,
    cells: Vec<Cell>,
    /// Column of the next cell that does not say its own.
    after: usize,
    text: String,
    value: String,
    begun: bool,
    over: bool,
    row_bytes: usize,
    columns: usize,
}

impl Sheet {
    pub fn open(part: &Source, shared: &Arc<Shared>) -> Result<Self, ReadFault> {
        let limits = part.limits();
        Ok(Self {
            regions: Regions::new(find(part)?, limits.columns),
            xml: Xml::open(part, true)?,
            shared: Arc::clone(shared),
            line: 0,
            cells: Vec::new(),
            after: 0,
            text: String::new(),
            value: String::new(),
            begun: false,
            over: false,
            row_bytes: limits.row_bytes,
            columns: limits.columns,
        })
    }

    pub fn read(&mut self, row: &mut Row) -> Result<bool, ReadFault> {
        loop {
            if self.over {
                return Ok(false);
            }
            let line = self.line;
            let more = self.next_row().map_err(|fault| fault.near(line));
            if !matches!(more, Ok(true)) {
                self.over = true;
                return more;
            }
            self.put(row)?;
            if !row.is_empty() {
                self.begun = true;
                clean(row)?;
                return Ok(true);
            }
        }
    }

    /// Collects the cells of the next row.
    fn next_row(&mut self) -> Result<bool, ReadFault> {
        self.cells.clear();
        self.text.clear();
        self.after = 0;
        loop {
            match self.xml.next()? {
                Event::Start(element) => match element.local_name().as_ref() {
                    "row" => {
                        let said = attribute(&element, "r").and_then(|r| r.parse::<u64>().ok());
                        // Numbers only grow, whatever a broken file says.
                        self.line = said.filter(|said| *said > self.line).unwrap_or(self.line + 1);
                    }
                    "c" => {
                        let column = attribute(&element, "r")
                            .and_then(|r| place(&r))
                            .map(|(column, _)| column);
                        let style = attribute(&element, "s").and_then(|s| s.parse::<usize>().ok());
                        let kind = match attribute(&element, "t").as_deref() {
                            Some("s") => Type::Shared,
                            Some("str" | "inlineStr" | "d") => Type::Text,
                            Some("b") => Type::Boolean,
                            Some("e") => Type::Error,
                            _ => Type::Number,
                        };
                        let column = column.unwrap_or(self.after);
                        self.after = column + 1;
                        self.cell(column, style, kind)?;
                    }
                    _ => {}
                },
                Event::End(element) => match element.local_name().as_ref() {
                    "row" => return Ok(true),
                    "sheetData" => return Ok(false),
                    _ => {}
                },
                Event::Eof => return Err(broken()),
                _ => {}
            }
        }
    }

    fn cell(&mut self, column: usize, style: Option<usize>, kind: Type) -> Result<(), ReadFault> {
        self.value.clear();
        let (mut inside, mut phonetic) = (false, false);
        loop {
            match self.xml.next()? {
                Event::Start(element) => match element.local_name().as_ref() {
                    "v" => inside = true,
                    "t" => inside = !phonetic,
                    "rPh" => phonetic = true,
                    _ => {}
                },
                Event::End(element) => match element.local_name().as_ref() {
                    "v" | "t" => inside = false,
                    "rPh" => phonetic = false,
                    "c" => break,
                    "row" | "sheetData" => return Err(broken()),
                    _ => {}
                },
                Event::Eof => return Err(broken()),
                event if inside => add_text(&event, &mut self.value),
                _ => {}
            }
            if self.value.len() > self.row_bytes {
                break;
            }
        }
        let from = self.text.len();
        let text = std::mem::take(&mut self.value);
        self.understand(&text, style, kind);
        self.value = text;
        if self.text.len() > from {
            self.cells.push(Cell {
                column,
                from,
                to: self.text.len(),
            });
        }
        // A longer row is refused when it is put together.
        self.text.truncate(self.row_bytes.saturating_mul(2));
        Ok(())
    }

    fn understand(&mut self, value: &str, style: Option<usize>, kind: Type) {
        let out = &mut self.text;
        match kind {
            Type::Shared => {
                let number = value.trim().parse::<usize>().ok();
                out.push_str(
                    number
                        .and_then(|number| self.shared.text(number))
                        .unwrap_or_default(),
                );
            }
            Type::Text => out.push_str(&controls(value)),
            Type::Boolean => out.push_str(match value.trim() {
                "1" | "true" => "true",
                "" => "",
                _ => "false",
            }),
            Type::Error => {}
            Type::Number => {
                let meaning = style
                    .and_then(|style| self.shared.styles.get(style))
                    .copied()
                    .unwrap_or(Meaning::Plain);
                out.push_str(&shown(value.trim(), meaning, self.shared.from_1904));
            }
        }
    }

    /// Lays the collected cells out.
    fn put(&mut self, row: &mut Row) -> Result<(), ReadFault> {
        let line = self.line;
        row.clear(line);
        if self.text.len() > self.row_bytes {
            return Err(too_long(line, self.row_bytes));
        }
        self.cells.sort_by_key(|cell| cell.column);
        self.cells.dedup_by_key(|cell| cell.column);
        if !self.regions.is_empty() {
            let (cells, text) = (&self.cells, &self.text);
            let own = |column: usize| {
                let at = cells.binary_search_by_key(&column, |cell| cell.column).ok()?;
                let cell = cells.get(at)?;
                text.get(cell.from..cell.to).map(str::to_owned)
            };
            let filled: Vec<(usize, String)> = self
                .regions
                .fill(line - 1, own)
                .filter(|(column, _)| cells.binary_search_by_key(column, |cell| cell.column).is_err())
                .map(|(column, text)| (column, text.to_owned()))
                .collect();
            for (column, text) in filled {
                let from = self.text.len();
                if from + text.len() > self.row_bytes {
                    return Err(too_long(line, self.row_bytes));
                }
                self.text.push_str(&text);
                self.cells.push(Cell {
                    column,
                    from,
                    to: self.text.len(),
                });
            }
            self.cells.sort_by_key(|cell| cell.column);
        }
        let wide = self.cells.last().map_or(0, |cell| cell.column + 1);
        if wide > self.columns {
            return Err(too_many_columns(line, wide, self.columns, self.begun));
        }
        for cell in &self.cells {
            while row.len() < cell.column {
                row.push("");
            }
            row.push(self.text.get(cell.from..cell.to).unwrap_or_default());
        }
        Ok(())
    }
}

/// A number as the sheet shows it.
pub(crate) fn shown(value: &str, meaning: Meaning, from_1904: bool) -> String {
    let Ok(number) = value.parse::<f64>() else {
        return value.to_owned();
    };
    let moment = match meaning {
        Meaning::Plain => None,
        Meaning::Moment => numbers::serial(number, from_1904),
        Meaning::Duration => numbers::duration(number),
    };
    moment.unwrap_or_else(|| {
        let digits = value.bytes().all(|byte| byte.is_ascii_digit());
        if digits && !value.starts_with('0') {
            value.to_owned()
        } else {
            numbers::number(number)
        }
    })
}
