//! Every SQL statement of collection.
use db::{Row, Tx, Value, args, statements};
use kernel::{Day, Instant, Outcome};

use super::model::{Batch, Draft, Fact, NewBatch, Record, Refusal, Relation};

statements! {
    /// A batch with the same content, item and supplier that was taken in before.
    KNOWN = "SELECT batch_id, item, supplier, source, file_name, digest, state, received_at, staged_to, rows_read,
             rows_accepted, rows_unchanged, rows_refused, first_record, last_record, note FROM intake_batch
             WHERE digest = $1 AND item = $2 AND supplier = $3 AND state <> 'refused' ORDER BY batch_id LIMIT 1";
    /// Takes a batch in.
    SAVE_BATCH = "INSERT INTO intake_batch (batch_id, item, supplier, source, file_name, digest, state, received_at,
                  staged_to, rows_read, rows_accepted, rows_unchanged, rows_refused)
                  VALUES ($1, $2, $3, $4, $5, $6, 'received', $7, 0, 0, 0, 0, 0)";
    /// One batch.
    BATCH = "SELECT batch_id, item, supplier, source, file_name, digest, state, received_at, staged_to, rows_read,
             rows_accepted, rows_unchanged, rows_refused, first_record, last_record, note FROM intake_batch
             WHERE batch_id = $1";
    /// Batches, newest first.
    BATCHES = "SELECT batch_id, item, supplier, source, file_name, digest, state, received_at, staged_to, rows_read,
               rows_accepted, rows_unchanged, rows_refused, first_record, last_record, note FROM intake_batch
               WHERE batch_id < $1 ORDER BY batch_id DESC LIMIT $2";
    /// Notes how far a batch is staged.
    STAGED_TO = "UPDATE intake_batch SET staged_to = $2, rows_read = rows_read + $3, rows_refused = rows_refused + $4,
                 note = COALESCE($5, note) WHERE batch_id = $1";
    /// The whole batch is staged.
    STAGED = "UPDATE intake_batch SET state = 'staged' WHERE batch_id = $1";
    /// The whole batch is refused.
    REFUSE_BATCH = "UPDATE intake_batch SET state = 'refused', note = $2 WHERE batch_id = $1";
    /// The batch has become records.
    APPLIED = "UPDATE intake_batch SET state = 'applied', rows_accepted = $2, rows_unchanged = $3,
               rows_refused = rows_refused + $4, first_record = $5, last_record = $6, applied_at = $7
               WHERE batch_id = $1";
    /// Entities named in a batch that are not known yet.
    NEW_SUBJECTS = "SELECT DISTINCT subject_no, subject_kind, marks FROM intake_stage s WHERE batch_id = $1
                    AND NOT EXISTS (SELECT 1 FROM intake_subject j WHERE j.subject_no = s.subject_no)
                    ORDER BY subject_no";
    /// A page of staged rows with what is known under their key, and the record an ending row would end.
    STAGE_PAGE = "SELECT s.line, s.record_key, s.digest, s.on_day, s.ends_day, s.amount_fen, s.level, s.code,
                  s.payload, s.withdraws, j.subject_id, c.record_id AS former, c.digest AS former_digest,
                  e.record_id AS ended
                  FROM intake_stage s JOIN intake_subject j ON j.subject_no = s.subject_no
                  LEFT JOIN intake_current c ON c.subject_id = j.subject_id AND c.item = $2
                       AND c.record_key = s.record_key
                  LEFT JOIN intake_current e ON e.subject_id = j.subject_id AND e.item = $3
                       AND e.record_key = s.record_key
                  WHERE s.batch_id = $1 AND s.line > $4 ORDER BY s.line LIMIT $5";
    /// Makes the newest record of each key the current one.
    MAKE_CURRENT = "INSERT INTO intake_current (subject_id, item, record_key, record_id, digest)
                    SELECT r.subject_id, r.item, r.record_key, r.record_id, r.digest FROM intake_record r
                    JOIN (SELECT max(record_id) AS newest FROM intake_record
                          WHERE batch_id = $1 AND record_id >= $2 AND record_id <= $3
                          GROUP BY subject_id, item, record_key) x ON x.newest = r.record_id
                    WHERE r.batch_id = $1
                    ON CONFLICT (subject_id, item, record_key)
                    DO UPDATE SET record_id = excluded.record_id, digest = excluded.digest";
    /// Forgets the current record of a key that was taken back.
    FORGET = "DELETE FROM intake_current WHERE subject_id = $1 AND item = $2 AND record_key = $3";
    /// Forgets the staged rows of a batch.
    CLEAR_STAGE = "DELETE FROM intake_stage WHERE batch_id = $1";
    /// Refused rows of a batch in order.
    REFUSALS = "SELECT line, field, value, code, reason, suggestion FROM intake_refusal
                WHERE batch_id = $1 AND line > $2 ORDER BY line, field LIMIT $3";
    /// The number of an entity.
    SUBJECT = "SELECT subject_id FROM intake_subject WHERE subject_no = $1";
    /// The code of an entity.
    SUBJECT_NO = "SELECT subject_no, marks FROM intake_subject WHERE subject_id = $1";
    /// All records of an entity received up to an instant.
    RECORDS_OF = "SELECT r.record_id, r.subject_id, j.subject_no, r.item, r.record_key, r.relation, r.names_id, r.on_day, ends_day, amount_fen, level,
                  code, payload, supplier, source, batch_id, line, received_at FROM intake_record r
                  JOIN intake_subject j ON j.subject_id = r.subject_id
                  WHERE r.subject_id = $1 AND received_at <= $2 ORDER BY r.record_id";
    /// The newest record of an item about an entity that is not taken back, up to a position.
    NEWEST_OF = "SELECT r.record_id, r.subject_id, j.subject_no, r.item, r.record_key, r.relation, r.names_id, r.on_day,
                 ends_day, amount_fen, level, code, payload, supplier, source, batch_id, line, received_at
                 FROM intake_record r JOIN intake_subject j ON j.subject_id = r.subject_id
                 WHERE r.subject_id = $1 AND r.item = $2 AND r.record_id <= $3 AND r.relation <> 'withdraws'
                 AND NOT EXISTS (SELECT 1 FROM intake_record w WHERE w.subject_id = r.subject_id
                                 AND w.names_id = r.record_id AND w.relation = 'withdraws' AND w.record_id <= $3)
                 ORDER BY r.record_id DESC LIMIT 1";
    /// The newest record under each key of an item since a day, in order of entity.
    CURRENT_OF = "SELECT r.record_id, r.subject_id, j.subject_no, r.item, r.record_key, r.relation, r.names_id, r.on_day,
                  r.ends_day, r.amount_fen, r.level, r.code, r.payload, r.supplier, r.source, r.batch_id, r.line,
                  r.received_at FROM intake_current c JOIN intake_record r ON r.record_id = c.record_id
                  JOIN intake_subject j ON j.subject_id = r.subject_id
                  WHERE c.item = $1 AND r.on_day >= $2 ORDER BY r.subject_id, r.record_id";
    /// Records of one batch, a page.
    RECORDS_IN = "SELECT r.record_id, r.subject_id, j.subject_no, r.item, r.record_key, r.relation, r.names_id, r.on_day, ends_day, amount_fen, level,
                  code, payload, supplier, source, batch_id, line, received_at FROM intake_record r
                  JOIN intake_subject j ON j.subject_id = r.subject_id
                  WHERE r.batch_id = $1 AND r.record_id > $2 ORDER BY r.record_id LIMIT $3";
    /// Entities touched by one batch.
    TOUCHED = "SELECT DISTINCT subject_id FROM intake_record WHERE batch_id = $1 AND subject_id > $2
               ORDER BY subject_id LIMIT $3";
    /// What the evaluator needs of one entity's records, up to a position.
    FACTS_OF = "SELECT subject_id, record_id, COALESCE(names_id, 0) AS names_id, relation, item, on_day, ends_day,
                COALESCE(amount_fen, 0) AS amount_fen, COALESCE(level, 0) AS level, COALESCE(code, '') AS code
                FROM intake_record WHERE subject_id = $1 AND record_id <= $2 ORDER BY record_id";
    /// What the evaluator needs of all records after a position.
    FACTS_AFTER = "SELECT subject_id, record_id, COALESCE(names_id, 0) AS names_id, relation, item, on_day, ends_day,
                   COALESCE(amount_fen, 0) AS amount_fen, COALESCE(level, 0) AS level, COALESCE(code, '') AS code
                   FROM intake_record WHERE record_id > $1 AND record_id <= $2 ORDER BY record_id";
    /// The last record there is.
    LAST_RECORD = "SELECT COALESCE(max(record_id), 0) AS record_id FROM intake_record";
    /// How many records each item has.
    COUNTS = "SELECT item, CAST(count(*) AS BIGINT) AS records FROM intake_record GROUP BY item ORDER BY item";
}

