//! Commands and queries of quality.
use std::collections::{BTreeMap, HashMap};

use chrono::{Duration, NaiveTime, TimeZone as _};
use db::Tx;
use kernel::{Day, Fault, FaultKind, Instant, Outcome};
use policy::ItemMode;
use policy::pack::Period;

use super::model::{Counts, Expectation, Freshness, Growth, Measured, Score};
pub use super::rules::month_of;
use super::rules::{self, Coverage, Repeats};
use super::store;
use crate::hall::duty::{self, NewDuty};
use crate::hall::{House, InJurisdiction as _, Op, command, local_day, query};
use crate::office;

/// Kind of the duty of a supplier that owes a hand-over.
pub const DUTY: &str = "intake.hand-over";
/// Name of the daily watch.
const WATCH: &str = "intake.quality";
/// Most months of a trend.
const MOST_MONTHS: u32 = 36;

/// Midnight in China at the beginning of a day. China keeps one time zone, UTC+8.
fn begin_of(day: Day) -> Instant {
    chrono::Utc.from_utc_datetime(&day.and_time(NaiveTime::MIN)) - Duration::hours(8)
}

fn month_span(month: &str) -> Outcome<((Day, Day), (Instant, Instant))> {
    let days = rules::month_days(month).ok_or_else(|| {
        let detail = format!("“{month}”不是月份。请写成 2026-05 的形式。");
        Fault::new(FaultKind::Malformed, "intake.quality.month", detail)
    })?;
    Ok((days, (begin_of(days.0), begin_of(days.1))))
}

/// Counts a month. Reads every record of the month, so it belongs into a [`query`], which holds nobody up.
fn count(tx: &mut Tx, op: &Op, month: &str) -> Outcome<Vec<Measured>> {
    let (_, span) = month_span(month)?;
    let began: HashMap<(String, String), Day> = store::spans(tx)?
        .into_iter()
        .map(|(supplier, item, first, _)| ((supplier, item), local_day(first)))
        .collect();
    let batches = store::batches(tx, span)?;
    let mut counts: BTreeMap<(String, String), Counts> = BTreeMap::new();
    let mut about = HashMap::new();
    for batch in &batches {
        let key = (batch.supplier.clone(), batch.item.clone());
        let sum = counts.entry(key.clone()).or_default();
        *sum = sum.plus(&Counts {
            batches: 1,
            rows_read: batch.rows_read,
            rows_refused: batch.rows_refused,
            rows_unchanged: batch.rows_unchanged,
            records: batch.rows_accepted,
            ..Counts::default()
        });
        about.insert(batch.batch_id, key);
    }
    for (batch_id, family, lines) in store::faults(tx, span)? {
        let Some(key) = about.get(&batch_id) else {
            continue;
        };
        let sum = counts.entry(key.clone()).or_default();
        match family.as_str() {
            "missing" => sum.rows_missing += lines,
            "unlinked" => sum.rows_unlinked += lines,
            _ => sum.rows_malformed += lines,
        }
    }
    for (batch_id, lines) in store::loose(tx, span)? {
        if let Some(key) = about.get(&batch_id) {
            counts.entry(key.clone()).or_default().rows_unlinked += lines;
        }
    }
    let mut terms = Terms::default();
    for batch in &batches {
        let key = (batch.supplier.clone(), batch.item.clone());
        let received = local_day(batch.received_at);
        // What happened before the supplier began to hand the item over is its stock, and nobody's delay.
        let first = began.get(&key).copied();
        let sum = counts.entry(key).or_default();
        store::days(tx, batch, |relation, on, records| {
            if relation == "corrects" || relation == "withdraws" {
                sum.corrected += records;
            } else if first.is_none_or(|first| on >= first)
                && let Some(due) = terms.due(op, &batch.item, on)
            {
                sum.judged += records;
                sum.late += if received > due { records } else { 0 };
            }
        })?;
    }
    let measured = counts.into_iter().map(|((supplier, item), counts)| Measured {
        month: month.to_owned(),
        supplier,
        item,
        counts,
    });
    Ok(measured.collect())
}

