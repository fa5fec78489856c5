//! The table of contents of a snapshot: which files belong to it, what they span, and how to know they are whole.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::cards;
use crate::fault::{Lake, LakeFault};
use crate::files;
use crate::symbols::SymbolTable;

/// Version of the folder format written by this program. Version 1 (no card files, no changes of entities, no standing) is
/// still read.
pub const FORMAT: u32 = 2;

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
    /// What the last classification left for the next one; `None` when the next one has to look at everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standing: Option<Standing>,
}

/// What former classifications leave, so that the next one need only look at entities of which something became known or
/// whose day has come. The first layer is that of a full classification, each later one that of a run upon the former.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standing {
    /// What the classes were decided by (pack, models); another key makes the standing worthless.
    pub key: String,
    /// Layers, oldest first; never empty.
    pub layers: Vec<Layer>,
}

impl Standing {
    /// The layer that tells how far the standing goes.
    pub fn last(&self) -> Option<&Layer> {
        self.layers.last()
    }
}

/// What one classification left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layer {
    /// The run, in the numbers of whoever keeps the outcomes.
    pub run: i64,
    /// Day of the classification, since 1970-01-01.
    pub as_of: i32,
    /// Ledger position up to which records counted.
    pub position: i64,
    /// The last file of entities it has seen.
    pub entities: String,
    /// File of the days on which entities are due; `None` when no entity ever is.
    pub calendar: Option<CalendarEntry>,
}

/// A file of days and the entities that are due on them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalendarEntry {
    /// File name inside the folder.
    pub file: String,
    /// Number of rows, length, digest; first and last day in the place of entities.
    #[serde(flatten)]
    pub seal: Seal,
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

/// One immutable file of entities, as they stood at a ledger position: all of them, or those changed since the entry before.
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
    /// Whether the file holds only what changed since the entry before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub changes: bool,
    /// Entities that are no more since the entry before, ascending.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<i64>,
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
    /// The card file beside; `None` where an older program wrote the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cards: Option<CardSeal>,
}

/// What tells that a card file is the one that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CardSeal {
    /// Length in bytes.
    pub bytes: u64,
    /// SHA-256 of the file, hex.
    pub sha256: String,
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
            standing: None,
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
        Self::parse(&text, &path)
    }

    /// Reads and checks the text of a manifest; `path` is where it came from, for messages.
    pub fn parse(text: &[u8], path: &Path) -> Lake<Self> {
        // The version first: a later format may have other keys.
        let loose: serde_json::Value =
            serde_json::from_slice(text).map_err(|e| LakeFault::corrupt(path, e))?;
        let found = loose
            .get("format")
            .and_then(serde_json::Value::as_u64)
            .unwrap_or(0);
        let found = u32::try_from(found).unwrap_or(u32::MAX);
        if found == 0 || found > FORMAT {
            return Err(LakeFault::Format { found });
        }
        let mut manifest: Self = serde_json::from_value(loose).map_err(|e| LakeFault::corrupt(path, e))?;
        manifest
            .check()
            .map_err(|reason| LakeFault::corrupt(path, reason))?;
        manifest.format = FORMAT;
        Ok(manifest)
    }

    /// Replaces the manifest of a folder in one step.
    pub(crate) fn write(&self, folder: &Path) -> Lake<()> {
        let path = folder.join(MANIFEST);
        let text = serde_json::to_vec_pretty(self).map_err(|e| LakeFault::corrupt(&path, e))?;
        files::write_whole(&path, &text)
    }

    /// The files of entities that tell how they stood at a position: the latest whole one at or before it, and the changes
    /// since, oldest first.
    pub fn entities_at(&self, up_to: i64) -> Lake<&[EntitiesEntry]> {
        let end = self.entities.partition_point(|e| e.position <= up_to);
        let before = self.entities.get(..end).unwrap_or_default();
        let whole = before.iter().rposition(|e| !e.changes);
        let found = whole.and_then(|whole| before.get(whole..));
        found.ok_or(LakeFault::NoEntities { wanted: up_to })
    }

    /// Every file of the snapshot with its length and digest.
    pub(crate) fn files(&self) -> impl Iterator<Item = (String, u64, &str)> {
        let segments = self.segments.iter().map(|s| (&s.file, &s.seal));
        let entities = self.entities.iter().map(|e| (&e.file, &e.seal));
        let layers = self.standing.iter().flat_map(|standing| &standing.layers);
        let calendars = layers
            .filter_map(|layer| layer.calendar.as_ref())
            .map(|c| (&c.file, &c.seal));
        segments
            .chain(entities)
            .chain(calendars)
            .flat_map(|(file, seal)| {
                let cards = seal
                    .cards
                    .as_ref()
                    .map(|c| (cards::name_of(file), c.bytes, c.sha256.as_str()));
                std::iter::once((file.clone(), seal.bytes, seal.sha256.as_str())).chain(cards)
            })
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
        if self.entities.first().is_some_and(|entry| entry.changes) {
            return Err("主体变更文件之前缺少全量文件".to_owned());
        }
        let layers = self.standing.iter().flat_map(|standing| &standing.layers);
        for calendar in layers.filter_map(|layer| layer.calendar.as_ref()) {
            check_plain(&calendar.file)?;
        }
        if self.entities.is_sorted_by_key(|e| e.position) {
            Ok(())
        } else {
            Err("主体文件未按位置排列".to_owned())
        }
    }

    /// A file name is a plain name: the manifest must not lead out of its folder.
    fn check_name(&self, name: &str, symbols: usize) -> Result<(), String> {
        check_plain(name)?;
        if symbols >= self.symbol_tables.len() {
            return Err(format!("文件 {name} 引用了不存在的符号表 {symbols}"));
        }
        Ok(())
    }
}

fn check_plain(name: &str) -> Result<(), String> {
    if name.is_empty() || name.contains(['/', '\\']) || name.starts_with('.') {
        return Err(format!("文件名 {name:?} 不合规"));
    }
    Ok(())
}
