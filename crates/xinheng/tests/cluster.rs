//! A cluster of processes of the program on one machine: scheduler, two executors, a client. What it says is what the lake
//! says on one machine, row by row, also when an executor is killed in the middle, also from S3-compatible storage.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stderr,
    missing_docs,
    reason = "tests fail by panicking"
)]

#[path = "../../lake/examples/classify_bench/city.rs"]
#[allow(dead_code, reason = "the city of the bench; tests take a part of it")]
mod city;
mod common;

use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use common::{Place, Running, repository, spawn};
use lake::{Grain, SymbolTable, Writer};

type Done<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// Longest time a classification may take on a busy machine in a debug build.
const LONG: Duration = Duration::from_mins(6);
/// The day the city of the bench is made for.
const AS_OF: &str = "2026-06-30";

/// A snapshot in two segments in the place.
fn snapshot(place: &Place, entities: u64, records: u64) -> PathBuf {
    let folder = place.path("lake");
    let pack = policy::Pack::load(&repository("packs/base")).unwrap();
    let city = city::City::new(entities, pack.symbols()).unwrap();
    let table = SymbolTable::of(pack.hash(), pack.symbols());
    let mut writer = Writer::create(&folder, 0, Grain::default()).unwrap();
    for (from, to) in [(1, records / 2), (records / 2 + 1, records)] {
        let mut segment = writer.segment(i64::try_from(to).unwrap(), &table).unwrap();
        for position in from..=to {
            segment.push(city.record(position).unwrap()).unwrap();
        }
        segment.finish().unwrap();
    }
    let mut list = writer.entities(&table);
    for index in 0..entities {
        list.push(city.entity(index).unwrap()).unwrap();
    }
    list.finish().unwrap();
    folder
}

/// A port nobody listens on, and the next one.
fn free_ports() -> u16 {
    loop {
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        if port < u16::MAX && TcpListener::bind(("127.0.0.1", port + 1)).is_ok() {
            return port;
        }
    }
}

/// Waits until something listens.
fn listening(port: u16) {
    common::eventually("a process of the cluster listens", || {
        TcpStream::connect_timeout(
            &SocketAddr::from(([127, 0, 0, 1], port)),
            Duration::from_millis(200),
        )
        .ok()
    });
}

