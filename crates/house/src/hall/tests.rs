//! Stories of the hall, on both databases.
use std::cell::Cell;
use std::sync::Arc;

use db::db_test;
use kernel::{Fault, FaultKind};
use policy::{Folder, Memory, Pack, SourceTree};
use serde_json::json;

use super::duty::{self, NewDuty};
use super::ledger::{self, Event, PublicLeaf, Told};
use super::{Once, Op, command, command_once, job, log, query};
use crate::MIGRATIONS;
use crate::stories::Town;

fn event(verb: &'static str, public: Option<&str>) -> Event {
    let public = public.map(|text| PublicLeaf {
        kind: "test.document".into(),
        subject: "thing".into(),
        document: proof::Suite::Sm3Sm2.hash(text.as_bytes()).to_string(),
    });
    Event {
        verb,
        subject: "thing:1".into(),
        payload: json!({ "n": 1 }),
        public,
        ..Event::default()
    }
}

db_test!(a_command_that_fails_leaves_no_trace, MIGRATIONS, |db| {
    let town = Town::build(&db);
    let failed = town.run(|tx, op| {
        ledger::append(tx, op, event("test.done", None))?;
        Err::<(), _>(Fault::new(FaultKind::Invalid, "test.refused", "不行"))
    });
    assert_eq!(failed.unwrap_err().code, "test.refused");
    assert!(town.ask(|tx, op| ledger::about(tx, op, "thing:1")).is_empty());
});

db_test!(
    a_retry_with_the_same_key_gets_the_first_answer_and_is_done_once,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let once = Once {
            key: "k-1".into(),
            digest: "same question".into(),
        };
        let op = Op {
            once: Some(once.clone()),
            ..town.op()
        };
        let times = Cell::new(0);
        let ask = |op: &Op| {
            command_once(&town.house, op, |tx, op| {
                times.set(times.get() + 1);
                ledger::append(tx, op, event("test.done", None))?;
                Ok(times.get())
            })
        };
        assert_eq!((ask(&op).unwrap(), ask(&op).unwrap()), (1, 1));
        assert_eq!(town.ask(|tx, op| ledger::about(tx, op, "thing:1")).len(), 1);
        let other = Op {
            once: Some(Once {
                digest: "other question".into(),
                ..once
            }),
            ..town.op()
        };
        assert_eq!(ask(&other).unwrap_err().code, "hall.once.other-question");
    }
);

db_test!(
    sealed_events_have_positions_without_gaps_and_public_ones_stand_in_the_log,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        for n in 0..7 {
            let public = (n % 2 == 0).then(|| format!("document {n}"));
            town.run(|tx, op| ledger::append(tx, op, event("test.done", public.as_deref())))
                .unwrap();
        }
        town.settle();
        let positions: Vec<i64> = town
            .ask(|tx, op| ledger::about(tx, op, "thing:1"))
            .iter()
            .map(|e| e.position)
            .collect();
        assert_eq!(positions, (1..=7).collect::<Vec<_>>());
        let suite = town.house.keys.suite;
        assert_eq!(town.ask(|tx, _| log::check(tx, suite)), 4);
        let extract = town.ask(|tx, _| log::extract(tx, suite, "thing")).unwrap();
        assert_eq!(extract.entries.len(), 4);
        assert!(extract.checkpoint.holds(suite));
        assert!(
            extract
                .entries
                .iter()
                .all(|entry| entry.is_in(suite, &extract.checkpoint))
        );
    }
);

db_test!(a_changed_leaf_is_found, MIGRATIONS, |db| {
    let town = Town::build(&db);
    town.run(|tx, op| ledger::append(tx, op, event("test.done", Some("document"))))
        .unwrap();
    town.settle();
    db::statements! {
        /// What somebody with access to the database might do.
        FORGE = "UPDATE hall_leaf SET data = '{}' WHERE leaf_index = 0";
    }
    assert_eq!(ALL.len(), 1);
    town.run(|tx, _| tx.exec(&FORGE, [])).unwrap();
    let suite = town.house.keys.suite;
    let found = query(&town.house, &town.op(), |tx, _| log::check(tx, suite)).unwrap_err();
    assert_eq!(found.code, "hall.log.broken");
});

/// What an intruder does: another actor in the event at position 2.
pub fn forge_actor(db: &db::Db) {
    db::statements! {
        /// As its name says.
        FORGE = "UPDATE hall_event SET actor = 'nobody' WHERE position = 2";
    }
    let mut tx = db.begin().unwrap();
    tx.exec(&FORGE, []).unwrap();
    tx.commit().unwrap();
}

