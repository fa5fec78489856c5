-- The life of models (模型管理): drafts, shadow runs, releases, the packs they make up; who went on past visits.

CREATE TABLE assess_draft (
    draft_id    INTEGER PRIMARY KEY,
    title       TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    file_name   TEXT    NOT NULL,
    digest      TEXT    NOT NULL,
    body        TEXT    NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('draft', 'shadowed', 'approved', 'rejected', 'withdrawn')),
    drafted_at  TEXT    NOT NULL,
    drafted_by  TEXT    NOT NULL,
    decided_at  TEXT,
    decided_by  TEXT,
    note        TEXT
) STRICT;
CREATE INDEX assess_draft_digest ON assess_draft (digest);

-- What a shadow run found is a document kept as canonical text under its digest. Draft 0 is the deployment's pack itself.
CREATE TABLE assess_shadow (
    shadow_id   INTEGER PRIMARY KEY,
    draft_id    INTEGER NOT NULL,
    from_on     TEXT    NOT NULL,
    until_on    TEXT    NOT NULL,
    ask         TEXT    NOT NULL CHECK (json_valid(ask)),
    asked_at    TEXT    NOT NULL,
    asked_by    TEXT    NOT NULL,
    job_id      INTEGER NOT NULL,
    finished_at TEXT,
    document    TEXT,
    digest      TEXT
) STRICT;
CREATE INDEX assess_shadow_draft ON assess_shadow (draft_id, shadow_id);

-- From a day on a draft (0: none) is the model in force. Never edited but for its beginning or its withdrawal before it.
CREATE TABLE assess_release (
    release_id  INTEGER PRIMARY KEY,
    draft_id    INTEGER NOT NULL,
    from_on     TEXT    NOT NULL,
    pack        TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    approved_at TEXT    NOT NULL,
    approved_by TEXT    NOT NULL,
    shadow_id   INTEGER,
    blocks      TEXT    NOT NULL CHECK (json_valid(blocks)),
    overruled_by TEXT,
    overruled_for TEXT,
    in_force_at TEXT,
    withdrawn_at TEXT
) STRICT;

-- Of which releases a pack was made up, so that a decision under it can be computed again.
CREATE TABLE assess_pack (
    pack        TEXT    PRIMARY KEY,
    ground      TEXT    NOT NULL,
    releases    TEXT    NOT NULL CHECK (json_valid(releases)),
    kept_at     TEXT    NOT NULL
) STRICT;

CREATE TABLE assess_visit (
    entity_id   INTEGER NOT NULL,
    visit       TEXT    NOT NULL,
    inspectors  TEXT    NOT NULL CHECK (json_valid(inspectors)),
    PRIMARY KEY (entity_id, visit)
) STRICT;

-- Changes of class by run: the list of changes is read from here. First classes are no changes.
CREATE INDEX assess_history_changed ON assess_history (run_id, entity_id) WHERE former IS NOT NULL;
