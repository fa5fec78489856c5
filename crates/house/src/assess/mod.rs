//! Credit-risk classes (企业信用风险分类): the model of the pack applied to what is known, with reasons.
//!
//! The class is an internal basis for allocating checks. It is not published and is no ground for a penalty:
//! nothing in this module is reachable by a public route, and a test walks every public route to prove it.

pub mod http;
pub mod jobs;
pub mod life;
pub mod model;
pub mod rules;
pub mod service;
mod store;
#[cfg(test)]
mod tests;

pub use store::ALL as STATEMENTS;
