//! Files that break readers, through the program: what is wrong is said with its place, what is right is kept, and memory
//! does not follow the file.
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use super::common::inside::{self, Inside};
use super::common::{Place, Ran, number, repository, spawn};

const FIRM: &str = "91440511MA4000004Y";
const HEADINGS: &str =
    "统一社会信用代码,行政处罚决定书文号,违法行为类型,处罚类别,罚款金额,处罚等级,处罚决定日期,处罚机关";

fn penalty(number: &str) -> String {
    format!("{FIRM},{number},无证经营,罚款,5000元,2,2026-03-04,示例局")
}

/// Imports penalties and says how much memory that took at most, in KiB.
fn watched(place: &Place, file: &Path) -> (Ran, u64) {
    let file = file.to_str().unwrap();
    let mut command = place.command(&[
        "import",
        "records",
        "--type",
        "penalty",
        "--supplier",
        "440500-test",
        file,
    ]);
    let running = spawn(command.stdout(Stdio::piped()).stderr(Stdio::piped()));
    let status = format!("/proc/{}/status", running.id());
    let watcher = std::thread::spawn(move || {
        let mut most = 0;
        while let Ok(text) = std::fs::read_to_string(&status) {
            let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let Some(line) = line else { break };
            most = line.trim().trim_end_matches(" kB").parse().unwrap_or(most);
            std::thread::sleep(Duration::from_millis(2));
        }
        most
    });
    let done = running.wait_with_output().unwrap();
    let ran = Ran {
        code: done.status.code(),
        out: String::from_utf8(done.stdout).unwrap(),
        err: String::from_utf8_lossy(&done.stderr)
            .lines()
            .filter(|line| !line.starts_with("注意："))
            .fold(String::new(), |text, line| text + line + "\n"),
    };
    (ran, watcher.join().unwrap())
}

/// What the refused rows say: line, code, reason and suggestion.
fn refused(place: &Place) -> Vec<(i64, String, String)> {
    let rows = Inside::open(&place.data()).rows(&inside::REFUSALS);
    rows.iter()
        .map(|row| {
            let said = [
                row.get::<String>("reason").unwrap(),
                row.get("suggestion").unwrap(),
            ]
            .concat();
            (row.get("line").unwrap(), row.get("code").unwrap(), said)
        })
        .collect()
}

fn counts(said: &str) -> [i64; 3] {
    ["读到 ", "入库 ", "退回 "].map(|what| number(said, what))
}

/// A file of two good rows and between them one without an end, of so many bytes.
fn endless(place: &Place, name: &str, bytes: u64) -> PathBuf {
    let path = place.path(name);
    let mut file = BufWriter::new(std::fs::File::create(&path).unwrap());
    writeln!(file, "{HEADINGS}\n{}", penalty("1号")).unwrap();
    let piece = [b'a'; 1 << 16];
    let mut left = bytes;
    while left > 0 {
        let now = left.min(1 << 16);
        file.write_all(&piece[..usize::try_from(now).unwrap()]).unwrap();
        left -= now;
    }
    writeln!(file, "\n{}", penalty("2号")).unwrap();
    file.flush().unwrap();
    path
}

/// `XINHENG_TROUBLE_LINE` makes it longer (bytes): 10 GB was tried with it.
#[test]
fn a_line_without_an_end_is_refused_alone_and_takes_no_memory() {
    let longest = std::env::var("XINHENG_TROUBLE_LINE").map_or(96 << 20, |bytes| bytes.parse().unwrap());
    let (short, long) = (Place::with_deployment(), Place::with_deployment());
    let (ran, little) = watched(&short, &endless(&short, "short.csv", 10));
    assert_eq!(counts(&ran.good()), [3, 2, 1]);
    let (ran, much) = watched(&long, &endless(&long, "long.csv", longest));
    eprintln!("a line of {longest} bytes: {much} KiB, without it {little} KiB");
    assert_eq!(counts(&ran.good()), [3, 2, 1]);
    assert!(
        much < little + (64 << 10),
        "{much} KiB for a line of {longest} bytes, {little} KiB without"
    );
    let refused = refused(&long);
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert_eq!((refused[0].0, refused[0].1.as_str()), (3, "readers.row.too-long"));
    assert!(
        refused[0].2.contains("8 MiB") || refused[0].2.contains("超过"),
        "{refused:?}"
    );
}

