//! Writing and approving plans.
use db::db_test;

use super::*;
use crate::MIGRATIONS;

db_test!(plans_are_numbered_by_year_and_place, MIGRATIONS, |db| {
    let town = district(&db, 3);
    let write = |new: &NewPlan| {
        town.run(|tx, op| service::write_plan(tx, op, new))
            .unwrap()
            .plan_no
    };
    let new = new_plan(vec![item(LICENCE, None)]);
    assert_eq!(write(&new), "2026-440511-000001");
    assert_eq!(write(&new), "2026-440511-000002");
    let next_year = NewPlan {
        starts_on: day("2027-01-04"),
        ends_on: day("2027-02-01"),
        ..new
    };
    assert_eq!(write(&next_year), "2027-440511-000001");
});

db_test!(a_wrong_plan_is_refused_with_every_field_named, MIGRATIONS, |db| {
    let town = district(&db, 3);
    let mut too_much = item(LICENCE, None);
    too_much.ratios.insert("B".into(), "6/100".into());
    too_much.ratios.insert("A".into(), "1/100000".into());
    let new = NewPlan {
        mode: Mode::Directed,
        ends_on: day("2026-06-01"),
        division: "440512".into(),
        ..new_plan(vec![
            too_much,
            item("no.such", None),
            item("customs.trade", None),
            item(CATERING, Some("440500-scjg")),
        ])
    };
    let refused = town.run(|tx, op| service::write_plan(tx, op, &new)).unwrap_err();
    let fields: Vec<&str> = refused.fields.iter().map(|fault| fault.field.as_str()).collect();
    assert_eq!(
        fields,
        [
            "division",
            "ends_on",
            "filter",
            "items[0].ratios.A",
            "items[0].ratios.B",
            "items[1].check",
            "items[2].department",
            "items[3].department",
        ],
        "{refused}"
    );
    assert!(refused.basis.is_some(), "the pack's rule is named");
    assert!(refused.detail.contains("超过上限 5/100"), "{}", refused.detail);
    let undirected = NewPlan {
        filter: Filter {
            industries: vec!["H62".into()],
            ..Filter::default()
        },
        ..new_plan(vec![item(LICENCE, None)])
    };
    let refused = town
        .run(|tx, op| service::write_plan(tx, op, &undirected))
        .unwrap_err();
    assert_eq!(refused.fields[0].field, "filter");
});

db_test!(a_key_item_knows_no_upper_limit, MIGRATIONS, |db| {
    let town = district(&db, 3);
    let mut all = item(CATERING, None);
    all.ratios.insert("A".into(), "1/1".into());
    assert!(
        town.run(|tx, op| service::write_plan(tx, op, &new_plan(vec![all.clone()])))
            .is_ok()
    );
});

db_test!(
    an_approved_plan_is_not_edited_and_a_draft_not_drawn,
    MIGRATIONS,
    |db| {
        let town = district(&db, 3);
        let mut new = new_plan(vec![item(LICENCE, None)]);
        let draft = town.run(|tx, op| service::write_plan(tx, op, &new)).unwrap();
        let early = town
            .run(|tx, op| service::commit_draw(tx, op, draft.plan_id, &promises(), [1; 32]))
            .unwrap_err();
        assert_eq!(early.code, "inspect.plan.not-approved");
        new.title = "改过的计划".into();
        let edited = town
            .run(|tx, op| service::edit_plan(tx, op, draft.plan_id, &new))
            .unwrap();
        assert_eq!(
            (edited.title.as_str(), edited.plan_no.as_str()),
            ("改过的计划", draft.plan_no.as_str())
        );
        town.run(|tx, op| service::approve_plan(tx, op, draft.plan_id))
            .unwrap();
        let late = town
            .run(|tx, op| service::edit_plan(tx, op, draft.plan_id, &new))
            .unwrap_err();
        assert_eq!(late.code, "inspect.plan.not-draft");
    }
);
