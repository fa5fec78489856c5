//! Records that the house itself writes: withdrawals of what it linked, copies and withdrawals of a merge. They are records
//! like any other, in batches of their own, and name what they act upon.
use std::collections::BTreeMap;

use db::Tx;
use kernel::{Day, Outcome};
use policy::{OPEN, RecordFact, day_number};
use serde_json::json;

use super::super::model::{NewBatch, Relation};
use super::super::store::{self as batches, Step, Sums};
use super::store::merge as store;
use crate::hall::{Op, ledger};

/// A record about to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Number of the entity.
    pub subject_id: i64,
    /// Catalogue item.
    pub item: String,
    /// Names the record among those of the entity and item.
    pub record_key: String,
    /// Hash of the content.
    pub digest: String,
    /// What it does to `names_id`.
    pub relation: Relation,
    /// The record it acts upon.
    pub names_id: Option<i64>,
    /// The day it happened.
    pub on_day: Day,
    /// The day it ends.
    pub ends_day: Option<Day>,
    /// Amount in fen.
    pub amount_fen: Option<i64>,
    /// Level.
    pub level: Option<i64>,
    /// Code.
    pub code: Option<String>,
    /// The fields: the text of a JSON object.
    pub payload: String,
    /// Department whose word it is.
    pub supplier: String,
    /// Line in the batch it came in first.
    pub line: i64,
}

impl Entry {
    /// What takes `named` back, on a day: an empty record that names it.
    pub fn withdrawal(&self, named: i64, on_day: Day) -> Self {
        Self {
            relation: Relation::Withdraws,
            names_id: Some(named),
            on_day,
            ends_day: None,
            amount_fen: None,
            level: None,
            code: None,
            payload: "{}".into(),
            ..self.clone()
        }
    }
}

/// A record with its number.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    /// Number.
    pub record_id: i64,
    /// What it says.
    pub entry: Entry,
}

/// What is left of a record for telling what became of it.
pub fn fact(known: &Known) -> RecordFact {
    let entry = &known.entry;
    RecordFact {
        record: known.record_id,
        names: entry.names_id.unwrap_or(0),
        relation: match entry.relation {
            Relation::None => policy::Relation::None,
            Relation::Corrects => policy::Relation::Corrects,
            Relation::Withdraws => policy::Relation::Withdraws,
            Relation::Ends => policy::Relation::Ends,
        },
        item: 0,
        on: day_number(entry.on_day),
        ends_on: entry.ends_day.map_or(OPEN, day_number),
        amount_fen: 0,
        level: 0,
        code: 0,
    }
}

/// What a deed is: its word in `source`, its name for people, and who answers for it.
pub struct Deed<'a> {
    /// `match` or `merge`.
    pub source: &'static str,
    /// What is done, for people.
    pub title: &'a str,
    /// Department that answers for the batch.
    pub supplier: &'a str,
}

/// Writes records with numbers drawn before, in batches by item, and tells of each. Holds the lock of applying already.
pub fn write(tx: &mut Tx, op: &Op, deed: &Deed<'_>, records: &[(i64, Entry)]) -> Outcome<()> {
    let mut by_item: BTreeMap<&str, Vec<(i64, &Entry)>> = BTreeMap::new();
    for (record_id, entry) in records {
        by_item.entry(&entry.item).or_default().push((*record_id, entry));
    }
    for (item, records) in by_item {
        let batch_id = tx.next_id()?;
        let new = NewBatch {
            item: item.to_owned(),
            supplier: deed.supplier.to_owned(),
            source: deed.source.to_owned(),
            file_name: deed.title.to_owned(),
            ..NewBatch::default()
        };
        // A digest no file has: nothing handed over is ever taken for it.
        batches::save_batch(tx, batch_id, &new, &format!("{}:{batch_id}", deed.source), op.at)?;
        store::write(tx, (batch_id, deed.source, op.at), &records)?;
        let count = i64::try_from(records.len()).unwrap_or(0);
        let step = Step {
            line: 0,
            read: count,
            refused: 0,
            bytes: 0,
            note: Some(deed.title),
        };
        batches::staged_to(tx, batch_id, &step)?;
        let sums = Sums {
            accepted: count,
            first: records.iter().map(|record| record.0).min(),
            last: records.iter().map(|record| record.0).max(),
            ..Sums::default()
        };
        batches::applied(tx, batch_id, &sums, op.at)?;
        let told = ledger::Event {
            verb: "intake.batch-applied",
            subject: format!("batch:{batch_id}"),
            department: Some(deed.supplier.to_owned()),
            payload: json!({
                "batch_id": batch_id, "item": item, "accepted": count, "unchanged": 0, "refused": 0, "loose": 0,
                "first": sums.first, "last": sums.last, "new_subjects": 0, "followed": [],
            }),
            ..ledger::Event::default()
        };
        ledger::append(tx, op, told)?;
    }
    Ok(())
}
