//! What the register hears of on the ledger.
use db::Tx;
use kernel::Outcome;
use serde_json::Value;

use super::{rules, service};
use crate::hall::ledger::Reader;
use crate::hall::{Op, Told};
use crate::intake::model::{Batch, Made, Staged};
use crate::intake::service::{Follower, Prepared};

/// Takes registration records into the register: within the transaction that makes them where rows are in hand, else as
/// soon as the ledger tells of their batch.
pub struct Register;

/// Its word in the event of a batch.
const FOLLOWS: &str = "registry";

impl Follower for Register {
    fn name(&self) -> &'static str {
        FOLLOWS
    }

    fn follows(&self, item: &str) -> bool {
        item == rules::REGISTRATION
    }

    fn begin(&self, tx: &mut Tx, batch: &Batch) -> Outcome<bool> {
        service::make_way(tx, batch.rows_read)
    }

    fn end(&self, tx: &mut Tx) -> Outcome<()> {
        service::index(tx)
    }

    fn prepare(&self, rows: &[Staged<'_>]) -> Box<dyn Prepared> {
        let described = rows
            .iter()
            .map(|row| rules::described(row.subject_no, row.payload));
        Box::new(Described(described.collect()))
    }
}

/// The entities that the rows of a frame describe.
struct Described(Vec<rules::Described>);

impl Prepared for Described {
    fn take(&self, tx: &mut Tx, batch: &Batch, made: &[Made<'_>]) -> Outcome<()> {
        service::take_made(tx, batch, made, &self.0)
    }
}

impl Reader for Register {
    fn name(&self) -> &'static str {
        "registry.register"
    }

    fn verbs(&self) -> &'static [&'static str] {
        &["intake.batch-applied"]
    }

    fn read(&self, tx: &mut Tx, _: &Op, event: &Told) -> Outcome<()> {
        let followed = event.payload.get("followed").and_then(Value::as_array);
        let done = followed.is_some_and(|names| names.iter().any(|name| name == FOLLOWS));
        if done || event.payload.get("item").and_then(Value::as_str) != Some(rules::REGISTRATION) {
            return Ok(());
        }
        let Some(batch_id) = event.payload.get("batch_id").and_then(Value::as_i64) else {
            return Ok(());
        };
        service::take_in(tx, batch_id).map(drop)
    }
}
