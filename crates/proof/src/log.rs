//! The publication log: what a leaf holds and how a checkpoint is signed.

use serde::{Deserialize, Serialize};

use crate::text::{Hex, Time};
use crate::{Digest, Key, ProofError, Suite, canonical, key, merkle};

/// What the log says of one published document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leaf {
    /// When it was published.
    pub at: Time,
    /// Plain hash of the canonical document.
    pub document: Digest,
    /// What it is, such as `draw.commitment`.
    pub kind: String,
    /// What it is about; for a draw the campaign.
    pub subject: String,
}

impl Leaf {
    /// Leaf hash in the log's tree: `H(0x00 ‖ JCS(leaf))`.
    pub fn hash(&self, suite: Suite) -> Result<Digest, ProofError> {
        Ok(merkle::leaf_hash(suite, &canonical::to_vec(self)?))
    }
}

/// The log's size and root at a time, signed by the platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// Number of leaves.
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

/// The bytes under a checkpoint's signature: `lp("xinheng-log/1/checkpoint") ‖ JCS({at, root, size})`.
fn signed_bytes(size: u64, root: Digest, at: &Time) -> Result<Vec<u8>, ProofError> {
    const LABEL: &[u8] = b"xinheng-log/1/checkpoint";
    let mut out = crate::suite::length_prefix(LABEL).to_vec();
    out.extend_from_slice(LABEL);
    out.extend(canonical::to_vec(&Signed { at, root, size })?);
    Ok(out)
}

impl Checkpoint {
    /// Signs the state of the log.
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

    /// Whether the signature is right under the key named in the checkpoint.
    pub fn holds(&self, suite: Suite) -> bool {
        signed_bytes(self.size, self.root, &self.at)
            .is_ok_and(|bytes| key::verify(suite, &self.key.0, &bytes, &self.signature.0))
    }
}

/// A leaf with its place and inclusion path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Place in the log, from 0.
    pub index: u64,
    /// The leaf.
    pub leaf: Leaf,
    /// Inclusion path, bottom up.
    pub path: Vec<Digest>,
}

impl Entry {
    /// Whether the path leads to the checkpoint's root.
    pub fn is_in(&self, suite: Suite, checkpoint: &Checkpoint) -> bool {
        self.leaf.hash(suite).is_ok_and(|leaf| {
            merkle::verify_inclusion(
                suite,
                &leaf,
                self.index,
                checkpoint.size,
                &self.path,
                &checkpoint.root,
            )
        })
    }
}

/// A checkpoint with the entries somebody asked about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extract {
    /// The signed state of the log.
    pub checkpoint: Checkpoint,
    /// The entries.
    pub entries: Vec<Entry>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_holds_until_one_word_of_it_changes() {
        for suite in [Suite::Sm3Sm2, Suite::Sha256Ed25519] {
            let key = Key::from_random(suite, &[3; 32]).unwrap();
            let at: Time = "2026-03-02T01:00:00Z".parse().unwrap();
            let leaf = Leaf {
                at: at.clone(),
                document: suite.hash(b"x"),
                kind: "k".into(),
                subject: "s".into(),
            };
            let tree = merkle::Tree::build(suite, vec![leaf.hash(suite).unwrap(); 3]);
            let checkpoint = Checkpoint::sign(&key, 3, tree.root(), at).unwrap();
            assert!(checkpoint.holds(suite));
            assert!(
                !Checkpoint {
                    size: 4,
                    ..checkpoint.clone()
                }
                .holds(suite)
            );
            let entry = Entry {
                index: 1,
                leaf,
                path: tree.path(1).unwrap(),
            };
            assert!(entry.is_in(suite, &checkpoint));
            assert!(!Entry { index: 2, ..entry }.is_in(suite, &checkpoint));
        }
    }
}
