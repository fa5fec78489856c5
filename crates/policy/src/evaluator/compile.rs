//! A model made ready: indicators dispatched by item, codes as numbers, cut-offs as integers.

use std::collections::HashMap;
use std::sync::Arc;

use super::MAX_GROUPS;
use super::line::Line;
use crate::model::{
    Aggregate, Attribute, Condition, DecayStep, Factor, FactorSource, FactorUnit, Indicator, Model, Records,
    Scoring, Source,
};
use crate::symbols::{ItemMode, Symbols};

/// Why a model cannot be compiled. Packs are checked when read, so this speaks of models made by hand.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("模型{model}的{place}有误：{why}")]
pub struct ModelFault {
    /// Code of the model.
    pub model: String,
    /// Which part, `指标 penalties-12m`.
    pub place: String,
    /// What is wrong.
    pub why: String,
}

/// One reading of one item by one indicator.
#[derive(Debug, Clone)]
pub(super) struct Probe {
    pub indicator: usize,
    pub within: i64,
    pub level_min: i32,
    pub amount_min: i64,
    pub open: bool,
    pub codes: Box<[u32]>,
    pub any_code: bool,
    pub take: Take,
}

/// What a probe makes of a record that passes.
#[derive(Debug, Clone)]
pub(super) enum Take {
    Count,
    Sum,
    MaxLevel,
    LastLevel,
    LastCode,
    DaysSinceLast,
    DaysToEnd,
    Decayed(Box<[DecayStep]>),
}

/// How a value becomes points.
#[derive(Debug, Clone)]
pub(super) enum Score {
    Bands(Box<[(i64, i32)]>),
    /// Points by symbol number.
    Map(Box<[i32]>),
}

impl Score {
    /// The points of a value; `below` under the first band.
    pub fn of(&self, value: i64, below: i32) -> i32 {
        match self {
            Self::Bands(bands) => bands
                .iter()
                .rev()
                .find(|(min, _)| *min <= value)
                .map_or(below, |(_, points)| *points),
            Self::Map(points) => usize::try_from(value)
                .ok()
                .and_then(|number| points.get(number))
                .copied()
                .unwrap_or(below),
        }
    }
}

#[derive(Debug, Clone)]
pub(super) struct Rated {
    pub group: usize,
    pub score: Score,
    pub absent: i32,
}

/// A factor made ready.
#[derive(Debug, Clone)]
pub(super) struct Lever {
    /// Which cell it looks at: an indicator's, or one of its own behind them.
    pub cell: usize,
    pub unit: FactorUnit,
    pub score: Score,
    pub absent: i32,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Bound {
    pub indicator: usize,
    pub min: i64,
    pub class: u8,
}

/// A compiled model. Share it between threads; give each thread its own [`super::Scratch`].
#[derive(Debug, Clone)]
pub struct Compiled {
    pub(super) model: Arc<Model>,
    pub(super) symbols: Arc<Symbols>,
    /// Probes by item number.
    pub(super) probes: Box<[Box<[Probe]>]>,
    /// Whether the item is in mode "state", by item number.
    pub(super) state: Box<[bool]>,
    pub(super) rated: Box<[Rated]>,
    pub(super) attributes: Box<[(usize, Attribute)]>,
    pub(super) caps: Box<[i64]>,
    /// `below` of all classes but the last.
    pub(super) cutoffs: Box<[i64]>,
    pub(super) bounds: Box<[Bound]>,
    pub(super) levers: Box<[Lever]>,
    /// Items whose records are kept for reading, by item number: those of the indicators and, in a line-up, of all models
    /// and gates.
    pub(super) kept: Box<[bool]>,
    /// The models beside this one, when it was compiled as the general one of a line-up.
    pub(super) line: Option<Arc<Line>>,
}

/// Compiles a model against the numbering of its pack.
///
/// # Errors
/// A reference that leads nowhere, cut-offs or bands out of order, too many groups or classes.
pub fn compile(model: &Model, symbols: &Symbols) -> Result<Compiled, ModelFault> {
    Builder { model, symbols }.build()
}

impl Compiled {
    /// The model compiled; of a line-up: the general one.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The numbering it was compiled against.
    pub fn symbols(&self) -> &Symbols {
        &self.symbols
    }

    /// Whether other models or regimes stand beside this one.
    pub fn line_up(&self) -> bool {
        self.line.is_some()
    }

    /// Whether any indicator (in a line-up: of any model, or any gate) reads this item; records of other items need not be loaded (except that nothing else may name
    /// them: corrections, withdrawals and ends of an item's records are to be loaded with it).
    pub fn reads(&self, item: u16) -> bool {
        self.kept.get(usize::from(item)).is_some_and(|kept| *kept)
    }
}

struct Builder<'m> {
    model: &'m Model,
    symbols: &'m Symbols,
}

