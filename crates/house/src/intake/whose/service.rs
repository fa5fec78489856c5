//! Commands and queries of loose rows.
use std::collections::{BTreeMap, HashMap};

use db::Tx;
use kernel::page::Page;
use kernel::{Fault, FaultKind, Outcome, SubjectNo};
use serde_json::json;

use super::super::model::{Batch, Draft, LooseDraft, NewBatch};
use super::super::service::{self as collection, Frame};
use super::deed::{self, Deed};
use super::model::{Choice, Decision, Loose, Outcome as Found, Standing};
use super::store::{self, merge as records};
use crate::hall::{Op, ledger, paged_by};

/// Keeps loose rows while their batch is staged.
pub fn keep(tx: &mut Tx, batch: &Batch, rows: &[LooseDraft]) -> Outcome<()> {
    if rows.is_empty() {
        return Ok(());
    }
    store::save(tx, batch, rows)
}

/// Forgets the loose rows of a batch that is staged anew.
pub fn forget(tx: &mut Tx, batch_id: i64) -> Outcome<()> {
    store::forget_staged(tx, batch_id)
}

/// Opens the loose rows of a batch that is being applied: those handed over before are dropped, open ones stated anew are
/// replaced. Returns how many there are, and how many were handed over before.
pub fn open(tx: &mut Tx, batch_id: i64) -> Outcome<(i64, i64)> {
    let repeated = store::forget_repeated(tx, batch_id)?;
    store::replace(
        tx,
        batch_id,
        &format!("批次 {batch_id} 中有同一记录的新内容，以新的为准"),
    )?;
    let opened = store::open(tx, batch_id)?;
    Ok((
        i64::try_from(opened).unwrap_or(0),
        i64::try_from(repeated).unwrap_or(0),
    ))
}

/// Notes records that came under the code of a merged entity.
pub fn note_detours(tx: &mut Tx, detours: &[(i64, i64)]) -> Outcome<()> {
    if detours.is_empty() {
        return Ok(());
    }
    records::note_detours(tx, detours)
}

/// Rows to be looked at after a number, oldest first.
pub fn due(tx: &mut Tx, after: i64, limit: i64) -> Outcome<Vec<Loose>> {
    store::due(tx, after, limit)
}

/// Keeps what was found of open rows that are not linked. Rows decided meanwhile are left alone.
pub fn keep_found(tx: &mut Tx, op: &Op, found: &[Found], rule: &str) -> Outcome<()> {
    found
        .iter()
        .try_for_each(|one| store::found(tx, one, rule, op.at).map(drop))
}

/// Whether an actor reaches a row: it is its department's, or lies where it may act.
pub fn reaches(op: &Op, loose: &Loose) -> bool {
    loose
        .jurisdictions()
        .iter()
        .any(|place| op.actor.scope.covers(place))
}

/// One row the actor reaches.
pub fn loose(tx: &mut Tx, op: &Op, loose_id: i64) -> Outcome<Loose> {
    store::loose(tx, loose_id)?
        .filter(|loose| reaches(op, loose))
        .ok_or_else(Fault::hidden)
}

/// What to list.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// State; `queued` when it is empty.
    pub state: String,
    /// Only rows of one batch.
    pub batch: Option<i64>,
    /// Only rows of one item.
    pub item: Option<String>,
}

/// A page of the rows in a state that the actor reaches, oldest first.
pub fn listed(tx: &mut Tx, op: &Op, asked: &Asked, after: i64, limit: i64) -> Outcome<Page<Loose>> {
    const STATES: [&str; 6] = ["waiting", "queued", "unlinked", "linked", "left", "replaced"];
    let state = if asked.state.is_empty() {
        "queued"
    } else {
        asked.state.as_str()
    };
    if !STATES.contains(&state) {
        let detail = format!("没有“{state}”这种状态。可用的有：{}。", STATES.join("、"));
        return Err(Fault::new(FaultKind::Malformed, "intake.match.state", detail));
    }
    let keep = |loose: Loose| {
        let wanted = asked.item.as_ref().is_none_or(|item| *item == loose.item);
        (wanted && reaches(op, &loose)).then_some(loose)
    };
    paged_by(
        tx,
        (after, limit),
        |loose: &Loose| loose.loose_id,
        keep,
        |tx, after, chunk| store::in_state(tx, state, asked.batch, *after, chunk),
    )
}

