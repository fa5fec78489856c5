//! Rows of tasks and results.
use std::collections::HashMap;

use db::{Row, Tx, Value, args};
use kernel::{Day, Fault, Outcome};
use serde::de::DeserializeOwned;

use super::{
    CLEAR_MEMBERS, DONE_TASKS, LAST_TASK_NO, LOADS, OPEN_TASKS, RESULTS, SAVE_RESULT, SET_MEMBERS, SET_TASK,
    TASK, TASKS, TASKS_OF_DRAW, TASKS_OF_INSPECTOR, TASKS_OF_PLAN, VISITS,
};
use crate::hall::{Op, Sealed};
use crate::inspect::model::{ItemResult, NewItemResult, Task, TaskItem, TaskSearch};

fn list<T: DeserializeOwned>(row: &Row, column: &str) -> Outcome<Vec<T>> {
    let value: serde_json::Value = row.get(column)?;
    serde_json::from_value(value).map_err(|e| Fault::internal("任务中的列表无法读取", e))
}

fn task_row(row: &Row) -> Outcome<Task> {
    Ok(Task {
        task_id: row.get("task_id")?,
        task_no: row.get("task_no")?,
        plan_id: row.get("plan_id")?,
        draw_id: row.get("draw_id")?,
        entity_id: row.get("entity_id")?,
        subject_no: row.get("subject_no")?,
        name: row.get("name")?,
        division: row.get("division")?,
        department: row.get("department")?,
        items: list(row, "items")?,
        members: list(row, "members")?,
        recused: list(row, "recused")?,
        leader: row.get("leader")?,
        state: row.get("state")?,
        due_on: row.get("due_on")?,
        done_on: row.get("done_on")?,
        replaces: row.get("replaces")?,
        note: row.get("note")?,
    })
}

pub fn save_tasks(tx: &mut Tx, tasks: &[Task]) -> Outcome<()> {
    let columns = [
        "task_id",
        "task_no",
        "plan_id",
        "draw_id",
        "entity_id",
        "subject_no",
        "name",
        "division",
        "department",
        "items",
        "members",
        "recused",
        "leader",
        "state",
        "due_on",
        "replaces",
    ];
    let rows = tasks.iter().map(|task| {
        Ok(vec![
            Value::from(task.task_id),
            Value::from(task.task_no.as_str()),
            Value::from(task.plan_id),
            Value::from(task.draw_id),
            Value::from(task.entity_id),
            Value::from(task.subject_no.as_str()),
            Value::from(task.name.as_str()),
            Value::from(task.division.as_str()),
            Value::from(task.department.as_str()),
            Value::from(serde_json::json!(task.items)),
            Value::from(serde_json::json!(task.members)),
            Value::from(serde_json::json!(task.recused)),
            Value::from(task.leader.as_deref()),
            Value::from(task.state.as_str()),
            Value::from(task.due_on),
            Value::from(task.replaces),
        ])
    });
    tx.load("inspect_task", &columns, rows)?;
    let members = tasks
        .iter()
        .flat_map(|task| task.members.iter().map(move |member| (task.task_id, member)));
    let members =
        members.map(|(task, member)| Ok(vec![Value::from(task), Value::from(member.inspector.as_str())]));
    tx.load("inspect_member", &["task_id", "inspector"], members)
        .map(drop)
}

/// Writes who goes, who was recused, who leads, and the state that follows from it.
pub fn set_members(tx: &mut Tx, task: &Task) -> Outcome<()> {
    let row = args![
        task.task_id,
        serde_json::json!(task.members),
        serde_json::json!(task.recused),
        &task.leader,
        &task.state,
    ];
    tx.exec(&SET_MEMBERS, &row)?;
    tx.exec(&CLEAR_MEMBERS, &args![task.task_id])?;
    let members = task.members.iter();
    let rows = members.map(|member| {
        Ok(vec![
            Value::from(task.task_id),
            Value::from(member.inspector.as_str()),
        ])
    });
    tx.load("inspect_member", &["task_id", "inspector"], rows)
        .map(drop)
}

