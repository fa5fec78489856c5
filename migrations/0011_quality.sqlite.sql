-- Quality of what suppliers hand over (归集质量), a row for each month, supplier and item; and what is expected of them by when.

CREATE TABLE intake_quality (
    month       TEXT    NOT NULL,
    supplier    TEXT    NOT NULL,
    item        TEXT    NOT NULL,
    batches     INTEGER NOT NULL,
    rows_read   INTEGER NOT NULL,
    rows_missing INTEGER NOT NULL,
    rows_malformed INTEGER NOT NULL,
    rows_unlinked INTEGER NOT NULL,
    rows_refused INTEGER NOT NULL,
    rows_unchanged INTEGER NOT NULL,
    records     INTEGER NOT NULL,
    corrected   INTEGER NOT NULL,
    judged      INTEGER NOT NULL,
    late        INTEGER NOT NULL,
    measured_at TEXT    NOT NULL,
    PRIMARY KEY (month, supplier, item)
) STRICT;

CREATE TABLE intake_expectation (
    supplier    TEXT    NOT NULL,
    item        TEXT    NOT NULL,
    period_end_on TEXT  NOT NULL,
    due_on      TEXT    NOT NULL,
    opened_at   TEXT    NOT NULL,
    met_at      TEXT,
    batch_id    INTEGER,
    PRIMARY KEY (supplier, item, period_end_on)
) STRICT;
CREATE INDEX intake_expectation_open ON intake_expectation (met_at, due_on);

-- Which day was looked at last, so that the watch runs once a day.
CREATE TABLE intake_watch (
    name        TEXT    PRIMARY KEY,
    seen_on     TEXT    NOT NULL
) STRICT;
