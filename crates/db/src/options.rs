//! How a database is opened: sizes of the pools and how long to wait.

use std::time::Duration;

/// Settings of [`Db::open_with`](crate::Db::open_with); the defaults suit one machine.
#[derive(Debug, Clone)]
pub struct Options {
    /// Connections for `read()`.
    pub readers: u32,
    /// Connections for `begin()` on PostgreSQL. SQLite has one writer by nature.
    pub writers: u32,
    /// How long to wait for a connection or for the SQLite write lock before the answer is "busy".
    pub wait: Duration,
    /// Longest time of one statement on PostgreSQL (`None`: no limit). SQLite has no such limit.
    pub statement_timeout: Option<Duration>,
    /// Whether a commit survives a power cut on SQLite (`synchronous = FULL`). `false` only for throw-away databases.
    pub durable: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            readers: 8,
            writers: 8,
            wait: Duration::from_secs(30),
            statement_timeout: None,
            durable: true,
        }
    }
}
