//! The life of a model (模型管理): draft (草案), shadow run (影子运行) on past inspection results, approval by a second person, in force
//! from a day, and back again.
//!
//! A draft is a fragment in the form of a pack's `model.toml`, laid over the deployment's pack; it is never edited. Of all
//! releases (放行) one is in force on any day. What a draft would have said is held against what visits found; figures that get
//! worse, or classes that leave their rails, block a release unless a named person overrules it. The table of past results that
//! a model is fitted on comes from here too.

pub mod http;
pub mod jobs;
pub mod model;
pub mod rules;
pub mod service;
mod store;
#[cfg(test)]
mod tests;

pub use store::ALL as STATEMENTS;
