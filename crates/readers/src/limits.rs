//! How much a file may ask for. Memory is bounded by these and not by the size of the file.
use std::path::PathBuf;

const KIB: usize = 1 << 10;
const MIB: usize = KIB << 10;
const GIB: usize = MIB << 10;

/// Limits of one file. What goes beyond is refused with a reason, never cut off silently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one row: a line of CSV, a JSON record, a row of a sheet, one text in a workbook. A longer row is refused
    /// alone where the form lets reading go on. 8 MiB.
    pub row_bytes: usize,
    /// Columns of a table, also names over all records of a JSON file. 1024; more in the first row refuse the table,
    /// more in a later row refuse that row. Empty columns at the end do not count.
    pub columns: usize,
    /// Lines that one quoted CSV cell may go over before its quote counts as never closed. 200 lines.
    pub lines_in_row: u64,
    /// Bytes that all packed content of the file may unpack to. 64 GiB.
    pub unpacked_bytes: u64,
    /// How many times its packed size content may unpack to, once it is over `ratio_free_bytes`. 250 times.
    pub ratio: u64,
    /// Bytes for which the ratio is not asked. 64 MiB.
    pub ratio_free_bytes: u64,
    /// Layers of gzip, zstd and zip inside each other; an XLSX is none. 2: a zip of gzip files, say.
    pub layers: u8,
    /// Members of a zip, parts of a workbook and sheets of one. 2000.
    pub members: usize,
    /// Bytes of the shared texts of a workbook, which stay in memory while it is read. 1 GiB.
    pub shared_text_bytes: usize,
    /// Bytes of an XLS, which is read into memory. 128 MiB (its format ends at 65,536 rows a sheet).
    pub xls_bytes: u64,
    /// Merged regions of a sheet. 100,000.
    pub merges: usize,
    /// Folder for what has to be unpacked before it can be read (workbooks and Parquet inside an archive). The system's
    /// temporary folder when not given.
    pub temp: Option<PathBuf>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            row_bytes: 8 * MIB,
            columns: 1024,
            lines_in_row: 200,
            unpacked_bytes: (64 * GIB).try_into().unwrap_or(u64::MAX),
            ratio: 250,
            ratio_free_bytes: (64 * MIB).try_into().unwrap_or(u64::MAX),
            layers: 2,
            members: 2000,
            shared_text_bytes: GIB,
            xls_bytes: (128 * MIB).try_into().unwrap_or(u64::MAX),
            merges: 100_000,
            temp: None,
        }
    }
}

/// Bytes in words: `8 MiB`.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["字节", "KiB", "MiB", "GiB"];
    let mut value = bytes;
    let mut unit = 0;
    while value >= 1024 && value.is_multiple_of(1024) && unit + 1 < UNITS.len() {
        value /= 1024;
        unit += 1;
    }
    format!("{value} {}", UNITS.get(unit).copied().unwrap_or_default())
}
