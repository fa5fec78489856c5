//! Connections to a PostgreSQL server: how each is set up, and the pools of writers and readers.

use std::collections::HashMap;

use kernel::{Fault, FaultKind, Outcome};
use postgres::{Client, Config, NoTls};

use crate::error::DbError;
use crate::options::Options;
use crate::postgresql::{Failure, is_fatal, translated};

pub(crate) type Pooled = r2d2::PooledConnection<Manager>;

/// Prepared statements kept for one connection; beyond that all are dropped and prepared again as needed.
const CACHED: usize = 512;

/// A client with its prepared statements.
pub(crate) struct Connection {
    client: Option<Client>,
    statements: HashMap<String, postgres::Statement>,
    given_up: bool,
}

impl Connection {
    pub(super) fn client(&mut self) -> Result<&mut Client, DbError> {
        self.client
            .as_mut()
            .ok_or_else(|| DbError::Busy("the connection is closed".to_owned()))
    }

    pub(super) fn prepared(&mut self, sql: &str) -> Result<postgres::Statement, Failure> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        if self.statements.len() >= CACHED {
            self.statements.clear();
        }
        let statement = self.client().map_err(Failure::Ours)?.prepare(sql)?;
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    pub(super) fn is_closed(&self) -> bool {
        self.client.as_ref().is_none_or(Client::is_closed)
    }

    /// The pool will not hand this connection out again.
    pub(super) fn give_up(&mut self) {
        self.given_up = true;
    }
}

impl Drop for Connection {
    /// The driver runs its own small runtime, which must neither run nor end inside somebody's async task; a pool
    /// may well be dropped there.
    fn drop(&mut self) {
        self.statements.clear();
        let client = self.client.take();
        apart(move || drop(client));
    }
}

/// Runs `work` on a thread of its own and waits for it.
fn apart<T: Send>(work: impl FnOnce() -> T + Send) -> Option<T> {
    std::thread::scope(|scope| scope.spawn(work).join().ok())
}

/// The writers and the readers of one database.
pub(crate) struct Pools {
    pub(crate) config: Config,
    writers: r2d2::Pool<Manager>,
    readers: r2d2::Pool<Manager>,
}

impl Pools {
    /// Connects to an existing database whose encoding and order of text are ours.
    pub(crate) fn open(url: &str, options: &Options) -> Outcome<Self> {
        let config = configured(url, options)?;
        // Tried once outside the pool: the pool would only say that it waited too long.
        let suited = apart(|| connect(&config, options).and_then(|mut client| suits(&mut client)));
        suited
            .unwrap_or_else(|| Err(DbError::Busy("the connecting thread died".to_owned())))
            .map_err(unreachable_server)?;
        let pool = |size: u32| {
            r2d2::Pool::builder()
                .max_size(size.max(1))
                .min_idle(Some(0))
                .test_on_check_out(false)
                .connection_timeout(options.wait)
                .build_unchecked(Manager {
                    config: config.clone(),
                    options: options.clone(),
                })
        };
        Ok(Self {
            config: config.clone(),
            writers: pool(options.writers),
            readers: pool(options.readers),
        })
    }

    pub(super) fn writer(&self, begin: &str) -> Result<Pooled, DbError> {
        begun(&self.writers, begin)
    }

    pub(super) fn reader(&self, begin: &str) -> Result<Pooled, DbError> {
        begun(&self.readers, begin)
    }
}

/// Takes a connection and begins. `BEGIN` is also the test whether the connection still lives: after a restart of the
/// server every pooled one is dead, so as many are tried as the pool may hold, and one more.
fn begun(pool: &r2d2::Pool<Manager>, begin: &str) -> Result<Pooled, DbError> {
    let mut tries = pool.max_size() + 1;
    loop {
        let mut conn = pool
            .get()
            .map_err(|error| DbError::Busy(format!("no connection: {error}")))?;
        tries -= 1;
        match conn.client()?.batch_execute(begin) {
            Ok(()) => return Ok(conn),
            Err(error) => {
                conn.give_up();
                if tries == 0 || !(conn.is_closed() || is_fatal(&error)) {
                    return Err(translated(&error));
                }
            }
        }
    }
}

