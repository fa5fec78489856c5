//! Stories of sending back, on both databases.
use db::db_test;

use super::{ReportForm, reject_report};
use crate::MIGRATIONS;
use crate::intake::model::Batch;
use crate::intake::quality;
use crate::intake::service::{self, Mapping};
use crate::stories::{FIRM, OTHER, Town};

const PENALTIES: &str = "统一社会信用代码,处罚决定书文号,处罚类别,处罚决定日期\n";

fn report(town: &Town, batch: &Batch) -> String {
    String::from_utf8(town.refusals_csv(batch.batch_id)).unwrap()
}

fn again(town: &Town, batch: &Batch) -> Batch {
    town.ask(|tx, _| service::batch(tx, batch.batch_id))
}

fn only(town: &Town, text: &str) -> Batch {
    named(town, "x.csv", text)
}

fn named(town: &Town, name: &str, text: &str) -> Batch {
    let (batches, left) = town.arrives(name, text.as_bytes()).unwrap();
    assert_eq!((batches.len(), left.len()), (1, 0), "{batches:?} {left:?}");
    batches.into_iter().next().unwrap()
}

db_test!(
    corrected_rows_take_the_place_of_refused_ones_through_several_rounds,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let first = only(
            &town,
            &format!(
                "{PENALTIES}{FIRM},1号,警告,2026-03-04\n{FIRM},2号,警告,2026-02-30\n{OTHER},3号,没有的,2026-02-31\n"
            ),
        );
        assert_eq!((first.rows_refused, first.rows_open()), (2, 2));
        let text = report(&town, &first);
        assert_eq!(text.lines().count(), 3, "{text}");
        // The second is right now, the third still is not.
        let second = only(
            &town,
            &text
                .replace("2026-02-30", "2026-03-05")
                .replace("2026-02-31", "2026-03-06"),
        );
        assert_eq!(
            (
                second.item.as_str(),
                second.corrects_id,
                second.rows_accepted,
                second.rows_refused
            ),
            ("penalty", Some(first.batch_id), 1, 1),
            "{second:?}"
        );
        assert_eq!(
            second.note, None,
            "what the report added is not called unknown: {second:?}"
        );
        assert_eq!(again(&town, &first).rows_open(), 1);
        assert_eq!(
            report(&town, &first).lines().count(),
            2,
            "only what is open is told again"
        );
        // A report on the correction leads back to the first batch as well.
        let text = report(&town, &second);
        assert_eq!(text.matches("退回批次").count(), 1, "{text}");
        let third = only(&town, &text.replace("没有的", "罚款"));
        assert_eq!(
            (third.corrects_id, third.rows_accepted),
            (Some(second.batch_id), 1)
        );
        assert_eq!(
            (
                again(&town, &first).rows_open(),
                again(&town, &second).rows_open()
            ),
            (0, 0)
        );
        assert_eq!(report(&town, &first).lines().count(), 1, "nothing is open");
        // The same file once more counts nothing twice.
        only(&town, &text.replace("没有的", "罚款"));
        assert_eq!(again(&town, &first).rows_corrected, 2);
    }
);

db_test!(
    a_row_refused_when_it_is_applied_comes_back_with_its_cells_too,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let text =
            format!("统一社会信用代码,列入决定文号,移出日期,移出原因\n{FIRM},列1号,2026-03-04,已补报\n");
        // The lists of two kinds have the same headings here; the name of the file tells.
        assert_eq!(
            town.arrives("x.csv", text.as_bytes()).unwrap_err().code,
            "intake.item.unrecognised"
        );
        let batch = named(&town, "移出经营异常名录.csv", &text);
        assert_eq!(
            (batch.item.as_str(), batch.rows_refused),
            ("abnormal-removal", 1),
            "{batch:?}"
        );
        assert!(report(&town, &batch).contains("列1号,2026-03-04,已补报"));
        let listing =
            format!("统一社会信用代码,列入决定文号,列入日期,列入原因\n{FIRM},列1号,2025-03-04,失联\n");
        named(&town, "列入经营异常名录.csv", &listing);
        let back = only(&town, &report(&town, &batch));
        assert_eq!(
            (back.rows_accepted, again(&town, &batch).rows_open()),
            (1, 0),
            "{back:?}"
        );
    }
);

db_test!(
    a_report_stands_without_the_mapping_it_was_made_under,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let mapping = Mapping {
            columns: [("甲", "subject_no"), ("乙", "decision_no"), ("丙", "decided_on")]
                .map(|(heading, field)| (heading.to_owned(), field.to_owned()))
                .into(),
            defaults: [("kind".to_owned(), "警告".to_owned())].into(),
        };
        let text = format!("甲,乙,丙\n{FIRM},1号,2026-02-30\n");
        let (batches, _) = town
            .arrives_as("x.csv", text.as_bytes(), Some("penalty"), &mapping)
            .unwrap();
        assert_eq!(batches[0].rows_refused, 1);
        let back = only(
            &town,
            &report(&town, &batches[0]).replace("2026-02-30", "2026-02-28"),
        );
        assert_eq!(
            (back.rows_accepted, again(&town, &batches[0]).rows_open()),
            (1, 0),
            "{back:?}"
        );
    }
);

db_test!(
    rows_of_another_supplier_or_item_correct_nothing,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let licence =
            format!("统一社会信用代码,许可编号,许可名称,许可决定日期\n{FIRM},许1号,某,2026-02-30\n");
        let foreign = only(&town, &licence);
        assert_eq!(foreign.rows_refused, 1);
        let text = format!(
            "统一社会信用代码,处罚决定书文号,处罚类别,处罚决定日期,退回批次,退回行号\n\
         {FIRM},1号,警告,2026-03-04,{},2\n{FIRM},2号,警告,2026-03-04,999999,2\n",
            foreign.batch_id
        );
        let (batches, _) = town
            .arrives_as("x.csv", text.as_bytes(), Some("penalty"), &Mapping::default())
            .unwrap();
        assert_eq!(
            (batches[0].rows_accepted, batches[0].corrects_id),
            (2, None),
            "{batches:?}"
        );
        assert_eq!(again(&town, &foreign).rows_open(), 1);
    }
);

