//! What changes after the draw, always by its rule and with the reason told: replacement, cancellation, recusal, staffing.
use std::collections::{BTreeMap, HashMap, HashSet};

use db::Tx;
use kernel::{Fault, FaultKind, Outcome};
use proof::draw::{RollRow, SelectedRow, Transcript};
use proof::{Digest, canonical};
use serde_json::{Value, json};

use super::draw::task_of;
use super::plan::serial_of;
use super::pool::roll_row;
use super::task::task_for;
use super::{broken, changes, document, leaf, opened, proved};
use crate::hall::{Op, ledger};
use crate::inspect::model::{Cause, Replaced, Replacement, Task, TeamMember};
use crate::inspect::rules::pool::Kept;
use crate::inspect::rules::rows::Lot;
use crate::inspect::store::{self, DrawRow};
use crate::{office, registry};

/// Passes a task on to the next unused reserves of the same strata, because the entity proved closed or moved.
pub fn replace(tx: &mut Tx, op: &Op, task_id: i64, reason: &Replacement) -> Outcome<Replaced> {
    let mut task = task_for(tx, op, task_id, &["open", "unstaffed"])?;
    need_reason(&reason.note)?;
    let held = held(tx, task.draw_id)?;
    let (chosen, without) = reserves(tx, &held, &task)?;
    if chosen.is_empty() {
        let detail = format!("任务 {} 的候补对象已经用完。请写明原因取消该任务。", task.task_no);
        return Err(Fault::new(
            FaultKind::Conflict,
            "inspect.reserve.exhausted",
            detail,
        ));
    }
    let words = match reason.cause {
        Cause::Closed => "已注销或停业",
        Cause::Moved => "已迁出",
    };
    let note = format!("{words}：{}", reason.note.trim());
    store::set_task(tx, task_id, "replaced", None, Some(&note))?;
    let plan = super::plan(tx, op, task.plan_id)?;
    let mut serial = store::last_task_no(tx, plan.plan_id)?
        .as_deref()
        .map_or(0, serial_of);
    let mut tasks = Vec::new();
    for (subject_no, items) in chosen {
        let roll = loaded(tx, &held)?;
        let division = registry::service::by_no(tx, op, &subject_no)?.division;
        let items: Vec<&str> = items.iter().map(String::as_str).collect();
        let team = held.lot(|lot| proved(lot.team(&subject_no, &division, &items, None, &roll)))?;
        let team = team.ok_or_else(|| broken("no team"))?;
        serial += 1;
        let task_no = (tx.next_id()?, serial);
        let mut new = task_of(tx, op, &held.row, &plan, &team, task_no)?;
        new.replaces = Some(task_id);
        store::save_tasks(tx, std::slice::from_ref(&new))?;
        tasks.push(new);
    }
    task = super::task(tx, op, task_id)?;
    let facts = json!({
        "task_no": task.task_no, "cause": reason.cause, "note": reason.note,
        "by": tasks.iter().map(|one| &one.task_no).collect::<Vec<_>>(), "without": without,
    });
    tell(
        tx,
        op,
        &held,
        &task,
        ("inspect.task-replaced", "draw.replacement"),
        facts,
    )?;
    Ok(Replaced { task, tasks, without })
}

/// Cancels a task with its reason.
pub fn cancel(tx: &mut Tx, op: &Op, task_id: i64, reason: &str) -> Outcome<Task> {
    let task = task_for(tx, op, task_id, &["open", "unstaffed"])?;
    need_reason(reason)?;
    store::set_task(tx, task_id, "cancelled", None, Some(reason.trim()))?;
    let held = held(tx, task.draw_id)?;
    let facts = json!({ "task_no": task.task_no, "note": reason.trim() });
    tell(
        tx,
        op,
        &held,
        &task,
        ("inspect.task-cancelled", "draw.cancellation"),
        facts,
    )?;
    super::task(tx, op, task_id)
}

