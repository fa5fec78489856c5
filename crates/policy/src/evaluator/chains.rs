//! Which records speak: corrections, withdrawals and ends resolved, one reading per family.
//!
//! Only records dated on or before the day are seen; a later one neither counts nor acts. A **family** is a record and the
//! corrections that lead back to it, directly or through other corrections. The family's role (counts, withdraws, ends) is
//! that of its first record; its facts are those of its latest member that has not been withdrawn. A withdrawal takes back the
//! record it names together with the corrections built on it, so:
//! - a correction withdrawn: the earlier reading speaks again;
//! - a withdrawal withdrawn: the record counts again;
//! - the first record withdrawn: its corrections go with it;
//! - a removal corrected: the end moves to the corrected day.
//!
//! An end acts on the whole family of the record it names; of several ends the latest record decides. A name that leads to
//! no earlier record in the list leads nowhere. A withdrawal never counts itself.

use super::{RecordFact, Relation};

/// Position that leads nowhere.
const NOWHERE: u32 = u32::MAX;

/// A record that speaks: where it stands in the list, and when it ends after all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Speaker {
    pub index: u32,
    pub ends_on: i32,
}

#[derive(Debug, Clone, Copy)]
struct Link {
    target: u32,
    root: u32,
    next: u32,
    tail: u32,
    /// The withdrawal that took it back.
    void_by: u32,
    /// Of a family's first record: the end that holds.
    ended_by: u32,
}

impl Link {
    fn is_void(&self) -> bool {
        self.void_by != NOWHERE
    }
}

/// What became of a record on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It counts: it is the reading of its family that holds.
    Speaks {
        /// Day it ends after all, since 1970-01-01; [`super::OPEN`] = open.
        ends_on: i32,
        /// Number of the record that ended it; `None`: `ends_on` is its own.
        ended_by: Option<i64>,
    },
    /// Another reading of its family follows it.
    Corrected {
        /// Number of the next reading that is not withdrawn.
        by: i64,
    },
    /// It was taken back, by itself or with the record it corrects.
    Withdrawn {
        /// Number of the withdrawal.
        by: i64,
    },
    /// It does not count: dated after the day, or a withdrawal that holds.
    Silent,
}

/// What became of each record on the day `as_of` (since 1970-01-01), in the order given: the very chains
/// [`super::Compiled::evaluate`] counts by. Items and codes are not looked at, so of a state item every record may speak;
/// the evaluator then takes the one with the greatest [`RecordFact::moment`]. Record numbers must be unique; all records of
/// one entity that name each other must be there.
pub fn resolve(records: &[RecordFact], as_of: i32) -> Vec<Fate> {
    let mut fates = vec![Fate::Silent; records.len()];
    let mut chains = Chains::default();
    chains.resolve(records, as_of, |speaker, _| {
        if let Some(fate) = fates.get_mut(at(speaker.index)) {
            *fate = Fate::Speaks {
                ends_on: speaker.ends_on,
                ended_by: None,
            };
        }
    });
    for (position, index) in (0_u32..).zip(&chains.order) {
        if let Some(fate) = fates.get_mut(at(*index)) {
            chains.tell(position, records, fate);
        }
    }
    fates
}

/// Room to work in, kept between calls.
#[derive(Debug, Default)]
pub(super) struct Chains {
    order: Vec<u32>,
    links: Vec<Link>,
}

fn at(position: u32) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}

fn number(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(NOWHERE)
}

impl Chains {
    /// Calls `emit` for every record that speaks on `as_of`, in no promised order.
    pub fn resolve(
        &mut self,
        records: &[RecordFact],
        as_of: i32,
        mut emit: impl FnMut(Speaker, &RecordFact),
    ) {
        self.order.clear();
        self.links.clear();
        if records.iter().all(|record| record.relation == Relation::None) {
            for (index, record) in (0_u32..).zip(records) {
                if record.on <= as_of {
                    emit(
                        Speaker {
                            index,
                            ends_on: record.ends_on,
                        },
                        record,
                    );
                }
            }
            return;
        }
        self.link(records, as_of);
        for root in (0..self.links.len()).rev() {
            self.settle(number(root), records, &mut emit);
        }
    }

