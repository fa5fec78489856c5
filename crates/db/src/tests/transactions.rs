//! What a transaction promises: all or nothing, a still picture for readers, writers that wait.

use std::time::Duration;

use kernel::{Fault, FaultKind, Outcome};

use super::{ADD_OWNER, ALL, COUNT_OWNERS, OWNERS, STEPS, owners, statement};
use crate::testing::{TestDb, not_understood};
use crate::{Backend, Db, Options, args, db_test, may_retry};

fn send_and_static<T: Send + 'static>() {}

db_test!(every_statement_is_understood, STEPS, |db| {
    assert_eq!(not_understood(&db, ALL), Vec::<String>::new());
    let wrong = statement("SELECT absent FROM trial_owner");
    let told = not_understood(&db, &[wrong]);
    assert!(told.len() == 1 && told[0].contains("absent"), "{told:?}");
});

db_test!(a_dropped_transaction_is_undone, STEPS, |db| {
    let mut tx = db.begin().unwrap();
    tx.exec(&ADD_OWNER, args![1, "甲", "东"]).unwrap();
    assert_eq!(owners(&mut tx), 1);
    drop(tx);
    assert_eq!(owners(&mut db.read().unwrap()), 0);
    let mut tx = db.begin().unwrap();
    assert_eq!(tx.exec(&ADD_OWNER, args![1, "甲", "东"]).unwrap(), 1);
    tx.commit().unwrap();
    assert_eq!(owners(&mut db.read().unwrap()), 1);
    send_and_static::<crate::Tx>();
});

db_test!(a_transaction_that_panics_is_undone, STEPS, |db| {
    let other = db.clone();
    let died = std::thread::spawn(move || {
        let mut tx = other.begin().unwrap();
        tx.exec(&ADD_OWNER, args![1, "甲", "东"]).unwrap();
        panic!("on purpose");
    });
    assert!(died.join().is_err());
    assert_eq!(owners(&mut db.begin().unwrap()), 0);
});

db_test!(a_reader_sees_the_moment_it_began, STEPS, |db| {
    let mut early = db.read().unwrap();
    let mut tx = db.begin().unwrap();
    tx.exec(&ADD_OWNER, args![1, "甲", "东"]).unwrap();
    assert_eq!(owners(&mut db.read().unwrap()), 0, "not before the commit");
    tx.commit().unwrap();
    assert_eq!(
        owners(&mut early),
        0,
        "its first query comes after the commit, its moment before"
    );
    assert_eq!(owners(&mut db.read().unwrap()), 1);
});

db_test!(a_reader_cannot_write, STEPS, |db| {
    assert_eq!(
        db.read()
            .unwrap()
            .exec(&ADD_OWNER, args![1, "甲", "东"])
            .unwrap_err()
            .kind,
        FaultKind::Internal
    );
    assert!(db.read().unwrap().next_id().is_err());
    assert!(
        db.read()
            .unwrap()
            .load("trial_owner", &["owner_id"], [Ok(args![1].to_vec())])
            .is_err()
    );
    assert_eq!(owners(&mut db.read().unwrap()), 0);
    // The connection goes back to the pool unharmed.
    db.begin().unwrap().next_id().unwrap();
});

db_test!(after_an_error_nothing_more_is_done_or_committed, STEPS, |db| {
    let mut tx = db.begin().unwrap();
    tx.exec(&ADD_OWNER, args![1, "甲", "东"]).unwrap();
    tx.exec(&ADD_OWNER, args![1, "乙", "东"]).unwrap_err();
    assert_eq!(
        tx.one(&COUNT_OWNERS, []).unwrap_err().code,
        "db.transaction.failed"
    );
    assert_eq!(tx.commit().unwrap_err().code, "db.transaction.failed");
    assert_eq!(owners(&mut db.begin().unwrap()), 0);
});

db_test!(
    many_rows_are_walked_one_by_one_and_may_be_left_early,
    STEPS,
    |db| {
        let mut tx = db.begin().unwrap();
        let rows = (1..=2500_i64).map(|number| Ok(args![number, format!("o{number}"), "东"].to_vec()));
        tx.load("trial_owner", &["owner_id", "name", "region"], rows)
            .unwrap();
        let mut seen = Vec::new();
        tx.each(&OWNERS, [], |row| {
            seen.push(row.get::<i64>("owner_id")?);
            Ok(())
        })
        .unwrap();
        assert!(seen.into_iter().eq(1..=2500));

        let mut count = 0;
        let stop: Outcome<()> = tx.each(&OWNERS, [], |_| {
            count += 1;
            if count == 1500 {
                Err(Fault::new(FaultKind::Invalid, "enough", "够了"))
            } else {
                Ok(())
            }
        });
        assert_eq!((stop.unwrap_err().code, count), ("enough", 1500));
        assert_eq!(owners(&mut tx), 2500, "the transaction is still usable");
        let below = statement("SELECT owner_id FROM trial_owner WHERE owner_id < $1");
        let mut count = 0;
        tx.each(&below, args![11], |_| {
            count += 1;
            Ok(())
        })
        .unwrap();
        assert_eq!(count, 10);
    }
);

