//! Merged regions: the value of the first cell is repeated to all cells of the region, so that headings over several
//! rows and columns can be recognised.
use std::io::Read as _;

use memchr::memmem::Finder;

use crate::fault::{ReadFault, unwrapped};
use crate::limits::Limits;
use crate::source::Source;

const CHUNK: usize = 1 << 17;
/// Longest `mergeCell` element that is looked for.
const TAG: usize = 256;

/// A region, rows and columns from 0, both ends in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Region {
    pub top: u64,
    pub bottom: u64,
    pub left: usize,
    pub right: usize,
}

/// The regions of a sheet as its rows go by.
#[derive(Debug, Default)]
pub(crate) struct Regions {
    /// Sorted by top.
    all: Vec<Region>,
    next: usize,
    open: Vec<(Region, String)>,
    columns: usize,
}

impl Regions {
    pub fn new(mut all: Vec<Region>, columns: usize) -> Self {
        all.sort_unstable();
        Self {
            all,
            next: 0,
            open: Vec::new(),
            columns,
        }
    }

    /// Tells what stands in cells of a row that belong to regions and have nothing of their own. `own` gives the text of
    /// a cell of the row.
    pub fn fill(
        &mut self,
        row: u64,
        own: impl Fn(usize) -> Option<String>,
    ) -> impl Iterator<Item = (usize, &str)> {
        self.open.retain(|(region, _)| region.bottom >= row);
        while let Some(region) = self.all.get(self.next).filter(|region| region.top <= row) {
            self.next += 1;
            // Regions do not overlap, so more than one a column is a broken file.
            if region.bottom >= row
                && region.top == row
                && self.open.len() < self.columns
                && let Some(text) = own(region.left).filter(|text| !text.is_empty())
            {
                self.open.push((*region, text));
            }
        }
        let most = self.columns;
        self.open.iter().flat_map(move |(region, text)| {
            (region.left..=region.right.min(most)).map(move |column| (column, text.as_str()))
        })
    }

    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}

/// Finds the merged regions of a sheet. They stand behind its cells, so the part is run through once for them; this also
/// checks its size and its sum before the first row is given out.
pub(crate) fn find(part: &Source) -> Result<Vec<Region>, ReadFault> {
    let limits = part.limits();
    let finder = Finder::new("mergeCell ");
    let mut stream = part.open()?;
    let mut found = Vec::new();
    let mut buffer = Vec::with_capacity(CHUNK + TAG);
    loop {
        let kept = buffer.len();
        let most = u64::try_from(CHUNK).unwrap_or(u64::MAX);
        let got = (&mut stream)
            .take(most)
            .read_to_end(&mut buffer)
            .map_err(unwrapped)?;
        let over = got == 0;
        // The last bytes may be the beginning of an element; they are looked at with what follows.
        let upto = if over {
            kept
        } else {
            buffer.len().saturating_sub(TAG)
        };
        let mut at = 0;
        while let Some(hit) = finder.find(buffer.get(at..).unwrap_or_default()) {
            let start = at + hit;
            if start >= upto {
                break;
            }
            let tag = buffer
                .get(start..(start + TAG).min(buffer.len()))
                .unwrap_or_default();
            let opened = start.checked_sub(1).and_then(|before| buffer.get(before));
            if matches!(opened, Some(b'<' | b':')) {
                found.extend(region(tag));
            }
            at = start + 1;
        }
        if found.len() > limits.merges {
            return Err(too_many(limits));
        }
        if over {
            return Ok(found);
        }
        // One more byte, so that what opens the element is seen.
        buffer.drain(..upto.saturating_sub(1));
    }
}

pub(crate) fn too_many(limits: &Limits) -> ReadFault {
    ReadFault::fatal(
        "readers.book.merges",
        format!("工作表的合并单元格超过 {} 处。", limits.merges),
        "请取消合并单元格，或另存为 CSV 后提交。",
    )
}

fn region(tag: &[u8]) -> Option<Region> {
    let text = String::from_utf8_lossy(tag);
    let (_, rest) = text.split_once("ref=")?;
    let quote = rest.chars().next()?;
    let range = rest.get(1..)?.split(quote).next()?;
    let (from, to) = range.split_once(':')?;
    let (left, top) = place(from)?;
    let (right, bottom) = place(to)?;
    (left <= right && top <= bottom).then_some(Region {
        top,
        bottom,
        left,
        right,
    })
}

/// Column and row (both from 0) of a reference such as `AB12`.
pub(crate) fn place(reference: &str) -> Option<(usize, u64)> {
    /// Columns of the largest sheet.
    const MOST: usize = 1 << 14;
    let letters = reference.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (name, row) = reference.split_at_checked(letters)?;
    let mut column = 0_usize;
    for letter in name.bytes() {
        column = column
            .checked_mul(26)?
            .checked_add(usize::from(letter.to_ascii_uppercase() - b'A') + 1)?;
        if column > MOST {
            return None;
        }
    }
    Some((column.checked_sub(1)?, row.parse::<u64>().ok()?.checked_sub(1)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_columns_and_rows() {
        assert_eq!(place("A1"), Some((0, 0)));
        assert_eq!(place("AB12"), Some((27, 11)));
        assert_eq!(place("XFD1048576"), Some((16383, 1_048_575)));
        for wrong in ["", "A", "1", "A0", "XFE1", "AAAAAAAAAAAAAAAAAA1", "中1"] {
            assert_eq!(place(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_first_cell_of_a_region_is_repeated_to_all_of_it() {
        let regions = vec![Region {
            top: 0,
            bottom: 1,
            left: 1,
            right: 2,
        }];
        let mut regions = Regions::new(regions, 10);
        let own = |column: usize| (column == 1).then(|| "处罚".to_owned());
        assert_eq!(
            regions.fill(0, own).collect::<Vec<_>>(),
            [(1, "处罚"), (2, "处罚")]
        );
        assert_eq!(regions.fill(1, |_| None).count(), 2);
        assert_eq!(regions.fill(2, |_| None).count(), 0);
    }
}
