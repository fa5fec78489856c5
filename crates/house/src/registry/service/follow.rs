//! How the index of names follows the register.
//!
//! The index lies in the data folder, apart from the database, and keeps its own place in the ledger in the very commit of
//! its content. It is told *who* changed and looks up *what* holds now, so that hearing of a change twice does no harm: a
//! process killed at any moment leaves an index that is behind, and it goes on from there. It reads no further than the
//! register has read.
use db::Tx;
use finder::{Edit, Entry};
use kernel::{Division, Fault, FaultKind, Outcome};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::model::Named;
use super::super::rules;
use super::super::store::{self, Former};
use crate::hall::ledger::{self, Reader as _, Told};
use crate::hall::{House, Op, names, query};
use crate::intake;
use crate::registry::jobs::Register;

/// Entities read at a time.
const PAGE: i64 = 4_000;
/// Entities after which the index is committed while it is built or a large batch is taken in.
const COMMIT_EVERY: u64 = 200_000;
/// Positions without anything for the index after which it notes its place all the same.
const IDLE: i64 = 1_000;

/// What the index says of itself with every commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Mark {
    /// The ledger is taken in up to this position.
    position: i64,
    /// The event there, to recognise a ledger that is another one (a backup played back); 0 before the first.
    event: i64,
    /// While the index is being built: entities up to this number are in.
    built: Option<i64>,
}

/// Whoever follows tells how many entities were put in; the answer is whether to go on.
pub type Tell<'a> = &'a mut dyn FnMut(u64) -> bool;

/// Brings the index up to what the register holds, or as far as it may go on. Returns whether there was anything to do.
pub fn follow(house: &House, op: &Op, tell: Tell<'_>) -> Outcome<bool> {
    let kept = match marked(house) {
        Some(mark) => query(house, op, |tx, _| Ok(fits(tx, &mark)?.then_some(mark)))?,
        None => None,
    };
    let mark = match kept {
        Some(mark) => mark,
        None => begin(house, op)?,
    };
    if let Some(built) = mark.built {
        return build(house, op, mark, built, tell).map(|()| true);
    }
    catch_up(house, op, mark, tell)
}

/// Refuses (503) a search in an index that is not yet built: what it would not find is no answer.
pub fn require_built(house: &House, tx: &mut Tx) -> Outcome<()> {
    if marked(house).is_some_and(|mark| mark.built.is_none()) {
        return Ok(());
    }
    let all = u64::try_from(store::count(tx)?).unwrap_or(0).max(1);
    let share = house.names.count().saturating_mul(100) / all;
    let detail = format!(
        "名称索引正在建立，已完成约 {}%。请稍后再查；按名称开头（name=）和代码仍可查询。",
        share.min(99)
    );
    Err(Fault::new(FaultKind::Busy, "registry.search.building", detail))
}

fn marked(house: &House) -> Option<Mark> {
    serde_json::from_str(&house.names.mark()?).ok()
}

/// Whether the ledger is the one the index has followed.
fn fits(tx: &mut Tx, mark: &Mark) -> Outcome<bool> {
    let at = ledger::event_at(tx, mark.position)?;
    Ok(mark.position <= read_by_register(tx)? && at.unwrap_or(0) == mark.event)
}

fn read_by_register(tx: &mut Tx) -> Outcome<i64> {
    ledger::read_by(tx, Register.name())
}

/// Starts anew, from where the register is now: what changes while the index is built is heard of afterwards.
fn begin(house: &House, op: &Op) -> Outcome<Mark> {
    let mark = query(house, op, |tx, _| {
        let position = read_by_register(tx)?;
        Ok(Mark {
            position,
            event: ledger::event_at(tx, position)?.unwrap_or(0),
            built: Some(0),
        })
    })?;
    house.names.renew().map_err(names::fault)?;
    let mut edit = house.names.edit(true).map_err(names::fault)?;
    commit(&mut edit, &mark)?;
    Ok(mark)
}

fn commit(edit: &mut Edit<'_>, mark: &Mark) -> Outcome<()> {
    let text = serde_json::to_string(mark).map_err(|e| Fault::internal("名称索引的进度无法写出", e))?;
    edit.commit(&text).map_err(names::fault)
}

/// Goes on building from a number of entity.
fn build(house: &House, op: &Op, mut mark: Mark, mut after: i64, tell: Tell<'_>) -> Outcome<()> {
    let mut edit = house.names.edit(true).map_err(names::fault)?;
    let mut since = 0;
    loop {
        let (page, former) = query(house, op, |tx, _| {
            let page = store::named_after(tx, after, PAGE)?;
            let last = page.last().map_or(after, |named| named.entity_id);
            Ok((page, store::former_between(tx, after, last)?))
        })?;
        let Some(last) = page.last() else { break };
        after = last.entity_id;
        for named in &page {
            give(named, &former, |entry| edit.add(entry))?;
        }
        let count = u64::try_from(page.len()).unwrap_or(0);
        since += count;
        let goes_on = tell(count);
        if since >= COMMIT_EVERY || !goes_on {
            mark.built = Some(after);
            commit(&mut edit, &mark)?;
            since = 0;
        }
        if !goes_on {
            return Ok(());
        }
    }
    mark.built = None;
    commit(&mut edit, &mark)?;
    edit.rest().map_err(names::fault)
}

