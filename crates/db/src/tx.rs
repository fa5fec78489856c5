//! One transaction on either database: everything a store may do.

use std::collections::HashSet;
use std::time::Duration;

use kernel::{Fault, FaultKind, Outcome};

use crate::error::DbError;
use crate::load::{Filling, Sink};
use crate::row::Row;
use crate::statement::{LONGEST_LIST, Statement, is_plain_name, padded, with_list};
use crate::value::Value;
use crate::{Backend, postgresql, sqlite};

/// The connection behind a transaction.
#[expect(
    clippy::large_enum_variant,
    reason = "there are as few as there are connections"
)]
pub(crate) enum Session {
    Sqlite(sqlite::Session),
    Postgres(postgresql::Session),
}

/// Calls the same method of whichever session it is.
macro_rules! either {
    ($session:expr, $inner:ident => $call:expr) => {
        match $session {
            Session::Sqlite($inner) => $call,
            Session::Postgres($inner) => $call,
        }
    };
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    Failed,
    Done,
}

/// A transaction. Dropped without [`commit`](Tx::commit), it is rolled back.
///
/// After an error of the database the transaction can only be dropped: PostgreSQL demands it, and so both do.
/// Blocking: call it from a blocking thread, never inside an async task.
pub struct Tx {
    session: Session,
    state: State,
}

impl std::fmt::Debug for Tx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tx")
            .field("backend", &self.backend())
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

impl Tx {
    pub(crate) fn new(session: Session) -> Self {
        Self {
            session,
            state: State::Open,
        }
    }

    /// Which database this is. For this crate and for measuring; stores do not ask.
    pub fn backend(&self) -> Backend {
        match self.session {
            Session::Sqlite(_) => Backend::Sqlite,
            Session::Postgres(_) => Backend::Postgres,
        }
    }

    /// Exactly one row; none or several is an internal fault (use [`opt`](Tx::opt) for a row that may be absent).
    pub fn one(&mut self, statement: &Statement, args: impl AsRef<[Value]>) -> Outcome<Row> {
        let rows = self.all(statement, args)?;
        let count = rows.len();
        match <[Row; 1]>::try_from(rows) {
            Ok([row]) => Ok(row),
            Err(_) => Err(Self::count_fault(statement, "exactly one row", count)),
        }
    }

    /// At most one row; several is an internal fault.
    pub fn opt(&mut self, statement: &Statement, args: impl AsRef<[Value]>) -> Outcome<Option<Row>> {
        let mut rows = self.all(statement, args)?;
        let row = rows.pop();
        if rows.is_empty() {
            Ok(row)
        } else {
            Err(Self::count_fault(statement, "at most one row", rows.len() + 1))
        }
    }

    /// All rows at once; for many rows use [`each`](Tx::each).
    pub fn all(&mut self, statement: &Statement, args: impl AsRef<[Value]>) -> Outcome<Vec<Row>> {
        self.all_text(statement.name, statement.sql, args.as_ref())
    }

    /// Runs a statement that returns no rows; how many rows it changed.
    pub fn exec(&mut self, statement: &Statement, args: impl AsRef<[Value]>) -> Outcome<u64> {
        let args = args.as_ref();
        self.run(
            statement.name,
            |session| either!(session, inner => inner.exec(statement.sql, args)),
        )
    }

    /// Visits the rows of a `SELECT` one by one without holding them all. A fault of the visitor ends the walk and is
    /// returned; the transaction stays usable.
    pub fn each(
        &mut self,
        statement: &Statement,
        args: impl AsRef<[Value]>,
        mut visit: impl FnMut(&Row) -> Outcome<()>,
    ) -> Outcome<()> {
        let args = args.as_ref();
        let visit = &mut |row: Row| visit(&row);
        self.run(
            statement.name,
            |session| either!(session, inner => inner.each(statement.sql, args, visit)),
        )?
    }

