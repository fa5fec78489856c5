//! The tree over all events, and its pages: incremental download by position with proof that nothing is missing.
use db::Tx;
use kernel::{Fault, FaultKind, Outcome};
use proof::feed::{self, Entry, Page, State};
use proof::merkle::CompactRange;
use proof::{Digest, ProofError, Suite, canonical};

use super::model::FeedEvent;
use super::store;
use crate::hall::keys::{Keys, proof_fault, time_text};
use crate::hall::{House, Op, command, ledger};

/// Events that enter the tree in one transaction.
const BATCH: i64 = 2_000;
/// Most events on a page.
pub const MOST: i64 = 1_000;
/// Bytes of events after which a page ends before its last position, so that whoever follows need not hold more.
const MOST_BYTES: usize = 8 << 20;

/// Lets sealed events enter the tree. Returns how many did.
pub fn extend(house: &House, op: &Op) -> Outcome<u64> {
    let mut entered = 0;
    loop {
        let done = command(house, op, |tx, _| extend_batch(tx, &house.keys))?;
        entered += done;
        if done < BATCH.unsigned_abs() {
            return Ok(entered);
        }
    }
}

fn extend_batch(tx: &mut Tx, keys: &Keys) -> Outcome<u64> {
    tx.lock("hall_feed", 0)?;
    let mut range = range(tx, keys.suite, i64::MAX)?;
    let from = number(range.size());
    let mut leaves = Vec::new();
    for (event, _) in store::events(tx, from, i64::MAX, BATCH)? {
        let hash = feed::leaf(keys.suite, &text(keys, event.clone())?);
        range.append(hash);
        leaves.push((event.position, hash));
    }
    if !leaves.is_empty() {
        store::save_leaves(tx, &leaves)?;
        store::save_mark(tx, &mark(&range))?;
    }
    Ok(range.size() - from.unsigned_abs())
}

fn number(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

fn mark(range: &CompactRange) -> store::Mark {
    let nodes: Vec<String> = range.nodes().iter().map(Digest::to_string).collect();
    (number(range.size()), range.root().to_string(), nodes.join(","))
}

/// The tree at the newest mark up to a size.
fn range(tx: &mut Tx, suite: Suite, upto: i64) -> Outcome<CompactRange> {
    let Some((size, _, nodes)) = store::mark(tx, upto)? else {
        return Ok(CompactRange::new(suite));
    };
    let nodes: Option<Vec<Digest>> = nodes.split(',').map(Digest::from_hex).collect();
    nodes
        .and_then(|nodes| CompactRange::from_parts(suite, size.unsigned_abs(), nodes))
        .ok_or_else(|| Fault::internal("事件目录的标记损坏", std::io::Error::other("bad nodes")))
}

/// How many events are in the tree.
pub fn height(tx: &mut Tx) -> Outcome<i64> {
    Ok(store::mark(tx, i64::MAX)?.map_or(0, |mark| mark.0))
}

/// The text of an event as it is hashed and handed out.
fn text(keys: &Keys, mut event: FeedEvent) -> Outcome<String> {
    event.salt = hex::encode(&keys.derived(&format!("feed.salt:{}", event.position))[..16]);
    let bytes = match canonical::to_vec(&event) {
        // A payload with a number no reader would agree on is handed out as text.
        Err(ProofError::NotCanonical(_)) => {
            event.payload = serde_json::Value::String(event.payload.to_string());
            canonical::to_vec(&event)
        }
        bytes => bytes,
    };
    let bytes = bytes.map_err(|fault| proof_fault(&fault))?;
    String::from_utf8(bytes).map_err(|e| Fault::internal("事件无法写出", e))
}

/// What a download asks for.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// The position before the first.
    pub after: i64,
    /// Most positions on the page.
    pub limit: i64,
    /// Kinds of event wanted in full, like those of a subscriber; empty for all.
    pub verbs: Vec<String>,
}

