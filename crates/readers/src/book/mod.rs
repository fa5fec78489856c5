//! Workbooks of office programs.
mod format;
mod merged;
mod sheet;
mod xlsx;
mod xml;

pub(crate) use sheet::Sheet;
pub(crate) use xlsx::{Book, workbook};
