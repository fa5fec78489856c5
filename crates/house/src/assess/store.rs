//! Every SQL statement of classification.
use db::{Row, Tx, Value, args, statements};
use kernel::{Day, Instant, Outcome};

use super::model::{Change, ClassCount, Graded, Run, Standing};

statements! {
    /// Opens a run.
    SAVE_RUN = "INSERT INTO assess_run (run_id, kind, model, pack, as_of, upto, state, started_at, entities, changed)
                VALUES ($1, $2, $3, $4, $5, $6, 'loading', $7, 0, 0)";
    /// One run.
    RUN = "SELECT run_id, kind, model, pack, as_of, upto, state, started_at, finished_at, entities, changed, shares, alarm
           FROM assess_run WHERE run_id = $1";
    /// Runs, newest first.
    RUNS = "SELECT run_id, kind, model, pack, as_of, upto, state, started_at, finished_at, entities, changed, shares, alarm
            FROM assess_run WHERE run_id < $1 ORDER BY run_id DESC LIMIT $2";
    /// The full runs that were applied before another, within some days, oldest first.
    FORMER_RUNS = "SELECT run_id, kind, model, pack, as_of, upto, state, started_at, finished_at, entities, changed, shares,
                  alarm FROM assess_run WHERE kind = 'full' AND state = 'applied' AND model = $1 AND run_id < $2
                  AND as_of >= $3 ORDER BY run_id";
    /// Ends a run.
    FINISH_RUN = "UPDATE assess_run SET state = 'applied', finished_at = $2, entities = $3, changed = $4, shares = $5,
                  alarm = $6 WHERE run_id = $1";
    /// Forgets what a killed run had staged.
    CLEAR_STAGE = "DELETE FROM assess_stage WHERE run_id = $1";
    /// Takes the class of one entity away, unless a later run gave it: nothing is known of it any more.
    FORGET = "DELETE FROM assess_class WHERE entity_id = $1 AND run_id < $2";
    /// Whether a later run over everybody has been applied.
    LATER_FULL = "SELECT run_id FROM assess_run WHERE kind = 'full' AND state = 'applied' AND run_id > $1
                  ORDER BY run_id LIMIT 1";
    /// A run since another as of a day outside some days.
    RUN_OUTSIDE = "SELECT run_id FROM assess_run WHERE state = 'applied' AND run_id > $1
                   AND (as_of < $2 OR as_of > $3) ORDER BY run_id LIMIT 1";
    /// Ends runs whose process was killed.
    ABANDON = "UPDATE assess_run SET state = 'abandoned', finished_at = $1 WHERE state = 'loading'";
    /// Puts the staged outcomes in the place of the classes they differ from. A class that a later run gave stays.
    MERGE = "INSERT INTO assess_class (entity_id, class, points, run_id, since_on)
             SELECT entity_id, class, points, run_id, $2 FROM assess_stage WHERE run_id = $1
             ON CONFLICT (entity_id) DO UPDATE SET
             since_on = CASE WHEN assess_class.class = excluded.class THEN assess_class.since_on
                        ELSE excluded.since_on END,
             class = excluded.class, points = excluded.points, run_id = excluded.run_id
             WHERE assess_class.run_id < excluded.run_id";
    /// The classes of a stretch of entities, in order.
    BETWEEN = "SELECT entity_id, class, points, run_id, since_on FROM assess_class
               WHERE entity_id >= $1 AND entity_id <= $2 ORDER BY entity_id";
    /// How many entities stand in each class.
    SHARES = "SELECT class, CAST(count(*) AS BIGINT) AS entities FROM assess_class GROUP BY class ORDER BY class";
    /// The class of an entity.
    STANDING = "SELECT entity_id, class, points, run_id, since_on FROM assess_class WHERE entity_id = $1";
    /// Every class in order of entity.
    CLASSES = "SELECT entity_id, class, points, run_id, since_on FROM assess_class ORDER BY entity_id";
    /// Entities of a class, a page.
    OF_CLASS = "SELECT entity_id, class, points, run_id, since_on FROM assess_class WHERE class = $1 AND entity_id > $2
                ORDER BY entity_id LIMIT $3";
    /// The classes of some entities.
    STANDINGS = "SELECT entity_id, class, points, run_id, since_on FROM assess_class WHERE entity_id IN ($list)";
    /// The history of an entity, newest first.
    HISTORY = "SELECT h.run_id, r.as_of, h.class, h.points, h.former, r.started_at FROM assess_history h
               JOIN assess_run r ON r.run_id = h.run_id WHERE h.entity_id = $1 ORDER BY h.run_id DESC";
    /// The first and the last applied run begun within some time.
    RUNS_BETWEEN = "SELECT COALESCE(min(run_id), 0) AS first, COALESCE(max(run_id), 0) AS last FROM assess_run
                    WHERE state = 'applied' AND started_at > $1 AND started_at <= $2";
    /// Entities whose class became another, by run.
    CHANGED = "SELECT run_id, entity_id, class, points, former FROM assess_history
               WHERE former IS NOT NULL AND former <> class AND (run_id, entity_id) > ($1, $2) AND run_id <= $3
               ORDER BY run_id, entity_id LIMIT $4";
    /// What a run decided of an entity: its own row, or the last before it (a run that changes nothing keeps none).
    DECIDED = "SELECT class, points, run_id FROM assess_history WHERE entity_id = $1 AND run_id <= $2
               ORDER BY run_id DESC LIMIT 1";
}

