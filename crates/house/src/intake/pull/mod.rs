//! Pulling (抽取): views of departments' own databases are read by watermark, so that a department that can open a view
//! need hand nothing over.
//!
//! A pull reads what stands at or after the watermark and hands it over like a file. The watermark moves only in the
//! transaction that takes the batch in. Rows at the watermark are read again the next time, as others may have joined them;
//! those that are the same are recognised and left out.

pub mod model;
pub mod service;
mod store;
#[cfg(test)]
mod tests;

pub use store::ALL as STATEMENTS;
