//! Commands and queries of the register.
pub mod find;
pub mod follow;

use std::collections::{HashMap, HashSet};

use chrono::Duration;
use db::Tx;
use kernel::actor::Scope;
use kernel::{Day, Division, Fault, FaultKind, Instant, Outcome, SubjectNo, name};

use super::model::{CreditFile, Entity, Search};
use super::rules;
use super::store::{self, Slice};
use crate::hall::{InJurisdiction as _, Op};
use crate::intake;
use crate::intake::model::{Batch, Made, Record, Relation};

/// Records read at a time while a batch is taken in.
const PAGE: i64 = 5_000;
/// So far ahead lies the end of all that can be known, whatever clock it was noted by.
const FAR_DAYS: i64 = 36_500;

/// Takes the registration records of a batch into the register. Doing it again changes nothing.
pub fn take_in(tx: &mut Tx, batch_id: i64) -> Outcome<u64> {
    let mut after = 0;
    let mut taken = 0;
    loop {
        let page = intake::service::records_in(tx, batch_id, after, PAGE)?;
        let Some(last) = page.last() else { return Ok(taken) };
        after = last.record_id;
        // Several records of one entity in a page: the newest speaks.
        let mut newest: HashMap<i64, Entity> = HashMap::with_capacity(page.len());
        let (mut seen, mut again) = (HashSet::new(), HashSet::new());
        for record in page.iter().filter(|record| record.item == rules::REGISTRATION) {
            let entity = if record.relation == Relation::Withdraws {
                fall_back(tx, record)?
            } else {
                Some(rules::entity_of(record))
            };
            if !seen.insert(record.subject_id) {
                again.insert(record.subject_id);
            }
            if let Some(entity) = entity {
                newest.insert(record.subject_id, entity);
            } else {
                newest.remove(&record.subject_id);
                remove(tx, record.subject_id, record.record_id)?;
            }
        }
        taken += u64::try_from(newest.len()).unwrap_or(0);
        merge(tx, newest, &again)?;
    }
}

/// From how many rows on, and from how many times the entities known on, a batch is the first load of a register.
const FIRST_LOAD: (i64, i64) = (100_000, 10);

/// Before a batch of so many rows: if it is as good as all there will be, the secondary indexes go, to be built once in
/// order instead of row by row all over the place. Returns whether they have to be built again. Whoever reads the register
/// meanwhile on PostgreSQL waits for the end of the transaction; before the first load there is nothing to read.
pub fn make_way(tx: &mut Tx, rows: i64) -> Outcome<bool> {
    let (least, times) = FIRST_LOAD;
    if rows < least || store::count(tx)?.saturating_mul(times) > rows {
        return Ok(false);
    }
    store::drop_indexes(tx).map(|()| true)
}

/// Builds the secondary indexes again, in the same transaction.
pub fn index(tx: &mut Tx) -> Outcome<()> {
    store::make_indexes(tx)
}

