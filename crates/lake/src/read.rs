//! One immutable file being read: opened once for its index, then streamed by entity range, page by page.

use std::fs::File;
use std::ops::{Range, RangeInclusive};
use std::path::{Path, PathBuf};

use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
    RowSelection,
};
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData};
use parquet::file::page_index::column_index::ColumnIndexMetaData;

use crate::fault::{Lake, LakeFault};
use crate::files;
use crate::format::{Columns, RecordColumns, Row};
use crate::manifest::Seal;
use crate::symbols::SymbolMap;

/// What is known of a file without reading its rows.
pub(crate) struct FileIndex {
    path: PathBuf,
    metadata: ArrowReaderMetadata,
    groups: Vec<Group>,
}

/// A row group: its rows and the entities of its pages.
struct Group {
    rows: usize,
    pages: Vec<Page>,
}

struct Page {
    first_row: usize,
    min_entity: i64,
    max_entity: i64,
}

impl Group {
    /// The smallest stretch of whole pages that holds every row of `entities`; empty when there is none.
    fn stretch(&self, entities: &RangeInclusive<i64>) -> Range<usize> {
        let first = self.pages.partition_point(|p| p.max_entity < *entities.start());
        let beyond = self.pages.partition_point(|p| p.min_entity <= *entities.end());
        if first >= beyond {
            return 0..0;
        }
        let begin = self.pages.get(first).map_or(0, |p| p.first_row);
        let end = self.pages.get(beyond).map_or(self.rows, |p| p.first_row);
        begin..end
    }

    fn last_entity(&self) -> Option<i64> {
        self.pages.last().map(|p| p.max_entity)
    }
}

impl FileIndex {
    /// Opens a file of layout `C` and compares length, row count and columns with what the manifest says.
    pub(crate) fn open<C: Columns>(path: &Path, seal: &Seal) -> Lake<Self> {
        files::of_length(path, seal.bytes)?;
        let index = Self::open_unsealed::<C>(path)?;
        let rows: usize = index.groups.iter().map(|g| g.rows).sum();
        if u64::try_from(rows).ok() != Some(seal.rows) {
            return Err(LakeFault::corrupt(
                path,
                format!("应为 {} 行,实为 {rows} 行", seal.rows),
            ));
        }
        Ok(index)
    }

    /// Opens a file this run has written itself.
    pub(crate) fn open_unsealed<C: Columns>(path: &Path) -> Lake<Self> {
        let file = File::open(path).map_err(|e| LakeFault::file(path, e))?;
        let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Required);
        let metadata = ArrowReaderMetadata::load(&file, options).map_err(|e| LakeFault::corrupt(path, e))?;
        if metadata.schema().fields() != C::schema().fields() {
            return Err(LakeFault::corrupt(path, "列名或列类型不符"));
        }
        let groups =
            groups(metadata.metadata()).ok_or_else(|| LakeFault::corrupt(path, "缺少主体列的页索引"))?;
        Ok(Self {
            path: path.to_owned(),
            metadata,
            groups,
        })
    }

    /// Last entity and number of rows of each row group, in order.
    pub(crate) fn edges(&self) -> impl Iterator<Item = (i64, usize)> + '_ {
        self.groups
            .iter()
            .filter_map(|g| Some((g.last_entity()?, g.rows)))
    }

    /// Streams the pages that hold `entities`. Rows of neighbouring entities may come along at both ends.
    pub(crate) fn reader<C: Columns>(
        &self,
        entities: &RangeInclusive<i64>,
        batch_rows: usize,
    ) -> Lake<FileReader<C>> {
        let mut chosen = Vec::new();
        let mut kept = Vec::new();
        let mut total = 0_usize;
        for (number, group) in self.groups.iter().enumerate() {
            let stretch = group.stretch(entities);
            if !stretch.is_empty() {
                chosen.push(number);
                kept.push(total.saturating_add(stretch.start)..total.saturating_add(stretch.end));
                total = total.saturating_add(group.rows);
            }
        }
        let inner = if chosen.is_empty() {
            None
        } else {
            Some(self.decode(chosen, kept, total, batch_rows)?)
        };
        let mut reader = FileReader {
            path: self.path.clone(),
            inner,
            batch: None,
            at: 0,
            len: 0,
        };
        reader.refill()?;
        reader.pass_below(*entities.start())?;
        Ok(reader)
    }

    fn decode(
        &self,
        groups: Vec<usize>,
        kept: Vec<Range<usize>>,
        total: usize,
        batch_rows: usize,
    ) -> Lake<ParquetRecordBatchReader> {
        // A handle of its own: clones of one handle share their place in the file, which threads would fight over.
        let file = File::open(&self.path).map_err(|e| LakeFault::file(&self.path, e))?;
        let whole = kept.iter().map(Range::len).sum::<usize>() == total;
        let mut builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone())
            .with_batch_size(batch_rows.max(1))
            .with_row_groups(groups);
        if !whole {
            builder =
                builder.with_row_selection(RowSelection::from_consecutive_ranges(kept.into_iter(), total));
        }
        builder.build().map_err(|e| LakeFault::corrupt(&self.path, e))
    }
}

