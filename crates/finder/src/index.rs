//! The index on disk: opened or made anew, filled entry by entry, committed with a mark of how far it has come.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};

use tantivy::merge_policy::LogMergePolicy;
use tantivy::schema::TantivyDocument;
use tantivy::{Index, IndexReader, IndexWriter, ReloadPolicy, Searcher, TantivyError, Term};

use crate::shape::{self, FORMAT, Shape};
use crate::tokens::Tokens;

/// Memory for entries not yet written, for each thread that takes names apart, in bytes.
const ROOM: usize = 96 << 20;
/// Threads that take names apart while much is added, and otherwise.
const MANY: usize = 2;
/// Segments of about one size that are merged into one.
const MERGED: usize = 6;
/// Share of entries replaced or taken out from which on a segment is written anew.
const STALE: f32 = 0.2;

/// Why the index could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FinderFault {
    /// The files could not be read or written.
    #[error("index of names in {0}: {1}")]
    Files(PathBuf, std::io::Error),
    /// The library said no.
    #[error("index of names: {0}")]
    Index(#[from] TantivyError),
}

/// What is to be found, under its number.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// Number, below 2^48.
    pub number: u64,
    /// The present name first, then former ones, all in the one form of all spellings.
    pub names: &'a [&'a str],
    /// Whether it comes after all that are not.
    pub closed: bool,
    /// Status, as asked for.
    pub status: &'a str,
    /// The significant digits of the place; empty where there is none.
    pub place: &'a str,
}

/// An open index.
pub struct Finder {
    folder: PathBuf,
    shape: Shape,
    held: RwLock<Held>,
    writer: Mutex<Option<IndexWriter>>,
}

struct Held {
    index: Index,
    reader: IndexReader,
    mark: Option<String>,
}

impl std::fmt::Debug for Finder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Finder")
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

impl Finder {
    /// Opens the index in a folder. One that is not there, was made by another version or cannot be read is made anew, empty
    /// and without a mark: an index holds nothing that could not be had again.
    pub fn open(folder: &Path) -> Result<Self, FinderFault> {
        let (shape, _) = Shape::new();
        let held = match Held::open(folder) {
            Ok(Some(held)) => held,
            Ok(None) | Err(_) => Held::make(folder)?,
        };
        Ok(Self {
            folder: folder.to_owned(),
            shape,
            held: RwLock::new(held),
            writer: Mutex::new(None),
        })
    }

    /// The mark of the last commit; none before the first.
    pub fn mark(&self) -> Option<String> {
        self.held
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .mark
            .clone()
    }

    /// How many entries there are.
    pub fn count(&self) -> u64 {
        self.searcher().num_docs()
    }

    /// Throws everything away.
    pub fn renew(&self) -> Result<(), FinderFault> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        // Its threads end before the files go.
        *writer = None;
        let held = Held::make(&self.folder)?;
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = held;
        Ok(())
    }

    /// Begins to change the index; one at a time. What is not committed is forgotten. `much`: many entries will follow.
    pub fn edit(&self, much: bool) -> Result<Edit<'_>, FinderFault> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if writer.is_none() {
            let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
            let threads = if much { MANY } else { 1 };
            let made: IndexWriter = held.index.writer_with_num_threads(threads, threads * ROOM)?;
            let mut policy = LogMergePolicy::default();
            policy.set_min_num_segments(MERGED);
            policy.set_del_docs_ratio_before_merge(STALE);
            made.set_merge_policy(Box::new(policy));
            *writer = Some(made);
        }
        Ok(Edit {
            finder: self,
            writer,
            open: false,
        })
    }

    pub(crate) fn searcher(&self) -> Searcher {
        self.held
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .reader
            .searcher()
    }

    pub(crate) const fn shape(&self) -> &Shape {
        &self.shape
    }
}

impl Held {
    /// The index as it is; none where there is none of this format.
    fn open(folder: &Path) -> Result<Option<Self>, FinderFault> {
        let held = Self::with(Index::open_in_dir(folder)?)?;
        let payload = held.index.load_metas()?.payload.unwrap_or_default();
        let mark = payload
            .split_once('\n')
            .filter(|(format, _)| *format == FORMAT.to_string());
        let same = held.index.schema() == Shape::new().1;
        Ok(mark.filter(|_| same).map(|(_, mark)| Self {
            mark: Some(mark.to_owned()),
            ..held
        }))
    }

