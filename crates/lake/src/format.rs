//! The two file layouts, records and entities: schemas, encodings, and the way between rows and columns.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Int32Array, Int64Array, RecordBatch, UInt8Array, UInt16Array, UInt32Array,
};
use arrow::buffer::ScalarBuffer;
use arrow::datatypes::{
    DataType, Field, Int32Type, Int64Type, Schema, SchemaRef, UInt8Type, UInt16Type, UInt32Type,
};
use arrow::error::ArrowError;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use crate::symbols::SymbolMap;
use policy::{EntityFacts, RecordFact, Relation};

/// Sizes that trade memory against speed. The default suits files of a million rows and more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grain {
    /// Rows sorted in memory at a time (about 60 bytes each).
    pub chunk_rows: usize,
    /// Rows after which a row group is closed at the next change of entity, so that no entity is cut in two.
    pub group_rows: usize,
    /// Rows of a data page: the grain at which a reader can skip.
    pub page_rows: usize,
    /// Rows decoded at a time.
    pub batch_rows: usize,
}

impl Default for Grain {
    fn default() -> Self {
        Self {
            chunk_rows: 1 << 20,
            group_rows: 1 << 18,
            page_rows: 1 << 14,
            batch_rows: 1 << 16,
        }
    }
}

/// One record of one entity. `fact.record` is its ledger position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Entity number.
    pub entity: i64,
    /// What is recorded.
    pub fact: RecordFact,
}

/// One entity and its attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntityRow {
    /// Entity number.
    pub entity: i64,
    /// Attributes the models read.
    pub facts: EntityFacts,
}

/// Rows of one file layout, gathered as columns.
pub(crate) trait Columns: Default + Send {
    /// Columns whose values ascend or nearly so; the first, a whole number, is what pages are found by.
    const KEYS: &'static [&'static str];
    /// The row of this layout.
    type Row: Copy;
    /// Columns of one decoded batch.
    type Batch;
    /// Arrow schema.
    fn schema() -> SchemaRef;
    /// Adds one row.
    fn push(&mut self, row: &Self::Row);
    /// Number of rows gathered.
    fn len(&self) -> usize;
    /// Hands the rows over as one batch and starts anew.
    fn take(&mut self) -> Result<RecordBatch, ArrowError>;
    /// Reads a batch of this layout.
    fn read(batch: &RecordBatch) -> Option<Self::Batch>;
    /// Sort key of a row: entity, then position.
    fn key(row: &Self::Row) -> (i64, i64);
    /// The row at `at`.
    fn row(batch: &Self::Batch, at: usize) -> Option<Self::Row>;
    /// Entities of a batch, ascending.
    fn entities(batch: &Self::Batch) -> &[i64];
    /// The row in the symbols of the reader.
    fn translate(row: &mut Self::Row, map: &SymbolMap);
}

/// Columns of records being written.
#[derive(Default)]
pub(crate) struct RecordColumns {
    entity: Vec<i64>,
    position: Vec<i64>,
    names: Vec<i64>,
    relation: Vec<u8>,
    item: Vec<u16>,
    on: Vec<i32>,
    ends_on: Vec<i32>,
    amount_fen: Vec<i64>,
    level: Vec<i32>,
    code: Vec<u32>,
}

/// Columns of records being read.
pub(crate) struct RecordBatchView {
    pub(crate) entity: ScalarBuffer<i64>,
    position: ScalarBuffer<i64>,
    names: ScalarBuffer<i64>,
    relation: ScalarBuffer<u8>,
    item: ScalarBuffer<u16>,
    on: ScalarBuffer<i32>,
    ends_on: ScalarBuffer<i32>,
    amount_fen: ScalarBuffer<i64>,
    level: ScalarBuffer<i32>,
    code: ScalarBuffer<u32>,
}

impl RecordBatchView {
    /// The fact at `at`, with the symbols of its file.
    #[inline]
    pub(crate) fn fact(&self, at: usize) -> Option<RecordFact> {
        Some(RecordFact {
            record: *self.position.get(at)?,
            names: *self.names.get(at)?,
            relation: relation_of(*self.relation.get(at)?),
            item: *self.item.get(at)?,
            on: *self.on.get(at)?,
            ends_on: *self.ends_on.get(at)?,
            amount_fen: *self.amount_fen.get(at)?,
            level: *self.level.get(at)?,
            code: *self.code.get(at)?,
        })
    }
}

/// Number of a relation in the file.
pub(crate) fn relation_number(relation: Relation) -> u8 {
    match relation {
        Relation::None => 0,
        Relation::Corrects => 1,
        Relation::Withdraws => 2,
        Relation::Ends => 3,
    }
}

