//! Pairs of entities that may be one: the same name in the same place under two numbers. A person decides.
use std::collections::HashMap;

use db::Tx;
use kernel::page::{Cursor, Page};
use kernel::{Division, Outcome};
use matching::{Known, Places, Query, score};

use super::super::model::Entity;
use super::super::service as register;
use super::model::Pair;
use super::{rules, store};
use crate::hall::{InJurisdiction as _, Op};

/// Entities looked at in one go.
const STRETCH: i64 = 20_000;
/// Stretches looked at for one page; the cursor goes on from there.
const MOST_STRETCHES: usize = 10;

/// A page of pairs that the actor reaches, in the order of the register.
pub fn suggested(tx: &mut Tx, op: &Op, cursor: Option<&str>, limit: i64) -> Outcome<Page<Pair>> {
    let (mut after, mut past): (i64, i64) =
        cursor.map_or(Ok((0, 0)), |text| Cursor::from_text(text).decode())?;
    let full = usize::try_from(limit).unwrap_or(usize::MAX);
    let law = op.pack.on(op.today()).matching()?.value;
    let mut items = Vec::new();
    for _ in 0..MOST_STRETCHES {
        // A cursor within the pairs of one entity begins with that entity again.
        let from = if past > 0 { after - 1 } else { after };
        let (last, count) = store::stretch(tx, from, STRETCH)?;
        let Some(last) = last else {
            return Ok(Page::whole(items));
        };
        let pairs = store::same_name(tx, from, STRETCH)?;
        let ids: Vec<i64> = pairs.iter().flat_map(|(one, other)| [*one, *other]).collect();
        let entities: HashMap<i64, Entity> = register::of_numbers(tx, &ids)?
            .into_iter()
            .map(|entity| (entity.entity_id, entity))
            .collect();
        let begin = (after, past);
        for (one, other) in pairs.into_iter().filter(|pair| begin.1 == 0 || *pair > begin) {
            let (Some(a), Some(b)) = (entities.get(&one), entities.get(&other)) else {
                continue;
            };
            if !same_place(a, b)
                || [a, b]
                    .iter()
                    .any(|entity| !op.actor.scope.covers(&entity.jurisdiction()))
            {
                continue;
            }
            if items.len() >= full {
                let next = Cursor::encode(&(after, past))?.into_string();
                return Ok(Page {
                    items,
                    next: Some(next),
                    total: None,
                });
            }
            items.extend(pair(&law, a, b));
            (after, past) = (one, other);
        }
        (after, past) = (last, 0);
        if count < STRETCH {
            return Ok(Page::whole(items));
        }
    }
    let next = Cursor::encode(&(after, past))?.into_string();
    Ok(Page {
        items,
        next: Some(next),
        total: None,
    })
}

fn same_place(a: &Entity, b: &Entity) -> bool {
    match (Division::parse(&a.division), Division::parse(&b.division)) {
        (Ok(a), Ok(b)) => a.contains(&b) || b.contains(&a),
        _ => false,
    }
}

/// The pair with its explained score; the older number goes into the credit code.
fn pair(law: &policy::pack::Matching, a: &Entity, b: &Entity) -> Option<Pair> {
    let (merged, into) = if b.subject_no.len() < a.subject_no.len() {
        (b, a)
    } else {
        (a, b)
    };
    let places = Places::standard();
    let query = Query::new("", &merged.name, "", &merged.division, &merged.address, places);
    let known = Known {
        entity_id: into.entity_id,
        subject_no: into.subject_no.clone(),
        name: into.name.clone(),
        division: into.division.clone(),
        address: into.address.clone(),
        ..Known::default()
    };
    let candidate = score(law, &query, &known, places)?;
    Some(Pair {
        merged_no: merged.subject_no.clone(),
        merged_name: merged.name.clone(),
        into_no: into.subject_no.clone(),
        into_name: into.name.clone(),
        score: candidate.score,
        reasons: rules::reasons(&candidate),
    })
}
