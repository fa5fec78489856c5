//! Collection (归集): what departments hand over, checked row by row against the catalogue (信用信息目录), kept
//! as records that are never edited, with every refused row named.
//!
//! A batch goes received → staged → applied. Staging works in chunks and notes how far it is; applying is one
//! transaction. A row whose content is already known changes nothing; a row with the same key and other content
//! is a correction that names the former record; a row of an ending item (移出， 修复) names the record it ends.

pub mod correction;
pub mod drop;
pub mod http;
pub mod jobs;
pub mod model;
pub mod pull;
pub mod push;
pub mod quality;
pub mod receipt;
pub mod rules;
pub mod service;
mod store;
mod table;
#[cfg(test)]
mod tests;
pub mod whose;

pub use store::ALL as STATEMENTS;