fn batch_row(row: &Row) -> Outcome<Batch> {
    Ok(Batch {
        batch_id: row.get("batch_id")?,
        item: row.get("item")?,
        supplier: row.get("supplier")?,
        source: row.get("source")?,
        file_name: row.get("file_name")?,
        digest: row.get("digest")?,
        state: row.get("state")?,
        received_at: row.get("received_at")?,
        staged_to: row.get("staged_to")?,
        rows_read: row.get("rows_read")?,
        rows_accepted: row.get("rows_accepted")?,
        rows_unchanged: row.get("rows_unchanged")?,
        rows_refused: row.get("rows_refused")?,
        first_record: row.get("first_record")?,
        last_record: row.get("last_record")?,
        note: row.get("note")?,
    })
}

pub fn known(tx: &mut Tx, digest: &str, new: &NewBatch) -> Outcome<Option<Batch>> {
    tx.opt(&KNOWN, &args![digest, &new.item, &new.supplier])?.as_ref().map(batch_row).transpose()
}

pub fn save_batch(tx: &mut Tx, batch_id: i64, new: &NewBatch, digest: &str, at: Instant) -> Outcome<()> {
    let row = args![batch_id, &new.item, &new.supplier, &new.source, &new.file_name, digest, at];
    tx.exec(&SAVE_BATCH, &row).map(drop)
}

