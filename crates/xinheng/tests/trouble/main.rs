//! Trouble from outside: a disk that fills, a database server that is restarted in the middle, the same file twice at once,
//! a clock that jumps, files made to break a reader. Whatever happens, what was acknowledged is there once, what was
//! refused is said, nothing is half, and the work goes on when the trouble is over.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stderr,
    missing_docs,
    reason = "tests fail by panicking and say what they skip"
)]

#[path = "../common/mod.rs"]
mod common;

mod clock;
mod disk;
mod files;
mod restart;
mod twice;

use std::collections::BTreeMap;
use std::path::PathBuf;

use common::Place;
use common::inside::{self, Inside};

/// A file of annual reports of so many firms.
fn reports(place: &Place, firms: usize) -> PathBuf {
    let city = common::city(21, firms);
    let rows = std::fs::read(city.path().join("annual-report.csv")).unwrap();
    place.write("annual-report.csv", rows)
}

/// The command that imports it.
fn import_of(file: &std::path::Path) -> [String; 7] {
    let file = file.to_str().unwrap();
    [
        "import",
        "records",
        "--type",
        "annual-report",
        "--supplier",
        "440500-test",
        file,
    ]
    .map(str::to_owned)
}

/// What must come out the same whatever the trouble was.
#[derive(Debug, PartialEq)]
struct State {
    records: Vec<[String; 6]>,
    entities: Vec<(String, String)>,
    batches: Vec<(String, String, [i64; 4])>,
    refused: i64,
    classes: BTreeMap<String, (String, i64)>,
    told: i64,
}

fn state(place: &Place) -> State {
    let inside = Inside::open(&place.data());
    assert_eq!(inside.staged(), 0, "rows left on their way in");
    assert_eq!(inside.count(&inside::LIVE_JOBS), 0, "jobs left");
    let mut batches = inside.batches();
    batches.sort();
    State {
        records: inside.records(),
        entities: inside.entities(),
        batches,
        refused: inside.count(&inside::REFUSED),
        classes: inside.classes(),
        told: inside.events().get("intake.batch-applied").copied().unwrap_or(0),
    }
}

/// Fails without printing thousands of rows.
#[track_caller]
fn same(what: &str, found: &State, wanted: &State) {
    assert!(
        found == wanted,
        "{what}: {} records of {}, {} entities of {}, {} refused of {}, told {} of {}, {:?} of {:?}, classes {}",
        found.records.len(),
        wanted.records.len(),
        found.entities.len(),
        wanted.entities.len(),
        found.refused,
        wanted.refused,
        found.told,
        wanted.told,
        found.batches,
        wanted.batches,
        if found.classes == wanted.classes {
            "same"
        } else {
            "differ"
        }
    );
}

fn records(place: &Place) -> i64 {
    Inside::open(&place.data()).count(&inside::RECORD_COUNT)
}
