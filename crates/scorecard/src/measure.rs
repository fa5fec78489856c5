//! Judges an order of visits: AUC, what the first half finds, how many days earlier, and all of it beside the order as it was.
use std::collections::BTreeMap;

use chrono::Datelike as _;
use kernel::Day;

use crate::number::real;

/// A visit with its score and what was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Visited {
    /// Real day.
    pub day: Day,
    /// Whether a problem was found.
    pub found: bool,
    /// Higher = riskier.
    pub score: f64,
}

/// A value with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The value.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Interval {
    fn normal(value: f64, error: f64) -> Self {
        Self {
            value,
            low: value - 1.96 * error,
            high: value + 1.96 * error,
        }
    }
}

/// One month.
#[derive(Debug, Clone, PartialEq)]
pub struct Month {
    /// Year and month, `2014-09`.
    pub month: String,
    /// Visits.
    pub rows: usize,
    /// Those that found a problem.
    pub found: usize,
    /// AUC within the month; none when all or none found a problem.
    pub auc: Option<Interval>,
    /// What the first half of the month's visits finds in the order of the score.
    pub half: Option<f64>,
}

/// A fifth of the visits by score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slice {
    /// Highest score in it.
    pub highest: f64,
    /// Lowest score in it.
    pub lowest: f64,
    /// Visits.
    pub rows: usize,
    /// Those that found a problem.
    pub found: usize,
}

/// What is said of an order.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// Visits.
    pub rows: usize,
    /// Those that found a problem.
    pub found: usize,
    /// First and last day.
    pub days: (Day, Day),
    /// Chance that of two visits the one that found a problem had the higher score; interval by DeLong.
    pub auc: Interval,
    /// The same for the order as it was (earlier = higher).
    pub auc_as_it_was: f64,
    /// Share of all problems found in the first half of the visits; interval by Wilson.
    pub half: Interval,
    /// The same for the order as it was.
    pub half_as_it_was: f64,
    /// Days by which problems are found earlier when the real days are handed out in the order of the score.
    pub earlier: Interval,
    /// Month by month.
    pub months: Vec<Month>,
    /// Fifths by score, the riskiest first.
    pub slices: Vec<Slice>,
}

/// AUC of (score, found) with its interval by DeLong's method (midranks, so that ties count half). None when all or none
/// found a problem.
pub fn auc(rows: &[(f64, bool)]) -> Option<Interval> {
    let part = |which: bool| -> Vec<f64> {
        rows.iter()
            .filter(|(_, found)| *found == which)
            .map(|(score, _)| *score)
            .collect()
    };
    let (bad, good) = (part(true), part(false));
    if bad.is_empty() || good.is_empty() {
        return None;
    }
    let all: Vec<f64> = bad.iter().chain(&good).copied().collect();
    let (ranks, bad_ranks, good_ranks) = (midranks(&all), midranks(&bad), midranks(&good));
    let (m, n) = (real(bad.len()), real(good.len()));
    let above: Vec<f64> = ranks
        .iter()
        .zip(&bad_ranks)
        .map(|(r, own)| (r - own) / n)
        .collect();
    let below: Vec<f64> = ranks
        .iter()
        .skip(bad.len())
        .zip(&good_ranks)
        .map(|(r, own)| 1.0 - (r - own) / m)
        .collect();
    let value = above.iter().sum::<f64>() / m;
    let error = (variance(&above) / m + variance(&below) / n).sqrt();
    Some(Interval::normal(value, error))
}

fn variance(values: &[f64]) -> f64 {
    if values.len() < 2 {
        return 0.0;
    }
    let mean = values.iter().sum::<f64>() / real(values.len());
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    squares / (real(values.len()) - 1.0)
}

