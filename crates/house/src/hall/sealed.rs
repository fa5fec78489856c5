//! A row is sealed until the actor's jurisdiction opens it: forgetting the check does not compile.
use kernel::actor::Jurisdiction;
use kernel::{Fault, Outcome};

use super::Op;

/// What the actor wants with the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Look at it.
    Read,
    /// Change its state.
    Write,
}

/// A thing that belongs somewhere.
pub trait InJurisdiction {
    /// The division and the department it belongs to.
    fn jurisdiction(&self) -> Jurisdiction;
}

/// A row as the store returns it. Only [`Sealed::open`] gives access.
#[derive(Debug)]
pub struct Sealed<T>(T);

impl<T: InJurisdiction> Sealed<T> {
    /// Seals a row; called by stores only.
    pub(crate) fn new(row: T) -> Self {
        Self(row)
    }

    /// Opens the row for an actor whose scope covers it; to anybody else it does not exist.
    pub fn open(self, op: &Op, _act: Act) -> Outcome<T> {
        if op.actor.scope.covers(&self.0.jurisdiction()) {
            Ok(self.0)
        } else {
            Err(Fault::hidden())
        }
    }
}
