//! The ways the lake says no: each names the file or the number that is wrong and what to do about it.

use std::path::{Path, PathBuf};

use kernel::{FaultKind, Refusal};

/// A refusal or accident of the lake. `Display` is Simplified Chinese, for the operator.
#[derive(Debug, thiserror::Error)]
pub enum LakeFault {
    /// The operating system refused a file operation.
    #[error("文件操作失败:{path}:{source}", path = path.display())]
    File {
        /// The file concerned.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A file listed in the manifest is not there.
    #[error("快照文件缺失:{path}。请从备份恢复该文件,或重新导出快照", path = .0.display())]
    Missing(PathBuf),
    /// A file listed in the manifest is not what was written.
    #[error("快照文件已损坏:{path}:{reason}。请从备份恢复该文件,或重新导出快照", path = path.display())]
    Corrupt {
        /// The file concerned.
        path: PathBuf,
        /// What does not agree.
        reason: String,
    },
    /// The folder holds no snapshot.
    #[error("{path} 不是快照目录:缺少 manifest.json。请检查路径,或先新建快照", path = .0.display())]
    NoSnapshot(PathBuf),
    /// The folder already holds something.
    #[error("{path} 已有快照,不能在其上新建", path = .0.display())]
    AlreadySnapshot(PathBuf),
    /// Another process is writing the snapshot.
    #[error("{path} 正被另一进程写入。请等待其结束后再试", path = .0.display())]
    Writing(PathBuf),
    /// The manifest is of a format this program does not know.
    #[error("快照格式版本为 {found},本程序只能读取版本 {known}。请升级程序", known = crate::manifest::FORMAT)]
    Format {
        /// The version found in the manifest.
        found: u32,
    },
    /// A row lies outside the span of ledger positions its segment was opened for.
    #[error("记录位置 {position} 不在本段范围 {from}–{to} 之内")]
    OutOfSpan {
        /// Position of the row.
        position: i64,
        /// First position the segment may hold.
        from: i64,
        /// Last position the segment may hold.
        to: i64,
    },
    /// A segment would not continue where the snapshot ends.
    #[error("新段应止于位置 {held} 之后,但给出的终点是 {wanted}")]
    NotAfter {
        /// Position the snapshot already reaches.
        held: i64,
        /// End asked for.
        wanted: i64,
    },
    /// Two rows of one entity carry one ledger position.
    #[error("主体 {entity} 在位置 {position} 有两条记录,账本位置不得重复")]
    Twice {
        /// Entity number.
        entity: i64,
        /// Position that occurs twice; equal to `entity` in files of entities, which have no position.
        position: i64,
    },
    /// The snapshot does not reach so far.
    #[error("快照只到位置 {held},不能按位置 {wanted} 计算。请先追加新段")]
    BeyondSnapshot {
        /// Position the snapshot reaches.
        held: i64,
        /// Position asked for.
        wanted: i64,
    },
    /// No entity file is old enough.
    #[error("快照没有位置 {wanted} 及以前的主体文件,不能按该位置计算")]
    NoEntities {
        /// Position asked for.
        wanted: i64,
    },
    /// The caller gave arguments that make no sense.
    #[error("参数有误:{0}")]
    Argument(&'static str),
    /// The receiver of results refused them, or a worker ended without answering.
    #[error("分类中断:{0}")]
    Stopped(String),
}

/// Result of every fallible function of this crate.
pub type Lake<T> = Result<T, LakeFault>;

impl LakeFault {
    /// Wraps an operating-system error with the file it concerns.
    pub(crate) fn file(path: &Path, source: std::io::Error) -> Self {
        if source.kind() == std::io::ErrorKind::NotFound {
            Self::Missing(path.to_owned())
        } else {
            Self::File {
                path: path.to_owned(),
                source,
            }
        }
    }

    /// A file that could not be written, by what the format's library says of it.
    pub(crate) fn unwritten(path: &Path, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::file(path, std::io::Error::other(error))
    }

    /// A file that does not hold what it should.
    pub(crate) fn corrupt(path: &Path, reason: impl Into<Reason>) -> Self {
        Self::Corrupt {
            path: path.to_owned(),
            reason: reason.into().0,
        }
    }
}

/// What does not agree, from whatever found it.
pub(crate) struct Reason(String);

impl From<&str> for Reason {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for Reason {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<parquet::errors::ParquetError> for Reason {
    fn from(error: parquet::errors::ParquetError) -> Self {
        Self(error.to_string())
    }
}

impl From<arrow::error::ArrowError> for Reason {
    fn from(error: arrow::error::ArrowError) -> Self {
        Self(error.to_string())
    }
}

impl From<serde_json::Error> for Reason {
    fn from(error: serde_json::Error) -> Self {
        Self(error.to_string())
    }
}

impl Refusal for LakeFault {
    fn kind(&self) -> FaultKind {
        match self {
            Self::Writing(_) => FaultKind::Busy,
            Self::AlreadySnapshot(_)
            | Self::NotAfter { .. }
            | Self::BeyondSnapshot { .. }
            | Self::NoEntities { .. } => FaultKind::Conflict,
            _ => FaultKind::Internal,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::File { .. } => "lake.file.refused",
            Self::Missing(_) => "lake.file.missing",
            Self::Corrupt { .. } => "lake.file.corrupt",
            Self::NoSnapshot(_) => "lake.snapshot.absent",
            Self::AlreadySnapshot(_) => "lake.snapshot.present",
            Self::Writing(_) => "lake.snapshot.being-written",
            Self::Format { .. } => "lake.snapshot.unknown-format",
            Self::OutOfSpan { .. } => "lake.segment.out-of-span",
            Self::NotAfter { .. } => "lake.segment.not-after",
            Self::Twice { .. } => "lake.segment.position-twice",
            Self::BeyondSnapshot { .. } => "lake.question.beyond-snapshot",
            Self::NoEntities { .. } => "lake.question.no-entities",
            Self::Argument(_) => "lake.question.senseless",
            Self::Stopped(_) => "lake.classification.stopped",
        }
    }

    fn detail(&self) -> String {
        self.to_string()
    }
}
