//! Double random (双随机): plans, the verifiable draw of whom to check and who checks, tasks and results.
//!
//! A plan goes draft → approved → committed → drawn → closed; a void draw takes it back to approved. The pools are fixed
//! and committed to before any entropy is known, so nobody, the operator included, can steer who is drawn.

pub mod http;
pub mod model;
pub mod rules;
pub mod service;
mod store;
#[cfg(test)]
pub(crate) mod tests;

pub use store::ALL as STATEMENTS;
