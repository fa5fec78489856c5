//! Weight of evidence, information value, and the bands of a number under the shape its risk may take.
use serde::{Deserialize, Serialize};

use crate::number::{log_odds, real, short_between, sigmoid, softplus};

/// How the risk may go with a number (形状).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// Up or down, whichever each third of the time shows; the feature is left out when the thirds disagree.
    #[default]
    Auto,
    /// Never less risk with a higher number.
    Up,
    /// Never more risk with a higher number.
    Down,
    /// Least risk somewhere in the middle (U).
    Valley,
    /// Most risk somewhere in the middle.
    Hump,
    /// Any way.
    Free,
}

impl Shape {
    pub(crate) fn is_auto(&self) -> bool {
        *self == Self::Auto
    }
}

/// Rows of a band and how many of them found a problem, inspector by inspector.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    by: Vec<(u32, u32)>,
}

impl Counts {
    /// Counts of one inspector, or of all without telling them apart.
    pub fn of(rows: u32, found: u32) -> Self {
        Self {
            by: vec![(rows, found)],
        }
    }

    /// Counts the row of an inspector (by number, from 0).
    pub fn add(&mut self, inspector: usize, found: bool) {
        if self.by.len() <= inspector {
            self.by.resize(inspector + 1, (0, 0));
        }
        if let Some((rows, all)) = self.by.get_mut(inspector) {
            *rows += 1;
            *all += u32::from(found);
        }
    }

    /// Takes another band in.
    pub fn join(&mut self, other: &Self) {
        if self.by.len() < other.by.len() {
            self.by.resize(other.by.len(), (0, 0));
        }
        for (mine, theirs) in self.by.iter_mut().zip(&other.by) {
            mine.0 += theirs.0;
            mine.1 += theirs.1;
        }
    }

    /// Rows.
    pub fn rows(&self) -> u32 {
        self.by.iter().map(|(rows, _)| rows).sum()
    }

    /// Rows that found a problem.
    pub fn found(&self) -> u32 {
        self.by.iter().map(|(_, found)| found).sum()
    }

    /// Rows that would have found a problem if only the inspectors mattered.
    pub(crate) fn expected(&self, offsets: &[f64]) -> f64 {
        let parts = self.by.iter().zip(offsets);
        parts
            .map(|((rows, _), offset)| f64::from(*rows) * sigmoid(*offset))
            .sum()
    }
}

/// Weight of evidence (证据权重) of a band, with the information it rests on.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Evidence {
    /// Log-odds above those of the same inspectors' average.
    pub woe: f64,
    /// `Σ p(1 − p)` over its rows, at that weight.
    pub information: f64,
}

impl Evidence {
    /// `offsets`: log-odds of each inspector. Without smoothing and with one inspector this is the classical
    /// `ln((bad / all bad) / (good / all good))`; smoothing adds a normal prior around 0 with that much information.
    pub fn of(counts: &Counts, offsets: &[f64], smoothing: f64) -> Self {
        const FARTHEST: f64 = 6.0;
        let mut woe = 0.0_f64;
        let mut information = 0.0;
        for _ in 0..60 {
            let mut slope = -smoothing * woe;
            information = 0.0;
            for ((rows, found), offset) in counts.by.iter().zip(offsets) {
                let p = sigmoid(offset + woe);
                slope += f64::from(*found) - f64::from(*rows) * p;
                information += f64::from(*rows) * p * (1.0 - p);
            }
            let step = slope / (information + smoothing).max(1e-9);
            woe = (woe + step.clamp(-1.0, 1.0)).clamp(-FARTHEST, FARTHEST);
            if step.abs() < 1e-12 {
                break;
            }
        }
        Self { woe, information }
    }

    fn log_likelihood(&self, counts: &Counts, offsets: &[f64], smoothing: f64) -> f64 {
        let parts = counts.by.iter().zip(offsets);
        parts
            .map(|((rows, found), offset)| {
                let z = offset + self.woe;
                f64::from(*found) * z - f64::from(*rows) * softplus(z)
            })
            .sum::<f64>()
            - smoothing * self.woe * self.woe / 2.0
    }
}

/// Weight of evidence of a band, `ln((bad / all bad) / (good / all good))` for one inspector and no smoothing; see the module.
///
/// `all` are the counts of all bands together.
pub fn weight_of_evidence(band: &Counts, all: &Counts, smoothing: f64) -> f64 {
    let found = f64::from(all.found());
    let offset = (found / (f64::from(all.rows()) - found)).ln();
    Evidence::of(band, &[offset], smoothing).woe
}