db_test!(
    the_quality_of_a_month_knows_what_came_in_corrected,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let first = only(
            &town,
            &format!("{PENALTIES}{FIRM},1号,警告,2026-02-30\n{OTHER},3号,警告,2026-02-31\n"),
        );
        only(
            &town,
            &report(&town, &first).replacen("2026-02-30", "2026-02-28", 1),
        );
        quality::service::measure(&town.house, &town.op(), "2026-06").unwrap();
        let scores = town.ask(|tx, op| quality::service::scores(tx, op, "2026-06"));
        let score = &scores[0];
        // The row that was wrong again is refused again.
        assert_eq!(
            (score.counts.rows_refused, score.sent_back, score.put_right),
            (3, 3, 1),
            "{score:?}"
        );
    }
);

db_test!(
    a_row_that_no_program_can_read_is_reported_and_stops_no_other,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let mut bytes = format!("{PENALTIES}{FIRM},1号,警告,2026-03-04\n").into_bytes();
        bytes.extend_from_slice(b"\xff\xfe\x80\xff,2\n");
        bytes.extend_from_slice(format!("{OTHER},3号,警告,2026-03-04\n").as_bytes());
        let (batches, _) = town.arrives("x.csv", &bytes).unwrap();
        assert_eq!(
            (batches[0].rows_accepted, batches[0].rows_refused),
            (2, 1),
            "{batches:?}"
        );
        assert!(report(&town, &batches[0]).contains("UTF-8"));
    }
);

/// A workbook of texts.
fn workbook(rows: &[Vec<String>]) -> Vec<u8> {
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let sheet = workbook.add_worksheet();
    for (at, row) in (0_u32..).zip(rows) {
        for (column, cell) in (0_u16..).zip(row) {
            sheet.write_string(at, column, cell).unwrap();
        }
    }
    workbook.save_to_buffer().unwrap()
}

/// The rows of a workbook.
fn rows_of(book: &[u8]) -> Vec<Vec<String>> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), book).unwrap();
    let mut table = readers::open(file.path(), &readers::Limits::default())
        .unwrap()
        .next_table()
        .unwrap()
        .unwrap();
    let (mut row, mut rows) = (readers::Row::new(), Vec::new());
    while table.read(&mut row).unwrap() {
        rows.push(row.cells().map(str::to_owned).collect());
    }
    rows
}

db_test!(
    a_workbook_is_answered_by_a_workbook_of_texts_that_is_corrected_and_handed_over_again,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let row = |no: &str, day: &str| -> Vec<String> {
            let cells = [FIRM, "440500000000001", no, "警告", day];
            cells.map(str::to_owned).to_vec()
        };
        let head = [
            "统一社会信用代码",
            "CF_XDR_GSZC",
            "处罚决定书文号",
            "处罚类别",
            "处罚决定日期",
        ];
        let book = workbook(&[
            head.map(str::to_owned).to_vec(),
            row("1号", "2026-03-04"),
            row("2号", "2026-02-30"),
        ]);
        let (batches, _) = town.arrives("处罚.xlsx", &book).unwrap();
        let first = &batches[0];
        assert_eq!((first.rows_accepted, first.rows_open()), (1, 1), "{first:?}");
        let report =
            |form: ReportForm| town.ask(|tx, op| reject_report(&town.house, tx, op, first.batch_id, form));
        let (form, answer) = report(ReportForm::of(&first.file_name));
        assert_eq!(form, ReportForm::Workbook);
        assert_eq!(answer, report(form).1, "the same report is the same file");
        let mut rows = rows_of(&answer);
        assert_eq!(rows.len(), 2, "{rows:?}");
        assert!(
            rows[0]
                .ends_with(&["退回批次", "退回行号", "退回字段", "退回原因", "退回建议"].map(str::to_owned))
        );
        assert!(
            rows[1].contains(&"440500000000001".to_owned()),
            "a code of digits stays one: {rows:?}"
        );
        assert_eq!(rows[1][rows[0].len() - 4], "3", "the line of the workbook");
        for cell in &mut rows[1] {
            if cell == "2026-02-30" {
                "2026-02-28".clone_into(cell);
            }
        }
        let (batches, left) = town.arrives("改正.xlsx", &workbook(&rows)).unwrap();
        assert!(left.is_empty(), "{left:?}");
        assert_eq!(
            (batches[0].corrects_id, batches[0].rows_accepted),
            (Some(first.batch_id), 1)
        );
        assert_eq!(again(&town, first).rows_open(), 0);
    }
);

db_test!(
    what_does_not_fit_into_a_workbook_comes_as_text,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let long = "长".repeat(32_768);
        let text = format!(
            "统一社会信用代码,处罚决定书文号,处罚类别,处罚决定日期,违法事实\n{FIRM},1号,警告,2026-02-30,{long}\n"
        );
        let batch = only(&town, &text);
        assert_eq!(batch.rows_open(), 1);
        let wish = ReportForm::Workbook;
        let (form, content) = town.ask(|tx, op| reject_report(&town.house, tx, op, batch.batch_id, wish));
        assert_eq!(form, ReportForm::Csv);
        assert!(
            String::from_utf8(content).unwrap().contains(&long),
            "nothing is cut off"
        );
    }
);