/// The answers kept for retries.
pub fn kept_answers(tx: &mut db::Tx) -> kernel::Outcome<Vec<String>> {
    db::statements! {
        /// As its name says.
        KEPT = "SELECT answer FROM hall_answer";
    }
    tx.all(&KEPT, [])?.iter().map(|row| row.get("answer")).collect()
}

struct Counter;

impl ledger::Reader for Counter {
    fn name(&self) -> &'static str {
        "test.counter"
    }
    fn verbs(&self) -> &'static [&'static str] {
        &["test.wanted"]
    }
    fn read(&self, tx: &mut db::Tx, op: &Op, told: &Told) -> kernel::Outcome<()> {
        let effect = Event {
            subject: format!("heard:{}", told.position),
            ..event("test.heard", None)
        };
        ledger::append(tx, op, effect).map(drop)
    }
}

db_test!(a_reader_takes_every_wanted_event_once, MIGRATIONS, |db| {
    let town = Town::build(&db);
    for verb in ["test.wanted", "test.other", "test.wanted"] {
        town.run(|tx, op| ledger::append(tx, op, event(verb, None)))
            .unwrap();
    }
    let op = town.op();
    log::seal(&town.house, &op).unwrap();
    assert_eq!(ledger::catch_up(&town.house, &op, &[&Counter]).unwrap(), 2);
    assert_eq!(ledger::catch_up(&town.house, &op, &[&Counter]).unwrap(), 0);
    let heard = town.ask(|tx, op| {
        Ok((
            ledger::about(tx, op, "heard:1")?,
            ledger::about(tx, op, "heard:3")?,
        ))
    });
    assert_eq!((heard.0.len(), heard.1.len()), (1, 1));
});

struct Refuses;

impl ledger::Reader for Refuses {
    fn name(&self) -> &'static str {
        "test.refuses"
    }
    fn verbs(&self) -> &'static [&'static str] {
        &["test.wanted"]
    }
    fn read(&self, _: &mut db::Tx, _: &Op, _: &Told) -> kernel::Outcome<()> {
        Err(Fault::new(FaultKind::Invalid, "test.refused", "不行"))
    }
}

db_test!(
    a_reader_that_fails_does_not_stop_the_others_and_keeps_its_place,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        town.run(|tx, op| ledger::append(tx, op, event("test.wanted", None)))
            .unwrap();
        let op = town.op();
        log::seal(&town.house, &op).unwrap();
        assert_eq!(
            ledger::catch_up(&town.house, &op, &[&Refuses, &Counter]).unwrap(),
            1
        );
        assert_eq!(town.ask(|tx, op| ledger::about(tx, op, "heard:1")).len(), 1);
        assert_eq!(ledger::catch_up(&town.house, &op, &[&Counter]).unwrap(), 0);
    }
);

db_test!(
    a_duty_is_due_after_the_working_days_of_the_pack,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let new = NewDuty {
            kind: "inspect.publish",
            subject: "task:1".into(),
            title: "公示检查结果".into(),
            entity_id: None,
            division: None,
            department: Some("440511-scjg".into()),
            from: "2025-09-26".parse().unwrap(),
        };
        let due = town.run(|tx, op| duty::open(tx, op, &new)).unwrap();
        // 20 working days over the National Day holidays and their make-up days.
        assert_eq!(due.to_string(), "2025-10-30");
        town.run(|tx, op| duty::open(tx, op, &new)).unwrap();
        assert_eq!(
            town.ask(|tx, op| duty::open_duties(tx, op, Some("440511-scjg"), None, 10))
                .items
                .len(),
            1
        );
        assert!(
            town.run(|tx, op| duty::done(tx, op, "inspect.publish", "task:1"))
                .unwrap()
        );
        assert!(
            town.ask(|tx, op| duty::open_duties(tx, op, None, None, 10))
                .items
                .is_empty()
        );
    }
);

db_test!(
    a_deadline_beyond_the_loaded_calendar_is_refused,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let refused = duty::due(&town.op(), "inspect.publish", "2027-12-30".parse().unwrap()).unwrap_err();
        assert!(refused.detail.contains("2028"), "{}", refused.detail);
    }
);

/// `packs/base`, with a calendar of this text laid over it.
fn base_with_calendar(calendar: &str) -> Pack {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../packs");
    let base = Folder::new(root);
    let files = base.list("base").unwrap();
    let mut files: Vec<(String, String)> = files
        .into_iter()
        .map(|file| (format!("base/{file}"), base.read("base", &file).unwrap()))
        .collect();
    let head = "format = 1\ncode = \"local\"\ntitle = \"本地\"\nextends = \"base\"\n";
    files.push(("local/pack.toml".into(), head.into()));
    files.push(("local/calendar.toml".into(), calendar.into()));
    Pack::from_sources(&Memory::new(files), "local").unwrap()
}

