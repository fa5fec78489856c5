//! The transcript (抽取记录): building, signing, sealing, and opening row by row.

use serde::{Deserialize, Serialize};

use super::commitment::{Commitment, TreeHead};
use super::material::RollRow;
use super::reveal::Reveal;
use super::rows::{Rows, row_leaf};
use super::salts::{PoolKey, Salts};
use super::select::{Selection, StratumCutoff, seed, select};
use super::team::{assign_teams, check_places};
use crate::log::Extract;
use crate::merkle::Tree;
use crate::suite::{PROTOCOL, label_bytes};
use crate::text::{Hex, Time};
use crate::{Digest, Key, ProofError, Suite, canonical, wide};

/// One chosen inspector of a team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// Department.
    pub department: String,
    /// Number of the inspector.
    pub inspector: String,
}

/// One row of the result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "lowercase", deny_unknown_fields)]
pub enum SelectedRow {
    /// Drawn for an item.
    Drawn {
        /// Item code.
        item: String,
        /// Number of the entity.
        id: String,
    },
    /// Reserve (候补) for an item.
    Reserve {
        /// Item code.
        item: String,
        /// Number of the entity.
        id: String,
    },
    /// The team of a task.
    Team {
        /// Number of the entity.
        id: String,
        /// Items it was drawn for, in the order of the commitment.
        items: Vec<String>,
        /// Inspectors in order of choice.
        members: Vec<Member>,
        /// Who leads.
        leader: String,
    },
    /// A task for which people are lacking.
    Unstaffed {
        /// Number of the entity.
        id: String,
        /// Items it was drawn for, in the order of the commitment.
        items: Vec<String>,
        /// Departments with a free place, ascending.
        departments: Vec<String>,
    },
}

impl SelectedRow {
    /// Role, item (empty for team and unstaffed rows) and entity: what the row's salt is made of.
    pub fn name(&self) -> (&'static str, &str, &str) {
        match self {
            Self::Drawn { item, id } => ("drawn", item, id),
            Self::Reserve { item, id } => ("reserve", item, id),
            Self::Team { id, .. } => ("team", "", id),
            Self::Unstaffed { id, .. } => ("unstaffed", "", id),
        }
    }

    /// Leaf hash under a salt.
    pub(crate) fn leaf(&self, suite: Suite, salt: &Digest) -> Result<Digest, ProofError> {
        row_leaf(suite, "selected-row", salt, self)
    }
}

/// The tree over selected rows as they stand.
pub(crate) fn selected_tree(suite: Suite, key: &PoolKey, rows: &[SelectedRow]) -> Result<Tree, ProofError> {
    let salts = Salts::new(suite, key);
    let leaf = |row: &SelectedRow| {
        let (role, item, id) = row.name();
        row.leaf(suite, &salts.selected(role, item, id))
    };
    Ok(Tree::build(
        suite,
        rows.iter().map(leaf).collect::<Result<_, _>>()?,
    ))
}

/// Cut-offs of an item's strata.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemCutoffs {
    /// Item code.
    pub item: String,
    /// Its strata in the order of the commitment.
    pub strata: Vec<StratumCutoff>,
}

/// The signed record of a draw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transcript {
    /// Always `transcript`.
    pub kind: String,
    /// Always `xinheng-draw/1`.
    pub protocol: String,
    /// Name of the suite.
    pub suite: String,
    /// The commitment.
    pub commitment: Commitment,
    /// Its hash.
    pub commitment_hash: Digest,
    /// The reveals in the order of the contributors.
    pub reveals: Vec<Reveal>,
    /// The seed.
    pub seed: Digest,
    /// Cut-offs by item and stratum.
    pub cutoffs: Vec<ItemCutoffs>,
    /// Size and root of the selected rows.
    pub selected: TreeHead,
    /// When it was drawn.
    pub drawn_at: Time,
    /// Public key of the platform.
    pub key: Hex,
}

impl Transcript {
    /// Plain hash of the canonical transcript, as its log leaf names it.
    pub fn hash(&self, suite: Suite) -> Result<Digest, ProofError> {
        Ok(suite.hash(&canonical::to_vec(self)?))
    }
}

/// The bytes under the transcript's signature: `lp("xinheng-draw/1/transcript") ‖ JCS(transcript)`.
pub fn signed_bytes(transcript: &Transcript) -> Result<Vec<u8>, ProofError> {
    let mut out = label_bytes("transcript");
    out.extend(canonical::to_vec(transcript)?);
    Ok(out)
}

/// A selected row opened to the public.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opened {
    /// Its place among the selected rows.
    pub index: u64,
    /// The row.
    pub row: SelectedRow,
    /// Its salt.
    pub salt: Digest,
    /// Its inclusion path.
    pub path: Vec<Digest>,
}

/// The file given to the public: the signed transcript, its log proof, and the rows opened so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sealed {
    /// The record.
    pub transcript: Transcript,
    /// The platform's signature.
    pub signature: Hex,
    /// Proof of publication.
    pub log: Option<Extract>,
    /// The rows opened so far.
    pub opened: Vec<Opened>,
}

/// Everything a draw needs; lists are the very lists committed to.
#[derive(Debug, Clone, Copy)]
pub struct Draw<'a> {
    /// The published commitment.
    pub commitment: &'a Commitment,
    /// The reveals, in any order.
    pub reveals: &'a [Reveal],
    /// The pools in the order of the commitment's items.
    pub pools: &'a [Rows],
    /// Where every candidate is.
    pub places: &'a Rows,
    /// The roll in ascending order of id.
    pub roll: &'a [RollRow],
    /// The key of all salts.
    pub pool_key: &'a PoolKey,
}

