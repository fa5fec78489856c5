//! One city for all tests, and how its files are read.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use chrono::NaiveDate;
use demo::{City, Summary};

pub const SIZE: usize = 6_000;

pub struct Made {
    pub folder: tempfile::TempDir,
    pub summary: Summary,
}

pub static CITY: LazyLock<Made> = LazyLock::new(|| make(7, SIZE));

pub fn day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 6, 1).unwrap()
}

pub fn make(seed: u64, size: usize) -> Made {
    let folder = tempfile::tempdir().unwrap();
    let summary = City::make(seed, size, day(), folder.path()).unwrap();
    Made { folder, summary }
}

pub fn text(name: &str) -> String {
    let bytes = std::fs::read(CITY.folder.path().join(name)).unwrap();
    let encoding = CITY.summary.files.get(name).map_or("utf-8", |file| file.encoding);
    if encoding == "gb18030" {
        assert!(
            std::str::from_utf8(&bytes).is_err(),
            "{name} is said to be GB18030 and is UTF-8"
        );
        let (text, _, broken) = encoding_rs::GB18030.decode(&bytes);
        assert!(!broken);
        return text.into_owned();
    }
    String::from_utf8(bytes)
        .unwrap()
        .trim_start_matches('\u{feff}')
        .to_owned()
}

/// Rows by line number of the file, heading first apart.
pub fn rows(name: &str) -> (Vec<String>, BTreeMap<u64, Vec<String>>) {
    let text = text(name);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let heads = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let rows = reader.records().map(|row| {
        let row = row.unwrap();
        (
            row.position().unwrap().line(),
            row.iter().map(str::to_owned).collect(),
        )
    });
    (heads, rows.collect())
}

/// The rows of an item that are not meant to be refused.
pub fn good(item: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let name = format!("{item}.csv");
    let (heads, mut rows) = rows(&name);
    for bad in &CITY.summary.files[&name].bad_rows {
        rows.remove(&bad.line).unwrap();
    }
    (heads, rows.into_values().collect())
}

pub fn column(heads: &[String], heading: &str) -> usize {
    heads.iter().position(|one| one == heading).unwrap()
}

/// GB 32100 and GB 11714, written anew from the standards: the weighted values and the check are together a multiple
/// of 31, in the inner code of 11 (X is ten).
pub fn valid(code: &str) -> bool {
    let marks: Vec<char> = code.chars().collect();
    if marks.len() != 18 {
        return false;
    }
    let mut power = 1_u32;
    let mut outer = 0_u32;
    for (at, mark) in marks.iter().enumerate() {
        let Some(value) = "0123456789ABCDEFGHJKLMNPQRTUWXY"
            .chars()
            .position(|one| one == *mark)
        else {
            return false;
        };
        let value = u32::try_from(value).unwrap();
        outer += if at == 17 { value } else { value * power };
        power = power * 3 % 31;
    }
    let mut inner = 0;
    for (mark, weight) in marks[8..16].iter().zip([3, 7, 9, 10, 5, 8, 4, 2]) {
        inner += mark.to_digit(36).unwrap() * weight;
    }
    inner += if marks[16] == 'X' {
        10
    } else {
        marks[16].to_digit(10).unwrap_or(99)
    };
    outer.is_multiple_of(31) && inner.is_multiple_of(11)
}

/// The hidden badness of every entity.
pub fn badness() -> BTreeMap<String, u32> {
    let text = text("truth.csv");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader
        .records()
        .map(|row| row.unwrap())
        .map(|row| (row[0].to_owned(), row[1].parse().unwrap()))
        .collect()
}
