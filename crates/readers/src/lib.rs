//! Reads whatever a department hands over as rows of text: CSV and TSV in any usual encoding, XLSX, NDJSON, JSON and
//! Parquet, plain or packed by gzip, zstd or zip.
//!
//! What a file is is seen from its content, never from its name. Memory is bounded by [`Limits`] and not by the size of
//! the file. One bad row never fails a file where the form lets reading go on.
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::as_conversions
    )
)]
mod book;
mod columnar;
mod delimited;
mod fault;
mod footer;
mod form;
mod json;
mod keyed;
mod limits;
mod numbers;
mod row;
mod source;
mod tables;
mod text;
mod zip;

pub use fault::ReadFault;
pub use form::Form;
pub use limits::Limits;
pub use row::{Row, duplicates};
pub use tables::{Table, Tables, open};

pub(crate) fn too_many_members(limits: &Limits) -> ReadFault {
    ReadFault::fatal(
        "readers.file.members",
        format!("文件里的表或部分超过 {} 个。", limits.members),
        "请拆成几个文件，分别提交。",
    )
}
