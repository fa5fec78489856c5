//! The rows a card is trained or judged on: day, result, inspector, and what each feature says.
use std::collections::BTreeMap;

use kernel::{Day, Fault, Outcome};

use crate::feature::Feature;
use crate::reading::{Features, Value, day_of, number_of, place_of};
use crate::spec::{Columns, Spec};

/// The first row of a file.
pub type Headings = Vec<String>;

/// One past inspection.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Visit {
    pub day: Day,
    pub found: bool,
    pub inspector: usize,
    pub values: Vec<Value>,
}

/// Past inspections with their results (过往检查).
#[derive(Debug, Clone)]
pub struct Sample {
    features: Features,
    visits: Vec<Visit>,
    inspectors: Vec<String>,
    places: Places,
    columns: Columns,
    by_name: BTreeMap<String, usize>,
}

#[derive(Debug, Clone, Copy)]
struct Places {
    day: usize,
    outcome: usize,
    inspector: Option<usize>,
}

impl Sample {
    /// An empty sample of a file with these headings. A feature's missing column is refused here: training without it would
    /// be another training.
    pub fn new(spec: &Spec, headings: &Headings) -> Outcome<Self> {
        spec.check()?;
        let need = |column: &str| {
            place_of(headings, column).ok_or_else(|| {
                Fault::invalid(
                    "model.column.absent",
                    format!(
                        "文件里没有列“{column}”。文件有：{}。请核对训练说明。",
                        headings.join("、")
                    ),
                )
            })
        };
        let columns = &spec.columns;
        let places = Places {
            day: need(&columns.day)?,
            outcome: need(&columns.outcome)?,
            inspector: columns.inspector.as_deref().map(need).transpose()?,
        };
        let features = Features::in_file(&spec.features, headings)?;
        if let Some((column, titles)) = features.absent().first() {
            return Err(Fault::invalid(
                "model.column.absent",
                format!(
                    "文件里没有列“{column}”，特征“{}”要用它。请核对训练说明。",
                    titles.join("、")
                ),
            ));
        }
        Ok(Self {
            features,
            visits: Vec::new(),
            inspectors: Vec::new(),
            places,
            columns: columns.clone(),
            by_name: BTreeMap::new(),
        })
    }

