//! Reveals, and what voids a draw.
use db::Tx;
use kernel::{Fault, FaultKind, Outcome};
use proof::draw::{Contributor, Reveal, Void};
use proof::text::Hex;
use serde_json::json;

use super::{document, leaf, opened, proved, reveals};
use crate::hall::keys::time_text;
use crate::hall::{Op, ledger, log};
use crate::inspect::model::Draw;
use crate::inspect::store::{self, DrawRow};

/// Takes a contributor's value (hex) in. A value that does not keep its promise is kept as evidence and voids the draw:
/// the answer then says `void`, and the plan may be committed to anew.
///
/// Values are taken only once the commitment stands in the public log: otherwise it could still be exchanged.
pub fn reveal(tx: &mut Tx, op: &Op, draw_id: i64, name: &str, value: &str) -> Outcome<Draw> {
    let row = draw_for(tx, op, draw_id)?;
    let open = opened(&row)?;
    let contributor = open
        .commitment
        .contributors
        .iter()
        .find(|one| one.name() == name)
        .ok_or_else(|| {
            let names: Vec<&str> = open
                .commitment
                .contributors
                .iter()
                .map(Contributor::name)
                .collect();
            let detail = format!(
                "“{name}”不是本次抽取的随机数提供方。提供方有：{}。",
                names.join("、")
            );
            Fault::new(FaultKind::Invalid, "inspect.reveal.unknown-name", detail)
        })?;
    let revealed = Reveal {
        name: name.to_owned(),
        value: Hex(bytes(value)?),
    };
    let kept = store::reveals(tx, draw_id)?;
    if let Some((_, former, _)) = kept.iter().find(|(former, ..)| former == name) {
        if *former == hex::encode(&revealed.value.0) {
            return super::draw_state(tx, op, draw_id);
        }
        let detail = format!("“{name}”已经揭示过另一个值。揭示值不能更改。");
        return Err(Fault::new(FaultKind::Conflict, "inspect.reveal.twice", detail));
    }
    if op.at > row.reveals_end_at {
        let detail = "揭示截止时间已过。请将本次抽取作废后重新承诺。";
        return Err(Fault::new(FaultKind::Conflict, "inspect.reveal.too-late", detail));
    }
    if !log::holds(
        tx,
        &open.commitment.campaign,
        "draw.commitment",
        &row.commitment_hash,
    )? {
        let detail = "承诺书还没有写入公开日志，此时揭示不能证明先后。请稍后再试（通常几秒钟）。";
        return Err(Fault::new(FaultKind::Busy, "inspect.reveal.not-logged", detail));
    }
    store::save_reveal(tx, draw_id, name, &hex::encode(&revealed.value.0), op.at)?;
    let hash = proved(revealed.document_hash(open.suite, &open.commitment))?;
    let told = ledger::Event {
        verb: "inspect.value-revealed",
        payload: json!({ "draw_id": draw_id, "plan_id": row.plan_id, "name": name }),
        public: Some(leaf("draw.reveal", &open.commitment.campaign, hash)),
        ..about(&row)
    };
    ledger::append(tx, op, told)?;
    if !revealed.keeps(open.suite, contributor) {
        void(tx, op, &row)?;
    }
    super::draw_state(tx, op, draw_id)
}

/// Voids the draws whose deadline has passed with reveals missing. Those complete only wait to be drawn.
pub fn expire_draws(tx: &mut Tx, op: &Op) -> Outcome<Vec<Draw>> {
    let mut voided = Vec::new();
    for draw_id in store::lapsed_draws(tx, op.at)? {
        let row = draw_for(tx, op, draw_id)?;
        if void(tx, op, &row)? {
            voided.push(super::draw_state(tx, op, draw_id)?);
        }
    }
    Ok(voided)
}

/// A draw still waiting for reveals, held until the end of the transaction.
pub(super) fn draw_for(tx: &mut Tx, op: &Op, draw_id: i64) -> Outcome<DrawRow> {
    let seen = store::draw(tx, draw_id)?.ok_or_else(Fault::hidden)?.open(op)?;
    tx.lock("inspect_plan", seen.plan_id)?;
    // Read again: while waiting for the lock somebody else may have moved it.
    let row = store::draw(tx, draw_id)?.ok_or_else(Fault::hidden)?.open(op)?;
    match row.state.as_str() {
        "committed" => Ok(row),
        "void" => {
            let detail = format!(
                "计划 {} 的第 {} 次抽取已经作废。请重新承诺。",
                row.plan_no, row.attempt
            );
            Err(Fault::new(FaultKind::Conflict, "inspect.draw.void", detail))
        }
        _ => Err(super::commit::already_drawn(&row.plan_no)),
    }
}

/// Publishes the void that the reveals at hand call for and takes the plan back. Whether there was one to publish.
fn void(tx: &mut Tx, op: &Op, row: &DrawRow) -> Outcome<bool> {
    let open = opened(row)?;
    let held = reveals(&store::reveals(tx, row.draw_id)?)?;
    let Some(void) = proved(Void::of(open.suite, &open.commitment, &held, time_text(op.at)?))? else {
        return Ok(false);
    };
    let (text, hash) = document(open.suite, &void)?;
    store::set_void(tx, row.draw_id, &text, op.at)?;
    store::set_state(tx, row.plan_id, "approved")?;
    let told = ledger::Event {
        verb: "inspect.draw-voided",
        payload: json!({
            "draw_id": row.draw_id, "plan_id": row.plan_id, "plan_no": row.plan_no, "attempt": row.attempt,
            "reason": void.reason, "contributors": void.contributors,
        }),
        public: Some(leaf("draw.void", &open.commitment.campaign, hash)),
        ..about(row)
    };
    ledger::append(tx, op, told)?;
    Ok(true)
}

pub(super) fn about(row: &DrawRow) -> ledger::Event {
    ledger::Event {
        subject: format!("plan:{}", row.plan_id),
        division: Some(row.division.clone()),
        department: Some(row.department.clone()),
        ..ledger::Event::default()
    }
}

/// A value of 16 to 64 bytes. Anything else is a slip of the pen, not yet a breach.
fn bytes(value: &str) -> Outcome<Vec<u8>> {
    const CODE: &str = "inspect.reveal.malformed";
    hex::decode(value.trim())
        .ok()
        .filter(|bytes| (16..=64).contains(&bytes.len()))
        .ok_or_else(|| {
            let detail = "揭示值须为 16 至 64 字节的十六进制（32 至 128 位）。请核对后重新提交。";
            Fault::new(FaultKind::Malformed, CODE, detail).with_field("value", CODE, detail)
        })
}