/// Relation behind a number of the file; the seal of the file vouches that no other number occurs.
#[inline]
pub(crate) fn relation_of(number: u8) -> Relation {
    match number {
        1 => Relation::Corrects,
        2 => Relation::Withdraws,
        3 => Relation::Ends,
        _ => Relation::None,
    }
}

fn schema_of(fields: &[(&str, DataType, bool)]) -> SchemaRef {
    let fields: Vec<Field> = fields
        .iter()
        .map(|(n, t, nullable)| Field::new(*n, t.clone(), *nullable))
        .collect();
    Arc::new(Schema::new(fields))
}

impl Columns for RecordColumns {
    const KEYS: &'static [&'static str] = &["entity", "position"];
    type Row = Row;
    type Batch = RecordBatchView;

    fn schema() -> SchemaRef {
        schema_of(&[
            ("entity", DataType::Int64, false),
            ("position", DataType::Int64, false),
            ("names", DataType::Int64, false),
            ("relation", DataType::UInt8, false),
            ("item", DataType::UInt16, false),
            ("on", DataType::Int32, false),
            ("ends_on", DataType::Int32, false),
            ("amount_fen", DataType::Int64, false),
            ("level", DataType::Int32, false),
            ("code", DataType::UInt32, false),
        ])
    }

    fn push(&mut self, row: &Row) {
        self.entity.push(row.entity);
        self.position.push(row.fact.record);
        self.names.push(row.fact.names);
        self.relation.push(relation_number(row.fact.relation));
        self.item.push(row.fact.item);
        self.on.push(row.fact.on);
        self.ends_on.push(row.fact.ends_on);
        self.amount_fen.push(row.fact.amount_fen);
        self.level.push(row.fact.level);
        self.code.push(row.fact.code);
    }

    fn len(&self) -> usize {
        self.entity.len()
    }

    fn take(&mut self) -> Result<RecordBatch, ArrowError> {
        let full = std::mem::take(self);
        let columns: Vec<ArrayRef> = vec![
            Arc::new(Int64Array::from(full.entity)),
            Arc::new(Int64Array::from(full.position)),
            Arc::new(Int64Array::from(full.names)),
            Arc::new(UInt8Array::from(full.relation)),
            Arc::new(UInt16Array::from(full.item)),
            Arc::new(Int32Array::from(full.on)),
            Arc::new(Int32Array::from(full.ends_on)),
            Arc::new(Int64Array::from(full.amount_fen)),
            Arc::new(Int32Array::from(full.level)),
            Arc::new(UInt32Array::from(full.code)),
        ];
        RecordBatch::try_new(Self::schema(), columns)
    }

    fn read(batch: &RecordBatch) -> Option<RecordBatchView> {
        let mut columns = batch.columns().iter();
        Some(RecordBatchView {
            entity: columns.next()?.as_primitive_opt::<Int64Type>()?.values().clone(),
            position: columns.next()?.as_primitive_opt::<Int64Type>()?.values().clone(),
            names: columns.next()?.as_primitive_opt::<Int64Type>()?.values().clone(),
            relation: columns.next()?.as_primitive_opt::<UInt8Type>()?.values().clone(),
            item: columns.next()?.as_primitive_opt::<UInt16Type>()?.values().clone(),
            on: columns.next()?.as_primitive_opt::<Int32Type>()?.values().clone(),
            ends_on: columns.next()?.as_primitive_opt::<Int32Type>()?.values().clone(),
            amount_fen: columns.next()?.as_primitive_opt::<Int64Type>()?.values().clone(),
            level: columns.next()?.as_primitive_opt::<Int32Type>()?.values().clone(),
            code: columns.next()?.as_primitive_opt::<UInt32Type>()?.values().clone(),
        })
    }

    fn key(row: &Row) -> (i64, i64) {
        (row.entity, row.fact.record)
    }

    fn row(batch: &RecordBatchView, at: usize) -> Option<Row> {
        Some(Row {
            entity: *batch.entity.get(at)?,
            fact: batch.fact(at)?,
        })
    }

    fn entities(batch: &RecordBatchView) -> &[i64] {
        &batch.entity
    }

    fn translate(row: &mut Row, map: &SymbolMap) {
        row.fact.item = map.item(row.fact.item);
        row.fact.code = map.code(row.fact.code);
    }
}

/// Columns of entities being written.
#[derive(Default)]
pub(crate) struct EntityColumns {
    entity: Vec<i64>,
    established_on: Vec<Option<i32>>,
    capital_fen: Vec<Option<i64>>,
    kind: Vec<u32>,
    status: Vec<u32>,
    industry: Vec<u32>,
    division: Vec<u32>,
}

/// Columns of entities being read.
pub(crate) struct EntityBatchView {
    pub(crate) entity: ScalarBuffer<i64>,
    established_on: Int32Array,
    capital_fen: Int64Array,
    kind: ScalarBuffer<u32>,
    status: ScalarBuffer<u32>,
    industry: ScalarBuffer<u32>,
    division: ScalarBuffer<u32>,
}

