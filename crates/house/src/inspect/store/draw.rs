//! Rows of draws, reveals and selected rows.
use db::{Row, Tx, Value, args};
use kernel::actor::Jurisdiction;
use kernel::{Division, Fault, Instant, Outcome};
use proof::draw::SelectedRow;

use super::{
    AUDITOR, DRAW, DRAWS_OF, LAPSED_DRAWS, LAST_DRAW, REVEALS, SAVE_DRAW, SAVE_REVEAL, SELECTED, SET_DRAWN,
    SET_VOID,
};
use crate::hall::{InJurisdiction, Sealed};

/// A draw as kept, documents as text.
#[derive(Debug, Clone)]
pub struct DrawRow {
    pub draw_id: i64,
    pub plan_id: i64,
    pub attempt: i64,
    pub state: String,
    pub commitment: String,
    pub commitment_hash: String,
    pub transcript: Option<String>,
    pub signature: Option<String>,
    pub void_document: Option<String>,
    pub pool_key: String,
    pub note: String,
    pub reveals_end_at: Instant,
    pub committed_at: Instant,
    pub ended_at: Option<Instant>,
    pub plan_no: String,
    pub division: String,
    pub department: String,
}

impl InJurisdiction for DrawRow {
    fn jurisdiction(&self) -> Jurisdiction {
        Jurisdiction {
            division: Division::parse(&self.division).ok(),
            department: Some(self.department.clone()),
        }
    }
}

fn draw_row(row: &Row) -> Outcome<DrawRow> {
    Ok(DrawRow {
        draw_id: row.get("draw_id")?,
        plan_id: row.get("plan_id")?,
        attempt: row.get("attempt")?,
        state: row.get("state")?,
        commitment: row.get("commitment")?,
        commitment_hash: row.get("commitment_hash")?,
        transcript: row.get("transcript")?,
        signature: row.get("signature")?,
        void_document: row.get("void_document")?,
        pool_key: row.get("pool_key")?,
        note: row.get("note")?,
        reveals_end_at: row.get("reveals_end_at")?,
        committed_at: row.get("committed_at")?,
        ended_at: row.get("ended_at")?,
        plan_no: row.get("plan_no")?,
        division: row.get("division")?,
        department: row.get("department")?,
    })
}

pub fn save_draw(tx: &mut Tx, row: &DrawRow, auditor: &[u8]) -> Outcome<()> {
    let values = args![
        row.draw_id,
        row.plan_id,
        row.attempt,
        &row.commitment,
        &row.commitment_hash,
        &row.pool_key,
        auditor,
        &row.note,
        row.reveals_end_at,
        row.committed_at,
    ];
    tx.exec(&SAVE_DRAW, &values).map(drop)
}

pub fn draw(tx: &mut Tx, draw_id: i64) -> Outcome<Option<Sealed<DrawRow>>> {
    tx.opt(&DRAW, &args![draw_id])?
        .map(|row| draw_row(&row).map(Sealed::new))
        .transpose()
}

/// The documents of a draw are public: no jurisdiction is asked.
pub fn public_draw(tx: &mut Tx, draw_id: i64) -> Outcome<Option<DrawRow>> {
    tx.opt(&DRAW, &args![draw_id])?.as_ref().map(draw_row).transpose()
}

pub fn last_draw(tx: &mut Tx, plan_id: i64) -> Outcome<Option<DrawRow>> {
    tx.opt(&LAST_DRAW, &args![plan_id])?
        .as_ref()
        .map(draw_row)
        .transpose()
}

pub fn draws_of_plan(tx: &mut Tx, plan_id: i64) -> Outcome<Vec<DrawRow>> {
    tx.all(&DRAWS_OF, &args![plan_id])?.iter().map(draw_row).collect()
}

pub fn lapsed_draws(tx: &mut Tx, now: Instant) -> Outcome<Vec<i64>> {
    tx.all(&LAPSED_DRAWS, &args![now])?
        .iter()
        .map(|row| row.get("draw_id"))
        .collect()
}

pub fn auditor(tx: &mut Tx, draw_id: i64) -> Outcome<Vec<u8>> {
    tx.one(&AUDITOR, &args![draw_id])?.get("auditor")
}

pub fn set_drawn(tx: &mut Tx, draw_id: i64, transcript: &str, signature: &str, at: Instant) -> Outcome<u64> {
    tx.exec(&SET_DRAWN, &args![draw_id, transcript, signature, at])
}

pub fn set_void(tx: &mut Tx, draw_id: i64, document: &str, at: Instant) -> Outcome<u64> {
    tx.exec(&SET_VOID, &args![draw_id, document, at])
}

pub fn save_reveal(tx: &mut Tx, draw_id: i64, name: &str, value: &str, at: Instant) -> Outcome<()> {
    tx.exec(&SAVE_REVEAL, &args![draw_id, name, value, at]).map(drop)
}

/// Name, value (hex) and time of each reveal.
pub fn reveals(tx: &mut Tx, draw_id: i64) -> Outcome<Vec<(String, String, Instant)>> {
    tx.all(&REVEALS, &args![draw_id])?
        .iter()
        .map(|row| Ok((row.get("name")?, row.get("value")?, row.get("revealed_at")?)))
        .collect()
}

pub fn save_selected(tx: &mut Tx, draw_id: i64, rows: &[SelectedRow]) -> Outcome<u64> {
    let values = rows.iter().zip(0_i64..).map(|(row, row_no)| {
        let (role, item, id) = row.name();
        let body = serde_json::to_value(row).map_err(|e| Fault::internal("抽取结果无法写出", e))?;
        Ok(vec![
            Value::from(draw_id),
            Value::from(row_no),
            Value::from(role),
            Value::from((!item.is_empty()).then_some(item)),
            Value::from(id),
            Value::from(body),
        ])
    });
    tx.load(
        "inspect_selected",
        &["draw_id", "row_no", "role", "item", "subject_no", "body"],
        values,
    )
}

pub fn selected(tx: &mut Tx, draw_id: i64) -> Outcome<Vec<SelectedRow>> {
    let mut rows = Vec::new();
    tx.each(&SELECTED, &args![draw_id], |row| {
        let body: serde_json::Value = row.get("body")?;
        rows.push(serde_json::from_value(body).map_err(|e| Fault::internal("抽取结果无法读取", e))?);
        Ok(())
    })?;
    Ok(rows)
}
