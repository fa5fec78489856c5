//! What every change must leave in order: sizes, the slope between modules, where SQL lives, documents that tell the truth.
#![expect(clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod allowed;
mod documents;
mod functions;
mod manifests;
mod rooms;
mod size;
mod slope;
mod source;
mod sql;
mod text;

/// Fails with every fault on a line of its own, so that one run tells all.
#[track_caller]
fn none(faults: &[String], rule: &str) {
    assert!(
        faults.is_empty(),
        "{rule}\n{} broken:\n  {}\n",
        faults.len(),
        faults.join("\n  ")
    );
}
