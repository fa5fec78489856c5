-- Credit-risk classes (信用风险分类): runs, the class of each entity now, and every change of class.

CREATE TABLE assess_run (
    run_id      BIGINT  PRIMARY KEY,
    kind        TEXT    NOT NULL CHECK (kind IN ('full', 'event')),
    model       TEXT    NOT NULL,
    pack        TEXT    NOT NULL,
    as_of       DATE    NOT NULL,
    upto        BIGINT  NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('loading', 'applied', 'abandoned')),
    started_at  TIMESTAMPTZ    NOT NULL,
    finished_at TIMESTAMPTZ,
    entities    BIGINT  NOT NULL,
    changed     BIGINT  NOT NULL,
    shares      JSONB,
    alarm       TEXT
);

CREATE TABLE assess_stage (
    run_id      BIGINT  NOT NULL,
    entity_id   BIGINT  NOT NULL,
    class       TEXT    NOT NULL,
    points      BIGINT  NOT NULL,
    PRIMARY KEY (run_id, entity_id)
);

CREATE TABLE assess_class (
    entity_id   BIGINT  PRIMARY KEY,
    class       TEXT    NOT NULL,
    points      BIGINT  NOT NULL,
    run_id      BIGINT  NOT NULL,
    since_on    DATE    NOT NULL
);
CREATE INDEX assess_class_class ON assess_class (class, entity_id);

-- One row for each change of class or points, never edited: what was decided, under which run.
CREATE TABLE assess_history (
    entity_id   BIGINT  NOT NULL,
    run_id      BIGINT  NOT NULL,
    class       TEXT    NOT NULL,
    points      BIGINT  NOT NULL,
    former      TEXT,
    PRIMARY KEY (entity_id, run_id)
);
