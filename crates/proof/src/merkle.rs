//! Merkle trees of RFC 9162 section 2 with the suite's hash: whole trees, paths, growing logs, consistency.

use rayon::prelude::*;

use crate::suite::{BATCH, Room};
use crate::{Digest, Suite, narrow, wide};

mod compact;

pub use compact::CompactRange;

/// Below this many nodes a level is hashed on the calling thread.
const WORTH_SHARING: usize = 4096;

/// Hash of one leaf, `H(0x00 ‖ data)`.
pub fn leaf_hash(suite: Suite, data: &[u8]) -> Digest {
    suite.hasher().with(&[0]).with(data).finish()
}

/// Hash of two neighbours, `H(0x01 ‖ left ‖ right)`.
pub fn node_hash(suite: Suite, left: &Digest, right: &Digest) -> Digest {
    suite.hasher().with(&[1]).with(&left.0).with(&right.0).finish()
}

fn next_level(suite: Suite, level: &[Digest]) -> Vec<Digest> {
    let node = suite.prefix(&[1]);
    let (pairs, alone) = level.as_chunks::<2>();
    let mut above = vec![Digest::default(); level.len().div_ceil(2)];
    let (nodes, last) = above.split_at_mut(pairs.len());
    let join = |room: &mut Room, (nodes, pairs): (&mut [Digest], &[[Digest; 2]])| {
        node.hash_all(room, nodes, |place, bytes| {
            if let Some([left, right]) = pairs.get(place) {
                bytes.extend_from_slice(&left.0);
                bytes.extend_from_slice(&right.0);
            }
        });
    };
    if level.len() < WORTH_SHARING {
        join(&mut Room::default(), (nodes, pairs));
    } else {
        let shared = nodes.par_chunks_mut(BATCH).zip(pairs.par_chunks(BATCH));
        shared.for_each_init(Room::default, join);
    }
    // A node without neighbour rises unchanged, which gives the same tree as the split at the largest power of two.
    last.copy_from_slice(alone);
    above
}

/// The root over leaf hashes without keeping the tree; uses all threads for long lists.
pub fn root_of(suite: Suite, leaves: Vec<Digest>) -> Digest {
    let mut level = leaves;
    while level.len() > 1 {
        level = next_level(suite, &level);
    }
    level.first().copied().unwrap_or_else(|| suite.hash(b""))
}

/// A whole tree in memory (about 64 bytes for each leaf): gives every inclusion path and every consistency proof.
#[derive(Debug, Clone)]
pub struct Tree {
    suite: Suite,
    levels: Vec<Vec<Digest>>, // leaves first, root last
}

impl Tree {
    /// Builds the tree over leaf hashes; uses all threads for long lists.
    pub fn build(suite: Suite, leaves: Vec<Digest>) -> Self {
        let mut levels = vec![leaves];
        while let Some(level) = levels.last().filter(|level| level.len() > 1) {
            levels.push(next_level(suite, level));
        }
        Self { suite, levels }
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.levels.first().map_or(0, |leaves| wide(leaves.len()))
    }

    /// The root; `H("")` for the empty tree.
    pub fn root(&self) -> Digest {
        self.levels
            .last()
            .and_then(|level| level.first())
            .copied()
            .unwrap_or_else(|| self.suite.hash(b""))
    }

    /// Inclusion path of a leaf, bottom up (RFC 9162 section 2.1.3.1); `None` outside the tree.
    pub fn path(&self, index: u64) -> Option<Vec<Digest>> {
        if index >= self.size() {
            return None;
        }
        let mut at = narrow(index);
        let mut path = Vec::new();
        for level in self.levels.iter().take(self.levels.len().saturating_sub(1)) {
            path.extend(level.get(at ^ 1).copied());
            at >>= 1;
        }
        Some(path)
    }

