//! Commands and queries of matching: finding, the case as a person sees it, linking, merging.
use std::collections::HashMap;

use db::Tx;
use kernel::{Fault, FaultKind, Outcome, SubjectNo};
use matching::{Answer, Candidate, Finding, Places};
use policy::pack::Matching;
use serde_json::Value;

use super::super::model::Entity;
use super::super::service as register;
use super::index::Register;
use super::model::Case;
use super::{rules, store};
use crate::hall::{InJurisdiction as _, Op, job};
use crate::intake;
use crate::intake::whose::merge::{self, NewMerge};
use crate::intake::whose::model::{Choice, Decision, Loose, Merge, Outcome as Found};
use crate::intake::whose::service as rows;

/// Kind of the background job that looks for the entities of loose rows.
pub const JOB: &str = "registry.match";

/// What was found of a row.
pub struct Tried {
    /// The row as it was.
    pub loose: Loose,
    /// What matching says.
    pub finding: Finding,
    /// Keys it waits under when it is not linked.
    pub wanted: Vec<matching::Key>,
}

fn law(op: &Op) -> Outcome<Matching> {
    Ok(op.pack.on(op.today()).matching()?.value)
}

/// Looks for the entities of rows. Reads only.
pub fn look(tx: &mut Tx, op: &Op, loose: Vec<Loose>) -> Outcome<Vec<Tried>> {
    let law = law(op)?;
    let mut index = Register::new(tx);
    loose
        .into_iter()
        .map(|loose| {
            let query = rules::query(&loose.who);
            let finding = matching::find(&mut index, &law, &query, Places::standard())?;
            Ok(Tried {
                wanted: rules::wanted(&query),
                finding,
                loose,
            })
        })
        .collect()
}

/// Keeps what was found: sure rows are linked, the others queued or left unlinked. Rows that somebody decided meanwhile stay
/// as they are. Returns how many were linked, queued and unlinked.
pub fn settle(tx: &mut Tx, op: &Op, tried: &[Tried]) -> Outcome<(usize, usize, usize)> {
    // One order of locks everywhere: first the batches, then the rows.
    tx.lock("intake_apply", 0)?;
    let mut links = Vec::new();
    let mut found = Vec::new();
    for one in tried {
        let now = rows::loose(tx, op, one.loose.loose_id)?;
        if !now.is_open() || !now.due {
            continue;
        }
        let best = one.finding.candidates.first();
        match (one.finding.answer, best) {
            (Answer::Link, Some(best)) if !now.by_hand => links.push((one, best)),
            _ => found.push(outcome(tx, one, best)?),
        }
    }
    rows::keep_found(tx, op, &found, &rows::rule(op))?;
    for one in tried
        .iter()
        .filter(|one| found.iter().any(|found| found.loose_id == one.loose.loose_id))
    {
        store::want(tx, one.loose.loose_id, &one.wanted)?;
    }
    // What was found stays with a linked row too: it tells what else was possible.
    let shown: Vec<Found> = links
        .iter()
        .map(|(one, best)| outcome(tx, one, Some(best)))
        .collect::<Outcome<_>>()?;
    rows::keep_found(tx, op, &shown, &rows::rule(op))?;
    let choices: Vec<Choice> = links
        .iter()
        .map(|(one, best)| {
            Ok(Choice {
                loose_id: one.loose.loose_id,
                subject_no: best.subject_no.clone(),
                automatic: true,
                score: Some(best.score),
                reasons: Some(json_of(&best.components)?),
                reason: one.finding.because.clone(),
            })
        })
        .collect::<Outcome<_>>()?;
    let decisions = rows::link(tx, op, &choices)?;
    for decision in &decisions {
        store::unwant(tx, decision.loose_id)?;
    }
    let queued = found.iter().filter(|one| one.state == "queued").count() + choices.len() - decisions.len();
    let unlinked = found.iter().filter(|one| one.state == "unlinked").count();
    Ok((decisions.len(), queued, unlinked))
}

fn json_of(value: &impl serde::Serialize) -> Outcome<Value> {
    serde_json::to_value(value).map_err(|e| Fault::internal("匹配结果无法写出", e))
}

