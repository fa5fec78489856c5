//! One model: from values to points by band or map, groups clipped, factors, the class by points, direct rules.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Result as Done, ScalarValue};
use datafusion::functions::core::expr_fn::{greatest, least};
use datafusion::logical_expr::{Expr, case, cast, ident, lit, when};
use policy::{
    Attribute, Factor, FactorSource, FactorUnit, MAX_GROUPS, MapEntry, Model, Scoring, Source, Symbols,
};

use super::value::{self, Readings};

/// One model of a line-up under a number of its own.
pub(super) struct Part<'m> {
    number: usize,
    model: &'m Model,
    symbols: &'m Symbols,
}

impl<'m> Part<'m> {
    pub(super) fn new(number: usize, model: &'m Model, symbols: &'m Symbols) -> Self {
        Self {
            number,
            model,
            symbols,
        }
    }

    fn name(&self, what: &str, at: usize) -> String {
        format!("{what}_{}_{at}", self.number)
    }

    fn column(&self, what: &str) -> Expr {
        ident(self.name(what, 0))
    }

    /// Values of indicators, and of the attributes factors look at.
    pub(super) fn values(&self, readings: &mut Readings) -> Done<Vec<Expr>> {
        let mut values = Vec::new();
        for (at, indicator) in self.model.indicators.iter().enumerate() {
            let value = match &indicator.source {
                Source::Attribute(attribute) => value::attribute(*attribute, readings.as_of()),
                Source::Records(records) => readings.of(records, self.symbols)?,
            };
            values.push(value.alias(self.name("value", at)));
        }
        for (at, factor) in self.model.factors.iter().enumerate() {
            if let FactorSource::Attribute(attribute) = factor.source {
                let value = value::attribute(attribute, readings.as_of());
                values.push(value.alias(self.name("lever", at)));
            }
        }
        Ok(values)
    }

    /// Points of indicator number `at`, over its value.
    fn points_of(&self, at: usize) -> Done<Expr> {
        let Some(indicator) = self.model.indicators.get(at) else {
            return Ok(lit(0_i64));
        };
        let prefix = matches!(
            indicator.source,
            Source::Attribute(Attribute::Industry | Attribute::Division)
        );
        let value = ident(self.name("value", at));
        self.rated(&indicator.scoring, value, prefix, indicator.absent, 0)
    }

    /// What is compared of indicator number `at`: its value, or the points of one scored by map. NULL = nothing was seen.
    fn compared(&self, at: usize) -> Done<Expr> {
        let value = ident(self.name("value", at));
        let mapped = self
            .model
            .indicators
            .get(at)
            .is_some_and(|held| matches!(held.scoring, Scoring::Map(_)));
        if mapped {
            when(value.is_not_null(), self.points_of(at)?).end()
        } else {
            Ok(value)
        }
    }

    fn indicator(&self, code: &str) -> Option<usize> {
        self.model.indicators.iter().position(|held| held.code == code)
    }

    /// Groups clipped to 0…cap; for each direct rule the class it asks for where it is met, else -1; numbers of factors.
    pub(super) fn groups_and_hits(&self) -> Done<Vec<Expr>> {
        let mut columns = Vec::new();
        for (at, group) in self.model.groups.iter().take(MAX_GROUPS).enumerate() {
            let members = self.model.indicators.iter().enumerate();
            let members = members.filter(|(_, indicator)| indicator.group == group.code);
            let points = members
                .map(|(at, _)| self.points_of(at))
                .collect::<Done<Vec<_>>>()?;
            let clipped = least(vec![
                greatest(vec![sum(points), lit(0_i64)]),
                lit(i64::from(group.cap)),
            ]);
            columns.push(clipped.alias(self.name("group", at)));
        }
        for (at, rule) in self.model.direct.iter().enumerate() {
            let class = self
                .model
                .classes
                .iter()
                .position(|held| held.code == rule.not_better_than);
            let class = class.and_then(|class| i32::try_from(class).ok());
            let hit = match (self.indicator(&rule.indicator), class) {
                (Some(indicator), Some(class)) => {
                    let met = self.compared(indicator)?.gt_eq(lit(rule.min));
                    when(met, lit(class)).otherwise(lit(-1_i32))?
                }
                _ => lit(-1_i32),
            };
            columns.push(hit.alias(self.name("hit", at)));
        }
        for (at, factor) in self.model.factors.iter().enumerate() {
            columns.push(self.number_of(at, factor)?.alias(self.name("factor", at)));
        }
        Ok(columns)
    }

    /// The number a factor works with.
    fn number_of(&self, at: usize, factor: &Factor) -> Done<Expr> {
        let (value, prefix) = match &factor.source {
            FactorSource::Attribute(attribute) => {
                let prefix = matches!(attribute, Attribute::Industry | Attribute::Division);
                (ident(self.name("lever", at)), prefix)
            }
            FactorSource::Indicator(code) => match self.indicator(code) {
                Some(indicator) => (self.compared(indicator)?, false),
                None => (lit(ScalarValue::Int64(None)), false),
            },
        };
        self.rated(
            &factor.scoring,
            value,
            prefix,
            factor.absent,
            factor.unit.neutral(),
        )
    }

    pub(super) fn group(&self, at: usize) -> Expr {
        if at < self.model.groups.len().min(MAX_GROUPS) {
            ident(self.name("group", at))
        } else {
            lit(0_i64)
        }
    }

    /// The sum of the clipped groups.
    pub(super) fn base(&self) -> Expr {
        let groups = (0..self.model.groups.len().min(MAX_GROUPS)).map(|at| self.group(at));
        sum(groups.collect()).alias(self.name("base", 0))
    }

