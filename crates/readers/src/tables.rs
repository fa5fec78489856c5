//! The tables of a file, one after another: sheets of a workbook, members of a zip, arrays of a JSON file, or the file
//! itself.
use std::collections::VecDeque;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use crate::book::{Book, OldBook, OldSheet, Sheet, workbook};
use crate::columnar::Columnar;
use crate::delimited::Delimited;
use crate::fault::{ReadFault, unwrapped};
use crate::form::{Form, Seen, seen, text_form};
use crate::keyed::{Array, Found, Lines, arrays};
use crate::limits::{Limits, size};
use crate::row::Row;
use crate::source::{HEAD, Kind, Source};
use crate::text::Text;
use crate::zip::{Contents, Entry};

/// What archivers and systems put beside the files; it is no data.
const LITTER: &[&str] = &["__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini"];

/// One table: rows of text.
pub struct Table {
    name: String,
    body: Body,
}

enum Body {
    Delimited(Box<Delimited>),
    Lines(Box<Lines>),
    Array(Box<Array>),
    Sheet(Box<Sheet>),
    OldSheet(Box<OldSheet>),
    Columnar(Box<Columnar>),
}

impl Table {
    /// Name of the sheet, the member of the zip or the array of the JSON file; empty for a file that is one table.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether every cell has a name of its own (JSON, Parquet): the first row is exactly the names.
    pub fn keyed(&self) -> bool {
        matches!(self.body, Body::Lines(_) | Body::Array(_) | Body::Columnar(_))
    }

    /// Reads the next row. False at the end. After a fault of a row the next read goes on behind that row; after a fatal
    /// one there is nothing more to be had.
    pub fn read(&mut self, row: &mut Row) -> Result<bool, ReadFault> {
        match &mut self.body {
            Body::Delimited(table) => table.read(row),
            Body::Lines(table) => table.read(row),
            Body::Array(table) => table.read(row),
            Body::Sheet(table) => table.read(row),
            Body::OldSheet(table) => table.read(row),
            Body::Columnar(table) => table.read(row),
        }
    }
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Table")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// The tables of a file.
pub struct Tables {
    form: Form,
    rest: Rest,
}

enum Rest {
    One(Option<Body>),
    Book(Box<Book>),
    OldBook(Box<OldBook>),
    Arrays(Source, VecDeque<Found>),
    Members(Box<Members>),
}

struct Members {
    contents: Contents,
    source: Source,
    entries: VecDeque<Entry>,
    layers: u8,
    inside: Option<(String, Box<Tables>)>,
}

/// Opens a file; what it is is seen from its content, not its name.
pub fn open(path: &Path, limits: &Limits) -> Result<Tables, ReadFault> {
    let unreadable = |error: std::io::Error| {
        ReadFault::fatal(
            "readers.file.unreadable",
            format!("无法读取文件：{error}。"),
            "请检查路径和权限。",
        )
    };
    let file = File::open(path).map_err(unreadable)?;
    if !file.metadata().map_err(unreadable)?.is_file() {
        return Err(unreadable(std::io::ErrorKind::IsADirectory.into()));
    }
    Tables::of(Source::of_file(file, &Arc::new(limits.clone())), 0)
}

impl Tables {
    /// Form of the file, under its packing.
    pub fn form(&self) -> Form {
        self.form
    }

    /// The next table. After a fault, which then is one of that table, the next call goes on with the table after it.
    pub fn next_table(&mut self) -> Result<Option<Table>, ReadFault> {
        match &mut self.rest {
            Rest::One(body) => Ok(body.take().map(|body| Table {
                name: String::new(),
                body,
            })),
            Rest::Book(book) => Ok(book.next_sheet()?.map(|(name, sheet)| Table {
                name,
                body: Body::Sheet(Box::new(sheet)),
            })),
            Rest::OldBook(book) => Ok(book.next_sheet()?.map(|(name, sheet)| Table {
                name,
                body: Body::OldSheet(Box::new(sheet)),
            })),
            Rest::Arrays(source, found) => {
                let Some(found) = found.pop_front() else {
                    return Ok(None);
                };
                let name = found.name().to_owned();
                let body = Body::Array(Box::new(Array::open(source, found)?));
                Ok(Some(Table { name, body }))
            }
            Rest::Members(members) => members.next_table(),
        }
    }

    fn of(mut source: Source, mut layers: u8) -> Result<Self, ReadFault> {
        loop {
            let head = source.head()?;
            let kind = seen(&head);
            match kind {
                Seen::Gzip | Seen::Zstd => {
                    layers = deeper(layers, source.limits())?;
                    source = source.inside(if kind == Seen::Gzip {
                        Kind::Gzip
                    } else {
                        Kind::Zstd
                    });
                }
                Seen::Zip => return Self::zip(&source, layers),
                Seen::Parquet => {
                    let table = Columnar::open(&source.file()?, source.limits())?;
                    return Ok(Self::one(Form::Parquet, Body::Columnar(Box::new(table))));
                }
                Seen::Cfb => return Self::old_book(&source),
                Seen::Foreign(name, advice) => return Err(not_read(name, advice)),
                Seen::Text => return Self::text(source, &head),
            }
        }
    }

