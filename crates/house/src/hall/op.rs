//! Who does what, when and under which pack: the operation context, and the house it runs in.
use std::sync::{Arc, PoisonError, RwLock};

use chrono::FixedOffset;
use db::Db;
use finder::Finder;
use kernel::actor::Actor;
use kernel::{Day, Instant, Outcome};
use policy::Pack;
use proof::Suite;

use super::{files::DataFolder, keys::Keys};

/// Tells the time. Rules never do; they take the instant as an argument.
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> Instant;
}

/// Gives unpredictable bytes. Rules never do; they take the bytes as an argument.
pub trait Chance: Send + Sync {
    /// Fills `bytes` from the system's source of randomness.
    fn fill(&self, bytes: &mut [u8]) -> Outcome<()>;
}

/// The law in force in this process: the deployment's pack, with released models laid over it. It changes while the program
/// runs when a model is released; an operation keeps the pack it began with.
pub struct Law(RwLock<Arc<Pack>>);

impl Law {
    /// The law of a pack.
    pub fn new(pack: impl Into<Arc<Pack>>) -> Self {
        Self(RwLock::new(pack.into()))
    }

    /// The pack now.
    pub fn pack(&self) -> Arc<Pack> {
        // A pointer is whole even if a thread died holding the lock.
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts another pack in its place, for operations that begin from now on.
    pub fn put(&self, pack: Arc<Pack>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = pack;
    }
}

/// Everything an operation needs: the store, the law in force, the keys, the files, the time.
#[derive(Clone)]
pub struct House {
    /// The one door to the database.
    pub db: Db,
    /// The policy pack of this jurisdiction with its released models.
    pub law: Arc<Law>,
    /// The deployment's suite and its signing key.
    pub keys: Arc<Keys>,
    /// Where files wait, and where the snapshot lives.
    pub folder: Arc<DataFolder>,
    /// The index of names in the data folder.
    pub names: Arc<Finder>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The source of randomness.
    pub chance: Arc<dyn Chance>,
}

impl House {
    /// An operation of `actor`, now.
    pub fn op(&self, actor: Actor, trace: impl Into<String>) -> Op {
        self.op_at(actor, trace, self.clock.now())
    }

    /// An operation of `actor` at a stated instant (imports of history, the demo).
    pub fn op_at(&self, actor: Actor, trace: impl Into<String>, at: Instant) -> Op {
        let (pack, suite) = (self.law.pack(), self.keys.suite);
        Op {
            actor,
            at,
            pack,
            suite,
            trace: trace.into(),
            once: None,
        }
    }
}

/// The context of one operation.
#[derive(Clone)]
pub struct Op {
    /// Who acts.
    pub actor: Actor,
    /// When: one instant for everything the operation writes.
    pub at: Instant,
    /// The law it is done under.
    pub pack: Arc<Pack>,
    /// What documents are hashed with in this deployment.
    pub suite: Suite,
    /// Ties log lines, events and answers together.
    pub trace: String,
    /// The caller's idempotency key with the digest of what was asked, when one was sent.
    pub once: Option<Once>,
}

/// An idempotency key: the same key with the same question gets the same answer, done once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Once {
    /// The key as sent by the caller.
    pub key: String,
    /// Hash of method, path and body: the same key for another question is refused.
    pub digest: String,
}

impl Op {
    /// The local day of the operation. China keeps one time zone, UTC+8, without summer time.
    pub fn today(&self) -> Day {
        local_day(self.at)
    }
}

/// The day in China at an instant.
pub fn local_day(at: Instant) -> Day {
    const EAST_EIGHT: i32 = 8 * 3600;
    FixedOffset::east_opt(EAST_EIGHT)
        .map_or_else(|| at.date_naive(), |zone| at.with_timezone(&zone).date_naive())
}
