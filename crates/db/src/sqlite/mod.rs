//! The SQLite driver: one session is one connection inside one transaction.

mod names;
mod pool;

use std::sync::Arc;

use kernel::Outcome;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, ToSql};

use crate::error::DbError;
use crate::load::{Cell, Sink};
use crate::row::Row;
use crate::statement::numbered;
use crate::value::{Value, day_text, instant_text};

pub(crate) use pool::{Pooled, Pools, connect, create_file};

/// A connection with an open transaction.
pub(crate) struct Session {
    conn: Pooled,
}

impl Session {
    /// `BEGIN IMMEDIATE`: the write lock is taken now, so no later statement can fail on upgrading a lock.
    pub(crate) fn writing(conn: Pooled) -> Result<Self, DbError> {
        conn.execute_batch("BEGIN IMMEDIATE")
            .map_err(|error| plain_error(&error))?;
        Ok(Self { conn })
    }

    /// The snapshot begins with the first read, so read once.
    pub(crate) fn reading(conn: Pooled) -> Result<Self, DbError> {
        conn.execute_batch("BEGIN; SELECT 1 FROM sqlite_schema LIMIT 1")
            .map_err(|error| plain_error(&error))?;
        Ok(Self { conn })
    }

    pub(crate) fn prepare(&mut self, sql: &str) -> Result<(), DbError> {
        let numbered = numbered(sql);
        self.conn
            .prepare(&numbered)
            .map(drop)
            .map_err(|error| plain_error(&error))
    }

    pub(crate) fn exec(&mut self, sql: &str, args: &[Value]) -> Result<u64, DbError> {
        let done = (|| {
            let mut statement = prepared(&self.conn, sql, args)?;
            if statement.column_count() > 0 {
                return Err(Failure::Ours(returns_rows()));
            }
            Ok(statement.raw_execute()?)
        })();
        let changed = done.map_err(|failure| self.named(failure, sql, args))?;
        Ok(u64::try_from(changed).unwrap_or(u64::MAX))
    }

    pub(crate) fn all(&mut self, sql: &str, args: &[Value]) -> Result<Vec<Row>, DbError> {
        let mut rows = Vec::new();
        self.each(sql, args, &mut |row| {
            rows.push(row);
            Ok(())
        })?
        .map_err(|fault| DbError::Other(fault.detail))?;
        Ok(rows)
    }

    /// The outer error is the database's, the inner one the visitor's.
    pub(crate) fn each(
        &mut self,
        sql: &str,
        args: &[Value],
        visit: &mut dyn FnMut(Row) -> Outcome<()>,
    ) -> Result<Outcome<()>, DbError> {
        let walked = (|| {
            let mut statement = prepared(&self.conn, sql, args)?;
            let columns: Arc<[String]> = statement.column_names().map(str::to_owned).collect();
            let mut rows = statement.raw_query();
            while let Some(row) = rows.next()? {
                let mut values = Vec::with_capacity(columns.len());
                for place in 0..columns.len() {
                    values.push(read(row.get_ref(place)?).map_err(Failure::Ours)?);
                }
                if let Err(fault) = visit(Row::new(Arc::clone(&columns), values)) {
                    return Ok(Err(fault));
                }
            }
            Ok(Ok(()))
        })();
        walked.map_err(|failure| self.named(failure, sql, args))
    }

    /// One prepared insert, run for every row. The inner error is the row source's.
    pub(crate) fn fill(
        &mut self,
        table: &str,
        columns: &[&str],
        rows: &mut dyn FnMut(&mut dyn Sink) -> Outcome<()>,
    ) -> Result<Outcome<()>, DbError> {
        let places: Vec<String> = (1..=columns.len()).map(|place| format!("?{place}")).collect();
        let sql = format!(
            "INSERT INTO {table} ({}) VALUES ({})",
            columns.join(", "),
            places.join(", ")
        );
        let statement = self
            .conn
            .prepare_cached(&sql)
            .map_err(|error| plain_error(&error))?;
        let mut insert = Insert {
            statement,
            failed: None,
        };
        let given = rows(&mut insert);
        let failed = insert.failed.take();
        drop(insert);
        match failed {
            Some((error, row)) => Err(self.named(Failure::Driver(error), &sql, &row)),
            None => Ok(given),
        }
    }

    pub(crate) fn commit(&mut self) -> Result<(), DbError> {
        self.conn
            .execute_batch("COMMIT")
            .map_err(|error| names::error(&self.conn, &error, None))
    }

    /// A connection whose rollback fails is still in a transaction; the pool then throws it away.
    pub(crate) fn rollback(&mut self) -> Result<(), DbError> {
        self.conn
            .execute_batch("ROLLBACK")
            .map_err(|error| plain_error(&error))
    }

    fn named(&self, failure: Failure, sql: &str, args: &[Value]) -> DbError {
        match failure {
            Failure::Ours(error) => error,
            Failure::Driver(error) => names::error(&self.conn, &error, Some((sql, args))),
        }
    }
}

