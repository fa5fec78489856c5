//! When a verdict may change by time alone: the day until which it holds without new records.

use super::compile::{Compiled, Probe, Score, Take};
use super::evaluate::{Scratch, Verdict, record_at};
use super::{EntityFacts, OPEN, RecordFact, Relation};
use crate::model::Attribute;

/// A verdict that time alone never changes.
pub const NEVER: i32 = i32::MAX;

impl Compiled {
    /// The verdict of [`Compiled::evaluate`], and the first day after `as_of` on which it may be another although no record
    /// is added ([`NEVER`] when there is none). Up to that day, exclusively, it is the same; on it, it need not have changed.
    pub fn evaluate_until(
        &self,
        entity: &EntityFacts,
        records: &[RecordFact],
        as_of: i32,
        scratch: &mut Scratch,
    ) -> (Verdict, i32) {
        let verdict = self.evaluate(entity, records, as_of, scratch);
        (verdict, self.holds_until(entity, records, as_of, scratch))
    }

    /// The day until which the verdict left in `scratch` holds. Time acts in few ways: a record dated ahead comes into
    /// sight; one that counts leaves its window, ends or decays; an age or a distance crosses a threshold; what a gate looks
    /// at ends. A record that does not count today for its window or its end never will.
    fn holds_until(
        &self,
        entity: &EntityFacts,
        records: &[RecordFact],
        as_of: i32,
        scratch: &mut Scratch,
    ) -> i32 {
        let mut first = Earliest::after(as_of);
        for record in records {
            if record.on > as_of && (record.relation != Relation::None || self.reads(record.item)) {
                first.note(i64::from(record.on));
            }
        }
        let Some(line) = self.line.as_deref() else {
            self.note_cells(entity, records, as_of, scratch, &mut first);
            return first.day();
        };
        if let Some(outside) = line.outside(entity) {
            let own = line.regimes.get(outside).and_then(|regime| regime.model.as_ref());
            let Some(own) = own else { return NEVER };
            own.note_cells(entity, records, as_of, scratch, &mut first);
            return first.day();
        }
        if line.near(entity).next().is_some() {
            self.fill(entity, records, as_of, scratch);
        }
        self.note_cells(entity, records, as_of, scratch, &mut first);
        for special in line.near(entity) {
            special.gate_ends(records, as_of, scratch, |day| first.note(i64::from(day)));
            special.model.fill(entity, records, as_of, scratch);
            special
                .model
                .note_cells(entity, records, as_of, scratch, &mut first);
        }
        first.day()
    }

    /// Days on which a cell of this one model may be another.
    fn note_cells(
        &self,
        entity: &EntityFacts,
        records: &[RecordFact],
        as_of: i32,
        scratch: &Scratch,
        first: &mut Earliest,
    ) {
        for speaker in &scratch.speakers {
            let Some(record) = record_at(records, *speaker) else {
                continue;
            };
            for probe in self.probes_of(record.item) {
                if probe.admits(record, speaker.ends_on, as_of) {
                    let latest = scratch
                        .cells
                        .get(probe.indicator)
                        .is_some_and(|cell| cell.is_latest(record));
                    self.note_record(probe, record, speaker.ends_on, latest, first);
                }
            }
        }
        for (at, attribute) in &self.attributes {
            if let (Attribute::EstablishedOn, Some(day)) = (attribute, entity.established_on) {
                self.thresholds(*at)
                    .for_each(|min| first.note(i64::from(day).saturating_add(min)));
            }
        }
    }

    /// Days on which a record that counts for an indicator counts otherwise.
    #[inline]
    fn note_record(
        &self,
        probe: &Probe,
        record: &RecordFact,
        ends_on: i32,
        latest: bool,
        first: &mut Earliest,
    ) {
        let on = i64::from(record.on);
        if probe.within != i64::MAX {
            first.note(on.saturating_add(probe.within));
        }
        if probe.open && ends_on != OPEN {
            first.note(i64::from(ends_on));
        }
        match &probe.take {
            Take::DaysSinceLast if latest => self
                .thresholds(probe.indicator)
                .for_each(|min| first.note(on.saturating_add(min))),
            Take::DaysToEnd => {
                let end = i64::from(ends_on);
                first.note(end);
                self.thresholds(probe.indicator)
                    .for_each(|min| first.note(end.saturating_sub(min).saturating_add(1)));
            }
            Take::Decayed(steps) => steps
                .iter()
                .for_each(|step| first.note(on.saturating_add(i64::from(step.days)))),
            Take::Count
            | Take::Sum
            | Take::MaxLevel
            | Take::LastLevel
            | Take::LastCode
            | Take::DaysSinceLast => {}
        }
    }

    /// Values at which the points of a cell, a direct rule or a factor on it change.
    pub(super) fn thresholds(&self, at: usize) -> impl Iterator<Item = i64> {
        let direct = self
            .bounds
            .iter()
            .filter(move |bound| bound.indicator == at)
            .map(|bound| bound.min);
        let levers = self.levers.iter().filter(move |lever| lever.cell == at);
        let bands = banded(self.rated.get(at).map(|rated| &rated.score)).iter();
        bands
            .chain(levers.flat_map(move |lever| banded(Some(&lever.score))))
            .map(|(min, _)| *min)
            .chain(direct)
    }
}

/// The bands of a score; none of a map.
fn banded(score: Option<&Score>) -> &[(i64, i32)] {
    match score {
        Some(Score::Bands(bands)) => bands,
        _ => &[],
    }
}

/// The earliest of the days noted that lies after a day.
struct Earliest {
    after: i64,
    found: i64,
}

impl Earliest {
    fn after(day: i32) -> Self {
        Self {
            after: i64::from(day),
            found: i64::MAX,
        }
    }

    #[inline]
    fn note(&mut self, day: i64) {
        if day > self.after && day < self.found {
            self.found = day;
        }
    }

    fn day(&self) -> i32 {
        i32::try_from(self.found).unwrap_or(NEVER)
    }
}
