//! The quality of what is handed over (归集质量): seven dimensions, a score for each supplier and month, what is expected of
//! suppliers by when, how fresh each item is, and how it grows.
//!
//! What a month holds is counted from batches, refusals and records; the counts are kept, the scores are worked out from
//! them under the pack's weights when somebody asks. A department owes an item by the catalogue's term once it has handed it
//! over for the first time; what it never began with shows in coverage.

pub mod http;
pub mod jobs;
pub mod model;
pub mod rules;
pub mod service;
mod store;
#[cfg(test)]
mod tests;

pub use store::ALL as STATEMENTS;
