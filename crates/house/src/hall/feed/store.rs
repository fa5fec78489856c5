//! Every SQL statement of the feeds.
use db::{Row, Tx, Value, args, statements};
use kernel::actor::{Jurisdiction, Scope};
use kernel::{Division, Fault, Instant, Outcome};
use proof::Digest;

use super::model::{Delivery, FeedEvent, Hook};
use crate::hall::Op;

statements! {
    /// Sealed events after a position, in order.
    EVENTS = "SELECT position, event_id, at, actor, verb, subject, entity_id, division, department, pack, payload
              FROM hall_event WHERE position > $1 AND position <= $2 ORDER BY position LIMIT $3";
    /// The newest mark up to a size.
    MARK = "SELECT size, root, nodes FROM hall_feed_mark WHERE size <= $1 ORDER BY size DESC LIMIT 1";
    /// Keeps a mark.
    SAVE_MARK = "INSERT INTO hall_feed_mark (size, root, nodes) VALUES ($1, $2, $3) ON CONFLICT (size) DO NOTHING";
    /// Leaf hashes of positions in order.
    LEAVES = "SELECT position, hash FROM hall_feed_leaf WHERE position > $1 AND position <= $2 ORDER BY position";
    /// Keeps a subscriber.
    SAVE_HOOK = "INSERT INTO hall_hook (hook_id, name, url, verbs, scope, generation, state, position, failures, due_at,
                 created_at, created_by) VALUES ($1, $2, $3, $4, $5, 1, 'active', $6, 0, $7, $7, $8)";
    /// Subscribers by name.
    HOOKS = "SELECT hook_id, name, url, verbs, scope, generation, state, position, failures, failing_at, due_at,
             last_told_at, last_fault FROM hall_hook WHERE state <> 'removed' ORDER BY name, hook_id";
    /// One subscriber.
    HOOK = "SELECT hook_id, name, url, verbs, scope, generation, state, position, failures, failing_at, due_at,
            last_told_at, last_fault FROM hall_hook WHERE hook_id = $1 AND state <> 'removed'";
    /// Subscribers that may be told something now. Only a failure makes one wait, and no longer than until $3: what lies
    /// further ahead is of a clock put back since.
    DUE_HOOKS = "SELECT hook_id, name, url, verbs, scope, generation, state, position, failures, failing_at, due_at,
                 last_told_at, last_fault FROM hall_hook
                 WHERE state = 'active' AND (failures = 0 OR due_at <= $1 OR due_at > $3) AND position < $2
                 ORDER BY due_at, hook_id";
    /// Sets the state of a subscriber; it starts afresh.
    SET_STATE = "UPDATE hall_hook SET state = $2, failures = 0, failing_at = NULL, due_at = $3 WHERE hook_id = $1";
    /// Renews the secret of a subscriber.
    RENEW = "UPDATE hall_hook SET generation = generation + 1 WHERE hook_id = $1";
    /// Sets where a subscriber stands.
    REWIND = "UPDATE hall_hook SET position = $2, due_at = $3 WHERE hook_id = $1";
    /// A subscriber has been told up to a position; nothing happens when it was moved meanwhile.
    TOLD = "UPDATE hall_hook SET position = $3, failures = 0, failing_at = NULL, last_fault = NULL, last_told_at = $4,
            due_at = $4 WHERE hook_id = $1 AND position = $2";
    /// Nothing up to a position concerns a subscriber.
    PASSED = "UPDATE hall_hook SET position = $3 WHERE hook_id = $1 AND position = $2";
    /// A subscriber could not be told.
    FAILED = "UPDATE hall_hook SET failures = failures + 1, failing_at = COALESCE(failing_at, $2), due_at = $3,
              last_fault = $4, state = $5 WHERE hook_id = $1 AND state = 'active'";
    /// Keeps what was sent.
    SAVE_DELIVERY = "INSERT INTO hall_delivery (delivery_id, hook_id, message, first_position, last_position, events,
                     at, status, fault) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    /// Forgets old calls of a subscriber.
    FORGET_DELIVERIES = "DELETE FROM hall_delivery WHERE hook_id = $1 AND at < $2";
    /// Calls made to a subscriber, newest first.
    DELIVERIES = "SELECT delivery_id, message, first_position, last_position, events, at, status, fault
                  FROM hall_delivery WHERE hook_id = $1 AND delivery_id < $2 ORDER BY delivery_id DESC LIMIT $3";
}

/// Sealed events after a position up to another, with where they belong. The salt is still empty.
pub fn events(tx: &mut Tx, after: i64, upto: i64, limit: i64) -> Outcome<Vec<(FeedEvent, Jurisdiction)>> {
    let rows = tx.all(&EVENTS, &args![after, upto, limit])?;
    rows.iter()
        .map(|row| {
            let at: Instant = row.get("at")?;
            let division: Option<String> = row.get("division")?;
            let event = FeedEvent {
                position: row.get("position")?,
                event: row.get("event_id")?,
                at: at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true),
                actor: row.get("actor")?,
                verb: row.get("verb")?,
                subject: row.get("subject")?,
                entity: row.get("entity_id")?,
                division,
                department: row.get("department")?,
                pack: row.get("pack")?,
                payload: row.get("payload")?,
                salt: String::new(),
            };
            let place = Jurisdiction {
                division: event
                    .division
                    .as_deref()
                    .and_then(|place| Division::parse(place).ok()),
                department: event.department.clone(),
            };
            Ok((event, place))
        })
        .collect()
}

/// The tree at a size: size, root, nodes.
pub type Mark = (i64, String, String);

pub fn mark(tx: &mut Tx, upto: i64) -> Outcome<Option<Mark>> {
    tx.opt(&MARK, args![upto])?
        .map(|row| Ok((row.get("size")?, row.get("root")?, row.get("nodes")?)))
        .transpose()
}

