//! Files of every form, good, broken and hostile.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::format_collect,
    reason = "tests"
)]
mod broken;
mod forms;
mod hostile;
mod make;
mod sheets;