    /// Takes a row in. An error says in Chinese why the row cannot be used; the others stay.
    pub fn add<'r>(&mut self, cell: &impl Fn(usize) -> Option<&'r str>) -> Result<(), String> {
        let text = |at: usize| cell(at).map(str::trim).unwrap_or_default();
        let day = day_of(text(self.places.day)).ok_or_else(|| {
            format!(
                "{}“{}”不是日期，应为 2014-09-02 这样。",
                self.columns.day,
                text(self.places.day)
            )
        })?;
        let found = found(&self.columns, text(self.places.outcome))?;
        let inspector = self.places.inspector.map(text).unwrap_or_default().to_owned();
        let next = self.inspectors.len();
        let inspector = *self.by_name.entry(inspector.clone()).or_insert_with(|| {
            self.inspectors.push(inspector);
            next
        });
        let values = self.features.read(cell);
        self.visits.push(Visit {
            day,
            found,
            inspector,
            values,
        });
        Ok(())
    }

    /// The rows of these days.
    #[must_use]
    pub fn between(&self, from: Option<Day>, until: Option<Day>) -> Self {
        let within = |visit: &&Visit| {
            from.is_none_or(|from| visit.day >= from) && until.is_none_or(|until| visit.day <= until)
        };
        Self {
            visits: self.visits.iter().filter(within).cloned().collect(),
            ..self.clone_without_visits()
        }
    }

    /// The rows before this day: what was known then.
    #[must_use]
    pub fn before(&self, day: Day) -> Self {
        self.between(None, day.pred_opt())
    }

    fn clone_without_visits(&self) -> Self {
        Self {
            features: self.features.clone(),
            visits: Vec::new(),
            inspectors: self.inspectors.clone(),
            places: self.places,
            columns: self.columns.clone(),
            by_name: self.by_name.clone(),
        }
    }

    /// The same rows with inspectors numbered by name: what follows does not depend on the order of the rows.
    #[must_use]
    pub(crate) fn settled(&self) -> Self {
        let names: Vec<String> = self.by_name.keys().cloned().collect();
        let new: Vec<usize> = self
            .inspectors
            .iter()
            .map(|name| names.binary_search(name).unwrap_or_default())
            .collect();
        let visits = self.visits.iter().map(|visit| Visit {
            inspector: new.get(visit.inspector).copied().unwrap_or_default(),
            ..visit.clone()
        });
        Self {
            visits: visits.collect(),
            by_name: names.iter().cloned().zip(0..).collect(),
            inspectors: names,
            ..self.clone_without_visits()
        }
    }

    /// Rows.
    pub fn len(&self) -> usize {
        self.visits.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.visits.is_empty()
    }

    /// Rows that found a problem.
    pub fn found(&self) -> usize {
        self.visits.iter().filter(|visit| visit.found).count()
    }

    /// First and last day.
    pub fn days(&self) -> Option<(Day, Day)> {
        let days = || self.visits.iter().map(|visit| visit.day);
        Some((days().min()?, days().max()?))
    }

    pub(crate) fn visits(&self) -> &[Visit] {
        &self.visits
    }

    pub(crate) fn features(&self) -> &[Feature] {
        self.features.list()
    }

    pub(crate) fn inspectors(&self) -> &[String] {
        &self.inspectors
    }

    /// A day such that about this share of the rows is before it; rows of one day stay together.
    pub(crate) fn day_at(&self, part: usize, of: usize) -> Option<Day> {
        let mut days: Vec<Day> = self.visits.iter().map(|visit| visit.day).collect();
        days.sort_unstable();
        days.get(days.len() * part / of.max(1)).copied()
    }
}

/// Whether an outcome says that a problem was found.
pub(crate) fn found(columns: &Columns, text: &str) -> Result<bool, String> {
    let text = text.trim();
    let is = |list: &[String]| {
        list.iter().any(|one| {
            one == text
                || matches!((number_of(one), number_of(text)), (Some(a), Some(b)) if (a - b).abs() < 1e-9)
        })
    };
    if is(&columns.found) {
        return Ok(true);
    }
    let known = if columns.not_found.is_empty() {
        !text.is_empty()
    } else {
        is(&columns.not_found)
    };
    if known {
        Ok(false)
    } else {
        Err(format!(
            "{}“{text}”不是检查结果，应为“{}”或表示未检出的值。",
            columns.outcome,
            columns.found.join("、")
        ))
    }
}

/// Features of a file for which none were declared: every column that has no other part, a number when at least 95 % of its
/// cells are numbers, else a category.
pub fn every_column<'r>(
    columns: &Columns,
    headings: &Headings,
    rows: impl Iterator<Item = Vec<&'r str>>,
) -> Vec<Feature> {
    let mut counts: Vec<(usize, usize)> = vec![(0, 0); headings.len()];
    for row in rows {
        for (count, text) in counts.iter_mut().zip(row) {
            let text = text.trim();
            count.0 += usize::from(!text.is_empty());
            count.1 += usize::from(number_of(text).is_some());
        }
    }
    let taken = |heading: &str| {
        heading == columns.day
            || heading == columns.outcome
            || columns.inspector.as_deref() == Some(heading)
            || columns.id.iter().any(|id| id == heading)
    };
    let mut features = Vec::new();
    for (heading, (given, numbers)) in headings.iter().zip(counts) {
        let heading = heading.trim();
        if heading.is_empty() || taken(heading) || given == 0 {
            continue;
        }
        let mut feature = Feature {
            name: heading.to_owned(),
            title: heading.to_owned(),
            ..Feature::default()
        };
        if numbers * 100 >= given * 95 {
            feature.number = Some(heading.to_owned());
        } else {
            feature.category = Some(heading.to_owned());
        }
        features.push(feature);
    }
    features
}
