//! One file as a tree of values with their places, and the faults and references found in it.

use std::cell::RefCell;
use std::ops::Range;
use std::sync::Arc;

use kernel::Day;
use toml::de::{DeTable, DeValue};

use super::fault::{PackFault, Place};
use super::references::Reference;

/// A value with the place it starts at.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub at: usize,
    pub value: Value,
}

#[derive(Debug, Clone)]
pub(super) enum Value {
    Text(String),
    Whole(i64),
    Flag(bool),
    Day(Day),
    List(Vec<Node>),
    Table(Vec<Entry>),
    Other,
}

#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub key: String,
    pub at: usize,
    pub node: Node,
}

/// One file: its name, its text for counting lines, and the faults found so far.
#[derive(Debug)]
pub(super) struct Source {
    name: Arc<str>,
    text: String,
    faults: RefCell<Vec<PackFault>>,
    references: RefCell<Vec<Reference>>,
}

impl Source {
    pub fn new(name: String, text: String) -> Self {
        Self {
            name: name.into(),
            text,
            faults: RefCell::default(),
            references: RefCell::default(),
        }
    }

    /// The file as a tree. Faults of writing are kept; what could be read is returned.
    pub fn parse(&self) -> Node {
        let (table, errors) = DeTable::parse_recoverable(&self.text);
        for error in errors {
            let at = error.span().map_or(0, |span: Range<usize>| span.start);
            self.fault(
                at,
                "",
                format!("TOML 写法有误（{}）", error.message()),
                "请按 TOML 1.0 改正；日期写成 2025-01-01",
            );
        }
        self.table(table.span().start, table.get_ref())
    }

    fn table(&self, at: usize, table: &DeTable<'_>) -> Node {
        let entries = table.iter().map(|(key, value)| Entry {
            key: key.get_ref().to_string(),
            at: key.span().start,
            node: self.node(value.span().start, value.get_ref()),
        });
        let mut entries: Vec<Entry> = entries.collect();
        entries.sort_by_key(|entry| entry.at);
        Node {
            at,
            value: Value::Table(entries),
        }
    }

    fn node(&self, at: usize, value: &DeValue<'_>) -> Node {
        let value = match value {
            DeValue::String(text) => Value::Text(text.to_string()),
            DeValue::Integer(whole) => i64::from_str_radix(&whole.as_str().replace('_', ""), whole.radix())
                .map_or(Value::Other, Value::Whole),
            DeValue::Boolean(flag) => Value::Flag(*flag),
            DeValue::Datetime(moment) if moment.time.is_none() => moment
                .date
                .and_then(|date| {
                    Day::from_ymd_opt(i32::from(date.year), u32::from(date.month), u32::from(date.day))
                })
                .map_or(Value::Other, Value::Day),
            DeValue::Array(list) => Value::List(
                list.iter()
                    .map(|item| self.node(item.span().start, item.get_ref()))
                    .collect(),
            ),
            DeValue::Table(table) => return self.table(at, table),
            DeValue::Float(_) | DeValue::Datetime(_) => Value::Other,
        };
        Node { at, value }
    }

    pub fn place(&self, at: usize, path: &str) -> Place {
        let before = self.text.get(..at.min(self.text.len())).unwrap_or("");
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        Place {
            file: Arc::clone(&self.name),
            line,
            column,
            path: path.to_owned(),
        }
    }

    pub fn fault(&self, at: usize, path: &str, what: impl Into<String>, right: impl Into<String>) {
        let fault = PackFault {
            place: self.place(at, path),
            what: what.into(),
            right: right.into(),
        };
        self.faults.borrow_mut().push(fault);
    }

    pub fn keep(&self, fault: PackFault) {
        self.faults.borrow_mut().push(fault);
    }

    pub fn into_faults(self) -> Vec<PackFault> {
        self.faults.into_inner()
    }

    pub fn note(&self, reference: Reference) {
        self.references.borrow_mut().push(reference);
    }

    /// References noted since the last call.
    pub fn take_references(&self) -> Vec<Reference> {
        self.references.take()
    }
}
