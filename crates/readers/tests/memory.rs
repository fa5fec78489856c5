//! Memory stays flat however long a line is. Alone in its process, as it looks at what the process takes.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]
use std::io::Write as _;

use readers::{Limits, ReadFault, Row, open};

#[test]
fn a_line_of_gigabytes_is_refused_in_flat_memory() {
    // A sparse file takes no disk. A quarter of a gigabyte stands for ten: the limit is far below both.
    let mut sparse = tempfile::NamedTempFile::new().unwrap();
    sparse.write_all(b"a,b\n1,2\n").unwrap();
    sparse.as_file().set_len(1 << 28).unwrap();
    let mut table = open(sparse.path(), &Limits::default())
        .unwrap()
        .next_table()
        .unwrap()
        .unwrap();
    let mut row = Row::new();
    assert!(table.read(&mut row).unwrap() && table.read(&mut row).unwrap());
    let before = peak();
    let Err(ReadFault::Row { line: 3, code, .. }) = table.read(&mut row) else {
        panic!("the third line is too long");
    };
    assert_eq!(code, "readers.row.too-long");
    assert!(!table.read(&mut row).unwrap());
    let grown = peak().saturating_sub(before);
    assert!(grown < 32 << 10, "memory grew by {grown} KiB");
}

/// Peak memory of this process in KiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
