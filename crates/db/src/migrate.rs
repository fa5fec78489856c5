//! Brings a schema forward by numbered steps, never backward, and refuses what does not fit.

use kernel::{Fault, FaultKind, Outcome};
use postgres::Client;
use rusqlite::Connection;
use sha2::{Digest as _, Sha256};

use crate::error::DbError;
use crate::postgresql::translated;
use crate::sqlite::plain_error;
use crate::tx::lock_number;
use crate::{Backend, Db, Pools, postgresql, sqlite};

/// One step of the schema, written once for each database under the same number and name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Migration {
    /// Place in the order; never reused.
    pub number: u32,
    /// Short name for messages.
    pub name: &'static str,
    /// SQL for SQLite.
    pub sqlite: &'static str,
    /// SQL for PostgreSQL.
    pub postgres: &'static str,
}

impl Migration {
    fn text(&self, backend: Backend) -> &'static str {
        match backend {
            Backend::Sqlite => self.sqlite,
            Backend::Postgres => self.postgres,
        }
    }

    /// SHA-256 of the text for one database; line ends do not count, since Git may change them.
    pub(crate) fn checksum(&self, backend: Backend) -> String {
        hex::encode(Sha256::digest(self.text(backend).replace("\r\n", "\n")))
    }
}

/// A step as the database remembers it.
#[derive(Debug)]
struct Applied {
    number: u32,
    name: String,
    checksum: String,
}

// The time of applying is the database's own: it is told to people and decides nothing.
const SQLITE_FIRST: &str = "
    CREATE TABLE IF NOT EXISTS hall_migration (
        number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL,
        applied_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'))) STRICT;
    CREATE TABLE IF NOT EXISTS hall_id (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), last INTEGER NOT NULL) STRICT;
    INSERT INTO hall_id (only_row, last) VALUES (1, 0) ON CONFLICT DO NOTHING";
const POSTGRES_FIRST: &str = "
    CREATE TABLE IF NOT EXISTS hall_migration (
        number BIGINT PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL,
        applied_at TEXT NOT NULL
            DEFAULT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'));
    CREATE SEQUENCE IF NOT EXISTS hall_id AS BIGINT";
const APPLIED: &str = "SELECT number, name, checksum FROM hall_migration ORDER BY number";

/// A connection of its own, which holds the migration lock.
enum Hand {
    Sqlite(Connection),
    Postgres(Client),
}

pub(crate) fn migrate(db: &Db, steps: &[Migration]) -> Outcome<Vec<u32>> {
    in_order(steps)?;
    let backend = db.backend();
    let mut hand = Hand::take(db)?;
    let mut done = Vec::new();
    loop {
        hand.begin()?;
        let Some(step) = next(&hand.applied()?, steps, backend)?.first().copied() else {
            hand.run("COMMIT")?;
            return Ok(done);
        };
        // On an error the connection is dropped, and with it the step is undone.
        hand.apply(step, backend).map_err(|error| failed(step, error))?;
        done.push(step.number);
    }
}

pub(crate) fn pending(db: &Db, steps: &[Migration]) -> Outcome<Vec<u32>> {
    in_order(steps)?;
    let mut tx = db.read()?;
    let known = match db.backend() {
        Backend::Sqlite => "SELECT 1 AS x FROM sqlite_schema WHERE name = 'hall_migration'",
        Backend::Postgres => "SELECT 1 AS x WHERE to_regclass('hall_migration') IS NOT NULL",
    };
    let mut applied = Vec::new();
    if !tx.all_text("migrate", known, &[])?.is_empty() {
        for row in tx.all_text("migrate", APPLIED, &[])? {
            applied.push(Applied {
                number: row.get("number")?,
                name: row.get("name")?,
                checksum: row.get("checksum")?,
            });
        }
    }
    Ok(next(&applied, steps, db.backend())?
        .iter()
        .map(|step| step.number)
        .collect())
}

/// The steps still to apply, if what is applied fits what this program knows.
fn next<'s>(applied: &[Applied], steps: &'s [Migration], backend: Backend) -> Outcome<Vec<&'s Migration>> {
    let newest = steps.last().map_or(0, |step| step.number);
    for old in applied {
        let Some(step) = steps.iter().find(|step| step.number == old.number) else {
            return Err(if old.number > newest {
                newer(old, newest)
            } else {
                missing(old)
            });
        };
        if step.checksum(backend) != old.checksum {
            return Err(changed(old));
        }
    }
    let reached = applied.last().map_or(0, |old| old.number);
    let rest: Vec<&Migration> = steps
        .iter()
        .filter(|step| applied.iter().all(|old| old.number != step.number))
        .collect();
    match rest.first() {
        Some(late) if late.number < reached => Err(too_late(late, reached)),
        _ => Ok(rest),
    }
}

fn in_order(steps: &[Migration]) -> Outcome<()> {
    if steps.is_sorted_by(|earlier, later| earlier.number < later.number) {
        return Ok(());
    }
    Err(DbError::Other("migrations are not in ascending order of their numbers".to_owned()).into())
}

fn newer(old: &Applied, newest: u32) -> Fault {
    refusal(
        "db.migrate.newer",
        format!(
            "数据库结构比本程序新：数据库已执行到第 {} 步“{}”，本程序只认识到第 {newest} 步。\
             请改用新版本程序；为保护数据，没有作任何改动。",
            old.number, old.name
        ),
    )
}

