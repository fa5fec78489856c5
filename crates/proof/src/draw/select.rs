//! Seed, tickets and the selection: the smallest tickets of every stratum.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::commitment::{Item, Stratum};
use super::reveal::Reveal;
use super::rows::Rows;
use crate::suite::{BATCH, Hasher, Prefix, Room, label_bytes, length_prefix};
use crate::{Digest, Suite, narrow};

/// The seed of a draw: `H[seed](commitment hash ‖ lp(v1) ‖ … ‖ lp(vn))`, reveals in the order of the contributors.
pub fn seed(suite: Suite, commitment_hash: &Digest, reveals: &[Reveal]) -> Digest {
    let start = suite.labelled("seed").with(&commitment_hash.0);
    reveals
        .iter()
        .fold(start, |hash, reveal| hash.field(&reveal.value.0))
        .finish()
}

/// All tickets of one seed; the shared prefix is hashed once.
#[derive(Clone)]
pub struct Tickets {
    single: Hasher,
    many: Prefix,
}

impl Tickets {
    /// The tickets of a seed.
    pub fn new(suite: Suite, seed: &Digest) -> Self {
        let prefix = [label_bytes("ticket").as_slice(), &seed.0].concat();
        Self {
            single: suite.hasher().with(&prefix),
            many: suite.prefix(&prefix),
        }
    }

    /// `H[ticket](seed ‖ lp(id))`.
    pub fn of(&self, id: &str) -> Digest {
        self.single.clone().field(id.as_bytes()).finish()
    }

    /// Fills in the tickets of rows; all threads take part.
    fn fill(&self, rows: &Rows, held: &mut [(Digest, u32)]) {
        held.par_chunks_mut(BATCH)
            .for_each_init(Room::default, |room, held| {
                let mut made = [Digest::default(); BATCH];
                let (made, _) = made.split_at_mut(held.len());
                self.many.hash_all(room, made, |place, text| {
                    let row = held
                        .get(place)
                        .map_or(usize::MAX, |entry| narrow(u64::from(entry.1)));
                    let id = rows.id(row).as_bytes();
                    text.extend_from_slice(&length_prefix(id));
                    text.extend_from_slice(id);
                });
                held.iter_mut()
                    .zip(made)
                    .for_each(|(entry, ticket)| entry.0 = *ticket);
            });
    }
}

/// The ticket of one entity.
pub fn ticket(suite: Suite, seed: &Digest, id: &str) -> Digest {
    Tickets::new(suite, seed).of(id)
}

/// The largest drawn and the largest reserve ticket of a stratum; null when there is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StratumCutoff {
    /// Label of the stratum.
    pub label: String,
    /// Largest drawn ticket.
    pub drawn: Option<Digest>,
    /// Largest reserve ticket.
    pub reserve: Option<Digest>,
}

/// One entity picked from a pool.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pick {
    /// Its ticket; picks are ordered by it.
    pub ticket: Digest,
    /// Its number.
    pub id: String,
    /// Label of its stratum; internal, never published.
    pub stratum: String,
}

/// What one item's pool gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemSelection {
    /// Item code.
    pub item: String,
    /// The drawn, by ticket.
    pub drawn: Vec<Pick>,
    /// The reserves (候补), by ticket.
    pub reserves: Vec<Pick>,
    /// Cut-offs by stratum, in the order of the commitment.
    pub cutoffs: Vec<StratumCutoff>,
}

/// What the whole campaign gave, item by item in the order of the commitment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// The items.
    pub items: Vec<ItemSelection>,
}

/// Draws every item: its `quota` smallest tickets in each stratum, then its `reserve` next ones.
/// `pools` stand in the order of `items`; a row whose label is no stratum of its item is not drawn.
pub fn select(suite: Suite, seed: &Digest, items: &[Item], pools: &[Rows]) -> Selection {
    let tickets = Tickets::new(suite, seed);
    let nothing = Rows::default();
    let pools = pools.iter().chain(std::iter::repeat(&nothing));
    Selection {
        items: items
            .iter()
            .zip(pools)
            .map(|(item, rows)| select_item(&tickets, item, rows))
            .collect(),
    }
}