pub fn save_mark(tx: &mut Tx, mark: &Mark) -> Outcome<()> {
    tx.exec(&SAVE_MARK, args![mark.0, &mark.1, &mark.2]).map(drop)
}

pub fn save_leaves(tx: &mut Tx, leaves: &[(i64, Digest)]) -> Outcome<()> {
    let rows = leaves
        .iter()
        .map(|(position, hash)| Ok(vec![Value::from(*position), Value::from(hash.0.as_slice())]));
    tx.load("hall_feed_leaf", &["position", "hash"], rows).map(drop)
}

/// Leaf hashes after a position up to another.
pub fn leaves(tx: &mut Tx, after: i64, upto: i64) -> Outcome<Vec<Digest>> {
    let broken = |_| Fault::internal("事件目录的叶子损坏", std::io::Error::other("length"));
    tx.all(&LEAVES, args![after, upto])?
        .iter()
        .map(|row| {
            let bytes: Vec<u8> = row.get("hash")?;
            bytes.try_into().map(Digest).map_err(broken)
        })
        .collect()
}

fn read<T: serde::de::DeserializeOwned>(row: &Row, column: &str) -> Outcome<T> {
    serde_json::from_value(row.get(column)?).map_err(|e| Fault::internal("订阅的内容无法读取", e))
}

fn hook_row(row: &Row) -> Outcome<Hook> {
    Ok(Hook {
        hook_id: row.get("hook_id")?,
        name: row.get("name")?,
        url: row.get("url")?,
        verbs: read(row, "verbs")?,
        scope: read(row, "scope")?,
        generation: row.get("generation")?,
        state: row.get("state")?,
        position: row.get("position")?,
        failures: row.get("failures")?,
        failing_at: row.get("failing_at")?,
        due_at: row.get("due_at")?,
        last_told_at: row.get("last_told_at")?,
        last_fault: row.get("last_fault")?,
    })
}

pub fn save_hook(
    tx: &mut Tx,
    op: &Op,
    hook_id: i64,
    (name, url): (&str, &str),
    (verbs, scope): (&[String], &Scope),
    position: i64,
) -> Outcome<()> {
    let row = args![
        hook_id,
        name,
        url,
        serde_json::json!(verbs),
        serde_json::json!(scope),
        position,
        op.at,
        &op.actor.name
    ];
    tx.exec(&SAVE_HOOK, &row).map(drop)
}

pub fn hooks(tx: &mut Tx) -> Outcome<Vec<Hook>> {
    tx.all(&HOOKS, args![])?.iter().map(hook_row).collect()
}

pub fn hook(tx: &mut Tx, hook_id: i64) -> Outcome<Option<Hook>> {
    tx.opt(&HOOK, args![hook_id])?.as_ref().map(hook_row).transpose()
}

pub fn due_hooks(tx: &mut Tx, (now, ahead): (Instant, Instant), height: i64) -> Outcome<Vec<Hook>> {
    tx.all(&DUE_HOOKS, args![now, height, ahead])?
        .iter()
        .map(hook_row)
        .collect()
}

pub fn set_state(tx: &mut Tx, hook_id: i64, state: &str, now: Instant) -> Outcome<()> {
    tx.exec(&SET_STATE, args![hook_id, state, now]).map(drop)
}

pub fn renew(tx: &mut Tx, hook_id: i64) -> Outcome<()> {
    tx.exec(&RENEW, args![hook_id]).map(drop)
}

pub fn rewind(tx: &mut Tx, hook_id: i64, position: i64, now: Instant) -> Outcome<()> {
    tx.exec(&REWIND, args![hook_id, position, now]).map(drop)
}

pub fn told(tx: &mut Tx, hook: &Hook, position: i64, now: Instant) -> Outcome<()> {
    tx.exec(&TOLD, args![hook.hook_id, hook.position, position, now])
        .map(drop)
}

pub fn passed(tx: &mut Tx, hook: &Hook, position: i64) -> Outcome<()> {
    tx.exec(&PASSED, args![hook.hook_id, hook.position, position])
        .map(drop)
}

/// Notes a failure, unless the subscriber is told nothing any more. Whether it was noted.
pub fn failed(
    tx: &mut Tx,
    hook: &Hook,
    (now, again): (Instant, Instant),
    fault: &str,
    state: &str,
) -> Outcome<bool> {
    let rows = tx.exec(&FAILED, args![hook.hook_id, now, again, fault, state])?;
    Ok(rows > 0)
}

pub fn save_delivery(tx: &mut Tx, hook_id: i64, delivery: &Delivery, forget_before: Instant) -> Outcome<()> {
    let row = args![
        delivery.delivery_id,
        hook_id,
        &delivery.message,
        delivery.first_position,
        delivery.last_position,
        delivery.events,
        delivery.at,
        delivery.status,
        delivery.fault.as_deref(),
    ];
    tx.exec(&SAVE_DELIVERY, &row)?;
    tx.exec(&FORGET_DELIVERIES, args![hook_id, forget_before])
        .map(drop)
}

pub fn deliveries(tx: &mut Tx, hook_id: i64, before: i64, limit: i64) -> Outcome<Vec<Delivery>> {
    let rows = tx.all(&DELIVERIES, args![hook_id, before, limit])?;
    rows.iter()
        .map(|row| {
            Ok(Delivery {
                delivery_id: row.get("delivery_id")?,
                message: row.get("message")?,
                first_position: row.get("first_position")?,
                last_position: row.get("last_position")?,
                events: row.get("events")?,
                at: row.get("at")?,
                status: row.get("status")?,
                fault: row.get("fault")?,
            })
        })
        .collect()
}
