//! Measures a draw over many candidates: `draw_bench [n] [suite] [--plain]`.
//!
//! Without `--plain`: the crate as the program uses it, on all threads. With it: one thread and a straight loop that does
//! only the necessary hashes, each of them alone. Both end with a line of JSON; root and smallest ticket must agree.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::print_stdout,
    reason = "a measuring program for developers"
)]

use std::time::{Duration, Instant};

use proof::draw::{Item, ListKind, PoolKey, Rows, Stratum, TreeHead, commit_pool, pool_head, quota, select};
use proof::merkle::CompactRange;
use proof::{Digest, Suite};

const STRATA: [(&str, u64); 4] = [("s1", 1), ("s2", 3), ("s3", 10), ("s4", 20)]; // percent

/// Ascending 18-character numbers that look like 统一社会信用代码.
fn id(n: usize) -> String {
    const MARKS: &[u8] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
    let mark = |k: usize| char::from(MARKS[k % MARKS.len()]);
    format!("91440500MA{:07}{}", n, mark(n * 7 + 3))
}

fn stratum(n: usize) -> usize {
    [0, 0, 0, 0, 0, 1, 1, 1, 2, 3][n * 7 % 10]
}

fn rows(n: usize) -> Rows {
    let mut rows = Rows::new(STRATA.iter().map(|(label, _)| (*label).to_owned()).collect());
    for k in 0..n {
        rows.push(&id(k), stratum(k) as u32).unwrap();
    }
    rows
}

fn item(rows: &Rows, root: Digest) -> Item {
    let mut sizes = [0_u64; 4];
    for row in 0..rows.len() {
        sizes[rows.tag(row) as usize] += 1;
    }
    let strata = STRATA.iter().zip(sizes).map(|((label, percent), size)| Stratum {
        label: (*label).to_owned(),
        size,
        quota: quota(size, *percent, 100),
        ratio: None,
    });
    Item {
        item: "A0101".into(),
        department: "amr".into(),
        qualification: String::new(),
        pool: TreeHead {
            size: rows.len() as u64,
            root,
        },
        strata: strata.collect(),
        reserve: 100,
        exclusions: Vec::new(),
    }
}

/// The same hashes in one straight loop: salt, row, leaf, node, ticket. Prefixes are shared here too.
fn plain(suite: Suite, key: &PoolKey, seed: &Digest, rows: &Rows) -> (Digest, Digest) {
    let salt = suite.mac(&key.0.0, "salt").field(b"A0101");
    let (row_hash, ticket) = (suite.labelled("pool-row"), suite.labelled("ticket").with(&seed.0));
    let (mut range, mut smallest) = (CompactRange::new(suite), Digest([255; 32]));
    let mut text = String::new();
    for row in 0..rows.len() {
        let id = rows.id(row);
        let salt = salt.clone().field(id.as_bytes()).finish();
        text.clear();
        for part in ["{\"id\":\"", id, "\",\"stratum\":\"", rows.label(row), "\"}"] {
            text.push_str(part);
        }
        let data = row_hash.clone().field(&salt.0).with(text.as_bytes()).finish();
        range.append(proof::merkle::leaf_hash(suite, &data.0));
        smallest = smallest.min(ticket.clone().field(id.as_bytes()).finish());
    }
    (range.root(), smallest)
}

/// The line a script reads.
fn report(n: usize, suite: Suite, took: Duration, root: Digest, smallest: Digest) {
    let (suite, seconds) = (suite.name(), took.as_secs_f64());
    println!(
        r#"{{"candidates":{n},"suite":"{suite}","seconds":{seconds:.4},"root":"{root}","smallest":"{smallest}"}}"#
    );
}

/// Most memory held so far, in MiB, where the system tells.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap_or("0");
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or(0) / 1024
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let n = arguments
        .iter()
        .find_map(|word| word.parse().ok())
        .unwrap_or(1_000_000);
    let suite = arguments
        .iter()
        .find_map(|word| Suite::parse(word))
        .unwrap_or(Suite::Sm3Sm2);
    let (key, seed) = (PoolKey::new([7; 32]), Digest([9; 32]));

    let start = Instant::now();
    let rows = rows(n);
    println!(
        "making {n} rows             {:8.3} s",
        start.elapsed().as_secs_f64()
    );

    if arguments.iter().any(|word| word == "--plain") {
        let start = Instant::now();
        let (root, smallest) = plain(suite, &key, &seed, &rows);
        report(n, suite, start.elapsed(), root, smallest);
        return;
    }
    let whole = Instant::now();
    let head = pool_head(suite, &key, ListKind::Pool { item: "A0101" }, &rows);
    println!(
        "leaves and root             {:8.3} s  root {}",
        whole.elapsed().as_secs_f64(),
        head.root
    );
    let item = item(&rows, head.root);
    let start = Instant::now();
    let selection = select(
        suite,
        &seed,
        std::slice::from_ref(&item),
        std::slice::from_ref(&rows),
    );
    let drawn = &selection.items[0].drawn;
    println!(
        "tickets and selection       {:8.3} s  {} drawn",
        start.elapsed().as_secs_f64(),
        drawn.len()
    );
    let whole = whole.elapsed();
    let smallest = drawn.first().map_or(Digest([255; 32]), |pick| pick.ticket);
    println!("{:>40} MiB at most so far", peak());
    let start = Instant::now();
    let tree = commit_pool(suite, &key, "A0101", &rows);
    let proof = tree
        .row_proof(&rows, rows.id(n / 2))
        .map_or(0, |(_, path)| path.len());
    println!(
        "again with the whole tree   {:8.3} s  path of {proof}, peak {} MiB",
        start.elapsed().as_secs_f64(),
        peak()
    );
    report(n, suite, whole, head.root, smallest);
}
