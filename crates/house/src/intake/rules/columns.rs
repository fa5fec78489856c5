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
/// Name of the field for the number an entity had before it had a credit code.
const OLD_NUMBER_FIELD: &str = "registration_no";
/// Headings of that number, which also name an entity where there is no code.
const OLD_NUMBER_HEADINGS: &[&str] = &["注册号", "工商注册号", "reg_no"];
/// Name of the field with the name of the entity a record is about.
pub(super) const NAME_FIELD: &str = "subject_name";
/// Headings of the column that takes a record back.
const DEED_HEADINGS: &[&str] = &["操作", "操作类型", "op"];

/// Headings that a reject report adds to the supplier's own; they come back with the corrected rows.
pub const SENT_BACK: [&str; 5] = ["退回批次", "退回行号", "退回字段", "退回原因", "退回建议"];

/// What a column is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Column {
    /// The code of the entity.
    Subject,
    /// What is to be done with the row: add (default) or withdraw.
    Deed,
    /// A field of the item, by its place in the list.
    Field(usize),
    /// One that a reject report added, by its place in [`SENT_BACK`].
    SentBack(usize),
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
        Self::read_under(item, &[], headings, mapping)
    }

    /// The same where the headings stand under those of another row (合并表头). A heading that says nothing alone is read
    /// together with the one above it, or with the beginning of the one before it: 原因 after 列入日期 is 列入原因.
    fn read_under(
        item: &Item,
        above: &[String],
        headings: &[String],
        mapping: &dyn Fn(&str) -> Option<String>,
    ) -> Self {
        let wanted: Vec<Vec<String>> = (0..headings.len())
            .map(|at| spellings(above, headings, at, mapping))
            .collect();
        let meant = meant(item, &wanted);
        let is_subject = |place: usize| {
            let field = item.fields.get(place);
            field.is_some_and(|field| field.kind == FieldType::Subject && field.name == SUBJECT_FIELD)
        };
        let mut subject = meant.iter().flatten().any(|place| is_subject(*place));
        let mut columns = Vec::with_capacity(headings.len());
        let mut units = Vec::with_capacity(headings.len());
        for ((heading, wanted), place) in headings.iter().zip(&wanted).zip(&meant) {
            let field = place.and_then(|place| item.fields.get(place));
            units.push(field.map_or(Unit::Yuan, |field| field.unit_under(heading)));
            let wanted = wanted.first().map_or("", String::as_str);
            columns.push(match place {
                Some(place) if is_subject(*place) => Column::Subject,
                Some(place) => Column::Field(*place),
                None if !subject && is_subject_word(wanted) => {
                    subject = true;
                    Column::Subject
                }
                None if DEED_HEADINGS.contains(&wanted) => Column::Deed,
                None => SENT_BACK
                    .iter()
                    .position(|ours| *ours == wanted)
                    .map_or_else(|| Column::Unknown(heading.clone()), Column::SentBack),
            });
        }
        Self {
            columns,
            units,
            defaults: BTreeMap::new(),
        }
    }

    /// Looks for the heading row of an item among leading rows: its place and the columns as understood. The first row
    /// that has all the item needs; else the one of which most is understood.
    pub fn find(
        item: &Item,
        leading: &[Vec<String>],
        mapping: &dyn Fn(&str) -> Option<String>,
        defaults: &BTreeMap<String, String>,
    ) -> Option<(usize, Self)> {
        let mut best: Option<(usize, Self)> = None;
        let mut above: &[String] = &[];
        for (at, headings) in leading.iter().enumerate() {
            let alone = Self::read_under(item, &[], headings, mapping).with_defaults(defaults);
            let under = Self::read_under(item, above, headings, mapping).with_defaults(defaults);
            let columns = if under.understood() > alone.understood() {
                under
            } else {
                alone
            };
            if columns.missing(item).is_empty() {
                return Some((at, columns));
            }
            if best
                .as_ref()
                .is_none_or(|(_, best)| columns.understood() > best.understood())
            {
                best = Some((at, columns));
            }
            above = headings;
        }
        best
    }

    /// The field of each column, in order; none where the column is none.
    pub fn fields(&self) -> impl Iterator<Item = Option<usize>> {
        self.columns.iter().map(|column| match column {
            Column::Field(place) => Some(*place),
            _ => None,
        })
    }

    /// What each column is, in order, as the catalogue calls it; none where it is not understood.
    pub fn titles(&self, item: &Item) -> Vec<Option<String>> {
        let title = |column: &Column| match column {
            Column::Subject => SUBJECT_HEADINGS.first().map(|title| (*title).to_owned()),
            Column::Deed => DEED_HEADINGS.first().map(|title| (*title).to_owned()),
            Column::Field(place) => item.fields.get(*place).map(|field| field.title.clone()),
            Column::SentBack(place) => SENT_BACK.get(*place).map(|title| (*title).to_owned()),
            Column::Unknown(_) => None,
        };
        self.columns.iter().map(title).collect()
    }

    /// Headings under which the columns are understood without their neighbours, a row above or a mapping, each with its
    /// place; without those that a reject report added.
    pub fn headings(&self, item: &Item, written: &[String]) -> Vec<(usize, String)> {
        let mut headings = Vec::new();
        for (at, column) in self.columns.iter().enumerate() {
            let written = written.get(at).map_or("", |heading| heading.trim());
            let heading = match column {
                Column::SentBack(_) => continue,
                Column::Subject if item.recognise(written).is_none() && !is_subject_word(written) => {
                    SUBJECT_HEADINGS.first().copied().unwrap_or_default().to_owned()
                }
                Column::Field(place) => match item.fields.get(*place) {
                    Some(field)
                        if item
                            .recognise(written)
                            .is_none_or(|meant| meant.name != field.name) =>
                    {
                        let unit = self.units.get(at).copied().unwrap_or_default();
                        if unit == field.unit {
                            field.title.clone()
                        } else {
                            format!("{}（{}）", field.title, unit.text())
                        }
                    }
                    _ => written.to_owned(),
                },
                _ => written.to_owned(),
            };
            headings.push((at, heading));
        }
        headings
    }

    /// Columns of a reject report: of the number of its batch and of the line in it.
    pub fn sent_back(&self) -> Option<(usize, usize)> {
        let at = |wanted: usize| {
            self.columns
                .iter()
                .position(|column| *column == Column::SentBack(wanted))
        };
        Some((at(0)?, at(1)?))
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

fn is_subject_word(heading: &str) -> bool {
    SUBJECT_HEADINGS
        .iter()
        .any(|known| known.eq_ignore_ascii_case(heading))
}

/// How a column's heading may be understood, the plain heading first.
fn spellings(
    above: &[String],
    headings: &[String],
    at: usize,
    mapping: &dyn Fn(&str) -> Option<String>,
) -> Vec<String> {
    /// Letters of a heading that say what it is about: 列入, 移出.
    const STEM: usize = 2;
    /// A longer heading says enough by itself.
    const SHORT: usize = 4;
    let heading = headings.get(at).map_or("", |heading| heading.trim());
    if let Some(field) = mapping(heading) {
        return vec![field];
    }
    let mut spellings = vec![heading.to_owned()];
    if heading.is_empty() || heading.chars().count() > SHORT {
        return spellings;
    }
    if let Some(above) = above.get(at).map(|above| above.trim())
        && !above.is_empty()
        && above != heading
    {
        spellings.push(format!("{above}{heading}"));
    }
    let before = headings.get(..at).unwrap_or_default().iter().rev();
    if let Some(before) = before
        .map(|before| before.trim())
        .find(|before| !before.is_empty())
        && before.chars().count() > STEM
    {
        let stem: String = before.chars().take(STEM).collect();
        spellings.push(format!("{stem}{heading}"));
    }
    spellings
}

/// The field each column means, every field once: of several columns the one with the most usual heading. Who loses is
/// asked for another spelling.
fn meant(item: &Item, wanted: &[Vec<String>]) -> Vec<Option<usize>> {
    let mut meant: Vec<Option<usize>> = vec![None; wanted.len()];
    for spelling in 0..wanted.iter().map(Vec::len).max().unwrap_or(0) {
        let mut claims: Vec<(usize, usize, usize)> = Vec::new();
        for (at, wanted) in wanted.iter().enumerate() {
            if meant.get(at).is_some_and(Option::is_some) {
                continue;
            }
            let Some((field, rank)) = wanted.get(spelling).and_then(|text| item.recognise_ranked(text))
            else {
                continue;
            };
            if let Some(place) = item.fields.iter().position(|known| known.name == field.name) {
                claims.push((rank, at, place));
            }
        }
        claims.sort_unstable();
        for (_, at, place) in claims {
            if !meant.contains(&Some(place))
                && let Some(slot) = meant.get_mut(at)
            {
                *slot = Some(place);
            }
        }
    }
    keep_old_number(item, wanted, &mut meant);
    meant
}

/// A registration number (注册号) beside the credit code names the entity no more, but is kept where the item has a field for
/// it: what was handed over under it before is found by it.
fn keep_old_number(item: &Item, wanted: &[Vec<String>], meant: &mut [Option<usize>]) {
    let place = item
        .fields
        .iter()
        .position(|field| field.name == OLD_NUMBER_FIELD);
    let Some(place) = place.filter(|place| !meant.contains(&Some(*place))) else {
        return;
    };
    let lost = wanted.iter().zip(meant.iter()).position(|(wanted, meant)| {
        let heading = wanted.first().map_or("", String::as_str);
        meant.is_none()
            && OLD_NUMBER_HEADINGS
                .iter()
                .any(|known| known.eq_ignore_ascii_case(heading))
            && item
                .recognise(heading)
                .is_some_and(|field| field.name == SUBJECT_FIELD)
    });
    if let Some(slot) = lost.and_then(|at| meant.get_mut(at)) {
        *slot = Some(place);
    }
}
