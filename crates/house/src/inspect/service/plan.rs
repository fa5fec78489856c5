//! Writing, approving and closing plans.
use chrono::Datelike as _;
use db::Tx;
use kernel::page::Page;
use kernel::{Division, Fault, FaultKind, Outcome};
use serde_json::json;

use crate::hall::{InJurisdiction as _, Op, ledger, paged};
use crate::inspect::model::{NewPlan, Plan};
use crate::inspect::{rules, store};
use crate::office;

/// Writes a plan as a draft and gives it the next number of its place and year, for example `2026-440511-000001`.
pub fn write_plan(tx: &mut Tx, op: &Op, new: &NewPlan) -> Outcome<Plan> {
    let year = i64::from(new.starts_on.year());
    let mut plan = checked(tx, op, new)?;
    tx.lock("inspect_plan_no", year)?;
    let last = store::last_plan_no(tx, &plan.division, year)?;
    let serial = last.as_deref().map_or(0, serial_of) + 1;
    plan.plan_no = format!("{year}-{}-{serial:06}", plan.division);
    plan.plan_id = tx.next_id()?;
    store::save_plan(tx, &plan)?;
    tell(tx, op, &plan, "inspect.plan-written")?;
    Ok(plan)
}

/// Writes a draft anew. Its number, place and year stay.
pub fn edit_plan(tx: &mut Tx, op: &Op, plan_id: i64, new: &NewPlan) -> Outcome<Plan> {
    let former = plan_for(tx, op, plan_id)?;
    let mut changed = checked(tx, op, new)?;
    let other_place = changed.division != former.division || changed.year != former.year;
    if other_place {
        let detail = "计划编号含区划和年度，二者不能修改。请另编一份计划。";
        return Err(Fault::new(FaultKind::Invalid, "inspect.plan.renumbered", detail));
    }
    changed.plan_id = former.plan_id;
    changed.plan_no = former.plan_no;
    if store::update_plan(tx, &changed)? == 0 {
        let detail = format!(
            "计划 {} 已经批准，不能再修改。如须改变，请另编一份计划。",
            changed.plan_no
        );
        return Err(Fault::new(FaultKind::Conflict, "inspect.plan.not-draft", detail));
    }
    tell(tx, op, &changed, "inspect.plan-edited")?;
    plan(tx, op, plan_id)
}

/// Approves a plan: from now on it stands, and it is published. Approving an approved plan changes nothing.
pub fn approve_plan(tx: &mut Tx, op: &Op, plan_id: i64) -> Outcome<Plan> {
    let former = plan_for(tx, op, plan_id)?;
    if former.state != "draft" {
        return Ok(former);
    }
    // Rules and departments may have changed since it was written.
    checked(tx, op, &asked(&former))?;
    store::approve(tx, op, plan_id)?;
    let approved = plan(tx, op, plan_id)?;
    tell(tx, op, &approved, "inspect.plan-approved")?;
    Ok(approved)
}

/// Closes a drawn plan whose tasks are all done, cancelled or replaced; then every row of the draw is public.
pub fn close_plan(tx: &mut Tx, op: &Op, plan_id: i64) -> Outcome<Plan> {
    let former = plan_for(tx, op, plan_id)?;
    match former.state.as_str() {
        "closed" => return Ok(former),
        "drawn" => {}
        _ => {
            let detail = format!("计划 {} 还没有抽取，不能结束。", former.plan_no);
            return Err(Fault::new(FaultKind::Conflict, "inspect.plan.not-drawn", detail));
        }
    }
    let open = store::open_tasks(tx, plan_id)?;
    if open > 0 {
        let detail = format!(
            "计划 {} 还有 {open} 项任务没有完成。请先录入结果，或写明原因取消。",
            former.plan_no
        );
        return Err(Fault::new(FaultKind::Conflict, "inspect.plan.open-tasks", detail));
    }
    store::set_state(tx, plan_id, "closed")?;
    let closed = plan(tx, op, plan_id)?;
    tell(tx, op, &closed, "inspect.plan-closed")?;
    Ok(closed)
}

