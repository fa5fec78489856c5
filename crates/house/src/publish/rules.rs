//! What of a file is public, and what a notice says. Pure.
use kernel::Day;
use policy::PackOn;
use serde_json::{Map, Value, json};

use super::model::PublicStatement;
use crate::inspect::model::{ItemResult, Plan, Task};
use crate::office::model::Department;
use crate::registry::model::{CreditFile, Statement};

/// Fields that name natural persons; they are never shown to the public, whatever the item.
const PERSONAL: &[&str] = &[
    "legal_person",
    "person",
    "person_name",
    "person_id",
    "contact",
    "phone",
    "mobile",
    "id_no",
];

/// The public statements of a file: items the catalogue calls public, in force, and within their publication term.
pub fn statements(law: &PackOn, file: CreditFile, today: Day) -> Vec<PublicStatement> {
    let mut shown = Vec::new();
    for group in file.groups {
        let warning = group.code == "warning";
        for statement in group.statements {
            let public = law.item(&statement.item).is_ok_and(|item| item.value.public);
            let over = warning && ends(&statement).is_some_and(|day| day < today);
            if public && statement.state == "current" && !over {
                shown.push(PublicStatement {
                    content: masked(&statement.content),
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

/// The day after which an adverse statement is no longer shown.
fn ends(statement: &Statement) -> Option<Day> {
    let term = statement
        .content
        .get("publicity_until")
        .and_then(Value::as_str)
        .and_then(|text| text.parse().ok());
    [term, statement.until].into_iter().flatten().min()
}

/// The fields without those that name natural persons.
fn masked(content: &Value) -> Value {
    match content {
        Value::Object(fields) => {
            let kept = fields
                .iter()
                .filter(|(name, _)| !PERSONAL.contains(&name.as_str()));
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
