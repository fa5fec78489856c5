//! Reading one table: every key asked for once, every fault kept, unknown keys refused at the end.

use std::cell::RefCell;
use std::collections::BTreeSet;

use kernel::Day;

use super::fault::Place;
use super::references::{Kind, Reference};
use super::spelling::distance;
use super::toml_tree::{Entry, Node, Source, Value};
use super::values::{Fraction, parse_money};

/// One table being read. Getters with a plain name need the key and give a default beside a fault when it is missing or
/// of the wrong kind; `maybe_…` take it as absent when missing.
pub(super) struct Sheet<'s> {
    source: &'s Source,
    path: String,
    at: usize,
    entries: &'s [Entry],
    asked: RefCell<BTreeSet<&'static str>>,
}

impl<'s> Sheet<'s> {
    pub fn new(source: &'s Source, path: String, node: &'s Node) -> Self {
        let entries: &[Entry] = if let Value::Table(entries) = &node.value {
            entries
        } else {
            &[]
        };
        let sheet = Self {
            source,
            path,
            at: node.at,
            entries,
            asked: RefCell::default(),
        };
        if !matches!(node.value, Value::Table(_)) {
            source.fault(
                node.at,
                &sheet.path,
                "这里应当是一个表",
                "写成 { 键 = 值 } 或 [[名称]]",
            );
        }
        sheet
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    fn entry(&self, key: &'static str) -> Option<&'s Entry> {
        self.asked.borrow_mut().insert(key);
        self.entries.iter().find(|entry| entry.key == key)
    }

    pub fn has(&self, key: &'static str) -> bool {
        self.entry(key).is_some()
    }

    /// Place of the row itself.
    pub fn place(&self) -> Place {
        self.source.place(self.at, &self.path)
    }

    pub fn place_of(&self, key: &'static str) -> Place {
        let at = self.entry(key).map_or(self.at, |entry| entry.at);
        self.source.place(at, &self.path_of(key))
    }

    pub fn fault(&self, key: &'static str, what: impl Into<String>, right: impl Into<String>) {
        let at = self.entry(key).map_or(self.at, |entry| entry.at);
        self.source.fault(at, &self.path_of(key), what, right);
    }

    fn needed<T>(&self, key: &'static str, value: Option<T>, right: &str) -> Option<T> {
        if value.is_none() && !self.has(key) {
            self.fault(key, format!("缺少 {key}"), right);
        }
        value
    }

    fn get<T>(&self, key: &'static str, right: &str, read: impl Fn(&Value) -> Option<T>) -> Option<T> {
        let entry = self.entry(key)?;
        let value = read(&entry.node.value);
        if value.is_none() {
            self.fault(key, format!("{key} 的值不对"), right);
        }
        value
    }

    pub fn maybe_text(&self, key: &'static str) -> Option<String> {
        let read = |value: &Value| {
            if let Value::Text(text) = value {
                Some(text.trim().to_owned())
            } else {
                None
            }
        };
        let text = self.get(key, "应为文字，如 \"…\"", read)?;
        if text.is_empty() {
            self.fault(key, format!("{key} 为空"), "请填写内容");
        }
        Some(text)
    }

    pub fn text(&self, key: &'static str) -> String {
        self.needed(key, self.maybe_text(key), "请补上文字")
            .unwrap_or_default()
    }

    pub fn maybe_whole(&self, key: &'static str, range: std::ops::RangeInclusive<i64>) -> Option<i64> {
        let read = |value: &Value| {
            if let Value::Whole(whole) = value {
                Some(*whole)
            } else {
                None
            }
        };
        let whole = self.get(key, "应为整数", read)?;
        if !range.contains(&whole) {
            self.fault(
                key,
                format!("{key} = {whole} 超出范围"),
                format!("应在{}至{}之间", range.start(), range.end()),
            );
            return Some(*range.start());
        }
        Some(whole)
    }

    pub fn whole(&self, key: &'static str, range: std::ops::RangeInclusive<i64>) -> i64 {
        self.needed(key, self.maybe_whole(key, range), "请补上整数")
            .unwrap_or_default()
    }

    /// A whole number that fits i32.
    pub fn small(&self, key: &'static str, range: std::ops::RangeInclusive<i32>) -> i32 {
        i32::try_from(self.whole(key, i64::from(*range.start())..=i64::from(*range.end())))
            .unwrap_or_default()
    }

    pub fn maybe_small(&self, key: &'static str, range: std::ops::RangeInclusive<i32>) -> Option<i32> {
        self.maybe_whole(key, i64::from(*range.start())..=i64::from(*range.end()))
            .and_then(|whole| i32::try_from(whole).ok())
    }

    pub fn maybe_flag(&self, key: &'static str) -> Option<bool> {
        self.get(key, "应为 true 或 false", |value| {
            if let Value::Flag(flag) = value {
                Some(*flag)
            } else {
                None
            }
        })
    }

    pub fn flag(&self, key: &'static str) -> bool {
        self.maybe_flag(key).unwrap_or(false)
    }

    pub fn maybe_day(&self, key: &'static str) -> Option<Day> {
        let read = |value: &Value| {
            if let Value::Day(day) = value {
                Some(*day)
            } else {
                None
            }
        };
        self.get(key, "应为不带引号的日期，如 2025-01-01", read)
    }

    pub fn day(&self, key: &'static str) -> Day {
        self.needed(key, self.maybe_day(key), "请补上日期，如 2025-01-01")
            .unwrap_or_default()
    }

    pub fn maybe_texts(&self, key: &'static str) -> Option<Vec<String>> {
        self.get(key, "应为文字的列表，如 [\"…\", \"…\"]", |value| {
            let Value::List(items) = value else { return None };
            items
                .iter()
                .map(|item| {
                    if let Value::Text(text) = &item.value {
                        Some(text.trim().to_owned())
                    } else {
                        None
                    }
                })
                .collect()
        })
    }

    pub fn texts(&self, key: &'static str) -> Vec<String> {
        self.needed(key, self.maybe_texts(key), "请补上列表")
            .unwrap_or_default()
    }

    /// A text or a list of texts.
    pub fn text_or_texts(&self, key: &'static str) -> Vec<String> {
        match self.entry(key).map(|entry| &entry.node.value) {
            Some(Value::List(_)) => self.texts(key),
            _ => vec![self.text(key)],
        }
    }

    /// One of a closed list of words.
    pub fn word<T: Copy>(&self, key: &'static str, words: &[(&str, T)]) -> Option<T> {
        let text = self.maybe_text(key)?;
        let found = words
            .iter()
            .find(|(word, _)| *word == text)
            .map(|(_, value)| *value);
        if found.is_none() && !text.is_empty() {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.fault(
                key,
                format!("{key} = \"{text}\" 不认识"),
                format!("可用：{}", known.join("、")),
            );
        }
        found
    }

    pub fn needed_word<T: Copy>(&self, key: &'static str, words: &[(&str, T)], otherwise: T) -> T {
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        self.needed(key, self.word(key, words), &format!("可用：{}", known.join("、")))
            .unwrap_or(otherwise)
    }

    pub fn maybe_fraction(&self, key: &'static str) -> Option<Fraction> {
        let text = self.maybe_text(key)?;
        let fraction = Fraction::parse(&text);
        if fraction.is_none() {
            self.fault(
                key,
                format!("{key} = \"{text}\" 不是0至1的分数"),
                "写成 \"1/100\"、\"3/1000\" 或 \"1\"",
            );
        }
        fraction
    }

    pub fn fraction(&self, key: &'static str) -> Fraction {
        self.needed(key, self.maybe_fraction(key), "写成 \"1/100\"")
            .unwrap_or_default()
    }

    pub fn maybe_money(&self, key: &'static str) -> Option<i64> {
        let text = self.maybe_text(key)?;
        let fen = parse_money(&text);
        if fen.is_none() {
            self.fault(
                key,
                format!("{key} = \"{text}\" 不是金额"),
                "写成 \"5000元\" 或 \"50万元\"",
            );
        }
        fen
    }

    /// A table under a key.
    pub fn maybe_sheet(&self, key: &'static str) -> Option<Sheet<'s>> {
        let entry = self.entry(key)?;
        Some(Sheet::new(self.source, self.path_of(key), &entry.node))
    }

    /// A list of tables under a key; absent = none.
    pub fn sheets(&self, key: &'static str) -> Vec<Sheet<'s>> {
        let Some(entry) = self.entry(key) else {
            return Vec::new();
        };
        let Value::List(items) = &entry.node.value else {
            self.fault(
                key,
                format!("{key} 应为列表"),
                format!("写成 [[{key}]] 或 {key} = [{{ … }}]"),
            );
            return Vec::new();
        };
        let path = self.path_of(key);
        (1..)
            .zip(items)
            .map(|(nth, item)| Sheet::new(self.source, format!("{path}[{nth}]"), item))
            .collect()
    }

    /// All entries as texts, for free tables such as maps and case records. Days and numbers become text.
    pub fn free(&self) -> Vec<(String, Free, Place)> {
        let mut found = Vec::new();
        for entry in self
            .entries
            .iter()
            .filter(|entry| !self.asked.borrow().contains(entry.key.as_str()))
        {
            let place = self.source.place(entry.at, &self.path_of(&entry.key));
            let value = match &entry.node.value {
                Value::Text(text) => Free::Text(text.trim().to_owned()),
                Value::Whole(whole) => Free::Whole(*whole),
                Value::Day(day) => Free::Day(*day),
                Value::Flag(_) | Value::List(_) | Value::Table(_) | Value::Other => {
                    self.source
                        .fault(entry.at, &place.path, "这里应为文字、整数或日期", "请改写");
                    continue;
                }
            };
            found.push((entry.key.clone(), value, place));
        }
        found
    }

    /// Notes that a text leads somewhere; checked when all packs are laid over each other.
    pub fn refer(&self, key: &'static str, kind: Kind, target: &str) {
        if !target.is_empty() {
            let reference = Reference {
                kind,
                target: target.to_owned(),
                place: self.place_of(key),
            };
            self.source.note(reference);
        }
    }

    /// Notes a reference at a place of its own.
    pub fn refer_at(&self, place: Place, kind: Kind, target: &str) {
        self.source.note(Reference {
            kind,
            target: target.to_owned(),
            place,
        });
    }

    pub fn source(&self) -> &'s Source {
        self.source
    }

    /// Refuses keys nobody asked for.
    pub fn finish(&self) {
        let asked = self.asked.borrow();
        for entry in self
            .entries
            .iter()
            .filter(|entry| !asked.contains(entry.key.as_str()))
        {
            let known: Vec<&str> = asked.iter().copied().collect();
            let near = known
                .iter()
                .min_by_key(|word| distance(word, &entry.key))
                .filter(|word| distance(word, &entry.key) <= 2);
            let right = near.map_or_else(
                || format!("这里可用的键：{}", known.join("、")),
                |word| format!("是否应为 {word}?"),
            );
            self.source.fault(
                entry.at,
                &self.path_of(&entry.key),
                format!("不认识的键 {}", entry.key),
                right,
            );
        }
    }
}

/// A value of a free table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Free {
    Text(String),
    Whole(i64),
    Day(Day),
}

impl std::fmt::Display for Free {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => write!(f, "{text}"),
            Self::Whole(whole) => write!(f, "{whole}"),
            Self::Day(day) => write!(f, "{day}"),
        }
    }
}
