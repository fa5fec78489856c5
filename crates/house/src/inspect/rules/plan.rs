//! What a plan must satisfy, checked against the pack and the departments.
use std::collections::BTreeSet;

use kernel::{Day, Division, Fault, FaultKind, Outcome};
use policy::PackOn;
use policy::pack::{CheckItem, CheckKind, Fraction};

use crate::assess::rules::GENERAL_MODEL;
use crate::inspect::model::{Filter, Mode, NewPlan, NewPlanItem, PlanItem};
use crate::office::model::Department;

/// Most items of one plan.
const MOST_ITEMS: usize = 60;
/// Most reserves of one stratum.
const MOST_RESERVE: u32 = 1_000;
const CODE: &str = "inspect.plan.invalid";

/// Checks a plan as asked for and returns its items in full. Every fault is named with its field.
pub fn check(law: &PackOn, today: Day, departments: &[Department], new: &NewPlan) -> Outcome<Vec<PlanItem>> {
    let mut faults = Faults::default();
    if new.title.trim().is_empty() {
        faults.add("title", "计划名称不能为空。");
    }
    let initiator = departments
        .iter()
        .find(|department| department.department_id == new.department);
    if initiator.is_none() {
        faults.add(
            "department",
            format!("没有编号为“{}”的部门。请先导入部门。", new.department),
        );
    }
    check_place(new, initiator, &mut faults);
    check_days(new, today, &mut faults);
    check_filter(law, new, &mut faults);
    if new.reserve.is_some_and(|reserve| reserve > MOST_RESERVE) {
        faults.add("reserve", format!("每组候补对象数不能超过 {MOST_RESERVE}。"));
    }
    if new.items.is_empty() || new.items.len() > MOST_ITEMS {
        faults.add("items", format!("抽查事项须有 1 至 {MOST_ITEMS} 项。"));
    }
    let mut seen = BTreeSet::new();
    let mut items = Vec::new();
    for (at, item) in new.items.iter().enumerate() {
        if !seen.insert(item.check.as_str()) {
            faults.add(
                format!("items[{at}].check"),
                format!("事项“{}”写了两次。", item.check),
            );
        }
        items.extend(check_item(law, departments, new, at, item, &mut faults));
    }
    faults.end()?;
    Ok(items)
}

/// Collected field faults; the first basis found is named.
#[derive(Default)]
struct Faults {
    fields: Vec<(String, String)>,
    basis: Option<String>,
}

impl Faults {
    fn add(&mut self, field: impl Into<String>, detail: impl Into<String>) {
        self.fields.push((field.into(), detail.into()));
    }

    fn add_by(&mut self, field: impl Into<String>, detail: &str, basis: &policy::Basis) {
        self.fields
            .push((field.into(), format!("{detail}依据：{basis}。")));
        self.basis.get_or_insert_with(|| basis.to_string());
    }

    fn end(self) -> Outcome<()> {
        if self.fields.is_empty() {
            return Ok(());
        }
        let all: Vec<&str> = self.fields.iter().map(|(_, detail)| detail.as_str()).collect();
        let mut fault = Fault::new(
            FaultKind::Invalid,
            CODE,
            format!("抽查计划有误，未保存。{}", all.join("")),
        );
        if let Some(basis) = self.basis {
            fault = fault.with_basis(basis);
        }
        Err(self.fields.into_iter().fold(fault, |fault, (field, detail)| {
            fault.with_field(field, CODE, detail)
        }))
    }
}

fn check_place(new: &NewPlan, initiator: Option<&Department>, faults: &mut Faults) {
    let Ok(place) = Division::parse(&new.division) else {
        faults.add("division", format!("“{}”不是行政区划代码。", new.division));
        return;
    };
    let Some(initiator) = initiator else { return };
    if Division::parse(&initiator.division).is_ok_and(|own| !own.contains(&place)) {
        let detail = format!(
            "抽查范围 {} 不在发起部门“{}”的辖区 {} 内。",
            new.division, initiator.name, initiator.division
        );
        faults.add("division", detail);
    }
}

fn check_days(new: &NewPlan, today: Day, faults: &mut Faults) {
    if new.ends_on < new.starts_on {
        faults.add("ends_on", "检查结束日早于开始日。");
    }
    if new.ends_on < today {
        faults.add("ends_on", format!("检查结束日 {} 已经过去。", new.ends_on));
    }
}

