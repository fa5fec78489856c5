//! Numbers as people write them: digits, never an exponent; dates from the serial numbers of spreadsheets.
use std::borrow::Cow;

use chrono::{Duration, NaiveDate, NaiveDateTime, Timelike as _};

/// Digits a spreadsheet keeps of a number.
const DIGITS: usize = 15;
/// The largest power of ten that is written out.
const MOST_ZEROS: i32 = 400;
/// Seconds of a day.
const DAY: f64 = 86_400.0;
/// The day after the last one spreadsheets know (9999-12-31).
const LAST_SERIAL: f64 = 2_958_466.0;

/// A number as text without an exponent; text that is no number stays as it is.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    let Some((number, power)) = text.split_once(['e', 'E']) else {
        return Cow::Borrowed(text);
    };
    let Some(power) = power
        .parse::<i32>()
        .ok()
        .filter(|power| power.abs() <= MOST_ZEROS)
    else {
        return Cow::Borrowed(text);
    };
    let (sign, number) = number.strip_prefix('-').map_or(("", number), |rest| ("-", rest));
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let digits = format!("{whole}{part}");
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Cow::Borrowed(text);
    }
    let point = i32::try_from(whole.len())
        .unwrap_or(i32::MAX)
        .saturating_add(power);
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or(0));
    let length = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    let written = if point <= 0 {
        format!("0.{}{digits}", zeros(-point))
    } else if point >= length {
        format!("{digits}{}", zeros(point - length))
    } else {
        let (whole, part) = digits.split_at(usize::try_from(point).unwrap_or(0));
        format!("{whole}.{part}")
    };
    Cow::Owned(format!("{sign}{}", tidy(&written)))
}

/// Zeros that mean nothing taken off both ends.
fn tidy(number: &str) -> &str {
    let number = if number.contains('.') {
        number.trim_end_matches('0').trim_end_matches('.')
    } else {
        number
    };
    let rest = number.trim_start_matches('0');
    if rest.is_empty() || rest.starts_with('.') {
        // One zero stays before the point.
        let keep = number.len() - rest.len();
        number.get(keep.saturating_sub(1)..).unwrap_or(number)
    } else {
        rest
    }
}

/// A number of a cell as a spreadsheet shows it: 15 digits, no exponent.
pub(crate) fn number(value: f64) -> String {
    if !value.is_finite() {
        return String::new();
    }
    if value.fract() == 0.0 {
        return format!("{value:.0}");
    }
    let rounded = format!("{value:.*e}", DIGITS - 1);
    plain(&rounded).into_owned()
}

/// What a serial number of a date cell says: a day, a time of day, or both, in ISO form. None when it is no date.
pub(crate) fn serial(value: f64, from_1904: bool) -> Option<String> {
    if !(0.0..LAST_SERIAL).contains(&value) {
        return None;
    }
    let moment = if from_1904 {
        moment(NaiveDate::from_ymd_opt(1904, 1, 1)?, value)?
    } else if value < 60.0 {
        // Spreadsheets count a 29 February 1900 that never was; before it their first day is 1 January 1900.
        moment(NaiveDate::from_ymd_opt(1899, 12, 31)?, value)?
    } else {
        moment(NaiveDate::from_ymd_opt(1899, 12, 30)?, value)?
    };
    Some(if value < 1.0 && !from_1904 {
        moment.format("%H:%M:%S").to_string()
    } else {
        iso(moment)
    })
}

/// A moment in ISO form; a day alone when it is midnight.
pub(crate) fn iso(moment: NaiveDateTime) -> String {
    if moment.num_seconds_from_midnight() == 0 {
        moment.date().to_string()
    } else {
        moment.format("%Y-%m-%dT%H:%M:%S").to_string()
    }
}

fn moment(start: NaiveDate, value: f64) -> Option<NaiveDateTime> {
    #[expect(
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        reason = "the value lies between 0 and LAST_SERIAL, so seconds fit"
    )]
    let seconds = (value * DAY).round() as i64;
    start
        .and_hms_opt(0, 0, 0)?
        .checked_add_signed(Duration::seconds(seconds))
}

/// Hours, minutes and seconds of a length of time given in days, such as 36:15:00.
pub(crate) fn duration(days: f64) -> Option<String> {
    if !(0.0..LAST_SERIAL).contains(&days) {
        return None;
    }
    #[expect(
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        reason = "the value lies between 0 and LAST_SERIAL, so seconds fit"
    )]
    let seconds = (days * DAY).round() as i64;
    Some(format!(
        "{}:{:02}:{:02}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponents_are_written_out() {
        for (text, plain_text) in [
            ("9.144E17", "914400000000000000"),
            ("1e3", "1000"),
            ("-1.5e-3", "-0.0015"),
            ("1.50", "1.50"),
            ("12.34e1", "123.4"),
            ("0e5", "0"),
            ("0.00e0", "0"),
            ("1e999", "1e999"),
            ("5.0800000000000e1", "50.8"),
        ] {
            assert_eq!(plain(text), plain_text, "{text}");
        }
    }

    #[test]
    fn numbers_are_shown_as_a_spreadsheet_shows_them() {
        for (value, text) in [
            (1.1 + 2.2, "3.3"),
            (0.1 + 0.2, "0.3"),
            (5000.0, "5000"),
            (-2.5, "-2.5"),
            (0.000_000_1, "0.0000001"),
            (914_405_110_000_000_000.0, "914405110000000000"),
        ] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn serial_numbers_are_days_and_times() {
        for (value, from_1904, text) in [
            (46_085.0, false, "2026-03-04"),
            (46_085.354_166_666_7, false, "2026-03-04T08:30:00"),
            (0.5, false, "12:00:00"),
            (1.0, false, "1900-01-01"),
            (59.0, false, "1900-02-28"),
            (61.0, false, "1900-03-01"),
            (44_623.0, true, "2026-03-04"),
        ] {
            assert_eq!(serial(value, from_1904).as_deref(), Some(text), "{value}");
        }
        assert_eq!(serial(-1.0, false), None);
        assert_eq!(serial(f64::NAN, false), None);
        assert_eq!(duration(1.510_416_666_666_7).as_deref(), Some("36:15:00"));
    }
}
