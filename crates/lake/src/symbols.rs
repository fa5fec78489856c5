//! Item and code symbols kept with the files, so that a later pack, numbering them otherwise, still reads old segments.

use std::collections::{HashMap, HashSet};

use policy::Symbols;
use serde::{Deserialize, Serialize};

/// The texts behind the numbers of one or more files: the text at index `n` is what symbol `n` stood for.
/// Symbol 0 is the unknown text of every pack and is written as the empty text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SymbolTable {
    /// Hash of the pack that numbered the symbols.
    pub pack_hash: String,
    /// Catalogue items.
    pub items: Vec<String>,
    /// Texts of code tables.
    pub codes: Vec<String>,
}

impl SymbolTable {
    /// The numbering of a pack.
    pub fn of(pack_hash: impl Into<String>, symbols: &Symbols) -> Self {
        let numbers = 0..=u16::try_from(symbols.item_count()).unwrap_or(u16::MAX);
        let items = numbers.map(|n| {
            symbols
                .item_of(n)
                .map_or_else(String::new, |item| item.code.clone())
        });
        let numbers = 0..=u32::try_from(symbols.code_count()).unwrap_or(u32::MAX);
        let codes = numbers.map(|n| symbols.code_of(n).unwrap_or_default().to_owned());
        Self {
            pack_hash: pack_hash.into(),
            items: items.collect(),
            codes: codes.collect(),
        }
    }

    /// How numbers of `self` read under the symbols of a pack. What the pack does not know becomes 0, except that an
    /// industry or division becomes its longest known prefix.
    pub(crate) fn map_to_pack(&self, pack: &Symbols) -> SymbolMap {
        let items: Vec<u16> = self.items.iter().map(|text| pack.item(text)).collect();
        let codes: Vec<u32> = self.codes.iter().map(|text| pack.code(text)).collect();
        let areas: Vec<u32> = self.codes.iter().map(|text| pack.nearest(text)).collect();
        SymbolMap {
            items: unless_same(items),
            codes: unless_same(codes),
            areas: unless_same(areas),
        }
    }

    /// How numbers of `self` read under another table, which must know all of its texts (see [`Self::union`]).
    pub(crate) fn map_to(&self, target: &Self) -> SymbolMap {
        let codes: Option<Vec<u32>> = unless_same(translate(&self.codes, &target.codes));
        SymbolMap {
            items: unless_same(translate(&self.items, &target.items)),
            areas: codes.clone(),
            codes,
        }
    }

    /// A table that knows every text of all `tables`; numbering and pack hash follow the last one.
    pub(crate) fn union(tables: &[&Self]) -> Option<Self> {
        let (last, earlier) = tables.split_last()?;
        let mut whole = (*last).clone();
        for table in earlier {
            add_missing(&mut whole.items, &table.items);
            add_missing(&mut whole.codes, &table.codes);
        }
        Some(whole)
    }
}

fn add_missing(held: &mut Vec<String>, more: &[String]) {
    let known: HashSet<String> = held.iter().cloned().collect();
    held.extend(more.iter().filter(|t| !known.contains(*t)).cloned());
}

fn translate<N: TryFrom<usize> + Default>(from: &[String], to: &[String]) -> Vec<N> {
    let index: HashMap<&str, usize> = to
        .iter()
        .enumerate()
        .rev()
        .map(|(n, t)| (t.as_str(), n))
        .collect();
    let number = |text: &String| {
        index
            .get(text.as_str())
            .and_then(|n| N::try_from(*n).ok())
            .unwrap_or_default()
    };
    from.iter().map(number).collect()
}

/// `None` when every symbol keeps its number: the common case, which then costs nothing.
fn unless_same<N: TryInto<usize> + Copy>(map: Vec<N>) -> Option<Vec<N>> {
    let same = map
        .iter()
        .enumerate()
        .all(|(old, new)| (*new).try_into().is_ok_and(|new| new == old));
    (!same).then_some(map)
}

/// Translation of the symbols of one file into those of the reader.
#[derive(Debug, Clone, Default)]
pub(crate) struct SymbolMap {
    items: Option<Vec<u16>>,
    codes: Option<Vec<u32>>,
    areas: Option<Vec<u32>>,
}

impl SymbolMap {
    /// The reader's number of a file's item symbol.
    pub(crate) fn item(&self, symbol: u16) -> u16 {
        match &self.items {
            None => symbol,
            Some(map) => map.get(usize::from(symbol)).copied().unwrap_or(0),
        }
    }

    /// The reader's number of a file's code symbol.
    pub(crate) fn code(&self, symbol: u32) -> u32 {
        look_up(self.codes.as_deref(), symbol)
    }

    /// The reader's number of a file's industry or division.
    pub(crate) fn area(&self, symbol: u32) -> u32 {
        look_up(self.areas.as_deref(), symbol)
    }
}

fn look_up(map: Option<&[u32]>, symbol: u32) -> u32 {
    match map {
        None => symbol,
        Some(map) => usize::try_from(symbol)
            .ok()
            .and_then(|n| map.get(n))
            .copied()
            .unwrap_or(0),
    }
}
