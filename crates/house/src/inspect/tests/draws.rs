//! Commitment, reveals, void and draw.
use std::collections::BTreeSet;

use db::db_test;
use proof::verify::{Material, verify};

use super::*;
use crate::MIGRATIONS;

fn reveal(town: &Town, draw: &Draw, at: usize, value: &[u8]) -> kernel::Outcome<Draw> {
    town.run(|tx, op| service::reveal(tx, op, draw.draw_id, PARTIES[at], &hex::encode(value)))
}

db_test!(a_plan_is_drawn_only_once, MIGRATIONS, |db| {
    let town = district(&db, 200);
    let plan = approved(&town, &new_plan(vec![item(LICENCE, None)]));
    let draw = drawn(&town, &plan);
    assert_eq!(draw.state, "drawn");
    let before = tasks(&town, &plan);
    let keys = town.house.keys.clone();
    let again = town
        .run(|tx, op| service::draw(tx, op, &keys, draw.draw_id))
        .unwrap_err();
    assert_eq!(again.code, "inspect.plan.already-drawn");
    let anew = town
        .run(|tx, op| service::commit_draw(tx, op, plan.plan_id, &promises(), [9; 32]))
        .unwrap_err();
    assert_eq!(anew.code, "inspect.plan.already-drawn");
    assert_eq!(tasks(&town, &plan), before);
});

db_test!(
    a_wrong_reveal_voids_the_draw_and_the_next_attempt_names_it,
    MIGRATIONS,
    |db| {
        let town = district(&db, 200);
        let plan = approved(&town, &new_plan(vec![item(LICENCE, None)]));
        let first = committed(&town, &plan, 1);
        reveal(&town, &first, 0, &[0x11; 16]).unwrap();
        let voided = reveal(&town, &first, 1, &[0x33; 32]).unwrap();
        assert_eq!(voided.state, "void");
        town.settle();
        assert_eq!(
            town.ask(|tx, op| service::plan(tx, op, plan.plan_id)).state,
            "approved"
        );
        let documents = town.ask(|tx, _| service::documents(tx, first.draw_id));
        let void = documents.void.unwrap();
        assert_eq!(
            (void["reason"].as_str(), void["contributors"][0].as_str()),
            (Some("mismatch"), Some(PARTIES[1]))
        );
        assert_eq!(
            documents.reveals.as_array().unwrap().len(),
            2,
            "the wrong value is kept as evidence"
        );
        let hash = Suite::Sm3Sm2
            .hash(&proof::canonical::to_vec(&void).unwrap())
            .to_string();
        let logged = town.ask(|tx, _| crate::hall::log::holds(tx, &first.campaign, "draw.void", &hash));
        assert!(logged);
        let keys = town.house.keys.clone();
        let dead = town
            .run(|tx, op| service::draw(tx, op, &keys, first.draw_id))
            .unwrap_err();
        assert_eq!(dead.code, "inspect.draw.void");

        let second = drawn(&town, &plan);
        assert_eq!((second.attempt, second.state.as_str()), (2, "drawn"));
        let commitment = town
            .ask(|tx, _| service::documents(tx, second.draw_id))
            .commitment;
        assert_eq!(commitment["previous_void"].as_str(), Some(hash.as_str()));
        let sealed = town.ask(|tx, _| service::sealed_transcript(tx, &keys, second.draw_id));
        assert!(
            verify(&sealed, None).holds(),
            "{:?}",
            verify(&sealed, None).failed()
        );
    }
);

db_test!(
    a_missing_reveal_voids_the_draw_after_the_deadline_and_not_before,
    MIGRATIONS,
    |db| {
        let town = district(&db, 100);
        let plan = approved(&town, &new_plan(vec![item(LICENCE, None)]));
        let draw = committed(&town, &plan, 1);
        // Two working days after Monday, to the end of the day.
        assert_eq!(draw.reveal_by.to_rfc3339(), "2026-06-03T15:59:59+00:00");
        reveal(&town, &draw, 0, &[0x11; 16]).unwrap();
        let keys = town.house.keys.clone();
        let early = town
            .run(|tx, op| service::draw(tx, op, &keys, draw.draw_id))
            .unwrap_err();
        assert!(
            early.code == "inspect.draw.reveals-missing" && early.detail.contains(PARTIES[1]),
            "{early}"
        );
        assert!(town.run(service::expire_draws).unwrap().is_empty());
        town.later(3);
        let late = reveal(&town, &draw, 1, &[0x22; 32]).unwrap_err();
        assert_eq!(late.code, "inspect.reveal.too-late");
        let voided = town.run(service::expire_draws).unwrap();
        assert_eq!((voided.len(), voided[0].state.as_str()), (1, "void"));
        assert!(town.run(service::expire_draws).unwrap().is_empty());
    }
);

