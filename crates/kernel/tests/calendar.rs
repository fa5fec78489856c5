//! The working-day calendar against the State Council's notices of 2023 to 2026.
#![cfg(test)]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may stop hard"
)]

use kernel::{Calendar, CalendarFault, CalendarYear, Day, Fault};
use proptest::prelude::*;

fn day(text: &str) -> Day {
    text.parse().unwrap_or_else(|_| panic!("{text} is a day"))
}

/// `"01-01 01-21..01-27"` of a year.
fn days(year: i32, text: &str) -> Vec<Day> {
    let one = |text: &str| day(&format!("{year}-{text}"));
    text.split_whitespace()
        .flat_map(|word| match word.split_once("..") {
            Some((first, last)) => one(first)
                .iter_days()
                .take_while(|d| *d <= one(last))
                .collect::<Vec<_>>(),
            None => vec![one(word)],
        })
        .collect()
}

fn notices() -> Vec<CalendarYear> {
    let year = |year, off: &str, work: &str| CalendarYear {
        year,
        days_off: days(year, off),
        working_days: days(year, work),
        provisional: false,
    };
    let mut of_2023 = year(
        2023, // 国办发明电〔2022〕16号
        "01-01 01-02 01-21..01-27 04-05 04-29..05-03 06-22..06-24 09-29..10-06",
        "01-28 01-29 04-23 05-06 06-25 10-07 10-08",
    );
    of_2023.days_off.push(day("2022-12-31"));
    vec![
        of_2023,
        year(
            2024, // 国办发明电〔2023〕7号
            "01-01 02-10..02-17 04-04..04-06 05-01..05-05 06-10 09-15..09-17 10-01..10-07",
            "02-04 02-18 04-07 04-28 05-11 09-14 09-29 10-12",
        ),
        year(
            2025, // 国办发明电〔2024〕12号
            "01-01 01-28..02-04 04-04..04-06 05-01..05-05 05-31..06-02 10-01..10-08",
            "01-26 02-08 04-27 09-28 10-11",
        ),
        year(
            2026, // 国办发明电〔2025〕7号
            "01-01..01-03 02-15..02-23 04-04..04-06 05-01..05-05 06-19..06-21 09-25..09-27 10-01..10-07",
            "01-04 02-14 02-28 05-09 09-20 10-10",
        ),
    ]
}

fn calendar() -> Calendar {
    Calendar::from_years(notices()).unwrap()
}

#[test]
fn each_year_has_as_many_working_days_as_its_notice_leaves() {
    let calendar = calendar();
    for (year, count) in [(2023, 249), (2024, 251), (2025, 248), (2026, 248)] {
        assert_eq!(calendar.working_days_in(year).unwrap(), count, "{year}");
    }
}

#[test]
fn a_period_of_working_days_ends_with_the_nth_one() {
    let calendar = calendar();
    for (from, n, end) in [
        ("2023-01-16", 20, "2023-02-16"),
        ("2023-09-25", 20, "2023-10-27"),
        ("2024-02-05", 7, "2024-02-20"),
        ("2024-04-26", 5, "2024-05-07"),
        ("2024-09-27", 20, "2024-10-30"),
        ("2025-01-24", 20, "2025-02-27"),
        ("2025-04-25", 15, "2025-05-20"),
        ("2025-09-26", 20, "2025-10-30"),
        ("2025-06-30", 10, "2025-07-14"),
        ("2026-02-11", 10, "2026-03-03"),
        ("2026-09-18", 20, "2026-10-22"),
        ("2025-12-31", 2, "2026-01-05"),
    ] {
        assert_eq!(
            calendar.add_working_days(day(from), n).unwrap(),
            day(end),
            "{from} + {n}"
        );
        assert_eq!(
            calendar.working_days_between(day(from), day(end)).unwrap(),
            i64::from(n),
            "{from} to {end}"
        );
    }
}

#[test]
fn nought_working_days_end_on_the_day_itself() {
    assert_eq!(
        calendar().add_working_days(day("2025-10-01"), 0).unwrap(),
        day("2025-10-01")
    );
}

