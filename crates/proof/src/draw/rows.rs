//! Long committed lists (pool, places, roll): lean rows, salts, leaf hashes and trees.

use rayon::prelude::*;
use serde::Serialize;

use super::commitment::TreeHead;
use super::material::RollRow;
use super::salts::{PoolKey, Salts};
use crate::canonical::{self, write_text};
use crate::merkle::{self, Tree};
use crate::suite::{BATCH, MacPrefix, Prefix, Room, label_bytes, length_prefix};
use crate::{Digest, ProofError, Suite, narrow, wide};

/// Candidates in ascending order of id, each with a label (stratum or division): about 8 bytes a row beside the id.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    ids: String,
    ends: Vec<u32>, // end of each id in `ids`
    tags: Vec<u32>, // label number of each row
    labels: Vec<String>,
}

impl Rows {
    /// An empty list whose rows will carry one of these labels.
    pub fn new(labels: Vec<String>) -> Self {
        Self {
            labels,
            ..Self::default()
        }
    }

    /// Appends a row; ids must ascend bytewise, the label number must exist.
    pub fn push(&mut self, id: &str, label: u32) -> Result<(), ProofError> {
        if !self.is_empty() && self.id(self.len() - 1) >= id {
            return Err(ProofError::Order(id.to_owned()));
        }
        self.push_as_given(id, label)
    }

    /// Appends a row whatever its order: for the verifier, who must look at disordered lists too.
    pub(crate) fn push_as_given(&mut self, id: &str, label: u32) -> Result<(), ProofError> {
        if narrow(u64::from(label)) >= self.labels.len() {
            return Err(ProofError::Label(label));
        }
        let end = u32::try_from(self.ids.len() + id.len()).map_err(|_| ProofError::TooLarge)?;
        self.ids.push_str(id);
        self.ends.push(end);
        self.tags.push(label);
        Ok(())
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Id of a row; empty outside the list.
    pub fn id(&self, row: usize) -> &str {
        let end = self.ends.get(row).copied().unwrap_or(0);
        let start = row
            .checked_sub(1)
            .and_then(|before| self.ends.get(before))
            .copied()
            .unwrap_or(0);
        self.ids
            .get(narrow(u64::from(start))..narrow(u64::from(end)))
            .unwrap_or("")
    }

    /// Label number of a row.
    pub fn tag(&self, row: usize) -> u32 {
        self.tags.get(row).copied().unwrap_or(u32::MAX)
    }

    /// Label of a row; empty outside the list.
    pub fn label(&self, row: usize) -> &str {
        self.labels
            .get(narrow(u64::from(self.tag(row))))
            .map_or("", String::as_str)
    }

    /// The labels in the order of their numbers.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// Row of an id, by binary search.
    pub fn find(&self, id: &str) -> Option<usize> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            match self.id(middle).cmp(id) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return Some(middle),
            }
        }
        None
    }

    /// The same rows in ascending order of id, the first of equals kept.
    pub(crate) fn in_order(&self) -> Result<Self, ProofError> {
        let mut order: Vec<usize> = (0..self.len()).collect();
        order.sort_by(|left, right| self.id(*left).cmp(self.id(*right)));
        order.dedup_by(|later, earlier| self.id(*later) == self.id(*earlier));
        let mut rows = Self::new(self.labels.clone());
        for row in order {
            rows.push(self.id(row), self.tag(row))?;
        }
        Ok(rows)
    }

    /// Whether the ids strictly ascend.
    pub fn ascends(&self) -> bool {
        (1..self.len()).all(|row| self.id(row - 1) < self.id(row))
    }
}

/// Leaf hash of a salted row: `H(0x00 ‖ H[label](lp(salt) ‖ JCS(row)))`.
pub(crate) fn row_leaf<T: Serialize>(
    suite: Suite,
    label: &str,
    salt: &Digest,
    row: &T,
) -> Result<Digest, ProofError> {
    let data = suite
        .labelled(label)
        .field(&salt.0)
        .with(&canonical::to_vec(row)?)
        .finish();
    Ok(merkle::leaf_hash(suite, &data.0))
}

/// Which long list is committed to.
#[derive(Debug, Clone, Copy)]
pub enum ListKind<'a> {
    /// The pool of an item; labels are strata.
    Pool {
        /// Item code.
        item: &'a str,
    },
    /// The places of the campaign; labels are divisions.
    Places,
}

