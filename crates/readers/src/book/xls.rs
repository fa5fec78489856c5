//! XLS (BIFF5 and BIFF8, MS-XLS): the workbook is read into memory, which its limit and the end of its sheets at 65,536
//! rows keep small; every count a file states is held against the bytes that are there.
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use encoding_rs::{Encoding, GBK};

use super::cfb::{Bytes, Container, broken, is_whole};
use super::format::{Meaning, of_builtin, of_code};
use super::laid::Laid;
use super::merged::Region;
use super::sheet::shown;
use super::strings::{Pieces, long, short};
use crate::fault::ReadFault;
use crate::limits::Limits;
use crate::row::Row;

const BOF: u16 = 0x0809;
const EOF: u16 = 0x000A;
const CONTINUE: u16 = 0x003C;
/// Version of BIFF8 in its first record.
const BIFF8: u16 = 0x0600;
const BIFF5: u16 = 0x0500;

/// What a cell holds.
#[derive(Debug, Clone)]
enum Value {
    Shared(u32),
    Text(Box<str>),
    Number(f64, u16),
    Truth(bool),
}

/// What all sheets share.
#[derive(Debug, Default)]
struct Shared {
    texts: Vec<Box<str>>,
    styles: Vec<Meaning>,
    from_1904: bool,
}

/// A workbook whose sheets have not been read yet.
pub(crate) struct OldBook {
    stream: Arc<Vec<u8>>,
    shared: Arc<Shared>,
    sheets: VecDeque<(String, usize)>,
    encoding: Coding,
    limits: Arc<Limits>,
}

/// How texts are written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Coding {
    pub wide: bool,
    pub page: &'static Encoding,
}

/// Records one after another: type and content.
struct Records<'a>(&'a [u8]);

impl<'a> Iterator for Records<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let head = Bytes(self.0);
        let (kind, length) = (head.u16(0)?, usize::from(head.u16(2)?));
        let content = self.0.get(4..4 + length)?;
        self.0 = self.0.get(4 + length..)?;
        Some((kind, content))
    }
}

impl OldBook {
    pub fn open(data: &[u8], limits: &Arc<Limits>) -> Result<Self, ReadFault> {
        if !is_whole(data) {
            return Err(broken());
        }
        let container = Container::open(data)?;
        if container.has("EncryptedPackage") {
            return Err(locked());
        }
        if container.has("WordDocument") {
            return Err(ReadFault::fatal(
                "readers.file.form",
                "这是 Word 文档，不能作为数据读取。",
                "请把其中的表格另存为 XLSX 或 CSV 后提交。",
            ));
        }
        let stream = container.stream("Workbook").or_else(|| container.stream("Book"));
        let stream = stream.ok_or_else(broken)?;
        drop(container);
        let version = Records(&stream).next().filter(|(kind, _)| *kind == BOF);
        let version = version
            .and_then(|(_, content)| Bytes(content).u16(0))
            .ok_or_else(broken)?;
        if version != BIFF8 && version != BIFF5 {
            return Err(ReadFault::fatal(
                "readers.xls.old",
                "工作簿的版本太旧（早于 Excel 5.0）。",
                "请另存为 XLSX 后提交。",
            ));
        }
        let mut book = Self {
            stream: Arc::new(Vec::new()),
            shared: Arc::default(),
            sheets: VecDeque::new(),
            encoding: Coding {
                wide: version == BIFF8,
                page: GBK,
            },
            limits: Arc::clone(limits),
        };
        book.globals(&stream)?;
        book.stream = Arc::new(stream);
        Ok(book)
    }

