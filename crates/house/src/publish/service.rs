//! Commands and queries of publication.
use std::collections::HashSet;

use db::Tx;
use kernel::actor::Actor;
use kernel::page::Page;
use kernel::{Fault, FaultKind, Outcome};
use proof::canonical;
use serde_json::json;

use super::model::{
    ANNOUNCEMENT, COMMITMENT, NewAnnouncement, NewNotice, Notice, PLAN, PublicDraw, PublicEntity,
    PublicFound, PublicNotice, RESULT,
};
use super::{rules, store};
use crate::hall::keys::{Keys, proof_fault};
use crate::hall::ledger::{self, PublicLeaf};
use crate::hall::{House, Op, duty, paged};
use crate::inspect::model::DrawDocuments;
use crate::registry::model::{Find, Found};
use crate::{inspect, office, registry};

/// Tasks looked at in one go.
const PAGE: i64 = 500;
/// The duty closed when a result is public.
const DUTY: &str = "inspect.publish";
/// Notices shown with an entity.
const MOST_OF_ENTITY: i64 = 200;

/// Publishes a notice. There is one notice of a kind for each subject: publishing again changes nothing.
pub fn publish(tx: &mut Tx, op: &Op, new: NewNotice) -> Outcome<Notice> {
    // One lock for all: a lock for each notice of a large publication would fill the server's lock table.
    tx.lock("publish_notice", 0)?;
    if let Some(known) = store::about(tx, new.kind, &new.subject)? {
        return Ok(known);
    }
    let bytes = canonical::to_vec(&new.body).map_err(|fault| proof_fault(&fault))?;
    let until_on = match &new.term {
        Some(term) => Some(duty::due(op, term, op.today())?.0),
        None => None,
    };
    let (entity_id, subject_no) = new.entity.unzip();
    let notice = Notice {
        notice_id: tx.next_id()?,
        kind: new.kind.to_owned(),
        subject: new.subject,
        number: new.number,
        entity_id,
        subject_no,
        title: new.title,
        body: new.body,
        document: op.suite.hash(&bytes).to_string(),
        department: new.department,
        division: new.division,
        published_at: op.at,
        until_on,
        ended_at: None,
        withdrawn_at: None,
        withdrawn_why: None,
    };
    store::save(tx, &notice)?;
    tell(
        tx,
        op,
        &notice,
        "publish.notice-published",
        Some("publish.notice"),
        None,
    )?;
    Ok(notice)
}

/// Withdraws a notice. The row stays, marked, and the withdrawal stands in the public log like the notice itself.
pub fn withdraw(tx: &mut Tx, op: &Op, notice_id: i64, why: &str) -> Outcome<Notice> {
    let why = why.trim();
    if why.is_empty() {
        const CODE: &str = "publish.withdraw.reason";
        let detail = "请写明撤回公示的原因：原因将一并公布。";
        return Err(Fault::new(FaultKind::Invalid, CODE, detail).with_field("why", CODE, detail));
    }
    let former = store::notice(tx, notice_id)?
        .ok_or_else(Fault::hidden)?
        .open(op)?;
    if store::withdraw(tx, notice_id, op.at, why)? == 0 {
        return Ok(former);
    }
    tell(
        tx,
        op,
        &former,
        "publish.notice-withdrawn",
        Some("publish.withdrawn"),
        Some(why),
    )?;
    notice(tx, op, notice_id)
}

/// Takes down what has reached its end. Returns how many.
pub fn expire(tx: &mut Tx, op: &Op) -> Outcome<u64> {
    let mut ended = 0;
    loop {
        let page = store::lapsed(tx, op.today(), PAGE)?;
        if page.is_empty() {
            return Ok(ended);
        }
        for notice in page {
            store::end(tx, notice.notice_id, op.at)?;
            tell(tx, op, &notice, "publish.notice-ended", None, None)?;
            ended += 1;
        }
    }
}

