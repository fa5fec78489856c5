//! 工作日: which days count, by the State Council's yearly notices, and the ends of periods.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, Days, Months, Weekday};

use crate::fault::{FaultKind, Refusal};
use crate::id::Day;

/// One year's notice: only what differs from Monday-to-Friday needs to be named.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CalendarYear {
    /// The year of the notice; it may also name days of the December before.
    pub year: i32,
    /// Days off (放假调休), weekend days among them or not.
    pub days_off: Vec<Day>,
    /// Weekend days that are worked (补班).
    pub working_days: Vec<Day>,
    /// No notice is out yet: the days are those of the law on holidays alone (全国年节及纪念日放假办法), and the notice will
    /// move some. What is reckoned with them holds until then only.
    pub provisional: bool,
}

/// Working days of the loaded years. A question that touches another year is refused, never guessed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Calendar {
    years: BTreeSet<i32>,
    /// Those of them without a notice.
    provisional: BTreeSet<i32>,
    /// True: worked though a weekend; false: off though perhaps a weekday.
    exceptions: BTreeMap<Day, bool>,
}

/// Why a calendar cannot be made or cannot answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CalendarFault {
    /// The holiday notice of this year is not loaded.
    YearNotLoaded(i32),
    /// One day is both off and worked.
    Contradiction(Day),
    /// A day that the notice of this year cannot speak of.
    OutsideYear {
        /// Year of the notice.
        year: i32,
        /// The day it names.
        day: Day,
    },
    /// The same year twice.
    YearTwice(i32),
    /// Beyond what a date can express.
    OutOfRange,
}

impl Calendar {
    /// A calendar of these years.
    pub fn from_years(years: impl IntoIterator<Item = CalendarYear>) -> Result<Self, CalendarFault> {
        let mut calendar = Self::default();
        for year in years {
            calendar.load(&year)?;
        }
        Ok(calendar)
    }

    /// Adds one year.
    pub fn load(&mut self, notice: &CalendarYear) -> Result<(), CalendarFault> {
        if self.years.contains(&notice.year) {
            return Err(CalendarFault::YearTwice(notice.year));
        }
        let off = notice.days_off.iter().map(|day| (*day, false));
        let worked = notice.working_days.iter().map(|day| (*day, true));
        let named: Vec<(Day, bool)> = off.chain(worked).collect();
        let mut exceptions = self.exceptions.clone();
        for (day, works) in named {
            let own = day.year() == notice.year;
            let december_before = day.month() == 12 && day.year().checked_add(1) == Some(notice.year);
            if !own && !december_before {
                return Err(CalendarFault::OutsideYear {
                    year: notice.year,
                    day,
                });
            }
            if exceptions
                .insert(day, works)
                .is_some_and(|before| before != works)
            {
                return Err(CalendarFault::Contradiction(day));
            }
        }
        self.exceptions = exceptions;
        self.years.insert(notice.year);
        if notice.provisional {
            self.provisional.insert(notice.year);
        }
        Ok(())
    }

    /// Whether a period touches a year whose notice is not out, so that its end may still move. `from` and `to` in any
    /// order, both counted.
    pub fn is_provisional(&self, from: Day, to: Day) -> bool {
        let (first, last) = (from.min(to).year(), from.max(to).year());
        self.provisional.range(first..=last).next().is_some()
    }

    /// The loaded years, ascending.
    pub fn years(&self) -> impl Iterator<Item = i32> {
        self.years.iter().copied()
    }

    /// Whether the day is worked.
    pub fn is_working_day(&self, day: Day) -> Result<bool, CalendarFault> {
        if !self.years.contains(&day.year()) {
            return Err(CalendarFault::YearNotLoaded(day.year()));
        }
        let weekend = matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
        Ok(self.exceptions.get(&day).copied().unwrap_or(!weekend))
    }

    /// Last day of a period of `n` working days from an event on `day`: that day is not counted (民法典 201), the
    /// period ends with the n-th working day. Nought working days end on the day itself.
    pub fn add_working_days(&self, day: Day, n: u32) -> Result<Day, CalendarFault> {
        self.walk(day, n, Day::succ_opt)
    }

