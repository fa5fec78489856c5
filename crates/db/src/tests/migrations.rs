//! A schema only goes forward, one whole step at a time, whoever asks at the same moment.

use super::{ADD_OWNER, ADD_THING, REMOVE_OWNER, STEPS, owners, statement};
use crate::{Backend, Db, Migration, args, constraint, db_error, db_test};

const NONE: [Migration; 0] = [];

fn step(number: u32, sql: &'static str) -> Migration {
    Migration {
        number,
        name: "step",
        sqlite: sql,
        postgres: sql,
    }
}

fn three() -> [Migration; 3] {
    [
        step(1, "CREATE TABLE trial_one (x TEXT)"),
        step(
            2,
            "CREATE TABLE trial_two (x TEXT); INSERT INTO trial_two VALUES ('a')",
        ),
        step(5, "ALTER TABLE trial_two ADD COLUMN y TEXT"),
    ]
}

fn has(db: &Db, sql: &'static str) -> bool {
    db.read().unwrap().all(&statement(sql), []).is_ok()
}

db_test!(steps_are_applied_once_and_in_order, NONE, |db| {
    let steps = three();
    assert_eq!(db.pending(&steps).unwrap(), [1, 2, 5]);
    assert_eq!(db.migrate(&steps[..2]).unwrap(), [1, 2]);
    assert_eq!(db.pending(&steps).unwrap(), [5]);
    assert_eq!(db.migrate(&steps).unwrap(), [5]);
    assert_eq!(db.migrate(&steps).unwrap(), Vec::<u32>::new());
    assert!(has(&db, "SELECT x, y FROM trial_two"));
    let told = statement("SELECT number, name, checksum, applied_at FROM hall_migration ORDER BY number");
    let rows = db.read().unwrap().all(&told, []).unwrap();
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[0].get::<String>("checksum").unwrap().len(), 64);
    let at: kernel::Instant = rows[0].get("applied_at").unwrap();
    assert!(at.timestamp() > 1_700_000_000);
    assert_eq!(
        rows[0].get::<String>("applied_at").unwrap().len(),
        "2026-09-01T08:00:00.000000Z".len()
    );
});

db_test!(a_schema_newer_than_the_program_is_refused, NONE, |db| {
    db.migrate(&three()).unwrap();
    for refused in [db.migrate(&three()[..2]), db.pending(&three()[..2])] {
        let fault = refused.unwrap_err();
        assert_eq!(fault.code, "db.migrate.newer");
        assert!(
            fault.detail.contains("第 5 步") && fault.detail.contains("第 2 步"),
            "{}",
            fault.detail
        );
    }
});

db_test!(a_step_changed_after_it_was_applied_is_refused, NONE, |db| {
    db.migrate(&three()).unwrap();
    let mut steps = three();
    steps[1] = step(2, "CREATE TABLE trial_two (x TEXT NOT NULL)");
    assert_eq!(db.migrate(&steps).unwrap_err().code, "db.migrate.changed");
    let mut steps = three();
    steps[2] = step(5, "ALTER TABLE trial_two ADD COLUMN y TEXT");
    assert_eq!(db.migrate(&steps).unwrap(), Vec::<u32>::new());
});

db_test!(a_missing_step_and_a_late_step_are_refused, NONE, |db| {
    db.migrate(&three()).unwrap();
    let [one, two, five] = three();
    assert_eq!(db.migrate(&[one, five]).unwrap_err().code, "db.migrate.missing");
    let late = step(3, "CREATE TABLE trial_late (x TEXT)");
    assert_eq!(
        db.migrate(&[one, two, late, five]).unwrap_err().code,
        "db.migrate.late"
    );
    assert_eq!(db.migrate(&[two, one]).unwrap_err().code, "db.failed");
    assert!(!has(&db, "SELECT 1 AS x FROM trial_late"));
});

