//! Teams (随机选派检查人员): tasks in order of scarcity, places by smallest load and chance.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::commitment::{Commitment, TeamRule};
use super::material::RollRow;
use super::rows::Rows;
use super::salts::{PoolKey, Salts};
use super::select::Selection;
use super::transcript::{Member, SelectedRow};
use crate::suite::Hasher;
use crate::{Digest, Suite, narrow, wide};

/// One entity with all the items it was drawn for.
struct Task<'a> {
    id: &'a str,
    ticket: Digest,
    division: &'a str,
    items: Vec<&'a str>,                    // in the order of the commitment
    needs: BTreeMap<&'a str, Vec<&'a str>>, // department → qualifications of its items here
    eligible: u64,                          // inspectors of the starting roll who could go
}

struct Inspector<'a> {
    row: &'a RollRow,
    recused: Hasher, // H[recused](lp(salt) …, ready for the entity
}

struct Desk<'a> {
    rule: &'a TeamRule,
    lot: Hasher, // H[inspector](seed …, ready for task and inspector
    by_department: BTreeMap<&'a str, Vec<usize>>,
    inspectors: Vec<Inspector<'a>>,
}

impl Inspector<'_> {
    /// Everything but the load: department, qualification, division, certificate, recusal (回避).
    fn fits(&self, rule: &TeamRule, task: &Task<'_>, needs: &[&str]) -> bool {
        let holds = |need: &&str| {
            need.is_empty()
                || self
                    .row
                    .qualifications
                    .iter()
                    .any(|held| held == "*" || held == need)
        };
        let recused = || {
            !self.row.recused.is_empty()
                && self
                    .row
                    .recused
                    .contains(&self.recused.clone().field(task.id.as_bytes()).finish())
        };
        self.row.certificate_until >= rule.on
            && needs.iter().all(holds)
            && self
                .row
                .divisions
                .iter()
                .any(|prefix| task.division.starts_with(prefix.as_str()))
            && !recused()
    }
}

impl<'a> Desk<'a> {
    fn new(suite: Suite, seed: &Digest, key: &PoolKey, rule: &'a TeamRule, roll: &'a [RollRow]) -> Self {
        let salts = Salts::new(suite, key);
        let mut by_department: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, row) in roll.iter().enumerate() {
            by_department.entry(&row.department).or_default().push(at);
        }
        let recused = suite.labelled("recused");
        let inspector = |row: &'a RollRow| Inspector {
            row,
            recused: recused.clone().field(&salts.roll(&row.id).0),
        };
        let lot = suite.labelled("inspector").with(&seed.0);
        Self {
            rule,
            lot,
            by_department,
            inspectors: roll.iter().map(inspector).collect(),
        }
    }

    fn of_department(&self, department: &str) -> impl Iterator<Item = (usize, &Inspector<'a>)> {
        let positions = self.by_department.get(department).map_or(&[][..], Vec::as_slice);
        positions
            .iter()
            .filter_map(|at| Some((*at, self.inspectors.get(*at)?)))
    }

    fn count(&self, task: &Task<'_>) -> u64 {
        let of = |(department, needs): (&&str, &Vec<&str>)| {
            self.of_department(department)
                .filter(|(_, one)| one.row.load < self.rule.load_cap && one.fits(self.rule, task, needs))
                .count()
        };
        wide(task.needs.iter().map(of).sum())
    }

    /// How many places each department of a task has, departments ascending.
    fn places<'t>(&self, task: &Task<'t>) -> Vec<(&'t str, u64)> {
        let mut places: Vec<(&str, u64)> = task.needs.keys().map(|name| (*name, self.rule.joint)).collect();
        if let [(_, alone)] = places.as_mut_slice() {
            *alone = self.rule.alone;
            return places;
        }
        let given = places
            .iter()
            .fold(0_u64, |sum, (_, number)| sum.saturating_add(*number));
        let more = self.rule.total.saturating_sub(given);
        let departments = wide(places.len()).max(1);
        // One more for each department in turn: whole rounds, then the first ones once more.
        let (rounds, rest) = (more / departments, more % departments);
        for (position, (_, number)) in places.iter_mut().enumerate() {
            *number = number
                .saturating_add(rounds)
                .saturating_add(u64::from(wide(position) < rest));
        }
        places
    }

    /// Chooses the team of a task under the loads so far; the departments with a free place when it cannot be staffed.
    fn staff(&self, task: &Task<'_>, loads: &[u64]) -> Result<Vec<usize>, Vec<String>> {
        let (mut chosen, mut free) = (Vec::new(), Vec::new());
        for (department, places) in self.places(task) {
            let needs = task.needs.get(department).map_or(&[][..], Vec::as_slice);
            let load = |at: usize| loads.get(at).copied().unwrap_or(u64::MAX);
            let mut able: Vec<(u64, usize)> = self
                .of_department(department)
                .filter(|(at, one)| load(*at) < self.rule.load_cap && one.fits(self.rule, task, needs))
                .map(|(at, _)| (load(at), at))
                .collect();
            let wanted = narrow(places);
            if able.len() < wanted {
                free.push(department.to_owned());
                continue;
            }
            // Loads inside one task do not change, so the places take the smallest (load, lot, id) in order. Lots are
            // needed only up to the largest load that can still be chosen.
            if let Some(last) = wanted.checked_sub(1) {
                let (_, bound, _) = able.select_nth_unstable(last);
                let bound = bound.0;
                able.retain(|(load, _)| *load <= bound);
            }
            let task_lot = self.lot.clone().field(task.id.as_bytes());
            let mut ranked: Vec<(u64, Digest, &str, usize)> = able
                .into_iter()
                .filter_map(|(load, at)| {
                    let id = self.inspectors.get(at)?.row.id.as_str();
                    Some((load, task_lot.clone().field(id.as_bytes()).finish(), id, at))
                })
                .collect();
            ranked.sort_unstable();
            chosen.extend(ranked.into_iter().take(wanted).map(|(.., at)| at));
        }
        if free.is_empty() { Ok(chosen) } else { Err(free) }
    }

    fn team_row(&self, task: &Task<'_>, chosen: &[usize]) -> SelectedRow {
        let rows: Vec<&RollRow> = chosen
            .iter()
            .filter_map(|at| self.inspectors.get(*at))
            .map(|one| one.row)
            .collect();
        let leader = rows
            .iter()
            .find(|row| row.may_lead && row.department == self.rule.initiator)
            .or_else(|| rows.iter().find(|row| row.may_lead))
            .or_else(|| rows.first())
            .map_or_else(String::new, |row| row.id.clone());
        let member = |row: &&RollRow| Member {
            department: row.department.clone(),
            inspector: row.id.clone(),
        };
        SelectedRow::Team {
            id: task.id.to_owned(),
            items: task.items.iter().map(|item| (*item).to_owned()).collect(),
            members: rows.iter().map(member).collect(),
            leader,
        }
    }
}

