//! Files of every form, good, broken and hostile.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::format_collect,
    clippy::format_push_string,
    reason = "tests"
)]
mod broken;
mod forms;
mod hostile;
mod make;
mod sheets;
