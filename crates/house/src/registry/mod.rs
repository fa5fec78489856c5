//! The register of entities (经营主体库) and the credit file (信用档案) of each: who is supervised, and what is
//! known of them, every statement with its source, also as it was known on an earlier day.

pub mod http;
pub mod jobs;
pub mod model;
pub mod rules;
pub mod service;
mod store;
#[cfg(test)]
mod tests;
pub mod whose;

pub use store::ALL as STATEMENTS;
