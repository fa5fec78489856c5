//! Merging entities that turned out to be one (主体合并), and unmerging them.
//!
//! A merge appends a copy of each record in force of the merged entity under the surviving one, and takes the originals back.
//! An unmerge takes the copies back, and the withdrawals of the originals: policy follows such chains to any depth, so credit
//! file, public file and classes follow by themselves. What came after the merge goes where its code says.
mod back;

use std::collections::HashMap;

use db::Tx;
use kernel::{Fault, FaultKind, Outcome, SubjectNo};
use policy::{Fate, ItemMode};
use serde_json::json;

use super::super::model::{REGISTRATION, Relation};
use super::deed::{self, Deed, Entry, Known};
use super::model::{Merge, Moved};
use super::store::merge::{self as store, MergeRow};
use crate::hall::{InJurisdiction as _, Op, ledger, paged};
use back::Back;

/// Who answers for the batches of a merge.
const PLATFORM: &str = "平台";

/// What is to be merged.
#[derive(Debug, Clone)]
pub struct NewMerge {
    /// Code of the entity that goes.
    pub merged_no: String,
    /// Code of the entity that stays.
    pub into_no: String,
    /// Their names, for the list.
    pub names: (String, String),
    /// Where the surviving one is.
    pub division: Option<String>,
    /// Why.
    pub reason: String,
}

fn refuse<T>(code: &'static str, detail: impl Into<String>) -> Outcome<T> {
    Err(Fault::new(FaultKind::Conflict, code, detail.into()))
}

/// The number of a code that stands by itself.
fn standing(tx: &mut Tx, subject_no: &str) -> Outcome<i64> {
    let subject = SubjectNo::parse(subject_no)
        .map_err(|fault| Fault::new(FaultKind::Invalid, "intake.subject.invalid", fault.to_string()))?;
    match store::merged_into(tx, subject.as_str())? {
        None => Err(Fault::hidden()),
        Some((own, None)) => Ok(own),
        Some((_, Some(into))) => {
            let survivor = super::super::service::subject_no(tx, into)?.map_or_else(String::new, |it| it.0);
            refuse(
                "intake.merge.merged",
                format!(
                    "{} 已经并入 {survivor}。请改用 {survivor}，或先撤销那次合并。",
                    subject.as_str()
                ),
            )
        }
    }
}

/// The records of an entity, with what became of each whatever its day: dated ahead or not.
struct File {
    known: Vec<Known>,
    fates: Vec<Fate>,
}

impl File {
    fn read(tx: &mut Tx, subject_id: i64) -> Outcome<Self> {
        let known = store::entries(tx, subject_id)?;
        let facts: Vec<_> = known.iter().map(deed::fact).collect();
        let fates = policy::resolve(&facts, i32::MAX);
        Ok(Self { known, fates })
    }

    fn speaking(&self) -> impl Iterator<Item = &Known> {
        let both = self.known.iter().zip(&self.fates);
        both.filter(|(_, fate)| matches!(fate, Fate::Speaks { .. }))
            .map(|(known, _)| known)
    }

    /// The first record of the chain of corrections that each record belongs to.
    fn roots(&self) -> HashMap<i64, i64> {
        let mut roots = HashMap::with_capacity(self.known.len());
        for one in &self.known {
            let root = match (one.entry.relation, one.entry.names_id) {
                (Relation::Corrects, Some(named)) => roots.get(&named).copied().unwrap_or(one.record_id),
                _ => one.record_id,
            };
            roots.insert(one.record_id, root);
        }
        roots
    }

    fn fate(&self, record_id: i64) -> Option<&Fate> {
        let at = self.known.iter().position(|one| one.record_id == record_id)?;
        self.fates.get(at)
    }
}

fn key_of(entry: &Entry) -> (String, String) {
    (entry.item.clone(), entry.record_key.clone())
}

