//! Departments (部门) and the roll of inspectors (执法检查人员名录库): who may check what, where, until when.

pub mod http;
pub mod model;
pub mod service;
mod store;
#[cfg(test)]
mod tests;

pub use store::ALL as STATEMENTS;
