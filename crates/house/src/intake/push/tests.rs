//! Stories of pushing on, on both databases.
use std::collections::VecDeque;
use std::sync::Mutex;

use db::db_test;
use serde_json::json;

use super::model::{NewTarget, Share};
use super::service;
use crate::MIGRATIONS;
use crate::hall::feed::model::{Call, Carrier, Reply};
use crate::stories::{FIRM, OTHER, Town};

/// An upper platform that answers from a list and keeps what it was asked.
#[derive(Default)]
struct Upper {
    answers: Mutex<VecDeque<Result<(u16, String), String>>>,
    asked: Mutex<Vec<Call>>,
}

impl Upper {
    fn will_say(&self, status: u16, body: &serde_json::Value) {
        self.answers
            .lock()
            .unwrap()
            .push_back(Ok((status, body.to_string())));
    }

    fn will_be_gone(&self) {
        self.answers.lock().unwrap().push_back(Err("连接不上对方".into()));
    }

    fn asked(&self) -> Vec<Call> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

impl Carrier for Upper {
    fn send(&self, call: &Call) -> Result<Reply, String> {
        self.asked.lock().unwrap().push(call.clone());
        let (status, body) = self.answers.lock().unwrap().pop_front().expect("an answer")?;
        Ok(Reply {
            status,
            body: body.into_bytes(),
        })
    }
}

fn target(item: &str) -> NewTarget {
    NewTarget {
        name: "省平台".into(),
        item: item.into(),
        url: "https://upper.example/".into(),
        supplier: "440500".into(),
        token: "xh_secret".into(),
        from_now: false,
    }
}

fn serve(town: &Town, upper: &Upper) -> u64 {
    service::serve(&town.house, &town.op(), upper).unwrap()
}

fn later(town: &Town, seconds: i64) {
    *town.clock.0.lock().unwrap() += chrono::Duration::seconds(seconds);
}

fn share(town: &Town) -> Share {
    town.ask(service::shares).remove(0)
}

fn batch(state: &str, accepted: i64, refused: i64) -> serde_json::Value {
    json!({ "state": state, "rows_accepted": accepted, "rows_unchanged": 0, "rows_refused": refused, "note": null })
}

fn penalties(town: &Town, numbers: std::ops::Range<u32>) {
    let rows: Vec<String> = numbers
        .map(|n| {
            format!(
                "{},粤金罚〔2026〕{n}号,警告,2026-05-0{n}",
                if n % 2 == 0 { FIRM } else { OTHER }
            )
        })
        .collect();
    let text = format!(
        "统一社会信用代码,决定书文号,处罚类别,处罚决定日期\n{}\n",
        rows.join("\n")
    );
    let batch = town.hand_over("penalty", &text);
    assert_eq!(
        (batch.state.as_str(), batch.rows_refused),
        ("applied", 0),
        "{:?}",
        town.ask(|tx, _| crate::intake::service::refusals(tx, batch.batch_id, 0, 9))
    );
}

db_test!(
    records_go_up_once_in_order_and_the_figures_tell_what_became_of_them,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db).with_three();
        penalties(&town, 1..4);
        let made = service::add(&town.house, &town.op(), &target("penalty")).unwrap();
        assert_eq!(share(&town).received, 3);
        let upper = Upper::default();
        upper.will_say(
            200,
            &json!({ "batch_id": 77, "known": false, "received_at": "2026-06-01T01:00:00Z" }),
        );
        assert_eq!(serve(&town, &upper), 1);
        let sent = upper.asked().remove(0);
        let text = String::from_utf8(sent.body.clone()).unwrap();
        assert_eq!(text.lines().count(), 4, "{text}");
        assert!(
            text.lines().nth(1).unwrap().contains("粤金罚〔2026〕1号"),
            "{text}"
        );
        assert!(
            sent.headers
                .contains(&("authorization".into(), "Bearer xh_secret".into()))
        );
        // The key names the content: under a new catalogue the same push has other columns, and asks another question.
        let digest = town.op().suite.hash(&sent.body).to_string();
        let key = sent.headers.iter().find(|(name, _)| name == "idempotency-key");
        assert!(
            key.is_some_and(|(_, key)| key.ends_with(&digest[..16])),
            "{key:?}"
        );
        assert_eq!((share(&town).pushed, share(&town).acknowledged), (3, 0));
        // The other side is still at it, then done; it refused the second row.
        later(&town, 3);
        upper.will_say(200, &batch("staged", 0, 0));
        assert_eq!(serve(&town, &upper), 1);
        later(&town, 3);
        upper.will_say(200, &batch("applied", 2, 1));
        let refused = json!({ "line": 3, "field": "违法行为", "reason": "不认识" });
        upper.will_say(200, &json!({ "items": [refused], "next": null, "total": null }));
        assert_eq!(serve(&town, &upper), 1);
        let share = share(&town);
        assert_eq!(
            (share.received, share.pushed, share.acknowledged, share.refused),
            (3, 3, 2, 1)
        );
        assert_eq!(
            (share.pushed_permille, share.acknowledged_permille),
            (Some(1_000), Some(666))
        );
        let rows = town.ask(|tx, op| service::refusals(tx, op, made.target_id, i64::MAX, 10));
        let pushes = town.ask(|tx, op| service::pushes(tx, op, made.target_id, i64::MAX, 10));
        assert_eq!((rows.len(), rows[0].record_id), (1, pushes[0].first_record + 1));
        assert_eq!(serve(&town, &upper), 0, "nothing is left");
    }
);

