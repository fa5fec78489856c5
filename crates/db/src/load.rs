//! Rows on their way into a table in bulk, borrowed from whoever holds them.

use kernel::{Day, Instant, Outcome};

use crate::error::DbError;
use crate::value::{Value, fits_year};

/// One value on its way in. Like [`Value`], but borrowed, and JSON is already text: what is loaded by the million is
/// written once and copied never.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell<'a> {
    /// SQL `NULL`.
    Null,
    /// `BOOLEAN`; 0 or 1 on SQLite.
    Bool(bool),
    /// `BIGINT`.
    Int(i64),
    /// `TEXT`, without the character NUL.
    Text(&'a str),
    /// `BYTEA`.
    Bytes(&'a [u8]),
    /// A day.
    Date(Day),
    /// An instant; cut to microseconds.
    Time(Instant),
    /// JSON as text. PostgreSQL checks that it is well formed, SQLite by the table's own rule.
    Json(&'a str),
}

impl<'a> Cell<'a> {
    /// A text that may be absent.
    pub fn text(text: Option<&'a str>) -> Self {
        text.map_or(Self::Null, Self::Text)
    }

    /// A number that may be absent.
    pub fn int(number: Option<i64>) -> Self {
        number.map_or(Self::Null, Self::Int)
    }

    /// A day that may be absent.
    pub fn day(day: Option<Day>) -> Self {
        day.map_or(Self::Null, Self::Date)
    }

    /// The word for this kind in error messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Text(_) => "text",
            Self::Bytes(_) => "bytes",
            Self::Date(_) => "date",
            Self::Time(_) => "time",
            Self::Json(_) => "json",
        }
    }

    /// Refuses what only one of the two databases would take.
    pub(crate) fn check(&self) -> Result<(), DbError> {
        let reason = match self {
            Self::Text(text) if text.as_bytes().contains(&0) => "the character NUL",
            Self::Json(text) if text.contains("\\u0000") && has_escaped_nul(text) => "the character NUL",
            Self::Date(day) if !fits_year(*day) => "a year outside 0 to 9999",
            Self::Time(at) if !fits_year(at.date_naive()) => "a year outside 0 to 9999",
            _ => return Ok(()),
        };
        let kind = self.kind();
        Err(DbError::Other(format!("a {kind} with {reason} cannot be stored")))
    }

    /// The same value, owned: for naming the row that was refused.
    pub(crate) fn owned(&self) -> Value {
        match *self {
            Self::Null => Value::Null,
            Self::Bool(flag) => Value::Bool(flag),
            Self::Int(number) => Value::Int(number),
            Self::Text(text) | Self::Json(text) => Value::Text(text.to_owned()),
            Self::Bytes(bytes) => Value::Bytes(bytes.to_vec()),
            Self::Date(day) => Value::Date(day),
            Self::Time(at) => Value::Time(at),
        }
    }
}

/// Whether `\u0000` stands in the text as an escape, not as a backslash followed by letters.
fn has_escaped_nul(json: &str) -> bool {
    json.match_indices("\\u0000").any(|(at, _)| {
        let before = json.as_bytes().get(..at).unwrap_or_default();
        before.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 0
    })
}

/// Takes the rows of one load in.
pub(crate) trait Sink {
    /// One row, its cells in the order of the columns.
    fn row(&mut self, cells: &[Cell<'_>]) -> Result<(), DbError>;
}

/// A load under way: [`Tx::fill`](crate::Tx::fill) hands it to whoever has the rows.
pub struct Filling<'s> {
    pub(crate) sink: &'s mut dyn Sink,
    pub(crate) columns: usize,
    pub(crate) rows: u64,
}

impl Filling<'_> {
    /// Adds one row, its cells in the order of the columns.
    pub fn row(&mut self, cells: &[Cell<'_>]) -> Outcome<()> {
        if cells.len() != self.columns {
            return Err(crate::sqlite::wrong_count(self.columns, cells.len()).into());
        }
        for cell in cells {
            cell.check()?;
        }
        self.sink.row(cells)?;
        self.rows += 1;
        Ok(())
    }

    /// Adds one row of owned values.
    pub(crate) fn values(&mut self, values: &[Value]) -> Outcome<()> {
        let texts: Vec<String> = values
            .iter()
            .filter_map(|value| {
                if let Value::Json(json) = value {
                    Some(json.to_string())
                } else {
                    None
                }
            })
            .collect();
        let mut texts = texts.iter();
        let cells: Vec<Cell<'_>> = values
            .iter()
            .map(|value| match value {
                Value::Null => Cell::Null,
                Value::Bool(flag) => Cell::Bool(*flag),
                Value::Int(number) => Cell::Int(*number),
                Value::Text(text) => Cell::Text(text),
                Value::Bytes(bytes) => Cell::Bytes(bytes),
                Value::Date(day) => Cell::Date(*day),
                Value::Time(at) => Cell::Time(*at),
                Value::Json(_) => texts.next().map_or(Cell::Null, |text| Cell::Json(text)),
            })
            .collect();
        self.row(&cells)
    }
}

#[cfg(test)]
mod tests {
    use super::Cell;

    #[test]
    fn only_an_escaped_nul_is_refused_in_json() {
        assert!(Cell::Json(r#"{"a":"\u0000"}"#).check().is_err());
        assert!(Cell::Json(r#"{"a":"\\u0000"}"#).check().is_ok());
        assert!(Cell::Json(r#"{"a":"\\\u0000"}"#).check().is_err());
        assert!(Cell::Text("a\0b").check().is_err());
    }
}
