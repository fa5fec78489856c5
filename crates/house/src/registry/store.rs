//! Every SQL statement of the register.
mod found;

use db::{Cell, Row, Tx, Value, args, statements};
use kernel::Outcome;

use super::model::Entity;
use super::rules::Described;
use crate::hall::Sealed;
use crate::intake::model::{Batch, Made};

pub use found::*;

statements! {
    /// One entity by its number.
    ENTITY = "SELECT entity_id, subject_no, name, kind, status, established_on, capital_fen, industry, division, address,
              record_id, updated_at FROM registry_entity WHERE entity_id = $1";
    /// One entity by its code.
    BY_NO = "SELECT entity_id, subject_no, name, kind, status, established_on, capital_fen, industry, division, address,
             record_id, updated_at FROM registry_entity WHERE subject_no = $1";
    /// Entities of a place by number, a page.
    IN_PLACE = "SELECT entity_id, subject_no, name, kind, status, established_on, capital_fen, industry, division, address,
                record_id, updated_at FROM registry_entity WHERE division >= $1 AND division < $2 AND entity_id > $3
                ORDER BY entity_id LIMIT $4";
    /// Entities whose name begins so, a page by name.
    BY_NAME = "SELECT entity_id, subject_no, name, kind, status, established_on, capital_fen, industry, division, address,
               record_id, updated_at FROM registry_entity WHERE name_key >= $1 AND name_key < $2
               AND division >= $3 AND division < $4 AND entity_id > $5 ORDER BY entity_id LIMIT $6";
    /// Entities whose code begins so, a page by code.
    BY_CODE = "SELECT entity_id, subject_no, name, kind, status, established_on, capital_fen, industry, division, address,
               record_id, updated_at FROM registry_entity WHERE subject_no >= $1 AND subject_no < $2
               ORDER BY subject_no LIMIT $3";
    /// What entities are found by, a page by number.
    NAMED_AFTER = "SELECT entity_id, name_key, status, division FROM registry_entity WHERE entity_id > $1
                   ORDER BY entity_id LIMIT $2";
    /// What some entities are found by.
    NAMED_OF = "SELECT entity_id, name_key, status, division FROM registry_entity WHERE entity_id IN ($list)";
    /// Former names between two numbers.
    FORMER_BETWEEN = "SELECT entity_id, name FROM registry_former WHERE entity_id > $1 AND entity_id <= $2
                      ORDER BY entity_id, name";
    /// Former names of some entities.
    FORMER_OF = "SELECT entity_id, name FROM registry_former WHERE entity_id IN ($list)";
    /// Forgets the former names of an entity.
    FORGET_FORMER = "DELETE FROM registry_former WHERE entity_id = $1";
    /// How many entities there are.
    COUNT = "SELECT CAST(count(*) AS BIGINT) AS entities FROM registry_entity";
    /// Every entity by number.
    EXPORT = "SELECT entity_id, subject_no, name, kind, status, established_on, capital_fen, industry, division, address,
              record_id, updated_at FROM registry_entity WHERE entity_id > $1 ORDER BY entity_id";
    /// Some entities.
    OF_NUMBERS = "SELECT entity_id, subject_no, name, kind, status, established_on, capital_fen, industry, division, address,
                  record_id, updated_at FROM registry_entity WHERE entity_id IN ($list)";
    /// Moves the staged rows into the register; an older record never replaces a newer one.
    MERGE = "INSERT INTO registry_entity (entity_id, subject_no, name, name_key, kind, status, established_on, capital_fen,
             industry, division, address, record_id, updated_at)
             SELECT entity_id, subject_no, name, name_key, kind, status, established_on, capital_fen, industry, division,
             address, record_id, updated_at FROM registry_stage WHERE true
             ON CONFLICT (entity_id) DO UPDATE SET name = excluded.name, name_key = excluded.name_key,
             kind = excluded.kind, status = excluded.status, established_on = excluded.established_on,
             capital_fen = excluded.capital_fen, industry = excluded.industry, division = excluded.division,
             address = excluded.address, record_id = excluded.record_id, updated_at = excluded.updated_at
             WHERE excluded.record_id > registry_entity.record_id";
    /// Takes the index by code away for a first load.
    DROP_BY_NO = "DROP INDEX IF EXISTS registry_entity_no";
    /// Takes the index by name away for a first load.
    DROP_BY_NAME = "DROP INDEX IF EXISTS registry_entity_name";
    /// Takes the index by place away for a first load.
    DROP_BY_PLACE = "DROP INDEX IF EXISTS registry_entity_division";
    /// Builds the index by code, as the schema has it.
    MAKE_BY_NO = "CREATE UNIQUE INDEX IF NOT EXISTS registry_entity_no ON registry_entity (subject_no)";
    /// Builds the index by name, as the schema has it.
    MAKE_BY_NAME = "CREATE INDEX IF NOT EXISTS registry_entity_name ON registry_entity (name_key, entity_id)";
    /// Builds the index by place, as the schema has it.
    MAKE_BY_PLACE = "CREATE INDEX IF NOT EXISTS registry_entity_division ON registry_entity (division, entity_id)";
    /// Takes an entity out whose only registration record was taken back, unless a newer one describes it by now.
    REMOVE = "DELETE FROM registry_entity WHERE entity_id = $1 AND record_id < $2";
    /// Forgets the staged rows.
    CLEAR = "DELETE FROM registry_stage";
}

