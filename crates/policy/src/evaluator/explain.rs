//! The verdict told in sentences: the same cells as `evaluate`, with what filled them.

use kernel::{Day, Fen};
use serde::{Deserialize, Serialize};

use super::changes::Change;
use super::compile::{Compiled, Probe, Take};
use super::evaluate::{Cell, Scratch, Verdict, record_at};
use super::{EntityFacts, RecordFact, day_of_number};
use crate::model::{Aggregate, Attribute, Basis, Indicator, Scoring, Source};

/// Why an entity has its class, and what would change it. For internal use: the class is not published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// Code of the model.
    pub model: String,
    /// First day of the model's version.
    pub model_from: Day,
    /// Day the class is for; `None` only for a day number beyond the calendar.
    pub as_of: Option<Day>,
    /// Index of the class, as in [`Verdict`].
    pub class: u8,
    /// Code of the class.
    pub class_code: String,
    /// Title of the class.
    pub class_title: String,
    /// Code of the class that the points alone would give.
    pub class_by_points: String,
    /// Total points.
    pub points: i32,
    /// Points by group, all groups, in order.
    pub groups: Vec<GroupPoints>,
    /// Indicators that give points (above or below 0), by group, then in the order of the model.
    pub reasons: Vec<Reason>,
    /// Direct rules (直接判定) whose condition holds.
    pub direct: Vec<DirectReason>,
    /// What would make it better.
    pub changes: Vec<Change>,
}

/// Points of one group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupPoints {
    /// Code.
    pub code: String,
    /// Title.
    pub title: String,
    /// Points after clipping.
    pub points: i32,
    /// Sum of the indicators before clipping.
    pub raw: i64,
    /// Most points.
    pub cap: i32,
}

/// One indicator that gives points.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// Code of the indicator.
    pub indicator: String,
    /// Its title.
    pub title: String,
    /// Code of its group.
    pub group: String,
    /// Its value; `None` when there was nothing to look at. For codes: the points they give.
    pub value: Option<i64>,
    /// Its points.
    pub points: i32,
    /// Sentence in Chinese.
    pub sentence: String,
    /// Document it rests on.
    pub basis: Basis,
    /// Records that made the value, ascending.
    pub records: Vec<i64>,
}

/// One direct rule whose condition holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectReason {
    /// Code of the rule.
    pub code: String,
    /// Its title.
    pub title: String,
    /// Class the entity cannot be better than.
    pub not_better_than: String,
    /// Whether this rule set the class.
    pub decides: bool,
    /// Sentence in Chinese.
    pub sentence: String,
    /// Document it rests on.
    pub basis: Basis,
    /// Records that made the value, ascending.
    pub records: Vec<i64>,
}

impl Compiled {
    /// The verdict with its reasons and what would change it. Points and class equal those of [`Compiled::evaluate`].
    pub fn explain(
        &self,
        entity: &EntityFacts,
        records: &[RecordFact],
        as_of: i32,
        scratch: &mut Scratch,
    ) -> Explanation {
        let verdict = self.evaluate(entity, records, as_of, scratch);
        let reasons = self.reasons(records, as_of, scratch);
        let direct = self.direct_reasons(&verdict, records, as_of, scratch);
        let groups = self.group_reasons(&verdict, scratch);
        let changes = self.changes(&verdict, entity, records, as_of, scratch);
        let class = self.model.classes.get(usize::from(verdict.class));
        Explanation {
            model: self.model.code.clone(),
            model_from: self.model.from,
            as_of: day_of_number(as_of),
            class: verdict.class,
            class_code: class.map(|class| class.code.clone()).unwrap_or_default(),
            class_title: class.map(|class| class.title.clone()).unwrap_or_default(),
            class_by_points: self.class_code(self.class_by_points(i64::from(verdict.points))),
            points: verdict.points,
            groups,
            reasons,
            direct,
            changes,
        }
    }

    /// Code of the class at an index; empty beyond the last.
    pub fn class_code(&self, class: u8) -> String {
        self.model
            .classes
            .get(usize::from(class))
            .map(|class| class.code.clone())
            .unwrap_or_default()
    }

    fn group_reasons(&self, verdict: &Verdict, scratch: &Scratch) -> Vec<GroupPoints> {
        let raw = self.raw_groups(&scratch.cells);
        let told =
            self.model
                .groups
                .iter()
                .zip(verdict.group_points)
                .zip(raw)
                .map(|((group, points), raw)| GroupPoints {
                    code: group.code.clone(),
                    title: group.title.clone(),
                    points,
                    raw,
                    cap: group.cap,
                });
        told.collect()
    }

