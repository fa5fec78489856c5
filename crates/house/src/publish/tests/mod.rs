//! Stories of publication, on both databases.
mod classes;
mod scoped;

use db::db_test;
use serde_json::Value;

use super::model::{
    ANNOUNCEMENT, COMMITMENT, NewAnnouncement, NewNotice, Notice, PLAN, RESULT, TRANSCRIPT, VOID,
};
use super::service;
use crate::MIGRATIONS;
use crate::hall::{duty, log};
use crate::inspect::model::Task;
use crate::inspect::service as inspect;
use crate::inspect::tests::{
    LICENCE, MARKET, PARTIES, approved, code, committed, district, drawn, found, item, new_plan, tasks,
};
use crate::stories::Town;

fn public(town: &Town, kind: &str) -> Vec<super::model::PublicNotice> {
    town.ask(|tx, op| service::public_notices(tx, op, kind, i64::MAX, 100))
}

/// A task of the plan with a result.
fn recorded(town: &Town, task: &Task, result: &str) -> Task {
    let result = found(task, "2026-06-15", result);
    let done = town
        .run(|tx, op| inspect::record_result(tx, op, task.task_id, &result))
        .unwrap();
    town.settle();
    done
}

fn logged(town: &Town, notice: &Notice, kind: &str) -> bool {
    let subject = format!("notice:{}", notice.notice_id);
    town.ask(|tx, _| log::holds(tx, &subject, kind, &notice.document))
}

db_test!(
    plans_and_the_documents_of_draws_are_published_by_themselves,
    MIGRATIONS,
    |db| {
        let town = district(&db, 100);
        let plan = approved(&town, &new_plan(vec![item(LICENCE, None)]));
        let first = committed(&town, &plan, 1);
        town.run(|tx, op| inspect::reveal(tx, op, first.draw_id, PARTIES[0], &"33".repeat(16)))
            .unwrap();
        town.settle();
        let second = drawn(&town, &plan);
        town.settle();
        assert_eq!(public(&town, PLAN)[0].number, plan.plan_no);
        let numbers = |kind: &str| {
            public(&town, kind)
                .into_iter()
                .map(|notice| notice.number)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            numbers(COMMITMENT),
            [second.campaign.clone(), first.campaign.clone()]
        );
        assert_eq!(
            (numbers(VOID), numbers(TRANSCRIPT)),
            (vec![first.campaign], vec![second.campaign])
        );
        // The notice carries the very document whose hash stands in the log.
        let commitment = public(&town, COMMITMENT).remove(0);
        assert_eq!(commitment.document, second.commitment_hash);
        let draws = town.ask(|tx, op| service::public_draws(tx, op, i64::MAX, 10));
        assert_eq!(draws[0].draw_id, second.draw_id);
        let documents = town.ask(|tx, op| service::public_documents(tx, op, second.draw_id));
        assert!(documents.transcript.is_some() && documents.void.is_none());
    }
);

db_test!(
    a_published_result_closes_its_duty_and_stands_in_the_log,
    MIGRATIONS,
    |db| {
        let town = district(&db, 100);
        let plan = approved(&town, &new_plan(vec![item(LICENCE, None)]));
        drawn(&town, &plan);
        town.later(20);
        let all = tasks(&town, &plan);
        let early = town
            .run(|tx, op| service::publish_result(tx, op, all[0].task_id))
            .unwrap_err();
        assert_eq!(early.code, "publish.result.not-recorded");
        recorded(&town, &all[0], "01");
        recorded(&town, &all[1], "04");
        let notice = town
            .run(|tx, op| service::publish_result(tx, op, all[0].task_id))
            .unwrap();
        assert_eq!(
            town.run(service::publish_due_results).unwrap(),
            1,
            "only the other one is still due"
        );
        assert_eq!(town.run(service::publish_due_results).unwrap(), 0);
        town.settle();
        assert!(logged(&town, &notice, "publish.notice"));
        for task in &all[..2] {
            let duties = town.ask(|tx, _| duty::about(tx, &format!("task:{}", task.task_id)));
            let publish = duties.iter().find(|duty| duty.kind == "inspect.publish").unwrap();
            assert!(publish.done_at.is_some());
        }
        let shown = public(&town, RESULT);
        let body = shown
            .iter()
            .find(|one| one.number == all[1].task_no)
            .unwrap()
            .body
            .clone()
            .unwrap();
        assert_eq!(
            body["items"][0]["results"][0]["title"],
            "通过登记的住所（经营场所）无法联系"
        );
        let text = body.to_string();
        assert!(
            !text.contains(&all[1].members[0].inspector),
            "who checked is not published"
        );
    }
);