/// Takes the registration records just made of rows into the register; `described` is what each row says.
pub fn take_made(
    tx: &mut Tx,
    batch: &Batch,
    made: &[Made<'_>],
    described: &[rules::Described],
) -> Outcome<()> {
    // Of an entity nobody knew nothing can be in the register, so these go straight in.
    let mut new = Vec::with_capacity(made.len());
    let mut newest: HashMap<i64, Entity> = HashMap::new();
    let mut gone = Vec::new();
    let mut seen: HashSet<i64> = HashSet::with_capacity(made.len());
    let mut again = HashSet::new();
    for record in made {
        let Some(said) = described.get(record.place) else {
            continue;
        };
        let id = record.subject_id;
        let started = seen.insert(id);
        if !started {
            again.insert(id);
        }
        if record.relation == Relation::Withdraws {
            let left = intake::service::newest_of(tx, id, rules::REGISTRATION, record.record_id)?;
            newest.remove(&id);
            match left {
                Some(left) => {
                    let entity = rules::entity_of(&left);
                    let record_id = record.record_id;
                    newest.insert(id, Entity { record_id, ..entity });
                }
                None => gone.push((id, record.record_id)),
            }
        } else if record.first && started {
            new.push((record, said));
        } else {
            let as_of = (record.record_id, batch.received_at);
            newest.insert(id, said.entity(id, record.row.subject_no, as_of));
        }
    }
    store::add(tx, batch, &new)?;
    for (entity_id, withdrawal) in gone {
        remove(tx, entity_id, withdrawal)?;
    }
    if newest.is_empty() {
        return Ok(());
    }
    merge(tx, newest, &again)
}

/// Takes entities in, newest record winning, and keeps the names they had before. `again`: those of whom several records
/// came at once, so that names may have come and gone.
fn merge(tx: &mut Tx, newest: HashMap<i64, Entity>, again: &HashSet<i64>) -> Outcome<()> {
    let mut entities: Vec<Entity> = newest.into_values().collect();
    entities.sort_unstable_by_key(|entity| entity.entity_id);
    let numbers: Vec<i64> = entities.iter().map(|entity| entity.entity_id).collect();
    let before = store::named_of(tx, &numbers)?.into_iter();
    let before: HashMap<i64, String> = before.map(|named| (named.entity_id, named.name_key)).collect();
    store::merge(tx, &entities)?;
    for entity in &entities {
        let id = entity.entity_id;
        let renamed = before
            .get(&id)
            .is_some_and(|key| *key != rules::name_key(&entity.name));
        if renamed || again.contains(&id) {
            let records = intake::service::records_of(
                tx,
                id,
                rules::end_of(Day::from_ymd_opt(9999, 12, 30).unwrap_or_default()),
            )?;
            store::keep_former(tx, id, &former_names(&records))?;
        }
    }
    Ok(())
}

/// Takes an entity out of which nothing is said any more.
/// A later registration keeps it in.
fn remove(tx: &mut Tx, entity_id: i64, withdrawal: i64) -> Outcome<()> {
    if store::remove(tx, entity_id, withdrawal)? {
        store::keep_former(tx, entity_id, &[])?;
    }
    Ok(())
}

/// What holds after a registration record is taken back: the newest that is left, if any. The withdrawal's number says
/// since when.
fn fall_back(tx: &mut Tx, withdrawal: &Record) -> Outcome<Option<Entity>> {
    let left = entity_at(tx, withdrawal.subject_id, withdrawal.record_id)?;
    Ok(left.map(|entity| Entity {
        record_id: withdrawal.record_id,
        ..entity
    }))
}

/// One entity by its code, which is checked first.
pub fn by_no(tx: &mut Tx, op: &Op, subject_no: &str) -> Outcome<Entity> {
    let subject = SubjectNo::parse(subject_no).map_err(|fault| {
        Fault::new(
            FaultKind::Invalid,
            "registry.subject-no.invalid",
            fault.to_string(),
        )
    })?;
    if let Some(found) = store::by_no(tx, subject.as_str())? {
        return found.open(op);
    }
    // An entity that was merged into another is that other one now.
    let merged_into = intake::service::subject_id(tx, subject.as_str())?;
    entity(tx, op, merged_into.ok_or_else(Fault::hidden)?)
}

/// One entity by its number.
pub fn entity(tx: &mut Tx, op: &Op, entity_id: i64) -> Outcome<Entity> {
    store::entity(tx, entity_id)?.ok_or_else(Fault::hidden)?.open(op)
}

/// The credit file of an entity as it was known when a day ended; `None`: as it is known now.
pub fn credit_file(tx: &mut Tx, op: &Op, subject_no: &str, on: Option<Day>) -> Outcome<CreditFile> {
    let entity = by_no(tx, op, subject_no)?;
    let mut known_at = on.map_or(op.at, rules::end_of);
    let records = match on {
        Some(_) => intake::service::records_of(tx, entity.entity_id, known_at)?,
        // Whatever is there is known, also what came in before the clock was put back.
        None => intake::service::records_of(tx, entity.entity_id, op.at + Duration::days(FAR_DAYS))?,
    };
    if on.is_none() {
        known_at = records
            .iter()
            .map(|record| record.received_at)
            .fold(known_at, Instant::max);
    }
    let described = registrations(&records).next().map(rules::entity_of);
    let (_, marks) = intake::service::subject_no(tx, entity.entity_id)?.unwrap_or_default();
    let law = op.pack.on(crate::hall::local_day(known_at));
    Ok(CreditFile {
        marks: marks
            .split(',')
            .filter(|mark| !mark.is_empty())
            .map(str::to_owned)
            .collect(),
        former_names: former_names(&records),
        known_at,
        groups: rules::groups(&law, &records),
        // Before the first record of the entity was known, the file has no groups but still its identity.
        entity: described.unwrap_or(entity),
    })
}

/// The registration records that are not taken back, newest first.
fn registrations(records: &[Record]) -> impl Iterator<Item = &Record> {
    let withdraws =
        |other: &Record, named: i64| other.relation == Relation::Withdraws && other.names_id == Some(named);
    let taken_back = move |record: &Record| {
        // A withdrawal may be taken back itself: an unmerge does.
        let stands = |other: &&Record| !records.iter().any(|again| withdraws(again, other.record_id));
        let mut withdrawals = records.iter().filter(|other| withdraws(other, record.record_id));
        withdrawals.any(|other| stands(&other))
    };
    let newest_first = records
        .iter()
        .rev()
        .filter(|record| record.item == rules::REGISTRATION);
    newest_first.filter(move |record| record.relation != Relation::Withdraws && !taken_back(record))
}

/// Names an entity had before its present one, newest first, by the records that were known and stand.
fn former_names(records: &[Record]) -> Vec<String> {
    let mut names = registrations(records).map(|record| rules::entity_of(record).name);
    let present = names.next().unwrap_or_default();
    let mut former: Vec<String> = Vec::new();
    for name in names {
        let same = |other: &String| rules::name_key(other) == rules::name_key(&name);
        if !name.is_empty() && !same(&present) && !former.iter().any(same) {
            former.push(name);
        }
    }
    former
}

/// A page of the entities the actor reaches, after a number: shorter than asked for only where the list ends.
pub fn search(tx: &mut Tx, op: &Op, search: &Search, after: i64, limit: i64) -> Outcome<Vec<Entity>> {
    let place = match &search.division {
        None => String::new(),
        Some(text) => Division::parse(text)
            .map_err(|fault| Fault::new(FaultKind::Invalid, "registry.division.invalid", fault.to_string()))?
            .prefix()
            .to_owned(),
    };
    let name = search.name.as_deref().map(name::normalise).unwrap_or_default();
    let places = reached(&op.actor.scope, &place);
    let full = usize::try_from(limit).unwrap_or(usize::MAX);
    let (mut found, mut after) = (Vec::new(), after);
    loop {
        let mut rows = Vec::new();
        for place in &places {
            let (place, slice) = ((place.as_str(), &*after_all(place)), Slice { after, limit });
            rows.extend(match name.as_str() {
                "" => store::in_place(tx, place, &slice)?,
                name => store::by_name(tx, (name, &after_all(name)), place, &slice)?,
            });
        }
        rows.sort_unstable_by_key(|entity| entity.entity_id);
        rows.truncate(full);
        let ended = rows.len() < full;
        after = rows.last().map_or(after, |entity| entity.entity_id);
        rows.retain(|entity| op.actor.scope.covers(&entity.jurisdiction()));
        found.append(&mut rows);
        if ended || found.len() >= full {
            found.truncate(full);
            return Ok(found);
        }
    }
}

/// The beginnings of the division codes that lie both within the scope and within a place; none lies within another.
fn reached(scope: &Scope, place: &str) -> Vec<String> {
    if scope.everything {
        return vec![place.to_owned()];
    }
    let common = |own: &Division| {
        let own = own.prefix();
        if own.starts_with(place) {
            Some(own.to_owned())
        } else {
            place.starts_with(own).then(|| place.to_owned())
        }
    };
    let mut places: Vec<String> = scope.divisions.iter().filter_map(common).collect();
    places.sort_unstable();
    // Sorted, a place is followed by what lies within it.
    places.dedup_by(|inner, outer| inner.starts_with(outer.as_str()));
    places
}

/// Just after everything that begins so: both databases compare text by bytes.
fn after_all(prefix: &str) -> String {
    format!("{prefix}\u{10ffff}")
}

/// How many entities there are.
pub fn count(tx: &mut Tx) -> Outcome<i64> {
    store::count(tx)
}

/// Streams every entity in order of number.
pub fn export(tx: &mut Tx, each: impl FnMut(Entity) -> Outcome<()>) -> Outcome<()> {
    store::export(tx, 0, each)
}

/// The entities of some numbers, those there are, in no promised order.
pub fn of_numbers(tx: &mut Tx, entity_ids: &[i64]) -> Outcome<Vec<Entity>> {
    store::of_numbers(tx, entity_ids)
}

/// An entity as its newest registration record up to a position describes it; `None` before the first.
pub fn entity_at(tx: &mut Tx, entity_id: i64, upto: i64) -> Outcome<Option<Entity>> {
    Ok(
        intake::service::newest_of(tx, entity_id, rules::REGISTRATION, upto)?
            .as_ref()
            .map(rules::entity_of),
    )
}
