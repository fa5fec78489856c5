//! Line-ups of models as one DataFusion plan: one row for each entity, with class, points, direct rule and group points.
//!
//! The plan in the order of its steps:
//! 1. every segment of the snapshot, item and code numbers translated to those of the pack, put under one another;
//! 2. `speaks` over all records of an entity: which record counts, and until when;
//! 3. one conditional aggregate by entity for each reading of a model or gate (equal readings once, [`value`]);
//! 4. beside the entities, whose attributes are read the same way;
//! 5. for each model points by band or map, groups clipped, factors, class by points, direct rules ([`score`]);
//! 6. which models speak of the entity, and whose class stands ([`line`]).

mod line;
mod score;
mod value;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::Result as Done;
use datafusion::dataframe::DataFrame;
use datafusion::logical_expr::{Expr, ExprFunctionExt, JoinType, cast, ident, in_list, lit, when};
use datafusion::prelude::SessionContext;
use policy::{Compiled, ItemMode, LineUp, Symbols, compile_lineup};

use crate::fault::{Cluster, ClusterFault};
use crate::source::Lake;
use crate::speak::speaks;
use line::Line;
use value::Readings;

/// What is to be classified: the question of `lake::classify` before compiling, without threads.
#[derive(Debug, Clone, Copy)]
pub struct Question<'m> {
    /// Models with everything beside them; each gives one verdict for each entity.
    pub lineups: &'m [LineUp],
    /// The numbering of their pack.
    pub symbols: &'m Symbols,
    /// The day, counted from 1970-01-01.
    pub as_of: i32,
    /// Ledger position up to which records count; `None` = the whole snapshot.
    pub up_to: Option<i64>,
}

impl Question<'_> {
    /// The line-ups compiled: what `lake` is given for the same question.
    pub fn compiled(&self) -> Cluster<Vec<Compiled>> {
        let compiled = self
            .lineups
            .iter()
            .map(|lineup| compile_lineup(lineup, self.symbols));
        Ok(compiled.collect::<Result<_, _>>()?)
    }
}

/// The plan that answers a question, rows ascending by entity. Columns: `entity`, `division`, and for line-up number `l`
/// `class_l`, `model_l`, `points_l`, `direct_l` (NULL where the points decide) and `group_l_g` for each group `g`.
pub async fn plan(context: &SessionContext, lake: &Lake, question: &Question<'_>) -> Cluster<DataFrame> {
    // What the evaluator refuses is refused here too.
    if question.compiled()?.is_empty() {
        return Err(ClusterFault::Argument("至少需要一个模型".to_owned()));
    }
    let up_to = lake.up_to(question.up_to)?;
    let records = lake.records(context, question.symbols, up_to).await?;
    let entities = lake.entities(context, question.symbols, up_to).await?;
    Ok(assemble(records, entities, question)?)
}

fn assemble(records: Option<DataFrame>, entities: DataFrame, question: &Question<'_>) -> Done<DataFrame> {
    let mut readings = Readings::new(question.as_of);
    let mut lines: Vec<Line<'_>> = Vec::new();
    let mut values = Vec::new();
    let mut parts = 0;
    for (number, lineup) in question.lineups.iter().enumerate() {
        let line = Line::new(number, parts, lineup, question.symbols);
        values.extend(line.values(&mut readings)?);
        parts += line.parts().len();
        lines.push(line);
    }
    let beside = match records.filter(|_| !readings.is_empty()) {
        Some(records) => {
            let gathered = speaking(records, question.as_of, question.symbols)?
                .filter(readings.any_item())?
                .aggregate(vec![ident("entity").alias("who")], readings.aggregates())?;
            entities.join(gathered, JoinType::Left, &["entity"], &["who"], None)?
        }
        None => with(entities, readings.nothing().collect())?,
    };
    values.extend([ident("entity"), ident("division")]);
    let mut frame = beside.select(values)?;
    let layers: [fn(&Line<'_>) -> Done<Vec<Expr>>; 7] = [
        |line| line.groups_and_hits(),
        |line| line.bases(),
        |line| line.totals(),
        |line| line.bounds(),
        |line| line.classes(),
        |line| line.combined(),
        |line| line.chosen(),
    ];
    for layer in layers {
        let of_lines = lines.iter().map(layer).collect::<Done<Vec<_>>>()?;
        frame = with(frame, of_lines.concat())?;
    }
    let given = lines.iter().map(Line::verdict).collect::<Done<Vec<_>>>()?;
    let common = vec![ident("entity"), ident("division")];
    frame
        .select(common.into_iter().chain(given.concat()))?
        .sort_by(vec![ident("entity")])
}

/// The columns there are, and more. What nobody reads later the optimiser leaves out.
fn with(frame: DataFrame, more: Vec<Expr>) -> Done<DataFrame> {
    let held = frame.schema().fields().iter().map(|field| ident(field.name()));
    let all: Vec<Expr> = held.chain(more).collect();
    frame.select(all)
}

/// The records that count, with `ends` (the day each ends after all) and `age` (days since `on`).
fn speaking(records: DataFrame, as_of: i32, symbols: &Symbols) -> Done<DataFrame> {
    let columns = [
        "entity",
        "position",
        "names",
        "relation",
        "item",
        "on",
        "ends_on",
        "amount_fen",
        "level",
        "code",
    ];
    let mut columns: Vec<Expr> = columns.into_iter().map(ident).collect();
    columns.push(slot(symbols)?.alias("slot"));
    let arguments = ["position", "names", "relation", "on", "ends_on", "slot"];
    let arguments = arguments.into_iter().map(ident).chain([lit(as_of)]).collect();
    let ends = speaks()
        .call(arguments)
        .partition_by(vec![ident("entity")])
        .build()?
        .alias("ends");
    let windowed = records.select(columns)?.window(vec![ends])?;
    let age = lit(i64::from(as_of)) - cast(ident("on"), DataType::Int64);
    windowed.filter(ident("ends").is_not_null())?.select(vec![
        ident("entity"),
        ident("position"),
        ident("item"),
        ident("on"),
        age.alias("age"),
        ident("ends"),
        ident("amount_fen"),
        ident("level"),
        ident("code"),
    ])
}

/// The item of records of state items, 0 for all others.
fn slot(symbols: &Symbols) -> Done<Expr> {
    let states: Vec<Expr> = (1..=symbols.item_count())
        .filter_map(|number| u16::try_from(number).ok())
        .filter(|number| {
            symbols
                .item_of(*number)
                .is_some_and(|item| item.mode == ItemMode::State)
        })
        .map(lit)
        .collect();
    if states.is_empty() {
        return Ok(lit(0_u16));
    }
    when(in_list(ident("item"), states, false), ident("item")).otherwise(lit(0_u16))
}
