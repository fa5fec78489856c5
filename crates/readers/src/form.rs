//! What a file is, seen from its first bytes.
use std::io::Cursor;

use serde::de::IgnoredAny;

use crate::fault::ReadFault;
use crate::text::Text;
use crate::{columnar, zip};

/// Form of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Delimited text: CSV, TSV and their kin.
    Delimited,
    /// One JSON record a line.
    Ndjson,
    /// JSON with arrays of records.
    Json,
    /// A workbook of Excel 2007 and later, or of WPS.
    Xlsx,
    /// A workbook of Excel 97–2003.
    Xls,
    /// Apache Parquet.
    Parquet,
    /// A zip of several files.
    Zip,
}

/// What the first bytes show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    Gzip,
    Zstd,
    Zip,
    Cfb,
    Parquet,
    Text,
    /// Nothing that is read; its name in Chinese and what to do instead.
    Foreign(&'static str, &'static str),
}

const GZIP: &[u8] = b"\x1F\x8B\x08";
const ZSTD: &[u8] = b"\x28\xB5\x2F\xFD";
/// Skippable frames of zstd begin with one of sixteen bytes and this.
const ZSTD_SKIPPABLE: &[u8] = b"\x2A\x4D\x18";
const CFB: &[u8] = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1";

const TO_ZIP: &str = "请解压后提交，或改用 ZIP 压缩。";
const TO_BOOK: &str = "请用 Excel 或 WPS 打开后另存为 XLSX 或 CSV，再提交。";
const TO_DATA: &str = "请导出为 CSV、XLSX、JSON 或 Parquet 后提交。";

/// Forms that are known and not read.
const FOREIGN: &[(&[u8], &str, &str)] = &[
    (b"%PDF", "PDF 文档", TO_DATA),
    (b"Rar!", "RAR 压缩包", TO_ZIP),
    (b"7z\xBC\xAF\x27\x1C", "7z 压缩包", TO_ZIP),
    (b"\xFD7zXZ\0", "XZ 压缩文件", TO_ZIP),
    (b"BZh", "BZIP2 压缩文件", TO_ZIP),
    (b"\x89PNG", "图片", TO_DATA),
    (b"\xFF\xD8\xFF", "图片", TO_DATA),
    (b"GIF8", "图片", TO_DATA),
    (b"{\\rtf", "RTF 文档", TO_DATA),
    (b"SQLite format 3", "SQLite 数据库", TO_DATA),
    (b"\x7FELF", "程序", TO_DATA),
];

pub(crate) fn seen(head: &[u8]) -> Seen {
    let skippable = head.get(1..4) == Some(ZSTD_SKIPPABLE) && head.first().is_some_and(|byte| byte >> 4 == 5);
    if head.starts_with(GZIP) {
        Seen::Gzip
    } else if head.starts_with(ZSTD) || skippable {
        Seen::Zstd
    } else if head.starts_with(zip::MAGIC) || head.starts_with(zip::EMPTY) {
        Seen::Zip
    } else if head.starts_with(CFB) {
        Seen::Cfb
    } else if head.starts_with(columnar::MAGIC) {
        Seen::Parquet
    } else if let Some((_, name, advice)) = FOREIGN.iter().find(|(magic, ..)| head.starts_with(magic)) {
        Seen::Foreign(name, advice)
    } else {
        match head.trim_ascii_start() {
            [b'<', b'?' | b'!' | b'h' | b'H' | b't' | b'T', ..] => {
                Seen::Foreign("网页或 XML（常见于改了扩展名的 .xls）", TO_BOOK)
            }
            _ => Seen::Text,
        }
    }
}

/// Which text form the first bytes are of. `whole` when there are no more than these.
pub(crate) fn text_form(head: &[u8], whole: bool) -> Result<Form, ReadFault> {
    let mut text = Text::new(Box::new(Cursor::new(head.to_vec())));
    while text.fill()? {}
    let window = String::from_utf8_lossy(text.window());
    let begin = window.trim_start();
    let inside = begin.get(1..).unwrap_or_default().trim_start();
    let next = inside.chars().next();
    Ok(match begin.chars().next() {
        Some('[') if matches!(next, Some('{' | ']')) => Form::Json,
        Some('{') if matches!(next, Some('"' | '}')) => lines_or_one(begin, whole),
        _ => Form::Delimited,
    })
}

/// Records a line, or one object that holds them. It is lines when the first or the second line is an object for itself
/// and there are two at least.
fn lines_or_one(begin: &str, whole: bool) -> Form {
    let mut lines = begin.lines().map(str::trim).filter(|line| !line.is_empty());
    let (first, second) = (lines.next().unwrap_or_default(), lines.next());
    let object = |line: &str| line.starts_with('{') && serde_json::from_str::<IgnoredAny>(line).is_ok();
    match second {
        Some(second) if object(first) || object(second) => Form::Ndjson,
        None if object(first) && !whole => Form::Ndjson,
        _ => Form::Json,
    }
}