    /// All rows of a statement whose SQL says `IN ($list)`: the list follows the other arguments. Doubles count once;
    /// an empty list gives no rows. Beyond 256 values it runs in pieces, whose rows come piece by piece: sort them
    /// yourself, and do not aggregate in such SQL.
    pub fn all_in(
        &mut self,
        statement: &Statement,
        args: impl AsRef<[Value]>,
        list: &[Value],
    ) -> Outcome<Vec<Row>> {
        let args = args.as_ref();
        let mut seen = HashSet::new();
        let list: Vec<&Value> = list.iter().filter(|value| seen.insert(*value)).collect();
        let mut rows = Vec::new();
        for piece in list.chunks(LONGEST_LIST) {
            let Some(last) = piece.last() else { continue };
            let size = padded(piece.len());
            let padding = std::iter::repeat_n(*last, size - piece.len());
            let all: Vec<Value> = args
                .iter()
                .chain(piece.iter().copied())
                .chain(padding)
                .cloned()
                .collect();
            let sql = with_list(statement.sql, args.len(), size);
            rows.append(&mut self.all_text(statement.name, &sql, &all)?);
        }
        Ok(rows)
    }

    /// Loads many rows into a table, each with the values of `columns` in that order; how many there were. The fastest
    /// way in (`COPY` in binary, or one prepared insert), meant for staging tables: one bad row ends the transaction.
    pub fn load(
        &mut self,
        table: &str,
        columns: &[&str],
        rows: impl IntoIterator<Item = Outcome<Vec<Value>>>,
    ) -> Outcome<u64> {
        self.fill(table, columns, |filling| {
            for row in rows {
                filling.values(&row?)?;
            }
            Ok(())
        })
    }

