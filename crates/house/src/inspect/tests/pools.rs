//! Who comes into the pool, who is kept out and by which rule.
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use db::db_test;

use super::*;
use policy::pack::{CheckKind, Exclusion, ExclusionRule, SubjectFilter};

use crate::MIGRATIONS;
use crate::inspect::rules::pool::{FREQUENCY_RULE, ItemRule, Known, PoolRule, Visit};

fn removed(draw: &Draw) -> BTreeMap<&str, u64> {
    let all = draw.pools[0]
        .removed
        .iter()
        .map(|one| (one.rule.as_str(), one.entities));
    all.filter(|(_, entities)| *entities > 0).collect()
}

db_test!(
    exclusions_are_counted_by_the_first_rule_that_applies,
    MIGRATIONS,
    |db| {
        let town = district(&db, 100);
        // 30 to 32: class B, checked for the same item, for another, and long ago. 0: class D, checked by the city in
        // spring; the same item is no reason there, the upper level is.
        let text = format!(
            "统一社会信用代码,任务编号,检查事项,检查结果,检查日期,检查部门\n\
         {},甲-1,{LICENCE},01,2025-09-01,金平区市场监督管理局\n\
         {},乙-1,registration.name,01,2026-01-10,金平区市场监督管理局\n\
         {},丙-1,{LICENCE},01,2024-01-01,金平区市场监督管理局\n\
         {},丁-1,{LICENCE},01,2026-04-15,汕头市市场监督管理局\n",
            code(30),
            code(31),
            code(32),
            code(0),
        );
        let batch = town.hand_over("inspection-result", &text);
        assert_eq!((batch.rows_accepted, batch.rows_refused), (4, 0), "{batch:?}");
        // A new firm of class B, and one that is closed.
        let text = format!(
            "统一社会信用代码,名称,类型,成立日期,登记状态,行业代码,行政区划\n\
         {},示例新有限公司,1130,2026-04-01,1,F5211,440511\n{},示例旧有限公司,1130,2015-03-01,2,F5211,440511\n",
            code(33),
            code(35),
        );
        town.hand_over("registration", &text);
        grade(&town, 100);
        let plan = approved(&town, &new_plan(vec![item(LICENCE, None)]));
        let draw = committed(&town, &plan, 1);
        let expected = [
            ("same-item-this-year", 1),
            ("checked-this-year", 1),
            ("upper-level-checked", 1),
            ("newly-registered", 1),
        ];
        assert_eq!(removed(&draw), BTreeMap::from(expected), "{:?}", draw.pools);
        assert_eq!(
            draw.pools[0].size, 95,
            "the closed one is not for this item at all; the one checked long ago is in"
        );
    }
);

db_test!(
    a_visit_still_to_come_keeps_an_entity_out_of_the_next_plan,
    MIGRATIONS,
    |db| {
        let town = district(&db, 200);
        let first = approved(&town, &new_plan(vec![item(LICENCE, None)]));
        drawn(&town, &first);
        let numbers: BTreeSet<String> = tasks(&town, &first)
            .into_iter()
            .map(|task| task.subject_no)
            .collect();
        let high: BTreeSet<String> = [0, 100].map(code).into();
        let second = approved(&town, &new_plan(vec![item(LICENCE, None)]));
        drawn(&town, &second);
        let again: BTreeSet<String> = tasks(&town, &second)
            .into_iter()
            .map(|task| task.subject_no)
            .collect();
        assert_eq!(
            numbers.intersection(&again).cloned().collect::<BTreeSet<_>>(),
            high,
            "only the highest class comes again"
        );
    }
);

db_test!(
    the_frequency_cap_of_the_class_holds_where_no_exclusion_applies,
    MIGRATIONS,
    |db| {
        let town = district(&db, 100);
        let mut text = "统一社会信用代码,任务编号,检查事项,检查结果,检查日期,检查部门\n".to_owned();
        for visit in 0..4 {
            // Class D may be checked four times in twelve months; the firm of number 0 was.
            let line = format!(
                "{},丁-{visit},registration.name,01,2026-0{}-01,金平区市场监督管理局\n",
                code(0),
                visit + 2
            );
            text.push_str(&line);
        }
        town.hand_over("inspection-result", &text);
        grade(&town, 100);
        let plan = approved(&town, &new_plan(vec![item(LICENCE, None)]));
        let draw = committed(&town, &plan, 1);
        assert_eq!(removed(&draw), BTreeMap::from([(FREQUENCY_RULE, 1)]));
    }
);