db_test!(
    a_reveal_is_taken_only_when_the_commitment_stands_in_the_log,
    MIGRATIONS,
    |db| {
        let town = district(&db, 100);
        let plan = approved(&town, &new_plan(vec![item(LICENCE, None)]));
        let draw = town
            .run(|tx, op| service::commit_draw(tx, op, plan.plan_id, &promises(), [1; 32]))
            .unwrap();
        let early = reveal(&town, &draw, 0, &[0x11; 16]).unwrap_err();
        assert_eq!(early.code, "inspect.reveal.not-logged");
        town.settle();
        assert_eq!(reveal(&town, &draw, 0, &[0x11; 16]).unwrap().state, "committed");
        let slip = reveal(&town, &draw, 1, &[0x22; 8]).unwrap_err();
        assert_eq!(
            slip.code, "inspect.reveal.malformed",
            "a value of the wrong length is a slip, not a breach"
        );
        let twice = reveal(&town, &draw, 0, &[0x12; 16]).unwrap_err();
        assert_eq!(twice.code, "inspect.reveal.twice");
    }
);

db_test!(
    every_drawn_entity_has_a_team_of_two_certified_inspectors_not_recused,
    MIGRATIONS,
    |db| {
        let town = district(&db, 300);
        // Half of the inspectors must not go to the firms of the highest class, which are all drawn.
        let recused: Vec<String> = [0, 100, 200].map(code).to_vec();
        let mut barred: Vec<Inspector> = (0..7).map(|n| inspector(&format!("M{n:02}"), MARKET)).collect();
        for one in &mut barred {
            one.recused.clone_from(&recused);
        }
        town.run(|tx, op| office::service::load(tx, op, &[], &barred))
            .unwrap();
        let plan = approved(&town, &new_plan(vec![item(LICENCE, None)]));
        let draw = drawn(&town, &plan);
        let tasks = tasks(&town, &plan);
        let quota: u64 = draw.pools.iter().map(|pool| pool.quota).sum();
        assert_eq!(tasks.len() as u64, quota);
        let roll = town.ask(|tx, _| office::service::inspectors(tx));
        for task in &tasks {
            assert_eq!(task.state, "open");
            let team: BTreeSet<&str> = task
                .members
                .iter()
                .map(|member| member.inspector.as_str())
                .collect();
            assert_eq!(team.len(), 2, "{task:?}");
            for member in team {
                let person = roll.iter().find(|one| one.inspector_id == member).unwrap();
                assert!(
                    person.certificate_until >= plan.ends_on,
                    "{member} goes with a lapsed certificate"
                );
                assert!(
                    !person.recused.contains(&task.subject_no),
                    "{member} is recused from {}",
                    task.subject_no
                );
            }
        }
        for firm in &recused {
            assert!(
                tasks.iter().any(|task| task.subject_no == *firm),
                "all of the highest class are drawn"
            );
        }
    }
);

db_test!(a_joint_visit_has_people_of_both_departments, MIGRATIONS, |db| {
    let town = district(&db, 200);
    let plan = approved(
        &town,
        &new_plan(vec![item(CATERING, None), item(FIRE_PLACE, Some(FIRE))]),
    );
    drawn(&town, &plan);
    let tasks = tasks(&town, &plan);
    let joint: Vec<&Task> = tasks.iter().filter(|task| task.items.len() == 2).collect();
    assert!(!joint.is_empty(), "equal pools give equal draws");
    for task in joint {
        let departments: Vec<&str> = task
            .members
            .iter()
            .map(|member| member.department.as_str())
            .collect();
        assert_eq!(departments, [MARKET, FIRE], "one of each, two in all");
    }
});

