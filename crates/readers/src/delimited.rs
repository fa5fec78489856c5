//! Delimited text: CSV, TSV and their kin. One row in memory at a time; a row that is wrong never takes others with it.
use memchr::{memchr, memchr_iter, memchr2, memchr3};

use crate::fault::ReadFault;
use crate::limits::Limits;
use crate::row::Row;
use crate::text::{Line, Text};

/// What may part the cells, in order of preference.
const MARKS: [u8; 4] = [b',', b'\t', b';', b'|'];
/// Lines among which the first with a delimiter is looked for.
const LOOKED_AT: usize = 20;
/// From how many columns on rows swallowed by an open quote are recognised by their number of cells.
const TELLING: usize = 3;

/// A table of delimited text.
pub(crate) struct Delimited {
    text: Text,
    mark: u8,
    line: u64,
    /// Cells of the last row that stood on one line.
    usual: usize,
    begun: bool,
    scratch: Vec<u8>,
    spans: Vec<(usize, usize)>,
    row_bytes: usize,
    columns: usize,
    lines_in_row: u64,
}

/// How a row with quotes came out.
enum Quoted {
    /// Bytes used with the end of line, and line breaks inside of cells.
    Row { used: usize, breaks: u64, sloppy: bool },
    /// More bytes are needed to tell.
    More,
    /// It runs over more lines than a cell may have.
    TooManyLines,
}

impl Delimited {
    /// Finds the delimiter and stands before the first row.
    pub fn new(mut text: Text, limits: &Limits) -> Result<Self, ReadFault> {
        while text.window().len() < crate::source::HEAD && text.fill()? {}
        let mut line = 1;
        let mark = if let Some((mark, length)) = declared(text.window()) {
            text.pass(length);
            line = 2;
            mark
        } else {
            found(text.window())
        };
        Ok(Self {
            text,
            mark,
            line,
            usual: 0,
            begun: false,
            scratch: Vec::new(),
            spans: Vec::new(),
            row_bytes: limits.row_bytes,
            columns: limits.columns,
            lines_in_row: limits.lines_in_row,
        })
    }

    /// Reads the next row that is not blank.
    pub fn read(&mut self, row: &mut Row) -> Result<bool, ReadFault> {
        loop {
            let at = self.line;
            let (length, end) = match self.text.line(self.row_bytes).map_err(|fault| fault.near(at))? {
                Line::End => return Ok(false),
                Line::Long => return self.too_long(at),
                Line::Whole { length, end } => (length, end),
            };
            if length == 0 {
                self.text.pass(end);
                self.line += 1;
                continue;
            }
            let line = self.text.window().get(..length).unwrap_or_default();
            if memchr(b'"', line).is_some() {
                self.quoted(row, at, length + end)?;
            } else {
                let Ok(text) = std::str::from_utf8(line) else {
                    self.text.pass(length + end);
                    self.line += 1;
                    return Err(self.wrong_encoding(at));
                };
                row.take(at, text, cells(line, self.mark));
                self.text.pass(length + end);
                self.line += 1;
                self.usual = row.len();
            }
            self.check(row)?;
            return Ok(true);
        }
    }

    fn too_long(&mut self, at: u64) -> Result<bool, ReadFault> {
        self.text.skip_line().map_err(|fault| fault.near(at))?;
        self.line += 1;
        Err(too_long(at, self.row_bytes))
    }

    fn wrong_encoding(&self, at: u64) -> ReadFault {
        wrong_encoding(at, self.text.encoding())
    }

