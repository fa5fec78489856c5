//! Stories of the register, on both databases.
mod find;

use db::db_test;
use kernel::FaultKind;
use kernel::actor::{Actor, Scope};

use super::model::Search;
use super::{rules, service};
use crate::hall::{Op, job, query};
use crate::intake::model::{Record, Relation};
use crate::stories::{FIRM, OTHER, Town};
use crate::{MIGRATIONS, intake};

db_test!(
    an_entity_is_registered_as_soon_as_its_record_is_accepted,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db).with_three();
        let entity = town.ask(|tx, op| service::by_no(tx, op, FIRM));
        assert_eq!(
            (entity.name.as_str(), entity.status.as_str()),
            ("示例甲餐饮有限公司", "1")
        );
        assert_eq!(entity.capital_fen, Some(500_000_000));
        assert_eq!(town.ask(|tx, _| service::count(tx)), 3);
    }
);

db_test!(a_renamed_firm_keeps_its_former_name, MIGRATIONS, |db| {
    let town = Town::build(&db).with_three();
    town.hand_over(
        "registration",
        &format!("统一社会信用代码,名称,类型,成立日期,登记状态,行业代码,行政区划\n{FIRM},示例丁餐饮有限公司,1130,2015-03-01,1,H6210,440511\n"),
    );
    let file = town.ask(|tx, op| service::credit_file(tx, op, FIRM, None));
    assert_eq!(file.entity.name, "示例丁餐饮有限公司");
    assert_eq!(file.former_names, ["示例甲餐饮有限公司"]);
    // A name that is taken back was never a former name.
    town.hand_over(
        "registration",
        &format!("统一社会信用代码,名称,操作\n{FIRM},,撤销\n"),
    );
    let file = town.ask(|tx, op| service::credit_file(tx, op, FIRM, None));
    assert_eq!(file.entity.name, "示例甲餐饮有限公司");
    assert!(file.former_names.is_empty(), "{:?}", file.former_names);
});

db_test!(
    an_entity_registered_anew_stays_when_the_ledger_tells_late_of_the_withdrawal_before,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db).with_three();
        let withdrawal = intake::model::NewBatch {
            item: "registration".into(),
            supplier: "440511-scjg".into(),
            source: "ledger".into(),
            file_name: "1".into(),
            ..intake::model::NewBatch::default()
        };
        let row = intake::service::Row {
            subject_no: FIRM.into(),
            fields: vec![("操作".into(), "撤销".into())],
        };
        let rows = std::slice::from_ref(&row);
        town.run(|tx, op| intake::service::accept(tx, op, &withdrawal, rows))
            .unwrap();
        // Before any reader hears of it the firm is registered anew, and taken into the register with the batch.
        let text = format!(
            "统一社会信用代码,名称,类型,成立日期,登记状态,行业代码,行政区划\n{FIRM},示例丁餐饮有限公司,1130,2015-03-01,1,H6210,440511\n"
        );
        town.receive(
            "registration",
            text.as_bytes(),
            &intake::service::Mapping::default(),
        );
        let workers = crate::workers();
        let workers: Vec<&dyn job::Worker> = workers.iter().map(AsRef::as_ref).collect();
        assert!(job::run_next(&town.house, &town.op(), &workers, true).unwrap());
        let name = || town.ask(|tx, op| service::by_no(tx, op, FIRM)).name;
        assert_eq!(name(), "示例丁餐饮有限公司");
        town.settle();
        assert_eq!(name(), "示例丁餐饮有限公司");
    }
);

db_test!(
    what_came_in_before_the_clock_was_put_back_is_in_the_file,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        town.later(1);
        town.hand_over(
            "registration",
            &format!("统一社会信用代码,名称,类型\n{FIRM},示例甲餐饮有限公司,1130\n"),
        );
        let came = town.op().at;
        town.later(-1);
        let file = town.ask(|tx, op| service::credit_file(tx, op, FIRM, None));
        assert_eq!(
            file.groups
                .iter()
                .map(|group| group.statements.len())
                .sum::<usize>(),
            1
        );
        assert!(file.known_at >= came, "known when it came: {}", file.known_at);
        let today = town.op().today();
        let file = town.ask(|tx, op| service::credit_file(tx, op, FIRM, Some(today)));
        assert!(
            file.groups.iter().all(|group| group.statements.is_empty()),
            "asked for a day, the file keeps to it"
        );
    }
);

