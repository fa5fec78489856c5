//! What a firm and an auditor hold beside the public file.

use serde::{Deserialize, Serialize};

use super::commitment::Item;
use super::rows::{PoolTree, Rows};
use super::salts::{PoolKey, Salts};
use super::transcript::SelectedRow;
use crate::text::Day;
use crate::{Digest, Suite};

/// One candidate of an item's pool.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoolRow {
    /// Number of the entity (统一社会信用代码).
    pub id: String,
    /// Opaque label of its stratum.
    pub stratum: String,
}

/// Where a candidate is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlaceRow {
    /// Division code (行政区划代码).
    pub division: String,
    /// Number of the entity.
    pub id: String,
}

/// One inspector of the roll (检查人员名录).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RollRow {
    /// Number of the inspector.
    pub id: String,
    /// Department.
    pub department: String,
    /// Prefixes of the division codes where the inspector may work; ascending.
    pub divisions: Vec<String>,
    /// Qualifications; `*` = all; ascending.
    pub qualifications: Vec<String>,
    /// Last day of the certificate (执法证).
    pub certificate_until: Day,
    /// Tasks the inspector already has.
    pub load: u64,
    /// Whether the inspector may lead a team.
    pub may_lead: bool,
    /// Entities the inspector must not visit, as salted hashes; ascending.
    pub recused: Vec<Digest>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum FirmWord {
    Firm,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum AuditorWord {
    Auditor,
}

/// What a firm gets: its own pool row with salt and path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FirmMaterial {
    kind: FirmWord,
    /// Item code.
    pub item: String,
    /// The row.
    pub row: PoolRow,
    /// Its salt.
    pub salt: Digest,
    /// Its place in the pool.
    pub index: u64,
    /// Its inclusion path.
    pub path: Vec<Digest>,
}

impl FirmMaterial {
    /// The material of one firm for one item; `None` when it is not in the pool.
    pub fn of(
        suite: Suite,
        key: &PoolKey,
        item: &Item,
        rows: &Rows,
        tree: &PoolTree,
        id: &str,
    ) -> Option<Self> {
        let (index, path) = tree.row_proof(rows, id)?;
        let row = PoolRow {
            id: id.to_owned(),
            stratum: rows.label(rows.find(id)?).to_owned(),
        };
        let salt = Salts::new(suite, key).pool(&item.item, id);
        Some(Self {
            kind: FirmWord::Firm,
            item: item.item.clone(),
            row,
            salt,
            index,
            path,
        })
    }
}

/// The pool of one item, in full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemRows {
    /// Item code.
    pub item: String,
    /// Its rows in ascending order of id.
    pub rows: Vec<PoolRow>,
}

/// What discipline inspection, a notary or a co-operating department gets: everything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditorMaterial {
    kind: AuditorWord,
    /// The key of all salts.
    pub pool_key: PoolKey,
    /// The pools in the order of the commitment.
    pub pools: Vec<ItemRows>,
    /// Where every candidate is, in ascending order of id.
    pub places: Vec<PlaceRow>,
    /// The roll in ascending order of id.
    pub roll: Vec<RollRow>,
    /// The selected rows in their order.
    pub selected: Vec<SelectedRow>,
}

impl AuditorMaterial {
    /// Puts the material together; `pools` in the order of the commitment's items.
    pub fn of(
        key: &PoolKey,
        items: &[Item],
        pools: &[Rows],
        places: &Rows,
        roll: &[RollRow],
        selected: &[SelectedRow],
    ) -> Self {
        let pool = |(item, rows): (&Item, &Rows)| ItemRows {
            item: item.item.clone(),
            rows: (0..rows.len())
                .map(|row| PoolRow {
                    id: rows.id(row).to_owned(),
                    stratum: rows.label(row).to_owned(),
                })
                .collect(),
        };
        let place = |row| PlaceRow {
            division: places.label(row).to_owned(),
            id: places.id(row).to_owned(),
        };
        Self {
            kind: AuditorWord::Auditor,
            pool_key: key.clone(),
            pools: items.iter().zip(pools).map(pool).collect(),
            places: (0..places.len()).map(place).collect(),
            roll: roll.to_vec(),
            selected: selected.to_vec(),
        }
    }
}
