//! The logical schema: what both databases must agree on, in one form that can be compared and kept as a snapshot.
//!
//! SQLite's strict tables know five kinds of column, so ours are told by convention: `CHECK (x IN (0, 1))` is a
//! boolean, `CHECK (json_valid(x))` is JSON, a text column ending in `_on` or `_day` is a day, one ending in `_at` an
//! instant. Where a name cannot follow, a comment inside the column's line says it: `until TEXT /* date */` (also
//! `/* time */`, `/* json */`, `/* boolean */`, and `/* text */` against the rule of endings).

use std::collections::BTreeMap;
use std::fmt;

use kernel::Outcome;

use crate::error::DbError;
use crate::tokens::Table;
use crate::tx::Tx;
use crate::{Backend, Row};

/// What a column holds, in the words of [`Value`](crate::Value).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// `BOOLEAN`
    Bool,
    /// `BIGINT`
    Int,
    /// `TEXT`
    Text,
    /// `BYTEA`
    Bytes,
    /// `DATE`
    Date,
    /// `TIMESTAMPTZ`
    Time,
    /// `JSONB`
    Json,
}

/// One column of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Table name.
    pub table: String,
    /// Column name.
    pub column: String,
    /// What it holds.
    pub kind: Kind,
    /// Whether it may be null.
    pub nullable: bool,
    /// Unique indexes it takes part in: `name(columns)`, with ` partial` after it where only some rows count.
    pub unique: Vec<String>,
    /// Other indexes it takes part in, in the same form.
    pub indexes: Vec<String>,
    /// Foreign keys it takes part in: `name(columns) -> table`.
    pub foreign: Vec<String>,
}

impl fmt::Display for Column {
    /// One line for a snapshot file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let null = if self.nullable { "null" } else { "not null" };
        write!(f, "{}.{} {:?} {null}", self.table, self.column, self.kind)?;
        for (word, names) in [
            ("unique", &self.unique),
            ("index", &self.indexes),
            ("foreign", &self.foreign),
        ] {
            for name in names {
                write!(f, "; {word} {name}")?;
            }
        }
        Ok(())
    }
}

/// A key or index over columns of a table.
struct Key {
    table: String,
    columns: Vec<String>,
    shown: String,
    role: Role,
}

#[derive(PartialEq, Eq)]
enum Role {
    Unique,
    Index,
    Foreign,
}

/// All columns, by table and name. The two tables of this crate (`hall_migration`, `hall_id`) are left out.
pub fn logical(tx: &mut Tx) -> Outcome<Vec<Column>> {
    let (mut columns, keys) = match tx.backend() {
        Backend::Sqlite => (sqlite_columns(tx)?, sqlite_keys(tx)?),
        Backend::Postgres => (postgres_columns(tx)?, postgres_keys(tx)?),
    };
    for column in &mut columns {
        for key in keys
            .iter()
            .filter(|key| key.table == column.table && key.columns.contains(&column.column))
        {
            let list = match key.role {
                Role::Unique => &mut column.unique,
                Role::Index => &mut column.indexes,
                Role::Foreign => &mut column.foreign,
            };
            list.push(key.shown.clone());
        }
        for list in [&mut column.unique, &mut column.indexes, &mut column.foreign] {
            list.sort();
        }
    }
    columns.sort_by(|one, two| (&one.table, &one.column).cmp(&(&two.table, &two.column)));
    Ok(columns)
}

fn column(row: &Row, kind: Kind) -> Outcome<Column> {
    Ok(Column {
        table: row.get("table_name")?,
        column: row.get("column_name")?,
        kind,
        nullable: row.get("nullable")?,
        unique: Vec::new(),
        indexes: Vec::new(),
        foreign: Vec::new(),
    })
}

const SQLITE_COLUMNS: &str = "
    SELECT t.name AS table_name, c.name AS column_name, c.type AS type_name, t.sql AS sql,
           CASE WHEN c.\"notnull\" = 0 AND c.pk = 0 THEN 1 ELSE 0 END AS nullable
    FROM sqlite_schema t, pragma_table_info(t.name) c
    WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
      AND t.name NOT IN ('hall_migration', 'hall_id')";

