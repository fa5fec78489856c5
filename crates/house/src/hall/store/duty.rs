//! Rows of duties.
use db::{Row, Tx, args};
use kernel::{Day, Outcome};

use super::super::duty::{Duty, NewDuty, Term};
use super::super::op::Op;
use super::{
    CLOSE_DUTY, DUTIES_ABOUT, OPEN_DUTIES, OPEN_DUTIES_OF, PROVISIONAL_DUTIES, REDATE_DUTY, SAVE_DUTY,
};

pub fn save_duty(
    tx: &mut Tx,
    op: &Op,
    duty_id: i64,
    duty: &NewDuty,
    deadline: Option<&str>,
    term: &Term,
) -> Outcome<()> {
    let row = args![
        duty_id,
        duty.kind,
        &duty.subject,
        &duty.title,
        duty.entity_id,
        &duty.division,
        &duty.department,
        op.at,
        duty.from,
        term.due_on,
        &term.basis,
        deadline,
        term.provisional,
    ];
    tx.exec(&SAVE_DUTY, &row).map(drop)
}

pub fn provisional_duties(tx: &mut Tx, after: i64, limit: i64) -> Outcome<Vec<(Duty, String)>> {
    tx.all(&PROVISIONAL_DUTIES, &args![after, limit])?
        .iter()
        .map(|row| Ok((duty(row)?, row.get("deadline")?)))
        .collect()
}

pub fn redate_duty(tx: &mut Tx, duty_id: i64, term: &Term) -> Outcome<()> {
    tx.exec(
        &REDATE_DUTY,
        args![duty_id, term.due_on, &term.basis, term.provisional],
    )
    .map(drop)
}

pub fn close_duty(tx: &mut Tx, op: &Op, kind: &str, subject: &str) -> Outcome<bool> {
    tx.exec(&CLOSE_DUTY, &args![kind, subject, op.at, &op.actor.name])
        .map(|rows| rows > 0)
}

fn duty(row: &Row) -> Outcome<Duty> {
    Ok(Duty {
        duty_id: row.get("duty_id")?,
        kind: row.get("kind")?,
        subject: row.get("subject")?,
        title: row.get("title")?,
        division: row.get("division")?,
        department: row.get("department")?,
        opened_on: row.get("opened_on")?,
        due_on: row.get("due_on")?,
        basis: row.get("basis")?,
        done_at: row.get("done_at")?,
    })
}

pub fn open_duties(
    tx: &mut Tx,
    department: Option<&str>,
    after: (Day, i64),
    limit: i64,
) -> Outcome<Vec<Duty>> {
    let rows = match department {
        Some(department) => tx.all(&OPEN_DUTIES_OF, &args![limit, after.0, after.1, department])?,
        None => tx.all(&OPEN_DUTIES, &args![limit, after.0, after.1])?,
    };
    rows.iter().map(duty).collect()
}

pub fn duties_about(tx: &mut Tx, subject: &str) -> Outcome<Vec<Duty>> {
    tx.all(&DUTIES_ABOUT, &args![subject])?.iter().map(duty).collect()
}
