//! A snapshot folder opened for writing: appends segments, adds files of entities, sweeps remnants.

use std::collections::HashSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::fault::{Lake, LakeFault};
use crate::files;
use crate::format::{EntityColumns, EntityRow, Grain, RecordColumns, Row};
use crate::manifest::{EntitiesEntry, MANIFEST, Manifest, SegmentEntry};
use crate::merge::{RUN, Sorter};
use crate::snapshot::{hold_alone, hold_writer};
use crate::symbols::SymbolTable;

/// The one writer of a snapshot folder.
pub struct Writer {
    folder: PathBuf,
    manifest: Manifest,
    grain: Grain,
    _lock: File,
}

impl Writer {
    /// Makes an empty snapshot; its first segment will start behind `position` (0 for a ledger read from its start).
    pub fn create(folder: &Path, position: i64, grain: Grain) -> Lake<Self> {
        fs::create_dir_all(folder).map_err(|e| LakeFault::file(folder, e))?;
        let lock = hold_writer(folder)?;
        if folder.join(MANIFEST).exists() {
            return Err(LakeFault::AlreadySnapshot(folder.to_owned()));
        }
        let manifest = Manifest::empty(position);
        manifest.write(folder)?;
        Ok(Self {
            folder: folder.to_owned(),
            manifest,
            grain,
            _lock: lock,
        })
    }

    /// Opens a snapshot to continue it, and removes what a killed run left unfinished.
    pub fn open(folder: &Path, grain: Grain) -> Lake<Self> {
        if !folder.join(MANIFEST).exists() {
            return Err(LakeFault::NoSnapshot(folder.to_owned()));
        }
        let lock = hold_writer(folder)?;
        let manifest = Manifest::read(folder)?;
        let writer = Self {
            folder: folder.to_owned(),
            manifest,
            grain,
            _lock: lock,
        };
        writer.sweep()?;
        Ok(writer)
    }

    /// The table of contents as it stands.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Ledger position the snapshot reaches.
    pub fn position(&self) -> i64 {
        self.manifest.position
    }

    /// Removes files no manifest lists. Unfinished files go at once; whole files, which a reader of an older manifest
    /// may still use, go only while nobody reads. Returns the names removed.
    pub fn sweep(&self) -> Lake<Vec<String>> {
        let alone = hold_alone(&self.folder)?;
        let listed: HashSet<String> = self.manifest.files().map(|(name, _, _)| name).collect();
        let mut removed = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(|e| LakeFault::file(&self.folder, e))? {
            let entry = entry.map_err(|e| LakeFault::file(&self.folder, e))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let remnant = name.ends_with(files::UNFINISHED) || (name.starts_with(RUN) && is_parquet(&name));
            let replaced = is_listed_kind(&name) && !listed.contains(&name);
            if remnant || (replaced && alone.is_some()) {
                files::remove(&entry.path())?;
                removed.push(name);
            }
        }
        Ok(removed)
    }

    /// Starts the segment of all positions behind the present one up to `through`.
    pub fn segment(&mut self, through: i64, symbols: &SymbolTable) -> Lake<SegmentBuilder<'_>> {
        let held = self.manifest.position;
        if through <= held {
            return Err(LakeFault::NotAfter {
                held,
                wanted: through,
            });
        }
        let sorter = Sorter::new(&self.folder, self.grain);
        Ok(SegmentBuilder {
            from: held.saturating_add(1),
            to: through,
            symbols: symbols.clone(),
            sorter,
            writer: self,
        })
    }

    /// Starts the file of all entities as they stand at the present position.
    pub fn entities(&mut self, symbols: &SymbolTable) -> EntitiesBuilder<'_> {
        self.entities_builder(symbols, false)
    }

    /// Starts the file of the entities that changed since the last file of entities, which must be there.
    pub fn changes(&mut self, symbols: &SymbolTable) -> Lake<EntitiesBuilder<'_>> {
        if self.manifest.entities.is_empty() {
            let wanted = self.manifest.position;
            return Err(LakeFault::NoEntities { wanted });
        }
        Ok(self.entities_builder(symbols, true))
    }

    fn entities_builder(&mut self, symbols: &SymbolTable, changes: bool) -> EntitiesBuilder<'_> {
        let sorter = Sorter::new(&self.folder, self.grain);
        EntitiesBuilder {
            symbols: symbols.clone(),
            sorter,
            gone: changes.then(Vec::new),
            writer: self,
        }
    }

    /// The folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Sizes of what is written.
    pub(crate) fn grain(&self) -> &Grain {
        &self.grain
    }

    /// A name no file has yet, since a listed file is never overwritten.
    pub(crate) fn fresh_name(&self, stem: &str) -> String {
        let tries = (0_u32..).map(|n| if n == 0 { String::new() } else { format!("-{n}") });
        let mut names = tries.map(|suffix| format!("{stem}{suffix}.parquet"));
        names
            .find(|name| !self.folder.join(name).exists())
            .unwrap_or_else(|| format!("{stem}.parquet"))
    }

    /// The manifest on disk first: what memory believes must already be true.
    pub(crate) fn replace(&mut self, next: Manifest) -> Lake<()> {
        next.write(&self.folder)?;
        self.manifest = next;
        Ok(())
    }
}

