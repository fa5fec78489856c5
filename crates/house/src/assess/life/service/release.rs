//! Releases: approval by a second person, what stands in the way, when a model comes into force, and which pack that makes.
use std::sync::Arc;

use db::Tx;
use kernel::{Day, Fault, Outcome};
use policy::{Overlay, Pack};
use serde_json::json;

use super::super::model::{Approval, Block, Findings, GROUND, Release};
use super::super::rules::{self, Refusal};
use super::super::store;
use super::{ground, laid};
use crate::assess::rules::GENERAL_MODEL;
use crate::assess::service::queue_full_once;
use crate::hall::{House, Op, command, command_once, query, whole_house};

/// Approves a draft, or the deployment's pack itself (0), to be the model in force from a day on, and lets the program go by it.
pub fn approve(house: &House, op: &Op, draft_id: i64, approval: &Approval) -> Outcome<Release> {
    let release = command_once(house, op, |tx, op| decide(tx, op, draft_id, approval))?;
    tick(house, op)?;
    // As it stands now: one that begins today is in force already.
    let all = query(house, op, |tx, _| store::releases(tx))?;
    let now = all.into_iter().find(|one| one.release_id == release.release_id);
    Ok(now.unwrap_or(release))
}

fn decide(tx: &mut Tx, op: &Op, draft_id: i64, approval: &Approval) -> Outcome<Release> {
    whole_house(op)?;
    tx.lock("assess_model", 0)?;
    let reason = rules::said("批准意见", &approval.reason)?;
    let from = approval.from.unwrap_or_else(|| op.today());
    let releases = store::releases(tx)?;
    if draft_id == GROUND {
        rules::may_approve(None, &op.actor)?;
    } else {
        let draft = super::one(tx, op, draft_id)?;
        match draft.state.as_str() {
            "draft" => return Err(Refusal::NotShadowed.into()),
            "rejected" | "withdrawn" => return Err(Refusal::State(rules::state_title(&draft.state)).into()),
            _ => rules::may_approve(Some(&draft.drafted_by), &op.actor)?,
        }
    }
    rules::may_release(&releases, draft_id, from, op.today())?;
    let (shadow_id, blocks) = blocks(tx, op, draft_id)?;
    let overrule = match &approval.overrule {
        Some(overrule) => Some((
            rules::said("决定人", &overrule.by)?,
            rules::said("仍放行的理由", &overrule.reason)?,
        )),
        None if blocks.is_empty() => None,
        None => return Err(blocked(&blocks)),
    };
    let (overruled_by, overruled_for) = overrule.filter(|_| !blocks.is_empty()).unzip();
    let mut release = Release {
        release_id: tx.next_id()?,
        draft_id,
        from_on: from,
        pack: String::new(),
        reason,
        approved_at: op.at,
        approved_by: op.actor.name.clone(),
        shadow_id,
        blocks,
        overruled_by,
        overruled_for,
        in_force_at: None,
        withdrawn_at: None,
    };
    let mut all = releases;
    all.push(release.clone());
    let pack = lay(tx, &ground(op), &all)?;
    // The releases themselves say less than the models they lead to: these must stand on the first day.
    super::compiled(&pack, from)?;
    pack.hash().clone_into(&mut release.pack);
    store::save_release(tx, &release)?;
    store::save_pack(tx, pack.hash(), ground(op).hash(), &all, op.at)?;
    if draft_id != GROUND {
        store::decide(tx, op, draft_id, "approved", &release.reason)?;
    }
    let payload = json!({
        "draft_id": draft_id, "release_id": release.release_id, "from": from, "pack": release.pack, "reason": release.reason,
        "by": release.approved_by, "shadow_id": shadow_id, "blocks": release.blocks,
        "overruled_by": release.overruled_by, "overruled_for": release.overruled_for,
    });
    super::tell(tx, op, "assess.model-approved", draft_id, payload)?;
    Ok(release)
}

/// What stands in the way of a release: figures that got worse or say nothing, classes outside their rails, no shadow run that
/// could be referred to.
fn blocks(tx: &mut Tx, op: &Op, draft_id: i64) -> Outcome<(Option<i64>, Vec<Block>)> {
    let law = op.pack.on(op.today());
    let valid_days = law.gates(GENERAL_MODEL).map(|gate| gate.value.valid_days).min();
    let ended = store::shadows_of(tx, draft_id)?
        .into_iter()
        .find(|shadow| shadow.finished_at.is_some());
    let missing = |sentence: String| Block {
        code: "shadow".to_owned(),
        sentence,
        basis: law
            .gates(GENERAL_MODEL)
            .next()
            .map_or_else(String::new, |gate| gate.trace.basis.to_string()),
    };
    let Some(shadow) = ended else {
        return Ok((None, vec![missing("没有可以引用的影子运行结果。".to_owned())]));
    };
    let findings: Findings = super::findings(tx, op, shadow.shadow_id)?;
    let mut blocks = rules::figures::blocks(&findings);
    if findings.current_pack != op.pack.hash() {
        let sentence = format!(
            "影子运行 {} 比较的不是现在的现行模型，请重新运行。",
            shadow.shadow_id
        );
        blocks.push(missing(sentence));
    }
    let age = (op.today() - findings.on).num_days();
    if valid_days.is_some_and(|most| age > i64::from(most)) {
        blocks.push(missing(format!(
            "影子运行 {} 已过去 {age} 天，请重新运行。",
            shadow.shadow_id
        )));
    }
    Ok((Some(shadow.shadow_id), blocks))
}

