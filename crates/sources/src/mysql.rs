//! MySQL and MariaDB.
use std::time::Duration;

use mysql::consts::ColumnType;
use mysql::prelude::Queryable as _;
use mysql::{Conn, Opts, OptsBuilder, Row, SslOpts, Value};
use mysql_common::proto::codec::error::PacketCodecError;

use crate::names::{self, Marker};
use crate::tls::{self, Link};
use crate::{Ask, Drawn, Sink};

const CONNECT: Duration = Duration::from_secs(10);

pub fn draw(ask: &Ask, link: &Link, sink: &mut Sink<'_>) -> Result<Drawn, String> {
    let mut conn = connect(ask, link)?;
    let view = View::open(&mut conn, ask)?;
    view.draw(&mut conn, ask, sink)
}

fn connect(ask: &Ask, link: &Link) -> Result<Conn, String> {
    let opts = Opts::from_url(&ask.url).map_err(|error| format!("数据源地址有误（{error}）"))?;
    let mut opts = OptsBuilder::from_opts(opts)
        .tcp_connect_timeout(Some(CONNECT))
        .read_timeout(Some(ask.patience))
        .write_timeout(Some(ask.patience))
        .prefer_socket(false);
    if let Some(password) = &ask.password {
        opts = opts.pass(Some(password.as_str()));
    }
    if let Link::Verified(roots) = link {
        // The driver reads the file itself; that it can be used is better told in our words.
        tls::config(roots)?;
        opts = opts.ssl_opts(Some(SslOpts::default().with_root_cert_path(Some(roots.clone()))));
    }
    let mut conn = Conn::new(opts).map_err(|error| said(&error))?;
    let millis = ask.patience.as_millis();
    // The one is MySQL's, the other MariaDB's word for it; each refuses the other's.
    let limits = [
        format!("SET SESSION max_execution_time = {millis}"),
        format!("SET SESSION max_statement_time = {}", ask.patience.as_secs()),
    ];
    if !limits.iter().any(|limit| conn.query_drop(limit).is_ok()) {
        return Err("数据库不支持语句超时，无法安全抽取".to_owned());
    }
    for setting in [
        "SET NAMES utf8mb4",
        // Days are days in China, whatever the server thinks.
        "SET time_zone = '+08:00'",
        "SET SESSION TRANSACTION READ ONLY",
        "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
        "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
    ] {
        conn.query_drop(setting).map_err(|error| said(&error))?;
    }
    Ok(conn)
}

/// A failure as its server tells it.
fn said(error: &mysql::Error) -> String {
    match error {
        mysql::Error::MySqlError(told) => format!("数据库答复：{}（{}）", told.message, told.code),
        mysql::Error::UrlError(error) => format!("数据源地址有误（{error}）"),
        // The driver's errors name no source; what the link said lies in these.
        mysql::Error::CodecError(PacketCodecError::Io(link)) | mysql::Error::IoError(link) => {
            tls::said(link).unwrap_or_else(|| format!("连接或读取失败：{link}"))
        }
        other => format!("连接或读取失败：{other}"),
    }
}

/// A table or view with what its watermark is.
struct View {
    relation: String,
    marker: String,
    kind: Marker,
    columns: Vec<String>,
}

impl View {
    fn open(conn: &mut Conn, ask: &Ask) -> Result<Self, String> {
        let relation = names::relation(&ask.relation, '`');
        let looked = conn
            .query_iter(format!("SELECT * FROM {relation} LIMIT 0"))
            .map_err(|error| said(&error))?;
        let (mut columns, mut marker) = (Vec::new(), None);
        for column in looked.columns().as_ref() {
            let name = column.name_str().into_owned();
            if name == ask.marker {
                marker = Some(column.column_type());
            }
            columns.push(name);
        }
        let kind = match marker {
            None => return Err(names::no_column(&ask.marker, &columns)),
            Some(
                ColumnType::MYSQL_TYPE_DATE
                | ColumnType::MYSQL_TYPE_NEWDATE
                | ColumnType::MYSQL_TYPE_DATETIME
                | ColumnType::MYSQL_TYPE_TIMESTAMP,
            ) => Marker::Time,
            Some(
                ColumnType::MYSQL_TYPE_TINY
                | ColumnType::MYSQL_TYPE_SHORT
                | ColumnType::MYSQL_TYPE_INT24
                | ColumnType::MYSQL_TYPE_LONG
                | ColumnType::MYSQL_TYPE_LONGLONG
                | ColumnType::MYSQL_TYPE_NEWDECIMAL,
            ) => Marker::Number,
            Some(other) => return Err(names::no_marker(&ask.marker, &format!("{other:?}"))),
        };
        Ok(Self {
            relation,
            marker: names::column(&ask.marker, '`'),
            kind,
            columns,
        })
    }

