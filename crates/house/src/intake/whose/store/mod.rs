//! Every SQL statement of loose rows.
pub mod merge;

use db::{Row, Tx, Value, args, statements};
use kernel::{Instant, Outcome};

use super::super::model::{Batch, LooseDraft};
use super::model::{Decision, Loose, Outcome as Found, Standing, Who};

statements! {
    /// Forgets the loose rows of a batch that is staged anew.
    FORGET_STAGED = "DELETE FROM intake_loose WHERE batch_id = $1 AND state = 'staged'";
    /// Rows of a batch that were handed over before, word for word: they change nothing.
    FORGET_REPEATED = "DELETE FROM intake_loose WHERE batch_id = $1 AND state = 'staged' AND EXISTS (
                       SELECT 1 FROM intake_loose o WHERE o.item = intake_loose.item
                       AND o.identity = intake_loose.identity AND o.record_key = intake_loose.record_key
                       AND o.digest = intake_loose.digest AND o.loose_id < intake_loose.loose_id AND NOT EXISTS (
                       SELECT 1 FROM intake_loose p WHERE p.item = o.item AND p.identity = o.identity
                       AND p.record_key = o.record_key AND p.digest <> o.digest
                       AND p.loose_id > o.loose_id AND p.loose_id < intake_loose.loose_id))";
    /// Open rows that later ones of a batch state anew.
    REPLACE = "UPDATE intake_loose SET state = 'replaced', due = FALSE, because = $2
               WHERE loose_id IN (SELECT o.loose_id FROM intake_loose n JOIN intake_loose o ON o.item = n.item
               AND o.identity = n.identity AND o.record_key = n.record_key AND o.loose_id < n.loose_id
               WHERE n.batch_id = $1 AND n.state = 'staged' AND o.state IN ('waiting', 'queued', 'unlinked'))";
    /// The loose rows of an applied batch may be looked at.
    OPEN = "UPDATE intake_loose SET state = 'waiting', due = TRUE WHERE batch_id = $1 AND state = 'staged'";
    /// One row.
    LOOSE = "SELECT loose_id, batch_id, line, item, supplier, written_code, written_name, written_reg_no, written_place,
             written_address, record_key, on_day, ends_day, amount_fen, level, code, payload, state, due, by_hand, because,
             division, found, rule, tried_at, decision_id FROM intake_loose WHERE loose_id = $1 AND state <> 'staged'";
    /// Rows to be looked at, oldest first.
    DUE = "SELECT loose_id, batch_id, line, item, supplier, written_code, written_name, written_reg_no, written_place,
           written_address, record_key, on_day, ends_day, amount_fen, level, code, payload, state, due, by_hand, because,
           division, found, rule, tried_at, decision_id FROM intake_loose
           WHERE due = TRUE AND loose_id > $1 ORDER BY loose_id LIMIT $2";
    /// Rows in a state, oldest first.
    IN_STATE = "SELECT loose_id, batch_id, line, item, supplier, written_code, written_name, written_reg_no, written_place,
                written_address, record_key, on_day, ends_day, amount_fen, level, code, payload, state, due, by_hand,
                because, division, found, rule, tried_at, decision_id FROM intake_loose
                WHERE state = $1 AND loose_id > $2 ORDER BY loose_id LIMIT $3";
    /// Rows of a batch in a state, oldest first.
    OF_BATCH = "SELECT loose_id, batch_id, line, item, supplier, written_code, written_name, written_reg_no, written_place,
                written_address, record_key, on_day, ends_day, amount_fen, level, code, payload, state, due, by_hand,
                because, division, found, rule, tried_at, decision_id FROM intake_loose
                WHERE batch_id = $1 AND state = $2 AND loose_id > $3 ORDER BY loose_id LIMIT $4";
    /// How the rows of a batch stand.
    STANDING_OF = "SELECT state, CAST(count(*) AS BIGINT) AS loose FROM intake_loose WHERE batch_id = $1 GROUP BY state";
    /// How all rows stand, by supplier.
    STANDING = "SELECT supplier, state, CAST(count(*) AS BIGINT) AS loose FROM intake_loose GROUP BY supplier, state";
    /// What was found of an open row.
    FOUND = "UPDATE intake_loose SET state = $2, due = FALSE, because = $3, division = $4, found = $5, rule = $6, tried_at = $7
             WHERE loose_id = $1 AND state IN ('waiting', 'queued', 'unlinked')";
    /// A row is decided.
    DECIDED = "UPDATE intake_loose SET state = $2, due = FALSE, by_hand = $3, because = $4, decision_id = $5
               WHERE loose_id = $1";
    /// Open rows are to be looked at again.
    AGAIN = "UPDATE intake_loose SET due = TRUE WHERE state IN ('waiting', 'queued', 'unlinked') AND due = FALSE";
    /// Open rows of a batch are to be looked at again.
    AGAIN_OF = "UPDATE intake_loose SET due = TRUE WHERE batch_id = $1 AND state IN ('waiting', 'queued', 'unlinked')
                AND due = FALSE";
    /// These open rows are to be looked at again.
    AGAIN_THESE = "UPDATE intake_loose SET due = TRUE WHERE state IN ('waiting', 'queued', 'unlinked')
                   AND loose_id IN ($list) RETURNING loose_id";
    /// Keeps a decision.
    DECIDE = "INSERT INTO intake_decision (decision_id, loose_id, kind, automatic, actor, decided_at, subject_no, score,
              rule, reasons, reason, record_id, made, undoes)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    /// What was decided of a row, in order.
    DECISIONS = "SELECT decision_id, loose_id, kind, automatic, actor, decided_at, subject_no, score, rule, reasons, reason,
                 record_id, made, undoes FROM intake_decision WHERE loose_id = $1 ORDER BY decision_id";
    /// One decision.
    DECISION = "SELECT decision_id, loose_id, kind, automatic, actor, decided_at, subject_no, score, rule, reasons, reason,
                record_id, made, undoes FROM intake_decision WHERE decision_id = $1";
}

