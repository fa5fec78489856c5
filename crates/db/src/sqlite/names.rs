//! Gives SQLite's constraint errors the names that PostgreSQL would report.
//!
//! SQLite names checks, reports only the *columns* of a unique index, and says nothing at all about foreign keys. So
//! unique rules are written as `CREATE UNIQUE INDEX <table>_<meaning>` and looked up by their columns, and a failed
//! statement is tried once more inside a savepoint with foreign keys deferred, to see which one is then broken.

use rusqlite::{Connection, ErrorCode, ffi};

use crate::error::DbError;
use crate::sqlite::{plain_error, prepared};
use crate::tokens::{Table, Token, tokens};
use crate::value::Value;

/// The error with its constraint named. `tried` is the statement that failed; `None` at commit.
pub(super) fn error(conn: &Connection, error: &rusqlite::Error, tried: Option<(&str, &[Value])>) -> DbError {
    let rusqlite::Error::SqliteFailure(code, Some(message)) = error else {
        return plain_error(error);
    };
    if code.code != ErrorCode::ConstraintViolation {
        return plain_error(error);
    }
    let after = message.split_once("failed: ").map_or("", |(_, after)| after);
    match code.extended_code {
        ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_ROWID => {
            DbError::Unique(unique(conn, after))
        }
        ffi::SQLITE_CONSTRAINT_CHECK => DbError::Check(after.to_owned()),
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY => {
            let name = match tried {
                Some((sql, args)) => foreign_by_trial(conn, sql, args),
                None => broken(conn, None),
            };
            DbError::Foreign(name.unwrap_or_default())
        }
        _ => plain_error(error),
    }
}

/// The index whose columns are those of `message`: `t.a, t.b` or `index 'name'`.
fn unique(conn: &Connection, message: &str) -> String {
    if let Some(name) = message.strip_prefix("index '") {
        return name.trim_end_matches('\'').to_owned();
    }
    let pairs: Vec<(&str, &str)> = message
        .split(", ")
        .filter_map(|pair| pair.split_once('.'))
        .collect();
    let Some((table, _)) = pairs.first() else {
        return message.to_owned();
    };
    let columns: Vec<&str> = pairs.iter().map(|(_, column)| *column).collect();
    index_of(conn, table, &columns)
        .ok()
        .flatten()
        .unwrap_or_else(|| format!("{table}_pkey"))
}

fn index_of(conn: &Connection, table: &str, columns: &[&str]) -> rusqlite::Result<Option<String>> {
    let mut list = conn.prepare(
        "SELECT name, origin FROM pragma_index_list(?1) WHERE \"unique\" = 1 AND origin <> 'pk' ORDER BY name",
    )?;
    let mut indexes = list.query([table])?;
    while let Some(row) = indexes.next()? {
        let name: String = row.get(0)?;
        let mut info = conn.prepare("SELECT name FROM pragma_index_info(?1) ORDER BY seqno")?;
        let found = info
            .query_map([&name], |row| row.get::<_, Option<String>>(0))?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        if found
            .iter()
            .map(Option::as_deref)
            .eq(columns.iter().copied().map(Some))
        {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

fn foreign_by_trial(conn: &Connection, sql: &str, args: &[Value]) -> Option<String> {
    conn.execute_batch("SAVEPOINT hall_trial; PRAGMA defer_foreign_keys = ON")
        .ok()?;
    // Rows are left unread on purpose: the first step has already made every change.
    let ran = prepared(conn, sql, args)
        .ok()
        .is_some_and(|mut tried| tried.raw_query().next().is_ok());
    let name = if ran {
        broken(conn, target(sql).as_deref())
    } else {
        None
    };
    let undone =
        conn.execute_batch("ROLLBACK TO hall_trial; RELEASE hall_trial; PRAGMA defer_foreign_keys = OFF");
    undone.ok().and(name)
}

/// The first foreign key that does not hold, looking at the statement's own table before all others.
fn broken(conn: &Connection, target: Option<&str>) -> Option<String> {
    let found = |sql: &str, table: Option<&str>| {
        let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?));
        match table {
            Some(table) => conn.query_row(sql, [table], read).ok(),
            None => conn.query_row(sql, [], read).ok(),
        }
    };
    let own = target.and_then(|table| {
        found(
            "SELECT \"table\", fkid FROM pragma_foreign_key_check(?1) LIMIT 1",
            Some(table),
        )
    });
    let (table, key) = own.or_else(|| {
        found(
            "SELECT \"table\", fkid FROM pragma_foreign_key_check LIMIT 1",
            None,
        )
    })?;
    foreign_name(conn, &table, key).ok()
}

/// The name of foreign key number `key`: as declared, else as PostgreSQL would make it.
pub(crate) fn foreign_name(conn: &Connection, table: &str, key: i64) -> rusqlite::Result<String> {
    let columns = conn
        .prepare("SELECT \"from\" FROM pragma_foreign_key_list(?1) WHERE id = ?2 ORDER BY seq")?
        .query_map((table, key), |row| row.get(0))?
        .collect::<rusqlite::Result<Vec<String>>>()?;
    let sql: String = conn.query_row(
        "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?1",
        [table],
        |row| row.get(0),
    )?;
    Ok(Table::parse(&sql).foreign_name(table, &columns))
}

/// The table that an `INSERT INTO`, `UPDATE` or `DELETE FROM` changes.
fn target(sql: &str) -> Option<String> {
    let words: Vec<String> = tokens(sql)
        .into_iter()
        .filter_map(|token| {
            if let Token::Word(word) = token {
                Some(word)
            } else {
                None
            }
        })
        .collect();
    let place = words
        .iter()
        .position(|word| matches!(word.as_str(), "into" | "update" | "from"))?;
    words.get(place + 1).cloned()
}