pub fn batch(tx: &mut Tx, batch_id: i64) -> Outcome<Option<Batch>> {
    tx.opt(&BATCH, &args![batch_id])?.as_ref().map(batch_row).transpose()
}

pub fn batches(tx: &mut Tx, before: i64, limit: i64) -> Outcome<Vec<Batch>> {
    tx.all(&BATCHES, &args![before, limit])?.iter().map(batch_row).collect()
}

pub fn stage(tx: &mut Tx, batch: &Batch, drafts: &[Draft]) -> Outcome<u64> {
    let columns = [
        "batch_id", "line", "subject_no", "subject_kind", "marks", "item", "record_key", "digest", "on_day", "ends_day",
        "amount_fen", "level", "code", "withdraws", "payload",
    ];
    let rows = drafts.iter().map(|draft| {
        let (kind, marks) = crate::intake::rules::describe(&draft.subject);
        Ok(vec![
            Value::from(batch.batch_id),
            Value::from(draft.line),
            Value::from(draft.subject.as_str()),
            Value::from(kind),
            Value::from(marks),
            Value::from(batch.item.as_str()),
            Value::from(draft.record_key.as_str()),
            Value::from(draft.digest()),
            Value::from(draft.on),
            Value::from(draft.ends_on),
            Value::from(draft.amount_fen),
            Value::from(draft.level),
            Value::from(draft.code.as_deref()),
            Value::from(draft.withdraws),
            Value::from(serde_json::Value::Object(draft.payload.clone())),
        ])
    });
    tx.load("intake_stage", &columns, rows)
}

pub fn refuse(tx: &mut Tx, batch_id: i64, refusals: &[Refusal]) -> Outcome<u64> {
    let columns = ["batch_id", "line", "field", "value", "code", "reason", "suggestion"];
    let rows = refusals.iter().map(|refusal| {
        Ok(vec![
            Value::from(batch_id),
            Value::from(refusal.line),
            Value::from(refusal.field.as_str()),
            Value::from(refusal.value.as_str()),
            Value::from(refusal.code.as_str()),
            Value::from(refusal.reason.as_str()),
            Value::from(refusal.suggestion.as_deref()),
        ])
    });
    tx.load("intake_refusal", &columns, rows)
}

pub fn staged_to(tx: &mut Tx, batch_id: i64, line: i64, read: i64, refused: i64, note: Option<&str>) -> Outcome<()> {
    tx.exec(&STAGED_TO, &args![batch_id, line, read, refused, note]).map(drop)
}

pub fn staged(tx: &mut Tx, batch_id: i64) -> Outcome<()> {
    tx.exec(&STAGED, &args![batch_id]).map(drop)
}

pub fn refuse_batch(tx: &mut Tx, batch_id: i64, note: &str) -> Outcome<()> {
    tx.exec(&REFUSE_BATCH, &args![batch_id, note]).map(drop)
}

pub fn clear_stage(tx: &mut Tx, batch_id: i64) -> Outcome<()> {
    tx.exec(&CLEAR_STAGE, &args![batch_id]).map(drop)
}