    /// [`load`](Tx::load) for whoever holds the rows: `give` adds them one by one, borrowed.
    pub fn fill(
        &mut self,
        table: &str,
        columns: &[&str],
        give: impl FnOnce(&mut Filling<'_>) -> Outcome<()>,
    ) -> Outcome<u64> {
        if columns.is_empty() || !is_plain_name(table) || !columns.iter().all(|column| is_plain_name(column))
        {
            return Err(DbError::Other(format!("load: {table} ({columns:?}) are not plain names")).into());
        }
        let (mut give, mut rows) = (Some(give), 0);
        let loaded = self.run(table, |session| {
            let mut giver = |sink: &mut dyn Sink| {
                let mut filling = Filling {
                    sink,
                    columns: columns.len(),
                    rows: 0,
                };
                let given = give.take().map_or(Ok(()), |give| give(&mut filling));
                rows = filling.rows;
                given
            };
            either!(session, inner => inner.fill(table, columns, &mut giver))
        })?;
        if loaded.is_err() {
            // Half of the rows may be in already.
            self.state = State::Failed;
        }
        loaded.map(|()| rows)
    }

    /// The next number of the database's one sequence.
    pub fn next_id(&mut self) -> Outcome<i64> {
        self.ids(1)?
            .pop()
            .ok_or_else(|| DbError::Decode("hall_id gave no number".to_owned()).into())
    }

    /// `count` numbers of the one sequence, ascending, not always without gaps.
    pub fn ids(&mut self, count: usize) -> Outcome<Vec<i64>> {
        let wanted = i64::try_from(count).map_err(|_| DbError::Other("too many ids".to_owned()))?;
        if count == 0 {
            return Ok(Vec::new());
        }
        let args = [Value::Int(wanted)];
        match self.backend() {
            Backend::Sqlite => {
                let sql = "UPDATE hall_id SET last = last + $1 RETURNING last";
                let rows = self.all_text("hall_id", sql, &args)?;
                let last: i64 = rows
                    .first()
                    .ok_or_else(|| DbError::Decode("table hall_id is empty".to_owned()))?
                    .get("last")?;
                Ok((last - wanted + 1..=last).collect())
            }
            Backend::Postgres => {
                // Usually nobody else draws meanwhile, and the first and the last number tell all.
                let sql = "SELECT min(id) AS first, max(id) AS last FROM
                           (SELECT nextval('hall_id') AS id FROM generate_series(1::BIGINT, $1)) drawn";
                let rows = self.all_text("hall_id", sql, &args)?;
                let drawn = rows
                    .first()
                    .ok_or_else(|| DbError::Decode("hall_id gave no number".to_owned()))?;
                let (first, last): (i64, i64) = (drawn.get("first")?, drawn.get("last")?);
                if last - first + 1 == wanted {
                    return Ok((first..=last).collect());
                }
                let sql = "SELECT nextval('hall_id') AS id FROM generate_series(1::BIGINT, $1)";
                self.all_text("hall_id", sql, &args)?
                    .iter()
                    .map(|row| row.get("id"))
                    .collect()
            }
        }
    }

    /// Waits until no other transaction holds the same lock; held to the end of this one. On SQLite the writer is
    /// alone and nothing needs to be done.
    pub fn lock(&mut self, name: &str, key: i64) -> Outcome<()> {
        if self.backend() == Backend::Sqlite {
            return Ok(());
        }
        let args = [Value::Int(lock_number(name, key))];
        self.all_text(name, "SELECT pg_advisory_xact_lock($1)", &args)
            .map(drop)
    }

    /// Longest time of one statement for the rest of this transaction, on PostgreSQL; no effect on SQLite.
    pub fn limit(&mut self, longest: Duration) -> Outcome<()> {
        self.run("statement_timeout", |session| match session {
            Session::Sqlite(_) => Ok(()),
            Session::Postgres(inner) => inner.limit(longest),
        })
    }

    /// Whether the database understands a statement; it is not run.
    pub fn prepare(&mut self, statement: &Statement) -> Outcome<()> {
        let sql = with_list(statement.sql, parameters(statement.sql), 1);
        self.run(
            statement.name,
            |session| either!(session, inner => inner.prepare(&sql)),
        )
    }

    /// Makes everything done here lasting, and visible to others.
    pub fn commit(mut self) -> Outcome<()> {
        self.run("COMMIT", |session| either!(session, inner => inner.commit()))?;
        self.state = State::Done;
        Ok(())
    }

    pub(crate) fn all_text(&mut self, name: &str, sql: &str, args: &[Value]) -> Outcome<Vec<Row>> {
        self.run(name, |session| either!(session, inner => inner.all(sql, args)))
    }

    fn run<T>(&mut self, name: &str, work: impl FnOnce(&mut Session) -> Result<T, DbError>) -> Outcome<T> {
        if self.state != State::Open {
            return Err(Fault::new(
                FaultKind::Internal,
                "db.transaction.failed",
                "此前的数据库操作已经失败，本次操作已整体撤回。请把发生时间告知系统管理员。",
            )
            .with_source(DbError::Other(format!(
                "{name}: the transaction has already failed"
            ))));
        }
        work(&mut self.session).map_err(|error| {
            self.state = State::Failed;
            error.at(name).into()
        })
    }

    fn count_fault(statement: &Statement, wanted: &str, count: usize) -> Fault {
        DbError::Decode(format!("{}: wanted {wanted}, got {count}", statement.name)).into()
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        if self.state != State::Done
            && let Err(error) = either!(&mut self.session, inner => inner.rollback())
        {
            tracing::warn!(%error, "rollback failed; the connection is given up");
        }
    }
}

/// The highest `$n` of a statement, after which its list begins.
fn parameters(sql: &str) -> usize {
    let digits = |rest: &str| rest.chars().take_while(char::is_ascii_digit).collect::<String>();
    sql.split('$')
        .skip(1)
        .filter_map(|rest| digits(rest).parse().ok())
        .max()
        .unwrap_or(0)
}

/// FNV-1a over name and key: two locks that collide only wait for each other needlessly.
pub(crate) fn lock_number(name: &str, key: i64) -> i64 {
    let bytes = name.bytes().chain([0]).chain(key.to_be_bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    hash.cast_signed()
}
