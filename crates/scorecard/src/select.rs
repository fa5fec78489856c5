//! Which features stay: enough information, the same sign early and late, not a copy of another, the right sign in the fit.
use kernel::Outcome;

use crate::bands::{Counts, Evidence};
use crate::fit::{Banded, Joint, joint};
use crate::leniency::Inspectors;
use crate::number::real;
use crate::reading::Value;
use crate::report::Dropped;
use crate::sample::{Sample, Visit};
use crate::spec::Training;

/// The features that may go into a fit, in the order declared, and those left out with the reason.
pub(crate) fn candidates(
    sample: &Sample,
    inspectors: &Inspectors,
    training: &Training,
) -> (Vec<Banded>, Vec<Dropped>) {
    let mut dropped = Vec::new();
    let mut found: Vec<Banded> = Vec::new();
    for (at, feature) in sample.features().iter().enumerate() {
        if feature.only_crossed {
            continue;
        }
        let banded = Banded::of(sample, at, inspectors, training).and_then(|banded| {
            if banded.information < training.least_information {
                return Err(format!(
                    "信息值 {:.4}，低于 {}",
                    banded.information, training.least_information
                ));
            }
            let agreement = agreement(sample, &banded, inspectors, training);
            if agreement <= 0.0 {
                return Err(format!("训练期前后两半的方向相反（相关 {agreement:.2}）"));
            }
            Ok(banded)
        });
        match banded {
            Ok(banded) => found.push(banded),
            Err(why) => dropped.push(Dropped::of(feature, why)),
        }
    }
    let mut order: Vec<usize> = (0..found.len()).collect();
    let information = |at: usize| found.get(at).map_or(0.0, |banded| banded.information);
    order.sort_by(|a, b| information(*b).total_cmp(&information(*a)).then(a.cmp(b)));
    let columns: Vec<Vec<f64>> = found.iter().map(|banded| column(sample, banded)).collect();
    let mut kept: Vec<usize> = Vec::new();
    for at in order {
        let like = kept.iter().find_map(|other| {
            let r = correlation(columns.get(at)?, columns.get(*other)?);
            (r.abs() > training.most_correlation).then_some((*other, r))
        });
        let feature = |at: usize| sample.features().get(found.get(at)?.feature);
        match like {
            Some((other, r)) => {
                let other = feature(other).map_or("", |feature| feature.title.as_str());
                if let Some(feature) = feature(at) {
                    dropped.push(Dropped::of(
                        feature,
                        format!("与“{other}”相关 {r:.2}，信息值较低"),
                    ));
                }
            }
            None => kept.push(at),
        }
    }
    kept.sort_unstable();
    let kept = kept.into_iter().filter_map(|at| found.get(at).cloned()).collect();
    (kept, dropped)
}

/// Rounds in which inspectors and bands are found beside each other.
const ROUNDS: usize = 4;

/// Inspectors with the features beside them. Bands need to know how strict inspectors are, and that needs the bands: each is
/// found by what the other was, a few times over.
pub(crate) fn inspectors_beside(sample: &Sample, training: &Training, strength: f64) -> Outcome<Inspectors> {
    let mut inspectors = Inspectors::of(sample)?;
    if inspectors.strength.is_none() {
        return Ok(inspectors);
    }
    for _ in 0..ROUNDS {
        let (banded, _) = candidates(sample, &inspectors, training);
        let fit = joint(sample, &banded, &inspectors, strength)?;
        inspectors = inspectors.with(sample, &fit.effects);
    }
    Ok(inspectors)
}

/// The fit of those whose coefficient has the right sign: more evidence must not mean less risk.
pub(crate) fn right_sign(
    sample: &Sample,
    mut banded: Vec<Banded>,
    inspectors: &Inspectors,
    strength: f64,
) -> Outcome<(Vec<Banded>, Joint, Vec<Dropped>)> {
    const LEAST: f64 = 0.05;
    let mut dropped = Vec::new();
    loop {
        let fit = joint(sample, &banded, inspectors, strength)?;
        let worst = fit
            .coefficients
            .iter()
            .copied()
            .enumerate()
            .min_by(|(_, a), (_, b)| a.total_cmp(b));
        match worst {
            Some((at, coefficient)) if coefficient < LEAST => {
                let gone = banded.remove(at);
                if let Some(feature) = sample.features().get(gone.feature) {
                    dropped.push(Dropped::of(
                        feature,
                        format!("系数 {coefficient:.2}，与其他特征一起看时没有或方向相反"),
                    ));
                }
            }
            _ => return Ok((banded, fit, dropped)),
        }
    }
}

/// Weights of evidence of a feature, row by row.
fn column(sample: &Sample, banded: &Banded) -> Vec<f64> {
    let woes = banded.woes();
    let visits = sample.visits().iter();
    visits
        .map(|visit| {
            let slot = slot_of(visit, banded);
            woes.get(slot).copied().unwrap_or(0.0)
        })
        .collect()
}

fn slot_of(visit: &Visit, banded: &Banded) -> usize {
    banded.slot(visit.values.get(banded.feature).unwrap_or(&Value::Missing))
}

/// Correlation of two columns of the same length; 0 where one does not vary.
fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let rows = real(a.len()).max(1.0);
    let (mean_a, mean_b) = (a.iter().sum::<f64>() / rows, b.iter().sum::<f64>() / rows);
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        ab += (a - mean_a) * (b - mean_b);
        aa += (a - mean_a) * (a - mean_a);
        bb += (b - mean_b) * (b - mean_b);
    }
    if aa > 1e-12 && bb > 1e-12 {
        ab / (aa * bb).sqrt()
    } else {
        0.0
    }
}

/// How alike the weights of evidence of the earlier and the later half of the rows are: their weighted correlation around 0.
fn agreement(sample: &Sample, banded: &Banded, inspectors: &Inspectors, training: &Training) -> f64 {
    let middle = sample.day_at(1, 2);
    let slots = banded.slots().len();
    let mut early = vec![Counts::default(); slots];
    let mut late = vec![Counts::default(); slots];
    for visit in sample.visits() {
        let half = if Some(visit.day) < middle {
            &mut early
        } else {
            &mut late
        };
        if let Some(counts) = half.get_mut(slot_of(visit, banded)) {
            counts.add(visit.inspector, visit.found);
        }
    }
    let (mut both, mut first, mut second) = (0.0, 0.0, 0.0);
    for ((early, late), (_, whole)) in early.iter().zip(&late).zip(banded.slots()) {
        let a = Evidence::of(early, &inspectors.offsets, training.smoothing).woe;
        let b = Evidence::of(late, &inspectors.offsets, training.smoothing).woe;
        both += whole.information * a * b;
        first += whole.information * a * a;
        second += whole.information * b * b;
    }
    let scale = (first * second).sqrt();
    if scale > 1e-12 { both / scale } else { 0.0 }
}
