//! Every SQL statement of the office.
use db::{Row, Tx, args, statements};
use kernel::Outcome;

use super::model::{Department, Inspector};

statements! {
    /// Takes a department in, or changes it.
    SAVE_DEPARTMENT = "INSERT INTO office_department (department_id, name, division, function) VALUES ($1, $2, $3, $4)
                       ON CONFLICT (department_id) DO UPDATE SET name = excluded.name, division = excluded.division,
                       function = excluded.function";
    /// Takes an inspector in, or changes them.
    SAVE_INSPECTOR = "INSERT INTO office_inspector (inspector_id, name, department_id, divisions, qualifications,
                      certificate_until, may_lead, recused) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
                      ON CONFLICT (inspector_id) DO UPDATE SET name = excluded.name,
                      department_id = excluded.department_id, divisions = excluded.divisions,
                      qualifications = excluded.qualifications, certificate_until = excluded.certificate_until,
                      may_lead = excluded.may_lead, recused = excluded.recused, ended_at = NULL";
    /// All departments.
    DEPARTMENTS = "SELECT department_id, name, division, function FROM office_department ORDER BY department_id";
    /// One department.
    DEPARTMENT = "SELECT department_id, name, division, function FROM office_department WHERE department_id = $1";
    /// Inspectors still in their posts.
    INSPECTORS = "SELECT inspector_id, name, department_id, divisions, qualifications, certificate_until, may_lead, recused
                  FROM office_inspector WHERE ended_at IS NULL ORDER BY inspector_id";
    /// One inspector.
    INSPECTOR = "SELECT inspector_id, name, department_id, divisions, qualifications, certificate_until, may_lead, recused
                 FROM office_inspector WHERE inspector_id = $1";
}

pub fn save_department(tx: &mut Tx, department: &Department) -> Outcome<()> {
    let row = args![
        &department.department_id,
        &department.name,
        &department.division,
        &department.function
    ];
    tx.exec(&SAVE_DEPARTMENT, &row).map(drop)
}

pub fn save_inspector(tx: &mut Tx, inspector: &Inspector) -> Outcome<()> {
    let row = args![
        &inspector.inspector_id,
        &inspector.name,
        &inspector.department,
        serde_json::json!(inspector.divisions),
        serde_json::json!(inspector.qualifications),
        inspector.certificate_until,
        inspector.may_lead,
        serde_json::json!(inspector.recused),
    ];
    tx.exec(&SAVE_INSPECTOR, &row).map(drop)
}

fn department_row(row: &Row) -> Outcome<Department> {
    Ok(Department {
        department_id: row.get("department_id")?,
        name: row.get("name")?,
        division: row.get("division")?,
        function: row.get("function")?,
    })
}

pub fn departments(tx: &mut Tx) -> Outcome<Vec<Department>> {
    tx.all(&DEPARTMENTS, &args![])?
        .iter()
        .map(department_row)
        .collect()
}

pub fn department(tx: &mut Tx, department_id: &str) -> Outcome<Option<Department>> {
    tx.opt(&DEPARTMENT, &args![department_id])?
        .as_ref()
        .map(department_row)
        .transpose()
}

fn inspector_row(row: &Row) -> Outcome<Inspector> {
    Ok(Inspector {
        inspector_id: row.get("inspector_id")?,
        name: row.get("name")?,
        department: row.get("department_id")?,
        divisions: texts(row, "divisions")?,
        qualifications: texts(row, "qualifications")?,
        certificate_until: row.get("certificate_until")?,
        may_lead: row.get("may_lead")?,
        recused: texts(row, "recused")?,
    })
}

fn texts(row: &Row, column: &str) -> Outcome<Vec<String>> {
    let value: serde_json::Value = row.get(column)?;
    serde_json::from_value(value).map_err(|e| kernel::Fault::internal("人员名录中的列表无法读取", e))
}

pub fn inspectors(tx: &mut Tx) -> Outcome<Vec<Inspector>> {
    tx.all(&INSPECTORS, &args![])?.iter().map(inspector_row).collect()
}

pub fn inspector(tx: &mut Tx, inspector_id: &str) -> Outcome<Option<Inspector>> {
    tx.opt(&INSPECTOR, &args![inspector_id])?
        .as_ref()
        .map(inspector_row)
        .transpose()
}
