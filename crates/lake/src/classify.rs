//! All entities through the evaluator: ranges of entities on several threads, results in entity order, memory flat.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use policy::{Compiled, RecordFact, Scratch};

use crate::fault::{Lake, LakeFault};
use crate::format::{Columns, EntityColumns, EntityRow, RecordColumns};
use crate::partition::ranges;
use crate::read::{FileIndex, FileReader};
use crate::result::{Counting, Results, Sink, Totals};
use crate::snapshot::Snapshot;
use crate::symbols::SymbolMap;

/// Rows decoded at a time by one thread, over all segments together.
const BATCH_ROWS: usize = 1 << 16;
/// Rows decoded at a time from one segment, at least.
const LEAST_BATCH_ROWS: usize = 1 << 10;
/// Finished ranges that may wait for an earlier one, for each thread.
const AHEAD: usize = 2;

/// What is to be classified.
#[derive(Debug, Clone, Copy)]
pub struct Question<'m> {
    /// Models, all compiled against the same symbols.
    pub models: &'m [Compiled],
    /// The day, counted from 1970-01-01.
    pub as_of: i32,
    /// Ledger position up to which records count; `None` = the whole snapshot.
    pub up_to: Option<i64>,
    /// Worker threads; 0 counts as 1.
    pub threads: usize,
}

/// What came of it, besides the results handed to the sink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Ledger position up to which records counted.
    pub up_to: i64,
    /// Ledger position of the file of entities used: the latest at or before `up_to`.
    pub entities_position: i64,
    /// Pack under which the attributes of entities were numbered. Where it is not the models' pack, write the entities
    /// again: an industry or division is kept only as finely as its pack asked.
    pub entities_pack: String,
    /// Entities classified.
    pub entities: u64,
    /// Records that counted.
    pub records: u64,
    /// Records up to the position whose entity is not in the file of entities.
    pub orphans: u64,
    /// Totals, one for each model.
    pub totals: Vec<Totals>,
}

/// How far a classification is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Entities handed to the sink.
    pub entities: u64,
    /// Entities in all.
    pub of_entities: u64,
    /// Records that counted so far.
    pub records: u64,
}

/// Classifies every entity of the snapshot and hands the results to `sink` in entity order.
///
/// Each thread works on a range of entities: it streams the file of entities beside every segment, which are sorted alike,
/// gathers the rows of one entity and evaluates them; no table of entities is ever held. Files are trusted to be what was
/// written; to compare them with their digests first, call [`Snapshot::verify`].
pub fn classify(
    snapshot: &Snapshot,
    question: &Question<'_>,
    sink: &mut dyn Sink,
    progress: &mut dyn FnMut(Progress),
) -> Lake<Answer> {
    let up_to = question.up_to.unwrap_or_else(|| snapshot.position());
    if up_to > snapshot.position() {
        return Err(LakeFault::BeyondSnapshot {
            held: snapshot.position(),
            wanted: up_to,
        });
    }
    let Some(first) = question.models.first() else {
        return Err(LakeFault::Argument("至少需要一个模型"));
    };
    let symbols = first.symbols();
    if question.models.iter().any(|m| m.symbols() != symbols) {
        return Err(LakeFault::Argument("各模型须按同一符号表编译"));
    }
    let table = |number: usize| {
        snapshot
            .manifest()
            .symbol_tables
            .get(number)
            .ok_or(LakeFault::Argument("清单引用了不存在的符号表"))
    };
    let (entry, entities) = snapshot.entities_at(up_to)?;
    let mut segments = Vec::new();
    for (segment, index) in snapshot.segments_up_to(up_to) {
        segments.push((Arc::clone(index), table(segment.symbols)?.map_to_pack(symbols)));
    }
    let files = segments.iter().map(|(index, _)| &**index).chain([&entities]);
    let ranges = ranges(files, question.threads);
    let entity_map = table(entry.symbols)?.map_to_pack(symbols);
    let batch_rows = (BATCH_ROWS / segments.len().max(1)).max(LEAST_BATCH_ROWS);
    let work = Work {
        models: question.models,
        as_of: question.as_of,
        up_to,
        entities,
        entity_map,
        segments,
        batch_rows,
    };
    let mut desk = Desk::new(question.models, sink, progress, entry.seal.rows);
    run(&work, &ranges, question.threads.max(1), &mut desk)?;
    Ok(Answer {
        up_to,
        entities_position: entry.position,
        entities_pack: table(entry.symbols)?.pack_hash.clone(),
        entities: desk.done.entities,
        records: desk.done.records,
        orphans: desk.orphans,
        totals: desk.counting.totals(question.models, symbols),
    })
}