/// A page of the feed. Refuses to hand out an event that is no longer what entered the tree.
pub fn page(tx: &mut Tx, op: &Op, keys: &Keys, asked: &Asked) -> Outcome<Page> {
    let height = height(tx)?;
    if asked.after < 0 || asked.after > height {
        let detail = format!(
            "位置 {} 之后没有事件：现在共有 {height} 个。若平台是从备份恢复的，请与平台管理人员核对后从头下载。",
            asked.after
        );
        return Err(Fault::new(FaultKind::Invalid, "hall.feed.position", detail));
    }
    let end = asked.after.saturating_add(asked.limit.clamp(1, MOST)).min(height);
    let leaves = store::leaves(tx, asked.after, end)?;
    let events = store::events(tx, asked.after, end, MOST)?;
    if leaves.len() != events.len() || number(u64::try_from(leaves.len()).unwrap_or(0)) != end - asked.after {
        return Err(altered(asked.after));
    }
    let wants = |verb: &str| {
        let wanted = |want: &String| want == verb || (want.ends_with('.') && verb.starts_with(want.as_str()));
        asked.verbs.is_empty() || asked.verbs.iter().any(wanted)
    };
    let mut entries = Vec::with_capacity(leaves.len());
    let mut bytes = 0;
    for (hash, (event, place)) in leaves.iter().zip(events) {
        if bytes >= MOST_BYTES {
            break;
        }
        let position = event.position;
        let shown = wants(&event.verb) && op.actor.scope.covers(&place);
        let data = text(keys, event)?;
        if feed::leaf(keys.suite, &data) != *hash {
            return Err(altered(position));
        }
        bytes += if shown { data.len() } else { 0 };
        entries.push(Entry {
            position: position.unsigned_abs(),
            data: shown.then_some(data),
            hash: (!shown).then_some(*hash),
        });
    }
    let end = asked.after + number(u64::try_from(entries.len()).unwrap_or(0));
    let range = range_at(tx, keys.suite, end)?;
    let state = State::sign(&keys.platform, range.size(), range.root(), time_text(op.at)?)
        .map_err(|fault| proof_fault(&fault))?;
    Ok(Page {
        suite: keys.suite.name().to_owned(),
        after: asked.after.unsigned_abs(),
        height: height.unsigned_abs(),
        entries,
        state,
    })
}

/// The tree at exactly a size: the newest mark before it, and the leaves from there.
fn range_at(tx: &mut Tx, suite: Suite, size: i64) -> Outcome<CompactRange> {
    let mut range = range(tx, suite, size)?;
    for leaf in store::leaves(tx, number(range.size()), size)? {
        range.append(leaf);
    }
    Ok(range)
}

fn altered(position: i64) -> Fault {
    let detail = format!(
        "位置 {position} 附近的事件与登记时的摘要不符：数据库可能被改动过。请停止使用这份数据，并与平台管理人员核对。"
    );
    Fault::new(FaultKind::Conflict, "hall.feed.altered", detail)
}

/// Recomputes the whole tree from the events and compares it with the newest mark. Returns its size.
pub fn check(tx: &mut Tx, keys: &Keys) -> Outcome<u64> {
    let mut range = CompactRange::new(keys.suite);
    let Some((size, root, _)) = store::mark(tx, i64::MAX)? else {
        return Ok(0);
    };
    loop {
        let after = number(range.size());
        let page = store::events(tx, after, size, BATCH)?;
        if page.is_empty() {
            break;
        }
        for (event, _) in page {
            if event.position != number(range.size()) + 1 {
                return Err(altered(event.position));
            }
            range.append(feed::leaf(keys.suite, &text(keys, event)?));
        }
    }
    if number(range.size()) != size || range.root().to_string() != root {
        return Err(altered(number(range.size())));
    }
    Ok(range.size())
}

/// How many events wait to enter the tree.
pub fn waiting(tx: &mut Tx) -> Outcome<i64> {
    Ok(ledger::height(tx)? - height(tx)?)
}
