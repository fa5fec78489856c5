//! Whose record is it (主体匹配), the side of the register: block keys of every entity, candidates for loose rows, what a
//! person is shown and decides, entities that may be one, and related entities (关联企业).

pub mod http;
mod index;
pub mod jobs;
pub mod model;
mod pairs;
mod related;
pub mod rules;
pub mod service;
mod store;
#[cfg(test)]
mod tests;

pub use pairs::suggested;
pub use related::related;
pub use store::ALL as STATEMENTS;
