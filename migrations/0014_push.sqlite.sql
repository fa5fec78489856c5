-- Pushing records on to an upper platform (上报): where to, what was sent, what the other side said of it.

CREATE TABLE intake_target (
    target_id   INTEGER PRIMARY KEY,
    name        TEXT    NOT NULL,
    item        TEXT    NOT NULL,
    url         TEXT    NOT NULL,
    supplier    TEXT    NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('active', 'paused', 'removed')),
    position    INTEGER NOT NULL,
    failures    INTEGER NOT NULL,
    due_at      TEXT    NOT NULL,
    last_fault  TEXT,
    created_at  TEXT    NOT NULL,
    created_by  TEXT    NOT NULL
) STRICT;

CREATE TABLE intake_push (
    push_id     INTEGER PRIMARY KEY,
    target_id   INTEGER NOT NULL,
    first_record INTEGER NOT NULL,
    last_record INTEGER NOT NULL,
    records     INTEGER NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('sending', 'received', 'acknowledged', 'refused')),
    remote      INTEGER,
    accepted    INTEGER NOT NULL,
    refused     INTEGER NOT NULL,
    created_at  TEXT    NOT NULL,
    received_at TEXT,
    acknowledged_at TEXT,
    fault       TEXT
) STRICT;
CREATE INDEX intake_push_target ON intake_push (target_id, push_id);

CREATE TABLE intake_push_refusal (
    push_id     INTEGER NOT NULL,
    record_id   INTEGER NOT NULL,
    field       TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    PRIMARY KEY (push_id, record_id, field)
) STRICT;
