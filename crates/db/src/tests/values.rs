//! Every kind of value comes back as it went in.

use chrono::{NaiveDate, TimeZone as _, Utc};
use kernel::{Day, Id, Instant};

use super::{ADD_FULL, ADD_OWNER, OPENING, PUT_OWNER, SOME_OWNERS, STEPS, statement};
use crate::{Value, args, constraint, db_error, db_test};

fn day(year: i32, month: u32, day: u32) -> Day {
    NaiveDate::from_ymd_opt(year, month, day).unwrap()
}

db_test!(every_kind_of_value_comes_back_as_it_went_in, STEPS, |db| {
    let at: Instant = Utc.timestamp_opt(1_790_000_000, 123_456_789).unwrap();
    let json = serde_json::json!({"名称": "信衡", "n": [1, null, true, {"深": "\"引号\""}]});
    let mut tx = db.begin().unwrap();
    let opens = day(2026, 9, 1);
    let row = tx
        .one(
            &ADD_FULL,
            args![
                7,
                "标题 'a' $1",
                true,
                i64::MIN + i64::MAX,
                vec![0_u8, 255],
                opens,
                at,
                &json
            ],
        )
        .unwrap_err();
    assert_eq!(
        constraint(&row),
        Some("trial_thing_amount"),
        "minus one fen is refused"
    );
    drop(tx);

    let mut tx = db.begin().unwrap();
    let row = tx
        .one(
            &ADD_FULL,
            args![
                7,
                "标题 'a' $1",
                true,
                i64::MAX,
                vec![0_u8, 255],
                opens,
                at,
                &json
            ],
        )
        .unwrap();
    assert_eq!(row.get::<Id<()>>("thing_id").unwrap(), Id::new(7));
    assert_eq!(row.get::<String>("title").unwrap(), "标题 'a' $1");
    assert!(row.get::<bool>("active").unwrap());
    assert_eq!(row.get::<i64>("amount_fen").unwrap(), i64::MAX);
    assert_eq!(
        row.get::<kernel::Fen>("amount_fen").unwrap(),
        kernel::Fen(i64::MAX)
    );
    assert_eq!(row.get::<Vec<u8>>("picture").unwrap(), [0, 255]);
    assert_eq!(row.get::<Day>("opens_on").unwrap(), opens);
    let micros: Instant = Utc.timestamp_opt(1_790_000_000, 123_456_000).unwrap();
    assert_eq!(
        row.get::<Instant>("drawn_at").unwrap(),
        micros,
        "whole microseconds"
    );
    assert_eq!(row.get::<serde_json::Value>("payload").unwrap(), json);
    assert_eq!(row.columns().len(), row.values().len());
});

db_test!(
    days_and_instants_at_the_edges_of_the_calendar_survive,
    STEPS,
    |db| {
        let days = [
            day(0, 1, 1),
            day(1969, 12, 31),
            day(2024, 2, 29),
            day(9999, 12, 31),
        ];
        let instants = days.map(|day| day.and_hms_micro_opt(23, 59, 59, 999_999).unwrap().and_utc());
        let mut tx = db.begin().unwrap();
        for (number, (opens, drawn)) in (0_i64..).zip(days.iter().zip(instants)) {
            let row = tx
                .one(
                    &ADD_FULL,
                    args![
                        number,
                        "",
                        false,
                        0,
                        Vec::<u8>::new(),
                        opens,
                        drawn,
                        serde_json::Value::Bool(true)
                    ],
                )
                .unwrap();
            assert_eq!(row.get::<Day>("opens_on").unwrap(), *opens);
            assert_eq!(row.get::<Instant>("drawn_at").unwrap(), drawn);
            assert_eq!(
                row.get::<String>("title").unwrap(),
                "",
                "an empty text is not null"
            );
        }
        let page = tx
            .all(
                &OPENING,
                args![day(0, 1, 1), day(9999, 12, 31), day(0, 1, 1), 0, 10],
            )
            .unwrap();
        assert_eq!(page.len(), 2, "the order of days is the order of time");
    }
);