/// Merges an entity into another.
pub fn merge(tx: &mut Tx, op: &Op, new: &NewMerge) -> Outcome<Merge> {
    let reason = reason_of(&new.reason, "请写明合并的理由：理由随合并一并留存。")?;
    tx.lock("intake_apply", 0)?;
    let (merged_id, into_id) = (standing(tx, &new.merged_no)?, standing(tx, &new.into_no)?);
    if merged_id == into_id {
        return refuse("intake.merge.itself", "两个代码是同一个主体，不需要合并。");
    }
    let (from, to) = (File::read(tx, merged_id)?, File::read(tx, into_id)?);
    let merge_id = tx.next_id()?;
    let plan = plan(tx, op, (&from, &to), into_id)?;
    let title = format!("主体合并 {merge_id}：{} 并入 {}", new.merged_no, new.into_no);
    write(tx, op, &title, &plan.records)?;
    for gone in from.speaking() {
        store::forget_current(tx, gone)?;
    }
    for (record_id, entry) in plan
        .records
        .iter()
        .filter(|(_, entry)| entry.relation != Relation::Withdraws)
    {
        store::put_current(tx, *record_id, entry)?;
    }
    store::point(tx, merged_id, into_id)?;
    let row = MergeRow {
        merged_id,
        into_id,
        merge: Merge {
            merge_id,
            merged_no: new.merged_no.clone(),
            into_no: new.into_no.clone(),
            merged_name: new.names.0.clone(),
            into_name: new.names.1.clone(),
            division: new.division.clone(),
            reason,
            merged_by: op.actor.name.clone(),
            merged_at: op.at,
            undone_by: None,
            undone_at: None,
            undone_why: None,
            records: i64::try_from(plan.moved.len()).unwrap_or(0),
        },
    };
    store::save_merge(tx, &row)?;
    store::save_moved(tx, merge_id, &plan.moved)?;
    tell(tx, op, "intake.subjects-merged", &row.merge, (merged_id, into_id))?;
    Ok(row.merge)
}

fn reason_of(reason: &str, detail: &'static str) -> Outcome<String> {
    const CODE: &str = "intake.merge.reason";
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(Fault::new(FaultKind::Invalid, CODE, detail).with_field("reason", CODE, detail));
    }
    Ok(reason.to_owned())
}

fn write(tx: &mut Tx, op: &Op, title: &str, records: &[(i64, Entry)]) -> Outcome<()> {
    let deed = Deed {
        source: "merge",
        title,
        supplier: PLATFORM,
    };
    deed::write(tx, op, &deed, records)
}

fn tell(tx: &mut Tx, op: &Op, verb: &'static str, merge: &Merge, ids: (i64, i64)) -> Outcome<()> {
    let told = ledger::Event {
        verb,
        subject: format!("merge:{}", merge.merge_id),
        entity_id: Some(ids.1),
        division: merge.division.clone(),
        payload: json!({
            "merge_id": merge.merge_id, "merged_no": merge.merged_no, "into_no": merge.into_no, "merged_id": ids.0,
            "into_id": ids.1, "records": merge.records, "reason": merge.undone_why.as_ref().unwrap_or(&merge.reason),
        }),
        ..ledger::Event::default()
    };
    ledger::append(tx, op, told).map(drop)
}

/// What a merge or an unmerge writes.
#[derive(Default)]
struct Plan {
    records: Vec<(i64, Entry)>,
    moved: Vec<Moved>,
}

/// Copies and withdrawals of a merge, in the order of the originals: what ends another comes after it, as it did.
fn plan(tx: &mut Tx, op: &Op, (from, to): (&File, &File), into_id: i64) -> Outcome<Plan> {
    let roots = from.roots();
    let known = store::by_number(&from.known);
    let mut there: HashMap<(String, String), i64> = to
        .speaking()
        .map(|one| (key_of(&one.entry), one.record_id))
        .collect();
    let registered = to.speaking().any(|one| one.entry.item == REGISTRATION);
    // Of a state only the newest reading goes over.
    let newest: HashMap<(String, String), i64> = from
        .speaking()
        .map(|one| (key_of(&one.entry), one.record_id))
        .collect();
    let law = op.pack.on(op.today());
    let is_state = |item: &str| {
        law.item(item)
            .is_ok_and(|item| item.value.mode == ItemMode::State)
    };
    // Where each first record went: its copy, or what the surviving entity has in its place.
    let mut went: HashMap<i64, i64> = HashMap::new();
    let mut plan = Plan::default();
    for one in from.speaking() {
        let entry = &one.entry;
        let root = roots.get(&one.record_id).copied().unwrap_or(one.record_id);
        let withdrawal_id = tx.next_id()?;
        plan.records
            .push((withdrawal_id, entry.withdrawal(root, op.today())));
        let older = is_state(&entry.item) && newest.get(&key_of(entry)) != Some(&one.record_id);
        let same = there.get(&key_of(entry)).copied();
        let copy_id = if older || same.is_some() || (registered && entry.item == REGISTRATION) {
            if let Some(same) = same {
                went.insert(root, same);
            }
            None
        } else {
            let copy_id = tx.next_id()?;
            let role = known
                .get(&root)
                .map(|root| (root.entry.relation, root.entry.names_id));
            let ended = match role {
                Some((Relation::Ends, Some(named))) => {
                    let named = roots.get(&named).copied().unwrap_or(named);
                    went.get(&named).copied()
                }
                _ => None,
            };
            let copy = Entry {
                subject_id: into_id,
                relation: ended.map_or(Relation::None, |_| Relation::Ends),
                names_id: ended,
                ..entry.clone()
            };
            plan.records.push((copy_id, copy));
            went.insert(root, copy_id);
            there.insert(key_of(entry), copy_id);
            Some(copy_id)
        };
        plan.moved.push(Moved {
            origin_id: one.record_id,
            root_id: root,
            item: entry.item.clone(),
            withdrawal_id,
            copy_id,
        });
    }
    Ok(plan)
}

