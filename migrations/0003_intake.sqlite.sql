-- Collection (归集): batches as handed over, their refused rows, and the records: append-only, never edited.

CREATE TABLE intake_subject (
    subject_id  INTEGER PRIMARY KEY,
    subject_no  TEXT    NOT NULL,
    kind        TEXT    NOT NULL CHECK (kind IN ('uscc', 'regno')),
    marks       TEXT    NOT NULL
) STRICT;
CREATE UNIQUE INDEX intake_subject_no ON intake_subject (subject_no);

CREATE TABLE intake_batch (
    batch_id    INTEGER PRIMARY KEY,
    item        TEXT    NOT NULL,
    supplier    TEXT    NOT NULL,
    source      TEXT    NOT NULL,
    file_name   TEXT    NOT NULL,
    digest      TEXT    NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('received', 'staged', 'applied', 'refused')),
    received_at TEXT    NOT NULL,
    staged_to   INTEGER NOT NULL,
    rows_read   INTEGER NOT NULL,
    rows_accepted INTEGER NOT NULL,
    rows_unchanged INTEGER NOT NULL,
    rows_refused INTEGER NOT NULL,
    first_record INTEGER,
    last_record INTEGER,
    applied_at  TEXT,
    note        TEXT
) STRICT;
CREATE INDEX intake_batch_digest ON intake_batch (digest);

CREATE TABLE intake_refusal (
    batch_id    INTEGER NOT NULL,
    line        INTEGER NOT NULL,
    field       TEXT    NOT NULL,
    value       TEXT    NOT NULL,
    code        TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    suggestion  TEXT,
    PRIMARY KEY (batch_id, line, field)
) STRICT;

CREATE TABLE intake_stage (
    batch_id    INTEGER NOT NULL,
    line        INTEGER NOT NULL,
    subject_no  TEXT    NOT NULL,
    subject_kind TEXT   NOT NULL,
    marks       TEXT    NOT NULL,
    item        TEXT    NOT NULL,
    record_key  TEXT    NOT NULL,
    digest      TEXT    NOT NULL,
    on_day      TEXT,
    ends_day    TEXT,
    amount_fen  INTEGER,
    level       INTEGER,
    code        TEXT,
    withdraws   INTEGER NOT NULL CHECK (withdraws IN (0, 1)),
    payload     TEXT    NOT NULL CHECK (json_valid(payload)),
    PRIMARY KEY (batch_id, line)
) STRICT;

CREATE TABLE intake_record (
    record_id   INTEGER PRIMARY KEY,
    subject_id  INTEGER NOT NULL,
    item        TEXT    NOT NULL,
    record_key  TEXT    NOT NULL,
    digest      TEXT    NOT NULL,
    relation    TEXT    NOT NULL CHECK (relation IN ('none', 'corrects', 'withdraws', 'ends')),
    names_id    INTEGER,
    on_day      TEXT    NOT NULL,
    ends_day    TEXT,
    amount_fen  INTEGER,
    level       INTEGER,
    code        TEXT,
    payload     TEXT    NOT NULL CHECK (json_valid(payload)),
    supplier    TEXT    NOT NULL,
    source      TEXT    NOT NULL,
    batch_id    INTEGER NOT NULL,
    line        INTEGER NOT NULL,
    received_at TEXT    NOT NULL
) STRICT;
CREATE INDEX intake_record_subject ON intake_record (subject_id, record_id);
CREATE INDEX intake_record_batch ON intake_record (batch_id, record_id);

-- The newest record under each key: what a repeated row is compared with and what an end or correction names.
CREATE TABLE intake_current (
    subject_id  INTEGER NOT NULL,
    item        TEXT    NOT NULL,
    record_key  TEXT    NOT NULL,
    record_id   INTEGER NOT NULL,
    digest      TEXT    NOT NULL,
    PRIMARY KEY (subject_id, item, record_key)
) STRICT;
CREATE INDEX intake_current_item ON intake_current (item, subject_id);
