//! What became known since goes from the house into the snapshot.
use std::path::Path;

use db::Tx;
use house::assess::rules;
use house::hall::{House, Op, files, ledger, log, query};
use house::{intake, registry};
use kernel::{Fault, Outcome};
use lake::{EntityRow, Grain, LakeFault, Row, SymbolTable, Writer};
use policy::Symbols;
use serde::{Deserialize, Serialize};

use super::lake_fault;

/// Entities fetched at a time.
const PIECE: usize = 5_000;

/// Beside the snapshot: which record of the house its last one is.
const ANCHOR: &str = "anchor.json";

/// What the file says.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
struct Anchor {
    position: i64,
    record: String,
}

impl Anchor {
    /// Of the record at a position, as the house has it; `None` when it has none there.
    fn of(tx: &mut Tx, position: i64) -> Outcome<Option<Self>> {
        let record = intake::service::trace(tx, position)?;
        Ok(record.map(|record| Self { position, record }))
    }

    fn read(folder: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(folder.join(ANCHOR)).ok()?).ok()
    }

    fn write(&self, folder: &Path) -> Outcome<()> {
        let text = serde_json::to_vec(self).map_err(|e| Fault::internal("快照的标记无法写出", e))?;
        files::write_whole(&folder.join(ANCHOR), &text)
    }
}

/// Opens the snapshot or makes an empty one. One that is not of this house's records (the database came back from a backup,
/// even if as many came in since), or of a format this program cannot read, is made anew: everything in it comes from the
/// database.
pub fn open(house: &House, op: &Op, folder: &Path, upto: i64) -> Outcome<Writer> {
    if folder.join(lake::MANIFEST).exists() {
        match Writer::open(folder, Grain::default()) {
            Ok(writer) => {
                let position = writer.position();
                let anchor = query(house, op, |tx, _| Anchor::of(tx, position))?;
                let known = anchor.is_some() && anchor == Anchor::read(folder);
                if position == 0 || (position <= upto && known) {
                    return Ok(writer);
                }
            }
            Err(LakeFault::Format { .. }) => {}
            Err(fault) => return Err(lake_fault(fault)),
        }
        std::fs::remove_dir_all(folder).map_err(|e| Fault::internal("无法清除旧的数据快照", e))?;
    }
    Writer::create(folder, 0, Grain::default()).map_err(lake_fault)
}

/// Adds the records up to a position to the snapshot, and the entities: those changed since where the last classification
/// can be stood upon, else all of them.
pub fn bring_up_to(
    house: &House,
    op: &Op,
    writer: &mut Writer,
    symbols: &Symbols,
    upto: i64,
    stands: bool,
) -> Outcome<()> {
    // The register first takes in whatever it has not heard of yet, so that no change of an entity is missed.
    log::seal(house, op)?;
    ledger::catch_up(house, op, &[&registry::jobs::Register])?;
    let table = SymbolTable::of(op.pack.hash(), symbols);
    let folder = house.folder.path(super::SNAPSHOT);
    query(house, op, |tx, _| {
        let from = writer.position();
        let registered = writer
            .manifest()
            .entities
            .last()
            .map_or(0, |entry| entry.position);
        let mut changed = Vec::new();
        if stands && registered < from {
            intake::service::facts_after(tx, registered, from, |fact| {
                note(&mut changed, &fact);
                Ok(())
            })?;
        }
        if upto > from {
            let mut segment = writer.segment(upto, &table).map_err(lake_fault)?;
            intake::service::facts_after(tx, from, upto, |fact| {
                if stands {
                    note(&mut changed, &fact);
                }
                let row = Row {
                    entity: fact.subject_id,
                    fact: rules::record_fact(symbols, &fact),
                };
                segment.push(row).map_err(lake_fault)
            })?;
            segment.finish().map_err(lake_fault)?;
            // Killed between the two, the snapshot is made anew.
            if let Some(anchor) = Anchor::of(tx, upto)? {
                anchor.write(&folder)?;
            }
        }
        let row = |entity: registry::model::Entity| EntityRow {
            entity: entity.entity_id,
            facts: rules::entity_facts(symbols, &entity),
        };
        if !stands {
            let mut entities = writer.entities(&table);
            registry::service::export(tx, |entity| entities.push(row(entity)).map_err(lake_fault))?;
            return entities.finish().map_err(lake_fault);
        }
        changed.sort_unstable();
        changed.dedup();
        let mut changes = writer.changes(&table).map_err(lake_fault)?;
        for piece in changed.chunks(PIECE) {
            let mut found = registry::service::of_numbers(tx, piece)?;
            found.sort_unstable_by_key(|entity| entity.entity_id);
            for entity in piece {
                if found.binary_search_by_key(entity, |one| one.entity_id).is_err() {
                    changes.remove(*entity).map_err(lake_fault)?;
                }
            }
            for entity in found {
                changes.push(row(entity)).map_err(lake_fault)?;
            }
        }
        changes.finish().map_err(lake_fault)
    })
}

/// Notes the entity of a record that may change the register.
fn note(changed: &mut Vec<i64>, fact: &intake::model::Fact) {
    if fact.item == registry::rules::REGISTRATION && changed.last() != Some(&fact.subject_id) {
        changed.push(fact.subject_id);
    }
}
