//! What matching does in the background: keys and ties of what was registered, and looking for the entities of loose rows.
use std::num::NonZero;

use db::Tx;
use kernel::{Fault, Outcome};
use matching::{Places, Reading, keys_of_entity};
use serde_json::{Value, json};

use super::super::rules::REGISTRATION;
use super::{rules, service, store};
use crate::hall::job::{self, Job, Worker};
use crate::hall::keys::Keys;
use crate::hall::ledger::Reader;
use crate::hall::{House, Op, Told, command, query};
use crate::intake;
use crate::intake::model::{Record, Relation};

/// Kind of the job that keys a batch.
const KEYS: &str = "registry.keys";
/// Items whose records tie entities together.
const TYING: [&str; 4] = [REGISTRATION, "annual-report", "equity", "relation-risk"];
/// Records keyed in one transaction.
const PAGE: i64 = 5_000;
/// Loose rows looked at between two commits.
const TOGETHER: i64 = 100;
/// Purpose of the key under which persons are hashed.
const PERSON_KEY: &str = "registry.legal-person";

/// Queues the keying of what was registered and the look at loose rows, batch by batch. A house that is older than matching
/// hears of all its batches from the first on, so that nothing stays without a key.
pub struct Watch;

impl Reader for Watch {
    fn name(&self) -> &'static str {
        "registry.match"
    }

    fn verbs(&self) -> &'static [&'static str] {
        &["intake.batch-applied"]
    }

    fn read(&self, tx: &mut Tx, op: &Op, event: &Told) -> Outcome<()> {
        let number = |name: &str| event.payload.get(name).and_then(Value::as_i64);
        let item = event
            .payload
            .get("item")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if let (true, Some(batch_id), Some(_)) = (TYING.contains(&item), number("batch_id"), number("first"))
        {
            job::enqueue(
                tx,
                op,
                KEYS,
                &format!("keys:{batch_id}"),
                &json!({ "batch_id": batch_id }),
            )?;
        }
        if number("loose").unwrap_or(0) > 0 {
            service::queue(tx, op)?;
        }
        Ok(())
    }
}

/// Keys and ties the records of a batch.
pub struct KeyBatch;

impl Worker for KeyBatch {
    fn kind(&self) -> &'static str {
        KEYS
    }

    fn run(&self, house: &House, op: &Op, job: &Job) -> Outcome<()> {
        let number = |value: Option<&Value>, name: &str| {
            value.and_then(|value| value.get(name)).and_then(Value::as_i64)
        };
        let batch_id = number(Some(&job.payload), "batch_id").unwrap_or(0);
        let mut after = number(job.progress.as_ref(), "after").unwrap_or(0);
        let secret = house.keys.derived(PERSON_KEY);
        loop {
            let page = query(house, op, |tx, _| {
                intake::service::records_in(tx, batch_id, after, PAGE)
            })?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.record_id;
            let keyed = key_all(&house.keys, &secret, &page)?;
            command(house, op, |tx, op| {
                tx.lock("registry_key", 0)?;
                let wanted = store::keep_keys(tx, &keyed.keys)?;
                store::keep_ties(tx, &keyed.ties)?;
                if intake::whose::service::again_these(tx, &wanted)? > 0 {
                    service::queue(tx, op)?;
                }
                job::progress(tx, job.job_id, &json!({ "after": after }), house.clock.now())
            })?;
        }
    }
}

/// Keys and ties of some records.
#[derive(Default)]
struct Keyed {
    keys: Vec<(i64, i64)>,
    ties: Vec<store::Tie>,
}

/// Reads the names on every core: taking names apart is what costs.
fn key_all(house_keys: &Keys, secret: &[u8], records: &[Record]) -> Outcome<Keyed> {
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    let piece = records.len().div_ceil(threads).max(1);
    std::thread::scope(|scope| {
        let hands: Vec<_> = records
            .chunks(piece)
            .map(|records| {
                scope.spawn(move || {
                    let mut keyed = Keyed::default();
                    for record in records
                        .iter()
                        .filter(|record| record.relation != Relation::Withdraws)
                    {
                        keyed.add(house_keys, secret, record);
                    }
                    keyed
                })
            })
            .collect();
        let mut all = Keyed::default();
        for hand in hands {
            let died = |_| Fault::internal("匹配线程中断", std::io::Error::other("a keying thread died"));
            let mut keyed = hand.join().map_err(died)?;
            all.keys.append(&mut keyed.keys);
            all.ties.append(&mut keyed.ties);
        }
        Ok(all)
    })
}

impl Keyed {
    fn add(&mut self, house_keys: &Keys, secret: &[u8], record: &Record) {
        let (entity, number) = (record.subject_id, record.record_id);
        if let Some((kind, firms)) = rules::firms_of(&record.item, &record.payload) {
            self.ties.extend(
                firms
                    .iter()
                    .map(|firm| (kind, rules::firm_key(firm), entity, number)),
            );
        }
        if record.item != REGISTRATION {
            return;
        }
        let name = record
            .payload
            .get("name")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let names = if name.is_empty() {
            Vec::new()
        } else {
            vec![Reading::of(name, Places::standard())]
        };
        let keys = keys_of_entity(&record.subject_no, None, &names);
        self.keys.extend(keys.into_iter().map(|key| (key, entity)));
        let person = rules::person(&record.payload);
        if !person.is_empty() {
            self.ties.push((
                rules::PERSON,
                person_key(house_keys, secret, &person),
                entity,
                number,
            ));
        }
        let address = record
            .payload
            .get("address")
            .and_then(Value::as_str)
            .unwrap_or_default();
        self.ties
            .extend(rules::address_key(address).map(|key| (rules::ADDRESS, key, entity, number)));
        let heads = rules::head_keys(name, &record.payload);
        self.ties
            .extend(heads.into_iter().map(|key| (rules::HEAD, key, entity, number)));
    }
}

/// The key a person is kept under: a hash with a key of this house, of which nobody can tell the name.
pub(super) fn person_key(keys: &Keys, secret: &[u8], person: &str) -> i64 {
    let hash = keys
        .suite
        .mac(secret, "legal-person")
        .field(person.as_bytes())
        .finish()
        .0;
    let mut head = [0_u8; 8];
    head.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
    i64::from_be_bytes(head)
}

/// The key of a person in this house, for queries.
pub(super) fn person_key_of(keys: &Keys, person: &str) -> i64 {
    person_key(keys, &keys.derived(PERSON_KEY), person)
}

/// Looks for the entities of the rows that are due.
pub struct Match;

impl Worker for Match {
    fn kind(&self) -> &'static str {
        service::JOB
    }

    fn run(&self, house: &House, op: &Op, job: &Job) -> Outcome<()> {
        let mut after = 0;
        loop {
            let op = &Op {
                at: house.clock.now().max(op.at),
                ..op.clone()
            };
            let tried = query(house, op, |tx, op| {
                let due = intake::whose::service::due(tx, after, TOGETHER)?;
                service::look(tx, op, due)
            })?;
            let Some(last) = tried.last() else { return Ok(()) };
            after = last.loose.loose_id;
            command(house, op, |tx, op| {
                let (linked, queued, unlinked) = service::settle(tx, op, &tried)?;
                let state =
                    json!({ "after": after, "linked": linked, "queued": queued, "unlinked": unlinked });
                job::progress(tx, job.job_id, &state, house.clock.now())
            })?;
        }
    }
}
