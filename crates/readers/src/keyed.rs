//! Records with names: NDJSON and JSON arrays. A first pass unites the names of all records, in the order in which they
//! turn up; the second gives every record a cell under every name.
use std::borrow::Cow;
use std::collections::HashMap;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::delimited::{clean, too_long, too_many_columns, wrong_encoding};
use crate::fault::ReadFault;
use crate::json::{Cut, Walk};
use crate::numbers;
use crate::row::Row;
use crate::source::Source;
use crate::text::{Line, Text};

/// How deep objects inside of a record are laid open; what lies deeper stays JSON text.
const LAID_OPEN: usize = 4;

/// Names of the columns.
#[derive(Debug, Default)]
struct Names {
    index: HashMap<String, usize>,
    names: Vec<String>,
}

impl Names {
    /// Adds the names of a record; a record that cannot be read has none.
    fn learn(&mut self, record: &str, most: usize) -> Result<(), ReadFault> {
        let mut found = Vec::new();
        if lay_open(record, &mut |name, _| found.push(name)).is_err() {
            return Ok(());
        }
        for name in found {
            if !self.index.contains_key(&name) {
                self.index.insert(name.clone(), self.names.len());
                self.names.push(name);
            }
        }
        if self.names.len() > most {
            return Err(too_many_columns(1, self.names.len(), most, false));
        }
        Ok(())
    }

    /// Lays a record out under the names.
    fn row(&self, record: &str, line: u64, cells: &mut Vec<String>, row: &mut Row) -> Result<(), ReadFault> {
        cells.iter_mut().for_each(String::clear);
        cells.resize(self.names.len(), String::new());
        let mut given = vec![false; self.names.len()];
        let mut twice = None;
        lay_open(record, &mut |name, text| {
            if let Some(place) = self.index.get(&name)
                && let (Some(cell), Some(given)) = (cells.get_mut(*place), given.get_mut(*place))
            {
                if *given {
                    twice = Some(name);
                }
                *given = true;
                cell.push_str(&text);
            }
        })
        .map_err(|error| bad_record(line, &error))?;
        if let Some(name) = twice {
            return Err(ReadFault::row(
                line,
                "readers.json.key-twice",
                format!("同一条记录中“{name}”出现了两次。"),
                "请只保留正确的一个。",
            ));
        }
        row.clear(line);
        for cell in cells.iter() {
            row.push(cell);
        }
        clean(row)
    }

    fn heading(&self, row: &mut Row) {
        row.clear(0);
        for name in &self.names {
            row.push(name);
        }
    }
}

fn bad_record(line: u64, error: &serde_json::Error) -> ReadFault {
    let reason = match error.classify() {
        serde_json::error::Category::Eof => "这条记录不完整。".to_owned(),
        serde_json::error::Category::Data => "这条记录不是 JSON 对象 {…}。".to_owned(),
        _ => format!("这条记录不是正确的 JSON（第 {} 个字节附近）。", error.column()),
    };
    ReadFault::row(
        line,
        "readers.json.record",
        reason,
        "请按 {\"键\": \"值\"} 的形式改正这一条。",
    )
}

