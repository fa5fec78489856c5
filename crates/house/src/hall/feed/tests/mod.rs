//! Stories of the feeds, on both databases.
mod pages;

use std::sync::Mutex;

use db::db_test;
use kernel::actor::Scope;
use kernel::{Actor, Division};
use proof::feed::{Follower, Page};
use serde_json::{Value, json};

use super::hooks::{self, Deed};
use super::log::{self, Asked};
use super::model::{Call, Carrier, NewHook, Reply};
use crate::MIGRATIONS;
use crate::hall::ledger::{self, Event};
use crate::hall::{Op, log as publication, query};
use crate::stories::Town;

/// A subscriber that answers as it is told and keeps what it got.
struct Receiver {
    answer: Mutex<Result<u16, String>>,
    got: Mutex<Vec<Call>>,
}

impl Receiver {
    fn new() -> Self {
        Self {
            answer: Mutex::new(Ok(200)),
            got: Mutex::default(),
        }
    }

    fn answers(&self, answer: Result<u16, String>) {
        *self.answer.lock().unwrap() = answer;
    }

    fn got(&self) -> Vec<Call> {
        std::mem::take(&mut *self.got.lock().unwrap())
    }
}

impl Carrier for Receiver {
    fn send(&self, call: &Call) -> Result<Reply, String> {
        self.got.lock().unwrap().push(call.clone());
        let status = self.answer.lock().unwrap().clone()?;
        Ok(Reply {
            status,
            body: Vec::new(),
        })
    }
}

fn header(call: &Call, name: &str) -> String {
    let found = call.headers.iter().find(|(header, _)| header == name);
    found.map(|(_, value)| value.clone()).unwrap()
}

fn positions(call: &Call) -> Vec<i64> {
    let body: Value = serde_json::from_slice(&call.body).unwrap();
    let events = body["events"].as_array().unwrap();
    events
        .iter()
        .map(|event| event["position"].as_i64().unwrap())
        .collect()
}

/// Something happens in a place, `times` times.
fn happen(town: &Town, verb: &'static str, division: Option<&str>, times: usize) {
    for n in 0..times {
        let event = Event {
            verb,
            subject: format!("thing:{n}"),
            division: division.map(str::to_owned),
            payload: json!({ "n": n, "said": "有事", "share": 0.5 }),
            ..Event::default()
        };
        town.run(|tx, op| ledger::append(tx, op, event.clone())).unwrap();
    }
    publication::seal(&town.house, &town.op()).unwrap();
    log::extend(&town.house, &town.op()).unwrap();
}

fn page(town: &Town, op: &Op, after: i64, limit: i64) -> Page {
    let asked = Asked {
        after,
        limit,
        verbs: Vec::new(),
    };
    query(&town.house, op, |tx, op| {
        log::page(tx, op, &town.house.keys, &asked)
    })
    .unwrap()
}

fn new_hook(name: &str) -> NewHook {
    NewHook {
        name: name.into(),
        url: "https://receiver.example/in".into(),
        verbs: Vec::new(),
        divisions: Vec::new(),
        departments: Vec::new(),
        after: None,
    }
}

fn introduce(town: &Town, new: &NewHook) -> (i64, Vec<u8>) {
    let made = town.run(|tx, op| hooks::introduce(tx, op, new)).unwrap();
    let made = hooks::with_secret(&town.house.keys, made);
    // What was told so far is over before the story begins.
    publication::seal(&town.house, &town.op()).unwrap();
    log::extend(&town.house, &town.op()).unwrap();
    let secret = made.secret.strip_prefix("whsec_").unwrap();
    let secret = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, secret).unwrap();
    (made.hook.hook_id, secret)
}

fn deliver(town: &Town, receiver: &Receiver) -> u64 {
    hooks::deliver(&town.house, &town.op(), receiver).unwrap()
}

fn later(town: &Town, seconds: i64) {
    *town.clock.0.lock().unwrap() += chrono::Duration::seconds(seconds);
}

fn only(op: &Op, division: &str) -> Op {
    let scope = Scope::place(Division::parse(division).unwrap());
    let actor = Actor {
        scope,
        ..Actor::operator("同步系统")
    };
    Op { actor, ..op.clone() }
}

