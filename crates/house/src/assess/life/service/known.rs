//! What visits found, and what was known the day before each.
use std::collections::HashMap;

use db::Tx;
use kernel::{Day, Outcome};
use policy::pack::OutcomeItem;
use policy::{EntityFacts, RecordFact, Symbols};

use super::super::model::Visit;
use super::super::rules::{self, Recorded};
use crate::assess::rules as facts;
use crate::hall::Op;
use crate::intake::model::{Fact, Record};
use crate::registry::model::Entity;
use crate::{intake, registry};

/// Entities looked at in one transaction.
pub const PAGE: i64 = 200;

/// What was known the day before a visit.
pub struct Known {
    /// The visit.
    pub visit: Visit,
    /// What was known; `None` where nobody knows of a registration.
    pub then: Option<Then>,
}

/// The entity and its records as they were known.
pub struct Then {
    entity: Entity,
    facts: Vec<Fact>,
    /// Whether the house knew the entity the day before. Otherwise its past was handed over later: then it is taken as first
    /// registered, with every record of a fact before the visit.
    pub as_known: bool,
}

impl Then {
    /// What the evaluator needs.
    pub fn facts(&self, symbols: &Symbols) -> (EntityFacts, Vec<RecordFact>) {
        let records = self.facts.iter().map(|fact| facts::record_fact(symbols, fact));
        (facts::entity_facts(symbols, &self.entity), records.collect())
    }
}

/// A page of entities with past visits, and what was known before each.
pub struct Page {
    /// The last entity looked at; `None`: there are no more.
    pub last: Option<i64>,
    /// The visits, by entity, then day.
    pub known: Vec<Known>,
    /// Records whose result code nobody knows.
    pub unknown: u64,
}

/// Reads past visits page by page.
pub struct Past {
    /// First and last day of the visits.
    pub days: (Day, Day),
    /// Up to which record was known at the end of a day.
    positions: HashMap<Day, i64>,
}

impl Past {
    /// Visits from one day to another.
    pub fn new(days: (Day, Day)) -> Self {
        Self {
            days,
            positions: HashMap::new(),
        }
    }

    /// The visits of the next entities.
    pub fn page(&mut self, tx: &mut Tx, op: &Op, law: &OutcomeItem, after: i64) -> Outcome<Page> {
        let entities = intake::service::with_item(tx, &law.item, after, PAGE)?;
        let mut records = intake::service::current_among(tx, &law.item, self.days, &entities)?;
        records.sort_by_key(|record| (record.subject_id, record.record_id));
        let mut page = Page {
            last: entities.last().copied(),
            known: Vec::new(),
            unknown: 0,
        };
        let codes = op.pack.on(op.today());
        let problem = |code: &str| codes.result(code).ok().map(|known| known.value.problem);
        for records in records.chunk_by(|a, b| a.subject_id == b.subject_id) {
            let (visits, unknown) = rules::visits(law, problem, records.iter().map(result));
            page.unknown += unknown;
            let Some(entity_id) = records.first().map(|record| record.subject_id) else {
                continue;
            };
            let facts = intake::service::facts_of(tx, entity_id, i64::MAX)?;
            for visit in visits {
                let then = self.then(tx, &facts, &visit)?;
                page.known.push(Known { visit, then });
            }
        }
        Ok(page)
    }

    fn then(&mut self, tx: &mut Tx, facts: &[Fact], visit: &Visit) -> Outcome<Option<Then>> {
        let before = visit.on.pred_opt().unwrap_or(visit.on);
        let upto = match self.positions.get(&before) {
            Some(upto) => *upto,
            None => {
                let upto = intake::service::position_at(tx, registry::rules::end_of(before))?;
                self.positions.insert(before, upto);
                upto
            }
        };
        if let Some(entity) = registry::service::entity_at(tx, visit.entity_id, upto)? {
            let facts = facts
                .iter()
                .filter(|fact| fact.record_id <= upto)
                .cloned()
                .collect();
            return Ok(Some(Then {
                entity,
                facts,
                as_known: true,
            }));
        }
        let first = facts
            .iter()
            .find(|fact| fact.item == registry::rules::REGISTRATION);
        let Some(first) = first else { return Ok(None) };
        let entity = registry::service::entity_at(tx, visit.entity_id, first.record_id)?;
        Ok(entity.map(|entity| Then {
            entity,
            facts: facts.to_vec(),
            as_known: false,
        }))
    }
}

fn result(record: &Record) -> Recorded<'_> {
    Recorded {
        entity_id: record.subject_id,
        on: record.on_day,
        code: record.code.as_deref(),
        fields: &record.payload,
    }
}