fn tasks<'a>(commitment: &'a Commitment, selection: &'a Selection, places: &'a Rows) -> Vec<Task<'a>> {
    let mut by_id: BTreeMap<&str, Task<'a>> = BTreeMap::new();
    for (item, made) in commitment.items.iter().zip(&selection.items) {
        for pick in &made.drawn {
            let task = by_id.entry(&pick.id).or_insert_with(|| Task {
                id: &pick.id,
                ticket: pick.ticket,
                division: places.find(&pick.id).map_or("", |row| places.label(row)),
                items: Vec::new(),
                needs: BTreeMap::new(),
                eligible: 0,
            });
            if task.items.last() != Some(&item.item.as_str()) {
                task.items.push(&item.item);
                task.needs
                    .entry(&item.department)
                    .or_default()
                    .push(&item.qualification);
            }
        }
    }
    by_id.into_values().collect()
}

/// Forms the team of every drawn entity; rows by ticket. A task short of people becomes an unstaffed row and takes
/// nobody's time. `places` and `roll` ascend by id; an entity without a place has the empty division.
pub fn assign_teams(
    suite: Suite,
    seed: &Digest,
    key: &PoolKey,
    commitment: &Commitment,
    selection: &Selection,
    places: &Rows,
    roll: &[RollRow],
) -> Vec<SelectedRow> {
    let desk = Desk::new(suite, seed, key, &commitment.team, roll);
    let mut tasks = tasks(commitment, selection, places);
    tasks
        .par_iter_mut()
        .for_each(|task| task.eligible = desk.count(task));
    tasks.sort_unstable_by(|left, right| {
        (left.eligible, left.ticket, left.id).cmp(&(right.eligible, right.ticket, right.id))
    });
    let mut loads: Vec<u64> = roll.iter().map(|row| row.load).collect();
    let mut made: Vec<(Digest, &str, SelectedRow)> = Vec::with_capacity(tasks.len());
    for task in &tasks {
        let row = match desk.staff(task, &loads) {
            Ok(chosen) => {
                for at in &chosen {
                    if let Some(load) = loads.get_mut(*at) {
                        *load = load.saturating_add(1);
                    }
                }
                desk.team_row(task, &chosen)
            }
            Err(departments) => SelectedRow::Unstaffed {
                id: task.id.to_owned(),
                items: task.items.iter().map(|item| (*item).to_owned()).collect(),
                departments,
            },
        };
        made.push((task.ticket, task.id, row));
    }
    made.sort_unstable_by(|left, right| (left.0, left.1).cmp(&(right.0, right.1)));
    made.into_iter().map(|(.., row)| row).collect()
}

/// Whether the places hold every candidate and nobody else. Places ascend by id.
pub fn check_places<'a>(candidates: impl Iterator<Item = &'a str>, places: &Rows) -> bool {
    let mut met = vec![false; places.len()];
    for id in candidates {
        match places.find(id).and_then(|at| met.get_mut(at)) {
            Some(mark) => *mark = true,
            None => return false,
        }
    }
    met.into_iter().all(|mark| mark)
}
