//! Commands and queries of the office.
use std::collections::BTreeSet;

use db::Tx;
use kernel::{Division, Fault, FaultKind, Outcome, SubjectNo};
use serde_json::json;

use super::model::{Department, Inspector, Listed, Loaded};
use super::store;
use crate::hall::{InJurisdiction as _, Op, ledger};

/// Loads departments and inspectors, all of them or none. Loading the same again changes nothing.
pub fn load(tx: &mut Tx, op: &Op, departments: &[Department], inspectors: &[Inspector]) -> Outcome<Loaded> {
    let mut faults = Vec::new();
    for (place, department) in departments.iter().enumerate() {
        if Division::parse(&department.division).is_err() {
            faults.push((
                format!("departments[{place}].division"),
                format!("“{}”不是行政区划代码。", department.division),
            ));
        }
    }
    let mut known: BTreeSet<String> = store::departments(tx)?
        .into_iter()
        .map(|d| d.department_id)
        .collect();
    known.extend(departments.iter().map(|d| d.department_id.clone()));
    for (place, inspector) in inspectors.iter().enumerate() {
        if !known.contains(&inspector.department) {
            let detail = format!("没有编号为“{}”的部门。请先导入部门。", inspector.department);
            faults.push((format!("inspectors[{place}].department"), detail));
        }
        for no in inspector
            .recused
            .iter()
            .filter(|no| SubjectNo::parse(no).is_err())
        {
            faults.push((
                format!("inspectors[{place}].recusals"),
                format!("“{no}”不是有效的统一社会信用代码。"),
            ));
        }
    }
    if !faults.is_empty() {
        let fault = Fault::new(
            FaultKind::Invalid,
            "office.load.invalid",
            "人员名录有误，未导入任何一条。请改正后重新导入。",
        );
        return Err(faults.into_iter().fold(fault, |fault, (field, detail)| {
            fault.with_field(field, "office.load.invalid", detail)
        }));
    }
    for department in departments {
        store::save_department(tx, department)?;
    }
    for inspector in inspectors {
        store::save_inspector(tx, inspector)?;
    }
    let loaded = Loaded {
        departments: u64::try_from(departments.len()).unwrap_or(u64::MAX),
        inspectors: u64::try_from(inspectors.len()).unwrap_or(u64::MAX),
    };
    let told = ledger::Event {
        verb: "office.roll-loaded",
        subject: "office:roll".into(),
        payload: json!(loaded),
        ..ledger::Event::default()
    };
    ledger::append(tx, op, told)?;
    Ok(loaded)
}

/// All departments. They are public knowledge, so nobody's scope is asked.
pub fn departments(tx: &mut Tx) -> Outcome<Vec<Department>> {
    store::departments(tx)
}

/// One department.
pub fn department(tx: &mut Tx, department_id: &str) -> Outcome<Department> {
    store::department(tx, department_id)?.ok_or_else(|| {
        let detail = format!("没有编号为“{department_id}”的部门。可用的部门见部门列表。");
        Fault::new(FaultKind::Invalid, "office.department.unknown", detail)
    })
}

/// The roll of inspectors as an actor may see it: whom an inspector must not check is told only to those who reach the
/// inspector's department.
pub fn listed(tx: &mut Tx, op: &Op) -> Outcome<Vec<Listed>> {
    let departments = store::departments(tx)?.into_iter();
    let reached: BTreeSet<String> = departments
        .filter(|department| op.actor.scope.covers(&department.jurisdiction()))
        .map(|department| department.department_id)
        .collect();
    let listed = |mut inspector: Inspector| {
        let recusals_withheld = !op.actor.scope.everything && !reached.contains(&inspector.department);
        if recusals_withheld {
            inspector.recused.clear();
        }
        Listed {
            inspector,
            recusals_withheld,
        }
    };
    Ok(store::inspectors(tx)?.into_iter().map(listed).collect())
}

/// Inspectors still in their posts, for the program itself, with lapsed certificates too: who may be drawn is decided at the draw.
pub fn inspectors(tx: &mut Tx) -> Outcome<Vec<Inspector>> {
    store::inspectors(tx)
}

/// One inspector.
pub fn inspector(tx: &mut Tx, inspector_id: &str) -> Outcome<Inspector> {
    store::inspector(tx, inspector_id)?.ok_or_else(|| {
        let detail = format!("执法检查人员名录库中没有执法证号“{inspector_id}”。");
        Fault::new(FaultKind::Invalid, "office.inspector.unknown", detail)
    })
}
