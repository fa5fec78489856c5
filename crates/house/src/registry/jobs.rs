//! What the register hears of on the ledger.
use db::Tx;
use kernel::Outcome;
use serde_json::Value;

use super::{rules, service};
use crate::hall::ledger::Reader;
use crate::hall::{Op, Told};

/// Takes registration records into the register as soon as their batch is applied.
pub struct Register;

impl Reader for Register {
    fn name(&self) -> &'static str {
        "registry.register"
    }

    fn verbs(&self) -> &'static [&'static str] {
        &["intake.batch-applied"]
    }

    fn read(&self, tx: &mut Tx, _: &Op, event: &Told) -> Outcome<()> {
        if event.payload.get("item").and_then(Value::as_str) != Some(rules::REGISTRATION) {
            return Ok(());
        }
        let Some(batch_id) = event.payload.get("batch_id").and_then(Value::as_i64) else {
            return Ok(());
        };
        service::take_in(tx, batch_id).map(drop)
    }
}
