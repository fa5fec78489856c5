//! The feed of events: what an entry holds, how its state is signed, and how a follower makes sure that nothing is
//! missing and nothing was changed.
//!
//! Every position of the ledger, from 1 without gaps, is one leaf of an RFC 9162 tree, in order: position `n` is leaf
//! `n − 1`. An entry a caller may not see, or did not ask for, comes as its leaf hash alone, so the tree can be
//! recomputed from any mixture of the two. The text of an entry holds a random-looking salt; without it the hash of an
//! entry tells nothing about a text somebody guesses.

use serde::{Deserialize, Serialize};

use crate::merkle::{self, CompactRange};
use crate::text::{Hex, Time};
use crate::{Digest, Key, ProofError, Suite, canonical, key};

/// One position of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Place in the ledger, from 1.
    pub position: u64,
    /// The event as canonical JSON: exactly the bytes that are hashed. Absent when it is withheld.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// Leaf hash of a withheld event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<Digest>,
}

impl Entry {
    /// The leaf of this entry: `H(0x00 ‖ data)`, or the hash that stands for it. An entry with both or neither has none.
    pub fn leaf(&self, suite: Suite) -> Option<Digest> {
        match (&self.data, self.hash) {
            (Some(data), None) => Some(leaf(suite, data)),
            (None, Some(hash)) => Some(hash),
            _ => None,
        }
    }
}

/// The leaf hash of the text of an event.
pub fn leaf(suite: Suite, data: &str) -> Digest {
    merkle::leaf_hash(suite, data.as_bytes())
}

/// How many events there are up to a position and the root over them, signed by the platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// Number of events; the last position.
    pub size: u64,
    /// Root over them.
    pub root: Digest,
    /// When it was signed.
    pub at: Time,
    /// Public key of the platform.
    pub key: Hex,
    /// Signature over label and canonical `{at, root, size}`.
    pub signature: Hex,
}

#[derive(Serialize)]
struct Signed<'a> {
    at: &'a Time,
    root: Digest,
    size: u64,
}

/// `lp("xinheng-feed/1/state") ‖ JCS({at, root, size})`: another label than the publication log's, so that a state of
/// the one never passes for the other's.
fn signed_bytes(size: u64, root: Digest, at: &Time) -> Result<Vec<u8>, ProofError> {
    const LABEL: &[u8] = b"xinheng-feed/1/state";
    let mut out = crate::suite::length_prefix(LABEL).to_vec();
    out.extend_from_slice(LABEL);
    out.extend(canonical::to_vec(&Signed { at, root, size })?);
    Ok(out)
}

impl State {
    /// Signs a state.
    pub fn sign(key: &Key, size: u64, root: Digest, at: Time) -> Result<Self, ProofError> {
        let signature = Hex(key.sign(&signed_bytes(size, root, &at)?)?);
        Ok(Self {
            size,
            root,
            at,
            key: Hex(key.public()),
            signature,
        })
    }

    /// Whether the signature is right under the key named in the state.
    pub fn holds(&self, suite: Suite) -> bool {
        signed_bytes(self.size, self.root, &self.at)
            .is_ok_and(|bytes| key::verify(suite, &self.key.0, &bytes, &self.signature.0))
    }
}

/// A page of the feed: the positions after `after` in order, and the signed state at the last of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// Name of the suite.
    pub suite: String,
    /// The position before the first entry.
    pub after: u64,
    /// How many events there are in all; more than the state's size when more pages follow.
    pub height: u64,
    /// The entries.
    pub entries: Vec<Entry>,
    /// The state at the last entry (at `after` when there is none).
    pub state: State,
}

/// What a follower keeps between two pages: enough to notice any gap or change, whatever was downloaded before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// Name of the suite.
    pub suite: String,
    /// Number of events taken.
    pub size: u64,
    /// Roots of the complete subtrees, largest first.
    pub nodes: Vec<Digest>,
    /// The platform's key, as seen on the first page or given beforehand.
    pub key: Option<Hex>,
}

/// Somebody who downloads the feed page by page.
#[derive(Debug, Clone)]
pub struct Follower {
    suite: Suite,
    range: CompactRange,
    key: Option<Hex>,
}

impl Follower {
    /// Starts at the beginning. Without a key the one on the first page is trusted and kept.
    pub fn new(suite: Suite, key: Option<Hex>) -> Self {
        Self {
            suite,
            range: CompactRange::new(suite),
            key,
        }
    }

    /// Takes up a kept mark.
    pub fn resume(mark: &Mark) -> Result<Self, ProofError> {
        let suite = Suite::parse(&mark.suite).ok_or_else(|| refused("标记中的密码套件不认识"))?;
        let range = CompactRange::from_parts(suite, mark.size, mark.nodes.clone())
            .ok_or_else(|| refused("标记已损坏，请从头下载"))?;
        Ok(Self {
            suite,
            range,
            key: mark.key.clone(),
        })
    }

    /// What to keep.
    pub fn mark(&self) -> Mark {
        Mark {
            suite: self.suite.name().to_owned(),
            size: self.range.size(),
            nodes: self.range.nodes().to_vec(),
            key: self.key.clone(),
        }
    }

    /// The last position taken.
    pub fn position(&self) -> u64 {
        self.range.size()
    }

