//! Every SQL statement of pushing on.
use db::{Row, Tx, Value, args, statements};
use kernel::{Instant, Outcome};

use super::model::{NewTarget, Push, PushRefusal, Target};
use crate::hall::Op;

statements! {
    /// Keeps a target.
    SAVE_TARGET = "INSERT INTO intake_target (target_id, name, item, url, supplier, state, position, failures, due_at,
                   created_at, created_by) VALUES ($1, $2, $3, $4, $5, 'active', $6, 0, $7, $7, $8)";
    /// Targets by name.
    TARGETS = "SELECT target_id, name, item, url, supplier, state, position, failures, due_at, last_fault
               FROM intake_target WHERE state <> 'removed' ORDER BY name, target_id";
    /// One target.
    TARGET = "SELECT target_id, name, item, url, supplier, state, position, failures, due_at, last_fault
              FROM intake_target WHERE target_id = $1 AND state <> 'removed'";
    /// Targets that may be served now. Without a failure nobody waits beyond $2, and nobody beyond $3: what lies further
    /// ahead is of a clock put back since.
    DUE_TARGETS = "SELECT target_id, name, item, url, supplier, state, position, failures, due_at, last_fault
                   FROM intake_target WHERE state = 'active'
                   AND (due_at <= $1 OR (failures = 0 AND due_at > $2) OR due_at > $3) ORDER BY due_at, target_id";
    /// Sets the state of a target; it starts afresh.
    SET_STATE = "UPDATE intake_target SET state = $2, failures = 0, due_at = $3 WHERE target_id = $1";
    /// A target has been served: when to look again.
    SERVED = "UPDATE intake_target SET failures = 0, last_fault = NULL, due_at = $2 WHERE target_id = $1";
    /// A target could not be served.
    FAILED = "UPDATE intake_target SET failures = failures + 1, last_fault = $2, due_at = $3 WHERE target_id = $1";
    /// The next applied batch of an item with records after a position.
    NEXT_BATCH = "SELECT batch_id, first_record, last_record FROM intake_batch
                  WHERE item = $1 AND state = 'applied' AND last_record > $2 ORDER BY first_record LIMIT 1";
    /// Moves a target on.
    MOVE = "UPDATE intake_target SET position = $2 WHERE target_id = $1";
    /// Keeps a push before it is sent.
    SAVE_PUSH = "INSERT INTO intake_push (push_id, target_id, first_record, last_record, records, state, accepted,
                 refused, created_at) VALUES ($1, $2, $3, $4, $5, 'sending', 0, 0, $6)";
    /// The oldest unfinished push of a target.
    OPEN_PUSH = "SELECT push_id, target_id, first_record, last_record, records, state, remote, accepted, refused,
                 created_at, received_at, acknowledged_at, fault FROM intake_push
                 WHERE target_id = $1 AND state IN ('sending', 'received') ORDER BY push_id LIMIT 1";
    /// Pushes of a target, newest first.
    PUSHES = "SELECT push_id, target_id, first_record, last_record, records, state, remote, accepted, refused,
              created_at, received_at, acknowledged_at, fault FROM intake_push
              WHERE target_id = $1 AND push_id < $2 ORDER BY push_id DESC LIMIT $3";
    /// The other side has a push.
    RECEIVED = "UPDATE intake_push SET state = 'received', remote = $2, received_at = $3 WHERE push_id = $1";
    /// The other side has ended a push.
    ENDED = "UPDATE intake_push SET state = $2, accepted = $3, refused = $4, acknowledged_at = $5, fault = $6
             WHERE push_id = $1";
    /// Rows refused at a target, newest pushes first.
    REFUSALS = "SELECT r.push_id, r.record_id, r.field, r.reason FROM intake_push_refusal r
                JOIN intake_push p ON p.push_id = r.push_id WHERE p.target_id = $1 AND r.record_id < $2
                ORDER BY r.record_id DESC, r.field LIMIT $3";
    /// What a target was sent and what became of it.
    SUMS = "SELECT CAST(COALESCE(sum(CASE WHEN state <> 'sending' THEN records ELSE 0 END), 0) AS BIGINT) AS pushed,
            CAST(COALESCE(sum(accepted), 0) AS BIGINT) AS acknowledged,
            CAST(COALESCE(sum(refused), 0) AS BIGINT) AS refused,
            CAST(COALESCE(sum(records), 0) AS BIGINT) AS taken FROM intake_push WHERE target_id = $1";
    /// Records of an item in batches that begin after a position.
    AFTER = "SELECT CAST(COALESCE(sum(rows_accepted), 0) AS BIGINT) AS records FROM intake_batch
             WHERE item = $1 AND state = 'applied' AND first_record > $2";
    /// Records of the batch that a position lies in, after that position: they reach to its last one.
    WITHIN = "SELECT CAST(count(*) AS BIGINT) AS records FROM intake_record WHERE record_id > $2 AND record_id <=
              (SELECT max(last_record) FROM intake_batch WHERE item = $1 AND first_record <= $2 AND last_record > $2)";
}

fn target_row(row: &Row) -> Outcome<Target> {
    Ok(Target {
        target_id: row.get("target_id")?,
        name: row.get("name")?,
        item: row.get("item")?,
        url: row.get("url")?,
        supplier: row.get("supplier")?,
        state: row.get("state")?,
        position: row.get("position")?,
        failures: row.get("failures")?,
        due_at: row.get("due_at")?,
        last_fault: row.get("last_fault")?,
    })
}

