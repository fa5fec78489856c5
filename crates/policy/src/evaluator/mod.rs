//! The one evaluator of classification models: pure, integers only, the same for one entity and for all of them.

mod chains;
mod changes;
mod compile;
mod due;
mod evaluate;
mod explain;
mod facts;
mod line;
mod told;
mod values;

pub use chains::{Fate, resolve};
pub use changes::Change;
pub use compile::{Compiled, ModelFault, compile};
pub use due::NEVER;
pub use evaluate::{Scratch, UNCLASSED, Verdict};
pub use facts::{EntityFacts, OPEN, RecordFact, Relation, day_number, day_of_number};
pub use line::compile_lineup;
pub use told::{
    DirectReason, Explanation, FactorReason, GroupPoints, ModelReading, OutsideReason, Part, Reason,
};
pub use values::Raw;

/// Most groups of a model; the size of [`Verdict::group_points`].
pub const MAX_GROUPS: usize = 16;
