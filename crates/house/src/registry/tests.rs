//! Stories of the register, on both databases.
use db::db_test;
use kernel::FaultKind;
use kernel::actor::{Actor, Scope};

use super::model::Search;
use super::service;
use crate::MIGRATIONS;
use crate::hall::{Op, query};
use crate::stories::{FIRM, OTHER, Town};

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
});

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
