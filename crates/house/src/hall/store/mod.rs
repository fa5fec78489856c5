//! Every SQL statement of the hall.
use db::{Row, Tx, args, statements};
use kernel::actor::Jurisdiction;
use kernel::{Division, Instant, Outcome};
use serde_json::Value;

use super::job::Job;
use super::ledger::{Event, PublicLeaf, Told};
use super::op::{Once, Op};

mod duty;

pub use duty::{close_duty, duties_about, open_duties, provisional_duties, redate_duty, save_duty};

statements! {
    /// The kept answer to an idempotency key.
    ANSWER = "SELECT digest, answer FROM hall_answer WHERE actor = $1 AND once_key = $2";
    /// Keeps an answer for retries.
    SAVE_ANSWER = "INSERT INTO hall_answer (actor, once_key, digest, answer, at) VALUES ($1, $2, $3, $4, $5)";
    /// Writes an event, not yet sealed.
    SAVE_EVENT = "INSERT INTO hall_event (event_id, at, actor, verb, subject, entity_id, division, department,
                  payload, public, pack, trace) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    /// Events about one subject, oldest first.
    EVENTS_ABOUT = "SELECT COALESCE(position, 0) AS position, event_id, at, actor, verb, subject, entity_id, payload,
                    division, department FROM hall_event WHERE subject = $1 ORDER BY event_id";
    /// Where a reader stands.
    READER = "SELECT position FROM hall_reader WHERE name = $1";
    /// Moves a reader on.
    MOVE_READER = "INSERT INTO hall_reader (name, position) VALUES ($1, $2)
                   ON CONFLICT (name) DO UPDATE SET position = excluded.position";
    /// The next sealed event a reader wants.
    NEXT_EVENT = "SELECT position, event_id, at, actor, verb, subject, entity_id, payload
                  FROM hall_event WHERE position > $1 AND verb IN ($list) ORDER BY position LIMIT 1";
    /// The last sealed position.
    LAST_POSITION = "SELECT COALESCE(max(position), 0) AS position FROM hall_event";
    /// When the event noted last was done.
    NEWEST_AT = "SELECT at FROM hall_event ORDER BY event_id DESC LIMIT 1";
    /// The number of the event at a position.
    EVENT_AT = "SELECT event_id FROM hall_event WHERE position = $1";
    /// Events that wait for a position, in the order of their numbers.
    UNSEALED = "SELECT event_id, at, public FROM hall_event WHERE position IS NULL ORDER BY event_id LIMIT $1";
    /// Gives an event its position.
    SEAL = "UPDATE hall_event SET position = $2 WHERE event_id = $1";
    /// Adds a leaf to the public log.
    SAVE_LEAF = "INSERT INTO hall_leaf (leaf_index, event_id, subject, kind, document, data, hash)
                 VALUES ($1, $2, $3, $4, $5, $6, $7)";
    /// Leaf hashes in order, up to a size.
    LEAF_HASHES = "SELECT hash FROM hall_leaf WHERE leaf_index < $1 ORDER BY leaf_index";
    /// Leaves about one subject.
    LEAVES_ABOUT = "SELECT leaf_index, kind, document, data FROM hall_leaf WHERE subject = $1 ORDER BY leaf_index";
    /// A page of leaves.
    LEAVES = "SELECT leaf_index, kind, document, data FROM hall_leaf
              WHERE leaf_index >= $1 ORDER BY leaf_index LIMIT $2";
    /// Keeps a signed checkpoint.
    SAVE_CHECKPOINT = "INSERT INTO hall_checkpoint (size, root, at, key, signature, nodes)
                       VALUES ($1, $2, $3, $4, $5, $6)
                       ON CONFLICT (size) DO NOTHING";
    /// The newest checkpoint.
    CHECKPOINT = "SELECT size, root, at, key, signature, nodes FROM hall_checkpoint ORDER BY size DESC LIMIT 1";
    /// Opens a duty once.
    SAVE_DUTY = "INSERT INTO hall_duty (duty_id, kind, subject, title, entity_id, division, department, opened_at, opened_on,
                 due_on, basis, deadline, provisional) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
                 ON CONFLICT (kind, subject) DO NOTHING";
    /// Open duties whose last day may still move, in order of number.
    PROVISIONAL_DUTIES = "SELECT duty_id, kind, subject, title, division, department, opened_on, due_on, basis, done_at, deadline
                          FROM hall_duty WHERE provisional AND done_at IS NULL AND duty_id > $1 ORDER BY duty_id LIMIT $2";
    /// Gives a duty another last day.
    REDATE_DUTY = "UPDATE hall_duty SET due_on = $2, basis = $3, provisional = $4 WHERE duty_id = $1";
    /// Closes a duty.
    CLOSE_DUTY = "UPDATE hall_duty SET done_at = $3, done_by = $4
                  WHERE kind = $1 AND subject = $2 AND done_at IS NULL";
    /// Open duties of all departments, most urgent first, a page.
    OPEN_DUTIES = "SELECT duty_id, kind, subject, title, division, department, opened_on, due_on, basis, done_at
                   FROM hall_duty WHERE done_at IS NULL AND (due_on > $2 OR (due_on = $2 AND duty_id > $3))
                   ORDER BY due_on, duty_id LIMIT $1";
    /// Open duties of one department, most urgent first, a page.
    OPEN_DUTIES_OF = "SELECT duty_id, kind, subject, title, division, department, opened_on, due_on, basis, done_at
                      FROM hall_duty WHERE done_at IS NULL AND department = $4
                      AND (due_on > $2 OR (due_on = $2 AND duty_id > $3)) ORDER BY due_on, duty_id LIMIT $1";
    /// Duties about one subject.
    DUTIES_ABOUT = "SELECT duty_id, kind, subject, title, division, department, opened_on, due_on, basis, done_at
                    FROM hall_duty WHERE subject = $1 ORDER BY duty_id";
    /// Queues a job.
    SAVE_JOB = "INSERT INTO hall_job (job_id, kind, subject, payload, state, attempts, created_at, run_after)
                VALUES ($1, $2, $3, $4, 'queued', 0, $5, $5)";
    /// The next job that waits or whose worker fell silent; a time further ahead than $3 is of a clock put back since.
    NEXT_JOB = "SELECT job_id FROM hall_job
                WHERE (state = 'queued' AND (attempts = 0 OR run_after <= $1 OR run_after > $3))
                OR (state = 'running' AND (lease_until < $2 OR lease_until > $3)) ORDER BY job_id LIMIT 1";
    /// Whether a job of a kind waits.
    WAITS = "SELECT job_id FROM hall_job WHERE state = 'queued' AND kind = $1 LIMIT 1";
    /// Takes a job.
    CLAIM_JOB = "UPDATE hall_job SET state = 'running', attempts = attempts + 1, lease_until = $2
                 WHERE job_id = $1";
    /// One job.
    JOB = "SELECT job_id, kind, subject, payload, state, attempts, progress, fault FROM hall_job WHERE job_id = $1";
    /// The newest job about a subject.
    JOB_ABOUT = "SELECT job_id, kind, subject, payload, state, attempts, progress, fault FROM hall_job
                 WHERE subject = $1 ORDER BY job_id DESC LIMIT 1";
    /// Newest jobs.
    LATEST_JOBS = "SELECT job_id, kind, subject, payload, state, attempts, progress, fault FROM hall_job
                   ORDER BY job_id DESC LIMIT $1";
    /// Notes progress and renews the lease.
    PROGRESS = "UPDATE hall_job SET progress = $2, lease_until = $3 WHERE job_id = $1";
    /// Ends a job.
    FINISH_JOB = "UPDATE hall_job SET state = $2, fault = $3, finished_at = $4, lease_until = NULL WHERE job_id = $1";
    /// Puts a failed job back to be tried later.
    QUEUE_AGAIN = "UPDATE hall_job SET state = 'queued', fault = $2, run_after = $3, lease_until = NULL
                   WHERE job_id = $1";
    /// Keeps the hash of a token.
    SAVE_TOKEN = "INSERT INTO hall_token (token_hash, name, created_at) VALUES ($1, $2, $3)";
    /// The holder of a living token.
    TOKEN = "SELECT name FROM hall_token WHERE token_hash = $1 AND ended_at IS NULL";
}

