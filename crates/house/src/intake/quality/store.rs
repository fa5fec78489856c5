//! Every SQL statement of quality.
use db::{Row, Tx, args, statements};
use kernel::{Day, Instant, Outcome};

use super::model::{Counts, Expectation, Measured};

statements! {
    /// Applied batches received in a span of time.
    BATCHES = "SELECT batch_id, item, supplier, received_at, rows_read, rows_unchanged, rows_refused, rows_accepted,
               first_record, last_record FROM intake_batch WHERE received_at >= $1 AND received_at < $2 AND state = 'applied'
               AND source NOT IN ('match', 'merge') ORDER BY batch_id";
    /// Rows of these batches whose code was not right and whose entity is not found.
    LOOSE = "SELECT l.batch_id, CAST(count(*) AS BIGINT) AS lines FROM intake_loose l
             JOIN intake_batch b ON b.batch_id = l.batch_id WHERE b.received_at >= $1 AND b.received_at < $2
             AND b.state = 'applied' AND l.state NOT IN ('linked', 'replaced') GROUP BY l.batch_id";
    /// Refused rows of these batches by kind of fault; a row with two kinds counts under both.
    FAULTS = "SELECT f.batch_id, CASE WHEN f.code = 'intake.field.missing' THEN 'missing'
              WHEN f.code LIKE 'intake.subject.%' OR f.code IN ('intake.end.unknown', 'intake.withdrawal.unknown')
              THEN 'unlinked' ELSE 'malformed' END AS family, CAST(count(DISTINCT f.line) AS BIGINT) AS lines
              FROM intake_refusal f JOIN intake_batch b ON b.batch_id = f.batch_id
              WHERE b.received_at >= $1 AND b.received_at < $2 AND b.state = 'applied' GROUP BY 1, 2";
    /// How many rows of these batches were sent back to each supplier, and how many of them have come in corrected.
    SENT_BACK = "SELECT supplier, CAST(COALESCE(sum(rows_refused), 0) AS BIGINT) AS refused,
                 CAST(COALESCE(sum(rows_corrected), 0) AS BIGINT) AS corrected FROM intake_batch
                 WHERE received_at >= $1 AND received_at < $2 AND state = 'applied' GROUP BY supplier";
    /// Records of one batch by what they do and by day. They are found by their numbers: no index leads from a batch to
    /// them, and to read all records there are would hold every writer up.
    DAYS = "SELECT relation, on_day, CAST(count(*) AS BIGINT) AS records FROM intake_record
            WHERE batch_id = $1 AND record_id >= $2 AND record_id <= $3 GROUP BY 1, 2";
    /// When a supplier handed an item over for the first and for the last time.
    SPANS = "SELECT supplier, item, min(received_at) AS first_at, max(received_at) AS last_at FROM intake_batch
             WHERE state = 'applied' AND rows_accepted + rows_unchanged + rows_loose > 0
             AND source NOT IN ('match', 'merge') GROUP BY supplier, item
             ORDER BY item, supplier";
    /// Forgets a month, to count it again.
    FORGET = "DELETE FROM intake_quality WHERE month = $1";
    /// Keeps the counts of a month.
    SAVE = "INSERT INTO intake_quality (month, supplier, item, batches, rows_read, rows_missing, rows_malformed,
            rows_unlinked, rows_refused, rows_unchanged, records, corrected, judged, late, measured_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
    /// The counts of months, from one to another.
    MEASURED = "SELECT month, supplier, item, batches, rows_read, rows_missing, rows_malformed, rows_unlinked,
                rows_refused, rows_unchanged, records, corrected, judged, late FROM intake_quality
                WHERE month >= $1 AND month <= $2 ORDER BY month, supplier, item";
    /// Months that batches were received in and that were never counted begin after this one.
    FIRST_BATCH = "SELECT min(received_at) AS first_at FROM intake_batch WHERE state = 'applied'";
    /// Whether something is open of a supplier and item.
    OPEN = "SELECT supplier, item, period_end_on, due_on FROM intake_expectation
            WHERE supplier = $1 AND item = $2 AND met_at IS NULL";
    /// Everything open.
    ALL_OPEN = "SELECT supplier, item, period_end_on, due_on FROM intake_expectation WHERE met_at IS NULL
                ORDER BY due_on, supplier, item";
    /// How many expectations of a supplier ran out unmet within a span of days.
    OVERDUE = "SELECT supplier, CAST(count(*) AS BIGINT) AS overdue FROM intake_expectation
               WHERE due_on >= $1 AND due_on < $2 AND due_on < $3 AND (met_at IS NULL OR met_at >= $4) GROUP BY supplier";
    /// Opens an expectation once.
    EXPECT = "INSERT INTO intake_expectation (supplier, item, period_end_on, due_on, opened_at)
              VALUES ($1, $2, $3, $4, $5) ON CONFLICT (supplier, item, period_end_on) DO NOTHING";
    /// An expectation is met.
    MEET = "UPDATE intake_expectation SET met_at = $4, batch_id = $5
            WHERE supplier = $1 AND item = $2 AND period_end_on = $3 AND met_at IS NULL";
    /// Which day a watch saw last.
    SEEN = "SELECT seen_on FROM intake_watch WHERE name = $1";
    /// Notes the day a watch saw.
    SEE = "INSERT INTO intake_watch (name, seen_on) VALUES ($1, $2)
           ON CONFLICT (name) DO UPDATE SET seen_on = excluded.seen_on";
}

