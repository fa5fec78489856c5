//! The closed set of values that both databases can hold, and how Rust values enter it.

use chrono::{DateTime, Datelike as _, SubsecRound as _, Timelike as _};
use kernel::{Day, Fen, Id, Instant};

use crate::error::DbError;

/// One value of a row or an argument. Closed on purpose: what is not here cannot be stored in both databases alike.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Value {
    /// SQL `NULL`.
    Null,
    /// `BOOLEAN`; `INTEGER CHECK (x IN (0, 1))` on SQLite.
    Bool(bool),
    /// `BIGINT`; `INTEGER` on SQLite.
    Int(i64),
    /// `TEXT`. The character NUL is refused, because PostgreSQL cannot hold it.
    Text(String),
    /// `BYTEA`; `BLOB` on SQLite.
    Bytes(Vec<u8>),
    /// A day in local law: `DATE`; `TEXT` `2026-09-01` on SQLite.
    Date(Day),
    /// An instant in UTC, whole microseconds: `TIMESTAMPTZ`; `TEXT` `2026-09-01T08:00:00.000000Z` on SQLite.
    Time(Instant),
    /// `JSONB`; `TEXT` on SQLite. Stored whole, never queried by path.
    Json(serde_json::Value),
}

/// Years beyond four digits would break the rule that SQLite's text order is the order of time.
const YEARS: std::ops::RangeInclusive<i32> = 0..=9999;

/// Whether a day's year has four digits.
pub(crate) fn fits_year(day: Day) -> bool {
    YEARS.contains(&day.year())
}

impl Value {
    /// The word for this kind of value in error messages.
    pub fn kind(&self) -> &'static str {
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
        let fits = match self {
            Self::Text(text) => !text.contains('\0'),
            Self::Json(json) => !has_nul(json),
            Self::Date(day) => YEARS.contains(&day.year()),
            Self::Time(at) => YEARS.contains(&at.year()),
            Self::Null | Self::Bool(_) | Self::Int(_) | Self::Bytes(_) => true,
        };
        if fits {
            return Ok(());
        }
        let reason = match self {
            Self::Date(_) | Self::Time(_) => "a year outside 0 to 9999",
            _ => "the character NUL",
        };
        Err(DbError::Other(format!(
            "a {} with {reason} cannot be stored",
            self.kind()
        )))
    }
}

fn has_nul(json: &serde_json::Value) -> bool {
    match json {
        serde_json::Value::String(text) => text.contains('\0'),
        serde_json::Value::Array(items) => items.iter().any(has_nul),
        serde_json::Value::Object(fields) => fields
            .iter()
            .any(|(key, item)| key.contains('\0') || has_nul(item)),
        _ => false,
    }
}

/// The fixed-width text of a day on SQLite: what `%Y-%m-%d` gives, at a tenth of the cost.
pub(crate) fn day_text(day: Day) -> String {
    let mut text = String::with_capacity(10);
    put_day(&mut text, day);
    text
}

/// The fixed-width text of an instant on SQLite: `%Y-%m-%dT%H:%M:%S%.6fZ`.
pub(crate) fn instant_text(at: Instant) -> String {
    let mut text = String::with_capacity(27);
    put_day(&mut text, at.date_naive());
    for (mark, number, digits) in [
        ('T', at.hour(), 2),
        (':', at.minute(), 2),
        (':', at.second(), 2),
        ('.', at.timestamp_subsec_micros(), 6),
    ] {
        text.push(mark);
        put(&mut text, number, digits);
    }
    text.push('Z');
    text
}

fn put_day(text: &mut String, day: Day) {
    put(text, u32::try_from(day.year()).unwrap_or(0), 4);
    text.push('-');
    put(text, day.month(), 2);
    text.push('-');
    put(text, day.day(), 2);
}

fn put(text: &mut String, number: u32, digits: u32) {
    for place in (0..digits).rev() {
        let digit = number / 10_u32.pow(place) % 10;
        text.push(char::from_digit(digit, 10).unwrap_or('0'));
    }
}

pub(crate) fn parse_day(text: &str) -> Option<Day> {
    Day::parse_from_str(text, "%Y-%m-%d").ok()
}

pub(crate) fn parse_instant(text: &str) -> Option<Instant> {
    DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc())
}

macro_rules! into_value {
    ($($from:ty => |$x:ident| $made:expr;)*) => {
        $(impl From<$from> for Value {
            fn from($x: $from) -> Self {
                $made
            }
        })*
    };
}

into_value! {
    bool => |x| Self::Bool(x);
    i64 => |x| Self::Int(x);
    i32 => |x| Self::Int(i64::from(x));
    i16 => |x| Self::Int(i64::from(x));
    u32 => |x| Self::Int(i64::from(x));
    u16 => |x| Self::Int(i64::from(x));
    u8 => |x| Self::Int(i64::from(x));
    Fen => |x| Self::Int(x.0);
    &str => |x| Self::Text(x.to_owned());
    String => |x| Self::Text(x);
    Vec<u8> => |x| Self::Bytes(x);
    &[u8] => |x| Self::Bytes(x.to_vec());
    Day => |x| Self::Date(x);
    // Cut to microseconds here, so that both databases give back what was written.
    Instant => |x| Self::Time(x.trunc_subsecs(6));
    serde_json::Value => |x| Self::Json(x);
}

impl<T> From<Id<T>> for Value {
    fn from(id: Id<T>) -> Self {
        Self::Int(id.get())
    }
}

impl<T> From<Option<T>> for Value
where
    Self: From<T>,
{
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::from)
    }
}

impl<T: Clone> From<&T> for Value
where
    Self: From<T>,
{
    fn from(value: &T) -> Self {
        Self::from(value.clone())
    }
}

/// The arguments of a statement: `args![plan.id, title, &opens_on, budget]` is an array of [`Value`].
#[macro_export]
macro_rules! args {
    () => { [$crate::Value::Null; 0] };
    ($($value:expr),+ $(,)?) => { [$($crate::Value::from($value)),+] };
}

#[cfg(test)]
mod tests {
    use super::{day_text, instant_text};

    #[test]
    fn days_and_instants_are_written_as_their_formats_say() {
        let at: kernel::Instant = "2026-01-09T08:05:07.000120Z".parse().unwrap();
        for at in [
            at,
            at - chrono::Duration::days(700_000),
            at + chrono::Duration::microseconds(999_880),
        ] {
            assert_eq!(instant_text(at), at.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string());
            assert_eq!(day_text(at.date_naive()), at.format("%Y-%m-%d").to_string());
        }
    }
}
