//! What quality hears of on the ledger: a hand-over meets what was expected of its supplier.
use db::Tx;
use kernel::Outcome;
use serde_json::Value;

use super::service;
use crate::hall::ledger::Reader;
use crate::hall::{Op, Told};
use crate::intake;

/// Closes what a supplier owed when it comes.
pub struct MeetExpectations;

impl Reader for MeetExpectations {
    fn name(&self) -> &'static str {
        "intake.meet-expectations"
    }

    fn verbs(&self) -> &'static [&'static str] {
        &["intake.batch-applied"]
    }

    fn read(&self, tx: &mut Tx, op: &Op, event: &Told) -> Outcome<()> {
        let number = |field: &str| event.payload.get(field).and_then(Value::as_i64);
        let Some(batch_id) = number("batch_id") else {
            return Ok(());
        };
        // A batch of which every row was refused meets nothing.
        if number("accepted").unwrap_or(0) + number("unchanged").unwrap_or(0) == 0 {
            return Ok(());
        }
        let batch = intake::service::batch(tx, batch_id)?;
        service::meet(tx, op, &batch.supplier, &batch.item, batch_id)
    }
}