db_test!(the_file_speaks_as_known_on_an_earlier_day, MIGRATIONS, |db| {
    let town = Town::build(&db).with_three();
    let before = town.op().today();
    town.later(10);
    town.hand_over(
        "abnormal-listing",
        &format!("统一社会信用代码,列入决定书文号,列入原因,列入日期,列入决定机关\n{FIRM},列1号,1,2026-06-08,示例局\n"),
    );
    town.later(10);
    town.hand_over(
        "abnormal-removal",
        &format!("统一社会信用代码,列入决定书文号,移出原因,移出日期,移出决定机关\n{FIRM},列1号,1,2026-06-18,示例局\n"),
    );
    let warnings = |on| {
        let file = town.ask(|tx, op| service::credit_file(tx, op, FIRM, Some(on)));
        let group = file
            .groups
            .into_iter()
            .find(|group| group.code == "warning")
            .unwrap();
        group.statements.into_iter().map(|s| s.state).collect::<Vec<_>>()
    };
    assert!(warnings(before).is_empty());
    assert_eq!(warnings(before + chrono::Duration::days(10)), ["current"]);
    assert_eq!(warnings(before + chrono::Duration::days(20)), ["ended"]);
});

const LISTING: &str = "统一社会信用代码,列入决定书文号,列入原因,列入日期,列入决定机关";
const REMOVAL: &str = "统一社会信用代码,列入决定书文号,移出原因,移出日期,移出决定机关";

/// State of each statement of an item in the file of [`FIRM`], oldest record first, with the place among all of the record
/// that brought it about.
fn states(town: &Town, item: &str) -> Vec<(String, Option<i64>)> {
    let file = town.ask(|tx, op| service::credit_file(tx, op, FIRM, None));
    let mut statements: Vec<_> = file
        .groups
        .into_iter()
        .flat_map(|group| group.statements)
        .collect();
    statements.retain(|statement| statement.item == item);
    statements.sort_by_key(|statement| statement.record_id);
    statements
        .into_iter()
        .map(|one| (one.state, one.changed_by))
        .collect()
}

/// Numbers of the records of [`FIRM`] in order, with the relation of each.
fn records(town: &Town) -> Vec<Record> {
    town.ask(|tx, op| {
        let entity = service::by_no(tx, op, FIRM)?;
        intake::service::records_of(tx, entity.entity_id, op.at)
    })
}

db_test!(
    a_listing_corrected_after_its_removal_stays_ended,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db).with_three();
        let hand = |item: &str, text: String| assert_eq!(town.hand_over(item, &text).rows_accepted, 1);
        hand(
            "abnormal-listing",
            format!("{LISTING}\n{FIRM},列1号,1,2026-05-08,示例局\n"),
        );
        hand(
            "abnormal-removal",
            format!("{REMOVAL}\n{FIRM},列1号,1,2026-05-18,示例局\n"),
        );
        hand(
            "abnormal-listing",
            format!("{LISTING}\n{FIRM},列1号,1,2026-05-07,示例局\n"),
        );
        let all = records(&town);
        let [listing, removal, correction] = &all[all.len() - 3..] else {
            panic!("three records")
        };
        assert_eq!(correction.names_id, Some(listing.record_id));
        assert_eq!(
            states(&town, "abnormal-listing"),
            [
                ("corrected".into(), Some(correction.record_id)),
                ("ended".into(), Some(removal.record_id))
            ]
        );
        let public = town.ask(|tx, op| {
            let file = service::credit_file(tx, op, FIRM, None)?;
            let law = op.pack.on(op.today());
            Ok(crate::publish::rules::statements(&law, file, op.today()))
        });
        assert!(public.iter().all(|one| one.item != "abnormal-listing"));
    }
);

db_test!(
    a_removal_taken_back_leaves_the_listing_in_force,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db).with_three();
        town.hand_over(
            "abnormal-listing",
            &format!("{LISTING}\n{FIRM},列1号,1,2026-05-08,示例局\n"),
        );
        town.hand_over(
            "abnormal-removal",
            &format!("{REMOVAL}\n{FIRM},列1号,1,2026-05-18,示例局\n"),
        );
        assert_eq!(states(&town, "abnormal-listing")[0].0, "ended");
        let taken_back = town.hand_over(
            "abnormal-removal",
            &format!("{REMOVAL},操作\n{FIRM},列1号,,,,撤销\n"),
        );
        assert_eq!(taken_back.rows_accepted, 1);
        let withdrawal = records(&town).pop().unwrap().record_id;
        assert_eq!(states(&town, "abnormal-listing"), [("current".into(), None)]);
        assert_eq!(
            states(&town, "abnormal-removal"),
            [("withdrawn".into(), Some(withdrawal))]
        );
    }
);

