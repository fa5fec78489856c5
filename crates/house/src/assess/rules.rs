//! From records to the evaluator's facts, and when a jump of class shares is an alarm. Pure.
use std::collections::BTreeMap;

use kernel::SubjectNo;
use policy::{EntityFacts, OPEN, RecordFact, Relation, Symbols, day_number};

use super::model::{ClassCount, Direction, Graded, Run, Standing};
use crate::intake;
use crate::registry::model::Entity;

/// The general model (通用型企业信用风险分类).
pub const GENERAL_MODEL: &str = "generic";

/// What the evaluator needs of an entity.
pub fn entity_facts(symbols: &Symbols, entity: &Entity) -> EntityFacts {
    EntityFacts {
        established_on: entity.established_on.map(day_number),
        capital_fen: entity.capital_fen,
        kind: kind_of(symbols, entity),
        status: symbols.code(&entity.status),
        industry: symbols.nearest(&entity.industry),
        division: symbols.nearest(&entity.division),
    }
}

/// The entity type; where the registers do not say it, what kind of body the number tells: `body-` and the first two
/// characters of a credit code (GB 32100), or from the first digit of the sequence of a registration number whether it is an
/// individual household (GS 15-2006).
fn kind_of(symbols: &Symbols, entity: &Entity) -> u32 {
    const SEQUENCE: usize = 6;
    let known = symbols.code(&entity.kind);
    if known != 0 {
        return known;
    }
    let body = match SubjectNo::parse(&entity.subject_no) {
        Ok(SubjectNo::Uscc(code)) => code.as_str().get(..2).map(str::to_owned),
        Ok(SubjectNo::RegNo(number)) => {
            let sequence = number.as_str().as_bytes().get(SEQUENCE).copied();
            sequence.map(|digit| if digit >= b'6' { "92" } else { "91" }.to_owned())
        }
        Err(_) => None,
    };
    body.map_or(0, |body| symbols.code(&format!("body-{body}")))
}

/// What the evaluator needs of a record.
pub fn record_fact(symbols: &Symbols, fact: &intake::model::Fact) -> RecordFact {
    RecordFact {
        record: fact.record_id,
        names: fact.names_id,
        relation: match fact.relation {
            intake::model::Relation::None => Relation::None,
            intake::model::Relation::Corrects => Relation::Corrects,
            intake::model::Relation::Withdraws => Relation::Withdraws,
            intake::model::Relation::Ends => Relation::Ends,
        },
        item: symbols.item(&fact.item),
        on: day_number(fact.on_day),
        ends_on: fact.ends_day.map_or(OPEN, day_number),
        amount_fen: fact.amount_fen,
        level: i32::try_from(fact.level).unwrap_or(i32::MAX),
        code: symbols.code(&fact.code),
    }
}

/// What the outcome of a run does to the class that stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Nothing: it is the same, or a later run decided.
    None,
    /// The entity had no class.
    First,
    /// The same class and points, told anew by a run about this entity, so that an older run over everybody, still at work
    /// on what was known before, does not undo it.
    Confirmed,
    /// Class or points are others.
    Changed {
        /// Whether the class is another.
        class: bool,
    },
}

/// Holds an outcome against the class that stands.
pub fn effect(run: &Run, graded: &Graded, standing: Option<&Standing>) -> Effect {
    let Some(standing) = standing else {
        return Effect::First;
    };
    let class = standing.class != graded.class;
    if standing.run_id >= run.run_id {
        Effect::None
    } else if class || standing.points != graded.points {
        Effect::Changed { class }
    } else if run.kind == "event" {
        Effect::Confirmed
    } else {
        Effect::None
    }
}

/// Which way a class changed, by the order of classes from best to worst.
pub fn direction(order: &[String], from: &str, to: &str) -> Direction {
    let place = |class: &str| order.iter().position(|one| one == class);
    match (place(from), place(to)) {
        (Some(from), Some(to)) if to > from => Direction::Worse,
        (Some(from), Some(to)) if to < from => Direction::Better,
        _ => Direction::Other,
    }
}

/// A class's share that jumped beyond what the pack allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jump {
    /// 类别
    pub class: String,
    /// Entities before and now.
    pub before: i64,
    /// Entities now.
    pub now: i64,
}

/// The classes whose share of all entities rose by more than `rise` (numerator, denominator) between two runs.
///
/// Whole numbers throughout: now/total_now − before/total_before > num/den, brought over one denominator.
pub fn jumped(
    before: &[ClassCount],
    now: &[ClassCount],
    class: &str,
    rise: (u64, u64),
    at_least: i64,
) -> Option<Jump> {
    let of = |counts: &[ClassCount]| -> (i128, i128) {
        let sums: BTreeMap<&str, i64> = counts.iter().map(|c| (c.class.as_str(), c.entities)).collect();
        (
            i128::from(sums.get(class).copied().unwrap_or(0)),
            i128::from(sums.values().sum::<i64>()),
        )
    };
    let ((was, all_before), (is, all_now)) = (of(before), of(now));
    if all_before == 0 || all_now == 0 || is < i128::from(at_least) {
        return None;
    }
    let (num, den) = (i128::from(rise.0), i128::from(rise.1));
    let risen = (is * all_before - was * all_now) * den > num * all_before * all_now;
    risen.then(|| Jump {
        class: class.to_owned(),
        before: i64::try_from(was).unwrap_or(i64::MAX),
        now: i64::try_from(is).unwrap_or(i64::MAX),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(a: i64, d: i64) -> Vec<ClassCount> {
        vec![
            ClassCount {
                class: "A".into(),
                entities: a,
            },
            ClassCount {
                class: "D".into(),
                entities: d,
            },
        ]
    }

    #[test]
    fn a_change_has_a_direction_by_the_order_of_classes() {
        let order: Vec<String> = ["A", "B", "C"].map(str::to_owned).into();
        assert_eq!(direction(&order, "A", "C"), Direction::Worse);
        assert_eq!(direction(&order, "C", "B"), Direction::Better);
        assert_eq!(direction(&order, "X", "B"), Direction::Other);
    }

    #[test]
    fn a_share_that_rises_beyond_the_threshold_is_a_jump() {
        assert_eq!(
            jumped(&counts(990, 10), &counts(970, 30), "D", (1, 100), 10).map(|j| j.now),
            Some(30)
        );
    }

    #[test]
    fn a_rise_of_exactly_the_threshold_is_none() {
        assert_eq!(
            jumped(&counts(990, 10), &counts(980, 20), "D", (1, 100), 10),
            None
        );
    }

    #[test]
    fn few_entities_are_no_jump_whatever_their_share() {
        assert_eq!(jumped(&counts(99, 1), &counts(95, 5), "D", (1, 100), 10), None);
    }

    #[test]
    fn growth_of_the_whole_register_alone_is_no_jump() {
        assert_eq!(
            jumped(&counts(990, 10), &counts(9900, 100), "D", (1, 100), 10),
            None
        );
    }
}
