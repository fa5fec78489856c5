//! What each level may see of a draw: the public file, a firm's row, the auditor's everything.
use std::collections::HashSet;

use db::Tx;
use kernel::{Fault, FaultKind, Outcome};
use proof::canonical;
use proof::draw::{AuditorMaterial, Contributor, FirmMaterial, Sealed, SelectedRow, Transcript, commit_pool};
use proof::text::Hex;
use serde_json::{Value, json};

use super::{broken, campaign, opened, proved};
use crate::hall::keys::Keys;
use crate::hall::{Op, log};
use crate::inspect::model::{ContributorState, Draw, DrawDocuments, PoolCount, Removed};
use crate::inspect::rules::pool::Kept;
use crate::inspect::rules::rows;
use crate::inspect::store::{self, DrawRow};

/// A draw as it stands.
pub fn draw_state(tx: &mut Tx, op: &Op, draw_id: i64) -> Outcome<Draw> {
    let row = store::draw(tx, draw_id)?.ok_or_else(Fault::hidden)?.open(op)?;
    state_of(tx, row)
}

/// The draws of a plan in order.
pub fn draws_of_plan(tx: &mut Tx, op: &Op, plan_id: i64) -> Outcome<Vec<Draw>> {
    super::plan(tx, op, plan_id)?;
    let rows = store::draws_of_plan(tx, plan_id)?;
    rows.into_iter().map(|row| state_of(tx, row)).collect()
}

fn state_of(tx: &mut Tx, row: DrawRow) -> Outcome<Draw> {
    let commitment = opened(&row)?.commitment;
    let reveals = store::reveals(tx, row.draw_id)?;
    let contributor = |one: &Contributor| ContributorState {
        name: one.name().to_owned(),
        kind: if matches!(one, Contributor::Party { .. }) {
            "party"
        } else {
            "beacon"
        }
        .to_owned(),
        revealed_at: reveals
            .iter()
            .find(|(name, ..)| name == one.name())
            .map(|(.., at)| *at),
    };
    let pool = |item: &proof::draw::Item| PoolCount {
        item: item.item.clone(),
        size: item.pool.size,
        quota: item.strata.iter().map(|stratum| stratum.quota).sum(),
        removed: item
            .exclusions
            .iter()
            .map(|one| Removed {
                rule: one.rule.clone(),
                entities: one.removed,
            })
            .collect(),
    };
    Ok(Draw {
        draw_id: row.draw_id,
        plan_id: row.plan_id,
        campaign: campaign(&row.plan_no, row.attempt),
        plan_no: row.plan_no,
        attempt: row.attempt,
        state: row.state,
        commitment_hash: row.commitment_hash,
        contributors: commitment.contributors.iter().map(contributor).collect(),
        reveal_by: row.reveals_end_at,
        pools: commitment.items.iter().map(pool).collect(),
        note: row.note,
        committed_at: row.committed_at,
        ended_at: row.ended_at,
    })
}

/// The public documents of a draw: commitment, reveals, transcript or void. Nothing in them is internal.
pub fn documents(tx: &mut Tx, draw_id: i64) -> Outcome<DrawDocuments> {
    let row = store::public_draw(tx, draw_id)?.ok_or_else(Fault::hidden)?;
    let value =
        |text: &str| serde_json::from_str::<Value>(text).map_err(|e| Fault::internal("抽取文书无法读取", e));
    let reveals = store::reveals(tx, draw_id)?;
    let reveals: Vec<Value> = reveals
        .iter()
        .map(|(name, value, at)| json!({ "name": name, "value": value, "revealed_at": at }))
        .collect();
    Ok(DrawDocuments {
        draw_id,
        commitment: value(&row.commitment)?,
        transcript: row.transcript.as_deref().map(value).transpose()?,
        void: row.void_document.as_deref().map(value).transpose()?,
        plan_no: row.plan_no,
        attempt: row.attempt,
        state: row.state,
        reveals: json!(reveals),
        signature: row.signature,
    })
}

fn drawn(row: &DrawRow) -> Outcome<(Transcript, Hex)> {
    let (Some(text), Some(signature)) = (&row.transcript, &row.signature) else {
        let detail = "这次抽取还没有完成，没有抽取记录。";
        return Err(Fault::new(FaultKind::Conflict, "inspect.draw.not-drawn", detail));
    };
    let signature = hex::decode(signature).map_err(|e| Fault::internal("平台签名无法读取", e))?;
    Ok((proved(canonical::parse(text.as_bytes()))?, Hex(signature)))
}

