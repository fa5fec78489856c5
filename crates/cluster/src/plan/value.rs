//! Values of indicators: what is made of records, as conditional aggregates, and of attributes. NULL = nothing was seen.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Result as Done, ScalarValue};
use datafusion::functions::core::expr_fn::nullif;
use datafusion::functions_aggregate::expr_fn::{count, max, min, sum};
use datafusion::functions_aggregate::first_last::last_value_udaf;
use datafusion::logical_expr::SortExpr;
use datafusion::logical_expr::{Expr, ExprFunctionExt, cast, ident, in_list, lit, when};
use policy::{Aggregate, Attribute, DecayStep, OPEN, Records, Symbols};

/// Digits of the sum of amounts, so that no sum overflows before it is bounded.
const AMOUNT: DataType = DataType::Decimal128(20, 0);
/// What DataFusion makes of a sum of [`AMOUNT`].
const SUM: DataType = DataType::Decimal128(30, 0);

/// The readings of records all models ask for, each once.
pub(super) struct Readings {
    as_of: i32,
    kept: Vec<Records>,
    items: Vec<u16>,
    aggregates: Vec<Expr>,
}

impl Readings {
    /// None yet.
    pub(super) fn new(as_of: i32) -> Self {
        Self {
            as_of,
            kept: Vec::new(),
            items: Vec::new(),
            aggregates: Vec::new(),
        }
    }

    /// The day asked for.
    pub(super) fn as_of(&self) -> i32 {
        self.as_of
    }

    /// The value of a reading, over the columns of [`Self::aggregates`].
    pub(super) fn of(&mut self, records: &Records, symbols: &Symbols) -> Done<Expr> {
        let number = match self.kept.iter().position(|held| held == records) {
            Some(number) => number,
            None => self.add(records, symbols)?,
        };
        finished(&records.aggregate, ident(name(number)))
    }

    fn add(&mut self, records: &Records, symbols: &Symbols) -> Done<usize> {
        let number = self.kept.len();
        let items: Vec<u16> = records.items.iter().map(|item| symbols.item(item)).collect();
        let condition = self.condition(records, &items, symbols);
        // In one go: a filter added to a finished call would lose its order.
        let call = aggregate(&records.aggregate, self.as_of)?
            .filter(condition)
            .order_by(order(&records.aggregate));
        self.aggregates.push(call.build()?.alias(name(number)));
        self.items.extend(items);
        self.kept.push(records.clone());
        Ok(number)
    }

    /// Whether a record passes the window and the filter of a reading.
    fn condition(&self, records: &Records, items: &[u16], symbols: &Symbols) -> Expr {
        let held = &records.condition;
        let items = items.iter().copied().map(lit).collect();
        let mut all = vec![in_list(ident("item"), items, false)];
        all.extend(
            records
                .within_days
                .map(|days| ident("age").lt(lit(i64::from(days)))),
        );
        all.extend(held.level_min.map(|least| ident("level").gt_eq(lit(least))));
        all.extend(held.amount_min.map(|least| ident("amount_fen").gt_eq(lit(least))));
        if !held.codes.is_empty() {
            let codes = held
                .codes
                .iter()
                .map(|code| symbols.code(code))
                .filter(|code| *code != 0);
            all.push(in_list(ident("code"), codes.map(lit).collect(), false));
        }
        let ahead = records.aggregate == Aggregate::DaysToEnd;
        if held.open || ahead {
            all.push(ident("ends").gt(lit(self.as_of)));
        }
        if ahead {
            all.push(ident("ends").not_eq(lit(OPEN)));
        }
        all.into_iter().reduce(Expr::and).unwrap_or_else(|| lit(true))
    }

    /// Whether no model reads records.
    pub(super) fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// Whether any reading reads the item of a record.
    pub(super) fn any_item(&self) -> Expr {
        let mut items = self.items.clone();
        items.sort_unstable();
        items.dedup();
        in_list(ident("item"), items.into_iter().map(lit).collect(), false)
    }

