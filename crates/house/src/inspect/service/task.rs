//! Looking tasks and results up.
use db::Tx;
use kernel::page::Page;
use kernel::{Fault, FaultKind, Outcome};

use crate::hall::{Op, paged};
use crate::inspect::model::{ItemResult, Task, TaskSearch};
use crate::inspect::store;

/// One task.
pub fn task(tx: &mut Tx, op: &Op, task_id: i64) -> Outcome<Task> {
    store::task(tx, task_id)?.ok_or_else(Fault::hidden)?.open(op)
}

/// A page of the tasks the actor reaches, by plan, inspector and state.
pub fn tasks_page(tx: &mut Tx, op: &Op, search: &TaskSearch, after: i64, limit: i64) -> Outcome<Page<Task>> {
    let key = |task: &Task| task.task_id;
    paged(tx, &op.actor.scope, (after, limit), key, |tx, after, chunk| {
        store::tasks(tx, search, *after, chunk)
    })
}

/// The rows of such a page, for callers that never turn it.
pub fn tasks(tx: &mut Tx, op: &Op, search: &TaskSearch, after: i64, limit: i64) -> Outcome<Vec<Task>> {
    tasks_page(tx, op, search, after, limit).map(|page| page.items)
}

/// The results of a task, item by item.
pub fn results(tx: &mut Tx, op: &Op, task_id: i64) -> Outcome<Vec<ItemResult>> {
    task(tx, op, task_id)?;
    store::results(tx, task_id)
}

/// Tasks done, after a number: what publication goes through.
pub fn done_after(tx: &mut Tx, after: i64, limit: i64) -> Outcome<Vec<i64>> {
    store::done_after(tx, after, limit)
}

/// A task about to be changed, held with its whole plan until the end of the transaction; only in one of `states`.
pub(super) fn task_for(tx: &mut Tx, op: &Op, task_id: i64, states: &[&str]) -> Outcome<Task> {
    let seen = store::task(tx, task_id)?.ok_or_else(Fault::hidden)?.open(op)?;
    tx.lock("inspect_plan", seen.plan_id)?;
    let task = store::task(tx, task_id)?.ok_or_else(Fault::hidden)?.open(op)?;
    if states.contains(&task.state.as_str()) {
        return Ok(task);
    }
    let state = match task.state.as_str() {
        "done" => "已经完成",
        "cancelled" => "已经取消",
        "replaced" => "已由候补对象替换",
        "unstaffed" => "还没有派人",
        _ => "正在进行",
    };
    let detail = format!("任务 {}{state}，不能这样办理。", task.task_no);
    Err(Fault::new(FaultKind::Conflict, "inspect.task.state", detail))
}
