//! Values of cells in the many ways they are written.
use std::borrow::Cow;

use kernel::{Amount, Day};
use policy::pack::Unit;

use super::read_day;

/// A value as understood.
pub(super) enum Read<'a> {
    Text(Cow<'a, str>),
    Day(Day),
    /// In fen.
    Money(i64),
    Integer(i64),
}

impl Read<'_> {
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Day(day) => day.to_string().into(),
            Self::Money(fen) => format!("{}.{:02}", fen / 100, fen.unsigned_abs() % 100).into(),
            Self::Integer(number) => number.to_string().into(),
        }
    }
}

/// The second of two days in one cell: 2010-01-01至2030-01-01.
pub(super) fn end_of(text: &str) -> &str {
    let parted = text
        .split_once('至')
        .or_else(|| text.split_once('～'))
        .or_else(|| text.split_once('~'));
    match parted {
        Some((from, until)) if read_day(from.trim()).is_some() => until.trim(),
        _ => text,
    }
}

/// What is kept for a day that means "no end".
pub(super) const FOREVER: &str = "长期";

/// Whether a day means that there is no end: registers write 9999-9-9, or say so.
pub(super) fn is_forever(text: &str) -> bool {
    matches!(
        text,
        FOREVER | "永久" | "永久有效" | "长期有效" | "无固定期限" | "无期限"
    ) || read_day(text).is_some_and(|day| chrono::Datelike::year(&day) >= 9999)
}

/// Why a value is wrong, and what would be right.
pub(super) type Wrong = (String, Option<String>);

/// Renminbi in any usual spelling. An amount in another currency is kept as it is written and gives no figure: rates of
/// exchange are not the record's business.
pub(super) fn read_money(text: &str, unit: Unit) -> Result<Read<'_>, Wrong> {
    let under = if unit == Unit::Yuan { "" } else { unit.text() };
    let amount = Amount::parse_under(text, under).ok_or_else(|| {
        (
            format!("“{text}”不是金额。"),
            Some("请写数字和单位，例如 5000元、50万元。".to_owned()),
        )
    })?;
    Ok(amount
        .fen()
        .map_or_else(|| Read::Text(text.into()), |fen| Read::Money(fen.get())))
}