/// Undoes a merge. Later merges that build on it are undone first.
pub fn unmerge(tx: &mut Tx, op: &Op, merge_id: i64, why: &str) -> Outcome<Merge> {
    let why = reason_of(why, "请写明撤销合并的理由：理由随合并一并留存。")?;
    tx.lock("intake_apply", 0)?;
    let row = store::merge(tx, merge_id)?
        .filter(|row| op.actor.scope.covers(&row.merge.jurisdiction()))
        .ok_or_else(Fault::hidden)?;
    if let Some(by) = &row.merge.undone_by {
        return refuse(
            "intake.merge.undone",
            format!("合并 {merge_id} 已由 {by} 撤销，不能再次撤销。"),
        );
    }
    if let Some(later) = store::merge_of(tx, row.into_id)? {
        let detail = format!("并入后的主体后来又并入了别的主体（合并 {later}）。请先撤销合并 {later}。");
        return refuse("intake.merge.built-upon", detail);
    }
    let below = store::merged_below(tx, row.merged_id)?;
    let back = Back::read(tx, op, &row, &below)?.done(tx)?;
    let title = format!(
        "撤销主体合并 {merge_id}：{} 与 {}",
        row.merge.merged_no, row.merge.into_no
    );
    write(tx, op, &title, &back.records)?;
    for gone in &back.gone {
        store::forget_current(tx, gone)?;
    }
    for (record_id, entry) in &back.current {
        store::put_current(tx, *record_id, entry)?;
    }
    store::note_detours(tx, &back.detours)?;
    store::stand_alone(tx, row.merged_id, &below)?;
    store::undo_merge(tx, merge_id, &op.actor.name, op.at, &why)?;
    let merge = find(tx, merge_id)?.merge;
    tell(
        tx,
        op,
        "intake.subjects-unmerged",
        &merge,
        (row.merged_id, row.into_id),
    )?;
    Ok(merge)
}

fn find(tx: &mut Tx, merge_id: i64) -> Outcome<MergeRow> {
    store::merge(tx, merge_id)?.ok_or_else(Fault::hidden)
}

/// One merge the actor reaches.
pub fn merge_for(tx: &mut Tx, op: &Op, merge_id: i64) -> Outcome<Merge> {
    let merge = find(tx, merge_id)?.merge;
    if op.actor.scope.covers(&merge.jurisdiction()) {
        Ok(merge)
    } else {
        Err(Fault::hidden())
    }
}

/// The merge in force of a code, if it was merged.
pub fn in_force(tx: &mut Tx, subject_no: &str) -> Outcome<Option<i64>> {
    match store::merged_into(tx, subject_no)? {
        Some((own, Some(_))) => store::merge_of(tx, own),
        _ => Ok(None),
    }
}

/// A page of the merges the actor reaches, newest first.
pub fn merges(tx: &mut Tx, op: &Op, before: i64, limit: i64) -> Outcome<kernel::page::Page<Merge>> {
    paged(
        tx,
        &op.actor.scope,
        (before, limit),
        |merge: &Merge| merge.merge_id,
        |tx, before, chunk| store::merges(tx, *before, chunk),
    )
}

/// What a merge moved: originals, their withdrawals, their copies.
pub fn moved(tx: &mut Tx, op: &Op, merge_id: i64) -> Outcome<Vec<Moved>> {
    merge_for(tx, op, merge_id)?;
    store::moved(tx, merge_id)
}