impl Builder<'_> {
    fn fault(&self, place: impl Into<String>, why: impl Into<String>) -> ModelFault {
        ModelFault {
            model: self.model.code.clone(),
            place: place.into(),
            why: why.into(),
        }
    }

    fn build(&self) -> Result<Compiled, ModelFault> {
        let model = self.model;
        let cutoffs = self.cutoffs()?;
        if model.groups.len() > MAX_GROUPS {
            return Err(self.fault(
                "分组",
                format!("最多{MAX_GROUPS}组，现有{}组", model.groups.len()),
            ));
        }
        if let Some(group) = model.groups.iter().find(|group| group.cap < 0) {
            return Err(self.fault(format!("分组{}", group.code), "cap 不能小于0"));
        }
        let groups: HashMap<&str, usize> = (0..)
            .zip(&model.groups)
            .map(|(at, group)| (group.code.as_str(), at))
            .collect();
        let mut probes: Vec<Vec<Probe>> = vec![Vec::new(); self.symbols.item_count() + 1];
        let mut rated = Vec::with_capacity(model.indicators.len());
        let mut attributes = Vec::new();
        for (at, indicator) in model.indicators.iter().enumerate() {
            let place = || format!("指标{}", indicator.code);
            let group = *groups
                .get(indicator.group.as_str())
                .ok_or_else(|| self.fault(place(), format!("没有分组{}", indicator.group)))?;
            match &indicator.source {
                Source::Attribute(attribute) => attributes.push((at, *attribute)),
                Source::Records(records) => self.add_probes(at, indicator, records, &mut probes)?,
            }
            rated.push(Rated {
                group,
                score: self.score(indicator)?,
                absent: indicator.absent,
            });
        }
        let levers = self.levers(&mut attributes)?;
        let state = std::iter::once(false)
            .chain((1..=self.symbols.item_count()).map(|number| {
                let item = u16::try_from(number)
                    .ok()
                    .and_then(|number| self.symbols.item_of(number));
                item.is_some_and(|item| item.mode == ItemMode::State)
            }))
            .collect();
        Ok(Compiled {
            model: Arc::new(model.clone()),
            symbols: Arc::new(self.symbols.clone()),
            kept: probes.iter().map(|probes| !probes.is_empty()).collect(),
            probes: probes.into_iter().map(Vec::into_boxed_slice).collect(),
            state,
            rated: rated.into(),
            attributes: attributes.into(),
            caps: model.groups.iter().map(|group| i64::from(group.cap)).collect(),
            cutoffs,
            bounds: self.bounds()?,
            levers,
            line: None,
        })
    }

    /// Factors; those on attributes get cells of their own behind the indicators'.
    fn levers(&self, attributes: &mut Vec<(usize, Attribute)>) -> Result<Box<[Lever]>, ModelFault> {
        let indicators = &self.model.indicators;
        let mut levers = Vec::with_capacity(self.model.factors.len());
        for (nth, factor) in self.model.factors.iter().enumerate() {
            let place = || format!("系数{}", factor.code);
            let (cell, source) = match &factor.source {
                FactorSource::Attribute(attribute) => {
                    let cell = indicators.len() + nth;
                    attributes.push((cell, *attribute));
                    (cell, Some(*attribute))
                }
                FactorSource::Indicator(code) => {
                    let at = indicators.iter().position(|indicator| indicator.code == *code);
                    let at = at.ok_or_else(|| self.fault(place(), format!("没有指标{code}")))?;
                    (at, None)
                }
            };
            let Factor { unit, absent, .. } = factor;
            levers.push(Lever {
                cell,
                unit: *unit,
                score: self.table(&place(), &factor.scoring, source, unit.neutral())?,
                absent: *absent,
            });
        }
        Ok(levers.into())
    }

    fn cutoffs(&self) -> Result<Box<[i64]>, ModelFault> {
        let classes = &self.model.classes;
        let Some((last, rest)) = classes.split_last() else {
            return Err(self.fault("分类", "至少要有一类"));
        };
        if classes.len() > usize::from(u8::MAX)
            || last.below.is_some()
            || rest.iter().any(|class| class.below.is_none())
        {
            return Err(self.fault("分类", "除最后一类外都要写 below，最后一类不写"));
        }
        let cutoffs: Box<[i64]> = rest
            .iter()
            .filter_map(|class| class.below.map(i64::from))
            .collect();
        if cutoffs.iter().zip(cutoffs.iter().skip(1)).any(|(a, b)| a >= b) {
            return Err(self.fault("分类", "below 要逐类增大"));
        }
        Ok(cutoffs)
    }

    fn add_probes(
        &self,
        at: usize,
        indicator: &Indicator,
        records: &Records,
        probes: &mut [Vec<Probe>],
    ) -> Result<(), ModelFault> {
        let place = || format!("指标{}", indicator.code);
        let take = self.take(indicator, records)?;
        let Condition {
            codes,
            level_min,
            amount_min,
            open,
        } = &records.condition;
        let mut numbers: Vec<u32> = codes
            .iter()
            .map(|code| self.symbols.code(code))
            .filter(|code| *code != 0)
            .collect();
        numbers.sort_unstable();
        for (nth, item) in records.items.iter().enumerate() {
            if records.items.iter().take(nth).any(|earlier| earlier == item) {
                continue;
            }
            let slot = Some(self.symbols.item(item)).filter(|number| *number != 0);
            let slot = slot.and_then(|number| probes.get_mut(usize::from(number)));
            let slot = slot.ok_or_else(|| self.fault(place(), format!("目录中没有{item}")))?;
            slot.push(Probe {
                indicator: at,
                within: records.within_days.map_or(i64::MAX, i64::from),
                level_min: level_min.unwrap_or(i32::MIN),
                amount_min: amount_min.unwrap_or(i64::MIN),
                open: *open,
                any_code: codes.is_empty(),
                codes: numbers.clone().into(),
                take: take.clone(),
            });
        }
        Ok(())
    }

    fn take(&self, indicator: &Indicator, records: &Records) -> Result<Take, ModelFault> {
        let mapped = matches!(indicator.scoring, Scoring::Map(_));
        if mapped != matches!(records.aggregate, Aggregate::LastCode) {
            return Err(self.fault(format!("指标{}", indicator.code), "map 与 last-code 必须一起使用"));
        }
        Ok(match &records.aggregate {
            Aggregate::Count => Take::Count,
            Aggregate::Sum => Take::Sum,
            Aggregate::MaxLevel => Take::MaxLevel,
            Aggregate::LastLevel => Take::LastLevel,
            Aggregate::LastCode => Take::LastCode,
            Aggregate::DaysSinceLast => Take::DaysSinceLast,
            Aggregate::DaysToEnd => Take::DaysToEnd,
            Aggregate::Decayed(steps) => {
                if steps
                    .iter()
                    .zip(steps.iter().skip(1))
                    .any(|(a, b)| a.days >= b.days)
                {
                    return Err(self.fault(format!("指标{}", indicator.code), "decay 的 days 要逐级增大"));
                }
                Take::Decayed(steps.clone().into())
            }
        })
    }

    fn score(&self, indicator: &Indicator) -> Result<Score, ModelFault> {
        let place = format!("指标{}", indicator.code);
        let attribute = match indicator.source {
            Source::Attribute(attribute) => Some(attribute),
            Source::Records(_) => None,
        };
        if attribute
            .is_some_and(|attribute| attribute.is_code() != matches!(indicator.scoring, Scoring::Map(_)))
        {
            return Err(self.fault(place, "代码类属性用 map，数值类属性用 bands"));
        }
        self.table(&place, &indicator.scoring, attribute, 0)
    }

    /// A scoring as a table; `otherwise` where it says nothing.
    fn table(
        &self,
        place: &str,
        scoring: &Scoring,
        attribute: Option<Attribute>,
        otherwise: i32,
    ) -> Result<Score, ModelFault> {
        match scoring {
            Scoring::Bands(bands) => {
                if bands
                    .iter()
                    .zip(bands.iter().skip(1))
                    .any(|(a, b)| a.min >= b.min)
                {
                    return Err(self.fault(place, "bands 的 min 要逐档增大"));
                }
                Ok(Score::Bands(
                    bands.iter().map(|band| (band.min, band.points)).collect(),
                ))
            }
            Scoring::Map(entries) => {
                let prefix = matches!(attribute, Some(Attribute::Industry | Attribute::Division));
                let points = (0..=self.symbols.code_count()).map(|number| {
                    let text = u32::try_from(number)
                        .ok()
                        .and_then(|number| self.symbols.code_of(number))
                        .unwrap_or("");
                    let fits = |code: &str| {
                        if prefix {
                            !text.is_empty() && text.starts_with(code)
                        } else {
                            text == code
                        }
                    };
                    let best = entries
                        .iter()
                        .filter(|entry| fits(&entry.code))
                        .max_by_key(|entry| entry.code.len());
                    best.map_or(otherwise, |entry| entry.points)
                });
                Ok(Score::Map(points.collect()))
            }
        }
    }

    fn bounds(&self) -> Result<Box<[Bound]>, ModelFault> {
        let model = self.model;
        let bound = |direct: &crate::model::Direct| {
            let place = || format!("直接判定{}", direct.code);
            let indicator = model
                .indicators
                .iter()
                .position(|indicator| indicator.code == direct.indicator);
            let class = model
                .classes
                .iter()
                .position(|class| class.code == direct.not_better_than);
            Ok(Bound {
                indicator: indicator
                    .ok_or_else(|| self.fault(place(), format!("没有指标{}", direct.indicator)))?,
                min: direct.min,
                class: class
                    .and_then(|class| u8::try_from(class).ok())
                    .ok_or_else(|| self.fault(place(), format!("没有{}类", direct.not_better_than)))?,
            })
        };
        model.direct.iter().map(bound).collect()
    }
}
