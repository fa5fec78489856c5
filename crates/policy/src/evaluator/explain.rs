//! The verdict told in sentences: the same cells as `evaluate`, with what filled them.

use kernel::Fen;

use super::compile::{Compiled, Probe, Take};
use super::evaluate::{Cell, Scratch, UNCLASSED, Verdict, record_at};
use super::line::{Line, Standing};
use super::told::{
    DirectReason, Explanation, FactorReason, GroupPoints, ModelReading, OutsideReason, Part, Reason,
};
use super::{EntityFacts, RecordFact, day_of_number};
use crate::lineup::Combine;
use crate::model::{Aggregate, Attribute, FactorSource, FactorUnit, Indicator, Scoring, Source};

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
        let line = self.line.as_deref();
        let outside = line.and_then(|line| line.regimes.get(line.outside(entity)?));
        let models = line.filter(|_| outside.is_none());
        let models = models.map_or_else(Vec::new, |line| {
            self.readings(line, &verdict, entity, records, as_of, scratch)
        });
        let part = self.part(verdict.model);
        let mut told = Explanation {
            model: part.code.to_owned(),
            model_title: part.title.to_owned(),
            model_from: self.model.from,
            as_of: day_of_number(as_of),
            class: verdict.class,
            class_code: self.class_code(verdict.class),
            class_title: if verdict.class == UNCLASSED {
                "不分类".to_owned()
            } else {
                String::new()
            },
            class_by_points: String::new(),
            points: verdict.points,
            groups: Vec::new(),
            reasons: Vec::new(),
            factors: Vec::new(),
            direct: Vec::new(),
            changes: Vec::new(),
            models,
            outside: outside.map(|regime| OutsideReason {
                regime: regime.spec.code.clone(),
                title: regime.spec.title.clone(),
                reason: regime.spec.reason.clone(),
                basis: regime.spec.basis.clone(),
            }),
        };
        if let Some(decider) = self.model_of(verdict.model) {
            decider.fill(entity, records, as_of, scratch);
            let class = decider.model.classes.get(usize::from(verdict.class));
            told.model_from = decider.model.from;
            told.class_title = class.map(|class| class.title.clone()).unwrap_or_default();
            told.class_by_points = decider.class_code(decider.class_by_points(i64::from(verdict.points)));
            told.groups = decider.group_reasons(&verdict, scratch);
            told.reasons = decider.reasons(records, as_of, scratch);
            told.factors = decider.factor_reasons(&verdict, scratch);
            told.direct = decider.direct_reasons(&verdict, records, as_of, scratch);
            told.changes = self.changes(&verdict, entity, records, as_of, scratch);
        }
        told
    }

    /// Which part of the line-up gave a verdict: its `model`.
    pub fn part(&self, model: u8) -> Part<'_> {
        let regime = self.line.as_deref().and_then(|line| {
            let nth = usize::from(model).checked_sub(line.special.len() + 1)?;
            line.regimes.get(nth)
        });
        match (self.model_of(model), regime) {
            (Some(compiled), _) => Part {
                code: &compiled.model.code,
                title: &compiled.model.title,
            },
            (None, Some(regime)) => Part {
                code: &regime.spec.code,
                title: &regime.spec.title,
            },
            (None, None) => Part { code: "", title: "" },
        }
    }

    /// The model behind a verdict's `model`; `None` for a regime without one.
    fn model_of(&self, model: u8) -> Option<&Compiled> {
        let Some(nth) = usize::from(model).checked_sub(1) else {
            return Some(self);
        };
        let line = self.line.as_deref()?;
        match line.special.get(nth) {
            Some(special) => Some(&special.model),
            None => line
                .regimes
                .get(nth.checked_sub(line.special.len())?)?
                .model
                .as_ref(),
        }
    }

    /// What each model of the line-up says of an entity that is not outside. Uses `scratch`; leaves its speakers.
    fn readings(
        &self,
        line: &Line,
        verdict: &Verdict,
        entity: &EntityFacts,
        records: &[RecordFact],
        as_of: i32,
        scratch: &mut Scratch,
    ) -> Vec<ModelReading> {
        let standings = line.standings(entity, records, as_of, scratch);
        let mut read = |model: &Compiled, origin: &str, decides: bool, sentence: String| {
            model.fill(entity, records, as_of, scratch);
            let own = model.conclude(scratch);
            ModelReading {
                model: model.model.code.clone(),
                title: model.model.title.clone(),
                origin: origin.to_owned(),
                class_code: Some(model.class_code(own.class)),
                points: Some(own.points),
                decides,
                sentence,
            }
        };
        let decided = verdict.model == 0;
        let spoken = standings.contains(&Standing::Speaks);
        let sentence = match (decided, spoken) {
            (true, false) => "没有适用且有数据的专业型模型，按通用型模型确定",
            (true, true) => "通用型结果不优于专业型结果，以通用型为准",
            (false, _) => "已由专业型模型确定",
        };
        let mut told = vec![read(self, "", decided, sentence.to_owned())];
        for ((nth, special), standing) in (1_u8..).zip(&line.special).zip(&standings) {
            let title = &special.model.model.title;
            match standing {
                Standing::Apart => {}
                Standing::Speaks => {
                    let decides = verdict.model == nth;
                    let sentence = match (decides, special.spec.combine) {
                        (true, Combine::Replaces) => format!("适用“{title}”，以专业型结果为准"),
                        (true, Combine::Worse) => format!("适用“{title}”，专业型结果较差，取较差者"),
                        (false, _) => format!("适用“{title}”，其结果没有改变类别"),
                    };
                    told.push(read(&special.model, &special.spec.origin, decides, sentence));
                }
                Standing::Covered | Standing::NoData => told.push(ModelReading {
                    model: special.model.model.code.clone(),
                    title: title.clone(),
                    origin: special.spec.origin.clone(),
                    class_code: None,
                    points: None,
                    decides: false,
                    sentence: if *standing == Standing::Covered {
                        format!("已有更具体的专业型模型，不再用“{title}”")
                    } else {
                        format!("适用“{title}”，但没有可供计算的记录，依次退回上级体系、通用型模型")
                    },
                }),
            }
        }
        told
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
                    why: indicator.why.clone(),
                    basis: indicator.basis.clone(),
                    records: self.records_behind(at, cell, records, as_of, scratch),
                });
            }
        }
        reasons
    }

    fn factor_reasons(&self, verdict: &Verdict, scratch: &Scratch) -> Vec<FactorReason> {
        let base: i64 = verdict.group_points.iter().copied().map(i64::from).sum();
        let mut told = Vec::new();
        for (factor, lever) in self.model.factors.iter().zip(&self.levers) {
            let number = self.lever_number(lever, &scratch.cells);
            let points = lever.unit.points(number, base);
            if points == 0 {
                continue;
            }
            let cell = scratch.cells.get(lever.cell).copied().unwrap_or_default();
            let value = match &factor.source {
                FactorSource::Attribute(attribute) => {
                    self.text_of(&Source::Attribute(*attribute), &factor.scoring, &cell)
                }
                FactorSource::Indicator(_) => {
                    let indicator = self.model.indicators.get(lever.cell);
                    indicator.map_or_else(String::new, |indicator| self.value_text(indicator, &cell))
                }
            };
            let shown = match lever.unit {
                FactorUnit::Permille => permille_text(i64::from(number)),
                FactorUnit::Points => number.to_string(),
            };
            let sentence = factor
                .sentence
                .replace("{value}", &value)
                .replace("{factor}", &shown);
            told.push(FactorReason {
                factor: factor.code.clone(),
                title: factor.title.clone(),
                number,
                points,
                sentence: sentence.replace("{points}", &points.to_string()),
                why: factor.why.clone(),
                basis: factor.basis.clone(),
            });
        }
        told
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
        self.text_of(&indicator.source, &indicator.scoring, cell)
    }

    fn text_of(&self, source: &Source, scoring: &Scoring, cell: &Cell) -> String {
        if !cell.seen {
            return "无".to_owned();
        }
        if let Scoring::Map(entries) = scoring {
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
            let title = match source {
                Source::Attribute(Attribute::Industry | Attribute::Division) => {
                    prefix.max_by_key(|entry| entry.code.len())
                }
                _ => exact,
            };
            return title.map_or(text, |entry| &entry.title).to_owned();
        }
        match source {
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
