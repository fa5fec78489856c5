//! The compact range: all that a growing log must remember to append and to know its root.

use super::node_hash;
use crate::{Digest, Suite, wide};

/// Roots of the complete subtrees of a log, largest first: one hash for each one-bit of the size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompactRange {
    suite: Suite,
    size: u64,
    nodes: Vec<Digest>,
}

impl CompactRange {
    /// The range of an empty log.
    pub fn new(suite: Suite) -> Self {
        Self {
            suite,
            size: 0,
            nodes: Vec::new(),
        }
    }

    /// Takes up a stored range again; `None` when the number of nodes does not fit the size.
    pub fn from_parts(suite: Suite, size: u64, nodes: Vec<Digest>) -> Option<Self> {
        (wide(nodes.len()) == u64::from(size.count_ones())).then_some(Self { suite, size, nodes })
    }

    /// Appends the hash of one leaf.
    pub fn append(&mut self, leaf: Digest) {
        let mut node = leaf;
        let mut at = self.size;
        while at & 1 == 1 {
            if let Some(left) = self.nodes.pop() {
                node = node_hash(self.suite, &left, &node);
            }
            at >>= 1;
        }
        self.nodes.push(node);
        self.size += 1;
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// What to store: subtree roots, largest first.
    pub fn nodes(&self) -> &[Digest] {
        &self.nodes
    }

    /// The root of the log; `H("")` when empty.
    pub fn root(&self) -> Digest {
        let mut nodes = self.nodes.iter().rev();
        match nodes.next() {
            None => self.suite.hash(b""),
            Some(last) => nodes.fold(*last, |right, left| node_hash(self.suite, left, &right)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::{leaf_hash, root_of};

    #[test]
    fn a_log_that_grows_leaf_by_leaf_has_the_root_of_the_whole_tree_at_every_step() {
        let suite = Suite::Sm3Sm2;
        let mut range = CompactRange::new(suite);
        let mut leaves = Vec::new();
        for n in 0..200_u32 {
            assert_eq!(range.root(), root_of(suite, leaves.clone()));
            let leaf = leaf_hash(suite, &n.to_be_bytes());
            leaves.push(leaf);
            range.append(leaf);
            range = CompactRange::from_parts(suite, range.size(), range.nodes().to_vec()).unwrap();
        }
        assert_eq!(CompactRange::from_parts(suite, 3, vec![Digest::default()]), None);
    }
}
