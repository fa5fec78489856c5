//! What is wrong is refused with its place, its reason and what would be right, and nothing else is.
use encoding_rs::GB18030;
use readers::{Limits, ReadFault, Row, duplicates};

use crate::make::{file, gzip, one, read, read_with, xlsx, zip, zstd};

fn refused(content: &[u8]) -> ReadFault {
    match read(content) {
        Err(fault) => fault,
        Ok(tables) => {
            let faults: Vec<ReadFault> = tables.into_iter().flat_map(|table| table.faults).collect();
            assert_eq!(faults.len(), 1, "{faults:?}");
            faults[0].clone()
        }
    }
}

fn small() -> Limits {
    Limits {
        row_bytes: 1 << 16,
        columns: 500,
        unpacked_bytes: 1 << 26,
        ratio_free_bytes: 1 << 20,
        shared_text_bytes: 1 << 20,
        members: 50,
        ..Limits::default()
    }
}

#[test]
fn a_line_that_breaks_the_encoding_is_refused_alone() {
    let mut utf8 = "代码,名称\n1,甲\n".as_bytes().to_vec();
    utf8.extend_from_slice(b"2,\xC3\xC3\xC3\n");
    utf8.extend_from_slice("3,丙\n".as_bytes());
    let got = one(&utf8);
    assert_eq!(got.codes(), [("readers.row.encoding", Some(3))]);
    assert_eq!(got.texts()[2], ["3", "丙"]);
    assert!(got.faults[0].to_string().contains("UTF-8"), "{}", got.faults[0]);

    let mut gb = GB18030.encode("代码,名称\n1,甲\n2,乙\n").0.into_owned();
    gb.extend_from_slice(b"3,\xC3\xFF\n4,\"\x81\"\n");
    gb.extend_from_slice(&GB18030.encode("5,丙\n").0);
    let got = one(&gb);
    assert_eq!(
        got.codes(),
        [
            ("readers.row.encoding", Some(4)),
            ("readers.row.encoding", Some(5))
        ]
    );
    assert_eq!(got.texts()[3], ["5", "丙"]);
}

#[test]
fn the_encoding_is_found_also_when_the_first_other_byte_comes_late() {
    let ascii = "code,name\n".to_owned() + &"91440500MA4000004X,x\n".repeat(60_000);
    for (text, encode) in [("末行,甲\n", false), ("末行,甲\n", true)] {
        let mut content = ascii.clone().into_bytes();
        if encode {
            content.extend_from_slice(&GB18030.encode(text).0);
        } else {
            content.extend_from_slice(text.as_bytes());
        }
        let got = one(&content);
        assert_eq!(got.faults, []);
        assert_eq!(got.texts().last().unwrap(), &["末行", "甲"]);
        assert_eq!(got.rows.len(), 60_002);
    }
}

#[test]
fn what_is_no_text_in_any_encoding_is_refused_whole() {
    assert_eq!(
        refused(b"\xff\xc0\x80,\xfe\xfe\xff\x00\n").code(),
        "readers.text.encoding"
    );
}

#[test]
fn an_unclosed_quote_refuses_its_line_and_the_rest_is_read() {
    let text =
        "代码,名称,日期\n1,\"甲\n乙\",2026-01-01\n2,\"丙,2026-01-01\n3,丁,2026-01-01\n4,\"戊\",2026-01-01\n";
    let got = one(text.as_bytes());
    assert_eq!(got.codes(), [("readers.row.quote", Some(4))]);
    let first: Vec<&str> = got.texts().iter().map(|row| row[0]).collect();
    assert_eq!(first, ["代码", "1", "3", "4"]);
    assert_eq!(got.texts()[1][1], "甲\n乙");
    // Never closed at all.
    let got = one("a,b,c\n1,\"x,y\n2,x,y\n3,x,y\n".as_bytes());
    assert_eq!(got.codes(), [("readers.row.quote", Some(2))]);
    assert_eq!(got.rows.len(), 3);
    // Closed by a quote that ends a cell of another row: the rows between would be swallowed.
    let got = one("a,b,c\n1,\"x,y\n2,x,y\n3,x\",y\n4,x,y\n".as_bytes());
    assert_eq!(got.codes(), [("readers.row.quote", Some(2))]);
    assert_eq!(got.rows.len(), 4);
    // More lines than a cell has.
    let many = format!("a,b\n1,\"{}\"\n2,x\n", "行\n".repeat(300));
    let got = one(many.as_bytes());
    assert_eq!(got.codes()[0], ("readers.row.quote", Some(2)));
    assert_eq!(got.texts().last().unwrap(), &["2", "x"]);
    // What is closed and goes on stays one cell, as office programs have it.
    assert_eq!(one(b"a,b\n\"x\"y,z\n").texts()[1], ["xy", "z"]);
}

