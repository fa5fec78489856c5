//! The public reference tables that rows are checked against: divisions (GB/T 2260, all revisions since 1980, and the
//! names of today) and industries (GB/T 4754).
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use kernel::{Division, Industry};
use policy::pack::CodeTable;

use super::value::Wrong;

/// Why a word is wrong that a code table does not have.
pub(super) fn not_in(table: &CodeTable, text: &str) -> Wrong {
    const SHOWN: usize = 8;
    let known = table.values.iter().take(SHOWN).map(|code| code.title.as_str());
    let known = known.collect::<Vec<_>>().join("、");
    (
        format!("“{text}”不在代码表“{}”中。", table.title),
        Some(format!("可用的有：{known}。")),
    )
}

/// Every six-digit division code there has been, and 100000 for the national bureau.
static AUTHORITIES: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    const NATIONAL_BUREAU: &str = "100000";
    let table = include_str!("../../../../../packs/reference/authorities.csv");
    rows(table).chain([NATIONAL_BUREAU]).collect()
});

/// Names of divisions down to the county, with the code where the name means one place only.
static NAMES: LazyLock<HashMap<&'static str, Option<&'static str>>> = LazyLock::new(|| {
    const COUNTY_DIGITS: usize = 6;
    let table = include_str!("../../../../../packs/reference/divisions.csv");
    let mut names = HashMap::new();
    for row in rows(table) {
        let mut cells = row.split(',');
        let (Some(code), Some(name)) = (cells.next(), cells.next()) else {
            continue;
        };
        if code.len() == COUNTY_DIGITS {
            names
                .entry(name)
                .and_modify(|known| *known = None)
                .or_insert(Some(code));
        }
    }
    names
});

/// Every industry code: section letter and up to four digits.
static INDUSTRIES: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    let table = include_str!("../../../../../packs/reference/industries.csv");
    rows(table).filter_map(|row| row.split(',').next()).collect()
});

fn rows(table: &'static str) -> impl Iterator<Item = &'static str> {
    table.lines().skip(1).map(str::trim).filter(|row| !row.is_empty())
}

/// Whether characters 3 to 8 of a credit code name a registering authority there has been.
pub fn is_authority(code: &str) -> bool {
    AUTHORITIES.contains(code)
}

/// A division as a code. A name is resolved where it means one place only. Below the county only the county is checked:
/// towns and villages change every year.
pub fn division(text: &str) -> Result<String, Wrong> {
    if let Some(Some(code)) = NAMES.get(text) {
        return Ok((*code).to_owned());
    }
    let known = Division::parse(text).ok().filter(|division| {
        let county = format!("{:0<6}", division.as_str());
        county.get(..6).is_some_and(|county| AUTHORITIES.contains(county))
    });
    known.map(|division| division.as_str().to_owned()).ok_or_else(|| {
        (
            format!("“{text}”不是行政区划代码（GB/T 2260），也不是全国唯一的县级以上区划名称。"),
            Some("请写 6 位、9 位或 12 位区划代码，例如 440511。".to_owned()),
        )
    })
}

/// An industry code in its full spelling, `F5212`.
pub fn industry(text: &str) -> Result<String, Wrong> {
    let known = Industry::parse(text)
        .ok()
        .filter(|industry| INDUSTRIES.contains(industry.as_str()));
    known.map(|industry| industry.as_str().to_owned()).ok_or_else(|| {
        (
            format!("“{text}”不是国民经济行业代码（GB/T 4754-2017）。"),
            Some("请写门类字母加二至四位数字，例如 H6210；不知道时请留空。".to_owned()),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn divisions_are_known_by_code_or_by_a_name_that_means_one_place() {
        assert_eq!(division("440511001").unwrap(), "440511001");
        assert_eq!(division("汕头市").unwrap(), "440500");
        assert!(division("889900").is_err());
        assert!(division("不存在区").is_err());
        assert!(division("市辖区").is_err(), "a name of many places names none");
    }

    #[test]
    fn industries_are_known_with_or_without_their_letter() {
        assert_eq!(industry("6210").unwrap(), "H6210");
        assert_eq!(industry("F52").unwrap(), "F52");
        assert!(industry("ZZ99").is_err());
        assert!(industry("H6999").is_err());
    }
}