pub fn answer(tx: &mut Tx, actor: &str, key: &str) -> Outcome<Option<(String, String)>> {
    tx.opt(&ANSWER, &args![actor, key])?
        .map(|row| Ok((row.get("digest")?, row.get("answer")?)))
        .transpose()
}

pub fn save_answer(tx: &mut Tx, actor: &str, once: &Once, body: &str, at: Instant) -> Outcome<()> {
    tx.exec(&SAVE_ANSWER, &args![actor, &once.key, &once.digest, body, at])
        .map(drop)
}

pub fn save_event(tx: &mut Tx, op: &Op, event_id: i64, event: &Event) -> Outcome<()> {
    let public = event.public.as_ref().map(|leaf| serde_json::json!(leaf));
    let row = args![
        event_id,
        op.at,
        &op.actor.name,
        event.verb,
        &event.subject,
        event.entity_id,
        &event.division,
        &event.department,
        &event.payload,
        public,
        op.pack.hash(),
        &op.trace,
    ];
    tx.exec(&SAVE_EVENT, &row).map(drop)
}

/// Writes many events at once.
pub fn save_events(tx: &mut Tx, op: &Op, ids: &[i64], events: &[Event]) -> Outcome<()> {
    const COLUMNS: [&str; 12] = [
        "event_id",
        "at",
        "actor",
        "verb",
        "subject",
        "entity_id",
        "division",
        "department",
        "payload",
        "public",
        "pack",
        "trace",
    ];
    let rows = ids.iter().zip(events).map(|(event_id, event)| {
        Ok(vec![
            db::Value::from(*event_id),
            db::Value::from(op.at),
            db::Value::from(op.actor.name.as_str()),
            db::Value::from(event.verb),
            db::Value::from(event.subject.as_str()),
            db::Value::from(event.entity_id),
            db::Value::from(event.division.as_deref()),
            db::Value::from(event.department.as_deref()),
            db::Value::from(event.payload.clone()),
            db::Value::from(event.public.as_ref().map(|leaf| serde_json::json!(leaf))),
            db::Value::from(op.pack.hash()),
            db::Value::from(op.trace.as_str()),
        ])
    });
    tx.load("hall_event", &COLUMNS, rows).map(drop)
}