/// Counts a month and keeps the counts. Counting again replaces them.
pub fn measure(house: &House, op: &Op, month: &str) -> Outcome<()> {
    let measured = query(house, op, |tx, op| count(tx, op, month))?;
    command(house, op, |tx, op| {
        tx.lock(WATCH, 0)?;
        store::save_month(tx, month, &measured, op.at)
    })
}

/// Terms that were asked for before: the same days come up again and again.
#[derive(Default)]
struct Terms(HashMap<(String, Day), Option<Day>>);

impl Terms {
    /// The last day in time for a fact of a day; none where the catalogue or the calendar says nothing.
    fn due(&mut self, op: &Op, item: &str, on: Day) -> Option<Day> {
        let key = (item.to_owned(), on);
        *self
            .0
            .entry(key)
            .or_insert_with(|| op.pack.on(on).collect_due(item).ok().flatten())
    }
}

/// Scores of every supplier within the actor's reach in a month, the worst first.
pub fn scores(tx: &mut Tx, op: &Op, month: &str) -> Outcome<Vec<Score>> {
    let mut scores = scores_of(tx, op, month)?;
    let before = rules::months_before(month, 1).unwrap_or_default();
    let former: HashMap<String, Option<i64>> = scores_of(tx, op, &before)?
        .into_iter()
        .map(|score| (score.supplier, score.score))
        .collect();
    for score in &mut scores {
        let then = former.get(&score.supplier).copied().flatten();
        score.change = score.score.zip(then).map(|(now, then)| now - then);
    }
    scores.sort_by_key(|score| (score.score.is_none(), score.score, score.supplier.clone()));
    Ok(scores)
}

fn scores_of(tx: &mut Tx, op: &Op, month: &str) -> Outcome<Vec<Score>> {
    let ((first, next), (begin, end)) = month_span(month)?;
    let last_day = next.pred_opt().unwrap_or(first).min(op.today());
    let weights = op.pack.on(last_day).quality_weights()?;
    let law = op.pack.on(last_day);
    let mut sums: BTreeMap<String, (Counts, Repeats)> = BTreeMap::new();
    for row in store::measured(tx, month, month)? {
        let (sum, repeats) = sums.entry(row.supplier).or_default();
        *sum = sum.plus(&row.counts);
        let mode = law.item(&row.item).map(|item| item.value.mode);
        if mode.is_ok_and(|mode| mode != ItemMode::State) {
            repeats.rows += row.counts.rows_read;
            repeats.repeated += row.counts.rows_unchanged;
        }
    }
    let departments = office::service::departments(tx)?;
    let spans = store::spans(tx)?;
    let overdue: HashMap<String, i64> = store::overdue(tx, (first, next), op.today(), end)?
        .into_iter()
        .collect();
    let sent_back: HashMap<String, (i64, i64)> = store::sent_back(tx, (begin, end))?.into_iter().collect();
    let scores = sums.into_iter().map(|(supplier, (counts, repeats))| {
        let department = departments.iter().find(|it| it.department_id == supplier);
        let owed: Vec<(String, Option<u32>)> = law
            .items()
            .filter(|item| department.is_some_and(|it| item.value.suppliers.contains(&it.function)))
            .map(|item| (item.trace.code.clone(), item.value.fresh_days))
            .collect();
        let covered = owed
            .iter()
            .filter(|(item, fresh)| {
                let last = spans
                    .iter()
                    .find(|span| span.0 == supplier && span.1 == *item)
                    .map(|span| local_day(span.3).min(last_day));
                last.is_some_and(|last| {
                    fresh.is_none_or(|days| (last_day - last).num_days() <= i64::from(days))
                })
            })
            .count();
        let coverage = Coverage {
            owed: i64::try_from(owed.len()).unwrap_or(0),
            covered: i64::try_from(covered).unwrap_or(0),
        };
        let (back, right) = sent_back.get(&supplier).copied().unwrap_or_default();
        let (score, dimensions) = rules::score(&counts, repeats, coverage, &weights);
        Score {
            month: month.to_owned(),
            supplier_name: department.map(|it| it.name.clone()),
            score,
            change: None,
            dimensions,
            counts,
            overdue: overdue.get(&supplier).copied().unwrap_or(0),
            sent_back: back,
            put_right: right,
            supplier,
        }
    });
    Ok(scores
        .filter(|score| op.actor.scope.covers(&score.jurisdiction()))
        .collect())
}