fn loose_row(row: &Row) -> Outcome<Loose> {
    Ok(Loose {
        loose_id: row.get("loose_id")?,
        batch_id: row.get("batch_id")?,
        line: row.get("line")?,
        item: row.get("item")?,
        supplier: row.get("supplier")?,
        who: Who {
            code: row.get("written_code")?,
            name: row.get("written_name")?,
            reg_no: row.get("written_reg_no")?,
            place: row.get("written_place")?,
            address: row.get("written_address")?,
        },
        record_key: row.get("record_key")?,
        on: row.get("on_day")?,
        ends_on: row.get("ends_day")?,
        amount_fen: row.get("amount_fen")?,
        level: row.get("level")?,
        code: row.get("code")?,
        content: row.get("payload")?,
        state: row.get("state")?,
        due: row.get("due")?,
        by_hand: row.get("by_hand")?,
        because: row.get("because")?,
        division: row.get("division")?,
        found: row.get("found")?,
        rule: row.get("rule")?,
        tried_at: row.get("tried_at")?,
        decision_id: row.get("decision_id")?,
    })
}

fn decision_row(row: &Row) -> Outcome<Decision> {
    Ok(Decision {
        decision_id: row.get("decision_id")?,
        loose_id: row.get("loose_id")?,
        kind: row.get("kind")?,
        automatic: row.get("automatic")?,
        actor: row.get("actor")?,
        decided_at: row.get("decided_at")?,
        subject_no: row.get("subject_no")?,
        score: row.get("score")?,
        rule: row.get("rule")?,
        reasons: row.get("reasons")?,
        reason: row.get("reason")?,
        record_id: row.get("record_id")?,
        made: row.get("made")?,
        undoes: row.get("undoes")?,
    })
}

/// Keeps rows as they are staged.
pub fn save(tx: &mut Tx, batch: &Batch, rows: &[LooseDraft]) -> Outcome<()> {
    let columns = [
        "loose_id",
        "batch_id",
        "line",
        "item",
        "supplier",
        "identity",
        "written_code",
        "written_name",
        "written_reg_no",
        "written_place",
        "written_address",
        "record_key",
        "digest",
        "on_day",
        "ends_day",
        "amount_fen",
        "level",
        "code",
        "payload",
        "state",
        "due",
        "by_hand",
        "because",
    ];
    let ids = tx.ids(rows.len())?;
    let values = ids.into_iter().zip(rows).map(|(loose_id, row)| {
        let payload: serde_json::Value =
            serde_json::from_str(&row.payload).map_err(|e| kernel::Fault::internal("行的内容无法读取", e))?;
        Ok(vec![
            Value::from(loose_id),
            Value::from(batch.batch_id),
            Value::from(row.line),
            Value::from(batch.item.as_str()),
            Value::from(batch.supplier.as_str()),
            Value::from(row.who.identity()),
            Value::from(row.who.code.as_str()),
            Value::from(row.who.name.as_str()),
            Value::from(row.who.reg_no.as_str()),
            Value::from(row.who.place.as_str()),
            Value::from(row.who.address.as_str()),
            Value::from(row.record_key.as_str()),
            Value::from(row.digest()),
            Value::from(row.on),
            Value::from(row.ends_on),
            Value::from(row.amount_fen),
            Value::from(row.level),
            Value::from(row.code.as_deref()),
            Value::from(payload),
            Value::from("staged"),
            Value::from(false),
            Value::from(false),
            Value::from(""),
        ])
    });
    tx.load("intake_loose", &columns, values).map(drop)
}

pub fn forget_staged(tx: &mut Tx, batch_id: i64) -> Outcome<()> {
    tx.exec(&FORGET_STAGED, args![batch_id]).map(drop)
}

