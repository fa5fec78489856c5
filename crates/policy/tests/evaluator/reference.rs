//! The evaluator written again, slowly, straight from the meaning of the model: the other side of the differential test.

use std::collections::BTreeMap;

use policy::{
    Aggregate, Attribute, EntityFacts, Factor, FactorSource, FactorUnit, Indicator, ItemMode, Model, OPEN,
    RecordFact, Relation, Scoring, Source, Symbols,
};

/// What the reference finds.
#[derive(Debug, PartialEq, Eq)]
pub struct Finding {
    pub class: u8,
    pub points: i32,
    pub groups: Vec<i32>,
    pub floor: Option<u16>,
}

/// A record withdrawn on the day: some withdrawal in force names it, or names what it corrects.
fn withdrawn(record: &RecordFact, seen: &[RecordFact]) -> bool {
    let by_another = seen.iter().any(|other| {
        let origin = origin_of(other, seen);
        origin.relation == Relation::Withdraws
            && named(&origin, seen).is_some_and(|named| named.record == record.record)
            && family_speaks(&origin, seen)
    });
    let under = (record.relation == Relation::Corrects)
        .then(|| named(record, seen))
        .flatten();
    by_another || under.is_some_and(|under| withdrawn(&under, seen))
}

fn named(record: &RecordFact, seen: &[RecordFact]) -> Option<RecordFact> {
    let earlier = record.relation != Relation::None && record.names != 0 && record.names < record.record;
    if earlier {
        seen.iter().find(|other| other.record == record.names).copied()
    } else {
        None
    }
}

/// The first record of the family.
fn origin_of(record: &RecordFact, seen: &[RecordFact]) -> RecordFact {
    match named(record, seen) {
        Some(under) if record.relation == Relation::Corrects => origin_of(&under, seen),
        _ => *record,
    }
}

fn family_of(origin: &RecordFact, seen: &[RecordFact]) -> Vec<RecordFact> {
    seen.iter()
        .filter(|record| origin_of(record, seen).record == origin.record)
        .copied()
        .collect()
}

fn speaker_of(origin: &RecordFact, seen: &[RecordFact]) -> Option<RecordFact> {
    let mut standing: Vec<RecordFact> = family_of(origin, seen)
        .into_iter()
        .filter(|record| !withdrawn(record, seen))
        .collect();
    standing.sort_by_key(|record| record.record);
    standing.last().copied()
}

fn family_speaks(origin: &RecordFact, seen: &[RecordFact]) -> bool {
    speaker_of(origin, seen).is_some()
}

/// The records that count, with their ends.
pub fn standing(records: &[RecordFact], as_of: i32, symbols: &Symbols) -> Vec<RecordFact> {
    let seen: Vec<RecordFact> = records
        .iter()
        .filter(|record| record.on <= as_of)
        .copied()
        .collect();
    let origins: Vec<RecordFact> = seen
        .iter()
        .filter(|record| origin_of(record, &seen).record == record.record)
        .copied()
        .collect();
    let mut counting = Vec::new();
    for origin in &origins {
        if origin.relation == Relation::Withdraws {
            continue;
        }
        let Some(mut speaker) = speaker_of(origin, &seen) else {
            continue;
        };
        let mut ends: Vec<(i64, i32)> = Vec::new();
        for end in origins.iter().filter(|end| end.relation == Relation::Ends) {
            let hits =
                named(end, &seen).is_some_and(|named| origin_of(&named, &seen).record == origin.record);
            if let Some(word) = speaker_of(end, &seen).filter(|_| hits) {
                ends.push((end.record, word.on));
            }
        }
        if let Some((_, on)) = ends.iter().max() {
            speaker.ends_on = *on;
        }
        counting.push(speaker);
    }
    let mut latest: BTreeMap<u16, RecordFact> = BTreeMap::new();
    let mut kept = Vec::new();
    for record in counting {
        let state = symbols
            .item_of(record.item)
            .is_some_and(|item| item.mode == ItemMode::State);
        if !state {
            kept.push(record);
        } else if latest
            .get(&record.item)
            .is_none_or(|old| (old.on, old.record) < (record.on, record.record))
        {
            latest.insert(record.item, record);
        }
    }
    kept.extend(latest.into_values());
    kept
}

fn value(
    indicator: &Indicator,
    entity: &EntityFacts,
    standing: &[RecordFact],
    as_of: i32,
    symbols: &Symbols,
) -> Option<i64> {
    let code = |code: u32| (code != 0).then(|| i64::from(code));
    let records = match &indicator.source {
        Source::Attribute(Attribute::EstablishedOn) => {
            return entity.established_on.map(|day| i64::from(as_of - day));
        }
        Source::Attribute(Attribute::CapitalFen) => return entity.capital_fen,
        Source::Attribute(Attribute::Kind) => return code(entity.kind),
        Source::Attribute(Attribute::Status) => return code(entity.status),
        Source::Attribute(Attribute::Industry) => return code(entity.industry),
        Source::Attribute(Attribute::Division) => return code(entity.division),
        Source::Records(records) => records,
    };
    let condition = &records.condition;
    let mut pass: Vec<&RecordFact> = standing
        .iter()
        .filter(|record| records.items.iter().any(|item| symbols.item(item) == record.item))
        .filter(|record| records.within_days.is_none_or(|days| as_of - record.on < days))
        .filter(|record| {
            condition.codes.is_empty()
                || condition
                    .codes
                    .iter()
                    .any(|code| symbols.code(code) == record.code)
        })
        .filter(|record| condition.level_min.is_none_or(|least| record.level >= least))
        .filter(|record| {
            condition
                .amount_min
                .is_none_or(|least| record.amount_fen >= least)
        })
        .filter(|record| !condition.open || record.ends_on > as_of)
        .collect();
    pass.sort_by_key(|record| (record.on, record.record));
    let last = pass.last()?;
    match &records.aggregate {
        Aggregate::Count => Some(pass.len() as i64),
        Aggregate::Sum => Some(pass.iter().map(|record| record.amount_fen).sum()),
        Aggregate::MaxLevel => pass.iter().map(|record| i64::from(record.level)).max(),
        Aggregate::LastLevel => Some(i64::from(last.level)),
        Aggregate::LastCode => Some(i64::from(last.code)),
        Aggregate::DaysSinceLast => Some(i64::from(as_of - last.on)),
        Aggregate::DaysToEnd => {
            let ahead = pass
                .iter()
                .filter(|record| record.ends_on > as_of && record.ends_on != OPEN);
            ahead.map(|record| i64::from(record.ends_on - as_of)).min()
        }
        Aggregate::Decayed(steps) => {
            let weight = |record: &&&RecordFact| {
                steps
                    .iter()
                    .find(|step| as_of - record.on < step.days)
                    .map(|step| step.permille)
            };
            Some(
                pass.iter()
                    .filter_map(|record| weight(&record))
                    .map(i64::from)
                    .sum(),
            )
        }
    }
}

