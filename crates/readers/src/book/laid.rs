//! Lays the cells of one row of a sheet out, with the values of merged regions repeated.
use super::merged::{Region, Regions};
use crate::delimited::{clean, too_long, too_many_columns};
use crate::fault::ReadFault;
use crate::limits::Limits;
use crate::row::Row;

/// A cell of the row in hand.
#[derive(Debug, Clone, Copy)]
struct Cell {
    column: usize,
    from: usize,
    to: usize,
}

/// The row in hand, and the merged regions of its sheet.
pub(crate) struct Laid {
    cells: Vec<Cell>,
    /// Text of the cells; a cell is added by writing here and calling [`Laid::end`].
    pub text: String,
    from: usize,
    regions: Regions,
    begun: bool,
    row_bytes: usize,
    columns: usize,
}

impl Laid {
    pub fn new(regions: Vec<Region>, limits: &Limits) -> Self {
        Self {
            cells: Vec::new(),
            text: String::new(),
            from: 0,
            regions: Regions::new(regions, limits.columns),
            begun: false,
            row_bytes: limits.row_bytes,
            columns: limits.columns,
        }
    }

    /// Begins a row.
    pub fn clear(&mut self) {
        self.cells.clear();
        self.text.clear();
        self.from = 0;
    }

    /// What was written to `text` since the last cell is the cell of this column.
    pub fn end(&mut self, column: usize) {
        let (from, to) = (self.from, self.text.len());
        if to > from {
            self.cells.push(Cell { column, from, to });
        }
        // A longer row is refused when it is laid out; until then no more is kept of it.
        if to > self.row_bytes {
            self.text.truncate(from);
            self.text
                .push_str(" ".repeat(self.row_bytes.saturating_sub(from) + 1).as_str());
        }
        self.from = self.text.len();
    }

    /// Lays the row out. False when nothing stands in it.
    pub fn put(&mut self, line: u64, row: &mut Row) -> Result<bool, ReadFault> {
        row.clear(line);
        if self.text.len() > self.row_bytes {
            return Err(too_long(line, self.row_bytes));
        }
        self.cells.sort_by_key(|cell| cell.column);
        self.cells.dedup_by_key(|cell| cell.column);
        if !self.regions.is_empty() {
            self.repeat(line)?;
        }
        let wide = self.cells.last().map_or(0, |cell| cell.column + 1);
        if wide > self.columns {
            return Err(too_many_columns(line, wide, self.columns, self.begun));
        }
        for cell in &self.cells {
            while row.len() < cell.column {
                row.push("");
            }
            row.push(self.text.get(cell.from..cell.to).unwrap_or_default());
        }
        if row.is_empty() {
            return Ok(false);
        }
        self.begun = true;
        clean(row)?;
        Ok(true)
    }

    fn repeat(&mut self, line: u64) -> Result<(), ReadFault> {
        let (cells, text) = (&self.cells, &self.text);
        let find = |column: usize| cells.binary_search_by_key(&column, |cell| cell.column);
        let own = |column: usize| {
            let cell = cells.get(find(column).ok()?)?;
            text.get(cell.from..cell.to).map(str::to_owned)
        };
        let repeated: Vec<(usize, String)> = self
            .regions
            .fill(line.saturating_sub(1), own)
            .filter(|(column, _)| find(*column).is_err())
            .take(self.columns)
            .map(|(column, text)| (column, text.to_owned()))
            .collect();
        for (column, text) in repeated {
            let from = self.text.len();
            self.text.push_str(&text);
            self.cells.push(Cell {
                column,
                from,
                to: self.text.len(),
            });
            if self.text.len() > self.row_bytes {
                return Err(too_long(line, self.row_bytes));
            }
        }
        self.cells.sort_by_key(|cell| cell.column);
        self.cells.dedup_by_key(|cell| cell.column);
        Ok(())
    }
}
