//! Every SQL statement of publication.
use db::{Row, Tx, Value, args, statements};
use kernel::{Day, Instant, Outcome};

use super::model::Notice;
use crate::hall::Sealed;

statements! {
    /// Publishes a notice.
    SAVE_NOTICE = "INSERT INTO publish_notice (notice_id, kind, subject, number, entity_id, subject_no, title, body, document,
                   department, division, published_at, until_on)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    /// One notice.
    NOTICE = "SELECT notice_id, kind, subject, number, entity_id, subject_no, title, body, document, department, division,
              published_at, until_on, ended_at, withdrawn_at, withdrawn_why FROM publish_notice WHERE notice_id = $1";
    /// The notice of a kind about a subject.
    ABOUT = "SELECT notice_id, kind, subject, number, entity_id, subject_no, title, body, document, department, division,
             published_at, until_on, ended_at, withdrawn_at, withdrawn_why FROM publish_notice
             WHERE kind = $1 AND subject = $2";
    /// Subjects of a list that have a notice of a kind.
    PUBLISHED = "SELECT subject FROM publish_notice WHERE kind = $1 AND subject IN ($list)";
    /// Notices of any kind, newest first, a page.
    NOTICES = "SELECT notice_id, kind, subject, number, entity_id, subject_no, title, body, document, department, division,
               published_at, until_on, ended_at, withdrawn_at, withdrawn_why FROM publish_notice
               WHERE notice_id < $1 ORDER BY notice_id DESC LIMIT $2";
    /// Notices of a kind that the public still sees, newest first, a page.
    PUBLIC_NOTICES = "SELECT notice_id, kind, subject, number, entity_id, subject_no, title, body, document, department,
                      division, published_at, until_on, ended_at, withdrawn_at, withdrawn_why FROM publish_notice
                      WHERE kind = $1 AND notice_id < $2 AND (until_on IS NULL OR until_on >= $4)
                      ORDER BY notice_id DESC LIMIT $3";
    /// Notices about an entity that the public still sees, newest first, a page.
    PUBLIC_OF = "SELECT notice_id, kind, subject, number, entity_id, subject_no, title, body, document, department, division,
                 published_at, until_on, ended_at, withdrawn_at, withdrawn_why FROM publish_notice
                 WHERE subject_no = $1 AND notice_id < $2 AND (until_on IS NULL OR until_on >= $4)
                 ORDER BY notice_id DESC LIMIT $3";
    /// Withdraws a notice.
    WITHDRAW = "UPDATE publish_notice SET withdrawn_at = $2, withdrawn_why = $3
                WHERE notice_id = $1 AND withdrawn_at IS NULL";
    /// Notices whose time is over and that were not taken down yet.
    LAPSED = "SELECT notice_id, kind, subject, number, entity_id, subject_no, title, body, document, department, division,
              published_at, until_on, ended_at, withdrawn_at, withdrawn_why FROM publish_notice
              WHERE until_on < $1 AND ended_at IS NULL ORDER BY notice_id LIMIT $2";
    /// Takes a notice down.
    END = "UPDATE publish_notice SET ended_at = $2 WHERE notice_id = $1";
}

fn notice_row(row: &Row) -> Outcome<Notice> {
    Ok(Notice {
        notice_id: row.get("notice_id")?,
        kind: row.get("kind")?,
        subject: row.get("subject")?,
        number: row.get("number")?,
        entity_id: row.get("entity_id")?,
        subject_no: row.get("subject_no")?,
        title: row.get("title")?,
        body: row.get("body")?,
        document: row.get("document")?,
        department: row.get("department")?,
        division: row.get("division")?,
        published_at: row.get("published_at")?,
        until_on: row.get("until_on")?,
        ended_at: row.get("ended_at")?,
        withdrawn_at: row.get("withdrawn_at")?,
        withdrawn_why: row.get("withdrawn_why")?,
    })
}

pub fn save(tx: &mut Tx, notice: &Notice) -> Outcome<()> {
    let row = args![
        notice.notice_id,
        &notice.kind,
        &notice.subject,
        &notice.number,
        notice.entity_id,
        &notice.subject_no,
        &notice.title,
        &notice.body,
        &notice.document,
        &notice.department,
        &notice.division,
        notice.published_at,
        notice.until_on,
    ];
    tx.exec(&SAVE_NOTICE, &row).map(drop)
}

pub fn notice(tx: &mut Tx, notice_id: i64) -> Outcome<Option<Sealed<Notice>>> {
    tx.opt(&NOTICE, &args![notice_id])?
        .map(|row| notice_row(&row).map(Sealed::new))
        .transpose()
}

/// Notices are public: who asks for one of a kind is not asked for a jurisdiction.
pub fn about(tx: &mut Tx, kind: &str, subject: &str) -> Outcome<Option<Notice>> {
    tx.opt(&ABOUT, &args![kind, subject])?
        .as_ref()
        .map(notice_row)
        .transpose()
}

pub fn published(tx: &mut Tx, kind: &str, subjects: &[String]) -> Outcome<Vec<String>> {
    let list: Vec<Value> = subjects
        .iter()
        .map(|subject| Value::from(subject.as_str()))
        .collect();
    tx.all_in(&PUBLISHED, args![kind], &list)?
        .iter()
        .map(|row| row.get("subject"))
        .collect()
}

pub fn notices(tx: &mut Tx, before: i64, limit: i64) -> Outcome<Vec<Notice>> {
    tx.all(&NOTICES, &args![before, limit])?
        .iter()
        .map(notice_row)
        .collect()
}

pub fn public_notices(tx: &mut Tx, kind: &str, before: i64, limit: i64, today: Day) -> Outcome<Vec<Notice>> {
    tx.all(&PUBLIC_NOTICES, &args![kind, before, limit, today])?
        .iter()
        .map(notice_row)
        .collect()
}

pub fn public_of(tx: &mut Tx, subject_no: &str, before: i64, limit: i64, today: Day) -> Outcome<Vec<Notice>> {
    tx.all(&PUBLIC_OF, &args![subject_no, before, limit, today])?
        .iter()
        .map(notice_row)
        .collect()
}

pub fn withdraw(tx: &mut Tx, notice_id: i64, at: Instant, why: &str) -> Outcome<u64> {
    tx.exec(&WITHDRAW, &args![notice_id, at, why])
}

pub fn lapsed(tx: &mut Tx, today: Day, limit: i64) -> Outcome<Vec<Notice>> {
    tx.all(&LAPSED, &args![today, limit])?
        .iter()
        .map(notice_row)
        .collect()
}

pub fn end(tx: &mut Tx, notice_id: i64, at: Instant) -> Outcome<()> {
    tx.exec(&END, &args![notice_id, at]).map(drop)
}
