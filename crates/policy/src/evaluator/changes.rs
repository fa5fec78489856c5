//! What would make it better: days on which time alone does, and removals of what is open.

use kernel::Day;
use serde::{Deserialize, Serialize};

use super::compile::{Compiled, Take};
use super::evaluate::{Scratch, Verdict, record_at};
use super::{EntityFacts, OPEN, RecordFact, Relation, day_of_number};
use crate::model::Attribute;

/// How far ahead days are tried, in days (ten years).
const HORIZON: i32 = 3_653;
/// Most days tried.
const MOST_DAYS: usize = 512;
/// Most open records whose removal is tried.
const MOST_REMOVALS: usize = 32;

/// One thing that would make the class or the points better.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Sentence in Chinese.
    pub sentence: String,
    /// For time: the first day it holds. For a removal: `None`.
    pub on: Option<Day>,
    /// For a removal: the record that would end.
    pub record: Option<i64>,
    /// Points there would be.
    pub points: i32,
    /// Index of the class there would be.
    pub class: u8,
    /// Its code.
    pub class_code: String,
}

impl Compiled {
    /// First the earliest day on which points fall, then the earliest on which the class is better (if another day), with no
    /// new record; then one entry for each open record that a removal or repair can end. Uses `scratch`.
    pub(super) fn changes(
        &self,
        now: &Verdict,
        entity: &EntityFacts,
        records: &[RecordFact],
        as_of: i32,
        scratch: &mut Scratch,
    ) -> Vec<Change> {
        let removable = self.removable(records, as_of, scratch);
        let mut changes = self.in_time(now, entity, records, as_of, scratch);
        let mut supposed = records.to_vec();
        let next = records
            .iter()
            .map(|record| record.record)
            .max()
            .unwrap_or(0)
            .saturating_add(1);
        for (record, ender) in removable {
            supposed.truncate(records.len());
            supposed.push(RecordFact {
                record: next,
                names: record.record,
                relation: Relation::Ends,
                item: ender,
                on: as_of,
                ends_on: OPEN,
                amount_fen: 0,
                level: 0,
                code: 0,
            });
            let then = self.evaluate(entity, &supposed, as_of, scratch);
            let title = |item| self.symbols.item_of(item).map_or("", |item| item.title.as_str());
            let what = format!("如完成“{}”（结束“{}”）", title(ender), title(record.item));
            changes.push(self.change(now, &then, &what, None, Some(record.record)));
        }
        changes
    }

    fn change(
        &self,
        now: &Verdict,
        then: &Verdict,
        what: &str,
        on: Option<Day>,
        record: Option<i64>,
    ) -> Change {
        let class_code = self.class_code(then.class);
        let points = if then.points == now.points {
            format!("风险分值仍为{}分", then.points)
        } else {
            format!("风险分值由{}分变为{}分", now.points, then.points)
        };
        let class = if then.class == now.class {
            format!("仍为{class_code}类")
        } else {
            format!("由{}类变为{class_code}类", self.class_code(now.class))
        };
        let by = if then.model == now.model {
            String::new()
        } else {
            format!("，改由“{}”确定", self.part(then.model).title)
        };
        let sentence = format!("{what}，{points}，{class}{by}");
        Change {
            sentence,
            on,
            record,
            points: then.points,
            class: then.class,
            class_code,
        }
    }

    fn in_time(
        &self,
        now: &Verdict,
        entity: &EntityFacts,
        records: &[RecordFact],
        as_of: i32,
        scratch: &mut Scratch,
    ) -> Vec<Change> {
        let mut fewer_points = None;
        let mut better_class = None;
        for day in self.event_days(entity, records, as_of) {
            let then = self.evaluate(entity, records, day, scratch);
            if then.points < now.points && fewer_points.is_none() {
                fewer_points = Some((day, then));
            }
            if then.class < now.class && better_class.is_none() {
                better_class = Some((day, then));
            }
            if fewer_points.is_some() && better_class.is_some() {
                break;
            }
        }
        let mut changes = Vec::new();
        let mut tell = |found: Option<(i32, Verdict)>| {
            if let Some((number, then)) = found
                && let Some(day) = day_of_number(number)
            {
                let what = format!("如无新增记录，自{day}起");
                changes.push(self.change(now, &then, &what, Some(day), None));
            }
        };
        tell(fewer_points);
        if better_class.map(|(day, _)| day) != fewer_points.map(|(day, _)| day) {
            tell(better_class);
        }
        changes
    }

    /// Days after `as_of` on which some cell can change, ascending, none twice.
    fn event_days(&self, entity: &EntityFacts, records: &[RecordFact], as_of: i32) -> Vec<i32> {
        let mut days: Vec<i64> = Vec::new();
        self.add_days(entity, records, &mut days);
        for model in self.line.iter().flat_map(|line| line.models()) {
            model.add_days(entity, records, &mut days);
        }
        let last = i64::from(as_of) + i64::from(HORIZON);
        days.retain(|day| *day > i64::from(as_of) && *day <= last);
        days.sort_unstable();
        days.dedup();
        days.truncate(MOST_DAYS);
        days.into_iter()
            .filter_map(|day| i32::try_from(day).ok())
            .collect()
    }

    /// Days on which some cell of this one model can change.
    fn add_days(&self, entity: &EntityFacts, records: &[RecordFact], days: &mut Vec<i64>) {
        for record in records {
            let (on, ends_on) = (i64::from(record.on), i64::from(record.ends_on));
            days.extend([on, ends_on]);
            for probe in self.probes_of(record.item) {
                if probe.within != i64::MAX {
                    days.push(on.saturating_add(probe.within));
                }
                match &probe.take {
                    Take::Decayed(steps) => days.extend(steps.iter().map(|step| on + i64::from(step.days))),
                    Take::DaysSinceLast => {
                        days.extend(self.thresholds(probe.indicator).map(|min| on.saturating_add(min)));
                    }
                    Take::DaysToEnd => {
                        days.extend(
                            self.thresholds(probe.indicator)
                                .map(|min| ends_on.saturating_sub(min).saturating_add(1)),
                        );
                    }
                    _ => {}
                }
            }
        }
        if let Some(established) = entity.established_on {
            let ages = self
                .attributes
                .iter()
                .filter(|(_, attribute)| *attribute == Attribute::EstablishedOn);
            days.extend(
                ages.flat_map(|(at, _)| self.thresholds(*at))
                    .map(|min| i64::from(established).saturating_add(min)),
            );
        }
    }

    /// Records that speak, are open and can be ended, with the item that ends them; in order of record.
    fn removable(&self, records: &[RecordFact], as_of: i32, scratch: &Scratch) -> Vec<(RecordFact, u16)> {
        let open = scratch.speakers.iter().filter(|speaker| speaker.ends_on > as_of);
        let mut found: Vec<(RecordFact, u16)> = open
            .filter_map(|speaker| record_at(records, *speaker))
            .filter_map(|record| Some((*record, self.symbols.ended_by(record.item)?)))
            .collect();
        found.sort_unstable_by_key(|(record, _)| record.record);
        found.truncate(MOST_REMOVALS);
        found
    }
}
