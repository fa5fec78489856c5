-- Publication (公示): what was made public, until when, and what was withdrawn and why. Nothing disappears silently.

CREATE TABLE publish_notice (
    notice_id   BIGINT  PRIMARY KEY,
    kind        TEXT    NOT NULL,
    subject     TEXT    NOT NULL,
    number      TEXT    NOT NULL,
    entity_id   BIGINT ,
    subject_no  TEXT,
    title       TEXT    NOT NULL,
    body        JSONB    NOT NULL,
    document    TEXT    NOT NULL,
    department  TEXT    NOT NULL,
    division    TEXT    NOT NULL,
    published_at TIMESTAMPTZ   NOT NULL,
    until_on    DATE,
    ended_at    TIMESTAMPTZ,
    withdrawn_at TIMESTAMPTZ,
    withdrawn_why TEXT
);
CREATE UNIQUE INDEX publish_notice_once ON publish_notice (kind, subject);
CREATE INDEX publish_notice_entity ON publish_notice (subject_no, notice_id);
CREATE INDEX publish_notice_kind ON publish_notice (kind, notice_id);
CREATE INDEX publish_notice_until ON publish_notice (until_on);
