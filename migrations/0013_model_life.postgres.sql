-- The life of models (模型管理): drafts, shadow runs, releases, the packs they make up; who went on past visits.

CREATE TABLE assess_draft (
    draft_id    BIGINT PRIMARY KEY,
    title       TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    file_name   TEXT    NOT NULL,
    digest      TEXT    NOT NULL,
    body        TEXT    NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('draft', 'shadowed', 'approved', 'rejected', 'withdrawn')),
    drafted_at  TIMESTAMPTZ    NOT NULL,
    drafted_by  TEXT    NOT NULL,
    decided_at  TIMESTAMPTZ,
    decided_by  TEXT,
    note        TEXT
);
CREATE INDEX assess_draft_digest ON assess_draft (digest);

-- What a shadow run found is a document kept as canonical text under its digest. Draft 0 is the deployment's pack itself.
CREATE TABLE assess_shadow (
    shadow_id   BIGINT PRIMARY KEY,
    draft_id    BIGINT NOT NULL,
    from_on     DATE    NOT NULL,
    until_on    DATE    NOT NULL,
    ask         JSONB    NOT NULL,
    asked_at    TIMESTAMPTZ    NOT NULL,
    asked_by    TEXT    NOT NULL,
    job_id      BIGINT NOT NULL,
    finished_at TIMESTAMPTZ,
    document    TEXT,
    digest      TEXT
);
CREATE INDEX assess_shadow_draft ON assess_shadow (draft_id, shadow_id);

-- From a day on a draft (0: none) is the model in force. Never edited but for its beginning or its withdrawal before it.
CREATE TABLE assess_release (
    release_id  BIGINT PRIMARY KEY,
    draft_id    BIGINT NOT NULL,
    from_on     DATE    NOT NULL,
    pack        TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    approved_at TIMESTAMPTZ    NOT NULL,
    approved_by TEXT    NOT NULL,
    shadow_id   BIGINT,
    blocks      JSONB    NOT NULL,
    overruled_by TEXT,
    overruled_for TEXT,
    in_force_at TIMESTAMPTZ,
    withdrawn_at TIMESTAMPTZ
);

-- Of which releases a pack was made up, so that a decision under it can be computed again.
CREATE TABLE assess_pack (
    pack        TEXT    PRIMARY KEY,
    ground      TEXT    NOT NULL,
    releases    JSONB    NOT NULL,
    kept_at     TIMESTAMPTZ    NOT NULL
);

CREATE TABLE assess_visit (
    entity_id   BIGINT NOT NULL,
    visit       TEXT    NOT NULL,
    inspectors  JSONB    NOT NULL,
    PRIMARY KEY (entity_id, visit)
);

-- Changes of class by run: the list of changes is read from here. First classes are no changes.
CREATE INDEX assess_history_changed ON assess_history (run_id, entity_id) WHERE former IS NOT NULL;
