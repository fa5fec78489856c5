-- Pushing records on to an upper platform (上报): where to, what was sent, what the other side said of it.

CREATE TABLE intake_target (
    target_id   BIGINT PRIMARY KEY,
    name        TEXT    NOT NULL,
    item        TEXT    NOT NULL,
    url         TEXT    NOT NULL,
    supplier    TEXT    NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('active', 'paused', 'removed')),
    position    BIGINT NOT NULL,
    failures    BIGINT NOT NULL,
    due_at      TIMESTAMPTZ    NOT NULL,
    last_fault  TEXT,
    created_at  TIMESTAMPTZ    NOT NULL,
    created_by  TEXT    NOT NULL
);

CREATE TABLE intake_push (
    push_id     BIGINT PRIMARY KEY,
    target_id   BIGINT NOT NULL,
    first_record BIGINT NOT NULL,
    last_record BIGINT NOT NULL,
    records     BIGINT NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('sending', 'received', 'acknowledged', 'refused')),
    remote      BIGINT,
    accepted    BIGINT NOT NULL,
    refused     BIGINT NOT NULL,
    created_at  TIMESTAMPTZ    NOT NULL,
    received_at TIMESTAMPTZ,
    acknowledged_at TIMESTAMPTZ,
    fault       TEXT
);
CREATE INDEX intake_push_target ON intake_push (target_id, push_id);

CREATE TABLE intake_push_refusal (
    push_id     BIGINT NOT NULL,
    record_id   BIGINT NOT NULL,
    field       TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    PRIMARY KEY (push_id, record_id, field)
);
