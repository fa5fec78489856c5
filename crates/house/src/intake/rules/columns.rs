//! Which columns a file has, from its headings and the catalogue.
use std::collections::BTreeMap;

use policy::pack::{FieldType, Item, Unit};

/// Headings under which the code of the entity is written when the item has no field for it.
const SUBJECT_HEADINGS: &[&str] = &[
    "统一社会信用代码",
    "社会信用代码",
    "统一代码",
    "信用代码",
    "统一社会信用代码/注册号",
    "注册号",
    "uscc",
    "credit_code",
    "subject_no",
    "CF_XDR_SHXYM",
    "XK_XDR_SHXYM",
    "行政相对人代码_1",
];
/// Name of the field that names the entity a record is about.
const SUBJECT_FIELD: &str = "subject_no";
/// Name of the field with the name of the entity a record is about.
pub(super) const NAME_FIELD: &str = "subject_name";
/// Headings of the column that takes a record back.
const DEED_HEADINGS: &[&str] = &["操作", "操作类型", "op"];

/// What a column is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Column {
    /// The code of the entity.
    Subject,
    /// What is to be done with the row: add (default) or withdraw.
    Deed,
    /// A field of the item, by its place in the list.
    Field(usize),
    /// Not known; its content is left out.
    Unknown(String),
}

/// The columns of a file as understood, and what stands in for fields the file leaves empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    pub(super) columns: Vec<Column>,
    /// Units of amounts, column by column.
    units: Vec<Unit>,
    pub(super) defaults: BTreeMap<String, String>,
}

impl Columns {
    /// Reads a heading row. `mapping` (heading → field name) goes before the catalogue's own headings; of several columns
    /// for one field the one with the most usual heading is meant.
    pub fn read(item: &Item, headings: &[String], mapping: &dyn Fn(&str) -> Option<String>) -> Self {
        let wanted: Vec<String> = headings
            .iter()
            .map(|heading| mapping(heading).unwrap_or_else(|| heading.trim().to_owned()))
            .collect();
        let meant: Vec<Option<(usize, usize)>> = wanted
            .iter()
            .map(|wanted| {
                let (field, rank) = item.recognise_ranked(wanted)?;
                let place = item.fields.iter().position(|known| known.name == field.name)?;
                Some((place, rank))
            })
            .collect();
        let chosen = |at: usize, place: usize| {
            let of_field = meant.iter().enumerate().filter_map(|(at, meant)| {
                let (other, rank) = (*meant)?;
                (other == place).then_some((rank, at))
            });
            of_field.min().is_some_and(|(_, best)| best == at)
        };
        let is_subject = |place: usize| {
            let field = item.fields.get(place);
            field.is_some_and(|field| field.kind == FieldType::Subject && field.name == SUBJECT_FIELD)
        };
        let mut subject = meant.iter().flatten().any(|(place, _)| is_subject(*place));
        let mut columns = Vec::with_capacity(headings.len());
        let mut units = Vec::with_capacity(headings.len());
        for (at, (heading, wanted)) in headings.iter().zip(&wanted).enumerate() {
            let place = meant.get(at).copied().flatten().map(|(place, _)| place);
            let field = place.and_then(|place| item.fields.get(place));
            units.push(field.map_or(Unit::Yuan, |field| field.unit_under(heading)));
            let by_subject_word = || {
                SUBJECT_HEADINGS
                    .iter()
                    .any(|known| known.eq_ignore_ascii_case(wanted))
            };
            columns.push(match place {
                Some(place) if chosen(at, place) && is_subject(place) => Column::Subject,
                Some(place) if chosen(at, place) => Column::Field(place),
                None if !subject && by_subject_word() => {
                    subject = true;
                    Column::Subject
                }
                None if DEED_HEADINGS.contains(&wanted.as_str()) => Column::Deed,
                _ => Column::Unknown(heading.clone()),
            });
        }
        Self {
            columns,
            units,
            defaults: BTreeMap::new(),
        }
    }

    /// The column of a field, by its place, with the unit of its amounts.
    pub(super) fn of_field(&self, place: usize) -> Option<(usize, Unit)> {
        let at = self
            .columns
            .iter()
            .position(|column| *column == Column::Field(place))?;
        Some((at, self.units.get(at).copied().unwrap_or_default()))
    }

    /// States values for fields that the file does not have or leaves empty (field name → value).
    #[must_use]
    pub fn with_defaults(mut self, defaults: &BTreeMap<String, String>) -> Self {
        self.defaults.clone_from(defaults);
        self
    }

    /// How many columns are understood; used to find the heading row.
    pub fn understood(&self) -> usize {
        self.columns
            .iter()
            .filter(|column| !matches!(column, Column::Unknown(_)))
            .count()
    }

    /// Titles of what the item needs and the file does not have.
    pub fn missing(&self, item: &Item) -> Vec<String> {
        let mut missing = Vec::new();
        if !self.columns.contains(&Column::Subject) && !self.names_by_other_means(item) {
            missing.push("统一社会信用代码".to_owned());
        }
        let fields = item.fields.iter().enumerate();
        missing.extend(
            fields
                .filter(|(place, field)| {
                    field.required
                        && field.kind != FieldType::Subject
                        && !self.defaults.contains_key(&field.name)
                        && !self.has(item, *place)
                })
                .map(|(_, field)| field.title.clone()),
        );
        missing
    }

    /// Whether rows without a code can say whom they are about. A registration cannot: it has no such field, for it says
    /// itself who an entity is.
    fn names_by_other_means(&self, item: &Item) -> bool {
        let mut fields = item.fields.iter().zip(0..);
        fields.any(|(field, place)| field.name == NAME_FIELD && self.columns.contains(&Column::Field(place)))
    }

    /// Whether the file has a column for a field, or for the one that speaks in its place.
    fn has(&self, item: &Item, place: usize) -> bool {
        let held = |place: usize| self.columns.contains(&Column::Field(place));
        let instead = item.fields.get(place).and_then(|field| field.instead.as_ref());
        held(place)
            || instead
                .and_then(|name| item.fields.iter().position(|field| field.name == *name))
                .is_some_and(held)
    }

    /// Headings that are not understood.
    pub fn unknown(&self) -> Vec<String> {
        self.columns
            .iter()
            .filter_map(|column| match column {
                Column::Unknown(heading) if !heading.trim().is_empty() => Some(heading.clone()),
                _ => None,
            })
            .collect()
    }
}