    fn reasons(&self, records: &[RecordFact], as_of: i32, scratch: &Scratch) -> Vec<Reason> {
        let mut reasons = Vec::new();
        for (place, group) in self.model.groups.iter().enumerate() {
            for (at, (indicator, cell)) in self.model.indicators.iter().zip(&scratch.cells).enumerate() {
                let points = self.points_of(at, cell);
                if points == 0 || self.rated.get(at).is_none_or(|rated| rated.group != place) {
                    continue;
                }
                reasons.push(Reason {
                    indicator: indicator.code.clone(),
                    title: indicator.title.clone(),
                    group: group.code.clone(),
                    value: self.compared(at, cell),
                    points,
                    sentence: self.sentence(&indicator.sentence, at, indicator, cell),
                    basis: indicator.basis.clone(),
                    records: self.records_behind(at, cell, records, as_of, scratch),
                });
            }
        }
        reasons
    }

    fn direct_reasons(
        &self,
        verdict: &Verdict,
        records: &[RecordFact],
        as_of: i32,
        scratch: &Scratch,
    ) -> Vec<DirectReason> {
        let mut told = Vec::new();
        for (number, (direct, bound)) in (0_u16..).zip(self.model.direct.iter().zip(&self.bounds)) {
            let at = bound.indicator;
            let (Some(cell), Some(indicator)) = (scratch.cells.get(at), self.model.indicators.get(at)) else {
                continue;
            };
            if self.compared(at, cell).is_none_or(|value| value < bound.min) {
                continue;
            }
            told.push(DirectReason {
                code: direct.code.clone(),
                title: direct.title.clone(),
                not_better_than: direct.not_better_than.clone(),
                decides: verdict.floor == Some(number),
                sentence: self.sentence(&direct.sentence, at, indicator, cell),
                basis: direct.basis.clone(),
                records: self.records_behind(at, cell, records, as_of, scratch),
            });
        }
        told
    }

    /// Record numbers behind a cell: all that were counted or summed, else those that decided the value.
    fn records_behind(
        &self,
        at: usize,
        cell: &Cell,
        records: &[RecordFact],
        as_of: i32,
        scratch: &Scratch,
    ) -> Vec<i64> {
        let mut behind: Vec<i64> = Vec::new();
        for speaker in &scratch.speakers {
            let Some(record) = record_at(records, *speaker) else {
                continue;
            };
            let mut mine = self
                .probes_of(record.item)
                .iter()
                .filter(|probe| probe.indicator == at);
            if mine.any(|probe| {
                probe.admits(record, speaker.ends_on, as_of)
                    && probe.decided(cell, record, speaker.ends_on, as_of)
            }) {
                behind.push(record.record);
            }
        }
        behind.sort_unstable();
        behind
    }

    fn sentence(&self, template: &str, at: usize, indicator: &Indicator, cell: &Cell) -> String {
        let value = self.value_text(indicator, cell);
        template
            .replace("{value}", &value)
            .replace("{points}", &self.points_of(at, cell).to_string())
    }

    fn value_text(&self, indicator: &Indicator, cell: &Cell) -> String {
        if !cell.seen {
            return "无".to_owned();
        }
        if let Scoring::Map(entries) = &indicator.scoring {
            let text = u32::try_from(cell.value)
                .ok()
                .and_then(|number| self.symbols.code_of(number))
                .unwrap_or("其他");
            let exact = entries
                .iter()
                .find(|entry| entry.code == text && !entry.title.is_empty());
            let prefix = entries
                .iter()
                .filter(|entry| text.starts_with(&entry.code) && !entry.title.is_empty());
            let title = match indicator.source {
                Source::Attribute(Attribute::Industry | Attribute::Division) => {
                    prefix.max_by_key(|entry| entry.code.len())
                }
                _ => exact,
            };
            return title.map_or(text, |entry| &entry.title).to_owned();
        }
        match &indicator.source {
            Source::Attribute(Attribute::CapitalFen) => Fen(cell.value).to_string(),
            Source::Attribute(_) => cell.value.to_string(),
            Source::Records(records) => match records.aggregate {
                Aggregate::Sum => Fen(cell.value).to_string(),
                Aggregate::Decayed(_) => permille_text(cell.value),
                _ => cell.value.to_string(),
            },
        }
    }
}

impl Probe {
    /// Whether an admitted record is among those that made the value.
    fn decided(&self, cell: &Cell, record: &RecordFact, ends_on: i32, as_of: i32) -> bool {
        match self.take {
            Take::Count | Take::Sum | Take::Decayed(_) => true,
            Take::MaxLevel => i64::from(record.level) == cell.value,
            Take::DaysToEnd => i64::from(ends_on) - i64::from(as_of) == cell.value,
            Take::LastLevel | Take::LastCode | Take::DaysSinceLast => cell.is_latest(record),
        }
    }
}

/// 1500 → "1.5", 2000 → "2".
fn permille_text(permille: i64) -> String {
    let (whole, rest) = (permille.div_euclid(1000), permille.rem_euclid(1000));
    let text = format!("{whole}.{rest:03}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::permille_text;

    #[test]
    fn a_decayed_value_reads_as_a_number_of_records() {
        assert_eq!(permille_text(0), "0");
        assert_eq!(permille_text(1500), "1.5");
        assert_eq!(permille_text(20_000), "20");
        assert_eq!(permille_text(125), "0.125");
    }
}