/// Information value (信息值) of bands given as (bad, good): `Σ (bad share − good share) · weight of evidence`.
pub fn information_value(bands: &[(f64, f64)]) -> f64 {
    let bad: f64 = bands.iter().map(|(bad, _)| bad).sum();
    let good: f64 = bands.iter().map(|(_, good)| good).sum();
    let parts = bands.iter().filter(|(b, g)| *b > 0.0 && *g > 0.0);
    parts
        .map(|(b, g)| (b / bad - g / good) * ((b / bad) / (g / good)).ln())
        .sum()
}

/// Information value of bands as if every one had been seen by the average inspector.
pub(crate) fn information_of<'b>(bands: impl Iterator<Item = (&'b Counts, Evidence)>, average: f64) -> f64 {
    let levelled: Vec<(f64, f64)> = bands
        .map(|(counts, evidence)| {
            let rows = f64::from(counts.rows());
            let bad = rows * sigmoid(average + evidence.woe);
            (bad, rows - bad)
        })
        .collect();
    information_value(&levelled)
}

/// What a row says to the search for bands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen {
    pub value: f64,
    pub inspector: usize,
    pub found: bool,
    /// Which third of the time it is from, 0 to 2.
    pub third: usize,
}

/// How bands are made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Making<'o> {
    /// Log-odds of each inspector.
    pub offsets: &'o [f64],
    pub smoothing: f64,
    pub max_bands: usize,
    pub min_rows: u32,
    pub least_difference: f64,
}

/// A band of numbers: from its least value up to that of the next; the first has none.
#[derive(Debug, Clone)]
pub(crate) struct NumberBand {
    pub from: Option<f64>,
    pub counts: Counts,
    pub evidence: Evidence,
    /// Number of the first of the finest bands in it.
    first: usize,
}

const FINEST: usize = 20;

/// The bands of a number; none when the shape is to be found and the thirds of the time disagree.
pub(crate) fn number_bands(
    seen: &[Seen],
    cuts: &[f64],
    shape: Shape,
    making: &Making<'_>,
) -> Option<(Shape, Vec<NumberBand>)> {
    let edges = if cuts.is_empty() {
        edges(seen)
    } else {
        cuts.to_vec()
    };
    let shape = if shape.is_auto() {
        direction(seen, &edges, making)?
    } else {
        shape
    };
    let fine = fine(seen, &edges, making);
    let bands = match shape {
        Shape::Valley | Shape::Hump => {
            let turned = (0..fine.len()).map(|turn| {
                let up_before = shape == Shape::Hump;
                merged(fine.clone(), making, |first| {
                    Some(if first <= turn { up_before } else { !up_before })
                })
            });
            // The first of the best, so that ties do not depend on anything but the rows.
            let mut best: Option<(f64, Vec<NumberBand>)> = None;
            for bands in turned {
                let fit: f64 = bands
                    .iter()
                    .map(|band| {
                        band.evidence
                            .log_likelihood(&band.counts, making.offsets, making.smoothing)
                    })
                    .sum();
                if best.as_ref().is_none_or(|(before, _)| fit > before + 1e-9) {
                    best = Some((fit, bands));
                }
            }
            best?.1
        }
        Shape::Up => merged(fine, making, |_| Some(true)),
        Shape::Down => merged(fine, making, |_| Some(false)),
        Shape::Auto | Shape::Free => merged(fine, making, |_| None),
    };
    Some((shape, bands))
}

/// Edges that part the values into about twenty bands of like size, never inside of one value.
fn edges(seen: &[Seen]) -> Vec<f64> {
    let mut values: Vec<f64> = seen.iter().map(|one| one.value).collect();
    values.sort_unstable_by(f64::total_cmp);
    let mut distinct = values.clone();
    distinct.dedup();
    let each = if distinct.len() <= FINEST {
        1
    } else {
        (values.len() / FINEST).max(1)
    };
    let mut edges = Vec::new();
    let mut held = 0;
    for pair in values.windows(2) {
        let [below, next] = pair else { continue };
        held += 1;
        if next > below && held >= each {
            edges.push(short_between(*below, *next));
            held = 0;
        }
    }
    edges
}

fn band_at(edges: &[f64], value: f64) -> usize {
    edges.iter().take_while(|edge| **edge <= value).count()
}

fn fine(seen: &[Seen], edges: &[f64], making: &Making<'_>) -> Vec<NumberBand> {
    let mut counts = vec![Counts::default(); edges.len() + 1];
    for one in seen {
        if let Some(counts) = counts.get_mut(band_at(edges, one.value)) {
            counts.add(one.inspector, one.found);
        }
    }
    let from = std::iter::once(None).chain(edges.iter().copied().map(Some));
    let bands = from.zip(counts).enumerate();
    bands
        .map(|(first, (from, counts))| NumberBand {
            from,
            evidence: Evidence::of(&counts, making.offsets, making.smoothing),
            counts,
            first,
        })
        .collect()
}

