//! Pushing on (上报): records of a catalogue item go to an upper platform, so that a department enters them once
//! (“一次录入”) and both platforms have them. What was received, pushed and acknowledged is counted.
//!
//! A target takes records in the order of their positions, batch by batch. A push is fixed before it is sent: the same
//! records under the same number however often it is tried, so the other side recognises a repetition. The other side
//! says later what became of the rows; refused rows come back here by record.

pub mod http;
pub mod model;
pub mod service;
mod store;
#[cfg(test)]
mod tests;

pub use store::ALL as STATEMENTS;
