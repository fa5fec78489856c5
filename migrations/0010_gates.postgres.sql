-- The gates through which data comes in: tables of one file as batches of their own, rows that were sent back and come in
-- corrected, receipts, drop folders, and views of departments' databases that are read by watermark.

ALTER TABLE intake_batch ADD COLUMN table_no BIGINT NOT NULL DEFAULT 0;
ALTER TABLE intake_batch ADD COLUMN table_name TEXT NOT NULL DEFAULT '';
ALTER TABLE intake_batch ADD COLUMN corrects_id BIGINT;
ALTER TABLE intake_batch ADD COLUMN rows_corrected BIGINT NOT NULL DEFAULT 0;

-- A row of a batch that takes the place of a refused row of an earlier one, and of that row's own forerunners.
CREATE TABLE intake_correction (
    batch_id    BIGINT NOT NULL,
    line        BIGINT NOT NULL,
    of_batch    BIGINT NOT NULL,
    of_line     BIGINT NOT NULL,
    PRIMARY KEY (batch_id, line, of_batch)
);
CREATE INDEX intake_correction_of ON intake_correction (of_batch, of_line);

CREATE TABLE intake_receipt (
    receipt_id  BIGINT PRIMARY KEY,
    supplier    TEXT    NOT NULL,
    digest      TEXT    NOT NULL,
    document    TEXT    NOT NULL,
    created_at  TIMESTAMPTZ    NOT NULL
);

CREATE TABLE intake_drop (
    drop_id     BIGINT PRIMARY KEY,
    folder      TEXT    NOT NULL,
    supplier    TEXT    NOT NULL,
    item        TEXT,
    mapping     JSONB    NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('active', 'removed')),
    last_fault  TEXT,
    created_at  TIMESTAMPTZ    NOT NULL,
    created_by  TEXT    NOT NULL
);

CREATE TABLE intake_drop_file (
    file_id     BIGINT PRIMARY KEY,
    drop_id     BIGINT NOT NULL,
    name        TEXT    NOT NULL,
    digest      TEXT    NOT NULL,
    bytes       BIGINT NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('taken', 'done', 'failed')),
    batches     JSONB    NOT NULL,
    said        TEXT    NOT NULL,
    moved_as    TEXT,
    taken_at    TIMESTAMPTZ    NOT NULL,
    ended_at    TIMESTAMPTZ
);
CREATE INDEX intake_drop_file_name ON intake_drop_file (drop_id, name);

CREATE TABLE intake_pull (
    pull_id     BIGINT PRIMARY KEY,
    name        TEXT    NOT NULL,
    url         TEXT    NOT NULL,
    relation    TEXT    NOT NULL,
    marker      TEXT    NOT NULL,
    item        TEXT    NOT NULL,
    supplier    TEXT    NOT NULL,
    mapping     JSONB    NOT NULL,
    every_seconds BIGINT NOT NULL,
    back_seconds BIGINT NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('active', 'paused', 'removed')),
    watermark   TEXT,
    edge        JSONB    NOT NULL,
    rows_taken  BIGINT NOT NULL,
    unmarked    BOOLEAN NOT NULL,
    failures    BIGINT NOT NULL,
    due_at      TIMESTAMPTZ    NOT NULL,
    read_at     TIMESTAMPTZ,
    news_at     TIMESTAMPTZ    NOT NULL,
    last_batch  BIGINT,
    last_fault  TEXT,
    created_at  TIMESTAMPTZ    NOT NULL,
    created_by  TEXT    NOT NULL
);
