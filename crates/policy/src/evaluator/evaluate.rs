//! From facts to a verdict: accumulate per indicator, points, groups, class, direct rules. No allocation once warm.

use super::chains::{Chains, Speaker};
use super::compile::{Compiled, Lever, Probe, Score, Take};
use super::{EntityFacts, MAX_GROUPS, OPEN, RecordFact};
use crate::model::Attribute;

/// [`Verdict::class`] of a body that is not classified (its regime has no model).
pub const UNCLASSED: u8 = u8::MAX;

/// The class of one entity on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Verdict {
    /// Index into the model's classes; 0 is the best. [`UNCLASSED`]: none.
    pub class: u8,
    /// Which part of the line-up gave the class, its points, groups and floor: 0 the general model, then the professional
    /// models, then the regimes; see [`Compiled::part`]. Always 0 for a model compiled alone.
    pub model: u8,
    /// Sum of the clipped groups, moved by the factors.
    pub points: i32,
    /// Points of each group after clipping, in the model's order; 0 beyond its last group.
    pub group_points: [i32; MAX_GROUPS],
    /// Index of the direct rule (直接判定) that set the class; `None` when the points alone give it. Of several, the one with
    /// the worst class, the first of these.
    pub floor: Option<u16>,
}

/// Room to work in. Make one per thread and keep it.
#[derive(Debug, Default)]
pub struct Scratch {
    chains: Chains,
    /// Records that speak and are read by some indicator.
    pub(super) speakers: Vec<Speaker>,
    pub(super) cells: Vec<Cell>,
    /// Place in `speakers` of the record of a state item, by item number; `EMPTY` when none.
    slots: Vec<u32>,
}

const EMPTY: u32 = u32::MAX;

/// What one indicator has gathered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Cell {
    pub seen: bool,
    pub value: i64,
    on: i32,
    record: i64,
}

impl Cell {
    /// Whether this record is the latest the cell has seen.
    pub(super) fn is_latest(&self, record: &RecordFact) -> bool {
        (self.on, self.record) == (record.on, record.record)
    }
}

impl Scratch {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }
}

pub(super) fn record_at(records: &[RecordFact], speaker: Speaker) -> Option<&RecordFact> {
    records.get(usize::try_from(speaker.index).ok()?)
}

impl Compiled {
    /// The class of an entity on a day. The order of the records does not matter; record numbers must be unique.
    pub fn evaluate(
        &self,
        entity: &EntityFacts,
        records: &[RecordFact],
        as_of: i32,
        scratch: &mut Scratch,
    ) -> Verdict {
        if let Some(line) = &self.line {
            return line.evaluate(self, entity, records, as_of, scratch);
        }
        self.gather(records, as_of, scratch);
        self.fill(entity, records, as_of, scratch);
        self.conclude(scratch)
    }

    /// Fills the cells of `scratch` from its speakers: one per indicator, then one per factor.
    pub(super) fn fill(
        &self,
        entity: &EntityFacts,
        records: &[RecordFact],
        as_of: i32,
        scratch: &mut Scratch,
    ) {
        let Scratch { speakers, cells, .. } = scratch;
        cells.clear();
        cells.resize(self.rated.len() + self.levers.len(), Cell::default());
        for (at, attribute) in &self.attributes {
            if let (Some(cell), Some(value)) =
                (cells.get_mut(*at), attribute_value(entity, *attribute, as_of))
            {
                *cell = Cell {
                    seen: true,
                    value,
                    ..Cell::default()
                };
            }
        }
        for speaker in speakers.iter() {
            let Some(record) = record_at(records, *speaker) else {
                continue;
            };
            for probe in self.probes_of(record.item) {
                if let Some(cell) = cells.get_mut(probe.indicator)
                    && probe.admits(record, speaker.ends_on, as_of)
                {
                    probe.add(cell, record, speaker.ends_on, as_of);
                }
            }
        }
    }

    pub(super) fn probes_of(&self, item: u16) -> &[Probe] {
        self.probes.get(usize::from(item)).map_or(&[], |probes| probes)
    }

    /// Fills `speakers`: chains resolved, only the latest record of a state item.
    pub(super) fn gather(&self, records: &[RecordFact], as_of: i32, scratch: &mut Scratch) {
        let Scratch {
            chains,
            speakers,
            slots,
            ..
        } = scratch;
        speakers.clear();
        slots.resize(self.state.len().max(slots.len()), EMPTY);
        chains.resolve(records, as_of, |speaker, record| {
            let item = usize::from(record.item);
            if !self.reads(record.item) {
                return;
            }
            let slot = slots
                .get_mut(item)
                .filter(|_| self.state.get(item) == Some(&true));
            if let Some(slot) = slot {
                let held = usize::try_from(*slot).ok().and_then(|at| speakers.get_mut(at));
                if let Some(held) = held {
                    let older = record_at(records, *held).is_none_or(|old| old.moment() < record.moment());
                    if older {
                        *held = speaker;
                    }
                    return;
                }
                *slot = u32::try_from(speakers.len()).unwrap_or(EMPTY);
            }
            speakers.push(speaker);
        });
        for record in speakers.iter().filter_map(|speaker| record_at(records, *speaker)) {
            if let Some(slot) = slots.get_mut(usize::from(record.item)) {
                *slot = EMPTY;
            }
        }
    }

    /// Points of one indicator from its cell.
    pub(super) fn points_of(&self, at: usize, cell: &Cell) -> i32 {
        let Some(rated) = self.rated.get(at) else { return 0 };
        if !cell.seen {
            return rated.absent;
        }
        rated.score.of(cell.value, 0)
    }