/// A batch as the counting needs it.
pub struct BatchRow {
    pub batch_id: i64,
    pub item: String,
    pub supplier: String,
    pub received_at: Instant,
    pub rows_read: i64,
    pub rows_unchanged: i64,
    pub rows_refused: i64,
    pub rows_accepted: i64,
    pub records: Option<(i64, i64)>,
}

pub fn batches(tx: &mut Tx, span: (Instant, Instant)) -> Outcome<Vec<BatchRow>> {
    let row = |row: &Row| {
        Ok(BatchRow {
            batch_id: row.get("batch_id")?,
            item: row.get("item")?,
            supplier: row.get("supplier")?,
            received_at: row.get("received_at")?,
            rows_read: row.get("rows_read")?,
            rows_unchanged: row.get("rows_unchanged")?,
            rows_refused: row.get("rows_refused")?,
            rows_accepted: row.get("rows_accepted")?,
            records: Option::zip(row.get("first_record")?, row.get("last_record")?),
        })
    };
    tx.all(&BATCHES, args![span.0, span.1])?.iter().map(row).collect()
}

/// Refused lines by batch and family.
pub fn faults(tx: &mut Tx, span: (Instant, Instant)) -> Outcome<Vec<(i64, String, i64)>> {
    tx.all(&FAULTS, args![span.0, span.1])?
        .iter()
        .map(|row| Ok((row.get("batch_id")?, row.get("family")?, row.get("lines")?)))
        .collect()
}

/// Rows without an entity by batch.
pub fn loose(tx: &mut Tx, span: (Instant, Instant)) -> Outcome<Vec<(i64, i64)>> {
    tx.all(&LOOSE, args![span.0, span.1])?
        .iter()
        .map(|row| Ok((row.get("batch_id")?, row.get("lines")?)))
        .collect()
}

/// Rows sent back, and of these the ones that have come in corrected, by supplier.
pub fn sent_back(tx: &mut Tx, span: (Instant, Instant)) -> Outcome<Vec<(String, (i64, i64))>> {
    tx.all(&SENT_BACK, args![span.0, span.1])?
        .iter()
        .map(|row| Ok((row.get("supplier")?, (row.get("refused")?, row.get("corrected")?))))
        .collect()
}

/// Records of a batch by relation and day.
pub fn days(tx: &mut Tx, batch: &BatchRow, mut each: impl FnMut(&str, Day, i64)) -> Outcome<()> {
    let Some((first, last)) = batch.records else {
        return Ok(());
    };
    tx.each(&DAYS, args![batch.batch_id, first, last], |row| {
        let relation: String = row.get("relation")?;
        each(&relation, row.get("on_day")?, row.get("records")?);
        Ok(())
    })
}

/// Supplier, item, first and last hand-over.
pub type Span = (String, String, Instant, Instant);