fn missing(old: &Applied) -> Fault {
    refusal(
        "db.migrate.missing",
        format!(
            "数据库执行过第 {} 步“{}”，但本程序没有这一步。请核对程序版本与数据库是否配套；没有作任何改动。",
            old.number, old.name
        ),
    )
}

fn changed(old: &Applied) -> Fault {
    refusal(
        "db.migrate.changed",
        format!(
            "第 {} 步“{}”在执行之后被改动过，校验和不一致。已执行的结构步骤不得修改，请改用配套的程序版本；\
             没有作任何改动。",
            old.number, old.name
        ),
    )
}

fn too_late(late: &Migration, reached: u32) -> Fault {
    refusal(
        "db.migrate.late",
        format!(
            "第 {} 步“{}”的编号小于数据库已执行到的第 {reached} 步。新的结构步骤只能排在最后；没有作任何改动。",
            late.number, late.name
        ),
    )
}

fn failed(step: &Migration, error: DbError) -> Fault {
    Fault::new(
        FaultKind::Internal,
        "db.migrate.failed",
        format!(
            "第 {} 步“{}”执行失败，这一步已全部撤回，此前各步保留：{error}。请把本信息告知系统管理员。",
            step.number, step.name
        ),
    )
    .with_source(error)
}

fn refusal(code: &'static str, detail: String) -> Fault {
    Fault::new(FaultKind::Conflict, code, detail)
}

impl Hand {
    /// Opens the connection and makes sure that nobody else is migrating: on PostgreSQL by an advisory lock of the
    /// session, on SQLite by the exclusive transaction of each step.
    fn take(db: &Db) -> Result<Self, DbError> {
        match db.pools() {
            Pools::Sqlite(pools) => {
                let conn = sqlite::connect(&pools.path, db.options())?;
                // A column is changed by create, copy, drop and rename, which needs this off; `apply` checks instead.
                conn.execute_batch("PRAGMA foreign_keys = OFF")
                    .map_err(|error| plain_error(&error))?;
                Ok(Self::Sqlite(conn))
            }
            Pools::Postgres(pools) => {
                let mut client = postgresql::connect(&pools.config, db.options())?;
                // A step may take hours, and so may waiting for another machine that migrates.
                client
                    .batch_execute(&format!(
                        "SET statement_timeout = 0; SET lock_timeout = 0; SELECT pg_advisory_lock({})",
                        lock_number("hall_migration", 0)
                    ))
                    .map_err(|error| translated(&error))?;
                Ok(Self::Postgres(client))
            }
        }
    }

    fn begin(&mut self) -> Result<(), DbError> {
        match self {
            Self::Sqlite(_) => {
                self.run("BEGIN EXCLUSIVE")?;
                self.run(SQLITE_FIRST)
            }
            Self::Postgres(_) => {
                self.run("BEGIN")?;
                self.run(POSTGRES_FIRST)
            }
        }
    }

    fn applied(&mut self) -> Result<Vec<Applied>, DbError> {
        let made = |number: i64, name, checksum| Applied {
            number: u32::try_from(number).unwrap_or(u32::MAX),
            name,
            checksum,
        };
        match self {
            Self::Sqlite(conn) => conn
                .prepare(APPLIED)
                .and_then(|mut statement| {
                    statement
                        .query_map([], |row| Ok(made(row.get(0)?, row.get(1)?, row.get(2)?)))?
                        .collect::<rusqlite::Result<Vec<_>>>()
                })
                .map_err(|error| plain_error(&error)),
            Self::Postgres(client) => client
                .query(APPLIED, &[])
                .map(|rows| {
                    rows.iter()
                        .map(|row| made(row.get(0), row.get(1), row.get(2)))
                        .collect()
                })
                .map_err(|error| translated(&error)),
        }
    }

    /// Runs one step and commits it.
    fn apply(&mut self, step: &Migration, backend: Backend) -> Result<(), DbError> {
        // A step that commits by itself would leave halves behind; then the savepoint is gone and RELEASE fails.
        self.run("SAVEPOINT hall_step")?;
        self.run(step.text(backend))?;
        self.run("RELEASE SAVEPOINT hall_step")?;
        let (number, checksum) = (i64::from(step.number), step.checksum(backend));
        let insert = "INSERT INTO hall_migration (number, name, checksum) VALUES ($1, $2, $3)";
        match self {
            Self::Sqlite(conn) => {
                let broken = conn
                    .prepare("SELECT 1 FROM pragma_foreign_key_check")
                    .and_then(|mut statement| statement.exists([]))
                    .map_err(|error| plain_error(&error))?;
                if broken {
                    return Err(DbError::Foreign(step.name.to_owned()));
                }
                conn.execute(insert, (number, step.name, checksum))
                    .map_err(|error| plain_error(&error))?;
            }
            Self::Postgres(client) => {
                client
                    .execute(insert, &[&number, &step.name, &checksum])
                    .map_err(|error| translated(&error))?;
            }
        }
        self.run("COMMIT")
    }

    fn run(&mut self, sql: &str) -> Result<(), DbError> {
        match self {
            Self::Sqlite(conn) => conn.execute_batch(sql).map_err(|error| plain_error(&error)),
            Self::Postgres(client) => client.batch_execute(sql).map_err(|error| translated(&error)),
        }
    }
}
