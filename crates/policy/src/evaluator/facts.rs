//! What the evaluator is fed: one entity and its records, as integers.

use kernel::Day;

/// `ends_on` of a record without an end.
pub const OPEN: i32 = i32::MAX;

/// Days between 0001-01-01 and 1970-01-01, counted as chrono does.
const EPOCH_FROM_CE: i32 = 719_163;

/// Days since 1970-01-01.
pub fn day_number(day: Day) -> i32 {
    use chrono::Datelike;
    day.num_days_from_ce() - EPOCH_FROM_CE
}

/// The day behind a number of [`day_number`]; `None` beyond the calendar's reach.
pub fn day_of_number(number: i32) -> Option<Day> {
    Day::from_num_days_from_ce_opt(number.checked_add(EPOCH_FROM_CE)?)
}

/// Attributes of an entity. Codes are numbers of [`crate::Symbols`]: `kind` and `status` by `code`, `industry` and `division`
/// by `nearest`. Days since 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EntityFacts {
    /// Day of establishment (成立日期).
    pub established_on: Option<i32>,
    /// Registered capital (注册资本) in fen.
    pub capital_fen: Option<i64>,
    /// Entity type (企业类型).
    pub kind: u32,
    /// Registration status (登记状态).
    pub status: u32,
    /// Industry (行业).
    pub industry: u32,
    /// Division (行政区划).
    pub division: u32,
}

/// What a record does to the record it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Relation {
    /// Names none.
    #[default]
    None,
    /// Stands in its place (更正).
    Corrects,
    /// Takes it back (撤回).
    Withdraws,
    /// Ends it on its own day (移出、修复).
    Ends,
}

/// One record of an entity. The record number is its position in the ledger: unique, later is larger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordFact {
    /// Record number = position.
    pub record: i64,
    /// 0 or the record it corrects, withdraws or ends; an earlier one.
    pub names: i64,
    /// What it does to that record.
    pub relation: Relation,
    /// Catalogue item, by `Symbols::item`.
    pub item: u16,
    /// Day of the fact.
    pub on: i32,
    /// Day it ends; [`OPEN`] = open.
    pub ends_on: i32,
    /// Amount in fen.
    pub amount_fen: i64,
    /// Level.
    pub level: i32,
    /// Code, by `Symbols::code`.
    pub code: u32,
}

impl RecordFact {
    /// Day and number: of several records of a state item the one with the greatest counts.
    pub fn moment(&self) -> (i32, i64) {
        (self.on, self.record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn day_numbers_count_from_1970() {
        let day = |y, m, d| Day::from_ymd_opt(y, m, d).unwrap();
        assert_eq!(day_number(day(1970, 1, 1)), 0);
        assert_eq!(day_number(day(2025, 6, 30)), 20_269);
        assert_eq!(day_of_number(20_269), Some(day(2025, 6, 30)));
        assert_eq!(day_of_number(OPEN), None);
    }
}