db_test!(
    an_entity_without_a_class_counts_as_the_second_and_is_noted,
    MIGRATIONS,
    |db| {
        let town = district(&db, 50);
        let plan = approved(&town, &new_plan(vec![item(LICENCE, None)]));
        let draw = committed(&town, &plan, 1);
        assert_eq!(draw.note, "");
        town.run(|tx, _| {
            let statement = db::Statement {
                name: "test",
                purpose: "",
                sql: "DELETE FROM assess_class WHERE class = $1",
            };
            tx.exec(&statement, &db::args!["A"]).map(drop)
        })
        .unwrap();
        let plan = approved(&town, &new_plan(vec![item(LICENCE, None)]));
        let draw = committed(&town, &plan, 1);
        assert!(draw.note.contains("24 户"), "{}", draw.note);
        // 44 of B and unclassed × 3 % = 2; 5 of C × 20 % = 1; 1 of D.
        assert_eq!(draw.pools[0].quota, 4);
    }
);

db_test!(
    a_directed_plan_takes_only_whom_its_conditions_name,
    MIGRATIONS,
    |db| {
        let town = district(&db, 100);
        let filter = Filter {
            industries: vec!["H62".into()],
            ..Filter::default()
        };
        let new = NewPlan {
            mode: Mode::Directed,
            filter,
            ..new_plan(vec![item(LICENCE, None)])
        };
        let plan = approved(&town, &new);
        assert_eq!(committed(&town, &plan, 1).pools[0].size, 50);
    }
);

db_test!(labels_of_strata_do_not_tell_the_class, MIGRATIONS, |db| {
    let town = district(&db, 400);
    let mut orders = BTreeSet::new();
    for key in 1..=6 {
        let plan = approved(&town, &new_plan(vec![item(LICENCE, None)]));
        let draw = committed(&town, &plan, key);
        let commitment = town.ask(|tx, _| service::documents(tx, draw.draw_id)).commitment;
        let strata = commitment["items"][0]["strata"].as_array().unwrap().clone();
        let labels: Vec<&str> = strata.iter().map(|one| one["label"].as_str().unwrap()).collect();
        assert_eq!(labels, ["s1", "s2", "s3", "s4"]);
        assert!(
            strata.iter().all(|one| one["ratio"].is_null()),
            "a ratio would tell"
        );
        orders.insert(
            strata
                .iter()
                .map(|one| one["size"].as_u64().unwrap())
                .collect::<Vec<_>>(),
        );
    }
    assert!(orders.len() > 1, "the order changes with the pool key");
});

db_test!(
    a_listing_that_was_ended_is_held_but_no_longer_open,
    MIGRATIONS,
    |db| {
        let town = district(&db, 3);
        let listing = |firm: u32, no: &str| format!("{},{no},1,2026-05-01,示例局\n", code(firm));
        let head = "统一社会信用代码,列入决定书文号,列入原因,列入日期,列入决定机关\n";
        town.hand_over(
            "abnormal-listing",
            &format!("{head}{}{}", listing(0, "列1号"), listing(1, "列2号")),
        );
        let removal = format!(
            "统一社会信用代码,列入决定书文号,移出原因,移出日期,移出决定机关\n{},列1号,1,2026-05-20,示例局\n",
            code(0)
        );
        town.hand_over("abnormal-removal", &removal);
        let number = |firm: u32| {
            town.ask(|tx, op| crate::registry::service::by_no(tx, op, &code(firm)))
                .entity_id
        };
        let holders = || {
            let (holds, open) = town.ask(|tx, op| {
                let law = op.pack.on(op.today());
                let items = ["abnormal-listing".to_owned()].into();
                service::pool::holders(tx, &law, &items, op.today())
            });
            let of = |by_item: HashMap<String, HashSet<i64>>| {
                by_item.into_values().flatten().collect::<BTreeSet<i64>>()
            };
            (of(holds), of(open))
        };
        let both = BTreeSet::from([number(0), number(1)]);
        assert_eq!(holders(), (both.clone(), BTreeSet::from([number(1)])));
        let corrected = listing(0, "列1号").replace("2026-05-01", "2026-05-02");
        town.hand_over("abnormal-listing", &format!("{head}{corrected}"));
        assert_eq!(
            holders(),
            (both.clone(), BTreeSet::from([number(1)])),
            "a correction of the listing does not open it again"
        );
        let taken_back = format!(
            "统一社会信用代码,列入决定书文号,移出原因,移出日期,移出决定机关,操作\n{},列1号,,,,撤销\n",
            code(0)
        );
        assert_eq!(town.hand_over("abnormal-removal", &taken_back).rows_refused, 0);
        assert_eq!(holders(), (both.clone(), both), "the removal was taken back");
        let taken_back = format!(
            "统一社会信用代码,列入决定书文号,列入原因,列入日期,列入决定机关,操作\n{},列1号,,,,撤销\n",
            code(0)
        );
        assert_eq!(town.hand_over("abnormal-listing", &taken_back).rows_refused, 0);
        let other = BTreeSet::from([number(1)]);
        assert_eq!(holders(), (other.clone(), other), "so was the listing");
    }
);

