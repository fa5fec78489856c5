//! The card file beside a Parquet file: the same rows, entity by entity, so that those of one entity can be fetched alone.
//!
//! A Parquet page holds the rows of a thousand entities; whoever wants one entity in a hundred would decode them all. A card
//! file is a row of blocks of one or two KB; a block is a row of cards (entity, length, rows), and the directory at the end tells
//! the first entity and the place of each block. Numbers are varints of differences.

use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::fault::{Lake, LakeFault};
use crate::files;
use crate::manifest::CardSeal;
use crate::varint::{Bytes, put, put_signed};
use crate::write::Sealing;

/// Ends a card file.
const MAGIC: &[u8; 8] = b"XHCARD01";
/// Place and length of the directory, and the magic word.
const FOOTER: u64 = 24;

/// Name of the card file of a Parquet file.
pub(crate) fn name_of(parquet: &str) -> String {
    format!("{}.cards", parquet.trim_end_matches(".parquet"))
}

/// Path of the card file of a Parquet file.
pub(crate) fn path_of(parquet: &Path) -> PathBuf {
    parquet.with_extension("cards")
}

/// Writes cards in order of entity.
pub(crate) struct CardWriter {
    /// Bytes after which a block is closed at the next entity.
    block_bytes: usize,
    path: PathBuf,
    file: BufWriter<Sealing>,
    block: Vec<u8>,
    card: Vec<u8>,
    entity: Option<i64>,
    /// Entity of the last card in the block; of its start when there is none.
    last: Option<i64>,
    first: i64,
    directory: Vec<u8>,
    former_first: i64,
    blocks: u64,
    bytes: u64,
}

impl CardWriter {
    /// Starts the unfinished twin of `path`.
    pub(crate) fn create(path: &Path, block_bytes: usize) -> Lake<Self> {
        Ok(Self {
            block_bytes,
            path: path.to_owned(),
            file: BufWriter::with_capacity(1 << 18, Sealing::new(files::create(path)?)),
            block: Vec::with_capacity(block_bytes.saturating_mul(2)),
            card: Vec::new(),
            entity: None,
            last: None,
            first: 0,
            directory: Vec::new(),
            former_first: 0,
            blocks: 0,
            bytes: 0,
        })
    }

    /// Where the rows of `entity` go; entities ascend. True when its card has just begun.
    #[inline]
    pub(crate) fn card(&mut self, entity: i64) -> Lake<(bool, &mut Vec<u8>)> {
        let new = self.entity != Some(entity);
        if new {
            self.close_card()?;
            self.entity = Some(entity);
        }
        Ok((new, &mut self.card))
    }

    fn close_card(&mut self) -> Lake<()> {
        let Some(entity) = self.entity.take() else {
            return Ok(());
        };
        let before = self.last.unwrap_or(entity);
        if self.last.is_none() {
            self.first = entity;
        }
        put_signed(&mut self.block, entity.wrapping_sub(before));
        put(
            &mut self.block,
            u64::try_from(self.card.len()).unwrap_or(u64::MAX),
        );
        self.block.extend_from_slice(&self.card);
        self.card.clear();
        self.last = Some(entity);
        if self.block.len() >= self.block_bytes {
            self.close_block()?;
        }
        Ok(())
    }

    fn close_block(&mut self) -> Lake<()> {
        if self.block.is_empty() {
            return Ok(());
        }
        let length = u64::try_from(self.block.len()).unwrap_or(u64::MAX);
        put_signed(&mut self.directory, self.first.wrapping_sub(self.former_first));
        put(&mut self.directory, length);
        self.former_first = self.first;
        self.blocks = self.blocks.saturating_add(1);
        self.bytes = self.bytes.saturating_add(length);
        self.last = None;
        self.file
            .write_all(&self.block)
            .map_err(|e| LakeFault::file(&self.path, e))?;
        self.block.clear();
        Ok(())
    }

    /// Ends the file, brings it to disk and gives it its name.
    pub(crate) fn finish(mut self) -> Lake<CardSeal> {
        self.close_card()?;
        self.close_block()?;
        let wrong = |e| LakeFault::file(&self.path, e);
        self.file.write_all(&self.directory).map_err(wrong)?;
        for word in [self.bytes.to_le_bytes(), self.blocks.to_le_bytes(), *MAGIC] {
            self.file.write_all(&word).map_err(wrong)?;
        }
        let sealing = self
            .file
            .into_inner()
            .map_err(|e| LakeFault::file(&self.path, e.into_error()))?;
        let (file, bytes, sha256) = sealing.sealed();
        files::settle(&self.path, &file)?;
        Ok(CardSeal { bytes, sha256 })
    }
}

/// The directory of a card file.
pub(crate) struct CardIndex {
    path: PathBuf,
    firsts: Vec<i64>,
    /// Where each block begins, and where the last ends.
    places: Vec<u64>,
}