/// One plan.
pub fn plan(tx: &mut Tx, op: &Op, plan_id: i64) -> Outcome<Plan> {
    store::plan(tx, plan_id)?.ok_or_else(Fault::hidden)?.open(op)
}

/// One plan by its number.
pub fn plan_by_no(tx: &mut Tx, op: &Op, plan_no: &str) -> Outcome<Plan> {
    store::plan_by_no(tx, plan_no)?
        .ok_or_else(Fault::hidden)?
        .open(op)
}

/// Plans before a number, newest first, a page of those the actor reaches.
pub fn plans_page(tx: &mut Tx, op: &Op, before: i64, limit: i64) -> Outcome<Page<Plan>> {
    let key = |plan: &Plan| plan.plan_id;
    paged(tx, &op.actor.scope, (before, limit), key, |tx, before, chunk| {
        store::plans(tx, *before, chunk)
    })
}

/// The rows of such a page, for callers that never turn it.
pub fn plans(tx: &mut Tx, op: &Op, before: i64, limit: i64) -> Outcome<Vec<Plan>> {
    plans_page(tx, op, before, limit).map(|page| page.items)
}

/// One plan, held until the end of the transaction so that nobody else moves it meanwhile.
pub(super) fn plan_for(tx: &mut Tx, op: &Op, plan_id: i64) -> Outcome<Plan> {
    tx.lock("inspect_plan", plan_id)?;
    store::plan(tx, plan_id)?.ok_or_else(Fault::hidden)?.open(op)
}

/// The plan as it would be kept, numbers still missing.
fn checked(tx: &mut Tx, op: &Op, new: &NewPlan) -> Outcome<Plan> {
    let departments = office::service::departments(tx)?;
    let law = op.pack.on(op.today());
    let items = rules::plan::check(&law, op.today(), &departments, new)?;
    let division = Division::parse(&new.division)
        .map_or_else(|_| new.division.clone(), |place| place.as_str().to_owned());
    let plan = Plan {
        plan_id: 0,
        plan_no: String::new(),
        title: new.title.trim().to_owned(),
        year: i64::from(new.starts_on.year()),
        department: new.department.clone(),
        division,
        mode: new.mode,
        starts_on: new.starts_on,
        ends_on: new.ends_on,
        state: "draft".to_owned(),
        items,
        filter: new.filter.clone(),
        reserve: new.reserve,
        written_at: op.at,
        written_by: op.actor.name.clone(),
        approved_at: None,
        approved_by: None,
    };
    if op.actor.scope.covers(&plan.jurisdiction()) {
        Ok(plan)
    } else {
        Err(Fault::hidden())
    }
}

/// The plan as it was asked for.
fn asked(plan: &Plan) -> NewPlan {
    use crate::inspect::model::NewPlanItem;
    let item = |item: &crate::inspect::model::PlanItem| NewPlanItem {
        check: item.check.clone(),
        department: Some(item.department.clone()),
        ratios: item.ratios.clone(),
    };
    NewPlan {
        title: plan.title.clone(),
        department: plan.department.clone(),
        division: plan.division.clone(),
        mode: plan.mode,
        items: plan.items.iter().map(item).collect(),
        filter: plan.filter.clone(),
        starts_on: plan.starts_on,
        ends_on: plan.ends_on,
        reserve: plan.reserve,
    }
}

fn tell(tx: &mut Tx, op: &Op, plan: &Plan, verb: &'static str) -> Outcome<()> {
    let told = ledger::Event {
        verb,
        subject: format!("plan:{}", plan.plan_id),
        division: Some(plan.division.clone()),
        department: Some(plan.department.clone()),
        payload: json!({ "plan_id": plan.plan_id, "plan_no": plan.plan_no, "title": plan.title }),
        ..ledger::Event::default()
    };
    ledger::append(tx, op, told).map(drop)
}

/// The running number at the end of a plan's or task's number.
pub(super) fn serial_of(number: &str) -> u64 {
    number
        .rsplit_once('-')
        .and_then(|(_, serial)| serial.parse().ok())
        .unwrap_or(0)
}