fn sqlite_columns(tx: &mut Tx) -> Outcome<Vec<Column>> {
    let mut columns = Vec::new();
    for row in tx.all_text("schema", SQLITE_COLUMNS, &[])? {
        let name: String = row.get("column_name")?;
        let table = Table::parse(&row.get::<String>("sql")?);
        let kind = sqlite_kind(&row.get::<String>("type_name")?, &name, &table)?;
        columns.push(column(&row, kind)?);
    }
    Ok(columns)
}

fn sqlite_kind(type_name: &str, name: &str, table: &Table) -> Outcome<Kind> {
    let hints = [
        ("date", Kind::Date),
        ("time", Kind::Time),
        ("json", Kind::Json),
        ("boolean", Kind::Bool),
        ("text", Kind::Text),
    ];
    if let Some((_, kind)) = hints.into_iter().find(|(hint, _)| table.has_hint(name, hint)) {
        return Ok(kind);
    }
    match type_name.to_uppercase().as_str() {
        "INTEGER" | "INT" if table.is_boolean(name) => Ok(Kind::Bool),
        "INTEGER" | "INT" => Ok(Kind::Int),
        "TEXT" if table.is_json(name) => Ok(Kind::Json),
        "TEXT" if name.ends_with("_on") || name.ends_with("_day") => Ok(Kind::Date),
        "TEXT" if name.ends_with("_at") => Ok(Kind::Time),
        "TEXT" => Ok(Kind::Text),
        "BLOB" => Ok(Kind::Bytes),
        other => Err(DbError::Decode(format!("column {name} is {other}, not in the common set")).into()),
    }
}

const SQLITE_INDEXES: &str = "
    SELECT t.name AS table_name, i.name AS name, i.\"unique\" AS is_unique, i.origin AS origin, i.partial AS partial,
           (SELECT group_concat(coalesce(x.name, '(expression)'), ',' ORDER BY x.seqno)
              FROM pragma_index_info(i.name) x) AS columns
    FROM sqlite_schema t, pragma_index_list(t.name) i WHERE t.type = 'table'
    UNION ALL
    SELECT t.name, t.name || '_pkey', 1, 'r', 0, c.name FROM sqlite_schema t, pragma_table_info(t.name) c
    WHERE t.type = 'table' AND c.pk = 1
      AND NOT EXISTS (SELECT 1 FROM pragma_index_list(t.name) i WHERE i.origin = 'pk')";

const SQLITE_FOREIGN: &str = "
    SELECT t.name AS table_name, t.sql AS sql, k.id AS id, k.\"table\" AS target, k.\"from\" AS column_name
    FROM sqlite_schema t, pragma_foreign_key_list(t.name) k WHERE t.type = 'table' ORDER BY t.name, k.id, k.seq";

fn sqlite_keys(tx: &mut Tx) -> Outcome<Vec<Key>> {
    let mut keys = Vec::new();
    for row in tx.all_text("schema", SQLITE_INDEXES, &[])? {
        let table: String = row.get("table_name")?;
        let primary = row.get::<String>("origin")? == "pk";
        let name = if primary {
            format!("{table}_pkey")
        } else {
            row.get("name")?
        };
        keys.push(index(&row, table, &name)?);
    }
    let mut foreign: BTreeMap<(String, i64), (String, String, Vec<String>)> = BTreeMap::new();
    for row in tx.all_text("schema", SQLITE_FOREIGN, &[])? {
        let place = (row.get("table_name")?, row.get("id")?);
        let (sql, target) = (row.get("sql")?, row.get("target")?);
        foreign
            .entry(place)
            .or_insert((sql, target, Vec::new()))
            .2
            .push(row.get("column_name")?);
    }
    for ((table, _), (sql, target, columns)) in foreign {
        let name = Table::parse(&sql).foreign_name(&table, &columns);
        let shown = format!("{name}({}) -> {target}", columns.join(","));
        keys.push(Key {
            table,
            columns,
            shown,
            role: Role::Foreign,
        });
    }
    Ok(keys)
}