/// Which way the risk goes in every third of the time; none when they disagree.
fn direction(seen: &[Seen], edges: &[f64], making: &Making<'_>) -> Option<Shape> {
    let mut ways = (0..3).map(|third| {
        let part: Vec<Seen> = seen.iter().filter(|one| one.third == third).copied().collect();
        let bands = fine(&part, edges, making);
        let weight: f64 = bands.iter().map(|band| band.evidence.information).sum();
        let middle: f64 = bands
            .iter()
            .map(|band| band.evidence.information * real(band.first))
            .sum::<f64>()
            / weight.max(1e-9);
        let slope: f64 = bands
            .iter()
            .map(|band| band.evidence.information * (real(band.first) - middle) * band.evidence.woe)
            .sum();
        slope > 0.0
    });
    let first = ways.next()?;
    ways.all(|way| way == first)
        .then_some(if first { Shape::Up } else { Shape::Down })
}

/// Joins neighbours until every band is large enough, the order is kept, and neighbours differ. `up` says for a band by
/// its first finest one whether the risk may only rise to it (`true`), only fall (`false`), or either.
fn merged(
    mut bands: Vec<NumberBand>,
    making: &Making<'_>,
    up: impl Fn(usize) -> Option<bool>,
) -> Vec<NumberBand> {
    while let Some(left) = next_to_join(&bands, making, &up) {
        let right = bands.remove(left + 1);
        if let Some(band) = bands.get_mut(left) {
            band.counts.join(&right.counts);
            band.evidence = Evidence::of(&band.counts, making.offsets, making.smoothing);
        }
    }
    bands
}

/// The left one of the two neighbours to be joined next: the smallest band that is too small with the neighbour like it,
/// then the worst breach of the order, then the two least different.
fn next_to_join(
    bands: &[NumberBand],
    making: &Making<'_>,
    up: &impl Fn(usize) -> Option<bool>,
) -> Option<usize> {
    let pairs: Vec<(f64, f64)> = bands
        .windows(2)
        .filter_map(|pair| match pair {
            [a, b] => {
                let rise = b.evidence.woe - a.evidence.woe;
                let breach = match up(b.first) {
                    Some(true) => -rise,
                    Some(false) => rise,
                    None => 0.0,
                };
                let variance =
                    1.0 / a.evidence.information.max(1e-9) + 1.0 / b.evidence.information.max(1e-9);
                Some((breach, rise.abs() / variance.sqrt()))
            }
            _ => None,
        })
        .collect();
    if pairs.is_empty() {
        return None;
    }
    let too_small = bands
        .iter()
        .enumerate()
        .filter(|(_, band)| band.counts.rows() < making.min_rows)
        .min_by_key(|(_, band)| band.counts.rows());
    if let Some((at, _)) = too_small {
        let unlike = |pair: usize| pairs.get(pair).map_or(f64::INFINITY, |(_, unlike)| *unlike);
        let before = at.checked_sub(1);
        return match before {
            Some(before) if unlike(before) <= unlike(at) => Some(before),
            Some(before) if at + 1 >= bands.len() => Some(before),
            _ => Some(at),
        };
    }
    let worst = pairs
        .iter()
        .enumerate()
        .filter(|(_, (breach, _))| *breach > 1e-12)
        .max_by(|(_, (a, _)), (_, (b, _))| a.total_cmp(b));
    if let Some((at, _)) = worst {
        return Some(at);
    }
    let (at, (_, unlike)) = pairs
        .iter()
        .enumerate()
        .min_by(|(_, (_, a)), (_, (_, b))| a.total_cmp(b))?;
    (bands.len() > making.max_bands || *unlike < making.least_difference).then_some(at)
}

