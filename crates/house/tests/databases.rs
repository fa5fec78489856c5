//! What both databases must agree on: every statement, and the schema.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests say what they expect by failing"
)]

use db::db_test;
use db::testing::{TestDb, not_understood};
use house::MIGRATIONS;

db_test!(every_named_statement_is_understood, MIGRATIONS, |db| {
    let all: Vec<db::Statement> = house::statements().into_iter().copied().collect();
    assert!(all.len() > 100, "{} statements are registered", all.len());
    assert_eq!(not_understood(&db, &all), Vec::<String>::new());
});

db_test!(migrating_again_changes_nothing, MIGRATIONS, |db| {
    assert_eq!(db.migrate(MIGRATIONS).unwrap(), Vec::<u32>::new());
});

#[test]
fn the_two_logical_schemas_are_equal() {
    let shape = |db: &db::Db| -> Vec<String> {
        let mut tx = db.read().unwrap();
        db::schema::logical(&mut tx)
            .unwrap()
            .iter()
            .map(ToString::to_string)
            .collect()
    };
    let sqlite = TestDb::sqlite(MIGRATIONS);
    let Some(postgres) = TestDb::postgres("the_two_logical_schemas_are_equal", MIGRATIONS) else {
        return;
    };
    let (left, right) = (shape(&sqlite.db()), shape(&postgres.db()));
    assert!(left.len() > 100, "{} columns", left.len());
    let only = |of: &[String], other: &[String]| {
        of.iter()
            .filter(|l| !other.contains(l))
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!((only(&left, &right), only(&right, &left)), (vec![], vec![]));
}
