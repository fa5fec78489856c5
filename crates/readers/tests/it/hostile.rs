//! Arbitrary bytes, and good files with some bytes changed, never stop a reader: it comes to an end without a panic.
use proptest::prelude::*;
use readers::Limits;

use crate::make::{file, gzip, read_with, xlsx, zip};

fn limits() -> Limits {
    Limits {
        row_bytes: 1 << 12,
        columns: 20,
        unpacked_bytes: 1 << 22,
        ratio_free_bytes: 1 << 16,
        shared_text_bytes: 1 << 14,
        members: 20,
        ..Limits::default()
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let csv = "代码,名称\n1,\"甲\n乙\"\n2,丙\n".as_bytes().to_vec();
    let json = br#"{"d":{"l":[{"a":1,"b":"x"},{"a":2.5e3}]}}"#.to_vec();
    let sheet = "<sheetData><row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c><c r=\"B1\" s=\"1\"><v>46085</v></c></row></sheetData><mergeCells><mergeCell ref=\"A1:B2\"/></mergeCells>";
    vec![
        gzip(&csv),
        zip(&[("a.csv", &csv), ("b.json", &json)]),
        xlsx(&["甲"], &[("一", sheet)]),
        include_bytes!("../files/book.xls").to_vec(),
        csv,
        json,
        b"{\"a\":1}\n{\"a\":\"\\u4e2d\"}\n".to_vec(),
    ]
}

/// Reads with limits so small that they are met often.
fn survive(content: &[u8]) {
    if let Ok(tables) = read_with(file(content).path(), &limits()) {
        for table in tables {
            let lines: Vec<u64> = table.rows.iter().map(|(line, _)| *line).collect();
            assert!(lines.is_sorted_by(|a, b| a < b), "lines grow: {lines:?}");
            for (_, cells) in table.rows {
                assert!(cells.iter().map(String::len).sum::<usize>() <= (1 << 12) + 64);
            }
        }
    }
}

/// What the csv crate makes of a text; it knows no faults of rows.
fn by_csv(text: &[u8]) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text);
    let rows = reader.records();
    rows.map(|row| row.unwrap().iter().map(str::to_owned).collect())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn arbitrary_bytes_come_to_an_end(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        survive(&bytes);
    }

    #[test]
    fn arbitrary_text_comes_to_an_end(text in "[\\[\\]{}\":,\n\r\t;|ae0\\\\\u{4e2d}\u{0} ]{0,200}") {
        survive(text.as_bytes());
    }

    #[test]
    fn damaged_files_come_to_an_end(
        which in 0_usize..7,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in any::<prop::sample::Index>(),
        cuts in any::<bool>(),
    ) {
        let mut content = seeds().swap_remove(which);
        for (place, byte) in changes {
            let at = place.index(content.len());
            content[at] = byte;
        }
        if cuts {
            content.truncate(cut.index(content.len()));
        }
        survive(&content);
    }

    /// Without line breaks in cells the rows are those of the csv crate.
    #[test]
    fn rows_are_those_of_the_csv_crate(lines in proptest::collection::vec("(\"(a|,|\"\"){0,5}\"(b)?|[a\u{4e2d} ]{0,5})(,(\"(a|,|\"\"){0,5}\"(b)?|[a\u{4e2d}\"]{1,3}[ab]?)){1,4}", 1..8)) {
        // A cell that begins with a quote must be closed on its line.
        let lines: Vec<String> = lines.into_iter().filter(|line| line.matches('"').count() % 2 == 0).collect();
        let text = lines.join("\r\n");
        let tables = read_with(file(text.as_bytes()).path(), &Limits::default()).unwrap();
        if tables[0].faults.is_empty() {
            let rows: Vec<Vec<String>> = tables[0].rows.iter().map(|(_, cells)| cells.clone()).collect();
            prop_assert_eq!(rows, by_csv(text.as_bytes()));
        }
    }
}
