//! Columnar snapshots of the ledger, and the classification of all entities streamed from them.
//!
//! Records are append-only, so a snapshot is a list of immutable Parquet segments by ledger position, each sorted by entity.
//! [`Writer`] makes and continues it, [`Snapshot`] reads it, [`classify`] streams every entity through the very
//! evaluator of `policy`. Memory stays flat whatever the number of entities and records. [`Writer::reclassify`] looks only at
//! entities of which something became known or whose day has come, and comes to the same.
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

mod again;
mod calendar;
mod carded;
mod cards;
mod classify;
mod compact;
mod desk;
mod entities;
mod fault;
mod files;
mod format;
mod manifest;
mod merge;
mod partition;
mod read;
mod result;
mod result_file;
mod snapshot;
mod symbols;
mod varint;
mod write;
mod writer;

pub use again::{Done, ONE_IN, Order, Way, Why};
pub use classify::{Answer, Progress, Question, classify};
pub use fault::{Lake, LakeFault};
pub use format::{EntityRow, Grain, Row};
pub use manifest::{
    CalendarEntry, CardSeal, EntitiesEntry, FORMAT, Layer, MANIFEST, Manifest, Seal, SegmentEntry, Standing,
};
pub use result::{Classified, ModelResults, Results, Sink, Totals};
pub use result_file::{Found, ResultFile, ResultReader};
pub use snapshot::Snapshot;
pub use symbols::SymbolTable;
pub use writer::{EntitiesBuilder, SegmentBuilder, Writer};