/// What all threads share.
struct Work<'m> {
    models: &'m [Compiled],
    as_of: i32,
    up_to: i64,
    entities: FileIndex,
    entity_map: SymbolMap,
    segments: Vec<(Arc<FileIndex>, SymbolMap)>,
    batch_rows: usize,
}

/// Results of one range.
struct Part {
    results: Results,
    records: u64,
    orphans: u64,
}

/// One segment as one thread reads it.
struct Lane<'w> {
    reader: FileReader<RecordColumns>,
    map: &'w SymbolMap,
    head: Option<i64>,
}

impl Lane<'_> {
    /// Adds the facts of `entity`; says how many rows of entities before it nobody asked for.
    #[inline]
    fn collect(&mut self, entity: i64, up_to: i64, facts: &mut Vec<RecordFact>) -> Lake<u64> {
        let mut orphans = 0;
        if self.head.is_some_and(|head| head < entity) {
            orphans = self.reader.pass_counting(entity.saturating_sub(1), up_to)?;
            self.head = self.reader.head();
        }
        if self.head == Some(entity) {
            self.reader.gather(entity, up_to, self.map, facts)?;
            self.head = self.reader.head();
        }
        Ok(orphans)
    }
}

impl Work<'_> {
    fn part(&self, range: &RangeInclusive<i64>, scratch: &mut Scratch) -> Lake<Part> {
        let mut lanes = Vec::with_capacity(self.segments.len());
        for (index, map) in &self.segments {
            let reader = index.reader::<RecordColumns>(range, self.batch_rows)?;
            lanes.push(Lane {
                head: reader.head(),
                reader,
                map,
            });
        }
        let mut entities = self.entities.reader::<EntityColumns>(range, BATCH_ROWS)?;
        let mut part = Part {
            results: Results::for_models(self.models),
            records: 0,
            orphans: 0,
        };
        let mut facts: Vec<RecordFact> = Vec::new();
        while let Some(mut row) = entities.row().filter(|row| row.entity <= *range.end()) {
            facts.clear();
            for lane in &mut lanes {
                part.orphans = part
                    .orphans
                    .saturating_add(lane.collect(row.entity, self.up_to, &mut facts)?);
            }
            EntityColumns::translate(&mut row, &self.entity_map);
            self.judge(&row, &facts, scratch, &mut part.results);
            part.records = part
                .records
                .saturating_add(u64::try_from(facts.len()).unwrap_or(u64::MAX));
            entities.step()?;
        }
        for lane in &mut lanes {
            part.orphans = part
                .orphans
                .saturating_add(lane.reader.pass_counting(*range.end(), self.up_to)?);
        }
        Ok(part)
    }

    #[inline]
    fn judge(&self, row: &EntityRow, facts: &[RecordFact], scratch: &mut Scratch, results: &mut Results) {
        results.entity.push(row.entity);
        results.division.push(row.facts.division);
        for (model, columns) in self.models.iter().zip(&mut results.models) {
            columns.push(&model.evaluate(&row.facts, facts, self.as_of, scratch));
        }
    }
}