    /// A row with quotes, which may go over several lines. `first` is its first line with what ends it.
    fn quoted(&mut self, row: &mut Row, at: u64, first: usize) -> Result<(), ReadFault> {
        let outcome = loop {
            let window = self.text.window();
            let over = self.text.at_end();
            match split(
                window,
                self.mark,
                over,
                self.lines_in_row,
                &mut self.scratch,
                &mut self.spans,
            ) {
                Quoted::More if over || window.len() > self.row_bytes => break None,
                Quoted::More => {
                    self.text.fill().map_err(|fault| fault.near(at))?;
                }
                Quoted::TooManyLines => break None,
                Quoted::Row { used, breaks, sloppy } => {
                    let swallows = breaks > 0 && (sloppy || self.swallows(used));
                    break (!swallows).then_some((used, breaks));
                }
            }
        };
        let Some((used, breaks)) = outcome else {
            // The quote was never closed, or closed by one of another row: only the line it stands in is refused.
            self.text.pass(first);
            self.line += 1;
            return Err(ReadFault::row(
                at,
                "readers.row.quote",
                "引号没有成对，无法判断这一行到哪里结束。",
                "请补上缺少的引号，或把单元格中的引号写成两个引号（\"\"）。",
            ));
        };
        self.text.pass(used);
        self.line += breaks + 1;
        let Ok(text) = std::str::from_utf8(&self.scratch) else {
            return Err(self.wrong_encoding(at));
        };
        row.take(at, text, self.spans.iter().copied());
        if breaks == 0 {
            self.usual = row.len();
        }
        Ok(())
    }

    /// Whether a cell of several lines holds what looks like whole rows of this table.
    fn swallows(&self, used: usize) -> bool {
        if self.usual < TELLING {
            return false;
        }
        let record = self.text.window().get(..used).unwrap_or_default();
        let mut inner = record.split(|byte| *byte == b'\n').skip(1).peekable();
        while let Some(line) = inner.next() {
            let last = inner.peek().is_none_or(|rest| rest.is_empty());
            if !last && memchr_iter(self.mark, line).count() + 1 == self.usual {
                return true;
            }
        }
        false
    }

    fn check(&mut self, row: &mut Row) -> Result<(), ReadFault> {
        if row.len() > self.columns {
            row.trim_end();
            if row.len() > self.columns {
                return Err(too_many_columns(row.line, row.len(), self.columns, self.begun));
            }
        }
        self.begun = true;
        clean(row)
    }
}

/// The cells of a line without quotes.
fn cells(line: &[u8], mark: u8) -> impl Iterator<Item = (usize, usize)> {
    let mut from = 0;
    memchr_iter(mark, line)
        .chain(std::iter::once(line.len()))
        .map(move |to| {
            let span = (from, to);
            from = to + 1;
            span
        })
}

/// Splits one record that has quotes into `cells` and `spans`, as RFC 4180 says and office programs do: a quote opens
/// a cell only at its beginning, two quotes inside stand for one, and what follows a closing quote is kept.
fn split(
    window: &[u8],
    mark: u8,
    over: bool,
    lines_in_row: u64,
    cells: &mut Vec<u8>,
    spans: &mut Vec<(usize, usize)>,
) -> Quoted {
    cells.clear();
    spans.clear();
    let (mut at, mut breaks, mut sloppy) = (0, 0, false);
    loop {
        let from = cells.len();
        if window.get(at) == Some(&b'"') {
            at += 1;
            loop {
                let rest = window.get(at..).unwrap_or_default();
                let Some(close) = memchr(b'"', rest) else {
                    return Quoted::More;
                };
                let inside = rest.get(..close).unwrap_or_default();
                breaks += line_breaks(inside);
                if breaks > lines_in_row {
                    return Quoted::TooManyLines;
                }
                cells.extend_from_slice(inside);
                at += close + 1;
                match window.get(at) {
                    Some(b'"') => {
                        cells.push(b'"');
                        at += 1;
                    }
                    None if !over => return Quoted::More,
                    next => {
                        sloppy |= next.is_some_and(|byte| ![mark, b'\r', b'\n'].contains(byte));
                        break;
                    }
                }
            }
        }
        let rest = window.get(at..).unwrap_or_default();
        let end = memchr3(mark, b'\n', b'\r', rest);
        if end.is_none() && !over {
            return Quoted::More;
        }
        let plain = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        cells.extend_from_slice(plain);
        spans.push((from, cells.len()));
        at += plain.len();
        match (window.get(at), window.get(at + 1)) {
            (Some(byte), _) if *byte == mark => at += 1,
            (Some(b'\r'), None) if !over => return Quoted::More,
            (Some(b'\r'), Some(b'\n')) => {
                return Quoted::Row {
                    used: at + 2,
                    breaks,
                    sloppy,
                };
            }
            (Some(_), _) => {
                return Quoted::Row {
                    used: at + 1,
                    breaks,
                    sloppy,
                };
            }
            (None, _) => {
                return Quoted::Row {
                    used: at,
                    breaks,
                    sloppy,
                };
            }
        }
    }
}