impl Columns for EntityColumns {
    const KEYS: &'static [&'static str] = &["entity"];
    type Row = EntityRow;
    type Batch = EntityBatchView;

    fn schema() -> SchemaRef {
        schema_of(&[
            ("entity", DataType::Int64, false),
            ("established_on", DataType::Int32, true),
            ("capital_fen", DataType::Int64, true),
            ("kind", DataType::UInt32, false),
            ("status", DataType::UInt32, false),
            ("industry", DataType::UInt32, false),
            ("division", DataType::UInt32, false),
        ])
    }

    fn push(&mut self, row: &EntityRow) {
        self.entity.push(row.entity);
        self.established_on.push(row.facts.established_on);
        self.capital_fen.push(row.facts.capital_fen);
        self.kind.push(row.facts.kind);
        self.status.push(row.facts.status);
        self.industry.push(row.facts.industry);
        self.division.push(row.facts.division);
    }

    fn len(&self) -> usize {
        self.entity.len()
    }

    fn take(&mut self) -> Result<RecordBatch, ArrowError> {
        let full = std::mem::take(self);
        let columns: Vec<ArrayRef> = vec![
            Arc::new(Int64Array::from(full.entity)),
            Arc::new(Int32Array::from(full.established_on)),
            Arc::new(Int64Array::from(full.capital_fen)),
            Arc::new(UInt32Array::from(full.kind)),
            Arc::new(UInt32Array::from(full.status)),
            Arc::new(UInt32Array::from(full.industry)),
            Arc::new(UInt32Array::from(full.division)),
        ];
        RecordBatch::try_new(Self::schema(), columns)
    }

    fn read(batch: &RecordBatch) -> Option<EntityBatchView> {
        let mut columns = batch.columns().iter();
        Some(EntityBatchView {
            entity: columns.next()?.as_primitive_opt::<Int64Type>()?.values().clone(),
            established_on: columns.next()?.as_primitive_opt::<Int32Type>()?.clone(),
            capital_fen: columns.next()?.as_primitive_opt::<Int64Type>()?.clone(),
            kind: columns.next()?.as_primitive_opt::<UInt32Type>()?.values().clone(),
            status: columns.next()?.as_primitive_opt::<UInt32Type>()?.values().clone(),
            industry: columns.next()?.as_primitive_opt::<UInt32Type>()?.values().clone(),
            division: columns.next()?.as_primitive_opt::<UInt32Type>()?.values().clone(),
        })
    }

    fn key(row: &EntityRow) -> (i64, i64) {
        (row.entity, row.entity)
    }

    fn row(batch: &EntityBatchView, at: usize) -> Option<EntityRow> {
        let entity = *batch.entity.get(at)?;
        let nulls = |array: Option<&arrow::buffer::NullBuffer>| array.is_none_or(|n| n.is_valid(at));
        let established_on = batch
            .established_on
            .values()
            .get(at)
            .filter(|_| nulls(batch.established_on.nulls()))
            .copied();
        let capital_fen = batch
            .capital_fen
            .values()
            .get(at)
            .filter(|_| nulls(batch.capital_fen.nulls()))
            .copied();
        let facts = EntityFacts {
            established_on,
            capital_fen,
            kind: *batch.kind.get(at)?,
            status: *batch.status.get(at)?,
            industry: *batch.industry.get(at)?,
            division: *batch.division.get(at)?,
        };
        Some(EntityRow { entity, facts })
    }

    fn entities(batch: &EntityBatchView) -> &[i64] {
        &batch.entity
    }

    fn translate(row: &mut EntityRow, map: &SymbolMap) {
        row.facts.kind = map.code(row.facts.kind);
        row.facts.status = map.code(row.facts.status);
        row.facts.industry = map.area(row.facts.industry);
        row.facts.division = map.area(row.facts.division);
    }
}

/// Writer settings of all layouts; the measurements behind them are in `bench/classify/README.md`.
pub(crate) fn properties(grain: &Grain, keys: &[&str]) -> WriterProperties {
    let sorting = vec![SortingColumn {
        column_idx: 0,
        descending: false,
        nulls_first: false,
    }];
    let mut builder = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_data_page_row_count_limit(grain.page_rows)
        .set_write_batch_size(grain.page_rows.min(1024))
        .set_max_row_group_row_count(None)
        .set_sorting_columns(Some(sorting));
    for (number, key) in keys.iter().enumerate() {
        let column = ColumnPath::from(*key);
        if number == 0 {
            builder = builder.set_column_statistics_enabled(column.clone(), EnabledStatistics::Page);
        }
        builder = builder
            .set_column_dictionary_enabled(column.clone(), false)
            .set_column_encoding(column, Encoding::DELTA_BINARY_PACKED);
    }
    builder.build()
}
