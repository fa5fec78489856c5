//! Every SQL statement of the life of models.
use db::{Row, Tx, Value, args, statements};
use kernel::{Fault, Instant, Outcome};
use serde::de::DeserializeOwned;

use super::model::{Draft, NewDraft, Release, Shadow, Window};
use crate::hall::Op;

statements! {
    /// Keeps a draft.
    SAVE_DRAFT = "INSERT INTO assess_draft (draft_id, title, reason, file_name, digest, body, state, drafted_at, drafted_by)
                  VALUES ($1, $2, $3, $4, $5, $6, 'draft', $7, $8)";
    /// One draft.
    DRAFT = "SELECT draft_id, title, reason, file_name, digest, state, drafted_at, drafted_by, decided_at, decided_by, note
             FROM assess_draft WHERE draft_id = $1";
    /// Drafts before a number, newest first.
    DRAFTS = "SELECT draft_id, title, reason, file_name, digest, state, drafted_at, drafted_by, decided_at, decided_by, note
              FROM assess_draft WHERE draft_id < $1 ORDER BY draft_id DESC LIMIT $2";
    /// Drafts of a content that were neither rejected nor withdrawn.
    SAME = "SELECT draft_id FROM assess_draft WHERE digest = $1 AND state NOT IN ('rejected', 'withdrawn')
            ORDER BY draft_id LIMIT 1";
    /// What a draft says.
    BODY = "SELECT file_name, body FROM assess_draft WHERE draft_id = $1";
    /// What several drafts say.
    BODIES = "SELECT draft_id, file_name, body FROM assess_draft WHERE draft_id IN ($list)";
    /// Decides about a draft.
    DECIDE = "UPDATE assess_draft SET state = $2, decided_at = $3, decided_by = $4, note = $5 WHERE draft_id = $1";
    /// A draft has its shadow run.
    SHADOWED = "UPDATE assess_draft SET state = 'shadowed' WHERE draft_id = $1 AND state = 'draft'";
    /// Asks for a shadow run.
    SAVE_SHADOW = "INSERT INTO assess_shadow (shadow_id, draft_id, from_on, until_on, ask, asked_at, asked_by, job_id)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    /// Keeps what a shadow run found.
    FINISH_SHADOW = "UPDATE assess_shadow SET finished_at = $2, document = $3, digest = $4 WHERE shadow_id = $1";
    /// One shadow run.
    SHADOW = "SELECT shadow_id, draft_id, from_on, until_on, asked_at, asked_by, job_id, finished_at, digest
              FROM assess_shadow WHERE shadow_id = $1";
    /// Shadow runs of a draft, newest first.
    SHADOWS_OF = "SELECT shadow_id, draft_id, from_on, until_on, asked_at, asked_by, job_id, finished_at, digest
                  FROM assess_shadow WHERE draft_id = $1 ORDER BY shadow_id DESC";
    /// How a shadow run is to be, and what it found.
    FOUND = "SELECT ask, document FROM assess_shadow WHERE shadow_id = $1";
    /// Keeps a release.
    SAVE_RELEASE = "INSERT INTO assess_release (release_id, draft_id, from_on, pack, reason, approved_at, approved_by, shadow_id,
                    blocks, overruled_by, overruled_for) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    /// All releases, oldest first. There are few.
    RELEASES = "SELECT release_id, draft_id, from_on, pack, reason, approved_at, approved_by, shadow_id, blocks, overruled_by,
                overruled_for, in_force_at, withdrawn_at FROM assess_release ORDER BY release_id";
    /// A release has come into force.
    IN_FORCE = "UPDATE assess_release SET in_force_at = $2 WHERE release_id = $1 AND in_force_at IS NULL";
    /// A release is taken back before its day.
    TAKE_BACK = "UPDATE assess_release SET withdrawn_at = $2 WHERE release_id = $1 AND in_force_at IS NULL";
    /// Keeps which releases make up a pack, once.
    SAVE_PACK = "INSERT INTO assess_pack (pack, ground, releases, kept_at) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (pack) DO NOTHING";
    /// Which releases make up a pack.
    PACK = "SELECT ground, releases FROM assess_pack WHERE pack = $1";
    /// Keeps who went on a visit.
    SAVE_VISIT = "INSERT INTO assess_visit (entity_id, visit, inspectors) VALUES ($1, $2, $3)
                  ON CONFLICT (entity_id, visit) DO UPDATE SET inspectors = excluded.inspectors";
    /// Who went on the visits of some entities.
    VISITS = "SELECT entity_id, visit, inspectors FROM assess_visit WHERE entity_id IN ($list)";
}

