//! Every SQL statement of keys, ties and what is looked for.
use db::{Tx, Value, args, statements};
use kernel::Outcome;

statements! {
    /// Entities under a block key.
    UNDER = "SELECT entity_id FROM registry_key WHERE block_key = $1 ORDER BY entity_id LIMIT $2";
    /// Entities whose code begins so.
    BEGINNING = "SELECT entity_id FROM registry_entity WHERE subject_no >= $1 AND subject_no < $2 ORDER BY subject_no LIMIT $3";
    /// Entities with these codes.
    CODED = "SELECT entity_id FROM registry_entity WHERE subject_no IN ($list)";
    /// Moves staged keys in; those there are stay.
    KEEP_KEYS = "INSERT INTO registry_key (block_key, entity_id)
                 SELECT DISTINCT block_key, entity_id FROM registry_key_stage WHERE true ORDER BY block_key, entity_id
                 ON CONFLICT (block_key, entity_id) DO NOTHING";
    /// Open rows that look for one of the staged keys.
    WANTED_BY_STAGE = "SELECT DISTINCT w.loose_id FROM registry_wanted w
                       JOIN registry_key_stage s ON s.block_key = w.block_key";
    /// Forgets the staged keys.
    CLEAR_KEYS = "DELETE FROM registry_key_stage";
    /// Moves staged ties in; a newer record replaces the one a tie rests on.
    KEEP_TIES = "INSERT INTO registry_tie (kind, tie_key, entity_id, record_id)
                 SELECT kind, tie_key, entity_id, max(record_id) FROM registry_tie_stage
                 WHERE true GROUP BY kind, tie_key, entity_id ORDER BY kind, tie_key, entity_id
                 ON CONFLICT (kind, tie_key, entity_id) DO UPDATE SET record_id = excluded.record_id
                 WHERE excluded.record_id > registry_tie.record_id";
    /// Forgets the staged ties.
    CLEAR_TIES = "DELETE FROM registry_tie_stage";
    /// Whether any row is looked for.
    ANY_WANTED = "SELECT 1 AS wanted FROM registry_wanted LIMIT 1";
    /// Forgets what a row is looked for under.
    UNWANT = "DELETE FROM registry_wanted WHERE loose_id = $1";
    /// Entities under a tie after a number, with the record it rests on.
    TIED = "SELECT entity_id, record_id FROM registry_tie WHERE kind = $1 AND tie_key = $2 AND entity_id > $3
            ORDER BY entity_id LIMIT $4";
    /// How many entities lie under a tie, up to a bound.
    CROWD = "SELECT CAST(count(*) AS BIGINT) AS entities FROM
             (SELECT 1 FROM registry_tie WHERE kind = $1 AND tie_key = $2 LIMIT $3) t";
    /// Entities after a number that share their name with a later one, within a stretch of the register.
    SAME_NAME = "SELECT a.entity_id AS one, b.entity_id AS other FROM
                 (SELECT entity_id, name_key FROM registry_entity WHERE entity_id > $1 ORDER BY entity_id LIMIT $2) a
                 JOIN registry_entity b ON b.name_key = a.name_key AND b.entity_id > a.entity_id
                 WHERE a.name_key <> '' ORDER BY a.entity_id, b.entity_id";
    /// The last entity of a stretch of the register.
    STRETCH = "SELECT max(entity_id) AS last, CAST(count(*) AS BIGINT) AS entities FROM
               (SELECT entity_id FROM registry_entity WHERE entity_id > $1 ORDER BY entity_id LIMIT $2) a";
}

pub fn under(tx: &mut Tx, key: i64, limit: i64) -> Outcome<Vec<i64>> {
    tx.all(&UNDER, args![key, limit])?
        .iter()
        .map(|row| row.get("entity_id"))
        .collect()
}

pub fn beginning(tx: &mut Tx, code: &str, limit: i64) -> Outcome<Vec<i64>> {
    // Codes are ASCII, so this is after all of them.
    let after = format!("{code}\u{10ffff}");
    tx.all(&BEGINNING, args![code, after, limit])?
        .iter()
        .map(|row| row.get("entity_id"))
        .collect()
}

