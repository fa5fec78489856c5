//! The models of a day put together, and the check that they can be.

use kernel::Day;

use super::content::Content;
use super::dated::Version;
use super::line_rows::LineRow;
use super::{Answer, Pack, PackFault, PackOn, Silent};
use crate::evaluator::{compile, compile_lineup};
use crate::lineup::{Gate, LineUp, Regime, Special};
use crate::model::Scoring;

/// Texts that gates and factors compare with: they must have numbers.
pub(super) fn named_codes(content: &Content) -> Vec<String> {
    let of_gate = |gate: &Gate| {
        let parts = [
            &gate.industries,
            &gate.kinds,
            &gate.statuses,
            &gate.divisions,
            &gate.codes,
        ];
        parts.into_iter().flatten().cloned().collect::<Vec<_>>()
    };
    let models = content
        .models
        .all()
        .filter_map(|version| version.body()?.line.as_ref());
    let gates = models.flat_map(|line| &line.applies);
    let regimes = content.regimes.all().filter_map(Version::body);
    let mut codes: Vec<String> = gates
        .chain(regimes.flat_map(|regime| &regime.applies))
        .flat_map(of_gate)
        .collect();
    for factor in content.factors.all().filter_map(Version::body) {
        if let Scoring::Map(entries) = &factor.scoring {
            codes.extend(entries.iter().map(|entry| entry.code.clone()));
        }
    }
    codes
}

impl PackOn<'_> {
    /// The general model with everything beside it: professional models (those with `applies`, in the order of the pack)
    /// and regimes.
    ///
    /// # Errors
    /// The pack has no such model, or a regime names one it has not, on that day.
    pub fn lineup(&self, general: &str) -> Result<Answer<LineUp>, Silent> {
        let Answer {
            value: general,
            trace,
        } = self.model(general)?;
        let content = self.content();
        let mut special = Vec::new();
        for version in content.models.on(self.day()) {
            let Some(LineRow {
                applies,
                needs,
                combine,
                falls_back_to,
            }) = version.body().and_then(|row| row.line.clone())
            else {
                continue;
            };
            if version.code == general.code {
                continue;
            }
            let file = version.place.file.to_string();
            special.push(Special {
                model: self.model(&version.code)?.value,
                applies,
                needs,
                combine,
                falls_back_to,
                origin: file.split('/').next().unwrap_or_default().to_owned(),
            });
        }
        let mut regimes = Vec::new();
        for version in content.regimes.on(self.day()) {
            let Some(row) = version.body() else { continue };
            let model = row.model.as_ref().map(|model| self.model(model)).transpose()?;
            regimes.push(Regime {
                code: version.code.clone(),
                title: row.title.clone(),
                applies: row.applies.clone(),
                model: model.map(|answer| answer.value),
                reason: row.reason.clone(),
                basis: version.basis.clone(),
            });
        }
        let value = LineUp {
            general,
            special,
            regimes,
        };
        Ok(Answer { value, trace })
    }
}

impl Pack {
    /// Compiles every model alone and with all others beside it, on every day on which a part of one begins.
    pub(super) fn check_models(&self, faults: &mut Vec<PackFault>) {
        let content = &self.content;
        for row in content.models.all() {
            let model = format!("{}/", row.code);
            let within = |day: Day| day >= row.begin && row.last.is_none_or(|last| day <= last);
            let parts = |code: &str, day: Day| code.starts_with(&model) && within(day);
            let mut days = vec![row.begin];
            days.extend(begins(&content.groups, parts));
            days.extend(begins(&content.indicators, parts));
            days.extend(begins(&content.direct, parts));
            days.extend(begins(&content.factors, parts));
            if row.body().is_some_and(|row| row.line.is_none()) {
                days.extend(begins(&content.models, |_, day| within(day)));
                days.extend(begins(&content.regimes, |_, day| within(day)));
            }
            days.sort_unstable();
            days.dedup();
            for day in days {
                let Ok(answer) = self.on(day).model(&row.code) else {
                    continue;
                };
                let mut found = compile(&answer.value, &self.symbols).err();
                if found.is_none() && self.is_general(&row.code, day) {
                    let lineup = self.on(day).lineup(&row.code);
                    found = lineup
                        .ok()
                        .and_then(|lineup| compile_lineup(&lineup.value, &self.symbols).err());
                }
                if let Some(fault) = found {
                    let what = format!("{fault}（自{day}起）");
                    faults.push(PackFault {
                        place: row.place.clone(),
                        what,
                        right: "请改正该处".to_owned(),
                    });
                    break;
                }
            }
        }
    }

    /// Whether a model has others beside it: it has no `applies` and no regime names it.
    fn is_general(&self, code: &str, day: Day) -> bool {
        let content = &self.content;
        let own = content.models.at(code, day).and_then(Version::body);
        let named = content.regimes.on(day).filter_map(Version::body);
        own.is_some_and(|row| row.line.is_none())
            && !named
                .into_iter()
                .any(|regime| regime.model.as_deref() == Some(code))
    }
}

/// First days of the versions that `wanted` takes.
fn begins<T>(rows: &super::dated::Dated<T>, wanted: impl Fn(&str, Day) -> bool) -> Vec<Day> {
    rows.all()
        .filter(|version| wanted(&version.code, version.begin))
        .map(|version| version.begin)
        .collect()
}
