//! What a classification gives out: columns of results in entity order, and how many entities fell into each class.

use std::collections::BTreeMap;

use policy::{Compiled, MAX_GROUPS, Symbols, Verdict};

use crate::fault::Lake;

/// `direct` of an entity whose class follows from its points.
const BY_POINTS: u16 = u16::MAX;

/// Results of a stretch of entities, ascending by entity.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Results {
    /// Entity numbers.
    pub entity: Vec<i64>,
    /// Divisions (行政区划), in the numbers of the models' symbols; 0 = unknown.
    pub division: Vec<u32>,
    /// One set of columns for each model of the question.
    pub models: Vec<ModelResults>,
    /// First day on which a class may be another without new records ([`policy::NEVER`] = none), since 1970-01-01; empty
    /// where nobody asked.
    pub until: Vec<i32>,
}

/// Columns of one model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelResults {
    /// Index into the model's classes; [`policy::UNCLASSED`]: the entity is outside the model.
    pub class: Vec<u8>,
    /// Which part of the line-up gave the class: 0 the general model; see [`policy::Compiled::part`].
    pub model: Vec<u8>,
    /// Points.
    pub points: Vec<i32>,
    /// Points by group: `groups` numbers for each entity, one entity after the other.
    pub group_points: Vec<i32>,
    /// Number of groups of the model.
    pub groups: usize,
    direct: Vec<u16>,
}

/// The result of one entity under one model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Classified<'r> {
    /// Entity number.
    pub entity: i64,
    /// Index into the model's classes.
    pub class: u8,
    /// Which part of the line-up gave the class: 0 the general model.
    pub model: u8,
    /// Points.
    pub points: i32,
    /// Points by group.
    pub group_points: &'r [i32],
    /// Index of the direct rule (直接判定) that set the class, if one did.
    pub direct: Option<u16>,
}

/// Takes results in entity order.
pub trait Sink {
    /// Takes the next stretch; a refusal ends the classification.
    fn take(&mut self, results: &Results) -> Lake<()>;
}

impl<F: FnMut(&Results) -> Lake<()>> Sink for F {
    fn take(&mut self, results: &Results) -> Lake<()> {
        self(results)
    }
}

impl Results {
    /// Empty columns for each of the models.
    pub fn for_models(models: &[Compiled]) -> Self {
        let columns = models.iter().map(|model| ModelResults {
            class: Vec::new(),
            model: Vec::new(),
            points: Vec::new(),
            group_points: Vec::new(),
            groups: model.model().groups.len().min(MAX_GROUPS),
            direct: Vec::new(),
        });
        Self {
            entity: Vec::new(),
            division: Vec::new(),
            models: columns.collect(),
            until: Vec::new(),
        }
    }

    /// The results of model number `model` as rows; none when there is no such model.
    pub fn rows(&self, model: usize) -> impl Iterator<Item = Classified<'_>> {
        let columns = self.models.get(model);
        let entities: &[i64] = if columns.is_some() { &self.entity } else { &[] };
        let columns = columns.into_iter().flat_map(ModelResults::rows);
        entities.iter().zip(columns).map(|(entity, row)| Classified {
            entity: *entity,
            ..row
        })
    }
}

impl ModelResults {
    /// Adds the verdict of the next entity.
    #[inline]
    pub fn push(&mut self, verdict: &Verdict) {
        self.class.push(verdict.class);
        self.model.push(verdict.model);
        self.points.push(verdict.points);
        self.group_points
            .extend_from_slice(verdict.group_points.get(..self.groups).unwrap_or_default());
        self.direct.push(verdict.floor.unwrap_or(BY_POINTS));
    }