fn blocked(blocks: &[Block]) -> Fault {
    let detail = format!(
        "有 {} 项不满足放行条件，没有放行。请修改后另交草案；确需放行的，由决定人具名并写明理由。",
        blocks.len()
    );
    let fault = Fault::conflict("assess.model.blocked", detail);
    blocks.iter().fold(fault, |fault, block| {
        let sentence = format!("{}（依据：{}）", block.sentence, block.basis);
        fault.with_field(block.code.clone(), "assess.model.blocked", sentence)
    })
}

/// All releases, oldest first.
pub fn releases(tx: &mut Tx, op: &Op) -> Outcome<Vec<Release>> {
    whole_house(op)?;
    store::releases(tx)
}

fn overlays(tx: &mut Tx, releases: &[Release]) -> Outcome<Vec<Overlay>> {
    let drafts: Vec<i64> = releases.iter().map(|release| release.draft_id).collect();
    let bodies = store::bodies(tx, &drafts)?;
    Ok(rules::overlays(releases, |draft_id| {
        let found = bodies.iter().find(|(id, ..)| *id == draft_id);
        found.map(|(_, file, text)| (file.clone(), text.clone()))
    }))
}

fn lay(tx: &mut Tx, ground: &Arc<Pack>, releases: &[Release]) -> Outcome<Arc<Pack>> {
    laid(ground, &overlays(tx, releases)?)
}

/// Keeps what the pack is made up of after a release was taken back.
pub(super) fn keep_pack(tx: &mut Tx, op: &Op) -> Outcome<()> {
    let releases = store::releases(tx)?;
    let pack = lay(tx, &ground(op), &releases)?;
    store::save_pack(tx, pack.hash(), ground(op).hash(), &releases, op.at)
}

/// The pack a decision was made under, by its hash: the present one, or an earlier one put together again from the releases
/// there were; `None` when it was another pack of the deployment.
pub fn pack_of(tx: &mut Tx, op: &Op, hash: &str) -> Outcome<Option<Arc<Pack>>> {
    let ground = ground(op);
    for pack in [&op.pack, &ground] {
        if pack.hash() == hash {
            return Ok(Some(Arc::clone(pack)));
        }
    }
    match store::pack(tx, hash)? {
        Some((under, releases)) if under == ground.hash() => {
            let pack = lay(tx, &ground, &releases)?;
            Ok((pack.hash() == hash).then_some(pack))
        }
        _ => Ok(None),
    }
}

/// Makes the program go by the releases there are. For the start, and after each release.
pub fn refresh(house: &House) -> Outcome<()> {
    let present = house.law.pack();
    let ground = Arc::clone(present.ground().unwrap_or(&present));
    let op = house.op(kernel::Actor::system("模型管理"), "model");
    let pack = query(house, &op, |tx, _| {
        let releases = store::releases(tx)?;
        let overlays = overlays(tx, &releases)?;
        if ground.hash_under(&overlays) == present.hash() {
            return Ok(None);
        }
        laid(&ground, &overlays).map(Some)
    })
    .map_err(unfit)?;
    if let Some(pack) = pack {
        house.law.put(pack);
    }
    Ok(())
}

/// Released models that the deployment's pack of today cannot carry.
fn unfit(mut fault: Fault) -> Fault {
    if fault.code == "assess.model.invalid" {
        let detail = "已放行的模型与现在的政策包不相容，程序不能启动。请改回原来的政策包，或在新的政策包中补上模型引用的内容。";
        detail.clone_into(&mut fault.detail);
    }
    fault
}

/// Makes the program go by the releases there are, and notes those whose day has come: all classes are worked out anew.
pub fn tick(house: &House, op: &Op) -> Outcome<()> {
    let waits = query(house, op, |tx, op| {
        Ok(!due(&store::releases(tx)?, op.today()).is_empty())
    })?;
    refresh(house)?;
    if !waits {
        return Ok(());
    }
    let op = Op {
        pack: house.law.pack(),
        once: None,
        ..op.clone()
    };
    command(house, &op, |tx, op| {
        for release in due(&store::releases(tx)?, op.today()) {
            if !store::set_in_force(tx, release.release_id, op.at)? {
                continue;
            }
            let payload = json!({
                "draft_id": release.draft_id, "release_id": release.release_id, "from": release.from_on, "pack": op.pack.hash(),
            });
            super::tell(tx, op, "assess.model-in-force", release.draft_id, payload)?;
            queue_full_once(tx, op)?;
        }
        Ok(())
    })
}

/// Releases whose day has come and of which nobody told yet.
fn due(releases: &[Release], today: Day) -> Vec<Release> {
    rules::standing(releases)
        .filter(|release| release.from_on <= today && release.in_force_at.is_none())
        .cloned()
        .collect()
}
