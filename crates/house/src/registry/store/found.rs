//! What entities are found by: codes, names, former names.
use std::collections::HashMap;

use db::{Cell, Row, Tx, Value, args};
use kernel::Outcome;

use super::super::model::{Entity, Named};
use super::{BY_CODE, FORGET_FORMER, FORMER_BETWEEN, FORMER_OF, NAMED_AFTER, NAMED_OF, entity_row};

pub fn by_code(tx: &mut Tx, from: &str, before: &str, limit: i64) -> Outcome<Vec<Entity>> {
    let rows = tx.all(&BY_CODE, &args![from, before, limit])?;
    rows.iter().map(entity_row).collect()
}

fn named_row(row: &Row) -> Outcome<Named> {
    Ok(Named {
        entity_id: row.get("entity_id")?,
        name_key: row.get("name_key")?,
        status: row.get("status")?,
        division: row.get("division")?,
    })
}

pub fn named_after(tx: &mut Tx, after: i64, limit: i64) -> Outcome<Vec<Named>> {
    let rows = tx.all(&NAMED_AFTER, &args![after, limit])?;
    rows.iter().map(named_row).collect()
}

pub fn named_of(tx: &mut Tx, entity_ids: &[i64]) -> Outcome<Vec<Named>> {
    let list: Vec<Value> = entity_ids.iter().map(|id| Value::from(*id)).collect();
    let rows = tx.all_in(&NAMED_OF, args![], &list)?;
    rows.iter().map(named_row).collect()
}

/// Former names by entity.
pub type Former = HashMap<i64, Vec<String>>;

fn former(rows: &[Row]) -> Outcome<Former> {
    let mut found = Former::new();
    for row in rows {
        found
            .entry(row.get("entity_id")?)
            .or_default()
            .push(row.get("name")?);
    }
    Ok(found)
}

pub fn former_between(tx: &mut Tx, after: i64, upto: i64) -> Outcome<Former> {
    former(&tx.all(&FORMER_BETWEEN, &args![after, upto])?)
}

pub fn former_of(tx: &mut Tx, entity_ids: &[i64]) -> Outcome<Former> {
    let list: Vec<Value> = entity_ids.iter().map(|id| Value::from(*id)).collect();
    former(&tx.all_in(&FORMER_OF, args![], &list)?)
}

/// Keeps the former names of an entity, each once; none: it has none any more.
pub fn keep_former(tx: &mut Tx, entity_id: i64, names: &[String]) -> Outcome<()> {
    tx.exec(&FORGET_FORMER, &args![entity_id])?;
    if names.is_empty() {
        return Ok(());
    }
    let kept = tx.fill("registry_former", &["entity_id", "name"], |filling| {
        let mut names = names.iter();
        names.try_for_each(|name| filling.row(&[Cell::Int(entity_id), Cell::Text(name)]))
    });
    kept.map(drop)
}