db_test!(
    a_refused_row_is_known_by_its_record_although_a_text_before_it_goes_over_several_lines,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db).with_three();
        let text = format!(
            "统一社会信用代码,决定书文号,处罚类别,处罚决定日期,违法事实\n\
             {FIRM},1号,警告,2026-05-01,\"一、未按规定公示。\n二、逾期不改。\"\n\
             {OTHER},2号,警告,2026-05-02,甲\n{FIRM},3号,警告,2026-05-03,乙\n"
        );
        assert_eq!(town.hand_over("penalty", &text).rows_accepted, 3);
        let made = service::add(&town.house, &town.op(), &target("penalty")).unwrap();
        let upper = Upper::default();
        upper.will_say(200, &json!({ "batch_id": 7 }));
        assert_eq!(serve(&town, &upper), 1);
        let sent = upper.asked().remove(0).body;
        let third = std::str::from_utf8(&sent)
            .unwrap()
            .lines()
            .nth(3)
            .unwrap()
            .to_owned();
        assert!(third.contains("2号"), "{third}");
        later(&town, 3);
        upper.will_say(200, &batch("applied", 1, 2));
        let refused = |line: i64| json!({ "line": line, "field": "违法事实", "reason": "不认识" });
        upper.will_say(
            200,
            &json!({ "items": [refused(4), refused(5)], "next": null, "total": null }),
        );
        assert_eq!(serve(&town, &upper), 1);
        let first = town.ask(|tx, op| service::pushes(tx, op, made.target_id, i64::MAX, 10))[0].first_record;
        let rows = town.ask(|tx, op| service::refusals(tx, op, made.target_id, i64::MAX, 10));
        let records: Vec<i64> = rows.iter().map(|row| row.record_id - first).collect();
        assert_eq!(records, [2, 1]);
    }
);

db_test!(
    a_push_that_got_lost_is_sent_again_as_it_was_even_when_more_has_come_in,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db).with_three();
        penalties(&town, 1..3);
        service::add(&town.house, &town.op(), &target("penalty")).unwrap();
        let upper = Upper::default();
        upper.will_be_gone();
        assert_eq!(serve(&town, &upper), 1);
        assert_eq!(share(&town).target.last_fault.as_deref(), Some("连接不上对方"));
        assert_eq!(serve(&town, &upper), 0, "not before the pause is over");
        penalties(&town, 3..6);
        later(&town, 6);
        upper.will_say(503, &json!({ "detail": "忙" }));
        assert_eq!(serve(&town, &upper), 1);
        later(&town, 31);
        upper.will_say(200, &json!({ "batch_id": 5 }));
        assert_eq!(serve(&town, &upper), 1);
        let sent = upper.asked();
        assert!(
            sent.len() == 3 && sent.iter().all(|call| *call == sent[0]),
            "{sent:?}"
        );
        later(&town, 3);
        upper.will_say(200, &batch("applied", 2, 0));
        assert_eq!(serve(&town, &upper), 1);
        upper.will_say(200, &json!({ "batch_id": 6 }));
        assert_eq!(serve(&town, &upper), 1);
        let share = share(&town);
        assert_eq!((share.received, share.pushed, share.acknowledged), (5, 5, 2));
    }
);

