//! A snapshot folder opened for reading: every listed file is there, of the right length and layout.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::fault::{Lake, LakeFault};
use crate::files;
use crate::format::{EntityColumns, RecordColumns};
use crate::manifest::{EntitiesEntry, Manifest, SegmentEntry};
use crate::read::FileIndex;

/// Readers hold this shared; who removes replaced files must hold it alone.
const READERS: &str = "readers.lock";
/// The one writer holds this.
const WRITER: &str = "writer.lock";

/// An immutable view of all records up to a ledger position, sorted by entity.
pub struct Snapshot {
    folder: PathBuf,
    manifest: Manifest,
    segments: Vec<(SegmentEntry, Arc<FileIndex>)>,
    _reading: Option<File>,
}

impl Snapshot {
    /// Opens a folder. A file that is missing, of another length or of another layout is refused by name; contents are
    /// compared with their digests by [`Snapshot::verify`] only, which reads every byte.
    pub fn open(folder: &Path) -> Lake<Self> {
        let reading = hold_shared(folder)?;
        let manifest = Manifest::read(folder)?;
        let mut segments = Vec::with_capacity(manifest.segments.len());
        for entry in &manifest.segments {
            let index = FileIndex::open::<RecordColumns>(&folder.join(&entry.file), &entry.seal)?;
            segments.push((entry.clone(), Arc::new(index)));
        }
        for (name, bytes, _) in manifest.files() {
            files::of_length(&folder.join(name), bytes)?;
        }
        Ok(Self {
            folder: folder.to_owned(),
            manifest,
            segments,
            _reading: reading,
        })
    }

    /// The table of contents.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Ledger position up to which every record is here.
    pub fn position(&self) -> i64 {
        self.manifest.position
    }

    /// Compares every file with its digest.
    pub fn verify(&self) -> Lake<()> {
        self.manifest.files().try_for_each(|(name, _, sha256)| {
            let path = self.folder.join(name);
            if files::sha256(&path)? == *sha256 {
                Ok(())
            } else {
                Err(LakeFault::corrupt(&path, "内容摘要(SHA-256)与清单不符"))
            }
        })
    }

    /// Segments that hold positions up to and including `up_to`.
    pub(crate) fn segments_up_to(&self, up_to: i64) -> impl Iterator<Item = &(SegmentEntry, Arc<FileIndex>)> {
        self.segments
            .iter()
            .filter(move |(entry, _)| entry.first_position <= up_to)
    }

    /// The files of entities at a position, as [`Manifest::entities_at`] gives them, opened.
    pub(crate) fn entities_at(&self, up_to: i64) -> Lake<Vec<(&EntitiesEntry, FileIndex)>> {
        let mut opened = Vec::new();
        for entry in self.manifest.entities_at(up_to)? {
            let path = self.folder.join(&entry.file);
            opened.push((entry, FileIndex::open::<EntityColumns>(&path, &entry.seal)?));
        }
        Ok(opened)
    }
}

/// `None` where no lock file can be made (an archive on read-only media), for nothing is removed there.
fn hold_shared(folder: &Path) -> Lake<Option<File>> {
    let path = folder.join(READERS);
    if !folder.join(crate::manifest::MANIFEST).exists() {
        return Err(LakeFault::NoSnapshot(folder.to_owned()));
    }
    let options = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path);
    let Ok(file) = options.or_else(|_| File::open(&path)) else {
        return Ok(None);
    };
    file.lock_shared().map_err(|e| LakeFault::file(&path, e))?;
    Ok(Some(file))
}

/// The lock of the one writer; refused while another process writes.
pub(crate) fn hold_writer(folder: &Path) -> Lake<File> {
    let path = folder.join(WRITER);
    let file = lock_file(&path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(LakeFault::Writing(folder.to_owned())),
        Err(TryLockError::Error(e)) => Err(LakeFault::file(&path, e)),
    }
}

/// The readers' lock held alone, or `None` while anybody reads.
pub(crate) fn hold_alone(folder: &Path) -> Lake<Option<File>> {
    let file = lock_file(&folder.join(READERS))?;
    Ok(file.try_lock().is_ok().then_some(file))
}

fn lock_file(path: &Path) -> Lake<File> {
    let made = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path);
    made.map_err(|e| LakeFault::file(path, e))
}
