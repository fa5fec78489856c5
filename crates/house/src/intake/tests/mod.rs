//! Stories of collection, on both databases.
mod bulk;
mod found;
mod tables;

use db::db_test;
use encoding_rs::GB18030;

use super::model::Relation;
use super::service;
use crate::MIGRATIONS;
use crate::hall::{House, Op, job};
use crate::stories::{FIRM, OTHER, Town, registrations};

const PENALTIES: &str =
    "统一社会信用代码,行政处罚决定书文号,违法行为类型,处罚类别,罚款金额,处罚等级,处罚决定日期,处罚机关\n";

fn penalty(code: &str, no: &str, fine: &str) -> String {
    format!("{code},{no},无证经营,罚款,{fine},2,2026-03-04,示例局\n")
}

db_test!(
    a_file_is_taken_in_with_every_refused_row_named,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let wrong_code = format!("{}X", &FIRM[..17]);
        let wrong_words = format!("{OTHER},3号,无证经营,没有这种处罚,5000元,2,2026-02-30,示例局\n");
        let text = format!(
            "{PENALTIES}{}{}{}",
            penalty(FIRM, "1号", "5000元"),
            penalty(&wrong_code, "2号", "1万元"),
            wrong_words,
        );
        let batch = town.hand_over("penalty", &text);
        assert_eq!(
            (batch.rows_read, batch.rows_accepted, batch.rows_refused),
            (3, 1, 2),
            "{batch:?}"
        );
        let refusals = town.ask(|tx, _| service::refusals(tx, batch.batch_id, 0, 100));
        let code = refusals.iter().find(|r| r.line == 3).unwrap();
        assert_eq!(
            (code.field.as_str(), code.value.as_str()),
            ("统一社会信用代码", wrong_code.as_str())
        );
        assert!(code.suggestion.as_ref().unwrap().contains(FIRM), "{code:?}");
        let fields: Vec<&str> = refusals
            .iter()
            .filter(|r| r.line == 4)
            .map(|r| r.field.as_str())
            .collect();
        assert_eq!(
            fields.len(),
            2,
            "both wrong fields of a row are named: {refusals:?}"
        );
        let csv = town.refusals_csv(batch.batch_id);
        let csv = String::from_utf8(csv).unwrap();
        let headings = PENALTIES.trim_end();
        assert!(
            csv.starts_with(&format!("\u{feff}{headings},退回批次,退回行号,退回字段")),
            "{csv}"
        );
        assert_eq!(
            csv.lines().count(),
            3,
            "a heading and a line for each refused row: {csv}"
        );
        assert!(csv.contains(wrong_words.trim_end()), "the row as it came: {csv}");
    }
);

db_test!(the_same_file_again_changes_nothing, MIGRATIONS, |db| {
    let town = Town::build(&db);
    let text = format!("{PENALTIES}{}", penalty(FIRM, "1号", "5000元"));
    let first = town.hand_over("penalty", &text);
    let again = town.hand_over("penalty", &text);
    assert_eq!(first, again);
    // The same rows in another file: read, recognised, not kept twice.
    let other = town.hand_over("penalty", &format!("{text}\n"));
    assert_eq!(
        (other.rows_read, other.rows_accepted, other.rows_unchanged),
        (1, 0, 1)
    );
});

db_test!(gb18030_is_read_like_utf8, MIGRATIONS, |db| {
    let town = Town::build(&db);
    let text = registrations();
    let (bytes, _, _) = GB18030.encode(&text);
    let batch = town.hand_over_bytes("registration", &bytes);
    assert_eq!((batch.rows_accepted, batch.rows_refused), (3, 0), "{batch:?}");
    let subject = town.ask(|tx, _| service::subject_id(tx, FIRM)).unwrap();
    let records = town.ask(|tx, op| service::records_of(tx, subject, op.at));
    assert_eq!(records[0].payload["name"], "示例甲餐饮有限公司");
});

db_test!(
    a_file_without_a_needed_column_is_refused_whole_with_its_name,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let batch = town.hand_over("penalty", &format!("统一社会信用代码,处罚类别\n{FIRM},罚款\n"));
        assert_eq!(batch.state, "refused");
        assert!(batch.note.as_ref().unwrap().contains("缺少必需的列"), "{batch:?}");
    }
);

