//! Stories of receipts, on both databases.
use db::db_test;
use kernel::{Actor, Scope};
use proof::receipt::Receipt;
use proof::{Digest, Suite};

use super::service as receipts;
use crate::MIGRATIONS;
use crate::hall::{Op, command, command_once, query};
use crate::intake::service::{self, HandOver, Mapping};
use crate::stories::{FIRM, Town};

fn text() -> Vec<u8> {
    format!("统一社会信用代码,处罚决定书文号,处罚类别,处罚决定日期\n{FIRM},1号,警告,2026-03-04\n")
        .into_bytes()
}

/// Takes a file in and gives a receipt for it.
fn hand_over(town: &Town, op: &Op, bytes: &[u8]) -> kernel::Outcome<(i64, String)> {
    let hash: Digest = Suite::Sha256Ed25519.hash(bytes);
    let digest = hash.to_string();
    let path = town
        .house
        .folder
        .write(&service::file_of(&digest), bytes)
        .unwrap();
    let mapping = Mapping::default();
    let tables = service::describe(&op.pack.on(op.today()), &path, "处罚.csv", None, &mapping, true).unwrap();
    let over = HandOver {
        supplier: "440511-scjg",
        source: "api",
        file_name: "处罚.csv",
        digest: &digest,
        item: None,
        mapping: &mapping,
    };
    let content = (hash, bytes.len() as u64);
    command_once(&town.house, op, |tx, op| {
        let arrived = service::arrive(tx, op, &over, &tables)?;
        receipts::give(
            tx,
            op,
            &town.house.keys.platform,
            &over,
            content,
            (&arrived, &tables),
        )
    })
}

db_test!(
    a_receipt_tells_what_came_holds_offline_and_can_be_had_again,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let (receipt_id, document) = hand_over(&town, &town.op(), &text()).unwrap();
        let receipt = Receipt::parse(document.as_bytes()).unwrap();
        assert!(receipt.holds() && receipt.is_of(&text()));
        let received = &receipt.received;
        assert_eq!(received.supplier, "440511-scjg");
        let parts: Vec<(&str, Option<i64>, bool)> = received
            .parts
            .iter()
            .map(|part| (part.item.as_str(), part.rows, part.known))
            .collect();
        assert_eq!(parts, [("penalty", Some(1), false)]);
        assert_eq!(received.key.0, town.house.keys.platform.public());
        let again = town.ask(|tx, op| receipts::receipt(tx, op, receipt_id));
        assert_eq!(again, document, "byte for byte");
        // The same content again is known, and a receipt says so too.
        let (_, document) = hand_over(&town, &town.op(), &text()).unwrap();
        assert!(Receipt::parse(document.as_bytes()).unwrap().received.parts[0].known);
    }
);

db_test!(
    a_retry_with_the_same_key_gets_the_same_receipt_and_another_body_is_refused,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let once = |digest: &str| {
            let mut op = town.op();
            op.once = Some(crate::hall::Once {
                key: "k1".into(),
                digest: digest.into(),
            });
            op
        };
        let first = hand_over(&town, &once("a"), &text()).unwrap();
        town.later(1);
        assert_eq!(hand_over(&town, &once("a"), &text()).unwrap(), first);
        let mut other = text();
        other.extend_from_slice(b"\n");
        let refused = hand_over(&town, &once("b"), &other).unwrap_err();
        assert_eq!(refused.code, "hall.once.other-question");
        assert_eq!(town.ask(|tx, op| service::batches(tx, op, i64::MAX, 10)).len(), 1);
    }
);

db_test!(to_whom_it_is_not_the_receipt_does_not_exist, MIGRATIONS, |db| {
    let town = Town::build(&db);
    let (receipt_id, _) = hand_over(&town, &town.op(), &text()).unwrap();
    let mut op = town.op();
    op.actor = Actor {
        scope: Scope {
            divisions: Vec::new(),
            departments: Some(vec!["440511-other".into()]),
            everything: false,
        },
        ..Actor::operator("别的部门")
    };
    let hidden = query(&town.house, &op, |tx, op| receipts::receipt(tx, op, receipt_id)).unwrap_err();
    assert_eq!(hidden.code, "hidden");
    let missing = command(&town.house, &town.op(), |tx, op| receipts::receipt(tx, op, 1)).unwrap_err();
    assert_eq!(missing.code, "hidden");
});