/// The constant parts of a list's leaves, hashed once.
struct LeafForm {
    salt: MacPrefix,
    row: Prefix,
    leaf: Prefix,
    frames: Vec<(Vec<u8>, Vec<u8>)>, // canonical row text before and after the id, by label number
}

impl LeafForm {
    fn new(suite: Suite, key: &PoolKey, kind: ListKind<'_>, labels: &[String]) -> Self {
        let frame = |label: &String| {
            let mut text = Vec::new();
            write_text(label, &mut text);
            match kind {
                ListKind::Pool { .. } => (
                    b"{\"id\":".to_vec(),
                    [b",\"stratum\":".as_slice(), &text, b"}"].concat(),
                ),
                ListKind::Places => (
                    [b"{\"division\":".as_slice(), &text, b",\"id\":"].concat(),
                    b"}".to_vec(),
                ),
            }
        };
        let (salt, row) = match kind {
            ListKind::Pool { item } => {
                let item = [length_prefix(item.as_bytes()).as_slice(), item.as_bytes()].concat();
                (suite.mac_prefix(&key.0.0, "salt", &item), Salts::POOL_ROW)
            }
            ListKind::Places => (suite.mac_prefix(&key.0.0, "place-salt", &[]), "place-row"),
        };
        // The salt's length never varies.
        let row = [label_bytes(row).as_slice(), &32_u32.to_be_bytes()].concat();
        Self {
            salt,
            row: suite.prefix(&row),
            leaf: suite.prefix(&[0]),
            frames: labels.iter().map(frame).collect(),
        }
    }

    /// The leaves of the rows from `first` on, as many as `out` has places (at most [`BATCH`]).
    fn leaves(&self, room: &mut Room, rows: &Rows, first: usize, out: &mut [Digest]) {
        let mut made = [Digest::default(); BATCH];
        let (made, _) = made.split_at_mut(out.len().min(BATCH));
        self.salt.finish_all(room, made, |place, text| {
            let id = rows.id(first + place).as_bytes();
            text.extend_from_slice(&length_prefix(id));
            text.extend_from_slice(id);
        });
        self.row.hash_all(room, out, |place, text| {
            text.extend_from_slice(&made.get(place).copied().unwrap_or_default().0);
            let row = first + place;
            if let Some((before, after)) = self.frames.get(narrow(u64::from(rows.tag(row)))) {
                text.extend_from_slice(before);
                write_text(rows.id(row), text);
                text.extend_from_slice(after);
            }
        });
        made.copy_from_slice(out);
        self.leaf.hash_all(room, out, |place, text| {
            text.extend_from_slice(&made.get(place).copied().unwrap_or_default().0);
        });
    }
}

fn leaves(suite: Suite, key: &PoolKey, kind: ListKind<'_>, rows: &Rows) -> Vec<Digest> {
    let form = LeafForm::new(suite, key, kind, rows.labels());
    let mut made = vec![Digest::default(); rows.len()];
    made.par_chunks_mut(BATCH)
        .enumerate()
        .for_each_init(Room::default, |room, (part, out)| {
            form.leaves(room, rows, part * BATCH, out);
        });
    made
}

/// A committed list with the whole tree, so that every row can be proved.
#[derive(Debug, Clone)]
pub struct PoolTree {
    /// Size and root, as the commitment carries them.
    pub head: TreeHead,
    tree: Tree,
}

impl PoolTree {
    fn over(suite: Suite, leaves: Vec<Digest>) -> Self {
        let tree = Tree::build(suite, leaves);
        Self {
            head: TreeHead {
                size: tree.size(),
                root: tree.root(),
            },
            tree,
        }
    }

    /// Inclusion path of a row.
    pub fn path(&self, row: u64) -> Option<Vec<Digest>> {
        self.tree.path(row)
    }

    /// Index and inclusion path of an id in the rows this tree was made from.
    pub fn row_proof(&self, rows: &Rows, id: &str) -> Option<(u64, Vec<Digest>)> {
        let row = wide(rows.find(id)?);
        Some((row, self.tree.path(row)?))
    }
}

/// Commits to the pool of an item and keeps the tree (64 bytes a row).
pub fn commit_pool(suite: Suite, key: &PoolKey, item: &str, rows: &Rows) -> PoolTree {
    PoolTree::over(suite, leaves(suite, key, ListKind::Pool { item }, rows))
}