    /// A new one, in place of whatever is there.
    fn make(folder: &Path) -> Result<Self, FinderFault> {
        let files = |error| FinderFault::Files(folder.to_owned(), error);
        match std::fs::remove_dir_all(folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(files(error)),
            _ => {}
        }
        std::fs::create_dir_all(folder).map_err(files)?;
        Self::with(Index::create_in_dir(folder, Shape::new().1)?)
    }

    fn with(index: Index) -> Result<Self, FinderFault> {
        index.tokenizers().register(shape::GRAMS, Tokens::Grams);
        index.tokenizers().register(shape::INITIALS, Tokens::Initials);
        index.tokenizers().register(shape::SYLLABLES, Tokens::Syllables);
        // Nobody else writes, so nobody needs to watch the files: whoever commits lets the readers know.
        let reader = index
            .reader_builder()
            .reload_policy(ReloadPolicy::Manual)
            .try_into()?;
        Ok(Self {
            index,
            reader,
            mark: None,
        })
    }
}

/// Changes on their way into the index.
pub struct Edit<'f> {
    finder: &'f Finder,
    writer: MutexGuard<'f, Option<IndexWriter>>,
    open: bool,
}

impl Edit<'_> {
    fn writer(&mut self) -> Result<&mut IndexWriter, FinderFault> {
        let gone = || FinderFault::Index(TantivyError::ErrorInThread("the writer is gone".to_owned()));
        self.writer.as_mut().ok_or_else(gone)
    }

    /// Adds an entry whose number is known to be new.
    pub fn add(&mut self, entry: &Entry<'_>) -> Result<(), FinderFault> {
        let shape = self.finder.shape;
        let length = entry.names.first().map_or(0, |name| name.chars().count());
        let order = shape::order(entry.closed, length, entry.number);
        let sign = shape::sign_of(shape::tier_of(order));
        let mut document = TantivyDocument::new();
        document.add_u64(shape.number, entry.number);
        document.add_u64(shape.order, order);
        for name in entry.names {
            let text = format!("{sign}{name}");
            document.add_text(shape.grams, &text);
            document.add_text(shape.initials, &text);
            document.add_text(shape.syllables, &text);
        }
        for place in shape::places(entry.place) {
            document.add_text(shape.place, place);
        }
        document.add_text(shape.status, entry.status);
        self.open = true;
        self.writer()?.add_document(document)?;
        Ok(())
    }

    /// Puts an entry in the place of whatever has its number.
    pub fn put(&mut self, entry: &Entry<'_>) -> Result<(), FinderFault> {
        self.take(entry.number)?;
        self.add(entry)
    }

    /// Takes an entry out, if there is one.
    pub fn take(&mut self, number: u64) -> Result<(), FinderFault> {
        let term = Term::from_field_u64(self.finder.shape.number, number);
        self.open = true;
        self.writer()?.delete_term(term);
        Ok(())
    }

    /// Makes everything done so far lasting and findable, together with a mark of how far the index has come.
    pub fn commit(&mut self, mark: &str) -> Result<(), FinderFault> {
        let writer = self.writer()?;
        let mut prepared = writer.prepare_commit()?;
        prepared.set_payload(&format!("{FORMAT}\n{mark}"));
        prepared.commit()?;
        self.open = false;
        let mut held = self.finder.held.write().unwrap_or_else(PoisonError::into_inner);
        held.mark = Some(mark.to_owned());
        held.reader.reload()?;
        Ok(())
    }

    /// Waits until the parts of the index that are being merged are merged.
    pub fn rest(mut self) -> Result<(), FinderFault> {
        match self.writer.take().filter(|_| !self.open) {
            Some(writer) => writer.wait_merging_threads()?,
            None => return Ok(()),
        }
        let held = self.finder.held.read().unwrap_or_else(PoisonError::into_inner);
        Ok(held.reader.reload()?)
    }
}

impl Drop for Edit<'_> {
    fn drop(&mut self) {
        if self.open {
            // A writer that goes forgets what was not committed.
            *self.writer = None;
        }
    }
}
