//! Days on which entities are due: files sorted by day and entity, of which a run reads only the days that have come.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch};
use arrow::buffer::ScalarBuffer;
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use arrow::error::ArrowError;

use crate::fault::Lake;
use crate::format::{Columns, Grain};
use crate::manifest::Seal;
use crate::symbols::SymbolMap;
use crate::varint::{Bytes, put_signed};
use crate::write::FileWriter;

/// Days ahead beyond which nobody looks: whoever is due later is looked at once on that day. Sixty years.
const FARTHEST: usize = 21_915;

/// An entity and the day on which its class may change by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Due {
    pub day: i64,
    pub entity: i64,
}

/// Columns of days being written.
#[derive(Default)]
pub(crate) struct CalendarColumns {
    day: Vec<i64>,
    entity: Vec<i64>,
}

/// Columns of days being read.
pub(crate) struct CalendarBatchView {
    day: ScalarBuffer<i64>,
    entity: ScalarBuffer<i64>,
}

impl Columns for CalendarColumns {
    const KEYS: &'static [&'static str] = &["day", "entity"];
    type Row = Due;
    type Batch = CalendarBatchView;

    fn schema() -> SchemaRef {
        let column = |name: &str| Field::new(name, DataType::Int64, false);
        Arc::new(Schema::new(vec![column("day"), column("entity")]))
    }

    fn push(&mut self, row: &Due) {
        self.day.push(row.day);
        self.entity.push(row.entity);
    }

    fn len(&self) -> usize {
        self.day.len()
    }

    fn take(&mut self) -> Result<RecordBatch, ArrowError> {
        let full = std::mem::take(self);
        let columns: Vec<ArrayRef> = vec![
            Arc::new(Int64Array::from(full.day)),
            Arc::new(Int64Array::from(full.entity)),
        ];
        RecordBatch::try_new(Self::schema(), columns)
    }

    fn read(batch: &RecordBatch) -> Option<CalendarBatchView> {
        let mut columns = batch.columns().iter();
        Some(CalendarBatchView {
            day: columns.next()?.as_primitive_opt::<Int64Type>()?.values().clone(),
            entity: columns.next()?.as_primitive_opt::<Int64Type>()?.values().clone(),
        })
    }

    fn key(row: &Due) -> (i64, i64) {
        (row.day, row.entity)
    }

    fn row(batch: &CalendarBatchView, at: usize) -> Option<Due> {
        Some(Due {
            day: *batch.day.get(at)?,
            entity: *batch.entity.get(at)?,
        })
    }

    fn entities(batch: &CalendarBatchView) -> &[i64] {
        &batch.day
    }

    fn translate(_: &mut Due, _: &SymbolMap) {}
}

/// Days gathered while entities go by in order: about three bytes for each entity that is ever due.
pub(crate) struct Calendar {
    as_of: i32,
    days: Vec<Bucket>,
}

#[derive(Default, Clone)]
struct Bucket {
    last: i64,
    entities: Vec<u8>,
}

impl Calendar {
    /// An empty one of days after `as_of`.
    pub(crate) fn after(as_of: i32) -> Self {
        Self {
            as_of,
            days: Vec::new(),
        }
    }

    /// Notes that an entity is due; entities ascend.
    #[inline]
    pub(crate) fn note(&mut self, entity: i64, day: i32) {
        if day == policy::NEVER {
            return;
        }
        let ahead = i64::from(day).saturating_sub(i64::from(self.as_of));
        let ahead = usize::try_from(ahead).unwrap_or(1).clamp(1, FARTHEST);
        if self.days.len() <= ahead {
            self.days.resize(ahead.saturating_add(1), Bucket::default());
        }
        if let Some(bucket) = self.days.get_mut(ahead) {
            put_signed(&mut bucket.entities, entity.wrapping_sub(bucket.last));
            bucket.last = entity;
        }
    }

    /// Writes the file; `None` when nobody is ever due.
    pub(crate) fn write(&self, path: &Path, grain: &Grain) -> Lake<Option<Seal>> {
        if self.days.iter().all(|bucket| bucket.entities.is_empty()) {
            return Ok(None);
        }
        let mut file = FileWriter::<CalendarColumns>::create(path, grain)?;
        for (day, bucket) in (i64::from(self.as_of)..).zip(&self.days) {
            let mut bytes = Bytes::new(&bucket.entities);
            let mut entity = 0_i64;
            while let Some(step) = bytes.signed() {
                entity = entity.wrapping_add(step);
                file.push(&Due { day, entity })?;
            }
        }
        file.finish().map(Some)
    }
}
