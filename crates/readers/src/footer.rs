//! Looks a Parquet file over before the library reads it: the library believes the counts a file states and would ask
//! for any amount of memory.
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use crate::columnar::MAGIC;
use crate::fault::{ReadFault, unwrapped};

/// Bytes of the longest footer that is read.
const MOST: u64 = 256 << 20;
/// How deep the footer's structures may lie in each other.
const DEEPEST: u8 = 32;

fn truncated() -> ReadFault {
    ReadFault::fatal(
        "readers.parquet.truncated",
        "Parquet 文件不完整，缺少结尾部分。",
        "文件可能没有传完，请重新传送。",
    )
}

fn broken() -> ReadFault {
    ReadFault::fatal(
        "readers.parquet.broken",
        "Parquet 文件的结构说明已损坏。",
        "请重新导出后提交。",
    )
}

/// Refuses a file whose footer is cut off or states more than it holds.
pub(crate) fn check(file: &Arc<File>) -> Result<(), ReadFault> {
    let length = file.metadata().map_err(unwrapped)?.len();
    let end_at = length
        .checked_sub(8)
        .filter(|at| *at >= 4)
        .ok_or_else(truncated)?;
    let mut end = [0_u8; 8];
    file.read_exact_at(&mut end, end_at).map_err(unwrapped)?;
    let [a, b, c, d, magic @ ..] = end;
    if magic == *b"PARE" {
        return Err(ReadFault::fatal(
            "readers.parquet.encrypted",
            "Parquet 文件已加密，无法读取。",
            "请导出为不加密的文件。",
        ));
    }
    if magic != *MAGIC {
        return Err(truncated());
    }
    let bytes = u64::from(u32::from_le_bytes([a, b, c, d]));
    let start = end_at
        .checked_sub(bytes)
        .filter(|_| bytes <= MOST)
        .ok_or_else(truncated)?;
    let mut footer = vec![0_u8; usize::try_from(bytes).unwrap_or(0)];
    file.read_exact_at(&mut footer, start).map_err(unwrapped)?;
    let mut walk = Walk { rest: &footer };
    walk.structure(0).ok_or_else(broken)
}

/// Walks Thrift's compact form without keeping anything.
struct Walk<'a> {
    rest: &'a [u8],
}

impl Walk<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn number(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7F).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn pass(&mut self, bytes: u64) -> Option<()> {
        self.rest = self.rest.get(usize::try_from(bytes).ok()?..)?;
        Some(())
    }

    fn structure(&mut self, depth: u8) -> Option<()> {
        loop {
            let head = self.byte()?;
            if head == 0 {
                return Some(());
            }
            if head >> 4 == 0 {
                self.number()?;
            }
            // A truth value of a field stands in its head.
            if !matches!(head & 0x0F, 1 | 2) {
                self.value(head & 0x0F, depth)?;
            }
        }
    }

    fn value(&mut self, kind: u8, depth: u8) -> Option<()> {
        if depth > DEEPEST {
            return None;
        }
        match kind {
            1..=3 => self.byte().map(|_| ()),
            4..=6 => self.number().map(|_| ()),
            7 => self.pass(8),
            8 => {
                let length = self.number()?;
                self.pass(length)
            }
            9 | 10 => {
                let head = self.byte()?;
                let count = match head >> 4 {
                    15 => self.number()?,
                    few => u64::from(few),
                };
                self.many(count, &[head & 0x0F], depth)
            }
            11 => {
                let count = self.number()?;
                if count == 0 {
                    return Some(());
                }
                let kinds = self.byte()?;
                self.many(count, &[kinds >> 4, kinds & 0x0F], depth)
            }
            12 => self.structure(depth + 1),
            _ => None,
        }
    }

    fn many(&mut self, count: u64, kinds: &[u8], depth: u8) -> Option<()> {
        // Every value takes a byte at least.
        if count > u64::try_from(self.rest.len()).unwrap_or(u64::MAX) {
            return None;
        }
        for _ in 0..count {
            for kind in kinds {
                self.value(*kind, depth + 1)?;
            }
        }
        Some(())
    }
}