db_test!(
    the_draw_verifies_for_the_public_the_firm_and_the_auditor,
    MIGRATIONS,
    |db| {
        let town = district(&db, 200);
        let plan = approved(&town, &new_plan(vec![item(LICENCE, None), item(CATERING, None)]));
        let draw = drawn(&town, &plan);
        let task = tasks(&town, &plan).remove(0);
        town.run(|tx, op| service::cancel(tx, op, task.task_id, "企业停业装修"))
            .unwrap();
        let keys = town.house.keys.clone();
        let sealed = town.ask(|tx, _| service::sealed_transcript(tx, &keys, draw.draw_id));
        assert!(
            !sealed.opened.is_empty(),
            "the rows of the cancelled visit are open"
        );
        assert!(
            sealed
                .opened
                .iter()
                .all(|row| row.row.name().2 == task.subject_no),
            "and no others"
        );
        // The file as somebody downloads it.
        let file = serde_json::to_vec(&sealed).unwrap();
        let sealed = proof::draw::Sealed::parse(&file).unwrap();
        let report = verify(&sealed, None);
        assert!(report.holds(), "{:?}", report.failed());
        assert!(sealed.log.is_some());
        let firm = town.ask(|tx, op| service::firm_material(tx, op, draw.draw_id, &task.subject_no));
        assert_eq!(
            firm.len(),
            1 + usize::from(task.items.len() == 2 || is_restaurant(&town, &task))
        );
        for row in firm {
            let report = verify(&sealed, Some(&Material::Firm(row)));
            assert!(report.holds(), "{:?}", report.failed());
        }
        let auditor = town.ask(|tx, op| service::auditor_material(tx, op, draw.draw_id));
        let bytes = serde_json::to_vec(&auditor).unwrap();
        let report = verify(&sealed, Some(&Material::parse(&bytes).unwrap()));
        assert!(report.holds(), "{:?}", report.failed());
        let passed = report
            .checks
            .iter()
            .filter(|check| check.outcome == proof::verify::Outcome::Pass)
            .count();
        assert_eq!(passed, 19, "all checks but the firm's three");
    }
);

fn is_restaurant(town: &Town, task: &Task) -> bool {
    town.ask(|tx, op| crate::registry::service::by_no(tx, op, &task.subject_no))
        .industry
        == "H6210"
}

db_test!(all_rows_are_open_when_the_plan_is_closed, MIGRATIONS, |db| {
    let town = district(&db, 100);
    let plan = approved(&town, &new_plan(vec![item(LICENCE, None)]));
    let draw = drawn(&town, &plan);
    let open = town
        .run(|tx, op| service::close_plan(tx, op, plan.plan_id))
        .unwrap_err();
    assert_eq!(open.code, "inspect.plan.open-tasks");
    for task in tasks(&town, &plan) {
        town.run(|tx, op| service::cancel(tx, op, task.task_id, "计划取消"))
            .unwrap();
    }
    town.run(|tx, op| service::close_plan(tx, op, plan.plan_id))
        .unwrap();
    let keys = town.house.keys.clone();
    let sealed = town.ask(|tx, _| service::sealed_transcript(tx, &keys, draw.draw_id));
    assert_eq!(sealed.opened.len() as u64, sealed.transcript.selected.size);
    assert!(verify(&sealed, None).holds());
});

db_test!(
    five_thousand_candidates_are_drawn_by_the_shares_of_their_classes,
    MIGRATIONS,
    |db| {
        let town = district(&db, 5_000);
        let plan = approved(&town, &new_plan(vec![item(LICENCE, None)]));
        let draw = drawn(&town, &plan);
        assert_eq!(draw.pools[0].size, 5_000);
        // A 1,200 × 1 % = 12; B 3,500 × 3 % = 105; C 250 × 20 % = 50; D 50 × 100 % = 50.
        let mut drawn = std::collections::BTreeMap::new();
        let numbers: std::collections::HashMap<String, u32> =
            (0..5_000).map(|number| (code(number), number)).collect();
        for task in tasks(&town, &plan) {
            *drawn.entry(class_of(numbers[&task.subject_no])).or_insert(0) += 1;
        }
        assert_eq!(
            drawn.into_iter().collect::<Vec<_>>(),
            [("A", 12), ("B", 105), ("C", 50), ("D", 50)]
        );
        let auditor = town.ask(|tx, op| service::auditor_material(tx, op, draw.draw_id));
        let keys = town.house.keys.clone();
        let sealed = town.ask(|tx, _| service::sealed_transcript(tx, &keys, draw.draw_id));
        let report = verify(&sealed, Some(&Material::Auditor(auditor)));
        assert!(report.holds(), "{:?}", report.failed());
    }
);