    fn one(form: Form, body: Body) -> Self {
        Self {
            form,
            rest: Rest::One(Some(body)),
        }
    }

    fn text(source: Source, head: &[u8]) -> Result<Self, ReadFault> {
        let form = text_form(head, head.len() < HEAD)?;
        Ok(match form {
            Form::Ndjson => Self::one(form, Body::Lines(Box::new(Lines::open(&source)?))),
            Form::Json => {
                let found = arrays(&source)?.into();
                Self {
                    form,
                    rest: Rest::Arrays(source, found),
                }
            }
            _ => {
                let table = Delimited::new(Text::new(source.open()?), source.limits())?;
                Self::one(form, Body::Delimited(Box::new(table)))
            }
        })
    }

    fn old_book(source: &Source) -> Result<Self, ReadFault> {
        let limits = source.limits();
        let mut data = Vec::new();
        let mut stream = source.open()?.take(limits.xls_bytes + 1);
        stream.read_to_end(&mut data).map_err(unwrapped)?;
        if u64::try_from(data.len()).unwrap_or(u64::MAX) > limits.xls_bytes {
            return Err(ReadFault::fatal(
                "readers.xls.too-large",
                format!("XLS 工作簿超过 {}。", size(limits.xls_bytes)),
                "请另存为 XLSX 或 CSV 后提交。",
            ));
        }
        let book = OldBook::open(&data, limits)?;
        Ok(Self {
            form: Form::Xls,
            rest: Rest::OldBook(Box::new(book)),
        })
    }

    fn zip(source: &Source, layers: u8) -> Result<Self, ReadFault> {
        let file = source.file()?;
        let contents = Contents::read(&file, source.limits())?;
        if let Some(workbook) = workbook(&contents) {
            let book = Book::open(&contents, source, &workbook)?;
            return Ok(Self {
                form: Form::Xlsx,
                rest: Rest::Book(Box::new(book)),
            });
        }
        for (part, name, advice) in [
            ("xl/workbook.bin", "XLSB 工作簿", "请另存为 XLSX 后提交。"),
            (
                "word/document.xml",
                "Word 文档",
                "请把其中的表格另存为 XLSX 或 CSV 后提交。",
            ),
            ("content.xml", "ODS 工作簿", "请另存为 XLSX 后提交。"),
            (
                "OFD.xml",
                "OFD 文档",
                "请导出为 CSV、XLSX、JSON 或 Parquet 后提交。",
            ),
        ] {
            if contents.find(part).is_some() {
                return Err(not_read(name, advice));
            }
        }
        let layers = deeper(layers, source.limits())?;
        let entries = contents
            .entries
            .iter()
            .filter(|entry| !entry.name.ends_with('/'))
            .filter(|entry| !LITTER.iter().any(|litter| entry.name.contains(litter)))
            .cloned()
            .collect();
        Ok(Self {
            form: Form::Zip,
            rest: Rest::Members(Box::new(Members {
                contents,
                source: source.clone(),
                entries,
                layers,
                inside: None,
            })),
        })
    }
}

impl std::fmt::Debug for Tables {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tables")
            .field("form", &self.form)
            .finish_non_exhaustive()
    }
}

impl Members {
    fn next_table(&mut self) -> Result<Option<Table>, ReadFault> {
        loop {
            if let Some((member, tables)) = &mut self.inside {
                match tables.next_table() {
                    Ok(Some(table)) => {
                        let name = match table.name() {
                            "" => member.clone(),
                            inner => format!("{member}/{inner}"),
                        };
                        return Ok(Some(Table { name, ..table }));
                    }
                    Ok(None) => self.inside = None,
                    Err(fault) => return Err(of_member(fault, member)),
                }
            }
            let Some(entry) = self.entries.pop_front() else {
                return Ok(None);
            };
            let opened = self.contents.member(&entry).and_then(|member| {
                let source = self.source.inside(|_| Kind::Member(Arc::new(member)));
                Tables::of(source, self.layers)
            });
            match opened {
                Ok(tables) => self.inside = Some((entry.name, Box::new(tables))),
                Err(fault) => return Err(of_member(fault, &entry.name)),
            }
        }
    }
}

/// Says in which member a fault was found.
fn of_member(mut fault: ReadFault, member: &str) -> ReadFault {
    if let ReadFault::Fatal { reason, .. } = &mut fault {
        *reason = format!("压缩包中的“{member}”：{reason}");
    }
    fault
}

fn deeper(layers: u8, limits: &Limits) -> Result<u8, ReadFault> {
    if layers >= limits.layers {
        return Err(ReadFault::fatal(
            "readers.packed.nested",
            format!("压缩包里还有压缩包，超过 {} 层。", limits.layers),
            "请解压后提交。",
        ));
    }
    Ok(layers + 1)
}

fn not_read(name: &str, advice: &str) -> ReadFault {
    ReadFault::fatal(
        "readers.file.form",
        format!("这是{name}，不能作为数据读取。"),
        advice,
    )
}
