//! Publication (公示): plans, the documents of draws, results, and what of an entity's file is public; until when; and
//! what was withdrawn and why. The hash of every notice stands in the public log, so nothing disappears silently.
//!
//! Nothing here knows of risk classes: they are internal, and a test walks every public route to prove it.

pub mod http;
pub mod jobs;
pub mod model;
pub mod rules;
pub mod service;
mod store;
#[cfg(test)]
mod tests;

pub use store::ALL as STATEMENTS;
