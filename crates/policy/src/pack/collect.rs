//! How an item of the catalogue is collected, published and refused, and the units of its amounts.

use chrono::Months;
use kernel::Day;
use serde::{Deserialize, Serialize};

use super::rules::DayUnit;

/// Unit of an amount of money written without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Unit {
    /// 元.
    #[default]
    #[serde(rename = "元")]
    Yuan,
    /// 万元.
    #[serde(rename = "万元")]
    TenThousand,
    /// 亿元.
    #[serde(rename = "亿元")]
    HundredMillion,
}

impl Unit {
    /// As it is written behind an amount.
    pub fn text(self) -> &'static str {
        match self {
            Self::Yuan => "元",
            Self::TenThousand => "万元",
            Self::HundredMillion => "亿元",
        }
    }
}

/// How often an item is collected (归集周期).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Period {
    /// As it happens (实时、逢变必报).
    Event,
    /// 日.
    Day,
    /// 周; weeks end on Sunday.
    Week,
    /// 月.
    Month,
    /// 季.
    Quarter,
    /// 半年.
    HalfYear,
    /// 年.
    Year,
}

impl Period {
    /// In Chinese.
    pub fn title(self) -> &'static str {
        match self {
            Self::Event => "逢变即报",
            Self::Day => "每日",
            Self::Week => "每周",
            Self::Month => "每月",
            Self::Quarter => "每季度",
            Self::HalfYear => "每半年",
            Self::Year => "每年",
        }
    }

    /// Last day of the period that holds a day; of an event the day itself.
    pub fn end(self, day: Day) -> Day {
        use chrono::Datelike;
        const SUNDAY: u32 = 6;
        let (year, month) = (day.year(), day.month());
        let month_end = |month: u32| {
            let next = if month >= 12 {
                Day::from_ymd_opt(year + 1, 1, 1)
            } else {
                Day::from_ymd_opt(year, month + 1, 1)
            };
            next.and_then(|next| next.pred_opt()).unwrap_or(day)
        };
        match self {
            Self::Event | Self::Day => day,
            Self::Week => {
                let left = u64::from(SUNDAY - day.weekday().num_days_from_monday());
                day.checked_add_days(chrono::Days::new(left)).unwrap_or(day)
            }
            Self::Month => month_end(month),
            Self::Quarter => month_end(month.div_ceil(3) * 3),
            Self::HalfYear => month_end(month.div_ceil(6) * 6),
            Self::Year => month_end(12),
        }
    }
}

/// When an item is collected and by when it must be there (归集周期与时限).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Collect {
    /// How often.
    pub period: Period,
    /// Whole months after the event, or after the end of the period, before the days are counted: half a year is not the
    /// same number of days every year.
    pub months: u32,
    /// Days after that.
    pub within: u32,
    /// Of what.
    pub unit: DayUnit,
}

impl Collect {
    /// The day after which the days of the term are counted, for a fact of a day.
    pub fn counts_from(&self, on: Day) -> Day {
        let end = self.period.end(on);
        end.checked_add_months(Months::new(self.months)).unwrap_or(end)
    }
}

/// How long an item is published (公示期限): until the day of a field, or so many months after the fact, whichever comes
/// first of those given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publication {
    /// The field that says until when.
    pub until: Option<String>,
    /// Months after the day of the fact.
    pub months: Option<u32>,
}

/// Rows of a file that are no record of an entity (a natural person's, for one).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refuse {
    /// The field looked at.
    pub field: String,
    /// As written, these are refused.
    pub values: Vec<String>,
    /// Why, in Chinese, as the supplier is told.
    pub reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_end_on_their_last_day() {
        let day = |text: &str| text.parse::<Day>().unwrap();
        let ends = |period: Period, on: &str| period.end(day(on)).to_string();
        assert_eq!(ends(Period::Event, "2025-02-11"), "2025-02-11");
        assert_eq!(ends(Period::Week, "2025-02-11"), "2025-02-16");
        assert_eq!(ends(Period::Week, "2025-02-16"), "2025-02-16");
        assert_eq!(ends(Period::Month, "2024-02-11"), "2024-02-29");
        assert_eq!(ends(Period::Quarter, "2025-02-11"), "2025-03-31");
        assert_eq!(ends(Period::HalfYear, "2025-07-01"), "2025-12-31");
        assert_eq!(ends(Period::Year, "2025-07-01"), "2025-12-31");
    }

    #[test]
    fn half_a_year_after_the_year_is_30_june_in_leap_years_too() {
        let collect = Collect {
            period: Period::Year,
            months: 6,
            within: 0,
            unit: DayUnit::Natural,
        };
        for (on, from) in [("2026-03-01", "2027-06-30"), ("2027-03-01", "2028-06-30")] {
            assert_eq!(collect.counts_from(on.parse().unwrap()).to_string(), from);
        }
    }
}
