-- Feeds (数据推送): the tree over all events, those who are told of events, and what was told to whom.

CREATE TABLE hall_feed_leaf (
    position    BIGINT PRIMARY KEY,
    hash        BYTEA   NOT NULL
);

-- The tree as it stood after each extension: from the nearest one any later state is a few hashes away.
CREATE TABLE hall_feed_mark (
    size        BIGINT PRIMARY KEY,
    root        TEXT    NOT NULL,
    nodes       TEXT    NOT NULL
);

CREATE TABLE hall_hook (
    hook_id     BIGINT PRIMARY KEY,
    name        TEXT    NOT NULL,
    url         TEXT    NOT NULL,
    verbs       JSONB   NOT NULL,
    scope       JSONB   NOT NULL,
    generation  BIGINT  NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('active', 'paused', 'stopped', 'removed')),
    position    BIGINT  NOT NULL,
    failures    BIGINT  NOT NULL,
    failing_at  TIMESTAMPTZ,
    due_at      TIMESTAMPTZ NOT NULL,
    last_told_at TIMESTAMPTZ,
    last_fault  TEXT,
    created_at  TIMESTAMPTZ NOT NULL,
    created_by  TEXT    NOT NULL
);
CREATE INDEX hall_hook_due ON hall_hook (state, due_at);

CREATE TABLE hall_delivery (
    delivery_id BIGINT PRIMARY KEY,
    hook_id     BIGINT  NOT NULL,
    message     TEXT    NOT NULL,
    first_position BIGINT NOT NULL,
    last_position BIGINT NOT NULL,
    events      BIGINT  NOT NULL,
    at          TIMESTAMPTZ NOT NULL,
    status      BIGINT,
    fault       TEXT
);
CREATE INDEX hall_delivery_hook ON hall_delivery (hook_id, delivery_id);