    fn globals(&mut self, stream: &[u8]) -> Result<(), ReadFault> {
        let mut shared = Shared::default();
        let (mut custom, mut styles) = (HashMap::new(), Vec::new());
        let mut records = Records(stream).skip(1).peekable();
        while let Some((kind, content)) = records.next() {
            let fields = Bytes(content);
            match kind {
                EOF => break,
                0x002F => return Err(locked()),
                0x0022 => shared.from_1904 = fields.u16(0) == Some(1),
                0x0042 => self.encoding.page = code_page(fields.u16(0)),
                0x041E => {
                    let code = if self.encoding.wide {
                        long(fields.from(2), self.encoding)
                    } else {
                        short(fields.from(2), self.encoding)
                    };
                    custom.extend(fields.u16(0).zip(code.as_deref().map(of_code)));
                }
                0x00E0 => styles.extend(fields.u16(2)),
                // Only sheets of cells; others are charts and macros.
                0x0085 if fields.u8(5) == Some(0) => {
                    let place = fields.u32(0).and_then(|place| usize::try_from(place).ok());
                    self.sheets
                        .extend(short(fields.from(6), self.encoding).zip(place));
                }
                0x00FC => {
                    let mut pieces = vec![content];
                    while let Some((_, more)) = records.next_if(|(kind, _)| *kind == CONTINUE) {
                        pieces.push(more);
                    }
                    shared.texts = Pieces::new(pieces).texts();
                }
                _ => {}
            }
        }
        if self.sheets.len() > self.limits.members {
            return Err(crate::too_many_members(&self.limits));
        }
        let meaning = |format: &u16| {
            let known = custom.get(format).copied();
            known.unwrap_or_else(|| of_builtin(u32::from(*format)))
        };
        shared.styles = styles.iter().map(meaning).collect();
        self.shared = Arc::new(shared);
        Ok(())
    }

    pub fn next_sheet(&mut self) -> Result<Option<(String, OldSheet)>, ReadFault> {
        let Some((name, at)) = self.sheets.pop_front() else {
            return Ok(None);
        };
        let content = self.stream.get(at..).ok_or_else(broken)?;
        let mut found = Cells::default();
        found.read(content, self.encoding, &self.limits)?;
        found.cells.sort_by_key(|(row, column, _)| (*row, *column));
        let sheet = OldSheet {
            cells: found.cells.into_iter().peekable(),
            shared: Arc::clone(&self.shared),
            laid: Laid::new(found.regions, &self.limits),
        };
        Ok(Some((name, sheet)))
    }
}

fn locked() -> ReadFault {
    ReadFault::fatal(
        "readers.xls.encrypted",
        "工作簿设有打开密码，无法读取。",
        "请去掉密码后另存，再提交。",
    )
}

fn code_page(number: Option<u16>) -> &'static Encoding {
    match number {
        Some(950) => encoding_rs::BIG5,
        Some(1252) => encoding_rs::WINDOWS_1252,
        _ => GBK,
    }
}

/// The cells of a sheet as its records give them.
#[derive(Default)]
struct Cells {
    cells: Vec<(u16, u16, Value)>,
    regions: Vec<Region>,
}

