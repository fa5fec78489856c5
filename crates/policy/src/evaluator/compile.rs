//! A model made ready: indicators dispatched by item, codes as numbers, cut-offs as integers.

use std::collections::HashMap;
use std::sync::Arc;

use super::MAX_GROUPS;
use crate::model::{Aggregate, Attribute, Condition, DecayStep, Indicator, Model, Records, Scoring, Source};
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

#[derive(Debug, Clone)]
pub(super) struct Rated {
    pub group: usize,
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
}

/// Compiles a model against the numbering of its pack.
///
/// # Errors
/// A reference that leads nowhere, cut-offs or bands out of order, too many groups or classes.
pub fn compile(model: &Model, symbols: &Symbols) -> Result<Compiled, ModelFault> {
    Builder { model, symbols }.build()
}

impl Compiled {
    /// The model compiled.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The numbering it was compiled against.
    pub fn symbols(&self) -> &Symbols {
        &self.symbols
    }

    /// Whether any indicator reads this item; records of other items need not be loaded (except that nothing else may name
    /// them: corrections, withdrawals and ends of an item's records are to be loaded with it).
    pub fn reads(&self, item: u16) -> bool {
        self.probes
            .get(usize::from(item))
            .is_some_and(|probes| !probes.is_empty())
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
            probes: probes.into_iter().map(Vec::into_boxed_slice).collect(),
            state,
            rated: rated.into(),
            attributes: attributes.into(),
            caps: model.groups.iter().map(|group| i64::from(group.cap)).collect(),
            cutoffs,
            bounds: self.bounds()?,
        })
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
        let place = || format!("指标{}", indicator.code);
        let code_attribute = match indicator.source {
            Source::Attribute(attribute) => Some(attribute),
            Source::Records(_) => None,
        };
        if code_attribute
            .is_some_and(|attribute| attribute.is_code() != matches!(indicator.scoring, Scoring::Map(_)))
        {
            return Err(self.fault(place(), "代码类属性用 map，数值类属性用 bands"));
        }
        match &indicator.scoring {
            Scoring::Bands(bands) => {
                if bands
                    .iter()
                    .zip(bands.iter().skip(1))
                    .any(|(a, b)| a.min >= b.min)
                {
                    return Err(self.fault(place(), "bands 的 min 要逐档增大"));
                }
                Ok(Score::Bands(
                    bands.iter().map(|band| (band.min, band.points)).collect(),
                ))
            }
            Scoring::Map(entries) => {
                let prefix = matches!(code_attribute, Some(Attribute::Industry | Attribute::Division));
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
                    best.map_or(0, |entry| entry.points)
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
