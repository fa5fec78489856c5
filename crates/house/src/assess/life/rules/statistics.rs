//! Figures of a shadow run: how well an order of visits tells those that find something from those that do not. Pure.
//!
//! The chance that a visit that found something stands before one that did not (AUC, ties count half), with the variance of
//! DeLong, DeLong and Clarke-Pearson (Biometrics 44, 1988) from placements; shares with the interval of Wilson (JASA 22, 1927).
//! Visits are counted in cells of equal standing, so memory grows with the number of different standings only. Figures leave
//! as whole parts per million.
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF as _, Normal};
use utoipa::ToSchema;

/// One in parts per million.
pub const ONE: i64 = 1_000_000;

/// A figure with its interval, in parts per million.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Interval {
    /// 值（百万分之一）
    pub value: i64,
    /// 区间下限
    pub low: i64,
    /// 区间上限
    pub high: i64,
}

/// Visits of one standing under both models.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counted {
    /// Visits that found something.
    pub found: u64,
    /// Visits that did not.
    pub clean: u64,
}

impl Counted {
    /// All visits.
    pub fn visits(self) -> u64 {
        self.found + self.clean
    }

    fn add(&mut self, other: Self) {
        self.found += other.found;
        self.clean += other.clean;
    }
}

/// Which of the two models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The one in force.
    Current,
    /// The draft.
    Draft,
}

/// Visits by their standing under the current model and under the draft; a higher standing is visited first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cells(BTreeMap<(i64, i64), Counted>);

impl Cells {
    /// Counts a visit.
    pub fn count(&mut self, current: i64, draft: i64, found: bool) {
        let cell = self.0.entry((current, draft)).or_default();
        if found {
            cell.found += 1;
        } else {
            cell.clean += 1;
        }
    }

    /// All visits.
    pub fn total(&self) -> Counted {
        let mut total = Counted::default();
        self.0.values().for_each(|cell| total.add(*cell));
        total
    }

    /// Visits by a part of their standing under one model.
    pub fn by<K: Ord>(&self, which: Which, part: impl Fn(i64) -> K) -> BTreeMap<K, Counted> {
        let mut found: BTreeMap<K, Counted> = BTreeMap::new();
        for ((current, draft), cell) in &self.0 {
            let standing = if which == Which::Current { *current } else { *draft };
            found.entry(part(standing)).or_default().add(*cell);
        }
        found
    }

    /// How many of the first `take` visits in the order of one model found something, in parts per million of a visit; of
    /// visits of equal standing at the cut the same share is taken.
    pub fn found_among_first(&self, which: Which, take: u64) -> i128 {
        let (mut left, mut found) = (take, 0_i128);
        for (_, cell) in self.by(which, |standing| standing).into_iter().rev() {
            let all = cell.visits();
            let taken = left.min(all);
            if all > 0 {
                found += i128::from(ONE) * i128::from(cell.found) * i128::from(taken) / i128::from(all);
            }
            left -= taken;
        }
        found
    }
}

/// The AUC of both models over the same visits, and their difference (draft less current).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Aucs {
    /// 现行模型
    pub current: Interval,
    /// 草案
    pub draft: Interval,
    /// 差（草案减现行）
    pub difference: Interval,
}

/// Both AUCs with intervals of `z` standard deviations; `None` where there are not two visits of each kind.
pub fn aucs(cells: &Cells, z: f64) -> Option<Aucs> {
    let total = cells.total();
    if total.found < 2 || total.clean < 2 {
        return None;
    }
    let current = Placements::of(cells, Which::Current);
    let draft = Placements::of(cells, Which::Draft);
    let (m, n) = (real(total.found), real(total.clean));
    // Sums of squares and products of the placements' distances from the AUC, over found and over clean visits.
    let (mut found, mut clean) = ([0.0_f64; 3], [0.0_f64; 3]);
    for ((at_current, at_draft), cell) in &cells.0 {
        let (a, b) = (current.at(*at_current), draft.at(*at_draft));
        let over_found = (a.below - current.auc, b.below - draft.auc);
        let over_clean = (a.above - current.auc, b.above - draft.auc);
        for (sums, (x, y), count) in [
            (&mut found, over_found, real(cell.found)),
            (&mut clean, over_clean, real(cell.clean)),
        ] {
            for (sum, product) in sums.iter_mut().zip([x * x, y * y, x * y]) {
                *sum += count * product;
            }
        }
    }
    let mut moments = [0.0_f64; 3];
    for ((moment, found), clean) in moments.iter_mut().zip(found).zip(clean) {
        *moment = found / (m - 1.0) / m + clean / (n - 1.0) / n;
    }
    let [var_current, var_draft, covariance] = moments;
    let around = |value: f64, variance: f64, least: f64| {
        let reach = z * variance.max(0.0).sqrt();
        Interval {
            value: millionths(value),
            low: millionths((value - reach).max(least)),
            high: millionths((value + reach).min(1.0)),
        }
    };
    Some(Aucs {
        current: around(current.auc, var_current, 0.0),
        draft: around(draft.auc, var_draft, 0.0),
        difference: around(
            draft.auc - current.auc,
            var_current + var_draft - 2.0 * covariance,
            -1.0,
        ),
    })
}

