//! The one place where transactions begin and end.
use db::Tx;
use kernel::{Fault, FaultKind, Outcome};
use serde::{Serialize, de::DeserializeOwned};

use super::{House, Op, store};

/// How often a command is tried again when the database could not serialise it.
const TRIES: u32 = 3;

/// Runs `work` in one transaction: all of it is kept, or none.
///
/// The work may run again when the database asks for it (a serialisation conflict), so it must have no
/// effect outside the transaction.
pub fn command<T>(house: &House, op: &Op, mut work: impl FnMut(&mut Tx, &Op) -> Outcome<T>) -> Outcome<T> {
    let mut tried = 0;
    loop {
        tried += 1;
        let mut tx = house.db.begin()?;
        // On Err the transaction is dropped, and dropped means undone.
        match work(&mut tx, op).and_then(|done| tx.commit().map(|()| done)) {
            Err(fault) if db::may_retry(&fault) && tried < TRIES => {
                tracing::warn!(trace = %op.trace, tried, "the database asked for another try");
            }
            outcome => return outcome,
        }
    }
}

/// Like [`command`], answering a repeated question (same caller, same idempotency key) with the first answer.
///
/// The answer is kept in the same transaction as the deed, so a retry after a crash never doubles it.
pub fn command_once<T: Serialize + DeserializeOwned>(
    house: &House,
    op: &Op,
    mut work: impl FnMut(&mut Tx, &Op) -> Outcome<T>,
) -> Outcome<T> {
    let Some(once) = &op.once else {
        return command(house, op, work);
    };
    command(house, op, |tx, op| {
        tx.lock("hall_answer", lock_key(&once.key))?;
        if let Some((digest, body)) = store::answer(tx, &op.actor.name, &once.key)? {
            if digest != once.digest {
                return Err(Fault::new(
                    FaultKind::Conflict,
                    "hall.once.other-question",
                    "这个幂等键（Idempotency-Key）已用于另一项请求。请为新的请求换一个新的键。",
                ));
            }
            return serde_json::from_str(&body).map_err(|e| Fault::internal("保存的答复无法读取", e));
        }
        let done = work(tx, op)?;
        let body = serde_json::to_string(&done).map_err(|e| Fault::internal("答复无法保存", e))?;
        store::save_answer(tx, &op.actor.name, once, &body, op.at)?;
        Ok(done)
    })
}

/// Runs `work` on a read-only snapshot.
pub fn query<T>(house: &House, op: &Op, work: impl FnOnce(&mut Tx, &Op) -> Outcome<T>) -> Outcome<T> {
    let mut tx = house.db.read()?;
    work(&mut tx, op)
}

/// A number for the advisory lock of a key; a collision only makes two callers wait for each other.
fn lock_key(key: &str) -> i64 {
    key.bytes().fold(0_i64, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(i64::from(byte))
    })
}
