-- Bulk collection: checked rows wait in a file beside the database, so their table goes; the batch knows how long the file
-- is. A batch's records lie between its first and last number, so they need no index of their own. What is current is kept
-- under one key that serves both ways of asking.

DROP TABLE intake_stage;
DROP INDEX intake_record_batch;
ALTER TABLE intake_batch ADD COLUMN staged_bytes INTEGER NOT NULL DEFAULT 0;
UPDATE intake_batch SET state = 'received', staged_to = 0, rows_read = 0, rows_refused = 0
WHERE state IN ('received', 'staged');
DELETE FROM intake_refusal
WHERE batch_id IN (SELECT batch_id FROM intake_batch WHERE state = 'received');

CREATE TABLE intake_newest (
    item        TEXT    NOT NULL,
    subject_id  INTEGER NOT NULL,
    record_key  TEXT    NOT NULL,
    record_id   INTEGER NOT NULL,
    digest      TEXT    NOT NULL,
    PRIMARY KEY (item, subject_id, record_key)
) STRICT, WITHOUT ROWID;
INSERT INTO intake_newest (item, subject_id, record_key, record_id, digest)
SELECT item, subject_id, record_key, record_id, digest FROM intake_current ORDER BY item, subject_id, record_key;
DROP TABLE intake_current;
ALTER TABLE intake_newest RENAME TO intake_current;
