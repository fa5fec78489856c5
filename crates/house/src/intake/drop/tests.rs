//! Stories of drop folders, on both databases.
use std::fs;
use std::path::{Path, PathBuf};

use chrono::Duration;
use db::db_test;

use super::Looks;
use super::model::{DropFolder, NewDrop};
use super::service::{self, Passed};
use crate::MIGRATIONS;
use crate::intake::service::{self as intake, Mapping};
use crate::stories::{FIRM, OTHER, Town};

const PENALTIES: &str = "统一社会信用代码,处罚决定书文号,处罚类别,处罚决定日期\n";

/// A drop folder, and what was seen of it.
struct Watched<'t> {
    town: &'t Town,
    folder: tempfile::TempDir,
    drop: DropFolder,
    looks: Looks,
}

impl<'t> Watched<'t> {
    fn new(town: &'t Town, item: Option<&str>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let new = NewDrop {
            folder: folder.path().to_owned(),
            supplier: "440511-scjg".into(),
            item: item.map(str::to_owned),
            mapping: Mapping::default(),
        };
        let drop = service::add(&town.house, &town.op(), &new).unwrap();
        Self {
            town,
            folder,
            drop,
            looks: Looks::default(),
        }
    }

    fn put(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join(name), text).unwrap();
    }

    /// One look, some seconds after the last.
    fn look(&mut self) -> Passed {
        *self.town.clock.0.lock().unwrap() += Duration::seconds(10);
        let op = self.town.op();
        service::pass(&self.town.house, &op, &mut self.looks, Duration::seconds(5)).unwrap()
    }

    /// Looks until nothing moves, with the house at work between.
    fn settle(&mut self) {
        for _ in 0..4 {
            self.look();
            self.town.settle();
        }
    }

    fn files(&self, room: &str) -> Vec<String> {
        files(&self.folder.path().join(room))
    }

    fn fault(&self) -> Option<String> {
        self.town.ask(service::drops).remove(0).0.last_fault
    }
}

fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().unwrap().is_file())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn verbs(town: &Town, drop_id: i64) -> Vec<String> {
    let told = town.ask(|tx, op| crate::hall::ledger::about(tx, op, &format!("drop:{drop_id}")));
    told.into_iter().map(|told| told.verb).collect()
}

db_test!(
    a_file_is_taken_when_it_has_stopped_growing_and_ends_with_its_report,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let mut watched = Watched::new(&town, None);
        watched.put("处罚.csv", &format!("{PENALTIES}{FIRM},1号,警告,2026-03-04\n"));
        assert_eq!(watched.look().taken, 0, "seen for the first time");
        watched.put(
            "处罚.csv",
            &format!("{PENALTIES}{FIRM},1号,警告,2026-03-04\n{OTHER},2号,警告,2026-03-04\n"),
        );
        assert_eq!(watched.look().taken, 0, "it grew");
        let passed = watched.look();
        assert_eq!((passed.taken, passed.waiting), (1, 1));
        assert_eq!(watched.files("working"), ["处罚.csv"]);
        town.settle();
        let ended = watched.look().ended;
        assert_eq!((ended.len(), ended[0].state.as_str()), (1, "done"), "{ended:?}");
        assert_eq!(watched.files("done"), ["处罚.csv", "处罚.csv.report.txt"]);
        assert_eq!(town.ask(|tx, _| intake::counts(tx)), [("penalty".to_owned(), 2)]);
        assert_eq!(
            verbs(&town, watched.drop.drop_id),
            ["intake.drop-added", "intake.drop-taken", "intake.drop-ended"]
        );
        // The same content again: known, moved, not taken in twice.
        watched.put(
            "又一次.csv",
            &fs::read_to_string(watched.folder.path().join("done/处罚.csv")).unwrap(),
        );
        watched.settle();
        assert_eq!(town.ask(|tx, _| intake::counts(tx)), [("penalty".to_owned(), 2)]);
        let report = fs::read_to_string(watched.folder.path().join("done/又一次.csv.report.txt")).unwrap();
        assert!(report.contains("以前已经收过"), "{report}");
    }
);

db_test!(
    what_cannot_be_taken_goes_to_failed_with_the_reason,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let mut watched = Watched::new(&town, Some("licence"));
        watched.put("处罚.csv", &format!("{PENALTIES}{FIRM},1号,警告,2026-03-04\n"));
        watched.put("空.csv", "");
        watched.put("坏.xlsx", "PK\u{3}\u{4}xx");
        for _ in 0..8 {
            watched.look();
            town.settle();
        }
        assert_eq!(
            watched.files("failed"),
            [
                "坏.xlsx",
                "坏.xlsx.report.txt",
                "处罚.csv",
                "处罚.csv.report.txt",
                "空.csv",
                "空.csv.report.txt"
            ]
        );
        let report = |name: &str| {
            fs::read_to_string(watched.folder.path().join(format!("failed/{name}.report.txt"))).unwrap()
        };
        assert!(
            report("处罚.csv").contains("没有找到“行政许可”的表头"),
            "{}",
            report("处罚.csv")
        );
        assert!(report("空.csv").contains("空"), "{}", report("空.csv"));
        assert!(report("坏.xlsx").contains("未入库"), "{}", report("坏.xlsx"));
        assert!(town.ask(|tx, _| intake::counts(tx)).is_empty());
    }
);

