//! PostgreSQL and its kin.
use std::str::FromStr as _;
use std::time::Duration;

use fallible_iterator::FallibleIterator as _;
use postgres::config::SslMode;
use postgres::types::ToSql;
use postgres::{Client, Config, IsolationLevel, NoTls, Transaction};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::names::{self, Marker};
use crate::tls::{self, Link};
use crate::{Ask, Drawn, Sink};

const CONNECT: Duration = Duration::from_secs(10);

pub fn draw(ask: &Ask, link: &Link, sink: &mut Sink<'_>) -> Result<Drawn, String> {
    let mut client = connect(ask, link)?;
    let mut tx = client
        .build_transaction()
        .isolation_level(IsolationLevel::RepeatableRead)
        .read_only(true)
        .start()
        .map_err(|error| said(&error))?;
    let view = View::open(&mut tx, ask)?;
    view.draw(&mut tx, ask, sink)
}

fn connect(ask: &Ask, link: &Link) -> Result<Client, String> {
    let mut config = Config::from_str(&ask.url).map_err(|error| format!("数据源地址有误（{error}）"))?;
    if let Some(password) = &ask.password {
        config.password(password);
    }
    // Days are days in China, whatever the server thinks.
    let options = format!(
        "-c statement_timeout={} -c default_transaction_read_only=on -c DateStyle=ISO -c TimeZone=Asia/Shanghai",
        ask.patience.as_millis()
    );
    config
        .connect_timeout(CONNECT)
        .tcp_user_timeout(ask.patience)
        .keepalives_idle(Duration::from_secs(30))
        .application_name("xinheng")
        .options(&options);
    match link {
        Link::Plain => config.connect(NoTls),
        Link::Verified(roots) => {
            let checked = MakeRustlsConnect::new(tls::config(roots)?);
            config.ssl_mode(SslMode::Require).connect(checked)
        }
    }
    .map_err(|error| said(&error))
}

/// A failure as its server tells it.
fn said(error: &postgres::Error) -> String {
    match error.as_db_error() {
        Some(told) => format!("数据库答复：{}（{}）", told.message(), told.code().code()),
        None => tls::said(error).unwrap_or_else(|| {
            let cause =
                std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string);
            format!("连接或读取失败：{cause}")
        }),
    }
}

/// A table or view with what its columns are.
struct View {
    relation: String,
    marker: String,
    /// Type of the watermark, as SQL writes it.
    kind: String,
    time: bool,
    columns: Vec<String>,
}

type Parameters<'a> = Vec<&'a (dyn ToSql + Sync)>;

impl View {
    fn open(tx: &mut Transaction<'_>, ask: &Ask) -> Result<Self, String> {
        let relation = names::relation(&ask.relation, '"');
        let looked = tx
            .prepare(&format!("SELECT * FROM {relation} LIMIT 0"))
            .map_err(|error| said(&error))?;
        let columns: Vec<String> = looked
            .columns()
            .iter()
            .map(|column| column.name().to_owned())
            .collect();
        let marker = looked.columns().iter().find(|column| column.name() == ask.marker);
        let Some(marker) = marker else {
            return Err(names::no_column(&ask.marker, &columns));
        };
        let kind = marker.type_().name().to_owned();
        let found = match kind.as_str() {
            "date" | "timestamp" | "timestamptz" => Marker::Time,
            "int2" | "int4" | "int8" | "numeric" => Marker::Number,
            other => return Err(names::no_marker(&ask.marker, other)),
        };
        Ok(Self {
            relation,
            marker: names::column(&ask.marker, '"'),
            kind,
            time: found == Marker::Time,
            columns,
        })
    }