db_test!(
    a_file_in_no_known_encoding_is_refused_with_the_reason,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let batch = town.hand_over_bytes("penalty", b"\xff\xc0\x80,\xfe\xfe\xff\x00\n");
        assert_eq!(batch.state, "refused");
        assert!(batch.note.as_ref().unwrap().contains("编码"), "{batch:?}");
    }
);

db_test!(
    other_content_under_the_same_key_corrects_the_former_record,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        town.hand_over(
            "penalty",
            &format!("{PENALTIES}{}", penalty(FIRM, "1号", "5000元")),
        );
        town.hand_over(
            "penalty",
            &format!("{PENALTIES}{}", penalty(FIRM, "1号", "3000元")),
        );
        let subject = town.ask(|tx, _| service::subject_id(tx, FIRM)).unwrap();
        let records = town.ask(|tx, op| service::records_of(tx, subject, op.at));
        assert_eq!(records.len(), 2, "nothing is edited");
        assert_eq!(
            (records[1].relation, records[1].names_id),
            (Relation::Corrects, Some(records[0].record_id))
        );
        assert_eq!(
            (records[0].amount_fen, records[1].amount_fen),
            (Some(500_000), Some(300_000))
        );
    }
);

db_test!(
    two_rows_with_one_key_in_one_file_are_a_record_and_its_correction,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let text = format!(
            "{PENALTIES}{}{}",
            penalty(FIRM, "1号", "5000元"),
            penalty(FIRM, "1号", "3000元")
        );
        assert_eq!(town.hand_over("penalty", &text).rows_accepted, 2);
        let subject = town.ask(|tx, _| service::subject_id(tx, FIRM)).unwrap();
        let records = town.ask(|tx, op| service::records_of(tx, subject, op.at));
        assert_eq!(records[1].names_id, Some(records[0].record_id));
    }
);

db_test!(
    a_withdrawal_names_the_record_and_a_second_one_finds_nothing,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        town.hand_over(
            "penalty",
            &format!("{PENALTIES}{}", penalty(FIRM, "1号", "5000元")),
        );
        let take_back = format!(
            "统一社会信用代码,行政处罚决定书文号,处罚决定日期,违法行为类型,处罚类别,处罚机关,操作\n{FIRM},1号,,,,,撤销\n"
        );
        let batch = town.hand_over("penalty", &take_back);
        assert_eq!((batch.rows_accepted, batch.rows_refused), (1, 0), "{batch:?}");
        let subject = town.ask(|tx, _| service::subject_id(tx, FIRM)).unwrap();
        let records = town.ask(|tx, op| service::records_of(tx, subject, op.at));
        assert_eq!(
            (records[1].relation, records[1].names_id),
            (Relation::Withdraws, Some(records[0].record_id))
        );
        let again = town.hand_over("penalty", &format!("{take_back}\n"));
        assert_eq!((again.rows_accepted, again.rows_refused), (0, 1));
    }
);

const LISTING: &str = "统一社会信用代码,列入决定书文号,列入原因,列入日期,列入决定机关\n";
const REMOVAL: &str = "统一社会信用代码,列入决定书文号,移出原因,移出日期,移出决定机关\n";

db_test!(
    a_removal_ends_the_listing_it_names_and_one_that_names_none_is_refused,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        town.hand_over(
            "abnormal-listing",
            &format!("{LISTING}{FIRM},列1号,1,2025-07-10,示例局\n"),
        );
        let rows = format!("{REMOVAL}{FIRM},列1号,1,2025-09-01,示例局\n{FIRM},列9号,1,2025-09-01,示例局\n");
        let batch = town.hand_over("abnormal-removal", &rows);
        assert_eq!((batch.rows_accepted, batch.rows_refused), (1, 1), "{batch:?}");
        let subject = town.ask(|tx, _| service::subject_id(tx, FIRM)).unwrap();
        let records = town.ask(|tx, op| service::records_of(tx, subject, op.at));
        assert_eq!(
            (records[1].relation, records[1].names_id),
            (Relation::Ends, Some(records[0].record_id))
        );
    }
);

