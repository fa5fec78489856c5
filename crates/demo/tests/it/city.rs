//! Stories about the folder as an importer sees it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::shared::{CITY, Made, SIZE, column, day, good, make, rows, text, valid};
use chrono::NaiveDate;
use demo::{City, FileSummary, SHEETS};
use sha2::{Digest, Sha256};

fn hash(folder: &Path) -> String {
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|one| one.unwrap().path())
        .collect();
    names.sort();
    let mut sum = Sha256::new();
    for name in names {
        sum.update(name.file_name().unwrap().to_string_lossy().as_bytes());
        sum.update(std::fs::read(&name).unwrap());
    }
    format!("{:x?}", sum.finalize().as_slice())
}

#[test]
fn the_independent_check_knows_real_codes() {
    // Published codes, and codes damaged on purpose.
    for code in [
        "91330100799655058B",
        "9144030071526726XG",
        "91110108551385082Q",
        "91440511MA400008XL",
    ] {
        assert!(valid(code), "{code}");
    }
    for code in [
        "91330100799655058C",
        "91440511MA40000052",
        "91440511AM4000004Y",
        "9144051IMA4000004Y",
    ] {
        assert!(!valid(code), "{code}");
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let (one, two, other) = (make(11, 300), make(11, 300), make(12, 300));
    assert_eq!(one.summary, two.summary);
    assert_eq!(hash(one.folder.path()), hash(two.folder.path()));
    assert_ne!(hash(one.folder.path()), hash(other.folder.path()));
}

#[test]
fn a_larger_city_begins_with_the_smaller_one() {
    for number in [0, 1, 299] {
        assert!(valid(&demo::code_of(11, number)));
    }
    let (small, large) = (make(11, 50), make(11, 80));
    let read = |made: &Made| std::fs::read_to_string(made.folder.path().join("truth.csv")).unwrap();
    assert!(read(&large).starts_with(&read(&small)));
}

#[test]
fn every_entity_has_a_valid_code_of_its_own() {
    let (_, rows) = good("registration");
    assert_eq!(rows.len(), SIZE);
    let codes: BTreeSet<&String> = rows.iter().map(|row| &row[0]).collect();
    assert_eq!(codes.len(), SIZE);
    for row in &rows {
        assert!(valid(&row[0]), "{}", row[0]);
    }
}

#[test]
fn codes_stay_distinct_in_a_large_city() {
    let codes: BTreeSet<String> = (0..200_000).map(|number| demo::code_of(3, number)).collect();
    assert_eq!(codes.len(), 200_000);
}

#[test]
fn a_city_without_entities_or_before_the_credit_code_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    assert!(City::make(1, 0, day(), folder.path()).is_err());
    assert!(City::make(1, demo::MOST_ENTITIES + 1, day(), folder.path()).is_err());
    assert!(City::make(1, 5, NaiveDate::from_ymd_opt(2014, 1, 1).unwrap(), folder.path()).is_err());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn the_shares_are_those_of_a_city() {
    let (heads, rows) = good("registration");
    let of = |heading: &str, test: &dyn Fn(&str) -> bool| {
        let at = column(&heads, heading);
        rows.iter().filter(|row| test(&row[at])).count() * 1000 / rows.len()
    };
    assert!((600..690).contains(&of("统一社会信用代码", &|code| code.starts_with("92"))));
    assert!((300..390).contains(&of("统一社会信用代码", &|code| code.starts_with("91"))));
    assert!((4..20).contains(&of("统一社会信用代码", &|code| code.starts_with("93"))));
    assert!((795..845).contains(&of("登记状态", &|status| status == "1")));
    let trade = |code: &str| {
        ["51", "52", "61", "62"].contains(
            &code
                .trim_start_matches('F')
                .trim_start_matches('H')
                .get(..2)
                .unwrap(),
        )
    };
    assert!((550..800).contains(&of("行业代码", &trade)));
    // Recent years more: the last five years outweigh the five before.
    let recent = of("成立日期", &|on| on >= "2021-06-01");
    let before = of("成立日期", &|on| ("2016-06-01".."2021-06-01").contains(&on));
    assert!(recent > before + 100, "{recent} {before}");
    assert!(of("成立日期", &|on| on < "2015-10-01") > 30);
}

#[test]
fn there_are_eight_records_to_an_entity() {
    assert_eq!(SHEETS.len(), CITY.summary.files.len());
    assert!(
        CITY.summary.records >= 8 * CITY.summary.entities,
        "{}",
        CITY.summary.records
    );
    for (name, file) in &CITY.summary.files {
        assert!(file.rows > 0, "{name} is empty");
    }
    let corrections: u64 = CITY.summary.files.values().map(|file| file.corrections).sum();
    assert!((20..200).contains(&corrections), "{corrections}");
    assert!(CITY.summary.files.values().map(|file| file.late).sum::<u64>() > 200);
}

#[test]
fn expected_json_tells_the_truth_about_wrong_rows() {
    let expected: serde_json::Value = serde_json::from_str(&text("expected.json")).unwrap();
    let mut seen = BTreeSet::new();
    for (name, file) in &CITY.summary.files {
        let (heads, rows) = rows(name);
        assert_eq!(expected[name]["rows"], serde_json::json!(rows.len()), "{name}");
        assert_eq!(
            expected[name]["bad"],
            serde_json::json!(file.bad_rows.len()),
            "{name}"
        );
        assert_eq!(file.reasons.values().sum::<u64>(), file.bad, "{name}");
        check_bad_rows(name, file, &heads, &rows, &mut seen);
        for (line, row) in rows
            .iter()
            .filter(|(line, _)| file.bad_rows.iter().all(|bad| bad.line != **line))
        {
            assert!(valid(&row[0]), "{name} line {line}");
            assert!(
                !row.iter().any(|cell| cell == "2023-02-30" || cell == "ZZ9"),
                "{name} line {line}"
            );
        }
    }
    assert_eq!(seen.len(), 4, "{seen:?}");
}

fn check_bad_rows(
    name: &str,
    file: &FileSummary,
    heads: &[String],
    rows: &BTreeMap<u64, Vec<String>>,
    seen: &mut BTreeSet<&'static str>,
) {
    for bad in &file.bad_rows {
        let row = &rows[&bad.line];
        let cell = &row[column(heads, bad.column)];
        assert_eq!(cell, &bad.value, "{name} line {}", bad.line);
        match bad.reason {
            "bad-check-digit" => assert!(!valid(cell)),
            "impossible-date" => assert!(cell.parse::<NaiveDate>().is_err()),
            "unknown-code" => assert_eq!(cell, "ZZ9"),
            "missing-value" => assert!(cell.is_empty()),
            other => unreachable!("{other}"),
        }
        seen.insert(bad.reason);
    }
}

#[test]
fn every_record_names_an_entity_and_lies_in_its_time() {
    let (_, entities) = good("registration");
    let founded: BTreeMap<&str, &str> = entities
        .iter()
        .map(|row| (row[0].as_str(), row[3].as_str()))
        .collect();
    for sheet in SHEETS.iter().filter(|sheet| sheet.item != "registration") {
        let (heads, rows) = good(sheet.item);
        let on = sheet.marked('@').unwrap();
        let reported = column(&heads, "数据上报日期");
        for row in rows {
            let since = founded[row[0].as_str()];
            let (on, reported) = (row[on].as_str(), row[reported].as_str());
            assert!(
                since <= on && on <= reported && reported <= "2026-06-01",
                "{} {row:?}",
                sheet.item
            );
        }
    }
}

#[test]
fn a_key_comes_twice_only_as_a_correction() {
    for sheet in SHEETS {
        let (_, rows) = good(sheet.item);
        let Some(key) = sheet.marked('*') else { continue };
        let mut seen: BTreeMap<(String, String, String), Vec<Vec<String>>> = BTreeMap::new();
        for row in rows {
            let more = if sheet.item == "inspection-result" {
                row[3].clone()
            } else {
                String::new()
            };
            seen.entry((row[0].clone(), row[key].clone(), more))
                .or_default()
                .push(row);
        }
        let again: usize = seen.values().map(|same| same.len() - 1).sum();
        assert_eq!(
            u64::try_from(again).unwrap(),
            CITY.summary.files[&sheet.file()].corrections,
            "{}",
            sheet.item
        );
        for pair in seen.values().filter(|same| same.len() > 1) {
            let fixed = sheet.fix.unwrap().0;
            assert_ne!(pair[0][fixed], pair[1][fixed], "{pair:?}");
        }
    }
}

#[test]
fn removals_and_repairs_name_what_they_end() {
    for (end, start) in [
        ("abnormal-removal", "abnormal-listing"),
        ("serious-removal", "serious-listing"),
        ("repair", "penalty"),
    ] {
        let on = |item: &str| {
            SHEETS
                .iter()
                .find(|sheet| sheet.item == item)
                .unwrap()
                .marked('@')
                .unwrap()
        };
        let (_, starts) = good(start);
        let began: BTreeMap<(&str, &str), &str> = starts
            .iter()
            .map(|row| ((row[0].as_str(), row[2].as_str()), row[on(start)].as_str()))
            .collect();
        let (_, ends) = good(end);
        assert!(!ends.is_empty());
        for row in &ends {
            let day = began.get(&(row[0].as_str(), row[2].as_str()));
            assert!(
                day.is_some_and(|day| *day < row[on(end)].as_str()),
                "{end} {row:?}"
            );
        }
    }
}