#[test]
fn nul_bytes_pad_cells_and_inside_of_a_text_refuse_the_row() {
    let got = one(b"code,name\n1,ab\0\0\n2,a\0b\n3,c\n");
    assert_eq!(got.texts()[1], ["1", "ab"]);
    assert_eq!(got.codes(), [("readers.row.nul", Some(3))]);
    assert!(matches!(got.faults[0], ReadFault::Row { column: Some(2), .. }));
    assert_eq!(got.texts()[2], ["3", "c"]);
}

#[test]
fn a_line_longer_than_allowed_is_passed_over() {
    let long = "x".repeat(200_000);
    let content = format!("a,b\n1,{long}\n2,y\n3,\"{long}\n4,z\n");
    let got = &read_with(file(content.as_bytes()).path(), &small()).unwrap()[0];
    assert_eq!(
        got.codes(),
        [
            ("readers.row.too-long", Some(2)),
            ("readers.row.too-long", Some(4))
        ]
    );
    assert_eq!(got.texts(), [["a", "b"], ["2", "y"], ["4", "z"]]);
    let json = format!("{{\"a\":1}}\n{{\"a\":\"{long}\"}}\n{{\"a\":2}}\n");
    let got = &read_with(file(json.as_bytes()).path(), &small()).unwrap()[0];
    assert_eq!(got.codes(), [("readers.row.too-long", Some(2))]);
    assert_eq!(got.rows.len(), 3);
    let array = format!("[{{\"a\":1}},{{\"a\":\"{long}\"}},{{\"a\":2}}]");
    let got = &read_with(file(array.as_bytes()).path(), &small()).unwrap()[0];
    assert_eq!(got.codes(), [("readers.row.too-long", Some(2))]);
    assert_eq!(got.rows.len(), 3);
}

#[test]
fn five_hundred_columns_are_read_and_too_many_are_refused() {
    let row = |columns: usize| vec!["x"; columns].join(",") + "\n";
    let limits = small();
    let got = &read_with(file((row(500) + &row(501) + &row(3)).as_bytes()).path(), &limits).unwrap()[0];
    assert_eq!(got.codes(), [("readers.row.columns", Some(2))]);
    assert_eq!(got.rows.len(), 2);
    let got = &read_with(file(row(501).as_bytes()).path(), &limits).unwrap()[0];
    assert_eq!(got.codes(), [("readers.table.columns", Some(1))]);
    let blanks = format!("a,b{}\n1,2\n", ",".repeat(600));
    let got = &read_with(file(blanks.as_bytes()).path(), &limits).unwrap()[0];
    assert_eq!(
        got.texts(),
        [["a", "b"], ["1", "2"]],
        "empty columns at the end do not count"
    );
    let wide: String = (0..501).map(|n| format!("{{\"k{n}\":1}}\n")).collect();
    let fault = read_with(file(wide.as_bytes()).path(), &limits).unwrap_err();
    assert_eq!(fault.code(), "readers.table.columns");
    let sheet = "<sheetData><row><c r=\"SG1\"><v>1</v></c></row></sheetData>";
    let got = &read_with(file(&xlsx(&[], &[("一", sheet)])).path(), &limits).unwrap()[0];
    assert_eq!(got.codes(), [("readers.table.columns", Some(1))]);
}

#[test]
fn headings_that_stand_twice_are_told() {
    let row = Row::from_cells(1, ["代码", "名称", " 代码", "", "", "名称", "日期"]);
    assert_eq!(
        duplicates(&row),
        [("代码".to_owned(), vec![0, 2]), ("名称".to_owned(), vec![1, 5])]
    );
}

#[test]
fn a_bad_record_is_refused_alone() {
    let got = one(b"{\"a\":1}\n{\"a\":}\n[1]\n{\"a\":1,\"a\":2}\n{\"a\":3}\n{\"a\":");
    let codes = [
        ("readers.json.record", Some(2)),
        ("readers.json.record", Some(3)),
        ("readers.json.key-twice", Some(4)),
        ("readers.json.record", Some(6)),
    ];
    assert_eq!(got.codes(), codes);
    assert_eq!(got.texts(), [["a"], ["1"], ["3"]]);
    let got = one(b"[{\"a\":1},{\"a\"},7,{\"a\":2}]");
    assert_eq!(
        got.codes(),
        [("readers.json.record", Some(2)), ("readers.json.record", Some(3))]
    );
    assert_eq!(got.texts(), [["a"], ["1"], ["2"]]);
}