fn outcome(tx: &mut Tx, one: &Tried, best: Option<&Candidate>) -> Outcome<Found> {
    let place = match best {
        Some(best) => register::of_numbers(tx, &[best.entity_id])?
            .pop()
            .map(|entity| entity.division),
        None => None,
    };
    let (state, because) = match one.finding.answer {
        Answer::Leave => ("unlinked", one.finding.because.clone()),
        Answer::Link if one.loose.by_hand => (
            "queued",
            format!("{}，但此行经人工处理过，由人工决定", one.finding.because),
        ),
        _ => ("queued", one.finding.because.clone()),
    };
    Ok(Found {
        loose_id: one.loose.loose_id,
        state,
        because,
        division: place,
        found: json_of(&one.finding)?,
    })
}

/// A loose row with its candidates, both sides, and what was decided.
pub fn case(tx: &mut Tx, op: &Op, loose_id: i64) -> Outcome<Case> {
    let loose = rows::loose(tx, op, loose_id)?;
    let found = candidates(&loose)?;
    let ids: Vec<i64> = found.iter().map(|candidate| candidate.entity_id).collect();
    let entities: HashMap<i64, Entity> = register::of_numbers(tx, &ids)?
        .into_iter()
        .map(|entity| (entity.entity_id, entity))
        .collect();
    let reached = |entity: &&Entity| op.actor.scope.covers(&entity.jurisdiction());
    let shown: Vec<_> = found
        .iter()
        .filter_map(|candidate| {
            let entity = entities.get(&candidate.entity_id).filter(reached)?;
            Some(rules::candidate_view(&loose.who, candidate, entity))
        })
        .collect();
    let hidden = entities.len() - shown.len();
    let decisions = rows::decisions(tx, loose_id)?;
    Ok(Case {
        loose: sifted(loose, op, hidden),
        candidates: shown,
        hidden,
        decisions,
    })
}

/// What was found names every candidate; it is shown only to who reaches them all.
fn sifted(loose: Loose, op: &Op, hidden: usize) -> Loose {
    let all = hidden == 0 || op.actor.scope.everything;
    Loose {
        found: loose.found.filter(|_| all),
        ..loose
    }
}

fn candidates(loose: &Loose) -> Outcome<Vec<Candidate>> {
    let Some(found) = loose.found.clone() else {
        return Ok(Vec::new());
    };
    let finding: Finding =
        serde_json::from_value(found).map_err(|e| Fault::internal("匹配结果无法读取", e))?;
    Ok(finding.candidates)
}

/// A page of loose rows without what was found of them.
pub fn listed(
    tx: &mut Tx,
    op: &Op,
    asked: &rows::Asked,
    after: i64,
    limit: i64,
) -> Outcome<kernel::page::Page<Loose>> {
    let mut page = rows::listed(tx, op, asked, after, limit)?;
    for loose in &mut page.items {
        loose.found = None;
    }
    Ok(page)
}

/// A person links a row to an entity, a candidate or another.
pub fn link(tx: &mut Tx, op: &Op, loose_id: i64, subject_no: &str, reason: &str) -> Outcome<Decision> {
    let subject = SubjectNo::parse(subject_no).map_err(|fault| {
        let detail = format!("“{subject_no}”不是有效代码：{fault}");
        Fault::new(FaultKind::Invalid, "intake.subject.invalid", detail)
    })?;
    // An entity that is not registered yet may be named only by who reaches everything.
    let code = match register::by_no(tx, op, subject.as_str()) {
        Ok(entity) => entity.subject_no,
        Err(fault) if fault.kind == FaultKind::Hidden && op.actor.scope.everything => {
            subject.as_str().to_owned()
        }
        Err(fault) => return Err(fault),
    };
    let loose = rows::loose(tx, op, loose_id)?;
    let candidate = candidates(&loose)?
        .into_iter()
        .find(|candidate| candidate.subject_no == code);
    let choice = Choice {
        loose_id,
        subject_no: code,
        automatic: false,
        score: candidate.as_ref().map(|candidate| candidate.score),
        reasons: match &candidate {
            Some(candidate) => Some(json_of(&candidate.components)?),
            None => None,
        },
        reason: match reason.trim() {
            "" => "人工核对后关联".to_owned(),
            reason => reason.to_owned(),
        },
    };
    tx.lock("intake_apply", 0)?;
    let decision = rows::link(tx, op, &[choice])?.pop();
    store::unwant(tx, loose_id)?;
    decision.ok_or_else(Fault::hidden)
}