fn run_row(row: &Row) -> Outcome<Run> {
    Ok(Run {
        run_id: row.get("run_id")?,
        kind: row.get("kind")?,
        model: row.get("model")?,
        pack: row.get("pack")?,
        as_of: row.get("as_of")?,
        upto: row.get("upto")?,
        state: row.get("state")?,
        started_at: row.get("started_at")?,
        finished_at: row.get("finished_at")?,
        entities: row.get("entities")?,
        changed: row.get("changed")?,
        shares: row.get("shares")?,
        alarm: row.get("alarm")?,
    })
}

/// A run about to be opened.
pub struct NewRun<'a> {
    pub run_id: i64,
    pub kind: &'a str,
    pub model: &'a str,
    pub pack: &'a str,
    pub as_of: Day,
    pub upto: i64,
}

pub fn save_run(tx: &mut Tx, run: &NewRun, at: Instant) -> Outcome<()> {
    tx.exec(
        &SAVE_RUN,
        &args![run.run_id, run.kind, run.model, run.pack, run.as_of, run.upto, at],
    )
    .map(drop)
}

pub fn run(tx: &mut Tx, run_id: i64) -> Outcome<Option<Run>> {
    tx.opt(&RUN, &args![run_id])?.as_ref().map(run_row).transpose()
}

pub fn runs(tx: &mut Tx, before: i64, limit: i64) -> Outcome<Vec<Run>> {
    tx.all(&RUNS, &args![before, limit])?
        .iter()
        .map(run_row)
        .collect()
}

pub fn former_runs(tx: &mut Tx, model: &str, before: i64, since: Day) -> Outcome<Vec<Run>> {
    tx.all(&FORMER_RUNS, args![model, before, since])?
        .iter()
        .map(run_row)
        .collect()
}

/// What a run came to.
pub struct Ending<'a> {
    pub entities: i64,
    pub changed: i64,
    pub shares: Option<&'a serde_json::Value>,
    pub alarm: Option<&'a str>,
}

pub fn finish_run(tx: &mut Tx, run_id: i64, at: Instant, ending: &Ending) -> Outcome<()> {
    let row = args![
        run_id,
        at,
        ending.entities,
        ending.changed,
        ending.shares,
        ending.alarm
    ];
    tx.exec(&FINISH_RUN, &row).map(drop)
}

pub fn clear_stage(tx: &mut Tx, run_id: i64) -> Outcome<()> {
    tx.exec(&CLEAR_STAGE, &args![run_id]).map(drop)
}

/// Outcomes that differ from the classes that stand, on their way there.
pub fn stage(tx: &mut Tx, run_id: i64, graded: &[Graded]) -> Outcome<u64> {
    let rows = graded.iter().map(|one| {
        Ok(vec![
            Value::from(run_id),
            Value::from(one.entity_id),
            Value::from(one.class.as_str()),
            Value::from(one.points),
        ])
    });
    tx.load("assess_stage", &["run_id", "entity_id", "class", "points"], rows)
}

/// Classes of entities that had none.
pub fn add(tx: &mut Tx, run: &Run, graded: &[Graded]) -> Outcome<u64> {
    let rows = graded.iter().map(|one| {
        Ok(vec![
            Value::from(one.entity_id),
            Value::from(one.class.as_str()),
            Value::from(one.points),
            Value::from(run.run_id),
            Value::from(run.as_of),
        ])
    });
    let columns = ["entity_id", "class", "points", "run_id", "since_on"];
    tx.load("assess_class", &columns, rows)
}

/// History of what changes: the outcome and the class there was before.
pub fn keep_history(tx: &mut Tx, run_id: i64, changes: &[(Graded, Option<String>)]) -> Outcome<u64> {
    let rows = changes.iter().map(|(one, former)| {
        Ok(vec![
            Value::from(one.entity_id),
            Value::from(run_id),
            Value::from(one.class.as_str()),
            Value::from(one.points),
            Value::from(former.as_deref()),
        ])
    });
    let columns = ["entity_id", "run_id", "class", "points", "former"];
    tx.load("assess_history", &columns, rows)
}

/// Makes what is staged the classes of today.
pub fn merge(tx: &mut Tx, run: &Run) -> Outcome<()> {
    tx.exec(&MERGE, args![run.run_id, run.as_of])?;
    clear_stage(tx, run.run_id)
}