/// Rank of each value from 1, ties sharing the middle of theirs.
fn midranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<(usize, f64)> = values.iter().copied().enumerate().collect();
    order.sort_by(|(_, a), (_, b)| a.total_cmp(b));
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0;
    for tied in order.chunk_by(|(_, a), (_, b)| a.total_cmp(b).is_eq()) {
        let rank = real(before) + (real(tied.len()) + 1.0) / 2.0;
        for (place, _) in tied {
            if let Some(slot) = ranks.get_mut(*place) {
                *slot = rank;
            }
        }
        before += tied.len();
    }
    ranks
}

/// The riskiest first; ties keep the order given.
fn by_score(visits: &[Visited]) -> Vec<Visited> {
    let mut order = visits.to_vec();
    order.sort_by(|a, b| b.score.total_cmp(&a.score));
    order
}

fn as_they_were(visits: &[Visited]) -> Vec<Visited> {
    let mut order = visits.to_vec();
    order.sort_by_key(|visit| visit.day);
    order
}

fn half_of(order: &[Visited]) -> Option<(usize, usize)> {
    let all = order.iter().filter(|visit| visit.found).count();
    let half = order.iter().take(order.len() / 2);
    let first = half.filter(|visit| visit.found).count();
    (all > 0).then_some((first, all))
}

/// Share of all problems that are found in the first half of the visits, the riskiest first.
pub fn first_half(visits: &[Visited]) -> Option<f64> {
    half_of(&by_score(visits)).map(|(first, all)| real(first) / real(all))
}

/// Days earlier: the real days are handed out in the order of the score; mean over visits that found a problem of
/// (real day − day handed out).
pub fn days_earlier(visits: &[Visited]) -> Option<Interval> {
    let mut days: Vec<Day> = visits.iter().map(|visit| visit.day).collect();
    days.sort_unstable();
    let order = by_score(visits);
    let gained: Vec<f64> = order
        .iter()
        .zip(&days)
        .filter(|(visit, _)| visit.found)
        .map(|(visit, day)| f64::from(visit.day.num_days_from_ce() - day.num_days_from_ce()))
        .collect();
    if gained.is_empty() {
        return None;
    }
    let rows = real(gained.len());
    let mean = gained.iter().sum::<f64>() / rows;
    Some(Interval::normal(mean, (variance(&gained) / rows).sqrt()))
}

/// Wilson's interval of a share.
fn wilson(part: usize, of: usize) -> Interval {
    let (part, of) = (real(part), real(of).max(1.0));
    let (p, z) = (part / of, 1.96_f64);
    let middle = (p + z * z / (2.0 * of)) / (1.0 + z * z / of);
    let half = z / (1.0 + z * z / of) * (p * (1.0 - p) / of + z * z / (4.0 * of * of)).sqrt();
    Interval {
        value: p,
        low: middle - half,
        high: middle + half,
    }
}

