//! Numbers for catalogue items and codes, so that the hot path compares integers.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

/// How records of an item live together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ItemMode {
    /// The latest replaces the former.
    State,
    /// Accumulates.
    Fact,
    /// Ends the record it names.
    End,
}

/// One catalogue item as the evaluator knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemSymbol {
    /// Item code, `penalty`.
    pub code: String,
    /// Title in Chinese.
    pub title: String,
    /// Mode.
    pub mode: ItemMode,
    /// Code of the item this one ends (`abnormal-removal` → `abnormal-listing`).
    pub ends: Option<String>,
}

/// Item code ↔ u16 and code text ↔ u32. 0 is the unknown. Items and codes are numbered from 1 in bytewise order of their
/// text, so equal packs give equal numbers; numbers are good only together with [`Symbols::fingerprint`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symbols {
    items: Vec<ItemSymbol>,
    codes: Vec<String>,
    item_numbers: HashMap<String, u16>,
    code_numbers: HashMap<String, u32>,
    ended_by: Vec<u16>,
}

impl Symbols {
    /// Numbers the given items and codes. Duplicates are dropped. At most 65 535 items and 2³²−1 codes are kept.
    pub fn new(items: impl IntoIterator<Item = ItemSymbol>, codes: impl IntoIterator<Item = String>) -> Self {
        let mut items: Vec<ItemSymbol> = items.into_iter().filter(|item| !item.code.is_empty()).collect();
        items.sort_by(|a, b| a.code.cmp(&b.code));
        items.dedup_by(|a, b| a.code == b.code);
        items.truncate(usize::from(u16::MAX));
        let mut codes: Vec<String> = codes.into_iter().filter(|code| !code.is_empty()).collect();
        codes.sort();
        codes.dedup();
        let item_numbers: HashMap<String, u16> = items
            .iter()
            .zip(1_u16..)
            .map(|(item, number)| (item.code.clone(), number))
            .collect();
        let code_numbers = codes
            .iter()
            .zip(1_u32..)
            .map(|(code, number)| (code.clone(), number))
            .collect();
        let mut ended_by = vec![0_u16; items.len() + 1];
        for (item, number) in items.iter().zip(1_u16..) {
            let ended = item.ends.as_ref().and_then(|code| item_numbers.get(code));
            if let Some(slot) = ended.and_then(|ended| ended_by.get_mut(usize::from(*ended))) {
                *slot = number;
            }
        }
        Self {
            items,
            codes,
            item_numbers,
            code_numbers,
            ended_by,
        }
    }

    /// Number of an item; 0 when unknown.
    pub fn item(&self, code: &str) -> u16 {
        self.item_numbers.get(code).copied().unwrap_or(0)
    }

    /// The item behind a number.
    pub fn item_of(&self, number: u16) -> Option<&ItemSymbol> {
        self.items.get(usize::from(number).checked_sub(1)?)
    }

    /// Number of items, not counting the unknown; numbers run from 1 to this.
    pub fn item_count(&self) -> usize {
        self.items.len()
    }

    /// The item whose records end records of this item (listing → removal).
    pub fn ended_by(&self, number: u16) -> Option<u16> {
        self.ended_by
            .get(usize::from(number))
            .copied()
            .filter(|ender| *ender != 0)
    }

    /// Number of a code; 0 when unknown. For kind, status and the `code` of records.
    pub fn code(&self, text: &str) -> u32 {
        self.code_numbers.get(text).copied().unwrap_or(0)
    }

    /// Number of the longest known code that `text` starts with; 0 when there is none. For industry and division: every
    /// prefix a model names is known here, so nothing a model can ask is lost by keeping only this number.
    pub fn nearest(&self, text: &str) -> u32 {
        text.char_indices()
            .rev()
            .filter_map(|(at, letter)| text.get(..at + letter.len_utf8()))
            .find_map(|prefix| self.code_numbers.get(prefix).copied())
            .unwrap_or(0)
    }

    /// The text behind a code number.
    pub fn code_of(&self, number: u32) -> Option<&str> {
        let at = usize::try_from(number).ok()?.checked_sub(1)?;
        self.codes.get(at).map(String::as_str)
    }

    /// Number of codes, not counting the unknown; numbers run from 1 to this.
    pub fn code_count(&self) -> usize {
        self.codes.len()
    }

    /// SHA-256 (hex) of the numbering. Stored numbers may be used only with symbols of the same fingerprint.
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        for text in self
            .items
            .iter()
            .map(|item| &item.code)
            .chain([&String::new()])
            .chain(&self.codes)
        {
            hash.update(text.as_bytes());
            hash.update(b"\n");
        }
        hex::encode(hash.finalize())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(code: &str, ends: Option<&str>) -> ItemSymbol {
        let mode = if ends.is_some() {
            ItemMode::End
        } else {
            ItemMode::Fact
        };
        ItemSymbol {
            code: code.into(),
            title: code.into(),
            mode,
            ends: ends.map(Into::into),
        }
    }

    #[test]
    fn numbers_do_not_depend_on_the_order_given() {
        let one = Symbols::new(
            [item("b", Some("a")), item("a", None)],
            ["z".into(), "y".into(), "z".into()],
        );
        let two = Symbols::new([item("a", None), item("b", Some("a"))], ["y".into(), "z".into()]);
        assert_eq!(one, two);
        assert_eq!(one.fingerprint(), two.fingerprint());
        assert_eq!((one.item("a"), one.item("b"), one.item("c")), (1, 2, 0));
        assert_eq!(one.ended_by(1), Some(2));
        assert_eq!((one.code("y"), one.code("z"), one.code("")), (1, 2, 0));
        assert_eq!(one.code_of(2), Some("z"));
        assert_eq!(one.code_of(0), None);
    }

    #[test]
    fn an_industry_is_kept_as_its_longest_known_prefix() {
        let symbols = Symbols::new([], ["F".into(), "F52".into(), "F521".into(), "5".into()]);
        assert_eq!(symbols.code_of(symbols.nearest("F5212")), Some("F521"));
        assert_eq!(symbols.code_of(symbols.nearest("F5300")), Some("F"));
        assert_eq!(symbols.nearest("A0111"), 0);
        assert_eq!(symbols.nearest(""), 0);
    }
}
