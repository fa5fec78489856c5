//! The draw itself: seed, selection, teams, transcript, tasks.
use std::collections::HashMap;

use db::Tx;
use kernel::{Fault, FaultKind, Outcome};
use proof::draw::{self as proof_draw, SelectedRow};
use serde_json::json;

use super::reveal::{about, draw_for};
use super::{document, leaf, opened, proved, reveals};
use crate::hall::keys::{Keys, time_text};
use crate::hall::{Op, ledger};
use crate::inspect::model::{Draw, Plan, Task, TaskItem, TeamMember};
use crate::inspect::rules::pool::Kept;
use crate::inspect::store::{self, DrawRow};
use crate::registry;

/// Draws: all values revealed → seed, selection, teams, the signed transcript, and a task for every drawn entity.
pub fn draw(tx: &mut Tx, op: &Op, keys: &Keys, draw_id: i64) -> Outcome<Draw> {
    let row = draw_for(tx, op, draw_id)?;
    let open = opened(&row)?;
    let held = reveals(&store::reveals(tx, draw_id)?)?;
    let missing: Vec<&str> = open
        .commitment
        .contributors
        .iter()
        .map(proof_draw::Contributor::name)
        .filter(|name| !held.iter().any(|reveal| reveal.name == *name))
        .collect();
    if !missing.is_empty() {
        let detail = format!("还没有揭示的提供方：{}。全部揭示后方可抽取。", missing.join("、"));
        return Err(Fault::new(
            FaultKind::Conflict,
            "inspect.draw.reveals-missing",
            detail,
        ));
    }
    let kept = Kept::from_bytes(&store::auditor(tx, draw_id)?)?;
    let (pools, places) = (kept.pools()?, kept.places()?);
    let inputs = proof_draw::Draw {
        commitment: &open.commitment,
        reveals: &held,
        pools: &pools,
        places: &places,
        roll: &kept.roll,
        pool_key: &open.key,
    };
    let drawn = proved(inputs.run(&keys.platform, time_text(op.at)?))?;
    let (text, hash) = document(open.suite, &drawn.transcript)?;
    store::set_drawn(tx, draw_id, &text, &hex::encode(&drawn.signature.0), op.at)?;
    store::save_selected(tx, draw_id, &drawn.rows)?;
    let plan = super::plan(tx, op, row.plan_id)?;
    let tasks = tasks(tx, op, &row, &plan, &drawn.rows)?;
    store::save_tasks(tx, &tasks)?;
    store::set_state(tx, row.plan_id, "drawn")?;
    let unstaffed = tasks.iter().filter(|task| task.state == "unstaffed").count();
    let told = ledger::Event {
        verb: "inspect.draw-drawn",
        payload: json!({
            "draw_id": draw_id, "plan_id": row.plan_id, "plan_no": row.plan_no, "attempt": row.attempt,
            "tasks": tasks.len(), "unstaffed": unstaffed,
        }),
        public: Some(leaf("draw.transcript", &open.commitment.campaign, hash)),
        ..about(&row)
    };
    ledger::append(tx, op, told)?;
    super::draw_state(tx, op, draw_id)
}

fn tasks(tx: &mut Tx, op: &Op, row: &DrawRow, plan: &Plan, rows: &[SelectedRow]) -> Outcome<Vec<Task>> {
    let teams: Vec<&SelectedRow> = rows
        .iter()
        .filter(|row| matches!(row, SelectedRow::Team { .. } | SelectedRow::Unstaffed { .. }))
        .collect();
    let ids = tx.ids(teams.len())?;
    let mut tasks = Vec::with_capacity(teams.len());
    for ((team, task_id), serial) in teams.into_iter().zip(ids).zip(1_u64..) {
        tasks.push(task_of(tx, op, row, plan, team, (task_id, serial))?);
    }
    Ok(tasks)
}

/// The task of a team or unstaffed row.
pub(super) fn task_of(
    tx: &mut Tx,
    op: &Op,
    row: &DrawRow,
    plan: &Plan,
    team: &SelectedRow,
    (task_id, serial): (i64, u64),
) -> Outcome<Task> {
    let (_, _, subject_no) = team.name();
    let entity = registry::service::by_no(tx, op, subject_no)?;
    let departments: HashMap<&str, &str> = plan
        .items
        .iter()
        .map(|item| (item.check.as_str(), item.department.as_str()))
        .collect();
    let item = |code: &String| TaskItem {
        item: code.clone(),
        department: departments
            .get(code.as_str())
            .copied()
            .unwrap_or_default()
            .to_owned(),
    };
    let (items, members, leader) = match team {
        SelectedRow::Team {
            items,
            members,
            leader,
            ..
        } => {
            let member = |one: &proof_draw::Member| TeamMember {
                department: one.department.clone(),
                inspector: one.inspector.clone(),
            };
            (items, members.iter().map(member).collect(), Some(leader.clone()))
        }
        SelectedRow::Unstaffed { items, .. } => (items, Vec::new(), None),
        _ => return Err(super::broken("not a team")),
    };
    Ok(Task {
        task_id,
        task_no: format!("{}-{serial:05}", plan.plan_no),
        plan_id: plan.plan_id,
        draw_id: row.draw_id,
        entity_id: entity.entity_id,
        subject_no: entity.subject_no,
        name: entity.name,
        division: entity.division,
        department: plan.department.clone(),
        items: items.iter().map(item).collect(),
        state: if leader.is_some() { "open" } else { "unstaffed" }.to_owned(),
        members,
        recused: Vec::new(),
        leader,
        due_on: plan.ends_on,
        done_on: None,
        replaces: None,
        note: None,
    })
}
