//! Keeping a snapshot tidy: what classifications leave is kept or forgotten, segments and layers are merged when there are
//! many. Whatever is written gets its name first and its place in the manifest last, so a killed run changes nothing.
//!
//! When what is merged:
//! - **segments**: when there are more than asked for, the newest together with older neighbours that are smaller than
//!   twice what has gathered, so that old rows are rewritten seldom; never across the position of the last classification,
//!   for then nobody could tell what became known since;
//! - **changes of entities**: into one file of all entities when there are more than [`MOST_LAYERS`];
//! - **days**: into one calendar besides that of the classification of everybody when there are more than [`MOST_LAYERS`];
//!   days that are past are dropped.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::calendar::{CalendarColumns, Due};
use crate::classify::table;
use crate::entities::{EntityLayer, EntityStream};
use crate::fault::Lake;
use crate::format::{EntityColumns, RecordColumns};
use crate::manifest::{CalendarEntry, EntitiesEntry, Layer, SegmentEntry, Standing};
use crate::merge::{ALL, FAN_IN, merge};
use crate::read::FileIndex;
use crate::symbols::SymbolTable;
use crate::write::FileWriter;
use crate::writer::{Writer, segment_name, table_number};

/// Files of changes, or calendars, that lie one upon another at most.
pub(crate) const MOST_LAYERS: usize = 8;
/// Rows decoded at a time.
const BATCH_ROWS: usize = 1 << 13;

impl Writer {
    /// Merges what has become many (see the module): at most `most` segments remain among those already classified.
    /// Returns how many merges were made.
    pub fn compact(&mut self, most: usize) -> Lake<usize> {
        let mut merges = 0_usize;
        loop {
            let standing = self.manifest().standing.as_ref().and_then(Standing::last);
            let bound = standing.map_or(i64::MAX, |last| last.position);
            let settled = self
                .manifest()
                .segments
                .partition_point(|s| s.last_position <= bound);
            if settled <= most.max(1) {
                break;
            }
            let start = self.merge_start(settled, most);
            self.merge_segments(start, settled)?;
            merges = merges.saturating_add(1);
        }
        merges = merges.saturating_add(usize::from(self.fold_entities()?));
        merges = merges.saturating_add(usize::from(self.merge_calendars()?));
        self.sweep()?;
        Ok(merges)
    }

    /// Where to begin so that the segments from there to `count` make one.
    fn merge_start(&self, count: usize, most: usize) -> usize {
        let segments = &self.manifest().segments;
        let surplus = count.saturating_sub(most.max(1)).saturating_add(1);
        let mut start = count.saturating_sub(surplus.min(FAN_IN));
        let gathered = segments.get(start..count).unwrap_or_default();
        let mut gathered: u64 = gathered.iter().map(|s| s.seal.rows).sum();
        while let Some(older) = start.checked_sub(1).and_then(|n| segments.get(n)) {
            if older.seal.rows > gathered.saturating_mul(2) || count.saturating_sub(start) >= FAN_IN {
                break;
            }
            gathered = gathered.saturating_add(older.seal.rows);
            start = start.saturating_sub(1);
        }
        start
    }

    /// Merges the segments from index `start` to before `end` into one.
    fn merge_segments(&mut self, start: usize, end: usize) -> Lake<()> {
        let manifest = self.manifest();
        let old: Vec<SegmentEntry> = manifest.segments.get(start..end).unwrap_or_default().to_vec();
        let (Some(first), Some(last)) = (old.first(), old.last()) else {
            return Ok(());
        };
        let mut tables: Vec<&SymbolTable> = Vec::with_capacity(old.len());
        for entry in &old {
            tables.push(table(manifest, entry.symbols)?);
        }
        let Some(union) = SymbolTable::union(&tables) else {
            return Ok(());
        };
        let mut inputs = Vec::with_capacity(old.len());
        for (entry, own) in old.iter().zip(&tables) {
            let index = FileIndex::open::<RecordColumns>(&self.folder().join(&entry.file), &entry.seal)?;
            inputs.push((index, own.map_to(&union)));
        }
        let (first_position, last_position) = (first.first_position, last.last_position);
        let file = segment_name(first_position, last_position);
        let path = self.folder().join(&file);
        let mut merged = FileWriter::<RecordColumns>::create_with_cards(&path, self.grain())?;
        merge(inputs, self.grain(), &mut merged)?;
        let seal = merged.finish()?;
        let mut next = manifest.clone();
        let symbols = table_number(&mut next, union);
        let entry = SegmentEntry {
            file,
            first_position,
            last_position,
            seal,
            symbols,
        };
        next.segments.splice(start..end, [entry]);
        self.replace(next)
    }

