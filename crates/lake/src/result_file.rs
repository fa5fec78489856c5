//! Results written to a Parquet file that names the model, the day and the ledger position they rest on.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int32Array, Int64Array, RecordBatch, UInt8Array, UInt16Array};
use arrow::datatypes::{DataType, Field, Int32Type, Int64Type, Schema, UInt8Type};
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::arrow::{ArrowWriter, ProjectionMask};
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;

use crate::fault::{Lake, LakeFault};
use crate::files;
use crate::result::{ModelResults, Results, Sink};

/// Results of one model as a file: entity, class, model, points, direct, and `points_<group>` for each group. What it rests on
/// stands in the file's key-value metadata. Without [`ResultFile::finish`] only an unfinished file remains.
pub struct ResultFile {
    path: PathBuf,
    model: usize,
    schema: Arc<Schema>,
    arrow: ArrowWriter<File>,
}

impl ResultFile {
    /// Starts the file for model number `model` of the question. `stamp` is what a reader must know to repeat the
    /// classification: pack hash, day, position.
    pub fn create(path: &Path, model: usize, spec: &policy::Model, stamp: &[(&str, String)]) -> Lake<Self> {
        let mut fields = vec![
            Field::new("entity", DataType::Int64, false),
            Field::new("class", DataType::UInt8, false),
            Field::new("model", DataType::UInt8, false),
            Field::new("points", DataType::Int32, false),
            Field::new("direct", DataType::UInt16, true),
        ];
        fields.extend(
            spec.groups
                .iter()
                .map(|g| Field::new(format!("points_{}", g.code), DataType::Int32, false)),
        );
        let schema = Arc::new(Schema::new(fields));
        let classes: Vec<&str> = spec.classes.iter().map(|c| c.code.as_str()).collect();
        let mut notes = vec![
            KeyValue::new("model".to_owned(), spec.code.clone()),
            KeyValue::new("classes".to_owned(), classes.join(",")),
        ];
        notes.extend(
            stamp
                .iter()
                .map(|(key, value)| KeyValue::new((*key).to_owned(), value.clone())),
        );
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_max_row_group_row_count(Some(1 << 20))
            .set_key_value_metadata(Some(notes))
            .build();
        let file = files::create(path)?;
        let arrow = ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties))
            .map_err(|e| LakeFault::unwritten(path, e))?;
        Ok(Self {
            path: path.to_owned(),
            model,
            schema,
            arrow,
        })
    }

    /// Ends the file, brings it to disk and gives it its name.
    pub fn finish(self) -> Lake<()> {
        let wrong = |e| LakeFault::unwritten(&self.path, e);
        let file = self.arrow.into_inner().map_err(wrong)?;
        files::settle(&self.path, &file)
    }

    fn batch(&self, entity: &[i64], columns: &ModelResults) -> Result<RecordBatch, arrow::error::ArrowError> {
        let mut arrays: Vec<ArrayRef> = vec![
            Arc::new(Int64Array::from(entity.to_vec())),
            Arc::new(UInt8Array::from(columns.class.clone())),
            Arc::new(UInt8Array::from(columns.model.clone())),
            Arc::new(Int32Array::from(columns.points.clone())),
            Arc::new(columns.direct().collect::<UInt16Array>()),
        ];
        for group in 0..columns.groups {
            let points = columns
                .group_points
                .iter()
                .skip(group)
                .step_by(columns.groups.max(1))
                .copied();
            arrays.push(Arc::new(points.collect::<Int32Array>()));
        }
        RecordBatch::try_new(Arc::clone(&self.schema), arrays)
    }
}

impl Sink for ResultFile {
    fn take(&mut self, results: &Results) -> Lake<()> {
        let columns = results
            .models
            .get(self.model)
            .ok_or(LakeFault::Argument("没有该序号的模型"))?;
        let batch = self
            .batch(&results.entity, columns)
            .map_err(|e| LakeFault::unwritten(&self.path, e))?;
        self.arrow
            .write(&batch)
            .map_err(|e| LakeFault::unwritten(&self.path, e))
    }
}

/// The class an entity was found to be in, as a file of results tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// Entity number.
    pub entity: i64,
    /// Index into the model's classes; [`policy::UNCLASSED`]: outside the model.
    pub class: u8,
    /// Points.
    pub points: i32,
}

/// Streams entity, class and points of a finished file of results, in order of entity.
pub struct ResultReader {
    path: PathBuf,
    inner: ParquetRecordBatchReader,
    batch: std::vec::IntoIter<Found>,
}

impl ResultReader {
    /// Opens a finished file.
    pub fn open(path: &Path) -> Lake<Self> {
        let file = File::open(path).map_err(|e| LakeFault::file(path, e))?;
        let builder =
            ParquetRecordBatchReaderBuilder::try_new(file).map_err(|e| LakeFault::corrupt(path, e))?;
        let wanted = ["entity", "class", "points"];
        let columns = ProjectionMask::columns(builder.parquet_schema(), wanted);
        let inner = builder.with_projection(columns).with_batch_size(1 << 14).build();
        Ok(Self {
            path: path.to_owned(),
            inner: inner.map_err(|e| LakeFault::corrupt(path, e))?,
            batch: Vec::new().into_iter(),
        })
    }

    fn refill(&mut self) -> Lake<bool> {
        let Some(batch) = self.inner.next() else {
            return Ok(false);
        };
        let batch = batch.map_err(|e| LakeFault::corrupt(&self.path, e))?;
        let rows = found(&batch).ok_or_else(|| LakeFault::corrupt(&self.path, "列名或列类型不符"))?;
        self.batch = rows.into_iter();
        Ok(true)
    }
}

fn found(batch: &RecordBatch) -> Option<Vec<Found>> {
    let entity = batch
        .column_by_name("entity")?
        .as_primitive_opt::<Int64Type>()?
        .values();
    let class = batch
        .column_by_name("class")?
        .as_primitive_opt::<UInt8Type>()?
        .values();
    let points = batch
        .column_by_name("points")?
        .as_primitive_opt::<Int32Type>()?
        .values();
    let rows = entity.iter().zip(class.iter()).zip(points.iter());
    let rows = rows.map(|((entity, class), points)| Found {
        entity: *entity,
        class: *class,
        points: *points,
    });
    Some(rows.collect())
}

impl Iterator for ResultReader {
    type Item = Lake<Found>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(row) = self.batch.next() {
                return Some(Ok(row));
            }
            match self.refill() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(fault) => return Some(Err(fault)),
            }
        }
    }
}