/// Lines ended in a text, counted as [`Text::line`] does.
fn line_breaks(text: &[u8]) -> u64 {
    let mut breaks = 0;
    let mut at = 0;
    while let Some(found) = memchr2(b'\n', b'\r', text.get(at..).unwrap_or_default()) {
        at += found;
        at += match (text.get(at), text.get(at + 1)) {
            (Some(b'\r'), Some(b'\n')) => 2,
            _ => 1,
        };
        breaks += 1;
    }
    breaks
}

/// The delimiter a first line `sep=;` names, and the bytes of that line.
fn declared(window: &[u8]) -> Option<(u8, usize)> {
    let end = memchr2(b'\n', b'\r', window)?;
    match window.get(..end)? {
        [b's', b'e', b'p', b'=', mark] if MARKS.contains(mark) => {
            let two = window.get(end) == Some(&b'\r') && window.get(end + 1) == Some(&b'\n');
            Some((*mark, end + if two { 2 } else { 1 }))
        }
        _ => None,
    }
}

/// The delimiter the first line that has one has most of, outside of quotes.
fn found(window: &[u8]) -> u8 {
    for line in window.split(|byte| matches!(byte, b'\n' | b'\r')).take(LOOKED_AT) {
        let mut counts = [0_usize; MARKS.len()];
        let mut inside = false;
        for byte in line {
            if *byte == b'"' {
                inside = !inside;
            } else if !inside
                && let Some(place) = MARKS.iter().position(|mark| mark == byte)
                && let Some(count) = counts.get_mut(place)
            {
                *count += 1;
            }
        }
        let most = counts.iter().copied().max().unwrap_or(0);
        if most > 0 {
            let place = counts.iter().position(|count| *count == most);
            return place.and_then(|place| MARKS.get(place)).copied().unwrap_or(b',');
        }
    }
    b','
}

/// NUL bytes that pad a cell are taken off; one inside a text refuses the row, as no database keeps it.
pub(crate) fn clean(row: &mut Row) -> Result<(), ReadFault> {
    if memchr(0, row.text().as_bytes()).is_none() {
        return Ok(());
    }
    let line = row.line;
    let padded: Vec<String> = row
        .cells()
        .map(|cell| cell.trim_matches('\0').to_owned())
        .collect();
    if let Some(place) = padded.iter().position(|cell| cell.contains('\0')) {
        return Err(ReadFault::Row {
            line,
            column: u32::try_from(place + 1).ok(),
            code: "readers.row.nul",
            reason: "单元格里有 NUL 字节（0x00），不是正常的文字。".to_owned(),
            suggestion: Some("请在源系统中改正这一格后重新导出这一行。".to_owned()),
        });
    }
    *row = Row::from_cells(line, padded.iter().map(String::as_str));
    Ok(())
}

pub(crate) fn too_long(line: u64, limit: usize) -> ReadFault {
    let limit = crate::limits::size(u64::try_from(limit).unwrap_or(u64::MAX));
    ReadFault::row(
        line,
        "readers.row.too-long",
        format!("这一行超过 {limit}，没有读入。"),
        "请检查是否缺少换行符；一行只应是一条记录。",
    )
}

pub(crate) fn wrong_encoding(line: u64, encoding: &str) -> ReadFault {
    ReadFault::row(
        line,
        "readers.row.encoding",
        format!("这一行有不属于 {encoding} 的字节，无法读成文字；文件其余部分是 {encoding}。"),
        "请用同一种编码重新导出这一行。",
    )
}

pub(crate) fn too_many_columns(line: u64, columns: usize, limit: usize, begun: bool) -> ReadFault {
    let reason = format!("有 {columns} 列，最多可以有 {limit} 列。");
    if begun {
        ReadFault::row(
            line,
            "readers.row.columns",
            reason,
            "请检查这一行的分隔符是否多余。",
        )
    } else {
        let fault = ReadFault::fatal(
            "readers.table.columns",
            reason,
            "请只保留目录需要的列，或拆成几个文件。",
        );
        fault.near(line)
    }
}
