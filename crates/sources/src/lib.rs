//! Reads views of other people's databases (PostgreSQL, MySQL and MariaDB) by watermark: read-only, in bounded memory,
//! every value as text.
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::print_stderr
    )
)]
mod mysql;
mod names;
mod postgresql;
mod tls;

use std::time::Duration;

/// What is asked of a database.
#[derive(Clone)]
pub struct Ask {
    /// `postgres://user@host:port/database` or `mysql://…`, without a password. Encrypted with
    /// `?sslmode=verify-full&sslrootcert=FILE`, for either.
    pub url: String,
    /// Password of the user.
    pub password: Option<String>,
    /// Table or view, with its schema where needed: `share.v_penalty`.
    pub relation: String,
    /// Column that only grows: a time or a number.
    pub marker: String,
    /// How far one has read, as told by the database before.
    pub after: Option<String>,
    /// Seconds before that which are read again; for times only.
    pub back_seconds: u32,
    /// About how many rows after the watermark at most. Rows with one watermark are never parted.
    pub most_rows: u32,
    /// How long a single statement may take, and how long the network may be silent.
    pub patience: Duration,
}

impl std::fmt::Debug for Ask {
    /// Without the password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ask")
            .field("url", &self.url)
            .field("relation", &self.relation)
            .field("marker", &self.marker)
            .field("after", &self.after)
            .finish_non_exhaustive()
    }
}

/// What a database gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawn {
    /// The greatest watermark among the rows; as it was asked when there were none.
    pub watermark: Option<String>,
    /// Whether there are rows without a watermark, which nobody can read this way.
    pub unmarked: bool,
    /// Whether there are more rows beyond.
    pub more: bool,
}

/// Takes the names of the columns, then row after row; an absent value is none. Its words end the reading.
pub type Sink<'a> = dyn FnMut(&[Option<&str>]) -> Result<(), String> + 'a;

/// Reads the rows at or after the watermark, in its order, all as of one moment. Failures are sentences in Chinese for the
/// people who look after the source; they never hold a password.
pub fn draw(ask: &Ask, sink: &mut Sink<'_>) -> Result<Drawn, String> {
    let scheme = ask.url.split_once("://").map(|(scheme, _)| scheme);
    let (url, link) = tls::parted(&ask.url)?;
    let ask = &Ask { url, ..ask.clone() };
    match scheme {
        Some("postgres" | "postgresql") => postgresql::draw(ask, &link, sink),
        Some("mysql") => mysql::draw(ask, &link, sink),
        _ => Err("数据源地址须以 postgres:// 或 mysql:// 开头".to_owned()),
    }
}

/// Whether an address says how to encrypt in a way that is understood.
///
/// # Errors
/// What is wrong with it, a sentence in Chinese.
pub fn check_link(url: &str) -> Result<(), String> {
    tls::parted(url).map(drop)
}
