//! The PostgreSQL driver: one session is one pooled connection inside one transaction.

mod codec;
mod copy;
mod pool;

use std::sync::Arc;
use std::time::Duration;

use fallible_iterator::FallibleIterator as _;
use kernel::Outcome;
use postgres::error::{Severity, SqlState};
use postgres::types::Type;

use crate::error::DbError;
use crate::load::Sink;
use crate::row::Row;
use crate::sqlite::{returns_rows, wrong_count};
use crate::value::Value;

use pool::Pooled;
pub(crate) use pool::{Pools, connect, create_database};

/// Rows fetched from a cursor at a time.
const BATCH: usize = 1000;

/// A connection with an open transaction.
pub(crate) struct Session {
    conn: Pooled,
}

impl Session {
    pub(crate) fn writing(pools: &Pools) -> Result<Self, DbError> {
        pools.writer("BEGIN").map(|conn| Self { conn })
    }

    /// The snapshot begins with the first query, so query once in the same round trip.
    pub(crate) fn reading(pools: &Pools) -> Result<Self, DbError> {
        pools
            .reader("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT 1")
            .map(|conn| Self { conn })
    }

    pub(crate) fn prepare(&mut self, sql: &str) -> Result<(), DbError> {
        let done = self.conn.prepared(sql).map(drop);
        done.map_err(|failure| self.ours(failure))
    }

    pub(crate) fn exec(&mut self, sql: &str, args: &[Value]) -> Result<u64, DbError> {
        let statement = self.statement(sql, args)?;
        if !statement.columns().is_empty() {
            return Err(returns_rows());
        }
        // `query_raw` takes values of our own type; its iterator knows the number of rows at the end.
        let done = self
            .conn
            .client()?
            .query_raw(&statement, args)
            .and_then(|mut rows| {
                while rows.next()?.is_some() {}
                Ok(rows.rows_affected().unwrap_or(0))
            });
        done.map_err(|error| self.told(&error))
    }

    pub(crate) fn all(&mut self, sql: &str, args: &[Value]) -> Result<Vec<Row>, DbError> {
        let statement = self.statement(sql, args)?;
        self.fetch(&statement, args)
    }

    /// Walks a cursor, so that neither side holds more than [`BATCH`] rows and leaving early costs nothing. The outer
    /// error is the database's, the inner one the visitor's.
    pub(crate) fn each(
        &mut self,
        sql: &str,
        args: &[Value],
        visit: &mut dyn FnMut(Row) -> Outcome<()>,
    ) -> Result<Outcome<()>, DbError> {
        // All rows will be wanted, so the planner shall not favour the first few.
        self.batch("SET LOCAL cursor_tuple_fraction = 1.0")?;
        let declare = self.statement(&format!("DECLARE hall_each NO SCROLL CURSOR FOR {sql}"), args)?;
        self.fetch(&declare, args)?;
        // Not cached: its columns are those of the cursor.
        let fetch = self
            .conn
            .client()?
            .prepare(&format!("FETCH FORWARD {BATCH} FROM hall_each"));
        let fetch = fetch.map_err(|error| self.told(&error))?;
        let walked = loop {
            let rows = self.fetch(&fetch, &[])?;
            let last = rows.len() < BATCH;
            if let Err(fault) = rows.into_iter().try_for_each(&mut *visit) {
                break Err(fault);
            }
            if last {
                break Ok(());
            }
        };
        self.batch("CLOSE hall_each")?;
        Ok(walked)
    }

    /// `COPY … BINARY`; the column types are asked of the server. The inner error is the row source's.
    pub(crate) fn fill(
        &mut self,
        table: &str,
        columns: &[&str],
        rows: &mut dyn FnMut(&mut dyn Sink) -> Outcome<()>,
    ) -> Result<Outcome<()>, DbError> {
        let list = columns.join(", ");
        let shape = self.statement(&format!("SELECT {list} FROM {table} LIMIT 0"), &[])?;
        let types: Vec<Type> = shape
            .columns()
            .iter()
            .map(|column| column.type_().clone())
            .collect();
        let sql = format!("COPY {table} ({list}) FROM STDIN BINARY");
        let copied = copy(self.conn.client()?, &sql, &types, rows);
        copied.map_err(|failure| self.ours(failure))
    }

    /// Runs statements without parameters or answer.
    pub(crate) fn batch(&mut self, sql: &str) -> Result<(), DbError> {
        let done = self.conn.client()?.batch_execute(sql);
        done.map_err(|error| self.told(&error))
    }

    /// Longest time of one statement for the rest of this transaction.
    pub(crate) fn limit(&mut self, longest: Duration) -> Result<(), DbError> {
        self.batch(&format!(
            "SET LOCAL statement_timeout = {}",
            longest.as_millis().max(1)
        ))
    }

    /// A connection lost during the commit leaves open whether it happened, so that is never called "busy".
    pub(crate) fn commit(&mut self) -> Result<(), DbError> {
        self.batch("COMMIT").map_err(|error| match error {
            DbError::Busy(text) if self.conn.is_closed() => {
                DbError::Uncertain(format!("connection lost during COMMIT: {text}"))
            }
            other => other,
        })
    }

