//! What workbooks have that other forms have not.
use crate::make::{one, read, xlsx};

#[test]
fn headings_over_several_rows_and_columns_are_repeated_to_their_cells() {
    let texts = ["某局处罚清单", "统一社会信用代码", "处罚", "文号", "金额", "A1"];
    let cell = |reference: &str, text: usize| format!("<c r=\"{reference}\" t=\"s\"><v>{text}</v></c>");
    let rows = format!(
        "<sheetData><row r=\"1\">{}</row><row r=\"2\">{}{}</row><row r=\"3\"><c r=\"A3\" s=\"1\"/>{}{}</row>\
         <row r=\"5\">{}<c r=\"C5\"><v>1.5</v></c></row></sheetData>\
         <mergeCells count=\"3\"><mergeCell ref=\"A1:C1\"/><mergeCell ref=\"A2:A3\"/><mergeCell ref=\"B2:C2\"/></mergeCells>",
        cell("A1", 0),
        cell("A2", 1),
        cell("B2", 2),
        cell("B3", 3),
        cell("C3", 4),
        cell("A5", 5),
    );
    let got = one(&xlsx(&texts, &[("一", &rows)]));
    assert_eq!(
        got.texts(),
        [
            ["某局处罚清单", "某局处罚清单", "某局处罚清单"],
            ["统一社会信用代码", "处罚", "处罚"],
            ["统一社会信用代码", "文号", "金额"],
            ["A1", "", "1.5"],
        ]
    );
    let lines: Vec<u64> = got.rows.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [1, 2, 3, 5], "rows have the numbers of the sheet");
}

#[test]
fn cells_are_read_as_a_person_sees_them() {
    let cells = "<c><v>1.2000000000000002</v></c><c><v>4.5E7</v></c><c><v>914405110000000000</v></c>\
        <c t=\"str\"><f>A1</f><v>公式&amp;文字</v></c><c t=\"b\"><v>1</v></c><c t=\"e\"><v>#REF!</v></c>\
        <c t=\"inlineStr\"><is><r><t>两</t></r><r><t xml:space=\"preserve\"> 段</t></r><rPh><t>pinyin</t></rPh></is></c>\
        <c s=\"1\"><v>46085.5</v></c><c s=\"2\"><v>46085</v></c><c s=\"3\"><v>1.5</v></c><c t=\"d\"><v>2026-03-04</v></c>\
        <c t=\"s\"><v>99</v></c><c><v>007</v></c>";
    let got = one(&xlsx(
        &[],
        &[("一", &format!("<sheetData><row>{cells}</row></sheetData>"))],
    ));
    assert_eq!(
        got.texts(),
        [[
            "1.2",
            "45000000",
            "914405110000000000",
            "公式&文字",
            "true",
            "",
            "两 段",
            "2026-03-04T12:00:00",
            "2026-03-04",
            "36:00:00",
            "2026-03-04",
            "",
            "7",
        ]]
    );
}

#[test]
fn every_sheet_is_a_table_in_the_order_of_the_tabs_and_empty_ones_are_not_dropped() {
    let row = |text: &str| {
        format!("<sheetData><row><c t=\"inlineStr\"><is><t>{text}</t></is></c></row></sheetData>")
    };
    let got = read(&xlsx(
        &[],
        &[("乙", &row("1")), ("空", "<sheetData/>"), ("甲", &row("2"))],
    ))
    .unwrap();
    let seen: Vec<(&str, usize)> = got
        .iter()
        .map(|table| (table.name.as_str(), table.rows.len()))
        .collect();
    assert_eq!(seen, [("乙", 1), ("空", 0), ("甲", 1)]);
}

#[test]
fn two_sheets_can_be_read_at_the_same_time() {
    let row = |text: &str| {
        format!("<sheetData><row><c t=\"inlineStr\"><is><t>{text}</t></is></c></row></sheetData>")
    };
    let file = crate::make::file(&xlsx(&[], &[("甲", &row("1")), ("乙", &row("2"))]));
    let mut tables = readers::open(file.path(), &readers::Limits::default()).unwrap();
    let mut first = tables.next_table().unwrap().unwrap();
    let mut second = tables.next_table().unwrap().unwrap();
    let reading = std::thread::spawn(move || {
        let mut row = readers::Row::new();
        second.read(&mut row).unwrap();
        row.cell(0).unwrap().to_owned()
    });
    assert_eq!(reading.join().unwrap(), "2");
    let mut row = readers::Row::new();
    assert!(first.read(&mut row).unwrap());
    assert_eq!(row.cell(0), Some("1"));
}

/// The same workbook written by xlwt 1.3 and openpyxl 3.1; neither calculates, so the formula has no value.
#[test]
fn books_of_other_programs_are_read_alike_in_the_old_and_the_new_form() {
    let old = read(include_bytes!("../files/book.xls")).unwrap();
    let new = read(include_bytes!("../files/book.xlsx")).unwrap();
    for book in [&old, &new] {
        let names: Vec<&str> = book.iter().map(|table| table.name.as_str()).collect();
        assert_eq!(names, ["处罚", "空", "长文字"]);
        assert_eq!(
            book[0].texts(),
            [
                vec!["某局行政处罚清单"; 5],
                vec!["统一社会信用代码", "处罚", "处罚", "日期", "备注"],
                vec!["统一社会信用代码", "文号", "金额", "日期", "备注"],
                vec!["91440500MA4000004X", "1号", "5000", "2026-03-04", "true"],
                vec!["91440500MA4000005X", "Ascii", "0.3", "2026-03-04T08:30:00"],
            ]
        );
        let lines: Vec<u64> = book[0].rows.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [1, 2, 3, 4, 6]);
        assert!(book.iter().all(|table| table.faults.is_empty()), "{book:?}");
    }
    assert_eq!(old[2], new[2], "long texts, cut between records in the old form");
    assert_eq!(old[2].rows.len(), 40);
    assert_eq!(old[2].rows[39].1[2], "39000000");
}

#[test]
fn a_broken_old_book_is_refused() {
    let book = include_bytes!("../files/book.xls");
    for length in [100, 600, 3000, book.len() / 2] {
        let fault = match read(&book[..length]) {
            Err(fault) => fault,
            Ok(tables) => tables.into_iter().flat_map(|table| table.faults).next().unwrap(),
        };
        assert_eq!(fault.code(), "readers.xls.broken", "{length}");
    }
}