fn json<T: DeserializeOwned>(row: &Row, column: &str) -> Outcome<T> {
    let value: serde_json::Value = row.get(column)?;
    serde_json::from_value(value).map_err(|e| Fault::internal("模型管理的数据无法读取", e))
}

fn draft_row(row: &Row) -> Outcome<Draft> {
    Ok(Draft {
        draft_id: row.get("draft_id")?,
        title: row.get("title")?,
        reason: row.get("reason")?,
        file_name: row.get("file_name")?,
        digest: row.get("digest")?,
        state: row.get("state")?,
        drafted_at: row.get("drafted_at")?,
        drafted_by: row.get("drafted_by")?,
        decided_at: row.get("decided_at")?,
        decided_by: row.get("decided_by")?,
        note: row.get("note")?,
    })
}

pub fn save_draft(tx: &mut Tx, op: &Op, draft_id: i64, new: &NewDraft, digest: &str) -> Outcome<()> {
    let row = args![
        draft_id,
        &new.title,
        &new.reason,
        &new.file_name,
        digest,
        &new.text,
        op.at,
        &op.actor.name
    ];
    tx.exec(&SAVE_DRAFT, &row).map(drop)
}

pub fn draft(tx: &mut Tx, draft_id: i64) -> Outcome<Option<Draft>> {
    tx.opt(&DRAFT, &args![draft_id])?
        .as_ref()
        .map(draft_row)
        .transpose()
}

pub fn drafts(tx: &mut Tx, before: i64, limit: i64) -> Outcome<Vec<Draft>> {
    tx.all(&DRAFTS, &args![before, limit])?
        .iter()
        .map(draft_row)
        .collect()
}

pub fn same(tx: &mut Tx, digest: &str) -> Outcome<Option<i64>> {
    tx.opt(&SAME, &args![digest])?
        .map(|row| row.get("draft_id"))
        .transpose()
}

/// File name and text of a draft.
pub fn body(tx: &mut Tx, draft_id: i64) -> Outcome<Option<(String, String)>> {
    tx.opt(&BODY, &args![draft_id])?
        .map(|row| Ok((row.get("file_name")?, row.get("body")?)))
        .transpose()
}

/// Number, file name and text of drafts.
pub fn bodies(tx: &mut Tx, drafts: &[i64]) -> Outcome<Vec<(i64, String, String)>> {
    let list: Vec<Value> = drafts.iter().map(|id| Value::from(*id)).collect();
    tx.all_in(&BODIES, args![], &list)?
        .iter()
        .map(|row| Ok((row.get("draft_id")?, row.get("file_name")?, row.get("body")?)))
        .collect()
}

pub fn decide(tx: &mut Tx, op: &Op, draft_id: i64, state: &str, note: &str) -> Outcome<()> {
    tx.exec(&DECIDE, &args![draft_id, state, op.at, &op.actor.name, note])
        .map(drop)
}

pub fn set_shadowed(tx: &mut Tx, draft_id: i64) -> Outcome<()> {
    tx.exec(&SHADOWED, &args![draft_id]).map(drop)
}

fn shadow_row(row: &Row) -> Outcome<Shadow> {
    Ok(Shadow {
        shadow_id: row.get("shadow_id")?,
        draft_id: row.get("draft_id")?,
        from_on: row.get("from_on")?,
        until_on: row.get("until_on")?,
        asked_at: row.get("asked_at")?,
        asked_by: row.get("asked_by")?,
        job_id: row.get("job_id")?,
        finished_at: row.get("finished_at")?,
        digest: row.get("digest")?,
    })
}

pub fn save_shadow(
    tx: &mut Tx,
    op: &Op,
    (shadow_id, draft_id, job_id): (i64, i64, i64),
    window: &Window,
) -> Outcome<()> {
    let row = args![
        shadow_id,
        draft_id,
        window.from,
        window.until,
        serde_json::json!(window),
        op.at,
        &op.actor.name,
        job_id
    ];
    tx.exec(&SAVE_SHADOW, &row).map(drop)
}

