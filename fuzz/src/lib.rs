//! What is done with the bytes a fuzzer makes up. The tests of `readers` run the same functions over the corpus.
use std::cell::RefCell;
use std::io::{Seek as _, Write as _};

use flate2::Crc;
use readers::{Limits, ReadFault, Row, open};
use tempfile::NamedTempFile;

/// Small enough to be met often.
pub fn limits() -> Limits {
    Limits {
        row_bytes: 1 << 12,
        columns: 24,
        lines_in_row: 8,
        unpacked_bytes: 1 << 22,
        ratio: 50,
        ratio_free_bytes: 1 << 16,
        members: 16,
        shared_text_bytes: 1 << 14,
        xls_bytes: 1 << 20,
        merges: 64,
        ..Limits::default()
    }
}

thread_local! {
    static FILE: RefCell<Option<NamedTempFile>> = const { RefCell::new(None) };
}

/// Puts bytes into a file, in memory where the system has such a folder.
fn with_file<T>(content: &[u8], work: impl FnOnce(&std::path::Path) -> T) -> T {
    FILE.with_borrow_mut(|file| {
        let file = file.get_or_insert_with(|| {
            NamedTempFile::new_in("/dev/shm")
                .or_else(|_| NamedTempFile::new())
                .expect("a temporary file")
        });
        file.as_file().set_len(0).expect("an empty file");
        file.rewind().expect("the beginning");
        file.write_all(content).expect("the content");
        work(file.path())
    })
}

/// Everything a file gives.
type Read = Vec<(String, Vec<Row>, Vec<ReadFault>)>;

/// More of anything than these limits let through: a reader that does not get on.
const MOST: usize = 200_000;

fn read(content: &[u8]) -> Result<Read, ReadFault> {
    with_file(content, |path| {
        let limits = limits();
        let mut tables = open(path, &limits)?;
        let mut all: Read = Vec::new();
        loop {
            assert!(all.len() < 1000, "the tables do not end");
            let mut table = match tables.next_table() {
                Ok(None) => return Ok(all),
                Ok(Some(table)) => table,
                Err(fault) => {
                    all.push((String::new(), Vec::new(), vec![fault]));
                    continue;
                }
            };
            let (mut rows, mut faults, mut row) = (Vec::new(), Vec::new(), Row::new());
            loop {
                assert!(rows.len() + faults.len() < MOST, "the rows do not end");
                match table.read(&mut row) {
                    Ok(true) => rows.push(row.clone()),
                    Ok(false) => break,
                    Err(fault) if fault.is_fatal() => {
                        faults.push(fault);
                        break;
                    }
                    Err(fault) => faults.push(fault),
                }
            }
            all.push((table.name().to_owned(), rows, faults));
        }
    })
}

/// Reads bytes as a file: it must come to an end, hold its limits, and give the same a second time.
pub fn any(content: &[u8]) {
    let first = read(content);
    if let Ok(tables) = &first {
        let limits = limits();
        for (_, rows, faults) in tables {
            let lines: Vec<u64> = rows.iter().map(|row| row.line).collect();
            assert!(lines.is_sorted_by(|a, b| a < b), "lines grow: {lines:?}");
            for row in rows {
                assert!(row.len() <= limits.columns, "{} columns", row.len());
                let bytes: usize = row.cells().map(str::len).sum();
                // Names of JSON records are in no row of the file; each has a bound of its own.
                assert!(
                    bytes <= limits.row_bytes || row.line == 0,
                    "{bytes} bytes in a row"
                );
                assert!(
                    row.cells().all(|cell| !cell.contains('\0')),
                    "a NUL byte came through"
                );
            }
            for fault in faults {
                assert!(!fault.reason().is_empty() && fault.suggestion().is_some());
            }
        }
    }
    assert_eq!(first, read(content), "a second reading gives the same");
}

/// Bytes as the XML of a sheet (first half) and of the shared texts (second half) of a workbook that is otherwise good.
pub fn sheet(content: &[u8]) {
    let (cells, texts) = content.split_at(content.len() / 2);
    any(&book(cells, texts));
}

/// Bytes as the stream of an old workbook in a good container.
pub fn stream(content: &[u8]) {
    any(&container(content));
}