/// Judges scores against what was found. None when all or none found a problem: then no order is better than another.
pub fn judge(visits: &[Visited]) -> Option<Judged> {
    let rows = |visits: &[Visited]| -> Vec<(f64, bool)> {
        visits.iter().map(|visit| (visit.score, visit.found)).collect()
    };
    let order = by_score(visits);
    let was = as_they_were(visits);
    let (first, all) = half_of(&order)?;
    let (was_first, _) = half_of(&was)?;
    let earlier_first: Vec<(f64, bool)> = visits
        .iter()
        .map(|visit| (-f64::from(visit.day.num_days_from_ce()), visit.found))
        .collect();
    let mut by_month: BTreeMap<(i32, u32), Vec<Visited>> = BTreeMap::new();
    for visit in visits {
        by_month
            .entry((visit.day.year(), visit.day.month()))
            .or_default()
            .push(*visit);
    }
    let months = by_month
        .into_iter()
        .map(|((year, month), visits)| Month {
            month: format!("{year}-{month:02}"),
            rows: visits.len(),
            found: visits.iter().filter(|visit| visit.found).count(),
            auc: auc(&rows(&visits)),
            half: first_half(&visits),
        })
        .collect();
    let fifth = order.len().div_ceil(5).max(1);
    let slices = order
        .chunks(fifth)
        .map(|slice| Slice {
            highest: slice.first().map_or(0.0, |visit| visit.score),
            lowest: slice.last().map_or(0.0, |visit| visit.score),
            rows: slice.len(),
            found: slice.iter().filter(|visit| visit.found).count(),
        })
        .collect();
    Some(Judged {
        rows: visits.len(),
        found: all,
        days: (was.first()?.day, was.last()?.day),
        auc: auc(&rows(visits))?,
        auc_as_it_was: auc(&earlier_first)?.value,
        half: wilson(first, all),
        half_as_it_was: real(was_first) / real(all),
        earlier: days_earlier(visits)?,
        months,
        slices,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visit(day: u32, found: bool, score: f64) -> Visited {
        Visited {
            day: Day::from_ymd_opt(2014, 9, day).unwrap(),
            found,
            score,
        }
    }

    #[test]
    fn auc_counts_pairs_and_ties_half() {
        // Pairs (bad, good): 3>1, 3>2, 2>1 right, 2=2 half: 3.5 of 4.
        let rows = [(3.0, true), (2.0, true), (1.0, false), (2.0, false)];
        assert!((auc(&rows).unwrap().value - 0.875).abs() < 1e-12);
        assert!(auc(&[(1.0, true)]).is_none());
        let same = [(1.0, true), (1.0, false), (1.0, false)];
        assert!((auc(&same).unwrap().value - 0.5).abs() < 1e-12);
    }

    #[test]
    fn the_interval_is_delongs() {
        // By hand: bad 1, 2, 4 and good 0, 1, 3, 3. Placements of the bad: 1.5/4, 2/4, 4/4; AUC = 0.625. Variances:
        // 0.109375 of the bad placements; the good ones are 1, 5/6, 1/3, 1/3: 0.118056.
        let rows = [
            (1.0, true),
            (2.0, true),
            (4.0, true),
            (0.0, false),
            (1.0, false),
            (3.0, false),
            (3.0, false),
        ];
        let interval = auc(&rows).unwrap();
        assert!((interval.value - 0.625).abs() < 1e-12);
        let error = (0.109_375_f64 / 3.0 + 0.118_055_555_6 / 4.0).sqrt();
        assert!((interval.high - interval.value - 1.96 * error).abs() < 1e-6);
    }

    #[test]
    fn first_half_and_days_earlier_by_hand() {
        // Order of score: days 4 (found), 1, 3, 2 (found). Handed out: 1, 2, 3, 4.
        let visits = [
            visit(1, false, 5.0),
            visit(2, true, 1.0),
            visit(3, false, 3.0),
            visit(4, true, 9.0),
        ];
        assert!((first_half(&visits).unwrap() - 0.5).abs() < 1e-12);
        // (4 − 1) and (2 − 4): mean 0.5.
        assert!((days_earlier(&visits).unwrap().value - 0.5).abs() < 1e-12);
        let judged = judge(&visits).unwrap();
        assert!((judged.half_as_it_was - 0.5).abs() < 1e-12);
        assert_eq!((judged.rows, judged.found), (4, 2));
        assert_eq!(judged.months.len(), 1);
        assert_eq!(judged.slices.iter().map(|slice| slice.rows).sum::<usize>(), 4);
    }

    #[test]
    fn the_order_as_it_was_gains_no_day() {
        let visits: Vec<Visited> = (1..29)
            .map(|day| visit(day, day % 3 == 0, -f64::from(day)))
            .collect();
        let judged = judge(&visits).unwrap();
        assert!(judged.earlier.value.abs() < 1e-12);
        assert!((judged.half.value - judged.half_as_it_was).abs() < 1e-12);
        assert!((judged.auc.value - judged.auc_as_it_was).abs() < 1e-12);
    }
}
