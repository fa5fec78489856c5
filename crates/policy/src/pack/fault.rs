//! What is wrong with a pack: where, what, and what would be right.

use std::fmt;
use std::sync::Arc;

/// A place in a pack file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Place {
    /// Pack and file, `base/draw.toml`.
    pub file: Arc<str>,
    /// Line, from 1; 0 when the whole file is meant.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Key path, `ratio[2].share`.
    pub path: String,
}

/// One thing wrong with a pack.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PackFault {
    /// Where.
    pub place: Place,
    /// What is wrong, in Chinese.
    pub what: String,
    /// What would be right, in Chinese.
    pub right: String,
}

impl fmt::Display for PackFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place {
            file,
            line,
            column,
            path,
        } = &self.place;
        write!(f, "{file}")?;
        if *line > 0 {
            write!(f, ":{line}:{column}")?;
        }
        if !path.is_empty() {
            write!(f, " {path}")?;
        }
        write!(f, "：{}", self.what)?;
        if !self.right.is_empty() {
            write!(f, "。{}", self.right)?;
        }
        Ok(())
    }
}

impl std::error::Error for PackFault {}
