//! The ledger of events (事件): that something was done, by whom, when, under which rules.
//!
//! An event is written in the transaction of the fact it tells of. Afterwards the sequencer
//! ([`super::log::seal`]) gives it a position; readers follow positions, so nobody ever misses an event that
//! committed late.
use chrono::{DateTime, Utc};
use db::Tx;
use kernel::{Instant, Outcome};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{House, Op, command, store};

/// An event about to be told.
#[derive(Debug, Clone, Default)]
pub struct Event {
    /// `module.past-participle`, for example `inspect.plan-drawn`.
    pub verb: &'static str,
    /// What it is about, as `kind:number`, for example `plan:17`.
    pub subject: String,
    /// The entity concerned, when there is one.
    pub entity_id: Option<i64>,
    /// Where it happened.
    pub division: Option<String>,
    /// Whose business it is.
    pub department: Option<String>,
    /// The facts, for readers and for the audit trail.
    pub payload: Value,
    /// What enters the public log, when anything does.
    pub public: Option<PublicLeaf>,
}

/// The public part of an event: what kind of document, about what, and the hash of the document.
/// Personal data never enters it, only hashes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicLeaf {
    /// For example `draw.commitment`.
    pub kind: String,
    /// The campaign, notice or list it belongs to.
    pub subject: String,
    /// Lower-case hex hash of the document.
    pub document: String,
}

/// An event as readers get it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Told {
    /// Place in the ledger, from 1 without gaps.
    pub position: i64,
    /// Number of the event.
    pub event_id: i64,
    /// When it was done.
    pub at: DateTime<Utc>,
    /// Who did it.
    pub actor: String,
    /// What was done.
    pub verb: String,
    /// What it is about.
    pub subject: String,
    /// The entity concerned.
    pub entity_id: Option<i64>,
    /// The facts.
    #[schema(value_type = Object)]
    pub payload: Value,
}

/// Writes an event in the transaction of the fact.
#[expect(
    clippy::needless_pass_by_value,
    reason = "an event is told once; callers build it in place"
)]
pub fn append(tx: &mut Tx, op: &Op, event: Event) -> Outcome<i64> {
    let event_id = tx.next_id()?;
    store::save_event(tx, op, event_id, &event)?;
    Ok(event_id)
}

/// Writes many events in the transaction of their facts.
pub fn append_all(tx: &mut Tx, op: &Op, events: &[Event]) -> Outcome<()> {
    let ids = tx.ids(events.len())?;
    store::save_events(tx, op, &ids, events)
}

/// Events about one subject in order, for its timeline: those the actor reaches. An event that names neither place
/// nor department belongs to the house as a whole.
pub fn about(tx: &mut Tx, op: &Op, subject: &str) -> Outcome<Vec<Told>> {
    let events = store::events_about(tx, subject)?.into_iter();
    let reached = events.filter(|(_, place)| op.actor.scope.covers(place));
    Ok(reached.map(|(event, _)| event).collect())
}

/// Somebody who follows the ledger. Each event is read in a transaction of its own together with the
/// reader's new position, so its effect happens exactly once.
pub trait Reader: Send + Sync {
    /// Name under which the position is kept; never reused for another purpose.
    fn name(&self) -> &'static str;
    /// The verbs it wants to hear of.
    fn verbs(&self) -> &'static [&'static str];
    /// Takes one event in.
    fn read(&self, tx: &mut Tx, op: &Op, event: &Told) -> Outcome<()>;
}

/// Lets every reader catch up with the sealed ledger. Returns how many events were taken in.
///
/// A reader that fails keeps its position, is reported, and tries again next time; the others go on.
pub fn catch_up(house: &House, op: &Op, readers: &[&dyn Reader]) -> Outcome<u64> {
    let mut taken = 0;
    for reader in readers {
        loop {
            match command(house, op, |tx, op| take_one(tx, op, *reader)) {
                Ok(true) => taken += 1,
                Ok(false) => break,
                Err(fault) if db::db_error(&fault).is_some() => return Err(fault),
                Err(fault) => {
                    let (name, code) = (reader.name(), fault.code);
                    tracing::error!(reader = name, code, detail = %fault.detail, "a reader cannot take an event in");
                    break;
                }
            }
        }
    }
    Ok(taken)
}

/// One event for one reader, with its new position, in one transaction.
fn take_one(tx: &mut Tx, op: &Op, reader: &dyn Reader) -> Outcome<bool> {
    tx.lock(reader.name(), 0)?;
    let from = store::reader_position(tx, reader.name())?;
    let (event, upto) = store::next_event(tx, from, reader.verbs())?;
    if upto > from {
        store::move_reader(tx, reader.name(), upto)?;
    }
    let Some(event) = event else { return Ok(false) };
    let at = op.at.max(event.at);
    reader.read(tx, &Op { at, ..op.clone() }, &event)?;
    Ok(true)
}

/// When the event noted last was done, by the clock of then.
pub fn newest_at(tx: &mut Tx) -> Outcome<Option<Instant>> {
    store::newest_at(tx)
}

/// How far a reader has come.
pub fn read_by(tx: &mut Tx, reader: &str) -> Outcome<i64> {
    store::reader_position(tx, reader)
}

/// The next event after a position that has one of some verbs, and the position up to which it was looked; for those who
/// keep their own place because what they keep is not in the database.
pub fn next_after(tx: &mut Tx, position: i64, verbs: &[&str]) -> Outcome<(Option<Told>, i64)> {
    store::next_event(tx, position, verbs)
}

/// The number of the event at a position.
pub fn event_at(tx: &mut Tx, position: i64) -> Outcome<Option<i64>> {
    store::event_at(tx, position)
}

/// The last sealed position.
pub fn height(tx: &mut Tx) -> Outcome<i64> {
    store::last_position(tx)
}
