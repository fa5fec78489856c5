//! The background: seals events, lets readers catch up, does jobs; once until all is quiet, or for ever beside the server.
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use house::hall::job::{self, Worker};
use house::hall::ledger::{self, Reader};
use house::assess;
use house::hall::{House, command, log};
use kernel::{Actor, Outcome};

use crate::full_run::FullRun;

/// How long the background rests when there was nothing to do.
const REST: Duration = Duration::from_millis(200);

/// Works until nothing is left to do. `abandoned`: takes over jobs that a killed process left running.
pub fn settle(house: &House, abandoned: bool) -> Outcome<()> {
    let mut first = abandoned;
    if abandoned {
        take_over(house)?;
    }
    while round(house, first)? {
        first = false;
    }
    Ok(())
}

/// Ends what a killed process left open, before this one begins.
fn take_over(house: &House) -> Outcome<()> {
    let op = house.op(Actor::system("后台"), "worker");
    command(house, &op, assess::service::abandon_loading).map(drop)
}

/// One round. Returns whether anything was done.
fn round(house: &House, abandoned: bool) -> Outcome<bool> {
    let op = house.op(Actor::system("后台"), "worker");
    let sealed = log::seal(house, &op)?;
    let readers = house::readers();
    let readers: Vec<&dyn Reader> = readers.iter().map(AsRef::as_ref).collect();
    let read = ledger::catch_up(house, &op, &readers)?;
    let workers = house::workers();
    let mut workers: Vec<&dyn Worker> = workers.iter().map(AsRef::as_ref).collect();
    workers.push(&FullRun);
    let worked = job::run_next(house, &op, &workers, abandoned)?;
    Ok(sealed > 0 || read > 0 || worked)
}

/// Works until told to stop; a fault is logged and the work goes on.
pub fn work(house: &House, stop: &Arc<AtomicBool>) {
    let mut abandoned = true;
    if let Err(fault) = take_over(house) {
        tracing::error!(code = fault.code, detail = %fault.detail, "what a killed process left could not be ended");
    }
    while !stop.load(Ordering::Relaxed) {
        match round(house, abandoned) {
            Ok(true) => {}
            Ok(false) => std::thread::park_timeout(REST),
            Err(fault) => {
                tracing::error!(code = fault.code, detail = %fault.detail, "the background failed; it goes on");
                std::thread::park_timeout(REST * 5);
            }
        }
        abandoned = false;
    }
}
