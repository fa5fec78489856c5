//! Commands and queries of the life of models.
mod known;
mod release;
mod shadow;
mod table;

use std::sync::Arc;

use db::Tx;
use kernel::{Day, Fault, FaultKind, Outcome};
use policy::{Compiled, Overlay, Pack, PackFault};
use serde_json::json;

pub use release::{approve, pack_of, refresh, releases, tick};
pub use shadow::{JOB, findings, order, run_shadow, shadow};
pub use table::{Asked, table};

use super::super::rules::GENERAL_MODEL;
use super::model::{Draft, GROUND, NewDraft, Whole};
use super::rules::{self, Refusal};
use super::store;
use crate::hall::{House, Op, Told, command_once, ledger, whole_house};

/// Largest draft, in bytes.
const MOST_BYTES: usize = 1 << 20;

/// Hands a draft in. It is read like a pack's file and laid over the deployment's pack; what is wrong is told with file and
/// line, and nothing is kept.
pub fn draft(tx: &mut Tx, op: &Op, new: &NewDraft) -> Outcome<Draft> {
    whole_house(op)?;
    let new = NewDraft {
        title: rules::said("标题", &new.title)?,
        reason: rules::said("起草理由", &new.reason)?,
        file_name: rules::said("文件名", &new.file_name)?,
        text: new.text.clone(),
    };
    if new.text.len() > MOST_BYTES {
        return Err(Refusal::Text("草案内容").into());
    }
    let overlay = trial(&new.file_name, &new.text, op.today());
    let pack = laid(&ground(op), std::slice::from_ref(&overlay))?;
    // Every model must stand on the day on which all of the draft speaks, too.
    compiled(&pack, overlay.whole_on(op.today()))?;
    tx.lock("assess_model", 0)?;
    let digest = overlay.digest();
    if let Some(known) = store::same(tx, &digest)? {
        return Err(Refusal::Known(known).into());
    }
    let draft_id = tx.next_id()?;
    store::save_draft(tx, op, draft_id, &new, &digest)?;
    let payload = json!({
        "draft_id": draft_id, "title": new.title, "reason": new.reason, "digest": digest, "by": op.actor.name,
    });
    tell(tx, op, "assess.model-drafted", draft_id, payload)?;
    one(tx, op, draft_id)
}

/// Rejects a draft that was not approved.
pub fn reject(tx: &mut Tx, op: &Op, draft_id: i64, reason: &str) -> Outcome<Draft> {
    end(tx, op, draft_id, "rejected", reason)
}

/// Takes a draft back: one that was not approved, or whose release has not begun; the program goes on without it.
pub fn withdraw(house: &House, op: &Op, draft_id: i64, reason: &str) -> Outcome<Draft> {
    let draft = command_once(house, op, |tx, op| end(tx, op, draft_id, "withdrawn", reason))?;
    tick(house, op)?;
    Ok(draft)
}

fn end(tx: &mut Tx, op: &Op, draft_id: i64, state: &'static str, reason: &str) -> Outcome<Draft> {
    whole_house(op)?;
    let reason = rules::said("理由", reason)?;
    tx.lock("assess_model", 0)?;
    let draft = one(tx, op, draft_id)?;
    match (draft.state.as_str(), state) {
        ("draft" | "shadowed", _) => {}
        // Only a draft that never was in force: one that was may be released again.
        ("approved", "withdrawn") => {
            let mine: Vec<_> = store::releases(tx)?
                .into_iter()
                .filter(|release| release.draft_id == draft_id && release.withdrawn_at.is_none())
                .collect();
            for release in &mine {
                store::take_back(tx, release.release_id, op.at)?;
            }
            release::keep_pack(tx, op)?;
            if mine.iter().any(|release| release.in_force_at.is_some()) {
                let payload =
                    json!({ "draft_id": draft_id, "reason": reason, "by": op.actor.name, "release": true });
                tell(tx, op, "assess.model-withdrawn", draft_id, payload)?;
                return one(tx, op, draft_id);
            }
        }
        _ => return Err(Refusal::State(rules::state_title(&draft.state)).into()),
    }
    store::decide(tx, op, draft_id, state, &reason)?;
    let verb = if state == "rejected" {
        "assess.model-rejected"
    } else {
        "assess.model-withdrawn"
    };
    let payload = json!({ "draft_id": draft_id, "reason": reason, "by": op.actor.name });
    tell(tx, op, verb, draft_id, payload)?;
    one(tx, op, draft_id)
}