impl Cells {
    fn read(&mut self, content: &[u8], coding: Coding, limits: &Limits) -> Result<(), ReadFault> {
        let mut depth = 0_u32;
        // The cell of a formula whose text comes in the next record.
        let mut waiting = None;
        for (kind, content) in Records(content) {
            match kind {
                BOF => depth += 1,
                EOF => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return Ok(());
                    }
                }
                // Charts inside of the sheet have records of their own.
                _ if depth != 1 => {}
                0x0207 => {
                    let text = long(Bytes(content), coding);
                    if let (Some((row, column)), Some(text)) = (waiting.take(), text) {
                        self.cells.push((row, column, Value::Text(text.into())));
                    }
                }
                0x00E5 => self.merge(Bytes(content), limits)?,
                // A record that is too short has no cell.
                _ => {
                    self.cell(kind, Bytes(content), coding, &mut waiting);
                }
            }
        }
        Err(broken())
    }

    fn merge(&mut self, fields: Bytes<'_>, limits: &Limits) -> Result<(), ReadFault> {
        for number in 0..usize::from(fields.u16(0).unwrap_or(0)) {
            let at = 2 + number * 8;
            let of = |place: usize| fields.u16(at + place);
            if let (Some(top), Some(bottom), Some(left), Some(right)) = (of(0), of(2), of(4), of(6)) {
                self.regions.push(Region {
                    top: u64::from(top),
                    bottom: u64::from(bottom),
                    left: usize::from(left),
                    right: usize::from(right),
                });
            }
        }
        if self.regions.len() > limits.merges {
            return Err(super::merged::too_many(limits));
        }
        Ok(())
    }

    fn cell(
        &mut self,
        kind: u16,
        fields: Bytes<'_>,
        coding: Coding,
        waiting: &mut Option<(u16, u16)>,
    ) -> Option<()> {
        let (row, column) = (fields.u16(0)?, fields.u16(2)?);
        let value = match kind {
            0x00FD => Value::Shared(fields.u32(6)?),
            0x0204 | 0x00D6 => Value::Text(long(fields.from(6), coding)?.into()),
            0x0203 => Value::Number(fields.f64(6)?, fields.u16(4)?),
            0x027E => Value::Number(packed(fields.u32(6)?), fields.u16(4)?),
            0x0205 if fields.u8(7)? == 0 => Value::Truth(fields.u8(6)? != 0),
            0x00BD => {
                let count = fields.0.len().checked_sub(6)? / 6;
                for number in 0..count {
                    let at = 4 + number * 6;
                    let column = column.checked_add(u16::try_from(number).ok()?)?;
                    let value = Value::Number(packed(fields.u32(at + 2)?), fields.u16(at)?);
                    self.cells.push((row, column, value));
                }
                return Some(());
            }
            0x0006 => match (fields.u16(12)?, fields.u8(6)?) {
                (0xFFFF, 0) => {
                    *waiting = Some((row, column));
                    return Some(());
                }
                (0xFFFF, 1) => Value::Truth(fields.u8(8)? != 0),
                // An error or an empty text.
                (0xFFFF, _) => return Some(()),
                _ => Value::Number(fields.f64(6)?, fields.u16(4)?),
            },
            _ => return None,
        };
        self.cells.push((row, column, value));
        Some(())
    }
}

/// A number packed into 30 bits: a whole one, or the upper half of a floating one; perhaps in hundredths.
fn packed(bits: u32) -> f64 {
    let value = if bits & 2 != 0 {
        // The sign is kept by the shift.
        f64::from(bits.cast_signed() >> 2)
    } else {
        f64::from_bits(u64::from(bits & !3) << 32)
    };
    if bits & 1 != 0 { value / 100.0 } else { value }
}

/// A sheet being read.
pub(crate) struct OldSheet {
    cells: std::iter::Peekable<std::vec::IntoIter<(u16, u16, Value)>>,
    shared: Arc<Shared>,
    laid: Laid,
}

impl OldSheet {
    pub fn read(&mut self, row: &mut Row) -> Result<bool, ReadFault> {
        while let Some((line, ..)) = self.cells.peek() {
            let line = *line;
            self.laid.clear();
            while let Some((_, column, value)) = self.cells.next_if(|(row, ..)| *row == line) {
                let text = &mut self.laid.text;
                match value {
                    Value::Shared(number) => {
                        let number = usize::try_from(number).unwrap_or(usize::MAX);
                        text.push_str(self.shared.texts.get(number).map_or("", |text| text));
                    }
                    Value::Text(own) => text.push_str(&own),
                    Value::Number(number, style) => {
                        let meaning = self.shared.styles.get(usize::from(style));
                        let meaning = meaning.copied().unwrap_or(Meaning::Plain);
                        text.push_str(&shown(number, meaning, self.shared.from_1904));
                    }
                    Value::Truth(truth) => text.push_str(if truth { "true" } else { "false" }),
                }
                self.laid.end(usize::from(column));
            }
            match self.laid.put(u64::from(line) + 1, row) {
                Ok(false) => {}
                Err(fault) if fault.is_fatal() => {
                    self.cells = Vec::new().into_iter().peekable();
                    return Err(fault);
                }
                other => return other,
            }
        }
        Ok(false)
    }
}
