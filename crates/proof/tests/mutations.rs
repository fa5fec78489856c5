//! Files changed at random are refused or fail a check; nothing makes the verifier panic.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests fail by panicking"
)]

use std::path::Path;

use proof::draw::Sealed;
use proof::verify::{Material, verify};
use proptest::prelude::*;
use serde_json::Value;

fn vector(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../vectors/draw/good")
        .join(name);
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// How one node is changed.
#[derive(Debug, Clone)]
enum Change {
    /// Another digit or letter at a place; a number one up.
    Nudge(usize),
    /// The node is taken out of its list or object.
    Remove,
    /// The node stands twice in its list.
    Twice,
    /// The node changes places with its neighbour.
    Swap,
    /// The node becomes something else.
    Replace(Value),
}

fn changes() -> impl Strategy<Value = Change> {
    let other = prop_oneof![
        Just(Value::Null),
        any::<u64>().prop_map(Value::from),
        (0_u64..4).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        Just(Value::Array(Vec::new())),
        Just(Value::Object(serde_json::Map::new())),
    ];
    prop_oneof![
        4 => any::<usize>().prop_map(Change::Nudge),
        1 => Just(Change::Remove),
        1 => Just(Change::Twice),
        1 => Just(Change::Swap),
        2 => other.prop_map(Change::Replace),
    ]
}

fn nudge(text: &str, place: usize) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    if letters.is_empty() {
        return "0".to_owned();
    }
    let place = place % letters.len();
    letters[place] = if letters[place] == '1' { '2' } else { '1' };
    letters.into_iter().collect()
}

/// Walks down by the numbers of `way` and changes the node where the way ends.
fn mutate(value: &mut Value, way: &[usize], change: &Change) {
    let (step, rest) = way
        .split_first()
        .map_or((0, &[][..]), |(step, rest)| (*step, rest));
    match value {
        Value::Array(list) if !list.is_empty() => {
            let at = step % list.len();
            match (rest.is_empty(), change) {
                (true, Change::Remove) => drop(list.remove(at)),
                (true, Change::Twice) => list.insert(at, list[at].clone()),
                (true, Change::Swap) => {
                    let next = (at + 1) % list.len();
                    list.swap(at, next);
                }
                _ => mutate(&mut list[at], rest, change),
            }
        }
        Value::Object(map) if !map.is_empty() => {
            let name = map.keys().nth(step % map.len()).unwrap().clone();
            match (rest.is_empty(), change) {
                (true, Change::Remove) => drop(map.remove(&name)),
                (true, Change::Replace(other)) => drop(map.insert(name, other.clone())),
                _ => mutate(map.get_mut(&name).unwrap(), rest, change),
            }
        }
        Value::String(text) => match change {
            Change::Nudge(place) => *text = nudge(text, *place),
            Change::Replace(other) => *value = other.clone(),
            _ => text.push('0'),
        },
        Value::Number(number) => {
            *value = match change {
                Change::Replace(other) => other.clone(),
                _ => Value::from(number.as_u64().unwrap().wrapping_add(1)),
            }
        }
        Value::Bool(held) => *value = Value::Bool(!*held),
        other => *other = Value::from(1),
    }
}

fn ways() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(any::<usize>(), 1..9)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn a_changed_public_file_is_refused_or_fails(
        way in ways(), change in changes(), sm3 in prop::bool::weighted(0.2),
    ) {
        let suite = if sm3 { "sm3" } else { "sha256" };
        let original = vector(&format!("joint-{suite}.sealed.json"));
        let mut changed = original.clone();
        mutate(&mut changed, &way, &change);
        let auditor = serde_json::to_vec(&vector(&format!("joint-{suite}.auditor.json"))).unwrap();
        let auditor = Material::parse(&auditor).unwrap();
        if let Ok(sealed) = Sealed::parse(&serde_json::to_vec(&changed).unwrap()) {
            let report = verify(&sealed, Some(&auditor));
            let before = Sealed::parse(&serde_json::to_vec(&original).unwrap()).unwrap();
            if sealed.transcript != before.transcript || sealed.signature != before.signature {
                prop_assert!(!report.holds(), "{:?} {:?}", way, change);
            }
            // Rows left out or in another order, and the log taken out, are not wrong; a changed row or entry is.
            let fewer = sealed.opened.iter().all(|row| before.opened.contains(row));
            let known = before.log.as_ref().unwrap();
            let log = sealed.log.as_ref().is_none_or(|log| {
                log.checkpoint == known.checkpoint && log.entries.iter().all(|entry| known.entries.contains(entry))
            });
            prop_assert!(!report.holds() || (fewer && log), "{:?} {:?}", way, change);
        }
    }

    #[test]
    fn changed_material_is_refused_or_fails(way in ways(), change in changes(), firm in any::<bool>()) {
        let kind = if firm { "firm" } else { "auditor" };
        let original = vector(&format!("joint-sha256.{kind}.json"));
        let mut changed = original.clone();
        mutate(&mut changed, &way, &change);
        let sealed = Sealed::parse(&serde_json::to_vec(&vector("joint-sha256.sealed.json")).unwrap()).unwrap();
        if let Ok(material) = Material::parse(&serde_json::to_vec(&changed).unwrap()) {
            let same = material == Material::parse(&serde_json::to_vec(&original).unwrap()).unwrap();
            prop_assert_eq!(verify(&sealed, Some(&material)).holds(), same, "{:?} {:?}", way, change);
        }
    }

    #[test]
    fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Sealed::parse(&bytes);
        let _ = Material::parse(&bytes);
    }
}
