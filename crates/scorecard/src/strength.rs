//! Chooses the strength of the penalty by looking forward in time: fitted on what was, judged on what came next.
use kernel::Outcome;

use crate::fit::{Banded, MISSING, joint};
use crate::measure::auc;
use crate::number::real;
use crate::sample::Sample;
use crate::select::{candidates, inspectors_beside};
use crate::spec::Training;

/// Strength and its mean AUC on the parts of the time that came next.
pub(crate) type Tried = Vec<(f64, f64)>;

/// The rows are cut by day into five parts; the third, fourth and fifth are each judged by fits on all before them.
const PARTS: usize = 5;
const FIRST_JUDGED: usize = 2;
/// What counts as no difference; then the stronger penalty wins.
const SAME: f64 = 0.000_5;

/// The strength to use, and all that were tried.
pub(crate) fn choose(sample: &Sample, training: &Training) -> Outcome<(f64, Tried)> {
    let weakest = training.strengths.iter().copied().fold(f64::INFINITY, f64::min);
    let mut sums = vec![(0.0, 0.0); training.strengths.len()];
    for part in FIRST_JUDGED..PARTS {
        let Some(from) = sample.day_at(part, PARTS) else {
            continue;
        };
        let until = sample.day_at(part + 1, PARTS).and_then(|day| day.pred_opt());
        let past = sample.before(from);
        let next = sample.between(Some(from), until);
        let judged = next.found();
        if past.found() == 0 || judged == 0 || judged == next.len() {
            continue;
        }
        let inspectors = inspectors_beside(&past, training, weakest)?;
        let (banded, _) = candidates(&past, &inspectors, training);
        if banded.is_empty() {
            continue;
        }
        for (sum, strength) in sums.iter_mut().zip(&training.strengths) {
            let fit = joint(&past, &banded, &inspectors, *strength)?;
            let weight = real(judged);
            sum.0 += weight * forward(&next, &banded, &fit.coefficients);
            sum.1 += weight;
        }
    }
    let tried: Tried = training
        .strengths
        .iter()
        .zip(&sums)
        .map(|(strength, (sum, weight))| (*strength, if *weight > 0.0 { sum / weight } else { 0.5 }))
        .collect();
    let best = tried.iter().map(|(_, auc)| *auc).fold(0.0, f64::max);
    let chosen = tried
        .iter()
        .filter(|(_, auc)| *auc >= best - SAME)
        .map(|(strength, _)| *strength)
        .fold(0.0, f64::max);
    Ok((chosen, tried))
}

/// AUC of the sum of weighted evidence, inspectors apart.
fn forward(sample: &Sample, banded: &[Banded], coefficients: &[f64]) -> f64 {
    let woes: Vec<Vec<f64>> = banded.iter().map(Banded::woes).collect();
    let rows: Vec<(f64, bool)> = sample
        .visits()
        .iter()
        .map(|visit| {
            let parts = banded.iter().zip(&woes).zip(coefficients);
            let sum = parts
                .map(|((one, woes), coefficient)| {
                    let slot = visit
                        .values
                        .get(one.feature)
                        .map_or(MISSING, |value| one.slot(value));
                    coefficient * woes.get(slot).copied().unwrap_or(0.0)
                })
                .sum();
            (sum, visit.found)
        })
        .collect();
    auc(&rows).map_or(0.5, |interval| interval.value)
}
