//! Sending back (退回更正): a reject report holds the refused rows as they came, with what is wrong beside; a supplier
//! corrects it and hands the very file over again. Its rows take the place of the refused ones, whose number goes down.

mod book;
mod form;
mod service;
mod store;
#[cfg(test)]
mod tests;

pub use form::{ReportForm, reject_report};
pub use service::{count, forget, note, origin, report};
pub use store::ALL as STATEMENTS;
