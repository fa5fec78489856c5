//! The window function `speaks`: over all records of one entity, the day each speaking record ends, NULL for the others.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Int32Array};
use datafusion::arrow::datatypes::{
    ArrowPrimitiveType, DataType, Field, FieldRef, Int32Type, Int64Type, UInt8Type, UInt16Type,
};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::function::{PartitionEvaluatorArgs, WindowUDFFieldArgs};
use datafusion::logical_expr::{PartitionEvaluator, Signature, Volatility, WindowUDF, WindowUDFImpl};
use policy::{Fate, RecordFact, Relation, resolve};

/// Name under which every process of the cluster knows the function.
pub(crate) const SPEAKS: &str = "xinheng_speaks";

/// The function, to be registered by every process.
///
/// Arguments: `position`, `names`, `relation`, `on`, `ends_on`, `slot`, `as_of`. Records that share a `slot` other than 0 are
/// those of one state item: only the greatest by (on, position) of those that speak is let through.
pub(crate) fn speaks() -> Arc<WindowUDF> {
    Arc::new(WindowUDF::new_from_impl(Speaks {
        signature: Signature::exact(
            vec![
                DataType::Int64,
                DataType::Int64,
                DataType::UInt8,
                DataType::Int32,
                DataType::Int32,
                DataType::UInt16,
                DataType::Int32,
            ],
            Volatility::Immutable,
        ),
    }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Speaks {
    signature: Signature,
}

impl WindowUDFImpl for Speaks {
    fn name(&self) -> &str {
        SPEAKS
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn partition_evaluator(&self, _: PartitionEvaluatorArgs) -> Result<Box<dyn PartitionEvaluator>> {
        Ok(Box::<Evaluator>::default())
    }

    fn field(&self, args: WindowUDFFieldArgs) -> Result<FieldRef> {
        Ok(Arc::new(Field::new(args.name(), DataType::Int32, true)))
    }
}

/// Room to work in, kept from one entity to the next.
#[derive(Debug, Default)]
struct Evaluator {
    facts: Vec<RecordFact>,
    latest: HashMap<u16, (i32, i64)>,
}

impl PartitionEvaluator for Evaluator {
    fn evaluate_all(&mut self, values: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
        let given = Given::of(values, rows)?;
        self.facts.clear();
        self.facts.extend((0..rows).filter_map(|at| given.fact(at)));
        let Some(as_of) = given.as_of.first().copied() else {
            return Ok(Arc::new(Int32Array::from(Vec::<Option<i32>>::new())));
        };
        let plain = |fact: &RecordFact| fact.relation == Relation::None && fact.item == 0;
        if self.facts.iter().all(plain) {
            let ends = self
                .facts
                .iter()
                .map(|fact| (fact.on <= as_of).then_some(fact.ends_on));
            return Ok(Arc::new(ends.collect::<Int32Array>()));
        }
        let mut ends: Vec<Option<i32>> = resolve(&self.facts, as_of)
            .into_iter()
            .map(|fate| match fate {
                Fate::Speaks { ends_on, .. } => Some(ends_on),
                Fate::Corrected { .. } | Fate::Withdrawn { .. } | Fate::Silent => None,
            })
            .collect();
        self.keep_latest(&mut ends);
        Ok(Arc::new(Int32Array::from(ends)))
    }
}

impl Evaluator {
    /// Of the speaking records of a state item only the latest stays.
    fn keep_latest(&mut self, ends: &mut [Option<i32>]) {
        self.latest.clear();
        let slotted = |fact: &&RecordFact| fact.item != 0;
        for (fact, _) in self
            .facts
            .iter()
            .zip(&*ends)
            .filter(|(fact, end)| slotted(fact) && end.is_some())
        {
            let held = self.latest.entry(fact.item).or_insert_with(|| fact.moment());
            *held = fact.moment().max(*held);
        }
        for (fact, end) in self.facts.iter().zip(ends).filter(|(fact, _)| slotted(fact)) {
            if self.latest.get(&fact.item) != Some(&fact.moment()) {
                *end = None;
            }
        }
    }
}

/// The columns of one entity.
struct Given<'v> {
    position: &'v [i64],
    names: &'v [i64],
    relation: &'v [u8],
    on: &'v [i32],
    ends_on: &'v [i32],
    slot: &'v [u16],
    as_of: &'v [i32],
}

impl<'v> Given<'v> {
    fn of(values: &'v [ArrayRef], rows: usize) -> Result<Self> {
        let [position, names, relation, on, ends_on, slot, as_of] = values else {
            return Err(wrong("takes seven columns"));
        };
        Ok(Self {
            position: column::<Int64Type>(position, rows)?,
            names: column::<Int64Type>(names, rows)?,
            relation: column::<UInt8Type>(relation, rows)?,
            on: column::<Int32Type>(on, rows)?,
            ends_on: column::<Int32Type>(ends_on, rows)?,
            slot: column::<UInt16Type>(slot, rows)?,
            as_of: column::<Int32Type>(as_of, rows)?,
        })
    }

    /// The fact at a row, as far as chains look at it; the slot stands in the place of the item.
    fn fact(&self, at: usize) -> Option<RecordFact> {
        Some(RecordFact {
            record: *self.position.get(at)?,
            names: *self.names.get(at)?,
            relation: match self.relation.get(at)? {
                1 => Relation::Corrects,
                2 => Relation::Withdraws,
                3 => Relation::Ends,
                _ => Relation::None,
            },
            item: *self.slot.get(at)?,
            on: *self.on.get(at)?,
            ends_on: *self.ends_on.get(at)?,
            amount_fen: 0,
            level: 0,
            code: 0,
        })
    }
}

fn column<T: ArrowPrimitiveType>(array: &ArrayRef, rows: usize) -> Result<&[T::Native]> {
    let array = array
        .as_primitive_opt::<T>()
        .ok_or_else(|| wrong("was given a column of another type"))?;
    if array.null_count() > 0 || array.len() != rows {
        return Err(wrong("was given a column with holes"));
    }
    Ok(array.values())
}

fn wrong(why: &str) -> DataFusionError {
    DataFusionError::Execution(format!("{SPEAKS} {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::arrow::array::{Int64Array, UInt8Array, UInt16Array};

    fn evaluate(facts: &[(i64, i64, u8, i32, i32, u16)], as_of: i32) -> Vec<Option<i32>> {
        let values: Vec<ArrayRef> = vec![
            Arc::new(facts.iter().map(|f| f.0).collect::<Int64Array>()),
            Arc::new(facts.iter().map(|f| f.1).collect::<Int64Array>()),
            Arc::new(facts.iter().map(|f| f.2).collect::<UInt8Array>()),
            Arc::new(facts.iter().map(|f| f.3).collect::<Int32Array>()),
            Arc::new(facts.iter().map(|f| f.4).collect::<Int32Array>()),
            Arc::new(facts.iter().map(|f| f.5).collect::<UInt16Array>()),
            Arc::new(facts.iter().map(|_| as_of).collect::<Int32Array>()),
        ];
        let got = Evaluator::default().evaluate_all(&values, facts.len()).unwrap();
        got.as_primitive::<Int32Type>().iter().collect()
    }

    #[test]
    fn a_record_speaks_until_its_own_end_or_the_one_that_names_it() {
        assert_eq!(
            evaluate(
                &[(1, 0, 0, 5, 90, 0), (2, 0, 0, 11, 90, 0), (3, 1, 3, 7, 90, 0)],
                10
            ),
            [Some(7), None, Some(90)]
        );
        assert_eq!(
            evaluate(&[(1, 0, 0, 5, 90, 0), (2, 1, 2, 6, 90, 0)], 10),
            [None, None]
        );
    }

    #[test]
    fn of_a_state_item_only_the_latest_that_speaks_is_let_through() {
        let moved = [
            (1, 0, 0, 5, 90, 3),
            (2, 0, 0, 9, 91, 3),
            (3, 0, 0, 9, 92, 3),
            (4, 0, 0, 12, 93, 3),
        ];
        assert_eq!(evaluate(&moved, 10), [None, None, Some(92), None]);
        let withdrawn = [(1, 0, 0, 5, 90, 3), (2, 0, 0, 9, 91, 3), (3, 2, 2, 10, 92, 0)];
        assert_eq!(evaluate(&withdrawn, 10), [Some(90), None, None]);
    }

    #[test]
    fn no_rows_give_no_rows() {
        assert_eq!(evaluate(&[], 10), []);
    }
}