    fn record<'r>(&self, position: u32, records: &'r [RecordFact]) -> Option<&'r RecordFact> {
        records.get(at(*self.order.get(at(position))?))
    }

    fn link_at(&self, position: u32) -> Option<&Link> {
        self.links.get(at(position))
    }

    /// Sorts what is seen by record number and ties every correction to its family.
    fn link(&mut self, records: &[RecordFact], as_of: i32) {
        self.order.extend(
            (0_u32..)
                .zip(records)
                .filter(|(_, record)| record.on <= as_of)
                .map(|(index, _)| index),
        );
        self.order
            .sort_unstable_by_key(|index| records.get(at(*index)).map(|record| record.record));
        for (position, index) in (0_u32..).zip(&self.order) {
            let Some(record) = records.get(at(*index)) else {
                continue;
            };
            let target = self.earlier(record, position, records);
            let family = if record.relation == Relation::Corrects {
                self.link_at(target).map(|link| link.root)
            } else {
                None
            };
            let root = family.unwrap_or(position);
            self.links.push(Link {
                target,
                root,
                next: NOWHERE,
                tail: position,
                void_by: NOWHERE,
                ended_by: NOWHERE,
            });
            if family.is_some() {
                let tail = self
                    .links
                    .get_mut(at(root))
                    .map(|link| std::mem::replace(&mut link.tail, position));
                if let Some(link) = tail.and_then(|tail| self.links.get_mut(at(tail))) {
                    link.next = position;
                }
            }
        }
    }

    /// Position of the record named, among those before `position`.
    fn earlier(&self, record: &RecordFact, position: u32, records: &[RecordFact]) -> u32 {
        if record.relation == Relation::None || record.names == 0 {
            return NOWHERE;
        }
        let before = self.order.get(..at(position)).unwrap_or_default();
        let found = before.binary_search_by_key(&Some(record.names), |index| {
            records.get(at(*index)).map(|other| other.record)
        });
        found.map_or(NOWHERE, number)
    }

    /// Decides one family. Families are settled from the latest first record to the earliest: whoever can withdraw or end a
    /// member of this family has a later first record, so has been settled before.
    fn settle(&mut self, root: u32, records: &[RecordFact], emit: &mut impl FnMut(Speaker, &RecordFact)) {
        let Some(&Link {
            root: first,
            target,
            ended_by,
            ..
        }) = self.link_at(root)
        else {
            return;
        };
        if first != root {
            return;
        }
        let mut speaker = None;
        let mut member = root;
        while let Some(&link) = self.link_at(member) {
            let under = self.link_at(link.target).filter(|_| member != root);
            let fallen_by = under.map_or(NOWHERE, |under| under.void_by);
            if !link.is_void() && fallen_by == NOWHERE {
                speaker = Some(member);
            } else if let Some(link) = self.links.get_mut(at(member)).filter(|link| !link.is_void()) {
                link.void_by = fallen_by;
            }
            member = link.next;
        }
        let spoken = speaker.and_then(|position| {
            Some((
                position,
                *self.order.get(at(position))?,
                self.record(position, records)?,
            ))
        });
        let (Some((position, index, words)), Some(role)) = (spoken, self.record(root, records)) else {
            return;
        };
        match role.relation {
            Relation::Withdraws => {
                if let Some(link) = self.links.get_mut(at(target)).filter(|link| !link.is_void()) {
                    link.void_by = position;
                }
                return;
            }
            Relation::Ends => {
                let family = self.link_at(target).map_or(NOWHERE, |link| link.root);
                if let Some(link) = self
                    .links
                    .get_mut(at(family))
                    .filter(|link| link.ended_by == NOWHERE)
                {
                    link.ended_by = position;
                }
            }
            Relation::None | Relation::Corrects => {}
        }
        let ends_on = self.record(ended_by, records).map_or(words.ends_on, |end| end.on);
        emit(Speaker { index, ends_on }, words);
    }

    /// Completes a fate once all families are settled: who ended the one that speaks, why the others do not.
    fn tell(&self, position: u32, records: &[RecordFact], fate: &mut Fate) {
        let number_of = |position| self.record(position, records).map(|record| record.record);
        let Some(link) = self.link_at(position) else {
            return;
        };
        if let Fate::Speaks { ended_by, .. } = fate {
            *ended_by = self.link_at(link.root).and_then(|root| number_of(root.ended_by));
        } else if let Some(by) = number_of(link.void_by) {
            *fate = Fate::Withdrawn { by };
        } else {
            let mut follower = link.next;
            while let Some(next) = self.link_at(follower).filter(|next| next.is_void()) {
                follower = next.next;
            }
            if let Some(by) = number_of(follower) {
                *fate = Fate::Corrected { by };
            }
        }
    }
}
