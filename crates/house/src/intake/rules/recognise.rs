//! Which item of the catalogue a table is (识别事项), seen from its headings and its name.
//!
//! A heading that few items know says much, one that all know (名称, 备注) says little. A table is an item when it has all
//! the item needs, most of its headings are the item's, and no other item fits nearly as well.
use std::collections::{BTreeMap, HashMap};

use policy::pack::{Item, PackOn, normal_heading};

use super::Columns;

/// Worth of a heading that only one item knows.
const WHOLE: u32 = 1_000;
/// How many fitting items are looked at closely.
const CLOSE: usize = 12;
/// The best must be worth so many tenths of the next: 11 means a tenth more.
const AHEAD: u32 = 11;
/// How many of the nearest items are named when none fits.
pub const NEAREST: usize = 3;

/// An item a table may be.
#[derive(Debug, Clone)]
pub struct Candidate<'p> {
    /// Code of the item.
    pub code: String,
    /// The item.
    pub item: &'p Item,
    /// Which of the leading rows is the heading row.
    pub heading: usize,
    /// The columns as understood.
    pub columns: Columns,
    /// Titles of what the item needs and the table lacks.
    pub missing: Vec<String>,
    /// How much speaks for it, to compare candidates by.
    worth: u32,
    /// Whether most of the headings are the item's.
    most: bool,
    /// Whether the name of the table or of the file says so.
    named: bool,
}