/// Replaces one inspector (回避) by the next one of the same department, by the rule of the draw. When nobody is left
/// the task waits unstaffed: a recused inspector does not go.
pub fn recuse(tx: &mut Tx, op: &Op, task_id: i64, inspector: &str, reason: &str) -> Outcome<Task> {
    let mut task = task_for(tx, op, task_id, &["open"])?;
    need_reason(reason)?;
    let Some(at) = task
        .members
        .iter()
        .position(|member| member.inspector == inspector)
    else {
        let detail = format!("执法证号 {inspector} 不在任务 {} 的检查人员中。", task.task_no);
        return Err(Fault::new(
            FaultKind::Invalid,
            "inspect.team.not-a-member",
            detail,
        ));
    };
    let held = held(tx, task.draw_id)?;
    let out = task.members.remove(at);
    task.recused.push(out.inspector);
    let taken: HashSet<&str> = task
        .members
        .iter()
        .map(|member| member.inspector.as_str())
        .chain(task.recused.iter().map(String::as_str))
        .collect();
    let mut roll = loaded(tx, &held)?;
    roll.retain(|row| !taken.contains(row.id.as_str()));
    let items: Vec<&str> = task
        .items
        .iter()
        .filter(|item| item.department == out.department)
        .map(|item| item.item.as_str())
        .collect();
    let next = held.lot(|lot| proved(lot.team(&task.subject_no, &task.division, &items, Some(1), &roll)))?;
    if let Some(SelectedRow::Team { members, .. }) = next {
        task.members.splice(at..at, members.into_iter().map(member));
        task.leader = leader(&task, &held);
    } else {
        "unstaffed".clone_into(&mut task.state);
        task.leader = None;
    }
    store::set_members(tx, &task)?;
    let facts = json!({
        "task_no": task.task_no, "recused": inspector, "note": reason.trim(), "members": task.members, "state": task.state,
    });
    tell(
        tx,
        op,
        &held,
        &task,
        ("inspect.inspector-recused", "draw.recusal"),
        facts,
    )?;
    super::task(tx, op, task_id)
}

/// Chooses a team for a task that waits unstaffed, by the rule of the draw from the inspectors there are now.
pub fn staff(tx: &mut Tx, op: &Op, task_id: i64) -> Outcome<Task> {
    let mut task = task_for(tx, op, task_id, &["unstaffed"])?;
    let held = held(tx, task.draw_id)?;
    let loads = store::loads(tx)?;
    let mut roll = Vec::new();
    for one in office::service::inspectors(tx)? {
        if !task.recused.contains(&one.inspector_id) {
            let load = loads.get(&one.inspector_id).copied().unwrap_or(0);
            roll.push(roll_row(held.opened.suite, &held.opened.key, &one, load)?);
        }
    }
    roll.sort_unstable_by(|left, right| left.id.cmp(&right.id));
    let items: Vec<&str> = task.items.iter().map(|item| item.item.as_str()).collect();
    let team = held.lot(|lot| proved(lot.team(&task.subject_no, &task.division, &items, None, &roll)))?;
    let Some(SelectedRow::Team { members, leader, .. }) = team else {
        let detail = format!(
            "任务 {} 仍没有足够的检查人员可派。请补充名录库，或调整其他任务后再试。",
            task.task_no
        );
        return Err(Fault::new(FaultKind::Conflict, "inspect.team.short", detail));
    };
    task.members = members.into_iter().map(member).collect();
    task.leader = Some(leader);
    "open".clone_into(&mut task.state);
    store::set_members(tx, &task)?;
    let facts = json!({ "task_no": task.task_no, "members": task.members });
    tell(
        tx,
        op,
        &held,
        &task,
        ("inspect.task-staffed", "draw.staffing"),
        facts,
    )?;
    super::task(tx, op, task_id)
}

/// What is needed of a draw to go on by its rule.
struct Held {
    row: DrawRow,
    opened: super::Opened,
    seed: Digest,
    kept: Kept,
}

impl Held {
    fn lot<T>(&self, work: impl FnOnce(&Lot) -> T) -> T {
        let (suite, key) = (self.opened.suite, &self.opened.key);
        work(&Lot {
            suite,
            seed: self.seed,
            key,
            commitment: &self.opened.commitment,
        })
    }
}

fn held(tx: &mut Tx, draw_id: i64) -> Outcome<Held> {
    let row = store::public_draw(tx, draw_id)?.ok_or_else(|| broken("draw"))?;
    let text = row.transcript.as_deref().ok_or_else(|| broken("no transcript"))?;
    let transcript: Transcript = proved(canonical::parse(text.as_bytes()))?;
    let opened = opened(&row)?;
    let kept = Kept::from_bytes(&store::auditor(tx, draw_id)?)?;
    Ok(Held {
        row,
        opened,
        seed: transcript.seed,
        kept,
    })
}