/// Log-odds of all rows together.
pub(crate) fn overall(counts: &Counts) -> f64 {
    log_odds(f64::from(counts.found()), f64::from(counts.rows()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bad and good by band, 100 and 900 in all: round shares, so that the weights can be checked on paper.
    const AGE: [(f64, f64); 3] = [(60.0, 140.0), (30.0, 270.0), (10.0, 490.0)];

    #[test]
    fn weight_of_evidence_and_information_value_are_the_classical_ones() {
        let all = Counts::of(1000, 100);
        // By hand: ln((60/100)/(140/900)), ln((30/100)/(270/900)), ln((10/100)/(490/900)).
        let by_hand = [1.349_927, 0.0, -1.694_596];
        for ((bad, good), expected) in AGE.iter().zip(by_hand) {
            let band = Counts::of((bad + good) as u32, *bad as u32);
            assert!((weight_of_evidence(&band, &all, 0.0) - expected).abs() < 1e-6);
            let smoothed = weight_of_evidence(&band, &all, 20.0);
            assert!(smoothed.abs() <= expected.abs() + 1e-9 && smoothed * expected >= 0.0);
        }
        // (0.6 − 0.155556)·1.349927 + 0 + (0.1 − 0.544444)·(−1.694596)
        assert!((information_value(&AGE) - 1.353_121).abs() < 1e-5);
    }

    #[test]
    fn bands_without_any_problem_found_stay_finite() {
        let all = Counts::of(1000, 100);
        let none = weight_of_evidence(&Counts::of(100, 0), &all, 5.0);
        assert!(none < -0.5 && none > -6.0, "{none}");
        assert!(weight_of_evidence(&Counts::of(100, 0), &all, 0.0).is_finite());
    }

    fn seen(rates: &[(f64, u32, u32)]) -> Vec<Seen> {
        let mut seen = Vec::new();
        for (value, rows, found) in rates {
            for row in 0..*rows {
                seen.push(Seen {
                    value: *value,
                    inspector: 0,
                    // Spread evenly over the thirds.
                    found: (row * found) / rows != ((row + 1) * found) / rows,
                    third: (row % 3) as usize,
                });
            }
        }
        seen
    }

    fn making(offsets: &[f64]) -> Making<'_> {
        Making {
            offsets,
            smoothing: 1.0,
            max_bands: 6,
            min_rows: 20,
            least_difference: 0.5,
        }
    }

    #[test]
    fn a_breach_of_the_order_is_pooled_with_its_neighbour() {
        let seen = seen(&[(1.0, 300, 15), (2.0, 300, 45), (3.0, 300, 30), (4.0, 300, 90)]);
        let (shape, bands) = number_bands(&seen, &[], Shape::Auto, &making(&[-1.7])).unwrap();
        assert_eq!(shape, Shape::Up);
        let froms: Vec<Option<f64>> = bands.iter().map(|band| band.from).collect();
        assert_eq!(froms, [None, Some(2.0), Some(4.0)]);
        assert_eq!(bands[1].counts.rows(), 600);
        assert_eq!(bands[1].counts.found(), 75);
    }

    #[test]
    fn a_hump_is_only_found_when_asked_for() {
        let seen = seen(&[(1.0, 300, 15), (2.0, 300, 90), (3.0, 300, 45), (4.0, 300, 15)]);
        let (_, up) = number_bands(&seen, &[], Shape::Up, &making(&[-1.7])).unwrap();
        assert!(
            up.windows(2)
                .all(|pair| pair[0].evidence.woe <= pair[1].evidence.woe)
        );
        let (_, hump) = number_bands(&seen, &[], Shape::Hump, &making(&[-1.7])).unwrap();
        let woes: Vec<f64> = hump.iter().map(|band| band.evidence.woe).collect();
        assert_eq!(woes.len(), 4);
        assert!(woes[0] < woes[1] && woes[1] > woes[2] && woes[2] > woes[3]);
        let (_, valley) = number_bands(&seen, &[], Shape::Valley, &making(&[-1.7])).unwrap();
        assert!(valley.len() < 4);
    }

    #[test]
    fn a_direction_that_changes_with_time_is_no_direction() {
        let mut seen = seen(&[(1.0, 300, 15), (2.0, 300, 90)]);
        for one in &mut seen {
            if one.third == 2 {
                one.value = 3.0 - one.value;
            }
        }
        assert!(number_bands(&seen, &[], Shape::Auto, &making(&[-1.7])).is_none());
    }

    #[test]
    fn a_strict_inspector_does_not_make_a_band_risky() {
        // The strict one (half found) only sees band 2, the mild one (a tenth) only band 1; within each nothing differs.
        let (mut one, mut two) = (Counts::default(), Counts::default());
        for row in 0..200_u32 {
            one.add(0, row % 10 == 0);
            two.add(1, row % 2 == 0);
        }
        let offsets = [(0.1_f64 / 0.9).ln(), 0.0];
        assert!(Evidence::of(&one, &offsets, 1.0).woe.abs() < 1e-9);
        assert!(Evidence::of(&two, &offsets, 1.0).woe.abs() < 1e-9);
        assert!((two.expected(&offsets) - 100.0).abs() < 1e-9);
    }
}
