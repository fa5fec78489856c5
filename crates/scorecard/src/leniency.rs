//! How strict inspectors are (检查人员宽严): an effect of its own beside the features, drawn to the average, never in a card.
use kernel::Outcome;

use crate::bands::{Counts, Evidence, overall};
use crate::logistic::{Case, Fitted, Problem, solve};
use crate::number::real;
use crate::sample::Sample;

/// How much more or less than the average an inspector finds, everything else being equal.
#[derive(Debug, Clone, PartialEq)]
pub struct Leniency {
    /// Person or group, as the file names them.
    pub inspector: String,
    /// Rows.
    pub rows: u32,
    /// Rows that found a problem.
    pub found: u32,
    /// Odds against the average; 1 is average.
    pub odds: f64,
    /// Lower end of its 95 % interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Inspectors by themselves: their log-odds, and how much inspectors differ.
#[derive(Debug, Clone)]
pub(crate) struct Inspectors {
    /// Log-odds of each, by number.
    pub offsets: Vec<f64>,
    /// Log-odds of the average one, weighed by rows.
    pub average: f64,
    /// Strength by which an effect is drawn to 0: 1 / variance between inspectors. None when there is nobody to compare.
    pub strength: Option<f64>,
}

pub(crate) fn counts_of(sample: &Sample) -> Vec<Counts> {
    let mut counts = vec![Counts::default(); sample.inspectors().len().max(1)];
    for visit in sample.visits() {
        if let Some(counts) = counts.get_mut(visit.inspector) {
            counts.add(0, visit.found);
        }
    }
    counts
}

impl Inspectors {
    /// From the rows alone, without features. The variance between inspectors is found from the rows (empirical Bayes), so
    /// that one with few rows is drawn to the average and one with many is not.
    pub fn of(sample: &Sample) -> Outcome<Self> {
        let counts = counts_of(sample);
        let mut all = Counts::default();
        for one in &counts {
            all.join(one);
        }
        let active = counts.iter().filter(|one| one.rows() > 0).count();
        let middle = overall(&all);
        if active < 2 {
            return Ok(Self {
                offsets: vec![middle; counts.len()],
                average: middle,
                strength: None,
            });
        }
        let mut variance = 0.25;
        let mut fitted = effects(&counts, 1.0 / variance)?;
        for _ in 0..30 {
            let inspectors = fitted.coefficients.iter().zip(&fitted.variances).zip(&counts);
            let squares: f64 = inspectors
                .filter(|(_, counts)| counts.rows() > 0)
                .map(|((effect, variance), _)| effect * effect + variance)
                .sum();
            let next = (squares / real(active)).clamp(1e-4, 25.0);
            let settled = (next - variance).abs() < 1e-7;
            variance = next;
            fitted = effects(&counts, 1.0 / variance)?;
            if settled {
                break;
            }
        }
        let intercept = fitted.coefficients.last().copied().unwrap_or(middle);
        let effects = fitted.coefficients.iter().take(counts.len());
        let offsets: Vec<f64> = effects.map(|effect| intercept + effect).collect();
        let weighed: f64 = offsets
            .iter()
            .zip(&counts)
            .map(|(offset, counts)| offset * f64::from(counts.rows()))
            .sum();
        Ok(Self {
            average: weighed / f64::from(all.rows()).max(1.0),
            offsets,
            strength: Some(1.0 / variance),
        })
    }
}

impl Inspectors {
    /// The same with effects as fitted beside features: who is sent where the risk is high is not strict for it.
    pub fn with(&self, sample: &Sample, effects: &[(f64, f64)]) -> Self {
        let counts = counts_of(sample);
        let seen = || {
            effects
                .iter()
                .zip(&counts)
                .filter(|(_, counts)| counts.rows() > 0)
        };
        let squares: f64 = seen()
            .map(|((effect, variance), _)| effect * effect + variance)
            .sum();
        let variance = (squares / real(seen().count()).max(1.0)).clamp(1e-4, 25.0);
        let mut by_inspector = Counts::default();
        for visit in sample.visits() {
            by_inspector.add(visit.inspector, visit.found);
        }
        let effects: Vec<f64> = effects.iter().map(|(effect, _)| *effect).collect();
        // The level at which these effects add up to what was found.
        let level = Evidence::of(&by_inspector, &effects, 0.0).woe;
        let offsets: Vec<f64> = effects.iter().map(|effect| level + effect).collect();
        let rows: f64 = counts.iter().map(|one| f64::from(one.rows())).sum();
        let weighed: f64 = offsets
            .iter()
            .zip(&counts)
            .map(|(offset, counts)| offset * f64::from(counts.rows()))
            .sum();
        Self {
            offsets,
            average: weighed / rows.max(1.0),
            strength: Some(1.0 / variance),
        }
    }
}

/// Effects of inspectors and, last, the intercept.
fn effects(counts: &[Counts], strength: f64) -> Outcome<Fitted> {
    let mut priors = vec![(0.0, strength); counts.len()];
    priors.push((0.0, 0.0));
    let cases = counts
        .iter()
        .enumerate()
        .map(|(inspector, counts)| Case {
            cells: vec![(inspector, 1.0), (priors.len() - 1, 1.0)],
            rows: f64::from(counts.rows()),
            found: f64::from(counts.found()),
        })
        .collect();
    solve(&Problem { priors, cases })
}

/// What is told of the inspectors: effects and variances as fitted beside the features.
pub(crate) fn told(sample: &Sample, effects: &[(f64, f64)]) -> Vec<Leniency> {
    let counts = counts_of(sample);
    let all: f64 = counts.iter().map(|one| f64::from(one.rows())).sum();
    let parts = effects.iter().zip(&counts);
    let middle = parts
        .map(|((effect, _), counts)| effect * f64::from(counts.rows()))
        .sum::<f64>()
        / all.max(1.0);
    let mut told: Vec<Leniency> = sample
        .inspectors()
        .iter()
        .zip(effects)
        .zip(&counts)
        .filter(|(_, counts)| counts.rows() > 0)
        .map(|((inspector, (effect, variance)), counts)| {
            let half = 1.96 * variance.max(0.0).sqrt();
            let at = effect - middle;
            Leniency {
                inspector: if inspector.is_empty() {
                    "（空）".to_owned()
                } else {
                    inspector.clone()
                },
                rows: counts.rows(),
                found: counts.found(),
                odds: at.exp(),
                low: (at - half).exp(),
                high: (at + half).exp(),
            }
        })
        .collect();
    told.sort_by(|a, b| {
        b.odds
            .total_cmp(&a.odds)
            .then_with(|| a.inspector.cmp(&b.inspector))
    });
    told
}