fn told(row: &Row) -> Outcome<Told> {
    Ok(Told {
        position: row.get("position")?,
        event_id: row.get("event_id")?,
        at: row.get("at")?,
        actor: row.get("actor")?,
        verb: row.get("verb")?,
        subject: row.get("subject")?,
        entity_id: row.get("entity_id")?,
        payload: row.get("payload")?,
    })
}

pub fn events_about(tx: &mut Tx, subject: &str) -> Outcome<Vec<(Told, Jurisdiction)>> {
    let event = |row: &Row| {
        let division: Option<String> = row.get("division")?;
        let place = Jurisdiction {
            division: division.and_then(|place| Division::parse(&place).ok()),
            department: row.get("department")?,
        };
        Ok((told(row)?, place))
    };
    tx.all(&EVENTS_ABOUT, &args![subject])?
        .iter()
        .map(event)
        .collect()
}

pub fn reader_position(tx: &mut Tx, name: &str) -> Outcome<i64> {
    tx.opt(&READER, &args![name])?
        .map_or(Ok(0), |row| row.get("position"))
}

pub fn move_reader(tx: &mut Tx, name: &str, position: i64) -> Outcome<()> {
    tx.exec(&MOVE_READER, &args![name, position]).map(drop)
}

/// The next wanted event after `from`, and how far the reader may move: to that event, or to the end.
pub fn next_event(tx: &mut Tx, from: i64, verbs: &[&str]) -> Outcome<(Option<Told>, i64)> {
    let list: Vec<db::Value> = verbs.iter().map(|verb| db::Value::from(*verb)).collect();
    let last: i64 = tx.one(&LAST_POSITION, &args![])?.get("position")?;
    let Some(event) = tx
        .all_in(&NEXT_EVENT, &args![from], &list)?
        .first()
        .map(told)
        .transpose()?
    else {
        return Ok((None, last.max(from)));
    };
    let position = event.position;
    Ok((Some(event), position))
}

