//! Stories of large batches: many frames, known and unknown entities mixed, staged rows that were damaged.
use std::fmt::Write as _;

use db::db_test;

use super::super::model::{Draft, NewBatch, Relation, Taken};
use super::super::service::{self, Mapping};
use crate::hall::command;
use crate::stories::{FIRM, Town, registrations};
use crate::{MIGRATIONS, registry};

/// Enough for two frames and for the filter of new entities.
const FIRMS: usize = 5_200;
const HEADINGS: &str = "统一社会信用代码,名称,类型,登记状态,行政区划\n";

/// A code of our own with a right check character (GB 32100-2015).
fn code(number: usize) -> String {
    const MARKS: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
    const WEIGHTS: [usize; 17] = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];
    let body = format!("91440511MA{number:07}");
    let value = |byte: u8| MARKS.iter().position(|mark| *mark == byte).unwrap();
    let sum: usize = body
        .bytes()
        .zip(WEIGHTS)
        .map(|(byte, weight)| value(byte) * weight)
        .sum();
    format!("{body}{}", char::from(MARKS[(31 - sum % 31) % 31]))
}

fn row(text: &mut String, number: usize, name: &str) {
    writeln!(text, "{},示例{name}{number}商店,9500,1,440511", code(number)).unwrap();
}

db_test!(
    rows_of_one_entity_far_apart_in_a_large_file_follow_each_other_in_order,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        // Some are known before; then all, some of them renamed at the end of the file, some repeated there unchanged.
        let mut before = HEADINGS.to_owned();
        (0..FIRMS)
            .step_by(10)
            .for_each(|number| row(&mut before, number, "旧"));
        assert_eq!(town.hand_over("registration", &before).rows_accepted, 520);
        let mut text = HEADINGS.to_owned();
        (0..FIRMS).for_each(|number| row(&mut text, number, "甲"));
        (0..FIRMS)
            .step_by(4)
            .for_each(|number| row(&mut text, number, "乙"));
        (1..FIRMS)
            .step_by(4)
            .for_each(|number| row(&mut text, number, "甲"));
        let batch = town.hand_over("registration", &text);
        assert_eq!(
            (
                batch.rows_read,
                batch.rows_accepted,
                batch.rows_unchanged,
                batch.rows_refused
            ),
            (7_800, 6_500, 1_300, 0),
            "{batch:?}"
        );
        assert_eq!(town.ask(|tx, _| registry::service::count(tx)), 5_200);
        for (number, name, records) in [
            (0, "乙", 3),
            (1, "甲", 1),
            (2, "甲", 1),
            (4, "乙", 2),
            (10, "甲", 2),
        ] {
            let entity = town.ask(|tx, op| registry::service::by_no(tx, op, &code(number)));
            assert_eq!(entity.name, format!("示例{name}{number}商店"));
            let all = town.ask(|tx, op| service::records_of(tx, entity.entity_id, op.at));
            assert_eq!(all.len(), records, "{number}");
            assert!(all.windows(2).all(|pair| pair[0].record_id < pair[1].record_id));
            assert_eq!(entity.record_id, all.last().unwrap().record_id);
        }
        // The records of a batch are found by its numbers, all of them and in order.
        let page = town.ask(|tx, _| service::records_in(tx, batch.batch_id, 0, 10_000));
        assert_eq!(page.len(), 6_500);
        assert!(
            page.windows(2)
                .all(|pair| pair[0].record_id < pair[1].record_id && pair[0].line < pair[1].line)
        );
        // The same rows in another file are all known.
        let again = town.hand_over("registration", &format!("{text}\n"));
        assert_eq!(
            (again.rows_accepted, again.rows_unchanged),
            (2_600, 5_200),
            "甲 and 乙 take turns again"
        );
    }
);

db_test!(
    an_entity_named_and_taken_back_in_one_file_is_not_in_the_register,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let mut text = "统一社会信用代码,名称,类型,登记状态,行政区划,操作\n".to_owned();
        for (number, deed) in [(1, ""), (2, ""), (1, "撤销"), (3, ""), (3, "撤销"), (3, "")] {
            writeln!(text, "{},示例{number}商店,9500,1,440511,{deed}", code(number)).unwrap();
        }
        let batch = town.hand_over("registration", &text);
        assert_eq!((batch.rows_accepted, batch.rows_refused), (6, 0), "{batch:?}");
        assert_eq!(town.ask(|tx, _| registry::service::count(tx)), 2);
        let subject = town.ask(|tx, _| service::subject_id(tx, &code(1))).unwrap();
        let all = town.ask(|tx, op| service::records_of(tx, subject, op.at));
        assert_eq!(
            (all[1].relation, all[1].names_id),
            (Relation::Withdraws, Some(all[0].record_id))
        );
    }
);

