//! One row of an answer, read by column name.

use std::sync::Arc;

use kernel::{Day, Fen, Id, Instant, Outcome};

use crate::error::DbError;
use crate::value::{Value, parse_day, parse_instant};

/// A row that owns its values; the column names are shared by all rows of one answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    columns: Arc<[String]>,
    values: Vec<Value>,
}

impl Row {
    pub(crate) fn new(columns: Arc<[String]>, values: Vec<Value>) -> Self {
        Self { columns, values }
    }

    /// The value of a column as `T`. A missing column, a null where `T` is not an `Option`, or another kind of value
    /// is an internal fault: statement and code disagree.
    pub fn get<T: FromValue>(&self, column: &str) -> Outcome<T> {
        let place = self.columns.iter().position(|name| name == column);
        let Some(value) = place.and_then(|place| self.values.get(place)) else {
            return Err(DbError::Decode(format!("the answer has no column {column}")).into());
        };
        T::from_value(value).ok_or_else(|| {
            DbError::Decode(format!(
                "column {column} holds {}, wanted {}",
                value.kind(),
                T::KIND
            ))
            .into()
        })
    }

    /// Column names in the order of the statement.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The values in the order of the statement.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// Gives up the values, for passing rows on without copying them.
    pub fn into_values(self) -> Vec<Value> {
        self.values
    }
}

/// What can be read from a [`Value`]. SQLite keeps days, instants and JSON as text and booleans as 0 or 1, so the
/// reader decides.
pub trait FromValue: Sized {
    /// The word for this kind in error messages.
    const KIND: &'static str;
    /// `None` when the value is of another kind or out of range.
    fn from_value(value: &Value) -> Option<Self>;
}

macro_rules! from_value {
    ($($to:ty, $kind:literal, |$value:ident| $read:expr;)*) => {
        $(impl FromValue for $to {
            const KIND: &'static str = $kind;
            fn from_value($value: &Value) -> Option<Self> {
                $read
            }
        })*
    };
}

fn int(value: &Value) -> Option<i64> {
    if let Value::Int(number) = value {
        Some(*number)
    } else {
        None
    }
}

from_value! {
    Value, "value", |value| Some(value.clone());
    bool, "bool", |value| match value {
        Value::Bool(flag) => Some(*flag),
        Value::Int(0) => Some(false),
        Value::Int(1) => Some(true),
        _ => None,
    };
    i64, "int", |value| int(value);
    i32, "int (32 bits)", |value| int(value)?.try_into().ok();
    i16, "int (16 bits)", |value| int(value)?.try_into().ok();
    u64, "int (not negative)", |value| int(value)?.try_into().ok();
    u32, "int (32 bits, not negative)", |value| int(value)?.try_into().ok();
    u16, "int (16 bits, not negative)", |value| int(value)?.try_into().ok();
    u8, "int (8 bits, not negative)", |value| int(value)?.try_into().ok();
    usize, "int (not negative)", |value| int(value)?.try_into().ok();
    Fen, "int", |value| int(value).map(Fen);
    String, "text", |value| if let Value::Text(text) = value { Some(text.clone()) } else { None };
    Vec<u8>, "bytes", |value| if let Value::Bytes(bytes) = value { Some(bytes.clone()) } else { None };
    Day, "date", |value| match value {
        Value::Date(day) => Some(*day),
        Value::Text(text) => parse_day(text),
        _ => None,
    };
    Instant, "time", |value| match value {
        Value::Time(at) => Some(*at),
        Value::Text(text) => parse_instant(text),
        _ => None,
    };
    serde_json::Value, "json", |value| match value {
        Value::Json(json) => Some(json.clone()),
        Value::Text(text) => serde_json::from_str(text).ok(),
        _ => None,
    };
}

impl<T> FromValue for Id<T> {
    const KIND: &'static str = "int";
    fn from_value(value: &Value) -> Option<Self> {
        int(value).map(Self::new)
    }
}

impl<T: FromValue> FromValue for Option<T> {
    const KIND: &'static str = T::KIND;
    fn from_value(value: &Value) -> Option<Self> {
        if matches!(value, Value::Null) {
            Some(None)
        } else {
            T::from_value(value).map(Some)
        }
    }
}
