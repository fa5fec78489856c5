//! What an entity files or fails to file: registration, changes, annual reports, social security, its address.

use std::io;

use chrono::{Datelike, NaiveDate};

use crate::code::Body;
use crate::entity::{earlier, later};
use crate::life::{Life, amount};
use crate::words;

const MATTERS: [(&str, u32); 7] = [
    ("住所", 26),
    ("经营范围", 26),
    ("法定代表人", 16),
    ("股东", 14),
    ("注册资本", 8),
    ("名称", 7),
    ("减资", 3),
];

/// 登记注册
pub fn registration(life: &mut Life<'_>) -> io::Result<()> {
    let entity = life.entity;
    let established = entity.established.to_string();
    let (scope, registrar) = (words::scope(entity.nature.trade), life.authority("market"));
    life.put(
        "registration",
        entity.established,
        &[
            entity.kind,
            &established,
            &entity.capital,
            entity.status,
            entity.industry,
            entity.division,
            &entity.address,
            &scope,
            &entity.legal_person,
            &registrar,
        ],
    )
}

/// 变更登记
pub fn changes(life: &mut Life<'_>) -> io::Result<()> {
    let nature = life.entity.nature;
    let rate = if life.entity.body == Body::Individual {
        350
    } else {
        nature.rate(1_900, 6_500)
    };
    for on in life.moments(rate) {
        let mut matter = life
            .dice
            .weighted(&MATTERS, |row| row.1)
            .map_or("经营范围", |row| row.0);
        if life.entity.body == Body::Individual && !["住所", "经营范围", "名称"].contains(&matter) {
            matter = "经营范围";
        }
        let number = life.paper("示市监变", on);
        life.put("change", on, &[&number, matter, &on.to_string()])?;
    }
    Ok(())
}

/// 年度报告, 未报年报, and the listing and removal that follow from a missing report.
pub fn annual_reports(life: &mut Life<'_>) -> io::Result<()> {
    let mut listed = None;
    for year in life.from.year() - 1..life.as_of.year() {
        if life.entity.established.year() > year {
            continue;
        }
        let (Some(opens), Some(due)) = (
            NaiveDate::from_ymd_opt(year + 1, 1, 1),
            NaiveDate::from_ymd_opt(year + 1, 6, 30),
        ) else {
            continue;
        };
        if due < life.from || life.to < opens {
            continue;
        }
        let missing = life.dice.chance(missing_chance(life, due));
        if !missing {
            let on = later(opens, life.dice.between(10, 179));
            if life.lives(on) {
                report(life, year, on, false)?;
            }
        } else if due < life.to {
            listed = miss(life, year, due, listed)?;
        }
    }
    Ok(())
}

fn missing_chance(life: &Life<'_>, due: NaiveDate) -> u32 {
    let dying = life.entity.ended.is_some_and(|end| due > earlier(end, 3 * 365));
    match life.entity.status {
        "2" | "3" if dying => 9_700,
        _ => life.entity.nature.rate(200, 6_500),
    }
}

fn report(life: &mut Life<'_>, year: i32, on: NaiveDate, late: bool) -> io::Result<()> {
    let nature = life.entity.nature;
    let zero = nature.dormant || life.dice.chance(300 + nature.badness);
    let outcome = if late {
        "逾期"
    } else if zero {
        "零申报"
    } else {
        "按时"
    };
    let step = 10_u32.pow(nature.scale.min(4));
    let revenue = if zero {
        0
    } else {
        life.dice.between(20_000, 400_000).saturating_mul(step)
    };
    let staff = if zero {
        0
    } else {
        life.dice.between(1, 6) * (1 + nature.scale * nature.scale * 4)
    };
    life.put(
        "annual-report",
        on,
        &[
            &year.to_string(),
            &on.to_string(),
            outcome,
            &amount(revenue),
            &staff.to_string(),
        ],
    )
}