/// Where finished parts are put in order and given out.
struct Desk<'s> {
    sink: &'s mut dyn Sink,
    progress: &'s mut dyn FnMut(Progress),
    counting: Counting,
    done: Progress,
    orphans: u64,
}

impl<'s> Desk<'s> {
    fn new(
        models: &[Compiled],
        sink: &'s mut dyn Sink,
        progress: &'s mut dyn FnMut(Progress),
        of_entities: u64,
    ) -> Self {
        let done = Progress {
            entities: 0,
            of_entities,
            records: 0,
        };
        Self {
            sink,
            progress,
            counting: Counting::new(models),
            done,
            orphans: 0,
        }
    }

    fn give(&mut self, part: &Part) -> Lake<()> {
        self.sink.take(&part.results)?;
        self.counting.add(&part.results);
        let entities = u64::try_from(part.results.entity.len()).unwrap_or(u64::MAX);
        self.done.entities = self.done.entities.saturating_add(entities);
        self.done.records = self.done.records.saturating_add(part.records);
        self.orphans = self.orphans.saturating_add(part.orphans);
        (self.progress)(self.done);
        Ok(())
    }
}

/// Holds back threads that run too far ahead of what has been given out, and tells all to stop after a failure.
#[derive(Default)]
struct Gate {
    given: Mutex<Given>,
    moved: Condvar,
}

#[derive(Default)]
struct Given {
    parts: usize,
    stopped: bool,
}

impl Gate {
    fn change(&self, change: impl FnOnce(&mut Given)) {
        change(&mut self.given.lock().unwrap_or_else(PoisonError::into_inner));
        self.moved.notify_all();
    }

    /// Waits until part `number` is due; false when the work has been stopped.
    fn wait(&self, number: usize, ahead: usize) -> bool {
        let given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        let too_early = |given: &mut Given| !given.stopped && number >= given.parts.saturating_add(ahead);
        let given = self
            .moved
            .wait_while(given, too_early)
            .unwrap_or_else(PoisonError::into_inner);
        !given.stopped
    }
}

fn run(work: &Work<'_>, ranges: &[RangeInclusive<i64>], threads: usize, desk: &mut Desk<'_>) -> Lake<()> {
    let next = AtomicUsize::new(0);
    let gate = Gate::default();
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..threads.min(ranges.len()) {
            let sender = sender.clone();
            scope.spawn(|| labour(work, ranges, &next, &gate, threads.saturating_mul(AHEAD), sender));
        }
        drop(sender);
        let outcome = give_out(&receiver, ranges.len(), &gate, desk);
        gate.change(|given| given.stopped = true);
        outcome
    })
}

/// One thread: takes range after range.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the channel closes when the last thread drops its sender"
)]
fn labour(
    work: &Work<'_>,
    ranges: &[RangeInclusive<i64>],
    next: &AtomicUsize,
    gate: &Gate,
    ahead: usize,
    sender: Sender<(usize, Lake<Part>)>,
) {
    let mut scratch = Scratch::new();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let Some(range) = ranges.get(number) else { return };
        if !gate.wait(number, ahead) {
            return;
        }
        let part = work.part(range, &mut scratch);
        // The receiver is gone only after a failure, which has been reported already.
        if sender.send((number, part)).is_err() {
            return;
        }
    }
}

/// Gives parts to the sink in order as they come in.
fn give_out(
    receiver: &Receiver<(usize, Lake<Part>)>,
    parts: usize,
    gate: &Gate,
    desk: &mut Desk<'_>,
) -> Lake<()> {
    let mut waiting: BTreeMap<usize, Part> = BTreeMap::new();
    let mut due = 0_usize;
    while due < parts {
        let (number, part) = receiver.recv().map_err(|e| LakeFault::Stopped(e.to_string()))?;
        waiting.insert(number, part?);
        while let Some(part) = waiting.remove(&due) {
            desk.give(&part)?;
            due = due.saturating_add(1);
            gate.change(|given| given.parts = due);
        }
    }
    Ok(())
}