/// How the rows of a batch, or all that the actor's departments handed over, stand.
pub fn standing(tx: &mut Tx, op: &Op, batch: Option<i64>) -> Outcome<Standing> {
    match batch {
        Some(batch_id) => {
            collection::batch_for(tx, op, batch_id)?;
            store::standing_of(tx, batch_id)
        }
        None => store::standing(tx, |supplier| {
            op.actor.scope.covers(&kernel::Jurisdiction {
                division: None,
                department: Some(supplier.to_owned()),
            })
        }),
    }
}

/// What was decided of a row, in order.
pub fn decisions(tx: &mut Tx, loose_id: i64) -> Outcome<Vec<Decision>> {
    store::decisions(tx, loose_id)
}

/// Lets open rows be tried again: all, or those of a batch. Returns how many.
pub fn again(tx: &mut Tx, op: &Op, batch: Option<i64>) -> Outcome<u64> {
    match batch {
        Some(batch_id) => collection::batch_for(tx, op, batch_id).map(drop)?,
        None => crate::hall::whole_house(op)?,
    }
    store::again(tx, batch)
}

/// Lets some open rows be tried again, because somebody new may be meant. Returns how many.
pub fn again_these(tx: &mut Tx, rows: &[i64]) -> Outcome<usize> {
    store::again_these(tx, rows)
}

/// An open row, nobody else deciding it meanwhile.
fn to_decide(tx: &mut Tx, op: &Op, loose_id: i64) -> Outcome<Loose> {
    tx.lock("intake_loose", loose_id)?;
    let loose = loose(tx, op, loose_id)?;
    if loose.is_open() {
        return Ok(loose);
    }
    let by = decided_by(tx, &loose)?;
    let detail = format!(
        "待关联行 {loose_id} 已经处理（{}{by}）。要改动，请先撤销原来的决定。",
        state_word(&loose.state)
    );
    Err(Fault::new(FaultKind::Conflict, "intake.match.decided", detail))
}

fn state_word(state: &str) -> &'static str {
    match state {
        "linked" => "已关联",
        "left" => "已决定不关联",
        "replaced" => "已被后来的行取代",
        _ => "未处理",
    }
}

fn decided_by(tx: &mut Tx, loose: &Loose) -> Outcome<String> {
    let Some(decision_id) = loose.decision_id else {
        return Ok(String::new());
    };
    let found = store::decision(tx, decision_id)?;
    Ok(found.map_or_else(String::new, |by| {
        format!("，{} {}", by.actor, crate::hall::local_day(by.decided_at))
    }))
}

/// Links rows of one batch and item to entities, in the order of the rows. What a row then cannot become (an end without
/// its listing) is queued with the reason, never lost. Returns the decisions of those that were linked.
pub fn link(tx: &mut Tx, op: &Op, choices: &[Choice]) -> Outcome<Vec<Decision>> {
    let mut rows = Vec::with_capacity(choices.len());
    for choice in choices {
        rows.push((to_decide(tx, op, choice.loose_id)?, choice));
    }
    let mut by_batch: BTreeMap<i64, Vec<(Loose, &Choice)>> = BTreeMap::new();
    for (loose, choice) in rows {
        by_batch.entry(loose.batch_id).or_default().push((loose, choice));
    }
    let mut decisions = Vec::with_capacity(choices.len());
    for (_, mut rows) in by_batch {
        rows.sort_by_key(|(loose, _)| loose.loose_id);
        decisions.append(&mut link_batch(tx, op, &rows)?);
    }
    Ok(decisions)
}