/// A draw done: the signed record and the rows under it.
#[derive(Debug, Clone)]
pub struct Drawn {
    /// The signed record.
    pub transcript: Transcript,
    /// The platform's signature over it.
    pub signature: Hex,
    /// Who was picked, with strata and tickets: internal.
    pub selection: Selection,
    /// The selected rows in their order.
    pub rows: Vec<SelectedRow>,
    suite: Suite,
    salts: Salts,
    tree: Tree,
}

impl Draw<'_> {
    /// Draws, forms the teams, and signs. Refuses a commitment of wrong form, incomplete or wrong reveals (void the
    /// attempt then), and lists of another size than committed.
    pub fn run(&self, platform: &Key, drawn_at: Time) -> Result<Drawn, ProofError> {
        let commitment = self.commitment;
        commitment.require_form()?;
        let suite = platform.suite();
        if commitment.suite() != Some(suite) {
            return Err(ProofError::Key("平台密钥与承诺书的套件不同".to_owned()));
        }
        self.require_lists()?;
        let reveals = self.ordered_reveals(suite)?;
        let commitment_hash = commitment.hash(suite)?;
        let seed = seed(suite, &commitment_hash, &reveals);
        let selection = select(suite, &seed, &commitment.items, self.pools);
        let teams = assign_teams(
            suite,
            &seed,
            self.pool_key,
            commitment,
            &selection,
            self.places,
            self.roll,
        );
        let rows: Vec<SelectedRow> = item_rows(&selection).chain(teams).collect();
        let tree = selected_tree(suite, self.pool_key, &rows)?;
        let transcript = Transcript {
            kind: "transcript".to_owned(),
            protocol: PROTOCOL.to_owned(),
            suite: suite.name().to_owned(),
            commitment: commitment.clone(),
            commitment_hash,
            reveals,
            seed,
            cutoffs: cutoffs(&selection),
            selected: TreeHead {
                size: tree.size(),
                root: tree.root(),
            },
            drawn_at,
            key: Hex(platform.public()),
        };
        let signature = Hex(platform.sign(&signed_bytes(&transcript)?)?);
        let salts = Salts::new(suite, self.pool_key);
        Ok(Drawn {
            transcript,
            signature,
            selection,
            rows,
            suite,
            salts,
            tree,
        })
    }

    fn require_lists(&self) -> Result<(), ProofError> {
        let refused = |words: &str| Err(ProofError::Pools(words.to_owned()));
        if self.pools.len() != self.commitment.items.len() {
            return refused("事项数不同");
        }
        for (item, rows) in self.commitment.items.iter().zip(self.pools) {
            if wide(rows.len()) != item.pool.size {
                return refused(&format!("事项 {} 的户数不同", item.item));
            }
            for stratum in &item.strata {
                if wide(
                    (0..rows.len())
                        .filter(|row| rows.label(*row) == stratum.label)
                        .count(),
                ) != stratum.size
                {
                    return refused(&format!("事项 {} 的 {} 组户数不同", item.item, stratum.label));
                }
            }
        }
        let candidates = self
            .pools
            .iter()
            .flat_map(|rows| (0..rows.len()).map(|row| rows.id(row)));
        if wide(self.places.len()) != self.commitment.places.size || !check_places(candidates, self.places) {
            return refused("所在地名单与对象库不符");
        }
        if wide(self.roll.len()) != self.commitment.roll.size {
            return refused("检查人员名录人数不同");
        }
        Ok(())
    }

    fn ordered_reveals(&self, suite: Suite) -> Result<Vec<Reveal>, ProofError> {
        let (mut ordered, mut wrong) = (Vec::new(), Vec::new());
        for contributor in &self.commitment.contributors {
            let name = contributor.name();
            match self.reveals.iter().find(|reveal| reveal.name == name) {
                Some(reveal) if reveal.keeps(suite, contributor) => ordered.push(reveal.clone()),
                _ => wrong.push(name.to_owned()),
            }
        }
        if wrong.is_empty() {
            Ok(ordered)
        } else {
            Err(ProofError::Reveals(wrong))
        }
    }
}

/// The drawn and reserve rows in the order prescribed.
pub(crate) fn item_rows(selection: &Selection) -> impl Iterator<Item = SelectedRow> {
    selection.items.iter().flat_map(|made| {
        let drawn = made.drawn.iter().map(|pick| SelectedRow::Drawn {
            item: made.item.clone(),
            id: pick.id.clone(),
        });
        let reserves = made.reserves.iter().map(|pick| SelectedRow::Reserve {
            item: made.item.clone(),
            id: pick.id.clone(),
        });
        drawn.chain(reserves)
    })
}

/// The cut-offs as the transcript carries them.
pub(crate) fn cutoffs(selection: &Selection) -> Vec<ItemCutoffs> {
    let of = |made: &super::select::ItemSelection| ItemCutoffs {
        item: made.item.clone(),
        strata: made.cutoffs.clone(),
    };
    selection.items.iter().map(of).collect()
}

impl Drawn {
    /// Opens a row when its visit is done or cancelled; `None` outside the rows.
    pub fn open(&self, index: u64) -> Option<Opened> {
        let row = self.rows.get(crate::narrow(index))?.clone();
        let (role, item, id) = row.name();
        let salt = self.salts.selected(role, item, id);
        Some(Opened {
            index,
            salt,
            path: self.tree.path(index)?,
            row,
        })
    }

    /// The file for the public with the rows opened so far.
    pub fn sealed(&self, log: Option<Extract>, opened: Vec<Opened>) -> Sealed {
        Sealed {
            transcript: self.transcript.clone(),
            signature: self.signature.clone(),
            log,
            opened,
        }
    }

    /// The suite of the draw.
    pub fn suite(&self) -> Suite {
        self.suite
    }
}