pub fn spans(tx: &mut Tx) -> Outcome<Vec<Span>> {
    tx.all(&SPANS, args![])?
        .iter()
        .map(|row| {
            Ok((
                row.get("supplier")?,
                row.get("item")?,
                row.get("first_at")?,
                row.get("last_at")?,
            ))
        })
        .collect()
}

pub fn save_month(tx: &mut Tx, month: &str, measured: &[Measured], now: Instant) -> Outcome<()> {
    tx.exec(&FORGET, args![month])?;
    for row in measured {
        let c = &row.counts;
        let values = args![
            month,
            &row.supplier,
            &row.item,
            c.batches,
            c.rows_read,
            c.rows_missing,
            c.rows_malformed,
            c.rows_unlinked,
            c.rows_refused,
            c.rows_unchanged,
            c.records,
            c.corrected,
            c.judged,
            c.late,
            now
        ];
        tx.exec(&SAVE, &values)?;
    }
    Ok(())
}

pub fn measured(tx: &mut Tx, from: &str, to: &str) -> Outcome<Vec<Measured>> {
    let row = |row: &Row| {
        Ok(Measured {
            month: row.get("month")?,
            supplier: row.get("supplier")?,
            item: row.get("item")?,
            counts: Counts {
                batches: row.get("batches")?,
                rows_read: row.get("rows_read")?,
                rows_missing: row.get("rows_missing")?,
                rows_malformed: row.get("rows_malformed")?,
                rows_unlinked: row.get("rows_unlinked")?,
                rows_refused: row.get("rows_refused")?,
                rows_unchanged: row.get("rows_unchanged")?,
                records: row.get("records")?,
                corrected: row.get("corrected")?,
                judged: row.get("judged")?,
                late: row.get("late")?,
            },
        })
    };
    tx.all(&MEASURED, args![from, to])?.iter().map(row).collect()
}

pub fn first_batch(tx: &mut Tx) -> Outcome<Option<Instant>> {
    tx.one(&FIRST_BATCH, args![])?.get("first_at")
}

fn expectation(row: &Row) -> Outcome<Expectation> {
    Ok(Expectation {
        supplier: row.get("supplier")?,
        item: row.get("item")?,
        period_end_on: row.get("period_end_on")?,
        due_on: row.get("due_on")?,
    })
}

pub fn open(tx: &mut Tx, supplier: &str, item: &str) -> Outcome<Vec<Expectation>> {
    tx.all(&OPEN, args![supplier, item])?
        .iter()
        .map(expectation)
        .collect()
}

pub fn all_open(tx: &mut Tx) -> Outcome<Vec<Expectation>> {
    tx.all(&ALL_OPEN, args![])?.iter().map(expectation).collect()
}

/// Expectations by supplier whose last day lies within the span and before today and that were not met by `met_by`.
pub fn overdue(tx: &mut Tx, span: (Day, Day), today: Day, met_by: Instant) -> Outcome<Vec<(String, i64)>> {
    tx.all(&OVERDUE, args![span.0, span.1, today, met_by])?
        .iter()
        .map(|row| Ok((row.get("supplier")?, row.get("overdue")?)))
        .collect()
}

pub fn expect(tx: &mut Tx, expected: &Expectation, now: Instant) -> Outcome<()> {
    let row = args![
        &expected.supplier,
        &expected.item,
        expected.period_end_on,
        expected.due_on,
        now
    ];
    tx.exec(&EXPECT, &row).map(drop)
}

pub fn meet(tx: &mut Tx, expected: &Expectation, batch_id: i64, now: Instant) -> Outcome<()> {
    let row = args![
        &expected.supplier,
        &expected.item,
        expected.period_end_on,
        now,
        batch_id
    ];
    tx.exec(&MEET, &row).map(drop)
}

pub fn seen(tx: &mut Tx, name: &str) -> Outcome<Option<Day>> {
    tx.opt(&SEEN, args![name])?
        .map(|row| row.get("seen_on"))
        .transpose()
}

pub fn see(tx: &mut Tx, name: &str, day: Day) -> Outcome<()> {
    tx.exec(&SEE, args![name, day]).map(drop)
}