/// One item with one exclusion, on 1 June 2026.
fn excluded(rule: ExclusionRule, known: &Known, change: impl Fn(&mut Exclusion)) -> bool {
    let mut exclusion = Exclusion {
        title: String::new(),
        rule,
        except_classes: Vec::new(),
        except_kind: None,
    };
    change(&mut exclusion);
    let filter = Filter::default();
    let subjects = SubjectFilter::default();
    let rule = PoolRule {
        place: kernel::Division::parse("440511").unwrap(),
        filter: &filter,
        classes: vec!["A", "B"],
        frequencies: vec![None, None],
        items: vec![ItemRule {
            check: LICENCE,
            department: MARKET,
            kind: CheckKind::Key,
            subjects: &subjects,
            exclusions: vec![("r".into(), &exclusion)],
        }],
        today: day("2026-06-01"),
    };
    let entity = crate::registry::model::Entity {
        entity_id: 1,
        subject_no: code(1),
        name: String::new(),
        kind: "1130".into(),
        status: "1".into(),
        established_on: Some(day("2026-01-15")),
        capital_fen: None,
        industry: "H6210".into(),
        division: "440511".into(),
        address: String::new(),
        record_id: 1,
        updated_at: "2026-01-15T00:00:00Z".parse().unwrap(),
    };
    rule.excluded(&rule.items[0], &entity, 1, known).is_some()
}

fn visited(on: &str, check: &str, by_upper: bool) -> Known {
    let visit = Visit {
        on: day(on),
        no: "1".into(),
        checks: vec![check.into()],
        departments: vec![MARKET.into()],
        by_upper,
    };
    Known {
        visits: [(1, vec![visit])].into(),
        ..Known::default()
    }
}

#[test]
fn each_kind_of_exclusion_keeps_out_whom_it_names_and_nobody_else() {
    use ExclusionRule as Rule;
    let plain = |_: &mut Exclusion| {};
    let nothing = Known::default();
    // A window of three months back from 1 June begins after 1 March.
    for (on, within) in [("2026-03-02", true), ("2026-03-01", false)] {
        assert_eq!(
            excluded(Rule::SameItemWithin(3), &visited(on, LICENCE, false), plain),
            within,
            "{on}"
        );
        assert_eq!(
            excluded(Rule::AnyCheckWithin(3), &visited(on, CATERING, false), plain),
            within,
            "{on}"
        );
        assert_eq!(
            excluded(Rule::UpperLevelWithin(3), &visited(on, LICENCE, true), plain),
            within,
            "{on}"
        );
    }
    assert!(
        !excluded(
            Rule::SameItemWithin(3),
            &visited("2026-05-01", CATERING, false),
            plain
        ),
        "another item"
    );
    assert!(
        !excluded(
            Rule::UpperLevelWithin(3),
            &visited("2026-05-01", LICENCE, false),
            plain
        ),
        "the same level"
    );
    assert!(excluded(Rule::RegisteredWithin(6), &nothing, plain));
    assert!(!excluded(Rule::RegisteredWithin(4), &nothing, plain));
    assert!(excluded(Rule::StatusNotIn(vec!["7".into()]), &nothing, plain));
    assert!(!excluded(Rule::StatusNotIn(vec!["1".into()]), &nothing, plain));
    let held = Known {
        holds: [("licence".to_owned(), [1].into())].into(),
        ..Known::default()
    };
    assert!(excluded(Rule::ItemNone("licence".into()), &nothing, plain));
    assert!(!excluded(Rule::ItemNone("licence".into()), &held, plain));
    let open = Known {
        open: [("abnormal-listing".to_owned(), [1].into())].into(),
        ..Known::default()
    };
    assert!(excluded(Rule::ItemOpen("abnormal-listing".into()), &open, plain));
    assert!(!excluded(Rule::ItemOpen("abnormal-listing".into()), &held, plain));
    assert!(!excluded(Rule::RegisteredWithin(6), &nothing, |one| one
        .except_classes =
        vec!["B".into()]));
    assert!(excluded(Rule::RegisteredWithin(6), &nothing, |one| one
        .except_classes =
        vec!["A".into()]));
    assert!(!excluded(Rule::RegisteredWithin(6), &nothing, |one| one
        .except_kind =
        Some(CheckKind::Key)));
    assert!(excluded(Rule::RegisteredWithin(6), &nothing, |one| one
        .except_kind =
        Some(CheckKind::General)));
}
