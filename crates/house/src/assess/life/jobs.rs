//! What the life of models does in the background: shadow runs, and keeping who went on visits.
use db::Tx;
use kernel::{Fault, Outcome};
use serde::Deserialize;
use serde_json::Value;

use super::service;
use crate::hall::job::{Job, Worker};
use crate::hall::ledger::Reader;
use crate::hall::{House, Op, Told};

/// Does shadow runs.
pub struct ShadowRun;

#[derive(Deserialize)]
struct Task {
    shadow_id: i64,
}

impl Worker for ShadowRun {
    fn kind(&self) -> &'static str {
        service::JOB
    }

    fn run(&self, house: &House, op: &Op, job: &Job) -> Outcome<()> {
        let task: Task = serde_json::from_value(job.payload.clone())
            .map_err(|e| Fault::internal("后台任务的内容无法读取", e))?;
        service::run_shadow(house, op, job.job_id, task.shadow_id)
    }
}

/// Keeps who went on a visit, for the table a model is fitted on: how strictly inspectors judge is to be told apart from
/// what they judge.
pub struct NoteVisits;

impl Reader for NoteVisits {
    fn name(&self) -> &'static str {
        "assess.note-visits"
    }

    fn verbs(&self) -> &'static [&'static str] {
        &["inspect.result-recorded"]
    }

    fn read(&self, tx: &mut Tx, _op: &Op, event: &Told) -> Outcome<()> {
        let visit = event
            .payload
            .pointer("/records/0/fields/task_no")
            .and_then(Value::as_str);
        let inspectors: Option<Vec<String>> = event
            .payload
            .get("inspectors")
            .and_then(|inspectors| serde_json::from_value(inspectors.clone()).ok());
        match (event.entity_id, visit, inspectors) {
            (Some(entity_id), Some(visit), Some(inspectors)) => {
                service::note_visit(tx, entity_id, visit, &inspectors)
            }
            _ => Ok(()),
        }
    }
}
