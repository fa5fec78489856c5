//! Several models as one: who is outside, which professional models apply and have data, and whose class stands.

use std::sync::Arc;

use super::compile::{Compiled, ModelFault, compile};
use super::evaluate::{Scratch, UNCLASSED, Verdict, record_at};
use super::{EntityFacts, MAX_GROUPS, RecordFact};
use crate::lineup::{Combine, Gate, LineUp, Regime, Special};
use crate::model::Model;
use crate::symbols::Symbols;

/// The models beside the general one, made ready.
#[derive(Debug)]
pub(super) struct Line {
    pub special: Box<[Professional]>,
    pub regimes: Box<[Outside]>,
    /// Places of the professional models in the order their classes are combined: those that replace come first.
    order: Box<[usize]>,
}

/// A professional model made ready.
#[derive(Debug)]
pub(super) struct Professional {
    pub spec: Special,
    pub model: Compiled,
    tests: Box<[Test]>,
    needs: Box<[u16]>,
    /// Bits of the models that are silent while this one speaks.
    covers: u64,
}

/// A regime made ready.
#[derive(Debug)]
pub(super) struct Outside {
    pub spec: Regime,
    pub model: Option<Compiled>,
    tests: Box<[Test]>,
}

/// A gate with its texts as tables by symbol number; `None` = the part is not asked.
#[derive(Debug)]
struct Test {
    industry: Option<Box<[bool]>>,
    kind: Option<Box<[bool]>>,
    status: Option<Box<[bool]>>,
    division: Option<Box<[bool]>>,
    record: Option<Wanted>,
}

#[derive(Debug)]
struct Wanted {
    item: u16,
    codes: Box<[u32]>,
    any_code: bool,
    open: bool,
}

/// Why a professional model is or is not asked of an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// It does not apply.
    Apart,
    /// It applies but has no data.
    NoData,
    /// It applies, but a more special one speaks in its place.
    Covered,
    /// It speaks.
    Speaks,
}

fn bit(nth: usize) -> u64 {
    u32::try_from(nth)
        .ok()
        .and_then(|nth| 1_u64.checked_shl(nth))
        .unwrap_or(0)
}

/// Compiles a line-up against the numbering of its pack: one [`Compiled`] that evaluates and explains all of it.
///
/// # Errors
/// As [`compile`] for each model; a professional model or regime whose classes are not the general model's; a gate or need
/// that names an unknown item; a fallback that leads nowhere or round; too many models.
pub fn compile_lineup(lineup: &LineUp, symbols: &Symbols) -> Result<Compiled, ModelFault> {
    let mut general = compile(&lineup.general, symbols)?;
    if lineup.special.is_empty() && lineup.regimes.is_empty() {
        return Ok(general);
    }
    for (what, count) in [
        ("专业型模型", lineup.special.len()),
        ("regime", lineup.regimes.len()),
    ] {
        if count > LineUp::MOST {
            let why = format!("最多{}个，现有{count}个", LineUp::MOST);
            return Err(fault(&lineup.general.code, what, why));
        }
    }
    let mut kept = general.kept.to_vec();
    let mut keep = |item: u16| {
        if let Some(slot) = kept.get_mut(usize::from(item)) {
            *slot = true;
        }
    };
    let mut special = Vec::with_capacity(lineup.special.len());
    for spec in &lineup.special {
        same_classes(&lineup.general, &spec.model)?;
        let model = compile(&spec.model, symbols)?;
        let tests = tests(&spec.model.code, &spec.applies, symbols)?;
        let needs: Box<[u16]> = spec
            .needs
            .iter()
            .map(|item| known_item(&spec.model.code, item, symbols))
            .collect::<Result<_, _>>()?;
        let wanted = tests.iter().filter_map(|test| test.record.as_ref());
        wanted.map(|wanted| wanted.item).for_each(&mut keep);
        needs.iter().copied().for_each(&mut keep);
        (0_u16..)
            .zip(&model.kept)
            .filter(|(_, kept)| **kept)
            .for_each(|(item, _)| keep(item));
        special.push(Professional {
            covers: covered(lineup, spec)?,
            spec: spec.clone(),
            model,
            tests,
            needs,
        });
    }
    let mut regimes = Vec::with_capacity(lineup.regimes.len());
    for spec in &lineup.regimes {
        if spec.applies.iter().any(|gate| gate.item.is_some()) {
            let why = "只能看主体属性，不能看记录".to_owned();
            return Err(fault(&lineup.general.code, &format!("regime {}", spec.code), why));
        }
        let model = spec.model.as_ref().map(|model| {
            same_classes(&lineup.general, model)?;
            compile(model, symbols)
        });
        let model = model.transpose()?;
        let read = model.iter().flat_map(|model| (0_u16..).zip(&model.kept));
        read.filter(|(_, kept)| **kept).for_each(|(item, _)| keep(item));
        regimes.push(Outside {
            tests: tests(&lineup.general.code, &spec.applies, symbols)?,
            spec: spec.clone(),
            model,
        });
    }
    let places = |combine| {
        let of = move |(nth, spec): (usize, &Special)| (spec.combine == combine).then_some(nth);
        lineup.special.iter().enumerate().filter_map(of)
    };
    let order = places(Combine::Replaces).chain(places(Combine::Worse)).collect();
    general.kept = kept.into();
    general.line = Some(Arc::new(Line {
        special: special.into(),
        regimes: regimes.into(),
        order,
    }));
    Ok(general)
}

