//! Telling of changed classes (分类变动): one event of the entity for each, whoever decided, with the main reasons.
use std::collections::HashMap;

use db::Tx;
use kernel::{Day, Outcome};
use policy::{Compiled, Explanation, Scratch, day_number};
use serde_json::json;

use super::super::life;
use super::super::model::{Graded, MainReason, Run};
use super::super::rules;
use super::super::store;
use super::{known, model_on};
use crate::hall::{Op, ledger};
use crate::registry;

/// The verb of the event.
pub const CHANGED: &str = "assess.class-changed";

/// Most changes of one run whose events carry their reasons. A run that changes more (a new model) would spend most of its
/// time on them; theirs are worked out when somebody asks, and come out the same.
const MOST_REASONED: usize = 2_000;
/// Reasons given.
const MAIN: usize = 3;

/// Works out the main reasons of decisions, each under the pack it was made under.
#[derive(Default)]
pub struct Why {
    models: HashMap<(String, Day), Option<Compiled>>,
    scratch: Scratch,
}

impl Why {
    /// The main reasons of what a run decided of an entity; `None` where the pack of the run is no longer at hand.
    pub fn reasons(
        &mut self,
        tx: &mut Tx,
        op: &Op,
        run: &Run,
        entity_id: i64,
    ) -> Outcome<Option<Vec<MainReason>>> {
        let key = (run.pack.clone(), run.as_of);
        if !self.models.contains_key(&key) {
            let pack = life::service::pack_of(tx, op, &run.pack)?;
            let model = match pack {
                Some(pack) => Some(model_on(&Op { pack, ..op.clone() }, run.as_of)?),
                None => None,
            };
            self.models.insert(key.clone(), model);
        }
        let Some(Some(model)) = self.models.get(&key) else {
            return Ok(None);
        };
        let Some((entity, records)) = known(tx, model.symbols(), entity_id, run.upto)? else {
            return Ok(None);
        };
        let told = model.explain(&entity, &records, day_number(run.as_of), &mut self.scratch);
        Ok(Some(main_of(&told)))
    }
}

/// What weighs most: the direct rule that set the class, then the indicators by their points.
fn main_of(told: &Explanation) -> Vec<MainReason> {
    let direct = told
        .direct
        .iter()
        .filter(|direct| direct.decides)
        .map(|direct| MainReason {
            code: direct.code.clone(),
            sentence: direct.sentence.clone(),
            points: None,
        });
    let mut reasons: Vec<_> = told.reasons.iter().collect();
    reasons.sort_by_key(|reason| -reason.points.abs());
    let indicators = reasons.into_iter().map(|reason| MainReason {
        code: reason.indicator.clone(),
        sentence: reason.sentence.clone(),
        points: Some(reason.points),
    });
    direct.chain(indicators).take(MAIN).collect()
}

/// Tells of the changes of one run, piece by piece.
#[derive(Default)]
pub struct Notices {
    why: Why,
    reasoned: usize,
}

impl Notices {
    /// Writes an event for each entity whose class became another than `former`.
    pub fn tell(&mut self, tx: &mut Tx, op: &Op, run: &Run, changes: &[(&Graded, &str)]) -> Outcome<()> {
        if changes.is_empty() {
            return Ok(());
        }
        let ids: Vec<i64> = changes.iter().map(|(one, _)| one.entity_id).collect();
        let places: HashMap<i64, String> = registry::service::of_numbers(tx, &ids)?
            .into_iter()
            .map(|entity| (entity.entity_id, entity.division))
            .collect();
        let order = classes(op, run.as_of)?;
        let mut events = Vec::with_capacity(changes.len());
        for (one, former) in changes {
            let reasons = if self.reasoned < MOST_REASONED {
                self.reasoned += 1;
                self.why.reasons(tx, op, run, one.entity_id)?
            } else {
                None
            };
            let direction = rules::direction(&order, former, &one.class);
            events.push(ledger::Event {
                verb: CHANGED,
                subject: format!("entity:{}", one.entity_id),
                entity_id: Some(one.entity_id),
                division: places.get(&one.entity_id).filter(|place| !place.is_empty()).cloned(),
                payload: json!({
                    "run_id": run.run_id, "as_of": run.as_of, "model": run.model, "pack": run.pack, "from": former,
                    "to": one.class, "points": one.points, "direction": direction, "reasons": reasons,
                }),
                ..ledger::Event::default()
            });
        }
        ledger::append_all(tx, op, &events)
    }
}

/// Codes of the classes, the best first.
pub fn classes(op: &Op, day: Day) -> Outcome<Vec<String>> {
    let classes = op.pack.on(day).classes(rules::GENERAL_MODEL)?;
    Ok(classes.value.iter().map(|class| class.code.clone()).collect())
}

/// The run that decided, read once for each number.
#[derive(Default)]
pub struct Runs(HashMap<i64, Run>);

impl Runs {
    /// The run of a number.
    pub fn get(&mut self, tx: &mut Tx, run_id: i64) -> Outcome<Run> {
        if let Some(run) = self.0.get(&run_id) {
            return Ok(run.clone());
        }
        let run = store::run(tx, run_id)?.ok_or_else(kernel::Fault::hidden)?;
        self.0.insert(run_id, run.clone());
        Ok(run)
    }
}
