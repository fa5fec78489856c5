//! The files of the project, read once.
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::text::{self, Literal};

/// Folders that hold nothing of ours.
const SKIPPED: [&str; 7] = [
    ".git",
    "target",
    "node_modules",
    "dist",
    "var",
    "__pycache__",
    ".venv",
];

/// A Rust file.
pub struct Source {
    /// From the root of the project, with `/`.
    pub path: String,
    pub text: String,
    /// The text with comments and literals blanked.
    pub code: String,
    pub literals: Vec<Literal>,
}

impl Source {
    /// The crate it belongs to.
    pub fn crate_name(&self) -> &str {
        self.path.split('/').nth(1).unwrap_or_default()
    }

    /// Its path in the crate `house`, split at `/`; none elsewhere.
    pub fn in_house(&self) -> Option<Vec<&str>> {
        self.path
            .strip_prefix("crates/house/src/")
            .map(|path| path.split('/').collect())
    }

    /// Whether it holds tests only.
    pub fn is_test(&self) -> bool {
        let parts: Vec<&str> = self.path.split('/').collect();
        parts.contains(&"tests") || parts.last() == Some(&"tests.rs")
    }

    /// Whether it is the named room of a module: `store.rs`, or a file of the corridor `store/`.
    pub fn is_room(&self, room: &str) -> bool {
        self.in_house().is_some_and(|parts| {
            parts.iter().rev().skip(1).any(|part| *part == room)
                || parts.last() == Some(&format!("{room}.rs").as_str())
        })
    }
}

/// The root of the project.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Text of a file from the root; fails when it is not there.
pub fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Whether a file's name ends with `.` and the ending.
pub fn is_kind(path: &str, ending: &str) -> bool {
    Path::new(path).extension().is_some_and(|end| end == ending)
}

/// Every file below a folder, from the root, in order of name.
pub fn files(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    collect(&root().join(folder), folder, &mut found);
    found.sort_unstable();
    found
}

fn collect(folder: &Path, name: &str, found: &mut Vec<String>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let file = entry.file_name().to_string_lossy().into_owned();
        let path = if name.is_empty() {
            file.clone()
        } else {
            format!("{name}/{file}")
        };
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && !SKIPPED.contains(&file.as_str()) => {
                collect(&entry.path(), &path, found);
            }
            Ok(kind) if kind.is_file() => found.push(path),
            _ => {}
        }
    }
}

/// All Rust files of all crates.
pub fn sources() -> &'static [Source] {
    static ALL: OnceLock<Vec<Source>> = OnceLock::new();
    ALL.get_or_init(|| {
        let rust = files("crates").into_iter().filter(|path| is_kind(path, "rs"));
        rust.map(|path| {
            let text = read(&path);
            let (code, literals) = text::split(&text);
            Source {
                path,
                text,
                code,
                literals,
            }
        })
        .collect()
    })
}

/// The files of the crate `house`.
pub fn house() -> impl Iterator<Item = &'static Source> {
    sources().iter().filter(|source| source.in_house().is_some())
}

/// Every test there is, as `crate::name`; those in Python as `tools::name`.
pub fn tests() -> &'static BTreeSet<String> {
    static ALL: OnceLock<BTreeSet<String>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut found = BTreeSet::new();
        for source in sources() {
            let names = text::tests(&source.code);
            found.extend(
                names
                    .into_iter()
                    .map(|name| format!("{}::{name}", source.crate_name())),
            );
        }
        for path in files("tools") {
            if is_kind(&path, "py") {
                let text = read(&path);
                let names = text
                    .lines()
                    .filter_map(|line| line.trim_start().strip_prefix("def "))
                    .map(text::word);
                found.extend(
                    names
                        .filter(|name| name.starts_with("test_"))
                        .map(|name| format!("tools::{name}")),
                );
            }
        }
        found
    })
}