#[derive(Debug, Clone, Copy, Default)]
struct Placement {
    /// Share of clean visits that stand lower, those of the same standing by half.
    below: f64,
    /// Share of found visits that stand higher, those of the same standing by half.
    above: f64,
}

struct Placements {
    by: BTreeMap<i64, Placement>,
    auc: f64,
}

impl Placements {
    fn of(cells: &Cells, which: Which) -> Self {
        let total = cells.total();
        let (m, n) = (real(total.found), real(total.clean));
        let mut by = BTreeMap::new();
        let (mut below, mut found_up_to, mut auc) = (0, 0, 0.0);
        for (standing, cell) in cells.by(which, |standing| standing) {
            found_up_to += cell.found;
            let placement = Placement {
                below: (real(below) + real(cell.clean) / 2.0) / n,
                above: (real(total.found - found_up_to) + real(cell.found) / 2.0) / m,
            };
            auc += real(cell.found) * placement.below / m;
            by.insert(standing, placement);
            below += cell.clean;
        }
        Self { by, auc }
    }

    fn at(&self, standing: i64) -> Placement {
        self.by.get(&standing).copied().unwrap_or_default()
    }
}

/// A share with the interval of Wilson; `None` of nothing.
pub fn wilson(part: u64, all: u64, z: f64) -> Option<Interval> {
    if all == 0 {
        return None;
    }
    let (n, share) = (real(all), real(part) / real(all));
    let square = z * z;
    let centre = (share + square / (2.0 * n)) / (1.0 + square / n);
    let reach = z / (1.0 + square / n) * (share * (1.0 - share) / n + square / (4.0 * n * n)).sqrt();
    Some(Interval {
        value: millionths(share),
        low: millionths((centre - reach).max(0.0)),
        high: millionths((centre + reach).min(1.0)),
    })
}

/// How many standard deviations an interval of a confidence (numerator, denominator) reaches to both sides.
pub fn reach(confidence: (u64, u64)) -> f64 {
    let share = real(confidence.0) / real(confidence.1.max(1));
    Normal::standard().inverse_cdf(0.5 + share.clamp(0.0, 0.999_999) / 2.0)
}

/// A part of all in parts per million, rounded down; 0 of nothing.
pub fn share(part: u64, all: u64) -> i64 {
    let millionths = u128::from(part) * u128::from(ONE.unsigned_abs()) / u128::from(all.max(1));
    i64::try_from(millionths).unwrap_or(i64::MAX)
}