db_test!(
    a_correction_taken_back_alone_lets_the_first_reading_speak_again,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db).with_three();
        for day in ["08", "07"] {
            let text = format!("{LISTING}\n{FIRM},列1号,1,2026-05-{day},示例局\n");
            assert_eq!(town.hand_over("abnormal-listing", &text).rows_accepted, 1);
        }
        let mut all = records(&town);
        let correction = all.last().unwrap().clone();
        // Suppliers take a whole chain back; a withdrawal that names the correction only is written down by hand.
        let withdrawal = Record {
            record_id: correction.record_id + 1,
            relation: Relation::Withdraws,
            names_id: Some(correction.record_id),
            ..correction.clone()
        };
        let warnings = |records: &[Record]| {
            let pack = &town.house.law.pack();
            let groups = rules::groups(&pack.on(town.op().today()), records);
            let mut statements = groups.into_iter().find(|group| group.code == "warning").unwrap();
            statements.statements.sort_by_key(|one| one.record_id);
            let told = statements.statements.into_iter();
            told.map(|one| (one.state, one.changed_by)).collect::<Vec<_>>()
        };
        assert_eq!(
            warnings(&all),
            [
                ("corrected".into(), Some(correction.record_id)),
                ("current".into(), None)
            ]
        );
        all.push(withdrawal.clone());
        let speaks_again = [
            ("current".into(), None),
            ("withdrawn".into(), Some(withdrawal.record_id)),
        ];
        assert_eq!(warnings(&all), speaks_again);
        // Dated after the day of the file, a correction says nothing yet.
        all.push(Record {
            record_id: withdrawal.record_id + 1,
            on_day: town.op().today().succ_opt().unwrap(),
            ..correction.clone()
        });
        assert_eq!(warnings(&all)[..2], speaks_again);
        assert_eq!(warnings(&all)[2], ("ahead".into(), None));
    }
);

db_test!(every_statement_names_supplier_batch_and_line, MIGRATIONS, |db| {
    let town = Town::build(&db).with_three();
    let file = town.ask(|tx, op| service::credit_file(tx, op, OTHER, None));
    let statement = &file.groups[0].statements[0];
    assert_eq!(
        (
            statement.supplier.as_str(),
            statement.source.as_str(),
            statement.line
        ),
        ("440511-scjg", "file", 3)
    );
    assert!(statement.batch_id > 0);
});

db_test!(an_entity_outside_the_scope_does_not_exist, MIGRATIONS, |db| {
    let town = Town::build(&db).with_three();
    let district = Actor {
        scope: Scope::place("440507".parse().unwrap()),
        ..Actor::operator("龙湖区")
    };
    let op = Op {
        actor: district,
        ..town.op()
    };
    let hidden = query(&town.house, &op, |tx, op| service::by_no(tx, op, FIRM)).unwrap_err();
    assert_eq!(hidden.kind, FaultKind::Hidden);
    let seen = query(&town.house, &op, |tx, op| {
        service::search(tx, op, &Search::default(), 0, 10)
    })
    .unwrap();
    assert_eq!(seen.len(), 1, "only the household of its own district");
});

db_test!(
    entities_are_found_by_the_beginning_of_the_name_and_by_place,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db).with_three();
        let find = |name: Option<&str>, division: Option<&str>| {
            let search = Search {
                name: name.map(Into::into),
                division: division.map(Into::into),
            };
            town.ask(|tx, op| service::search(tx, op, &search, 0, 10)).len()
        };
        assert_eq!(find(Some("示例乙"), None), 1);
        assert_eq!(find(None, Some("440511")), 2);
        assert_eq!(find(Some("示例"), Some("440507")), 1);
        assert_eq!(find(Some("没有"), None), 0);
    }
);

db_test!(
    a_registration_taken_back_leaves_the_one_before_or_none,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db).with_three();
        let rename = format!("统一社会信用代码,名称,登记状态\n{FIRM},示例丁餐饮有限公司,1\n");
        town.hand_over("registration", &rename);
        let take_back = |extra: &str| format!("统一社会信用代码,名称,登记状态,操作{extra}\n{FIRM},,,撤销\n");
        town.hand_over("registration", &take_back(""));
        assert_eq!(
            town.ask(|tx, op| service::by_no(tx, op, FIRM)).name,
            "示例甲餐饮有限公司"
        );
        // The key of the item is empty, so what is current under it was taken back; a further withdrawal finds nothing.
        assert_eq!(
            town.hand_over("registration", &take_back(",备注")).rows_refused,
            1
        );
        assert_eq!(town.ask(|tx, _| service::count(tx)), 3);
    }
);
