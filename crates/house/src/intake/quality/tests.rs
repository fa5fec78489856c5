//! Stories of quality, on both databases.
use db::db_test;
use kernel::actor::Scope;
use kernel::{Actor, Division};

use super::model::Score;
use super::service;
use crate::MIGRATIONS;
use crate::hall::duty;
use crate::hall::{Op, query};
use crate::office::model::Department;
use crate::stories::{FIRM, HOUSEHOLD, OTHER, Town};

/// The supplier of every file in these stories.
const SUPPLIER: &str = "440511-scjg";

fn with_department(town: Town) -> Town {
    let department = Department {
        department_id: SUPPLIER.into(),
        name: "金平区市场监督管理局".into(),
        division: "440511".into(),
        function: "market".into(),
    };
    town.run(|tx, op| crate::office::service::load(tx, op, std::slice::from_ref(&department), &[]))
        .unwrap();
    town
}

fn penalties(rows: &[(&str, u32, &str)]) -> String {
    let rows: Vec<String> = rows
        .iter()
        .map(|(code, no, day)| format!("{code},{no}号,警告,{day}"))
        .collect();
    format!(
        "统一社会信用代码,决定书文号,处罚类别,处罚决定日期\n{}\n",
        rows.join("\n")
    )
}

fn watch(town: &Town) -> bool {
    service::watch(&town.house, &town.op()).unwrap()
}

fn score(town: &Town, month: &str) -> Score {
    let found = town.ask(|tx, op| service::scores(tx, op, month));
    found
        .into_iter()
        .find(|score| score.supplier == SUPPLIER)
        .unwrap()
}

fn dimension(score: &Score, code: &str) -> (i64, i64) {
    let found = score
        .dimensions
        .iter()
        .find(|dimension| dimension.code == code)
        .unwrap();
    (found.part, found.whole)
}

db_test!(
    a_months_score_counts_every_fault_under_its_dimension,
    MIGRATIONS,
    |db| {
        let town = with_department(Town::build(&db)).with_three();
        // The day on which the supplier begins; what happened before is stock, and late for nobody.
        town.hand_over(
            "penalty",
            &penalties(&[(FIRM, 1, "2026-03-02"), (OTHER, 2, "2026-05-29")]),
        );
        town.later(28);
        let wrong_code = format!("{}X", &FIRM[..17]);
        let text = penalties(&[
            (FIRM, 3, "2026-06-02"),
            (FIRM, 4, "2026-06-26"),
            (FIRM, 5, ""),
            (&wrong_code, 6, "2026-06-26"),
            (HOUSEHOLD, 7, "2026-13-01"),
            (OTHER, 2, "2026-05-29"),
            (FIRM, 1, "2026-03-05"),
        ]);
        let batch = town.hand_over("penalty", &text);
        assert_eq!(
            (batch.rows_read, batch.rows_refused, batch.rows_unchanged),
            (7, 3, 1)
        );
        assert!(watch(&town));
        let score = score(&town, "2026-06");
        let read = score.counts.rows_read;
        assert_eq!(dimension(&score, "completeness"), (1, read));
        assert_eq!(dimension(&score, "linkage"), (1, read));
        assert_eq!(dimension(&score, "format"), (1, read));
        // The registrations are a state: to hand them over again is no fault, so only the penalties are judged.
        assert_eq!(dimension(&score, "redundancy"), (1, read - 3));
        assert_eq!(dimension(&score, "accuracy"), (1, score.counts.records));
        // Decided on 2 June and due seven working days later; the other two days were in time.
        assert_eq!(dimension(&score, "timeliness").0, 1, "{:?}", score.dimensions);
        assert!(score.score.is_some_and(|points| points < 1_000));
        assert_eq!(score.supplier_name.as_deref(), Some("金平区市场监督管理局"));
    }
);

db_test!(
    what_came_in_at_the_end_of_a_month_and_was_taken_in_later_counts_for_that_month,
    MIGRATIONS,
    |db| {
        let town = with_department(Town::build(&db)).with_three();
        let mapping = crate::intake::service::Mapping::default();
        town.later(29);
        let text = penalties(&[(FIRM, 1, "2026-06-29")]);
        let batch_id = town.receive("penalty", text.as_bytes(), &mapping);
        let before = town.ask(|tx, _| crate::intake::service::batch(tx, batch_id));
        assert_eq!(before.state, "received");
        town.later(1);
        assert!(watch(&town));
        let read = score(&town, "2026-06").counts.rows_read;
        town.settle();
        town.later(1);
        assert!(watch(&town));
        assert_eq!(score(&town, "2026-06").counts.rows_read, read + 1);
    }
);

