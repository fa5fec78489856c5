//! Bringing rows into key order within bounded memory: chunks sorted and set aside as files, then merged.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::path::{Path, PathBuf};

use crate::carded::Carded;
use crate::fault::Lake;
use crate::files;
use crate::format::{Columns, Grain};
use crate::manifest::Seal;
use crate::read::{FileIndex, FileReader};
use crate::symbols::SymbolMap;
use crate::write::FileWriter;

/// Files merged at a time. Each holds one batch and one page of every column open, about 3 MB.
pub(crate) const FAN_IN: usize = 32;

/// Prefix of the sorter's own files.
pub(crate) const RUN: &str = "run-";

/// Entities from the first to the last.
pub(crate) const ALL: std::ops::RangeInclusive<i64> = i64::MIN..=i64::MAX;

/// Rows decoded at a time while merging.
fn merge_batch(grain: &Grain) -> usize {
    grain.batch_rows.min(1 << 13)
}

/// Merges sorted files into `into`, each row in the symbols of its map's target.
pub(crate) fn merge<C: Columns>(
    inputs: Vec<(FileIndex, SymbolMap)>,
    grain: &Grain,
    into: &mut FileWriter<C>,
) -> Lake<()> {
    let mut readers: Vec<(FileReader<C>, SymbolMap)> = Vec::with_capacity(inputs.len());
    for (index, map) in inputs {
        readers.push((index.reader(&ALL, merge_batch(grain))?, map));
    }
    let mut heap = BinaryHeap::with_capacity(readers.len());
    for (number, (reader, _)) in readers.iter().enumerate() {
        heap.extend(reader.row().map(|row| Reverse((C::key(&row), number))));
    }
    while let Some(mut top) = heap.peek_mut() {
        let Reverse((_, number)) = *top;
        let Some((reader, map)) = readers.get_mut(number) else {
            break;
        };
        if let Some(mut row) = reader.row() {
            C::translate(&mut row, map);
            into.push(&row)?;
        }
        reader.step()?;
        match reader.row() {
            Some(next) => *top = Reverse((C::key(&next), number)),
            None => drop(std::collections::binary_heap::PeekMut::pop(top)),
        }
    }
    Ok(())
}

/// Takes rows in any order and writes them to one file in key order.
pub(crate) struct Sorter<C: Columns> {
    folder: PathBuf,
    grain: Grain,
    chunk: Vec<C::Row>,
    /// Runs by how often they have been merged, so that no row is rewritten more than log times.
    levels: Vec<Vec<PathBuf>>,
    made: u64,
}

impl<C: Columns> Sorter<C> {
    /// A sorter that sets its runs aside in `folder`.
    pub(crate) fn new(folder: &Path, grain: Grain) -> Self {
        Self {
            folder: folder.to_owned(),
            grain,
            chunk: Vec::new(),
            levels: Vec::new(),
            made: 0,
        }
    }

    /// Adds one row.
    pub(crate) fn push(&mut self, row: C::Row) -> Lake<()> {
        self.chunk.push(row);
        if self.chunk.len() >= self.grain.chunk_rows.max(1) {
            self.set_aside()
        } else {
            Ok(())
        }
    }

    /// Whether no row was given.
    pub(crate) fn is_empty(&self) -> bool {
        self.chunk.is_empty() && self.made == 0
    }

    fn next_run(&mut self) -> PathBuf {
        self.made = self.made.saturating_add(1);
        self.folder.join(format!("{RUN}{}.parquet", self.made))
    }

    fn sort_chunk(&mut self) {
        if !self.chunk.is_sorted_by_key(C::key) {
            self.chunk.sort_unstable_by_key(C::key);
        }
    }

    fn set_aside(&mut self) -> Lake<()> {
        self.sort_chunk();
        let path = self.next_run();
        let mut run = FileWriter::<C>::create(&path, &self.grain)?;
        for row in &self.chunk {
            run.push(row)?;
        }
        run.finish()?;
        self.chunk.clear();
        self.keep(0, path)
    }

    fn keep(&mut self, level: usize, run: PathBuf) -> Lake<()> {
        if self.levels.len() <= level {
            self.levels.resize_with(level.saturating_add(1), Vec::new);
        }
        let Some(held) = self.levels.get_mut(level) else {
            return Ok(());
        };
        held.push(run);
        if held.len() < FAN_IN {
            return Ok(());
        }
        let full = std::mem::take(held);
        let path = self.next_run();
        merge_runs::<C>(&full, &path, &self.grain)?;
        self.keep(level.saturating_add(1), path)
    }

    /// Merges everything into `path`, with a card file beside it.
    pub(crate) fn finish(mut self, path: &Path) -> Lake<Seal>
    where
        C: Carded,
    {
        if self.made == 0 {
            self.sort_chunk();
            let mut file = FileWriter::<C>::create_with_cards(path, &self.grain)?;
            for row in &self.chunk {
                file.push(row)?;
            }
            return file.finish();
        }
        if !self.chunk.is_empty() {
            self.set_aside()?;
        }
        self.chunk = Vec::new();
        let mut runs: Vec<PathBuf> = std::mem::take(&mut self.levels).into_iter().flatten().collect();
        while runs.len() > FAN_IN {
            let rest = runs.split_off(FAN_IN);
            let merged = self.next_run();
            merge_runs::<C>(&runs, &merged, &self.grain)?;
            runs = rest;
            runs.push(merged);
        }
        let file = FileWriter::create_with_cards(path, &self.grain)?;
        merge_into::<C>(&runs, file, &self.grain)
    }
}

impl<C: Columns> Drop for Sorter<C> {
    /// A sort given up leaves no runs behind; what a killed one leaves is swept at the next opening.
    fn drop(&mut self) {
        for run in self.levels.iter().flatten() {
            // Nothing to be done about a failure here; the sweep will try again.
            drop(files::remove(run));
        }
    }
}

fn merge_runs<C: Columns>(runs: &[PathBuf], path: &Path, grain: &Grain) -> Lake<Seal> {
    merge_into::<C>(runs, FileWriter::create(path, grain)?, grain)
}

fn merge_into<C: Columns>(runs: &[PathBuf], mut file: FileWriter<C>, grain: &Grain) -> Lake<Seal> {
    let mut inputs = Vec::with_capacity(runs.len());
    for run in runs {
        inputs.push((FileIndex::open_unsealed::<C>(run)?, SymbolMap::default()));
    }
    merge(inputs, grain, &mut file)?;
    let seal = file.finish()?;
    for run in runs {
        files::remove(run)?;
    }
    Ok(seal)
}