/// Commits to the places of a campaign and keeps the tree.
pub fn commit_places(suite: Suite, key: &PoolKey, rows: &Rows) -> PoolTree {
    PoolTree::over(suite, leaves(suite, key, ListKind::Places, rows))
}

/// Size and root only: half the memory of a tree.
pub fn pool_head(suite: Suite, key: &PoolKey, kind: ListKind<'_>, rows: &Rows) -> TreeHead {
    TreeHead {
        size: wide(rows.len()),
        root: merkle::root_of(suite, leaves(suite, key, kind, rows)),
    }
}

/// Commits to the inspector roll (检查人员名录), given in ascending order of id.
pub fn commit_roll(suite: Suite, key: &PoolKey, roll: &[RollRow]) -> Result<PoolTree, ProofError> {
    let salts = Salts::new(suite, key);
    let leaf = |row: &RollRow| row_leaf(suite, "roll-row", &salts.roll(&row.id), row);
    Ok(PoolTree::over(
        suite,
        roll.iter().map(leaf).collect::<Result<_, _>>()?,
    ))
}

/// How a recused entity stands in an inspector's row: `H[recused](lp(roll salt) ‖ lp(entity id))`.
pub fn recused_entry(suite: Suite, key: &PoolKey, inspector: &str, entity: &str) -> Digest {
    let salt = Salts::new(suite, key).roll(inspector);
    suite
        .labelled("recused")
        .field(&salt.0)
        .field(entity.as_bytes())
        .finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::{PlaceRow, PoolRow};

    fn key() -> PoolKey {
        PoolKey::new([9; 32])
    }

    #[test]
    fn the_fast_leaf_is_the_leaf_of_the_definition() {
        for suite in [Suite::Sm3Sm2, Suite::Sha256Ed25519] {
            let labels = vec!["s1".to_owned(), "组\"2\"".to_owned()];
            let mut rows = Rows::new(labels);
            for (id, label) in [("91440500A", 0), ("91440500\"B\"\n", 1), ("中", 0)] {
                rows.push_as_given(id, label).unwrap();
            }
            let salts = Salts::new(suite, &key());
            let pool = leaves(suite, &key(), ListKind::Pool { item: "A01" }, &rows);
            let places = leaves(suite, &key(), ListKind::Places, &rows);
            for row in 0..rows.len() {
                let (id, label) = (rows.id(row).to_owned(), rows.label(row).to_owned());
                let pool_row = PoolRow {
                    id: id.clone(),
                    stratum: label.clone(),
                };
                let salt = salts.pool("A01", &id);
                assert_eq!(pool[row], row_leaf(suite, "pool-row", &salt, &pool_row).unwrap());
                let place = PlaceRow {
                    division: label,
                    id: id.clone(),
                };
                assert_eq!(
                    places[row],
                    row_leaf(suite, "place-row", &salts.place(&id), &place).unwrap()
                );
            }
        }
    }

    #[test]
    fn rows_must_ascend_and_carry_a_known_label() {
        let mut rows = Rows::new(vec!["s1".into()]);
        rows.push("B", 0).unwrap();
        assert_eq!(rows.push("B", 0), Err(ProofError::Order("B".into())));
        assert_eq!(rows.push("A", 0), Err(ProofError::Order("A".into())));
        assert_eq!(rows.push("C", 1), Err(ProofError::Label(1)));
        assert_eq!((rows.len(), rows.find("B"), rows.find("C")), (1, Some(0), None));
    }

    #[test]
    fn every_row_of_a_pool_can_be_proved() {
        let mut rows = Rows::new(vec!["s1".into()]);
        for n in 100..177 {
            rows.push(&format!("id{n}"), 0).unwrap();
        }
        let suite = Suite::Sm3Sm2;
        let pool = commit_pool(suite, &key(), "A", &rows);
        assert_eq!(
            pool.head,
            pool_head(suite, &key(), ListKind::Pool { item: "A" }, &rows)
        );
        let (index, path) = pool.row_proof(&rows, "id150").unwrap();
        let row = PoolRow {
            id: "id150".into(),
            stratum: "s1".into(),
        };
        let leaf = row_leaf(
            suite,
            "pool-row",
            &Salts::new(suite, &key()).pool("A", "id150"),
            &row,
        )
        .unwrap();
        assert!(merkle::verify_inclusion(
            suite,
            &leaf,
            index,
            pool.head.size,
            &path,
            &pool.head.root
        ));
        assert!(pool.row_proof(&rows, "id99").is_none());
    }
}
