//! Reads a file as rows of text: CSV in UTF-8 (with or without BOM), UTF-16 or GB18030, and XLSX.
use std::fs::File;
use std::io::{BufReader, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use calamine::{Data, Reader as _, Xlsx};
use encoding_rs::{Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE};
use encoding_rs_io::DecodeReaderBytesBuilder;
use kernel::{Fault, FaultKind, Outcome};

/// A row: its line in the file (from 1) and its cells.
pub type Row = (i64, Vec<String>);

/// Rows of a file, in order.
pub struct Rows(Box<dyn Iterator<Item = Outcome<Row>> + Send>);

impl Iterator for Rows {
    type Item = Outcome<Row>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next()
    }
}

/// First bytes of a ZIP container, which an XLSX file is.
const ZIP: &[u8] = b"PK\x03\x04";
/// How much is read at a time when the encoding is looked for.
const CHUNK: usize = 1 << 16;

/// Opens a file; what it is is seen from its content, not its name.
pub fn open(path: &Path) -> Outcome<Rows> {
    let mut file = File::open(path).map_err(|e| unreadable(path, &e))?;
    let mut head = [0_u8; 4];
    let got = file.read(&mut head).map_err(|e| unreadable(path, &e))?;
    file.seek(SeekFrom::Start(0)).map_err(|e| unreadable(path, &e))?;
    if head.get(..got) == Some(ZIP) {
        sheet(path, file)
    } else {
        csv_rows(path, file)
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> Fault {
    let detail = format!("无法读取 {}：{error}。请检查路径和权限。", path.display());
    Fault::new(FaultKind::Invalid, "intake.file.unreadable", detail)
}

fn csv_rows(path: &Path, mut file: File) -> Outcome<Rows> {
    let encoding = find_encoding(path, &mut file)?;
    file.seek(SeekFrom::Start(0)).map_err(|e| unreadable(path, &e))?;
    let first = first_line(&mut file, encoding).map_err(|e| unreadable(path, &e))?;
    file.seek(SeekFrom::Start(0)).map_err(|e| unreadable(path, &e))?;
    let delimiter = [b',', b'\t', b';', b'|']
        .into_iter()
        .max_by_key(|mark| first.bytes().filter(|byte| byte == mark).count())
        .unwrap_or(b',');
    let decoder = DecodeReaderBytesBuilder::new()
        .encoding(Some(encoding))
        .bom_override(true)
        .build(file);
    let reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(BufReader::with_capacity(CHUNK, decoder));
    let name = path.display().to_string();
    let rows = reader.into_records().map(move |record| {
        let record = record
            .map_err(|e| Fault::new(FaultKind::Invalid, "intake.file.broken", format!("{name}:{e}。")))?;
        let line = record.position().map_or(0, csv::Position::line);
        Ok((
            i64::try_from(line).unwrap_or(i64::MAX),
            record.iter().map(str::to_owned).collect(),
        ))
    });
    Ok(Rows(Box::new(rows)))
}

fn first_line(file: &mut File, encoding: &'static Encoding) -> std::io::Result<String> {
    let mut head = vec![0_u8; CHUNK];
    let got = file.read(&mut head)?;
    head.truncate(got);
    let (text, _, _) = encoding.decode(&head);
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

/// A BOM decides; else UTF-8 when the whole file is valid UTF-8; else GB18030 when the whole file is valid in it.
fn find_encoding(path: &Path, file: &mut File) -> Outcome<&'static Encoding> {
    let mut utf8 = UTF_8.new_decoder();
    let mut gb = GB18030.new_decoder();
    let (mut utf8_ok, mut gb_ok) = (true, true);
    let mut buffer = vec![0_u8; CHUNK];
    let mut text = String::with_capacity(CHUNK * 3);
    let mut first = true;
    loop {
        let got = file.read(&mut buffer).map_err(|e| unreadable(path, &e))?;
        let chunk = buffer.get(..got).unwrap_or_default();
        if first {
            first = false;
            if chunk.starts_with(&[0xFF, 0xFE]) {
                return Ok(UTF_16LE);
            }
            if chunk.starts_with(&[0xFE, 0xFF]) {
                return Ok(UTF_16BE);
            }
        }
        utf8_ok = utf8_ok && decodes(&mut utf8, chunk, got == 0, &mut text);
        gb_ok = gb_ok && decodes(&mut gb, chunk, got == 0, &mut text);
        if !utf8_ok && !gb_ok {
            let detail = format!(
                "{} 的编码无法识别：既不是 UTF-8,也不是 GB18030。请另存为“CSV UTF-8”后再导入。",
                path.display()
            );
            return Err(Fault::new(FaultKind::Invalid, "intake.file.encoding", detail));
        }
        if got == 0 {
            return Ok(if utf8_ok { UTF_8 } else { GB18030 });
        }
    }
}

fn decodes(decoder: &mut encoding_rs::Decoder, chunk: &[u8], last: bool, text: &mut String) -> bool {
    let mut rest = chunk;
    loop {
        text.clear();
        let (result, read) = decoder.decode_to_string_without_replacement(rest, text, last);
        match result {
            encoding_rs::DecoderResult::InputEmpty => return true,
            encoding_rs::DecoderResult::OutputFull => rest = rest.get(read..).unwrap_or_default(),
            encoding_rs::DecoderResult::Malformed(..) => return false,
        }
    }
}

fn sheet(path: &Path, file: File) -> Outcome<Rows> {
    let broken = |e: &dyn std::fmt::Display| {
        let detail = format!(
            "{} 不是可以读取的 XLSX 文件：{e}。请用 Excel 打开检查后另存。",
            path.display()
        );
        Fault::new(FaultKind::Invalid, "intake.file.xlsx", detail)
    };
    let mut book = Xlsx::new(BufReader::new(file)).map_err(|e| broken(&e))?;
    let range = match book.worksheet_range_at(0) {
        Some(range) => range.map_err(|e| broken(&e))?,
        None => return Err(broken(&"没有工作表")),
    };
    let start = range.start().map_or(0, |(row, _)| i64::from(row));
    let rows: Vec<Row> = range
        .rows()
        .zip(1..)
        .map(|(cells, number)| (start + number, cells.iter().map(cell_text).collect()))
        .collect();
    Ok(Rows(Box::new(rows.into_iter().map(Ok))))
}

fn cell_text(cell: &Data) -> String {
    match cell {
        Data::Empty | Data::Error(_) => String::new(),
        Data::DateTime(moment) => moment
            .as_datetime()
            .map_or_else(|| moment.to_string(), |t| t.date().to_string()),
        Data::Float(number) if number.fract() == 0.0 => format!("{number:.0}"),
        other => other.to_string(),
    }
}