/// Publishes the results of a task and closes the duty to do so.
pub fn publish_result(tx: &mut Tx, op: &Op, task_id: i64) -> Outcome<Notice> {
    let task = inspect::service::task(tx, op, task_id)?;
    if task.state != "done" {
        let detail = format!("任务 {} 还没有检查结果，不能公示。", task.task_no);
        return Err(Fault::new(
            FaultKind::Conflict,
            "publish.result.not-recorded",
            detail,
        ));
    }
    let plan = inspect::service::plan(tx, op, task.plan_id)?;
    let results = inspect::service::results(tx, op, task_id)?;
    let departments = office::service::departments(tx)?;
    let law = op.pack.on(task.done_on.unwrap_or_else(|| op.today()));
    let new = NewNotice {
        kind: RESULT,
        subject: format!("task:{task_id}"),
        number: task.task_no.clone(),
        entity: Some((task.entity_id, task.subject_no.clone())),
        title: format!("{}抽查检查结果", task.name),
        body: rules::result_body(&law, &plan, &task, &results, &departments),
        department: task.department.clone(),
        division: task.division.clone(),
        term: None,
    };
    let notice = publish(tx, op, new)?;
    duty::done(tx, op, DUTY, &format!("task:{task_id}"))?;
    Ok(notice)
}

/// Publishes every recorded result that is not public yet. Returns how many.
pub fn publish_due_results(tx: &mut Tx, op: &Op) -> Outcome<u64> {
    let (mut after, mut published) = (0, 0);
    loop {
        let page = inspect::service::done_after(tx, after, PAGE)?;
        let Some(last) = page.last() else {
            return Ok(published);
        };
        after = *last;
        let subjects: Vec<String> = page.iter().map(|task_id| format!("task:{task_id}")).collect();
        let known: HashSet<String> = store::published(tx, RESULT, &subjects)?.into_iter().collect();
        for (task_id, subject) in page.iter().zip(&subjects) {
            if !known.contains(subject) {
                publish_result(tx, op, *task_id)?;
                published += 1;
            }
        }
    }
}

/// Publishes the notice of an approved plan.
pub fn publish_plan(tx: &mut Tx, op: &Op, plan_id: i64) -> Outcome<Notice> {
    let plan = inspect::service::plan(tx, op, plan_id)?;
    let departments = office::service::departments(tx)?;
    let new = NewNotice {
        kind: PLAN,
        subject: format!("plan:{plan_id}"),
        number: plan.plan_no.clone(),
        entity: None,
        title: plan.title.clone(),
        body: rules::plan_body(&plan, &departments),
        department: plan.department,
        division: plan.division,
        term: None,
    };
    publish(tx, op, new)
}

/// Publishes an announcement of a department.
pub fn announce(tx: &mut Tx, op: &Op, new: &NewAnnouncement) -> Outcome<Notice> {
    let department = office::service::department(tx, &new.department)?;
    let number = tx.next_id()?;
    let notice = NewNotice {
        kind: ANNOUNCEMENT,
        subject: format!("announcement:{number}"),
        number: number.to_string(),
        entity: None,
        title: new.title.clone(),
        body: json!({ "title": new.title, "text": new.text }),
        department: department.department_id,
        division: department.division,
        term: new.term.clone(),
    };
    publish(tx, op, notice)
}

/// One notice, for the desk.
pub fn notice(tx: &mut Tx, op: &Op, notice_id: i64) -> Outcome<Notice> {
    store::notice(tx, notice_id)?.ok_or_else(Fault::hidden)?.open(op)
}

/// Notices before a number, newest first, for the desk: also those withdrawn or over.
pub fn notices(tx: &mut Tx, op: &Op, before: i64, limit: i64) -> Outcome<Page<Notice>> {
    let key = |notice: &Notice| notice.notice_id;
    paged(tx, &op.actor.scope, (before, limit), key, |tx, before, chunk| {
        store::notices(tx, *before, chunk)
    })
}

/// Notices of a kind as the public sees them, newest first.
pub fn public_notices(
    tx: &mut Tx,
    op: &Op,
    kind: &str,
    before: i64,
    limit: i64,
) -> Outcome<Vec<PublicNotice>> {
    let notices = store::public_notices(tx, kind, before, limit, op.today())?;
    Ok(notices.into_iter().map(PublicNotice::from).collect())
}

