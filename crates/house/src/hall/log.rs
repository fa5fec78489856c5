//! The sequencer and the publication log: events get their positions after commit, in batches, so writers never
//! queue for a hash chain; their public parts become leaves of a Merkle log (RFC 9162) whose state the platform signs.
use db::Tx;
use kernel::{Fault, Instant, Outcome};
use proof::log::{Checkpoint, Entry, Extract, Leaf};
use proof::merkle::{self, CompactRange, Tree};
use proof::{Digest, Suite, canonical};

use super::keys::{Keys, proof_fault, time_text};
use super::{House, Op, command, store};

/// Events sealed in one transaction.
const BATCH: i64 = 2_000;

/// Gives every committed event its position and its place in the public log. Returns how many there were.
pub fn seal(house: &House, op: &Op) -> Outcome<usize> {
    let mut sealed = 0;
    loop {
        let done = command(house, op, |tx, op| seal_batch(tx, &house.keys, op.at))?;
        sealed += done;
        if done < usize::try_from(BATCH).unwrap_or(usize::MAX) {
            return Ok(sealed);
        }
    }
}

fn seal_batch(tx: &mut Tx, keys: &Keys, now: Instant) -> Outcome<usize> {
    tx.lock("hall_log", 0)?;
    let events = store::unsealed(tx, BATCH)?;
    if events.is_empty() {
        return Ok(0);
    }
    let mut position = store::last_position(tx)?;
    let mut range = range(tx, keys.suite)?;
    let before = range.size();
    for (event_id, at, public) in &events {
        position += 1;
        store::seal(tx, *event_id, position)?;
        let Some(public) = public else { continue };
        let document = Digest::from_hex(&public.document)
            .ok_or_else(|| Fault::internal("公开日志的文书摘要有误", std::io::Error::other("not a hash")))?;
        let leaf = Leaf {
            at: time_text(*at)?,
            document,
            kind: public.kind.clone(),
            subject: public.subject.clone(),
        };
        let data = canonical::to_vec(&leaf).map_err(|fault| proof_fault(&fault))?;
        let hash = merkle::leaf_hash(keys.suite, &data);
        let row = store::Leaf {
            index: number(range.size()),
            kind: leaf.kind,
            document: document.to_string(),
            data: String::from_utf8_lossy(&data).into_owned(),
        };
        store::save_leaf(tx, *event_id, &public.subject, &row, &hash.0)?;
        range.append(hash);
    }
    if range.size() > before {
        let signed = Checkpoint::sign(&keys.platform, range.size(), range.root(), time_text(now)?)
            .map_err(|fault| proof_fault(&fault))?;
        store::save_checkpoint(tx, &checkpoint_row(&signed, now, range.nodes()))?;
    }
    Ok(events.len())
}

