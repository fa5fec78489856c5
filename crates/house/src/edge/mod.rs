//! The rim: HTTP. Routes that cannot exist without a permission, one place where a fault becomes an answer,
//! the OpenAPI document made from the same table as the router, health and metrics.
//!
//! Async stays here and in the modules' `http.rs`; everything inside runs on blocking threads.

mod auth;
mod calls;
mod doc;
pub mod fields;
pub mod may;
mod problem;
mod router;
#[cfg(test)]
mod tests;

pub use calls::{Answer, Edge, act, ask};
pub use doc::{Doc, PageView, page_limit};
pub use problem::Problem;
pub use router::{Routes, all_routes, router};