fn index(row: &Row, table: String, name: &str) -> Outcome<Key> {
    let columns: String = row.get("columns")?;
    let partial = if row.get("partial")? { " partial" } else { "" };
    Ok(Key {
        table,
        shown: format!("{name}({columns}){partial}"),
        columns: columns.split(',').map(str::to_owned).collect(),
        role: if row.get("is_unique")? {
            Role::Unique
        } else {
            Role::Index
        },
    })
}

const POSTGRES_COLUMNS: &str = "
    SELECT t.relname AS table_name, a.attname AS column_name, format_type(a.atttypid, NULL) AS type_name,
           NOT a.attnotnull AS nullable
    FROM pg_attribute a JOIN pg_class t ON t.oid = a.attrelid JOIN pg_namespace n ON n.oid = t.relnamespace
    WHERE n.nspname = current_schema() AND t.relkind IN ('r', 'p') AND NOT t.relispartition
      AND a.attnum > 0 AND NOT a.attisdropped AND t.relname NOT IN ('hall_migration', 'hall_id')";

fn postgres_columns(tx: &mut Tx) -> Outcome<Vec<Column>> {
    let mut columns = Vec::new();
    for row in tx.all_text("schema", POSTGRES_COLUMNS, &[])? {
        let kind = match row.get::<String>("type_name")?.as_str() {
            "boolean" => Kind::Bool,
            "bigint" => Kind::Int,
            "text" => Kind::Text,
            "bytea" => Kind::Bytes,
            "date" => Kind::Date,
            "timestamp with time zone" => Kind::Time,
            "jsonb" => Kind::Json,
            other => {
                let name: String = row.get("column_name")?;
                return Err(
                    DbError::Decode(format!("column {name} is {other}, not in the common set")).into(),
                );
            }
        };
        columns.push(column(&row, kind)?);
    }
    Ok(columns)
}

const POSTGRES_INDEXES: &str = "
    SELECT t.relname AS table_name, i.relname AS name, x.indisunique AS is_unique, x.indpred IS NOT NULL AS partial,
           (SELECT string_agg(COALESCE(a.attname::text, '(expression)'), ',' ORDER BY k.place)
              FROM unnest(x.indkey::int2[]) WITH ORDINALITY k (attnum, place)
              LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum AND k.attnum > 0
             WHERE k.place <= x.indnkeyatts) AS columns
    FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
    JOIN pg_namespace n ON n.oid = t.relnamespace
    WHERE n.nspname = current_schema() AND t.relkind IN ('r', 'p')";

const POSTGRES_FOREIGN: &str = "
    SELECT t.relname AS table_name, c.conname AS name, r.relname AS target,
           (SELECT string_agg(a.attname::text, ',' ORDER BY k.place)
              FROM unnest(c.conkey) WITH ORDINALITY k (attnum, place)
              JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum) AS columns
    FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid JOIN pg_class r ON r.oid = c.confrelid
    JOIN pg_namespace n ON n.oid = t.relnamespace
    WHERE n.nspname = current_schema() AND c.contype = 'f' AND c.conparentid = 0";

fn postgres_keys(tx: &mut Tx) -> Outcome<Vec<Key>> {
    let mut keys = Vec::new();
    for row in tx.all_text("schema", POSTGRES_INDEXES, &[])? {
        let name: String = row.get("name")?;
        keys.push(index(&row, row.get("table_name")?, &name)?);
    }
    for row in tx.all_text("schema", POSTGRES_FOREIGN, &[])? {
        let (name, columns, target): (String, String, String) =
            (row.get("name")?, row.get("columns")?, row.get("target")?);
        keys.push(Key {
            table: row.get("table_name")?,
            shown: format!("{name}({columns}) -> {target}"),
            columns: columns.split(',').map(str::to_owned).collect(),
            role: Role::Foreign,
        });
    }
    Ok(keys)
}
