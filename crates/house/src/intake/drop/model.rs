//! DropFolder folders and their files.
use chrono::{DateTime, Utc};
use kernel::Jurisdiction;

use crate::hall::InJurisdiction;
use crate::intake::service::Mapping;

/// A drop folder about to be watched.
#[derive(Debug, Clone)]
pub struct NewDrop {
    /// The folder.
    pub folder: std::path::PathBuf,
    /// Department that supplies what is put there.
    pub supplier: String,
    /// Catalogue item of everything put there; recognised file by file when absent.
    pub item: Option<String>,
    /// How columns are to be understood.
    pub mapping: Mapping,
}

/// A drop folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DropFolder {
    /// Number.
    pub drop_id: i64,
    /// Absolute path.
    pub folder: String,
    /// Department that supplies what is put there.
    pub supplier: String,
    /// Catalogue item of everything put there.
    pub item: Option<String>,
    /// How columns are to be understood.
    pub mapping: Mapping,
    /// Why the folder could not be looked at the last time.
    pub last_fault: Option<String>,
}

impl InJurisdiction for DropFolder {
    fn jurisdiction(&self) -> Jurisdiction {
        Jurisdiction {
            division: None,
            department: Some(self.supplier.clone()),
        }
    }
}

/// A file that was taken from a drop folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DropFile {
    /// Number.
    pub file_id: i64,
    /// Folder it was put into.
    pub drop_id: i64,
    /// Name it was put there under.
    pub name: String,
    /// Hash of its content; empty where it could not be read.
    pub digest: String,
    /// Length.
    pub bytes: i64,
    /// `taken`, `done` or `failed`.
    pub state: String,
    /// Batches made of it.
    pub batches: Vec<i64>,
    /// What of it was not taken in, and why.
    pub said: String,
    /// Name it was moved to.
    pub moved_as: Option<String>,
    /// When it was taken.
    pub taken_at: DateTime<Utc>,
    /// When it was moved away.
    pub ended_at: Option<DateTime<Utc>>,
}