db_test!(numbers_are_ascending_and_never_given_twice, STEPS, |db| {
    let workers: Vec<_> = (0..4)
        .map(|_| {
            let db = db.clone();
            std::thread::spawn(move || {
                let mut all = Vec::new();
                for _ in 0..5 {
                    let mut tx = db.begin().unwrap();
                    let some = tx.ids(20).unwrap();
                    assert!(some.is_sorted());
                    all.extend(some);
                    all.push(tx.next_id().unwrap());
                    tx.commit().unwrap();
                }
                all
            })
        })
        .collect();
    let mut all: Vec<i64> = workers
        .into_iter()
        .flat_map(|worker| worker.join().unwrap())
        .collect();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 4 * 5 * 21);
    assert_eq!(db.begin().unwrap().ids(0).unwrap(), Vec::<i64>::new());
});

db_test!(concurrent_writers_wait_and_do_not_fail, STEPS, |db| {
    let workers: Vec<_> = (0..4_i64)
        .map(|worker| {
            let db = db.clone();
            std::thread::spawn(move || {
                for round in 0..10_i64 {
                    let mut tx = db.begin().unwrap();
                    tx.lock("trial_owner", 1).unwrap();
                    let before = owners(&mut tx);
                    tx.exec(&ADD_OWNER, args![worker * 100 + round, format!("{before}"), "东"])
                        .unwrap();
                    tx.commit().unwrap();
                }
            })
        })
        .collect();
    for worker in workers {
        worker.join().unwrap();
    }
    // The names are the counts before: they are distinct only if read and write were never interleaved.
    assert_eq!(owners(&mut db.read().unwrap()), 40);
});

#[test]
fn writers_of_two_processes_wait_for_the_sqlite_file() {
    let test = TestDb::sqlite(&STEPS);
    // A second handle has a pool of its own, as another process would.
    let other = Db::open(test.url()).unwrap();
    let mut first = test.db().begin().unwrap();
    first.exec(&ADD_OWNER, args![1, "甲", "东"]).unwrap();
    let second = std::thread::spawn(move || {
        let mut tx = other.begin().unwrap();
        let before = owners(&mut tx);
        tx.exec(&ADD_OWNER, args![2, "乙", "东"]).unwrap();
        tx.commit().unwrap();
        before
    });
    #[expect(
        clippy::disallowed_methods,
        reason = "the other writer must be given time to wait"
    )]
    std::thread::sleep(Duration::from_millis(100));
    first.commit().unwrap();
    assert_eq!(
        second.join().unwrap(),
        1,
        "the second began only after the first had committed"
    );
}

#[test]
fn an_sqlite_database_is_durable_and_keeps_references() {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::create(folder.path().join("x.db").to_str().unwrap()).unwrap();
    let settings = statement(
        "SELECT (SELECT journal_mode FROM pragma_journal_mode) AS journal, (SELECT synchronous FROM pragma_synchronous)
         AS synchronous, (SELECT foreign_keys FROM pragma_foreign_keys) AS foreign_keys,
         (SELECT page_size FROM pragma_page_size) AS page_size, (SELECT query_only FROM pragma_query_only) AS query_only",
    );
    for (mut tx, query_only) in [(db.begin().unwrap(), 0), (db.read().unwrap(), 1)] {
        let row = tx.one(&settings, []).unwrap();
        assert_eq!(row.get::<String>("journal").unwrap(), "wal");
        // 2 is FULL: a commit is on the disk before it is acknowledged.
        let rest = ["synchronous", "foreign_keys", "page_size", "query_only"]
            .map(|name| row.get::<i64>(name).unwrap());
        assert_eq!(rest, [2, 1, 8192, query_only]);
    }
}

#[test]
fn waiting_too_long_for_the_sqlite_writer_is_busy() {
    let test = TestDb::sqlite(&STEPS);
    let options = Options {
        wait: Duration::from_millis(50),
        ..Options::default()
    };
    let hurried = Db::open_with(test.url(), options).unwrap();
    let held = test.db().begin().unwrap();
    let fault = hurried.begin().unwrap_err();
    assert_eq!((fault.kind, may_retry(&fault)), (FaultKind::Busy, true));
    drop(held);
    hurried.begin().unwrap();
}

