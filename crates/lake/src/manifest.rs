//! The table of contents of a snapshot: which files belong to it, what they span, and how to know they are whole.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::fault::{Lake, LakeFault};
use crate::files;
use crate::symbols::SymbolTable;

/// Version of the folder format written by this program.
pub const FORMAT: u32 = 1;

/// Name of the table of contents inside the folder.
pub const MANIFEST: &str = "manifest.json";

/// What a snapshot folder holds. A file the manifest does not list does not exist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of the folder format.
    pub format: u32,
    /// Ledger position up to which every record is in one of the segments.
    pub position: i64,
    /// Symbol tables, one for each pack under which files were written.
    pub symbol_tables: Vec<SymbolTable>,
    /// Segments of records in ledger order; their spans adjoin and never overlap.
    pub segments: Vec<SegmentEntry>,
    /// Files of entities, oldest first.
    pub entities: Vec<EntitiesEntry>,
}

/// One immutable file of records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SegmentEntry {
    /// File name inside the folder.
    pub file: String,
    /// First ledger position of the span.
    pub first_position: i64,
    /// Last ledger position of the span.
    pub last_position: i64,
    /// Number of rows, length, digest, smallest and greatest entity.
    #[serde(flatten)]
    pub seal: Seal,
    /// Index of the symbol table under which the rows were written.
    pub symbols: usize,
}

/// One immutable file of entities, as they stood at a ledger position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntitiesEntry {
    /// File name inside the folder.
    pub file: String,
    /// Ledger position at which the entities stood so.
    pub position: i64,
    /// Number of rows, length, digest, smallest and greatest entity.
    #[serde(flatten)]
    pub seal: Seal,
    /// Index of the symbol table under which the rows were written.
    pub symbols: usize,
}

/// What tells that a file is the one that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    /// Number of rows.
    pub rows: u64,
    /// Length in bytes.
    pub bytes: u64,
    /// SHA-256 of the file, hex.
    pub sha256: String,
    /// Smallest entity number.
    pub min_entity: i64,
    /// Greatest entity number.
    pub max_entity: i64,
}

impl Manifest {
    /// An empty snapshot at ledger position `position`.
    pub(crate) fn empty(position: i64) -> Self {
        Self {
            format: FORMAT,
            position,
            symbol_tables: Vec::new(),
            segments: Vec::new(),
            entities: Vec::new(),
        }
    }

    /// Reads and checks the manifest of a folder.
    pub(crate) fn read(folder: &Path) -> Lake<Self> {
        let path = folder.join(MANIFEST);
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                return Err(LakeFault::NoSnapshot(folder.to_owned()));
            }
            Err(e) => return Err(LakeFault::file(&path, e)),
        };
        // The version first: a later format may have other keys.
        let loose: serde_json::Value =
            serde_json::from_slice(&text).map_err(|e| LakeFault::corrupt(&path, e))?;
        let found = loose
            .get("format")
            .and_then(serde_json::Value::as_u64)
            .unwrap_or(0);
        let found = u32::try_from(found).unwrap_or(u32::MAX);
        if found != FORMAT {
            return Err(LakeFault::Format { found });
        }
        let manifest: Self = serde_json::from_value(loose).map_err(|e| LakeFault::corrupt(&path, e))?;
        manifest
            .check()
            .map_err(|reason| LakeFault::corrupt(&path, reason))?;
        Ok(manifest)
    }

    /// Replaces the manifest of a folder in one step.
    pub(crate) fn write(&self, folder: &Path) -> Lake<()> {
        let path = folder.join(MANIFEST);
        let text = serde_json::to_vec_pretty(self).map_err(|e| LakeFault::corrupt(&path, e))?;
        files::write_whole(&path, &text)
    }

    /// Whether a file of this name belongs to the snapshot.
    pub(crate) fn lists(&self, name: &str) -> bool {
        name == MANIFEST
            || self.segments.iter().any(|s| s.file == name)
            || self.entities.iter().any(|e| e.file == name)
    }

    fn check(&self) -> Result<(), String> {
        let mut reached = None;
        for segment in &self.segments {
            let name = &segment.file;
            if reached.is_some_and(|r| segment.first_position <= r)
                || segment.last_position < segment.first_position
            {
                return Err(format!("段 {name} 的位置范围与前一段重叠"));
            }
            reached = Some(segment.last_position);
            self.check_name(name, segment.symbols)?;
        }
        if reached.is_some_and(|r| r > self.position) {
            return Err(format!("最后一段超出清单所载位置 {}", self.position));
        }
        for entry in &self.entities {
            self.check_name(&entry.file, entry.symbols)?;
        }
        if self.entities.is_sorted_by_key(|e| e.position) {
            Ok(())
        } else {
            Err("主体文件未按位置排列".to_owned())
        }
    }

    /// A file name is a plain name: the manifest must not lead out of its folder.
    fn check_name(&self, name: &str, symbols: usize) -> Result<(), String> {
        if name.is_empty() || name.contains(['/', '\\']) || name.starts_with('.') {
            return Err(format!("文件名 {name:?} 不合规"));
        }
        if symbols >= self.symbol_tables.len() {
            return Err(format!("文件 {name} 引用了不存在的符号表 {symbols}"));
        }
        Ok(())
    }
}