/// Gives every plain value of a record with its name; names of objects inside are joined by dots.
fn lay_open(record: &str, put: &mut dyn FnMut(String, Cow<'_, str>)) -> Result<(), serde_json::Error> {
    let entries: Entries<'_> = serde_json::from_str(record)?;
    open_entries(entries, "", 0, put)
}

fn open_entries(
    entries: Entries<'_>,
    under: &str,
    depth: usize,
    put: &mut dyn FnMut(String, Cow<'_, str>),
) -> Result<(), serde_json::Error> {
    for (key, value) in entries.0 {
        let name = if under.is_empty() {
            key.into_owned()
        } else {
            format!("{under}.{key}")
        };
        let raw = value.get();
        match raw.bytes().next() {
            Some(b'"') => put(name, serde_json::from_str::<Text1<'_>>(raw)?.0),
            Some(b'{') if depth < LAID_OPEN => {
                open_entries(serde_json::from_str(raw)?, &name, depth + 1, put)?;
            }
            Some(b'n') => put(name, Cow::Borrowed("")),
            Some(b'-' | b'0'..=b'9') => put(name, numbers::plain(raw)),
            _ => put(name, Cow::Borrowed(raw)),
        }
    }
    Ok(())
}

/// The entries of an object in their order, also when a key stands twice.
struct Entries<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

/// A text, borrowed where it has no escapes.
#[derive(Deserialize)]
struct Text1<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Entries<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;
        impl<'de> Visitor<'de> for Each {
            type Value = Entries<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(key) = map.next_key::<Text1<'de>>()? {
                    entries.push((key.0, map.next_value::<&'de RawValue>()?));
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(Each)
    }
}

/// A record a line.
pub(crate) struct Lines {
    text: Text,
    names: Names,
    told: bool,
    line: u64,
    row_bytes: usize,
    cells: Vec<String>,
}

impl Lines {
    pub fn open(source: &Source) -> Result<Self, ReadFault> {
        let limits = source.limits();
        let mut names = Names::default();
        let mut text = Text::new(source.open()?);
        let mut at = 0;
        loop {
            at += 1;
            match text.line(limits.row_bytes).map_err(|fault| fault.near(at))? {
                Line::End => break,
                Line::Long => text.skip_line()?,
                Line::Whole { length, end } => {
                    let line = text.window().get(..length).unwrap_or_default();
                    if let Ok(record) = std::str::from_utf8(line)
                        && !record.trim_ascii().is_empty()
                    {
                        names.learn(record, limits.columns)?;
                    }
                    text.pass(length + end);
                }
            }
        }
        Ok(Self {
            text: Text::new(source.open_again()?),
            names,
            told: false,
            line: 1,
            row_bytes: limits.row_bytes,
            cells: Vec::new(),
        })
    }

    pub fn read(&mut self, row: &mut Row) -> Result<bool, ReadFault> {
        if !self.told {
            self.told = true;
            self.names.heading(row);
            return Ok(true);
        }
        loop {
            let at = self.line;
            match self.text.line(self.row_bytes).map_err(|fault| fault.near(at))? {
                Line::End => return Ok(false),
                Line::Long => {
                    self.text.skip_line().map_err(|fault| fault.near(at))?;
                    self.line += 1;
                    return Err(too_long(at, self.row_bytes));
                }
                Line::Whole { length, end } => {
                    self.line += 1;
                    let line = self.text.window().get(..length).unwrap_or_default();
                    let Ok(record) = std::str::from_utf8(line) else {
                        let fault = wrong_encoding(at, self.text.encoding());
                        self.text.pass(length + end);
                        return Err(fault);
                    };
                    let blank = record.trim_ascii().is_empty();
                    let laid_out = if blank {
                        Ok(())
                    } else {
                        self.names.row(record, at, &mut self.cells, row)
                    };
                    self.text.pass(length + end);
                    laid_out?;
                    if !blank {
                        return Ok(true);
                    }
                }
            }
        }
    }
}

/// Where the records of a JSON file lie.
#[derive(Debug)]
pub(crate) enum Place {
    /// The array under these keys; the how-manieth of that name.
    Array(String, usize),
    /// The file is one single record.
    Whole,
}

/// A table found in a JSON file by the first pass.
pub(crate) struct Found {
    pub place: Place,
    names: Names,
}

impl Found {
    pub fn name(&self) -> &str {
        match &self.place {
            Place::Array(path, _) => path,
            Place::Whole => "",
        }
    }
}

/// The first pass over a JSON file: its arrays of records and the names in each.
pub(crate) fn arrays(source: &Source) -> Result<Vec<Found>, ReadFault> {
    let limits = source.limits();
    let mut walk = Walk::new(Text::new(source.open()?));
    let mut found: Vec<Found> = Vec::new();
    let mut record = Vec::new();
    while let Some(path) = walk.next_array()? {
        if found.len() >= limits.members {
            return Err(crate::too_many_members(limits));
        }
        let mut names = Names::default();
        loop {
            match walk.cut(&mut record, limits.row_bytes)? {
                Cut::End => break,
                Cut::TooLong => {}
                Cut::Record => {
                    if let Ok(record) = std::str::from_utf8(&record) {
                        names.learn(record, limits.columns)?;
                    }
                }
            }
        }
        let nth = found.iter().filter(|other| other.name() == path).count();
        found.push(Found {
            place: Place::Array(path, nth),
            names,
        });
    }
    if found.is_empty() && walk.outer_is_object {
        let mut names = Names::default();
        let whole = whole(source)?;
        names.learn(&whole, limits.columns)?;
        found.push(Found {
            place: Place::Whole,
            names,
        });
    }
    if found.is_empty() {
        return Err(ReadFault::fatal(
            "readers.json.no-records",
            "JSON 中没有找到记录的数组。",
            "应为记录的数组 [{…}, {…}]，或每行一条记录。",
        ));
    }
    Ok(found)
}

fn whole(source: &Source) -> Result<String, ReadFault> {
    let limit = source.limits().row_bytes;
    let mut text = Text::new(source.open_again()?);
    while text.window().len() <= limit && text.fill()? {}
    if text.window().len() > limit {
        return Err(ReadFault::fatal(
            "readers.json.too-long",
            "JSON 文件是一条太长的记录，没有记录的数组。",
            "应为记录的数组 [{…}, {…}]，或每行一条记录。",
        ));
    }
    String::from_utf8(text.window().to_vec()).map_err(|_| wrong_encoding(1, text.encoding()))
}

/// The records of one array.
pub(crate) struct Array {
    walk: Walk,
    whole: Option<String>,
    names: Names,
    told: bool,
    over: bool,
    line: u64,
    row_bytes: usize,
    record: Vec<u8>,
    cells: Vec<String>,
}

impl Array {
    pub fn open(source: &Source, found: Found) -> Result<Self, ReadFault> {
        let mut walk = Walk::new(Text::new(source.open_again()?));
        let mut one = None;
        match &found.place {
            Place::Whole => one = Some(whole(source)?),
            Place::Array(path, nth) => {
                let mut left = *nth;
                while let Some(here) = walk.next_array()? {
                    if here == *path {
                        if left == 0 {
                            break;
                        }
                        left -= 1;
                    }
                }
            }
        }
        Ok(Self {
            walk,
            whole: one,
            over: false,
            told: false,
            line: 0,
            row_bytes: source.limits().row_bytes,
            names: found.names,
            record: Vec::new(),
            cells: Vec::new(),
        })
    }

    pub fn read(&mut self, row: &mut Row) -> Result<bool, ReadFault> {
        if !self.told {
            self.told = true;
            self.names.heading(row);
            // An empty array has no names to give.
            if !row.is_empty() {
                return Ok(true);
            }
        }
        if self.over {
            return Ok(false);
        }
        self.line += 1;
        if let Some(record) = self.whole.take() {
            self.over = true;
            self.names.row(&record, self.line, &mut self.cells, row)?;
            return Ok(true);
        }
        match self.walk.cut(&mut self.record, self.row_bytes) {
            Ok(Cut::End) => {
                self.over = true;
                Ok(false)
            }
            Ok(Cut::TooLong) => Err(too_long(self.line, self.row_bytes)),
            Ok(Cut::Record) => {
                let Ok(record) = std::str::from_utf8(&self.record) else {
                    return Err(wrong_encoding(self.line, self.walk.encoding()));
                };
                self.names.row(record, self.line, &mut self.cells, row)?;
                Ok(true)
            }
            Err(fault) => {
                self.over = true;
                Err(fault)
            }
        }
    }
}
