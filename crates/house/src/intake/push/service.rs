//! Commands and queries of pushing on.
use std::time::Duration;

use chrono::Duration as Span;
use db::Tx;
use kernel::{Fault, FaultKind, Instant, Outcome};
use serde::Deserialize;
use serde_json::{Value, json};

use super::model::{NewTarget, Push, PushRefusal, Share, Target, permille};
use super::store::{self, Ended};
use crate::hall::feed::hooks::check_url;
use crate::hall::feed::model::{Call, Carrier, Reply};
use crate::hall::ledger::{self, Event};
use crate::hall::{House, Op, command, files, query, whole_house};
use crate::intake::model::{Record, Relation};

/// Most records in one push.
const MOST: i64 = 5_000;
/// How long the other side may take over one call.
const PATIENCE: Duration = Duration::from_mins(2);
/// Seconds until a push that the other side still works on is asked about again.
const ASK_AGAIN: i64 = 2;
/// Seconds until a target with nothing to send is looked at again.
const LOOK_AGAIN: i64 = 15;
/// Seconds before the next try, by the number of failures so far; the last one repeats.
const PAUSES: [i64; 7] = [5, 30, 120, 600, 1_800, 3_600, 10_800];

/// Where the token of a target lies in the data folder; it never enters the database.
fn token_file(target_id: i64) -> String {
    format!("push-{target_id}.token")
}