impl CardIndex {
    /// Reads the directory of a card file whose length is known.
    pub(crate) fn open(path: &Path, seal: &CardSeal) -> Lake<Self> {
        files::of_length(path, seal.bytes)?;
        let length = seal.bytes;
        let wrong = |e| LakeFault::file(path, e);
        let mut file = File::open(path).map_err(wrong)?;
        file.seek(SeekFrom::Start(length.saturating_sub(FOOTER)))
            .map_err(wrong)?;
        let mut words = [[0_u8; 8]; 3];
        for word in &mut words {
            file.read_exact(word).map_err(wrong)?;
        }
        let [directory, blocks, magic] = words;
        let (directory, blocks) = (u64::from_le_bytes(directory), u64::from_le_bytes(blocks));
        let size = length.saturating_sub(FOOTER).checked_sub(directory);
        let size = size.and_then(|size| usize::try_from(size).ok());
        let (Some(size), true) = (size, magic == *MAGIC) else {
            return Err(LakeFault::corrupt(path, "目录有误"));
        };
        let mut bytes = vec![0_u8; size];
        file.seek(SeekFrom::Start(directory)).map_err(wrong)?;
        file.read_exact(&mut bytes).map_err(wrong)?;
        let (mut firsts, mut places, mut first, mut place) = (Vec::new(), vec![0_u64], 0_i64, 0_u64);
        let mut rest = Bytes::new(&bytes);
        while let Some((step, length)) = rest.signed().zip(rest.unsigned()) {
            first = first.wrapping_add(step);
            place = place.saturating_add(length);
            firsts.push(first);
            places.push(place);
        }
        if place != directory || u64::try_from(firsts.len()).ok() != Some(blocks) {
            return Err(LakeFault::corrupt(path, "目录有误"));
        }
        Ok(Self {
            path: path.to_owned(),
            firsts,
            places,
        })
    }

    /// A reader of its own place in the file.
    pub(crate) fn reader(&self) -> Lake<CardReader<'_>> {
        Ok(CardReader {
            index: self,
            file: File::open(&self.path).map_err(|e| LakeFault::file(&self.path, e))?,
            block: Vec::new(),
            held: None,
            at: 0,
            entity: 0,
        })
    }

    /// What is told of bytes that cannot be understood.
    pub(crate) fn corrupt(&self) -> LakeFault {
        LakeFault::corrupt(&self.path, "卡片内容有误")
    }
}

/// Fetches cards; quickest when asked in order of entity.
pub(crate) struct CardReader<'i> {
    index: &'i CardIndex,
    file: File,
    block: Vec<u8>,
    held: Option<usize>,
    /// Where the next card begins, and the entity of the card before it.
    at: usize,
    entity: i64,
}

impl CardReader<'_> {
    /// The card of an entity, if there is one.
    pub(crate) fn find(&mut self, entity: i64) -> Lake<Option<Bytes<'_>>> {
        let number = self.index.firsts.partition_point(|first| *first <= entity);
        let Some(number) = number.checked_sub(1) else {
            return Ok(None);
        };
        if self.held != Some(number) {
            self.load(number)?;
        } else if self.entity >= entity {
            self.rewind(number);
        }
        let Some(card) = self.walk(entity) else {
            return Err(self.index.corrupt());
        };
        Ok(self
            .block
            .get(card)
            .filter(|card| !card.is_empty())
            .map(Bytes::new))
    }

    fn rewind(&mut self, number: usize) {
        self.at = 0;
        self.entity = self.index.firsts.get(number).copied().unwrap_or(0);
    }

    fn load(&mut self, number: usize) -> Lake<()> {
        let places = self.index.places.get(number..).unwrap_or_default();
        let &[begin, end, ..] = places else {
            return Err(self.index.corrupt());
        };
        let length = usize::try_from(end.saturating_sub(begin)).map_err(|_| self.index.corrupt())?;
        let wrong = |e| LakeFault::file(&self.index.path, e);
        self.held = None;
        self.block.resize(length, 0);
        self.file.seek(SeekFrom::Start(begin)).map_err(wrong)?;
        self.file.read_exact(&mut self.block).map_err(wrong)?;
        self.held = Some(number);
        self.rewind(number);
        Ok(())
    }

    /// Goes on to the card of `entity`; an empty stretch when there is none, nothing when the bytes make no sense.
    fn walk(&mut self, entity: i64) -> Option<std::ops::Range<usize>> {
        loop {
            let rest = self.block.get(self.at..)?;
            if rest.is_empty() {
                return Some(0..0);
            }
            let mut bytes = Bytes::new(rest);
            let next = self.entity.wrapping_add(bytes.signed()?);
            let length = usize::try_from(bytes.unsigned()?).ok()?;
            let begin = self.block.len().checked_sub(bytes.len())?;
            let end = begin.checked_add(length).filter(|end| *end <= self.block.len())?;
            if next > entity {
                return Some(0..0);
            }
            self.at = end;
            self.entity = next;
            if next == entity {
                return Some(begin..end);
            }
        }
    }
}
