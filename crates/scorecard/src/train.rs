//! Trains a card: inspectors, bands, selection, joint fit, points, probability; and the trials that judge the way it is made.
use kernel::{Fault, Outcome};

use crate::bands::{Counts, Evidence};
use crate::card::{Band, Card, Category, FORMAT, Made, Odds, Part, Scale, Weighed};
use crate::feature::{Derivation, Feature};
use crate::fit::{Banded, FIRST, MISSING, OTHERS, Pieces, points};
use crate::leniency::{Inspectors, Leniency, told};
use crate::logistic::{Case, Problem, solve};
use crate::measure::{Visited, judge};
use crate::number::{four, permille};
use crate::report::{Dropped, Report, TrialResult};
use crate::sample::{Sample, Visit};
use crate::select::{candidates, inspectors_beside, right_sign};
use crate::spec::{Spec, Trial};
use crate::strength::{Tried, choose};

/// A card with how it came about.
#[derive(Debug, Clone)]
pub struct Trained {
    /// The card.
    pub card: Card,
    /// What there is to say about it.
    pub report: Report,
}

/// Fewer rows with a problem than this teach nothing.
const LEAST_FOUND: usize = 30;

/// A card in the making, with what the file does not keep.
struct Work {
    card: Card,
    banded: Vec<Banded>,
    points: Vec<Vec<i32>>,
    dropped: Vec<Dropped>,
    tried: Tried,
    leniency: Vec<Leniency>,
}

/// Trains a card on all rows of a sample, and holds the trials of the spec.
pub fn train(spec: &Spec, sample: &Sample) -> Outcome<Trained> {
    spec.check()?;
    let sample = sample.settled();
    let made = card_of(spec, &sample)?;
    let trials = spec
        .trials
        .iter()
        .map(|trial| hold(spec, &sample, trial))
        .collect::<Outcome<Vec<TrialResult>>>()?;
    let report = Report {
        card: made.card.clone(),
        dropped: made.dropped,
        tried: made.tried,
        leniency: made.leniency,
        trials,
    };
    Ok(Trained {
        card: made.card,
        report,
    })
}

/// A trial: the rows before its day train, those of its days are judged; a row is never in both.
fn hold(spec: &Spec, sample: &Sample, trial: &Trial) -> Outcome<TrialResult> {
    let past = sample.before(trial.before);
    let later = sample.between(Some(trial.from), Some(trial.until));
    let made = card_of(spec, &past)?;
    let visits: Vec<Visited> = later
        .visits()
        .iter()
        .map(|visit| Visited {
            day: visit.day,
            found: visit.found,
            score: f64::from(made.score(visit)),
        })
        .collect();
    let expected = later
        .visits()
        .iter()
        .map(|visit| made.card.probability_at(made.score(visit)))
        .sum();
    Ok(TrialResult {
        trial: trial.clone(),
        trained_on: past.len(),
        last_trained: past.days().map(|(_, last)| last),
        features: made.card.points.len(),
        judged: judge(&visits),
        expected,
    })
}

impl Work {
    fn score(&self, visit: &Visit) -> i32 {
        let parts = self.banded.iter().zip(&self.points);
        let points: i32 = parts
            .map(|(banded, points)| {
                let slot = visit
                    .values
                    .get(banded.feature)
                    .map_or(MISSING, |value| banded.slot(value));
                points.get(slot).copied().unwrap_or(0)
            })
            .sum();
        self.card.scale.base_score + points
    }
}

