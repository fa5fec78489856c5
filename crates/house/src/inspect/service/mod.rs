//! Commands and queries of inspection, one room for each step.
mod change;
mod commit;
mod draw;
mod material;
mod plan;
pub(super) mod pool;
mod result;
mod reveal;
mod task;

pub use change::{cancel, recuse, replace, staff};
pub use commit::commit_draw;
pub use draw::draw;
pub use material::{
    auditor_material, documents, draw_state, draws_of_plan, firm_material, sealed_transcript,
};
pub use plan::{approve_plan, close_plan, edit_plan, plan, plan_by_no, plans, plans_page, write_plan};
pub use result::record_result;
pub use reveal::{expire_draws, reveal};
pub use task::{done_after, results, task, tasks, tasks_page};

use kernel::{Day, Fault, Outcome};
use proof::draw::{Commitment, PoolKey, Reveal};
use proof::{Digest, ProofError, Suite, canonical};

use super::store::DrawRow;
use crate::hall::keys::proof_fault;
use crate::hall::ledger::PublicLeaf;

/// What becomes of a plan's draw in the public log is filed under this name: plan number and attempt.
fn campaign(plan_no: &str, attempt: i64) -> String {
    format!("{plan_no}#{attempt}")
}

/// Openings, replacements and their reasons stand beside the draw, so that its own entries stay what the protocol says.
fn changes(plan_no: &str) -> String {
    format!("{plan_no}/changes")
}

fn proved<T>(outcome: Result<T, ProofError>) -> Outcome<T> {
    outcome.map_err(|fault| proof_fault(&fault))
}

fn broken(what: &'static str) -> Fault {
    Fault::internal("抽取文书损坏", std::io::Error::other(what))
}

/// A document in canonical form and its hash.
fn document<T: serde::Serialize>(suite: Suite, value: &T) -> Outcome<(String, Digest)> {
    let bytes = proved(canonical::to_vec(value))?;
    let hash = suite.hash(&bytes);
    let text = String::from_utf8(bytes).map_err(|e| Fault::internal("文书不是 UTF-8", e))?;
    Ok((text, hash))
}

fn leaf(kind: &str, subject: &str, document: Digest) -> PublicLeaf {
    PublicLeaf {
        kind: kind.to_owned(),
        subject: subject.to_owned(),
        document: document.to_string(),
    }
}

/// A day as documents write it.
fn document_day(day: Day) -> Outcome<proof::text::Day> {
    day.to_string()
        .parse()
        .map_err(|e: String| Fault::internal("日期无法写入文书", std::io::Error::other(e)))
}

/// What is read back from a draw's row.
struct Opened {
    suite: Suite,
    key: PoolKey,
    commitment: Commitment,
}

fn opened(row: &DrawRow) -> Outcome<Opened> {
    let commitment: Commitment = proved(canonical::parse(row.commitment.as_bytes()))?;
    let suite = commitment.suite().ok_or_else(|| broken("suite"))?;
    let key = PoolKey(Digest::from_hex(&row.pool_key).ok_or_else(|| broken("pool key"))?);
    Ok(Opened {
        suite,
        key,
        commitment,
    })
}

/// The reveals kept for a draw, as the protocol writes them.
fn reveals(kept: &[(String, String, kernel::Instant)]) -> Outcome<Vec<Reveal>> {
    kept.iter()
        .map(|(name, value, _)| {
            let value = hex::decode(value).map_err(|e| Fault::internal("揭示值无法读取", e))?;
            Ok(Reveal {
                name: name.clone(),
                value: proof::text::Hex(value),
            })
        })
        .collect()
}