    /// A connection whose rollback fails is thrown away by the pool.
    pub(crate) fn rollback(&mut self) -> Result<(), DbError> {
        let done = self.batch("ROLLBACK");
        if done.is_err() {
            self.conn.give_up();
        }
        done
    }

    fn statement(&mut self, sql: &str, args: &[Value]) -> Result<postgres::Statement, DbError> {
        args.iter().try_for_each(Value::check)?;
        let prepared = self.conn.prepared(sql);
        let statement = prepared.map_err(|failure| self.ours(failure))?;
        if statement.params().len() != args.len() {
            return Err(wrong_count(statement.params().len(), args.len()));
        }
        Ok(statement)
    }

    fn fetch(&mut self, statement: &postgres::Statement, args: &[Value]) -> Result<Vec<Row>, DbError> {
        let columns: Arc<[String]> = statement
            .columns()
            .iter()
            .map(|column| column.name().to_owned())
            .collect();
        let fetched = (|| {
            let mut rows = Vec::new();
            let mut answer = self
                .conn
                .client()
                .map_err(Failure::Ours)?
                .query_raw(statement, args)?;
            while let Some(row) = answer.next()? {
                let values = (0..columns.len())
                    .map(|place| row.try_get(place))
                    .collect::<Result<_, _>>();
                let values = values.map_err(|error| Failure::Ours(DbError::Decode(chain(&error))))?;
                rows.push(Row::new(Arc::clone(&columns), values));
            }
            Ok(rows)
        })();
        fetched.map_err(|failure| self.ours(failure))
    }

    fn ours(&mut self, failure: Failure) -> DbError {
        match failure {
            Failure::Ours(error) => error,
            Failure::Driver(error) => self.told(&error),
        }
    }

    /// Translates the error, and gives up a connection whose cached statements no longer fit the schema.
    fn told(&mut self, error: &postgres::Error) -> DbError {
        let stale = [
            SqlState::FEATURE_NOT_SUPPORTED,
            SqlState::INVALID_SQL_STATEMENT_NAME,
        ];
        if is_fatal(error) || error.code().is_some_and(|code| stale.contains(code)) {
            self.conn.give_up();
        }
        translated(error)
    }
}

/// Either our own refusal or the driver's error.
enum Failure {
    Ours(DbError),
    Driver(postgres::Error),
}

impl From<postgres::Error> for Failure {
    fn from(error: postgres::Error) -> Self {
        Self::Driver(error)
    }
}

fn copy(
    client: &mut postgres::Client,
    sql: &str,
    types: &[Type],
    rows: &mut dyn FnMut(&mut dyn Sink) -> Outcome<()>,
) -> Result<Outcome<()>, Failure> {
    let mut copy = copy::Copy::new(client.copy_in(sql)?, types);
    let given = rows(&mut copy);
    match (given, copy.failed.take()) {
        (_, Some(failure)) => Err(failure),
        // Leaving without `finish` aborts the copy.
        (Err(fault), None) => Ok(Err(fault)),
        (Ok(()), None) => copy.finish().map(Ok),
    }
}

/// The driver's error in our words.
pub(crate) fn translated(error: &postgres::Error) -> DbError {
    let Some(told) = error.as_db_error() else {
        let text = chain(error);
        return if error.is_closed() || is_io(error) {
            DbError::Busy(text)
        } else {
            DbError::Other(text)
        };
    };
    let constraint = || told.constraint().unwrap_or_default().to_owned();
    let busy = [
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::LOCK_NOT_AVAILABLE,
        SqlState::QUERY_CANCELED,
        SqlState::TOO_MANY_CONNECTIONS,
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::CANNOT_CONNECT_NOW,
    ];
    match told.code() {
        code if *code == SqlState::UNIQUE_VIOLATION => DbError::Unique(constraint()),
        code if *code == SqlState::FOREIGN_KEY_VIOLATION => DbError::Foreign(constraint()),
        code if *code == SqlState::CHECK_VIOLATION => DbError::Check(constraint()),
        code if *code == SqlState::DISK_FULL => DbError::Full(told.message().to_owned()),
        code if busy.contains(code) => DbError::Busy(told.message().to_owned()),
        code => {
            let detail = told
                .detail()
                .map_or(String::new(), |detail| format!(" ({detail})"));
            DbError::Other(format!("{} {}{detail}", code.code(), told.message()))
        }
    }
}

/// Whether the server has ended the connection with this error; the driver may not have noticed the end yet.
fn is_fatal(error: &postgres::Error) -> bool {
    let severity = error
        .as_db_error()
        .and_then(postgres::error::DbError::parsed_severity);
    matches!(severity, Some(Severity::Fatal | Severity::Panic))
}

fn is_io(error: &postgres::Error) -> bool {
    std::error::Error::source(error).is_some_and(<dyn std::error::Error>::is::<std::io::Error>)
}

/// The error with its causes: the driver's own text is only "db error" or "error serializing parameter 0".
fn chain(error: &postgres::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(source) = cause {
        text.push_str(": ");
        text.push_str(&source.to_string());
        cause = source.source();
    }
    text
}
