//! Finds names by any two characters in them, by the initials of their pinyin (拼音首字母) and by pinyin written out.
//!
//! An index on disk of what it is given: numbers with names, a status and a place. It knows no database and makes nothing
//! of names but what is needed to find them: whoever fills it hands over the one form of all spellings
//! (`kernel::name::normalise`), and asks with that form. Whoever fills it also says, with every commit, how far it has
//! come (`Edit::commit`), and reads that back when the index is opened: content and mark are kept together or not at all,
//! so a killed process leaves an index that is behind, never one that is wrong.
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

mod index;
mod plan;
mod search;
mod shape;
mod spelling;
#[cfg(test)]
mod tests;
mod tokens;

pub use index::{Edit, Entry, Finder, FinderFault};
pub use search::{After, BOUND, Found, Hit, Total, Wanted};
pub use spelling::LEAST;
