//! Where a database is: a URL is read once, and anything unclear is refused rather than guessed.

use std::path::{Path, PathBuf};

use kernel::{Fault, FaultKind, Outcome};

/// A database URL that has been understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Sqlite(PathBuf),
    Postgres(String),
}

impl Place {
    /// Reads `sqlite:<path>`, a path ending in `.db`, or `postgres://…`.
    pub(crate) fn parse(url: &str) -> Outcome<Self> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Postgres(url.to_owned()));
        }
        let path = match url.strip_prefix("sqlite:") {
            Some(rest) => rest.strip_prefix("//").unwrap_or(rest),
            None if !url.contains(':') && Path::new(url).extension().is_some_and(|end| end == "db") => url,
            None => return Err(unknown(url)),
        };
        // ":memory:" would vanish at exit, "?mode=" belongs to other programs.
        if path.is_empty() || path.starts_with(':') || path.contains('?') || path.ends_with('/') {
            return Err(unknown(url));
        }
        Ok(Self::Sqlite(PathBuf::from(path)))
    }

    /// The URL without its password, for logs and pages.
    pub(crate) fn redacted(&self) -> String {
        match self {
            Self::Sqlite(path) => format!("sqlite:{}", path.display()),
            Self::Postgres(url) => redact(url),
        }
    }
}

/// Hides the password, be it before the `@` or in the query.
fn redact(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let (address, query) = rest
        .split_once('?')
        .map_or((rest, None), |(address, query)| (address, Some(query)));
    let shown = match address.rsplit_once('@') {
        Some((login, host)) => match login.split_once(':') {
            Some((user, _)) => format!("{user}:***@{host}"),
            None => address.to_owned(),
        },
        None => address.to_owned(),
    };
    let query = query.map_or(String::new(), |query| {
        let fields: Vec<&str> = query
            .split('&')
            .map(|field| {
                if field.starts_with("password=") {
                    "password=***"
                } else {
                    field
                }
            })
            .collect();
        format!("?{}", fields.join("&"))
    });
    format!("{scheme}://{shown}{query}")
}

fn unknown(url: &str) -> Fault {
    // A URL that was not understood may still hold a password.
    let shown = redact(url);
    Fault::new(
        FaultKind::Invalid,
        "db.url.unknown",
        format!(
            "无法识别的数据库地址“{shown}”。请写成 sqlite:/路径/文件名.db、以 .db 结尾的文件路径，\
             或者 postgres://用户:密码@主机/库名。"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::Place;

    #[test]
    fn known_urls_are_understood() {
        for (url, path) in [
            ("sqlite:/a/x.db", "/a/x.db"),
            ("sqlite:///a/x", "/a/x"),
            ("data/x.db", "data/x.db"),
            ("sqlite:x.db", "x.db"),
        ] {
            assert_eq!(Place::parse(url).unwrap(), Place::Sqlite(path.into()), "{url}");
        }
        assert!(matches!(
            Place::parse("postgresql://h/d").unwrap(),
            Place::Postgres(_)
        ));
    }

    #[test]
    fn mistyped_urls_are_refused() {
        for url in [
            "",
            "x",
            "x.sqlite",
            "postgress://h/d",
            "postgres:h",
            "mysql://h/d",
            "sqlite:",
            "sqlite::memory:",
            ":memory:",
            "sqlite:x.db?mode=rwc",
            "sqlit:/a/x.db",
            "sqlite:/a/",
        ] {
            assert_eq!(Place::parse(url).unwrap_err().code, "db.url.unknown", "{url}");
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        for url in [
            "postgres://u:secret@h:5/d",
            "postgres://u:se@cret@h/d",
            "postgres://h/d?user=u&password=secret",
        ] {
            let shown = Place::parse(url).unwrap().redacted();
            assert!(!shown.contains("cret") && shown.contains("***"), "{shown}");
        }
        let fault = Place::parse("postgre://u:secret@h/d").unwrap_err();
        assert!(!fault.detail.contains("secret"), "{}", fault.detail);
    }
}
