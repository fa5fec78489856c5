//! The same content in every form and packing gives the same rows.
use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, Float64Array, RecordBatch, StringArray};
use encoding_rs::GB18030;
use parquet::arrow::ArrowWriter;
use readers::{Form, Limits, open};

use crate::make::{file, gzip, one, read, xlsx, zip, zstd};

const ROWS: [[&str; 4]; 4] = [
    ["统一社会信用代码", "名称", "成立日期", "金额"],
    ["91440500MA4000004X", "示例“甲”餐饮有限公司", "2026-03-04", "5000"],
    [
        "91440500MA4000005X",
        "第二行, 有逗号；有\"引号\"",
        "1999-12-31",
        "0.5",
    ],
    ["", "没有代码的一行", "2026-01-01", "914405110000000000"],
];

fn quoted(cell: &str, mark: char) -> String {
    if cell.contains([mark, '"']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

fn delimited(mark: char, end: &str) -> String {
    let line = |row: &[&str; 4]| row.map(|cell| quoted(cell, mark)).join(&mark.to_string()) + end;
    ROWS.iter().map(line).collect()
}

fn utf16(text: &str, little: bool, mark: bool) -> Vec<u8> {
    let units = mark.then_some(0xFEFF).into_iter().chain(text.encode_utf16());
    units
        .flat_map(|unit| {
            if little {
                unit.to_le_bytes()
            } else {
                unit.to_be_bytes()
            }
        })
        .collect()
}

fn record(row: &[&str; 4]) -> String {
    // The amount as a JSON number, the empty code left out.
    let keys = ROWS[0];
    let code = if row[0].is_empty() {
        String::new()
    } else {
        format!("{:?}:{:?},", keys[0], row[0])
    };
    format!(
        "{{{code}{:?}:{:?},{:?}:{:?},{:?}:{}}}",
        keys[1], row[1], keys[2], row[2], keys[3], row[3]
    )
}

fn ndjson() -> String {
    ROWS[1..].iter().map(|row| record(row) + "\n").collect()
}

fn json() -> String {
    format!(
        "[{}]",
        ROWS[1..].iter().map(record).collect::<Vec<_>>().join(",\n")
    )
}

fn book() -> Vec<u8> {
    let texts: Vec<String> = ROWS
        .iter()
        .flatten()
        .map(|text| text.replace('&', "&amp;").replace('"', "&quot;"))
        .collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let serials = ["", "46085", "36525", "46023"];
    let rows: String = (0..4)
        .map(|row| {
            let cells: String = (0..4)
                .map(|column| match (row, column) {
                    (1.., 2) => format!("<c s=\"1\"><v>{}</v></c>", serials[row]),
                    (1.., 3) => format!("<c><f>SUM(1)</f><v>{}</v></c>", ROWS[row][3]),
                    _ => format!("<c t=\"s\"><v>{}</v></c>", row * 4 + column),
                })
                .collect();
            format!("<row r=\"{}\">{cells}</row>", row + 1)
        })
        .collect();
    xlsx(&texts, &[("Sheet1", &format!("<sheetData>{rows}</sheetData>"))])
}

fn parquet() -> Vec<u8> {
    let column = |at: usize| -> ArrayRef {
        let texts = ROWS[1..]
            .iter()
            .map(|row| Some(row[at]).filter(|text| !text.is_empty()));
        Arc::new(texts.collect::<StringArray>())
    };
    let days: ArrayRef = Arc::new(Date32Array::from(vec![20_516, 10_956, 20_454]));
    let amounts: ArrayRef = Arc::new(Float64Array::from(vec![5000.0, 0.5, 914_405_110_000_000_000.0]));
    let columns = ROWS[0].into_iter().zip([column(0), column(1), days, amounts]);
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut out = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut out, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    out
}

fn all() -> Vec<(&'static str, Form, Vec<u8>)> {
    let text = delimited(',', "\n");
    let mut windows = b"\xEF\xBB\xBF".to_vec();
    windows.extend_from_slice(delimited(',', "\r\n").as_bytes());
    let gb = |text: &str| GB18030.encode(text).0.into_owned();
    vec![
        ("csv", Form::Delimited, text.clone().into_bytes()),
        ("csv with a mark", Form::Delimited, windows),
        (
            "csv, old line ends",
            Form::Delimited,
            delimited(',', "\r").into_bytes(),
        ),
        ("tsv", Form::Delimited, delimited('\t', "\n").into_bytes()),
        ("semicolons", Form::Delimited, delimited(';', "\n").into_bytes()),
        ("bars in GB18030", Form::Delimited, gb(&delimited('|', "\n"))),
        (
            "named delimiter",
            Form::Delimited,
            ("sep=|\r\n".to_owned() + &delimited('|', "\r\n")).into_bytes(),
        ),
        ("GB18030", Form::Delimited, gb(&text)),
        ("UTF-16LE", Form::Delimited, utf16(&text, true, true)),
        ("UTF-16BE", Form::Delimited, utf16(&text, false, true)),
        (
            "UTF-16LE without a mark",
            Form::Delimited,
            utf16(&text, true, false),
        ),
        (
            "UTF-16BE without a mark",
            Form::Delimited,
            utf16(&text, false, false),
        ),
        (
            "no last line end",
            Form::Delimited,
            text.trim_end().as_bytes().to_vec(),
        ),
        (
            "blank lines",
            Form::Delimited,
            text.replace('\n', "\n\n\r\n").into_bytes(),
        ),
        ("ndjson", Form::Ndjson, ndjson().into_bytes()),
        ("ndjson in GB18030", Form::Ndjson, gb(&ndjson())),
        ("json", Form::Json, json().into_bytes()),
        ("json in UTF-16", Form::Json, utf16(&json(), true, true)),
        (
            "json inside",
            Form::Json,
            format!("{{\"code\":0,\"total\":[3],\"data\":{{\"list\":{}}}}}", json()).into_bytes(),
        ),
        ("xlsx", Form::Xlsx, book()),
        ("parquet", Form::Parquet, parquet()),
    ]
}

/// The rows as every form gives them: JSON and Parquet name columns in the order in which they turn up.
fn check(what: &str, content: &[u8]) {
    let got = one(content);
    assert_eq!(got.faults, [], "{what}");
    assert_eq!(got.texts(), ROWS, "{what}");
    let lines: Vec<u64> = got.rows.iter().map(|(line, _)| *line).collect();
    assert!(lines.is_sorted_by(|a, b| a < b), "{what}: lines grow: {lines:?}");
}

#[test]
fn the_same_content_in_every_form_gives_the_same_rows() {
    for (what, form, content) in all() {
        assert_eq!(
            open(file(&content).path(), &Limits::default()).unwrap().form(),
            form,
            "{what}"
        );
        check(what, &content);
    }
}

#[test]
fn every_form_is_read_inside_of_gzip_zstd_and_zip() {
    for (what, form, content) in all() {
        for (packing, packed) in [
            ("gzip", gzip(&content)),
            ("zstd", zstd(&content)),
            ("gzip in zstd", zstd(&gzip(&content))),
        ] {
            assert_eq!(
                open(file(&packed).path(), &Limits::default()).unwrap().form(),
                form,
                "{what} in {packing}"
            );
            check(&format!("{what} in {packing}"), &packed);
        }
        let members = [
            ("甲/数据.bin", content.clone()),
            ("__MACOSX/x", vec![1]),
            ("b.gz", gzip(&content)),
        ];
        let got = read(&zip(&members)).unwrap();
        assert_eq!(got.len(), 2, "{what}");
        for table in &got {
            assert_eq!(table.texts(), ROWS, "{what} in zip");
        }
        assert!(got[0].name.starts_with("甲/数据.bin"), "{}", got[0].name);
        assert_eq!(got[0].name == "甲/数据.bin/Sheet1", form == Form::Xlsx);
    }
}

#[test]
fn names_of_members_in_gb18030_are_read() {
    let name = GB18030.encode("处罚清单.csv").0.into_owned();
    let got = read(&zip(&[(name, "a,b\n1,2\n")])).unwrap();
    assert_eq!(got[0].name, "处罚清单.csv");
}

#[test]
fn names_of_records_are_united_whatever_their_order() {
    let got =
        one(b"{\"a\":1}\n{\"b\":{\"x\":true,\"y\":null},\"a\":\"z\"}\n\n{\"c\":[1,\"2\"],\"b\":1.5E3}\n");
    assert!(got.keyed);
    assert_eq!(
        got.texts(),
        [
            vec!["a", "b.x", "b.y", "c", "b"],
            vec!["1", "", "", "", ""],
            vec!["z", "true", "", "", ""],
            vec!["", "", "", "[1,\"2\"]", "1500"],
        ]
    );
    let lines: Vec<u64> = got.rows.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [0, 1, 2, 4], "lines of the file, blank ones counted");
}

#[test]
fn every_array_of_records_in_a_json_file_is_a_table() {
    let got =
        read(br#"{"a":[{"x":1}],"n":[1,2],"b":{"c":[{"y":2},{"y":3}],"a":[]}, "a":[{"z":1}]}"#).unwrap();
    let names: Vec<&str> = got.iter().map(|table| table.name.as_str()).collect();
    assert_eq!(names, ["a", "b.c", "a"]);
    assert_eq!(got[1].texts(), [["y"], ["2"], ["3"]]);
    assert_eq!(got[2].texts(), [["z"], ["1"]]);
    assert_eq!(one(br#"{"x": 1, "y": "2"}"#).texts(), [["x", "y"], ["1", "2"]]);
    assert_eq!(one(b" [ ] ").rows.len(), 0);
}

#[test]
fn an_empty_file_is_a_table_without_rows() {
    for content in [&b""[..], b"\xEF\xBB\xBF", b"\n\r\n", b"\xFF\xFE"] {
        assert_eq!(one(content).rows.len(), 0);
    }
}

#[test]
fn instants_of_parquet_are_shown_as_the_clock_in_china() {
    use arrow::array::{TimestampMicrosecondArray, TimestampSecondArray};
    // 2026-03-03T16:00:00Z is midnight of the fourth in China.
    let second = 1_772_553_600;
    let instants: ArrayRef =
        Arc::new(TimestampSecondArray::from(vec![second]).with_timezone("America/New_York"));
    let local: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![
        (second + 8 * 3600) * 1_000_000 + 1_500_000,
    ]));
    let batch = RecordBatch::try_from_iter([("a", instants), ("b", local)]).unwrap();
    let mut out = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut out, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    assert_eq!(one(&out).texts()[1], ["2026-03-04", "2026-03-04T00:00:01.500"]);
}
