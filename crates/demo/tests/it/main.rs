//! Tests of the demo city, read back the way an importer reads it.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

mod city;
mod nature;
mod shared;