/// A person leaves a row unlinked.
pub fn leave(tx: &mut Tx, op: &Op, loose_id: i64, reason: &str) -> Outcome<Decision> {
    let decision = rows::leave(tx, op, loose_id, reason)?;
    store::unwant(tx, loose_id)?;
    Ok(decision)
}

/// Lets open rows be tried again, all or those of a batch. Returns how many.
pub fn retry(tx: &mut Tx, op: &Op, batch: Option<i64>) -> Outcome<u64> {
    let again = rows::again(tx, op, batch)?;
    queue(tx, op)?;
    Ok(again)
}

/// Queues a look at the rows that are due, unless one waits.
pub fn queue(tx: &mut Tx, op: &Op) -> Outcome<()> {
    if !job::waits(tx, JOB)? {
        job::enqueue(tx, op, JOB, "registry:match", &serde_json::json!({}))?;
    }
    Ok(())
}

/// A person merges an entity into another. Both must be within reach.
pub fn merge(tx: &mut Tx, op: &Op, merged_no: &str, into_no: &str, reason: &str) -> Outcome<Merge> {
    let (merged, into) = (known(tx, op, merged_no)?, known(tx, op, into_no)?);
    let new = NewMerge {
        names: (merged.name, into.name),
        division: into.division.or(merged.division),
        merged_no: merged.subject_no,
        into_no: into.subject_no,
        reason: reason.to_owned(),
    };
    merge::merge(tx, op, &new)
}

struct Named {
    subject_no: String,
    name: String,
    division: Option<String>,
}

/// An entity as a merge names it: registered and within reach, or, for who reaches everything, known by its records only.
fn known(tx: &mut Tx, op: &Op, subject_no: &str) -> Outcome<Named> {
    let subject = SubjectNo::parse(subject_no)
        .map_err(|fault| Fault::new(FaultKind::Invalid, "intake.subject.invalid", fault.to_string()))?;
    let alone = |name: String, division: Option<String>| Named {
        subject_no: subject.as_str().to_owned(),
        name,
        division,
    };
    match register::by_no(tx, op, subject.as_str()) {
        Ok(entity) if entity.subject_no == subject.as_str() => Ok(alone(entity.name, Some(entity.division))),
        // Merged away: the refusal that names the survivor comes from the merge itself.
        Ok(_) => Ok(alone(String::new(), None)),
        Err(fault) if fault.kind == FaultKind::Hidden && op.actor.scope.everything => {
            if intake::service::subject_id(tx, subject.as_str())?.is_none() {
                let detail = format!("{} 没有任何记录，无从合并。请核对代码。", subject.as_str());
                return Err(Fault::new(FaultKind::Hidden, "intake.merge.unknown", detail));
            }
            Ok(alone("（未登记）".to_owned(), None))
        }
        Err(fault) => Err(fault),
    }
}

/// Undoes the merge of a code, or the merge of a number.
pub fn unmerge(tx: &mut Tx, op: &Op, which: &str, reason: &str) -> Outcome<Merge> {
    let by_code = SubjectNo::parse(which).ok();
    let merge_id = match &by_code {
        Some(subject) => merge::in_force(tx, subject.as_str())?,
        None => which.trim().parse().ok(),
    };
    let Some(merge_id) = merge_id else {
        let detail = format!("没有找到“{which}”的有效合并。请用 xinheng merge --list 查看合并编号。");
        return Err(Fault::new(FaultKind::Hidden, "intake.merge.unknown", detail));
    };
    merge::unmerge(tx, op, merge_id, reason)
}
