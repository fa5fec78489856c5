//! Every SQL statement of sending back.
use db::{Tx, Value, args, statements};
use kernel::Outcome;

statements! {
    /// Lines of a batch that were refused and which another line has not taken the place of, in order.
    OPEN_LINES = "SELECT DISTINCT f.line FROM intake_refusal f JOIN intake_batch o ON o.batch_id = f.batch_id
                  WHERE f.batch_id = $1 AND NOT EXISTS
                  (SELECT 1 FROM intake_correction c JOIN intake_batch b ON b.batch_id = c.batch_id
                   WHERE c.of_batch = f.batch_id AND c.of_line = f.line AND b.state = 'applied'
                   AND b.item = o.item AND b.supplier = o.supplier
                   AND NOT EXISTS (SELECT 1 FROM intake_refusal r WHERE r.batch_id = c.batch_id AND r.line = c.line))
                  ORDER BY f.line";
    /// How many refused lines of a batch have come in corrected.
    CORRECTED = "SELECT CAST(count(DISTINCT c.of_line) AS BIGINT) AS lines FROM intake_correction c
                 JOIN intake_batch b ON b.batch_id = c.batch_id JOIN intake_batch o ON o.batch_id = c.of_batch
                 WHERE c.of_batch = $1 AND b.state = 'applied' AND b.item = o.item AND b.supplier = o.supplier
                 AND EXISTS (SELECT 1 FROM intake_refusal f WHERE f.batch_id = c.of_batch AND f.line = c.of_line)
                 AND NOT EXISTS (SELECT 1 FROM intake_refusal r WHERE r.batch_id = c.batch_id AND r.line = c.line)";
    /// Keeps how many refused lines of a batch have come in corrected.
    SAVE_CORRECTED = "UPDATE intake_batch SET rows_corrected = $2 WHERE batch_id = $1";
    /// The batches whose refused lines a batch corrects.
    CORRECTED_BATCHES = "SELECT DISTINCT of_batch FROM intake_correction WHERE batch_id = $1 ORDER BY of_batch";
    /// A row that takes the place of one that itself took the place of another takes the place of that one too.
    INHERIT = "INSERT INTO intake_correction (batch_id, line, of_batch, of_line)
               SELECT c.batch_id, c.line, p.of_batch, p.of_line FROM intake_correction c
               JOIN intake_correction p ON p.batch_id = c.of_batch AND p.line = c.of_line
               WHERE c.batch_id = $1 ON CONFLICT (batch_id, line, of_batch) DO NOTHING";
    /// Notes which batch a batch corrects; the first that is named counts.
    CORRECTS = "UPDATE intake_batch SET corrects_id = $2 WHERE batch_id = $1 AND corrects_id IS NULL";
    /// Forgets what a batch corrects, before it is staged anew.
    FORGET = "DELETE FROM intake_correction WHERE batch_id = $1";
    /// The batch is no correction any more.
    CORRECTS_NONE = "UPDATE intake_batch SET corrects_id = NULL WHERE batch_id = $1";
}

pub fn open_lines(tx: &mut Tx, batch_id: i64) -> Outcome<Vec<i64>> {
    tx.all(&OPEN_LINES, args![batch_id])?
        .iter()
        .map(|row| row.get("line"))
        .collect()
}

/// Counts anew and keeps the number.
pub fn count(tx: &mut Tx, batch_id: i64) -> Outcome<i64> {
    let lines: i64 = tx.one(&CORRECTED, args![batch_id])?.get("lines")?;
    tx.exec(&SAVE_CORRECTED, args![batch_id, lines])?;
    Ok(lines)
}

pub fn corrected_batches(tx: &mut Tx, batch_id: i64) -> Outcome<Vec<i64>> {
    tx.all(&CORRECTED_BATCHES, args![batch_id])?
        .iter()
        .map(|row| row.get("of_batch"))
        .collect()
}

/// Line, and batch and line of the refused row it takes the place of.
pub fn save(tx: &mut Tx, batch_id: i64, rows: &[(i64, i64, i64)]) -> Outcome<()> {
    let columns = ["batch_id", "line", "of_batch", "of_line"];
    let rows = rows.iter().map(|(line, of_batch, of_line)| {
        Ok(vec![
            Value::from(batch_id),
            Value::from(*line),
            Value::from(*of_batch),
            Value::from(*of_line),
        ])
    });
    tx.load("intake_correction", &columns, rows)?;
    tx.exec(&INHERIT, args![batch_id]).map(drop)
}

pub fn corrects(tx: &mut Tx, batch_id: i64, of_batch: i64) -> Outcome<()> {
    tx.exec(&CORRECTS, args![batch_id, of_batch]).map(drop)
}

pub fn forget(tx: &mut Tx, batch_id: i64) -> Outcome<()> {
    tx.exec(&FORGET, args![batch_id])?;
    tx.exec(&CORRECTS_NONE, args![batch_id]).map(drop)
}