fn check_filter(law: &PackOn, new: &NewPlan, faults: &mut Faults) {
    match (new.mode, new.filter.is_empty()) {
        (Mode::Directed, true) => {
            faults.add(
                "filter",
                "定向抽查至少要有一个条件（类型、登记状态、行业或区划）。",
            );
        }
        (Mode::Undirected, false) => {
            faults.add("filter", "不定向抽查不能带条件。请去掉条件，或改为定向抽查。");
        }
        _ => {}
    }
    let Filter {
        kinds,
        statuses,
        industries: _,
        divisions,
    } = &new.filter;
    for (field, table, codes) in [
        ("filter.kinds", "subject-kind", kinds),
        ("filter.statuses", "registration-status", statuses),
    ] {
        let Ok(table) = law.table(table) else { continue };
        let known = |code: &str| {
            !code.is_empty()
                && table
                    .value
                    .values
                    .iter()
                    .any(|value| value.code.starts_with(code))
        };
        for code in codes.iter().filter(|code| !known(code)) {
            faults.add(field, format!("“{code}”不在代码表“{}”中。", table.value.title));
        }
    }
    for code in divisions.iter().filter(|code| Division::parse(code).is_err()) {
        faults.add("filter.divisions", format!("“{code}”不是行政区划代码。"));
    }
    for code in new
        .filter
        .industries
        .iter()
        .filter(|code| kernel::Industry::parse(code).is_err())
    {
        faults.add("filter.industries", format!("“{code}”不是行业代码。"));
    }
}

fn check_item(
    law: &PackOn,
    departments: &[Department],
    plan: &NewPlan,
    at: usize,
    item: &NewPlanItem,
    faults: &mut Faults,
) -> Option<PlanItem> {
    let Ok(known) = law.check(&item.check) else {
        let detail = format!("抽查事项清单中没有“{}”。可用的事项见抽查事项清单。", item.check);
        faults.add(format!("items[{at}].check"), detail);
        return None;
    };
    let (check, basis) = (known.value, &known.trace.basis);
    let department_id = item.department.clone().unwrap_or_else(|| plan.department.clone());
    match departments
        .iter()
        .find(|department| department.department_id == department_id)
    {
        None => {
            let detail = format!("没有编号为“{department_id}”的部门。请先导入部门。");
            faults.add(format!("items[{at}].department"), detail);
        }
        Some(department) => check_department(check, basis, at, department, faults),
    }
    for (class, text) in &item.ratios {
        check_ratio(
            law,
            check,
            &format!("items[{at}].ratios.{class}"),
            class,
            text,
            faults,
        );
    }
    Some(PlanItem {
        check: item.check.clone(),
        title: check.title.clone(),
        department: department_id,
        qualification: line_of(&item.check).to_owned(),
        ratios: item.ratios.clone(),
    })
}

fn check_department(
    check: &CheckItem,
    basis: &policy::Basis,
    at: usize,
    department: &Department,
    faults: &mut Faults,
) {
    let field = format!("items[{at}].department");
    if check.function != department.function && !check.partners.contains(&department.function) {
        let detail = format!(
            "事项“{}”由职能为“{}”的部门检查，“{}”的职能是“{}”。",
            check.title, check.function, department.name, department.function
        );
        faults.add_by(field, &detail, basis);
        return;
    }
    let level = Division::parse(&department.division).map(|place| level_of(&place));
    if level.is_ok_and(|level| !check.levels.iter().any(|allowed| allowed == level)) {
        let detail = format!(
            "事项“{}”的检查主体层级是 {},“{}”不在其中。",
            check.title,
            check.levels.join("、"),
            department.name
        );
        faults.add_by(field, &detail, basis);
    }
}

fn check_ratio(law: &PackOn, check: &CheckItem, field: &str, class: &str, text: &str, faults: &mut Faults) {
    let Ok(rule) = law.ratio(GENERAL_MODEL, class) else {
        faults.add(field, format!("没有“{class}”这个类别的抽查比例。"));
        return;
    };
    let Some(share) = Fraction::parse(text) else {
        faults.add(
            field,
            format!("比例“{text}”无法读取。请写成 5/100 这样的分数，不大于 1。"),
        );
        return;
    };
    let upper = rule.value.upper.filter(|_| check.kind == CheckKind::General);
    if upper.is_some_and(|upper| less(upper, share)) {
        let most = upper.map_or_else(String::new, |upper| upper.to_string());
        faults.add_by(
            field,
            &format!("{class} 类抽查比例 {text} 超过上限 {most}。"),
            &rule.trace.basis,
        );
    }
    if let Ok(floor) = law.floor()
        && less(share, floor.value.share)
    {
        let detail = format!("{class} 类抽查比例 {text} 低于最低比例 {}。", floor.value.share);
        faults.add_by(field, &detail, &floor.trace.basis);
    }
}

/// Whether the first share is smaller; exact.
fn less(left: Fraction, right: Fraction) -> bool {
    u128::from(left.num) * u128::from(right.den) < u128::from(right.num) * u128::from(left.den)
}

/// The business line of a check: what stands before the first dot. Inspectors are qualified by line.
pub fn line_of(check: &str) -> &str {
    check.split_once('.').map_or(check, |(line, _)| line)
}

fn level_of(place: &Division) -> &'static str {
    match place.prefix().len() {
        0 => "state",
        1 | 2 => "province",
        3 | 4 => "city",
        5 | 6 => "county",
        _ => "town",
    }
}