fn points(indicator: &Indicator, value: Option<i64>, symbols: &Symbols) -> i32 {
    let Some(value) = value else {
        return indicator.absent;
    };
    match &indicator.scoring {
        Scoring::Bands(bands) => bands
            .iter()
            .rfind(|band| band.min <= value)
            .map_or(0, |band| band.points),
        Scoring::Map(entries) => {
            let text = symbols.code_of(value as u32).unwrap_or("");
            let prefix = matches!(
                indicator.source,
                Source::Attribute(Attribute::Industry | Attribute::Division)
            );
            let fits = entries.iter().filter(|entry| {
                if prefix {
                    !text.is_empty() && text.starts_with(&entry.code)
                } else {
                    text == entry.code
                }
            });
            fits.max_by_key(|entry| entry.code.len())
                .map_or(0, |entry| entry.points)
        }
    }
}

fn number_of(factor: &Factor, seen: i64, symbols: &Symbols) -> i32 {
    let neutral = if factor.unit == FactorUnit::Permille {
        1000
    } else {
        0
    };
    match &factor.scoring {
        Scoring::Bands(bands) => {
            let band = bands.iter().rfind(|band| band.min <= seen);
            band.map_or(neutral, |band| band.points)
        }
        Scoring::Map(entries) => {
            let text = symbols.code_of(seen as u32).unwrap_or("");
            let prefix = matches!(
                factor.source,
                FactorSource::Attribute(Attribute::Industry | Attribute::Division)
            );
            let fits = entries
                .iter()
                .filter(|entry| text == entry.code || (prefix && text.starts_with(&entry.code)));
            fits.max_by_key(|entry| entry.code.len())
                .map_or(neutral, |entry| entry.points)
        }
    }
}

/// What an indicator shows to others: the value in bands, the points of a map.
fn seen_by(model: &Model, code: &str, values: &[Option<i64>], given: &[i32]) -> Option<i64> {
    let at = model
        .indicators
        .iter()
        .position(|indicator| indicator.code == code)
        .unwrap();
    match &model.indicators[at].scoring {
        Scoring::Bands(_) => values[at],
        Scoring::Map(_) => values[at].map(|_| i64::from(given[at])),
    }
}

/// The class of an entity on a day.
pub fn find(
    model: &Model,
    symbols: &Symbols,
    entity: &EntityFacts,
    records: &[RecordFact],
    as_of: i32,
) -> Finding {
    let standing = standing(records, as_of, symbols);
    let values: Vec<Option<i64>> = model
        .indicators
        .iter()
        .map(|indicator| value(indicator, entity, &standing, as_of, symbols))
        .collect();
    let given: Vec<i32> = model
        .indicators
        .iter()
        .zip(&values)
        .map(|(indicator, value)| points(indicator, *value, symbols))
        .collect();
    let groups: Vec<i32> = model
        .groups
        .iter()
        .map(|group| {
            let mine = model
                .indicators
                .iter()
                .zip(&given)
                .filter(|(indicator, _)| indicator.group == group.code);
            mine.map(|(_, points)| *points).sum::<i32>().max(0).min(group.cap)
        })
        .collect();
    let base: i32 = groups.iter().sum();
    let mut total = base;
    for factor in &model.factors {
        let seen = match &factor.source {
            FactorSource::Attribute(attribute) => {
                let source = Source::Attribute(*attribute);
                let asking = Indicator {
                    source,
                    ..model.indicators[0].clone()
                };
                value(&asking, entity, &standing, as_of, symbols)
            }
            FactorSource::Indicator(code) => seen_by(model, code, &values, &given),
        };
        let number = seen.map_or(factor.absent, |seen| number_of(factor, seen, symbols));
        total += match factor.unit {
            FactorUnit::Permille => base * (number - 1000) / 1000,
            FactorUnit::Points => number,
        };
    }
    let total = total.max(0);
    let mut class = model
        .classes
        .iter()
        .position(|class| class.below.is_none_or(|below| total < below))
        .unwrap();
    let mut floor = None;
    for (number, direct) in model.direct.iter().enumerate() {
        let compared = seen_by(model, &direct.indicator, &values, &given);
        let bound = model
            .classes
            .iter()
            .position(|class| class.code == direct.not_better_than)
            .unwrap();
        if compared.is_some_and(|value| value >= direct.min) && bound > class {
            class = bound;
            floor = Some(number as u16);
        }
    }
    Finding {
        class: class as u8,
        points: total,
        groups,
        floor,
    }
}
