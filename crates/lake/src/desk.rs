//! Parts of the work done on several threads, put in order and given out, with memory flat.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Condvar, Mutex, PoisonError};

use policy::{Compiled, Scratch};

use crate::calendar::Calendar;
use crate::classify::Progress;
use crate::fault::{Lake, LakeFault};
use crate::result::{Counting, Results, Sink};

/// Finished parts that may wait for an earlier one, for each thread.
const AHEAD: usize = 2;

/// Work that falls into parts, whose results follow one another in order of entity.
pub(crate) trait Parts: Sync {
    /// How many there are.
    fn count(&self) -> usize;
    /// Does one.
    fn part(&self, number: usize, scratch: &mut Scratch) -> Lake<Part>;
}

/// Results of one part of the work.
#[derive(Default)]
pub(crate) struct Part {
    pub results: Results,
    pub records: u64,
    pub orphans: u64,
    /// Entities asked for that are not in the register.
    pub gone: Vec<i64>,
}

/// Where finished parts are put in order and given out.
pub(crate) struct Desk<'s> {
    sink: &'s mut dyn Sink,
    progress: &'s mut dyn FnMut(Progress),
    pub counting: Counting,
    pub done: Progress,
    pub orphans: u64,
    /// Days on which entities are due, where somebody asked for them.
    pub calendar: Option<Calendar>,
    /// Entities asked for that are not in the register.
    pub gone: Vec<i64>,
}

impl<'s> Desk<'s> {
    pub(crate) fn new(
        models: &[Compiled],
        sink: &'s mut dyn Sink,
        progress: &'s mut dyn FnMut(Progress),
        of_entities: u64,
        calendar: Option<Calendar>,
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
            calendar,
            gone: Vec::new(),
        }
    }

    fn give(&mut self, part: &Part) -> Lake<()> {
        self.sink.take(&part.results)?;
        self.counting.add(&part.results);
        if let Some(calendar) = &mut self.calendar {
            for (entity, day) in part.results.entity.iter().zip(&part.results.until) {
                calendar.note(*entity, *day);
            }
        }
        self.gone.extend_from_slice(&part.gone);
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

/// Does all parts on some threads and gives them to the desk in order.
pub(crate) fn run(work: &impl Parts, threads: usize, desk: &mut Desk<'_>) -> Lake<()> {
    let next = AtomicUsize::new(0);
    let gate = Gate::default();
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..threads.min(work.count()) {
            let sender = sender.clone();
            scope.spawn(|| labour(work, &next, &gate, threads.saturating_mul(AHEAD), sender));
        }
        drop(sender);
        let outcome = give_out(&receiver, work.count(), &gate, desk);
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
    work: &impl Parts,
    next: &AtomicUsize,
    gate: &Gate,
    ahead: usize,
    sender: Sender<(usize, Lake<Part>)>,
) {
    let mut scratch = Scratch::new();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= work.count() || !gate.wait(number, ahead) {
            return;
        }
        let part = work.part(number, &mut scratch);
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