db_test!(
    a_download_in_pages_of_any_size_proves_that_nothing_is_missing_even_where_events_are_withheld,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        happen(&town, "test.here", Some("440511"), 5);
        happen(&town, "test.there", Some("440100"), 4);
        happen(&town, "test.here", Some("440511001"), 6);
        for limit in [1, 4, 7, 1_000] {
            let all = town.op();
            let one_place = only(&all, "440511");
            for (op, seen) in [(&all, 15), (&one_place, 11)] {
                let mut follower = Follower::new(town.house.keys.suite, None);
                let mut shown = 0;
                while follower.position() < 15 {
                    let page = page(&town, op, i64::try_from(follower.position()).unwrap(), limit);
                    shown += page.entries.iter().filter(|entry| entry.data.is_some()).count();
                    follower.take(&page).unwrap();
                }
                assert_eq!(shown, seen, "{limit}");
            }
        }
        assert!(page(&town, &town.op(), 15, 10).entries.is_empty());
        let beyond = query(&town.house, &town.op(), |tx, op| {
            let asked = Asked {
                after: 16,
                limit: 1,
                verbs: Vec::new(),
            };
            log::page(tx, op, &town.house.keys, &asked)
        });
        assert_eq!(beyond.unwrap_err().code, "hall.feed.position");
    }
);

db_test!(
    an_event_changed_behind_the_houses_back_is_not_handed_out,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        happen(&town, "test.done", None, 3);
        assert_eq!(town.ask(|tx, _| log::check(tx, &town.house.keys)), 3);
        crate::hall::tests::forge_actor(&db);
        let asked = Asked {
            after: 0,
            limit: 10,
            verbs: Vec::new(),
        };
        let page = query(&town.house, &town.op(), |tx, op| {
            log::page(tx, op, &town.house.keys, &asked)
        });
        assert_eq!(page.unwrap_err().code, "hall.feed.altered");
        let checked = query(&town.house, &town.op(), |tx, _| log::check(tx, &town.house.keys));
        assert_eq!(checked.unwrap_err().code, "hall.feed.altered");
    }
);

db_test!(
    a_subscriber_is_told_in_order_with_a_signature_that_holds_and_only_what_it_wants,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        happen(&town, "test.before", Some("440511"), 2);
        let new = NewHook {
            verbs: vec!["test.".into()],
            divisions: vec!["440511".into()],
            ..new_hook("区平台")
        };
        let (_, secret) = introduce(&town, &new);
        let receiver = Receiver::new();
        assert_eq!(deliver(&town, &receiver), 0);
        happen(&town, "test.here", Some("440511"), 130);
        happen(&town, "test.there", Some("440100"), 3);
        happen(&town, "other.here", Some("440511"), 3);
        assert_eq!((deliver(&town, &receiver), deliver(&town, &receiver)), (1, 1));
        assert_eq!(deliver(&town, &receiver), 0);
        let got = receiver.got();
        // Two positions before, one told of the subscriber itself.
        let told: Vec<i64> = got.iter().flat_map(positions).collect();
        assert_eq!(told, (4..134).collect::<Vec<i64>>());
        for call in &got {
            let (number, stamp) = (header(call, "webhook-id"), header(call, "webhook-timestamp"));
            let right = hooks::signature(&secret, &number, stamp.parse().unwrap(), &call.body).unwrap();
            assert_eq!(header(call, "webhook-signature"), right);
        }
    }
);

db_test!(
    who_asks_for_departments_only_hears_of_them_wherever_they_are,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let new = NewHook {
            departments: vec!["440511-scjg".into()],
            ..new_hook("局里")
        };
        introduce(&town, &new);
        let places = [
            (Some("440511"), Some("440511-scjg")),
            (Some("440100"), Some("440511-scjg")),
            (None, Some("440511-scjg")),
            (Some("440511"), Some("440511-swj")),
            (Some("440511"), None),
            (None, None),
        ];
        for (division, department) in places {
            let event = Event {
                verb: "test.done",
                subject: "thing:1".into(),
                division: division.map(str::to_owned),
                department: department.map(str::to_owned),
                ..Event::default()
            };
            town.run(|tx, op| ledger::append(tx, op, event.clone())).unwrap();
        }
        happen(&town, "test.nothing", None, 0);
        let receiver = Receiver::new();
        assert_eq!(deliver(&town, &receiver), 1);
        // Position 1 tells of the subscriber itself.
        assert_eq!(positions(&receiver.got()[0]), [2, 3, 4]);
    }
);

