//! One entity of the city: everything its registration says, as a function of seed, number and day.

use chrono::{Datelike, Days, NaiveDate};

use crate::code::{self, Body};
use crate::dice::Dice;
use crate::nature::Nature;
use crate::place::{COUNTIES, County};
use crate::words;

/// One entity.
#[derive(Debug)]
pub struct Entity {
    /// Its number in the city, from 0.
    pub number: u64,
    /// 统一社会信用代码
    pub code: String,
    /// What the code says it is.
    pub body: Body,
    /// 名称
    pub name: String,
    /// 类型, four digits.
    pub kind: &'static str,
    /// 登记状态, 1 … 9.
    pub status: &'static str,
    /// 成立日期
    pub established: NaiveDate,
    /// When it ended (注销, 吊销 …).
    pub ended: Option<NaiveDate>,
    /// 注册资本 as the department writes it.
    pub capital: String,
    /// 行业代码
    pub industry: &'static str,
    /// County.
    pub county: &'static County,
    /// 行政区划: a town's nine digits, now and then only the county's six.
    pub division: &'static str,
    /// 住所
    pub address: String,
    /// Whether it sits at a shared registration address.
    pub hosted: bool,
    /// 法定代表人
    pub legal_person: String,
    /// What it is really like.
    pub nature: Nature,
}

const COMPANY_KINDS: &[(&str, u32)] = &[
    ("1130", 430),
    ("1151", 340),
    ("1152", 20),
    ("1153", 35),
    ("1190", 15),
    ("1110", 4),
    ("1220", 5),
    ("1222", 6),
    ("2130", 25),
    ("2151", 14),
    ("2190", 4),
    ("3100", 3),
    ("3200", 5),
    ("4531", 6),
    ("4533", 18),
    ("4540", 50),
    ("5110", 4),
    ("5150", 3),
    ("6110", 5),
    ("6150", 8),
];
/// Shares of the years since founding: recent years more.
const AGES: [(u32, u32); 12] = [
    (0, 12),
    (1, 13),
    (2, 12),
    (3, 11),
    (4, 10),
    (5, 9),
    (6, 8),
    (7, 7),
    (8, 6),
    (9, 5),
    (11, 4),
    (14, 3),
];
/// Ten thousands of yuan and weights by scale.
const CAPITALS: [&[(u32, u32)]; 5] = [
    &[(1, 10), (3, 20), (5, 20), (10, 30), (20, 8), (30, 6), (50, 6)],
    &[(10, 10), (30, 10), (50, 24), (100, 36), (200, 14), (300, 6)],
    &[(200, 14), (300, 12), (500, 38), (800, 8), (1000, 28)],
    &[(1000, 30), (1500, 10), (2000, 24), (3000, 16), (5000, 20)],
    &[(5000, 30), (8000, 16), (10_000, 34), (20_000, 12), (50_000, 8)],
];

/// The credit code of entity `number`.
pub fn code_of(seed: u64, number: u64) -> String {
    let mut dice = Dice::of(seed, "code", &number.to_string());
    let body = match dice.below(1000) {
        0..=644 => Body::Individual,
        645..=989 => Body::Company,
        _ => Body::Cooperative,
    };
    let authority = dice
        .weighted(COUNTIES, |county| county.weight)
        .map_or("440511", |county| county.code);
    let old = body == Body::Company && dice.chance(1_400);
    code::credit_code(number, body, authority, old)
}

impl Entity {
    /// Entity `number` of the city of `seed` as it stands on `as_of`.
    pub fn make(seed: u64, number: u64, as_of: NaiveDate) -> Self {
        let code = code_of(seed, number);
        let nature = Nature::of(seed, &code);
        let mut dice = Dice::of(seed, "entity", &code);
        let body = Body::of(&code);
        let county = County::of(&code).unwrap_or(&FALLBACK);
        let kind = match body {
            Body::Individual => "9500",
            Body::Cooperative => "9100",
            Body::Company => dice
                .weighted(COMPANY_KINDS, |row| row.1)
                .map_or("1130", |row| row.0),
        };
        let established = founding(&mut dice, body, code::is_old(&code), as_of);
        let (status, ended) = standing(&mut dice, &nature, established, as_of);
        let (town, town_name) = dice.pick(county.towns).copied().unwrap_or((county.code, ""));
        let division = if dice.chance(9_600) { town } else { county.code };
        let hosted = body == Body::Company && nature.scale < 2 && dice.chance(500 + nature.badness);
        let industry = nature.trade.industry;
        let industry = if dice.chance(1_000) {
            industry.get(1..).unwrap_or(industry)
        } else {
            industry
        };
        Self {
            number,
            body,
            name: words::firm(&mut dice, body, kind, county, nature.trade),
            kind,
            status,
            established,
            ended,
            capital: capital(&mut dice, body, nature.scale),
            industry,
            county,
            division,
            address: words::address(&mut dice, county, town_name, hosted),
            hosted,
            legal_person: words::person(&mut dice),
            nature,
            code,
        }
    }
}