pub fn newest_at(tx: &mut Tx) -> Outcome<Option<Instant>> {
    tx.opt(&NEWEST_AT, &args![])?.map(|row| row.get("at")).transpose()
}

pub fn event_at(tx: &mut Tx, position: i64) -> Outcome<Option<i64>> {
    tx.opt(&EVENT_AT, &args![position])?
        .map(|row| row.get("event_id"))
        .transpose()
}

pub fn last_position(tx: &mut Tx) -> Outcome<i64> {
    tx.one(&LAST_POSITION, &args![])?.get("position")
}

/// An event that waits for its position: number, instant, public part.
pub fn unsealed(tx: &mut Tx, most: i64) -> Outcome<Vec<(i64, Instant, Option<PublicLeaf>)>> {
    tx.all(&UNSEALED, &args![most])?
        .iter()
        .map(|row| {
            let public: Option<Value> = row.get("public")?;
            let leaf = public
                .map(serde_json::from_value)
                .transpose()
                .map_err(|e| kernel::Fault::internal("事件的公开部分无法读取", e))?;
            Ok((row.get("event_id")?, row.get("at")?, leaf))
        })
        .collect()
}

pub fn seal(tx: &mut Tx, event_id: i64, position: i64) -> Outcome<()> {
    tx.exec(&SEAL, &args![event_id, position]).map(drop)
}

/// A leaf of the public log.
#[derive(Debug, Clone)]
pub struct Leaf {
    pub index: i64,
    pub kind: String,
    pub document: String,
    pub data: String,
}

pub fn save_leaf(tx: &mut Tx, event_id: i64, subject: &str, leaf: &Leaf, hash: &[u8]) -> Outcome<()> {
    let row = args![
        leaf.index,
        event_id,
        subject,
        &leaf.kind,
        &leaf.document,
        &leaf.data,
        hash
    ];
    tx.exec(&SAVE_LEAF, &row).map(drop)
}

pub fn leaf_hashes(tx: &mut Tx, size: i64) -> Outcome<Vec<Vec<u8>>> {
    tx.all(&LEAF_HASHES, &args![size])?
        .iter()
        .map(|row| row.get("hash"))
        .collect()
}

fn leaf(row: &Row) -> Outcome<Leaf> {
    Ok(Leaf {
        index: row.get("leaf_index")?,
        kind: row.get("kind")?,
        document: row.get("document")?,
        data: row.get("data")?,
    })
}

pub fn leaves_about(tx: &mut Tx, subject: &str) -> Outcome<Vec<Leaf>> {
    tx.all(&LEAVES_ABOUT, &args![subject])?.iter().map(leaf).collect()
}

pub fn leaves(tx: &mut Tx, from: i64, most: i64) -> Outcome<Vec<Leaf>> {
    tx.all(&LEAVES, &args![from, most])?.iter().map(leaf).collect()
}

/// A signed statement of the log's size and root.
#[derive(Debug, Clone)]
pub struct CheckpointRow {
    pub size: i64,
    pub root: String,
    pub at: Instant,
    pub key: String,
    pub signature: String,
    pub nodes: String,
}

pub fn save_checkpoint(tx: &mut Tx, row: &CheckpointRow) -> Outcome<()> {
    tx.exec(
        &SAVE_CHECKPOINT,
        &args![row.size, &row.root, row.at, &row.key, &row.signature, &row.nodes],
    )
    .map(drop)
}

