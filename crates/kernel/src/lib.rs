//! The words every other crate shares: codes, places, days, money, who acts, and how one says no.
//!
//! Nothing here reads a file, a clock or chance, and nothing waits: every function is plain and repeatable.

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

mod text;

pub mod actor;
pub mod calendar;
pub mod code;
pub mod division;
pub mod entity;
pub mod event;
pub mod fault;
pub mod id;
pub mod industry;
pub mod money;
pub mod name;
pub mod page;
pub mod permission;

pub use actor::{Actor, ActorKind, Jurisdiction, Scope};
pub use calendar::{Calendar, CalendarFault, CalendarYear};
pub use code::{CitizenId, CodeFault, CreditCode, OrgCode, RegistrationNo, SubjectNo};
pub use division::Division;
pub use entity::{EntityStatus, EntityType};
pub use event::Envelope;
pub use fault::{Fault, FaultKind, FieldFault, Outcome, Refusal};
pub use id::{Day, Entity, Id, Instant};
pub use industry::Industry;
pub use money::{Amount, Currency, Fen};
pub use page::{Cursor, Page};
pub use permission::Permission;