pub fn set_task(
    tx: &mut Tx,
    task_id: i64,
    state: &str,
    done_on: Option<Day>,
    note: Option<&str>,
) -> Outcome<()> {
    tx.exec(&SET_TASK, &args![task_id, state, done_on, note])
        .map(drop)
}

pub fn task(tx: &mut Tx, task_id: i64) -> Outcome<Option<Sealed<Task>>> {
    tx.opt(&TASK, &args![task_id])?
        .map(|row| task_row(&row).map(Sealed::new))
        .transpose()
}

pub fn tasks(tx: &mut Tx, search: &TaskSearch, after: i64, limit: i64) -> Outcome<Vec<Task>> {
    let state = search.state.as_deref().unwrap_or_default();
    let rows = match (&search.inspector, search.plan) {
        (Some(inspector), plan) => tx.all(
            &TASKS_OF_INSPECTOR,
            &args![after, limit, state, inspector, plan.unwrap_or(0)],
        )?,
        (None, Some(plan)) => tx.all(&TASKS_OF_PLAN, &args![after, limit, state, plan])?,
        (None, None) => tx.all(&TASKS, &args![after, limit, state])?,
    };
    rows.iter().map(task_row).collect()
}

pub fn tasks_of_draw(tx: &mut Tx, draw_id: i64) -> Outcome<Vec<Task>> {
    tx.all(&TASKS_OF_DRAW, &args![draw_id])?
        .iter()
        .map(task_row)
        .collect()
}

pub fn open_tasks(tx: &mut Tx, plan_id: i64) -> Outcome<i64> {
    tx.one(&OPEN_TASKS, &args![plan_id])?.get("tasks")
}

pub fn last_task_no(tx: &mut Tx, plan_id: i64) -> Outcome<Option<String>> {
    tx.opt(&LAST_TASK_NO, &args![plan_id])?
        .map(|row| row.get("task_no"))
        .transpose()
}

/// Open tasks of each inspector.
pub fn loads(tx: &mut Tx) -> Outcome<HashMap<String, u64>> {
    let rows = tx.all(&LOADS, &args![])?;
    let load = |row: &Row| {
        let tasks: i64 = row.get("tasks")?;
        Ok((row.get("inspector")?, u64::try_from(tasks).unwrap_or(0)))
    };
    rows.iter().map(load).collect()
}

/// A visit that was done, or is still to come (then without a day).
#[derive(Debug, Clone)]
pub struct Visited {
    pub entity_id: i64,
    pub task_no: String,
    pub items: Vec<TaskItem>,
    pub done_on: Option<Day>,
}

pub fn visits(tx: &mut Tx, since: Day, mut each: impl FnMut(Visited)) -> Outcome<()> {
    tx.each(&VISITS, &args![since], |row| {
        each(Visited {
            entity_id: row.get("entity_id")?,
            task_no: row.get("task_no")?,
            items: list(row, "items")?,
            done_on: row.get("done_on")?,
        });
        Ok(())
    })
}

pub fn save_result(
    tx: &mut Tx,
    op: &Op,
    task_id: i64,
    checked_on: Day,
    result: &NewItemResult,
) -> Outcome<()> {
    let codes = serde_json::json!(result.codes);
    let row = args![
        task_id,
        &result.item,
        codes,
        &result.note,
        checked_on,
        op.at,
        &op.actor.name
    ];
    tx.exec(&SAVE_RESULT, &row).map(drop)
}

pub fn results(tx: &mut Tx, task_id: i64) -> Outcome<Vec<ItemResult>> {
    tx.all(&RESULTS, &args![task_id])?
        .iter()
        .map(|row| {
            Ok(ItemResult {
                item: row.get("item")?,
                codes: list(row, "codes")?,
                note: row.get("note")?,
                checked_on: row.get("checked_on")?,
                recorded_at: row.get("recorded_at")?,
                recorded_by: row.get("recorded_by")?,
            })
        })
        .collect()
}

/// Tasks done, after a number.
pub fn done_after(tx: &mut Tx, after: i64, limit: i64) -> Outcome<Vec<i64>> {
    tx.all(&DONE_TASKS, &args![after, limit])?
        .iter()
        .map(|row| row.get("task_id"))
        .collect()
}