/// Gives numbers to the entities a batch names for the first time. Returns how many there were.
pub fn number_subjects(tx: &mut Tx, batch_id: i64) -> Outcome<usize> {
    let rows = tx.all(&NEW_SUBJECTS, &args![batch_id])?;
    let ids = tx.ids(rows.len())?;
    let values = rows.iter().zip(&ids).map(|(row, id)| {
        let (no, kind, marks): (String, String, String) =
            (row.get("subject_no")?, row.get("subject_kind")?, row.get("marks")?);
        Ok(vec![Value::from(*id), Value::from(no), Value::from(kind), Value::from(marks)])
    });
    tx.load("intake_subject", &["subject_id", "subject_no", "kind", "marks"], values)?;
    Ok(rows.len())
}

/// A staged row with what is known under its key.
pub struct Staged {
    pub line: i64,
    pub subject_id: i64,
    pub record_key: String,
    pub digest: String,
    pub on_day: Option<Day>,
    pub ends_day: Option<Day>,
    pub amount_fen: Option<i64>,
    pub level: Option<i64>,
    pub code: Option<String>,
    pub withdraws: bool,
    pub payload: serde_json::Value,
    pub former: Option<(i64, String)>,
    pub ended: Option<i64>,
}

pub fn stage_page(tx: &mut Tx, batch: &Batch, ends: Option<&str>, after: i64, limit: i64) -> Outcome<Vec<Staged>> {
    let rows = tx.all(&STAGE_PAGE, &args![batch.batch_id, &batch.item, ends.unwrap_or(""), after, limit])?;
    rows.iter()
        .map(|row| {
            let former: Option<i64> = row.get("former")?;
            let digest: Option<String> = row.get("former_digest")?;
            Ok(Staged {
                line: row.get("line")?,
                subject_id: row.get("subject_id")?,
                record_key: row.get("record_key")?,
                digest: row.get("digest")?,
                on_day: row.get("on_day")?,
                ends_day: row.get("ends_day")?,
                amount_fen: row.get("amount_fen")?,
                level: row.get("level")?,
                code: row.get("code")?,
                withdraws: row.get("withdraws")?,
                payload: row.get("payload")?,
                former: former.zip(digest),
                ended: row.get("ended")?,
            })
        })
        .collect()
}

/// A record about to be kept.
pub struct NewRecord<'a> {
    pub record_id: i64,
    pub staged: &'a Staged,
    pub relation: Relation,
    pub names_id: Option<i64>,
    pub on_day: Day,
}

pub fn save_records(tx: &mut Tx, batch: &Batch, records: &[NewRecord]) -> Outcome<u64> {
    let columns = [
        "record_id", "subject_id", "item", "record_key", "digest", "relation", "names_id", "on_day", "ends_day",
        "amount_fen", "level", "code", "payload", "supplier", "source", "batch_id", "line", "received_at",
    ];
    let rows = records.iter().map(|record| {
        let staged = record.staged;
        Ok(vec![
            Value::from(record.record_id),
            Value::from(staged.subject_id),
            Value::from(batch.item.as_str()),
            Value::from(staged.record_key.as_str()),
            Value::from(staged.digest.as_str()),
            Value::from(record.relation.as_str()),
            Value::from(record.names_id),
            Value::from(record.on_day),
            Value::from(staged.ends_day),
            Value::from(staged.amount_fen),
            Value::from(staged.level),
            Value::from(staged.code.as_deref()),
            Value::from(staged.payload.clone()),
            Value::from(batch.supplier.as_str()),
            Value::from(batch.source.as_str()),
            Value::from(batch.batch_id),
            Value::from(staged.line),
            Value::from(batch.received_at),
        ])
    });
    tx.load("intake_record", &columns, rows)
}

pub fn make_current(tx: &mut Tx, batch_id: i64, first: i64, last: i64) -> Outcome<()> {
    tx.exec(&MAKE_CURRENT, &args![batch_id, first, last]).map(drop)
}

pub fn forget(tx: &mut Tx, subject_id: i64, item: &str, record_key: &str) -> Outcome<()> {
    tx.exec(&FORGET, &args![subject_id, item, record_key]).map(drop)
}

/// What applying a batch came to.
pub struct Sums {
    pub accepted: i64,
    pub unchanged: i64,
    pub refused: i64,
    pub first: Option<i64>,
    pub last: Option<i64>,
}

pub fn applied(tx: &mut Tx, batch_id: i64, sums: &Sums, at: Instant) -> Outcome<()> {
    let row = args![batch_id, sums.accepted, sums.unchanged, sums.refused, sums.first, sums.last, at];
    tx.exec(&APPLIED, &row).map(drop)
}