db_test!(
    a_deadline_in_a_year_without_a_notice_says_so_and_is_reckoned_anew_when_the_notice_is_out,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let year =
            |rest: &str| base_with_calendar(&format!("[[year]]\nyear = 2027\nnotice = \"试\"\n{rest}"));
        town.house.law.put(Arc::new(year(
            "provisional = true\noff = [\"2027-01-01\"]\nwork = []\n",
        )));
        let new = |subject: &str, from: &str| NewDuty {
            kind: "inspect.publish",
            subject: subject.into(),
            title: "公示检查结果".into(),
            entity_id: None,
            division: None,
            department: Some("440511-scjg".into()),
            from: from.parse().unwrap(),
        };
        let open = |town: &Town, new: &NewDuty| town.run(|tx, op| duty::open(tx, op, new)).unwrap();
        assert_eq!(
            open(&town, &new("task:1", "2026-12-25")).to_string(),
            "2027-01-25"
        );
        assert_eq!(
            open(&town, &new("task:2", "2026-11-25")).to_string(),
            "2026-12-23"
        );
        open(&town, &new("task:3", "2026-12-25"));
        town.run(|tx, op| duty::done(tx, op, "inspect.publish", "task:3"))
            .unwrap();
        let about = |town: &Town, subject: &str| town.ask(|tx, _| duty::about(tx, subject)).remove(0);
        assert!(about(&town, "task:1").basis.contains("尚未公布"));
        assert!(!about(&town, "task:2").basis.contains("尚未公布"));
        // While the notice is not out nothing changes.
        assert_eq!(duty::redate(&town.house, &town.op()).unwrap(), 0);

        town.house.law.put(Arc::new(year(
            "off = [\"2027-01-01..2027-01-05\"]\nwork = [\"2027-01-09\"]\n",
        )));
        assert_eq!(duty::redate(&town.house, &town.op()).unwrap(), 1);
        let moved = about(&town, "task:1");
        assert_eq!(moved.due_on.to_string(), "2027-01-26");
        assert!(!moved.basis.contains("尚未公布"), "{}", moved.basis);
        let told = town.ask(|tx, op| ledger::about(tx, op, "task:1"));
        let redated = told
            .iter()
            .find(|event| event.verb == "hall.duty-redated")
            .unwrap();
        assert_eq!(redated.payload["from"], "2027-01-25");
        assert_eq!(redated.payload["to"], "2027-01-26");
        // What is done stays as it was, and a second time finds nothing.
        assert_eq!(about(&town, "task:3").due_on.to_string(), "2027-01-25");
        assert_eq!(duty::redate(&town.house, &town.op()).unwrap(), 0);
    }
);

struct Flaky;

impl job::Worker for Flaky {
    fn kind(&self) -> &'static str {
        "test.flaky"
    }
    fn run(&self, house: &super::House, op: &Op, job: &job::Job) -> kernel::Outcome<()> {
        let step = job
            .progress
            .as_ref()
            .and_then(|p| p.get("step"))
            .and_then(serde_json::Value::as_i64);
        command(house, op, |tx, op| {
            job::progress(tx, job.job_id, &json!({ "step": 1 }), op.at)
        })?;
        match step {
            None => Err(Fault::new(FaultKind::Busy, "test.busy", "稍后再试")),
            Some(_) => Ok(()),
        }
    }
}

db_test!(a_job_goes_on_from_its_noted_progress, MIGRATIONS, |db| {
    let town = Town::build(&db);
    let job_id = town
        .run(|tx, op| job::enqueue(tx, op, "test.flaky", "x", &json!({})))
        .unwrap();
    assert!(job::run_next(&town.house, &town.op(), &[&Flaky], false).unwrap());
    assert_eq!(town.ask(|tx, _| job::find(tx, job_id)).unwrap().state, "queued");
    town.later(1);
    assert!(job::run_next(&town.house, &town.op(), &[&Flaky], false).unwrap());
    let done = town.ask(|tx, _| job::find(tx, job_id)).unwrap();
    assert_eq!((done.state.as_str(), done.attempts), ("done", 2));
});

