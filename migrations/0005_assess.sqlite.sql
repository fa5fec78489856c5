-- Credit-risk classes (信用风险分类): runs, the class of each entity now, and every change of class.

CREATE TABLE assess_run (
    run_id      INTEGER PRIMARY KEY,
    kind        TEXT    NOT NULL CHECK (kind IN ('full', 'event')),
    model       TEXT    NOT NULL,
    pack        TEXT    NOT NULL,
    as_of       TEXT /* date */    NOT NULL,
    upto        INTEGER NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('loading', 'applied', 'abandoned')),
    started_at  TEXT    NOT NULL,
    finished_at TEXT,
    entities    INTEGER NOT NULL,
    changed     INTEGER NOT NULL,
    shares      TEXT CHECK (json_valid(shares)),
    alarm       TEXT
) STRICT;

CREATE TABLE assess_stage (
    run_id      INTEGER NOT NULL,
    entity_id   INTEGER NOT NULL,
    class       TEXT    NOT NULL,
    points      INTEGER NOT NULL,
    PRIMARY KEY (run_id, entity_id)
) STRICT;

CREATE TABLE assess_class (
    entity_id   INTEGER PRIMARY KEY,
    class       TEXT    NOT NULL,
    points      INTEGER NOT NULL,
    run_id      INTEGER NOT NULL,
    since_on    TEXT    NOT NULL
) STRICT;
CREATE INDEX assess_class_class ON assess_class (class, entity_id);

-- One row for each change of class or points, never edited: what was decided, under which run.
CREATE TABLE assess_history (
    entity_id   INTEGER NOT NULL,
    run_id      INTEGER NOT NULL,
    class       TEXT    NOT NULL,
    points      INTEGER NOT NULL,
    former      TEXT,
    PRIMARY KEY (entity_id, run_id)
) STRICT;