/// Counts of visits are far below four thousand million.
fn real(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "figures lie between minus and plus one million after rounding"
)]
fn millionths(value: f64) -> i64 {
    (value * 1_000_000.0).round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(found: &[(i64, i64)], clean: &[(i64, i64)]) -> Cells {
        let mut cells = Cells::default();
        for (current, draft) in found {
            cells.count(*current, *draft, true);
        }
        for (current, draft) in clean {
            cells.count(*current, *draft, false);
        }
        cells
    }

    #[test]
    fn a_share_has_the_interval_of_newcombe_1998() {
        // Newcombe, Statistics in Medicine 17 (1998), table I, method 3 (score, without continuity correction).
        let z = reach((95, 100));
        let case = |part, all, low: f64, high: f64| {
            let told = wilson(part, all, z).unwrap();
            assert!((told.low - millionths(low)).abs() <= 50, "{part}/{all}: {told:?}");
            assert!(
                (told.high - millionths(high)).abs() <= 50,
                "{part}/{all}: {told:?}"
            );
        };
        case(81, 263, 0.2553, 0.3662);
        case(15, 148, 0.0624, 0.1605);
        case(0, 20, 0.0, 0.1611);
        case(1, 29, 0.0061, 0.1718);
        assert_eq!(wilson(0, 0, z), None);
    }

    #[test]
    fn the_reach_of_an_interval_is_the_quantile_of_the_normal_distribution() {
        assert!((reach((95, 100)) - 1.959_964).abs() < 1e-6);
        assert!((reach((99, 100)) - 2.575_829).abs() < 1e-6);
    }

    #[test]
    fn ties_count_half_and_a_perfect_order_counts_one() {
        let perfect = cells(&[(3, 1), (4, 1)], &[(1, 1), (2, 1)]);
        let told = aucs(&perfect, 1.96).unwrap();
        assert_eq!((told.current.value, told.draft.value), (ONE, ONE / 2));
        assert_eq!(told.difference.value, -ONE / 2);
    }

    #[test]
    fn the_variance_is_that_of_delong_worked_by_hand() {
        // Found 3, 2, 2; clean 1, 2. Placements of the found: 1, 3/4, 3/4; of the clean: 1, 2/3. AUC 5/6.
        // S10 = (1/36 + 2/144)/2 = 1/48, S01 = 2·(1/36)/1 = 1/18; variance = 1/48/3 + 1/18/2 = 5/144.
        let same = cells(&[(3, 3), (2, 2), (2, 2)], &[(1, 1), (2, 2)]);
        let told = aucs(&same, 1.0).unwrap();
        assert_eq!(told.current.value, 833_333);
        let deviation = (5.0_f64 / 144.0).sqrt();
        assert_eq!(told.current.low, millionths(5.0 / 6.0 - deviation));
        assert_eq!(
            told.difference,
            Interval {
                value: 0,
                low: 0,
                high: 0
            },
            "a model beside itself"
        );
    }

    /// The definition, pair by pair, for lists of single visits.
    fn by_definition(found: &[(i64, i64)], clean: &[(i64, i64)]) -> (f64, f64, f64) {
        let psi = |x: i64, y: i64| match x.cmp(&y) {
            std::cmp::Ordering::Greater => 1.0,
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Less => 0.0,
        };
        let size = |list: &[(i64, i64)]| f64::from(u32::try_from(list.len()).unwrap());
        let (m, n) = (size(found), size(clean));
        let side = |pick: fn(&(i64, i64)) -> i64| {
            let v10: Vec<f64> = found
                .iter()
                .map(|x| clean.iter().map(|y| psi(pick(x), pick(y))).sum::<f64>() / n)
                .collect();
            let v01: Vec<f64> = clean
                .iter()
                .map(|y| found.iter().map(|x| psi(pick(x), pick(y))).sum::<f64>() / m)
                .collect();
            let auc = v10.iter().sum::<f64>() / m;
            (v10, v01, auc)
        };
        let (a10, a01, a) = side(|one| one.0);
        let (b10, b01, b) = side(|one| one.1);
        let spread = |x: &[f64], y: &[f64], size: f64| {
            x.iter()
                .zip(y)
                .map(|(p, q)| (p - q - (a - b)).powi(2))
                .sum::<f64>()
                / (size - 1.0)
        };
        (a, b, spread(&a10, &b10, m) / m + spread(&a01, &b01, n) / n)
    }

    #[test]
    fn counting_in_cells_gives_what_the_definition_gives_pair_by_pair() {
        let mut state = 7_u64;
        let mut dice = |most: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            i64::try_from((state >> 33) % most).unwrap()
        };
        for _ in 0..20 {
            let found: Vec<(i64, i64)> = (0..17).map(|_| (dice(6) + 1, dice(9) + 1)).collect();
            let clean: Vec<(i64, i64)> = (0..31).map(|_| (dice(6), dice(9))).collect();
            let (a, b, variance) = by_definition(&found, &clean);
            let told = aucs(&cells(&found, &clean), 1.0).unwrap();
            assert_eq!(told.current.value, millionths(a));
            assert_eq!(told.draft.value, millionths(b));
            let high = millionths((b - a + variance.sqrt()).min(1.0));
            assert!((told.difference.high - high).abs() <= 1, "{told:?} {high}");
        }
    }

    #[test]
    fn of_equal_standings_at_the_cut_the_same_share_is_taken() {
        let some = cells(&[(9, 1), (5, 1)], &[(5, 2), (5, 2), (1, 3)]);
        // The first: found. Two of three that stand at 5, one of which found: 2/3.
        assert_eq!(
            some.found_among_first(Which::Current, 3),
            i128::from(ONE) + 666_666
        );
        assert_eq!(some.found_among_first(Which::Draft, 3), 0);
        assert_eq!(some.found_among_first(Which::Draft, 9), 2 * i128::from(ONE));
    }
}
