//! Two files of results compared row by row: what one machine and many have made of the same question.

use std::fs::File;
use std::path::Path;

use datafusion::arrow::array::{AsArray, RecordBatch};
use datafusion::arrow::datatypes::Int64Type;
use datafusion::parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};

use crate::fault::{Cluster, ClusterFault};

/// Rows compared at a time.
const BATCH_ROWS: usize = 1 << 16;

/// What a comparison found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Compared {
    /// Rows both files have.
    pub rows: u64,
    /// Rows that differ.
    pub differing: u64,
    /// Entity of the first row that differs.
    pub first: Option<i64>,
    /// Rows only the longer file has.
    pub surplus: u64,
}

impl Compared {
    /// Whether the files say the same of every entity.
    pub fn same(&self) -> bool {
        self.differing == 0 && self.surplus == 0
    }
}

/// One file, read batch by batch.
struct Rows {
    reader: ParquetRecordBatchReader,
    held: Option<RecordBatch>,
}

impl Rows {
    fn open(path: &Path) -> Cluster<Self> {
        let unreadable = |e: &dyn std::fmt::Display| ClusterFault::Unreadable {
            path: path.to_owned(),
            reason: e.to_string(),
        };
        let file = File::open(path).map_err(|e| unreadable(&e))?;
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|e| unreadable(&e))?;
        let reader = builder
            .with_batch_size(BATCH_ROWS)
            .build()
            .map_err(|e| unreadable(&e))?;
        Ok(Self { reader, held: None })
    }

    /// The rows at hand, never none except at the end.
    fn fill(&mut self) -> Cluster<Option<RecordBatch>> {
        while self.held.as_ref().is_none_or(|held| held.num_rows() == 0) {
            match self.reader.next() {
                Some(batch) => self.held = Some(batch.map_err(|e| ClusterFault::Plan(e.into()))?),
                None => return Ok(None),
            }
        }
        Ok(self.held.clone())
    }

    fn pass(&mut self, rows: usize) {
        self.held = self
            .held
            .take()
            .map(|held| held.slice(rows, held.num_rows().saturating_sub(rows)));
    }
}

/// Compares two files of results.
pub fn compare(left: &Path, right: &Path) -> Cluster<Compared> {
    let (mut left, mut right) = (Rows::open(left)?, Rows::open(right)?);
    let mut found = Compared::default();
    loop {
        let (ours, theirs) = (left.fill()?, right.fill()?);
        let (ours, theirs) = match (ours, theirs) {
            (Some(ours), Some(theirs)) => (ours, theirs),
            (None, None) => return Ok(found),
            (ours, theirs) => {
                let rest = ours.or(theirs).map_or(0, |rest| rest.num_rows());
                found.surplus = found
                    .surplus
                    .saturating_add(u64::try_from(rest).unwrap_or(u64::MAX));
                left.pass(rest);
                right.pass(rest);
                continue;
            }
        };
        if ours.schema().fields() != theirs.schema().fields() {
            return Err(ClusterFault::Shape("两个文件的列不同"));
        }
        let rows = ours.num_rows().min(theirs.num_rows());
        found.add(&ours.slice(0, rows), &theirs.slice(0, rows));
        left.pass(rows);
        right.pass(rows);
    }
}

impl Compared {
    fn add(&mut self, ours: &RecordBatch, theirs: &RecordBatch) {
        self.rows = self
            .rows
            .saturating_add(u64::try_from(ours.num_rows()).unwrap_or(u64::MAX));
        if ours == theirs {
            return;
        }
        for row in 0..ours.num_rows() {
            if ours.slice(row, 1) != theirs.slice(row, 1) {
                self.differing = self.differing.saturating_add(1);
                let entities = ours
                    .column_by_name("entity")
                    .and_then(|c| c.as_primitive_opt::<Int64Type>());
                let entity = entities.and_then(|entities| entities.values().get(row).copied());
                self.first = self.first.or(entity);
            }
        }
    }
}