/// The scores of one supplier in the months up to one, oldest first; months without anything are left out.
pub fn trend(tx: &mut Tx, op: &Op, supplier: &str, month: &str, months: u32) -> Outcome<Vec<Score>> {
    month_span(month)?;
    let mut trend = Vec::new();
    for back in (0..months.clamp(1, MOST_MONTHS)).rev() {
        let Some(month) = rules::months_before(month, back) else {
            continue;
        };
        let found = scores_of(tx, op, &month)?;
        trend.extend(found.into_iter().find(|score| score.supplier == supplier));
    }
    Ok(trend)
}

/// How fresh each item of each supplier is today; items nobody ever handed over stand there too.
pub fn freshness(tx: &mut Tx, op: &Op) -> Outcome<Vec<Freshness>> {
    let today = op.today();
    let spans = store::spans(tx)?;
    let mut found = Vec::new();
    for item in op.pack.on(today).items() {
        let code = item.trace.code.as_str();
        let fresh_days = item.value.fresh_days.map(i64::from);
        let row = |supplier: Option<String>, last_on: Option<Day>| {
            let days = last_on.map(|last| (today - last).num_days());
            let state = match (days, fresh_days) {
                (None, _) => "never",
                (Some(_), None) => "unbound",
                (Some(days), Some(most)) if days <= most => "fresh",
                _ => "stale",
            };
            Freshness {
                item: code.to_owned(),
                title: item.value.title.clone(),
                supplier,
                last_on,
                days,
                fresh_days,
                state: state.to_owned(),
            }
        };
        let mut rows: Vec<Freshness> = spans
            .iter()
            .filter(|span| span.1 == code)
            .map(|span| row(Some(span.0.clone()), Some(local_day(span.3))))
            .collect();
        if rows.is_empty() {
            rows.push(row(None, None));
        }
        found.extend(rows);
    }
    // That nobody ever handed an item over is no department's secret.
    found.retain(|row| row.supplier.is_none() || op.actor.scope.covers(&row.jurisdiction()));
    Ok(found)
}

/// How many records of each item came in a month, beside the same month a year before.
pub fn growth(tx: &mut Tx, op: &Op, month: &str) -> Outcome<Vec<Growth>> {
    let (days, _) = month_span(month)?;
    let before = rules::months_before(month, 12).unwrap_or_default();
    let mut sums: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    let scope = &op.actor.scope;
    for (asked, now) in [(month, true), (before.as_str(), false)] {
        for row in store::measured(tx, asked, asked)? {
            let place = kernel::Jurisdiction {
                division: None,
                department: Some(row.supplier),
            };
            if scope.covers(&place) {
                let sum = sums.entry(row.item).or_default();
                *(if now { &mut sum.0 } else { &mut sum.1 }) += row.counts.records;
            }
        }
    }
    let law = op.pack.on(days.0);
    let title = |item: &str| {
        law.item(item)
            .map_or_else(|_| item.to_owned(), |it| it.value.title.clone())
    };
    let rows = sums.into_iter().map(|(item, (records, year_before))| Growth {
        title: title(&item),
        item,
        records,
        year_before,
        permille: rules::growth(records, year_before),
    });
    Ok(rows.collect())
}

/// What is open of suppliers within the actor's reach, the most urgent first.
pub fn expectations(tx: &mut Tx, op: &Op) -> Outcome<Vec<Expectation>> {
    let open = store::all_open(tx)?.into_iter();
    let reached = open.filter(|expected| {
        op.actor.scope.covers(&kernel::Jurisdiction {
            division: None,
            department: Some(expected.supplier.clone()),
        })
    });
    Ok(reached.collect())
}

