//! Replacement, recusal, cancellation, staffing.
use std::collections::BTreeSet;

use db::db_test;
use proof::draw::SelectedRow;

use super::*;
use crate::MIGRATIONS;
use crate::inspect::model::{Cause, Replacement};

fn closed() -> Replacement {
    Replacement {
        cause: Cause::Closed,
        note: "现场已无人经营,登记机关已注销".into(),
    }
}

db_test!(
    a_replacement_takes_the_reserves_of_the_stratum_in_order,
    MIGRATIONS,
    |db| {
        let town = district(&db, 400);
        let plan = approved(
            &town,
            &NewPlan {
                reserve: Some(2),
                ..new_plan(vec![item(LICENCE, None)])
            },
        );
        let draw = drawn(&town, &plan);
        let auditor = town.ask(|tx, op| service::auditor_material(tx, op, draw.draw_id));
        let numbers: std::collections::HashMap<String, u32> =
            (0..400).map(|number| (code(number), number)).collect();
        let class = |id: &str| class_of(numbers[id]);
        let reserves: Vec<String> = auditor
            .selected
            .iter()
            .filter_map(|row| match row {
                SelectedRow::Reserve { id, .. } if class(id) == "B" => Some(id.clone()),
                _ => None,
            })
            .collect();
        assert_eq!(reserves.len(), 2);
        let of_b: Vec<Task> = tasks(&town, &plan)
            .into_iter()
            .filter(|task| class(&task.subject_no) == "B")
            .collect();
        let replace = |task: &Task| town.run(|tx, op| service::replace(tx, op, task.task_id, &closed()));
        for (task, reserve) in of_b.iter().zip(&reserves) {
            let replaced = replace(task).unwrap();
            assert_eq!(replaced.task.state, "replaced");
            let new = &replaced.tasks[0];
            assert_eq!(
                (&new.subject_no, new.replaces, new.state.as_str()),
                (reserve, Some(task.task_id), "open")
            );
            assert_eq!(new.members.len(), 2);
        }
        let none_left = replace(&of_b[2]).unwrap_err();
        assert_eq!(none_left.code, "inspect.reserve.exhausted");
        assert_eq!(
            town.ask(|tx, op| service::task(tx, op, of_b[2].task_id)).state,
            "open"
        );
        let numbers: BTreeSet<String> = tasks(&town, &plan).into_iter().map(|task| task.task_no).collect();
        assert_eq!(numbers.len() as u64, draw.pools[0].quota + 2, "numbers go on");
    }
);

db_test!(
    a_recused_inspector_is_replaced_by_another_of_the_department_and_stays_out,
    MIGRATIONS,
    |db| {
        let town = district(&db, 100);
        let plan = approved(&town, &new_plan(vec![item(LICENCE, None)]));
        drawn(&town, &plan);
        let mut task = tasks(&town, &plan).remove(0);
        let mut out = BTreeSet::new();
        for _ in 0..3 {
            let leaving = task.members[0].inspector.clone();
            out.insert(leaving.clone());
            task = town
                .run(|tx, op| service::recuse(tx, op, task.task_id, &leaving, "系近亲属"))
                .unwrap();
            let team: BTreeSet<String> = task
                .members
                .iter()
                .map(|member| member.inspector.clone())
                .collect();
            assert_eq!((team.len(), task.state.as_str()), (2, "open"));
            assert!(team.is_disjoint(&out), "{team:?} {out:?}");
            assert!(task.members.iter().all(|member| member.department == MARKET));
            assert!(task.leader.as_ref().is_some_and(|leader| team.contains(leader)));
        }
        let own = |inspector: &str| {
            let search = TaskSearch {
                inspector: Some(inspector.to_owned()),
                ..TaskSearch::default()
            };
            town.ask(|tx, op| service::tasks(tx, op, &search, 0, 100))
                .iter()
                .any(|one| one.task_id == task.task_id)
        };
        assert!(own(&task.members[0].inspector));
        assert!(
            !own(out.first().unwrap()),
            "it left the list of whoever was recused"
        );
        let stranger = town
            .run(|tx, op| service::recuse(tx, op, task.task_id, "F00", "无关"))
            .unwrap_err();
        assert_eq!(stranger.code, "inspect.team.not-a-member");
    }
);

db_test!(
    a_task_without_people_waits_and_is_staffed_when_there_are_some,
    MIGRATIONS,
    |db| {
        let town = district(&db, 100);
        // Nobody of the market department may go to this firm of the highest class.
        let firm = code(0);
        let mut all: Vec<Inspector> = (0..14).map(|n| inspector(&format!("M{n:02}"), MARKET)).collect();
        for one in &mut all {
            one.recused = vec![firm.clone()];
        }
        town.run(|tx, op| office::service::load(tx, op, &[], &all))
            .unwrap();
        let plan = approved(&town, &new_plan(vec![item(LICENCE, None)]));
        drawn(&town, &plan);
        let task = tasks(&town, &plan)
            .into_iter()
            .find(|task| task.subject_no == firm)
            .unwrap();
        assert_eq!((task.state.as_str(), task.members.len()), ("unstaffed", 0));
        let short = town
            .run(|tx, op| service::staff(tx, op, task.task_id))
            .unwrap_err();
        assert_eq!(short.code, "inspect.team.short");
        let more = [inspector("N01", MARKET), inspector("N02", MARKET)];
        town.run(|tx, op| office::service::load(tx, op, &[], &more))
            .unwrap();
        let staffed = town.run(|tx, op| service::staff(tx, op, task.task_id)).unwrap();
        let team: BTreeSet<&str> = staffed
            .members
            .iter()
            .map(|member| member.inspector.as_str())
            .collect();
        assert_eq!(
            (staffed.state.as_str(), team),
            ("open", BTreeSet::from(["N01", "N02"]))
        );
    }
);

db_test!(
    a_change_needs_a_reason_and_its_hash_stands_in_the_log,
    MIGRATIONS,
    |db| {
        let town = district(&db, 100);
        let plan = approved(&town, &new_plan(vec![item(LICENCE, None)]));
        drawn(&town, &plan);
        let task = tasks(&town, &plan).remove(0);
        let silent = town
            .run(|tx, op| service::cancel(tx, op, task.task_id, "  "))
            .unwrap_err();
        assert_eq!(silent.code, "inspect.change.reason");
        town.run(|tx, op| service::cancel(tx, op, task.task_id, "企业停业"))
            .unwrap();
        town.settle();
        let events = town.ask(|tx, op| crate::hall::ledger::about(tx, op, &format!("task:{}", task.task_id)));
        let facts = &events
            .iter()
            .find(|event| event.verb == "inspect.task-cancelled")
            .unwrap()
            .payload;
        let hash = Suite::Sm3Sm2
            .hash(&proof::canonical::to_vec(facts).unwrap())
            .to_string();
        let subject = format!("{}/changes", plan.plan_no);
        assert!(town.ask(|tx, _| crate::hall::log::holds(tx, &subject, "draw.cancellation", &hash)));
    }
);