impl<'p> Candidate<'p> {
    /// What a table is that is said to be an item: that, when it has all the item needs.
    pub fn told(code: &str, item: &'p Item, heading: usize, columns: Columns) -> Verdict<'p> {
        let missing = columns.missing(item);
        let lacks = !missing.is_empty();
        let found = Self {
            code: code.to_owned(),
            item,
            heading,
            columns,
            missing,
            worth: 0,
            most: true,
            named: true,
        };
        if lacks {
            Verdict::None(vec![found])
        } else {
            Verdict::Is(Box::new(found))
        }
    }

    fn fits(&self) -> bool {
        self.missing.is_empty() && (self.most || self.named)
    }
}

/// What a table is.
#[derive(Debug)]
pub enum Verdict<'p> {
    /// This item.
    Is(Box<Candidate<'p>>),
    /// Any of these fits, and nothing tells which.
    AnyOf(Vec<Candidate<'p>>),
    /// None fits; these are nearest.
    None(Vec<Candidate<'p>>),
}

/// The catalogue of a day by heading.
pub struct Headings<'p> {
    items: Vec<(String, &'p Item)>,
    known: HashMap<String, Vec<usize>>,
}

impl<'p> Headings<'p> {
    /// Of the catalogue in force.
    pub fn of(law: &PackOn<'p>) -> Self {
        let items: Vec<(String, &'p Item)> = law
            .items()
            .map(|answer| (answer.trace.code, answer.value))
            .collect();
        let mut known: HashMap<String, Vec<usize>> = HashMap::new();
        for (place, (_, item)) in items.iter().enumerate() {
            for field in &item.fields {
                let headings = field.headings.iter().map(String::as_str);
                for heading in headings.chain([field.name.as_str(), field.title.as_str()]) {
                    let items = known.entry(normal_heading(heading)).or_default();
                    if items.last() != Some(&place) {
                        items.push(place);
                    }
                }
            }
        }
        Self { items, known }
    }

    /// What a table is, from its leading rows and from what it and its file are called.
    pub fn recognise(
        &self,
        leading: &[Vec<String>],
        names: &[&str],
        mapping: &dyn Fn(&str) -> Option<String>,
        defaults: &BTreeMap<String, String>,
    ) -> Verdict<'p> {
        let mut candidates = self.candidates(leading, names, mapping, defaults);
        candidates.sort_by_key(|found| {
            let worth = if found.named {
                found.worth.saturating_mul(2)
            } else {
                found.worth
            };
            (
                !found.fits(),
                std::cmp::Reverse(worth),
                found.missing.len(),
                found.code.clone(),
            )
        });
        let fitting = candidates.iter().filter(|found| found.fits()).count();
        if fitting == 0 {
            candidates.sort_by_key(|found| (found.missing.len(), std::cmp::Reverse(found.worth)));
            candidates.truncate(NEAREST);
            return Verdict::None(candidates);
        }
        candidates.truncate(fitting);
        let worth = |found: &Candidate<'_>| found.worth.saturating_mul(if found.named { 2 } else { 1 });
        let best = candidates.first().map_or(0, worth);
        candidates.retain(|found| worth(found).saturating_mul(AHEAD) > best.saturating_mul(10));
        if candidates.len() > 1 {
            return Verdict::AnyOf(candidates);
        }
        candidates
            .pop()
            .map_or_else(|| Verdict::None(Vec::new()), |found| Verdict::Is(Box::new(found)))
    }

    /// The items that know most of the headings of some leading row, looked at closely.
    fn candidates(
        &self,
        leading: &[Vec<String>],
        names: &[&str],
        mapping: &dyn Fn(&str) -> Option<String>,
        defaults: &BTreeMap<String, String>,
    ) -> Vec<Candidate<'p>> {
        let mut hits: HashMap<usize, u32> = HashMap::new();
        for row in leading {
            let mut here: HashMap<usize, u32> = HashMap::new();
            for heading in row {
                let heading = mapping(heading.trim()).unwrap_or_else(|| heading.clone());
                for item in self.items_of(&heading) {
                    *here.entry(*item).or_default() += 1;
                }
            }
            for (item, count) in here {
                let most = hits.entry(item).or_default();
                *most = (*most).max(count);
            }
        }
        let mut likely: Vec<(u32, usize)> = hits.into_iter().map(|(item, count)| (count, item)).collect();
        likely.sort_by_key(|(count, item)| (std::cmp::Reverse(*count), *item));
        likely
            .into_iter()
            .take(CLOSE)
            .filter_map(|(_, place)| {
                let (code, item) = self.items.get(place)?;
                let (heading, columns) = Columns::find(item, leading, mapping, defaults)?;
                let headings = leading.get(heading)?;
                let named = names
                    .iter()
                    .any(|name| name.contains(item.title.as_str()) || has_word(name, code));
                Some(Candidate {
                    code: code.clone(),
                    worth: self.worth(item, headings, &columns),
                    most: columns.understood() * 2
                        >= headings.iter().filter(|h| !h.trim().is_empty()).count(),
                    missing: columns.missing(item),
                    item,
                    heading,
                    columns,
                    named,
                })
            })
            .collect()
    }

    fn items_of(&self, heading: &str) -> &[usize] {
        self.known
            .get(&normal_heading(heading))
            .map_or(&[], Vec::as_slice)
    }

    /// What the understood headings say together.
    fn worth(&self, item: &Item, headings: &[String], columns: &Columns) -> u32 {
        let fields = headings.iter().zip(columns.fields());
        fields
            .filter_map(|(heading, field)| {
                let field = item.fields.get(field?)?;
                let alone = item
                    .recognise(heading)
                    .is_some_and(|meant| meant.name == field.name);
                let known = u32::try_from(self.items_of(heading).len().max(1)).unwrap_or(u32::MAX);
                // What is understood by its neighbours only says as much as what four items know.
                Some(if alone { WHOLE / known } else { WHOLE / 4 })
            })
            .sum()
    }
}

/// Whether a code stands in a name as a word of its own: `penalty` in `2026-penalty.csv`, not in `penaltyx.csv`.
fn has_word(name: &str, code: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let edge =
        |letter: Option<char>| letter.is_none_or(|letter| !letter.is_ascii_alphanumeric() && letter != '-');
    name.match_indices(code).any(|(at, _)| {
        let before = name.get(..at).and_then(|head| head.chars().next_back());
        let after = name.get(at + code.len()..).and_then(|tail| tail.chars().next());
        (edge(before) || before == Some('-')) && edge(after)
    })
}
