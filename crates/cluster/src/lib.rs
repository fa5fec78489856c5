//! The classification of all entities beyond one machine: the models of a pack as a DataFusion plan that Ballista distributes.
//!
//! - [`plan`] turns compiled models into a plan over the Parquet files of a `lake` snapshot: conditional aggregates by entity,
//!   bands, maps, caps, classes and direct rules as plain expressions. The one thing that is not relational, which record of a
//!   chain speaks (corrections, withdrawals, ends), is a window function that calls the very chains of `policy`.
//! - [`Lake`] is a snapshot on local disk or S3-compatible storage.
//! - [`scheduler`], [`executor`] and [`Client`] are the three processes; [`Client::classify`] writes the file that
//!   `lake::ResultFile` writes on one machine.
//!
//! The only crate that names DataFusion and Ballista. Neither has authentication: bind to a private network.
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::as_conversions,
        reason = "tests say what they expect by failing"
    )
)]

mod client;
mod compare;
mod fault;
mod node;
mod plan;
mod result;
mod session;
mod source;
mod speak;
mod storage;
#[cfg(feature = "testing")]
pub mod testing;

pub use client::{Answer, Client, Task};
pub use compare::{Compared, compare};
pub use fault::{Cluster, ClusterFault};
pub use node::{ExecutorAt, SchedulerAt, executor, runtime, scheduler};
pub use plan::{Question, plan};
pub use result::results_of;
pub use session::local;
pub use source::Lake;
