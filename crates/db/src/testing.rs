//! Throw-away databases for tests: `db_test!` tells one story on both backends.
#![expect(
    clippy::panic,
    clippy::print_stderr,
    clippy::missing_panics_doc,
    reason = "a test helper fails loudly and reports what it skips"
)]

use std::sync::atomic::{AtomicU32, Ordering};

use kernel::{Fault, Outcome};
use postgres::{Client, Config, NoTls};

use crate::{Backend, Db, Migration, Options, Statement, postgresql};

/// Where the cluster for tests is; see `tools/pg-test-cluster.sh`.
pub const CLUSTER: &str = "XINHENG_TEST_PG";
/// Set to `1` where skipping is a failure.
pub const REQUIRED: &str = "XINHENG_REQUIRE_PG";

/// Declares one test per backend, `name::sqlite` and `name::postgres`:
/// `db_test!(a_plan_is_drawn_once, MIGRATIONS, |db| { … })`, where `db` is an owned, migrated [`Db`].
#[macro_export]
macro_rules! db_test {
    ($(#[$meta:meta])* $name:ident, $migrations:expr, |$db:ident| $body:block) => {
        $(#[$meta])*
        mod $name {
            use super::*;

            fn story($db: $crate::Db) $body

            #[test]
            fn sqlite() {
                let test = $crate::testing::TestDb::sqlite(&$migrations);
                story(test.db());
            }

            #[test]
            fn postgres() {
                let name = concat!(stringify!($name), "::postgres");
                if let Some(test) = $crate::testing::TestDb::postgres(name, &$migrations) {
                    story(test.db());
                }
            }
        }
    };
}

/// A migrated database that disappears when this is dropped.
pub struct TestDb {
    db: Option<Db>,
    url: String,
    place: Place,
}

enum Place {
    Folder(tempfile::TempDir),
    Cluster { config: Box<Config>, name: String },
}

/// A few connections each: tests run side by side.
fn options() -> Options {
    Options {
        readers: 4,
        writers: 4,
        durable: false,
        ..Options::default()
    }
}

fn unwrap<T>(what: &str, outcome: Outcome<T>) -> T {
    outcome.unwrap_or_else(|fault| panic!("{what}: {fault} {:?}", std::error::Error::source(&fault)))
}

impl TestDb {
    /// A fresh SQLite file in a folder of its own (a file, because `:memory:` hides locking).
    pub fn sqlite(migrations: &[Migration]) -> Self {
        let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("temporary folder: {error}"));
        let url = format!("sqlite:{}", folder.path().join("test.db").display());
        let db = unwrap("create", Db::create_with(&url, options()));
        unwrap("migrate", db.migrate(migrations));
        Self {
            db: Some(db),
            url,
            place: Place::Folder(folder),
        }
    }

    /// A fresh PostgreSQL database, cloned from a template that holds these migrations. `None`, and a line on stderr,
    /// without `XINHENG_TEST_PG`; a panic instead where `XINHENG_REQUIRE_PG=1`.
    pub fn postgres(test: &str, migrations: &[Migration]) -> Option<Self> {
        #[expect(
            clippy::disallowed_methods,
            reason = "which server the tests may use is told by the environment"
        )]
        let Ok(cluster) = std::env::var(CLUSTER) else {
            assert!(
                std::env::var(REQUIRED).as_deref() != Ok("1"),
                "{test}: {REQUIRED}=1, but {CLUSTER} is not set"
            );
            eprintln!("skipped: {test} ({CLUSTER} is not set)");
            return None;
        };
        let made = Cluster::connect(&cluster).and_then(|mut cluster| cluster.clone_for_test(migrations));
        let (config, name) = made.unwrap_or_else(|error| panic!("{test}: cluster: {error:?}"));
        let url = with_name(&cluster, &name);
        let db = unwrap("open", Db::open_with(&url, options()));
        Some(Self {
            db: Some(db),
            url,
            place: Place::Cluster {
                config: Box::new(config),
                name,
            },
        })
    }

    /// A handle to the database.
    pub fn db(&self) -> Db {
        self.db.clone().unwrap_or_else(|| panic!("the database is gone"))
    }

    /// The URL, for tests that open it once more.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for TestDb {
    fn drop(&mut self) {
        self.db = None;
        match &self.place {
            Place::Folder(folder) => {
                tracing::trace!(folder = %folder.path().display(), "test database removed");
            }
            Place::Cluster { config, name } => {
                let dropped = config.connect(NoTls).and_then(|mut client| {
                    client.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
                });
                if let Err(error) = dropped {
                    eprintln!("test database {name} was left behind: {error}");
                }
            }
        }
    }
}