/// Adds a target. Its token is kept in the data folder, readable by its owner only.
pub fn add(house: &House, op: &Op, new: &NewTarget) -> Outcome<Target> {
    check_url(&new.url)?;
    let plain = |text: &str, most: usize| !text.trim().is_empty() && text.chars().count() <= most;
    if !plain(&new.name, 60) || !plain(&new.supplier, 60) || !plain(&new.token, 500) {
        let detail = "上报目标须有名称、本平台在上级平台的部门编号和访问令牌。";
        return Err(Fault::invalid("intake.target.incomplete", detail));
    }
    // Both become part of the addresses that are called.
    let fits = |text: &str| {
        text.bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    if new.url.contains(['?', '#']) || !fits(new.supplier.trim()) {
        let detail = "上级平台地址只写到路径为止，不带“?”和“#”；部门编号只能由字母、数字和“-”“_”“.”组成。";
        return Err(Fault::invalid("intake.target.address", detail));
    }
    let target_id = command(house, op, |tx, op| {
        whole_house(op)?;
        super::super::service::known_item(&op.pack.on(op.today()), &new.item)?;
        tx.lock("intake_target", 0)?;
        if store::targets(tx)?
            .iter()
            .any(|target| target.name == new.name.trim())
        {
            let detail = format!("已有名为“{}”的上报目标。请换一个名称，或先移除原来的。", new.name);
            return Err(Fault::conflict("intake.target.taken", detail));
        }
        let position = if new.from_now {
            super::super::service::last_record(tx)?
        } else {
            0
        };
        let target_id = tx.next_id()?;
        // Before the commit: a target without its token would only fail, a token without its target harms nobody.
        files::write_secret(
            &house.folder.path(&token_file(target_id)),
            new.token.trim().as_bytes(),
        )?;
        store::save_target(tx, op, target_id, new, position)?;
        tell(
            tx,
            op,
            "intake.target-added",
            target_id,
            json!({ "name": new.name, "item": new.item }),
        )?;
        Ok(target_id)
    })?;
    query(house, op, |tx, _| target(tx, target_id))
}

fn target(tx: &mut Tx, target_id: i64) -> Outcome<Target> {
    store::target(tx, target_id)?.ok_or_else(Fault::hidden)
}

fn tell(tx: &mut Tx, op: &Op, verb: &'static str, target_id: i64, payload: Value) -> Outcome<()> {
    let event = Event {
        verb,
        subject: format!("target:{target_id}"),
        payload,
        ..Event::default()
    };
    ledger::append(tx, op, event).map(drop)
}

/// `active`, `paused` or `removed`; after `removed` comes [`forget_token`].
pub fn set_state(tx: &mut Tx, op: &Op, target_id: i64, state: &str) -> Outcome<()> {
    whole_house(op)?;
    let name = target(tx, target_id)?.name;
    let verb = match state {
        "active" => "intake.target-resumed",
        "paused" => "intake.target-paused",
        "removed" => "intake.target-removed",
        _ => {
            let detail = "上报目标的状态只能是 active、paused 或 removed。";
            return Err(Fault::new(FaultKind::Malformed, "intake.target.state", detail));
        }
    };
    store::set_state(tx, target_id, state, op.at)?;
    tell(tx, op, verb, target_id, json!({ "name": name }))
}

/// Takes the token of a target away that was removed: nobody calls with it any more.
pub fn forget_token(house: &House, target_id: i64) -> Outcome<()> {
    house.folder.remove(&token_file(target_id))
}

/// What became of each target's records.
pub fn shares(tx: &mut Tx, op: &Op) -> Outcome<Vec<Share>> {
    whole_house(op)?;
    let targets = store::targets(tx)?;
    targets.into_iter().map(|target| share(tx, target)).collect()
}

fn share(tx: &mut Tx, target: Target) -> Outcome<Share> {
    let (pushed, acknowledged, refused, taken) = store::sums(tx, target.target_id)?;
    let received = taken + store::waiting(tx, &target.item, target.position)?;
    Ok(Share {
        received,
        pushed,
        acknowledged,
        refused,
        pushed_permille: permille(pushed, received),
        acknowledged_permille: permille(acknowledged, received),
        target,
    })
}

/// Pushes of a target, newest first.
pub fn pushes(tx: &mut Tx, op: &Op, target_id: i64, before: i64, limit: i64) -> Outcome<Vec<Push>> {
    whole_house(op)?;
    target(tx, target_id)?;
    store::pushes(tx, target_id, before, limit)
}

/// Rows a target refused, newest first.
pub fn refusals(tx: &mut Tx, op: &Op, target_id: i64, before: i64, limit: i64) -> Outcome<Vec<PushRefusal>> {
    whole_house(op)?;
    target(tx, target_id)?;
    store::refusals(tx, target_id, before, limit)
}

/// Serves the target that has waited longest by one step: fixes a push and sends it, or asks what became of it. Returns how
/// many steps were made: one, or none when nothing waits. Calls are made outside any transaction; whatever dies between a
/// call and its note is done again, and the other side recognises it.
pub fn serve(house: &House, op: &Op, carrier: &dyn Carrier) -> Outcome<u64> {
    let longest = PAUSES.into_iter().max().unwrap_or_default();
    let waits = [LOOK_AGAIN, longest].map(|seconds| op.at + Span::seconds(seconds));
    let due = query(house, op, |tx, _| store::due_targets(tx, op.at, waits))?;
    for target in due {
        let open = match query(house, op, |tx, _| store::open_push(tx, target.target_id))? {
            Some(push) => Some(push),
            None => command(house, op, |tx, op| fix(tx, op, &target))?,
        };
        let Some(push) = open else {
            let next = op.at + Span::seconds(LOOK_AGAIN);
            command(house, op, |tx, _| store::served(tx, target.target_id, next))?;
            continue;
        };
        let outcome = if push.state == "sending" {
            send(house, op, carrier, &target, &push)
        } else {
            follow_up(house, op, carrier, &target, &push)
        };
        match outcome {
            Ok(next) => command(house, op, |tx, _| store::served(tx, target.target_id, next))?,
            Err(why) => {
                let step = usize::try_from(target.failures)
                    .unwrap_or(usize::MAX)
                    .min(PAUSES.len() - 1);
                let next = op.at + Span::seconds(PAUSES.get(step).copied().unwrap_or(10_800));
                tracing::warn!(target = %target.name, push = push.push_id, why, "records could not be pushed on");
                command(house, op, |tx, _| store::failed(tx, target.target_id, &why, next))?;
            }
        }
        return Ok(1);
    }
    Ok(0)
}

/// Fixes the next push of a target: which records it holds.
fn fix(tx: &mut Tx, op: &Op, target: &Target) -> Outcome<Option<Push>> {
    let Some((batch_id, _, _)) = store::next_batch(tx, &target.item, target.position)? else {
        return Ok(None);
    };
    let records = super::super::service::records_in(tx, batch_id, target.position, MOST)?;
    let (Some(first), Some(last)) = (records.first(), records.last()) else {
        return Ok(None);
    };
    let count = i64::try_from(records.len()).unwrap_or(i64::MAX);
    let push_id = tx.next_id()?;
    let range = (first.record_id, last.record_id, count);
    store::save_push(tx, push_id, target.target_id, range, op.at)?;
    store::open_push(tx, target.target_id)
}

/// The records of a push. They never change, so they are the same each time.
fn records(tx: &mut Tx, target: &Target, push: &Push) -> Outcome<Vec<Record>> {
    let before = push.first_record - 1;
    let Some((batch_id, _, _)) = store::next_batch(tx, &target.item, before)? else {
        return Ok(Vec::new());
    };
    let mut records = super::super::service::records_in(tx, batch_id, before, MOST)?;
    records.retain(|record| record.record_id <= push.last_record);
    Ok(records)
}

/// The rows of a push as CSV.
struct Sheet {
    text: Vec<u8>,
    /// On which line each record begins: a text may go over several.
    lines: Vec<i64>,
}

/// The rows of a push as CSV under the catalogue's field names, one row a record.
fn sheet(op: &Op, target: &Target, push: &Push, records: &[Record]) -> Outcome<Sheet> {
    let law = op.pack.on(crate::hall::local_day(push.created_at));
    let item = law.item(&target.item)?.value;
    let broken = |e| Fault::internal("上报文件无法写出", e);
    let names: Vec<&str> = item.fields.iter().map(|field| field.name.as_str()).collect();
    let own = names.contains(&"subject_no");
    let mut writer = csv::Writer::from_writer(Vec::new());
    let heading = (!own)
        .then_some("subject_no")
        .into_iter()
        .chain(names.iter().copied());
    writer
        .write_record(heading.chain(["操作"]))
        .map_err(|e| broken(std::io::Error::other(e)))?;
    let mut lines = Vec::with_capacity(records.len());
    let mut line = 2;
    for record in records {
        let cell = |name: &&str| match (*name, record.payload.get(*name)) {
            ("subject_no", _) => record.subject_no.clone(),
            (_, Some(Value::String(text))) => text.clone(),
            (_, None | Some(Value::Null)) => String::new(),
            (_, Some(other)) => other.to_string(),
        };
        let deed = if record.relation == Relation::Withdraws {
            "撤销"
        } else {
            ""
        };
        let subject = (!own).then(|| record.subject_no.clone());
        let cells = subject.into_iter().chain(names.iter().map(cell));
        let cells: Vec<String> = cells.chain([deed.to_owned()]).collect();
        writer
            .write_record(&cells)
            .map_err(|e| broken(std::io::Error::other(e)))?;
        lines.push(line);
        line += 1 + cells.iter().map(|cell| breaks(cell)).sum::<i64>();
    }
    let text = writer
        .into_inner()
        .map_err(|e| broken(std::io::Error::other(e.to_string())))?;
    Ok(Sheet { text, lines })
}

/// How many lines of a file end within a cell.
fn breaks(cell: &str) -> i64 {
    let pairs = cell.matches("\r\n").count();
    i64::try_from(cell.matches(['\r', '\n']).count() - pairs).unwrap_or(i64::MAX)
}

#[derive(Deserialize)]
struct Receipt {
    batch_id: i64,
}

#[derive(Deserialize)]
struct Remote {
    state: String,
    rows_accepted: i64,
    rows_unchanged: i64,
    rows_refused: i64,
    note: Option<String>,
}

#[derive(Deserialize)]
struct RemoteRefusal {
    line: i64,
    field: String,
    reason: String,
}

#[derive(Deserialize)]
struct RemotePage {
    items: Vec<RemoteRefusal>,
    next: Option<String>,
}

fn call(
    house: &House,
    target: &Target,
    method: &'static str,
    path: &str,
    body: Vec<u8>,
) -> Result<Call, String> {
    let token = house
        .folder
        .read(&token_file(target.target_id))
        .map_err(|fault| format!("访问令牌无法读取：{}", fault.detail))?;
    Ok(Call {
        method,
        url: format!("{}{path}", target.url),
        headers: vec![
            (
                "authorization".into(),
                format!("Bearer {}", String::from_utf8_lossy(&token)),
            ),
            ("content-type".into(), "application/octet-stream".into()),
        ],
        body,
        patience: PATIENCE,
    })
}

fn answer<T: serde::de::DeserializeOwned>(reply: &Reply) -> Result<T, String> {
    if reply.status != 200 {
        let said: String = String::from_utf8_lossy(&reply.body).chars().take(200).collect();
        return Err(format!("对方答复 HTTP {}：{said}", reply.status));
    }
    serde_json::from_slice(&reply.body).map_err(|e| format!("对方的应答无法识别（{e}）"))
}

/// Hands the push over. Returns when to go on.
fn send(
    house: &House,
    op: &Op,
    carrier: &dyn Carrier,
    target: &Target,
    push: &Push,
) -> Result<Instant, String> {
    let ours = |fault: Fault| format!("本平台出错：{}", fault.detail);
    let body = query(house, op, |tx, op| {
        let records = records(tx, target, push)?;
        Ok(sheet(op, target, push, &records)?.text)
    })
    .map_err(ours)?;
    let path = format!(
        "/api/v1/intake/batches?item={}&supplier={}&file_name=push-{}.csv",
        target.item, target.supplier, push.push_id
    );
    // The content is in the key: the records never change, but their columns follow the catalogue, and after a new pack the
    // other side would take the same key for another question for ever. It knows the rows again by themselves.
    let digest = op.suite.hash(&body).to_string();
    let once = format!(
        "push-{}-{}-{}",
        push.push_id,
        push.first_record,
        digest.get(..16).unwrap_or_default()
    );
    let mut call = call(house, target, "POST", &path, body)?;
    call.headers.push(("idempotency-key".into(), once));
    let receipt: Receipt = answer(&carrier.send(&call)?)?;
    command(house, op, |tx, op| {
        store::received(tx, push.push_id, receipt.batch_id, op.at)
    })
    .map_err(ours)?;
    Ok(op.at + Span::seconds(ASK_AGAIN))
}

/// Asks what became of a push. Returns when to go on.
fn follow_up(
    house: &House,
    op: &Op,
    carrier: &dyn Carrier,
    target: &Target,
    push: &Push,
) -> Result<Instant, String> {
    let ours = |fault: Fault| format!("本平台出错：{}", fault.detail);
    let path = format!("/api/v1/intake/batches/{}", push.remote.unwrap_or(0));
    let remote: Remote = answer(&carrier.send(&call(house, target, "GET", &path, Vec::new())?)?)?;
    let (state, refused) = match remote.state.as_str() {
        "applied" => ("acknowledged", remote.rows_refused),
        "refused" => ("refused", push.records),
        _ => return Ok(op.at + Span::seconds(ASK_AGAIN)),
    };
    let rows = if remote.rows_refused > 0 {
        refused_rows(house, carrier, target, &path)?
    } else {
        Vec::new()
    };
    let accepted = remote.rows_accepted + remote.rows_unchanged;
    command(house, op, |tx, op| {
        let records = records(tx, target, push)?;
        let lines = sheet(op, target, push, &records)?.lines;
        let refusals: Vec<PushRefusal> = rows
            .iter()
            .filter_map(|row| refusal(push, (&records, &lines), row))
            .collect();
        store::save_refusals(tx, &refusals)?;
        let ended = Ended {
            state,
            accepted,
            refused,
            fault: remote.note.as_deref(),
        };
        store::ended(tx, push.push_id, &ended, op.at)?;
        let payload =
            json!({ "push_id": push.push_id, "item": target.item, "accepted": accepted, "refused": refused });
        tell(tx, op, "intake.push-ended", target.target_id, payload)
    })
    .map_err(ours)?;
    Ok(op.at)
}

/// A refused row of the other side as a record of ours: the one that begins on its line, or holds it.
fn refusal(push: &Push, (records, lines): (&[Record], &[i64]), row: &RemoteRefusal) -> Option<PushRefusal> {
    let place = lines.partition_point(|line| *line <= row.line).checked_sub(1)?;
    Some(PushRefusal {
        push_id: push.push_id,
        record_id: records.get(place)?.record_id,
        field: row.field.clone(),
        reason: row.reason.clone(),
    })
}

fn refused_rows(
    house: &House,
    carrier: &dyn Carrier,
    target: &Target,
    batch: &str,
) -> Result<Vec<RemoteRefusal>, String> {
    let mut rows = Vec::new();
    let mut cursor = String::new();
    loop {
        let path = format!("{batch}/refusals?limit=200{cursor}");
        let page: RemotePage = answer(&carrier.send(&call(house, target, "GET", &path, Vec::new())?)?)?;
        rows.extend(page.items);
        match page.next {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(rows),
        }
    }
}
