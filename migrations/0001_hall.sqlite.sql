-- What every module shares: the ledger, the publication log, duties, jobs, tokens, answers kept for retries.

CREATE TABLE hall_event (
    event_id    INTEGER PRIMARY KEY,
    position    INTEGER,
    at          TEXT /* time */    NOT NULL,
    actor       TEXT    NOT NULL,
    verb        TEXT    NOT NULL,
    subject     TEXT    NOT NULL,
    entity_id   INTEGER,
    division    TEXT,
    department  TEXT,
    payload     TEXT    NOT NULL CHECK (json_valid(payload)),
    public      TEXT CHECK (json_valid(public)),
    pack        TEXT    NOT NULL,
    trace       TEXT    NOT NULL
) STRICT;
CREATE UNIQUE INDEX hall_event_position ON hall_event (position);
CREATE INDEX hall_event_subject ON hall_event (subject);
CREATE INDEX hall_event_entity ON hall_event (entity_id);

CREATE TABLE hall_leaf (
    leaf_index  INTEGER PRIMARY KEY,
    event_id    INTEGER NOT NULL,
    subject     TEXT    NOT NULL,
    kind        TEXT    NOT NULL,
    document    TEXT    NOT NULL,
    data        TEXT    NOT NULL,
    hash        BLOB    NOT NULL
) STRICT;
CREATE UNIQUE INDEX hall_leaf_event ON hall_leaf (event_id);
CREATE INDEX hall_leaf_subject ON hall_leaf (subject);
CREATE INDEX hall_leaf_document ON hall_leaf (document);

CREATE TABLE hall_checkpoint (
    size        INTEGER PRIMARY KEY,
    root        TEXT    NOT NULL,
    at          TEXT /* time */    NOT NULL,
    key         TEXT    NOT NULL,
    signature   TEXT    NOT NULL,
    nodes       TEXT    NOT NULL
) STRICT;

CREATE TABLE hall_reader (
    name        TEXT    PRIMARY KEY,
    position    INTEGER NOT NULL
) STRICT;

CREATE TABLE hall_duty (
    duty_id     INTEGER PRIMARY KEY,
    kind        TEXT    NOT NULL,
    subject     TEXT    NOT NULL,
    title       TEXT    NOT NULL,
    entity_id   INTEGER,
    division    TEXT,
    department  TEXT,
    opened_at   TEXT    NOT NULL,
    opened_on   TEXT    NOT NULL,
    due_on      TEXT    NOT NULL,
    basis       TEXT    NOT NULL,
    done_at     TEXT,
    done_by     TEXT
) STRICT;
CREATE UNIQUE INDEX hall_duty_once ON hall_duty (kind, subject);
CREATE INDEX hall_duty_due ON hall_duty (department, due_on);

CREATE TABLE hall_job (
    job_id      INTEGER PRIMARY KEY,
    kind        TEXT    NOT NULL,
    subject     TEXT    NOT NULL,
    payload     TEXT    NOT NULL CHECK (json_valid(payload)),
    state       TEXT    NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed')),
    attempts    INTEGER NOT NULL,
    progress    TEXT CHECK (json_valid(progress)),
    created_at  TEXT    NOT NULL,
    run_after   TEXT /* time */    NOT NULL,
    lease_until TEXT /* time */,
    finished_at TEXT,
    fault       TEXT
) STRICT;
CREATE INDEX hall_job_next ON hall_job (state, run_after, job_id);

CREATE TABLE hall_answer (
    actor       TEXT    NOT NULL,
    once_key    TEXT    NOT NULL,
    digest      TEXT    NOT NULL,
    answer      TEXT    NOT NULL,
    at          TEXT /* time */    NOT NULL
) STRICT;
CREATE UNIQUE INDEX hall_answer_once ON hall_answer (actor, once_key);

CREATE TABLE hall_token (
    token_hash  TEXT    PRIMARY KEY,
    name        TEXT    NOT NULL,
    created_at  TEXT    NOT NULL,
    ended_at    TEXT
) STRICT;
