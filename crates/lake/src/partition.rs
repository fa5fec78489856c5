//! Cutting the entities into ranges that can be worked on apart: along row groups of the largest file, so that nothing
//! of it is decoded twice.

use std::ops::RangeInclusive;

use crate::read::FileIndex;

/// Rows of a range beyond which results waiting for their turn would take too much memory.
const MOST_ROWS: usize = 1 << 22;
/// Ranges for each thread, so that one thread does not wait long for another at the end.
const PER_THREAD: usize = 8;

/// Adjoining ranges that together hold every entity number, in order.
pub(crate) fn ranges<'f>(
    files: impl Iterator<Item = &'f FileIndex>,
    threads: usize,
) -> Vec<RangeInclusive<i64>> {
    let edges_of = |file: &FileIndex| file.edges().collect::<Vec<(i64, usize)>>();
    let rows_of = |edges: &Vec<(i64, usize)>| edges.iter().map(|(_, rows)| *rows).sum::<usize>();
    let edges = files.map(edges_of).max_by_key(rows_of).unwrap_or_default();
    let parts = threads.saturating_mul(PER_THREAD).max(1);
    let target = rows_of(&edges).div_ceil(parts).clamp(1, MOST_ROWS);
    let mut ranges = Vec::new();
    let mut from = i64::MIN;
    let mut gathered = 0_usize;
    for (last, rows) in edges {
        gathered = gathered.saturating_add(rows);
        if gathered >= target && last >= from && last < i64::MAX {
            ranges.push(from..=last);
            from = last.saturating_add(1);
            gathered = 0;
        }
    }
    ranges.push(from..=i64::MAX);
    ranges
}
