-- The gates through which data comes in: tables of one file as batches of their own, rows that were sent back and come in
-- corrected, receipts, drop folders, and views of departments' databases that are read by watermark.

ALTER TABLE intake_batch ADD COLUMN table_no INTEGER NOT NULL DEFAULT 0;
ALTER TABLE intake_batch ADD COLUMN table_name TEXT NOT NULL DEFAULT '';
ALTER TABLE intake_batch ADD COLUMN corrects_id INTEGER;
ALTER TABLE intake_batch ADD COLUMN rows_corrected INTEGER NOT NULL DEFAULT 0;

-- A row of a batch that takes the place of a refused row of an earlier one, and of that row's own forerunners.
CREATE TABLE intake_correction (
    batch_id    INTEGER NOT NULL,
    line        INTEGER NOT NULL,
    of_batch    INTEGER NOT NULL,
    of_line     INTEGER NOT NULL,
    PRIMARY KEY (batch_id, line, of_batch)
) STRICT;
CREATE INDEX intake_correction_of ON intake_correction (of_batch, of_line);

CREATE TABLE intake_receipt (
    receipt_id  INTEGER PRIMARY KEY,
    supplier    TEXT    NOT NULL,
    digest      TEXT    NOT NULL,
    document    TEXT    NOT NULL,
    created_at  TEXT    NOT NULL
) STRICT;

CREATE TABLE intake_drop (
    drop_id     INTEGER PRIMARY KEY,
    folder      TEXT    NOT NULL,
    supplier    TEXT    NOT NULL,
    item        TEXT,
    mapping     TEXT    NOT NULL CHECK (json_valid(mapping)),
    state       TEXT    NOT NULL CHECK (state IN ('active', 'removed')),
    last_fault  TEXT,
    created_at  TEXT    NOT NULL,
    created_by  TEXT    NOT NULL
) STRICT;

CREATE TABLE intake_drop_file (
    file_id     INTEGER PRIMARY KEY,
    drop_id     INTEGER NOT NULL,
    name        TEXT    NOT NULL,
    digest      TEXT    NOT NULL,
    bytes       INTEGER NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('taken', 'done', 'failed')),
    batches     TEXT    NOT NULL CHECK (json_valid(batches)),
    said        TEXT    NOT NULL,
    moved_as    TEXT,
    taken_at    TEXT    NOT NULL,
    ended_at    TEXT
) STRICT;
CREATE INDEX intake_drop_file_name ON intake_drop_file (drop_id, name);

CREATE TABLE intake_pull (
    pull_id     INTEGER PRIMARY KEY,
    name        TEXT    NOT NULL,
    url         TEXT    NOT NULL,
    relation    TEXT    NOT NULL,
    marker      TEXT    NOT NULL,
    item        TEXT    NOT NULL,
    supplier    TEXT    NOT NULL,
    mapping     TEXT    NOT NULL CHECK (json_valid(mapping)),
    every_seconds INTEGER NOT NULL,
    back_seconds INTEGER NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('active', 'paused', 'removed')),
    watermark   TEXT,
    edge        TEXT    NOT NULL CHECK (json_valid(edge)),
    rows_taken  INTEGER NOT NULL,
    unmarked    INTEGER NOT NULL CHECK (unmarked IN (0, 1)),
    failures    INTEGER NOT NULL,
    due_at      TEXT    NOT NULL,
    read_at     TEXT,
    news_at     TEXT    NOT NULL,
    last_batch  INTEGER,
    last_fault  TEXT,
    created_at  TEXT    NOT NULL,
    created_by  TEXT    NOT NULL
) STRICT;
