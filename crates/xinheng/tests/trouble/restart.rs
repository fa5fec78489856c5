//! A PostgreSQL server that is restarted in the middle of the work, without a word of warning: a cluster of the test's own.
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::common::server::Server;
use super::common::{Place, Ran, city, eventually, repository, spawn, word};
use super::{import_of, reports, same, state};

/// Firms of the deployment.
const FIRMS: usize = 700;
/// What a command says that lost its server: nothing was done, it is not known, or it goes on later.
const LOST: [&str; 4] = [
    "db.busy",
    "db.uncertain",
    "intake.batch.unfinished",
    "db.open.failed",
];

/// A cluster of its own, stopped and removed at the end. What it acknowledged survives its own death (not that of the
/// machine: nothing is flushed).
struct Cluster {
    folder: PathBuf,
    url: String,
    restarts: u32,
}

impl Cluster {
    /// `None`, said by name, where PostgreSQL is not installed.
    fn start(name: &str) -> Option<Self> {
        // The owner of the server must be able to enter, so it is no folder of ours alone.
        let folder = std::env::temp_dir().join(format!("xinheng-trouble-{}-{name}", std::process::id()));
        let told = tool("start", &folder).output().unwrap();
        if !told.status.success() {
            let why = String::from_utf8_lossy(&told.stderr).into_owned();
            assert!(why.contains("not installed"), "{why}");
            assert_ne!(std::env::var(db::testing::REQUIRED).as_deref(), Ok("1"), "{why}");
            eprintln!("skipped: {name} ({})", why.trim());
            return None;
        }
        let told = String::from_utf8(told.stdout).unwrap();
        let url = word(&told, "XINHENG_TEST_PG=");
        let cluster = Self {
            folder,
            url: url.rsplit_once('/').unwrap().0.to_owned(),
            restarts: 0,
        };
        let conf = cluster.folder.join("data/postgresql.conf");
        let settings = std::fs::read_to_string(&conf).unwrap();
        std::fs::write(
            &conf,
            settings.replace("synchronous_commit = off", "synchronous_commit = on"),
        )
        .unwrap();
        let mut cluster = cluster;
        cluster.restart();
        Some(cluster)
    }

    /// The server dies at once with everything in hand, and comes back on the same port.
    fn restart(&mut self) {
        let data = self.folder.join("data");
        let log = self.folder.join("server.log");
        let bin = std::fs::read_to_string(data.join("postmaster.opts")).unwrap();
        let postgres = PathBuf::from(bin.split_whitespace().next().unwrap());
        let arguments = ["restart", "-m", "immediate", "-w", "-t", "60"];
        let program = postgres.with_file_name("pg_ctl");
        let owner = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(&data).unwrap());
        let mut command = if owner == 0
            || std::os::unix::fs::MetadataExt::uid(&std::fs::metadata("/proc/self").unwrap()) == owner
        {
            Command::new(&program)
        } else {
            let mut command = Command::new("su");
            command.args([
                "postgres",
                "-s",
                "/bin/sh",
                "-c",
                "cd / && exec \"$@\"",
                "--",
                "sh",
            ]);
            command.arg(&program);
            command
        };
        command.arg("-D").arg(&data).arg("-l").arg(&log).args(arguments);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        assert!(
            spawn(&mut command).wait().unwrap().success(),
            "the server did not come back"
        );
        self.restarts += 1;
    }

    fn database(&self, name: &str) -> String {
        format!("{}/{name}", self.url)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = tool("stop", &self.folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        let _ = std::fs::remove_file(self.folder.with_extension("lock"));
        let _ = std::fs::remove_file(format!("{}.lock", self.folder.display()));
    }
}

fn tool(what: &str, folder: &std::path::Path) -> Command {
    let mut command = Command::new(repository("tools/pg-test-cluster.sh"));
    command
        .arg(what)
        .env("XINHENG_PG_DIR", folder)
        .stdin(Stdio::null());
    command
}

fn registered(place: &Place) {
    let city = city(21, FIRMS);
    place
        .import("registration", &city.path().join("registration.csv"))
        .good();
}

/// Ended well, or said in words that the server was lost. Whether it was lost.
#[track_caller]
fn lost(ran: &Ran) -> bool {
    assert!(!ran.err.contains("panicked"), "{}", ran.err);
    if ran.code == Some(0) {
        return false;
    }
    let code = ran
        .err
        .lines()
        .find_map(|line| line.trim().strip_prefix("代码："));
    assert!(
        code.is_some_and(|code| LOST.contains(&code)),
        "{}\n{}",
        ran.out,
        ran.err
    );
    true
}

