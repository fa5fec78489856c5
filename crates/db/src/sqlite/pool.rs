//! Connections to an SQLite file: how each is set up, one writer and several readers.

use std::path::{Path, PathBuf};
use std::time::Duration;

use kernel::{Fault, FaultKind, Outcome};
use rusqlite::{Connection, OpenFlags};

use crate::error::DbError;
use crate::options::Options;
use crate::sqlite::plain_error;

pub(crate) type Pooled = r2d2::PooledConnection<Manager>;

/// The single writer and the readers of one file.
pub(crate) struct Pools {
    pub(crate) path: PathBuf,
    writer: r2d2::Pool<Manager>,
    readers: r2d2::Pool<Manager>,
}

impl Pools {
    /// Opens an existing file. Never creates one: a mistyped path must not become an empty database.
    pub(crate) fn open(path: &Path, options: &Options) -> Outcome<Self> {
        if !path.is_file() {
            return Err(Fault::new(
                FaultKind::Invalid,
                "db.open.missing",
                format!(
                    "数据库文件“{}”不存在。请核对路径；如果是首次使用，请先执行初始化。",
                    path.display()
                ),
            ));
        }
        // Tried once outside the pool: the pool would only say that it waited too long.
        connect(path, options).map_err(|error| unreadable(path, error))?;
        let pool = |size, reads_only| {
            let manager = Manager {
                path: path.to_owned(),
                options: options.clone(),
                reads_only,
            };
            r2d2::Pool::builder()
                .max_size(size)
                .min_idle(Some(0))
                .test_on_check_out(false)
                .max_lifetime(None)
                .idle_timeout(None)
                .connection_timeout(options.wait)
                .build_unchecked(manager)
        };
        Ok(Self {
            path: path.to_owned(),
            writer: pool(1, false),
            readers: pool(options.readers.max(1), true),
        })
    }

    pub(crate) fn writer(&self) -> Result<Pooled, DbError> {
        self.writer
            .get()
            .map_err(|error| DbError::Busy(format!("no writer: {error}")))
    }

    pub(crate) fn reader(&self) -> Result<Pooled, DbError> {
        self.readers
            .get()
            .map_err(|error| DbError::Busy(format!("no reader: {error}")))
    }
}

fn unreadable(path: &Path, error: DbError) -> Fault {
    if matches!(error, DbError::Full(_)) {
        return error.into();
    }
    Fault::new(
        FaultKind::Invalid,
        "db.open.failed",
        format!(
            "无法打开数据库文件“{}”：它不是 SQLite 数据库，或者没有读写权限。请核对路径与权限。",
            path.display()
        ),
    )
    .with_source(error)
}

/// Makes the file if it is absent; its folder must exist.
pub(crate) fn create_file(path: &Path) -> Outcome<()> {
    if path.exists() {
        return Ok(());
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let made = Connection::open_with_flags(path, flags).and_then(|conn| {
        // 8 KiB pages suit rows of a few hundred bytes; the size is fixed by the first write.
        conn.execute_batch("PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; VACUUM")
    });
    made.map_err(|error| {
        Fault::new(
            FaultKind::Invalid,
            "db.create.failed",
            format!(
                "无法创建数据库文件“{}”。请确认所在文件夹存在并且可写。",
                path.display()
            ),
        )
        .with_source(plain_error(&error))
    })
}

/// Opens one connection with our settings.
///
/// `synchronous = FULL`: in WAL mode `NORMAL` keeps an acknowledged command through the death of the process but may
/// lose the last ones in a power cut; a decision that was answered with "done" must not vanish, so every commit is
/// flushed to the disk.
pub(crate) fn connect(path: &Path, options: &Options) -> Result<Connection, DbError> {
    let open = || -> rusqlite::Result<Connection> {
        // Our sessions are never shared by two threads at once, so SQLite need not lock each call (NO_MUTEX).
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(path, flags)?;
        conn.busy_timeout(options.wait.min(Duration::from_hours(1)))?;
        conn.set_prepared_statement_cache_capacity(512);
        let synchronous = if options.durable { "FULL" } else { "OFF" };
        // Sorting spills to temporary files, so that building an index costs the same memory whatever its size.
        // cache_size: 64 MiB; the log is cut back to 256 MiB after a bulk load, checked every 32 MiB.
        conn.execute_batch(&format!(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = {synchronous}; PRAGMA foreign_keys = ON;
             PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 4096;
             PRAGMA journal_size_limit = 268435456; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON"
        ))?;
        Ok(conn)
    };
    open().map_err(|error| plain_error(&error))
}

/// Makes connections for the pool.
pub(crate) struct Manager {
    path: PathBuf,
    options: Options,
    reads_only: bool,
}

impl r2d2::ManageConnection for Manager {
    type Connection = Connection;
    type Error = DbError;

    fn connect(&self) -> Result<Connection, DbError> {
        let conn = connect(&self.path, &self.options)?;
        if self.reads_only {
            conn.execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -16384")
                .map_err(|error| plain_error(&error))?;
        }
        Ok(conn)
    }

    fn is_valid(&self, _: &mut Connection) -> Result<(), DbError> {
        Ok(())
    }

    /// A connection that comes back inside a transaction failed to roll back.
    fn has_broken(&self, conn: &mut Connection) -> bool {
        !conn.is_autocommit()
    }
}
