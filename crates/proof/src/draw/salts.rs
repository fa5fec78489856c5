//! The pool key and the salts derived from it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::suite::Mac;
use crate::{Digest, Suite};

/// The secret key of a campaign's salts. Whoever holds it can open every row, so it never prints.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PoolKey(pub Digest);

impl PoolKey {
    /// The key made of 32 random bytes.
    pub fn new(random: [u8; 32]) -> Self {
        Self(Digest(random))
    }
}

impl fmt::Debug for PoolKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PoolKey(…)")
    }
}

/// The salts of a campaign, all derived from the pool key.
#[derive(Debug, Clone)]
pub struct Salts {
    suite: Suite,
    key: PoolKey,
}

impl Salts {
    /// Label of pool row data.
    pub(crate) const POOL_ROW: &'static str = "pool-row";

    /// The salts under a key.
    pub fn new(suite: Suite, key: &PoolKey) -> Self {
        Self {
            suite,
            key: key.clone(),
        }
    }

    fn mac(&self, label: &str) -> Mac {
        self.suite.mac(&self.key.0.0, label)
    }

    /// Salt of a pool row.
    pub fn pool(&self, item: &str, id: &str) -> Digest {
        self.mac("salt")
            .field(item.as_bytes())
            .field(id.as_bytes())
            .finish()
    }

    /// Salt of a place row.
    pub fn place(&self, id: &str) -> Digest {
        self.mac("place-salt").field(id.as_bytes()).finish()
    }

    /// Salt of an inspector's row.
    pub fn roll(&self, id: &str) -> Digest {
        self.mac("roll-salt").field(id.as_bytes()).finish()
    }

    /// Salt of a selected row; `item` is empty for team and unstaffed rows.
    pub fn selected(&self, role: &str, item: &str, id: &str) -> Digest {
        self.mac("selected-salt")
            .field(role.as_bytes())
            .field(item.as_bytes())
            .field(id.as_bytes())
            .finish()
    }
}
