//! Whose record is it: finds the entity a row is about when its code is absent or wrong, by name, former names, place,
//! registration number and what is left of the code, and explains every score.
//!
//! Pure: the entities are asked for through [`Index`], which a table in memory and a database both can serve. What
//! agreement is worth and where the thresholds lie is the pack's word (`matching.toml`).
//!
//! Three rules stand above all points. A branch is never its parent. Equal words in two places that exclude each other
//! are two firms. A code that is written but wrong is corrected by a person only.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::as_conversions,
        clippy::print_stderr,
        clippy::print_stdout
    )
)]

mod address;
mod compare;
mod find;
mod index;
mod keys;
mod look_alike;
mod places;
mod reading;
mod score;
mod written;

pub use address::{AddressMatch, compare_addresses, normal_address};
pub use compare::{FormMatch, NameMatch, PlaceMatch, WordMatch, compare_names};
pub use find::{Answer, Finding, Query, find};
pub use index::{Index, Known, MemoryIndex};
pub use keys::{Key, keys_of_entity, keys_of_query, organisation, registration, text_key, whole_name};
pub use look_alike::{look_alike, look_alikes_of};
pub use places::Places;
pub use reading::Reading;
pub use score::{Candidate, Component, score};
pub use written::{CodeMatch, Written};