    /// What a direct rule compares: the value, or the points of an indicator scored by map. `None` when nothing was seen.
    pub(super) fn compared(&self, at: usize, cell: &Cell) -> Option<i64> {
        let mapped = matches!(self.rated.get(at)?.score, Score::Map(_));
        cell.seen.then(|| {
            if mapped {
                i64::from(self.points_of(at, cell))
            } else {
                cell.value
            }
        })
    }

    /// Index of the class that points alone give.
    pub(super) fn class_by_points(&self, points: i64) -> u8 {
        let worse = self.cutoffs.iter().take_while(|below| points >= **below).count();
        u8::try_from(worse).unwrap_or(u8::MAX)
    }

    /// Sums of the groups before clipping.
    pub(super) fn raw_groups(&self, cells: &[Cell]) -> [i64; MAX_GROUPS] {
        let mut raw = [0_i64; MAX_GROUPS];
        for (at, (cell, rated)) in cells.iter().zip(&self.rated).enumerate() {
            if let Some(sum) = raw.get_mut(rated.group) {
                *sum += i64::from(self.points_of(at, cell));
            }
        }
        raw
    }

    /// The number a factor works with; its `absent` when there is nothing to look at.
    pub(super) fn lever_number(&self, lever: &Lever, cells: &[Cell]) -> i32 {
        let value = cells.get(lever.cell).and_then(|cell| {
            if lever.cell < self.rated.len() {
                self.compared(lever.cell, cell)
            } else {
                cell.seen.then_some(cell.value)
            }
        });
        value.map_or(lever.absent, |value| lever.score.of(value, lever.unit.neutral()))
    }

    /// The sum of the clipped groups moved by the factors.
    fn moved(&self, base: i64, cells: &[Cell]) -> i64 {
        if self.levers.is_empty() {
            return base;
        }
        let given = self
            .levers
            .iter()
            .map(|lever| lever.unit.points(self.lever_number(lever, cells), base));
        (base + given.sum::<i64>()).max(0)
    }

    /// Turns the cells into a verdict.
    pub(super) fn conclude(&self, scratch: &Scratch) -> Verdict {
        let mut group_points = [0_i32; MAX_GROUPS];
        let mut total = 0_i64;
        for ((slot, raw), cap) in group_points
            .iter_mut()
            .zip(self.raw_groups(&scratch.cells))
            .zip(&self.caps)
        {
            let clipped = raw.clamp(0, *cap);
            total += clipped;
            *slot = i32::try_from(clipped).unwrap_or(i32::MAX);
        }
        let total = self.moved(total, &scratch.cells);
        let mut class = self.class_by_points(total);
        let mut floor = None;
        for (at, bound) in (0_u16..).zip(&self.bounds) {
            let value = scratch
                .cells
                .get(bound.indicator)
                .and_then(|cell| self.compared(bound.indicator, cell));
            if bound.class > class && value.is_some_and(|value| value >= bound.min) {
                class = bound.class;
                floor = Some(at);
            }
        }
        Verdict {
            class,
            model: 0,
            points: i32::try_from(total).unwrap_or(i32::MAX),
            group_points,
            floor,
        }
    }
}

impl Probe {
    /// Whether the record passes the window and the filter.
    pub(super) fn admits(&self, record: &RecordFact, ends_on: i32, as_of: i32) -> bool {
        i64::from(as_of) - i64::from(record.on) < self.within
            && record.level >= self.level_min
            && record.amount_fen >= self.amount_min
            && (!self.open || ends_on > as_of)
            && (self.any_code || self.codes.binary_search(&record.code).is_ok())
            && (!matches!(self.take, Take::DaysToEnd) || (ends_on > as_of && ends_on != OPEN))
    }

    fn add(&self, cell: &mut Cell, record: &RecordFact, ends_on: i32, as_of: i32) {
        let latest = !cell.seen || (record.on, record.record) > (cell.on, cell.record);
        match &self.take {
            Take::Count => cell.value += 1,
            Take::Sum => cell.value = cell.value.saturating_add(record.amount_fen),
            Take::MaxLevel => {
                let level = i64::from(record.level);
                cell.value = if cell.seen { cell.value.max(level) } else { level };
            }
            Take::LastLevel if latest => cell.value = i64::from(record.level),
            Take::LastCode if latest => cell.value = i64::from(record.code),
            Take::DaysSinceLast if latest => cell.value = i64::from(as_of) - i64::from(record.on),
            Take::LastLevel | Take::LastCode | Take::DaysSinceLast => {}
            Take::DaysToEnd => {
                let days = i64::from(ends_on) - i64::from(as_of);
                cell.value = if cell.seen { cell.value.min(days) } else { days };
            }
            Take::Decayed(steps) => {
                let age = i64::from(as_of) - i64::from(record.on);
                let step = steps.iter().find(|step| i64::from(step.days) > age);
                cell.value = cell
                    .value
                    .saturating_add(step.map_or(0, |step| i64::from(step.permille)));
            }
        }
        if latest {
            cell.on = record.on;
            cell.record = record.record;
        }
        cell.seen = true;
    }
}

/// The value of an attribute; `None` when unknown.
fn attribute_value(entity: &EntityFacts, attribute: Attribute, as_of: i32) -> Option<i64> {
    let known = |code: u32| (code != 0).then(|| i64::from(code));
    match attribute {
        Attribute::EstablishedOn => entity.established_on.map(|day| i64::from(as_of) - i64::from(day)),
        Attribute::CapitalFen => entity.capital_fen,
        Attribute::Kind => known(entity.kind),
        Attribute::Status => known(entity.status),
        Attribute::Industry => known(entity.industry),
        Attribute::Division => known(entity.division),
    }
}