/// The public notice of a plan by the plan's number.
pub fn public_plan(tx: &mut Tx, op: &Op, plan_no: &str) -> Outcome<PublicNotice> {
    let plan = inspect::service::plan_by_no(tx, &reader(op), plan_no)?;
    public_about(tx, op, PLAN, &format!("plan:{}", plan.plan_id))
}

fn public_about(tx: &mut Tx, op: &Op, kind: &str, subject: &str) -> Outcome<PublicNotice> {
    let notice = store::about(tx, kind, subject)?.ok_or_else(Fault::hidden)?;
    let shown = notice.until_on.is_none_or(|day| day >= op.today());
    if shown {
        Ok(notice.into())
    } else {
        Err(Fault::hidden())
    }
}

/// Published draws, newest first.
pub fn public_draws(tx: &mut Tx, op: &Op, before: i64, limit: i64) -> Outcome<Vec<PublicDraw>> {
    let notices = store::public_notices(tx, COMMITMENT, before, limit, op.today())?;
    let draw = |notice: Notice| PublicDraw {
        draw_id: notice
            .subject
            .rsplit(':')
            .next()
            .and_then(|id| id.parse().ok())
            .unwrap_or(0),
        notice_id: notice.notice_id,
        number: notice.number,
        title: notice.title,
        document: notice.document,
        published_at: notice.published_at,
    };
    Ok(notices.into_iter().map(draw).collect())
}

/// The documents of a published draw.
pub fn public_documents(tx: &mut Tx, op: &Op, draw_id: i64) -> Outcome<DrawDocuments> {
    public_about(tx, op, COMMITMENT, &format!("draw:{draw_id}"))?;
    inspect::service::documents(tx, draw_id)
}

/// The file to verify a published draw with.
pub fn public_transcript(tx: &mut Tx, op: &Op, keys: &Keys, draw_id: i64) -> Outcome<proof::draw::Sealed> {
    public_about(tx, op, COMMITMENT, &format!("draw:{draw_id}"))?;
    inspect::service::sealed_transcript(tx, keys, draw_id)
}

/// What the public may know of an entity: public statements of its file, and notices about it.
pub fn public_entity(tx: &mut Tx, op: &Op, subject_no: &str) -> Outcome<PublicEntity> {
    let file = registry::service::credit_file(tx, &reader(op), subject_no, None)?;
    let (subject_no, name) = (file.entity.subject_no.clone(), file.entity.name.clone());
    let notices = store::public_of(tx, &subject_no, i64::MAX, MOST_OF_ENTITY, op.today())?;
    let law = op.pack.on(op.today());
    Ok(PublicEntity {
        subject_no,
        name,
        statements: rules::statements(&law, file, op.today()),
        notices: notices.into_iter().map(PublicNotice::from).collect(),
    })
}

/// A page of entities the public finds by name or code.
pub fn public_found(
    house: &House,
    tx: &mut Tx,
    op: &Op,
    words: &str,
    cursor: Option<&str>,
    limit: i64,
) -> Outcome<Found<PublicFound>> {
    let find = Find {
        words: words.to_owned(),
        ..Find::default()
    };
    let found = registry::service::find::find(house, tx, &reader(op), &find, cursor, limit)?;
    Ok(found.map(|entity| PublicFound {
        subject_no: entity.subject_no,
        name: entity.name,
    }))
}

/// The public reaches no row by itself; the program reads for it and shows only what is public.
fn reader(op: &Op) -> Op {
    Op {
        actor: Actor::system("publish"),
        ..op.clone()
    }
}

fn tell(
    tx: &mut Tx,
    op: &Op,
    notice: &Notice,
    verb: &'static str,
    kind: Option<&str>,
    why: Option<&str>,
) -> Outcome<()> {
    let subject = format!("notice:{}", notice.notice_id);
    let told = ledger::Event {
        verb,
        subject: subject.clone(),
        entity_id: notice.entity_id,
        division: Some(notice.division.clone()),
        department: Some(notice.department.clone()),
        payload: json!({
            "notice_id": notice.notice_id, "kind": notice.kind, "subject": notice.subject, "number": notice.number,
            "why": why,
        }),
        public: kind.map(|kind| PublicLeaf {
            kind: kind.to_owned(),
            subject,
            document: notice.document.clone(),
        }),
    };
    ledger::append(tx, op, told).map(drop)
}
