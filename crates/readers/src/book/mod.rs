//! Workbooks of office programs.
mod cfb;
mod format;
mod laid;
mod merged;
mod sheet;
mod strings;
mod xls;
mod xlsx;
mod xml;

pub(crate) use sheet::Sheet;
pub(crate) use xls::{OldBook, OldSheet};
pub(crate) use xlsx::{Book, workbook};