#[test]
fn broken_json_is_refused_with_the_line() {
    for content in [
        "[{\"a\":1},\n{\"a\":",
        "[{\"a\":1}\n",
        "[{\"a\":1}]\n x",
        "{\"a\":[{\"b\":1}]\n",
        "{\"a\":1,\n,}",
    ] {
        let fault = refused(content.as_bytes());
        assert_eq!(fault.code(), "readers.json.broken", "{content}");
        assert!(fault.line().is_some());
    }
    assert_eq!(refused(b"[]x").code(), "readers.json.broken");
}

#[test]
fn truncated_packings_and_books_are_refused() {
    let csv = "代码,名称\n".to_owned() + &(0..5000).map(|n| format!("{n},第{n}号\n")).collect::<String>();
    let book = xlsx(
        &["a"],
        &[("一", "<sheetData><row><c t=\"s\"><v>0</v></c></row></sheetData>")],
    );
    for (what, whole, code) in [
        ("gzip", gzip(csv.as_bytes()), "readers.packed.truncated"),
        ("zstd", zstd(csv.as_bytes()), "readers.packed.truncated"),
        ("zip", zip(&[("a.csv", &csv)]), "readers.zip.truncated"),
        ("xlsx", book, "readers.zip.truncated"),
    ] {
        let cut = &whole[..whole.len() / 2];
        let fault = refused(cut);
        assert_eq!(fault.code(), code, "{what}");
        assert!(
            fault.said("某文件").contains("不完整"),
            "{what}: {}",
            fault.said("某文件")
        );
    }
}

#[test]
fn a_damaged_member_does_not_take_the_others_with_it() {
    let mut packed = zip(&[
        ("a.csv", "x,y\n1,2\n"),
        ("b.csv", "x,y\n1,2\n"),
        ("c.pdf", "%PDF-1.4"),
        ("d.csv", "x\n"),
    ]);
    let at = packed
        .windows(8)
        .position(|window| window == b"x,y\n1,2\n")
        .unwrap();
    packed[at + 4] = b'9';
    let got = read(&packed).unwrap();
    assert_eq!(got.len(), 4);
    assert_eq!(got[0].faults, []);
    assert_eq!(got[1].faults[0].code(), "readers.packed.broken");
    assert_eq!(got[2].faults[0].code(), "readers.file.form");
    assert!(got[2].faults[0].reason().contains("c.pdf"));
    assert_eq!(got[3].rows.len(), 1);
}

#[test]
fn bombs_are_stopped() {
    let zeros = vec![b'0'; 8 << 20];
    let limits = small();
    for content in [gzip(&zeros), zstd(&zeros), zip(&[("a", &zeros)])] {
        let content = file(&content);
        let faults: Vec<ReadFault> = match read_with(content.path(), &limits) {
            Err(fault) => vec![fault],
            Ok(tables) => tables.into_iter().flat_map(|table| table.faults).collect(),
        };
        assert!(
            faults.iter().any(|fault| fault.code() == "readers.packed.bomb"),
            "{faults:?}"
        );
    }
    let layers = gzip(&gzip(&gzip(b"a,b\n1,2\n")));
    assert_eq!(refused(&layers).code(), "readers.packed.nested");
    let inner = zip(&[("a.csv", "a,b\n")]);
    assert_eq!(read(&zip(&[("b.zip", &inner)])).unwrap()[0].name, "b.zip/a.csv");
    let many: Vec<(String, &str)> = (0..60).map(|n| (format!("{n}.csv"), "a\n")).collect();
    let fault = read_with(file(&zip(&many)).path(), &limits).unwrap_err();
    assert_eq!(fault.code(), "readers.file.members");
}

#[test]
fn texts_of_a_book_that_would_fill_the_memory_are_refused() {
    let limits = small();
    let long = "长".repeat(60_000);
    let sheet = format!("<sheetData><row><c t=\"inlineStr\"><is><t>{long}</t></is></c></row></sheetData>");
    let got = read_with(file(&xlsx(&[], &[("一", &sheet)])).path(), &limits).unwrap();
    assert_eq!(got[0].codes()[0].0, "readers.xlsx.cell-too-long");
    let texts = vec!["一二三四五六七八九十"; 50_000];
    let fault = read_with(file(&xlsx(&texts, &[("一", "<sheetData/>")])).path(), &limits).unwrap_err();
    assert_eq!(fault.code(), "readers.xlsx.texts");
}

#[test]
fn what_is_no_data_is_named() {
    for (content, word) in [
        (&b"%PDF-1.7 ..."[..], "PDF"),
        (b"Rar!\x1a\x07", "RAR"),
        (b"<html><table>", "网页"),
        (b"\n<?xml version='1.0'?>", "XML"),
    ] {
        let fault = refused(content);
        assert!(
            fault.reason().contains(word) && fault.suggestion().is_some(),
            "{fault}"
        );
    }
    let word = zip(&[("[Content_Types].xml", "<x/>"), ("word/document.xml", "<x/>")]);
    assert!(refused(&word).reason().contains("Word"));
}
