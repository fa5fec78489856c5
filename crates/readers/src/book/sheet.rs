//! The rows of one XLSX sheet, one at a time.
use std::sync::Arc;

use quick_xml::events::Event;

use super::format::Meaning;
use super::laid::Laid;
use super::merged::{find, place};
use super::xlsx::Shared;
use super::xml::{Xml, add_text, attribute, broken, controls};
use crate::fault::ReadFault;
use crate::numbers;
use crate::row::Row;
use crate::source::Source;

/// No sheet has as many rows.
const ROWS: u64 = 1 << 32;

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
    laid: Laid,
    /// Number of the last row (from 1).
    line: u64,
    /// Column of the next cell that does not say its own.
    after: usize,
    value: String,
    over: bool,
    row_bytes: usize,
}

impl Sheet {
    pub fn open(part: &Source, shared: &Arc<Shared>) -> Result<Self, ReadFault> {
        let limits = part.limits();
        Ok(Self {
            laid: Laid::new(find(part)?, limits),
            xml: Xml::open(part, true)?,
            shared: Arc::clone(shared),
            line: 0,
            after: 0,
            value: String::new(),
            over: false,
            row_bytes: limits.row_bytes,
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
            let put = self.laid.put(self.line, row);
            self.over = put.as_ref().is_err_and(ReadFault::is_fatal);
            if put? {
                return Ok(true);
            }
        }
    }

    /// Collects the cells of the next row.
    fn next_row(&mut self) -> Result<bool, ReadFault> {
        self.laid.clear();
        self.after = 0;
        let mut open = false;
        loop {
            match self.xml.next()? {
                Event::Start(element) => match element.local_name().as_ref() {
                    "row" => {
                        let said = attribute(&element, "r").and_then(|r| r.parse::<u64>().ok());
                        // Numbers only grow, whatever a broken file says.
                        let next = self.line.saturating_add(1);
                        self.line = said.filter(|said| (next..ROWS).contains(said)).unwrap_or(next);
                        open = true;
                    }
                    "c" => {
                        let column = attribute(&element, "r").and_then(|r| place(&r));
                        let style = attribute(&element, "s").and_then(|s| s.parse::<usize>().ok());
                        let kind = match attribute(&element, "t").as_deref() {
                            Some("s") => Type::Shared,
                            Some("str" | "inlineStr" | "d") => Type::Text,
                            Some("b") => Type::Boolean,
                            Some("e") => Type::Error,
                            _ => Type::Number,
                        };
                        let column = column.map_or(self.after, |(column, _)| column);
                        self.after = column + 1;
                        self.cell(column, style, kind)?;
                    }
                    _ => {}
                },
                Event::End(element) => match element.local_name().as_ref() {
                    "row" if open => return Ok(true),
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
                event if inside && self.value.len() <= self.row_bytes => add_text(&event, &mut self.value),
                _ => {}
            }
        }
        self.understand(style, kind);
        self.laid.end(column);
        Ok(())
    }

    fn understand(&mut self, style: Option<usize>, kind: Type) {
        let (out, value) = (&mut self.laid.text, self.value.as_str());
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
                out.push_str(&written(value.trim(), meaning, self.shared.from_1904));
            }
        }
    }
}

/// A number as it stands in the file, shown as the sheet shows it.
fn written(value: &str, meaning: Meaning, from_1904: bool) -> String {
    let digits = !value.starts_with('0') && value.bytes().all(|byte| byte.is_ascii_digit());
    match value.parse::<f64>() {
        Ok(_) if digits && meaning == Meaning::Plain => value.to_owned(),
        Ok(number) => shown(number, meaning, from_1904),
        Err(_) => value.to_owned(),
    }
}

/// A number as the sheet shows it.
pub(crate) fn shown(number: f64, meaning: Meaning, from_1904: bool) -> String {
    let moment = match meaning {
        Meaning::Plain => None,
        Meaning::Moment => numbers::serial(number, from_1904),
        Meaning::Duration => numbers::duration(number),
    };
    moment.unwrap_or_else(|| numbers::number(number))
}
