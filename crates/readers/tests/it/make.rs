//! Makes files for the tests, and reads them.
use std::io::Write as _;
use std::path::Path;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};
use readers::{Limits, ReadFault, Row, open};
use tempfile::NamedTempFile;

/// A file with this content, under a name that says nothing.
pub fn file(content: &[u8]) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(content).unwrap();
    file
}

/// A table as read: name, rows, faults.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Got {
    pub name: String,
    pub keyed: bool,
    pub rows: Vec<(u64, Vec<String>)>,
    pub faults: Vec<ReadFault>,
}

impl Got {
    pub fn texts(&self) -> Vec<Vec<&str>> {
        let rows = self.rows.iter();
        rows.map(|(_, cells)| cells.iter().map(String::as_str).collect())
            .collect()
    }
    pub fn codes(&self) -> Vec<(&'static str, Option<u64>)> {
        self.faults
            .iter()
            .map(|fault| (fault.code(), fault.line()))
            .collect()
    }
}

/// Reads everything a file has; faults of opening a table come as a table without a name.
pub fn read_with(path: &Path, limits: &Limits) -> Result<Vec<Got>, ReadFault> {
    // More faults than any of these files can have: a reader that does not get on.
    const MOST: usize = 20_000;
    let mut tables = open(path, limits)?;
    let mut all = Vec::new();
    loop {
        assert!(all.len() < MOST, "the tables do not end");
        let mut table = match tables.next_table() {
            Ok(None) => return Ok(all),
            Ok(Some(table)) => table,
            Err(fault) => {
                all.push(Got {
                    faults: vec![fault],
                    ..Got::default()
                });
                continue;
            }
        };
        let mut got = Got {
            name: table.name().to_owned(),
            keyed: table.keyed(),
            ..Got::default()
        };
        let mut row = Row::new();
        loop {
            match table.read(&mut row) {
                Ok(true) => got
                    .rows
                    .push((row.line, row.cells().map(str::to_owned).collect())),
                Ok(false) => break,
                Err(fault) => {
                    let over = fault.is_fatal();
                    got.faults.push(fault);
                    assert!(got.faults.len() < MOST, "the faults do not end");
                    if over {
                        break;
                    }
                }
            }
        }
        all.push(got);
    }
}

pub fn read(content: &[u8]) -> Result<Vec<Got>, ReadFault> {
    read_with(file(content).path(), &Limits::default())
}

/// The only table of a file.
pub fn one(content: &[u8]) -> Got {
    let mut all = read(content).unwrap();
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

pub fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

pub fn zstd(content: &[u8]) -> Vec<u8> {
    zstd::encode_all(content, 1).unwrap()
}

/// A zip of members, every second one only stored.
pub fn zip<N: AsRef<[u8]>, C: AsRef<[u8]>>(members: &[(N, C)]) -> Vec<u8> {
    let (mut out, mut table) = (Vec::new(), Vec::new());
    for (number, (name, content)) in members.iter().enumerate() {
        let (name, content) = (name.as_ref(), content.as_ref());
        let deflate = number % 2 == 0;
        let packed = if deflate {
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
            encoder.write_all(content).unwrap();
            encoder.finish().unwrap()
        } else {
            content.to_vec()
        };
        let mut crc = flate2::Crc::new();
        crc.update(content);
        let mut common = Vec::new();
        common.extend_from_slice(&[20, 0, 0, 0, if deflate { 8 } else { 0 }, 0, 0, 0, 0, 0]);
        common.extend_from_slice(&crc.sum().to_le_bytes());
        common.extend_from_slice(&u32::try_from(packed.len()).unwrap().to_le_bytes());
        common.extend_from_slice(&u32::try_from(content.len()).unwrap().to_le_bytes());
        common.extend_from_slice(&u16::try_from(name.len()).unwrap().to_le_bytes());
        common.extend_from_slice(&[0, 0]);
        let local = u32::try_from(out.len()).unwrap();
        out.extend_from_slice(b"PK\x03\x04");
        out.extend_from_slice(&common);
        out.extend_from_slice(name);
        out.extend_from_slice(&packed);
        table.extend_from_slice(b"PK\x01\x02\x14\x00");
        table.extend_from_slice(&common);
        table.extend_from_slice(&[0; 10]);
        table.extend_from_slice(&local.to_le_bytes());
        table.extend_from_slice(name);
    }
    let count = u16::try_from(members.len()).unwrap().to_le_bytes();
    let at = u32::try_from(out.len()).unwrap().to_le_bytes();
    let bytes = u32::try_from(table.len()).unwrap().to_le_bytes();
    out.extend_from_slice(&table);
    out.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    out.extend_from_slice(&count);
    out.extend_from_slice(&count);
    out.extend_from_slice(&bytes);
    out.extend_from_slice(&at);
    out.extend_from_slice(&[0, 0]);
    out
}

/// Shared texts, styles (1 is a date, 2 a date written out, 3 a length of time) and what XML a sheet has.
pub fn xlsx(texts: &[&str], sheets: &[(&str, &str)]) -> Vec<u8> {
    const NS: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    const REL: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let mut members: Vec<(String, String)> = vec![("[Content_Types].xml".into(), "<Types/>".into())];
    let tabs: String = (1..=sheets.len())
        .zip(sheets)
        .map(|(id, (name, _))| format!("<sheet name=\"{name}\" sheetId=\"{id}\" r:id=\"rId{id}\"/>"))
        .collect();
    members.push((
        "xl/workbook.xml".into(),
        format!("<?xml version=\"1.0\"?><workbook xmlns=\"{NS}\" xmlns:r=\"{REL}\"><workbookPr/><sheets>{tabs}</sheets></workbook>"),
    ));
    let mut relations: String = (1..=sheets.len())
        .map(|id| {
            format!(
                "<Relationship Id=\"rId{id}\" Type=\"{REL}/worksheet\" Target=\"worksheets/sheet{id}.xml\"/>"
            )
        })
        .collect();
    relations +=
        &format!("<Relationship Id=\"s\" Type=\"{REL}/sharedStrings\" Target=\"/xl/sharedStrings.xml\"/>");
    relations += &format!("<Relationship Id=\"t\" Type=\"{REL}/styles\" Target=\"styles.xml\"/>");
    members.push((
        "xl/_rels/workbook.xml.rels".into(),
        format!("<Relationships>{relations}</Relationships>"),
    ));
    members.push((
        "xl/styles.xml".into(),
        "<styleSheet><numFmts><numFmt numFmtId=\"176\" formatCode=\"yyyy&quot;年&quot;m&quot;月&quot;\"/></numFmts>\
         <cellStyleXfs><xf numFmtId=\"14\"/></cellStyleXfs>\
         <cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/><xf numFmtId=\"176\"/><xf numFmtId=\"46\"/></cellXfs></styleSheet>"
            .into(),
    ));
    let texts: String = texts
        .iter()
        .map(|text| format!("<si><t>{text}</t></si>"))
        .collect();
    members.push((
        "xl/sharedStrings.xml".into(),
        format!("<sst uniqueCount=\"18446744073709551615\">{texts}</sst>"),
    ));
    for (id, (_, xml)) in (1..).zip(sheets) {
        members.push((
            format!("xl/worksheets/sheet{id}.xml"),
            format!("<worksheet xmlns=\"{NS}\">{xml}</worksheet>"),
        ));
    }
    zip(&members)
}
