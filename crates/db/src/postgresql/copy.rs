//! `COPY … BINARY`, written here: the driver's own writer goes to its runtime for every row, this one for every block.

use std::io::Write as _;

use bytes::{BufMut as _, BytesMut};
use postgres::CopyInWriter;
use postgres::types::{IsNull, ToSql as _, Type};

use crate::error::DbError;
use crate::load::{Cell, Sink};
use crate::postgresql::{Failure, translated};
use crate::sqlite::wrong_count;

/// How the stream begins: signature, no flags, no extension.
const HEAD: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// Bytes handed to the driver at a time.
const BLOCK: usize = 1 << 16;
/// The length that says "null", and the count of columns that says "the end".
const NONE: i32 = -1;
const END: i16 = -1;

/// Rows on their way through `COPY`.
pub(super) struct Copy<'c> {
    writer: CopyInWriter<'c>,
    types: &'c [Type],
    block: BytesMut,
    /// What the driver said when it refused a block.
    pub(super) failed: Option<Failure>,
}

impl<'c> Copy<'c> {
    pub(super) fn new(writer: CopyInWriter<'c>, types: &'c [Type]) -> Self {
        let mut block = BytesMut::with_capacity(BLOCK * 2);
        block.put_slice(HEAD);
        Self {
            writer,
            types,
            block,
            failed: None,
        }
    }

    fn hand_over(&mut self) -> Result<(), Failure> {
        let written = self
            .writer
            .write_all(&self.block)
            .and_then(|()| self.writer.flush());
        self.block.clear();
        written.map_err(told)
    }

    pub(super) fn finish(mut self) -> Result<(), Failure> {
        self.block.put_i16(END);
        self.hand_over()?;
        self.writer.finish().map(drop).map_err(Failure::Driver)
    }

    fn put(&mut self, cells: &[Cell<'_>]) -> Result<(), DbError> {
        let count = i16::try_from(cells.len()).map_err(|_| wrong_count(self.types.len(), cells.len()))?;
        self.block.put_i16(count);
        for (cell, kind) in cells.iter().zip(self.types) {
            let at = self.block.len();
            self.block.put_i32(NONE);
            let put = cell
                .to_sql(kind, &mut self.block)
                .map_err(|error| DbError::Other(format!("error serializing a value: {error}")))?;
            if matches!(put, IsNull::No) {
                let length = self.block.len() - at - size_of::<i32>();
                let length =
                    i32::try_from(length).map_err(|_| DbError::Other("a value of over 2 GiB".to_owned()))?;
                if let Some(place) = self.block.get_mut(at..at + size_of::<i32>()) {
                    place.copy_from_slice(&length.to_be_bytes());
                }
            }
        }
        Ok(())
    }
}

/// The driver's error inside that of the stream.
fn told(error: std::io::Error) -> Failure {
    let text = error.to_string();
    match error
        .into_inner()
        .map(|inner| inner.downcast::<postgres::Error>())
    {
        Some(Ok(error)) => Failure::Driver(*error),
        _ => Failure::Ours(DbError::Busy(text)),
    }
}

impl Sink for Copy<'_> {
    fn row(&mut self, cells: &[Cell<'_>]) -> Result<(), DbError> {
        self.put(cells)?;
        if self.block.len() < BLOCK {
            return Ok(());
        }
        self.hand_over().map_err(|failure| {
            let error = match &failure {
                Failure::Ours(error) => error.clone(),
                Failure::Driver(error) => translated(error),
            };
            self.failed = Some(failure);
            error
        })
    }
}