/// The file for the public, as `verify` takes it: transcript, signature, proof of publication, and the rows whose visit is
/// done, cancelled or replaced; all rows once the plan is closed.
pub fn sealed_transcript(tx: &mut Tx, keys: &Keys, draw_id: i64) -> Outcome<Sealed> {
    let row = store::public_draw(tx, draw_id)?.ok_or_else(Fault::hidden)?;
    let (transcript, signature) = drawn(&row)?;
    let open = opened(&row)?;
    let log = log::extract(tx, keys.suite, &open.commitment.campaign)?;
    // Until the transcript itself is sealed the proof would be half a proof.
    let log = log.filter(|extract| {
        extract
            .entries
            .iter()
            .any(|entry| entry.leaf.kind == "draw.transcript")
    });
    let tasks = store::tasks_of_draw(tx, draw_id)?;
    let closed = store::closed_plan(tx, row.plan_id)?;
    // Only entities all of whose visits are over.
    let waiting: HashSet<&str> = tasks
        .iter()
        .filter(|task| matches!(task.state.as_str(), "open" | "unstaffed"))
        .map(|task| task.subject_no.as_str())
        .collect();
    let over: HashSet<&str> = tasks
        .iter()
        .map(|task| task.subject_no.as_str())
        .filter(|no| !waiting.contains(no))
        .collect();
    let rows = if closed || !over.is_empty() {
        store::selected(tx, draw_id)?
    } else {
        Vec::new()
    };
    // A reserve that was never called up may still be: it stays sealed.
    let called = |of: &str, id: &str| {
        tasks
            .iter()
            .any(|task| task.subject_no == id && task.items.iter().any(|item| item.item == of))
    };
    let may_open = |row: &SelectedRow| match row {
        _ if closed => true,
        SelectedRow::Reserve { item, id } => over.contains(id.as_str()) && called(item, id),
        _ => over.contains(row.name().2),
    };
    let opened = proved(rows::opened(open.suite, &open.key, &rows, may_open))?;
    Ok(Sealed {
        transcript,
        signature,
        log,
        opened,
    })
}

/// What a firm may have: its own row of every pool it was in, with salt and path.
pub fn firm_material(tx: &mut Tx, op: &Op, draw_id: i64, subject_no: &str) -> Outcome<Vec<FirmMaterial>> {
    let row = store::draw(tx, draw_id)?.ok_or_else(Fault::hidden)?.open(op)?;
    let open = opened(&row)?;
    let kept = Kept::from_bytes(&store::auditor(tx, draw_id)?)?;
    let mut rows = Vec::new();
    for (item, pool) in open.commitment.items.iter().zip(kept.pools()?) {
        if pool.find(subject_no).is_some() {
            let tree = commit_pool(open.suite, &open.key, &item.item, &pool);
            rows.extend(FirmMaterial::of(
                open.suite, &open.key, item, &pool, &tree, subject_no,
            ));
        }
    }
    if rows.is_empty() {
        let detail = format!("{subject_no} 不在这次抽取的对象库中。");
        return Err(Fault::new(
            FaultKind::Invalid,
            "inspect.material.not-in-pool",
            detail,
        ));
    }
    Ok(rows)
}

/// What discipline inspection, a notary or a co-operating department may have: pools, places, roll and the pool key.
pub fn auditor_material(tx: &mut Tx, op: &Op, draw_id: i64) -> Outcome<AuditorMaterial> {
    let row = store::draw(tx, draw_id)?.ok_or_else(Fault::hidden)?.open(op)?;
    if row.state != "drawn" {
        return Err(drawn(&row).err().unwrap_or_else(|| broken("state")));
    }
    let open = opened(&row)?;
    let kept = Kept::from_bytes(&store::auditor(tx, draw_id)?)?;
    let selected = store::selected(tx, draw_id)?;
    let (pools, places) = (kept.pools()?, kept.places()?);
    Ok(AuditorMaterial::of(
        &open.key,
        &open.commitment.items,
        &pools,
        &places,
        &kept.roll,
        &selected,
    ))
}
