-- The register of entities (经营主体库): what the newest registration record says of each.

CREATE TABLE registry_entity (
    entity_id      BIGINT  PRIMARY KEY,
    subject_no     TEXT    NOT NULL,
    name           TEXT    NOT NULL,
    name_key       TEXT    NOT NULL,
    kind           TEXT    NOT NULL,
    status         TEXT    NOT NULL,
    established_on DATE,
    capital_fen    BIGINT ,
    industry       TEXT    NOT NULL,
    division       TEXT    NOT NULL,
    address        TEXT    NOT NULL,
    record_id      BIGINT  NOT NULL,
    updated_at     TIMESTAMPTZ    NOT NULL
);
CREATE UNIQUE INDEX registry_entity_no ON registry_entity (subject_no);
CREATE INDEX registry_entity_name ON registry_entity (name_key, entity_id);
CREATE INDEX registry_entity_division ON registry_entity (division, entity_id);

-- Rows on their way into the register within one transaction.
CREATE TABLE registry_stage (
    entity_id      BIGINT  PRIMARY KEY,
    subject_no     TEXT    NOT NULL,
    name           TEXT    NOT NULL,
    name_key       TEXT    NOT NULL,
    kind           TEXT    NOT NULL,
    status         TEXT    NOT NULL,
    established_on DATE,
    capital_fen    BIGINT ,
    industry       TEXT    NOT NULL,
    division       TEXT    NOT NULL,
    address        TEXT    NOT NULL,
    record_id      BIGINT  NOT NULL,
    updated_at     TIMESTAMPTZ    NOT NULL
);
