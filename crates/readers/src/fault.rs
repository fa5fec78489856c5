//! What can go wrong while reading, said in Chinese to the person who handed the file over.
use std::fmt;
use std::io;

/// Why a row or a whole table could not be read. The words never carry content of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadFault {
    /// One row cannot be read; the next read goes on after it.
    Row {
        /// Where the row stands, as [`crate::Row::line`].
        line: u64,
        /// Column (from 1), when one cell is to blame.
        column: Option<u32>,
        /// Stable code.
        code: &'static str,
        /// What is wrong (原因).
        reason: String,
        /// What would be right (建议).
        suggestion: Option<String>,
    },
    /// The table, or the file, cannot be read any further.
    Fatal {
        /// Stable code.
        code: &'static str,
        /// What is wrong (原因).
        reason: String,
        /// What would be right (建议).
        suggestion: Option<String>,
        /// How far reading came, when that is known.
        line: Option<u64>,
    },
}

impl ReadFault {
    pub(crate) fn row(line: u64, code: &'static str, reason: impl Into<String>, suggestion: &str) -> Self {
        Self::Row {
            line,
            column: None,
            code,
            reason: reason.into(),
            suggestion: Some(suggestion.to_owned()),
        }
    }

    pub(crate) fn fatal(code: &'static str, reason: impl Into<String>, suggestion: &str) -> Self {
        Self::Fatal {
            code,
            reason: reason.into(),
            suggestion: Some(suggestion.to_owned()),
            line: None,
        }
    }

    /// Says where, when nothing nearer to the place has said so.
    pub(crate) fn near(mut self, at: u64) -> Self {
        if let Self::Fatal { line, .. } = &mut self {
            line.get_or_insert(at);
        }
        self
    }

    /// Whether reading of the table is over.
    pub fn is_fatal(&self) -> bool {
        matches!(self, Self::Fatal { .. })
    }

    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Row { code, .. } | Self::Fatal { code, .. } => code,
        }
    }

    /// What is wrong, without the place.
    pub fn reason(&self) -> &str {
        match self {
            Self::Row { reason, .. } | Self::Fatal { reason, .. } => reason,
        }
    }

    /// What would be right.
    pub fn suggestion(&self) -> Option<&str> {
        match self {
            Self::Row { suggestion, .. } | Self::Fatal { suggestion, .. } => suggestion.as_deref(),
        }
    }

    /// Where it was found.
    pub fn line(&self) -> Option<u64> {
        match self {
            Self::Row { line, .. } => Some(*line),
            Self::Fatal { line, .. } => *line,
        }
    }

    /// The whole sentence with the name of the file: 文件、行、原因、建议.
    pub fn said(&self, file: &str) -> String {
        format!("文件“{file}”{self}")
    }
}

impl fmt::Display for ReadFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line() {
            write!(f, "第 {line} 行")?;
        }
        if let Self::Row {
            column: Some(column), ..
        } = self
        {
            write!(f, "第 {column} 列")?;
        }
        write!(f, "：{}{}", self.reason(), self.suggestion().unwrap_or_default())
    }
}

impl std::error::Error for ReadFault {}

/// Carries a fault through a reader that only knows input and output errors.
pub(crate) fn wrapped(fault: ReadFault) -> io::Error {
    io::Error::other(fault)
}

/// Takes a carried fault out again; any other error is one of the disk.
pub(crate) fn unwrapped(error: io::Error) -> ReadFault {
    match error.downcast::<ReadFault>() {
        Ok(fault) => fault,
        Err(error) => ReadFault::fatal(
            "readers.file.unreadable",
            format!("文件读到一半出错：{error}。"),
            "请检查磁盘、网络盘和权限后重新提交。",
        ),
    }
}