pub fn coded(tx: &mut Tx, codes: &[String]) -> Outcome<Vec<i64>> {
    let list: Vec<Value> = codes.iter().map(|code| Value::from(code.as_str())).collect();
    tx.all_in(&CODED, args![], &list)?
        .iter()
        .map(|row| row.get("entity_id"))
        .collect()
}

/// Keeps keys of entities; the open rows that look for one of them.
pub fn keep_keys(tx: &mut Tx, keys: &[(i64, i64)]) -> Outcome<Vec<i64>> {
    let rows = keys
        .iter()
        .map(|(key, entity)| Ok(vec![Value::from(*key), Value::from(*entity)]));
    tx.load("registry_key_stage", &["block_key", "entity_id"], rows)?;
    tx.exec(&KEEP_KEYS, args![])?;
    let wanted = match tx.opt(&ANY_WANTED, args![])? {
        Some(_) => tx
            .all(&WANTED_BY_STAGE, args![])?
            .iter()
            .map(|row| row.get("loose_id"))
            .collect::<Outcome<_>>()?,
        None => Vec::new(),
    };
    tx.exec(&CLEAR_KEYS, args![])?;
    Ok(wanted)
}

/// A tie: kind, key, entity, record.
pub type Tie = (&'static str, i64, i64, i64);

pub fn keep_ties(tx: &mut Tx, ties: &[Tie]) -> Outcome<()> {
    if ties.is_empty() {
        return Ok(());
    }
    let rows = ties.iter().map(|(kind, key, entity, record)| {
        Ok(vec![
            Value::from(*kind),
            Value::from(*key),
            Value::from(*entity),
            Value::from(*record),
        ])
    });
    tx.load(
        "registry_tie_stage",
        &["kind", "tie_key", "entity_id", "record_id"],
        rows,
    )?;
    tx.exec(&KEEP_TIES, args![])?;
    tx.exec(&CLEAR_TIES, args![]).map(drop)
}

/// Notes what an open row is looked for under.
pub fn want(tx: &mut Tx, loose_id: i64, keys: &[i64]) -> Outcome<()> {
    unwant(tx, loose_id)?;
    let rows = keys
        .iter()
        .map(|key| Ok(vec![Value::from(*key), Value::from(loose_id)]));
    tx.load("registry_wanted", &["block_key", "loose_id"], rows)
        .map(drop)
}

pub fn unwant(tx: &mut Tx, loose_id: i64) -> Outcome<()> {
    tx.exec(&UNWANT, args![loose_id]).map(drop)
}

/// Entities under a tie after a number: entity and record.
pub fn tied(tx: &mut Tx, (kind, key): (&str, i64), after: i64, limit: i64) -> Outcome<Vec<(i64, i64)>> {
    tx.all(&TIED, args![kind, key, after, limit])?
        .iter()
        .map(|row| Ok((row.get("entity_id")?, row.get("record_id")?)))
        .collect()
}

pub fn crowd(tx: &mut Tx, (kind, key): (&str, i64), most: i64) -> Outcome<i64> {
    tx.one(&CROWD, args![kind, key, most])?.get("entities")
}

/// Pairs of entities of one name within a stretch; the last entity of the stretch and how many it has.
pub fn same_name(tx: &mut Tx, after: i64, stretch: i64) -> Outcome<Vec<(i64, i64)>> {
    tx.all(&SAME_NAME, args![after, stretch])?
        .iter()
        .map(|row| Ok((row.get("one")?, row.get("other")?)))
        .collect()
}

/// The last entity of a stretch after a number, if there is one, and how many it has.
pub fn stretch(tx: &mut Tx, after: i64, stretch: i64) -> Outcome<(Option<i64>, i64)> {
    let row = tx.one(&STRETCH, args![after, stretch])?;
    Ok((row.get("last")?, row.get("entities")?))
}
