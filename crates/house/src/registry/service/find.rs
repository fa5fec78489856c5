//! Finding entities by what somebody remembers of them: a part of the name or a former name, pinyin, a code.
use std::collections::HashMap;

use db::Tx;
use finder::{After, Total, Wanted};
use kernel::page::{Cursor, Page};
use kernel::{Division, EntityStatus, Fault, FaultKind, Outcome};

use super::super::model::{Entity, Find, Found, FoundAfter};
use super::super::{rules, store};
use super::{after_all, follow, reached};
use crate::hall::{House, InJurisdiction as _, Op, names, paged_by};

/// A page of the entities within the actor's scope that fit a question, the best first. What looks like a code is looked for
/// as one first. Names are found as the index has them, about a second behind the register; what is shown of an entity is
/// what the register says now.
pub fn find(
    house: &House,
    tx: &mut Tx,
    op: &Op,
    asked: &Find,
    cursor: Option<&str>,
    limit: i64,
) -> Outcome<Found<Entity>> {
    let words = rules::words(&asked.words)
        .map_err(|why| Fault::new(FaultKind::Malformed, "registry.search.words", why))?;
    let limits = Limits::new(asked)?;
    let after: Option<FoundAfter> = cursor.map(|text| Cursor::from_text(text).decode()).transpose()?;
    let code = rules::code_beginning(&words);
    match (after, code) {
        (Some(FoundAfter::Code(start)), Some(code)) => by_code(tx, op, code, &start, &limits, limit),
        (Some(FoundAfter::Name(round, order)), _) => {
            let after = Some(After { round, order });
            by_name(house, tx, op, &words, &limits, after, limit)
        }
        (Some(FoundAfter::Code(_)), None) => Err(Fault::new(
            FaultKind::Malformed,
            "page.cursor.unreadable",
            "分页游标属于另一次查询。请从第一页重新查询。",
        )),
        (None, Some(code)) => {
            let found = by_code(tx, op, code, code, &limits, limit)?;
            if found.entities.is_empty() && found.next.is_none() {
                by_name(house, tx, op, &words, &limits, None, limit)
            } else {
                Ok(found)
            }
        }
        (None, None) => by_name(house, tx, op, &words, &limits, None, limit),
    }
}

/// Place and status asked for.
struct Limits {
    place: Option<Division>,
    status: Option<String>,
}

impl Limits {
    fn new(asked: &Find) -> Outcome<Self> {
        let place = asked.division.as_deref().map(Division::parse).transpose();
        let status = asked.status.as_deref().map(EntityStatus::parse).transpose();
        let invalid = |code, why: String| Fault::new(FaultKind::Invalid, code, why);
        Ok(Self {
            place: place.map_err(|why| invalid("registry.division.invalid", why.to_string()))?,
            status: status
                .map_err(|why| invalid("registry.status.invalid", why.to_string()))?
                .map(|status| status.to_string()),
        })
    }

    fn let_through(&self, entity: &Entity) -> bool {
        let here = |place: &Division| entity.division.starts_with(place.prefix());
        self.place.as_ref().is_none_or(here)
            && self.status.as_ref().is_none_or(|status| *status == entity.status)
    }
}

/// Entities whose code begins so, in order of code, from `start` on.
fn by_code(
    tx: &mut Tx,
    op: &Op,
    code: &str,
    start: &str,
    limits: &Limits,
    limit: i64,
) -> Outcome<Found<Entity>> {
    let end = after_all(code);
    let keep = |entity: Entity| {
        let within = op.actor.scope.covers(&entity.jurisdiction());
        (within && limits.let_through(&entity)).then_some(entity)
    };
    // Smaller than any character of a code, so that nothing lies between a code and this.
    let key = |entity: &Entity| FoundAfter::Code(format!("{}\u{1}", entity.subject_no));
    let first = start == code;
    let from = FoundAfter::Code(start.to_owned());
    let page: Page<Entity> = paged_by(tx, (from, limit), key, keep, |tx, from, chunk| match from {
        FoundAfter::Code(from) => store::by_code(tx, from, &end, chunk),
        FoundAfter::Name(..) => Ok(Vec::new()),
    })?;
    // A first page without a next one is all there is.
    let whole = first && page.next.is_none();
    Ok(Found {
        total: whole.then(|| i64::try_from(page.items.len()).unwrap_or(i64::MAX)),
        more_than: None,
        entities: page.items,
        next: page.next,
    })
}

fn by_name(
    house: &House,
    tx: &mut Tx,
    op: &Op,
    words: &[String],
    limits: &Limits,
    after: Option<After>,
    limit: i64,
) -> Outcome<Found<Entity>> {
    follow::require_built(house, tx)?;
    let place = limits.place.as_ref().map(Division::prefix);
    let places = if op.actor.scope.everything && place.is_none() {
        None
    } else {
        Some(reached(&op.actor.scope, place.unwrap_or_default()))
    };
    let wanted = Wanted {
        words,
        places: places.as_deref(),
        status: limits.status.as_deref(),
        after,
        limit: usize::try_from(limit).unwrap_or(0),
    };
    let found = house.names.find(&wanted).map_err(names::fault)?;
    let numbers: Vec<i64> = found
        .hits
        .iter()
        .filter_map(|hit| i64::try_from(hit.number).ok())
        .collect();
    let rows = store::of_numbers(tx, &numbers)?.into_iter();
    let mut rows: HashMap<i64, Entity> = rows.map(|entity| (entity.entity_id, entity)).collect();
    // Between the index and the register an entity may have gone, or gone out of reach: then it does not exist.
    let entities = numbers
        .iter()
        .filter_map(|number| rows.remove(number))
        .filter(|entity| op.actor.scope.covers(&entity.jurisdiction()) && limits.let_through(entity));
    let next = found.hits.last().filter(|_| found.more);
    Ok(Found {
        entities: entities.collect(),
        next: next
            .map(|hit| Cursor::encode(&FoundAfter::Name(hit.at.round, hit.at.order)))
            .transpose()?
            .map(Cursor::into_string),
        total: match found.total {
            Some(Total::Exactly(total)) => i64::try_from(total).ok(),
            _ => None,
        },
        more_than: matches!(found.total, Some(Total::Over)).then_some(BOUND),
    })
}

/// How many are counted.
const BOUND: i64 = finder::BOUND.cast_signed();