#[test]
fn the_signature_is_that_of_the_standard_webhooks_specification() {
    // The example of the specification's reference libraries.
    let secret = base64::Engine::decode(
        &base64::engine::general_purpose::STANDARD,
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    )
    .unwrap();
    let signed = hooks::signature(
        &secret,
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1_614_265_330,
        br#"{"test": 2432232314}"#,
    )
    .unwrap();
    assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

db_test!(a_clock_put_back_holds_up_no_subscriber, MIGRATIONS, |db| {
    let town = Town::build(&db);
    introduce(&town, &new_hook("省平台"));
    let receiver = Receiver::new();
    town.later(-1);
    happen(&town, "test.done", None, 1);
    assert_eq!(deliver(&town, &receiver), 1, "introduced tomorrow");
    receiver.answers(Err("连接不上对方".into()));
    happen(&town, "test.done", None, 1);
    assert_eq!(deliver(&town, &receiver), 1);
    later(&town, -5);
    assert_eq!(deliver(&town, &receiver), 0, "the pause is not over");
    town.later(-1);
    receiver.answers(Ok(204));
    assert_eq!(deliver(&town, &receiver), 1, "the next try was to be tomorrow");
});

db_test!(
    what_could_not_be_told_is_told_again_under_the_same_number_with_longer_and_longer_pauses,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let (hook_id, _) = introduce(&town, &new_hook("省平台"));
        let receiver = Receiver::new();
        receiver.answers(Err("连接不上对方".into()));
        happen(&town, "test.done", None, 2);
        assert_eq!(deliver(&town, &receiver), 1);
        assert_eq!(deliver(&town, &receiver), 0, "not before the pause is over");
        later(&town, 8);
        receiver.answers(Ok(500));
        assert_eq!(deliver(&town, &receiver), 1);
        later(&town, 8);
        assert_eq!(deliver(&town, &receiver), 0, "the second pause is longer");
        later(&town, 40);
        receiver.answers(Ok(204));
        assert_eq!(deliver(&town, &receiver), 1);
        let numbers: Vec<String> = receiver
            .got()
            .iter()
            .map(|call| header(call, "webhook-id"))
            .collect();
        assert!(
            numbers.len() == 3 && numbers.iter().all(|number| *number == numbers[0]),
            "{numbers:?}"
        );
        let hook = town.ask(hooks::hooks).remove(0);
        assert_eq!((hook.failures, hook.last_fault, hook.failing_at), (0, None, None));
        let sent = town.ask(|tx, op| hooks::deliveries(tx, op, hook_id, i64::MAX, 10));
        let faults: Vec<Option<&str>> = sent.iter().map(|sent| sent.fault.as_deref()).collect();
        assert_eq!(faults, [None, Some("接收方答复 HTTP 500"), Some("连接不上对方")]);
    }
);

/// A subscriber that takes its time.
struct Slow<'t>(&'t Town, Receiver);

impl Carrier for Slow<'_> {
    fn send(&self, call: &Call) -> Result<Reply, String> {
        let answer = self.1.send(call);
        later(self.0, 600);
        answer
    }
}

db_test!(
    a_slow_subscriber_does_not_make_the_time_of_the_next_ones_message_old,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        introduce(&town, &new_hook("甲"));
        introduce(&town, &new_hook("乙"));
        happen(&town, "test.done", None, 1);
        let slow = Slow(&town, Receiver::new());
        for _ in 0..2 {
            let began = town.op().at.timestamp().to_string();
            assert_eq!(hooks::deliver(&town.house, &town.op(), &slow).unwrap(), 1);
            let got = slow.1.got();
            assert_eq!((got.len(), header(&got[0], "webhook-timestamp")), (1, began));
        }
        let stood: Vec<i64> = town.ask(hooks::hooks).iter().map(|hook| hook.position).collect();
        assert_eq!(stood, [3, 3], "each was told of all there was");
    }
);

