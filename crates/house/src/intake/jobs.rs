//! What collection does in the background: staging and applying batches.
use db::Tx;
use kernel::{Fault, Outcome};
use serde::Deserialize;

use super::model::NewBatch;
use super::service::{self, Follower, Mapping};
use crate::hall::job::{Job, Worker};
use crate::hall::ledger::Reader;
use crate::hall::{House, Op, Told, command};

/// Stages and applies the batch of a job.
pub struct TakeIn {
    /// Who takes records in as they are made.
    pub followers: Vec<Box<dyn Follower>>,
}

#[derive(Deserialize)]
struct Task {
    batch_id: i64,
    #[serde(default)]
    mapping: Mapping,
}

impl Worker for TakeIn {
    fn kind(&self) -> &'static str {
        service::JOB
    }

    fn run(&self, house: &House, op: &Op, job: &Job) -> Outcome<()> {
        let task: Task = serde_json::from_value(job.payload.clone())
            .map_err(|e| Fault::internal("后台任务的内容无法读取", e))?;
        let followers: Vec<&dyn Follower> = self.followers.iter().map(AsRef::as_ref).collect();
        let work = || {
            service::stage(house, op, task.batch_id, job.job_id, &task.mapping)?;
            let op = &Op {
                at: house.clock.now().max(op.at),
                ..op.clone()
            };
            command(house, op, |tx, op| {
                service::apply(house, tx, op, task.batch_id, &followers)
            })
        };
        let applied = work().or_else(|fault| {
            if fault.code != service::DAMAGED {
                return Err(fault);
            }
            tracing::warn!(
                batch = task.batch_id,
                "staged rows are damaged; they are checked again"
            );
            command(house, op, |tx, _| service::unstage(tx, task.batch_id))?;
            work()
        })?;
        // What was left by a run that died just here goes with the next one's.
        if applied.state == "applied" {
            let _ = std::fs::remove_file(house.folder.path(&service::staged_of(task.batch_id)));
        }
        Ok(())
    }
}

/// Takes records that other modules produced (results of checks, repairs) like any department's, from the ledger.
pub struct AcceptTold;

#[derive(Deserialize)]
struct ToldRecord {
    item: String,
    subject_no: String,
    supplier: String,
    fields: std::collections::BTreeMap<String, String>,
}

impl Reader for AcceptTold {
    fn name(&self) -> &'static str {
        "intake.accept-told"
    }

    fn verbs(&self) -> &'static [&'static str] {
        &["inspect.result-recorded"]
    }

    fn read(&self, tx: &mut Tx, op: &Op, event: &Told) -> Outcome<()> {
        let records: Vec<ToldRecord> = event
            .payload
            .get("records")
            .cloned()
            .map(serde_json::from_value)
            .transpose()
            .map_err(|e| Fault::internal("事件中的记录无法读取", e))?
            .unwrap_or_default();
        for record in records {
            let new = NewBatch {
                item: record.item,
                supplier: record.supplier,
                source: "ledger".into(),
                file_name: format!("{}#{}", event.subject, event.position),
                ..NewBatch::default()
            };
            let row = service::Row {
                subject_no: record.subject_no,
                fields: record.fields.into_iter().collect(),
            };
            service::accept(tx, op, &new, &[row])?;
        }
        Ok(())
    }
}
