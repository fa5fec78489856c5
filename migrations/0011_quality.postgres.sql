-- Quality of what suppliers hand over (归集质量), a row for each month, supplier and item; and what is expected of them by when.

CREATE TABLE intake_quality (
    month       TEXT    NOT NULL,
    supplier    TEXT    NOT NULL,
    item        TEXT    NOT NULL,
    batches     BIGINT NOT NULL,
    rows_read   BIGINT NOT NULL,
    rows_missing BIGINT NOT NULL,
    rows_malformed BIGINT NOT NULL,
    rows_unlinked BIGINT NOT NULL,
    rows_refused BIGINT NOT NULL,
    rows_unchanged BIGINT NOT NULL,
    records     BIGINT NOT NULL,
    corrected   BIGINT NOT NULL,
    judged      BIGINT NOT NULL,
    late        BIGINT NOT NULL,
    measured_at TIMESTAMPTZ    NOT NULL,
    PRIMARY KEY (month, supplier, item)
);

CREATE TABLE intake_expectation (
    supplier    TEXT    NOT NULL,
    item        TEXT    NOT NULL,
    period_end_on DATE  NOT NULL,
    due_on      DATE    NOT NULL,
    opened_at   TIMESTAMPTZ    NOT NULL,
    met_at      TIMESTAMPTZ,
    batch_id    BIGINT,
    PRIMARY KEY (supplier, item, period_end_on)
);
CREATE INDEX intake_expectation_open ON intake_expectation (met_at, due_on);

-- Which day was looked at last, so that the watch runs once a day.
CREATE TABLE intake_watch (
    name        TEXT    PRIMARY KEY,
    seen_on     DATE    NOT NULL
);
