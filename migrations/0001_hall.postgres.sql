-- What every module shares: the ledger, the publication log, duties, jobs, tokens, answers kept for retries.

CREATE TABLE hall_event (
    event_id    BIGINT  PRIMARY KEY,
    position    BIGINT ,
    at          TIMESTAMPTZ    NOT NULL,
    actor       TEXT    NOT NULL,
    verb        TEXT    NOT NULL,
    subject     TEXT    NOT NULL,
    entity_id   BIGINT ,
    division    TEXT,
    department  TEXT,
    payload     JSONB    NOT NULL,
    public      JSONB,
    pack        TEXT    NOT NULL,
    trace       TEXT    NOT NULL
);
CREATE UNIQUE INDEX hall_event_position ON hall_event (position);
CREATE INDEX hall_event_subject ON hall_event (subject);
CREATE INDEX hall_event_entity ON hall_event (entity_id);

CREATE TABLE hall_leaf (
    leaf_index  BIGINT  PRIMARY KEY,
    event_id    BIGINT  NOT NULL,
    subject     TEXT    NOT NULL,
    kind        TEXT    NOT NULL,
    document    TEXT    NOT NULL,
    data        TEXT    NOT NULL,
    hash        BYTEA    NOT NULL
);
CREATE UNIQUE INDEX hall_leaf_event ON hall_leaf (event_id);
CREATE INDEX hall_leaf_subject ON hall_leaf (subject);
CREATE INDEX hall_leaf_document ON hall_leaf (document);

CREATE TABLE hall_checkpoint (
    size        BIGINT  PRIMARY KEY,
    root        TEXT    NOT NULL,
    at          TIMESTAMPTZ    NOT NULL,
    key         TEXT    NOT NULL,
    signature   TEXT    NOT NULL,
    nodes       TEXT    NOT NULL
);

CREATE TABLE hall_reader (
    name        TEXT    PRIMARY KEY,
    position    BIGINT  NOT NULL
);

CREATE TABLE hall_duty (
    duty_id     BIGINT  PRIMARY KEY,
    kind        TEXT    NOT NULL,
    subject     TEXT    NOT NULL,
    title       TEXT    NOT NULL,
    entity_id   BIGINT ,
    division    TEXT,
    department  TEXT,
    opened_at   TIMESTAMPTZ    NOT NULL,
    opened_on   DATE    NOT NULL,
    due_on      DATE    NOT NULL,
    basis       TEXT    NOT NULL,
    done_at     TIMESTAMPTZ,
    done_by     TEXT
);
CREATE UNIQUE INDEX hall_duty_once ON hall_duty (kind, subject);
CREATE INDEX hall_duty_due ON hall_duty (department, due_on);

CREATE TABLE hall_job (
    job_id      BIGINT  PRIMARY KEY,
    kind        TEXT    NOT NULL,
    subject     TEXT    NOT NULL,
    payload     JSONB    NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed')),
    attempts    BIGINT  NOT NULL,
    progress    JSONB,
    created_at  TIMESTAMPTZ    NOT NULL,
    run_after   TIMESTAMPTZ    NOT NULL,
    lease_until TIMESTAMPTZ,
    finished_at TIMESTAMPTZ,
    fault       TEXT
);
CREATE INDEX hall_job_next ON hall_job (state, run_after, job_id);

CREATE TABLE hall_answer (
    actor       TEXT    NOT NULL,
    once_key    TEXT    NOT NULL,
    digest      TEXT    NOT NULL,
    answer      TEXT    NOT NULL,
    at          TIMESTAMPTZ    NOT NULL
);
CREATE UNIQUE INDEX hall_answer_once ON hall_answer (actor, once_key);

CREATE TABLE hall_token (
    token_hash  TEXT    PRIMARY KEY,
    name        TEXT    NOT NULL,
    created_at  TIMESTAMPTZ    NOT NULL,
    ended_at    TIMESTAMPTZ
);
