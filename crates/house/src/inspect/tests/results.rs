//! Recording results.
use db::db_test;

use super::*;
use crate::MIGRATIONS;
use crate::hall::duty;

fn scene(db: &Db) -> (Town, Plan, Task) {
    let town = district(db, 100);
    let plan = approved(&town, &new_plan(vec![item(LICENCE, None)]));
    drawn(&town, &plan);
    town.later(20);
    let task = tasks(&town, &plan).remove(0);
    (town, plan, task)
}

fn record(town: &Town, task: &Task, result: &NewResult) -> kernel::Outcome<Task> {
    town.run(|tx, op| service::record_result(tx, op, task.task_id, result))
}

db_test!(
    a_result_opens_the_duty_to_publish_with_the_right_day,
    MIGRATIONS,
    |db| {
        let (town, _, task) = scene(&db);
        let done = record(&town, &task, &found(&task, "2026-06-15", "01")).unwrap();
        assert_eq!(
            (done.state.as_str(), done.done_on),
            ("done", Some(day("2026-06-15")))
        );
        let duties = town.ask(|tx, _| duty::about(tx, &format!("task:{}", task.task_id)));
        assert_eq!(duties.len(), 1);
        assert_eq!(duties[0].kind, "inspect.publish");
        // Twenty working days; 19 June is Dragon Boat day.
        assert_eq!(duties[0].due_on, day("2026-07-14"));
        let again = record(&town, &task, &found(&task, "2026-06-15", "01")).unwrap_err();
        assert_eq!(again.code, "inspect.task.state");
    }
);

db_test!(
    a_problem_found_opens_the_duty_that_the_pack_names,
    MIGRATIONS,
    |db| {
        let (town, _, task) = scene(&db);
        record(&town, &task, &found(&task, "2026-06-15", "04")).unwrap();
        let duties = town.ask(|tx, _| duty::about(tx, &format!("task:{}", task.task_id)));
        let listing = duties
            .iter()
            .find(|duty| duty.kind == "inspect.follow-listing")
            .unwrap();
        assert_eq!(listing.due_on, day("2026-06-30"), "ten working days");
    }
);

db_test!(
    wrong_results_are_refused_and_leave_the_task_open,
    MIGRATIONS,
    |db| {
        let (town, plan, task) = scene(&db);
        let right = found(&task, "2026-06-15", "01");
        let with = |change: &dyn Fn(&mut NewResult)| {
            let mut wrong = right.clone();
            change(&mut wrong);
            record(&town, &task, &wrong).unwrap_err().fields[0].clone()
        };
        let exclusive = with(&|result| result.items[0].codes.push("05".into()));
        assert!(
            exclusive.field == "items[0].codes" && exclusive.detail.contains("不能与其他结果同时"),
            "{exclusive:?}"
        );
        assert_eq!(
            with(&|result| result.items[0].codes = vec!["99".into()]).field,
            "items[0].codes"
        );
        assert_eq!(
            with(&|result| result.items[0].codes.clear()).field,
            "items[0].codes"
        );
        assert_eq!(with(&|result| result.items.clear()).field, "items");
        assert_eq!(with(&|result| drop(result.inspectors.pop())).field, "inspectors");
        assert_eq!(
            with(&|result| result.inspectors[1] = result.inspectors[0].clone()).field,
            "inspectors"
        );
        assert_eq!(
            with(&|result| result.inspectors.push("F00".into())).field,
            "inspectors"
        );
        assert_eq!(
            with(&|result| result.checked_on = day("2026-05-31")).field,
            "checked_on"
        );
        assert_eq!(
            with(&|result| result.checked_on = day("2026-12-31")).field,
            "checked_on"
        );
        assert_eq!(tasks(&town, &plan)[0].state, "open");
    }
);

db_test!(two_problems_of_one_item_may_stand_together, MIGRATIONS, |db| {
    let (town, _, task) = scene(&db);
    let mut result = found(&task, "2026-06-15", "07");
    result.items[0].codes = vec!["07".into(), "05".into()];
    record(&town, &task, &result).unwrap();
    town.settle();
    let file = town.ask(|tx, op| crate::registry::service::credit_file(tx, op, &task.subject_no, None));
    let statements: Vec<_> = file.groups.iter().flat_map(|group| &group.statements).collect();
    let kept = statements
        .iter()
        .find(|one| one.item == "inspection-result")
        .expect("the result is a credit record");
    assert_eq!(kept.content["result"], "05", "the problem stands for the item");
    assert_eq!(kept.content["task_no"], task.task_no.as_str());
});