fn select_item(tickets: &Tickets, item: &Item, rows: &Rows) -> ItemSelection {
    let mut made = ItemSelection {
        item: item.item.clone(),
        drawn: Vec::new(),
        reserves: Vec::new(),
        cutoffs: Vec::with_capacity(item.strata.len()),
    };
    for stratum in &item.strata {
        let (drawn, reserves) = select_stratum(tickets, item, stratum, rows);
        made.cutoffs.push(StratumCutoff {
            label: stratum.label.clone(),
            drawn: drawn.last().map(|pick| pick.ticket),
            reserve: reserves.last().map(|pick| pick.ticket),
        });
        made.drawn.extend(drawn);
        made.reserves.extend(reserves);
    }
    made.drawn.sort_unstable();
    made.reserves.sort_unstable();
    made
}

fn select_stratum(tickets: &Tickets, item: &Item, stratum: &Stratum, rows: &Rows) -> (Vec<Pick>, Vec<Pick>) {
    let (quota, reserve) = (narrow(stratum.quota), narrow(item.reserve));
    let wanted = quota.saturating_add(reserve);
    let Some(label) = rows.labels().iter().position(|label| *label == stratum.label) else {
        return (Vec::new(), Vec::new());
    };
    if wanted == 0 {
        return (Vec::new(), Vec::new());
    }
    let mut held: Vec<(Digest, u32)> = (0..u32::try_from(rows.len()).unwrap_or(u32::MAX))
        .filter(|row| narrow(u64::from(rows.tag(narrow(u64::from(*row))))) == label)
        .map(|row| (Digest::default(), row))
        .collect();
    tickets.fill(rows, &mut held);
    if wanted < held.len() {
        held.select_nth_unstable(wanted);
        held.truncate(wanted);
    }
    held.sort_unstable(); // rows ascend by id, so a tie of tickets falls to the smaller id
    let mut picks = held.into_iter().map(|(ticket, row)| Pick {
        ticket,
        id: rows.id(narrow(u64::from(row))).to_owned(),
        stratum: stratum.label.clone(),
    });
    let drawn = picks.by_ref().take(quota).collect();
    (drawn, picks.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::TreeHead;
    use proptest::prelude::*;

    fn item(strata: &[(u64, u64)], reserve: u64) -> Item {
        Item {
            item: "A".into(),
            department: "d".into(),
            qualification: String::new(),
            pool: TreeHead {
                size: strata.iter().map(|s| s.0).sum(),
                root: Digest::default(),
            },
            strata: strata
                .iter()
                .enumerate()
                .map(|(at, (size, quota))| Stratum {
                    label: format!("s{at}"),
                    size: *size,
                    quota: *quota,
                    ratio: None,
                })
                .collect(),
            reserve,
            exclusions: Vec::new(),
        }
    }

    fn pool(strata: usize, size: usize) -> Rows {
        let mut rows = Rows::new((0..strata).map(|at| format!("s{at}")).collect());
        for n in 0..size {
            rows.push(&format!("id{n:06}"), (n % strata) as u32).unwrap();
        }
        rows
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn the_drawn_are_the_smallest_tickets_and_a_longer_draw_starts_with_the_shorter(
            size in 0_usize..200, quota in 0_u64..60, reserve in 0_u64..20, seed in any::<[u8; 32]>(),
        ) {
            let (suite, seed, rows) = (Suite::Sha256Ed25519, Digest(seed), pool(2, size));
            let made = select(suite, &seed, &[item(&[(0, quota), (0, quota)], reserve)], std::slice::from_ref(&rows));
            for label in ["s0", "s1"] {
                let mut all: Vec<(Digest, String)> = (0..rows.len())
                    .filter(|row| rows.label(*row) == label)
                    .map(|row| (ticket(suite, &seed, rows.id(row)), rows.id(row).to_owned()))
                    .collect();
                all.sort();
                let of = |picks: &[Pick]| -> Vec<(Digest, String)> {
                    picks.iter().filter(|p| p.stratum == label).map(|p| (p.ticket, p.id.clone())).collect()
                };
                let (drawn, rest) = all.split_at(all.len().min(quota as usize));
                prop_assert_eq!(of(&made.items[0].drawn), drawn);
                prop_assert_eq!(of(&made.items[0].reserves), &rest[..rest.len().min(reserve as usize)]);
            }
        }
    }

    #[test]
    fn items_that_share_candidates_share_the_drawn() {
        let rows = pool(1, 500);
        let items = [item(&[(500, 20)], 0), item(&[(500, 50)], 0)];
        let made = select(Suite::Sm3Sm2, &Digest([5; 32]), &items, &[rows.clone(), rows]);
        assert_eq!(made.items[0].drawn[..], made.items[1].drawn[..20]);
    }
}
