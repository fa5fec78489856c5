-- Feeds (数据推送): the tree over all events, those who are told of events, and what was told to whom.

CREATE TABLE hall_feed_leaf (
    position    INTEGER PRIMARY KEY,
    hash        BLOB    NOT NULL
) STRICT;

-- The tree as it stood after each extension: from the nearest one any later state is a few hashes away.
CREATE TABLE hall_feed_mark (
    size        INTEGER PRIMARY KEY,
    root        TEXT    NOT NULL,
    nodes       TEXT    NOT NULL
) STRICT;

CREATE TABLE hall_hook (
    hook_id     INTEGER PRIMARY KEY,
    name        TEXT    NOT NULL,
    url         TEXT    NOT NULL,
    verbs       TEXT    NOT NULL CHECK (json_valid(verbs)),
    scope       TEXT    NOT NULL CHECK (json_valid(scope)),
    generation  INTEGER NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('active', 'paused', 'stopped', 'removed')),
    position    INTEGER NOT NULL,
    failures    INTEGER NOT NULL,
    failing_at  TEXT,
    due_at      TEXT    NOT NULL,
    last_told_at TEXT,
    last_fault  TEXT,
    created_at  TEXT    NOT NULL,
    created_by  TEXT    NOT NULL
) STRICT;
CREATE INDEX hall_hook_due ON hall_hook (state, due_at);

CREATE TABLE hall_delivery (
    delivery_id INTEGER PRIMARY KEY,
    hook_id     INTEGER NOT NULL,
    message     TEXT    NOT NULL,
    first_position INTEGER NOT NULL,
    last_position INTEGER NOT NULL,
    events      INTEGER NOT NULL,
    at          TEXT /* time */ NOT NULL,
    status      INTEGER,
    fault       TEXT
) STRICT;
CREATE INDEX hall_delivery_hook ON hall_delivery (hook_id, delivery_id);
