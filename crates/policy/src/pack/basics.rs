//! `pack.toml`, `sources.toml` and `calendar.toml`: who the pack is, its documents, its days off.

use std::collections::BTreeMap;

use kernel::{Calendar, CalendarYear, Day};
use serde::{Deserialize, Serialize};

use super::fault::Place;
use super::sheet::Sheet;
use super::values::parse_day;

/// `pack.toml`.
#[derive(Debug, Clone, Default)]
pub(super) struct Head {
    pub code: String,
    pub title: String,
    pub division: Option<String>,
    pub extends: Option<(String, Place)>,
    pub overrides: Vec<(String, Place)>,
}

impl Head {
    pub fn read(top: &Sheet<'_>) -> Self {
        if top.whole("format", 0..=1_000_000) != 1 {
            top.fault("format", "format 不是 1", "本程序只读 format = 1");
        }
        let division = top.maybe_text("division");
        let fits = |text: &String| {
            [2, 4, 6, 9, 12].contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        if division.as_ref().is_some_and(|division| !fits(division)) {
            top.fault(
                "division",
                "division 不是行政区划代码",
                "应为2、4、6、9或12位数字",
            );
        }
        let overrides = top.sheets("override").into_iter().map(|row| {
            row.text("reason");
            let case = (row.text("case"), row.place_of("case"));
            row.finish();
            case
        });
        let overrides = overrides.collect();
        let extends = top
            .maybe_text("extends")
            .map(|base| (base, top.place_of("extends")));
        let head = Self {
            code: top.text("code"),
            title: top.text("title"),
            division,
            extends,
            overrides,
        };
        top.finish();
        head
    }
}

/// A document rules rest on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceDocument {
    /// Full title.
    pub title: String,
    /// Number (文号).
    pub number: Option<String>,
    /// Issuer.
    pub issuer: Option<String>,
    /// Day of issue.
    pub issued_on: Option<Day>,
    /// Day it comes into force.
    pub in_force_on: Option<Day>,
    /// Address.
    pub url: Option<String>,
    /// Note.
    pub note: Option<String>,
}

pub(super) fn read_sources(top: &Sheet<'_>) -> BTreeMap<String, SourceDocument> {
    let mut sources = BTreeMap::new();
    for row in top.sheets("source") {
        let code = row.text("code");
        let document = SourceDocument {
            title: row.text("title"),
            number: row.maybe_text("number"),
            issuer: row.maybe_text("issuer"),
            issued_on: row.maybe_day("issued_on"),
            in_force_on: row.maybe_day("in_force_on"),
            url: row.maybe_text("url"),
            note: row.maybe_text("note"),
        };
        row.finish();
        if sources.insert(code.clone(), document).is_some() {
            row.fault("code", format!("文件 {code} 重复"), "每个文件只写一次");
        }
    }
    top.finish();
    sources
}

/// Days off and make-up days of one year, with the notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct YearNotice {
    /// Number of the notice.
    pub notice: String,
    /// The days.
    pub days: CalendarYear,
}

pub(super) fn read_years(top: &Sheet<'_>) -> BTreeMap<i32, YearNotice> {
    let mut years = BTreeMap::new();
    for row in top.sheets("year") {
        let year = row.small("year", 1990..=2200);
        let days = CalendarYear {
            year,
            days_off: read_days(&row, "off"),
            working_days: read_days(&row, "work"),
            provisional: row.flag("provisional"),
        };
        let notice = YearNotice {
            notice: row.text("notice"),
            days,
        };
        if let Some(source) = row.maybe_text("source") {
            row.refer("source", super::references::Kind::Source, &source);
        }
        row.finish();
        if let Err(fault) = Calendar::from_years([notice.days.clone()]) {
            row.fault(
                "off",
                format!("{year}年日历有误：{fault}"),
                "off 与 work 的日期应在本年（或上年12月），且互不重复",
            );
        }
        if years.insert(year, notice).is_some() {
            row.fault("year", format!("{year}年重复"), "每年只写一次");
        }
    }
    top.finish();
    years
}

/// Days and ranges `2025-01-28..2025-02-04`.
fn read_days(row: &Sheet<'_>, key: &'static str) -> Vec<Day> {
    let mut days = Vec::new();
    for text in row.texts(key) {
        let (first, last) = text.split_once("..").unwrap_or((&text, &text));
        match (parse_day(first), parse_day(last)) {
            (Some(first), Some(last)) if first <= last && (last - first).num_days() < 60 => {
                days.extend(first.iter_days().take_while(|day| *day <= last));
            }
            _ => row.fault(
                key,
                format!("{key} 中的 \"{text}\" 不是日期"),
                "写成 \"2025-01-01\" 或 \"2025-01-28..2025-02-04\"",
            ),
        }
    }
    days
}
