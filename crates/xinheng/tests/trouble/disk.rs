//! A disk that fills while a file is taken in, applied or classified, on small disks of the tests' own.
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use db::testing::TestDb;
use tempfile::TempDir;

use super::common::{Place, Ran, city, spawn};
use super::{import_of, records, reports, same, state};

/// Firms of the deployment: their reports are more than one frame.
const FIRMS: usize = 700;
/// Sizes of the room that is left, in KiB: nothing, then more and more until it is enough.
const ROOM: [u64; 15] = [
    0, 40, 160, 400, 700, 1_000, 1_400, 2_000, 2_800, 4_000, 5_600, 8_000, 12_000, 18_000, 30_000,
];
/// What says that a disk is full; the last where the failure itself could still be noted.
const FULL: [&str; 4] = [
    "intake.disk.full",
    "db.full",
    "disk.full",
    "intake.batch.unfinished",
];

/// A disk of its own in memory.
struct Disk {
    folder: TempDir,
}

impl Disk {
    /// `None`, said by name, where the machine does not let us have one.
    fn of(mebibytes: u32, test: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let size = format!("size={mebibytes}m");
        let mounted = spawn(
            Command::new("mount")
                .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
                .arg(folder.path())
                .stderr(Stdio::null()),
        )
        .wait();
        if mounted.is_ok_and(|status| status.success()) {
            return Some(Self { folder });
        }
        eprintln!("skipped: {test} (this machine lets us mount no small disk; root is needed)");
        None
    }

    fn filler(&self) -> PathBuf {
        self.folder.path().join("filler")
    }

    /// Fills it up but for so much.
    fn leave(&self, kibibytes: u64) {
        self.free();
        let free = free_kibibytes(self.folder.path());
        if let Some(fill) = free.checked_sub(kibibytes).filter(|fill| *fill > 0) {
            let done = spawn(
                Command::new("fallocate")
                    .args(["-l", &format!("{fill}KiB")])
                    .arg(self.filler()),
            )
            .wait();
            assert!(done.unwrap().success());
        }
    }

    fn free(&self) {
        let _ = std::fs::remove_file(self.filler());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = spawn(Command::new("umount").arg("-l").arg(self.folder.path())).wait();
    }
}

fn free_kibibytes(folder: &Path) -> u64 {
    let told = Command::new("df")
        .args(["-k", "--output=avail"])
        .arg(folder)
        .output()
        .unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    told.lines().nth(1).unwrap().trim().parse().unwrap()
}

/// The code of a refusal, which must speak of the disk and of what to do.
#[track_caller]
fn code_of(ran: &Ran, room: u64) -> String {
    assert_eq!(ran.code, Some(1), "{room} KiB: {}\n{}", ran.out, ran.err);
    assert!(!ran.err.contains("panicked"), "{room} KiB: {}", ran.err);
    let code = ran
        .err
        .lines()
        .find_map(|line| line.trim().strip_prefix("代码："));
    let code = code.unwrap_or_else(|| panic!("{room} KiB: no code in {}", ran.err));
    let said = ran.err.contains("磁盘") && ran.err.contains("腾出空间");
    assert!(said, "{room} KiB, {code}: {}", ran.err);
    code.to_owned()
}

/// Runs a command with more and more room until there is enough; after each refusal nothing may be half. Returns the codes.
fn squeezed(disk: &Disk, place: &Place, arguments: &[String], whole: impl Fn() -> bool) -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    for room in ROOM {
        disk.leave(room);
        let ran = place.run(arguments);
        disk.free();
        if ran.code == Some(0) {
            return codes;
        }
        codes.insert(code_of(&ran, room));
        assert!(whole(), "{room} KiB: half of it is there");
    }
    panic!("{} KiB are not enough", ROOM[ROOM.len() - 1]);
}

fn registered(place: &Place) {
    let city = city(21, FIRMS);
    place
        .import("registration", &city.path().join("registration.csv"))
        .good();
}

#[test]
fn a_disk_that_fills_while_a_file_is_taken_in_leaves_nothing_half_and_the_import_goes_on_with_room() {
    let Some(disk) = Disk::of(96, "a_disk_that_fills_while_a_file_is_taken_in_…") else {
        return;
    };
    let calm = Place::with_deployment();
    registered(&calm);
    calm.run(&import_of(&reports(&calm, FIRMS))).good();
    let wanted = state(&calm);

    let place = Place::on(disk.folder.path());
    place.run(&["init"]).good();
    registered(&place);
    // The file itself lies elsewhere, as on a supplier's stick.
    let file = reports(&calm, FIRMS);
    let before = records(&place);
    let all = i64::try_from(wanted.records.len()).unwrap();
    let codes = squeezed(&disk, &place, &import_of(&file), || {
        let now = records(&place);
        now == before || now == all
    });
    assert!(
        codes.contains("intake.disk.full") && codes.contains("db.full"),
        "{codes:?}"
    );
    assert!(
        codes.iter().all(|code| FULL.contains(&code.as_str())),
        "{codes:?}"
    );
    same("after the disk was full", &state(&place), &wanted);
    place.run(&["log", "verify"]).good();
}

