//! A clock that jumps between commands and under a running server. The jump is made under the program, by a small library
//! that answers for the system's clock.
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use super::common::inside::{self, Inside};
use super::common::server::Server;
use super::common::{Place, Ran, city, eventually, spawn, word};
use super::{import_of, reports, same, state};

const FIRMS: usize = 300;
const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

/// Adds to the system's clock as many seconds as a file says.
const SHIM: &str = r#"
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t id, struct timespec *t) {
    int done = syscall(SYS_clock_gettime, id, t);
    const char *path = getenv("XINHENG_TEST_CLOCK");
    if (done == 0 && id == CLOCK_REALTIME && path) {
        char text[32] = {0};
        int file = open(path, O_RDONLY | O_CLOEXEC);
        if (file >= 0) {
            if (read(file, text, sizeof text - 1) > 0) t->tv_sec += atol(text);
            close(file);
        }
    }
    return done;
}
"#;

/// The library, made once; `None` where there is no C compiler.
fn shim() -> Option<&'static PathBuf> {
    static SHIM_FILE: OnceLock<Option<(tempfile::TempDir, PathBuf)>> = OnceLock::new();
    let made = SHIM_FILE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let (source, library) = (folder.path().join("clock.c"), folder.path().join("clock.so"));
        std::fs::write(&source, SHIM).unwrap();
        let mut compiler = Command::new("cc");
        compiler
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .arg(&library)
            .arg(&source);
        let done = compiler.stderr(Stdio::null()).status();
        done.is_ok_and(|status| status.success())
            .then_some((folder, library))
    });
    made.as_ref().map(|(_, library)| library)
}

/// A clock of its own for some processes.
struct Wrong {
    library: &'static PathBuf,
    folder: tempfile::TempDir,
    file: PathBuf,
}

impl Wrong {
    /// `None`, said by name, where none can be made.
    fn clock(test: &str) -> Option<Self> {
        let Some(library) = shim() else {
            eprintln!("skipped: {test} (no C compiler to make a clock with)");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let clock = Self {
            library,
            file: folder.path().join("clock"),
            folder,
        };
        clock.set(0);
        Some(clock)
    }

    fn set(&self, seconds: i64) {
        // Beside and renamed, so that nobody reads half a number.
        let beside = self.folder.path().join("new");
        std::fs::write(&beside, seconds.to_string()).unwrap();
        std::fs::rename(beside, &self.file).unwrap();
    }

    fn environment(&self) -> [(&str, &str); 2] {
        [
            ("LD_PRELOAD", self.library.to_str().unwrap()),
            ("XINHENG_TEST_CLOCK", self.file.to_str().unwrap()),
        ]
    }

    fn run(&self, place: &Place, arguments: &[&str]) -> Ran {
        let mut command = place.command(arguments);
        command.envs(self.environment());
        let done = spawn(command.stdout(Stdio::piped()).stderr(Stdio::piped()))
            .wait_with_output()
            .unwrap();
        Ran {
            code: done.status.code(),
            out: String::from_utf8(done.stdout).unwrap(),
            err: String::from_utf8_lossy(&done.stderr).into_owned(),
        }
    }
}

fn words(arguments: &[String; 7]) -> [&str; 7] {
    arguments.each_ref().map(String::as_str)
}

/// Registrations, then reports.
fn calm() -> (Place, PathBuf, PathBuf) {
    let calm = Place::with_deployment();
    let rows = std::fs::read(city(21, FIRMS).path().join("registration.csv")).unwrap();
    let registrations = calm.write("registration.csv", rows);
    calm.import("registration", &registrations).good();
    let reports = reports(&calm, FIRMS);
    calm.run(&import_of(&reports)).good();
    calm.run(&["classify"]).good();
    (calm, registrations, reports)
}

#[test]
fn a_clock_that_jumps_between_commands_loses_and_holds_up_nothing() {
    let (calm, registrations, file) = calm();
    let registrations = registrations.to_str().unwrap();
    let place = Place::with_deployment();
    let Some(clock) = Wrong::clock("a_clock_that_jumps_between_commands_…") else {
        return;
    };
    let supplied = [
        "import",
        "records",
        "--type",
        "registration",
        "--supplier",
        "440500-test",
    ];
    clock.set(DAY);
    clock
        .run(&place, &[&supplied[..], &[registrations]].concat())
        .good();
    let firm = Inside::open(&place.data()).records()[0][0].clone();
    // A day and an hour back: what was kept "tomorrow" is there all the same, and the operator is told of the clock.
    clock.set(-HOUR);
    let shown = clock.run(&place, &["show", &firm]);
    assert!(shown.err.contains("系统时钟"), "{}", shown.err);
    let shown = shown.good();
    assert!(shown.contains("登记注册") || shown.contains("条）"), "{shown}");
    // Killed in the middle with its lease in a tomorrow that comes later: the next command takes over at once.
    clock.set(DAY);
    let arguments = import_of(&file);
    let mut command = place.command(&arguments);
    command.envs(clock.environment());
    let mut running = spawn(command.stdout(Stdio::null()).stderr(Stdio::null()));
    std::thread::sleep(std::time::Duration::from_millis(250));
    let _ = running.kill();
    running.wait().unwrap();
    clock.set(-DAY);
    clock.run(&place, &words(&arguments)).good();
    clock.set(HOUR);
    clock.run(&place, &words(&arguments)).good();
    clock.set(0);
    clock.run(&place, &["classify"]).good();
    same("after all jumps", &state(&place), &state(&calm));
    clock.run(&place, &["log", "verify"]).good();
}

#[test]
fn a_clock_that_jumps_under_a_running_server_holds_up_no_job_and_doubles_nothing() {
    let (calm, registrations, file) = calm();
    let place = Place::new();
    let said = place.run(&["init"]).good();
    let Some(clock) = Wrong::clock("a_clock_that_jumps_under_a_running_server_…") else {
        return;
    };
    let server = Server::serve_with(place, word(&said, "请妥善保存）："), &clock.environment());
    let texts = [
        ("registration", std::fs::read_to_string(&registrations).unwrap()),
        ("annual-report", std::fs::read_to_string(&file).unwrap()),
    ];
    for (number, (item, text)) in texts.iter().enumerate() {
        let once = format!("Idempotency-Key: k{number}\r\n");
        let mut receipts = Vec::new();
        for seconds in [HOUR, -HOUR, DAY, -DAY] {
            clock.set(seconds);
            receipts.push(server.hand_over(item, &once, text).good());
        }
        assert!(
            receipts.iter().all(|receipt| *receipt == receipts[0]),
            "{receipts:?}"
        );
        let path = format!("/api/v1/intake/batches/{}", receipts[0]["batch_id"]);
        eventually(
            "the batch is applied although the clock went back two days",
            || Some(server.read(&path)).filter(|batch| batch["state"] == "applied"),
        );
    }
    clock.set(0);
    let Server {
        place, mut running, ..
    } = {
        server.signal("-TERM");
        server
    };
    assert_eq!(running.wait(), Some(0));
    place.run(&["classify"]).good();
    same("after all jumps", &state(&place), &state(&calm));
    let inside = Inside::open(&place.data());
    assert_eq!(inside.count(&inside::BATCH_COUNT), 2);
    drop(inside);
    place.run(&["log", "verify"]).good();
}