pub fn refusals(tx: &mut Tx, batch_id: i64, after_line: i64, limit: i64) -> Outcome<Vec<Refusal>> {
    tx.all(&REFUSALS, &args![batch_id, after_line, limit])?
        .iter()
        .map(|row| {
            Ok(Refusal {
                line: row.get("line")?,
                field: row.get("field")?,
                value: row.get("value")?,
                code: row.get("code")?,
                reason: row.get("reason")?,
                suggestion: row.get("suggestion")?,
            })
        })
        .collect()
}

pub fn subject(tx: &mut Tx, subject_no: &str) -> Outcome<Option<i64>> {
    tx.opt(&SUBJECT, &args![subject_no])?.map(|row| row.get("subject_id")).transpose()
}

pub fn subject_no(tx: &mut Tx, subject_id: i64) -> Outcome<Option<(String, String)>> {
    tx.opt(&SUBJECT_NO, &args![subject_id])?.map(|row| Ok((row.get("subject_no")?, row.get("marks")?))).transpose()
}

fn record_row(row: &Row) -> Outcome<Record> {
    let relation: String = row.get("relation")?;
    Ok(Record {
        record_id: row.get("record_id")?,
        subject_id: row.get("subject_id")?,
        subject_no: row.get("subject_no")?,
        item: row.get("item")?,
        record_key: row.get("record_key")?,
        relation: Relation::from_word(&relation),
        names_id: row.get("names_id")?,
        on_day: row.get("on_day")?,
        ends_day: row.get("ends_day")?,
        amount_fen: row.get("amount_fen")?,
        level: row.get("level")?,
        code: row.get("code")?,
        payload: row.get("payload")?,
        supplier: row.get("supplier")?,
        source: row.get("source")?,
        batch_id: row.get("batch_id")?,
        line: row.get("line")?,
        received_at: row.get("received_at")?,
    })
}

pub fn records_of(tx: &mut Tx, subject_id: i64, known_at: Instant) -> Outcome<Vec<Record>> {
    tx.all(&RECORDS_OF, &args![subject_id, known_at])?.iter().map(record_row).collect()
}

pub fn newest_of(tx: &mut Tx, subject_id: i64, item: &str, upto: i64) -> Outcome<Option<Record>> {
    tx.opt(&NEWEST_OF, &args![subject_id, item, upto])?.as_ref().map(record_row).transpose()
}

pub fn records_in(tx: &mut Tx, batch_id: i64, after: i64, limit: i64) -> Outcome<Vec<Record>> {
    tx.all(&RECORDS_IN, &args![batch_id, after, limit])?.iter().map(record_row).collect()
}

pub fn touched(tx: &mut Tx, batch_id: i64, after: i64, limit: i64) -> Outcome<Vec<i64>> {
    tx.all(&TOUCHED, &args![batch_id, after, limit])?.iter().map(|row| row.get("subject_id")).collect()
}

fn fact_row(row: &Row) -> Outcome<Fact> {
    let relation: String = row.get("relation")?;
    Ok(Fact {
        subject_id: row.get("subject_id")?,
        record_id: row.get("record_id")?,
        names_id: row.get("names_id")?,
        relation: Relation::from_word(&relation),
        item: row.get("item")?,
        on_day: row.get("on_day")?,
        ends_day: row.get("ends_day")?,
        amount_fen: row.get("amount_fen")?,
        level: row.get("level")?,
        code: row.get("code")?,
    })
}

pub fn facts_of(tx: &mut Tx, subject_id: i64, upto: i64) -> Outcome<Vec<Fact>> {
    tx.all(&FACTS_OF, &args![subject_id, upto])?.iter().map(fact_row).collect()
}

pub fn facts_after(tx: &mut Tx, after: i64, upto: i64, mut each: impl FnMut(Fact) -> Outcome<()>) -> Outcome<()> {
    tx.each(&FACTS_AFTER, &args![after, upto], |row| each(fact_row(row)?))
}

pub fn last_record(tx: &mut Tx) -> Outcome<i64> {
    tx.one(&LAST_RECORD, &args![])?.get("record_id")
}

pub fn counts(tx: &mut Tx) -> Outcome<Vec<(String, i64)>> {
    tx.all(&COUNTS, &args![])?.iter().map(|row| Ok((row.get("item")?, row.get("records")?))).collect()
}

pub fn current_of(tx: &mut Tx, item: &str, since: Day, mut each: impl FnMut(Record) -> Outcome<()>) -> Outcome<()> {
    tx.each(&CURRENT_OF, &args![item, since], |row| each(record_row(row)?))
}
