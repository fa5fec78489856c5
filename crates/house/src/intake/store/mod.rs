//! Every SQL statement of collection.
mod batch;
mod made;
mod record;

use db::statements;

pub use batch::*;
pub use made::*;
pub use record::*;

statements! {
    /// A batch with the same content, item and supplier that was taken in before.
    KNOWN = "SELECT batch_id, item, supplier, source, file_name, digest, state, received_at, staged_to, staged_bytes, rows_read,
             rows_accepted, rows_unchanged, rows_refused, rows_loose, first_record, last_record, note, table_no, table_name, corrects_id,
             rows_corrected FROM intake_batch
             WHERE digest = $1 AND item = $2 AND supplier = $3 AND state <> 'refused' ORDER BY batch_id LIMIT 1";
    /// Takes a batch in.
    SAVE_BATCH = "INSERT INTO intake_batch (batch_id, item, supplier, source, file_name, digest, state, received_at,
                  staged_to, staged_bytes, rows_read, rows_accepted, rows_unchanged, rows_refused, table_no, table_name,
                  rows_corrected) VALUES ($1, $2, $3, $4, $5, $6, 'received', $7, 0, 0, 0, 0, 0, 0, $8, $9, 0)";
    /// One batch.
    BATCH = "SELECT batch_id, item, supplier, source, file_name, digest, state, received_at, staged_to, staged_bytes, rows_read,
             rows_accepted, rows_unchanged, rows_refused, rows_loose, first_record, last_record, note, table_no, table_name, corrects_id,
             rows_corrected FROM intake_batch
             WHERE batch_id = $1";
    /// Batches, newest first.
    BATCHES = "SELECT batch_id, item, supplier, source, file_name, digest, state, received_at, staged_to, staged_bytes, rows_read,
               rows_accepted, rows_unchanged, rows_refused, rows_loose, first_record, last_record, note, table_no, table_name, corrects_id,
             rows_corrected FROM intake_batch
               WHERE batch_id < $1 ORDER BY batch_id DESC LIMIT $2";
    /// Notes how far a batch is staged.
    STAGED_TO = "UPDATE intake_batch SET staged_to = CASE WHEN $2 > staged_to THEN $2 ELSE staged_to END,
                 rows_read = rows_read + $3, rows_refused = rows_refused + $4, staged_bytes = $5,
                 note = COALESCE($6, note) WHERE batch_id = $1";
    /// The whole batch is staged.
    STAGED = "UPDATE intake_batch SET state = 'staged' WHERE batch_id = $1";
    /// The whole batch is refused.
    REFUSE_BATCH = "UPDATE intake_batch SET state = 'refused', note = $2 WHERE batch_id = $1";
    /// The batch has become records.
    APPLIED = "UPDATE intake_batch SET state = 'applied', rows_accepted = $2, rows_unchanged = $3,
               rows_refused = rows_refused + $4, first_record = $5, last_record = $6, applied_at = $7, rows_loose = $8
               WHERE batch_id = $1";
    /// Forgets how far a batch is staged.
    RESET = "UPDATE intake_batch SET state = 'received', staged_to = 0, staged_bytes = 0, rows_read = 0,
             rows_refused = 0 WHERE batch_id = $1";
    /// Forgets the refused rows of a batch that is staged anew.
    FORGET_REFUSALS = "DELETE FROM intake_refusal WHERE batch_id = $1";
    /// How many entities have a number.
    SUBJECT_COUNT = "SELECT CAST(count(*) AS BIGINT) AS subjects FROM intake_subject";
    /// Every entity that has a number.
    SUBJECT_NOS = "SELECT subject_no FROM intake_subject";
    /// The numbers of entities.
    SUBJECTS = "SELECT subject_no, subject_id, merged_into FROM intake_subject WHERE subject_no IN ($list)";
    /// What is known of entities under an item: the newest record of each key.
    CURRENT = "SELECT subject_id, record_key, record_id, digest FROM intake_current
               WHERE item = $1 AND subject_id IN ($list)";
    /// Makes records the current ones of their keys.
    MAKE_CURRENT = "INSERT INTO intake_current (item, subject_id, record_key, record_id, digest)
                    SELECT item, subject_id, record_key, record_id, digest FROM intake_record
                    WHERE batch_id = $1 AND record_id IN ($list)
                    ON CONFLICT (item, subject_id, record_key)
                    DO UPDATE SET record_id = excluded.record_id, digest = excluded.digest RETURNING record_id";
    /// The record that a correction corrects.
    CORRECTED_BY = "SELECT names_id FROM intake_record WHERE record_id = $1 AND relation = 'corrects'";
    /// Forgets the current record of a key that was taken back.
    FORGET = "DELETE FROM intake_current WHERE subject_id = $1 AND item = $2 AND record_key = $3";
    /// Refused rows of a batch in order.
    REFUSALS = "SELECT line, field, value, code, reason, suggestion FROM intake_refusal
                WHERE batch_id = $1 AND line > $2 ORDER BY line, field LIMIT $3";
    /// The number of an entity; that of the one it was merged into, if it was.
    SUBJECT = "SELECT COALESCE(merged_into, subject_id) AS subject_id FROM intake_subject WHERE subject_no = $1";
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
                                 AND w.names_id = r.record_id AND w.relation = 'withdraws' AND w.record_id <= $3
                                 AND NOT EXISTS (SELECT 1 FROM intake_record v WHERE v.subject_id = r.subject_id
                                                 AND v.names_id = w.record_id AND v.relation = 'withdraws'
                                                 AND v.record_id <= $3))
                 ORDER BY r.record_id DESC LIMIT 1";
    /// Earlier readings of an item about entities that are not taken back: all but the current one.
    EARLIER_OF = "SELECT r.subject_id, r.payload FROM intake_record r
                  WHERE r.item = $1 AND r.relation <> 'withdraws' AND r.subject_id IN ($list)
                  AND NOT EXISTS (SELECT 1 FROM intake_current c WHERE c.item = $1 AND c.subject_id = r.subject_id
                                  AND c.record_key = r.record_key AND c.record_id = r.record_id)
                  AND NOT EXISTS (SELECT 1 FROM intake_record w WHERE w.subject_id = r.subject_id
                                  AND w.names_id = r.record_id AND w.relation = 'withdraws'
                                  AND NOT EXISTS (SELECT 1 FROM intake_record v WHERE v.subject_id = r.subject_id
                                                  AND v.names_id = w.record_id AND v.relation = 'withdraws'))";
    /// A withdrawal in force of a record.
    TAKEN_BACK = "SELECT w.record_id FROM intake_record w WHERE w.subject_id = $1 AND w.names_id = $2
                  AND w.relation = 'withdraws' AND NOT EXISTS (
                  SELECT 1 FROM intake_record v WHERE v.subject_id = $1 AND v.names_id = w.record_id
                  AND v.relation = 'withdraws') ORDER BY w.record_id LIMIT 1";
    /// The newest record under each key of an item since a day, in order of entity.
    CURRENT_OF = "SELECT r.record_id, r.subject_id, j.subject_no, r.item, r.record_key, r.relation, r.names_id, r.on_day,
                  r.ends_day, r.amount_fen, r.level, r.code, r.payload, r.supplier, r.source, r.batch_id, r.line,
                  r.received_at FROM intake_current c JOIN intake_record r ON r.record_id = c.record_id
                  JOIN intake_subject j ON j.subject_id = r.subject_id
                  WHERE c.item = $1 AND r.on_day >= $2 ORDER BY r.subject_id, r.record_id";
    /// Entities with records of an item, a page.
    WITH_ITEM = "SELECT DISTINCT subject_id FROM intake_current WHERE item = $1 AND subject_id > $2
                 ORDER BY subject_id LIMIT $3";
    /// The newest record under each key of an item about some entities, of facts between two days.
    CURRENT_AMONG = "SELECT r.record_id, r.subject_id, j.subject_no, r.item, r.record_key, r.relation, r.names_id, r.on_day,
                     r.ends_day, r.amount_fen, r.level, r.code, r.payload, r.supplier, r.source, r.batch_id, r.line,
                     r.received_at FROM intake_current c JOIN intake_record r ON r.record_id = c.record_id
                     JOIN intake_subject j ON j.subject_id = r.subject_id
                     WHERE c.item = $1 AND r.on_day >= $2 AND r.on_day <= $3 AND c.subject_id IN ($list)";
    /// The last record of the batches that had been applied by an instant.
    POSITION_AT = "SELECT COALESCE(max(last_record), 0) AS record_id FROM intake_batch WHERE applied_at <= $1";
    /// Records of one batch, a page.
    RECORDS_IN = "SELECT r.record_id, r.subject_id, j.subject_no, r.item, r.record_key, r.relation, r.names_id, r.on_day, ends_day, amount_fen, level,
                  code, payload, supplier, source, batch_id, line, received_at FROM intake_record r
                  JOIN intake_subject j ON j.subject_id = r.subject_id
                  WHERE r.batch_id = $1 AND r.record_id > $2
                  AND r.record_id >= (SELECT first_record FROM intake_batch WHERE batch_id = $1)
                  AND r.record_id <= (SELECT last_record FROM intake_batch WHERE batch_id = $1)
                  ORDER BY r.record_id LIMIT $3";
    /// Entities touched by one batch.
    TOUCHED = "SELECT DISTINCT subject_id FROM intake_record WHERE batch_id = $1 AND subject_id > $2
               AND record_id >= (SELECT first_record FROM intake_batch WHERE batch_id = $1)
               AND record_id <= (SELECT last_record FROM intake_batch WHERE batch_id = $1)
               ORDER BY subject_id LIMIT $3";
    /// Whom the records between two numbers are about, in order.
    ABOUT = "SELECT record_id, subject_id FROM intake_record WHERE record_id > $1 AND record_id <= $2
             ORDER BY record_id LIMIT $3";
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
    /// What tells a record from any other that ever had its number.
    TRACE = "SELECT r.item, r.record_key, r.digest, r.line, r.received_at, b.digest AS content, j.subject_no
             FROM intake_record r JOIN intake_batch b ON b.batch_id = r.batch_id
             JOIN intake_subject j ON j.subject_id = r.subject_id WHERE r.record_id = $1";
    /// How many records each item has.
    COUNTS = "SELECT item, CAST(count(*) AS BIGINT) AS records FROM intake_record GROUP BY item ORDER BY item";
}
