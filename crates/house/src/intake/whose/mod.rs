//! Whose record is it (主体匹配), the side of collection: rows that are good but for their code, what was decided of them, and
//! entities that turned out to be one.
//!
//! A loose row is waiting (nobody looked yet), queued (a person decides), unlinked (nobody like it is registered), linked,
//! left (a person left it unlinked) or replaced (a later row states the same fact anew). It is never deleted. A link makes a
//! record through the same door as any file; undoing it is a withdrawal that names the record.

pub mod deed;
pub mod merge;
pub mod model;
pub mod service;
mod store;

pub use store::{ALL as STATEMENTS, merge::ALL as MERGE_STATEMENTS};