/// Takes in what the ledger tells.
fn catch_up(house: &House, op: &Op, mut mark: Mark, tell: Tell<'_>) -> Outcome<bool> {
    let noted = mark.position;
    let mut changes = Changes {
        house,
        edit: None,
        since: 0,
        taken: false,
    };
    loop {
        let (event, register, looked) = query(house, op, |tx, _| {
            let (event, looked) = ledger::next_after(tx, mark.position, Register.verbs())?;
            Ok((event, read_by_register(tx)?, looked))
        })?;
        let Some(event) = event.filter(|event| event.position <= register) else {
            let upto = looked.min(register);
            if upto > mark.position {
                mark.event = query(house, op, |tx, _| ledger::event_at(tx, upto))?.unwrap_or(0);
                mark.position = upto;
            }
            break;
        };
        if !changes.take_in(op, &event, &mark, tell)? {
            break;
        }
        mark.position = event.position;
        mark.event = event.event_id;
    }
    if changes.since > 0 || mark.position - noted >= IDLE {
        commit(changes.edit()?, &mark)?;
    }
    Ok(changes.taken)
}

/// Changes on their way into the index.
struct Changes<'h> {
    house: &'h House,
    edit: Option<Edit<'h>>,
    /// Entities since the last commit.
    since: u64,
    taken: bool,
}

impl<'h> Changes<'h> {
    fn edit(&mut self) -> Outcome<&mut Edit<'h>> {
        if self.edit.is_none() {
            self.edit = Some(self.house.names.edit(false).map_err(names::fault)?);
        }
        let gone = || Fault::internal("名称索引没有打开", std::io::Error::other("no edit"));
        self.edit.as_mut().ok_or_else(gone)
    }

    /// Takes in whom a batch is about, when it is one of registrations. Returns whether to go on; if not, the event is
    /// not yet taken in.
    fn take_in(&mut self, op: &Op, event: &Told, mark: &Mark, tell: Tell<'_>) -> Outcome<bool> {
        let number = |field: &str| event.payload.get(field).and_then(Value::as_i64);
        let item = event.payload.get("item").and_then(Value::as_str);
        let (Some(rules::REGISTRATION), Some(first), Some(last)) = (item, number("first"), number("last"))
        else {
            return Ok(true);
        };
        let mut after = first - 1;
        loop {
            let (upto, found, former, entities) = query(self.house, op, |tx, _| {
                let about = intake::service::about(tx, after, last, PAGE)?;
                let upto = about.last().map(|(record_id, _)| *record_id);
                let mut entities: Vec<i64> = about.into_iter().map(|(_, entity_id)| entity_id).collect();
                entities.sort_unstable();
                entities.dedup();
                let found = store::named_of(tx, &entities)?;
                Ok((upto, found, store::former_of(tx, &entities)?, entities))
            })?;
            let Some(upto) = upto else { return Ok(true) };
            after = upto;
            let count = u64::try_from(entities.len()).unwrap_or(0);
            let edit = self.edit()?;
            for entity_id in entities {
                // Whoever is not in the register any more goes; the others come anew.
                edit.take(entity_id.unsigned_abs()).map_err(names::fault)?;
            }
            for named in &found {
                give(named, &former, |entry| edit.add(entry))?;
            }
            self.taken = true;
            self.since += count;
            let goes_on = tell(count);
            if self.since >= COMMIT_EVERY {
                commit(self.edit()?, mark)?;
                self.since = 0;
            }
            if !goes_on {
                return Ok(false);
            }
        }
    }
}

/// Hands an entity over as the index wants it.
fn give(
    named: &Named,
    former: &Former,
    put: impl FnOnce(&Entry<'_>) -> Result<(), finder::FinderFault>,
) -> Outcome<()> {
    let former = former.get(&named.entity_id).into_iter().flatten();
    let former: Vec<String> = former.map(|name| rules::name_key(name)).collect();
    let mut all = vec![named.name_key.as_str()];
    for name in &former {
        if !all.contains(&name.as_str()) {
            all.push(name);
        }
    }
    let place = Division::parse(&named.division).ok();
    let entry = Entry {
        number: named.entity_id.unsigned_abs(),
        names: &all,
        closed: rules::is_closed(&named.status),
        status: &named.status,
        place: place.as_ref().map_or("", |place| match place.prefix() {
            // The nation as a whole lies somewhere, in no province.
            "" => place.as_str().get(..2).unwrap_or_default(),
            prefix => prefix,
        }),
    };
    put(&entry).map_err(names::fault)
}