db_test!(
    a_clock_put_back_or_forward_holds_up_no_job_and_no_lease,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let queued = |town: &Town| {
            town.run(|tx, op| job::enqueue(tx, op, "test.flaky", "x", &json!({})))
                .unwrap()
        };
        let next =
            |town: &Town, abandoned| job::run_next(&town.house, &town.op(), &[&Flaky], abandoned).unwrap();
        // Queued, then the clock goes back a day: it was never tried, so it is due; its next try too, a day on.
        let job_id = queued(&town);
        town.later(-1);
        assert!(next(&town, false), "due although it was queued tomorrow");
        town.later(-1);
        assert!(next(&town, false), "tried again although that was to be tomorrow");
        assert_eq!(town.ask(|tx, _| job::find(tx, job_id)).unwrap().state, "done");
        // A worker died with the lease in its hand, then the clock went back: whoever starts next takes over at once, and a
        // server that runs on takes over too.
        for abandoned in [true, false] {
            let job_id = queued(&town);
            town.run(|tx, op| {
                let until = op.at + chrono::Duration::seconds(60);
                crate::hall::store::claim_job(tx, op.at, (op.at, until), until)
            })
            .unwrap();
            assert!(!next(&town, false), "the lease holds while the clock goes right");
            town.later(-1);
            assert!(next(&town, abandoned), "abandoned: {abandoned}");
            town.later(3);
            while next(&town, false) {}
            assert_eq!(town.ask(|tx, _| job::find(tx, job_id)).unwrap().state, "done");
        }
    }
);

db_test!(
    events_keep_their_order_and_the_log_verifies_whatever_the_clock_does,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let mut told = Vec::new();
        for (number, days) in [0, -1, 2, -30, 0].into_iter().enumerate() {
            town.later(days);
            let text = format!("document {number}");
            told.push(
                town.run(|tx, op| ledger::append(tx, op, event("test.done", Some(&text))))
                    .unwrap(),
            );
            if number % 2 == 0 {
                town.settle();
            }
        }
        town.settle();
        let order: Vec<i64> = town
            .ask(|tx, op| ledger::about(tx, op, "thing:1"))
            .iter()
            .map(|told| told.event_id)
            .collect();
        assert_eq!(order, told);
        assert_eq!(town.ask(|tx, _| log::check(tx, town.house.keys.suite)), 5);
    }
);

db_test!(
    an_idempotency_key_holds_although_the_clock_jumps,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let times = Cell::new(0);
        for days in [0, 1, -2, 400] {
            town.later(days);
            let once = Once {
                key: "k-clock".into(),
                digest: "same question".into(),
            };
            let op = Op {
                once: Some(once),
                ..town.op()
            };
            let answer = command_once(&town.house, &op, |_, _| {
                times.set(times.get() + 1);
                Ok(times.get())
            });
            assert_eq!(answer.unwrap(), 1, "after {days} days");
        }
    }
);

db_test!(
    a_job_nobody_can_do_is_set_aside_and_not_called_done,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let job_id = town
            .run(|tx, op| job::enqueue(tx, op, "test.unknown", "x", &json!({})))
            .unwrap();
        assert!(job::run_next(&town.house, &town.op(), &[], false).unwrap());
        assert_eq!(town.ask(|tx, _| job::find(tx, job_id)).unwrap().state, "failed");
    }
);

#[test]
fn a_second_process_is_kept_out_of_the_data_folder() {
    use super::files::{DataFolder, Settings};
    let place = tempfile::tempdir().unwrap();
    let settings = Settings {
        database: "sqlite:x.db".into(),
        pack: "base".into(),
        suite: "sm3-sm2".into(),
    };
    let first = DataFolder::create(place.path(), settings).unwrap();
    first.found().unwrap();
    assert_eq!(
        DataFolder::open(place.path()).unwrap_err().code,
        "hall.folder.in-use"
    );
    drop(first);
    assert!(DataFolder::open(place.path()).is_ok());
}

db_test!(a_database_of_another_deployment_is_refused, MIGRATIONS, |db| {
    let town = Town::build(&db);
    town.ask(|tx, _| log::require_empty(tx));
    town.run(|tx, op| ledger::append(tx, op, event("test.done", Some("document"))))
        .unwrap();
    town.settle();
    town.ask(|tx, _| log::require_own(tx, &town.house.keys));
    let other = crate::hall::keys::Keys::from_secret(proof::Suite::Sm3Sm2, &[8; 32]).unwrap();
    let refused = query(&town.house, &town.op(), |tx, _| log::require_own(tx, &other)).unwrap_err();
    assert_eq!(refused.code, "hall.database.other-deployment");
    let taken = query(&town.house, &town.op(), |tx, _| log::require_empty(tx)).unwrap_err();
    assert_eq!(taken.code, "hall.database.taken");
});