fn entity_row(row: &Row) -> Outcome<Entity> {
    Ok(Entity {
        entity_id: row.get("entity_id")?,
        subject_no: row.get("subject_no")?,
        name: row.get("name")?,
        kind: row.get("kind")?,
        status: row.get("status")?,
        established_on: row.get("established_on")?,
        capital_fen: row.get("capital_fen")?,
        industry: row.get("industry")?,
        division: row.get("division")?,
        address: row.get("address")?,
        record_id: row.get("record_id")?,
        updated_at: row.get("updated_at")?,
    })
}

pub fn entity(tx: &mut Tx, entity_id: i64) -> Outcome<Option<Sealed<Entity>>> {
    tx.opt(&ENTITY, &args![entity_id])?
        .map(|row| entity_row(&row).map(Sealed::new))
        .transpose()
}

pub fn by_no(tx: &mut Tx, subject_no: &str) -> Outcome<Option<Sealed<Entity>>> {
    tx.opt(&BY_NO, &args![subject_no])?
        .map(|row| entity_row(&row).map(Sealed::new))
        .transpose()
}

/// Where a page of a list starts, and how long it is.
pub struct Slice {
    pub after: i64,
    pub limit: i64,
}

pub fn in_place(tx: &mut Tx, place: (&str, &str), slice: &Slice) -> Outcome<Vec<Entity>> {
    let rows = tx.all(&IN_PLACE, &args![place.0, place.1, slice.after, slice.limit])?;
    rows.iter().map(entity_row).collect()
}

pub fn by_name(tx: &mut Tx, name: (&str, &str), place: (&str, &str), slice: &Slice) -> Outcome<Vec<Entity>> {
    let rows = tx.all(
        &BY_NAME,
        &args![name.0, name.1, place.0, place.1, slice.after, slice.limit],
    )?;
    rows.iter().map(entity_row).collect()
}

pub fn count(tx: &mut Tx) -> Outcome<i64> {
    tx.one(&COUNT, &args![])?.get("entities")
}

pub fn export(tx: &mut Tx, after: i64, mut each: impl FnMut(Entity) -> Outcome<()>) -> Outcome<()> {
    tx.each(&EXPORT, &args![after], |row| each(entity_row(row)?))
}

/// Takes in entities that nobody knew, each with what its first registration says.
pub fn add(tx: &mut Tx, batch: &Batch, entities: &[(&Made<'_>, &Described)]) -> Outcome<()> {
    let columns = [
        "entity_id",
        "subject_no",
        "name",
        "name_key",
        "kind",
        "status",
        "established_on",
        "capital_fen",
        "industry",
        "division",
        "address",
        "record_id",
        "updated_at",
    ];
    let filled = tx.fill("registry_entity", &columns, |filling| {
        entities.iter().try_for_each(|(record, said)| {
            filling.row(&[
                Cell::Int(record.subject_id),
                Cell::Text(record.row.subject_no),
                Cell::Text(&said.name),
                Cell::Text(&said.name_key),
                Cell::Text(&said.kind),
                Cell::Text(&said.status),
                Cell::day(said.established_on),
                Cell::int(said.capital_fen),
                Cell::Text(&said.industry),
                Cell::Text(&said.division),
                Cell::Text(&said.address),
                Cell::Int(record.record_id),
                Cell::Time(batch.received_at),
            ])
        })
    });
    filled.map(drop)
}

pub fn of_numbers(tx: &mut Tx, entity_ids: &[i64]) -> Outcome<Vec<Entity>> {
    let list: Vec<Value> = entity_ids.iter().map(|id| Value::from(*id)).collect();
    tx.all_in(&OF_NUMBERS, args![], &list)?
        .iter()
        .map(entity_row)
        .collect()
}

/// Takes entities in, newest record winning. At most one row an entity.
pub fn merge(tx: &mut Tx, entities: &[Entity]) -> Outcome<()> {
    let columns = [
        "entity_id",
        "subject_no",
        "name",
        "name_key",
        "kind",
        "status",
        "established_on",
        "capital_fen",
        "industry",
        "division",
        "address",
        "record_id",
        "updated_at",
    ];
    let rows = entities.iter().map(|entity| {
        Ok(vec![
            Value::from(entity.entity_id),
            Value::from(entity.subject_no.as_str()),
            Value::from(entity.name.as_str()),
            Value::from(super::rules::name_key(&entity.name)),
            Value::from(entity.kind.as_str()),
            Value::from(entity.status.as_str()),
            Value::from(entity.established_on),
            Value::from(entity.capital_fen),
            Value::from(entity.industry.as_str()),
            Value::from(entity.division.as_str()),
            Value::from(entity.address.as_str()),
            Value::from(entity.record_id),
            Value::from(entity.updated_at),
        ])
    });
    tx.load("registry_stage", &columns, rows)?;
    tx.exec(&MERGE, &args![])?;
    tx.exec(&CLEAR, &args![]).map(drop)
}

/// Takes the secondary indexes away.
pub fn drop_indexes(tx: &mut Tx) -> Outcome<()> {
    [DROP_BY_NO, DROP_BY_NAME, DROP_BY_PLACE]
        .iter()
        .try_for_each(|index| tx.exec(index, args![]).map(drop))
}

/// Builds them again, from all there is.
pub fn make_indexes(tx: &mut Tx) -> Outcome<()> {
    [MAKE_BY_NO, MAKE_BY_NAME, MAKE_BY_PLACE]
        .iter()
        .try_for_each(|index| tx.exec(index, args![]).map(drop))
}

/// Takes an entity out that nothing describes since a withdrawal.
pub fn remove(tx: &mut Tx, entity_id: i64, withdrawal: i64) -> Outcome<bool> {
    tx.exec(&REMOVE, &args![entity_id, withdrawal])
        .map(|rows| rows > 0)
}