fn configured(url: &str, options: &Options) -> Outcome<Config> {
    let mut config: Config = url.parse().map_err(|error: postgres::Error| {
        // Only the driver's reason is kept; it does not repeat the URL and so no password.
        Fault::new(
            FaultKind::Invalid,
            "db.url.unknown",
            "PostgreSQL 数据库地址写法有误。请写成 postgres://用户:密码@主机:端口/库名。",
        )
        .with_source(DbError::Other(error.to_string()))
    })?;
    if config.get_application_name().is_none() {
        config.application_name("xinheng");
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(options.wait);
    }
    Ok(config)
}

fn unreachable_server(error: DbError) -> Fault {
    let detail = match &error {
        DbError::Decode(reason) => reason.clone(),
        _ => {
            "无法连接 PostgreSQL 数据库。请核对主机、端口、库名、用户与密码，并确认服务已经启动。".to_owned()
        }
    };
    Fault::new(FaultKind::Invalid, "db.open.failed", detail).with_source(error)
}

/// Opens one connection with our settings.
pub(crate) fn connect(config: &Config, options: &Options) -> Result<Client, DbError> {
    let mut client = config.connect(NoTls).map_err(|error| translated(&error))?;
    let limit = options
        .statement_timeout
        .map_or(0, |longest| longest.as_millis().max(1));
    let settings = format!(
        "SET TimeZone = 'UTC'; SET statement_timeout = {limit}; SET lock_timeout = {};
         SET client_min_messages = warning",
        options.wait.as_millis().max(1)
    );
    client
        .batch_execute(&settings)
        .map_err(|error| translated(&error))?;
    Ok(client)
}

/// Refuses a database whose text is not UTF-8 or is not ordered by bytes, as SQLite orders it.
fn suits(client: &mut Client) -> Result<(), DbError> {
    let row = client
        .query_one(
            "SELECT current_setting('server_encoding') = 'UTF8', 'B' < 'a' AND '_' < 'a' AND 'a' < '中'",
            &[],
        )
        .map_err(|error| translated(&error))?;
    if !row.get::<_, bool>(0) {
        return Err(DbError::Decode(
            "数据库的字符编码不是 UTF-8。请用 UTF-8 编码重新建库。".to_owned(),
        ));
    }
    if !row.get::<_, bool>(1) {
        return Err(DbError::Decode(
            "数据库的文字排序规则不是 C。请这样建库：CREATE DATABASE 库名 TEMPLATE template0 ENCODING 'UTF8' \
             LC_COLLATE 'C' LC_CTYPE 'C'。"
                .to_owned(),
        ));
    }
    Ok(())
}

/// Makes the database if it is absent, through the server's own database `postgres`.
pub(crate) fn create_database(url: &str, options: &Options) -> Outcome<()> {
    let mut config = configured(url, options)?;
    let Some(name) = config.get_dbname().map(str::to_owned) else {
        return Err(Fault::new(
            FaultKind::Invalid,
            "db.url.unknown",
            "PostgreSQL 数据库地址缺少库名。请写成 postgres://用户:密码@主机:端口/库名。",
        ));
    };
    let made = apart(|| {
        if connect(&config, options).is_ok() {
            return Ok(());
        }
        let mut client = connect(config.dbname("postgres"), options)?;
        let exists = client
            .query_opt("SELECT 1 FROM pg_database WHERE datname = $1", &[&name])
            .map_err(|error| translated(&error))?;
        if exists.is_some() {
            return Ok(());
        }
        let quoted = name.replace('"', "\"\"");
        client
            .batch_execute(&format!(
                "CREATE DATABASE \"{quoted}\" TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"
            ))
            .map_err(|error| translated(&error))
    });
    made.unwrap_or_else(|| Err(DbError::Busy("the connecting thread died".to_owned())))
        .map_err(unreachable_server)
}

/// Makes connections for a pool.
pub(crate) struct Manager {
    config: Config,
    options: Options,
}

impl r2d2::ManageConnection for Manager {
    type Connection = Connection;
    type Error = DbError;

    fn connect(&self) -> Result<Connection, DbError> {
        let client = connect(&self.config, &self.options)?;
        Ok(Connection {
            client: Some(client),
            statements: HashMap::new(),
            given_up: false,
        })
    }

    fn is_valid(&self, _: &mut Connection) -> Result<(), DbError> {
        Ok(())
    }

    fn has_broken(&self, conn: &mut Connection) -> bool {
        conn.given_up || conn.is_closed()
    }
}
