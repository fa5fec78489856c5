-- Collection (归集): batches as handed over, their refused rows, and the records: append-only, never edited.

CREATE TABLE intake_subject (
    subject_id  BIGINT  PRIMARY KEY,
    subject_no  TEXT    NOT NULL,
    kind        TEXT    NOT NULL CHECK (kind IN ('uscc', 'regno')),
    marks       TEXT    NOT NULL
);
CREATE UNIQUE INDEX intake_subject_no ON intake_subject (subject_no);

CREATE TABLE intake_batch (
    batch_id    BIGINT  PRIMARY KEY,
    item        TEXT    NOT NULL,
    supplier    TEXT    NOT NULL,
    source      TEXT    NOT NULL,
    file_name   TEXT    NOT NULL,
    digest      TEXT    NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('received', 'staged', 'applied', 'refused')),
    received_at TIMESTAMPTZ    NOT NULL,
    staged_to   BIGINT  NOT NULL,
    rows_read   BIGINT  NOT NULL,
    rows_accepted BIGINT  NOT NULL,
    rows_unchanged BIGINT  NOT NULL,
    rows_refused BIGINT  NOT NULL,
    first_record BIGINT ,
    last_record BIGINT ,
    applied_at  TIMESTAMPTZ,
    note        TEXT
);
CREATE INDEX intake_batch_digest ON intake_batch (digest);

CREATE TABLE intake_refusal (
    batch_id    BIGINT  NOT NULL,
    line        BIGINT  NOT NULL,
    field       TEXT    NOT NULL,
    value       TEXT    NOT NULL,
    code        TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    suggestion  TEXT,
    PRIMARY KEY (batch_id, line, field)
);

CREATE TABLE intake_stage (
    batch_id    BIGINT  NOT NULL,
    line        BIGINT  NOT NULL,
    subject_no  TEXT    NOT NULL,
    subject_kind TEXT   NOT NULL,
    marks       TEXT    NOT NULL,
    item        TEXT    NOT NULL,
    record_key  TEXT    NOT NULL,
    digest      TEXT    NOT NULL,
    on_day      DATE,
    ends_day    DATE,
    amount_fen  BIGINT ,
    level       BIGINT ,
    code        TEXT,
    withdraws   BOOLEAN NOT NULL,
    payload     JSONB    NOT NULL,
    PRIMARY KEY (batch_id, line)
);

CREATE TABLE intake_record (
    record_id   BIGINT  PRIMARY KEY,
    subject_id  BIGINT  NOT NULL,
    item        TEXT    NOT NULL,
    record_key  TEXT    NOT NULL,
    digest      TEXT    NOT NULL,
    relation    TEXT    NOT NULL CHECK (relation IN ('none', 'corrects', 'withdraws', 'ends')),
    names_id    BIGINT ,
    on_day      DATE    NOT NULL,
    ends_day    DATE,
    amount_fen  BIGINT ,
    level       BIGINT ,
    code        TEXT,
    payload     JSONB    NOT NULL,
    supplier    TEXT    NOT NULL,
    source      TEXT    NOT NULL,
    batch_id    BIGINT  NOT NULL,
    line        BIGINT  NOT NULL,
    received_at TIMESTAMPTZ    NOT NULL
);
CREATE INDEX intake_record_subject ON intake_record (subject_id, record_id);
CREATE INDEX intake_record_batch ON intake_record (batch_id, record_id);

-- The newest record under each key: what a repeated row is compared with and what an end or correction names.
CREATE TABLE intake_current (
    subject_id  BIGINT  NOT NULL,
    item        TEXT    NOT NULL,
    record_key  TEXT    NOT NULL,
    record_id   BIGINT  NOT NULL,
    digest      TEXT    NOT NULL,
    PRIMARY KEY (subject_id, item, record_key)
);
CREATE INDEX intake_current_item ON intake_current (item, subject_id);
