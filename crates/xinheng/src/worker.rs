//! The background: seals events, lets readers catch up, does jobs; once until all is quiet, or for ever beside the server.
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use house::hall::job::{self, Worker};
use house::hall::ledger::{self, Reader};
use house::hall::{House, Op, command, duty, feed, log};
use house::{assess, inspect, intake, publish, registry};
use kernel::{Actor, Fault, Outcome};

use crate::carrier::Outward;
use crate::full_run::FullRun;
use crate::puller::Databases;

/// How long the ledger rests when there was nothing to do.
const REST: Duration = Duration::from_millis(100);
/// How long a thread rests after a fault.
const REST_AFTER_FAULT: Duration = Duration::from_secs(1);
/// How long the thread that calls out rests when there was nobody to call.
const REST_OUTWARD: Duration = Duration::from_millis(500);
/// How long the thread of the gates rests between two looks.
const REST_GATES: Duration = Duration::from_secs(1);
/// How long the thread of names rests when nothing has changed: with the ledger's own rest it bounds how long a new name is
/// not yet found.
const REST_NAMES: Duration = Duration::from_millis(200);
/// So many names put into the index are worth a line in the log.
const TELL_NAMES: u64 = 500_000;
/// How often it is looked for terms that have passed.
const TERMS_EVERY: Duration = Duration::from_mins(1);

/// Works until nothing is left to do. `abandoned`: takes over jobs that a killed process left running.
pub fn settle(house: &House, abandoned: bool) -> Outcome<()> {
    if abandoned {
        take_over(house)?;
    }
    work_until(house, abandoned, || Ok(false))
}

/// Works until something is so, or nothing is left to do.
pub fn settle_until(house: &House, so: impl Fn() -> Outcome<bool>) -> Outcome<()> {
    work_until(house, false, so)
}

fn work_until(house: &House, abandoned: bool, so: impl Fn() -> Outcome<bool>) -> Outcome<()> {
    assess::life::service::tick(house, &operation(house))?;
    let mut first = abandoned;
    while !so()? {
        let told = pass(house)?;
        let worked = work_next(house, first)?;
        if !told && !worked {
            return Ok(());
        }
        first = false;
    }
    Ok(())
}

fn operation(house: &House) -> Op {
    house.op(Actor::system("后台"), "worker")
}

/// Ends what a killed process left open, before this one begins.
fn take_over(house: &House) -> Outcome<()> {
    command(house, &operation(house), assess::service::abandon_loading).map(drop)
}

/// Seals what was told and lets every reader catch up. Returns whether there was anything.
fn pass(house: &House) -> Outcome<bool> {
    let op = operation(house);
    let sealed = log::seal(house, &op)?;
    metrics::gauge!("background_events_waiting").set(u32::try_from(sealed).unwrap_or(u32::MAX));
    let readers = house::readers();
    let readers: Vec<&dyn Reader> = readers.iter().map(AsRef::as_ref).collect();
    let taken = ledger::catch_up(house, &op, &readers)?;
    feed::log::extend(house, &op)?;
    metrics::counter!("background_events_taken_total").increment(taken);
    Ok(sealed > 0 || taken > 0)
}

/// Does the next job. Returns whether there was one.
fn work_next(house: &House, abandoned: bool) -> Outcome<bool> {
    let workers = house::workers();
    let mut workers: Vec<&dyn Worker> = workers.iter().map(AsRef::as_ref).collect();
    workers.push(&FullRun);
    let worked = job::run_next(house, &operation(house), &workers, abandoned)?;
    metrics::counter!("background_jobs_total").increment(u64::from(worked));
    Ok(worked)
}

/// Five threads beside the server: one for the ledger, one for jobs, one that calls other systems, one that looks for what
/// departments put down or hold ready, one for the index of names, so that a long import holds up no regrading, no deadline
/// and no search. A fault of any is logged and the work goes on.
pub struct Background {
    beat: Arc<Beat>,
    threads: Vec<JoinHandle<()>>,
}

impl Background {
    /// Starts both. Has the house to itself: what is left running was left by a killed process.
    pub fn start(house: &House) -> Outcome<Self> {
        describe();
        if let Err(fault) = take_over(house) {
            report(&fault, "what a killed process left could not be ended");
        }
        let mut started = Self {
            beat: Arc::default(),
            threads: Vec::new(),
        };
        started.spawn("ledger", house, keep_ledger)?;
        started.spawn("jobs", house, do_jobs)?;
        started.spawn("outward", house, call_out)?;
        started.spawn("gates", house, watch_gates)?;
        started.spawn("names", house, keep_names)?;
        Ok(started)
    }

    fn spawn(&mut self, name: &str, house: &House, work: fn(&House, &Beat)) -> Outcome<()> {
        let (house, beat) = (house.clone(), Arc::clone(&self.beat));
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || work(&house, &beat))
            .map_err(|e| Fault::internal("无法启动后台线程", e))?;
        self.threads.push(thread);
        Ok(())
    }
}

