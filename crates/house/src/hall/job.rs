//! Background jobs that survive a crash: a row tells what is to be done and how far it is; a lease tells
//! who works on it; whoever starts next takes over what a dead worker left.
use chrono::Duration;
use db::Tx;
use kernel::{Fault, FaultKind, Instant, Outcome};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{House, Op, command, store, whole_house};

/// How long a worker may be silent before another takes its job over.
const LEASE_SECONDS: i64 = 60;
/// No lease and no wait reaches further ahead; what does was noted by a clock that has been put back since.
const AHEAD_SECONDS: i64 = 2 * LEASE_SECONDS;
/// A day that no clock shows, for "whatever the lease says".
const NEVER_DAYS: i64 = 365_000;
/// How often a failing job is tried before it is set aside for a person.
const MOST_ATTEMPTS: i64 = 5;

/// A job as a worker gets it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Job {
    /// Number.
    pub job_id: i64,
    /// What kind of work.
    pub kind: String,
    /// What it is about.
    pub subject: String,
    /// What the worker needs to know.
    #[schema(value_type = Object)]
    pub payload: Value,
    /// `queued`, `running`, `done` or `failed`.
    pub state: String,
    /// Times taken up.
    pub attempts: i64,
    /// How far it is.
    #[schema(value_type = Option<Object>)]
    pub progress: Option<Value>,
    /// Why it failed.
    pub fault: Option<String>,
}

/// Puts a job in the queue, in the transaction of what makes it necessary.
pub fn enqueue(tx: &mut Tx, op: &Op, kind: &str, subject: &str, payload: &Value) -> Outcome<i64> {
    let job_id = tx.next_id()?;
    store::save_job(tx, job_id, kind, subject, payload, op.at)?;
    Ok(job_id)
}

/// Notes progress and renews the lease; call it at least every half minute.
pub fn progress(tx: &mut Tx, job_id: i64, progress: &Value, at: Instant) -> Outcome<()> {
    store::note_progress(tx, job_id, progress, at + Duration::seconds(LEASE_SECONDS))
}

/// One job by its number.
pub fn find(tx: &mut Tx, job_id: i64) -> Outcome<Option<Job>> {
    store::job(tx, job_id)
}

/// Latest jobs, newest first, for the desk. Jobs work for the house as a whole, so only those who reach all of it look.
pub fn listed(tx: &mut Tx, op: &Op, limit: i64) -> Outcome<Vec<Job>> {
    whole_house(op)?;
    latest(tx, limit)
}

/// Latest jobs, newest first, for the program itself.
pub fn latest(tx: &mut Tx, limit: i64) -> Outcome<Vec<Job>> {
    store::latest_jobs(tx, limit)
}

/// Somebody who can do jobs of a kind. `run` may open transactions through [`command`]; it must be able to
/// start again from the noted progress.
pub trait Worker: Send + Sync {
    /// The kind of job.
    fn kind(&self) -> &'static str;
    /// Does the job.
    fn run(&self, house: &House, op: &Op, job: &Job) -> Outcome<()>;
}

/// Takes the next job that waits, or whose worker fell silent, and does it. Returns whether there was one.
///
/// A job that was never tried is due whatever the clock says, and the clock may be put back or forward at any time: no job
/// waits longer for it than [`AHEAD_SECONDS`].
///
/// `abandoned` takes over running jobs at once, whatever their leases, for a single-process start-up after a crash.
pub fn run_next(house: &House, op: &Op, workers: &[&dyn Worker], abandoned: bool) -> Outcome<bool> {
    let now = op.at;
    let lost_before = if abandoned {
        now + Duration::days(NEVER_DAYS)
    } else {
        now
    };
    let until = now + Duration::seconds(LEASE_SECONDS);
    let ahead = now + Duration::seconds(AHEAD_SECONDS);
    let claimed = command(house, op, |tx, _| {
        store::claim_job(tx, now, (lost_before, ahead), until)
    })?;
    let Some(job) = claimed else { return Ok(false) };
    let outcome = workers
        .iter()
        .find(|worker| worker.kind() == job.kind)
        .map_or_else(
            || {
                let detail = format!("没有会做“{}”这类后台任务的程序。请升级到认识它的版本。", job.kind);
                Err(Fault::new(FaultKind::Internal, "hall.job.unknown-kind", detail))
            },
            |worker| worker.run(house, op, &job),
        );
    let finished = house.clock.now();
    command(house, op, |tx, _| match &outcome {
        Ok(()) => store::finish_job(tx, job.job_id, "done", None, finished),
        Err(fault) => {
            tracing::error!(job = job.job_id, kind = %job.kind, code = fault.code, detail = %fault.detail, "a job failed");
            if fault.kind == FaultKind::Busy && job.attempts < MOST_ATTEMPTS {
                store::queue_again(
                    tx,
                    job.job_id,
                    &fault.detail,
                    finished + Duration::seconds(job.attempts * 5),
                )
            } else {
                store::finish_job(tx, job.job_id, "failed", Some(&fault.detail), finished)
            }
        }
    })?;
    Ok(true)
}

/// Whether a job of a kind waits in the queue.
pub fn waits(tx: &mut Tx, kind: &str) -> Outcome<bool> {
    store::job_waits(tx, kind)
}

/// The newest job about a subject.
pub fn latest_about(tx: &mut Tx, subject: &str) -> Outcome<Option<Job>> {
    store::job_about(tx, subject)
}
