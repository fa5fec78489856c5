//! What classification hears of on the ledger: every batch of records regrades the entities it is about.
use db::Tx;
use kernel::Outcome;
use serde_json::Value;

use super::service;
use crate::hall::ledger::Reader;
use crate::hall::{Op, Told};
use crate::intake;

/// Regrades entities as records about them become known. Runs after the register's reader, which follows the same
/// events, so a new entity is already registered.
pub struct Regrade;

/// Beyond this many entities a batch is left to a full run, which is faster.
const MOST: i64 = 2_000;

impl Reader for Regrade {
    fn name(&self) -> &'static str {
        "assess.regrade"
    }

    fn verbs(&self) -> &'static [&'static str] {
        &["intake.batch-applied"]
    }

    fn read(&self, tx: &mut Tx, op: &Op, event: &Told) -> Outcome<()> {
        let Some(batch_id) = event.payload.get("batch_id").and_then(Value::as_i64) else {
            return Ok(());
        };
        // Each new entity is one it is about, and these were counted already.
        if event.payload.get("new_subjects").and_then(Value::as_i64) > Some(MOST) {
            return service::queue_full_once(tx, op);
        }
        let touched = intake::service::touched(tx, batch_id, 0, MOST + 1)?;
        if touched.is_empty() {
            return Ok(());
        }
        if i64::try_from(touched.len()).unwrap_or(i64::MAX) > MOST {
            return service::queue_full_once(tx, op);
        }
        service::regrade(tx, op, &touched).map(drop)
    }
}