fn card_of(spec: &Spec, sample: &Sample) -> Outcome<Work> {
    let training = &spec.training;
    let found = sample.found();
    let days = sample.days();
    let (Some((from, until)), true) = (days, found >= LEAST_FOUND && sample.len() - found >= LEAST_FOUND)
    else {
        return Err(Fault::invalid(
            "model.train.too-few",
            format!(
                "训练数据 {} 行，检出问题 {found} 行；检出和未检出都至少要 {LEAST_FOUND} 行，否则学不到东西。请给出更长时间的结果。",
                sample.len()
            ),
        ));
    };
    let (strength, tried) = choose(sample, training)?;
    let inspectors = inspectors_beside(sample, training, strength)?;
    let (banded, mut dropped) = candidates(sample, &inspectors, training);
    let (banded, fit, more) = right_sign(sample, banded, &inspectors, strength)?;
    dropped.extend(more);
    if banded.is_empty() {
        let why: Vec<String> = dropped
            .iter()
            .map(|one| format!("{}：{}", one.title, one.why))
            .collect();
        return Err(Fault::invalid(
            "model.train.no-feature",
            format!(
                "没有一个特征可用（{}）。请补充特征，或降低 least_information。",
                why.join("；")
            ),
        ));
    }
    let points: Vec<Vec<i32>> = banded
        .iter()
        .zip(&fit.coefficients)
        .map(|(one, coefficient)| points(one, *coefficient, training.points_to_double))
        .collect();
    let parts = banded.iter().zip(&fit.coefficients).zip(&points);
    let parts: Vec<Part> = parts
        .filter_map(|((one, coefficient), points)| {
            let feature = sample.features().get(one.feature)?;
            Some(part(feature, one, *coefficient, points, &inspectors))
        })
        .collect();
    let mut columns = spec.columns.clone();
    columns.inspector = None;
    let card = Card {
        format: FORMAT,
        title: spec.title.clone(),
        columns,
        made: Made {
            rows: u32::try_from(sample.len()).unwrap_or(u32::MAX),
            found: u32::try_from(found).unwrap_or(u32::MAX),
            from,
            until,
            strength,
        },
        scale: Scale {
            base_score: training.base_score,
            points_to_double: training.points_to_double,
        },
        probability: Odds {
            intercept: 0.0,
            slope: 1.0,
        },
        features: needed(sample.features(), &parts),
        points: parts,
    };
    let mut made = Work {
        card,
        banded,
        points,
        dropped,
        tried,
        leniency: told(sample, &fit.effects),
    };
    made.card.probability = calibrated(&made, sample)?;
    Ok(made)
}

/// The features the parts use, with those they cross, in the order declared.
fn needed(features: &[Feature], parts: &[Part]) -> Vec<Feature> {
    let used = |name: &str| parts.iter().any(|part| part.feature == name);
    let crossed = |name: &str| {
        features.iter().any(|feature| {
            used(&feature.name)
                && matches!(feature.derivation(), Ok(Derivation::Cross(crossed)) if crossed.iter().any(|one| one == name))
        })
    };
    features
        .iter()
        .filter(|feature| used(&feature.name) || crossed(&feature.name))
        .map(|feature| Feature {
            only_crossed: !used(&feature.name),
            ..feature.clone()
        })
        .collect()
}

fn part(
    feature: &Feature,
    banded: &Banded,
    coefficient: f64,
    points: &[i32],
    inspectors: &Inspectors,
) -> Part {
    let weighed = |counts: &Counts, evidence: Evidence, slot: usize| {
        let rows = f64::from(counts.rows());
        Weighed {
            rows: counts.rows(),
            found: counts.found(),
            permille: permille(f64::from(counts.found()), rows),
            expected_permille: permille(counts.expected(&inspectors.offsets), rows),
            woe: four(evidence.woe),
            points: points.get(slot).copied().unwrap_or(0),
        }
    };
    let mut part = Part {
        feature: feature.name.clone(),
        information: four(banded.information),
        coefficient: four(coefficient),
        shape: banded.shape,
        bands: Vec::new(),
        categories: Vec::new(),
        missing: weighed(&banded.missing.0, banded.missing.1, MISSING),
        others: weighed(&banded.others.0, banded.others.1, OTHERS),
    };
    match &banded.pieces {
        Pieces::Numbers(bands) => {
            part.bands = bands
                .iter()
                .zip(FIRST..)
                .map(|(band, slot)| Band {
                    from: band.from,
                    weighed: weighed(&band.counts, band.evidence, slot),
                })
                .collect();
        }
        Pieces::Categories(categories) => {
            part.categories = categories
                .iter()
                .zip(FIRST..)
                .map(|(category, slot)| Category {
                    is: category.is.clone(),
                    weighed: weighed(&category.counts, category.evidence, slot),
                })
                .collect();
        }
    }
    part
}

/// How scores became results in training, all inspectors together: the card does not know who will come.
fn calibrated(made: &Work, sample: &Sample) -> Outcome<Odds> {
    let mut by_score: std::collections::BTreeMap<i32, (u32, u32)> = std::collections::BTreeMap::new();
    for visit in sample.visits() {
        let counts = by_score.entry(made.score(visit)).or_default();
        counts.0 += 1;
        counts.1 += u32::from(visit.found);
    }
    let scale = std::f64::consts::LN_2 / f64::from(made.card.scale.points_to_double);
    let cases = by_score
        .into_iter()
        .map(|(score, (rows, found))| Case {
            cells: vec![
                (0, f64::from(score - made.card.scale.base_score) * scale),
                (1, 1.0),
            ],
            rows: f64::from(rows),
            found: f64::from(found),
        })
        .collect();
    let fitted = solve(&Problem {
        priors: vec![(1.0, 1.0), (0.0, 0.0)],
        cases,
    })?;
    let mut coefficients = fitted.coefficients.into_iter();
    Ok(Odds {
        slope: four(coefficients.next().unwrap_or(1.0)),
        intercept: four(coefficients.next().unwrap_or(0.0)),
    })
}