db_test!(
    a_subscriber_that_fails_for_days_is_set_aside_and_goes_on_where_it_stood_when_resumed,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let (hook_id, _) = introduce(&town, &new_hook("省平台"));
        let receiver = Receiver::new();
        receiver.answers(Ok(503));
        happen(&town, "test.done", None, 1);
        let mut tries = 0;
        while town.ask(hooks::hooks)[0].state == "active" {
            tries += deliver(&town, &receiver);
            later(&town, 3 * 3_600);
            assert!(tries < 60);
        }
        assert!(tries > 8, "{tries}");
        publication::seal(&town.house, &town.op()).unwrap();
        let stopped = town.ask(|tx, op| ledger::about(tx, op, &format!("hook:{hook_id}")));
        assert!(
            stopped.iter().any(|event| event.verb == "hall.hook-stopped"),
            "{stopped:?}"
        );
        assert_eq!(deliver(&town, &receiver), 0);
        receiver.answers(Ok(200));
        receiver.got();
        town.run(|tx, op| hooks::change(tx, op, hook_id, Deed::Resume))
            .unwrap();
        log::extend(&town.house, &town.op()).unwrap();
        assert_eq!(deliver(&town, &receiver), 1);
        // It begins with what it was told of itself: that it was introduced.
        assert_eq!(positions(&receiver.got()[0])[0], 1);
    }
);

/// A subscriber that is gone for good, and paused by somebody while it is called.
struct Paused<'t>(&'t Town, i64);

impl Carrier for Paused<'_> {
    fn send(&self, _: &Call) -> Result<Reply, String> {
        self.0
            .run(|tx, op| hooks::change(tx, op, self.1, Deed::Pause))
            .unwrap();
        Ok(Reply {
            status: 410,
            body: Vec::new(),
        })
    }
}

db_test!(
    a_subscriber_paused_while_it_is_called_stays_paused_and_is_not_said_to_be_stopped,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let (hook_id, _) = introduce(&town, &new_hook("省平台"));
        happen(&town, "test.done", None, 1);
        let told = hooks::deliver(&town.house, &town.op(), &Paused(&town, hook_id)).unwrap();
        assert_eq!((told, town.ask(hooks::hooks)[0].state.as_str()), (1, "paused"));
        let about = town.ask(|tx, op| ledger::about(tx, op, &format!("hook:{hook_id}")));
        let verbs: Vec<&str> = about.iter().map(|event| event.verb.as_str()).collect();
        assert_eq!(verbs, ["hall.hook-introduced", "hall.hook-paused"]);
    }
);

db_test!(
    pausing_renewing_rewinding_and_removing_do_what_they_say,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        happen(&town, "test.before", None, 1);
        let (hook_id, secret) = introduce(&town, &new_hook("省平台"));
        let change = |deed| town.run(|tx, op| hooks::change(tx, op, hook_id, deed)).unwrap();
        let receiver = Receiver::new();
        change(Deed::Pause);
        happen(&town, "test.done", None, 1);
        assert_eq!(deliver(&town, &receiver), 0);
        change(Deed::Resume);
        let renewed = hooks::with_secret(&town.house.keys, change(Deed::Renew).unwrap());
        assert_ne!(
            renewed.secret,
            format!(
                "whsec_{}",
                base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &secret)
            )
        );
        assert_eq!(deliver(&town, &receiver), 1);
        let first = receiver.got();
        town.run(|tx, op| hooks::rewind(tx, op, hook_id, 0)).unwrap();
        assert_eq!(deliver(&town, &receiver), 1);
        assert_eq!(positions(&receiver.got()[0])[0], 1);
        assert!(positions(&first[0])[0] > 1);
        change(Deed::Remove);
        happen(&town, "test.done", None, 1);
        assert_eq!(deliver(&town, &receiver), 0);
        assert!(town.ask(hooks::hooks).is_empty());
    }
);

db_test!(
    addresses_and_names_that_cannot_be_used_are_refused_with_the_reason,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        for url in [
            "ftp://host/x",
            "receiver",
            "https://user:word@host/",
            "http://169.254.169.254/latest",
            "http://100.100.100.200/latest",
            "http://[fe80::1]/",
            "http://[::ffff:169.254.169.254]:80/",
            "/path",
        ] {
            let new = NewHook {
                url: url.into(),
                ..new_hook("一")
            };
            let refused = town.run(|tx, op| hooks::introduce(tx, op, &new));
            assert_eq!(refused.unwrap_err().code, "hall.hook.url", "{url}");
        }
        introduce(&town, &new_hook("一"));
        let refused = town.run(|tx, op| hooks::introduce(tx, op, &new_hook("一")));
        assert_eq!(refused.unwrap_err().code, "hall.hook.taken");
        let limited = only(&town.op(), "440511");
        let refused = query(&town.house, &limited, hooks::hooks);
        assert_eq!(refused.unwrap_err().code, "hall.scope.whole-house");
    }
);