fn fault(model: &str, place: &str, why: String) -> ModelFault {
    ModelFault {
        model: model.to_owned(),
        place: place.to_owned(),
        why,
    }
}

/// Classes of models that are read together bear the same codes.
fn same_classes(general: &Model, model: &Model) -> Result<(), ModelFault> {
    let codes =
        |model: &Model| -> Vec<String> { model.classes.iter().map(|class| class.code.clone()).collect() };
    if codes(model) == codes(general) {
        return Ok(());
    }
    let why = format!("各类代码与通用型{}不一致，无法合并", general.code);
    Err(fault(&model.code, "classes", why))
}

fn known_item(model: &str, item: &str, symbols: &Symbols) -> Result<u16, ModelFault> {
    Some(symbols.item(item))
        .filter(|number| *number != 0)
        .ok_or_else(|| ModelFault {
            model: model.to_owned(),
            place: "applies 或 needs".to_owned(),
            why: format!("目录中没有{item}"),
        })
}

/// Bits of all models down the chain of fallbacks.
fn covered(lineup: &LineUp, spec: &Special) -> Result<u64, ModelFault> {
    let mut bits = 0;
    let mut at = spec;
    while let Some(next) = &at.falls_back_to {
        if *next == lineup.general.code {
            break;
        }
        let found = lineup
            .special
            .iter()
            .enumerate()
            .find(|(_, other)| other.model.code == *next);
        let found = found.filter(|(nth, other)| bits & bit(*nth) == 0 && other.model.code != spec.model.code);
        let Some((nth, other)) = found else {
            return Err(ModelFault {
                model: at.model.code.clone(),
                place: "falls_back_to".to_owned(),
                why: format!("当日没有专业型模型{next}，或退回关系成环"),
            });
        };
        bits |= bit(nth);
        at = other;
    }
    Ok(bits)
}

fn tests(model: &str, gates: &[Gate], symbols: &Symbols) -> Result<Box<[Test]>, ModelFault> {
    let table = |prefixes: &[String]| -> Option<Box<[bool]>> {
        let fits = |number: usize| {
            let text = u32::try_from(number)
                .ok()
                .and_then(|number| symbols.code_of(number));
            text.is_some_and(|text| prefixes.iter().any(|prefix| text.starts_with(prefix)))
        };
        (!prefixes.is_empty()).then(|| (0..=symbols.code_count()).map(fits).collect())
    };
    let test = |gate: &Gate| {
        let record = gate.item.as_ref().map(|item| {
            let mut codes: Vec<u32> = gate.codes.iter().map(|code| symbols.code(code)).collect();
            codes.retain(|code| *code != 0);
            codes.sort_unstable();
            Ok(Wanted {
                item: known_item(model, item, symbols)?,
                codes: codes.into(),
                any_code: gate.codes.is_empty(),
                open: gate.open,
            })
        });
        Ok(Test {
            industry: table(&gate.industries),
            kind: table(&gate.kinds),
            status: table(&gate.statuses),
            division: table(&gate.divisions),
            record: record.transpose()?,
        })
    };
    gates.iter().map(test).collect()
}

impl Test {
    /// Whether the parts on attributes hold.
    fn attributes(&self, entity: &EntityFacts) -> bool {
        let holds = |table: &Option<Box<[bool]>>, code: u32| {
            table.as_ref().is_none_or(|table| {
                let found = usize::try_from(code).ok().and_then(|code| table.get(code));
                found.is_some_and(|fits| *fits)
            })
        };
        holds(&self.industry, entity.industry)
            && holds(&self.kind, entity.kind)
            && holds(&self.status, entity.status)
            && holds(&self.division, entity.division)
    }

    fn holds(&self, entity: &EntityFacts, records: &[RecordFact], as_of: i32, scratch: &Scratch) -> bool {
        self.attributes(entity)
            && self.record.as_ref().is_none_or(|wanted| {
                scratch.speakers.iter().any(|speaker| {
                    (!wanted.open || speaker.ends_on > as_of)
                        && record_at(records, *speaker).is_some_and(|record| {
                            record.item == wanted.item
                                && (wanted.any_code || wanted.codes.binary_search(&record.code).is_ok())
                        })
                })
            })
    }
}

