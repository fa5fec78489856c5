//! What the tests of the program share: running it, looking into its database, a city to feed it with.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::disallowed_methods,
    missing_docs,
    reason = "every test file uses a part of it, and tests fail by panicking"
)]

pub mod edits;
pub mod inside;
pub mod server;

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{LazyLock, OnceLock, RwLock, TryLockError};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Longest time anything is waited for; a test that needs it has failed.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// A file of the repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

/// What a finished program said.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Ran {
    /// It ended well. Returns what it printed.
    #[track_caller]
    pub fn good(self) -> String {
        assert_eq!(self.code, Some(0), "{}\n{}", self.out, self.err);
        self.out
    }

    /// It refused with this code, in Chinese, without any sign of a panic. Returns what it said.
    #[track_caller]
    pub fn refused(self, code: &str) -> String {
        assert_eq!(self.code, Some(1), "{}\n{}", self.out, self.err);
        assert!(
            self.err.contains(&format!("代码：{code}\n")),
            "not refused with {code}: {}",
            self.err
        );
        // A clock that is behind is said first, in one line.
        let said = match self.err.split_once('\n') {
            Some((first, rest)) if first.starts_with("注意：") => rest,
            _ => self.err.as_str(),
        };
        assert!(said.starts_with("错误："), "{}", self.err);
        assert!(!self.err.contains("panicked"), "{}", self.err);
        self.err
    }
}

/// The day on which the tests live, whatever the calendar on the wall says: its deadlines lie within the calendar of the
/// packs for ever.
const LIVES_ON: &str = "2026-06-01";

/// How many days the program's clock is moved so that today is [`LIVES_ON`]. The same for all of a test's processes, so
/// that time never goes backwards between them.
pub fn shift_days() -> i64 {
    static SHIFT: LazyLock<i64> = LazyLock::new(|| {
        #[expect(
            clippy::disallowed_methods,
            reason = "the shift is measured from the system's clock"
        )]
        let today = house::hall::local_day(chrono::Utc::now());
        (LIVES_ON.parse::<kernel::Day>().unwrap() - today).num_days()
    });
    *SHIFT
}

/// The program, not yet started, without anything of the caller's environment that steers it.
pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xinheng"));
    command
        .env_remove("XINHENG_DATA")
        .env_remove("XINHENG_LISTEN")
        .env_remove("RUST_LOG")
        .env("XINHENG_CLOCK_SHIFT_DAYS", shift_days().to_string());
    command.stdin(Stdio::null());
    command
}

/// Held for reading while a test holds a data folder itself, for writing while a program is being started: a child owns
/// copies of its parent's open files, locks included, until it has become the program.
pub static GATE: RwLock<()> = RwLock::new(());

/// Starts a program.
pub fn spawn(command: &mut Command) -> Child {
    let _alone = eventually("no test holds a data folder", || match GATE.try_write() {
        Ok(alone) => Some(alone),
        Err(TryLockError::Poisoned(left)) => Some(left.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    });
    command.spawn().unwrap()
}

/// What was said besides the notice that the clock is moved.
fn without_shift(said: &str) -> String {
    let told = said.lines().filter(|line| !line.starts_with("注意：时钟移动了"));
    told.fold(String::new(), |text, line| text + line + "\n")
}

fn finish(command: &mut Command) -> Ran {
    let output = spawn(command.stdout(Stdio::piped()).stderr(Stdio::piped()))
        .wait_with_output()
        .unwrap();
    Ran {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: without_shift(&String::from_utf8_lossy(&output.stderr)),
    }
}

/// Runs the program where no data folder is needed.
pub fn xinheng<S: AsRef<OsStr>>(arguments: &[S]) -> Ran {
    finish(program().args(arguments))
}

/// A folder for one deployment and the files around it.
pub struct Place {
    root: TempDir,
}

impl Place {
    /// An empty place.
    pub fn new() -> Self {
        Self {
            root: tempfile::tempdir().unwrap(),
        }
    }

    /// An empty place on the disk of a folder.
    pub fn on(disk: &Path) -> Self {
        Self {
            root: tempfile::tempdir_in(disk).unwrap(),
        }
    }

    /// A deployment with the pack `base` on SQLite.
    pub fn with_deployment() -> Self {
        let place = Self::new();
        place.run(&["init"]).good();
        place
    }

    /// A deployment in the same state, in a place of its own.
    pub fn copy(&self) -> Self {
        let copy = Self::new();
        copy_folder(self.root.path(), copy.root.path());
        copy
    }

    /// A path in the place.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.path("data")
    }

    /// Writes a file beside the data folder.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// The program on this data folder, not yet started.
    pub fn command<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Command {
        let mut command = program();
        command.arg("--data").arg(self.data()).args(arguments);
        command
    }

    /// Runs the program on this data folder.
    pub fn run<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Ran {
        finish(&mut self.command(arguments))
    }

    /// Starts the program on this data folder and does not wait.
    pub fn start<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Running {
        let mut command = self.command(arguments);
        Running(spawn(command.stdout(Stdio::piped()).stderr(Stdio::null())))
    }

    /// Imports a file of records of an item as its usual supplier.
    pub fn import(&self, item: &str, file: &Path) -> Ran {
        let file = file.to_str().unwrap();
        self.run(&[
            "import",
            "records",
            "--type",
            item,
            "--supplier",
            "440500-test",
            file,
        ])
    }

    /// Imports every file of a city in the order in which they stand on each other. Returns what was printed of each.
    pub fn import_city(&self, city: &Path) -> Vec<(&'static str, String)> {
        in_order()
            .map(|item| (item, self.import(item, &city.join(format!("{item}.csv"))).good()))
            .collect()
    }
}

