//! What of a file is public, and what a notice says. Pure.
use kernel::Day;
use policy::PackOn;
use policy::pack::Item;
use serde_json::{Map, Value, json};

use super::model::PublicStatement;
use crate::hall::local_day;
use crate::inspect::model::{ItemResult, Plan, Task};
use crate::office::model::Department;
use crate::registry::model::{CreditFile, Statement};

/// The public statements of a file: items the catalogue calls public, in force, and within their publication term.
///
/// What is public is said by the catalogue, item by item and field by field, as it was when the record came in; what the
/// catalogue of today withholds is withheld of old records too.
pub fn statements(law: &PackOn, file: CreditFile, today: Day) -> Vec<PublicStatement> {
    let mut shown = Vec::new();
    for group in file.groups {
        let warning = group.code == "warning";
        for statement in group.statements {
            let received = local_day(statement.received_at);
            let then = law.pack().on(received).item(&statement.item).ok();
            let now = law.item(&statement.item).ok();
            let Some(item) = then.as_ref().or(now.as_ref()).map(|item| item.value) else {
                continue;
            };
            let public = item.public && now.as_ref().is_none_or(|now| now.value.public);
            let over = ends(item, &statement, warning).is_some_and(|day| day < today);
            if public && statement.state == "current" && !over {
                let shows = |name: &str| {
                    let hidden = now.as_ref().and_then(|now| now.value.field(name));
                    item.shows(name) && hidden.is_none_or(|field| field.public)
                };
                shown.push(PublicStatement {
                    content: masked(&statement.content, shows),
                    item: statement.item,
                    title: statement.title,
                    on: statement.on,
                    until: statement.until,
                    supplier: statement.supplier,
                });
            }
        }
    }
    shown
}

/// The day after which a statement is no longer shown: the item's publication term, and of an adverse one its own end.
fn ends(item: &Item, statement: &Statement, warning: bool) -> Option<Day> {
    let text = |name: &str| {
        statement
            .content
            .get(name)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let term = item.public_until(statement.on, text);
    let own = statement.until.filter(|_| warning);
    [term, own].into_iter().flatten().min()
}

/// The fields that may be shown.
fn masked(content: &Value, shows: impl Fn(&str) -> bool) -> Value {
    match content {
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(name, _)| shows(name));
            Value::Object(
                kept.map(|(name, value)| (name.clone(), value.clone()))
                    .collect::<Map<_, _>>(),
            )
        }
        _ => Value::Null,
    }
}

fn name_of(departments: &[Department], department_id: &str) -> String {
    let known = departments.iter().find(|one| one.department_id == department_id);
    known.map_or_else(|| department_id.to_owned(), |one| one.name.clone())
}

/// What is published of a plan. The shares by class are not: they would tell of classes.
pub fn plan_body(plan: &Plan, departments: &[Department]) -> Value {
    let items: Vec<Value> = plan
        .items
        .iter()
        .map(|item| json!({ "check": item.check, "title": item.title, "department": name_of(departments, &item.department) }))
        .collect();
    json!({
        "plan_no": plan.plan_no,
        "title": plan.title,
        "department": name_of(departments, &plan.department),
        "division": plan.division,
        "mode": plan.mode,
        "filter": plan.filter,
        "items": items,
        "starts_on": plan.starts_on,
        "ends_on": plan.ends_on,
        "approved_at": plan.approved_at,
    })
}

/// What is published of a task's results. Inspectors and notes are not.
pub fn result_body(
    law: &PackOn,
    plan: &Plan,
    task: &Task,
    results: &[ItemResult],
    departments: &[Department],
) -> Value {
    let found = |code: &String| {
        let title = law
            .result(code)
            .map(|known| known.value.title.clone())
            .unwrap_or_default();
        json!({ "code": code, "title": title })
    };
    let item = |one: &ItemResult| {
        let title = plan
            .items
            .iter()
            .find(|item| item.check == one.item)
            .map(|item| item.title.clone());
        let department = task
            .items
            .iter()
            .find(|item| item.item == one.item)
            .map(|item| item.department.as_str());
        json!({
            "check": one.item,
            "title": title,
            "department": name_of(departments, department.unwrap_or(&task.department)),
            "checked_on": one.checked_on,
            "results": one.codes.iter().map(found).collect::<Vec<_>>(),
        })
    };
    json!({
        "plan_no": plan.plan_no,
        "plan_title": plan.title,
        "task_no": task.task_no,
        "subject_no": task.subject_no,
        "name": task.name,
        "items": results.iter().map(item).collect::<Vec<_>>(),
    })
}
