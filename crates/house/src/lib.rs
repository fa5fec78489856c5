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
#[cfg(test)]
mod stories;

pub use hall::{House, Op};
pub use migrations::MIGRATIONS;

/// Everybody who follows the ledger, in the order in which they hear of an event.
pub fn readers() -> Vec<Box<dyn hall::ledger::Reader>> {
    vec![
        Box::new(intake::jobs::AcceptTold),
        Box::new(intake::quality::jobs::MeetExpectations),
        Box::new(registry::jobs::Register),
        Box::new(registry::whose::jobs::Watch),
        Box::new(assess::jobs::Regrade),
        Box::new(assess::life::jobs::NoteVisits),
        Box::new(publish::jobs::PublishDocuments),
    ]
}

/// Everybody who does background jobs of the house.
pub fn workers() -> Vec<Box<dyn hall::job::Worker>> {
    vec![
        Box::new(intake::jobs::TakeIn {
            followers: vec![Box::new(registry::jobs::Register)],
        }),
        Box::new(registry::whose::jobs::KeyBatch),
        Box::new(registry::whose::jobs::Match),
        Box::new(assess::life::jobs::ShadowRun),
    ]
}

/// Every named statement, for the test that prepares them all on both databases.
pub fn statements() -> Vec<&'static db::Statement> {
    [
        hall::STATEMENTS,
        hall::feed::STATEMENTS,
        office::STATEMENTS,
        intake::STATEMENTS,
        intake::correction::STATEMENTS,
        intake::drop::STATEMENTS,
        intake::pull::STATEMENTS,
        intake::push::STATEMENTS,
        intake::quality::STATEMENTS,
        intake::receipt::STATEMENTS,
        intake::whose::STATEMENTS,
        intake::whose::MERGE_STATEMENTS,
        registry::STATEMENTS,
        registry::whose::STATEMENTS,
        assess::STATEMENTS,
        assess::life::STATEMENTS,
        inspect::STATEMENTS,
        publish::STATEMENTS,
    ]
    .into_iter()
    .flatten()
    .collect()
}