fn groups(metadata: &ParquetMetaData) -> Option<Vec<Group>> {
    if metadata.num_row_groups() == 0 {
        return Some(Vec::new());
    }
    let columns = metadata.column_index()?;
    let offsets = metadata.offset_index()?;
    let mut groups = Vec::with_capacity(metadata.num_row_groups());
    for ((group, column), offset) in metadata.row_groups().iter().zip(columns).zip(offsets) {
        let ColumnIndexMetaData::INT64(entity) = column.first()? else {
            return None;
        };
        let places = offset.first()?.page_locations();
        let spans = entity.min_values().iter().zip(entity.max_values());
        let mut pages = Vec::with_capacity(places.len());
        for (place, (min, max)) in places.iter().zip(spans) {
            let first_row = usize::try_from(place.first_row_index).ok()?;
            pages.push(Page {
                first_row,
                min_entity: *min,
                max_entity: *max,
            });
        }
        groups.push(Group {
            rows: usize::try_from(group.num_rows()).ok()?,
            pages,
        });
    }
    (groups.len() == metadata.num_row_groups()).then_some(groups)
}

/// Rows of a file in key order.
pub(crate) struct FileReader<C: Columns> {
    path: PathBuf,
    inner: Option<ParquetRecordBatchReader>,
    batch: Option<C::Batch>,
    at: usize,
    len: usize,
}

impl<C: Columns> FileReader<C> {
    /// Reads batches until one has rows or the file ends.
    fn refill(&mut self) -> Lake<()> {
        self.at = 0;
        self.len = 0;
        // The old columns go before the new ones come, so only one batch is held at a time.
        self.batch = None;
        while let Some(inner) = self.inner.as_mut() {
            let Some(next) = inner.next() else {
                self.inner = None;
                break;
            };
            let arrow = next.map_err(|e| LakeFault::corrupt(&self.path, e))?;
            if arrow.num_rows() > 0 {
                self.len = arrow.num_rows();
                self.batch = C::read(&arrow);
                if self.batch.is_none() {
                    return Err(LakeFault::corrupt(&self.path, "列类型不符"));
                }
                break;
            }
        }
        Ok(())
    }

    /// Entity of the current row; `None` at the end.
    #[inline]
    pub(crate) fn head(&self) -> Option<i64> {
        self.batch
            .as_ref()
            .and_then(|b| C::entities(b).get(self.at).copied())
    }

    /// The current row; `None` at the end.
    pub(crate) fn row(&self) -> Option<C::Row> {
        self.batch.as_ref().and_then(|b| C::row(b, self.at))
    }

    /// Goes to the next row.
    #[inline]
    pub(crate) fn step(&mut self) -> Lake<()> {
        self.at = self.at.saturating_add(1);
        if self.at >= self.len {
            self.refill()
        } else {
            Ok(())
        }
    }

    /// Passes the rows of entities below `entity`.
    fn pass_below(&mut self, entity: i64) -> Lake<()> {
        while self.head().is_some_and(|head| head < entity) {
            self.step()?;
        }
        Ok(())
    }
}

impl FileReader<RecordColumns> {
    /// Adds the facts of `entity` up to a ledger position to `facts`; the reader then stands behind the entity.
    #[inline]
    pub(crate) fn gather(
        &mut self,
        entity: i64,
        up_to: i64,
        map: &SymbolMap,
        facts: &mut Vec<policy::RecordFact>,
    ) -> Lake<()> {
        while let Some(batch) = self.batch.as_ref() {
            let rest = batch.entity.get(self.at..).unwrap_or_default();
            let run = rest.iter().take_while(|e| **e == entity).count();
            let end = self.at.saturating_add(run);
            for at in self.at..end {
                if let Some(mut fact) = batch.fact(at)
                    && fact.record <= up_to
                {
                    fact.item = map.item(fact.item);
                    fact.code = map.code(fact.code);
                    facts.push(fact);
                }
            }
            self.at = end;
            if end < self.len {
                return Ok(());
            }
            self.refill()?;
        }
        Ok(())
    }

    /// Passes the rows of entities up to and including `last`; says how many of them lie at or before `up_to`.
    pub(crate) fn pass_counting(&mut self, last: i64, up_to: i64) -> Lake<u64> {
        let mut passed = 0_u64;
        while self.head().is_some_and(|head| head <= last) {
            let counts = self.row().is_some_and(|Row { fact, .. }| fact.record <= up_to);
            passed = passed.saturating_add(u64::from(counts));
            self.step()?;
        }
        Ok(passed)
    }
}
