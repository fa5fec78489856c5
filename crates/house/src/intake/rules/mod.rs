//! Which columns a file has, and what a row says: pure decisions from text and the catalogue.
mod columns;
mod recognise;
mod reference;
mod row;
mod subject;
mod value;

use kernel::{Day, SubjectNo};

pub use columns::{Columns, SENT_BACK};
pub use recognise::{Candidate, Headings, Verdict};
pub use row::{Checker, Judged, push_json};

/// Blanks of every kind taken off both ends; the words that registers write for "nothing" become nothing.
fn tidy(text: &str) -> &str {
    let text =
        text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}' || c == '\u{200b}' || c == '\0');
    if matches!(
        text,
        "N/A" | "n/a" | "NULL" | "null" | "-" | "--" | "—" | "无" | "/"
    ) {
        ""
    } else {
        text
    }
}

/// A day in any of the usual spellings: 2026-03-04, 2026/3/4, 2026.3.4, 20260304, 2026年3月4日， with or without a time.
pub fn read_day(text: &str) -> Option<Day> {
    let date = text.split([' ', 'T', ' ']).next().unwrap_or(text);
    let digits = |part: &str| part.parse::<u32>().ok();
    if date.len() == 8 && date.bytes().all(|b| b.is_ascii_digit()) {
        let year = date.get(..4)?.parse().ok()?;
        return Day::from_ymd_opt(year, digits(date.get(4..6)?)?, digits(date.get(6..8)?)?);
    }
    let mut parts = date
        .split(['-', '/', '.', '年', '月', '日'])
        .filter(|part| !part.is_empty());
    let year: i32 = parts.next().filter(|year| year.len() == 4)?.parse().ok()?;
    let (month, day) = (digits(parts.next()?)?, digits(parts.next()?)?);
    if parts.next().is_some() {
        None
    } else {
        Day::from_ymd_opt(year, month, day)
    }
}

/// Kind of the number that keys an entity, and what is unusual about it, as stored.
pub fn describe(subject: &SubjectNo) -> (&'static str, String) {
    match subject {
        SubjectNo::Uscc(code) => {
            let marks = code.marks_by(reference::is_authority);
            let mut words = Vec::new();
            if marks.inner_check_wrong {
                words.push("inner-check");
            }
            if marks.unknown_division {
                words.push("unknown-authority");
            }
            ("uscc", words.join(","))
        }
        SubjectNo::RegNo(_) => ("regno", String::new()),
    }
}
