//! What a result must satisfy: every item answered, codes known and compatible, the right people there.
use std::collections::BTreeSet;

use kernel::{Day, Fault, FaultKind, Outcome};
use policy::PackOn;
use policy::pack::ResultCode;

use crate::inspect::model::{NewItemResult, NewResult, Task};
use crate::office::model::Inspector;

const CODE: &str = "inspect.result.invalid";

fn refused(field: impl Into<String>, detail: impl Into<String>) -> Fault {
    let detail = detail.into();
    Fault::new(FaultKind::Invalid, CODE, detail.clone()).with_field(field, CODE, detail)
}

/// The visit happened between the draw and today.
pub fn check_day(result: &NewResult, drawn_on: Day, today: Day) -> Outcome<()> {
    if result.checked_on < drawn_on {
        let detail = format!(
            "检查日期 {} 早于抽取日 {drawn_on}。请核对日期。",
            result.checked_on
        );
        return Err(refused("checked_on", detail));
    }
    if result.checked_on > today {
        return Err(refused(
            "checked_on",
            format!("检查日期 {} 还没有到。", result.checked_on),
        ));
    }
    Ok(())
}

/// Enough of the team were there, each with a certificate valid that day. How many are enough is the pack's team rule on
/// the day of the visit. `roll` holds those named.
pub fn check_people(law: &PackOn<'_>, result: &NewResult, task: &Task, roll: &[Inspector]) -> Outcome<()> {
    let present: BTreeSet<&str> = result.inspectors.iter().map(String::as_str).collect();
    for inspector in &present {
        if !task.members.iter().any(|member| member.inspector == *inspector) {
            let detail = format!("执法证号 {inspector} 不在本任务选派的检查人员中。人员有变时请先办理更换。");
            return Err(refused("inspectors", detail));
        }
        let valid = roll
            .iter()
            .any(|one| one.inspector_id == *inspector && one.certificate_until >= result.checked_on);
        if !valid {
            return Err(refused(
                "inspectors",
                format!("{inspector} 的执法证在 {} 已经失效。", result.checked_on),
            ));
        }
    }
    let rule = law.team()?;
    let departments: BTreeSet<&str> = task.items.iter().map(|item| item.department.as_str()).collect();
    let fewest = if departments.len() > 1 {
        rule.value.total
    } else {
        rule.value.alone
    };
    if u64::try_from(present.len()).unwrap_or(u64::MAX) < u64::from(fewest) {
        let detail = format!("到场检查人员不得少于 {fewest} 人，只填了 {} 人。", present.len());
        let basis = format!("《{}》{}", rule.trace.basis.title, rule.trace.basis.article);
        return Err(refused("inspectors", detail).with_basis(basis));
    }
    Ok(())
}

/// Every item of the task is answered once, with codes that may stand together.
pub fn check_items(law: &PackOn, result: &NewResult, task: &Task) -> Outcome<()> {
    let mut answered = BTreeSet::new();
    for (at, one) in result.items.iter().enumerate() {
        let field = format!("items[{at}]");
        if !task.items.iter().any(|item| item.item == one.item) {
            return Err(refused(field, format!("事项“{}”不在本任务中。", one.item)));
        }
        if !answered.insert(one.item.as_str()) {
            return Err(refused(field, format!("事项“{}”填了两次。", one.item)));
        }
        check_codes(law, &field, one)?;
    }
    if let Some(open) = task
        .items
        .iter()
        .find(|item| !answered.contains(item.item.as_str()))
    {
        return Err(refused(
            "items",
            format!("事项“{}”还没有结果。一次检查的全部事项须一并录入。", open.item),
        ));
    }
    Ok(())
}

fn check_codes(law: &PackOn, field: &str, one: &NewItemResult) -> Outcome<()> {
    let field = format!("{field}.codes");
    if one.codes.is_empty() {
        return Err(refused(field, format!("事项“{}”没有填检查结果。", one.item)));
    }
    let distinct: BTreeSet<&str> = one.codes.iter().map(String::as_str).collect();
    for code in &distinct {
        let Ok(known) = law.result(code) else {
            let all: Vec<String> = law
                .results()
                .map(|one| format!("{} {}", one.trace.code, one.value.title))
                .collect();
            return Err(refused(
                field,
                format!("没有检查结果代码“{code}”。可用的有：{}。", all.join("、")),
            ));
        };
        if known.value.exclusive && distinct.len() > 1 {
            let detail = format!("“{code} {}”不能与其他结果同时填写。", known.value.title);
            return Err(refused(field, detail).with_basis(known.trace.basis.to_string()));
        }
    }
    Ok(())
}

/// The code that stands for the item in the credit record: the first that counts as a problem, else the first.
pub fn leading<'r>(law: &PackOn, codes: &'r [String]) -> Option<&'r str> {
    let problem = |code: &&String| {
        law.result(code)
            .is_ok_and(|known: policy::Answer<&ResultCode>| known.value.problem)
    };
    codes
        .iter()
        .find(problem)
        .or_else(|| codes.first())
        .map(String::as_str)
}