fn push_row(row: &Row) -> Outcome<Push> {
    Ok(Push {
        push_id: row.get("push_id")?,
        target_id: row.get("target_id")?,
        first_record: row.get("first_record")?,
        last_record: row.get("last_record")?,
        records: row.get("records")?,
        state: row.get("state")?,
        remote: row.get("remote")?,
        accepted: row.get("accepted")?,
        refused: row.get("refused")?,
        created_at: row.get("created_at")?,
        received_at: row.get("received_at")?,
        acknowledged_at: row.get("acknowledged_at")?,
        fault: row.get("fault")?,
    })
}

pub fn save_target(tx: &mut Tx, op: &Op, target_id: i64, new: &NewTarget, position: i64) -> Outcome<()> {
    let row = args![
        target_id,
        new.name.trim(),
        &new.item,
        new.url.trim_end_matches('/'),
        new.supplier.trim(),
        position,
        op.at,
        &op.actor.name
    ];
    tx.exec(&SAVE_TARGET, &row).map(drop)
}

pub fn targets(tx: &mut Tx) -> Outcome<Vec<Target>> {
    tx.all(&TARGETS, args![])?.iter().map(target_row).collect()
}

pub fn target(tx: &mut Tx, target_id: i64) -> Outcome<Option<Target>> {
    tx.opt(&TARGET, args![target_id])?
        .as_ref()
        .map(target_row)
        .transpose()
}

pub fn due_targets(tx: &mut Tx, now: Instant, waits: [Instant; 2]) -> Outcome<Vec<Target>> {
    let [next, longest] = waits;
    tx.all(&DUE_TARGETS, args![now, next, longest])?
        .iter()
        .map(target_row)
        .collect()
}

pub fn set_state(tx: &mut Tx, target_id: i64, state: &str, now: Instant) -> Outcome<()> {
    tx.exec(&SET_STATE, args![target_id, state, now]).map(drop)
}

pub fn served(tx: &mut Tx, target_id: i64, next: Instant) -> Outcome<()> {
    tx.exec(&SERVED, args![target_id, next]).map(drop)
}

pub fn failed(tx: &mut Tx, target_id: i64, fault: &str, next: Instant) -> Outcome<()> {
    tx.exec(&FAILED, args![target_id, fault, next]).map(drop)
}

/// The next batch of an item after a position: its number, first and last record.
pub fn next_batch(tx: &mut Tx, item: &str, after: i64) -> Outcome<Option<(i64, i64, i64)>> {
    tx.opt(&NEXT_BATCH, args![item, after])?
        .map(|row| {
            Ok((
                row.get("batch_id")?,
                row.get("first_record")?,
                row.get("last_record")?,
            ))
        })
        .transpose()
}

pub fn save_push(
    tx: &mut Tx,
    push_id: i64,
    target_id: i64,
    (first, last, records): (i64, i64, i64),
    now: Instant,
) -> Outcome<()> {
    tx.exec(&SAVE_PUSH, args![push_id, target_id, first, last, records, now])?;
    tx.exec(&MOVE, args![target_id, last]).map(drop)
}

pub fn open_push(tx: &mut Tx, target_id: i64) -> Outcome<Option<Push>> {
    tx.opt(&OPEN_PUSH, args![target_id])?
        .as_ref()
        .map(push_row)
        .transpose()
}

pub fn pushes(tx: &mut Tx, target_id: i64, before: i64, limit: i64) -> Outcome<Vec<Push>> {
    tx.all(&PUSHES, args![target_id, before, limit])?
        .iter()
        .map(push_row)
        .collect()
}

pub fn received(tx: &mut Tx, push_id: i64, remote: i64, now: Instant) -> Outcome<()> {
    tx.exec(&RECEIVED, args![push_id, remote, now]).map(drop)
}

/// What the other side made of a push.
pub struct Ended<'a> {
    pub state: &'static str,
    pub accepted: i64,
    pub refused: i64,
    pub fault: Option<&'a str>,
}

pub fn ended(tx: &mut Tx, push_id: i64, ended: &Ended<'_>, now: Instant) -> Outcome<()> {
    let row = args![
        push_id,
        ended.state,
        ended.accepted,
        ended.refused,
        now,
        ended.fault
    ];
    tx.exec(&ENDED, &row).map(drop)
}

pub fn save_refusals(tx: &mut Tx, refusals: &[PushRefusal]) -> Outcome<()> {
    let rows = refusals.iter().map(|refusal| {
        Ok(vec![
            Value::from(refusal.push_id),
            Value::from(refusal.record_id),
            Value::from(refusal.field.as_str()),
            Value::from(refusal.reason.as_str()),
        ])
    });
    let columns = ["push_id", "record_id", "field", "reason"];
    tx.load("intake_push_refusal", &columns, rows).map(drop)
}

pub fn refusals(tx: &mut Tx, target_id: i64, before: i64, limit: i64) -> Outcome<Vec<PushRefusal>> {
    let rows = tx.all(&REFUSALS, args![target_id, before, limit])?;
    rows.iter()
        .map(|row| {
            Ok(PushRefusal {
                push_id: row.get("push_id")?,
                record_id: row.get("record_id")?,
                field: row.get("field")?,
                reason: row.get("reason")?,
            })
        })
        .collect()
}

/// Pushed, acknowledged, refused and taken up by a target.
pub fn sums(tx: &mut Tx, target_id: i64) -> Outcome<(i64, i64, i64, i64)> {
    let row = tx.one(&SUMS, args![target_id])?;
    Ok((
        row.get("pushed")?,
        row.get("acknowledged")?,
        row.get("refused")?,
        row.get("taken")?,
    ))
}

/// Records of an item after a position.
pub fn waiting(tx: &mut Tx, item: &str, after: i64) -> Outcome<i64> {
    let whole: i64 = tx.one(&AFTER, args![item, after])?.get("records")?;
    let part: i64 = tx.one(&WITHIN, args![item, after])?.get("records")?;
    Ok(whole + part)
}
