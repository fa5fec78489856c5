//! The one door to SQLite and PostgreSQL: transactions, named statements, bulk load, migrations.
//!
//! A query is written once and runs on both; what differs (bulk load, locks, schema, values) lives here and nowhere
//! else. Everything blocks: call it from a blocking thread.
//!
//! Conventions a schema keeps: tables `STRICT` on SQLite; unique rules as `CREATE UNIQUE INDEX <table>_<meaning>`,
//! never inline; checks and foreign keys as `CONSTRAINT <table>_<meaning>`; so that both databases report the same
//! names. Days end in `_on` or `_day`, instants in `_at`; see [`schema`] for how SQLite's text columns tell their kind.
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

use std::sync::Arc;

use kernel::Outcome;

mod error;
mod load;
mod migrate;
mod options;
mod place;
mod postgresql;
mod row;
pub mod schema;
mod sqlite;
mod statement;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;
mod tokens;
mod tx;
mod value;

pub use error::{DbError, constraint, db_error, may_retry};
pub use load::{Cell, Filling};
pub use migrate::Migration;
pub use options::Options;
pub use row::{FromValue, Row};
pub use statement::Statement;
pub use tx::Tx;
pub use value::Value;

use place::Place;
use tx::Session;

/// Which of the two databases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Backend {
    /// One file, one writer.
    Sqlite,
    /// A server.
    Postgres,
}

/// An open database: pools of connections behind one handle that is cheap to clone.
#[derive(Clone)]
pub struct Db {
    inner: Arc<Inner>,
}

struct Inner {
    url: String,
    options: Options,
    pools: Pools,
}

#[expect(clippy::large_enum_variant, reason = "one per open database")]
enum Pools {
    Sqlite(sqlite::Pools),
    Postgres(postgresql::Pools),
}

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Db").field(&self.inner.url).finish()
    }
}

impl Db {
    /// Opens an existing database: `sqlite:<path>`, a path ending in `.db`, or `postgres://user:password@host/name`.
    /// Anything else is refused, and nothing is ever created.
    pub fn open(url: &str) -> Outcome<Self> {
        Self::open_with(url, Options::default())
    }

    /// [`open`](Db::open) with settings.
    pub fn open_with(url: &str, options: Options) -> Outcome<Self> {
        let place = Place::parse(url)?;
        let pools = match &place {
            Place::Sqlite(path) => Pools::Sqlite(sqlite::Pools::open(path, &options)?),
            Place::Postgres(url) => Pools::Postgres(postgresql::Pools::open(url, &options)?),
        };
        Ok(Self {
            inner: Arc::new(Inner {
                url: place.redacted(),
                options,
                pools,
            }),
        })
    }

    /// Makes the database if it is absent (SQLite: the file, in an existing folder; PostgreSQL: the database, ordered
    /// by bytes), and opens it. The schema comes with [`migrate`](Db::migrate).
    pub fn create(url: &str) -> Outcome<Self> {
        Self::create_with(url, Options::default())
    }

    /// [`create`](Db::create) with settings.
    pub fn create_with(url: &str, options: Options) -> Outcome<Self> {
        match Place::parse(url)? {
            Place::Sqlite(path) => sqlite::create_file(&path)?,
            Place::Postgres(url) => postgresql::create_database(&url, &options)?,
        }
        Self::open_with(url, options)
    }

    /// Begins a transaction that may write (`BEGIN IMMEDIATE` on SQLite, where writers wait for one another).
    pub fn begin(&self) -> Outcome<Tx> {
        let session = match &self.inner.pools {
            Pools::Sqlite(pools) => Session::Sqlite(sqlite::Session::writing(pools.writer()?)?),
            Pools::Postgres(pools) => Session::Postgres(postgresql::Session::writing(pools)?),
        };
        Ok(Tx::new(session))
    }

    /// Begins a transaction that sees the database as it is at this moment and cannot write. Own connections, so that
    /// readers and writers do not queue for each other.
    pub fn read(&self) -> Outcome<Tx> {
        let session = match &self.inner.pools {
            Pools::Sqlite(pools) => Session::Sqlite(sqlite::Session::reading(pools.reader()?)?),
            Pools::Postgres(pools) => Session::Postgres(postgresql::Session::reading(pools)?),
        };
        Ok(Tx::new(session))
    }

    /// Brings the schema up to date; the numbers of the steps applied now. Steps are in ascending order; each is one
    /// transaction. A changed step, a missing step and a schema newer than this program are refused.
    pub fn migrate(&self, steps: &[Migration]) -> Outcome<Vec<u32>> {
        migrate::migrate(self, steps)
    }

    /// The numbers of the steps not yet applied, with the same refusals as [`migrate`](Db::migrate). Changes nothing.
    pub fn pending(&self, steps: &[Migration]) -> Outcome<Vec<u32>> {
        migrate::pending(self, steps)
    }

    /// Which of the two databases this is.
    pub fn backend(&self) -> Backend {
        match self.inner.pools {
            Pools::Sqlite(_) => Backend::Sqlite,
            Pools::Postgres(_) => Backend::Postgres,
        }
    }

    /// The URL without its password.
    pub fn url(&self) -> &str {
        &self.inner.url
    }

    pub(crate) fn options(&self) -> &Options {
        &self.inner.options
    }

    pub(crate) fn pools(&self) -> &Pools {
        &self.inner.pools
    }
}
