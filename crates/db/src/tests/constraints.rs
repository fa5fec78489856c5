//! Both databases report the same names for the same refusals.

use kernel::FaultKind;

use super::{ADD_OWNER, ADD_THING, REMOVE_OWNER, STEPS, statement};
use crate::{DbError, Tx, args, constraint, db_error, db_test};

/// Two owners and a thing of the first.
fn furnish(tx: &mut Tx) {
    tx.exec(&ADD_OWNER, args![1, "甲", "东"]).unwrap();
    tx.exec(&ADD_OWNER, args![2, "乙", "东"]).unwrap();
    tx.exec(&ADD_THING, args![10, 1, None::<i64>, 5]).unwrap();
}

db_test!(a_unique_index_is_named, STEPS, |db| {
    for (id, name, wanted) in [(3, "甲", "trial_owner_name"), (1, "丙", "trial_owner_pkey")] {
        let mut tx = db.begin().unwrap();
        furnish(&mut tx);
        let fault = tx.exec(&ADD_OWNER, args![id, name, "东"]).unwrap_err();
        assert_eq!((fault.kind, fault.code), (FaultKind::Conflict, "db.unique"));
        assert_eq!(db_error(&fault), Some(&DbError::Unique(wanted.to_owned())));
        assert!(fault.detail.contains(wanted), "{}", fault.detail);
    }
});

db_test!(a_partial_unique_index_is_named, STEPS, |db| {
    let add = statement("INSERT INTO trial_thing (thing_id, title, active) VALUES ($1, $2, $3)");
    let mut tx = db.begin().unwrap();
    tx.exec(&add, args![1, "a", true]).unwrap();
    tx.exec(&add, args![2, "a", false]).unwrap();
    assert_eq!(
        constraint(&tx.exec(&add, args![3, "a", true]).unwrap_err()),
        Some("trial_thing_active")
    );
});

db_test!(a_check_is_named, STEPS, |db| {
    let mut tx = db.begin().unwrap();
    furnish(&mut tx);
    let fault = tx.exec(&ADD_THING, args![11, 1, 1, -1]).unwrap_err();
    assert_eq!(
        db_error(&fault),
        Some(&DbError::Check("trial_thing_amount".to_owned()))
    );
});

db_test!(a_foreign_key_is_named_whichever_of_two_it_is, STEPS, |db| {
    for (owner, buyer, wanted) in [(9, 1, "trial_thing_owner"), (1, 9, "trial_thing_buyer_id_fkey")] {
        let mut tx = db.begin().unwrap();
        furnish(&mut tx);
        let fault = tx.exec(&ADD_THING, args![11, owner, buyer, 0]).unwrap_err();
        assert_eq!(db_error(&fault), Some(&DbError::Foreign(wanted.to_owned())));
    }
});

db_test!(a_row_that_others_name_cannot_be_removed, STEPS, |db| {
    let mut tx = db.begin().unwrap();
    furnish(&mut tx);
    let fault = tx.exec(&REMOVE_OWNER, args![1]).unwrap_err();
    assert_eq!(
        (fault.kind, constraint(&fault)),
        (FaultKind::Conflict, Some("trial_thing_owner"))
    );
    drop(tx);
    let mut tx = db.begin().unwrap();
    furnish(&mut tx);
    assert_eq!(tx.exec(&REMOVE_OWNER, args![2]).unwrap(), 1);
    assert_eq!(tx.exec(&REMOVE_OWNER, args![2]).unwrap(), 0);
});

db_test!(a_bad_row_in_a_load_names_its_constraint, STEPS, |db| {
    for (row, wanted) in [
        (args![10, 1, 0].to_vec(), "trial_thing_pkey"),
        (args![12, 9, 0].to_vec(), "trial_thing_owner"),
        (args![12, 1, -1].to_vec(), "trial_thing_amount"),
    ] {
        let mut tx = db.begin().unwrap();
        furnish(&mut tx);
        let rows = [Ok(args![11, 1, 0].to_vec()), Ok(row)];
        let fault = tx
            .load("trial_thing", &["thing_id", "owner_id", "amount_fen"], rows)
            .unwrap_err();
        assert_eq!(constraint(&fault), Some(wanted));
    }
});

db_test!(
    a_missing_value_and_a_wrong_kind_are_accidents_not_refusals,
    STEPS,
    |db| {
        let fault = db
            .begin()
            .unwrap()
            .exec(&ADD_OWNER, args![1, None::<String>, "东"])
            .unwrap_err();
        assert_eq!((fault.kind, constraint(&fault)), (FaultKind::Internal, None));
        let fault = db
            .begin()
            .unwrap()
            .exec(&ADD_OWNER, args![vec![1_u8], "a", "东"])
            .unwrap_err();
        assert_eq!(fault.kind, FaultKind::Internal);
    }
);