fn is_parquet(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|e| e == "parquet")
}

/// Whether a file of this name is of the kind a manifest lists.
fn is_listed_kind(name: &str) -> bool {
    let cards = Path::new(name).extension().is_some_and(|e| e == "cards");
    let kinds = ["records-", "entities-", "calendar-"];
    (cards || is_parquet(name)) && kinds.iter().any(|kind| name.starts_with(kind))
}

pub(crate) fn segment_name(from: i64, to: i64) -> String {
    format!("records-{from}-{to}.parquet")
}

/// Number of a symbol table in the manifest; added when it is new.
pub(crate) fn table_number(manifest: &mut Manifest, table: SymbolTable) -> usize {
    if let Some(known) = manifest.symbol_tables.iter().position(|t| *t == table) {
        return known;
    }
    manifest.symbol_tables.push(table);
    manifest.symbol_tables.len().saturating_sub(1)
}

/// A segment being gathered. Dropping it leaves the snapshot as it was.
pub struct SegmentBuilder<'w> {
    writer: &'w mut Writer,
    from: i64,
    to: i64,
    symbols: SymbolTable,
    sorter: Sorter<RecordColumns>,
}

impl SegmentBuilder<'_> {
    /// Adds a record; rows may come in any order, each position once per entity and inside the segment's span.
    pub fn push(&mut self, row: Row) -> Lake<()> {
        let position = row.fact.record;
        if position < self.from || position > self.to {
            return Err(LakeFault::OutOfSpan {
                position,
                from: self.from,
                to: self.to,
            });
        }
        self.sorter.push(row)
    }

    /// Writes the segment and moves the snapshot to its end. A span without records moves the position only.
    pub fn finish(self) -> Lake<()> {
        let mut next = self.writer.manifest.clone();
        next.position = self.to;
        if !self.sorter.is_empty() {
            let file = segment_name(self.from, self.to);
            let seal = self.sorter.finish(&self.writer.folder.join(&file))?;
            let symbols = table_number(&mut next, self.symbols);
            let (first_position, last_position) = (self.from, self.to);
            next.segments.push(SegmentEntry {
                file,
                first_position,
                last_position,
                seal,
                symbols,
            });
        }
        self.writer.replace(next)
    }
}

/// A file of entities being gathered. Dropping it leaves the snapshot as it was.
pub struct EntitiesBuilder<'w> {
    writer: &'w mut Writer,
    symbols: SymbolTable,
    sorter: Sorter<EntityColumns>,
    /// Entities that are no more; `None` in a file of all entities.
    gone: Option<Vec<i64>>,
}

impl EntitiesBuilder<'_> {
    /// Adds an entity; in any order, each number once.
    pub fn push(&mut self, row: EntityRow) -> Lake<()> {
        self.sorter.push(row)
    }

    /// Says that an entity is no more; among changes only, and not together with a row of it.
    pub fn remove(&mut self, entity: i64) -> Lake<()> {
        let gone = self.gone.as_mut();
        gone.ok_or(LakeFault::Argument("全量主体文件中没有可移除的主体"))?
            .push(entity);
        Ok(())
    }

    /// Writes the file. A second one of all entities at the same position takes the place of the first. Changes without a
    /// change write none: the last file then speaks of the present position too.
    pub fn finish(self) -> Lake<()> {
        let position = self.writer.manifest.position;
        let mut next = self.writer.manifest.clone();
        let changes = self.gone.is_some();
        let mut gone = self.gone.unwrap_or_default();
        gone.sort_unstable();
        gone.dedup();
        if changes && gone.is_empty() && self.sorter.is_empty() {
            if let Some(last) = next.entities.last_mut() {
                last.position = position;
            }
            return self.writer.replace(next);
        }
        if !changes {
            next.entities.retain(|e| e.position != position);
        }
        let file = self.writer.fresh_name(&format!("entities-{position}"));
        let seal = self.sorter.finish(&self.writer.folder.join(&file))?;
        let symbols = table_number(&mut next, self.symbols);
        next.entities.push(EntitiesEntry {
            file,
            position,
            seal,
            symbols,
            changes,
            gone,
        });
        self.writer.replace(next)
    }
}
