//! Every fuzz target over its corpus and over files made of it by small changes: the same ones in every run. `make fuzz`
//! looks further, led by the coverage.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "tests"
)]
#[path = "../../../fuzz/src/lib.rs"]
mod targets;

use std::path::Path;

/// Files made of the corpus, for each target.
const ROUNDS: u64 = 1_500;
/// What turns one meaning into another.
const TOKENS: &[&[u8]] = &[
    b"\"",
    b"\"\"",
    b",",
    b"\n",
    b"\r",
    b"\0",
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b"\\",
    b"\xFF",
    b"\xEF\xBB\xBF",
    b"\xFF\xFE",
    b"<c r=\"XFD1\">",
    b"</c>",
    b"</row>",
    b"<v>",
    b"&amp;",
    b"&#0;",
    b"1e999",
    b"-",
    b"\xFF\xFF\xFF\xFF",
    b"PK\x03\x04",
    b"\x1F\x8B\x08",
    b"PAR1",
    b"\x3C\x00\x04\x00",
];

/// A chain of numbers that looks like chance and is the same in every run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let below = u64::try_from(below.max(1)).unwrap();
        usize::try_from(self.0 % below).unwrap()
    }
}

fn changed(corpus: &[Vec<u8>], numbers: &mut Numbers) -> Vec<u8> {
    let mut content = corpus[numbers.next(corpus.len())].clone();
    for _ in 0..=numbers.next(4) {
        let at = numbers.next(content.len() + 1);
        match numbers.next(7) {
            0 => content.truncate(at),
            1 if at < content.len() => content[at] ^= 1 << numbers.next(8),
            2 if at < content.len() => content[at] = u8::try_from(numbers.next(256)).unwrap(),
            3 => {
                let to = (at + numbers.next(16)).min(content.len());
                content.drain(at..to);
            }
            4 => {
                let to = (at + numbers.next(64)).min(content.len());
                let again = content[at..to].to_vec();
                content.splice(at..at, again);
            }
            5 => {
                let other = &corpus[numbers.next(corpus.len())];
                let rest = other[numbers.next(other.len() + 1)..].to_vec();
                content.splice(at.., rest);
            }
            _ => {
                let token = TOKENS[numbers.next(TOKENS.len())];
                content.splice(at..at, token.iter().copied());
            }
        }
    }
    content
}

fn run(name: &str, target: impl Fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/corpus")
        .join(name);
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(!files.is_empty(), "the corpus of {name} is empty");
    let corpus: Vec<Vec<u8>> = files.iter().map(|path| std::fs::read(path).unwrap()).collect();
    for content in &corpus {
        target(content);
    }
    let mut numbers = Numbers(0x9E37_79B9_7F4A_7C15);
    for _ in 0..ROUNDS {
        target(&changed(&corpus, &mut numbers));
    }
}

#[test]
fn delimited_text() {
    run("delimited", targets::any);
}

#[test]
fn json() {
    run("json", targets::any);
}

#[test]
fn packed() {
    run("packed", targets::any);
}

#[test]
fn parquet() {
    run("parquet", targets::any);
}

#[test]
fn xlsx() {
    run("xlsx", targets::any);
    run("xlsx", targets::sheet);
}

#[test]
fn xls() {
    run("xls", targets::any);
    run("xls", targets::stream);
}
