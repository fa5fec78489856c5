//! One row of text, kept in one buffer that is used again for the next row.

/// A row as it stands in the file: where it is and its cells.
#[derive(Debug, Clone, Default)]
pub struct Row {
    /// Where the row stands, growing within a table: the line of a text file (from 1), the row of a sheet (from 1), or
    /// the number of the record in a JSON array or a Parquet file (from 1; the row of names has 0).
    pub line: u64,
    text: String,
    spans: Vec<(usize, usize)>,
}

impl Row {
    /// An empty row, to be filled by [`crate::Table::read`].
    pub fn new() -> Self {
        Self::default()
    }

    /// A row made of cells.
    pub fn from_cells<'a>(line: u64, cells: impl IntoIterator<Item = &'a str>) -> Self {
        let mut row = Self::new();
        row.line = line;
        for cell in cells {
            row.push(cell);
        }
        row
    }

    /// The cell at a place (from 0), when the row is that long.
    pub fn cell(&self, i: usize) -> Option<&str> {
        let (from, to) = *self.spans.get(i)?;
        self.text.get(from..to)
    }

    /// How many cells the row has.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether the row has no cells at all.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// All cells in order.
    pub fn cells(&self) -> impl Iterator<Item = &str> {
        self.spans
            .iter()
            .map(|&(from, to)| self.text.get(from..to).unwrap_or_default())
    }

    pub(crate) fn clear(&mut self, line: u64) {
        self.line = line;
        self.text.clear();
        self.spans.clear();
    }

    pub(crate) fn push(&mut self, cell: &str) {
        let from = self.text.len();
        self.text.push_str(cell);
        self.spans.push((from, self.text.len()));
    }

    /// Takes a whole line at once; `spans` says where its cells lie.
    pub(crate) fn take(&mut self, line: u64, text: &str, spans: impl IntoIterator<Item = (usize, usize)>) {
        self.clear(line);
        self.text.push_str(text);
        self.spans.extend(spans);
    }

    /// Bytes of text held.
    pub fn bytes(&self) -> usize {
        self.text.len()
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Takes empty cells off the end.
    pub(crate) fn trim_end(&mut self) {
        while self.spans.last().is_some_and(|(from, to)| from == to) {
            self.spans.pop();
        }
    }
}

impl PartialEq for Row {
    fn eq(&self, other: &Self) -> bool {
        self.line == other.line && self.cells().eq(other.cells())
    }
}

impl Eq for Row {}

/// Cells that stand more than once in a row of headings, each with its places (from 0). What to do about it is the
/// caller's decision.
pub fn duplicates(headings: &Row) -> Vec<(String, Vec<usize>)> {
    let mut seen: Vec<(String, Vec<usize>)> = Vec::new();
    let mut index = std::collections::HashMap::new();
    for (place, heading) in headings.cells().enumerate() {
        let heading = heading.trim();
        if heading.is_empty() {
            continue;
        }
        let at = *index.entry(heading.to_owned()).or_insert_with(|| {
            seen.push((heading.to_owned(), Vec::new()));
            seen.len() - 1
        });
        if let Some((_, places)) = seen.get_mut(at) {
            places.push(place);
        }
    }
    seen.retain(|(_, places)| places.len() > 1);
    seen
}
