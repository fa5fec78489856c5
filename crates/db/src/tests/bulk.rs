//! Bulk load: every kind of value, and how fast.

use std::time::Instant as Clock;

use chrono::{Days, NaiveDate};
use kernel::{Day, Fault, FaultKind, Outcome};

use super::{STEPS, statement};
use crate::testing::TestDb;
use crate::{Db, Migration, Options, Value, args, db_test};

const COLUMNS: [&str; 8] = [
    "thing_id",
    "title",
    "active",
    "amount_fen",
    "picture",
    "opens_on",
    "drawn_at",
    "payload",
];

#[expect(clippy::unnecessary_wraps, reason = "load takes outcomes")]
fn row(number: i64) -> Outcome<Vec<Value>> {
    let first: Day = NaiveDate::from_ymd_opt(2020, 1, 1).unwrap();
    let opens = first + Days::new(number.unsigned_abs() % 2000);
    let drawn = opens.and_hms_micro_opt(8, 0, 0, 1).unwrap().and_utc();
    let payload = serde_json::json!({"no": number, "名称": "某某食品有限公司"});
    let title = format!("91330100MA27X{number:08}");
    Ok(args![
        number,
        title,
        number % 2 == 0,
        number * 100,
        vec![1_u8, 2],
        opens,
        drawn,
        payload
    ]
    .to_vec())
}

db_test!(
    a_load_brings_every_kind_of_value_and_counts_its_rows,
    STEPS,
    |db| {
        let mut tx = db.begin().unwrap();
        assert_eq!(
            tx.load("trial_thing", &COLUMNS, (1..=1000).map(row)).unwrap(),
            1000
        );
        assert_eq!(tx.load("trial_thing", &COLUMNS, []).unwrap(), 0);
        let nulls = args![
            2000,
            None::<String>,
            None::<bool>,
            None::<i64>,
            None::<Vec<u8>>,
            None::<Day>,
            None::<kernel::Instant>,
            None::<serde_json::Value>
        ];
        assert_eq!(tx.load("trial_thing", &COLUMNS, [Ok(nulls.to_vec())]).unwrap(), 1);
        let read = statement(
        "SELECT thing_id, title, active, amount_fen, picture, opens_on, drawn_at, payload FROM trial_thing
         WHERE thing_id <= 1000 ORDER BY thing_id",
    );
        let rows = tx.all(&read, []).unwrap();
        assert_eq!(rows.len(), 1000);
        for (number, found) in (1..).zip(rows) {
            let Ok([_, title, active, fen, picture, opens, drawn, payload]) =
                <[Value; 8]>::try_from(row(number).unwrap())
            else {
                panic!("eight values");
            };
            assert_eq!(Value::from(found.get::<String>("title").unwrap()), title);
            assert_eq!(Value::from(found.get::<bool>("active").unwrap()), active);
            assert_eq!(Value::from(found.get::<i64>("amount_fen").unwrap()), fen);
            assert_eq!(Value::from(found.get::<Vec<u8>>("picture").unwrap()), picture);
            assert_eq!(Value::from(found.get::<Day>("opens_on").unwrap()), opens);
            assert_eq!(
                Value::from(found.get::<kernel::Instant>("drawn_at").unwrap()),
                drawn
            );
            assert_eq!(
                Value::from(found.get::<serde_json::Value>("payload").unwrap()),
                payload
            );
        }
    }
);

db_test!(a_load_that_breaks_off_leaves_nothing, STEPS, |db| {
    let mut tx = db.begin().unwrap();
    let broken = [
        row(1),
        Err(Fault::new(FaultKind::Invalid, "line.bad", "第 2 行有误")),
    ];
    assert_eq!(
        tx.load("trial_thing", &COLUMNS, broken).unwrap_err().code,
        "line.bad"
    );
    assert!(tx.commit().is_err());
    let short = [row(1), Ok(args![2].to_vec())];
    assert!(db.begin().unwrap().load("trial_thing", &COLUMNS, short).is_err());
    assert!(
        db.begin()
            .unwrap()
            .load("trial_thing; --", &COLUMNS, [row(1)])
            .is_err()
    );
    assert!(
        db.begin()
            .unwrap()
            .load("trial_thing", &["absent"], [Ok(args![1].to_vec())])
            .is_err()
    );
    let all = statement("SELECT thing_id FROM trial_thing");
    assert!(db.read().unwrap().all(&all, []).unwrap().is_empty());
});

