//! The house: what every module shares (`hall`), the HTTP rim (`edge`) and the modules themselves, in the
//! order of the slope: a module may call modules named before it and tells the others through the ledger.
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::as_conversions,
        clippy::print_stdout,
        clippy::print_stderr,
        clippy::too_many_lines
    )
)]

pub mod edge;
pub mod hall;

pub mod office;

pub mod intake;

pub mod registry;

pub mod assess;

pub mod inspect;

pub mod publish;

mod migrations;

pub use hall::{House, Op};
pub use migrations::MIGRATIONS;