    /// The sum moved by the factors, not below 0. Division of whole numbers rounds toward zero, as the evaluator's does.
    pub(super) fn total(&self) -> Expr {
        let given = self.model.factors.iter().enumerate().map(|(at, factor)| {
            let number = ident(self.name("factor", at));
            match factor.unit {
                FactorUnit::Permille => self.column("base") * (number - lit(1000_i64)) / lit(1000_i64),
                FactorUnit::Points => number,
            }
        });
        let given: Vec<Expr> = given.collect();
        let total = if given.is_empty() {
            self.column("base")
        } else {
            greatest(vec![self.column("base") + sum(given), lit(0_i64)])
        };
        total.alias(self.name("total", 0))
    }

    /// The class that points alone give (the number of cut-offs reached), and the worst class any direct rule asks for.
    pub(super) fn bounds(&self) -> Done<Vec<Expr>> {
        let cutoffs = self.model.classes.iter().filter_map(|class| class.below);
        let mut classes = (0_i32..)
            .zip(cutoffs)
            .map(|(class, below)| (self.column("total").lt(lit(i64::from(below))), lit(class)));
        let last = lit(i32::try_from(self.model.classes.len().saturating_sub(1)).unwrap_or(i32::MAX));
        let mild = match classes.next() {
            None => last,
            Some((better, class)) => {
                let mut cases = when(better, class);
                for (better, class) in classes {
                    cases = cases.when(better, class);
                }
                cases.otherwise(last)?
            }
        };
        let hits: Vec<Expr> = (0..self.model.direct.len())
            .map(|at| ident(self.name("hit", at)))
            .collect();
        let worst = if hits.is_empty() {
            lit(-1_i32)
        } else {
            greatest(hits)
        };
        Ok(vec![
            mild.alias(self.name("mild", 0)),
            worst.alias(self.name("worst", 0)),
        ])
    }

    /// The class with direct rules, over the columns of [`Self::bounds`].
    pub(super) fn class_by_rules(&self) -> Expr {
        greatest(vec![self.column("mild"), self.column("worst")])
    }

    /// The class, and the rule that set it: the first of those that ask for the worst class, where that is worse than what
    /// the points give.
    pub(super) fn classes(&self) -> Done<Vec<Expr>> {
        let mut rules = (0_u16..).zip(0..self.model.direct.len()).map(|(rule, at)| {
            let worst = self.column("worst");
            let decides = worst
                .clone()
                .gt(self.column("mild"))
                .and(ident(self.name("hit", at)).eq(worst));
            (decides, lit(rule))
        });
        let nobody = lit(ScalarValue::UInt16(None));
        let direct = match rules.next() {
            None => nobody,
            Some((decides, rule)) => {
                let mut cases = when(decides, rule);
                for (decides, rule) in rules {
                    cases = cases.when(decides, rule);
                }
                cases.otherwise(nobody)?
            }
        };
        Ok(vec![
            self.class_by_rules().alias(self.name("class", 0)),
            cast(direct, DataType::UInt16).alias(self.name("direct", 0)),
        ])
    }

    pub(super) fn class(&self) -> Expr {
        self.column("class")
    }

    pub(super) fn direct(&self) -> Expr {
        self.column("direct")
    }

    pub(super) fn points(&self) -> Expr {
        least(vec![self.column("total"), lit(i64::from(i32::MAX))])
    }

    /// A number by band or map over a value: `absent` where it is NULL, `otherwise` where the table says nothing.
    fn rated(&self, scoring: &Scoring, value: Expr, prefix: bool, absent: i32, otherwise: i32) -> Done<Expr> {
        let otherwise = lit(i64::from(otherwise));
        let unseen = when(value.clone().is_null(), lit(i64::from(absent)));
        match scoring {
            Scoring::Bands(bands) => {
                let mut cases = unseen;
                for band in bands.iter().rev() {
                    cases = cases.when(value.clone().gt_eq(lit(band.min)), lit(i64::from(band.points)));
                }
                cases.otherwise(otherwise)
            }
            Scoring::Map(entries) => {
                let mut unseen = unseen;
                unseen.otherwise(self.mapped(entries, prefix, value, otherwise)?)
            }
        }
    }

    /// Points by code: the entry of the same code, or of the longest prefix for industries and divisions.
    fn mapped(&self, entries: &[MapEntry], prefix: bool, value: Expr, otherwise: Expr) -> Done<Expr> {
        // Number 0 is the unknown, which an entry without a code may rate.
        let numbers = (0..=self.symbols.code_count()).filter_map(|number| u32::try_from(number).ok());
        let mut rated = numbers.filter_map(|number| {
            let text = self.symbols.code_of(number).unwrap_or_default();
            let fits = |entry: &&MapEntry| {
                if prefix {
                    !text.is_empty() && text.starts_with(&entry.code)
                } else {
                    text == entry.code
                }
            };
            // Of entries of the same length the last counts, as in the evaluator.
            let best = entries.iter().filter(fits).max_by_key(|entry| entry.code.len())?;
            Some((lit(i64::from(number)), lit(i64::from(best.points))))
        });
        let Some((number, points)) = rated.next() else {
            return Ok(otherwise);
        };
        let mut cases = case(value).when(number, points);
        for (number, points) in rated {
            cases = cases.when(number, points);
        }
        cases.otherwise(otherwise)
    }
}

/// The sum as a tree of little depth: a plan is written down as nested messages, whose depth is bounded.
fn sum(mut parts: Vec<Expr>) -> Expr {
    if parts.len() > 1 {
        let right = parts.split_off(parts.len() / 2);
        return sum(parts) + sum(right);
    }
    parts.pop().unwrap_or_else(|| lit(0_i64))
}