db_test!(
    the_watch_looks_once_a_day_counts_again_what_grew_and_a_clock_that_jumps_back_changes_nothing,
    MIGRATIONS,
    |db| {
        let town = with_department(Town::build(&db)).with_three();
        assert!(watch(&town));
        assert!(!watch(&town));
        let first = score(&town, "2026-06").counts.rows_read;
        town.hand_over("penalty", &penalties(&[(FIRM, 1, "2026-05-29")]));
        assert!(!watch(&town));
        town.later(1);
        assert!(watch(&town));
        assert_eq!(score(&town, "2026-06").counts.rows_read, first + 1);
        town.later(-5);
        assert!(!watch(&town));
        assert_eq!(score(&town, "2026-06").counts.rows_read, first + 1);
    }
);

db_test!(
    a_supplier_that_began_owes_the_next_period_once_and_a_hand_over_meets_it,
    MIGRATIONS,
    |db| {
        let town = with_department(Town::build(&db)).with_three();
        let open = || {
            let duties = town
                .ask(|tx, op| duty::open_duties(tx, op, Some(SUPPLIER), None, 50))
                .items;
            duties
                .into_iter()
                .filter(|duty| duty.kind == service::DUTY)
                .collect::<Vec<_>>()
        };
        assert!(watch(&town));
        assert!(open().is_empty(), "what came today is not owed yet");
        // Registrations are daily.
        town.later(1);
        assert!(watch(&town));
        assert!(
            open().is_empty(),
            "what came on the last day of the period met it"
        );
        town.later(1);
        assert!(watch(&town));
        let owed = open();
        assert_eq!(owed.len(), 1, "{owed:?}");
        assert!(owed[0].title.contains("登记注册"), "{owed:?}");
        let due_on = owed[0].due_on;
        town.later(3);
        assert!(watch(&town));
        assert_eq!(open(), owed, "one open duty of an item at a time");
        assert!(due_on < town.op().today());
        let expected = town.ask(service::expectations);
        assert_eq!((expected.len(), expected[0].due_on), (1, due_on));
        let new = format!(
            "{}",
            crate::stories::registrations().replace("500万元", "600万元")
        );
        town.hand_over("registration", &new);
        assert!(open().is_empty());
        assert!(town.ask(service::expectations).is_empty());
        // It came after its last day: the month remembers.
        assert_eq!(score(&town, "2026-06").overdue, 0, "met within the month");
    }
);

db_test!(
    freshness_names_what_is_stale_and_what_never_came_and_growth_compares_with_the_year_before,
    MIGRATIONS,
    |db| {
        let town = with_department(Town::build(&db)).with_three();
        let state = |item: &str| {
            let rows = town.ask(service::freshness);
            rows.into_iter().find(|row| row.item == item).unwrap().state
        };
        assert_eq!(
            (state("registration"), state("penalty")),
            ("fresh".into(), "never".into())
        );
        town.later(30);
        assert_eq!(state("registration"), "stale");
        town.hand_over("penalty", &penalties(&[(FIRM, 1, "2026-06-29")]));
        town.later(360);
        let text = penalties(&[
            (FIRM, 2, "2027-06-20"),
            (OTHER, 3, "2027-06-20"),
            (FIRM, 4, "2027-06-21"),
        ]);
        town.hand_over("penalty", &text);
        assert!(watch(&town));
        let months: Vec<&str> = vec!["2026-07", "2027-06"];
        let penalty = |month: &str| {
            let rows = town.ask(|tx, op| service::growth(tx, op, month));
            rows.into_iter()
                .find(|row| row.item == "penalty")
                .map(|row| (row.records, row.year_before, row.permille))
        };
        assert_eq!(penalty(months[1]), Some((3, 0, None)));
        assert_eq!(penalty(months[0]), Some((1, 0, None)));
        town.later(6);
        town.hand_over(
            "penalty",
            &penalties(&[(FIRM, 5, "2027-07-01"), (OTHER, 6, "2027-07-01")]),
        );
        assert!(watch(&town));
        assert_eq!(penalty("2027-07"), Some((2, 1, Some(1_000))));
        let trend = town.ask(|tx, op| service::trend(tx, op, SUPPLIER, "2027-07", 14));
        let months: Vec<String> = trend.into_iter().map(|score| score.month).collect();
        assert_eq!(months, ["2026-06", "2026-07", "2027-06", "2027-07"]);
    }
);

db_test!(a_department_sees_its_own_score_only, MIGRATIONS, |db| {
    let town = with_department(Town::build(&db)).with_three();
    watch(&town);
    let seen = |department: &str| {
        let scope = Scope {
            divisions: vec![Division::parse("440511").unwrap()],
            departments: Some(vec![department.into()]),
            everything: false,
        };
        let actor = Actor {
            scope,
            ..Actor::operator("联络员")
        };
        let op = Op { actor, ..town.op() };
        query(&town.house, &op, |tx, op| service::scores(tx, op, "2026-06"))
            .unwrap()
            .len()
    };
    assert_eq!((seen(SUPPLIER), seen("440511-swj")), (1, 0));
    let wrong = query(&town.house, &town.op(), |tx, op| {
        service::scores(tx, op, "2026-6")
    });
    assert_eq!(wrong.unwrap_err().code, "intake.quality.month");
});