/// The committed roll with the loads after the draw: places given in it and since.
fn loaded(tx: &mut Tx, held: &Held) -> Outcome<Vec<RollRow>> {
    let mut given: HashMap<String, u64> = HashMap::new();
    for task in store::tasks_of_draw(tx, held.row.draw_id)? {
        for member in task.members {
            *given.entry(member.inspector).or_default() += 1;
        }
    }
    let mut roll = held.kept.roll.clone();
    for row in &mut roll {
        row.load = row.load.saturating_add(given.get(&row.id).copied().unwrap_or(0));
    }
    Ok(roll)
}

type Chosen = (BTreeMap<String, Vec<String>>, Vec<String>);

/// The next unused reserve of each item of a task, of the same stratum, by entity; and items without one.
fn reserves(tx: &mut Tx, held: &Held, task: &Task) -> Outcome<Chosen> {
    let rows = store::selected(tx, held.row.draw_id)?;
    let mut used: HashSet<(String, String)> = HashSet::new();
    for one in store::tasks_of_draw(tx, held.row.draw_id)? {
        used.extend(
            one.items
                .iter()
                .map(|item| (item.item.clone(), one.subject_no.clone())),
        );
    }
    let stratum = |item: usize, id: &str| {
        let at = held
            .kept
            .rows
            .binary_search_by(|row| row.0.as_str().cmp(id))
            .ok()?;
        held.kept.rows.get(at)?.2.get(item).copied()
    };
    let (mut chosen, mut without): Chosen = Default::default();
    for item in &task.items {
        let place = held
            .opened
            .commitment
            .items
            .iter()
            .position(|one| one.item == item.item);
        let place = place.ok_or_else(|| broken("item"))?;
        let own = stratum(place, &task.subject_no);
        let next = rows.iter().find_map(|row| match row {
            SelectedRow::Reserve { item: of, id } if *of == item.item => {
                let free = !used.contains(&(of.clone(), id.clone())) && stratum(place, id) == own;
                free.then(|| id.clone())
            }
            _ => None,
        });
        match next {
            Some(id) => chosen.entry(id).or_default().push(item.item.clone()),
            None => without.push(item.item.clone()),
        }
    }
    Ok((chosen, without))
}

fn member(one: proof::draw::Member) -> TeamMember {
    TeamMember {
        department: one.department,
        inspector: one.inspector,
    }
}

/// First of the initiating department who may lead, else the first who may, else the first.
fn leader(task: &Task, held: &Held) -> Option<String> {
    let may = |member: &&TeamMember| {
        held.kept
            .roll
            .iter()
            .any(|row| row.id == member.inspector && row.may_lead)
    };
    let initiator = &held.opened.commitment.team.initiator;
    let mut members = task.members.iter();
    members
        .clone()
        .find(|member| member.department == *initiator && may(member))
        .or_else(|| members.clone().find(may))
        .or_else(|| members.next())
        .map(|member| member.inspector.clone())
}

fn need_reason(reason: &str) -> Outcome<()> {
    if reason.trim().is_empty() {
        const CODE: &str = "inspect.change.reason";
        let detail = "请写明原因：它会记入台账，其摘要写入公开日志。";
        return Err(Fault::new(FaultKind::Invalid, CODE, detail).with_field("reason", CODE, detail));
    }
    Ok(())
}

/// Tells a change; the public log gets its hash, filed beside the draw.
fn tell(
    tx: &mut Tx,
    op: &Op,
    held: &Held,
    task: &Task,
    (verb, kind): (&'static str, &str),
    facts: Value,
) -> Outcome<()> {
    let (_, hash) = document(held.opened.suite, &facts)?;
    let told = ledger::Event {
        verb,
        subject: format!("task:{}", task.task_id),
        entity_id: Some(task.entity_id),
        division: Some(task.division.clone()),
        department: Some(task.department.clone()),
        payload: facts,
        public: Some(leaf(kind, &changes(&held.row.plan_no), hash)),
    };
    ledger::append(tx, op, told).map(drop)
}