fn number(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

fn checkpoint_row(signed: &Checkpoint, at: Instant, nodes: &[Digest]) -> store::CheckpointRow {
    store::CheckpointRow {
        size: number(signed.size),
        root: signed.root.to_string(),
        at,
        key: hex::encode(&signed.key.0),
        signature: hex::encode(&signed.signature.0),
        nodes: nodes.iter().map(Digest::to_string).collect::<Vec<_>>().join(","),
    }
}

/// The state of the log after the newest checkpoint, ready for more leaves.
fn range(tx: &mut Tx, suite: Suite) -> Outcome<CompactRange> {
    let Some(row) = store::checkpoint(tx)? else {
        return Ok(CompactRange::new(suite));
    };
    let nodes: Option<Vec<Digest>> = row.nodes.split(',').map(Digest::from_hex).collect();
    let size = u64::try_from(row.size).unwrap_or(0);
    nodes
        .and_then(|nodes| CompactRange::from_parts(suite, size, nodes))
        .ok_or_else(|| Fault::internal("公开日志的检查点损坏", std::io::Error::other("bad nodes")))
}

/// Refuses a database whose log another deployment signs: two platforms must never share one.
pub fn require_own(tx: &mut Tx, keys: &Keys) -> Outcome<()> {
    match checkpoint(tx)? {
        Some(signed) if signed.key.0 != keys.platform.public() => {
            let detail = "这个数据库的公开日志由另一个平台密钥签署，属于另一个数据文件夹。请改用它自己的数据文件夹，或换一个数据库。";
            Err(Fault::new(
                kernel::FaultKind::Conflict,
                "hall.database.other-deployment",
                detail,
            ))
        }
        _ => Ok(()),
    }
}

/// Refuses a database that already has a history: a new deployment begins with an empty one.
pub fn require_empty(tx: &mut Tx) -> Outcome<()> {
    if store::last_position(tx)? == 0 && store::unsealed(tx, 1)?.is_empty() {
        return Ok(());
    }
    let detail = "这个数据库中已有信衡的数据。请为新的部署准备一个空的数据库，或使用原来的数据文件夹。";
    Err(Fault::new(
        kernel::FaultKind::Conflict,
        "hall.database.taken",
        detail,
    ))
}

/// The newest signed state of the log.
pub fn checkpoint(tx: &mut Tx) -> Outcome<Option<Checkpoint>> {
    store::checkpoint(tx)?.as_ref().map(read_checkpoint).transpose()
}

fn read_checkpoint(row: &store::CheckpointRow) -> Outcome<Checkpoint> {
    let broken = |what: &'static str| Fault::internal("公开日志的检查点损坏", std::io::Error::other(what));
    Ok(Checkpoint {
        size: u64::try_from(row.size).map_err(|_| broken("size"))?,
        root: Digest::from_hex(&row.root).ok_or_else(|| broken("root"))?,
        at: time_text(row.at)?,
        key: proof::text::Hex(hex::decode(&row.key).map_err(|_| broken("key"))?),
        signature: proof::text::Hex(hex::decode(&row.signature).map_err(|_| broken("signature"))?),
    })
}

/// The entries about one subject with their inclusion proofs under the newest checkpoint.
pub fn extract(tx: &mut Tx, suite: Suite, subject: &str) -> Outcome<Option<Extract>> {
    let Some(checkpoint) = checkpoint(tx)? else {
        return Ok(None);
    };
    let tree = tree(tx, suite, number(checkpoint.size))?;
    let mut entries = Vec::new();
    for row in store::leaves_about(tx, subject)? {
        let index = u64::try_from(row.index).unwrap_or(0);
        let Some(path) = tree.path(index) else { continue };
        let leaf = canonical::parse(row.data.as_bytes()).map_err(|fault| proof_fault(&fault))?;
        entries.push(Entry { index, leaf, path });
    }
    Ok(Some(Extract { checkpoint, entries }))
}

fn tree(tx: &mut Tx, suite: Suite, size: i64) -> Outcome<Tree> {
    let mut hashes = Vec::new();
    for bytes in store::leaf_hashes(tx, size)? {
        let hash: [u8; 32] = bytes
            .try_into()
            .map_err(|_| Fault::internal("公开日志的叶子损坏", std::io::Error::other("length")))?;
        hashes.push(Digest(hash));
    }
    Ok(Tree::build(suite, hashes))
}

/// Whether a document already stands in the public log, filed under its subject and kind.
pub fn holds(tx: &mut Tx, subject: &str, kind: &str, document: &str) -> Outcome<bool> {
    Ok(store::leaves_about(tx, subject)?
        .iter()
        .any(|leaf| leaf.kind == kind && leaf.document == document))
}

/// A page of leaves as they stand in the log.
pub fn leaves(tx: &mut Tx, from: i64, limit: i64) -> Outcome<Vec<(i64, String)>> {
    Ok(store::leaves(tx, from, limit)?
        .into_iter()
        .map(|leaf| (leaf.index, leaf.data))
        .collect())
}

/// Recomputes the whole log from its leaves and compares it with the signed checkpoint. Returns the size.
pub fn check(tx: &mut Tx, suite: Suite) -> Outcome<u64> {
    let Some(signed) = checkpoint(tx)? else {
        return Ok(0);
    };
    let bad = |detail: String| Fault::new(kernel::FaultKind::Conflict, "hall.log.broken", detail);
    if !signed.holds(suite) {
        return Err(bad("公开日志检查点的签名不成立。".into()));
    }
    let mut range = CompactRange::new(suite);
    let mut from = 0;
    loop {
        let page = store::leaves(tx, from, BATCH)?;
        let Some(last) = page.last() else { break };
        from = last.index + 1;
        for leaf in &page {
            if number(range.size()) != leaf.index {
                return Err(bad(format!("公开日志缺少第 {} 条。", range.size())));
            }
            range.append(merkle::leaf_hash(suite, leaf.data.as_bytes()));
        }
    }
    if range.size() != signed.size || range.root() != signed.root {
        return Err(bad(format!(
            "公开日志共 {} 条，重新计算的根与检查点不一致。",
            range.size()
        )));
    }
    Ok(signed.size)
}
