-- Departments (部门) and the roll of law-enforcement inspectors (执法检查人员名录库).

CREATE TABLE office_department (
    department_id TEXT    PRIMARY KEY,
    name          TEXT    NOT NULL,
    division      TEXT    NOT NULL,
    function      TEXT    NOT NULL
) STRICT;
CREATE INDEX office_department_place ON office_department (division, function);

CREATE TABLE office_inspector (
    inspector_id      TEXT    PRIMARY KEY,
    name              TEXT    NOT NULL,
    department_id     TEXT    NOT NULL REFERENCES office_department (department_id),
    divisions         TEXT    NOT NULL CHECK (json_valid(divisions)),
    qualifications    TEXT    NOT NULL CHECK (json_valid(qualifications)),
    certificate_until TEXT /* date */    NOT NULL,
    may_lead          INTEGER NOT NULL CHECK (may_lead IN (0, 1)),
    recused           TEXT    NOT NULL CHECK (json_valid(recused)),
    ended_at          TEXT
) STRICT;
CREATE INDEX office_inspector_department ON office_inspector (department_id);
