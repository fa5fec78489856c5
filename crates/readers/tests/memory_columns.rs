//! Memory stays flat however often a dictionary of Parquet names a long value. Alone in its process, as it looks at what the
//! process takes.
#![expect(clippy::unwrap_used, reason = "tests")]
use std::sync::Arc;

use arrow::array::{ArrayRef, DictionaryArray, Int32Array, RecordBatch, StringArray};
use arrow::datatypes::Int32Type;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::file::properties::WriterProperties;
use readers::{Limits, Row, open};

/// Rows that all hold the same text, and how long it is: 2 GiB if each row had its own.
const ROWS: usize = 1_024;
const LONG: usize = 2 << 20;

#[test]
fn a_long_value_named_by_every_row_is_in_memory_once() {
    let texts = StringArray::from(vec!["长".repeat(LONG / 3)]);
    let column: ArrayRef = Arc::new(
        DictionaryArray::<Int32Type>::try_new(Int32Array::from(vec![0; ROWS]), Arc::new(texts)).unwrap(),
    );
    let batch = RecordBatch::try_from_iter([("名称", column)]).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    // As a program that knows nothing of Arrow would write it: a column of texts.
    let plain = WriterProperties::builder()
        .set_dictionary_page_size_limit(64 << 20)
        .build();
    let options = ArrowWriterOptions::new()
        .with_properties(plain)
        .with_skip_arrow_metadata(true);
    let mut writer =
        ArrowWriter::try_new_with_options(file.reopen().unwrap(), batch.schema(), options).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let before = peak();
    let mut table = open(file.path(), &Limits::default())
        .unwrap()
        .next_table()
        .unwrap()
        .unwrap();
    let (mut row, mut rows) = (Row::new(), 0);
    while table.read(&mut row).unwrap() {
        if rows > 0 {
            assert_eq!(row.cell(0).map(str::len), Some(LONG / 3 * 3));
        }
        rows += 1;
    }
    assert_eq!(rows, ROWS + 1);
    let grown = peak().saturating_sub(before);
    assert!(grown < 64 << 10, "memory grew by {grown} KiB");
}

/// Peak memory of this process in KiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
