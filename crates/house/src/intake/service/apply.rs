//! Applying: one transaction turns the staged rows of a batch into records, or leaves everything as it was.
use std::collections::HashMap;

use db::Tx;
use kernel::{Fault, FaultKind, Outcome};
use policy::ItemMode;
use serde_json::json;

use super::super::model::{Batch, Refusal, Relation};
use super::super::store::{self, NewRecord, Staged, Sums};
use crate::hall::{Op, ledger};

/// Rows turned into records at a time.
const PAGE: i64 = 5_000;

/// Turns a staged batch into records. Applying an applied batch changes nothing.
///
/// Batches are applied one after another (advisory lock), so the numbers of records grow in the order in which
/// they become visible: a number is a position.
pub fn apply(tx: &mut Tx, op: &Op, batch_id: i64) -> Outcome<Batch> {
    tx.lock("intake_apply", 0)?;
    let batch = super::batch(tx, batch_id)?;
    match batch.state.as_str() {
        "staged" => {}
        "received" => {
            let detail = format!("批次 {batch_id} 还没有读完，不能入库。");
            return Err(Fault::new(FaultKind::Conflict, "intake.batch.not-staged", detail));
        }
        _ => return Ok(batch),
    }
    let law = op.pack.on(crate::hall::local_day(batch.received_at));
    let item = law.item(&batch.item)?.value;
    store::number_subjects(tx, batch_id)?;
    let mut sums = Sums {
        accepted: 0,
        unchanged: 0,
        refused: 0,
        first: None,
        last: None,
    };
    let mut after = 0;
    loop {
        let page = store::stage_page(tx, &batch, item.ends.as_deref(), after, PAGE)?;
        let Some(last) = page.last() else { break };
        after = last.line;
        let rule = Rule {
            ends: item.ends.is_some(),
            state: item.mode == ItemMode::State,
        };
        page_of_records(tx, &batch, &rule, &page, &mut sums)?;
    }
    store::clear_stage(tx, batch_id)?;
    store::applied(tx, batch_id, &sums, op.at)?;
    let told = ledger::Event {
        verb: "intake.batch-applied",
        subject: format!("batch:{batch_id}"),
        department: Some(batch.supplier.clone()),
        payload: json!({
            "batch_id": batch_id, "item": batch.item, "accepted": sums.accepted, "unchanged": sums.unchanged,
            "refused": batch.rows_refused + sums.refused, "first": sums.first, "last": sums.last,
        }),
        ..ledger::Event::default()
    };
    ledger::append(tx, op, told)?;
    super::batch(tx, batch_id)
}

/// What the item's mode says of rows.
struct Rule {
    /// Rows of this item end records of another.
    ends: bool,
    /// The newest row replaces the former by itself, without naming it.
    state: bool,
}

/// What a row under a known or new key becomes.
enum Fate {
    Unchanged,
    Refused(Refusal),
    Record(Relation, Option<i64>),
}

fn fate(rule: &Rule, row: &Staged, former: Option<&(i64, String)>) -> Fate {
    match former {
        Some((_, digest)) if *digest == row.digest => Fate::Unchanged,
        Some((record_id, _)) if row.withdraws => Fate::Record(Relation::Withdraws, Some(*record_id)),
        None if row.withdraws => Fate::Refused(refusal(
            row,
            "intake.withdrawal.unknown",
            "要撤销的记录不存在，或已经撤销。",
            None,
        )),
        _ if rule.state => Fate::Record(Relation::None, None),
        _ if rule.ends => match row.ended {
            Some(ended) => Fate::Record(Relation::Ends, Some(ended)),
            None => Fate::Refused(refusal(
                row,
                "intake.end.unknown",
                "没有找到要移出（修复）的那条记录。",
                Some("请核对决定书文号，并先提交原来的列入（处罚）记录。"),
            )),
        },
        Some((record_id, _)) => Fate::Record(Relation::Corrects, Some(*record_id)),
        None => Fate::Record(Relation::None, None),
    }
}

/// The first record of a chain of corrections. Taking a key back takes the whole chain back: what a supplier withdraws is
/// the fact, not the last wording of it.
fn first_of(tx: &mut Tx, corrections: &HashMap<i64, i64>, record_id: i64) -> Outcome<i64> {
    let mut first = record_id;
    loop {
        let corrected = match corrections.get(&first) {
            Some(named) => Some(*named),
            None => store::corrected_by(tx, first)?,
        };
        match corrected {
            Some(named) => first = named,
            None => return Ok(first),
        }
    }
}

fn refusal(row: &Staged, code: &str, reason: &str, suggestion: Option<&str>) -> Refusal {
    Refusal {
        line: row.line,
        field: "记录".into(),
        value: row.record_key.clone(),
        code: code.into(),
        reason: reason.into(),
        suggestion: suggestion.map(str::to_owned),
    }
}

fn page_of_records(tx: &mut Tx, batch: &Batch, rule: &Rule, page: &[Staged], sums: &mut Sums) -> Outcome<()> {
    let ids = tx.ids(page.len())?;
    // What earlier rows of this very page made of a key; `None`: taken back.
    let mut fresh: HashMap<(i64, &str), Option<(i64, String)>> = HashMap::new();
    // Corrections of this page, which the store does not know yet: record → the one it corrects.
    let mut corrections: HashMap<i64, i64> = HashMap::new();
    let mut records = Vec::with_capacity(page.len());
    let mut refused = Vec::new();
    for (row, record_id) in page.iter().zip(ids) {
        let key = (row.subject_id, row.record_key.as_str());
        let former = fresh.get(&key).map_or(row.former.as_ref(), Option::as_ref);
        match fate(rule, row, former) {
            Fate::Unchanged => sums.unchanged += 1,
            Fate::Refused(why) => {
                sums.refused += 1;
                refused.push(why);
            }
            Fate::Record(relation, names_id) => {
                let withdrawn = relation == Relation::Withdraws;
                let names_id = match names_id {
                    Some(named) if withdrawn => Some(first_of(tx, &corrections, named)?),
                    other => other,
                };
                if let (Relation::Corrects, Some(named)) = (relation, names_id) {
                    corrections.insert(record_id, named);
                }
                fresh.insert(key, (!withdrawn).then(|| (record_id, row.digest.clone())));
                let on_day = row
                    .on_day
                    .unwrap_or_else(|| crate::hall::local_day(batch.received_at));
                records.push(NewRecord {
                    record_id,
                    staged: row,
                    relation,
                    names_id,
                    on_day,
                });
            }
        }
    }
    store::refuse(tx, batch.batch_id, &refused)?;
    let (Some(first), Some(last)) = (
        records.first().map(|r| r.record_id),
        records.last().map(|r| r.record_id),
    ) else {
        return Ok(());
    };
    store::save_records(tx, batch, &records)?;
    store::make_current(tx, batch.batch_id, first, last)?;
    for ((subject_id, record_key), left) in &fresh {
        if left.is_none() {
            store::forget(tx, *subject_id, &batch.item, record_key)?;
        }
    }
    sums.accepted += i64::try_from(records.len()).unwrap_or(0);
    sums.first = sums.first.or(Some(first));
    sums.last = Some(last);
    Ok(())
}
