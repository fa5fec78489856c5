-- Departments (部门) and the roll of law-enforcement inspectors (执法检查人员名录库).

CREATE TABLE office_department (
    department_id TEXT    PRIMARY KEY,
    name          TEXT    NOT NULL,
    division      TEXT    NOT NULL,
    function      TEXT    NOT NULL
);
CREATE INDEX office_department_place ON office_department (division, function);

CREATE TABLE office_inspector (
    inspector_id      TEXT    PRIMARY KEY,
    name              TEXT    NOT NULL,
    department_id     TEXT    NOT NULL REFERENCES office_department (department_id),
    divisions         JSONB    NOT NULL,
    qualifications    JSONB    NOT NULL,
    certificate_until DATE    NOT NULL,
    may_lead          BOOLEAN NOT NULL,
    recused           JSONB    NOT NULL,
    ended_at          TIMESTAMPTZ
);
CREATE INDEX office_inspector_department ON office_inspector (department_id);