/// Takes the class of an entity away, unless a later run gave it.
pub fn forget(tx: &mut Tx, entity_id: i64, run_id: i64) -> Outcome<()> {
    tx.exec(&FORGET, args![entity_id, run_id]).map(drop)
}

/// The first run over everybody applied although it was opened later.
pub fn later_full(tx: &mut Tx, run_id: i64) -> Outcome<bool> {
    Ok(tx.opt(&LATER_FULL, args![run_id])?.is_some())
}

/// Whether a run since `run_id` was as of a day outside `from`–`to`.
pub fn run_outside(tx: &mut Tx, run_id: i64, from: Day, to: Day) -> Outcome<bool> {
    Ok(tx.opt(&RUN_OUTSIDE, args![run_id, from, to])?.is_some())
}

/// The classes of the entities from one number to another, in order.
pub fn between(tx: &mut Tx, first: i64, last: i64) -> Outcome<Vec<Standing>> {
    tx.all(&BETWEEN, args![first, last])?
        .iter()
        .map(standing_row)
        .collect()
}

pub fn abandon(tx: &mut Tx, at: Instant) -> Outcome<u64> {
    tx.exec(&ABANDON, args![at])
}

pub fn shares(tx: &mut Tx) -> Outcome<Vec<ClassCount>> {
    tx.all(&SHARES, &args![])?
        .iter()
        .map(|row| {
            Ok(ClassCount {
                class: row.get("class")?,
                entities: row.get("entities")?,
            })
        })
        .collect()
}

fn standing_row(row: &Row) -> Outcome<Standing> {
    Ok(Standing {
        entity_id: row.get("entity_id")?,
        class: row.get("class")?,
        points: row.get("points")?,
        run_id: row.get("run_id")?,
        since_on: row.get("since_on")?,
    })
}

pub fn standing(tx: &mut Tx, entity_id: i64) -> Outcome<Option<Standing>> {
    tx.opt(&STANDING, &args![entity_id])?
        .as_ref()
        .map(standing_row)
        .transpose()
}

pub fn classes(tx: &mut Tx, mut each: impl FnMut(Standing) -> Outcome<()>) -> Outcome<()> {
    tx.each(&CLASSES, &args![], |row| each(standing_row(row)?))
}

pub fn of_class(tx: &mut Tx, class: &str, after: i64, limit: i64) -> Outcome<Vec<Standing>> {
    tx.all(&OF_CLASS, &args![class, after, limit])?
        .iter()
        .map(standing_row)
        .collect()
}

pub fn standings(tx: &mut Tx, entity_ids: &[i64]) -> Outcome<Vec<Standing>> {
    let list: Vec<Value> = entity_ids.iter().map(|id| Value::from(*id)).collect();
    tx.all_in(&STANDINGS, args![], &list)?
        .iter()
        .map(standing_row)
        .collect()
}

pub fn history(tx: &mut Tx, entity_id: i64) -> Outcome<Vec<Change>> {
    tx.all(&HISTORY, &args![entity_id])?
        .iter()
        .map(|row| {
            Ok(Change {
                run_id: row.get("run_id")?,
                as_of: row.get("as_of")?,
                class: row.get("class")?,
                points: row.get("points")?,
                former: row.get("former")?,
                decided_at: row.get("started_at")?,
            })
        })
        .collect()
}

/// Class, points and the run that decided them, as they stood after a run.
pub fn decided(tx: &mut Tx, entity_id: i64, run_id: i64) -> Outcome<Option<(String, i64, i64)>> {
    tx.opt(&DECIDED, &args![entity_id, run_id])?
        .map(|row| Ok((row.get("class")?, row.get("points")?, row.get("run_id")?)))
        .transpose()
}

/// The first and the last applied run begun after an instant and not after another; zeros where there is none.
pub fn runs_between(tx: &mut Tx, after: Instant, until: Instant) -> Outcome<(i64, i64)> {
    let row = tx.one(&RUNS_BETWEEN, args![after, until])?;
    Ok((row.get("first")?, row.get("last")?))
}

/// An entity whose class became another.
pub struct Changed {
    pub run_id: i64,
    pub entity_id: i64,
    pub class: String,
    pub points: i64,
    pub former: String,
}

/// Entities whose class became another, after a run and entity, up to a run.
pub fn changed(tx: &mut Tx, after: (i64, i64), last: i64, limit: i64) -> Outcome<Vec<Changed>> {
    tx.all(&CHANGED, args![after.0, after.1, last, limit])?
        .iter()
        .map(|row| {
            Ok(Changed {
                run_id: row.get("run_id")?,
                entity_id: row.get("entity_id")?,
                class: row.get("class")?,
                points: row.get("points")?,
                former: row.get("former")?,
            })
        })
        .collect()
}
