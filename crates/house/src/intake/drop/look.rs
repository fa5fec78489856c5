//! Looking into a folder: which files are there, and which have stopped growing.
use std::collections::HashMap;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use chrono::Duration;
use kernel::Instant;

/// Folder of the files in work.
pub const WORKING: &str = "working";
/// Folder of the files that were taken in.
pub const DONE: &str = "done";
/// Folder of the files that were not.
pub const FAILED: &str = "failed";

/// What programs call a file that is not complete yet, and what lies about in folders without being data.
const UNFINISHED: &[&str] = &[
    ".part",
    ".partial",
    ".tmp",
    ".temp",
    ".crdownload",
    ".download",
    ".filepart",
    ".swp",
    ".lock",
    "~",
];
const LITTER: &[&str] = &["thumbs.db", "desktop.ini"];
/// An empty file is given more time: many programs make it first and fill it later.
const EMPTY_TIMES: i32 = 6;

/// Length and time of change: while they change, somebody writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    pub bytes: u64,
    changed: Option<SystemTime>,
}

impl Shape {
    pub fn of(found: &Metadata) -> Self {
        Self {
            bytes: found.len(),
            changed: found.modified().ok(),
        }
    }
}

/// What was seen of the files in all drop folders, and since when it has been so.
#[derive(Debug, Default)]
pub struct Looks(HashMap<PathBuf, (Shape, Instant)>);

impl Looks {
    /// The plain files of a folder that have stayed as they are for `quiet`, by name. Links are not followed.
    pub fn quiet(&mut self, folder: &Path, now: Instant, quiet: Duration) -> io::Result<Vec<String>> {
        let mut found = Vec::new();
        let mut seen = HashMap::new();
        for (name, shape) in plain_files(folder)? {
            let path = folder.join(&name);
            let since = match self.0.get(&path) {
                // A clock that jumped back begins anew.
                Some((former, since)) if *former == shape && *since <= now => *since,
                _ => now,
            };
            let enough = if shape.bytes == 0 {
                quiet * EMPTY_TIMES
            } else {
                quiet
            };
            if now - since >= enough {
                found.push(name);
            }
            seen.insert(path, (shape, since));
        }
        self.0.retain(|path, _| path.parent() != Some(folder));
        self.0.extend(seen);
        found.sort();
        Ok(found)
    }
}

/// The plain files of a folder that are meant to be taken. A name that is no Unicode is left lying: it could not be told of.
pub fn plain_files(folder: &Path) -> io::Result<Vec<(String, Shape)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // Of the entry itself, not of what it points to; one that is gone by now is no fault.
        let Ok(found) = entry.metadata() else { continue };
        if !found.is_file() {
            continue;
        }
        if let Ok(name) = entry.file_name().into_string()
            && meant(&name)
        {
            files.push((name, Shape::of(&found)));
        }
    }
    files.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(files)
}

fn meant(name: &str) -> bool {
    let lower = name.to_lowercase();
    !name.starts_with('.')
        && !name.starts_with("~$")
        && !UNFINISHED.iter().any(|end| lower.ends_with(end))
        && !LITTER.contains(&lower.as_str())
}

/// Makes the folders beside, and refuses those that lead elsewhere.
pub fn prepare(folder: &Path) -> io::Result<()> {
    for room in [WORKING, DONE, FAILED] {
        let path = folder.join(room);
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_dir() => {}
            Ok(_) => {
                let why = format!("{} 不是文件夹（或是链接）", path.display());
                return Err(io::Error::new(io::ErrorKind::NotADirectory, why));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => fs::create_dir(&path)?,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// A name that is free in a folder: `x.csv`, `x-2.csv` … A report of an earlier file takes a name too.
pub fn free_name(room: &Path, name: &str) -> String {
    let taken = |name: &str| {
        [
            name.to_owned(),
            report_of(name),
            refusals_of(name, 0, "csv"),
            refusals_of(name, 0, "xlsx"),
        ]
        .iter()
        .any(|name| fs::symlink_metadata(room.join(name)).is_ok())
    };
    if !taken(name) {
        return name.to_owned();
    }
    let (stem, end) = match name.rsplit_once('.') {
        Some((stem, end)) if !stem.is_empty() => (stem, format!(".{end}")),
        _ => (name, String::new()),
    };
    (2_u64..)
        .map(|number| format!("{stem}-{number}{end}"))
        .find(|name| !taken(name))
        .unwrap_or_else(|| name.to_owned())
}

/// Name of the report beside a file.
pub fn report_of(name: &str) -> String {
    format!("{name}.report.txt")
}

/// Name of the reject report of the batch at a place beside a file, by what it is.
pub fn refusals_of(name: &str, place: usize, ending: &str) -> String {
    if place == 0 {
        format!("{name}.refusals.{ending}")
    } else {
        format!("{name}.refusals-{}.{ending}", place + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_quiet_when_it_has_stayed_as_it_is_and_unfinished_ones_are_never_meant() {
        let folder = tempfile::tempdir().unwrap();
        for name in [
            "a.csv",
            ".hidden.csv",
            "b.csv.part",
            "~$c.xlsx",
            "d.csv~",
            "e.TMP",
            "Thumbs.db",
        ] {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        fs::write(folder.path().join("empty.csv"), "").unwrap();
        fs::create_dir(folder.path().join("folder.csv")).unwrap();
        std::os::unix::fs::symlink("/etc/hostname", folder.path().join("link.csv")).unwrap();
        let mut looks = Looks::default();
        let start: Instant = "2026-06-01T01:00:00Z".parse().unwrap();
        let at = |looks: &mut Looks, seconds: i64| {
            looks
                .quiet(
                    folder.path(),
                    start + Duration::seconds(seconds),
                    Duration::seconds(5),
                )
                .unwrap()
        };
        assert!(at(&mut looks, 0).is_empty(), "seen for the first time");
        assert!(at(&mut looks, 4).is_empty());
        assert_eq!(at(&mut looks, 5), ["a.csv"]);
        assert_eq!(at(&mut looks, 30), ["a.csv", "empty.csv"]);
        fs::write(folder.path().join("a.csv"), "xy").unwrap();
        assert_eq!(at(&mut looks, 31), ["empty.csv"], "it grew");
        assert_eq!(at(&mut looks, 20), Vec::<String>::new(), "the clock jumped back");
        assert_eq!(at(&mut looks, 25), ["a.csv"]);
    }

    #[test]
    fn a_name_that_is_taken_gets_a_number() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(free_name(folder.path(), "x.csv"), "x.csv");
        fs::write(folder.path().join("x.csv"), "").unwrap();
        fs::write(folder.path().join("x-2.csv.report.txt"), "").unwrap();
        assert_eq!(free_name(folder.path(), "x.csv"), "x-3.csv");
        fs::write(folder.path().join("名单"), "").unwrap();
        assert_eq!(free_name(folder.path(), "名单"), "名单-2");
    }
}
