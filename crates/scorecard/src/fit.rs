//! Features with their bands, and the joint fit of features and inspectors.
use std::collections::BTreeMap;

use kernel::Outcome;

use crate::bands::{Counts, Evidence, Making, NumberBand, Seen, Shape, information_of, number_bands};
use crate::leniency::Inspectors;
use crate::logistic::{Case, Problem, solve};
use crate::number::whole;
use crate::reading::Value;
use crate::sample::Sample;
use crate::spec::Training;

/// A category with its rows.
#[derive(Debug, Clone)]
pub(crate) struct CategoryBand {
    pub is: String,
    pub counts: Counts,
    pub evidence: Evidence,
}

#[derive(Debug, Clone)]
pub(crate) enum Pieces {
    Numbers(Vec<NumberBand>),
    Categories(Vec<CategoryBand>),
}

/// A feature in bands.
#[derive(Debug, Clone)]
pub(crate) struct Banded {
    /// Which feature, from 0.
    pub feature: usize,
    pub shape: Shape,
    pub pieces: Pieces,
    pub missing: (Counts, Evidence),
    /// Rare categories together; what a category never seen gets.
    pub others: (Counts, Evidence),
    pub information: f64,
}

/// Slots of a feature: missing, others (also unknown), then its bands.
pub(crate) const MISSING: usize = 0;
pub(crate) const OTHERS: usize = 1;
pub(crate) const FIRST: usize = 2;

impl Banded {
    /// Finds the bands of a feature. An error says why it cannot be used.
    pub fn of(
        sample: &Sample,
        feature: usize,
        inspectors: &Inspectors,
        training: &Training,
    ) -> Result<Self, String> {
        let Some(declared) = sample.features().get(feature) else {
            return Err("没有这个特征".to_owned());
        };
        let (first_cut, second_cut) = (sample.day_at(1, 3), sample.day_at(2, 3));
        let mut missing = Counts::default();
        let mut seen: Vec<Seen> = Vec::new();
        let mut named: BTreeMap<&str, Counts> = BTreeMap::new();
        for visit in sample.visits() {
            match visit.values.get(feature) {
                Some(Value::Number(value)) => seen.push(Seen {
                    value: *value,
                    inspector: visit.inspector,
                    found: visit.found,
                    third: usize::from(Some(visit.day) >= first_cut)
                        + usize::from(Some(visit.day) >= second_cut),
                }),
                Some(Value::Text(text)) => {
                    named.entry(text).or_default().add(visit.inspector, visit.found);
                }
                Some(Value::Missing) | None => missing.add(visit.inspector, visit.found),
            }
        }
        let evidence = |counts: &Counts| Evidence::of(counts, &inspectors.offsets, training.smoothing);
        let mut others = Counts::default();
        let (shape, pieces) = if named.is_empty() {
            if seen.is_empty() {
                return Err("训练数据中全部为空".to_owned());
            }
            let rows = u32::try_from(sample.len()).unwrap_or(u32::MAX);
            let making = Making {
                offsets: &inspectors.offsets,
                smoothing: training.smoothing,
                max_bands: training.max_bands,
                min_rows: rows / 1000 * training.min_share_permille
                    + rows % 1000 * training.min_share_permille / 1000,
                least_difference: training.least_difference,
            };
            let (shape, bands) = number_bands(&seen, &declared.cuts, declared.shape, &making)
                .ok_or("训练期分成三段，风险随数值变化的方向不一致")?;
            (shape, Pieces::Numbers(bands))
        } else {
            let mut categories = Vec::new();
            for (is, counts) in named {
                if usize::try_from(counts.rows()).unwrap_or(usize::MAX) < training.min_rows {
                    others.join(&counts);
                } else {
                    categories.push(CategoryBand {
                        is: is.to_owned(),
                        evidence: evidence(&counts),
                        counts,
                    });
                }
            }
            (Shape::Free, Pieces::Categories(categories))
        };
        let mut banded = Self {
            feature,
            shape,
            pieces,
            missing: (missing.clone(), evidence(&missing)),
            others: (others.clone(), evidence(&others)),
            information: 0.0,
        };
        banded.information = information_of(banded.slots().into_iter(), inspectors.average);
        Ok(banded)
    }

