-- Whose record is it (主体匹配): rows whose code is absent or wrong, what was decided of them, merged entities, and the keys
-- under which the register finds entities again.

ALTER TABLE intake_batch ADD COLUMN rows_loose INTEGER NOT NULL DEFAULT 0;
-- The entity that this one was merged into, when it was; always the last of a chain.
ALTER TABLE intake_subject ADD COLUMN merged_into INTEGER;

-- Good rows without a right code, as they were written and as they would become a record.
CREATE TABLE intake_loose (
    loose_id    INTEGER PRIMARY KEY,
    batch_id    INTEGER NOT NULL,
    line        INTEGER NOT NULL,
    item        TEXT    NOT NULL,
    supplier    TEXT    NOT NULL,
    identity    TEXT    NOT NULL,
    written_code TEXT   NOT NULL,
    written_name TEXT   NOT NULL,
    written_reg_no TEXT NOT NULL,
    written_place TEXT  NOT NULL,
    written_address TEXT NOT NULL,
    record_key  TEXT    NOT NULL,
    digest      TEXT    NOT NULL,
    on_day      TEXT,
    ends_day    TEXT,
    amount_fen  INTEGER,
    level       INTEGER,
    code        TEXT,
    payload     TEXT    NOT NULL CHECK (json_valid(payload)),
    state       TEXT    NOT NULL CHECK (state IN ('staged', 'waiting', 'queued', 'unlinked', 'linked', 'left', 'replaced')),
    due         INTEGER NOT NULL CHECK (due IN (0, 1)),
    by_hand     INTEGER NOT NULL CHECK (by_hand IN (0, 1)),
    because     TEXT    NOT NULL,
    division    TEXT,
    found       TEXT    CHECK (json_valid(found)),
    rule        TEXT,
    tried_at    TEXT,
    decision_id INTEGER
) STRICT;
CREATE INDEX intake_loose_batch ON intake_loose (batch_id, state);
CREATE INDEX intake_loose_state ON intake_loose (state, loose_id);
CREATE INDEX intake_loose_due ON intake_loose (due, loose_id);
CREATE INDEX intake_loose_same ON intake_loose (item, identity, record_key);

-- What was decided of a row, by the rules or by a person; never edited. An undoing names what it undoes.
CREATE TABLE intake_decision (
    decision_id INTEGER PRIMARY KEY,
    loose_id    INTEGER NOT NULL,
    kind        TEXT    NOT NULL CHECK (kind IN ('linked', 'left', 'undone')),
    automatic   INTEGER NOT NULL CHECK (automatic IN (0, 1)),
    actor       TEXT    NOT NULL,
    decided_at  TEXT    NOT NULL,
    subject_no  TEXT,
    score       INTEGER,
    rule        TEXT    NOT NULL,
    reasons     TEXT    CHECK (json_valid(reasons)),
    reason      TEXT    NOT NULL,
    record_id   INTEGER,
    made        INTEGER NOT NULL CHECK (made IN (0, 1)),
    undoes      INTEGER
) STRICT;
CREATE INDEX intake_decision_loose ON intake_decision (loose_id, decision_id);

CREATE TABLE intake_merge (
    merge_id    INTEGER PRIMARY KEY,
    merged_id   INTEGER NOT NULL,
    into_id     INTEGER NOT NULL,
    merged_name TEXT    NOT NULL,
    into_name   TEXT    NOT NULL,
    division    TEXT,
    reason      TEXT    NOT NULL,
    merged_by   TEXT    NOT NULL,
    merged_at   TEXT    NOT NULL,
    undone_by   TEXT,
    undone_at   TEXT,
    undone_why  TEXT
) STRICT;
CREATE INDEX intake_merge_merged ON intake_merge (merged_id);
CREATE INDEX intake_merge_into ON intake_merge (into_id);

-- Each record a merge moved: the reading that was in force, the record its withdrawal names, and its copy, if one was needed.
CREATE TABLE intake_merge_record (
    merge_id    INTEGER NOT NULL,
    origin_id   INTEGER NOT NULL,
    root_id     INTEGER NOT NULL,
    item        TEXT    NOT NULL,
    withdrawal_id INTEGER NOT NULL,
    copy_id     INTEGER,
    PRIMARY KEY (merge_id, origin_id)
) STRICT;

-- Records that came under the code of a merged entity and went to the one it was merged into.
CREATE TABLE intake_detour (
    record_id   INTEGER PRIMARY KEY,
    subject_id  INTEGER NOT NULL
) STRICT;
CREATE INDEX intake_detour_subject ON intake_detour (subject_id, record_id);

CREATE TABLE registry_key (
    block_key   INTEGER NOT NULL,
    entity_id   INTEGER NOT NULL,
    PRIMARY KEY (block_key, entity_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE registry_key_stage (
    block_key   INTEGER NOT NULL,
    entity_id   INTEGER NOT NULL
) STRICT;
-- Keys that open rows are looked for under: a new entity under one of them lets the row be tried again.
CREATE TABLE registry_wanted (
    block_key   INTEGER NOT NULL,
    loose_id    INTEGER NOT NULL,
    PRIMARY KEY (block_key, loose_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX registry_wanted_loose ON registry_wanted (loose_id);

-- What ties entities to one another (关联): under one key lie those that share a person, an address, a head, an investor.
CREATE TABLE registry_tie (
    kind        TEXT    NOT NULL,
    tie_key     INTEGER NOT NULL,
    entity_id   INTEGER NOT NULL,
    record_id   INTEGER NOT NULL,
    PRIMARY KEY (kind, tie_key, entity_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE registry_tie_stage (
    kind        TEXT    NOT NULL,
    tie_key     INTEGER NOT NULL,
    entity_id   INTEGER NOT NULL,
    record_id   INTEGER NOT NULL
) STRICT;