/// A zip whose members are only stored.
pub fn stored(members: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut out, mut table) = (Vec::new(), Vec::new());
    for (name, content) in members {
        let mut crc = Crc::new();
        crc.update(content);
        let size = u32::try_from(content.len()).unwrap_or(u32::MAX).to_le_bytes();
        let mut common = vec![20, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        common.extend_from_slice(&crc.sum().to_le_bytes());
        common.extend_from_slice(&size);
        common.extend_from_slice(&size);
        common.extend_from_slice(&u16::try_from(name.len()).unwrap_or(0).to_le_bytes());
        common.extend_from_slice(&[0, 0]);
        let local = u32::try_from(out.len()).unwrap_or(u32::MAX).to_le_bytes();
        out.extend_from_slice(b"PK\x03\x04");
        out.extend_from_slice(&common);
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(content);
        table.extend_from_slice(b"PK\x01\x02\x14\x00");
        table.extend_from_slice(&common);
        table.extend_from_slice(&[0; 10]);
        table.extend_from_slice(&local);
        table.extend_from_slice(name.as_bytes());
    }
    let count = u16::try_from(members.len()).unwrap_or(0).to_le_bytes();
    let (at, bytes) = (out.len(), table.len());
    out.append(&mut table);
    out.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    out.extend_from_slice(&count);
    out.extend_from_slice(&count);
    out.extend_from_slice(&u32::try_from(bytes).unwrap_or(u32::MAX).to_le_bytes());
    out.extend_from_slice(&u32::try_from(at).unwrap_or(u32::MAX).to_le_bytes());
    out.extend_from_slice(&[0, 0]);
    out
}

fn book(cells: &[u8], texts: &[u8]) -> Vec<u8> {
    stored(&[
        ("[Content_Types].xml", b"<Types/>"),
        (
            "xl/workbook.xml",
            b"<workbook><sheets><sheet name=\"1\" r:id=\"a\"/><sheet name=\"2\" r:id=\"a\"/></sheets></workbook>",
        ),
        (
            "xl/_rels/workbook.xml.rels",
            b"<Relationships><Relationship Id=\"a\" Type=\"x/worksheet\" Target=\"s.xml\"/>\
              <Relationship Id=\"b\" Type=\"x/sharedStrings\" Target=\"t.xml\"/>\
              <Relationship Id=\"c\" Type=\"x/styles\" Target=\"y.xml\"/></Relationships>",
        ),
        (
            "xl/y.xml",
            b"<styleSheet><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/><xf numFmtId=\"46\"/></cellXfs></styleSheet>",
        ),
        ("xl/t.xml", texts),
        ("xl/s.xml", cells),
    ])
}

/// A container of 512-byte sectors: header, one directory sector, the stream, and the table of chains at the end.
fn container(stream: &[u8]) -> Vec<u8> {
    const SECTOR: usize = 512;
    const PER_TABLE: usize = SECTOR / 4;
    const FREE: u32 = 0xFFFF_FFFF;
    const END: u32 = 0xFFFF_FFFE;
    let mut content = stream.to_vec();
    // Shorter streams would lie in the small sectors.
    content.resize(stream.len().clamp(4096, 40 * SECTOR).next_multiple_of(SECTOR), 0);
    let sectors = content.len() / SECTOR;
    let number = |at: usize| u32::try_from(at).unwrap_or(FREE);
    // Sector 0 is the directory, 1 the table of chains, then the stream.
    let mut table = vec![FREE; PER_TABLE];
    table[0] = END;
    table[1] = 0xFFFF_FFFD;
    for at in 0..sectors {
        table[2 + at] = if at + 1 == sectors { END } else { number(3 + at) };
    }
    let mut header = vec![0_u8; SECTOR];
    header[..8].copy_from_slice(b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1");
    header[24..32].copy_from_slice(&[0x3E, 0, 3, 0, 0xFE, 0xFF, 9, 0]);
    header[32] = 6;
    header[44] = 1;
    header[56..60].copy_from_slice(&4096_u32.to_le_bytes());
    header[60..64].copy_from_slice(&END.to_le_bytes());
    header[68..72].copy_from_slice(&END.to_le_bytes());
    header[76..].fill(0xFF);
    header[76..80].copy_from_slice(&1_u32.to_le_bytes());
    let mut directory = vec![0_u8; SECTOR];
    let names = [("Root Entry", END, 0), ("Workbook", 2, content.len())];
    for (entry, (name, start, length)) in directory.chunks_mut(128).zip(names) {
        for (at, unit) in name.encode_utf16().enumerate() {
            entry[at * 2..at * 2 + 2].copy_from_slice(&unit.to_le_bytes());
        }
        entry[64] = u8::try_from(name.len() * 2 + 2).unwrap_or(64);
        entry[116..120].copy_from_slice(&start.to_le_bytes());
        entry[120..124].copy_from_slice(&number(length).to_le_bytes());
    }
    let table: Vec<u8> = table.into_iter().flat_map(u32::to_le_bytes).collect();
    [header, directory, table, content].concat()
}