    /// Counts and evidence, slot by slot.
    pub fn slots(&self) -> Vec<(&Counts, Evidence)> {
        let mut slots = vec![(&self.missing.0, self.missing.1), (&self.others.0, self.others.1)];
        match &self.pieces {
            Pieces::Numbers(bands) => slots.extend(bands.iter().map(|band| (&band.counts, band.evidence))),
            Pieces::Categories(bands) => slots.extend(bands.iter().map(|band| (&band.counts, band.evidence))),
        }
        slots
    }

    /// The slot a value falls into.
    pub fn slot(&self, value: &Value) -> usize {
        match (value, &self.pieces) {
            (Value::Missing, _) => MISSING,
            (Value::Number(number), Pieces::Numbers(bands)) => {
                let above = bands
                    .iter()
                    .take_while(|band| band.from.is_none_or(|from| from <= *number))
                    .count();
                FIRST + above.saturating_sub(1)
            }
            (Value::Text(text), Pieces::Categories(bands)) => bands
                .iter()
                .position(|band| band.is == *text)
                .map_or(OTHERS, |at| FIRST + at),
            _ => OTHERS,
        }
    }

    /// Weights of evidence, slot by slot.
    pub fn woes(&self) -> Vec<f64> {
        self.slots().iter().map(|(_, evidence)| evidence.woe).collect()
    }
}

/// The joint fit.
#[derive(Debug, Clone)]
pub(crate) struct Joint {
    /// Coefficients of the weights of evidence, in the order of the features given.
    pub coefficients: Vec<f64>,
    /// Effect and variance of each inspector.
    pub effects: Vec<(f64, f64)>,
}

/// Fits features and inspectors together. The coefficients of the features are drawn to 1 (the weight of evidence as it is)
/// by `strength`, the effects of inspectors to 0 by what [`Inspectors`] found.
pub(crate) fn joint(
    sample: &Sample,
    banded: &[Banded],
    inspectors: &Inspectors,
    strength: f64,
) -> Outcome<Joint> {
    let woes: Vec<Vec<f64>> = banded.iter().map(Banded::woes).collect();
    let mut alike: BTreeMap<(Vec<usize>, usize), (u32, u32)> = BTreeMap::new();
    for visit in sample.visits() {
        let slots = banded
            .iter()
            .map(|one| {
                visit
                    .values
                    .get(one.feature)
                    .map_or(MISSING, |value| one.slot(value))
            })
            .collect();
        let case = alike.entry((slots, visit.inspector)).or_default();
        case.0 += 1;
        case.1 += u32::from(visit.found);
    }
    let people = inspectors.strength.map_or(0, |_| sample.inspectors().len());
    let mut priors = vec![(1.0, strength); banded.len()];
    priors.extend(vec![(0.0, inspectors.strength.unwrap_or_default()); people]);
    priors.push((0.0, 0.0));
    let cases = alike
        .into_iter()
        .map(|((slots, inspector), (rows, found))| {
            let mut cells: Vec<(usize, f64)> = slots
                .iter()
                .zip(&woes)
                .map(|(slot, woes)| woes.get(*slot).copied().unwrap_or(0.0))
                .enumerate()
                .filter(|(_, woe)| *woe != 0.0)
                .collect();
            if people > 0 {
                cells.push((banded.len() + inspector, 1.0));
            }
            cells.push((banded.len() + people, 1.0));
            Case {
                cells,
                rows: f64::from(rows),
                found: f64::from(found),
            }
        })
        .collect();
    let fitted = solve(&Problem { priors, cases })?;
    let effects = fitted.coefficients.iter().zip(&fitted.variances);
    Ok(Joint {
        coefficients: fitted.coefficients.iter().take(banded.len()).copied().collect(),
        effects: effects
            .skip(banded.len())
            .take(people)
            .map(|(effect, variance)| (*effect, *variance))
            .collect(),
    })
}

/// Points of each slot of a feature: its weight of evidence times the coefficient, on the scale of points.
pub(crate) fn points(banded: &Banded, coefficient: f64, points_to_double: i32) -> Vec<i32> {
    let scale = f64::from(points_to_double) / std::f64::consts::LN_2;
    banded
        .woes()
        .iter()
        .map(|woe| whole(woe * coefficient * scale))
        .collect()
}