    /// The day `n` working days before `day`, for reminders: `day` itself is not counted.
    pub fn subtract_working_days(&self, day: Day, n: u32) -> Result<Day, CalendarFault> {
        self.walk(day, n, Day::pred_opt)
    }

    fn walk(&self, from: Day, n: u32, step: impl Fn(&Day) -> Option<Day>) -> Result<Day, CalendarFault> {
        let mut day = from;
        let mut left = n;
        while left > 0 {
            day = step(&day).ok_or(CalendarFault::OutOfRange)?;
            if self.is_working_day(day)? {
                left -= 1;
            }
        }
        Ok(day)
    }

    /// Working days after `from` up to and with `to`; negative when `to` comes first. The inverse of
    /// `add_working_days`: how much of a term has run.
    pub fn working_days_between(&self, from: Day, to: Day) -> Result<i64, CalendarFault> {
        if to < from {
            return self.working_days_between(to, from).map(|days| -days);
        }
        let mut count = 0;
        let mut day = from;
        while day < to {
            day = day.succ_opt().ok_or(CalendarFault::OutOfRange)?;
            if self.is_working_day(day)? {
                count += 1;
            }
        }
        Ok(count)
    }

    /// How many days of a year are worked.
    pub fn working_days_in(&self, year: i32) -> Result<i64, CalendarFault> {
        let day = |year, month, day| Day::from_ymd_opt(year, month, day).ok_or(CalendarFault::OutOfRange);
        let (first, last) = (day(year, 1, 1)?, day(year, 12, 31)?);
        Ok(self.working_days_between(first, last)? + i64::from(self.is_working_day(first)?))
    }

    /// Plain count of natural days: the day of the event is not counted, days off are.
    pub fn add_natural_days(&self, day: Day, n: u32) -> Result<Day, CalendarFault> {
        day.checked_add_days(Days::new(n.into()))
            .ok_or(CalendarFault::OutOfRange)
    }

    /// Last day of a period of natural days; one that would end on a day off ends on the next working day
    /// (民法典 203).
    pub fn natural_period_end(&self, day: Day, n: u32) -> Result<Day, CalendarFault> {
        self.next_working_day(self.add_natural_days(day, n)?)
    }

    /// Last day of a period of months or years: the corresponding day, else the month's last (民法典 202); one that
    /// would end on a day off ends on the next working day (民法典 203).
    pub fn month_period_end(&self, day: Day, months: u32) -> Result<Day, CalendarFault> {
        let end = day
            .checked_add_months(Months::new(months))
            .ok_or(CalendarFault::OutOfRange)?;
        self.next_working_day(end)
    }

    /// The day itself where it is worked, else the next that is.
    pub fn next_working_day(&self, day: Day) -> Result<Day, CalendarFault> {
        let mut day = day;
        while !self.is_working_day(day)? {
            day = day.succ_opt().ok_or(CalendarFault::OutOfRange)?;
        }
        Ok(day)
    }
}

impl std::fmt::Display for CalendarFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::YearNotLoaded(year) => {
                write!(
                    f,
                    "工作日历没有 {year} 年的放假安排，无法计算期限，请在政策包中补上该年的国务院办公厅通知"
                )
            }
            Self::Contradiction(day) => write!(f, "工作日历中 {day} 既是放假日又是补班日，请改正政策包"),
            Self::OutsideYear { year, day } => {
                write!(f, "工作日历 {year} 年的放假安排中出现了 {day}，请改正政策包")
            }
            Self::YearTwice(year) => write!(f, "工作日历中 {year} 年出现了两次，请改正政策包"),
            Self::OutOfRange => f.write_str("日期超出可计算的范围"),
        }
    }
}

impl std::error::Error for CalendarFault {}

impl Refusal for CalendarFault {
    fn kind(&self) -> FaultKind {
        FaultKind::Invalid
    }
    fn code(&self) -> &'static str {
        match self {
            Self::YearNotLoaded(_) => "calendar.year-not-loaded",
            Self::Contradiction(_) => "calendar.contradiction",
            Self::OutsideYear { .. } => "calendar.outside-year",
            Self::YearTwice(_) => "calendar.year-twice",
            Self::OutOfRange => "calendar.out-of-range",
        }
    }
    fn detail(&self) -> String {
        format!("{self}。")
    }
}
