//! One immutable file being written: rows come in key order, row groups end between entities, the digest grows along.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use parquet::arrow::ArrowWriter;
use sha2::{Digest, Sha256};

use crate::carded::{Carded, Prior};
use crate::cards::{self, CardWriter};
use crate::fault::{Lake, LakeFault};
use crate::files;
use crate::format::{Columns, Grain, properties};
use crate::manifest::Seal;

/// A file that hashes and counts what passes through.
pub(crate) struct Sealing {
    file: File,
    digest: Sha256,
    bytes: u64,
}

impl Sealing {
    pub(crate) fn new(file: File) -> Self {
        Self {
            file,
            digest: Sha256::new(),
            bytes: 0,
        }
    }

    /// The file, its length and its digest.
    pub(crate) fn sealed(self) -> (File, u64, String) {
        (self.file, self.bytes, hex::encode(self.digest.finalize()))
    }
}

impl Write for Sealing {
    fn write(&mut self, piece: &[u8]) -> std::io::Result<usize> {
        let written = self.file.write(piece)?;
        self.digest.update(piece.get(..written).unwrap_or_default());
        self.bytes = self
            .bytes
            .saturating_add(u64::try_from(written).unwrap_or(u64::MAX));
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

/// Writes rows that arrive in key order.
pub(crate) struct FileWriter<C: Columns> {
    path: PathBuf,
    arrow: ArrowWriter<Sealing>,
    columns: C,
    group_limit: usize,
    batch_limit: usize,
    group_rows: usize,
    rows: u64,
    first_entity: Option<i64>,
    last_key: Option<(i64, i64)>,
    cards: Option<Cards<C>>,
}

/// The card file written beside.
struct Cards<C: Columns> {
    file: CardWriter,
    prior: Prior,
    encode: fn(&C::Row, &mut Prior, &mut Vec<u8>),
}

impl<C: Columns> FileWriter<C> {
    /// Starts the unfinished twin of `path`.
    pub(crate) fn create(path: &Path, grain: &Grain) -> Lake<Self> {
        let sealing = Sealing::new(files::create(path)?);
        let arrow = ArrowWriter::try_new(sealing, C::schema(), Some(properties(grain, C::KEYS)))
            .map_err(|e| LakeFault::unwritten(path, e))?;
        Ok(Self {
            path: path.to_owned(),
            arrow,
            columns: C::default(),
            group_limit: grain.group_rows.max(1),
            batch_limit: grain.batch_rows.max(1),
            group_rows: 0,
            rows: 0,
            first_entity: None,
            last_key: None,
            cards: None,
        })
    }

    /// The same with a card file beside it.
    pub(crate) fn create_with_cards(path: &Path, grain: &Grain) -> Lake<Self>
    where
        C: Carded,
    {
        let mut writer = Self::create(path, grain)?;
        writer.cards = Some(Cards {
            file: CardWriter::create(&cards::path_of(path), C::BLOCK)?,
            prior: Prior::default(),
            encode: C::encode,
        });
        Ok(writer)
    }

    /// Adds one row; its key must be greater than the one before.
    pub(crate) fn push(&mut self, row: &C::Row) -> Lake<()> {
        let (entity, position) = C::key(row);
        if let Some((last_entity, last_position)) = self.last_key {
            if (entity, position) <= (last_entity, last_position) {
                return Err(LakeFault::Twice { entity, position });
            }
            if entity != last_entity && self.group_rows >= self.group_limit {
                self.hand_over()?;
                self.arrow
                    .flush()
                    .map_err(|e| LakeFault::unwritten(&self.path, e))?;
                self.group_rows = 0;
            }
        }
        self.first_entity.get_or_insert(entity);
        self.last_key = Some((entity, position));
        self.columns.push(row);
        if let Some(cards) = &mut self.cards {
            let (new, card) = cards.file.card(entity)?;
            if new {
                cards.prior = Prior::default();
            }
            (cards.encode)(row, &mut cards.prior, card);
        }
        self.group_rows = self.group_rows.saturating_add(1);
        self.rows = self.rows.saturating_add(1);
        if self.columns.len() >= self.batch_limit {
            self.hand_over()
        } else {
            Ok(())
        }
    }

    fn hand_over(&mut self) -> Lake<()> {
        if self.columns.len() == 0 {
            return Ok(());
        }
        let batch = self
            .columns
            .take()
            .map_err(|e| LakeFault::unwritten(&self.path, e))?;
        self.arrow
            .write(&batch)
            .map_err(|e| LakeFault::unwritten(&self.path, e))
    }

    /// Ends the file, brings it to disk and gives it its name.
    pub(crate) fn finish(mut self) -> Lake<Seal> {
        self.hand_over()?;
        let wrong = |e| LakeFault::unwritten(&self.path, e);
        let (file, bytes, sha256) = self.arrow.into_inner().map_err(wrong)?.sealed();
        files::settle(&self.path, &file)?;
        Ok(Seal {
            rows: self.rows,
            bytes,
            sha256,
            min_entity: self.first_entity.unwrap_or_default(),
            max_entity: self.last_key.unwrap_or_default().0,
            cards: self.cards.map(|cards| cards.file.finish()).transpose()?,
        })
    }
}
