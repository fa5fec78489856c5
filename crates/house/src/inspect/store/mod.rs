//! Every SQL statement of inspection.
mod draw;
mod plan;
mod task;

use db::statements;

pub use draw::{
    DrawRow, auditor, draw, draws_of_plan, lapsed_draws, last_draw, public_draw, reveals, save_draw,
    save_reveal, save_selected, selected, set_drawn, set_void,
};
pub use plan::{
    approve, closed_plan, last_plan_no, plan, plan_by_no, plans, save_plan, set_state, update_plan,
};
pub use task::{
    done_after, last_task_no, loads, open_tasks, results, save_result, save_tasks, set_members, set_task,
    task, tasks, tasks_of_draw, visits,
};

statements! {
    /// Writes a plan.
    SAVE_PLAN = "INSERT INTO inspect_plan (plan_id, plan_no, title, year, department, division, mode, starts_on, ends_on,
                 state, body, written_at, written_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'draft', $10, $11, $12)";
    /// Writes a draft anew; its number and place stay.
    UPDATE_PLAN = "UPDATE inspect_plan SET title = $2, department = $3, mode = $4, starts_on = $5, ends_on = $6, body = $7,
                   written_at = $8, written_by = $9 WHERE plan_id = $1 AND state = 'draft'";
    /// Approves a plan.
    APPROVE_PLAN = "UPDATE inspect_plan SET state = 'approved', approved_at = $2, approved_by = $3
                    WHERE plan_id = $1 AND state = 'draft'";
    /// Moves a plan on.
    SET_PLAN = "UPDATE inspect_plan SET state = $2 WHERE plan_id = $1";
    /// The last number given to a plan of a place and year.
    LAST_PLAN_NO = "SELECT plan_no FROM inspect_plan WHERE division = $1 AND year = $2 ORDER BY plan_no DESC LIMIT 1";
    /// One plan.
    PLAN = "SELECT plan_id, plan_no, title, year, department, division, mode, starts_on, ends_on, state, body, written_at,
            written_by, approved_at, approved_by FROM inspect_plan WHERE plan_id = $1";
    /// One plan by its number.
    PLAN_BY_NO = "SELECT plan_id, plan_no, title, year, department, division, mode, starts_on, ends_on, state, body,
                  written_at, written_by, approved_at, approved_by FROM inspect_plan WHERE plan_no = $1";
    /// Plans, newest first.
    PLANS = "SELECT plan_id, plan_no, title, year, department, division, mode, starts_on, ends_on, state, body, written_at,
             written_by, approved_at, approved_by FROM inspect_plan WHERE plan_id < $1 ORDER BY plan_id DESC LIMIT $2";
    /// Keeps a committed draw.
    SAVE_DRAW = "INSERT INTO inspect_draw (draw_id, plan_id, attempt, state, commitment, commitment_hash, pool_key, auditor,
                 note, reveals_end_at, committed_at) VALUES ($1, $2, $3, 'committed', $4, $5, $6, $7, $8, $9, $10)";
    /// One draw with where it belongs.
    DRAW = "SELECT d.draw_id, d.plan_id, d.attempt, d.state, d.commitment, d.commitment_hash, d.transcript, d.signature,
            d.void_document, d.pool_key, d.note, d.reveals_end_at, d.committed_at, d.ended_at, p.plan_no, p.division,
            p.department FROM inspect_draw d JOIN inspect_plan p ON p.plan_id = d.plan_id WHERE d.draw_id = $1";
    /// The last draw of a plan.
    LAST_DRAW = "SELECT d.draw_id, d.plan_id, d.attempt, d.state, d.commitment, d.commitment_hash, d.transcript, d.signature,
                 d.void_document, d.pool_key, d.note, d.reveals_end_at, d.committed_at, d.ended_at, p.plan_no, p.division,
                 p.department FROM inspect_draw d JOIN inspect_plan p ON p.plan_id = d.plan_id
                 WHERE d.plan_id = $1 ORDER BY d.attempt DESC LIMIT 1";
    /// Draws of a plan in order.
    DRAWS_OF = "SELECT d.draw_id, d.plan_id, d.attempt, d.state, d.commitment, d.commitment_hash, d.transcript, d.signature,
                d.void_document, d.pool_key, d.note, d.reveals_end_at, d.committed_at, d.ended_at, p.plan_no, p.division,
                p.department FROM inspect_draw d JOIN inspect_plan p ON p.plan_id = d.plan_id
                WHERE d.plan_id = $1 ORDER BY d.attempt";
    /// Draws whose deadline for reveals has passed.
    LAPSED_DRAWS = "SELECT draw_id FROM inspect_draw WHERE state = 'committed' AND reveals_end_at < $1 ORDER BY draw_id";
    /// The lists committed to.
    AUDITOR = "SELECT auditor FROM inspect_draw WHERE draw_id = $1";
    /// A draw is done.
    SET_DRAWN = "UPDATE inspect_draw SET state = 'drawn', transcript = $2, signature = $3, ended_at = $4
                 WHERE draw_id = $1 AND state = 'committed'";
    /// A draw is void.
    SET_VOID = "UPDATE inspect_draw SET state = 'void', void_document = $2, ended_at = $3
                WHERE draw_id = $1 AND state = 'committed'";
    /// Keeps a revealed value, right or wrong.
    SAVE_REVEAL = "INSERT INTO inspect_reveal (draw_id, name, value, revealed_at) VALUES ($1, $2, $3, $4)";
    /// What was revealed for a draw.
    REVEALS = "SELECT name, value, revealed_at FROM inspect_reveal WHERE draw_id = $1 ORDER BY revealed_at, name";
    /// The selected rows of a draw in their order.
    SELECTED = "SELECT row_no, role, item, subject_no, body FROM inspect_selected WHERE draw_id = $1 ORDER BY row_no";
    /// One task.
    TASK = "SELECT task_id, task_no, plan_id, draw_id, entity_id, subject_no, name, division, department, items, members,
            recused, leader, state, due_on, done_on, replaces, note FROM inspect_task WHERE task_id = $1";
    /// Tasks of any plan, a page.
    TASKS = "SELECT task_id, task_no, plan_id, draw_id, entity_id, subject_no, name, division, department, items, members,
             recused, leader, state, due_on, done_on, replaces, note FROM inspect_task
             WHERE task_id > $1 AND ($3 = '' OR state = $3) ORDER BY task_id LIMIT $2";
    /// Tasks of a plan, a page.
    TASKS_OF_PLAN = "SELECT task_id, task_no, plan_id, draw_id, entity_id, subject_no, name, division, department, items,
                     members, recused, leader, state, due_on, done_on, replaces, note FROM inspect_task
                     WHERE plan_id = $4 AND task_id > $1 AND ($3 = '' OR state = $3) ORDER BY task_id LIMIT $2";
    /// Tasks of an inspector, a page; of all plans when the plan is 0.
    TASKS_OF_INSPECTOR = "SELECT t.task_id, t.task_no, t.plan_id, t.draw_id, t.entity_id, t.subject_no, t.name, t.division,
                          t.department, t.items, t.members, t.recused, t.leader, t.state, t.due_on, t.done_on, t.replaces,
                          t.note FROM inspect_member m JOIN inspect_task t ON t.task_id = m.task_id
                          WHERE m.inspector = $4 AND t.task_id > $1 AND ($3 = '' OR t.state = $3)
                          AND ($5 = 0 OR t.plan_id = $5) ORDER BY t.task_id LIMIT $2";
    /// All tasks of a draw in order.
    TASKS_OF_DRAW = "SELECT task_id, task_no, plan_id, draw_id, entity_id, subject_no, name, division, department, items,
                     members, recused, leader, state, due_on, done_on, replaces, note FROM inspect_task
                     WHERE draw_id = $1 ORDER BY task_id";
    /// How many tasks of a plan still wait.
    OPEN_TASKS = "SELECT CAST(count(*) AS BIGINT) AS tasks FROM inspect_task
                  WHERE plan_id = $1 AND state IN ('open', 'unstaffed')";
    /// The last number given to a task of a plan.
    LAST_TASK_NO = "SELECT task_no FROM inspect_task WHERE plan_id = $1 ORDER BY task_no DESC LIMIT 1";
    /// Moves a task on.
    SET_TASK = "UPDATE inspect_task SET state = $2, done_on = $3, note = $4 WHERE task_id = $1";
    /// Changes who goes.
    SET_MEMBERS = "UPDATE inspect_task SET members = $2, recused = $3, leader = $4, state = $5 WHERE task_id = $1";
    /// Forgets who goes, before it is written anew.
    CLEAR_MEMBERS = "DELETE FROM inspect_member WHERE task_id = $1";
    /// Open tasks of each inspector.
    LOADS = "SELECT m.inspector, CAST(count(*) AS BIGINT) AS tasks FROM inspect_member m
             JOIN inspect_task t ON t.task_id = m.task_id WHERE t.state = 'open' GROUP BY m.inspector
             ORDER BY m.inspector";
    /// Visits that were done since a day or are still to come.
    VISITS = "SELECT entity_id, task_no, items, state, done_on FROM inspect_task
              WHERE state IN ('open', 'unstaffed') OR (state = 'done' AND done_on >= $1) ORDER BY entity_id, task_id";
    /// Keeps the result of an item.
    SAVE_RESULT = "INSERT INTO inspect_result (task_id, item, codes, note, checked_on, recorded_at, recorded_by)
                   VALUES ($1, $2, $3, $4, $5, $6, $7)";
    /// The results of a task.
    RESULTS = "SELECT item, codes, note, checked_on, recorded_at, recorded_by FROM inspect_result
               WHERE task_id = $1 ORDER BY item";
    /// Tasks done, a page.
    DONE_TASKS = "SELECT task_id FROM inspect_task WHERE state = 'done' AND task_id > $1 ORDER BY task_id LIMIT $2";
}