fn link_batch(tx: &mut Tx, op: &Op, rows: &[(Loose, &Choice)]) -> Outcome<Vec<Decision>> {
    let Some((first, _)) = rows.first() else {
        return Ok(Vec::new());
    };
    let mut frame = Frame::default();
    let mut subjects = Vec::with_capacity(rows.len());
    for (loose, choice) in rows {
        let draft = draft(loose, &choice.subject_no)?;
        subjects.push(draft.subject);
        frame.push(&draft);
    }
    let new = NewBatch {
        item: first.item.clone(),
        supplier: first.supplier.clone(),
        source: "match".into(),
        file_name: format!("批次 {} 的待关联行", first.batch_id),
        ..NewBatch::default()
    };
    let count = i64::try_from(rows.len()).unwrap_or(0);
    let batch = collection::take(tx, op, &new, frame, count)?;
    let made: HashMap<i64, i64> = collection::records_in(tx, batch.batch_id, 0, i64::MAX)?
        .iter()
        .map(|record| (record.line, record.record_id))
        .collect();
    let refused: HashMap<i64, String> = collection::refusals(tx, batch.batch_id, 0, i64::MAX)?
        .into_iter()
        .map(|refusal| (refusal.line, refusal.reason))
        .collect();
    let mut decisions = Vec::with_capacity(rows.len());
    for ((loose, choice), subject) in rows.iter().zip(&subjects) {
        if let Some(reason) = refused.get(&loose.line) {
            let because = format!("可以关联到 {}，但{reason}", subject.as_str());
            store::decided(
                tx,
                (loose.loose_id, "queued"),
                loose.by_hand || !choice.automatic,
                &because,
                None,
            )?;
            if !choice.automatic {
                return Err(Fault::new(FaultKind::Conflict, "intake.match.refused", because));
            }
            continue;
        }
        let record_id = match made.get(&loose.line) {
            Some(record) => Some(*record),
            None => known_under(tx, loose, subject)?,
        };
        let decision = Decision {
            decision_id: tx.next_id()?,
            loose_id: loose.loose_id,
            kind: "linked".into(),
            automatic: choice.automatic,
            actor: op.actor.name.clone(),
            decided_at: op.at,
            subject_no: Some(subject.as_str().to_owned()),
            score: choice.score,
            rule: rule(op),
            reasons: choice.reasons.clone(),
            reason: choice.reason.clone(),
            record_id,
            made: made.contains_key(&loose.line),
            undoes: None,
        };
        settle(tx, op, loose, &decision, "linked", "intake.row-linked")?;
        decisions.push(decision);
    }
    Ok(decisions)
}

/// The record that says already what the row says.
fn known_under(tx: &mut Tx, loose: &Loose, subject: &SubjectNo) -> Outcome<Option<i64>> {
    match collection::subject_id(tx, subject.as_str())? {
        Some(subject_id) => records::current_under(tx, &loose.item, subject_id, &loose.record_key),
        None => Ok(None),
    }
}

/// The version of the rules a decision was made under.
pub fn rule(op: &Op) -> String {
    const SHORT: usize = 16;
    let hash = op.pack.hash();
    format!("{}@{}", hash.get(..SHORT).unwrap_or(hash), op.today())
}

fn draft(loose: &Loose, subject_no: &str) -> Outcome<Draft> {
    let subject = SubjectNo::parse(subject_no)
        .map_err(|fault| Fault::new(FaultKind::Invalid, "intake.subject.invalid", fault.to_string()))?;
    Ok(Draft {
        line: loose.line,
        subject,
        record_key: loose.record_key.clone(),
        on: loose.on,
        ends_on: loose.ends_on,
        amount_fen: loose.amount_fen,
        level: loose.level,
        code: loose.code.clone(),
        withdraws: false,
        payload: loose.content.to_string(),
    })
}

/// Keeps a decision, the state it brings, and tells of it.
fn settle(
    tx: &mut Tx,
    op: &Op,
    loose: &Loose,
    decision: &Decision,
    state: &str,
    verb: &'static str,
) -> Outcome<()> {
    store::decide(tx, decision)?;
    let by_hand = loose.by_hand || !decision.automatic;
    let force = (state != "queued").then_some(decision.decision_id);
    store::decided(tx, (loose.loose_id, state), by_hand, &decision.reason, force)?;
    let told = ledger::Event {
        verb,
        subject: format!("loose:{}", loose.loose_id),
        division: None,
        department: Some(loose.supplier.clone()),
        payload: json!({
            "loose_id": loose.loose_id, "batch_id": loose.batch_id, "line": loose.line, "item": loose.item,
            "decision_id": decision.decision_id, "subject_no": decision.subject_no, "score": decision.score,
            "automatic": decision.automatic, "rule": decision.rule, "reason": decision.reason,
            "record_id": decision.record_id, "undoes": decision.undoes,
        }),
        ..ledger::Event::default()
    };
    ledger::append(tx, op, told).map(drop)
}

fn with_reason(reason: &str, code: &'static str, detail: &'static str) -> Outcome<String> {
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(Fault::new(FaultKind::Invalid, code, detail).with_field("reason", code, detail));
    }
    Ok(reason.to_owned())
}

