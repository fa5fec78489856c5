//! Numbers that know what they number, and the two kinds of time.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A day in local law; columns end in `_on`.
pub type Day = chrono::NaiveDate;
/// A moment in UTC; columns end in `_at`.
pub type Instant = chrono::DateTime<chrono::Utc>;

/// Marks the number of a supervised entity (经营主体): intake gives it, every module keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entity {}

/// The number of a `T`, from the database's one sequence.
pub struct Id<T>(i64, PhantomData<fn() -> T>);

impl<T> Id<T> {
    /// Names the row with this number.
    pub const fn new(number: i64) -> Self {
        Self(number, PhantomData)
    }

    /// The bare number.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// The same number under another type, for rows that share one: say why where you call it.
    pub const fn cast<U>(self) -> Id<U> {
        Id::new(self.0)
    }
}

impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Id<T> {}
impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<T> Eq for Id<T> {}
impl<T> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> Ord for Id<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}
impl<T> Hash for Id<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}
impl<T> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}
impl<T> fmt::Display for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
impl<T> FromStr for Id<T> {
    type Err = std::num::ParseIntError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self::new)
    }
}
impl<T> Serialize for Id<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0)
    }
}
impl<'de, T> Deserialize<'de> for Id<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        i64::deserialize(deserializer).map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_travels_as_a_plain_integer() {
        let id: Id<Entity> = serde_json::from_str("42").unwrap();
        assert_eq!(id, Id::new(42));
        assert_eq!(serde_json::to_string(&id).unwrap(), "42");
        assert_eq!(format!("{id} {id:?}"), "42 #42");
    }

    #[test]
    fn a_number_is_as_small_as_an_integer() {
        assert_eq!(std::mem::size_of::<Id<Entity>>(), 8);
        assert!(Id::<Entity>::new(1) < Id::new(2));
    }
}