impl Drop for Background {
    /// Tells both to stop and waits until they have: a job in hand is finished first.
    fn drop(&mut self) {
        self.beat.stop();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread of the background had died");
            }
        }
    }
}

fn describe() {
    metrics::describe_gauge!(
        "background_events_waiting",
        "Events that waited for their place in the ledger when it was last sealed."
    );
    metrics::describe_counter!("background_events_taken_total", "Events taken in by readers.");
    metrics::describe_counter!("background_jobs_total", "Jobs done or failed.");
    metrics::describe_gauge!(
        "background_job_running",
        "1 while a job is being looked for or done."
    );
    metrics::describe_counter!("background_calls_total", "Calls made to other systems.");
}

fn report(fault: &Fault, what: &'static str) {
    tracing::error!(code = fault.code, detail = %fault.detail, "{what}");
}

/// Makes a panic a fault: a thread that died would leave a server that looks well and does nothing any more. What the
/// work held in a transaction is undone, and between two rounds a thread keeps nothing else.
fn alive<T>(work: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
    let died = |_| {
        Err(Fault::internal(
            "后台线程中断",
            std::io::Error::other("a panic in the background"),
        ))
    };
    std::panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(died)
}

/// The thread of the ledger.
fn keep_ledger(house: &House, beat: &Beat) {
    let mut looked: Option<Instant> = None;
    while let Some(number) = beat.next_pass() {
        let rest = match alive(|| pass(house)) {
            Ok(busy) => {
                beat.done(number);
                if busy { Duration::ZERO } else { REST }
            }
            Err(fault) => {
                report(&fault, "the ledger could not be kept; it is tried again");
                REST_AFTER_FAULT
            }
        };
        if looked.is_none_or(|at| at.elapsed() >= TERMS_EVERY) {
            end_terms(house);
            looked = Some(Instant::now());
        }
        beat.rest(number, rest);
    }
}

/// What is done because its time has come: draws nobody revealed for and notices shown long enough end, released models come
/// into force, and once a day it is counted what suppliers handed over and what they owe.
fn end_terms(house: &House) {
    let op = operation(house);
    match alive(|| command(house, &op, inspect::service::expire_draws)) {
        Ok(void) if void.is_empty() => {}
        Ok(void) => tracing::info!(
            draws = void.len(),
            "draws became void: their time for revealing has passed"
        ),
        Err(fault) => report(&fault, "draws past their deadline could not be ended"),
    }
    if let Err(fault) = alive(|| intake::quality::service::watch(house, &op)) {
        report(&fault, "the quality of what came in could not be counted");
    }
    match alive(|| duty::redate(house, &op)) {
        Ok(0) => {}
        Ok(duties) => tracing::info!(
            duties,
            "duties were reckoned anew: the holiday notice of their year is out"
        ),
        Err(fault) => report(&fault, "duties could not be reckoned anew"),
    }
    if let Err(fault) = alive(|| assess::life::service::tick(house, &op)) {
        report(
            &fault,
            "a model whose day has come could not be brought into force",
        );
    }
    match alive(|| command(house, &op, publish::service::expire)) {
        Ok(0) => {}
        Ok(notices) => tracing::info!(notices, "notices were taken down: their term has passed"),
        Err(fault) => report(&fault, "notices past their term could not be taken down"),
    }
}

/// The thread of jobs. Each job begins after a whole pass of the ledger that began when the job before it had ended:
/// jobs build on what readers made of it (a classification needs the register).
fn do_jobs(house: &House, beat: &Beat) {
    let mut abandoned = true;
    let mut worked = false;
    while beat.wait_for_pass(worked) {
        let running = metrics::gauge!("background_job_running");
        running.set(1);
        let outcome = alive(|| work_next(house, abandoned));
        running.set(0);
        match outcome {
            Ok(found) => (worked, abandoned) = (found, false),
            Err(fault) => {
                // Whatever is called running is nobody's: this thread is the only one that does jobs.
                (worked, abandoned) = (false, true);
                report(&fault, "a job could not be taken up or ended; it is tried again");
                beat.pause(REST_AFTER_FAULT);
            }
        }
    }
}

/// The thread that calls other systems: a slow or dead subscriber holds up neither the ledger nor a job.
fn call_out(house: &House, beat: &Beat) {
    let carrier = Outward::new();
    while beat.goes_on() {
        let calls = alive(|| {
            let told = feed::hooks::deliver(house, &operation(house), &carrier)?;
            Ok(told + intake::push::service::serve(house, &operation(house), &carrier)?)
        });
        let rest = match calls {
            Ok(0) => REST_OUTWARD,
            Ok(calls) => {
                metrics::counter!("background_calls_total").increment(calls);
                Duration::ZERO
            }
            Err(fault) => {
                report(&fault, "subscribers could not be told; it is tried again");
                REST_AFTER_FAULT
            }
        };
        beat.pause(rest);
    }
}