fn tell(tx: &mut Tx, op: &Op, verb: &'static str, draft_id: i64, payload: serde_json::Value) -> Outcome<()> {
    let told = ledger::Event {
        verb,
        subject: format!("model:{draft_id}"),
        payload,
        ..ledger::Event::default()
    };
    ledger::append(tx, op, told).map(drop)
}

/// One draft.
pub fn one(tx: &mut Tx, op: &Op, draft_id: i64) -> Outcome<Draft> {
    whole_house(op)?;
    let mut draft = store::draft(tx, draft_id)?.ok_or_else(Fault::hidden)?;
    let releases = store::releases(tx)?;
    rules::state_of(&draft.state, draft_id, &releases, op.today()).clone_into(&mut draft.state);
    Ok(draft)
}

/// Drafts before a number, newest first.
pub fn drafts(tx: &mut Tx, op: &Op, before: i64, limit: i64) -> Outcome<Vec<Draft>> {
    whole_house(op)?;
    let releases = store::releases(tx)?;
    let mut drafts = store::drafts(tx, before, limit)?;
    for draft in &mut drafts {
        rules::state_of(&draft.state, draft.draft_id, &releases, op.today()).clone_into(&mut draft.state);
    }
    Ok(drafts)
}

/// A draft with its text, its shadow runs and its releases.
pub fn whole(tx: &mut Tx, op: &Op, draft_id: i64) -> Outcome<Whole> {
    let draft = one(tx, op, draft_id)?;
    let (_, text) = store::body(tx, draft_id)?.ok_or_else(Fault::hidden)?;
    let mut releases = store::releases(tx)?;
    releases.retain(|release| release.draft_id == draft_id);
    let shadows = store::shadows_of(tx, draft_id)?;
    Ok(Whole {
        draft,
        text,
        releases,
        shadows,
    })
}

/// Everything that was done with a draft, for ever.
pub fn events(tx: &mut Tx, op: &Op, draft_id: i64) -> Outcome<Vec<Told>> {
    whole_house(op)?;
    ledger::about(tx, op, &format!("model:{draft_id}"))
}

/// Keeps who went on a visit.
pub fn note_visit(tx: &mut Tx, entity_id: i64, visit: &str, inspectors: &[String]) -> Outcome<()> {
    store::save_visit(tx, entity_id, visit, inspectors)
}

/// The deployment's pack, without any release.
fn ground(op: &Op) -> Arc<Pack> {
    Arc::clone(op.pack.ground().unwrap_or(&op.pack))
}

/// A draft as if it were in force from a day on.
fn trial(file: &str, text: &str, from: Day) -> Overlay {
    Overlay {
        file: file.to_owned(),
        text: text.to_owned(),
        from,
        until: None,
    }
}

/// A pack with overlays, or the fault that tells each place.
fn laid(ground: &Arc<Pack>, overlays: &[Overlay]) -> Outcome<Arc<Pack>> {
    Pack::laid_over(ground, overlays).map_err(|faults| faulty(&faults))
}

fn faulty(faults: &[PackFault]) -> Fault {
    let detail = format!(
        "模型草案有 {} 处问题，不能使用。请按下列说明改正后重新提交。",
        faults.len()
    );
    let fault = Fault::new(FaultKind::Invalid, "assess.model.invalid", detail);
    faults.iter().fold(fault, |fault, one| {
        fault.with_field("草案", "assess.model.invalid", one.to_string())
    })
}

/// The models of a pack in force on a day, ready to run.
fn compiled(pack: &Pack, day: Day) -> Outcome<Compiled> {
    let lineup = pack.on(day).lineup(GENERAL_MODEL)?;
    policy::compile_lineup(&lineup.value, pack.symbols())
        .map_err(|fault| Fault::invalid("assess.model.invalid", format!("分类模型无法编译：{fault}。")))
}

/// The pack with a draft (or without any), and its models on the day on which all of it speaks.
fn candidate(tx: &mut Tx, op: &Op, draft_id: i64) -> Outcome<(Arc<Pack>, Compiled, String)> {
    let ground = ground(op);
    if draft_id == GROUND {
        let model = compiled(&ground, op.today())?;
        return Ok((ground, model, String::new()));
    }
    let (file, text) = store::body(tx, draft_id)?.ok_or_else(Fault::hidden)?;
    let overlay = trial(&file, &text, op.today());
    let pack = laid(&ground, std::slice::from_ref(&overlay))?;
    let model = compiled(&pack, overlay.whole_on(op.today()))?;
    Ok((pack, model, overlay.digest()))
}