    fn draw(&self, conn: &mut Conn, ask: &Ask, sink: &mut Sink<'_>) -> Result<Drawn, String> {
        let (relation, marker) = (&self.relation, &self.marker);
        let after = ask
            .after
            .as_deref()
            .map(|after| self.literal(after))
            .transpose()?;
        let unmarked = conn
            .query_first::<i64, _>(format!("SELECT 1 FROM {relation} WHERE {marker} IS NULL LIMIT 1"))
            .map_err(|error| said(&error))?
            .is_some();
        let beyond = match &after {
            Some(after) => format!("{marker} > {after}"),
            None => format!("{marker} IS NOT NULL"),
        };
        let most = ask.most_rows;
        let bound = format!(
            "SELECT CAST({marker} AS CHAR) FROM {relation} WHERE {beyond} ORDER BY {marker} LIMIT 1 OFFSET {most}"
        );
        let bound: Option<String> = conn.query_first(bound).map_err(|error| said(&error))?;
        let more = bound.is_some();
        let from = self.from(after.as_deref(), ask.back_seconds);
        let upto = match bound {
            Some(bound) => Some(bound),
            None => conn
                .query_first::<Option<String>, _>(format!(
                    "SELECT CAST(max({marker}) AS CHAR) FROM {relation} WHERE {from}"
                ))
                .map_err(|error| said(&error))?
                .flatten(),
        };
        let names: Vec<Option<&str>> = self.columns.iter().map(|name| Some(name.as_str())).collect();
        sink(&names)?;
        let Some(upto) = upto else {
            return Ok(Drawn {
                watermark: ask.after.clone(),
                unmarked,
                more: false,
            });
        };
        let upto = self.literal(&upto)?;
        self.rows(conn, &format!("{from} AND {marker} <= {upto}"), sink)?;
        // Rows before the watermark alone, read again: it does not go back.
        let greatest = match &after {
            Some(after) => format!("SELECT CAST(greatest({after}, {upto}) AS CHAR)"),
            None => format!("SELECT CAST({upto} AS CHAR)"),
        };
        let watermark: Option<String> = conn.query_first(greatest).map_err(|error| said(&error))?;
        Ok(Drawn {
            watermark: watermark
                .map(|text| self.written(&text))
                .or_else(|| ask.after.clone()),
            unmarked,
            more,
        })
    }

    /// A watermark as people write it: numbers were compared with ten places, of which those without a digit go.
    fn written(&self, text: &str) -> String {
        match self.kind {
            Marker::Number if text.contains('.') => {
                text.trim_end_matches('0').trim_end_matches('.').to_owned()
            }
            _ => text.to_owned(),
        }
    }

    /// A watermark as SQL writes it. It came from the database itself; anything that does not look like one is refused, as it
    /// becomes part of a statement.
    fn literal(&self, text: &str) -> Result<String, String> {
        let plain =
            |extra: &str| text.chars().all(|c| c.is_ascii_digit() || extra.contains(c)) && !text.is_empty();
        match self.kind {
            Marker::Number if plain("-.") => Ok(format!("CAST('{text}' AS DECIMAL(65, 10))")),
            Marker::Time if plain("-:. ") => Ok(format!("CAST('{text}' AS DATETIME(6))")),
            _ => Err(format!("游标值“{text}”与游标列的类型不符")),
        }
    }

    /// The rows that are asked for begin here.
    fn from(&self, after: Option<&str>, back_seconds: u32) -> String {
        let marker = &self.marker;
        match after {
            None => format!("{marker} IS NOT NULL"),
            Some(after) if self.kind == Marker::Time && back_seconds > 0 => {
                format!("{marker} >= {after} - INTERVAL {back_seconds} SECOND")
            }
            Some(after) => format!("{marker} >= {after}"),
        }
    }

    fn rows(&self, conn: &mut Conn, wanted: &str, sink: &mut Sink<'_>) -> Result<(), String> {
        let (relation, marker) = (&self.relation, &self.marker);
        // Row after row as the server sends them, in the protocol that writes every value as text.
        let rows = conn
            .query_iter(format!(
                "SELECT * FROM {relation} WHERE {wanted} ORDER BY {marker}"
            ))
            .map_err(|error| said(&error))?;
        for row in rows {
            let row: Row = row.map_err(|error| said(&error))?;
            let cells: Vec<Option<String>> = row.unwrap().into_iter().map(text).collect();
            let cells: Vec<Option<&str>> = cells.iter().map(Option::as_deref).collect();
            sink(&cells)?;
        }
        Ok(())
    }
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::NULL => None,
        Value::Bytes(bytes) => Some(match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        }),
        other => Some(other.as_sql(true).trim_matches('\'').to_owned()),
    }
}
