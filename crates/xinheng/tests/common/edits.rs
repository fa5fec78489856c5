//! What departments hand over later: corrections, withdrawals, late records, ends and repetitions of a city's rows.
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use chrono::{Days, NaiveDate};
use demo::{Encoding, SHEETS, Sheet};
use proptest::prelude::*;
use serde_json::Value;

/// The rows of one file that an importer accepts.
#[expect(clippy::struct_field_names, reason = "the rows are the rows")]
pub struct Rows {
    pub sheet: &'static Sheet,
    pub headings: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

/// Text of a city's file, whatever its encoding.
pub fn text_of(city: &Path, sheet: &Sheet) -> String {
    let bytes = fs::read(city.join(sheet.file())).unwrap();
    let encoding = if sheet.encoding == Encoding::Gb18030 {
        encoding_rs::GB18030
    } else {
        encoding_rs::UTF_8
    };
    let (text, _, broken) = encoding.decode(&bytes);
    assert!(!broken, "{}", sheet.file());
    text.into_owned()
}

/// The lines of each file that a correct importer refuses.
pub fn bad_lines(city: &Path) -> BTreeMap<String, Vec<i64>> {
    let all: Value = serde_json::from_slice(&fs::read(city.join("expected.json")).unwrap()).unwrap();
    let lines = |file: &Value| {
        let rows = file["bad_rows"].as_array().unwrap();
        rows.iter().map(|row| row["line"].as_i64().unwrap()).collect()
    };
    all.as_object()
        .unwrap()
        .values()
        .map(|file| (file["item"].as_str().unwrap().to_owned(), lines(file)))
        .collect()
}

/// Reads the good rows of all files of a city.
pub fn read_city(city: &Path) -> BTreeMap<&'static str, Rows> {
    let bad = bad_lines(city);
    let read = |sheet: &'static Sheet| {
        let text = text_of(city, sheet);
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .from_reader(text.as_bytes());
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record.unwrap();
            let line = i64::try_from(record.position().unwrap().line()).unwrap();
            if !bad[sheet.item].contains(&line) {
                rows.push(record.iter().map(str::to_owned).collect::<Vec<_>>());
            }
        }
        let headings = rows.remove(0);
        (
            sheet.item,
            Rows {
                sheet,
                headings,
                rows,
            },
        )
    };
    SHEETS.iter().map(read).collect()
}

/// What a department does to a row it handed over before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// The same key with another day, code, level or amount.
    Correct,
    /// Taken back.
    Withdraw,
    /// Another record like it, of an earlier day.
    Late,
    /// The listing or penalty ends.
    End,
    /// Once more as it was.
    Repeat,
}

/// One deed on one row, both by numbers that are cut to what there is.
#[derive(Debug, Clone, Copy)]
pub struct Edit {
    pub item: usize,
    pub row: usize,
    pub deed: Deed,
    pub days: u64,
}

/// Any edit. Rows are taken from a small part of the city, so that deeds meet on the same record.
pub fn any_edit() -> impl Strategy<Value = Edit> {
    let deed = prop_oneof![
        3 => Just(Deed::Correct),
        3 => Just(Deed::Withdraw),
        2 => Just(Deed::Late),
        2 => Just(Deed::End),
        1 => Just(Deed::Repeat),
    ];
    (0..SHEETS.len(), 0_usize..12, deed, 1_u64..900).prop_map(|(item, row, deed, days)| Edit {
        item,
        row,
        deed,
        days,
    })
}

/// The files of a round of edits in the order of handing over: item and content.
pub fn files(city: &BTreeMap<&'static str, Rows>, edits: &[Edit]) -> Vec<(&'static str, String)> {
    let mut by_item: BTreeMap<&'static str, Vec<Vec<String>>> = BTreeMap::new();
    for edit in edits {
        if let Some((item, row)) = edited(city, *edit) {
            by_item.entry(item).or_default().push(row);
        }
    }
    super::in_order()
        .filter_map(|item| {
            let rows = by_item.remove(item)?;
            let mut writer = csv::Writer::from_writer(Vec::new());
            writer
                .write_record(city[item].headings.iter().map(String::as_str).chain(["操作"]))
                .unwrap();
            for row in &rows {
                writer.write_record(row).unwrap();
            }
            Some((item, String::from_utf8(writer.into_inner().unwrap()).unwrap()))
        })
        .collect()
}

/// Where what ends an item's records is handed over, and in which column the day stands.
fn end_of(item: &str) -> Option<&'static str> {
    match item {
        "abnormal-listing" => Some("abnormal-removal"),
        "serious-listing" => Some("serious-removal"),
        "penalty" => Some("repair"),
        _ => None,
    }
}

fn edited(city: &BTreeMap<&'static str, Rows>, edit: Edit) -> Option<(&'static str, Vec<String>)> {
    let sheet = &SHEETS[edit.item];
    let rows = &city[sheet.item];
    let mut row = rows.rows.get(edit.row % rows.rows.len().max(1))?.clone();
    let ends = ["abnormal-removal", "serious-removal", "repair"].contains(&sheet.item);
    match edit.deed {
        Deed::Repeat => row.push(String::new()),
        // What the register says of an entity is replaced, not taken back.
        Deed::Withdraw if sheet.item != "registration" => row.push("撤销".into()),
        Deed::End => {
            let end = &city[end_of(sheet.item)?];
            let mut ending: Vec<String> = end.rows.first()?.clone();
            ending[0].clone_from(&row[0]);
            ending[1].clone_from(&row[1]);
            ending[end.sheet.needed()].clone_from(&row[rows.sheet.needed()]);
            ending[end.sheet.marked('@').unwrap()] =
                shifted(&row[rows.sheet.marked('@').unwrap()], edit.days, false);
            ending.push(String::new());
            return Some((end.sheet.item, ending));
        }
        Deed::Late if !ends && sheet.marked('*').is_some() => {
            let key = sheet.marked('*').unwrap();
            row[key] = other_key(&row[key]);
            move_day(sheet, &mut row, edit.days);
            row.push(String::new());
        }
        _ => {
            match (sheet.fix, sheet.item) {
                (_, "registration") => borrow(rows, &mut row, edit),
                (Some((column, [first, second])), _) if edit.days.is_multiple_of(2) => {
                    let other = if row[column] == first { second } else { first };
                    other.clone_into(&mut row[column]);
                }
                _ => move_day(sheet, &mut row, edit.days),
            }
            row.push(String::new());
        }
    }
    Some((sheet.item, row))
}

/// Another entity's kind, capital, status or trade.
fn borrow(rows: &Rows, row: &mut [String], edit: Edit) {
    let other = &rows.rows[usize::try_from(edit.days).unwrap() % rows.rows.len()];
    for column in 2..=6 {
        if (edit.days >> column) % 2 == 1 {
            row[column].clone_from(&other[column]);
        }
    }
}

fn move_day(sheet: &Sheet, row: &mut [String], days: u64) {
    if let Some(day) = sheet.marked('@') {
        row[day] = shifted(&row[day], days, true);
    }
}

fn shifted(day: &str, days: u64, back: bool) -> String {
    let Ok(day) = day.parse::<NaiveDate>() else {
        return day.to_owned();
    };
    let days = Days::new(days);
    if back { day - days } else { day + days }.to_string()
}

/// A key that no other record has: years and months of long ago, numbers with a suffix.
fn other_key(key: &str) -> String {
    match key.get(..4).and_then(|year| year.parse::<u32>().ok()) {
        Some(year) if year > 2000 => format!("{}{}", year - 9, &key[4..]),
        _ => format!("{key}补"),
    }
}