#[test]
fn a_weekend_day_that_is_made_up_is_worked_and_a_weekday_off_is_not() {
    let calendar = calendar();
    assert!(calendar.is_working_day(day("2026-02-28")).unwrap());
    assert!(!calendar.is_working_day(day("2026-02-23")).unwrap());
    assert!(!calendar.is_working_day(day("2026-03-01")).unwrap());
    assert!(calendar.is_working_day(day("2026-03-02")).unwrap());
}

#[test]
fn a_period_of_natural_days_that_would_end_on_a_day_off_ends_on_the_next_working_day() {
    let calendar = calendar();
    assert_eq!(
        calendar.add_natural_days(day("2025-09-25"), 7).unwrap(),
        day("2025-10-02")
    );
    assert_eq!(
        calendar.natural_period_end(day("2025-09-25"), 7).unwrap(),
        day("2025-10-09")
    );
    assert_eq!(
        calendar.natural_period_end(day("2025-09-01"), 1).unwrap(),
        day("2025-09-02")
    );
    assert_eq!(
        calendar.natural_period_end(day("2026-09-18"), 2).unwrap(),
        day("2026-09-20"),
        "a worked Sunday"
    );
}

#[test]
fn a_period_of_months_ends_on_the_corresponding_day_or_the_last_of_the_month() {
    let calendar = calendar();
    assert_eq!(
        calendar.month_period_end(day("2024-02-29"), 12).unwrap(),
        day("2025-02-28")
    );
    assert_eq!(
        calendar.month_period_end(day("2025-07-01"), 3).unwrap(),
        day("2025-10-09")
    );
}

#[test]
fn a_day_beyond_the_loaded_years_is_refused_and_the_year_is_named() {
    let fault = calendar().add_working_days(day("2026-12-30"), 5).unwrap_err();
    assert_eq!(fault, CalendarFault::YearNotLoaded(2027));
    let told = Fault::from(fault);
    assert!(told.detail.contains("2027 年"), "{}", told.detail);
    assert_eq!(told.code(), "calendar.year-not-loaded");
    assert_eq!(
        calendar().is_working_day(day("2022-12-30")),
        Err(CalendarFault::YearNotLoaded(2022))
    );
    assert_eq!(
        calendar().natural_period_end(day("2026-12-30"), 3),
        Err(CalendarFault::YearNotLoaded(2027))
    );
    assert_eq!(
        Calendar::default().working_days_in(2026),
        Err(CalendarFault::YearNotLoaded(2026))
    );
}

#[test]
fn a_notice_that_contradicts_itself_or_speaks_of_other_years_is_refused_whole() {
    let load = |off: &[&str], work: &[&str]| {
        let days = |list: &[&str]| list.iter().map(|text| day(text)).collect();
        Calendar::from_years([CalendarYear {
            year: 2026,
            days_off: days(off),
            working_days: days(work),
            provisional: false,
        }])
    };
    assert_eq!(
        load(&["2026-10-01"], &["2026-10-01"]),
        Err(CalendarFault::Contradiction(day("2026-10-01")))
    );
    assert_eq!(
        load(&["2027-01-01"], &[]),
        Err(CalendarFault::OutsideYear {
            year: 2026,
            day: day("2027-01-01")
        })
    );
    assert!(
        load(&["2025-12-31"], &[]).is_ok(),
        "new year's leave may begin in December"
    );
    let mut twice = calendar();
    assert_eq!(twice.load(&notices()[0]), Err(CalendarFault::YearTwice(2023)));
    assert_eq!(twice, calendar(), "a refused notice leaves no trace");
}

proptest! {
    #[test]
    fn counting_back_gives_the_number_counted_forward(start in 0_u64..1000, n in 0_u32..150) {
        let calendar = calendar();
        let from = day("2023-01-01") + chrono::Days::new(start);
        let end = calendar.add_working_days(from, n).unwrap();
        prop_assert_eq!(calendar.working_days_between(from, end).unwrap(), i64::from(n));
        prop_assert_eq!(calendar.working_days_between(end, from).unwrap(), -i64::from(n));
        prop_assert!(n == 0 || calendar.is_working_day(end).unwrap());
        if calendar.is_working_day(from).unwrap() {
            prop_assert_eq!(calendar.subtract_working_days(end, n).unwrap(), from);
        }
    }
}