    /// Proof that the first `old` leaves are the start of this tree (RFC 9162 section 2.1.4.1); `None` unless
    /// 0 < old ≤ size. Empty when old = size.
    pub fn consistency(&self, old: u64) -> Option<Vec<Digest>> {
        if old == 0 || old > self.size() {
            return None;
        }
        let mut proof = Vec::new();
        let (mut start, mut end, mut whole) = (0, self.size(), true);
        // SUBPROOF walked down; siblings are collected top down and turned round at the end.
        while old != end {
            let split = start + largest_power_below(end - start);
            if old <= split {
                proof.push(self.range(split, end)?);
                end = split;
            } else {
                proof.push(self.range(start, split)?);
                start = split;
                whole = false;
            }
        }
        if !whole {
            proof.push(self.range(start, end)?);
        }
        proof.reverse();
        Some(proof)
    }

    /// Root of an aligned stretch of leaves as it occurs in the splitting of the tree.
    fn range(&self, start: u64, end: u64) -> Option<Digest> {
        let height = narrow(u64::from((end - start).next_power_of_two().trailing_zeros()));
        self.levels.get(height)?.get(narrow(start >> height)).copied()
    }
}

/// The largest power of two smaller than `n` (n > 1).
fn largest_power_below(n: u64) -> u64 {
    n.next_power_of_two() / 2
}