db_test!(a_failing_step_is_undone_and_the_ones_before_it_stay, NONE, |db| {
    let broken = step(
        2,
        "CREATE TABLE trial_half (x TEXT); INSERT INTO trial_absent VALUES (1)",
    );
    let fault = db.migrate(&[three()[0], broken]).unwrap_err();
    assert_eq!(fault.code, "db.migrate.failed");
    assert!(
        fault.detail.contains("第 2 步") && fault.detail.contains("trial_absent"),
        "{}",
        fault.detail
    );
    assert!(has(&db, "SELECT x FROM trial_one") && !has(&db, "SELECT x FROM trial_half"));
    assert_eq!(db.migrate(&three()).unwrap(), [2, 5]);
});

db_test!(a_step_that_commits_by_itself_is_refused, NONE, |db| {
    let fault = db
        .migrate(&[step(1, "CREATE TABLE trial_own (x TEXT); COMMIT")])
        .unwrap_err();
    assert_eq!(fault.code, "db.migrate.failed");
});

db_test!(many_who_migrate_at_once_apply_each_step_once, NONE, |db| {
    let workers: Vec<_> = (0..4)
        .map(|_| {
            let db = db.clone();
            std::thread::spawn(move || db.migrate(&three()).unwrap())
        })
        .collect();
    let mut applied: Vec<u32> = workers
        .into_iter()
        .flat_map(|worker| worker.join().unwrap())
        .collect();
    applied.sort_unstable();
    assert_eq!(applied, [1, 2, 5]);
});

db_test!(
    a_step_may_rebuild_a_table_but_not_leave_broken_references,
    STEPS,
    |db| {
        let mut tx = db.begin().unwrap();
        tx.exec(&ADD_OWNER, args![1, "甲", "东"]).unwrap();
        tx.exec(&ADD_THING, args![10, 1, None::<i64>, 0]).unwrap();
        tx.commit().unwrap();
        let rebuild = Migration {
        number: 2,
        name: "rebuild",
        sqlite: "CREATE TABLE trial_new (owner_id INTEGER PRIMARY KEY, name TEXT, region TEXT, note TEXT) STRICT;
                 INSERT INTO trial_new SELECT owner_id, name, region, 'n' FROM trial_owner;
                 DROP TABLE trial_owner; ALTER TABLE trial_new RENAME TO trial_owner",
        postgres: "ALTER TABLE trial_owner ADD COLUMN note TEXT; UPDATE trial_owner SET note = 'n'",
    };
        assert_eq!(db.migrate(&[STEPS[0], rebuild]).unwrap(), [2]);
        assert_eq!(owners(&mut db.read().unwrap()), 1);
        let fault = db.begin().unwrap().exec(&REMOVE_OWNER, args![1]).unwrap_err();
        assert_eq!(
            constraint(&fault),
            Some("trial_thing_owner"),
            "the reference follows the new table"
        );
        let cut = step(3, "DELETE FROM trial_owner");
        let fault = db.migrate(&[STEPS[0], rebuild, cut]).unwrap_err();
        assert_eq!(fault.code, "db.migrate.failed", "{:?}", db_error(&fault));
        assert_eq!(owners(&mut db.read().unwrap()), 1);
    }
);

db_test!(statements_prepared_before_a_migration_work_after_it, NONE, |db| {
    db.migrate(&three()[..2]).unwrap();
    let star = statement("SELECT * FROM trial_two");
    assert_eq!(db.read().unwrap().one(&star, []).unwrap().columns().len(), 1);
    db.migrate(&three()).unwrap();
    // PostgreSQL refuses the stale plan once; the connection is then replaced.
    let width = |db: &Db| db.read().unwrap().one(&star, []).map(|row| row.columns().len());
    let first = width(&db);
    assert!(first.is_ok() || db.backend() == Backend::Postgres);
    assert_eq!(width(&db).unwrap(), 2);
});

#[test]
fn line_ends_do_not_change_a_checksum() {
    let (unix, windows) = (step(1, "a\nb"), step(1, "a\r\nb"));
    assert_eq!(unix.checksum(Backend::Sqlite), windows.checksum(Backend::Sqlite));
    assert_ne!(
        unix.checksum(Backend::Sqlite),
        step(1, "a b").checksum(Backend::Sqlite)
    );
}
