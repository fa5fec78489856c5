//! Proofs that need no trust: canonical JSON, hash and signature suites, Merkle trees, the publication log and the draw.
//!
//! Pure: no clock, no chance, no files. An outsider can depend on this crate alone to check what an office published.
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        reason = "tests fail by panicking"
    )
)]

pub mod canonical;
pub mod draw;
mod error;
pub mod feed;
pub mod key;
pub mod log;
pub mod merkle;
pub mod receipt;
pub mod suite;
pub mod text;
pub mod verify;

pub use error::ProofError;
pub use key::Key;
pub use suite::{Digest, Suite};

/// A length as the unsigned number the documents use.
pub(crate) fn wide(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// A document number as a length; a number no machine can hold becomes the largest length.
pub(crate) fn narrow(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
