//! A line-up: general model, professional models and regimes; who is outside, who speaks, whose class stands.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Result as Done, ScalarValue};
use datafusion::functions::core::expr_fn::greatest;
use datafusion::logical_expr::{Expr, case, cast, ident, in_list, lit, when};
use policy::{Aggregate, Combine, Condition, Gate, LineUp, MAX_GROUPS, Records, Special, Symbols, UNCLASSED};

use super::score::Part;
use super::value::Readings;

/// Where no model of a kind speaks.
const NOBODY: i32 = -1;

/// One line-up and its models.
pub(super) struct Line<'m> {
    number: usize,
    lineup: &'m LineUp,
    symbols: &'m Symbols,
    /// The general model, the professional ones, the regimes' where they have one.
    parts: Vec<(usize, Part<'m>)>,
}

impl<'m> Line<'m> {
    /// Line-up number `number`; its models are numbered from `first`.
    pub(super) fn new(number: usize, first: usize, lineup: &'m LineUp, symbols: &'m Symbols) -> Self {
        let regimes = lineup.regimes.iter().map(|regime| regime.model.as_ref());
        let models = [Some(&lineup.general)].into_iter();
        let models = models
            .chain(lineup.special.iter().map(|special| Some(&special.model)))
            .chain(regimes);
        let there = models
            .enumerate()
            .filter_map(|(place, model)| Some((place, model?)));
        let parts = (first..)
            .zip(there)
            .map(|(number, (place, model))| (place, Part::new(number, model, symbols)));
        Self {
            number,
            lineup,
            symbols,
            parts: parts.collect(),
        }
    }

