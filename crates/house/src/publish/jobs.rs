//! What publication hears of on the ledger: approved plans and the documents of draws are published by themselves.
use db::Tx;
use kernel::{Fault, Outcome};
use serde_json::{Value, json};

use super::model::{COMMITMENT, NewNotice, TRANSCRIPT, VOID};
use super::service;
use crate::hall::ledger::Reader;
use crate::hall::{Op, Told};
use crate::inspect;

/// Publishes plans and the documents of draws.
pub struct PublishDocuments;

impl Reader for PublishDocuments {
    fn name(&self) -> &'static str {
        "publish.documents"
    }

    fn verbs(&self) -> &'static [&'static str] {
        &[
            "inspect.plan-approved",
            "inspect.draw-committed",
            "inspect.draw-drawn",
            "inspect.draw-voided",
        ]
    }

    fn read(&self, tx: &mut Tx, op: &Op, event: &Told) -> Outcome<()> {
        let number = |field: &str| event.payload.get(field).and_then(Value::as_i64);
        let Some(plan_id) = number("plan_id") else {
            return Ok(());
        };
        match (event.verb.as_str(), number("draw_id")) {
            ("inspect.plan-approved", _) => service::publish_plan(tx, op, plan_id).map(drop),
            ("inspect.draw-committed", Some(draw_id)) => document(tx, op, (plan_id, draw_id), COMMITMENT),
            ("inspect.draw-drawn", Some(draw_id)) => document(tx, op, (plan_id, draw_id), TRANSCRIPT),
            ("inspect.draw-voided", Some(draw_id)) => document(tx, op, (plan_id, draw_id), VOID),
            _ => Ok(()),
        }
    }
}

fn document(tx: &mut Tx, op: &Op, (plan_id, draw_id): (i64, i64), kind: &'static str) -> Outcome<()> {
    let plan = inspect::service::plan(tx, op, plan_id)?;
    let documents = inspect::service::documents(tx, draw_id)?;
    let (words, body) = match kind {
        COMMITMENT => ("抽取承诺书", Some(documents.commitment)),
        VOID => ("抽取作废书", documents.void),
        _ => {
            let signature = documents.signature;
            (
                "抽取记录",
                documents
                    .transcript
                    .map(|it| json!({ "transcript": it, "signature": signature })),
            )
        }
    };
    let body = body.ok_or_else(|| Fault::internal("抽取文书缺失", std::io::Error::other(kind)))?;
    let new = NewNotice {
        kind,
        subject: format!("draw:{draw_id}"),
        number: format!("{}#{}", documents.plan_no, documents.attempt),
        entity: None,
        title: format!("{}{words}（第 {} 次）", plan.title, documents.attempt),
        body,
        department: plan.department,
        division: plan.division,
        term: None,
    };
    service::publish(tx, op, new).map(drop)
}