/// The processes of a cluster; killed when dropped.
struct Farm {
    at: String,
    work: Vec<PathBuf>,
    _scheduler: Running,
    executors: Vec<Option<Running>>,
    environment: Vec<(&'static str, String)>,
}

impl Farm {
    fn start(place: &Place, environment: Vec<(&'static str, String)>) -> Self {
        let port = free_ports();
        let at = format!("127.0.0.1:{port}");
        let start = |name: &str, command: &mut Command| {
            let log = File::create(place.path(&format!("{name}.log"))).unwrap();
            command
                .envs(environment.iter().cloned())
                .env("RUST_LOG", "warn,ballista_executor=info")
                .stderr(log);
            Running(spawn(command))
        };
        let mut scheduler = place.command(&["cluster", "scheduler", "--bind", &at]);
        let scheduler = start("scheduler", &mut scheduler);
        listening(port);
        let mut farm = Self {
            at: at.clone(),
            work: Vec::new(),
            _scheduler: scheduler,
            executors: Vec::new(),
            environment: environment.clone(),
        };
        for name in ["one", "two"] {
            let port = free_ports();
            let work = place.path(&format!("work-{name}"));
            let bind = format!("127.0.0.1:{port}");
            let mut command = place.command(&[
                "cluster",
                "executor",
                "--scheduler",
                &at,
                "--bind",
                &bind,
                "--cores",
                "1",
            ]);
            command.arg("--work-dir").arg(&work);
            farm.executors.push(Some(start(name, &mut command)));
            farm.work.push(work);
            listening(port);
            listening(port + 1);
        }
        farm
    }

    /// A classification on the cluster, started.
    fn classify(&self, place: &Place, lake: &str, out: &str) -> Running {
        let mut command = place.command(&[
            "cluster",
            "classify",
            "--scheduler",
            &self.at,
            "--lake",
            lake,
            "--pack",
            "base",
            "--as-of",
            AS_OF,
            "--partitions",
            "6",
        ]);
        command.arg("--out").arg(place.path(out));
        command.envs(self.environment.iter().cloned());
        command.stderr(File::create(place.path(&format!("{out}.log"))).unwrap());
        command.stdout(File::create(place.path(&format!("{out}.txt"))).unwrap());
        Running(spawn(&mut command))
    }

    /// Bytes an executor has written down so far.
    fn written(&self, executor: usize) -> u64 {
        bytes(&self.work[executor])
    }
}

fn bytes(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else {
        return 0;
    };
    entries
        .filter_map(Result::ok)
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => bytes(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}

/// Waits until a classification has ended well; else shows what everybody said.
#[track_caller]
fn ends_well(place: &Place, mut run: Running, out: &str) -> String {
    let began = Instant::now();
    let status = loop {
        if let Some(status) = run.0.try_wait().unwrap() {
            break status;
        }
        assert!(
            began.elapsed() < LONG,
            "in vain: the classification ends\n{}",
            said(place, out)
        );
        std::thread::sleep(Duration::from_millis(50));
    };
    assert!(status.success(), "{}", said(place, out));
    fs::read_to_string(place.path(&format!("{out}.txt"))).unwrap()
}

fn said(place: &Place, out: &str) -> String {
    let names = [out, "scheduler", "one", "two"];
    let logs = names.map(|name| {
        let text = fs::read_to_string(place.path(&format!("{name}.log"))).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        format!(
            "--- {name}\n{}",
            lines[lines.len().saturating_sub(30)..].join("\n")
        )
    });
    logs.join("\n")
}

/// The same classification on one machine, by the lake.
fn alone(place: &Place, lake: &Path) -> String {
    let out = place.path("alone");
    let arguments = [
        "cluster", "classify", "--alone", "--pack", "base", "--as-of", AS_OF,
    ];
    let mut command = place.command(&arguments);
    command.arg("--lake").arg(lake).arg("--out").arg(out);
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// Every file of results of the one folder is there in the other and says the same.
#[track_caller]
fn same_files(place: &Place, out: &str) {
    let files: Vec<_> = fs::read_dir(place.path("alone"))
        .unwrap()
        .map(|entry| entry.unwrap())
        .collect();
    assert!(!files.is_empty());
    for file in files {
        let other = place.path(out).join(file.file_name());
        let compared = common::xinheng(&[
            std::ffi::OsStr::new("cluster"),
            std::ffi::OsStr::new("compare"),
            file.path().as_os_str(),
            other.as_os_str(),
        ]);
        assert!(compared.good().contains("逐行相同"));
    }
}

#[test]
fn two_executors_say_of_every_entity_what_one_machine_says() {
    let place = Place::new();
    let lake = snapshot(&place, 5_000, 50_000);
    let told = alone(&place, &lake);
    assert!(told.contains("5,000 户"), "{told}");
    let farm = Farm::start(&place, Vec::new());
    let run = farm.classify(&place, lake.to_str().unwrap(), "together");
    ends_well(&place, run, "together");
    same_files(&place, "together");
    for name in ["one", "two"] {
        let log = fs::read_to_string(place.path(&format!("{name}.log"))).unwrap();
        assert!(
            log.contains("Finished task"),
            "executor {name} had no part in it\n{log}"
        );
    }
    // A difference is seen: a file of the day before is not the same.
    let mut other = place.command(&["cluster", "classify", "--alone", "--as-of", "2025-06-30"]);
    other
        .arg("--lake")
        .arg(&lake)
        .arg("--out")
        .arg(place.path("earlier"));
    assert!(other.output().unwrap().status.success());
    let model = "generic.parquet";
    let paths = [place.path("alone").join(model), place.path("earlier").join(model)];
    let compared = common::xinheng(&[
        "cluster",
        "compare",
        paths[0].to_str().unwrap(),
        paths[1].to_str().unwrap(),
    ]);
    assert_eq!(compared.code, Some(1), "{compared:?}");
    assert!(compared.out.contains("行不同"), "{compared:?}");
}

#[test]
fn an_executor_killed_in_the_middle_changes_nothing() {
    let place = Place::new();
    let lake = snapshot(&place, 40_000, 600_000);
    alone(&place, &lake);
    let mut farm = Farm::start(&place, Vec::new());
    let mut run = farm.classify(&place, lake.to_str().unwrap(), "bereft");
    common::eventually("the executor has results only it knows", || {
        (farm.written(1) > 0).then_some(())
    });
    let ended = farm.executors[1].take().unwrap().kill();
    assert!(!ended, "the executor was alive until it was killed");
    assert!(
        run.0.try_wait().unwrap().is_none(),
        "it was in the middle of the run"
    );
    ends_well(&place, run, "bereft");
    same_files(&place, "bereft");
    // The one left goes on serving.
    let run = farm.classify(&place, lake.to_str().unwrap(), "after");
    ends_well(&place, run, "after");
    same_files(&place, "after");
}

#[test]
fn a_snapshot_in_a_bucket_is_read_by_every_process_with_its_own_keys() {
    let place = Place::new();
    let lake = snapshot(&place, 2_000, 20_000);
    alone(&place, &lake);
    let bucket = place.path("buckets/city/2026");
    common::copy_folder(&lake, &bucket);
    let runtime = cluster::runtime().unwrap();
    let server = cluster::testing::s3_server(&runtime, &place.path("buckets"), "key", "secret").unwrap();
    let environment = vec![
        ("AWS_ENDPOINT", format!("http://{server}")),
        ("AWS_ALLOW_HTTP", "true".to_owned()),
        ("AWS_REGION", "us-east-1".to_owned()),
        ("AWS_ACCESS_KEY_ID", "key".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "secret".to_owned()),
    ];
    let farm = Farm::start(&place, environment);
    let run = farm.classify(&place, "s3://city/2026", "bucket");
    ends_well(&place, run, "bucket");
    same_files(&place, "bucket");
    // With a wrong key nothing is read, and the refusal says where to look.
    let mut wrong = place.command(&[
        "cluster",
        "classify",
        "--scheduler",
        &farm.at,
        "--lake",
        "s3://city/2026",
    ]);
    wrong
        .arg("--out")
        .arg(place.path("wrong"))
        .envs(farm.environment.iter().cloned());
    let output = wrong.env("AWS_SECRET_ACCESS_KEY", "guessed").output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && told.contains("cluster.storage.refused"),
        "{told}"
    );
}
