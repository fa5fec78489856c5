//! Stories of this crate, each told on both databases.

mod bulk;
mod constraints;
mod migrations;
mod schema;
mod transactions;
mod values;

use crate::{Migration, Statement};

/// A small schema that has one of everything.
pub(crate) const STEPS: [Migration; 1] = [Migration {
    number: 1,
    name: "trial",
    sqlite: "
        CREATE TABLE trial_owner (
            owner_id INTEGER PRIMARY KEY, name TEXT NOT NULL, region TEXT NOT NULL) STRICT;
        CREATE UNIQUE INDEX trial_owner_name ON trial_owner (name, region);
        CREATE TABLE trial_thing (
            thing_id INTEGER PRIMARY KEY,
            owner_id INTEGER CONSTRAINT trial_thing_owner REFERENCES trial_owner (owner_id),
            buyer_id INTEGER REFERENCES trial_owner (owner_id),
            title TEXT, active INTEGER CHECK (active IN (0, 1)), amount_fen INTEGER, picture BLOB,
            opens_on TEXT, drawn_at TEXT, until TEXT /* date */,
            payload TEXT CONSTRAINT trial_thing_payload CHECK (json_valid(payload)),
            CONSTRAINT trial_thing_amount CHECK (amount_fen >= 0)) STRICT;
        CREATE UNIQUE INDEX trial_thing_active ON trial_thing (title) WHERE active = 1;
        CREATE INDEX trial_thing_opens ON trial_thing (opens_on, thing_id);",
    postgres: "
        CREATE TABLE trial_owner (
            owner_id BIGINT PRIMARY KEY, name TEXT NOT NULL, region TEXT NOT NULL);
        CREATE UNIQUE INDEX trial_owner_name ON trial_owner (name, region);
        CREATE TABLE trial_thing (
            thing_id BIGINT PRIMARY KEY,
            owner_id BIGINT CONSTRAINT trial_thing_owner REFERENCES trial_owner (owner_id),
            buyer_id BIGINT REFERENCES trial_owner (owner_id),
            title TEXT, active BOOLEAN, amount_fen BIGINT, picture BYTEA,
            opens_on DATE, drawn_at TIMESTAMPTZ, until DATE, payload JSONB,
            CONSTRAINT trial_thing_amount CHECK (amount_fen >= 0));
        CREATE UNIQUE INDEX trial_thing_active ON trial_thing (title) WHERE active;
        CREATE INDEX trial_thing_opens ON trial_thing (opens_on, thing_id);",
}];

crate::statements! {
    /// Adds an owner.
    ADD_OWNER = "INSERT INTO trial_owner (owner_id, name, region) VALUES ($1, $2, $3)";
    /// Removes an owner.
    REMOVE_OWNER = "DELETE FROM trial_owner WHERE owner_id = $1";
    /// Adds a thing with its owner and buyer; the amount comes first to try the order of parameters.
    ADD_THING = "INSERT INTO trial_thing (amount_fen, thing_id, owner_id, buyer_id) VALUES ($4, $1, $2, $3)";
    /// Adds a thing with every kind of value and gives it back.
    ADD_FULL = "INSERT INTO trial_thing (thing_id, title, active, amount_fen, picture, opens_on, drawn_at, payload)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
                RETURNING thing_id, title, active, amount_fen, picture, opens_on, drawn_at, payload";
    /// Adds or replaces an owner's region by number.
    PUT_OWNER = "INSERT INTO trial_owner (owner_id, name, region) VALUES ($1, $2, $3)
                 ON CONFLICT (owner_id) DO UPDATE SET region = excluded.region RETURNING region";
    /// Owners by number.
    OWNERS = "SELECT owner_id, name FROM trial_owner ORDER BY owner_id";
    /// How many owners there are.
    COUNT_OWNERS = "SELECT count(*) AS owners FROM trial_owner";
    /// Some owners of a region.
    SOME_OWNERS = "SELECT owner_id, name FROM trial_owner WHERE region = $1 AND owner_id IN ($list)";
    /// Things that open in a span of days, page by page.
    OPENING = "SELECT thing_id, opens_on FROM trial_thing
               WHERE opens_on >= $1 AND opens_on < $2 AND (opens_on, thing_id) > ($3, $4)
               ORDER BY opens_on, thing_id LIMIT $5";
}

/// How many owners, through any transaction.
pub(crate) fn owners(tx: &mut crate::Tx) -> i64 {
    tx.one(&COUNT_OWNERS, []).unwrap().get("owners").unwrap()
}

/// A statement made for one test.
pub(crate) const fn statement(sql: &'static str) -> Statement {
    Statement {
        name: "test",
        sql,
        purpose: "test",
    }
}