db_test!(
    a_large_batch_goes_up_in_parts_and_what_waits_of_it_is_counted,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db).with_three();
        let rows: Vec<String> = (0..5_003)
            .map(|n| format!("{FIRM},{n}号,警告,2026-05-01"))
            .collect();
        let heading = "统一社会信用代码,决定书文号,处罚类别,处罚决定日期";
        town.hand_over("penalty", &format!("{heading}\n{}\n", rows.join("\n")));
        service::add(&town.house, &town.op(), &target("penalty")).unwrap();
        let upper = Upper::default();
        for (number, records) in [(1, 5_000), (2, 3)] {
            upper.will_say(200, &json!({ "batch_id": number }));
            assert_eq!(serve(&town, &upper), 1);
            let sent = upper.asked().remove(0).body;
            assert_eq!(std::str::from_utf8(&sent).unwrap().lines().count(), records + 1);
            assert_eq!(share(&town).received, 5_003, "part {number}");
            later(&town, 3);
            upper.will_say(200, &batch("applied", i64::try_from(records).unwrap(), 0));
            assert_eq!(serve(&town, &upper), 1);
            upper.asked();
        }
        assert_eq!((share(&town).pushed, share(&town).acknowledged), (5_003, 5_003));
    }
);

db_test!(
    what_was_taken_back_goes_up_as_taken_back_and_a_target_from_now_on_leaves_the_past_out,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db).with_three();
        penalties(&town, 1..3);
        let new = NewTarget {
            from_now: true,
            ..target("penalty")
        };
        service::add(&town.house, &town.op(), &new).unwrap();
        let upper = Upper::default();
        assert_eq!((serve(&town, &upper), share(&town).received), (0, 0));
        let back = format!(
            "统一社会信用代码,决定书文号,处罚类别,处罚决定日期,操作\n{OTHER},粤金罚〔2026〕1号,,,撤销\n"
        );
        assert_eq!(town.hand_over("penalty", &back).rows_accepted, 1);
        later(&town, 20);
        upper.will_say(200, &json!({ "batch_id": 6 }));
        assert_eq!(serve(&town, &upper), 1);
        let text = String::from_utf8(upper.asked().remove(0).body).unwrap();
        assert!(text.lines().nth(1).unwrap().ends_with(",撤销"), "{text}");
        assert_eq!(share(&town).received, 1);
    }
);

db_test!(
    a_target_that_cannot_work_is_refused_with_the_reason,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let add = |new: NewTarget| service::add(&town.house, &town.op(), &new).unwrap_err().code;
        assert_eq!(add(target("nothing")), "intake.item.unknown");
        assert_eq!(
            add(NewTarget {
                url: "upper".into(),
                ..target("penalty")
            }),
            "hall.hook.url"
        );
        for (url, supplier) in [
            ("https://upper.example/?to=", "440500"),
            ("https://upper.example/", "440500&dry_run=true"),
            ("https://upper.example/", "市局"),
        ] {
            let new = NewTarget {
                url: url.into(),
                supplier: supplier.into(),
                ..target("penalty")
            };
            assert_eq!(add(new), "intake.target.address", "{url} {supplier}");
        }
        assert_eq!(
            add(NewTarget {
                token: String::new(),
                ..target("penalty")
            }),
            "intake.target.incomplete"
        );
        service::add(&town.house, &town.op(), &target("penalty")).unwrap();
        assert_eq!(add(target("penalty")), "intake.target.taken");
    }
);
