//! The evaluator from outside: its meaning case by case, and against a slow reference.
#![expect(
    clippy::unwrap_used,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::indexing_slicing,
    reason = "tests say what they expect by failing"
)]

mod chains;
mod differential;
mod lineup;
mod meaning;
mod reference;
mod support;
mod values;
