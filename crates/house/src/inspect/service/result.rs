//! Recording what a visit found.
use std::collections::{BTreeMap, BTreeSet};

use db::Tx;
use kernel::{Day, Outcome};
use policy::PackOn;
use policy::pack::FollowAction;
use serde_json::{Value, json};

use super::task::task_for;
use crate::hall::duty::{self, NewDuty};
use crate::hall::{Op, ledger, local_day};
use crate::inspect::model::{Mode, NewResult, Task};
use crate::inspect::{rules, store};
use crate::office;

/// The duty to publish a result, also the code of its deadline in the pack.
pub const PUBLISH: &str = "inspect.publish";

/// Records the results of a task, all items at once, and opens the duties that follow.
pub fn record_result(tx: &mut Tx, op: &Op, task_id: i64, new: &NewResult) -> Outcome<Task> {
    let task = task_for(tx, op, task_id, &["open"])?;
    let drawn = store::public_draw(tx, task.draw_id)?.ok_or_else(|| super::broken("draw"))?;
    let drawn_on = local_day(drawn.ended_at.unwrap_or(drawn.committed_at));
    rules::result::check_day(new, drawn_on, op.today())?;
    let mut people = Vec::new();
    for inspector in new.inspectors.iter().collect::<BTreeSet<_>>() {
        people.push(office::service::inspector(tx, inspector)?);
    }
    let law = op.pack.on(new.checked_on);
    rules::result::check_people(&law, new, &task, &people)?;
    rules::result::check_items(&law, new, &task)?;
    for item in &new.items {
        store::save_result(tx, op, task_id, new.checked_on, item)?;
    }
    store::set_task(tx, task_id, "done", Some(new.checked_on), task.note.as_deref())?;
    open_duties(tx, op, &law, &task, new)?;
    let plan = super::plan(tx, op, task.plan_id)?;
    let told = ledger::Event {
        verb: "inspect.result-recorded",
        subject: format!("task:{task_id}"),
        entity_id: Some(task.entity_id),
        division: Some(task.division.clone()),
        department: Some(task.department.clone()),
        payload: json!({
            "task_id": task_id, "plan_id": task.plan_id, "inspectors": new.inspectors,
            "records": records(&law, &task, new, plan.mode),
        }),
        public: None,
    };
    ledger::append(tx, op, told)?;
    super::task(tx, op, task_id)
}

/// What collection takes into the credit records: a row for each item.
fn records(law: &PackOn, task: &Task, new: &NewResult, mode: Mode) -> Vec<Value> {
    // The words of the national form, by which results of random and of directed draws are told apart afterwards.
    let kind = match mode {
        Mode::Undirected => "不定向",
        Mode::Directed => "定向",
    };
    let department = |item: &str| {
        let of = task.items.iter().find(|one| one.item == item);
        of.map_or_else(|| task.department.clone(), |one| one.department.clone())
    };
    let record = |item: &crate::inspect::model::NewItemResult| {
        let department = department(&item.item);
        json!({
            "item": "inspection-result",
            "subject_no": task.subject_no,
            "supplier": department,
            "fields": {
                "task_no": task.task_no,
                "check_item": item.item,
                "result": rules::result::leading(law, &item.codes),
                "checked_on": new.checked_on,
                "department": department,
                "kind": kind,
            },
        })
    };
    new.items.iter().map(record).collect()
}

fn open_duties(tx: &mut Tx, op: &Op, law: &PackOn, task: &Task, new: &NewResult) -> Outcome<()> {
    let duty = |kind: &'static str, department: &str, title: String, from: Day| NewDuty {
        kind,
        subject: format!("task:{}", task.task_id),
        title,
        entity_id: Some(task.entity_id),
        division: Some(task.division.clone()),
        department: Some(department.to_owned()),
        from,
    };
    let title = format!("公示 {} 的抽查检查结果", task.name);
    duty::open(tx, op, &duty(PUBLISH, &task.department, title, new.checked_on))?;
    // One duty for each kind of follow-up: the items concerned are named in it.
    let mut follow: BTreeMap<(&'static str, &str), (Vec<&str>, String)> = BTreeMap::new();
    for item in &new.items {
        for code in &item.codes {
            let Ok(known) = law.result(code) else { continue };
            let Some(next) = &known.value.follow else { continue };
            let (Some((kind, _)), Some(deadline)) = (kind_of(next.action), &next.deadline) else {
                continue;
            };
            let department = task
                .items
                .iter()
                .find(|one| one.item == item.item)
                .map_or("", |one| one.department.as_str());
            let entry = follow
                .entry((kind, department))
                .or_insert_with(|| (Vec::new(), deadline.clone()));
            entry.0.push(&item.item);
        }
    }
    let mut opened = BTreeSet::new();
    for ((kind, department), (items, deadline)) in follow {
        let words = words_of(kind);
        let mut duty = duty(
            kind,
            department,
            format!("{words}：{}({})", task.name, items.join("、")),
            new.checked_on,
        );
        if !opened.insert(kind) {
            // A second department with the same follow-up owes it separately.
            duty.subject = format!("task:{}:{department}", task.task_id);
        }
        duty::open_under(tx, op, &duty, &deadline)?;
    }
    Ok(())
}

const FOLLOW: &[(FollowAction, &str, &str)] = &[
    (FollowAction::Correct, "inspect.follow-correct", "责令改正后复查"),
    (
        FollowAction::AbnormalListing,
        "inspect.follow-listing",
        "列入经营异常名录",
    ),
    (FollowAction::Case, "inspect.follow-case", "立案核查"),
    (FollowAction::Publish, "inspect.follow-publish", "责令公示"),
    (FollowAction::CleanUp, "inspect.follow-clean-up", "清理"),
];

/// The duty of a follow-up; none where nothing follows.
fn kind_of(action: FollowAction) -> Option<(&'static str, &'static str)> {
    FOLLOW
        .iter()
        .find(|(known, ..)| *known == action)
        .map(|(_, kind, words)| (*kind, *words))
}

fn words_of(kind: &str) -> &'static str {
    FOLLOW
        .iter()
        .find(|(_, known, _)| *known == kind)
        .map_or("后续处理", |(.., words)| words)
}