#[test]
fn bombs_and_broken_files_are_refused_whole_with_their_name_and_what_to_do_and_leave_nothing() {
    let place = Place::with_deployment();
    let bomb = place.path("bomb.csv.gz");
    let made = format!(
        "head -c 314572800 /dev/zero | tr '\\0' a | gzip > '{}'",
        bomb.display()
    );
    let made = spawn(std::process::Command::new("sh").args(["-c", &made])).wait();
    assert!(made.unwrap().success());
    let bomb = std::fs::read(bomb).unwrap();
    let book = std::fs::read(repository("crates/readers/tests/files/book.xlsx")).unwrap();
    let mut broken = vec![("bomb.csv.gz", bomb)];
    for (name, share) in [("half.xlsx", 2), ("nearly.xlsx", 1)] {
        broken.push((name, book[..book.len() / share - 30].to_vec()));
    }
    for (name, bytes) in &broken {
        let (ran, most) = watched(&place, &place.write(name, bytes));
        assert_eq!(ran.code, Some(1), "{name}: {}\n{}", ran.out, ran.err);
        let said = ran.err;
        assert!(
            said.contains(name) && said.contains('请') && !said.contains("panicked"),
            "{said}"
        );
        assert!(most < 400 << 10, "{name}: {most} KiB");
    }
    let inside = Inside::open(&place.data());
    assert_eq!(inside.count(&inside::RECORD_COUNT), 0);
    assert_eq!((inside.staged(), inside.count(&inside::LIVE_JOBS)), (0, 0));
    assert!(inside.batches().iter().all(|(_, state, _)| state == "refused"));
}

#[test]
fn five_hundred_columns_are_read_and_those_not_understood_named_and_too_many_are_refused() {
    let place = Place::with_deployment();
    let wide = |columns: usize| {
        let more: Vec<String> = (0..columns).map(|number| format!("备用{number}")).collect();
        let cells = vec!["x"; columns].join(",");
        format!(
            "{HEADINGS},{}\n{},{cells}\n{},{cells}\n",
            more.join(","),
            penalty("1号"),
            penalty("2号")
        )
    };
    let said = place
        .import("penalty", &place.write("wide.csv", wide(492)))
        .good();
    assert_eq!(counts(&said), [2, 2, 0]);
    assert!(said.contains("备用0") && said.contains("备用491"), "{said}");
    let said = place
        .import("penalty", &place.write("wider.csv", wide(3_000)))
        .refused("intake.batch.refused");
    assert!(said.contains("wider.csv") && said.contains("列"), "{said}");
}

#[test]
fn of_columns_with_one_heading_the_first_counts_and_the_others_are_named() {
    let place = Place::with_deployment();
    let text = format!("{HEADINGS},罚款金额\n{},9999元\n", penalty("1号"));
    let said = place.import("penalty", &place.write("twice.csv", text)).good();
    assert_eq!(counts(&said), [1, 1, 0]);
    assert!(said.contains("未采用的列：罚款金额"), "{said}");
    let shown = Inside::open(&place.data()).records();
    assert_eq!(shown.len(), 1);
    let firm = place.run(&["show", FIRM]);
    assert!(!firm.out.contains("9999"), "{}", firm.out);
}

#[test]
fn a_row_with_nul_bytes_inside_of_a_cell_is_refused_alone_and_behind_one_they_are_padding() {
    let place = Place::with_deployment();
    let rows = [
        penalty("1号"),
        penalty("2\0号"),
        penalty("3号").replace("无证", "无\0证"),
        penalty("4号").replace("示例局", "示例\0"),
        penalty("5号"),
    ];
    let text = format!("{HEADINGS}\n{}\n", rows.join("\n"));
    let said = place.import("penalty", &place.write("nul.csv", text)).good();
    assert_eq!(counts(&said), [5, 3, 2], "{said}");
    let refused = refused(&place);
    assert_eq!(
        refused.iter().map(|row| row.0).collect::<Vec<_>>(),
        [3, 4],
        "{refused:?}"
    );
    assert!(
        refused
            .iter()
            .all(|row| row.1 == "readers.row.nul" && !row.2.is_empty()),
        "{refused:?}"
    );
}