/// Much like the staging table of intake.
const STAGE: [Migration; 1] = [Migration {
    number: 1,
    name: "stage",
    sqlite: "CREATE TABLE trial_stage (record_id INTEGER PRIMARY KEY, subject_no TEXT NOT NULL, item TEXT NOT NULL,
             on_day TEXT, amount_fen INTEGER, level INTEGER, received_at TEXT, payload TEXT) STRICT",
    postgres: "CREATE TABLE trial_stage (record_id BIGINT PRIMARY KEY, subject_no TEXT NOT NULL,
             item TEXT NOT NULL, on_day DATE, amount_fen BIGINT, level BIGINT, received_at TIMESTAMPTZ,
             payload JSONB)",
}];
const STAGE_COLUMNS: [&str; 8] = [
    "record_id",
    "subject_no",
    "item",
    "on_day",
    "amount_fen",
    "level",
    "received_at",
    "payload",
];

/// Prints rows per second and asserts nothing; `XINHENG_ROWS` says how many.
/// `cargo test -p db -- --ignored --nocapture speed`
#[test]
#[ignore = "measures, asserts nothing"]
fn speed() {
    #[expect(
        clippy::disallowed_methods,
        reason = "how much to measure is told by the environment"
    )]
    let rows = std::env::var("XINHENG_ROWS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(200_000);
    let sqlite = TestDb::sqlite(&STAGE);
    // As in service: every commit flushed to the disk.
    measure(
        "sqlite",
        &Db::open_with(sqlite.url(), Options::default()).unwrap(),
        rows,
    );
    if let Some(test) = TestDb::postgres("speed", &STAGE) {
        measure("postgres", &test.db(), rows);
    }
}

/// Seconds that `work` takes.
fn timed(work: impl FnOnce()) -> f64 {
    let clock = Clock::now();
    work();
    clock.elapsed().as_secs_f64()
}

fn staged(number: i64) -> Outcome<Vec<Value>> {
    let [id, title, _, fen, _, opens, drawn, payload] =
        <[Value; 8]>::try_from(row(number)?).map_err(|_| Fault::hidden())?;
    Ok(vec![
        id,
        title,
        Value::from("penalty"),
        opens,
        fen,
        Value::Int(3),
        drawn,
        payload,
    ])
}

fn measure(name: &str, db: &Db, rows: i64) {
    let making = timed(|| assert!((1..=rows).map(staged).all(|row| row.is_ok())));
    let loading = timed(|| {
        let mut tx = db.begin().unwrap();
        tx.load("trial_stage", &STAGE_COLUMNS, (1..=rows).map(staged))
            .unwrap();
        tx.commit().unwrap();
    });
    let all = statement(
        "SELECT record_id, subject_no, item, on_day, amount_fen, level, received_at, payload FROM trial_stage
         ORDER BY record_id",
    );
    let walking = timed(|| db.read().unwrap().each(&all, [], |_| Ok(())).unwrap());
    let one = statement("SELECT item FROM trial_stage WHERE record_id = $1");
    let asking = timed(|| {
        let mut tx = db.read().unwrap();
        for number in 1..=5000_i64 {
            tx.one(&one, args![number * (rows / 5000).max(1)]).unwrap();
        }
    });
    let touch = statement("UPDATE trial_stage SET level = $2 WHERE record_id = $1");
    let writing = timed(|| {
        for number in 1..=300_i64 {
            let mut tx = db.begin().unwrap();
            tx.exec(&touch, args![number, 4]).unwrap();
            tx.commit().unwrap();
        }
    });
    let count = f64::from(i32::try_from(rows).unwrap());
    eprintln!(
        "{name}: {rows} rows; load {:.0}/s ({:.0}/s without making the rows); each {:.0}/s; one row by key {:.0} µs; \
         small committed transaction {:.2} ms",
        count / loading,
        count / (loading - making),
        count / walking,
        asking * 200.0,
        writing / 0.3
    );
}