fn founding(dice: &mut Dice, body: Body, old: bool, as_of: NaiveDate) -> NaiveDate {
    let reform = NaiveDate::from_ymd_opt(2015, 10, 1).unwrap_or(as_of);
    if old {
        // Squaring makes the years before the reform denser than the eighties.
        let share = dice.below(1000);
        let back = share * share / 1000 * 11_000 / 1000;
        return earlier(reform, back + 1);
    }
    let years = dice.weighted(&AGES, |row| row.1).map_or(0, |row| row.0);
    let spread = if years > 9 { 1_000 } else { 365 };
    let day = earlier(as_of, years * 365 + dice.below(spread) + 5);
    if body == Body::Individual || day >= reform {
        return day;
    }
    let room = u32::try_from((as_of - reform).num_days()).unwrap_or(0);
    later(reform, dice.below(room))
}

fn standing(
    dice: &mut Dice,
    nature: &Nature,
    established: NaiveDate,
    as_of: NaiveDate,
) -> (&'static str, Option<NaiveDate>) {
    let age = u32::try_from((as_of - established).num_days()).unwrap_or(0);
    let chance = 480 + (age / 365).min(16) * 210 + nature.badness * 2;
    if age < 200 || !dice.chance(chance) {
        return ("1", None);
    }
    let ends: [(&str, u32); 6] = if nature.badness > 400 {
        [("4", 40), ("2", 50), ("3", 4), ("5", 3), ("6", 2), ("9", 1)]
    } else {
        [("4", 840), ("2", 90), ("3", 20), ("5", 3), ("6", 35), ("9", 12)]
    };
    let status = dice.weighted(&ends, |row| row.1).map_or("4", |row| row.0);
    // Most endings lie in the last years: a firm that ended long ago is seldom handed over.
    let room = age.saturating_sub(130).min(6 * 365);
    (status, Some(earlier(as_of, 1 + dice.below(room))))
}

fn capital(dice: &mut Dice, body: Body, scale: u32) -> String {
    let row = usize::try_from(scale)
        .ok()
        .and_then(|at| CAPITALS.get(at))
        .copied()
        .unwrap_or(&[]);
    let mut amount = dice.weighted(row, |one| one.1).map_or(1, |one| one.0);
    if body == Body::Individual {
        amount = amount.min(50);
    }
    let parts = if dice.chance(1_200) { dice.below(10_000) } else { 0 };
    match dice.below(10) {
        0 => format!("{amount}.{parts:04}(万)"),
        1 if parts == 0 => format!("{amount}万元"),
        2 if parts == 0 => format!("{amount}万人民币"),
        3 => format!("{amount}.{parts:04}万元"),
        _ => format!("{amount}.{parts:04}万人民币"),
    }
}

/// `day` plus `days`.
pub fn later(day: NaiveDate, days: u32) -> NaiveDate {
    day.checked_add_days(Days::new(u64::from(days))).unwrap_or(day)
}

/// `day` minus `days`.
pub fn earlier(day: NaiveDate, days: u32) -> NaiveDate {
    day.checked_sub_days(Days::new(u64::from(days))).unwrap_or(day)
}

/// The same day `years` on; 29 February becomes 28 February.
pub fn years_on(day: NaiveDate, years: i32) -> NaiveDate {
    day.with_year(day.year() + years)
        .or_else(|| earlier(day, 1).with_year(day.year() + years))
        .unwrap_or(day)
}

/// Never used while every code carries a county of the table.
const FALLBACK: County = County {
    code: "440511",
    name: "金平区",
    weight: 1,
    towns: &[],
};