/// Drops what was handed over before; how many rows.
pub fn forget_repeated(tx: &mut Tx, batch_id: i64) -> Outcome<u64> {
    tx.exec(&FORGET_REPEATED, args![batch_id])
}

pub fn replace(tx: &mut Tx, batch_id: i64, because: &str) -> Outcome<u64> {
    tx.exec(&REPLACE, args![batch_id, because])
}

pub fn open(tx: &mut Tx, batch_id: i64) -> Outcome<u64> {
    tx.exec(&OPEN, args![batch_id])
}

pub fn loose(tx: &mut Tx, loose_id: i64) -> Outcome<Option<Loose>> {
    tx.opt(&LOOSE, args![loose_id])?
        .as_ref()
        .map(loose_row)
        .transpose()
}

pub fn due(tx: &mut Tx, after: i64, limit: i64) -> Outcome<Vec<Loose>> {
    tx.all(&DUE, args![after, limit])?.iter().map(loose_row).collect()
}

/// Rows in a state, those of one batch where it is given, after a number.
pub fn in_state(tx: &mut Tx, state: &str, batch: Option<i64>, after: i64, limit: i64) -> Outcome<Vec<Loose>> {
    let rows = match batch {
        Some(batch) => tx.all(&OF_BATCH, args![batch, state, after, limit])?,
        None => tx.all(&IN_STATE, args![state, after, limit])?,
    };
    rows.iter().map(loose_row).collect()
}

fn add(standing: &mut Standing, state: &str, loose: i64) {
    match state {
        "waiting" => standing.waiting += loose,
        "queued" => standing.queued += loose,
        "unlinked" => standing.unlinked += loose,
        "linked" => standing.linked += loose,
        "left" => standing.left += loose,
        "replaced" => standing.replaced += loose,
        _ => {}
    }
}

pub fn standing_of(tx: &mut Tx, batch_id: i64) -> Outcome<Standing> {
    let mut standing = Standing::default();
    for row in tx.all(&STANDING_OF, args![batch_id])? {
        let state: String = row.get("state")?;
        add(&mut standing, &state, row.get("loose")?);
    }
    Ok(standing)
}

/// How the rows of the suppliers that `reached` says stand.
pub fn standing(tx: &mut Tx, reached: impl Fn(&str) -> bool) -> Outcome<Standing> {
    let mut standing = Standing::default();
    for row in tx.all(&STANDING, args![])? {
        let (supplier, state): (String, String) = (row.get("supplier")?, row.get("state")?);
        if reached(&supplier) {
            add(&mut standing, &state, row.get("loose")?);
        }
    }
    Ok(standing)
}

pub fn found(tx: &mut Tx, found: &Found, rule: &str, at: Instant) -> Outcome<u64> {
    let row = args![
        found.loose_id,
        found.state,
        &found.because,
        found.division.as_deref(),
        found.found.clone(),
        rule,
        at
    ];
    tx.exec(&FOUND, row)
}

pub fn decided(
    tx: &mut Tx,
    (loose_id, state): (i64, &str),
    by_hand: bool,
    because: &str,
    decision: Option<i64>,
) -> Outcome<()> {
    tx.exec(&DECIDED, args![loose_id, state, by_hand, because, decision])
        .map(drop)
}

/// Lets open rows be looked at again, those of one batch where it is given; how many.
pub fn again(tx: &mut Tx, batch: Option<i64>) -> Outcome<u64> {
    match batch {
        Some(batch) => tx.exec(&AGAIN_OF, args![batch]),
        None => tx.exec(&AGAIN, args![]),
    }
}

/// Lets these rows be looked at again where they are open; how many.
pub fn again_these(tx: &mut Tx, rows: &[i64]) -> Outcome<usize> {
    let list: Vec<Value> = rows.iter().map(|id| Value::from(*id)).collect();
    Ok(tx.all_in(&AGAIN_THESE, args![], &list)?.len())
}

pub fn decide(tx: &mut Tx, decision: &Decision) -> Outcome<()> {
    let row = args![
        decision.decision_id,
        decision.loose_id,
        &decision.kind,
        decision.automatic,
        &decision.actor,
        decision.decided_at,
        decision.subject_no.as_deref(),
        decision.score,
        &decision.rule,
        decision.reasons.clone(),
        &decision.reason,
        decision.record_id,
        decision.made,
        decision.undoes
    ];
    tx.exec(&DECIDE, row).map(drop)
}

pub fn decisions(tx: &mut Tx, loose_id: i64) -> Outcome<Vec<Decision>> {
    tx.all(&DECISIONS, args![loose_id])?
        .iter()
        .map(decision_row)
        .collect()
}

pub fn decision(tx: &mut Tx, decision_id: i64) -> Outcome<Option<Decision>> {
    tx.opt(&DECISION, args![decision_id])?
        .as_ref()
        .map(decision_row)
        .transpose()
}