/// A worker that dies after the first chunk, as a killed process would.
struct Dies;

impl job::Worker for Dies {
    fn kind(&self) -> &'static str {
        service::JOB
    }
    fn run(&self, _: &House, _: &Op, _: &job::Job) -> kernel::Outcome<()> {
        Err(kernel::Fault::new(
            kernel::FaultKind::Busy,
            "test.killed",
            "kill -9",
        ))
    }
}

db_test!(
    an_import_that_was_cut_off_goes_on_and_keeps_every_row_once,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let batch_id = town.receive(
            "registration",
            registrations().as_bytes(),
            &service::Mapping::default(),
        );
        assert!(job::run_next(&town.house, &town.op(), &[&Dies], false).unwrap());
        town.later(1);
        town.settle();
        let batch = town.ask(|tx, _| service::batch(tx, batch_id));
        assert_eq!((batch.state.as_str(), batch.rows_accepted), ("applied", 3));
        // Applying once more, as a retry after the commit would, changes nothing.
        let again = town
            .run(|tx, op| service::apply(&town.house, tx, op, batch_id, &[]))
            .unwrap();
        assert_eq!(again, batch);
    }
);

#[test]
fn days_are_read_in_the_usual_spellings_and_impossible_ones_refused() {
    use super::rules::read_day;
    for text in [
        "2026-03-04",
        "2026/3/4",
        "2026.3.4",
        "20260304",
        "2026年3月4日",
        "2026-03-04 00:00:00",
        "2026-03-04T08:00:00",
    ] {
        assert_eq!(
            read_day(text).map(|d| d.to_string()).as_deref(),
            Some("2026-03-04"),
            "{text}"
        );
    }
    for text in [
        "2026-02-30",
        "26-3-4",
        "2026-13-01",
        "昨天",
        "2026-3",
        "20260230",
        "",
    ] {
        assert_eq!(read_day(text), None, "{text}");
    }
}

db_test!(
    a_mapping_names_strange_columns_and_fills_what_the_file_leaves_out,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let text = format!("代号,字号,状况\n{FIRM},示例甲餐饮有限公司,\n");
        let mapping = super::service::Mapping {
            columns: [("代号", "subject_no"), ("字号", "name"), ("状况", "status")]
                .map(|(a, b)| (a.to_owned(), b.to_owned()))
                .into(),
            defaults: [("status".to_owned(), "1".to_owned())].into(),
        };
        let batch = town.hand_over_mapped("registration", text.as_bytes(), &mapping);
        assert_eq!((batch.rows_accepted, batch.rows_refused), (1, 0), "{batch:?}");
        assert!(
            batch.note.as_ref().is_some_and(|note| note.contains("status")),
            "what was filled in is said"
        );
        let subject = town.ask(|tx, _| service::subject_id(tx, FIRM)).unwrap();
        assert_eq!(
            town.ask(|tx, op| service::records_of(tx, subject, op.at))[0].payload["status"],
            "1"
        );
    }
);

db_test!(capital_in_another_currency_is_kept_as_written, MIGRATIONS, |db| {
    let town = Town::build(&db);
    let text = format!("统一社会信用代码,名称,注册资本,登记状态\n{FIRM},示例甲餐饮有限公司,200万美元,1\n");
    let batch = town.hand_over("registration", &text);
    assert_eq!((batch.rows_accepted, batch.rows_refused), (1, 0), "{batch:?}");
    let subject = town.ask(|tx, _| service::subject_id(tx, FIRM)).unwrap();
    let record = town
        .ask(|tx, op| service::records_of(tx, subject, op.at))
        .remove(0);
    assert_eq!(
        (record.payload["capital"].as_str(), record.amount_fen),
        (Some("200万美元"), None)
    );
});

