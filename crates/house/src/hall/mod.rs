//! The hall: what all modules share. Who acts and when ([`Op`]), the only opener of transactions
//! ([`command`], [`query`]), rows sealed until a jurisdiction opens them ([`Sealed`]), the ledger of
//! events, the publication log, duties (待办) with their clocks, jobs that survive a crash, and the data folder.
//!
//! Everything known is a record; everything owed is a duty; everything decided is an event.

mod command;
pub mod duty;
pub mod feed;
pub mod files;
pub mod http;
pub mod job;
pub mod keys;
pub mod ledger;
pub mod log;
pub mod names;
mod op;
mod sealed;
mod store;
#[cfg(test)]
pub(crate) mod tests;
pub mod token;

pub use command::{command, command_once, query};
pub use ledger::{Event, Told};
pub use op::{Chance, Clock, House, Law, Once, Op, local_day};
pub use sealed::{InJurisdiction, Sealed, paged, paged_by, whole_house};
pub use store::ALL as STATEMENTS;
