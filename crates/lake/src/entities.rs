//! Entities as they stand: a file of all of them and the files of changes laid over it.

use std::ops::RangeInclusive;

use crate::fault::Lake;
use crate::format::{EntityColumns, EntityRow};
use crate::read::{FileIndex, FileReader};
use crate::symbols::SymbolMap;

/// A file of entities opened: all of them, or what changed since the one before.
pub(crate) struct EntityLayer {
    pub index: FileIndex,
    pub map: SymbolMap,
    /// Entities that are no more, ascending.
    pub gone: Vec<i64>,
}

/// Entities of a range in order, each as the newest file tells it.
pub(crate) struct EntityStream<'w> {
    /// The newest first.
    layers: Vec<(FileReader<EntityColumns>, &'w EntityLayer)>,
}

impl<'w> EntityStream<'w> {
    /// Streams the entities of a range out of layers, oldest first.
    pub(crate) fn open(
        layers: &'w [EntityLayer],
        range: &RangeInclusive<i64>,
        batch_rows: usize,
    ) -> Lake<Self> {
        let mut opened = Vec::with_capacity(layers.len());
        for layer in layers.iter().rev() {
            opened.push((layer.index.reader(range, batch_rows)?, layer));
        }
        Ok(Self { layers: opened })
    }

    /// The next entity; `None` at the end. May go beyond the range.
    #[inline]
    pub(crate) fn next(&mut self) -> Lake<Option<EntityRow>> {
        if let [(reader, layer)] = self.layers.as_mut_slice() {
            let row = reader.row().map(|row| translated(row, &layer.map));
            reader.step()?;
            return Ok(row);
        }
        loop {
            let heads = self.layers.iter().filter_map(|(reader, _)| reader.head());
            let Some(entity) = heads.min() else {
                return Ok(None);
            };
            let (mut found, mut gone) = (None, false);
            for (reader, layer) in &mut self.layers {
                if reader.head() == Some(entity) {
                    if found.is_none() && !gone {
                        found = reader.row().map(|row| translated(row, &layer.map));
                    }
                    reader.step()?;
                }
                gone = gone || layer.gone.binary_search(&entity).is_ok();
            }
            if found.is_some() {
                return Ok(found);
            }
        }
    }
}

fn translated(mut row: EntityRow, map: &SymbolMap) -> EntityRow {
    use crate::format::Columns;
    EntityColumns::translate(&mut row, map);
    row
}