/// Once a day: counts the months that are not closed, and opens what suppliers owe by now. Returns whether it was its day.
pub fn watch(house: &House, op: &Op) -> Outcome<bool> {
    let today = op.today();
    let done = |tx: &mut Tx| -> Outcome<bool> { Ok(store::seen(tx, WATCH)?.is_some_and(|day| day >= today)) };
    // Counted before anything is locked. What is taken in meanwhile is counted tomorrow, when these months are counted again.
    let counted = query(
        house,
        op,
        |tx, op| {
            if done(tx)? { Ok(None) } else { open_months(tx, op) }
        },
    )?;
    let Some(counted) = counted else {
        return Ok(false);
    };
    command(house, op, |tx, op| {
        tx.lock(WATCH, 0)?;
        if done(tx)? {
            return Ok(false);
        }
        for (month, measured) in &counted {
            store::save_month(tx, month, measured, op.at)?;
        }
        expect_all(tx, op)?;
        store::see(tx, WATCH, today)?;
        Ok(true)
    })
}

/// A month and its counts.
type Month = (String, Vec<Measured>);

/// Counts everything since the last time, and the month before it, for what came in at its end and was taken in later; the
/// first time, since the first batch. Clocks that jump back change nothing.
fn open_months(tx: &mut Tx, op: &Op) -> Outcome<Option<Vec<Month>>> {
    let mut month = match (store::seen(tx, WATCH)?, store::first_batch(tx)?) {
        (Some(seen), _) => {
            let month = rules::month_of(seen);
            rules::months_before(&month, 1).unwrap_or(month)
        }
        (None, Some(first)) => rules::month_of(local_day(first)),
        (None, None) => return Ok(None),
    };
    let last = rules::month_of(op.today());
    let mut counted = Vec::new();
    while month <= last {
        let measured = count(tx, op, &month)?;
        let next = rules::month_days(&month).map(|(_, next)| rules::month_of(next));
        counted.push((month, measured));
        let Some(next) = next else { break };
        month = next;
    }
    Ok(Some(counted))
}

/// Opens what each supplier owes for the last period that is over, unless it came or something of the item is open still.
fn expect_all(tx: &mut Tx, op: &Op) -> Outcome<()> {
    let today = op.today();
    let departments = office::service::departments(tx)?;
    for (supplier, item, first, last) in store::spans(tx)? {
        let law = op.pack.on(today);
        let Ok(entry) = law.item(&item) else { continue };
        let Some(collect) = entry.value.collect.filter(|it| it.period != Period::Event) else {
            continue;
        };
        let Some(end) = last_end(collect.period, today) else {
            continue;
        };
        // What came on the last day of the period may be all of it: the benefit of the doubt is the supplier's.
        if local_day(first) > end || local_day(last) >= end || !store::open(tx, &supplier, &item)?.is_empty()
        {
            continue;
        }
        let Ok(Some(due_on)) = op.pack.on(end).collect_due(&item) else {
            continue;
        };
        let expected = Expectation {
            supplier: supplier.clone(),
            item: item.clone(),
            period_end_on: end,
            due_on,
        };
        store::expect(tx, &expected, op.at)?;
        let basis = &entry.trace.basis;
        let new = NewDuty {
            kind: DUTY,
            subject: subject(&expected),
            title: format!("报送“{}”（截至 {end} 的一期）", entry.value.title),
            entity_id: None,
            division: departments
                .iter()
                .find(|it| it.department_id == supplier)
                .map(|it| it.division.clone()),
            department: Some(supplier),
            from: end,
        };
        duty::open_until(tx, op, &new, due_on, &format!("{}{}", basis.title, basis.article))?;
    }
    Ok(())
}

/// The last day of the last period that is over before today.
fn last_end(period: Period, today: Day) -> Option<Day> {
    // The period that holds today ends today or later; going back day by day finds the one before. A year is the longest.
    let mut day = today.pred_opt()?;
    for _ in 0..367 {
        if period.end(day) == day {
            return Some(day);
        }
        day = day.pred_opt()?;
    }
    None
}

fn subject(expected: &Expectation) -> String {
    format!(
        "supply:{}:{}:{}",
        expected.supplier, expected.item, expected.period_end_on
    )
}

/// A batch came in: what was open of its supplier and item is met.
pub fn meet(tx: &mut Tx, op: &Op, supplier: &str, item: &str, batch_id: i64) -> Outcome<()> {
    for expected in store::open(tx, supplier, item)? {
        store::meet(tx, &expected, batch_id, op.at)?;
        duty::done(tx, op, DUTY, &subject(&expected))?;
    }
    Ok(())
}
