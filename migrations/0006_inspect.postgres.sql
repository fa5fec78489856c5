-- Double random (双随机): plans, the documents of the draw, tasks and results.

CREATE TABLE inspect_plan (
    plan_id     BIGINT  PRIMARY KEY,
    plan_no     TEXT    NOT NULL,
    title       TEXT    NOT NULL,
    year        BIGINT  NOT NULL,
    department  TEXT    NOT NULL,
    division    TEXT    NOT NULL,
    mode        TEXT    NOT NULL CHECK (mode IN ('undirected', 'directed')),
    starts_on   DATE    NOT NULL,
    ends_on     DATE    NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('draft', 'approved', 'committed', 'drawn', 'closed')),
    body        JSONB    NOT NULL,
    written_at  TIMESTAMPTZ    NOT NULL,
    written_by  TEXT    NOT NULL,
    approved_at TIMESTAMPTZ,
    approved_by TEXT
);
CREATE UNIQUE INDEX inspect_plan_no ON inspect_plan (plan_no);
CREATE INDEX inspect_plan_division ON inspect_plan (division, year, plan_no);

-- One attempt to draw a plan. Commitment, then reveals, then transcript or void; each document as canonical text.
-- `auditor` holds the pools, places and roll exactly as committed: internal.
CREATE TABLE inspect_draw (
    draw_id     BIGINT  PRIMARY KEY,
    plan_id     BIGINT  NOT NULL REFERENCES inspect_plan (plan_id),
    attempt     BIGINT  NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('committed', 'drawn', 'void')),
    commitment  TEXT    NOT NULL,
    commitment_hash TEXT NOT NULL,
    transcript  TEXT,
    signature   TEXT,
    void_document TEXT,
    pool_key    TEXT    NOT NULL,
    auditor     BYTEA    NOT NULL,
    note        TEXT    NOT NULL,
    reveals_end_at TIMESTAMPTZ NOT NULL,
    committed_at TIMESTAMPTZ   NOT NULL,
    ended_at    TIMESTAMPTZ
);
CREATE UNIQUE INDEX inspect_draw_attempt ON inspect_draw (plan_id, attempt);

CREATE TABLE inspect_reveal (
    draw_id     BIGINT  NOT NULL REFERENCES inspect_draw (draw_id),
    name        TEXT    NOT NULL,
    value       TEXT    NOT NULL,
    revealed_at TIMESTAMPTZ    NOT NULL,
    PRIMARY KEY (draw_id, name)
);

-- The selected rows in the order of the transcript: drawn, reserve, team, unstaffed.
CREATE TABLE inspect_selected (
    draw_id     BIGINT  NOT NULL REFERENCES inspect_draw (draw_id),
    row_no      BIGINT  NOT NULL,
    role        TEXT    NOT NULL,
    item        TEXT,
    subject_no  TEXT    NOT NULL,
    body        JSONB    NOT NULL,
    PRIMARY KEY (draw_id, row_no)
);
CREATE INDEX inspect_selected_subject ON inspect_selected (subject_no, draw_id);

-- One visit: an entity with all the items it was drawn for.
CREATE TABLE inspect_task (
    task_id     BIGINT  PRIMARY KEY,
    task_no     TEXT    NOT NULL,
    plan_id     BIGINT  NOT NULL REFERENCES inspect_plan (plan_id),
    draw_id     BIGINT  NOT NULL REFERENCES inspect_draw (draw_id),
    entity_id   BIGINT  NOT NULL,
    subject_no  TEXT    NOT NULL,
    name        TEXT    NOT NULL,
    division    TEXT    NOT NULL,
    department  TEXT    NOT NULL,
    items       JSONB    NOT NULL,
    members     JSONB    NOT NULL,
    recused     JSONB    NOT NULL,
    leader      TEXT,
    state       TEXT    NOT NULL CHECK (state IN ('unstaffed', 'open', 'done', 'cancelled', 'replaced')),
    due_on      DATE    NOT NULL,
    done_on     DATE,
    replaces    BIGINT ,
    note        TEXT
);
CREATE UNIQUE INDEX inspect_task_no ON inspect_task (task_no);
CREATE INDEX inspect_task_entity ON inspect_task (entity_id, done_on);
CREATE INDEX inspect_task_plan ON inspect_task (plan_id, task_id);
CREATE INDEX inspect_task_state ON inspect_task (state, task_id);

CREATE TABLE inspect_result (
    task_id     BIGINT  NOT NULL REFERENCES inspect_task (task_id),
    item        TEXT    NOT NULL,
    codes       JSONB    NOT NULL,
    note        TEXT    NOT NULL,
    checked_on  DATE    NOT NULL,
    recorded_at TIMESTAMPTZ    NOT NULL,
    recorded_by TEXT    NOT NULL,
    PRIMARY KEY (task_id, item)
);

-- Who goes on which task, for the inspector's own list and for loads; kept equal to the members of the task.
CREATE TABLE inspect_member (
    task_id     BIGINT  NOT NULL REFERENCES inspect_task (task_id),
    inspector   TEXT    NOT NULL,
    PRIMARY KEY (task_id, inspector)
);
CREATE INDEX inspect_member_inspector ON inspect_member (inspector, task_id);