/// One missing report. Gives back the end of the listing that is open, if one is.
fn miss(
    life: &mut Life<'_>,
    year: i32,
    due: NaiveDate,
    listed_until: Option<NaiveDate>,
) -> io::Result<Option<NaiveDate>> {
    let noted = later(due, life.dice.between(1, 12));
    if !life.lives(noted) {
        return Ok(listed_until);
    }
    life.put(
        "annual-report-missing",
        noted,
        &[&year.to_string(), &noted.to_string()],
    )?;
    let amends = life.dice.chance(life.entity.nature.rate(7_500, 1_200));
    let made_up = later(due, life.dice.between(25, 320));
    let amends = amends && life.lives(made_up);
    let mut until = listed_until;
    if life.entity.body != Body::Individual && listed_until.is_none_or(|end| end < noted) {
        let on = later(noted, life.dice.between(1, 8));
        if life.lives(on) {
            let number = life.paper("示市监异列", on);
            let authority = life.authority("market");
            life.put(
                "abnormal-listing",
                on,
                &[&number, "1", &on.to_string(), &authority],
            )?;
            let removed = later(made_up, life.dice.between(1, 7));
            if amends && life.lives(removed) {
                life.put(
                    "abnormal-removal",
                    removed,
                    &[&number, "1", &removed.to_string(), &authority],
                )?;
                until = Some(removed);
            } else {
                until = Some(NaiveDate::MAX);
            }
        }
    }
    if amends {
        report(life, year, made_up, true)?;
    }
    Ok(until)
}

/// 社保缴纳 of the last twelve months.
pub fn social_security(life: &mut Life<'_>) -> io::Result<()> {
    let entity = life.entity;
    let employs =
        entity.body == Body::Company && !entity.hosted && life.dice.chance(6_200 + entity.nature.scale * 900);
    if !employs || !life.alive() {
        return Ok(());
    }
    let staff = life.dice.between(1, 5) * (1 + entity.nature.scale * entity.nature.scale * 4);
    let unpaid = entity.nature.rate(30, 4_500);
    for back in (1..=12).rev() {
        let months = life.as_of.year() * 12 + i32::try_from(life.as_of.month0()).unwrap_or(0) - back;
        let month = u32::try_from(months.rem_euclid(12)).unwrap_or(0) + 1;
        let day = life.dice.between(3, 25);
        let Some(on) = NaiveDate::from_ymd_opt(months.div_euclid(12), month, day) else {
            continue;
        };
        if on < life.from {
            continue;
        }
        let state = if entity.nature.dormant {
            "零人数缴纳"
        } else if life.dice.chance(unpaid) {
            "欠缴"
        } else {
            "正常缴纳"
        };
        let insured = if state == "零人数缴纳" {
            0
        } else {
            staff + life.dice.below(2)
        };
        let written = on.to_string();
        let period = written.get(..7).unwrap_or(&written);
        life.put(
            "social-security",
            on,
            &[period, &insured.to_string(), &written, state],
        )?;
    }
    Ok(())
}

/// 地址标记
pub fn address(life: &mut Life<'_>) -> io::Result<()> {
    let kind = if life.entity.hosted {
        "集群注册"
    } else if life.entity.body == Body::Company && life.dice.chance(200 + life.entity.nature.badness / 2) {
        "虚拟地址"
    } else if life.dice.chance(350) {
        "住宅"
    } else if life.dice.chance(200 + life.entity.nature.badness) {
        "一址多照"
    } else {
        return Ok(());
    };
    let firms = match kind {
        "集群注册" => life.dice.between(40, 800),
        "虚拟地址" => life.dice.between(10, 200),
        "住宅" => life.dice.between(1, 3),
        _ => life.dice.between(2, 40),
    };
    let on = later(life.from, life.dice.between(1, 60)).min(life.to);
    life.put("address-flag", on, &[kind, &firms.to_string(), &on.to_string()])
}
