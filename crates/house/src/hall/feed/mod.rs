//! Feeds (数据推送): what happened leaves the house in two ways. Another system *downloads* the ledger by position
//! ([`log`]), with a signed tree that proves that nothing is missing; or it is *told* ([`hooks`]): signed calls with
//! retries, in order, at least once.
//!
//! Both show an event only within the scope of whoever asks. The feed keeps the place of the others: their leaf hash.

pub mod hooks;
pub mod http;
pub mod log;
pub mod model;
mod store;
#[cfg(test)]
mod tests;

pub use store::ALL as STATEMENTS;
