//! Writing files so that a killed run leaves either the whole file or a recognisable remnant, never half a file.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::fault::{Lake, LakeFault};

/// Ending of a file that is still being written. Whatever carries it after a crash is rubbish.
pub(crate) const UNFINISHED: &str = "unfinished";

/// Where the file is written before it gets its name.
pub(crate) fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(UNFINISHED);
    PathBuf::from(name)
}

/// Creates the unfinished twin of `path`.
pub(crate) fn create(path: &Path) -> Lake<File> {
    let twin = unfinished(path);
    File::create(&twin).map_err(|e| LakeFault::file(&twin, e))
}

/// Gives a finished file its name: data to disk first, then the rename, then the folder entry to disk.
pub(crate) fn settle(path: &Path, file: &File) -> Lake<()> {
    file.sync_all().map_err(|e| LakeFault::file(path, e))?;
    fs::rename(unfinished(path), path).map_err(|e| LakeFault::file(path, e))?;
    sync_folder(path)
}

/// Writes a small file whole.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Lake<()> {
    let mut file = create(path)?;
    file.write_all(bytes).map_err(|e| LakeFault::file(path, e))?;
    settle(path, &file)
}

fn sync_folder(path: &Path) -> Lake<()> {
    let Some(folder) = path.parent() else {
        return Ok(());
    };
    // A bare file name has the empty path as its parent, which cannot be opened.
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    File::open(folder)
        .and_then(|f| f.sync_all())
        .map_err(|e| LakeFault::file(folder, e))
}

/// Removes a file; that it is already gone is not an error.
pub(crate) fn remove(path: &Path) -> Lake<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(LakeFault::file(path, e)),
        _ => Ok(()),
    }
}

/// SHA-256 of a file, in hex, read in pieces.
pub(crate) fn sha256(path: &Path) -> Lake<String> {
    let mut file = File::open(path).map_err(|e| LakeFault::file(path, e))?;
    let mut digest = Sha256::new();
    let mut piece = vec![0_u8; 1 << 18];
    loop {
        let got = file.read(&mut piece).map_err(|e| LakeFault::file(path, e))?;
        if got == 0 {
            return Ok(hex::encode(digest.finalize()));
        }
        digest.update(piece.get(..got).unwrap_or_default());
    }
}

/// Length of a file in bytes.
pub(crate) fn length(path: &Path) -> Lake<u64> {
    Ok(fs::metadata(path).map_err(|e| LakeFault::file(path, e))?.len())
}

/// That a file has the length the manifest says.
pub(crate) fn of_length(path: &Path, wanted: u64) -> Lake<()> {
    let found = length(path)?;
    if found == wanted {
        return Ok(());
    }
    Err(LakeFault::corrupt(
        path,
        format!("应为 {wanted} 字节,实为 {found} 字节"),
    ))
}
