//! The way back: what an unmerge writes, so that every record is where its code says.
use std::collections::{BTreeSet, HashMap, HashSet};

use db::Tx;
use kernel::Outcome;
use policy::Fate;

use super::super::super::model::Relation;
use super::super::deed::{Entry, Known};
use super::super::model::Moved;
use super::super::store::merge::{self as store, MergeRow};
use super::File;
use crate::hall::Op;

/// The way back of an unmerge.
pub(super) struct Back<'a> {
    op: &'a Op,
    row: &'a MergeRow,
    below: &'a [i64],
    /// What the merge moved, by the copy.
    moved: Vec<Moved>,
    from: File,
    to: File,
    /// Records at the survivor that came under the code of the merged one, or of one below it: the record, the code's number.
    detours: HashMap<i64, i64>,
}

/// What an unmerge writes and changes.
#[derive(Default)]
pub(super) struct Undone {
    pub records: Vec<(i64, Entry)>,
    pub gone: Vec<Known>,
    pub current: Vec<(i64, Entry)>,
    pub detours: Vec<(i64, i64)>,
}

impl<'a> Back<'a> {
    pub fn read(tx: &mut Tx, op: &'a Op, row: &'a MergeRow, below: &'a [i64]) -> Outcome<Self> {
        let mut detours = HashMap::new();
        for subject in below.iter().chain([&row.merged_id]) {
            for record in store::detours(tx, *subject)? {
                detours.insert(record, *subject);
            }
        }
        Ok(Self {
            op,
            row,
            below,
            moved: store::moved(tx, row.merge.merge_id)?,
            from: File::read(tx, row.merged_id)?,
            to: File::read(tx, row.into_id)?,
            detours,
        })
    }

    /// Records at the survivor that belong to the merged one: copies, what came under its code, and what builds on these.
    fn belonging(&self) -> BTreeSet<i64> {
        let copies: HashSet<i64> = self.moved.iter().filter_map(|one| one.copy_id).collect();
        let mut belonging = BTreeSet::new();
        for one in &self.to.known {
            let id = one.record_id;
            let builds = one.entry.names_id.is_some_and(|named| belonging.contains(&named));
            if copies.contains(&id) || self.detours.contains_key(&id) || builds {
                belonging.insert(id);
            }
        }
        belonging
    }

    pub fn done(&self, tx: &mut Tx) -> Outcome<Undone> {
        let today = self.op.today();
        let mut undone = Undone::default();
        let (belonging, roots) = (self.belonging(), self.to.roots());
        let originals = store::by_number(&self.from.known);
        let there = store::by_number(&self.to.known);
        // Where the families at the survivor go: first record there → first and newest record at the merged one.
        let mut home: HashMap<i64, (i64, i64)> = HashMap::new();
        for one in &self.moved {
            let Some(origin) = originals.get(&one.origin_id) else {
                continue;
            };
            undone
                .records
                .push((tx.next_id()?, origin.entry.withdrawal(one.withdrawal_id, today)));
            undone.current.push((origin.record_id, origin.entry.clone()));
            let Some(copy) = one.copy_id.and_then(|copy| there.get(&copy)) else {
                continue;
            };
            home.insert(copy.record_id, (one.root_id, one.origin_id));
            if let Some(Fate::Withdrawn { .. }) = self.to.fate(copy.record_id) {
                // Taken back since: so it is at home.
                undone
                    .records
                    .push((tx.next_id()?, origin.entry.withdrawal(one.root_id, today)));
                undone.current.pop();
                undone.gone.push((*origin).clone());
            } else {
                undone
                    .records
                    .push((tx.next_id()?, copy.entry.withdrawal(copy.record_id, today)));
            }
        }
        self.bring_home(tx, &mut undone, (&belonging, &roots), home)?;
        undone.gone.extend(
            self.to
                .known
                .iter()
                .filter(|one| belonging.contains(&one.record_id))
                .cloned(),
        );
        Ok(undone)
    }

    /// What came after the merge: corrections of copies correct the originals, the rest begins anew at home.
    fn bring_home(
        &self,
        tx: &mut Tx,
        undone: &mut Undone,
        (belonging, roots): (&BTreeSet<i64>, &HashMap<i64, i64>),
        mut home: HashMap<i64, (i64, i64)>,
    ) -> Outcome<()> {
        let there = store::by_number(&self.to.known);
        for one in self
            .to
            .speaking()
            .filter(|one| belonging.contains(&one.record_id))
        {
            if home.contains_key(&one.record_id) {
                continue;
            }
            let root = roots.get(&one.record_id).copied().unwrap_or(one.record_id);
            let role = there
                .get(&root)
                .map(|root| (root.entry.relation, root.entry.names_id));
            let (relation, names_id) = match (home.get(&root), role) {
                (Some((_, newest)), _) => (Relation::Corrects, Some(*newest)),
                (None, Some((Relation::Ends, Some(named)))) => {
                    let named = roots.get(&named).copied().unwrap_or(named);
                    let ended = home.get(&named).map(|(first, _)| *first);
                    (ended.map_or(Relation::None, |_| Relation::Ends), ended)
                }
                _ => (Relation::None, None),
            };
            let record_id = tx.next_id()?;
            let entry = Entry {
                subject_id: self.row.merged_id,
                relation,
                names_id,
                ..one.entry.clone()
            };
            undone.records.push((record_id, entry.clone()));
            undone.current.push((record_id, entry));
            if let Some((_, newest)) = home.get_mut(&root) {
                *newest = record_id;
            } else {
                home.insert(root, (record_id, record_id));
                if let Some(root) = there.get(&root) {
                    let withdrawal = root.entry.withdrawal(root.record_id, self.op.today());
                    undone.records.push((tx.next_id()?, withdrawal));
                }
            }
            let below = self
                .detours
                .get(&one.record_id)
                .filter(|subject| self.below.contains(subject));
            if let Some(subject) = below {
                undone.detours.push((record_id, *subject));
            }
        }
        Ok(())
    }
}