/// The thread that looks into drop folders and departments' databases. What it takes in is digested by the thread of jobs.
fn watch_gates(house: &House, beat: &Beat) {
    let op = |who: &str| house.op(Actor::system(who), "worker");
    let quiet = chrono::Duration::seconds(intake::drop::service::QUIET_SECONDS);
    let mut looks = intake::drop::Looks::default();
    let mut watched: Option<Instant> = None;
    while beat.goes_on() {
        let looked = alive(|| intake::drop::service::pass(house, &op("投递文件夹"), &mut looks, quiet));
        if let Err(fault) = looked {
            report(&fault, "drop folders could not be looked at; it is tried again");
        }
        if let Err(fault) = alive(|| intake::pull::service::serve(house, &op("抽取"), &Databases)) {
            report(&fault, "sources could not be pulled from; it is tried again");
        }
        if watched.is_none_or(|at| at.elapsed() >= TERMS_EVERY) {
            if let Err(fault) = alive(|| command(house, &op("抽取"), intake::pull::service::watch)) {
                report(&fault, "silent sources could not be noted");
            }
            watched = Some(Instant::now());
        }
        beat.pause(REST_GATES);
    }
}

/// The thread of the index of names: builds it where there is none, and follows the register.
fn keep_names(house: &House, beat: &Beat) {
    let mut told = 0;
    while beat.goes_on() {
        let mut tell = |entities: u64| {
            told += entities;
            if told >= TELL_NAMES {
                tracing::info!(entities = told, "names were put into the index");
                told = 0;
            }
            beat.goes_on()
        };
        let rest = match alive(|| registry::service::follow::follow(house, &operation(house), &mut tell)) {
            Ok(true) => Duration::ZERO,
            Ok(false) => REST_NAMES,
            Err(fault) => {
                report(
                    &fault,
                    "the index of names could not follow the register; it is tried again",
                );
                REST_AFTER_FAULT
            }
        };
        beat.pause(rest);
    }
}

/// How the threads keep step, and how they are stopped.
#[derive(Default)]
struct Beat {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Number of the pass begun last.
    begun: u64,
    /// Number of the pass that ended well last.
    done: u64,
    /// The pass somebody waits for without rest.
    asked: u64,
    stopped: bool,
}

impl Beat {
    fn state(&self) -> MutexGuard<'_, State> {
        // A state of three numbers is whole even if a thread died holding it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Numbers the next pass, unless it is time to stop.
    fn next_pass(&self) -> Option<u64> {
        let mut state = self.state();
        state.begun += 1;
        (!state.stopped).then_some(state.begun)
    }

    fn done(&self, number: u64) {
        self.state().done = number;
        self.changed.notify_all();
    }

    fn stop(&self) {
        self.state().stopped = true;
        self.changed.notify_all();
    }

    /// Rests after a pass, unless a later one is asked for.
    fn rest(&self, number: u64, rest: Duration) {
        let idle = |state: &mut State| !state.stopped && (state.asked <= number || state.done < number);
        drop(self.changed.wait_timeout_while(self.state(), rest, idle));
    }

    /// Whether it is not yet time to stop.
    fn goes_on(&self) -> bool {
        !self.state().stopped
    }

    /// Rests whatever happens, until it is time to stop.
    fn pause(&self, rest: Duration) {
        drop(
            self.changed
                .wait_timeout_while(self.state(), rest, |state| !state.stopped),
        );
    }

    /// Waits for a whole pass that begins from now on; `at_once`: it begins without rest. Returns whether to go on.
    fn wait_for_pass(&self, at_once: bool) -> bool {
        let mut state = self.state();
        let wanted = state.begun + 1;
        if at_once {
            state.asked = wanted;
            self.changed.notify_all();
        }
        let waiting = |state: &mut State| !state.stopped && state.done < wanted;
        let state = self
            .changed
            .wait_while(state, waiting)
            .unwrap_or_else(PoisonError::into_inner);
        !state.stopped
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[test]
    fn a_job_begins_after_a_pass_that_began_later_and_a_stop_ends_every_wait() {
        let beat = Beat::default();
        let passes = AtomicU64::new(0);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while let Some(number) = beat.next_pass() {
                    passes.fetch_add(1, Ordering::SeqCst);
                    beat.done(number);
                    // Longer than the test may take: only being asked or stopped ends it.
                    beat.rest(number, Duration::from_hours(1));
                }
            });
            for _ in 0..50 {
                let before = passes.load(Ordering::SeqCst);
                assert!(beat.wait_for_pass(true));
                assert!(passes.load(Ordering::SeqCst) > before);
            }
            let waiter = scope.spawn(|| beat.wait_for_pass(false));
            let pausing = scope.spawn(|| beat.pause(Duration::from_hours(1)));
            beat.stop();
            assert_eq!(waiter.join().ok(), Some(false));
            assert!(pausing.join().is_ok());
        });
    }
}
