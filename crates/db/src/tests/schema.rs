//! The logical schema reads the same from both databases.

use super::STEPS;
use crate::schema::{Kind, logical};
use crate::testing::TestDb;
use crate::{Db, Migration, db_test};

fn lines(db: &Db) -> Vec<String> {
    logical(&mut db.read().unwrap())
        .unwrap()
        .iter()
        .map(ToString::to_string)
        .collect()
}

db_test!(the_schema_is_told_column_by_column, STEPS, |db| {
    let columns = logical(&mut db.read().unwrap()).unwrap();
    let of = |name: &str| columns.iter().find(|column| column.column == name).unwrap();
    for (name, kind) in [
        ("active", Kind::Bool),
        ("amount_fen", Kind::Int),
        ("title", Kind::Text),
        ("picture", Kind::Bytes),
        ("opens_on", Kind::Date),
        ("until", Kind::Date),
        ("drawn_at", Kind::Time),
        ("payload", Kind::Json),
    ] {
        assert_eq!((name, of(name).kind), (name, kind));
    }
    assert_eq!(
        lines(&db),
        [
            "trial_owner.name Text not null; unique trial_owner_name(name,region)",
            "trial_owner.owner_id Int not null; unique trial_owner_pkey(owner_id)",
            "trial_owner.region Text not null; unique trial_owner_name(name,region)",
            "trial_thing.active Bool null",
            "trial_thing.amount_fen Int null",
            "trial_thing.buyer_id Int null; foreign trial_thing_buyer_id_fkey(buyer_id) -> trial_owner",
            "trial_thing.drawn_at Time null",
            "trial_thing.opens_on Date null; index trial_thing_opens(opens_on,thing_id)",
            "trial_thing.owner_id Int null; foreign trial_thing_owner(owner_id) -> trial_owner",
            "trial_thing.payload Json null",
            "trial_thing.picture Bytes null",
            "trial_thing.thing_id Int not null; unique trial_thing_pkey(thing_id); index trial_thing_opens(opens_on,thing_id)",
            "trial_thing.title Text null; unique trial_thing_active(title) partial",
            "trial_thing.until Date null",
        ]
    );
});

#[test]
fn a_difference_between_the_twins_shows() {
    let twin = |sqlite, postgres| {
        [Migration {
            number: 1,
            name: "twin",
            sqlite,
            postgres,
        }]
    };
    for (sqlite, postgres) in [
        (
            "CREATE TABLE t (a INTEGER NOT NULL) STRICT",
            "CREATE TABLE t (a BIGINT)",
        ),
        ("CREATE TABLE t (a TEXT) STRICT", "CREATE TABLE t (a DATE)"),
        (
            "CREATE TABLE t (a TEXT UNIQUE) STRICT",
            "CREATE TABLE t (a TEXT UNIQUE)",
        ),
        (
            "CREATE TABLE t (a TEXT) STRICT; CREATE INDEX t_a ON t (a)",
            "CREATE TABLE t (a TEXT)",
        ),
    ] {
        let steps = twin(sqlite, postgres);
        let one = TestDb::sqlite(&steps);
        let Some(two) = TestDb::postgres("twins", &steps) else {
            return;
        };
        assert_ne!(lines(&one.db()), lines(&two.db()), "{sqlite}");
    }
}
