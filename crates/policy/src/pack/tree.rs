//! Where the files of a pack come from: a folder, or texts held in memory (packs inside the binary).

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// Files of packs. Names are relative, with `/`: `base/cases/grades.toml`.
pub trait SourceTree {
    /// Names of all files below a pack's folder, without the folder's own name, in any order.
    fn list(&self, pack: &str) -> io::Result<Vec<String>>;
    /// Text of one file.
    fn read(&self, pack: &str, file: &str) -> io::Result<String>;
}

/// A folder of packs on disk: `packs/base`, `packs/guangxi`.
#[derive(Debug, Clone)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// The folder that holds the packs' folders.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }
}

impl SourceTree for Folder {
    fn list(&self, pack: &str) -> io::Result<Vec<String>> {
        let mut found = Vec::new();
        let top = self.root.join(pack);
        let mut waiting = vec![(top, String::new())];
        while let Some((folder, prefix)) = waiting.pop() {
            for entry in std::fs::read_dir(folder)? {
                let entry = entry?;
                let name = entry.file_name().to_string_lossy().into_owned();
                if name.starts_with('.') {
                    continue;
                }
                if entry.file_type()?.is_dir() {
                    waiting.push((entry.path(), format!("{prefix}{name}/")));
                } else {
                    found.push(format!("{prefix}{name}"));
                }
            }
        }
        Ok(found)
    }

    fn read(&self, pack: &str, file: &str) -> io::Result<String> {
        std::fs::read_to_string(Path::new(&self.root).join(pack).join(file))
    }
}

/// Packs held in memory, by full name: `base/pack.toml` → text.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    files: BTreeMap<String, String>,
}

impl Memory {
    /// From pairs of full name and text.
    pub fn new<N: Into<String>, T: Into<String>>(files: impl IntoIterator<Item = (N, T)>) -> Self {
        Self {
            files: files
                .into_iter()
                .map(|(name, text)| (name.into(), text.into()))
                .collect(),
        }
    }
}

impl SourceTree for Memory {
    fn list(&self, pack: &str) -> io::Result<Vec<String>> {
        let prefix = format!("{pack}/");
        let names: Vec<String> = self
            .files
            .keys()
            .filter_map(|name| name.strip_prefix(&prefix))
            .map(str::to_owned)
            .collect();
        if names.is_empty() {
            Err(io::Error::from(io::ErrorKind::NotFound))
        } else {
            Ok(names)
        }
    }

    fn read(&self, pack: &str, file: &str) -> io::Result<String> {
        self.files
            .get(&format!("{pack}/{file}"))
            .cloned()
            .ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }
}