    fn draw(&self, tx: &mut Transaction<'_>, ask: &Ask, sink: &mut Sink<'_>) -> Result<Drawn, String> {
        let unmarked = self.unmarked(tx)?;
        let bound = self.bound(tx, ask)?;
        let more = bound.is_some();
        let upto = match bound {
            Some(bound) => Some(bound),
            None => self.last(tx, ask)?,
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
        self.rows(tx, ask, &upto, sink)?;
        // Rows before the watermark alone, read again: it does not go back.
        let watermark = self.greater(tx, ask.after.as_deref(), upto)?;
        Ok(Drawn {
            watermark: Some(watermark),
            unmarked,
            more,
        })
    }

    fn unmarked(&self, tx: &mut Transaction<'_>) -> Result<bool, String> {
        let (relation, marker) = (&self.relation, &self.marker);
        let sql = format!("SELECT EXISTS (SELECT 1 FROM {relation} WHERE {marker} IS NULL)");
        let row = tx.query_one(&sql, &[]).map_err(|error| said(&error))?;
        row.try_get(0).map_err(|error| said(&error))
    }

    /// The watermark at which to stop, when there are more rows than are wanted.
    fn bound(&self, tx: &mut Transaction<'_>, ask: &Ask) -> Result<Option<String>, String> {
        let (relation, marker, kind) = (&self.relation, &self.marker, &self.kind);
        let after = match &ask.after {
            Some(_) => format!("{marker} > $1::text::{kind}"),
            None => format!("{marker} IS NOT NULL"),
        };
        let most = ask.most_rows;
        let sql = format!(
            "SELECT {marker}::text FROM {relation} WHERE {after} ORDER BY {marker} OFFSET {most} LIMIT 1"
        );
        let row = tx
            .query_opt(&sql, &parameters(ask))
            .map_err(|error| said(&error))?;
        row.map(|row| row.try_get(0).map_err(|error| said(&error)))
            .transpose()
    }

    /// The greatest watermark there is among the rows that are asked for.
    fn last(&self, tx: &mut Transaction<'_>, ask: &Ask) -> Result<Option<String>, String> {
        let (relation, marker) = (&self.relation, &self.marker);
        let sql = format!(
            "SELECT max({marker})::text FROM {relation} WHERE {}",
            self.from(ask)
        );
        let row = tx
            .query_one(&sql, &parameters(ask))
            .map_err(|error| said(&error))?;
        row.try_get(0).map_err(|error| said(&error))
    }

    /// The rows that are asked for begin here.
    fn from(&self, ask: &Ask) -> String {
        let (marker, kind) = (&self.marker, &self.kind);
        match &ask.after {
            None => format!("{marker} IS NOT NULL"),
            Some(_) if self.time && ask.back_seconds > 0 => {
                format!(
                    "{marker} >= $1::text::{kind} - interval '{} seconds'",
                    ask.back_seconds
                )
            }
            Some(_) => format!("{marker} >= $1::text::{kind}"),
        }
    }

    fn rows(
        &self,
        tx: &mut Transaction<'_>,
        ask: &Ask,
        upto: &str,
        sink: &mut Sink<'_>,
    ) -> Result<(), String> {
        let (relation, marker, kind) = (&self.relation, &self.marker, &self.kind);
        let cells: Vec<String> = self
            .columns
            .iter()
            .map(|name| format!("{}::text", names::column(name, '"')))
            .collect();
        let mut given = parameters(ask);
        given.push(&upto);
        let sql = format!(
            "SELECT {} FROM {relation} WHERE {} AND {marker} <= ${}::text::{kind} ORDER BY {marker}",
            cells.join(", "),
            self.from(ask),
            given.len()
        );
        // Row after row as the server sends them, never all at once.
        let mut rows = tx.query_raw(&sql, given).map_err(|error| said(&error))?;
        while let Some(row) = rows.next().map_err(|error| said(&error))? {
            let cells = (0..row.len()).map(|at| row.try_get::<_, Option<&str>>(at));
            let cells = cells
                .collect::<Result<Vec<_>, _>>()
                .map_err(|error| said(&error))?;
            sink(&cells)?;
        }
        Ok(())
    }

    fn greater(&self, tx: &mut Transaction<'_>, before: Option<&str>, now: String) -> Result<String, String> {
        let Some(before) = before else { return Ok(now) };
        let kind = &self.kind;
        let sql = format!("SELECT greatest($1::text::{kind}, $2::text::{kind})::text");
        let row = tx
            .query_one(&sql, &[&before, &now])
            .map_err(|error| said(&error))?;
        row.try_get(0).map_err(|error| said(&error))
    }
}

fn parameters(ask: &Ask) -> Parameters<'_> {
    ask.after
        .iter()
        .map(|after| {
            let after: &(dyn ToSql + Sync) = after;
            after
        })
        .collect()
}