impl Line {
    /// The verdict of the whole line-up.
    pub fn evaluate(
        &self,
        general: &Compiled,
        entity: &EntityFacts,
        records: &[RecordFact],
        as_of: i32,
        scratch: &mut Scratch,
    ) -> Verdict {
        if let Some(nth) = self.outside(entity) {
            return self.judge_outside(general, nth, entity, records, as_of, scratch);
        }
        general.gather(records, as_of, scratch);
        general.fill(entity, records, as_of, scratch);
        let mut verdict = general.conclude(scratch);
        let speaking = self.speaking(entity, records, as_of, scratch);
        if speaking == 0 {
            return verdict;
        }
        for nth in self.order.iter().filter(|nth| speaking & bit(**nth) != 0) {
            let Some(special) = self.special.get(*nth) else {
                continue;
            };
            special.model.fill(entity, records, as_of, scratch);
            let own = Verdict {
                model: u8::try_from(nth + 1).unwrap_or(u8::MAX),
                ..special.model.conclude(scratch)
            };
            let replaces = special.spec.combine == Combine::Replaces && verdict.model == 0;
            if replaces || own.class > verdict.class {
                verdict = own;
            }
        }
        verdict
    }

    /// The regime that holds of an entity.
    pub fn outside(&self, entity: &EntityFacts) -> Option<usize> {
        let holds = |regime: &Outside| regime.tests.iter().any(|test| test.attributes(entity));
        self.regimes.iter().position(holds)
    }

    /// Professional models that may apply to an entity, by its attributes.
    pub fn near(&self, entity: &EntityFacts) -> impl Iterator<Item = &Professional> {
        let near = |special: &&Professional| special.tests.iter().any(|test| test.attributes(entity));
        self.special.iter().filter(near)
    }

    fn judge_outside(
        &self,
        general: &Compiled,
        nth: usize,
        entity: &EntityFacts,
        records: &[RecordFact],
        as_of: i32,
        scratch: &mut Scratch,
    ) -> Verdict {
        let model = u8::try_from(self.special.len() + 1 + nth).unwrap_or(u8::MAX);
        let Some(own) = self.regimes.get(nth).and_then(|regime| regime.model.as_ref()) else {
            scratch.cells.clear();
            return Verdict {
                class: UNCLASSED,
                model,
                points: 0,
                group_points: [0; MAX_GROUPS],
                floor: None,
            };
        };
        general.gather(records, as_of, scratch);
        own.fill(entity, records, as_of, scratch);
        Verdict {
            model,
            ..own.conclude(scratch)
        }
    }

    /// Bits of the professional models that speak of an entity; needs the speakers of `scratch`.
    fn speaking(&self, entity: &EntityFacts, records: &[RecordFact], as_of: i32, scratch: &Scratch) -> u64 {
        let (mut speaking, mut covered) = (0, 0);
        for (nth, special) in self.special.iter().enumerate() {
            if special.applies(entity, records, as_of, scratch) && special.has_data(records, scratch) {
                speaking |= bit(nth);
                covered |= special.covers;
            }
        }
        speaking & !covered
    }

    /// How each professional model stands to an entity, in order; needs the speakers of `scratch`.
    pub fn standings(
        &self,
        entity: &EntityFacts,
        records: &[RecordFact],
        as_of: i32,
        scratch: &Scratch,
    ) -> Vec<Standing> {
        let speaking = self.speaking(entity, records, as_of, scratch);
        let standing = |(nth, special): (usize, &Professional)| {
            if speaking & bit(nth) != 0 {
                Standing::Speaks
            } else if !special.applies(entity, records, as_of, scratch) {
                Standing::Apart
            } else if special.has_data(records, scratch) {
                Standing::Covered
            } else {
                Standing::NoData
            }
        };
        self.special.iter().enumerate().map(standing).collect()
    }

    /// All models beside the general one.
    pub fn models(&self) -> impl Iterator<Item = &Compiled> {
        let own = self.regimes.iter().filter_map(|regime| regime.model.as_ref());
        self.special.iter().map(|special| &special.model).chain(own)
    }
}

impl Professional {
    fn applies(&self, entity: &EntityFacts, records: &[RecordFact], as_of: i32, scratch: &Scratch) -> bool {
        self.tests
            .iter()
            .any(|test| test.holds(entity, records, as_of, scratch))
    }

    /// Days on which a record that a gate looks at ends.
    pub fn gate_ends(
        &self,
        records: &[RecordFact],
        as_of: i32,
        scratch: &Scratch,
        mut note: impl FnMut(i32),
    ) {
        let wanted = self.tests.iter().filter_map(|test| test.record.as_ref());
        for wanted in wanted.filter(|wanted| wanted.open) {
            for speaker in scratch.speakers.iter().filter(|speaker| speaker.ends_on > as_of) {
                if record_at(records, *speaker).is_some_and(|record| record.item == wanted.item) {
                    note(speaker.ends_on);
                }
            }
        }
    }

    fn has_data(&self, records: &[RecordFact], scratch: &Scratch) -> bool {
        let wanted = |record: &RecordFact| self.needs.contains(&record.item);
        self.needs.is_empty()
            || scratch
                .speakers
                .iter()
                .filter_map(|speaker| record_at(records, *speaker))
                .any(wanted)
    }
}
