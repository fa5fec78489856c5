//! Sources that are pulled from, and who reads them.
use chrono::{DateTime, Utc};
use kernel::Jurisdiction;

use crate::hall::InJurisdiction;
use crate::intake::service::Mapping;

/// A source about to be pulled from.
#[derive(Debug, Clone)]
pub struct NewPull {
    /// Name.
    pub name: String,
    /// `postgres://user@host/database` or `mysql://…`, without a password.
    pub url: String,
    /// Password of the user; kept in the data folder, never in the database.
    pub password: Option<String>,
    /// Table or view, with its schema where needed.
    pub relation: String,
    /// Column that tells how far one has read: a time or a number that only grows.
    pub marker: String,
    /// Catalogue item of the rows.
    pub item: String,
    /// Department that supplies them.
    pub supplier: String,
    /// How columns are to be understood.
    pub mapping: Mapping,
    /// Seconds between two looks.
    pub every_seconds: i64,
    /// Seconds before the watermark that are read again, for rows that were committed late. Only where it is a time.
    pub back_seconds: i64,
}

/// A source as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pull {
    /// Number.
    pub pull_id: i64,
    /// Name.
    pub name: String,
    /// Where it is, without a password.
    pub url: String,
    /// Table or view.
    pub relation: String,
    /// Column of the watermark.
    pub marker: String,
    /// Catalogue item.
    pub item: String,
    /// Department.
    pub supplier: String,
    /// How columns are to be understood.
    pub mapping: Mapping,
    /// Seconds between two looks.
    pub every_seconds: i64,
    /// Seconds before the watermark that are read again.
    pub back_seconds: i64,
    /// `active` or `paused`.
    pub state: String,
    /// How far it has been read; none before the first time.
    pub watermark: Option<String>,
    /// Hashes of the last rows read, to recognise them when they are read again.
    pub edge: Vec<String>,
    /// Rows taken in so far.
    pub rows_taken: i64,
    /// Whether there were rows without a watermark, which nobody can pull.
    pub unmarked: bool,
    /// Failures in a row.
    pub failures: i64,
    /// Not looked at again before.
    pub due_at: DateTime<Utc>,
    /// When it was last read without a failure.
    pub read_at: Option<DateTime<Utc>>,
    /// When it last had something new; at first, when it was added.
    pub news_at: DateTime<Utc>,
    /// Batch taken in last.
    pub last_batch: Option<i64>,
    /// Why the last look failed.
    pub last_fault: Option<String>,
}

impl InJurisdiction for Pull {
    fn jurisdiction(&self) -> Jurisdiction {
        Jurisdiction {
            division: None,
            department: Some(self.supplier.clone()),
        }
    }
}

/// What is asked of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// Where it is.
    pub url: String,
    /// Password of the user.
    pub password: Option<String>,
    /// Table or view.
    pub relation: String,
    /// Column of the watermark.
    pub marker: String,
    /// How far it has been read.
    pub after: Option<String>,
    /// Seconds before that which are read again.
    pub back_seconds: i64,
    /// About how many new rows at most; rows with one watermark are never parted.
    pub most_rows: i64,
}

/// What a source gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawn {
    /// The greatest watermark among the rows; as it was when there were none.
    pub watermark: Option<String>,
    /// Whether there are rows without a watermark.
    pub unmarked: bool,
    /// Whether there are more rows beyond.
    pub more: bool,
}

/// Takes the cells of a row, the names of the columns first; an absent value is none.
pub type Sink<'a> = dyn FnMut(&[Option<&str>]) -> Result<(), String> + 'a;

/// Somebody who can read departments' databases. The house knows no drivers.
pub trait Source: Send + Sync {
    /// Gives the rows at or after the watermark, in its order, in bounded memory. A failure is a sentence for people and
    /// tells no password.
    fn draw(&self, ask: &Ask, sink: &mut Sink<'_>) -> Result<Drawn, String>;
}
