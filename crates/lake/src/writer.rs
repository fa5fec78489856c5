//! A snapshot folder opened for writing: appends segments, adds files of entities, merges segments, sweeps remnants.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::fault::{Lake, LakeFault};
use crate::files;
use crate::format::{EntityColumns, EntityRow, Grain, RecordColumns, Row};
use crate::manifest::{EntitiesEntry, MANIFEST, Manifest, SegmentEntry};
use crate::merge::{FAN_IN, RUN, Sorter, merge};
use crate::read::FileIndex;
use crate::snapshot::{hold_alone, hold_writer};
use crate::symbols::SymbolTable;
use crate::write::FileWriter;

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
        let mut removed = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(|e| LakeFault::file(&self.folder, e))? {
            let entry = entry.map_err(|e| LakeFault::file(&self.folder, e))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let remnant = name.ends_with(files::UNFINISHED) || (name.starts_with(RUN) && is_parquet(&name));
            let replaced =
                (name.starts_with("records-") || name.starts_with("entities-")) && is_parquet(&name);
            if remnant || (replaced && alone.is_some() && !self.manifest.lists(&name)) {
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
        let sorter = Sorter::new(&self.folder, self.grain);
        EntitiesBuilder {
            symbols: symbols.clone(),
            sorter,
            writer: self,
        }
    }

    /// Merges neighbouring segments until at most `most` remain. The newest go first, together with older neighbours
    /// that are smaller than twice what has gathered, so that old rows are rewritten seldom. Returns how many merges
    /// were made.
    pub fn compact(&mut self, most: usize) -> Lake<usize> {
        let mut merges = 0_usize;
        while self.manifest.segments.len() > most.max(1) {
            let count = self.manifest.segments.len();
            let surplus = count.saturating_sub(most.max(1)).saturating_add(1);
            let mut start = count.saturating_sub(surplus.min(FAN_IN));
            let rows = |part: &[SegmentEntry]| part.iter().map(|s| s.seal.rows).sum::<u64>();
            let mut gathered = rows(self.manifest.segments.get(start..).unwrap_or_default());
            while let Some(older) = start.checked_sub(1).and_then(|n| self.manifest.segments.get(n)) {
                if older.seal.rows > gathered.saturating_mul(2) || count.saturating_sub(start) >= FAN_IN {
                    break;
                }
                gathered = gathered.saturating_add(older.seal.rows);
                start = start.saturating_sub(1);
            }
            self.merge_from(start)?;
            merges = merges.saturating_add(1);
        }
        self.sweep()?;
        Ok(merges)
    }

    /// Merges the segments from index `start` on into one.
    fn merge_from(&mut self, start: usize) -> Lake<()> {
        let old = self.manifest.segments.get(start..).unwrap_or_default().to_vec();
        let (Some(first), Some(last)) = (old.first(), old.last()) else {
            return Ok(());
        };
        let tables: Vec<&SymbolTable> = old
            .iter()
            .filter_map(|s| self.manifest.symbol_tables.get(s.symbols))
            .collect();
        let Some(table) = SymbolTable::union(&tables) else {
            return Ok(());
        };
        let mut inputs = Vec::with_capacity(old.len());
        for (entry, own) in old.iter().zip(&tables) {
            let index = FileIndex::open::<RecordColumns>(&self.folder.join(&entry.file), &entry.seal)?;
            inputs.push((index, own.map_to(&table)));
        }
        let (first_position, last_position) = (first.first_position, last.last_position);
        let file = segment_name(first_position, last_position);
        let mut merged = FileWriter::<RecordColumns>::create(&self.folder.join(&file), &self.grain)?;
        merge(inputs, &self.grain, &mut merged)?;
        let seal = merged.finish()?;
        let mut next = self.manifest.clone();
        next.segments.truncate(start);
        let symbols = table_number(&mut next, table);
        next.segments.push(SegmentEntry {
            file,
            first_position,
            last_position,
            seal,
            symbols,
        });
        self.replace(next)
    }

    /// The manifest on disk first: what memory believes must already be true.
    fn replace(&mut self, next: Manifest) -> Lake<()> {
        next.write(&self.folder)?;
        self.manifest = next;
        Ok(())
    }
}

fn is_parquet(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|e| e == "parquet")
}

fn segment_name(from: i64, to: i64) -> String {
    format!("records-{from}-{to}.parquet")
}

/// Number of a symbol table in the manifest; added when it is new.
fn table_number(manifest: &mut Manifest, table: SymbolTable) -> usize {
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
}

impl EntitiesBuilder<'_> {
    /// Adds an entity; in any order, each number once.
    pub fn push(&mut self, row: EntityRow) -> Lake<()> {
        self.sorter.push(row)
    }

    /// Writes the file. A second one at the same position takes the place of the first.
    pub fn finish(self) -> Lake<()> {
        let position = self.writer.manifest.position;
        let mut next = self.writer.manifest.clone();
        next.entities.retain(|e| e.position != position);
        // Another name each time: a listed file is never overwritten.
        let tries = (0_u32..).map(|n| if n == 0 { String::new() } else { format!("-{n}") });
        let mut names = tries.map(|suffix| format!("entities-{position}{suffix}.parquet"));
        let Some(file) = names.find(|name| !self.writer.folder.join(name).exists()) else {
            return Ok(());
        };
        let seal = self.sorter.finish(&self.writer.folder.join(&file))?;
        let symbols = table_number(&mut next, self.symbols);
        next.entities.push(EntitiesEntry {
            file,
            position,
            seal,
            symbols,
        });
        self.writer.replace(next)
    }
}