#[test]
fn a_disk_that_fills_during_a_classification_leaves_the_classes_as_they_were_and_the_next_one_is_whole() {
    let Some(disk) = Disk::of(96, "a_disk_that_fills_during_a_classification_…") else {
        return;
    };
    let calm = Place::with_deployment();
    registered(&calm);
    let arguments = ["classify", "--as-of", "2024-06-01", "--full"].map(str::to_owned);
    calm.run(&import_of(&reports(&calm, FIRMS))).good();
    let place = Place::on(disk.folder.path());
    place.run(&["init"]).good();
    registered(&place);
    place.run(&import_of(&reports(&calm, FIRMS))).good();
    let before = state(&place).classes;
    calm.run(&arguments).good();
    let wanted = state(&calm);
    assert_ne!(before, wanted.classes, "the run changes classes");
    let codes = squeezed(&disk, &place, &arguments, || {
        let now = super::Inside::open(&place.data()).classes();
        now == before || now == wanted.classes
    });
    assert!(
        codes.contains("disk.full"),
        "the snapshot was never what filled it: {codes:?}"
    );
    assert!(
        codes.iter().all(|code| FULL.contains(&code.as_str())),
        "{codes:?}"
    );
    same("after the disk was full", &state(&place), &wanted);
    let again = place.run(&arguments).good();
    assert_eq!(super::common::number(&again, "其中 "), 0, "{again}");
}

#[test]
fn a_data_folder_that_fills_beside_a_database_with_room_leaves_nothing_half() {
    let test = "a_data_folder_that_fills_beside_a_database_with_room_…";
    let Some(disk) = Disk::of(32, test) else { return };
    let Some(test) = TestDb::postgres(test, house::MIGRATIONS) else {
        return;
    };
    let calm = Place::with_deployment();
    registered(&calm);
    let file = reports(&calm, FIRMS);
    calm.run(&import_of(&file)).good();
    let place = Place::on(disk.folder.path());
    place.run(&["init", "--database", test.url()]).good();
    registered(&place);
    let before = records(&place);
    let all = i64::try_from(state(&calm).records.len()).unwrap();
    let codes = squeezed(&disk, &place, &import_of(&file), || {
        let now = records(&place);
        now == before || now == all
    });
    assert!(codes.contains("intake.disk.full"), "{codes:?}");
    same("after the disk was full", &state(&place), &state(&calm));
    let arguments = ["classify", "--as-of", "2024-06-01", "--full"].map(str::to_owned);
    let classes = state(&place).classes;
    calm.run(&arguments).good();
    let wanted = state(&calm);
    let codes = squeezed(&disk, &place, &arguments, || {
        let now = super::Inside::open(&place.data()).classes();
        now == classes || now == wanted.classes
    });
    assert!(codes.contains("disk.full"), "{codes:?}");
    same("after the disk was full", &state(&place), &wanted);
}

/// Where no disk can be mounted: no file may grow beyond a limit, which programs meet like a quota.
#[test]
fn a_limit_on_the_size_of_files_is_answered_like_a_full_disk() {
    let calm = Place::with_deployment();
    registered(&calm);
    let place = calm.copy();
    let file = reports(&calm, FIRMS);
    calm.run(&import_of(&file)).good();
    let before = records(&place);
    let wanted = state(&calm);
    let mut codes = BTreeSet::new();
    for blocks in [16, 256, 1_024, 4_096, 8_192, 16_384, 65_536] {
        let limited = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
        let mut command = Command::new("sh");
        let program = place.command(&import_of(&file));
        command
            .args(["-c", &limited, "sh"])
            .arg(program.get_program())
            .args(program.get_args());
        for (name, value) in program.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let done = spawn(&mut command).wait_with_output().unwrap();
        let ran = Ran {
            code: done.status.code(),
            out: String::from_utf8(done.stdout).unwrap(),
            err: String::from_utf8(done.stderr).unwrap(),
        };
        if ran.code == Some(0) {
            break;
        }
        codes.insert(code_of(&ran, blocks / 2));
        let now = records(&place);
        assert!(now == before || now == i64::try_from(wanted.records.len()).unwrap());
    }
    assert!(
        codes.len() > 1 && codes.iter().all(|code| FULL.contains(&code.as_str())),
        "{codes:?}"
    );
    place.run(&import_of(&file)).good();
    same("after the limit was gone", &state(&place), &wanted);
}
