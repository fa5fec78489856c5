-- Publication (公示): what was made public, until when, and what was withdrawn and why. Nothing disappears silently.

CREATE TABLE publish_notice (
    notice_id   INTEGER PRIMARY KEY,
    kind        TEXT    NOT NULL,
    subject     TEXT    NOT NULL,
    number      TEXT    NOT NULL,
    entity_id   INTEGER,
    subject_no  TEXT,
    title       TEXT    NOT NULL,
    body        TEXT    NOT NULL CHECK (json_valid(body)),
    document    TEXT    NOT NULL,
    department  TEXT    NOT NULL,
    division    TEXT    NOT NULL,
    published_at TEXT   NOT NULL,
    until_on    TEXT,
    ended_at    TEXT,
    withdrawn_at TEXT,
    withdrawn_why TEXT
) STRICT;
CREATE UNIQUE INDEX publish_notice_once ON publish_notice (kind, subject);
CREATE INDEX publish_notice_entity ON publish_notice (subject_no, notice_id);
CREATE INDEX publish_notice_kind ON publish_notice (kind, notice_id);
CREATE INDEX publish_notice_until ON publish_notice (until_on);