db_test!(
    two_files_of_one_name_wait_for_each_other_and_overwrite_nothing,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let mut watched = Watched::new(&town, None);
        let text = |no: &str| format!("{PENALTIES}{FIRM},{no},警告,2026-03-04\n");
        watched.put("a.csv", &text("1号"));
        watched.look();
        watched.look();
        watched.put("a.csv", &text("2号"));
        watched.look();
        watched.look();
        assert_eq!(watched.files(""), ["a.csv"], "the second waits");
        watched.settle();
        watched.settle();
        assert_eq!(
            watched.files("done"),
            ["a-2.csv", "a-2.csv.report.txt", "a.csv", "a.csv.report.txt"]
        );
        assert!(
            fs::read_to_string(watched.folder.path().join("done/a.csv"))
                .unwrap()
                .contains("1号")
        );
        assert_eq!(town.ask(|tx, _| intake::counts(tx)), [("penalty".to_owned(), 2)]);
    }
);

/// Puts a folder into the state a process leaves that dies at a moment, and lets the next one go on.
fn after_death(town: &Town, die: impl Fn(&mut Watched<'_>) -> PathBuf) {
    let mut watched = Watched::new(town, None);
    watched.put("a.csv", &format!("{PENALTIES}{FIRM},1号,警告,2026-03-04\n"));
    let moved = die(&mut watched);
    watched.looks = Looks::default();
    watched.settle();
    assert!(
        moved.exists(),
        "{moved:?}: {:?} {:?}",
        watched.files("done"),
        watched.files("working")
    );
    assert_eq!(watched.files("done").len(), 2, "{:?}", watched.files("done"));
    assert!(watched.files("working").is_empty());
    assert_eq!(town.ask(|tx, _| intake::counts(tx)), [("penalty".to_owned(), 1)]);
    let (_, counts) = town.ask(service::drops).remove(0);
    assert_eq!(counts, (0, 1, 0));
    assert_eq!(watched.fault(), None);
}

db_test!(
    a_process_that_died_after_moving_a_file_into_work_is_followed_up,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        after_death(&town, |watched| {
            let folder = watched.folder.path();
            fs::rename(folder.join("a.csv"), folder.join("working/a.csv")).unwrap();
            folder.join("done/a.csv")
        });
    }
);

db_test!(
    a_process_that_died_before_moving_a_digested_file_is_followed_up,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        after_death(&town, |watched| {
            watched.look();
            watched.look();
            watched.town.settle();
            // The name is decided and a report lies there already.
            let folder = watched.folder.path();
            fs::write(folder.join("done/a.csv.report.txt"), "half").unwrap();
            let file = watched
                .town
                .ask(|tx, op| service::files_of(tx, op, watched.drop.drop_id, 1))
                .remove(0);
            watched
                .town
                .run(|tx, _| crate::intake::drop::store::move_as(tx, file.file_id, "a.csv"))
                .unwrap();
            folder.join("done/a.csv")
        });
    }
);

db_test!(
    a_process_that_died_after_moving_a_digested_file_is_followed_up,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        after_death(&town, |watched| {
            watched.look();
            watched.look();
            watched.town.settle();
            let folder = watched.folder.path();
            let file = watched
                .town
                .ask(|tx, op| service::files_of(tx, op, watched.drop.drop_id, 1))
                .remove(0);
            watched
                .town
                .run(|tx, _| crate::intake::drop::store::move_as(tx, file.file_id, "a.csv"))
                .unwrap();
            fs::write(folder.join("done/a.csv.report.txt"), "whole").unwrap();
            fs::rename(folder.join("working/a.csv"), folder.join("done/a.csv")).unwrap();
            folder.join("done/a.csv")
        });
    }
);

db_test!(
    a_folder_that_is_gone_says_so_and_holds_up_no_other,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let gone = Watched::new(&town, None);
        fs::remove_dir_all(gone.folder.path()).unwrap();
        let mut watched = Watched::new(&town, None);
        watched.put("a.csv", &format!("{PENALTIES}{FIRM},1号,警告,2026-03-04\n"));
        watched.settle();
        assert_eq!(watched.files("done").len(), 2);
        assert!(gone.fault().is_some_and(|fault| fault.contains("无法使用")));
        town.run(|tx, op| service::remove(tx, op, gone.drop.drop_id))
            .unwrap();
        assert_eq!(town.ask(service::drops).len(), 1);
        // A link in the place of one of its rooms is not followed.
        let elsewhere = tempfile::tempdir().unwrap();
        fs::remove_dir_all(watched.folder.path().join("done")).unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), watched.folder.path().join("done")).unwrap();
        watched.put("b.csv", &format!("{PENALTIES}{FIRM},2号,警告,2026-03-04\n"));
        watched.settle();
        assert!(watched.fault().is_some_and(|fault| fault.contains("链接")));
        assert!(files(elsewhere.path()).is_empty());
    }
);