    /// Takes a page, all of it or nothing. Refuses a page that does not begin where the last one ended, leaves a
    /// position out, changes an entry, is signed by somebody else, or promises more without giving any.
    pub fn take(&mut self, page: &Page) -> Result<(), ProofError> {
        if page.suite != self.suite.name() {
            return Err(refused("密码套件与以前不同"));
        }
        if page.after != self.range.size() {
            return Err(refused(&format!(
                "这一页从位置 {} 之后开始，应从 {} 之后开始",
                page.after,
                self.range.size()
            )));
        }
        let mut range = self.range.clone();
        for entry in &page.entries {
            if entry.position != range.size() + 1 {
                return Err(refused(&format!("缺少位置 {}", range.size() + 1)));
            }
            let leaf = entry
                .leaf(self.suite)
                .ok_or_else(|| refused(&format!("位置 {} 的条目不完整", entry.position)))?;
            range.append(leaf);
        }
        let state = &page.state;
        if self.key.as_ref().is_some_and(|known| *known != state.key) {
            return Err(refused("签名的平台公钥与以前不同"));
        }
        if !state.holds(self.suite) {
            return Err(refused("状态的签名不成立"));
        }
        if state.size != range.size() || state.root != range.root() {
            return Err(refused("条目与签名的状态不一致：有条目缺失或被改动"));
        }
        if page.height < state.size || (page.entries.is_empty() && page.height > state.size) {
            return Err(refused("总数与条目不符"));
        }
        self.key = Some(state.key.clone());
        self.range = range;
        Ok(())
    }
}

fn refused(why: &str) -> ProofError {
    ProofError::Feed(why.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUITE: Suite = Suite::Sm3Sm2;

    /// Pages of `each` entries over texts; every third entry is withheld.
    fn pages(key: &Key, texts: &[String], each: usize) -> Vec<Page> {
        let at: Time = "2026-06-01T01:00:00Z".parse().unwrap();
        let mut range = CompactRange::new(SUITE);
        let mut pages = Vec::new();
        for (number, chunk) in texts.chunks(each).enumerate() {
            let after = range.size();
            let mut entries = Vec::new();
            for text in chunk {
                let hash = leaf(SUITE, text);
                range.append(hash);
                let shown = !range.size().is_multiple_of(3);
                entries.push(Entry {
                    position: range.size(),
                    data: shown.then(|| text.clone()),
                    hash: (!shown).then_some(hash),
                });
            }
            assert_eq!(after, (number * each) as u64);
            pages.push(Page {
                suite: SUITE.name().into(),
                after,
                height: texts.len() as u64,
                entries,
                state: State::sign(key, range.size(), range.root(), at.clone()).unwrap(),
            });
        }
        pages
    }

    fn texts(count: usize) -> Vec<String> {
        (0..count).map(|n| format!("{{\"n\":{n}}}")).collect()
    }

    #[test]
    fn a_follower_takes_whole_pages_and_resumes_from_its_mark() {
        let key = Key::from_random(SUITE, &[3; 32]).unwrap();
        let mut follower = Follower::new(SUITE, None);
        for page in pages(&key, &texts(25), 4) {
            follower.take(&page).unwrap();
            let kept = serde_json::to_string(&follower.mark()).unwrap();
            follower = Follower::resume(&serde_json::from_str(&kept).unwrap()).unwrap();
        }
        assert_eq!(follower.position(), 25);
    }

    #[test]
    fn whatever_is_left_out_changed_repeated_or_signed_by_another_is_refused_and_nothing_is_taken() {
        let key = Key::from_random(SUITE, &[3; 32]).unwrap();
        let good = pages(&key, &texts(12), 6);
        let mut follower = Follower::new(SUITE, None);
        follower.take(&good[0]).unwrap();
        let refuse = |change: &dyn Fn(&mut Page)| {
            let mut page = good[1].clone();
            change(&mut page);
            let mut trial = follower.clone();
            assert!(trial.take(&page).is_err(), "{page:?}");
            assert_eq!(trial.mark(), follower.mark());
        };
        refuse(&|page| drop(page.entries.remove(2)));
        refuse(&|page| drop(page.entries.pop()));
        refuse(&|page| page.entries[0].data = Some("{\"n\":99}".into()));
        refuse(&|page| page.entries[0].hash = page.entries[2].hash);
        refuse(&|page| page.entries[2].hash = Some(Digest([7; 32])));
        refuse(&|page| page.entries.swap(0, 1));
        refuse(&|page| page.after = 0);
        refuse(&|page| page.state.size += 1);
        refuse(&|page| page.height = 11);
        refuse(&|page| {
            // Signed all right, but nobody would ever get beyond it.
            page.entries.clear();
            page.state = good[0].state.clone();
        });
        refuse(&|page| page.suite = "sha256-ed25519".into());
        let other = Key::from_random(SUITE, &[4; 32]).unwrap();
        refuse(&|page| {
            let state = &page.state;
            page.state = State::sign(&other, state.size, state.root, state.at.clone()).unwrap();
        });
        // The same page twice, and a past that was rewritten and signed anew.
        assert!(follower.clone().take(&good[0]).is_err());
        let mut rewritten = texts(12);
        rewritten[1] = "{\"n\":\"other\"}".into();
        assert!(follower.clone().take(&pages(&key, &rewritten, 6)[1]).is_err());
        follower.take(&good[1]).unwrap();
    }
}