pub fn checkpoint(tx: &mut Tx) -> Outcome<Option<CheckpointRow>> {
    tx.opt(&CHECKPOINT, &args![])?
        .map(|row| {
            Ok(CheckpointRow {
                size: row.get("size")?,
                root: row.get("root")?,
                at: row.get("at")?,
                key: row.get("key")?,
                signature: row.get("signature")?,
                nodes: row.get("nodes")?,
            })
        })
        .transpose()
}

pub fn save_job(
    tx: &mut Tx,
    job_id: i64,
    kind: &str,
    subject: &str,
    payload: &Value,
    at: Instant,
) -> Outcome<()> {
    tx.exec(&SAVE_JOB, &args![job_id, kind, subject, payload, at])
        .map(drop)
}

/// Claims the next job; the advisory lock keeps two workers from taking the same one.
/// `lost_before`: leases that ended earlier are lost; `ahead`: no wait and no lease of ours reaches beyond it.
pub fn claim_job(
    tx: &mut Tx,
    now: Instant,
    (lost_before, ahead): (Instant, Instant),
    until: Instant,
) -> Outcome<Option<Job>> {
    tx.lock("hall_job", 0)?;
    let Some(row) = tx.opt(&NEXT_JOB, &args![now, lost_before, ahead])? else {
        return Ok(None);
    };
    let job_id: i64 = row.get("job_id")?;
    tx.exec(&CLAIM_JOB, &args![job_id, until])?;
    job(tx, job_id)
}

pub fn job_waits(tx: &mut Tx, kind: &str) -> Outcome<bool> {
    tx.opt(&WAITS, &args![kind]).map(|row| row.is_some())
}

fn job_row(row: &Row) -> Outcome<Job> {
    Ok(Job {
        job_id: row.get("job_id")?,
        kind: row.get("kind")?,
        subject: row.get("subject")?,
        payload: row.get("payload")?,
        state: row.get("state")?,
        attempts: row.get("attempts")?,
        progress: row.get("progress")?,
        fault: row.get("fault")?,
    })
}

pub fn job(tx: &mut Tx, job_id: i64) -> Outcome<Option<Job>> {
    tx.opt(&JOB, &args![job_id])?.as_ref().map(job_row).transpose()
}

pub fn latest_jobs(tx: &mut Tx, limit: i64) -> Outcome<Vec<Job>> {
    tx.all(&LATEST_JOBS, &args![limit])?.iter().map(job_row).collect()
}

pub fn note_progress(tx: &mut Tx, job_id: i64, progress: &Value, lease: Instant) -> Outcome<()> {
    tx.exec(&PROGRESS, &args![job_id, progress, lease]).map(drop)
}

pub fn finish_job(tx: &mut Tx, job_id: i64, state: &str, fault: Option<&str>, at: Instant) -> Outcome<()> {
    tx.exec(&FINISH_JOB, &args![job_id, state, fault, at]).map(drop)
}

pub fn queue_again(tx: &mut Tx, job_id: i64, fault: &str, run_after: Instant) -> Outcome<()> {
    tx.exec(&QUEUE_AGAIN, &args![job_id, fault, run_after]).map(drop)
}

pub fn save_token(tx: &mut Tx, hash: &str, name: &str, at: Instant) -> Outcome<()> {
    tx.exec(&SAVE_TOKEN, &args![hash, name, at]).map(drop)
}

pub fn token(tx: &mut Tx, hash: &str) -> Outcome<Option<String>> {
    tx.opt(&TOKEN, &args![hash])?
        .map(|row| row.get("name"))
        .transpose()
}

pub fn job_about(tx: &mut Tx, subject: &str) -> Outcome<Option<Job>> {
    tx.opt(&JOB_ABOUT, &args![subject])?
        .as_ref()
        .map(job_row)
        .transpose()
}