    /// The aggregates, one column for each reading.
    pub(super) fn aggregates(&self) -> Vec<Expr> {
        self.aggregates.clone()
    }

    /// The columns of [`Self::aggregates`] where there is no record at all.
    pub(super) fn nothing(&self) -> impl Iterator<Item = Expr> + '_ {
        let numbers = 0..self.kept.len();
        numbers.map(|number| lit(ScalarValue::Int64(None)).alias(name(number)))
    }
}

fn name(number: usize) -> String {
    format!("r{number}")
}

/// The order in which the latest record is the last: by (on, position).
fn order(aggregate: &Aggregate) -> Vec<SortExpr> {
    match aggregate {
        Aggregate::LastLevel | Aggregate::LastCode => {
            vec![ident("on").sort(true, false), ident("position").sort(true, false)]
        }
        _ => Vec::new(),
    }
}

/// What is made of the records that pass.
fn aggregate(aggregate: &Aggregate, as_of: i32) -> Done<Expr> {
    let latest = |column: &str| last_value_udaf().call(vec![ident(column)]);
    Ok(match aggregate {
        Aggregate::Count => count(lit(1_i64)),
        Aggregate::Sum => sum(cast(ident("amount_fen"), AMOUNT)),
        Aggregate::MaxLevel => max(ident("level")),
        Aggregate::LastLevel => latest("level"),
        Aggregate::LastCode => latest("code"),
        Aggregate::DaysSinceLast => min(ident("age")),
        Aggregate::DaysToEnd => min(cast(ident("ends"), DataType::Int64) - lit(i64::from(as_of))),
        Aggregate::Decayed(steps) => sum(weight(steps)?),
    })
}

/// The weight of the first step whose days exceed the age, else 0.
fn weight(steps: &[DecayStep]) -> Done<Expr> {
    let mut steps = steps.iter().map(|step| {
        (
            ident("age").lt(lit(i64::from(step.days))),
            lit(i64::from(step.permille)),
        )
    });
    let Some((young, permille)) = steps.next() else {
        return Ok(lit(0_i64));
    };
    let mut case = when(young, permille);
    for (young, permille) in steps {
        case = case.when(young, permille);
    }
    case.otherwise(lit(0_i64))
}

/// The value as a 64-bit number: a count of 0 means that nothing was seen, a sum is bounded as the evaluator bounds it.
fn finished(aggregate: &Aggregate, column: Expr) -> Done<Expr> {
    match aggregate {
        Aggregate::Count => Ok(nullif(column, lit(0_i64))),
        Aggregate::Sum => {
            let bound = |value: i64| lit(ScalarValue::Decimal128(Some(i128::from(value)), 30, 0));
            let sum = cast(column, SUM);
            when(sum.clone().gt(bound(i64::MAX)), lit(i64::MAX))
                .when(sum.clone().lt(bound(i64::MIN)), lit(i64::MIN))
                .otherwise(cast(sum, DataType::Int64))
        }
        Aggregate::DaysSinceLast | Aggregate::DaysToEnd | Aggregate::Decayed(_) => Ok(column),
        Aggregate::MaxLevel | Aggregate::LastLevel | Aggregate::LastCode => Ok(cast(column, DataType::Int64)),
    }
}

/// The value of an attribute of the entity.
pub(super) fn attribute(attribute: Attribute, as_of: i32) -> Expr {
    let code = |column: &str| cast(nullif(ident(column), lit(0_u32)), DataType::Int64);
    match attribute {
        Attribute::EstablishedOn => lit(i64::from(as_of)) - cast(ident("established_on"), DataType::Int64),
        Attribute::CapitalFen => ident("capital_fen"),
        Attribute::Kind => code("kind"),
        Attribute::Status => code("status"),
        Attribute::Industry => code("industry"),
        Attribute::Division => code("division"),
    }
}