#[test]
fn an_authority_outside_every_division_table_is_marked_and_not_refused() {
    use super::rules::describe;
    let known = kernel::SubjectNo::parse(FIRM).unwrap();
    assert_eq!(describe(&known), ("uscc", String::new()));
    let national = kernel::SubjectNo::parse("91100000100003962T").unwrap();
    assert_eq!(describe(&national).1, "");
    let odd = "0123456789ABCDEFGHJKLMNPQRTUWXY"
        .chars()
        .find_map(|check| kernel::SubjectNo::parse(&format!("91889900MA4000004{check}")).ok())
        .unwrap();
    assert_eq!(describe(&odd).1, "unknown-authority");
}

db_test!(
    taking_back_a_corrected_record_takes_the_whole_chain_back,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db).with_three();
        town.hand_over(
            "penalty",
            &format!("{PENALTIES}{}", penalty(FIRM, "1号", "5万元")),
        );
        town.hand_over(
            "penalty",
            &format!("{PENALTIES}{}", penalty(FIRM, "1号", "100元")),
        );
        let take_back = format!(
            "统一社会信用代码,行政处罚决定书文号,违法行为类型,处罚类别,处罚决定日期,操作\n{FIRM},1号,,,,撤销\n"
        );
        assert_eq!(town.hand_over("penalty", &take_back).rows_accepted, 1);
        let subject = town.ask(|tx, _| service::subject_id(tx, FIRM)).unwrap();
        let records = town.ask(|tx, op| service::records_of(tx, subject, op.at));
        let penalties: Vec<_> = records.iter().filter(|record| record.item == "penalty").collect();
        assert_eq!(
            penalties[2].names_id,
            Some(penalties[0].record_id),
            "the first wording is named"
        );
        let why = town.ask(|tx, op| crate::assess::service::explain(tx, op, FIRM, op.today()));
        assert!(
            !why.reasons
                .iter()
                .any(|reason| reason.indicator.contains("penalt") && reason.value != Some(0)),
            "{why:?}"
        );
        // Handed in again it is one penalty, not two.
        town.hand_over(
            "penalty",
            &format!("{PENALTIES}{}\n", penalty(FIRM, "1号", "100元")),
        );
        let records = town.ask(|tx, op| service::records_of(tx, subject, op.at));
        assert_eq!(records.last().unwrap().relation, Relation::None);
    }
);

db_test!(
    the_same_file_under_another_mapping_is_another_hand_over,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let text = format!("代号,甲,乙\n{FIRM},示例甲餐饮有限公司,示例路1号\n");
        let mapping = |name: &str| service::Mapping {
            columns: [
                ("代号".to_owned(), "subject_no".to_owned()),
                (name.to_owned(), "name".to_owned()),
            ]
            .into(),
            ..service::Mapping::default()
        };
        let wrong = town.hand_over_mapped("registration", text.as_bytes(), &mapping("乙"));
        let right = town.hand_over_mapped("registration", text.as_bytes(), &mapping("甲"));
        assert_ne!(wrong.batch_id, right.batch_id);
        let entity = town.ask(|tx, op| crate::registry::service::by_no(tx, op, FIRM));
        assert_eq!(entity.name, "示例甲餐饮有限公司");
    }
);

db_test!(a_department_sees_only_the_batches_it_supplied, MIGRATIONS, |db| {
    let town = Town::build(&db).with_three();
    let scope = |department: &str| kernel::Scope {
        departments: Some(vec![department.into()]),
        ..kernel::Scope::place("4405".parse().unwrap())
    };
    let op_of = |department: &str| Op {
        actor: kernel::Actor {
            scope: scope(department),
            ..kernel::Actor::operator(department)
        },
        ..town.op()
    };
    let seen = |op: &Op| {
        crate::hall::query(&town.house, op, |tx, op| service::batches(tx, op, i64::MAX, 10))
            .unwrap()
            .len()
    };
    assert_eq!((seen(&op_of("440511-scjg")), seen(&op_of("440500-xfj"))), (1, 0));
    let batch_id = town.ask(|tx, op| service::batches(tx, op, i64::MAX, 1))[0].batch_id;
    let hidden = crate::hall::query(&town.house, &op_of("440500-xfj"), |tx, op| {
        service::batch_for(tx, op, batch_id)
    });
    assert_eq!(hidden.unwrap_err().kind, kernel::FaultKind::Hidden);
});
