//! Rows of plans.
use db::{Row, Tx, args};
use kernel::{Fault, Outcome};
use serde::{Deserialize, Serialize};

use super::{APPROVE_PLAN, LAST_PLAN_NO, PLAN, PLAN_BY_NO, PLANS, SAVE_PLAN, SET_PLAN, UPDATE_PLAN};
use crate::hall::{Op, Sealed};
use crate::inspect::model::{Filter, Mode, Plan, PlanItem};

/// What of a plan is never asked for by itself.
#[derive(Serialize, Deserialize)]
struct Body {
    items: Vec<PlanItem>,
    filter: Filter,
    reserve: Option<u32>,
}

fn body(plan: &Plan) -> Outcome<serde_json::Value> {
    let body = Body {
        items: plan.items.clone(),
        filter: plan.filter.clone(),
        reserve: plan.reserve,
    };
    serde_json::to_value(body).map_err(|e| Fault::internal("计划无法写出", e))
}

pub fn save_plan(tx: &mut Tx, plan: &Plan) -> Outcome<()> {
    let row = args![
        plan.plan_id,
        &plan.plan_no,
        &plan.title,
        plan.year,
        &plan.department,
        &plan.division,
        plan.mode.as_str(),
        plan.starts_on,
        plan.ends_on,
        body(plan)?,
        plan.written_at,
        &plan.written_by,
    ];
    tx.exec(&SAVE_PLAN, &row).map(drop)
}

pub fn update_plan(tx: &mut Tx, plan: &Plan) -> Outcome<u64> {
    let row = args![
        plan.plan_id,
        &plan.title,
        &plan.department,
        plan.mode.as_str(),
        plan.starts_on,
        plan.ends_on,
        body(plan)?,
        plan.written_at,
        &plan.written_by,
    ];
    tx.exec(&UPDATE_PLAN, &row)
}

pub fn approve(tx: &mut Tx, op: &Op, plan_id: i64) -> Outcome<u64> {
    tx.exec(&APPROVE_PLAN, &args![plan_id, op.at, &op.actor.name])
}

pub fn set_state(tx: &mut Tx, plan_id: i64, state: &str) -> Outcome<()> {
    tx.exec(&SET_PLAN, &args![plan_id, state]).map(drop)
}

pub fn last_plan_no(tx: &mut Tx, division: &str, year: i64) -> Outcome<Option<String>> {
    tx.opt(&LAST_PLAN_NO, &args![division, year])?
        .map(|row| row.get("plan_no"))
        .transpose()
}

fn plan_row(row: &Row) -> Outcome<Plan> {
    let body: serde_json::Value = row.get("body")?;
    let body: Body = serde_json::from_value(body).map_err(|e| Fault::internal("计划的内容无法读取", e))?;
    let mode: String = row.get("mode")?;
    Ok(Plan {
        plan_id: row.get("plan_id")?,
        plan_no: row.get("plan_no")?,
        title: row.get("title")?,
        year: row.get("year")?,
        department: row.get("department")?,
        division: row.get("division")?,
        mode: if mode == Mode::Directed.as_str() {
            Mode::Directed
        } else {
            Mode::Undirected
        },
        starts_on: row.get("starts_on")?,
        ends_on: row.get("ends_on")?,
        state: row.get("state")?,
        items: body.items,
        filter: body.filter,
        reserve: body.reserve,
        written_at: row.get("written_at")?,
        written_by: row.get("written_by")?,
        approved_at: row.get("approved_at")?,
        approved_by: row.get("approved_by")?,
    })
}

pub fn plan(tx: &mut Tx, plan_id: i64) -> Outcome<Option<Sealed<Plan>>> {
    tx.opt(&PLAN, &args![plan_id])?
        .map(|row| plan_row(&row).map(Sealed::new))
        .transpose()
}

pub fn plan_by_no(tx: &mut Tx, plan_no: &str) -> Outcome<Option<Sealed<Plan>>> {
    tx.opt(&PLAN_BY_NO, &args![plan_no])?
        .map(|row| plan_row(&row).map(Sealed::new))
        .transpose()
}

pub fn plans(tx: &mut Tx, before: i64, limit: i64) -> Outcome<Vec<Plan>> {
    tx.all(&PLANS, &args![before, limit])?
        .iter()
        .map(plan_row)
        .collect()
}

/// Whether a plan is closed; public knowledge, so no jurisdiction is asked.
pub fn closed_plan(tx: &mut Tx, plan_id: i64) -> Outcome<bool> {
    let state: Option<String> = tx
        .opt(&PLAN, &args![plan_id])?
        .map(|row| row.get("state"))
        .transpose()?;
    Ok(state.as_deref() == Some("closed"))
}