pub fn finish_shadow(tx: &mut Tx, shadow_id: i64, at: Instant, document: &str, digest: &str) -> Outcome<()> {
    tx.exec(&FINISH_SHADOW, &args![shadow_id, at, document, digest])
        .map(drop)
}

pub fn shadow(tx: &mut Tx, shadow_id: i64) -> Outcome<Option<Shadow>> {
    tx.opt(&SHADOW, &args![shadow_id])?
        .as_ref()
        .map(shadow_row)
        .transpose()
}

pub fn shadows_of(tx: &mut Tx, draft_id: i64) -> Outcome<Vec<Shadow>> {
    tx.all(&SHADOWS_OF, &args![draft_id])?
        .iter()
        .map(shadow_row)
        .collect()
}

/// How a shadow run is to be, and the text of its document once it has ended.
pub fn found(tx: &mut Tx, shadow_id: i64) -> Outcome<Option<(Window, Option<String>)>> {
    tx.opt(&FOUND, &args![shadow_id])?
        .map(|row| Ok((json(&row, "ask")?, row.get("document")?)))
        .transpose()
}

pub fn save_release(tx: &mut Tx, release: &Release) -> Outcome<()> {
    let row = args![
        release.release_id,
        release.draft_id,
        release.from_on,
        &release.pack,
        &release.reason,
        release.approved_at,
        &release.approved_by,
        release.shadow_id,
        serde_json::json!(release.blocks),
        &release.overruled_by,
        &release.overruled_for
    ];
    tx.exec(&SAVE_RELEASE, &row).map(drop)
}

pub fn releases(tx: &mut Tx) -> Outcome<Vec<Release>> {
    let release = |row: &Row| {
        Ok(Release {
            release_id: row.get("release_id")?,
            draft_id: row.get("draft_id")?,
            from_on: row.get("from_on")?,
            pack: row.get("pack")?,
            reason: row.get("reason")?,
            approved_at: row.get("approved_at")?,
            approved_by: row.get("approved_by")?,
            shadow_id: row.get("shadow_id")?,
            blocks: json(row, "blocks")?,
            overruled_by: row.get("overruled_by")?,
            overruled_for: row.get("overruled_for")?,
            in_force_at: row.get("in_force_at")?,
            withdrawn_at: row.get("withdrawn_at")?,
        })
    };
    tx.all(&RELEASES, &args![])?.iter().map(release).collect()
}

pub fn set_in_force(tx: &mut Tx, release_id: i64, at: Instant) -> Outcome<bool> {
    Ok(tx.exec(&IN_FORCE, &args![release_id, at])? > 0)
}

pub fn take_back(tx: &mut Tx, release_id: i64, at: Instant) -> Outcome<bool> {
    Ok(tx.exec(&TAKE_BACK, &args![release_id, at])? > 0)
}

/// Keeps that releases laid over a ground make up a pack.
pub fn save_pack(tx: &mut Tx, pack: &str, ground: &str, releases: &[Release], at: Instant) -> Outcome<()> {
    let row = args![pack, ground, serde_json::json!(releases), at];
    tx.exec(&SAVE_PACK, &row).map(drop)
}

/// The hash of the ground and the releases a pack was made of.
pub fn pack(tx: &mut Tx, pack: &str) -> Outcome<Option<(String, Vec<Release>)>> {
    tx.opt(&PACK, &args![pack])?
        .map(|row| Ok((row.get("ground")?, json(&row, "releases")?)))
        .transpose()
}

pub fn save_visit(tx: &mut Tx, entity_id: i64, visit: &str, inspectors: &[String]) -> Outcome<()> {
    tx.exec(
        &SAVE_VISIT,
        &args![entity_id, visit, serde_json::json!(inspectors)],
    )
    .map(drop)
}

/// Entity, name of the visit and who went.
pub fn visits(tx: &mut Tx, entities: &[i64]) -> Outcome<Vec<(i64, String, Vec<String>)>> {
    let list: Vec<Value> = entities.iter().map(|id| Value::from(*id)).collect();
    tx.all_in(&VISITS, args![], &list)?
        .iter()
        .map(|row| Ok((row.get("entity_id")?, row.get("visit")?, json(row, "inspectors")?)))
        .collect()
}
