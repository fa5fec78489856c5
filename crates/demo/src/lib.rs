//! A made-up city: what its departments would hand over, the same bytes for the same seed.
//!
//! The places and the industry codes are real (Shantou, 4405); the firms, the people, the papers and everything said
//! about them are invented, and look it. Every entity is a function of the seed and its number, so nothing is kept in
//! memory and a city of millions streams out.

mod city;
mod code;
mod dice;
mod entity;
mod life;
mod nature;
mod office;
mod outcome;
mod place;
mod register;
mod sheet;
mod sink;
mod story;
mod trade;
mod words;

pub use city::{City, MOST_ENTITIES, Summary};
pub use entity::code_of;
pub use nature::Nature;
pub use office::{Department, Inspector, departments, inspectors};
pub use outcome::{CHECKS, Check, Finding, leniency, outcome};
pub use register::registrations;
pub use sheet::{Encoding, SHEETS, Sheet};
pub use sink::{BadRow, FileSummary};
pub use trade::{Sector, Trade};
