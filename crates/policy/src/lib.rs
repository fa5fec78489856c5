//! Policy packs (the law as dated data) and the one evaluator of classification models.
//!
//! - [`Pack`] reads a folder of TOML, refuses what is wrong with file and line, lays a local pack over its base, and
//!   answers questions for a day ([`PackOn`]), each answer with its trace.
//! - [`Model`] → [`compile`] → [`Compiled::evaluate`] (no allocation) and [`Compiled::explain`] (the same accumulation, told
//!   in sentences). The classes are an internal basis for allocating checks.
//! - [`resolve`] tells what became of each record: the chains the evaluator counts by, for whoever shows or asks for records.
//!
//! The files of a pack are described in `docs/packs.md`.
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::as_conversions,
        reason = "tests say what they expect by failing"
    )
)]

pub mod evaluator;
pub mod lineup;
pub mod model;
pub mod pack;
pub mod symbols;

pub use evaluator::{
    Change, Compiled, DirectReason, EntityFacts, Explanation, FactorReason, Fate, GroupPoints, MAX_GROUPS,
    ModelFault, ModelReading, NEVER, OPEN, OutsideReason, Part, Raw, Reason, RecordFact, Relation, Scratch,
    UNCLASSED, Verdict, compile, compile_lineup, day_number, day_of_number, resolve,
};
pub use lineup::{Combine, Gate, LineUp, Regime, Special};
pub use model::{
    Aggregate, Attribute, Band, Basis, Class, Condition, DecayStep, Direct, Factor, FactorSource, FactorUnit,
    Group, Indicator, MapEntry, Model, Records, Scoring, Source,
};
pub use pack::{
    Answer, CheckReport, Folder, Memory, Overlay, Pack, PackFault, PackOn, Place, Silent, SourceTree, Trace,
};
pub use symbols::{ItemMode, ItemSymbol, Symbols};