    /// The models with their place in the line-up, as `Verdict::model` counts.
    pub(super) fn parts(&self) -> &[(usize, Part<'m>)] {
        &self.parts
    }

    fn name(&self, what: &str, at: usize) -> String {
        format!("line_{what}_{}_{at}", self.number)
    }

    fn of_parts(&self, mut of: impl FnMut(&Part<'m>) -> Done<Vec<Expr>>) -> Done<Vec<Expr>> {
        let of_parts = self
            .parts
            .iter()
            .map(|(_, part)| of(part))
            .collect::<Done<Vec<_>>>()?;
        Ok(of_parts.concat())
    }

    /// Values of all models, whether each professional model is ready, and which regime holds.
    pub(super) fn values(&self, readings: &mut Readings) -> Done<Vec<Expr>> {
        let mut values = self.of_parts(|part| part.values(readings))?;
        for (at, special) in self.lineup.special.iter().enumerate() {
            values.push(self.ready(special, readings)?.alias(self.name("ready", at)));
        }
        let mut regimes = self.lineup.regimes.iter().zip(0_i32..).map(|(regime, at)| {
            let gates = regime.applies.iter().map(|gate| self.attributes(gate));
            (any(gates.collect()), lit(at))
        });
        let outside = match regimes.next() {
            None => lit(NOBODY),
            Some((holds, at)) => {
                let mut cases = when(holds, at);
                for (holds, at) in regimes {
                    cases = cases.when(holds, at);
                }
                cases.otherwise(lit(NOBODY))?
            }
        };
        values.push(outside.alias(self.name("outside", 0)));
        Ok(values)
    }

    /// Whether a professional model applies and has data.
    fn ready(&self, special: &Special, readings: &mut Readings) -> Done<Expr> {
        let mut gates = Vec::new();
        for gate in &special.applies {
            let mut holds = self.attributes(gate);
            if let Some(item) = &gate.item {
                let condition = Condition {
                    codes: gate.codes.clone(),
                    open: gate.open,
                    ..Condition::default()
                };
                holds = holds.and(self.some(vec![item.clone()], condition, readings)?);
            }
            gates.push(holds);
        }
        let applies = any(gates);
        if special.needs.is_empty() {
            return Ok(applies);
        }
        Ok(applies.and(self.some(special.needs.clone(), Condition::default(), readings)?))
    }

    /// Whether there is a record of one of these items.
    fn some(&self, items: Vec<String>, condition: Condition, readings: &mut Readings) -> Done<Expr> {
        let records = Records {
            items,
            condition,
            aggregate: Aggregate::Count,
            within_days: None,
        };
        Ok(readings.of(&records, self.symbols)?.is_not_null())
    }

    /// Whether the parts of a gate on attributes hold.
    fn attributes(&self, gate: &Gate) -> Expr {
        let parts = [
            ("industry", &gate.industries),
            ("kind", &gate.kinds),
            ("status", &gate.statuses),
            ("division", &gate.divisions),
        ];
        let asked = parts.into_iter().filter(|(_, prefixes)| !prefixes.is_empty());
        let holds = asked.map(|(column, prefixes)| {
            let numbers = (1..=self.symbols.code_count()).filter_map(|number| u32::try_from(number).ok());
            let fit = numbers.filter(|number| {
                let text = self.symbols.code_of(*number).unwrap_or_default();
                prefixes.iter().any(|prefix| text.starts_with(prefix))
            });
            in_list(ident(column), fit.map(lit).collect(), false)
        });
        holds.reduce(Expr::and).unwrap_or_else(|| lit(true))
    }

    /// Layer: groups, hits of direct rules and numbers of factors.
    pub(super) fn groups_and_hits(&self) -> Done<Vec<Expr>> {
        self.of_parts(Part::groups_and_hits)
    }

    /// Layer: the sum of the groups.
    pub(super) fn bases(&self) -> Done<Vec<Expr>> {
        self.of_parts(|part| Ok(vec![part.base()]))
    }

    /// Layer: the sum moved by the factors.
    pub(super) fn totals(&self) -> Done<Vec<Expr>> {
        self.of_parts(|part| Ok(vec![part.total()]))
    }

    /// Layer: the class by points and the worst class a direct rule asks for; which professional models speak.
    pub(super) fn bounds(&self) -> Done<Vec<Expr>> {
        let mut bounds = self.of_parts(Part::bounds)?;
        let ready = |at: usize| ident(self.name("ready", at));
        for at in 0..self.lineup.special.len() {
            let above = self.lineup.special.iter().enumerate();
            let above = above.filter(|(other, special)| *other != at && self.covers(special, at));
            let covered = any(above.map(|(other, _)| ready(other)).collect());
            let speaks = ready(at).and(Expr::Not(Box::new(covered)));
            bounds.push(speaks.alias(self.name("speaks", at)));
        }
        Ok(bounds)
    }

    /// Whether professional model number `at` is down the chain of fallbacks of another.
    fn covers(&self, special: &Special, at: usize) -> bool {
        let mut next = special.falls_back_to.as_ref();
        // The chain has no ring (the evaluator refuses one), so it is no longer than there are models.
        for _ in 0..=self.lineup.special.len() {
            let find = |code: &String| {
                self.lineup
                    .special
                    .iter()
                    .position(|other| other.model.code == *code)
            };
            let Some(found) = next.and_then(find) else {
                return false;
            };
            if found == at {
                return true;
            }
            next = self
                .lineup
                .special
                .get(found)
                .and_then(|special| special.falls_back_to.as_ref());
        }
        false
    }

    /// Layer: the class and the deciding rule of each model.
    pub(super) fn classes(&self) -> Done<Vec<Expr>> {
        let mut classes = self.of_parts(Part::classes)?;
        for (place, part) in self
            .parts
            .iter()
            .filter(|(place, _)| (1..=self.lineup.special.len()).contains(place))
        {
            let speaks = ident(self.name("speaks", place - 1));
            let class = when(speaks, part.class_by_rules()).otherwise(lit(NOBODY))?;
            classes.push(class.alias(self.name("says", *place)));
        }
        Ok(classes)
    }

    /// Places of the professional models that go together with the general one in this way.
    fn places(&self, combine: Combine) -> Vec<usize> {
        let special = (1..).zip(&self.lineup.special);
        special
            .filter(|(_, special)| special.combine == combine)
            .map(|(place, _)| place)
            .collect()
    }

    /// Layer: the worst that models of each kind say.
    pub(super) fn combined(&self) -> Done<Vec<Expr>> {
        let worst = |combine| {
            let says = self
                .places(combine)
                .into_iter()
                .map(|place| ident(self.name("says", place)));
            let says: Vec<Expr> = says.collect();
            if says.is_empty() {
                lit(NOBODY)
            } else {
                greatest(says)
            }
        };
        let general = self
            .parts
            .first()
            .map_or_else(|| lit(NOBODY), |(_, part)| part.class());
        let replaced = worst(Combine::Replaces);
        let base = when(replaced.clone().gt_eq(lit(0_i32)), replaced.clone()).otherwise(general)?;
        Ok(vec![
            replaced.alias(self.name("replaced", 0)),
            worst(Combine::Worse).alias(self.name("worse", 0)),
            base.alias(self.name("base", 0)),
        ])
    }

    /// Layer: the place of the model whose verdict stands.
    pub(super) fn chosen(&self) -> Done<Vec<Expr>> {
        let (worse, base) = (|| ident(self.name("worse", 0)), || ident(self.name("base", 0)));
        let replaced = || ident(self.name("replaced", 0));
        let outside = || ident(self.name("outside", 0));
        let mut cases = Vec::new();
        for (place, at) in (1 + self.lineup.special.len()..)
            .zip(0_i32..)
            .take(self.lineup.regimes.len())
        {
            cases.push((outside().eq(lit(at)), place));
        }
        for place in self.places(Combine::Worse) {
            let says = ident(self.name("says", place));
            cases.push((worse().gt(base()).and(says.eq(worse())), place));
        }
        for place in self.places(Combine::Replaces) {
            let says = ident(self.name("says", place));
            cases.push((replaced().gt_eq(lit(0_i32)).and(says.eq(replaced())), place));
        }
        let number = |place: usize| lit(u8::try_from(place).unwrap_or(u8::MAX));
        let mut cases = cases.into_iter();
        let chosen = match cases.next() {
            None => number(0),
            Some((holds, place)) => {
                let mut all = when(holds, number(place));
                for (holds, place) in cases {
                    all = all.when(holds, number(place));
                }
                all.otherwise(number(0))?
            }
        };
        Ok(vec![chosen.alias(self.name("chosen", 0))])
    }

    /// The columns given out: those of the model whose verdict stands.
    pub(super) fn verdict(&self) -> Done<Vec<Expr>> {
        let number = self.number;
        let groups = self.lineup.general.groups.len().min(MAX_GROUPS);
        let unclassed = lit(i32::from(UNCLASSED));
        let class = cast(self.by_place(Part::class, &unclassed)?, DataType::UInt8);
        let points = cast(self.by_place(Part::points, &lit(0_i64))?, DataType::Int32);
        let nobody = lit(ScalarValue::UInt16(None));
        let direct = cast(self.by_place(Part::direct, &nobody)?, DataType::UInt16);
        let mut columns = vec![
            class.alias(format!("class_{number}")),
            cast(ident(self.name("chosen", 0)), DataType::UInt8).alias(format!("model_{number}")),
            points.alias(format!("points_{number}")),
            direct.alias(format!("direct_{number}")),
        ];
        for at in 0..groups {
            let group = self.by_place(|part| part.group(at), &lit(0_i64))?;
            columns.push(cast(group, DataType::Int32).alias(format!("group_{number}_{at}")));
        }
        Ok(columns)
    }

    /// A column of the model that was chosen; `otherwise` where it has none.
    fn by_place(&self, of: impl Fn(&Part<'m>) -> Expr, otherwise: &Expr) -> Done<Expr> {
        let mut parts = self.parts.iter();
        let Some((_, general)) = parts.next() else {
            return Ok(otherwise.clone());
        };
        if self.lineup.special.is_empty() && self.lineup.regimes.is_empty() {
            return Ok(of(general));
        }
        let mut cases = case(ident(self.name("chosen", 0))).when(lit(0_u8), of(general));
        for (place, part) in parts {
            cases = cases.when(lit(u8::try_from(*place).unwrap_or(u8::MAX)), of(part));
        }
        cases.otherwise(otherwise.clone())
    }
}

/// Whether any holds; none given: no.
fn any(parts: Vec<Expr>) -> Expr {
    parts.into_iter().reduce(Expr::or).unwrap_or_else(|| lit(false))
}
