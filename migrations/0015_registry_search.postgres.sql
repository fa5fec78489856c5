-- Finding entities by name: the names they had before the present one, kept when a name changes. The index of names itself
-- lies in the data folder and is built from here.

CREATE TABLE registry_former (
    entity_id   BIGINT NOT NULL,
    name        TEXT   NOT NULL,
    PRIMARY KEY (entity_id, name)
);
INSERT INTO registry_former (entity_id, name)
SELECT DISTINCT e.entity_id, r.payload ->> 'name'
FROM intake_record r JOIN registry_entity e ON e.entity_id = r.subject_id
WHERE r.item = 'registration' AND r.relation <> 'withdraws' AND r.record_id <> e.record_id
AND r.payload ->> 'name' NOT IN (e.name, '')
AND NOT EXISTS (SELECT 1 FROM intake_record w WHERE w.subject_id = r.subject_id AND w.relation = 'withdraws'
                AND w.names_id = r.record_id);