/// Runs a command and restarts the server after a part of the time it takes undisturbed. Whether it lost the server.
fn disturbed(cluster: &mut Cluster, place: &Place, arguments: &[String], after: Duration) -> bool {
    let mut command = place.command(arguments);
    let running = spawn(command.stdout(Stdio::piped()).stderr(Stdio::piped()));
    std::thread::sleep(after);
    cluster.restart();
    let done = running.wait_with_output().unwrap();
    lost(&Ran {
        code: done.status.code(),
        out: String::from_utf8(done.stdout).unwrap(),
        err: String::from_utf8_lossy(&done.stderr).into_owned(),
    })
}

#[test]
fn a_database_server_restarted_in_the_middle_of_commands_loses_and_doubles_nothing() {
    const ROUNDS: u32 = 4;
    let Some(mut cluster) = Cluster::start("commands") else {
        return;
    };
    let calm = Place::with_deployment();
    let place = Place::new();
    place
        .run(&["init", "--database", &cluster.database("commands")])
        .good();
    registered(&calm);
    registered(&place);
    let mut losses = 0;
    for round in 0..ROUNDS {
        // Another file each round, and another day for the classes.
        let rows = std::fs::read_to_string(reports(&calm, FIRMS)).unwrap();
        let file = calm.write(
            &format!("{round}.csv"),
            rows.replace("2024-", &format!("{}-", 2010 + round)),
        );
        let import = import_of(&file).to_vec();
        let day = format!("2024-06-{:02}", round + 1);
        let classify = ["classify", "--as-of", &day, "--full"]
            .map(str::to_owned)
            .to_vec();
        for command in [import, classify] {
            let began = Instant::now();
            calm.run(&command).good();
            let whole = began.elapsed();
            losses += u32::from(disturbed(
                &mut cluster,
                &place,
                &command,
                whole * (round + 1) / (ROUNDS + 1),
            ));
            // The next command finds the server and carries on; then the same again is nothing new, or the first.
            place.run(&["plan", "list"]).good();
            place.run(&command).good();
            same(
                &format!("round {round}, {}", command[0]),
                &state(&place),
                &state(&calm),
            );
        }
    }
    place.run(&["log", "verify"]).good();
    eprintln!(
        "{} restarts, {losses} commands lost their server",
        cluster.restarts
    );
    assert!(losses > 0, "no command noticed anything");
}

#[test]
fn a_server_finds_its_database_again_and_carries_its_work_on_by_itself() {
    let Some(mut cluster) = Cluster::start("server") else {
        return;
    };
    let calm = Place::with_deployment();
    registered(&calm);
    let file = reports(&calm, FIRMS);
    calm.run(&import_of(&file)).good();
    let place = Place::new();
    let said = place
        .run(&["init", "--database", &cluster.database("server")])
        .good();
    registered(&place);
    let server = Server::serve(place, word(&said, "请妥善保存）："));
    let text = std::fs::read_to_string(&file).unwrap();
    let once = "Idempotency-Key: in the middle\r\n";
    let first = server.hand_over("annual-report", once, &text).good();
    for pause in [20, 150, 400] {
        std::thread::sleep(Duration::from_millis(pause));
        cluster.restart();
    }
    // Asked again with the same key, whatever the first answer was.
    let receipt = eventually("the server takes questions again", || {
        Some(server.hand_over("annual-report", once, &text)).filter(|answer| answer.status == 200)
    });
    assert_eq!(receipt.json()["batch_id"], first["batch_id"]);
    let path = format!("/api/v1/intake/batches/{}", first["batch_id"]);
    eventually("the batch is applied", || {
        let batch = server.ask(
            "GET",
            &path,
            &format!("Authorization: Bearer {}\r\n", server.token),
            b"",
        )?;
        (batch.status == 200 && batch.json()["state"] == "applied").then_some(())
    });
    assert_eq!(server.get("/health/ready").unwrap().status, 200);
    let Server {
        place, mut running, ..
    } = {
        server.signal("-TERM");
        server
    };
    assert_eq!(running.wait(), Some(0));
    // What the readers still had to do is done by the next command.
    place.run(&["plan", "list"]).good();
    same("after the restarts", &state(&place), &state(&calm));
    place.run(&["log", "verify"]).good();
}
