//! What can go wrong at the database, told alike by both drivers, and how it becomes a fault.

use kernel::{Fault, FaultKind};

/// An error of the database. Constraint names are the same on both databases.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DbError {
    /// A unique index refused a row; its name, or `<table>_pkey`.
    #[error("unique constraint {0} violated")]
    Unique(String),
    /// A foreign key refused a row; its name.
    #[error("foreign key {0} violated")]
    Foreign(String),
    /// A check refused a row; its name.
    #[error("check constraint {0} violated")]
    Check(String),
    /// Somebody else holds the lock, the pool is empty, a time limit passed, or the server is away: nothing was
    /// changed, and trying the whole transaction again may succeed.
    #[error("database busy: {0}")]
    Busy(String),
    /// The connection was lost while the transaction was being kept: whether it was, nobody told us. Never tried again
    /// blindly.
    #[error("outcome unknown: {0}")]
    Uncertain(String),
    /// The answer is not of the kind the code asks for.
    #[error("unexpected answer: {0}")]
    Decode(String),
    /// No room is left on the disk: the transaction is undone.
    #[error("disk full: {0}")]
    Full(String),
    /// Anything else.
    #[error("database error: {0}")]
    Other(String),
}

impl DbError {
    /// Adds where it happened to the errors that carry a text.
    pub(crate) fn at(self, place: &str) -> Self {
        match self {
            Self::Busy(text) => Self::Busy(format!("{place}: {text}")),
            Self::Uncertain(text) => Self::Uncertain(format!("{place}: {text}")),
            Self::Decode(text) => Self::Decode(format!("{place}: {text}")),
            Self::Full(text) => Self::Full(format!("{place}: {text}")),
            Self::Other(text) => Self::Other(format!("{place}: {text}")),
            named => named,
        }
    }
}

impl From<DbError> for Fault {
    fn from(error: DbError) -> Self {
        let (kind, code, detail) = match &error {
            DbError::Unique(name) => (
                FaultKind::Conflict,
                "db.unique",
                format!("同样的数据已经存在，不能重复保存（唯一约束 {name}）。请核对后再提交。"),
            ),
            DbError::Foreign(name) => (
                FaultKind::Conflict,
                "db.foreign",
                format!(
                    "所引用的数据不存在，或者该数据仍被其他数据引用（外键约束 {name}）。请刷新后核对再提交。"
                ),
            ),
            DbError::Check(name) => (
                FaultKind::Conflict,
                "db.check",
                format!("数据不符合数据库的检查约束 {name}，没有保存。请核对填写内容。"),
            ),
            DbError::Busy(_) => (
                FaultKind::Busy,
                "db.busy",
                "数据库繁忙或暂时无法连接，本次操作没有执行。请稍后重试。".to_owned(),
            ),
            // Busy for those who can ask whether it was done before they do it again: jobs, callers with a key.
            DbError::Uncertain(_) => (
                FaultKind::Busy,
                "db.uncertain",
                "保存时与数据库的连接中断，不能确定本次操作是否已经生效。请先查看结果，没有生效再重做；带幂等键的请求和重新导入同一个文件不会重复。"
                    .to_owned(),
            ),
            DbError::Decode(_) => (
                FaultKind::Internal,
                "db.decode",
                "数据库返回的内容与程序不一致。请把发生时间告知系统管理员。".to_owned(),
            ),
            DbError::Full(_) => (
                FaultKind::Internal,
                "db.full",
                "数据库所在的磁盘已满，本次操作已撤回，此前已完成的不受影响。请腾出空间后重做；导入中断的，重新导入同一个文件会接着做。"
                    .to_owned(),
            ),
            DbError::Other(_) => (
                FaultKind::Internal,
                "db.failed",
                "数据库操作失败，本次操作已撤回。请把发生时间告知系统管理员。".to_owned(),
            ),
        };
        Self::new(kind, code, detail).with_source(error)
    }
}

/// The database error behind a fault, if that is what it came from.
pub fn db_error(fault: &Fault) -> Option<&DbError> {
    std::error::Error::source(fault)?.downcast_ref()
}

/// The name of the constraint (unique, foreign key or check) that refused, if one did.
pub fn constraint(fault: &Fault) -> Option<&str> {
    match db_error(fault)? {
        DbError::Unique(name) | DbError::Foreign(name) | DbError::Check(name) => Some(name),
        _ => None,
    }
}

/// Whether running the whole transaction again may succeed (lock, serialization failure, lost connection).
pub fn may_retry(fault: &Fault) -> bool {
    matches!(db_error(fault), Some(DbError::Busy(_)))
}