/// Checks an inclusion path (RFC 9162 section 2.1.3.2).
pub fn verify_inclusion(
    suite: Suite,
    leaf: &Digest,
    index: u64,
    size: u64,
    path: &[Digest],
    root: &Digest,
) -> bool {
    if index >= size {
        return false;
    }
    let (mut at, mut last, mut hash) = (index, size - 1, *leaf);
    for sibling in path {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            hash = node_hash(suite, sibling, &hash);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(suite, &hash, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// Checks that the tree of `old` leaves is the start of the tree of `new` leaves (RFC 9162 section 2.1.4.2).
pub fn verify_consistency(suite: Suite, old: (u64, &Digest), new: (u64, &Digest), proof: &[Digest]) -> bool {
    let ((old_size, old_root), (new_size, new_root)) = (old, new);
    if old_size == 0 || old_size > new_size {
        return false;
    }
    if old_size == new_size {
        return proof.is_empty() && old_root == new_root;
    }
    let mut nodes = proof.iter();
    let (mut at, mut last) = (old_size - 1, new_size - 1);
    while at & 1 == 1 {
        at >>= 1;
        last >>= 1;
    }
    // A complete old tree is its own first node.
    let first = if old_size.is_power_of_two() {
        Some(old_root)
    } else {
        nodes.next()
    };
    let Some(first) = first else { return false };
    let (mut old_hash, mut new_hash) = (*first, *first);
    for node in nodes {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            old_hash = node_hash(suite, node, &old_hash);
            new_hash = node_hash(suite, node, &new_hash);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            new_hash = node_hash(suite, &new_hash, node);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && old_hash == *old_root && new_hash == *new_root
}

#[cfg(test)]
mod tests {
    use super::*;
    use ct_merkle::mem_backed_tree::MemoryBackedTree;

    /// MTH as RFC 9162 section 2.1.1 writes it.
    fn by_definition(suite: Suite, leaves: &[Digest]) -> Digest {
        match leaves {
            [] => suite.hash(b""),
            [one] => *one,
            many => {
                let (left, right) = many.split_at(largest_power_below(many.len() as u64) as usize);
                node_hash(suite, &by_definition(suite, left), &by_definition(suite, right))
            }
        }
    }

    fn leaves(suite: Suite, count: u64) -> Vec<Digest> {
        (0..count).map(|n| leaf_hash(suite, &n.to_be_bytes())).collect()
    }

    #[test]
    fn the_known_tree_of_certificate_transparency_has_its_known_roots() {
        // Inputs and roots of the reference tests of RFC 6962 (google/certificate-transparency, merkle_tree_test).
        let suite = Suite::Sha256Ed25519;
        let inputs = [
            "",
            "00",
            "10",
            "2021",
            "3031",
            "40414243",
            "5051525354555657",
            "606162636465666768696a6b6c6d6e6f",
        ];
        let roots = [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        let leaves: Vec<Digest> = inputs
            .iter()
            .map(|data| leaf_hash(suite, &hex::decode(data).unwrap()))
            .collect();
        for (position, root) in roots.iter().enumerate() {
            assert_eq!(
                Tree::build(suite, leaves[..=position].to_vec())
                    .root()
                    .to_string(),
                *root
            );
        }
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Tree::build(suite, Vec::new()).root().to_string(), empty);
        assert_eq!(root_of(suite, Vec::new()).to_string(), empty);
    }

    #[test]
    fn every_small_tree_is_the_tree_of_the_definition_and_proves_every_leaf() {
        for suite in [Suite::Sm3Sm2, Suite::Sha256Ed25519] {
            for size in 0..70 {
                let leaves = leaves(suite, size);
                let tree = Tree::build(suite, leaves.clone());
                assert_eq!(tree.root(), by_definition(suite, &leaves));
                assert_eq!(root_of(suite, leaves.clone()), tree.root());
                assert_eq!(tree.path(size), None);
                for index in 0..size {
                    let path = tree.path(index).unwrap();
                    let leaf = &leaves[index as usize];
                    assert!(verify_inclusion(suite, leaf, index, size, &path, &tree.root()));
                    assert!(
                        !verify_inclusion(suite, leaf, index + 1, size, &path, &tree.root()) || size == 1
                    );
                    assert!(!verify_inclusion(
                        suite,
                        leaf,
                        index,
                        size,
                        &path,
                        &Digest::default()
                    ));
                    let longer = [path.clone(), vec![Digest::default()]].concat();
                    assert!(!verify_inclusion(suite, leaf, index, size, &longer, &tree.root()));
                }
            }
        }
    }

    #[test]
    fn every_small_log_is_consistent_with_each_of_its_starts() {
        let suite = Suite::Sm3Sm2;
        let all = leaves(suite, 40);
        for new in 1..=40_usize {
            let tree = Tree::build(suite, all[..new].to_vec());
            assert_eq!(tree.consistency(0), None);
            for old in 1..=new {
                let old_root = by_definition(suite, &all[..old]);
                let proof = tree.consistency(old as u64).unwrap();
                let (old, new) = (old as u64, new as u64);
                assert!(
                    verify_consistency(suite, (old, &old_root), (new, &tree.root()), &proof),
                    "{old} of {new}"
                );
                assert!(!verify_consistency(
                    suite,
                    (old, &Digest::default()),
                    (new, &tree.root()),
                    &proof
                ));
                if old < new {
                    assert!(!verify_consistency(
                        suite,
                        (old, &old_root),
                        (new, &Digest::default()),
                        &proof
                    ));
                    assert!(
                        !verify_consistency(suite, (old, &old_root), (new, &tree.root()), &[])
                            || proof.is_empty()
                    );
                }
            }
        }
    }

    #[test]
    fn a_long_tree_hashed_by_many_threads_is_the_tree_of_ct_merkle() {
        let mut theirs = MemoryBackedTree::<sha2::Sha256, Vec<u8>>::new();
        for n in 0..9_999_u64 {
            theirs.push(n.to_be_bytes().to_vec());
        }
        let ours = Tree::build(Suite::Sha256Ed25519, leaves(Suite::Sha256Ed25519, 9_999));
        assert_eq!(ours.root().0.as_slice(), theirs.root().as_bytes().as_slice());
        let path: Vec<u8> = ours.path(9_998).unwrap().iter().flat_map(|node| node.0).collect();
        assert_eq!(path, theirs.prove_inclusion(9_998).as_bytes());
        let proof: Vec<u8> = ours
            .consistency(5_000)
            .unwrap()
            .iter()
            .flat_map(|node| node.0)
            .collect();
        assert_eq!(proof, theirs.prove_consistency(4_999).as_bytes());
    }
}