    /// Direct rules by entity; `None` where the points decide.
    pub fn direct(&self) -> impl Iterator<Item = Option<u16>> + '_ {
        self.direct
            .iter()
            .map(|rule| (*rule != BY_POINTS).then_some(*rule))
    }

    fn rows(&self) -> impl Iterator<Item = Classified<'_>> {
        let groups = (0..self.class.len()).map(|row| {
            let begin = row.saturating_mul(self.groups);
            self.group_points
                .get(begin..begin.saturating_add(self.groups))
                .unwrap_or_default()
        });
        let numbers = self
            .class
            .iter()
            .zip(&self.model)
            .zip(&self.points)
            .zip(self.direct());
        numbers
            .zip(groups)
            .map(|((((class, model), points), direct), group_points)| Classified {
                entity: 0,
                class: *class,
                model: *model,
                points: *points,
                group_points,
                direct,
            })
    }
}

/// How many entities fell into each class under one model. Entities outside the model are in none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Totals {
    /// Code of the model.
    pub model: String,
    /// Codes of its classes, best first.
    pub classes: Vec<String>,
    /// Entities by class.
    pub by_class: Vec<u64>,
    /// Entities by division and class; unknown divisions under the empty text.
    pub by_division: BTreeMap<String, Vec<u64>>,
}

impl Totals {
    /// Entities by class for each division prefix of `digits` digits (2 province, 4 city, 6 county). Shorter codes stay as
    /// they are.
    pub fn by_prefix(&self, digits: usize) -> BTreeMap<String, Vec<u64>> {
        let mut summed: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        for (division, counts) in &self.by_division {
            let prefix = division.get(..digits).unwrap_or(division);
            let sums = summed
                .entry(prefix.to_owned())
                .or_insert_with(|| vec![0; counts.len()]);
            sums.iter_mut()
                .zip(counts)
                .for_each(|(sum, count)| *sum = sum.saturating_add(*count));
        }
        summed
    }
}

/// Totals while they are being counted: one dense table for each model, by division symbol and class.
pub(crate) struct Counting {
    classes: Vec<usize>,
    tables: Vec<Vec<u64>>,
}

impl Counting {
    pub(crate) fn new(models: &[Compiled]) -> Self {
        let classes: Vec<usize> = models.iter().map(|m| m.model().classes.len()).collect();
        Self {
            tables: vec![Vec::new(); classes.len()],
            classes,
        }
    }

    pub(crate) fn add(&mut self, results: &Results) {
        for ((table, classes), columns) in self.tables.iter_mut().zip(&self.classes).zip(&results.models) {
            let classed = |row: &(&u32, &u8)| usize::from(*row.1) < *classes;
            for (division, class) in results.division.iter().zip(&columns.class).filter(classed) {
                let row = usize::try_from(*division)
                    .unwrap_or_default()
                    .saturating_mul(*classes);
                let place = row.saturating_add(usize::from(*class));
                if place >= table.len() {
                    table.resize(row.saturating_add(*classes), 0);
                }
                if let Some(count) = table.get_mut(place) {
                    *count = count.saturating_add(1);
                }
            }
        }
    }

    pub(crate) fn totals(&self, models: &[Compiled], symbols: &Symbols) -> Vec<Totals> {
        let of_model = |((model, table), classes): ((&Compiled, &Vec<u64>), &usize)| {
            let mut by_class = vec![0_u64; *classes];
            let mut by_division = BTreeMap::new();
            for (number, counts) in (0_u32..).zip(table.chunks(*(classes.max(&1)))) {
                if counts.iter().any(|c| *c > 0) {
                    by_class
                        .iter_mut()
                        .zip(counts)
                        .for_each(|(sum, count)| *sum = sum.saturating_add(*count));
                    by_division.insert(
                        symbols.code_of(number).unwrap_or_default().to_owned(),
                        counts.to_vec(),
                    );
                }
            }
            let classes = model.model().classes.iter().map(|c| c.code.clone()).collect();
            Totals {
                model: model.model().code.clone(),
                classes,
                by_class,
                by_division,
            }
        };
        models
            .iter()
            .zip(&self.tables)
            .zip(&self.classes)
            .map(of_model)
            .collect()
    }
}