/// Leaves a row unlinked, with the reason of the person who says so.
pub fn leave(tx: &mut Tx, op: &Op, loose_id: i64, reason: &str) -> Outcome<Decision> {
    let reason = with_reason(
        reason,
        "intake.match.reason",
        "请写明不关联的理由：理由随决定一并留存。",
    )?;
    let loose = to_decide(tx, op, loose_id)?;
    let decision = Decision {
        decision_id: tx.next_id()?,
        loose_id,
        kind: "left".into(),
        automatic: false,
        actor: op.actor.name.clone(),
        decided_at: op.at,
        subject_no: None,
        score: None,
        rule: rule(op),
        reasons: None,
        reason,
        record_id: None,
        made: false,
        undoes: None,
    };
    settle(tx, op, &loose, &decision, "left", "intake.row-left")?;
    Ok(decision)
}

/// Undoes the decision in force of a row, which then waits for a person. The record of a link is taken back by a withdrawal
/// that names it.
pub fn undo(tx: &mut Tx, op: &Op, loose_id: i64, reason: &str) -> Outcome<Decision> {
    let reason = with_reason(
        reason,
        "intake.match.reason",
        "请写明撤销的理由：理由随决定一并留存。",
    )?;
    tx.lock("intake_apply", 0)?;
    tx.lock("intake_loose", loose_id)?;
    let loose = loose(tx, op, loose_id)?;
    let former = match loose.decision_id {
        Some(decision_id) => store::decision(tx, decision_id)?,
        None => None,
    };
    let Some(former) = former else {
        let detail = format!("待关联行 {loose_id} 没有可以撤销的决定（可能已经撤销过）。");
        return Err(Fault::new(FaultKind::Conflict, "intake.match.undecided", detail));
    };
    let withdrawal = match former.record_id {
        Some(record_id) if former.made => Some(take_back(tx, op, record_id, &former)?),
        _ => None,
    };
    let decision = Decision {
        decision_id: tx.next_id()?,
        loose_id,
        kind: "undone".into(),
        automatic: false,
        actor: op.actor.name.clone(),
        decided_at: op.at,
        subject_no: former.subject_no.clone(),
        score: None,
        rule: rule(op),
        reasons: None,
        reason,
        record_id: withdrawal,
        made: withdrawal.is_some(),
        undoes: Some(former.decision_id),
    };
    settle(tx, op, &loose, &decision, "queued", "intake.decision-undone")?;
    Ok(decision)
}

/// Takes the record of a link back; what was current under its key before is so again.
fn take_back(tx: &mut Tx, op: &Op, record_id: i64, former: &Decision) -> Outcome<i64> {
    let known = records::entry(tx, record_id)?.ok_or_else(Fault::hidden)?;
    let entry = &known.entry;
    if let Some(later) = records::named_by(tx, entry.subject_id, record_id)? {
        let detail = format!(
            "关联所生成的记录 {record_id} 已被后来的记录 {later} 更正、移出或撤销，不能直接撤销关联。请先处理记录 {later}。"
        );
        return Err(Fault::new(FaultKind::Conflict, "intake.match.built-upon", detail));
    }
    let all = records::entries(tx, entry.subject_id)?;
    let number = tx.next_id()?;
    let withdrawal = entry.withdrawal(record_id, op.today());
    let deed = Deed {
        source: "match",
        title: &format!("撤销关联 {}", former.decision_id),
        supplier: &entry.supplier,
    };
    records::forget_current(tx, &known)?;
    deed::write(tx, op, &deed, &[(number, withdrawal)])?;
    let facts: Vec<_> = all.iter().map(deed::fact).collect();
    let before = all
        .iter()
        .zip(policy::resolve(&facts, i32::MAX))
        .rfind(|(other, fate)| {
            let same = other.entry.item == entry.item && other.entry.record_key == entry.record_key;
            let stands = matches!(fate, policy::Fate::Speaks { .. })
                || matches!(fate, policy::Fate::Corrected { by } if *by == record_id);
            same && stands && other.record_id != record_id
        });
    let gone = records::current_under(tx, &entry.item, entry.subject_id, &entry.record_key)?.is_none();
    if let (Some((other, _)), true) = (before, gone) {
        records::put_current(tx, other.record_id, &other.entry)?;
    }
    Ok(number)
}