#[test]
fn postgresql_ends_slow_statements_and_survives_lost_connections() {
    let Some(test) = TestDb::postgres("slow_and_lost", &STEPS) else {
        return;
    };
    let db = test.db();
    let sleep = statement("SELECT 1 AS x FROM pg_sleep(20)");
    let mut tx = db.begin().unwrap();
    tx.limit(Duration::from_millis(50)).unwrap();
    assert_eq!(tx.all(&sleep, []).unwrap_err().kind, FaultKind::Busy);
    drop(tx);

    let strict = Options {
        statement_timeout: Some(Duration::from_millis(50)),
        ..Options::default()
    };
    let strict = Db::open_with(test.url(), strict).unwrap();
    assert_eq!(
        strict.read().unwrap().all(&sleep, []).unwrap_err().kind,
        FaultKind::Busy
    );

    let kill = statement(
        "SELECT CAST(count(pg_terminate_backend(pid)) AS BIGINT) AS n FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
    let held: Vec<_> = (0..3).map(|_| db.begin().unwrap()).collect();
    drop(held);
    strict.begin().unwrap().all(&kill, []).unwrap();
    for _ in 0..4 {
        assert_eq!(owners(&mut db.begin().unwrap()), 0);
    }
}

#[test]
fn conflicting_updates_under_postgresql_may_be_retried() {
    let Some(test) = TestDb::postgres("deadlock", &STEPS) else {
        return;
    };
    let db = test.db();
    let raise = statement("UPDATE trial_owner SET region = region || '!' WHERE owner_id = $1");
    let mut tx = db.begin().unwrap();
    for number in 1..=2_i64 {
        tx.exec(&ADD_OWNER, args![number, format!("{number}"), "东"])
            .unwrap();
    }
    tx.commit().unwrap();
    let barrier = std::sync::Arc::new(std::sync::Barrier::new(2));
    let workers = [(1_i64, 2_i64), (2, 1)].map(|(first, then)| {
        let (db, barrier) = (db.clone(), std::sync::Arc::clone(&barrier));
        std::thread::spawn(move || {
            let mut tx = db.begin().unwrap();
            tx.exec(&raise, args![first]).unwrap();
            barrier.wait();
            tx.exec(&raise, args![then])
                .and_then(|_| tx.commit())
                .map_err(|fault| may_retry(&fault))
        })
    });
    let ends = workers.map(|worker| worker.join().unwrap());
    assert!(
        ends.contains(&Err(true)) && ends.contains(&Ok(())),
        "one of two dies and may try again: {ends:?}"
    );
}

db_test!(
    it_works_from_the_blocking_threads_of_an_async_program,
    STEPS,
    |db| {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .build()
            .unwrap();
        runtime.block_on(async {
            let tasks: Vec<_> = (0..8_i64)
                .map(|number| {
                    let db = db.clone();
                    tokio::task::spawn_blocking(move || {
                        let mut tx = db.begin().unwrap();
                        tx.exec(&ADD_OWNER, args![number, format!("o{number}"), "东"])
                            .unwrap();
                        tx.commit().unwrap();
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
            let again = db.clone();
            let count = tokio::task::spawn_blocking(move || owners(&mut again.read().unwrap()))
                .await
                .unwrap();
            assert_eq!(count, 8);
            // The last handle may be dropped inside a task: the driver's own runtime must not end there.
            tokio::spawn(async move { drop(db) }).await.unwrap();
        });
    }
);

#[test]
fn open_refuses_what_is_not_there_and_creates_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("absent.db");
    let fault = Db::open(path.to_str().unwrap()).unwrap_err();
    assert_eq!(fault.code, "db.open.missing");
    assert!(fault.detail.contains("absent.db"), "{}", fault.detail);
    assert!(!path.exists());
    assert_eq!(
        Db::open("postgress://localhost/x").unwrap_err().code,
        "db.url.unknown"
    );
    let garbage = folder.path().join("garbage.db");
    std::fs::write(&garbage, [b'x'; 5000]).unwrap();
    assert_eq!(
        Db::open(garbage.to_str().unwrap()).unwrap_err().code,
        "db.open.failed"
    );
    let nowhere = folder.path().join("no-such-folder/x.db");
    assert_eq!(
        Db::create(nowhere.to_str().unwrap()).unwrap_err().code,
        "db.create.failed"
    );
    let db = Db::create(path.to_str().unwrap()).unwrap();
    assert!(path.exists() && db.backend() == Backend::Sqlite);
    let fault = Db::open("postgres://nobody:secret@127.0.0.1:1/none").unwrap_err();
    assert_eq!(fault.code, "db.open.failed");
    assert!(!format!("{fault:?}").contains("secret"));
}

#[test]
fn a_postgresql_database_ordered_by_a_language_is_refused() {
    let Some(test) = TestDb::postgres("collation", &STEPS) else {
        return;
    };
    let mut made = postgres::Client::connect(test.url(), postgres::NoTls).unwrap();
    let name = format!("xinheng_test_order_{}", std::process::id());
    let sql = format!(
        "CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'en' LOCALE 'C'"
    );
    made.batch_execute(&sql).unwrap();
    let (server, _) = test.url().rsplit_once('/').unwrap();
    let fault = Db::open(&format!("{server}/{name}")).unwrap_err();
    made.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)"))
        .unwrap();
    assert!(fault.detail.contains("排序规则"), "{}", fault.detail);
}
