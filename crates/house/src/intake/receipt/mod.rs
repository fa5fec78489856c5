//! Receipts (回执): what was received, from whom and when, signed by the deployment, kept so that it can be had again.

pub mod service;
mod store;
#[cfg(test)]
mod tests;

pub use store::ALL as STATEMENTS;