/// The items of a city's files, what ends other records after what it ends.
pub fn in_order() -> impl Iterator<Item = &'static str> {
    let last = |item: &str| ["abnormal-removal", "serious-removal", "repair"].contains(&item);
    let items = || demo::SHEETS.iter().map(|sheet| sheet.item);
    items()
        .filter(move |item| !last(item))
        .chain(items().filter(move |item| last(item)))
}

/// A program that runs; killed when dropped, so that a failing test leaves nothing behind.
pub struct Running(pub Child);

impl Running {
    /// `kill -9`, and waits until it is gone. Whether it had ended by itself before.
    pub fn kill(mut self) -> bool {
        let ended = self.0.try_wait().unwrap().is_some();
        if !ended {
            self.0.kill().unwrap();
        }
        self.0.wait().unwrap();
        ended
    }

    /// Waits for its first line, which a server prints when it is there.
    pub fn first_line(&mut self) -> String {
        let mut line = String::new();
        BufReader::new(self.0.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert!(
            !line.is_empty(),
            "it ended without a word: {:?}",
            self.0.try_wait()
        );
        line
    }

    /// Waits until it ends by itself. Its exit code.
    pub fn wait(&mut self) -> Option<i32> {
        let status = eventually("the program ends", || self.0.try_wait().unwrap());
        status.code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Looks again and again until there is an answer; fails when patience ends.
#[track_caller]
pub fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "in vain: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Copies a folder with everything in it.
pub fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A city as its departments would hand it over on 2026-06-01.
pub fn city(seed: u64, size: usize) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    demo::City::make(seed, size, "2026-06-01".parse().unwrap(), folder.path()).unwrap();
    folder
}

/// A small city made once for a test file.
pub fn town() -> &'static Path {
    static TOWN: OnceLock<TempDir> = OnceLock::new();
    TOWN.get_or_init(|| city(7, 300)).path()
}

/// The number behind a word in what the program printed: `读到 1,509 行` → `number(text, "读到 ")` = 1509.
#[track_caller]
pub fn number(text: &str, after: &str) -> i64 {
    let (_, rest) = text
        .split_once(after)
        .unwrap_or_else(|| panic!("no “{after}” in {text}"));
    let digits: String = rest
        .chars()
        .take_while(|c| c.is_ascii_digit() || *c == ',')
        .filter(|c| *c != ',')
        .collect();
    digits
        .parse()
        .unwrap_or_else(|_| panic!("no number after “{after}” in {text}"))
}

/// The text behind a word up to a blank or the end of the line.
#[track_caller]
pub fn word(text: &str, after: &str) -> String {
    let (_, rest) = text
        .split_once(after)
        .unwrap_or_else(|| panic!("no “{after}” in {text}"));
    rest.split_whitespace().next().unwrap_or_default().to_owned()
}
