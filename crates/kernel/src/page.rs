//! Lists by the page: an opaque cursor in, items and the next cursor out.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::fault::{Fault, FaultKind, Outcome};

/// Where a page begins: base64url of the JSON of the last row's key. Callers hand it back unread.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(String);

impl Cursor {
    /// Wraps the key of the last row of a page.
    pub fn encode<K: Serialize>(key: &K) -> Outcome<Self> {
        let json = serde_json::to_vec(key).map_err(|error| Fault::internal("分页游标无法生成", error))?;
        Ok(Self(URL_SAFE_NO_PAD.encode(json)))
    }

    /// A cursor as it came from outside; judged by `decode`.
    pub fn from_text(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The key again. Refuses (400) a cursor that is not one of ours or of another list.
    pub fn decode<K: DeserializeOwned>(&self) -> Outcome<K> {
        let refuse = || {
            Fault::new(
                FaultKind::Malformed,
                "page.cursor.unreadable",
                "分页游标无法识别。请从第一页重新查询。",
            )
        };
        let json = URL_SAFE_NO_PAD
            .decode(&self.0)
            .map_err(|error| refuse().with_source(error))?;
        serde_json::from_slice(&json).map_err(|error| refuse().with_source(error))
    }

    /// The text to hand out.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text to hand out, owned.
    pub fn into_string(self) -> String {
        self.0
    }
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    /// The rows, in order.
    pub items: Vec<T>,
    /// Cursor of the following page; absent on the last.
    pub next: Option<String>,
    /// How many rows the whole list has, where counting is cheap.
    pub total: Option<i64>,
}

impl<T> Page<T> {
    /// A list that fits on one page.
    pub fn whole(items: Vec<T>) -> Self {
        Self {
            items,
            next: None,
            total: None,
        }
    }

    /// Cuts `limit` rows from a query that asked for one row more; `key` names the last row kept.
    pub fn cut<K: Serialize>(mut items: Vec<T>, limit: usize, key: impl Fn(&T) -> K) -> Outcome<Self> {
        let more = items.len() > limit;
        items.truncate(limit);
        let next = match items.last() {
            Some(last) if more => Some(Cursor::encode(&key(last))?.into_string()),
            _ => None,
        };
        Ok(Self {
            items,
            next,
            total: None,
        })
    }

    /// Adds the length of the whole list.
    #[must_use]
    pub fn with_total(mut self, total: i64) -> Self {
        self.total = Some(total);
        self
    }

    /// The same page of something else.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(change).collect(),
            next: self.next,
            total: self.total,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_gives_back_the_key_it_was_made_from() {
        let cursor = Cursor::encode(&("2026-01-05", 42_i64)).unwrap();
        assert!(
            cursor
                .as_str()
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        );
        assert_eq!(
            cursor.decode::<(String, i64)>().unwrap(),
            ("2026-01-05".to_owned(), 42)
        );
    }

    #[test]
    fn a_foreign_cursor_is_refused_as_malformed() {
        for text in ["", "!!!", "bm90IGpzb24"] {
            let fault = Cursor::from_text(text).decode::<i64>().unwrap_err();
            assert_eq!(
                (fault.kind.status(), fault.code()),
                (400, "page.cursor.unreadable")
            );
        }
        let of_another_list = Cursor::encode(&"text").unwrap();
        assert!(of_another_list.decode::<i64>().is_err());
    }

    #[test]
    fn only_a_page_with_a_follower_names_the_next_one() {
        let page = Page::cut(vec![1, 2, 3], 2, |n| *n).unwrap();
        assert_eq!(page.items, [1, 2]);
        assert_eq!(Cursor::from_text(page.next.unwrap()).decode::<i32>().unwrap(), 2);
        assert_eq!(Page::cut(vec![1, 2], 2, |n| *n).unwrap().next, None);
    }
}