db_test!(
    a_withdrawn_notice_stays_with_its_reason_and_without_its_content,
    MIGRATIONS,
    |db| {
        let town = district(&db, 100);
        let plan = approved(&town, &new_plan(vec![item(LICENCE, None)]));
        drawn(&town, &plan);
        town.later(20);
        let task = recorded(&town, &tasks(&town, &plan)[0], "01");
        let notice = town
            .run(|tx, op| service::publish_result(tx, op, task.task_id))
            .unwrap();
        let silent = town
            .run(|tx, op| service::withdraw(tx, op, notice.notice_id, " "))
            .unwrap_err();
        assert_eq!(silent.code, "publish.withdraw.reason");
        town.run(|tx, op| service::withdraw(tx, op, notice.notice_id, "结果录入有误"))
            .unwrap();
        town.settle();
        let shown = public(&town, RESULT).remove(0);
        assert_eq!(
            (shown.body, shown.withdrawn_why.as_deref()),
            (None, Some("结果录入有误"))
        );
        assert!(logged(&town, &notice, "publish.withdrawn"));
        assert_eq!(
            town.run(service::publish_due_results).unwrap(),
            0,
            "what was withdrawn is not published anew"
        );
    }
);

db_test!(what_has_a_term_is_taken_down_at_its_end, MIGRATIONS, |db| {
    let town = district(&db, 3);
    let new = NewAnnouncement {
        title: "公告".into(),
        text: "示例".into(),
        department: MARKET.into(),
        term: Some("publish.general-min".into()),
    };
    let notice = town.run(|tx, op| service::announce(tx, op, &new)).unwrap();
    let until = notice.until_on.unwrap();
    assert!(until >= town.op().today() + chrono::Duration::days(90), "{until}");
    let visible = |town: &Town| !public(town, ANNOUNCEMENT).is_empty();
    town.later((until - town.op().today()).num_days());
    assert_eq!(town.run(service::expire).unwrap(), 0, "the last day counts");
    assert!(visible(&town));
    town.later(1);
    assert!(!visible(&town), "it is gone even before anybody takes it down");
    assert_eq!(town.run(service::expire).unwrap(), 1);
    assert_eq!(town.run(service::expire).unwrap(), 0);
    assert!(
        town.ask(|tx, op| service::notice(tx, op, notice.notice_id))
            .ended_at
            .is_some()
    );
});

db_test!(a_subject_is_published_once, MIGRATIONS, |db| {
    let town = district(&db, 3);
    let new = |title: &str| NewNotice {
        kind: RESULT,
        subject: "task:1".into(),
        number: "1".into(),
        entity: None,
        title: title.into(),
        body: serde_json::json!({ "n": 1 }),
        department: MARKET.into(),
        division: "440511".into(),
        term: None,
    };
    let first = town.run(|tx, op| service::publish(tx, op, new("一"))).unwrap();
    let second = town.run(|tx, op| service::publish(tx, op, new("二"))).unwrap();
    assert_eq!(first, second);
});

db_test!(
    a_public_file_shows_public_items_in_force_and_no_person,
    MIGRATIONS,
    |db| {
        let town = district(&db, 3);
        let firm = code(0);
        town.hand_over(
        "penalty",
        &format!(
            "统一社会信用代码,决定书文号,违法行为,处罚种类,处罚决定日期,处罚机关,公示截止期\n\
             {firm},罚1号,示例甲,罚款,2026-05-01,示例局,2026-08-01\n{firm},罚2号,示例乙,罚款,2025-01-01,示例局,2026-01-01\n"
        ),
    );
        town.hand_over("abnormal-listing", &format!("统一社会信用代码,列入决定书文号,列入原因,列入日期,列入决定机关\n{firm},列1号,1,2026-05-08,示例局\n"));
        town.hand_over("abnormal-removal", &format!("统一社会信用代码,列入决定书文号,移出原因,移出日期,移出决定机关\n{firm},列1号,1,2026-05-18,示例局\n"));
        let file = town.ask(|tx, op| service::public_entity(tx, op, &firm));
        let items: Vec<&str> = file.statements.iter().map(|one| one.item.as_str()).collect();
        assert!(items.contains(&"registration"), "{items:?}");
        let penalties: Vec<&Value> = file
            .statements
            .iter()
            .filter(|one| one.item == "penalty")
            .map(|one| &one.content["decision_no"])
            .collect();
        assert_eq!(penalties, ["罚1号"], "the term of the other is over");
        assert!(!items.contains(&"abnormal-listing"), "it was removed");
        let text = serde_json::to_string(&file).unwrap();
        assert!(
            !text.contains("甲某某") && !text.contains("legal_person"),
            "{text}"
        );
    }
);
