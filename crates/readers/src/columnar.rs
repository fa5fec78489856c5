//! Parquet, row group by row group: in memory are one batch of rows and the pages it comes from.
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Float32Array, Float64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, FieldRef, Schema};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};

use crate::delimited::{clean, too_long, too_many_columns};
use crate::fault::{ReadFault, unwrapped};
use crate::limits::Limits;
use crate::numbers;
use crate::row::Row;

/// First and last bytes of the file.
pub(crate) const MAGIC: &[u8] = b"PAR1";
/// Rows decoded at a time.
const BATCH: usize = 1024;
/// Instants are shown as the clock in China shows them, as it is that day that counts.
const CHINA: &str = "+08:00";
/// How an instant of that clock ends.
const OFFSET_SHOWN: [&str; 2] = ["+08:00", "T00:00:00"];

/// A Parquet file being read.
pub(crate) struct Columnar {
    reader: ParquetRecordBatchReader,
    names: Vec<String>,
    batch: Option<(RecordBatch, Vec<ArrayRef>)>,
    at: usize,
    line: u64,
    told: bool,
    over: bool,
    row_bytes: usize,
}

fn broken(detail: &str) -> ReadFault {
    ReadFault::fatal(
        "readers.parquet.broken",
        format!("Parquet 文件已损坏或不完整{detail}。"),
        "文件可能没有传完，请重新传送或重新导出。",
    )
}

/// The library may panic on a broken file; that is one more way of being broken.
fn guarded<T>(work: impl FnOnce() -> Result<T, ReadFault>) -> Result<T, ReadFault> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(broken("")))
}

impl Columnar {
    pub fn open(file: &Arc<File>, limits: &Limits) -> Result<Self, ReadFault> {
        super::footer::check(file)?;
        let file = file.try_clone().map_err(unwrapped)?;
        guarded(|| {
            let builder = builder(file).map_err(|_| broken(""))?;
            let names = names(builder.schema(), limits)?;
            let reader = builder.with_batch_size(BATCH).build().map_err(|_| broken(""))?;
            Ok(Self {
                reader,
                names,
                batch: None,
                at: 0,
                line: 0,
                told: false,
                over: false,
                row_bytes: limits.row_bytes,
            })
        })
    }

    pub fn read(&mut self, row: &mut Row) -> Result<bool, ReadFault> {
        if !self.told {
            self.told = true;
            row.clear(0);
            for name in &self.names {
                row.push(name);
            }
            return Ok(true);
        }
        if self.over {
            return Ok(false);
        }
        let line = self.line;
        match self.next_batch() {
            Ok(true) => {}
            Ok(false) => {
                self.over = true;
                return Ok(false);
            }
            Err(fault) => {
                self.over = true;
                return Err(fault.near(line));
            }
        }
        self.line += 1;
        self.put(row)?;
        clean(row)?;
        Ok(true)
    }

    /// Makes sure a row is at hand.
    fn next_batch(&mut self) -> Result<bool, ReadFault> {
        while self
            .batch
            .as_ref()
            .is_none_or(|(batch, _)| self.at >= batch.num_rows())
        {
            let reader = &mut self.reader;
            let next = guarded(|| match reader.next() {
                None => Ok(None),
                Some(Ok(batch)) => {
                    let columns = batch.columns().iter().map(in_china).collect::<Result<_, _>>()?;
                    Ok(Some((batch, columns)))
                }
                Some(Err(_)) => Err(broken("")),
            })?;
            if next.is_none() {
                return Ok(false);
            }
            self.batch = next;
            self.at = 0;
        }
        Ok(true)
    }

    fn put(&mut self, row: &mut Row) -> Result<(), ReadFault> {
        let at = self.at;
        self.at += 1;
        row.clear(self.line);
        let Some((_, columns)) = &self.batch else {
            return Ok(());
        };
        for (column, number) in columns.iter().zip(1_u32..) {
            let text = guarded(|| cell(column, at)).map_err(|_| ReadFault::Row {
                line: self.line,
                column: Some(number),
                code: "readers.parquet.cell",
                reason: "这一格的值无法写成文字。".to_owned(),
                suggestion: Some("请导出为文字、数字或日期。".to_owned()),
            })?;
            if row.bytes() + text.len() > self.row_bytes {
                return Err(too_long(self.line, self.row_bytes));
            }
            row.push(&text);
        }
        Ok(())
    }
}

/// Texts are read as views into the pages they come from: a long value that a dictionary names in every row of a batch
/// would otherwise stand in memory once for each row.
fn builder(file: File) -> parquet::errors::Result<ParquetRecordBatchReaderBuilder<File>> {
    let options = ArrowReaderOptions::new();
    let plain = ArrowReaderMetadata::load(&file, options.clone())?;
    let fields: Vec<FieldRef> = plain.schema().fields().iter().map(viewed).collect();
    let schema = Arc::new(Schema::new_with_metadata(
        fields,
        plain.schema().metadata().clone(),
    ));
    let viewed = ArrowReaderMetadata::try_new(Arc::clone(plain.metadata()), options.with_schema(schema))?;
    Ok(ParquetRecordBatchReaderBuilder::new_with_metadata(file, viewed))
}

fn viewed(field: &FieldRef) -> FieldRef {
    match field.data_type() {
        DataType::Utf8 | DataType::LargeUtf8 => {
            let viewed = Field::clone(field).with_data_type(DataType::Utf8View);
            Arc::new(viewed)
        }
        _ => Arc::clone(field),
    }
}

fn names(schema: &Schema, limits: &Limits) -> Result<Vec<String>, ReadFault> {
    let names: Vec<String> = schema.fields().iter().map(|field| field.name().clone()).collect();
    if names.len() > limits.columns {
        return Err(too_many_columns(0, names.len(), limits.columns, false));
    }
    Ok(names)
}

fn in_china(column: &ArrayRef) -> Result<ArrayRef, ReadFault> {
    match column.data_type() {
        DataType::Timestamp(unit, Some(_)) => {
            let wanted = DataType::Timestamp(*unit, Some(CHINA.into()));
            arrow::compute::cast(column, &wanted).map_err(|_| broken("（时间列无法读取）"))
        }
        _ => Ok(Arc::clone(column)),
    }
}

fn cell(column: &ArrayRef, at: usize) -> Result<String, ReadFault> {
    if column.is_null(at) {
        return Ok(String::new());
    }
    if let Some(numbers) = column.as_any().downcast_ref::<Float64Array>() {
        return Ok(numbers::number(numbers.value(at)));
    }
    if let Some(numbers) = column.as_any().downcast_ref::<Float32Array>() {
        // The shortest text that gives the same 32-bit number, and not its 64-bit neighbour.
        return Ok(numbers::plain(&numbers.value(at).to_string()).into_owned());
    }
    let options = FormatOptions::default().with_null("");
    let formatter = ArrayFormatter::try_new(column.as_ref(), &options).map_err(|_| broken(""))?;
    let mut text = formatter.value(at).try_to_string().map_err(|_| broken(""))?;
    if matches!(column.data_type(), DataType::Timestamp(..) | DataType::Date64) {
        for end in OFFSET_SHOWN {
            if let Some(rest) = text.strip_suffix(end) {
                text.truncate(rest.len());
            }
        }
    }
    Ok(text)
}