    /// Writes the entities as the last files tell them into one, when many changes lie upon one another and the last
    /// classification has seen them all.
    fn fold_entities(&mut self) -> Lake<bool> {
        let manifest = self.manifest();
        let Some(whole) = manifest.entities.iter().rposition(|e| !e.changes) else {
            return Ok(false);
        };
        let entries: Vec<EntitiesEntry> = manifest.entities.get(whole..).unwrap_or_default().to_vec();
        let Some(last) = entries.last().filter(|_| entries.len() > MOST_LAYERS) else {
            return Ok(false);
        };
        let standing = manifest.standing.as_ref().and_then(Standing::last);
        if standing.is_some_and(|layer| layer.entities != last.file) {
            return Ok(false);
        }
        let mut tables = Vec::with_capacity(entries.len());
        for entry in &entries {
            tables.push(table(manifest, entry.symbols)?);
        }
        let Some(union) = SymbolTable::union(&tables) else {
            return Ok(false);
        };
        let mut layers = Vec::with_capacity(entries.len());
        for (entry, own) in entries.iter().zip(&tables) {
            layers.push(EntityLayer {
                index: FileIndex::open::<EntityColumns>(&self.folder().join(&entry.file), &entry.seal)?,
                map: own.map_to(&union),
                gone: entry.gone.clone(),
            });
        }
        let file = self.fresh_name(&format!("entities-{}", last.position));
        let path = self.folder().join(&file);
        let mut folded = FileWriter::<EntityColumns>::create_with_cards(&path, self.grain())?;
        let mut rows = EntityStream::open(&layers, &ALL, BATCH_ROWS)?;
        while let Some(row) = rows.next()? {
            folded.push(&row)?;
        }
        let seal = folded.finish()?;
        let mut next = manifest.clone();
        let symbols = table_number(&mut next, union);
        if let Some(layer) = next
            .standing
            .as_mut()
            .and_then(|standing| standing.layers.last_mut())
        {
            layer.entities.clone_from(&file);
        }
        next.entities.truncate(whole);
        next.entities.push(EntitiesEntry {
            file,
            position: last.position,
            seal,
            symbols,
            changes: false,
            gone: Vec::new(),
        });
        self.replace(next)?;
        Ok(true)
    }

    /// Merges the calendars laid upon that of the classification of everybody into one.
    fn merge_calendars(&mut self) -> Lake<bool> {
        let Some(standing) = &self.manifest().standing else {
            return Ok(false);
        };
        let (Some(last), true) = (standing.last(), standing.layers.len() > MOST_LAYERS) else {
            return Ok(false);
        };
        let days = i64::from(last.as_of).saturating_add(1)..=i64::MAX;
        let mut readers = Vec::new();
        for entry in standing
            .layers
            .iter()
            .skip(1)
            .filter_map(|layer| layer.calendar.as_ref())
        {
            let index = FileIndex::open::<CalendarColumns>(&self.folder().join(&entry.file), &entry.seal)?;
            readers.push(index.reader::<CalendarColumns>(&days, BATCH_ROWS)?);
        }
        let file = self.fresh_name(&format!("calendar-{}-{}", last.position, last.as_of));
        let mut merged = FileWriter::<CalendarColumns>::create(&self.folder().join(&file), self.grain())?;
        let mut heap: BinaryHeap<Reverse<(Due, usize)>> = BinaryHeap::new();
        for (number, reader) in readers.iter().enumerate() {
            heap.extend(reader.row().map(|due| Reverse((due, number))));
        }
        let mut former = None;
        while let Some(Reverse((due, number))) = heap.pop() {
            // An entity looked at twice may be due on the same day in two layers.
            if former != Some(due) {
                merged.push(&due)?;
                former = Some(due);
            }
            if let Some(reader) = readers.get_mut(number) {
                reader.step()?;
                heap.extend(reader.row().map(|due| Reverse((due, number))));
            }
        }
        let seal = merged.finish()?;
        let layer = Layer {
            calendar: Some(CalendarEntry { file, seal }),
            ..last.clone()
        };
        let mut next = self.manifest().clone();
        if let Some(standing) = next.standing.as_mut() {
            standing.layers.truncate(1);
            standing.layers.push(layer);
        }
        self.replace(next)?;
        Ok(true)
    }

    /// Keeps what a classification left, so that the next one can stand upon it. Call it when the outcome is safe.
    pub fn keep(&mut self, key: &str, done: &crate::again::Done) -> Lake<()> {
        let mut next = self.manifest().clone();
        match (&mut next.standing, &done.way) {
            (Some(standing), crate::again::Way::Changed { .. }) => standing.layers.push(done.layer.clone()),
            _ => {
                next.standing = Some(Standing {
                    key: key.to_owned(),
                    layers: vec![done.layer.clone()],
                });
            }
        }
        self.replace(next)
    }

    /// Forgets the layers from the first one whose run `kept` does not know, as after a run that was killed before its
    /// outcome was safe. Returns how many were forgotten.
    pub fn forget_unless<E>(&mut self, mut kept: impl FnMut(i64) -> Result<bool, E>) -> Result<usize, E>
    where
        E: From<crate::LakeFault>,
    {
        let Some(standing) = &self.manifest().standing else {
            return Ok(0);
        };
        let mut good = 0_usize;
        for layer in &standing.layers {
            if !kept(layer.run)? {
                break;
            }
            good = good.saturating_add(1);
        }
        let forgotten = standing.layers.len().saturating_sub(good);
        if forgotten > 0 {
            let mut next = self.manifest().clone();
            if good == 0 {
                next.standing = None;
            } else if let Some(standing) = next.standing.as_mut() {
                standing.layers.truncate(good);
            }
            self.replace(next)?;
        }
        Ok(forgotten)
    }

    /// Forgets the files of entities before the last whole one: no classification at an earlier position can be asked for
    /// any more. The files go with the next sweep.
    pub fn retire_entities(&mut self) -> Lake<()> {
        let whole = self.manifest().entities.iter().rposition(|e| !e.changes);
        if let Some(whole) = whole.filter(|whole| *whole > 0) {
            let mut next = self.manifest().clone();
            next.entities.drain(..whole);
            self.replace(next)?;
        }
        Ok(())
    }
}