/// The cluster's own database, from which others are made.
struct Cluster {
    config: Config,
    client: Client,
    url: String,
}

static COUNT: AtomicU32 = AtomicU32::new(0);

impl Cluster {
    fn connect(url: &str) -> Result<Self, postgres::Error> {
        let config: Config = url.parse()?;
        let client = config.connect(NoTls)?;
        Ok(Self {
            config,
            client,
            url: url.to_owned(),
        })
    }

    fn clone_for_test(&mut self, migrations: &[Migration]) -> Result<(Config, String), postgres::Error> {
        let template = self.template(migrations)?;
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("xinheng_test_{}_{count}", std::process::id());
        // A killed process may have left one with our number.
        self.client
            .batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))?;
        self.client
            .batch_execute(&format!("CREATE DATABASE {name} TEMPLATE {template}"))?;
        Ok((self.config.clone(), name))
    }

    /// The name of the template for these migrations, made once per cluster. It gets its final name only when it is
    /// complete, so an interrupted making is started over.
    fn template(&mut self, migrations: &[Migration]) -> Result<String, postgres::Error> {
        let all: String = migrations
            .iter()
            .map(|step| step.checksum(Backend::Postgres))
            .collect();
        let digest = {
            use sha2::{Digest as _, Sha256};
            hex::encode(Sha256::digest(all))
        };
        let name = format!("xinheng_template_{}", digest.get(..24).unwrap_or_default());
        let lock = crate::tx::lock_number("xinheng_template", 0);
        self.client.execute("SELECT pg_advisory_lock($1)", &[&lock])?;
        let known = self
            .client
            .query_opt("SELECT 1 FROM pg_database WHERE datname = $1", &[&name])?;
        if known.is_none() {
            let draft = format!("{name}_draft");
            self.client
                .batch_execute(&format!("DROP DATABASE IF EXISTS {draft} WITH (FORCE)"))?;
            let url = with_name(&self.url, &draft);
            unwrap("template", postgresql::create_database(&url, &options()));
            let db = unwrap("template", Db::open_with(&url, options()));
            unwrap("template", db.migrate(migrations));
            drop(db);
            // A template with a connection cannot be copied, and connections end a moment after they are closed.
            self.client.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1",
                &[&draft],
            )?;
            self.client
                .batch_execute(&format!("ALTER DATABASE {draft} RENAME TO {name}"))?;
        }
        self.client.execute("SELECT pg_advisory_unlock($1)", &[&lock])?;
        Ok(name)
    }
}

/// The cluster's URL with another database name.
fn with_name(url: &str, name: &str) -> String {
    let (address, query) = url
        .split_once('?')
        .map_or((url, None), |(address, query)| (address, Some(query)));
    let (scheme, rest) = address.split_once("://").unwrap_or(("postgres", address));
    let host = rest.split_once('/').map_or(rest, |(host, _)| host);
    let query = query.map_or(String::new(), |query| format!("?{query}"));
    format!("{scheme}://{host}/{name}{query}")
}

/// The statements this database does not understand, each with the reason: empty when all is well.
pub fn not_understood(db: &Db, statements: &[Statement]) -> Vec<String> {
    let reason =
        |fault: &Fault| std::error::Error::source(fault).map_or(fault.to_string(), ToString::to_string);
    statements
        .iter()
        .filter_map(|statement| {
            // A transaction each: on PostgreSQL the first failure ends it.
            let understood = db.read().and_then(|mut tx| tx.prepare(statement));
            understood.err().map(|fault| reason(&fault))
        })
        .collect()
}