db_test!(null_is_none_and_only_that, STEPS, |db| {
    let mut tx = db.begin().unwrap();
    let row = tx
        .one(
            &ADD_FULL,
            args![
                1,
                None::<String>,
                None::<bool>,
                None::<i64>,
                None::<Vec<u8>>,
                None::<Day>,
                None::<Instant>,
                None::<serde_json::Value>
            ],
        )
        .unwrap();
    assert_eq!(row.get::<Option<String>>("title").unwrap(), None);
    assert_eq!(row.get::<Option<bool>>("active").unwrap(), None);
    assert_eq!(row.get::<Option<Day>>("opens_on").unwrap(), None);
    assert_eq!(row.get::<Option<i64>>("thing_id").unwrap(), Some(1));
    let fault = row.get::<String>("title").unwrap_err();
    assert_eq!(fault.code, "db.decode");
    assert!(
        db_error(&fault)
            .unwrap()
            .to_string()
            .contains("column title holds null, wanted text")
    );
    assert!(row.get::<Option<i64>>("absent").is_err());
});

db_test!(
    what_only_one_database_could_hold_is_refused_by_both,
    STEPS,
    |db| {
        let year = Value::Date(day(10000, 1, 1));
        for (value, column) in [
            (Value::Text("a\0b".to_owned()), 1),
            (Value::Json(serde_json::json!({"a": ["\0"]})), 7),
            (year, 5),
            (Value::Date(day(-1, 1, 1)), 5),
        ] {
            let mut row = [
                Value::Int(1),
                Value::Null,
                Value::Null,
                Value::Null,
                Value::Null,
                Value::Null,
                Value::Null,
                Value::Null,
            ];
            row[column] = value;
            assert_eq!(
                db.begin().unwrap().one(&ADD_FULL, row).unwrap_err().code,
                "db.failed"
            );
        }
    }
);

db_test!(an_upsert_returns_what_is_stored, STEPS, |db| {
    let mut tx = db.begin().unwrap();
    for region in ["东", "西"] {
        assert_eq!(
            tx.one(&PUT_OWNER, args![1, "甲", region])
                .unwrap()
                .get::<String>("region")
                .unwrap(),
            region
        );
    }
});

db_test!(a_list_of_any_length_finds_its_rows_once, STEPS, |db| {
    let mut tx = db.begin().unwrap();
    for number in 1..=400_i64 {
        let region = if number == 3 { "西" } else { "东" };
        tx.exec(&ADD_OWNER, args![number, format!("o{number}"), region])
            .unwrap();
    }
    for (length, found) in [(0_i64, 0), (1, 1), (5, 4), (256, 255), (257, 256), (300, 299)] {
        let list: Vec<Value> = (1..=length).chain(1..=length.min(2)).map(Value::Int).collect();
        let rows = tx.all_in(&SOME_OWNERS, args!["东"], &list).unwrap();
        let mut numbers: Vec<i64> = rows.iter().map(|row| row.get("owner_id").unwrap()).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!((rows.len(), numbers.len()), (found, found), "list of {length}");
    }
});

db_test!(
    a_statement_with_the_wrong_number_of_arguments_is_refused,
    STEPS,
    |db| {
        for args in [args![1].to_vec(), args![1, "a", "b", "c"].to_vec()] {
            let fault = db.begin().unwrap().exec(&ADD_OWNER, args).unwrap_err();
            assert!(
                db_error(&fault).unwrap().to_string().contains("3 parameters"),
                "{fault:?}"
            );
        }
    }
);

db_test!(exec_refuses_rows_and_one_refuses_none_or_several, STEPS, |db| {
    let two = statement("SELECT 1 AS x UNION ALL SELECT 2");
    assert!(db.begin().unwrap().exec(&two, []).is_err());
    assert!(db.begin().unwrap().one(&two, []).is_err());
    assert!(db.begin().unwrap().opt(&two, []).is_err());
    let none = statement("SELECT owner_id FROM trial_owner");
    assert!(db.begin().unwrap().one(&none, []).is_err());
    assert_eq!(db.begin().unwrap().opt(&none, []).unwrap(), None);
});

db_test!(sums_are_whole_numbers_and_floats_are_refused, STEPS, |db| {
    let sum = statement("SELECT CAST(sum(x) AS BIGINT) AS x FROM (SELECT 1 AS x UNION ALL SELECT 2) AS t");
    assert_eq!(
        db.begin()
            .unwrap()
            .one(&sum, [])
            .unwrap()
            .get::<i64>("x")
            .unwrap(),
        3
    );
    let float = statement("SELECT CAST(1.5 AS REAL) AS x");
    assert_eq!(db.begin().unwrap().one(&float, []).unwrap_err().code, "db.decode");
});