db_test!(
    staged_rows_that_were_damaged_are_checked_again_and_kept_once,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let text = format!("{}123,错误的代码,9500,,,1,,440511,\n", registrations());
        let batch_id = town.receive("registration", text.as_bytes(), &Mapping::default());
        service::stage(&town.house, &town.op(), batch_id, 0, &Mapping::default()).unwrap();
        let path = town.house.folder.path(&service::staged_of(batch_id));
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        town.settle();
        let batch = town.ask(|tx, _| service::batch(tx, batch_id));
        assert_eq!(
            (
                batch.state.as_str(),
                batch.rows_read,
                batch.rows_accepted,
                batch.rows_refused
            ),
            ("applied", 4, 3, 1)
        );
        assert_eq!(town.ask(|tx, _| service::refusals(tx, batch_id, 0, 10)).len(), 1);
        assert!(!path.exists(), "what waited beside the database is gone");
        // A file that is gone altogether is no harm either.
        let batch_id = town.receive(
            "registration",
            format!("{text}\n").as_bytes(),
            &Mapping::default(),
        );
        service::stage(&town.house, &town.op(), batch_id, 0, &Mapping::default()).unwrap();
        std::fs::remove_file(town.house.folder.path(&service::staged_of(batch_id))).unwrap();
        town.settle();
        let batch = town.ask(|tx, _| service::batch(tx, batch_id));
        assert_eq!(
            (batch.state.as_str(), batch.rows_unchanged, batch.rows_refused),
            ("applied", 3, 1)
        );
    }
);

db_test!(
    one_file_handed_over_twice_at_once_is_one_batch,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let bytes = registrations();
        let digest = proof::Suite::Sha256Ed25519.hash(bytes.as_bytes()).to_string();
        let kept = service::file_of(&digest);
        town.house.folder.write(&kept, bytes.as_bytes()).unwrap();
        let new = NewBatch {
            item: "registration".into(),
            supplier: "440511-scjg".into(),
            source: "file".into(),
            file_name: "registration.csv".into(),
            ..NewBatch::default()
        };
        let hand_over = || {
            let op = town.op();
            command(&town.house, &op, |tx, op| {
                service::receive(tx, op, &new, &digest, &Mapping::default())
            })
            .unwrap()
        };
        let taken = std::thread::scope(|scope| {
            let all: Vec<_> = (0..4).map(|_| scope.spawn(hand_over)).collect();
            all.into_iter().map(|one| one.join().unwrap()).collect::<Vec<_>>()
        });
        let new = taken
            .iter()
            .filter(|taken| matches!(taken, Taken::New(_)))
            .count();
        assert_eq!((new, taken.len()), (1, 4), "{taken:?}");
        town.settle();
        let subject = town.ask(|tx, _| service::subject_id(tx, FIRM)).unwrap();
        assert_eq!(
            town.ask(|tx, op| service::records_of(tx, subject, op.at)).len(),
            1
        );
    }
);

#[test]
fn the_digest_is_that_of_the_canonical_json_of_the_content() {
    let payload = serde_json::json!({"name": "示例\"甲\"\\\u{1}\n", "a": "1"});
    let draft = Draft {
        line: 9,
        subject: kernel::SubjectNo::parse(FIRM).unwrap(),
        record_key: "不在其中".into(),
        on: "2026-03-04".parse().ok(),
        ends_on: None,
        amount_fen: Some(-120),
        level: None,
        code: Some("引\"号".into()),
        withdraws: true,
        payload: payload.to_string(),
    };
    let content = serde_json::json!(["2026-03-04", null, -120, null, "引\"号", true, payload]);
    let whole = proof::Suite::Sha256Ed25519
        .hash(content.to_string().as_bytes())
        .to_string();
    assert_eq!(draft.digest(), whole[..32]);
    let mut written = String::new();
    super::super::rules::push_json(&mut written, "示例\"甲\"\\\u{1}\n");
    assert_eq!(written, payload["name"].to_string());
}