/// Rows on their way through one prepared insert.
struct Insert<'c> {
    statement: CachedStatement<'c>,
    failed: Option<(rusqlite::Error, Vec<Value>)>,
}

impl Sink for Insert<'_> {
    fn row(&mut self, cells: &[Cell<'_>]) -> Result<(), DbError> {
        let done = (1..)
            .zip(cells)
            .try_for_each(|(place, cell)| self.statement.raw_bind_parameter(place, cell))
            .and_then(|()| self.statement.raw_execute().map(drop));
        done.map_err(|error| {
            let told = plain_error(&error);
            self.failed = Some((error, cells.iter().map(Cell::owned).collect()));
            told
        })
    }
}

/// Either our own refusal or the driver's error, which still has to be given a name.
enum Failure {
    Ours(DbError),
    Driver(rusqlite::Error),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Driver(error)
    }
}

pub(crate) fn returns_rows() -> DbError {
    DbError::Other("exec of a statement that returns rows; use one, opt or all".to_owned())
}

pub(crate) fn wrong_count(wanted: usize, given: usize) -> DbError {
    DbError::Other(format!(
        "the statement has {wanted} parameters, {given} arguments were given"
    ))
}

/// An error without looking up constraint names.
pub(crate) fn plain_error(error: &rusqlite::Error) -> DbError {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => {
            DbError::Busy(error.to_string())
        }
        Some(rusqlite::ErrorCode::DiskFull) => DbError::Full(error.to_string()),
        // Over the quota or beyond the limit of a file: SQLite tells only of ENOSPC by its own name.
        Some(rusqlite::ErrorCode::SystemIoFailure) if unwritable(error) => DbError::Full(error.to_string()),
        _ => DbError::Other(error.to_string()),
    }
}

/// Whether writing failed, or making room for it.
fn unwritable(error: &rusqlite::Error) -> bool {
    use rusqlite::ffi::{SQLITE_IOERR_SHMSIZE, SQLITE_IOERR_TRUNCATE, SQLITE_IOERR_WRITE};
    let told = error.sqlite_error().map(|told| told.extended_code);
    [SQLITE_IOERR_WRITE, SQLITE_IOERR_SHMSIZE, SQLITE_IOERR_TRUNCATE]
        .iter()
        .any(|code| told == Some(*code))
}

fn prepared<'c>(conn: &'c Connection, sql: &str, args: &[Value]) -> Result<CachedStatement<'c>, Failure> {
    let mut statement = conn.prepare_cached(&numbered(sql))?;
    bind(&mut statement, args)?;
    Ok(statement)
}

fn bind(statement: &mut CachedStatement<'_>, args: &[Value]) -> Result<(), Failure> {
    if statement.parameter_count() != args.len() {
        return Err(Failure::Ours(wrong_count(
            statement.parameter_count(),
            args.len(),
        )));
    }
    for (place, value) in (1..).zip(args) {
        value.check().map_err(Failure::Ours)?;
        statement.raw_bind_parameter(place, value)?;
    }
    Ok(())
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Null => ToSqlOutput::Borrowed(ValueRef::Null),
            Self::Bool(flag) => ToSqlOutput::from(*flag),
            Self::Int(number) => ToSqlOutput::from(*number),
            Self::Text(text) => ToSqlOutput::from(text.as_str()),
            Self::Bytes(bytes) => ToSqlOutput::from(bytes.as_slice()),
            Self::Date(day) => ToSqlOutput::from(day_text(*day)),
            Self::Time(at) => ToSqlOutput::from(instant_text(*at)),
            Self::Json(json) => ToSqlOutput::from(json.to_string()),
        })
    }
}

impl ToSql for Cell<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Null => ToSqlOutput::Borrowed(ValueRef::Null),
            Self::Bool(flag) => ToSqlOutput::from(*flag),
            Self::Int(number) => ToSqlOutput::from(*number),
            Self::Text(text) | Self::Json(text) => ToSqlOutput::from(*text),
            Self::Bytes(bytes) => ToSqlOutput::from(*bytes),
            Self::Date(day) => ToSqlOutput::from(day_text(*day)),
            Self::Time(at) => ToSqlOutput::from(instant_text(*at)),
        })
    }
}

fn read(value: ValueRef<'_>) -> Result<Value, DbError> {
    match value {
        ValueRef::Null => Ok(Value::Null),
        ValueRef::Integer(number) => Ok(Value::Int(number)),
        ValueRef::Text(text) => match std::str::from_utf8(text) {
            Ok(text) => Ok(Value::Text(text.to_owned())),
            Err(error) => Err(DbError::Decode(error.to_string())),
        },
        ValueRef::Blob(bytes) => Ok(Value::Bytes(bytes.to_vec())),
        ValueRef::Real(_) => Err(DbError::Decode(
            "a floating-point number; the common set has none".to_owned(),
        )),
    }
}
