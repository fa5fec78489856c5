//! Readers against real tables; every test skips by name where the data folder is absent.
#![cfg(test)]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "tests may stop hard"
)]

use std::collections::BTreeMap;
use std::path::PathBuf;

use kernel::{Calendar, CalendarYear, CreditCode, Day, Division, Industry, OrgCode, RegistrationNo};

/// The file's text, or `None` after saying that the test is skipped.
fn shared(test: &str, file: &str) -> Option<String> {
    #[expect(
        clippy::disallowed_methods,
        reason = "where the shared data lie is told by the environment"
    )]
    let root = std::env::var_os("XINHENG_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let text = std::fs::read_to_string(root.join("data").join(file)).ok();
    if text.is_none() {
        eprintln!("skipped: {test} ({file} is not there; set XINHENG_SHARED)");
    }
    text
}

#[test]
fn every_industry_of_the_standard_is_read_and_lies_in_its_section() {
    let Some(text) = shared("every_industry_of_the_standard", "industry_gbt4754_2017.csv") else {
        return;
    };
    let mut rows = 0;
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        // Explanations may run over several lines: only lines that begin with a code are rows.
        let [code, number, level, parent, ..] = cells[..] else {
            continue;
        };
        if !matches!(level, "1" | "2" | "3" | "4") || !code.starts_with(|c: char| c.is_ascii_uppercase()) {
            continue;
        }
        let industry = Industry::parse(code).unwrap();
        assert_eq!(industry.as_str(), code);
        if level != "1" {
            assert_eq!(Industry::parse(number).unwrap(), industry);
            assert!(
                Industry::parse(parent).unwrap().contains(&industry),
                "{parent} {code}"
            );
        }
        rows += 1;
    }
    assert!(rows > 1900, "only {rows} rows");
}

#[test]
fn every_division_since_1980_is_read_and_lies_in_its_province() {
    let Some(text) = shared("every_division_since_1980", "gbt2260_history.csv") else {
        return;
    };
    let mut rows = 0;
    for line in text.lines().skip(1) {
        let code = line.split(',').next().unwrap();
        let division = Division::parse(code).unwrap();
        assert_eq!(division.as_str(), code);
        assert!(Division::parse(&code[..2]).unwrap().contains(&division));
        rows += 1;
    }
    assert!(rows > 6000, "only {rows} rows");
}

#[test]
fn the_notices_of_twenty_years_contradict_nothing() {
    let Some(text) = shared("the_notices_of_twenty_years", "holidays_cn.csv") else {
        return;
    };
    let mut notices: BTreeMap<i32, CalendarYear> = BTreeMap::new();
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let day: Day = cells[0].parse().unwrap();
        // 元旦 in December belongs to the notice of the year it opens.
        let opens_next = cells[0][5..7] == *"12" && cells[1].contains("元旦");
        let year = cells[0][..4].parse::<i32>().unwrap() + i32::from(opens_next);
        let notice = notices.entry(year).or_insert_with(|| CalendarYear {
            year,
            ..CalendarYear::default()
        });
        if cells[2] == "1" {
            &mut notice.days_off
        } else {
            &mut notice.working_days
        }
        .push(day);
    }
    let calendar = Calendar::from_years(notices.into_values()).unwrap();
    for year in 2008..=2026 {
        let count = calendar.working_days_in(year).unwrap();
        assert!((247..=253).contains(&count), "{year}: {count}");
    }
}

#[test]
fn the_codes_of_a_published_blacklist_are_judged_as_its_own_check_judged_them() {
    let Some(text) = shared(
        "the_codes_of_a_published_blacklist",
        "blacklists_creditchina_gansu.csv",
    ) else {
        return;
    };
    let (mut valid, mut wrong, mut differing) = (0, 0, Vec::new());
    let header: Vec<&str> = text.lines().next().unwrap().split(',').collect();
    for line in text.lines().skip(1).filter(|line| !line.contains('"')) {
        let cells: Vec<&str> = line.split(',').collect();
        if cells.len() != header.len() || cells[4].is_empty() {
            continue;
        }
        let accepted = CreditCode::parse(cells[4]).is_ok();
        // The list's check took blanks inside a code for damage; we fold them.
        if accepted != (cells[10] == "1") && !cells[4].contains(' ') {
            differing.push(format!("{} {}", cells[4], cells[10]));
        }
        if accepted {
            valid += 1;
        } else {
            wrong += 1;
        }
        // The other columns hold whatever the list's keepers wrote: reading must not stumble.
        let _ = (RegistrationNo::parse(cells[5]), OrgCode::parse(cells[6]));
    }
    eprintln!(
        "{valid} accepted, {wrong} refused, {} judged differently: {differing:?}",
        differing.len()
    );
    assert!(valid > 100 && differing.is_empty());
}
