//! Drop folders (投递文件夹): a department puts files into a folder, the house takes those that have stopped growing, and
//! moves them to `done` or `failed` with a report beside.
//!
//! A file goes folder → `working` → `done` or `failed`, by renaming within the folder. Where it stands is seen from the
//! folder and from its row together, so a process that dies anywhere is followed by one that goes on: what lies in
//! `working` without a row is taken, what has a row waits for its batches, what was moved already is only noted. The content
//! decides whether a file is new, so nothing is taken in twice.

mod look;
pub mod model;
pub mod service;
mod store;
#[cfg(test)]
mod tests;

pub use look::Looks;
pub use store::ALL as STATEMENTS;
