//! What an entity is allowed, promises and is honoured for: licences, commitments, honours.

use std::io;

use chrono::NaiveDate;

use crate::entity::{later, years_on};
use crate::life::Life;
use crate::trade::Sector;

/// Licence, years it runs, function of the authority.
type Permit = (&'static str, i32, &'static str);

fn permits(sector: Sector) -> &'static [Permit] {
    match sector {
        Sector::FoodShop => &[("食品经营许可证", 5, "market")],
        Sector::Catering => &[("食品经营许可证(餐饮服务)", 5, "market")],
        Sector::FoodFactory => &[("食品生产许可证", 5, "market"), ("排污许可证", 5, "environment")],
        Sector::Drug => &[
            ("药品经营许可证", 5, "market"),
            ("医疗器械经营许可证", 5, "market"),
        ],
        Sector::Device => &[("医疗器械经营许可证", 5, "market")],
        Sector::Chemical => &[("危险化学品经营许可证", 3, "emergency")],
        Sector::Lodging => &[
            ("公共场所卫生许可证", 4, "health"),
            ("特种行业许可证(旅馆业)", 5, "culture"),
        ],
        Sector::Culture => &[("娱乐经营许可证", 2, "culture")],
        Sector::Building => &[("安全生产许可证", 3, "housing")],
        Sector::Transport => &[("道路运输经营许可证", 4, "transport")],
        Sector::School => &[("民办学校办学许可证", 5, "education")],
        Sector::Clinic => &[("医疗机构执业许可证", 5, "health")],
        _ => &[],
    }
}

/// 行政许可 in force at some time in the window, and 许可吊销撤销.
pub fn licences(life: &mut Life<'_>) -> io::Result<()> {
    let nature = life.entity.nature;
    for (title, years, function) in permits(nature.trade.sector).iter().copied() {
        let authority = life.authority(function);
        let mut decided = later(life.entity.established, life.dice.between(5, 90));
        while decided <= life.to {
            let until = years_on(decided, years);
            if until > life.from {
                let number = life.paper("示许", decided);
                life.put(
                    "licence",
                    decided,
                    &[
                        &number,
                        title,
                        &authority,
                        &decided.to_string(),
                        &until.to_string(),
                    ],
                )?;
                if revoked(life, title, decided, until, &authority)? {
                    break;
                }
            }
            // Bad firms forget to renew, or renew too late.
            if life.dice.chance(nature.rate(300, 6_000)) {
                break;
            }
            decided = if life.dice.chance(nature.rate(500, 4_000)) {
                later(until, life.dice.between(5, 150))
            } else {
                until
            };
        }
    }
    Ok(())
}

fn revoked(
    life: &mut Life<'_>,
    title: &str,
    decided: NaiveDate,
    until: NaiveDate,
    authority: &str,
) -> io::Result<bool> {
    if !life.dice.chance(life.entity.nature.rate(8, 1_500)) {
        return Ok(false);
    }
    let on = later(decided, life.dice.between(90, 1_000));
    if !life.lives(on) || on > until {
        return Ok(false);
    }
    let number = life.paper("示许撤", on);
    life.put(
        "licence-revoked",
        on,
        &[&number, title, &on.to_string(), authority],
    )?;
    Ok(true)
}

/// 信用承诺
pub fn commitments(life: &mut Life<'_>) -> io::Result<()> {
    let nature = life.entity.nature;
    for on in life.moments(700) {
        let kind = life
            .dice
            .word(&["主动型", "审批替代型", "容缺受理型", "行业自律型", "信用修复型"]);
        let age = (life.as_of - on).num_days();
        let state = if age < 180 {
            "履行中"
        } else if life.dice.chance(nature.rate(60, 5_500)) {
            "违背承诺"
        } else {
            "已履行"
        };
        let number = life.paper("示信诺", on);
        life.put("commitment", on, &[&number, kind, &on.to_string(), state])?;
    }
    Ok(())
}

/// 荣誉, for good firms only.
pub fn honours(life: &mut Life<'_>) -> io::Result<()> {
    let nature = life.entity.nature;
    if nature.badness > 120 {
        return Ok(());
    }
    for on in life.moments(60 + nature.scale * 260) {
        let (title, level) = life
            .dice
            .pick(&[
                ("守合同重信用企业", "2"),
                ("放心消费示范单位", "1"),
                ("诚信经营示范店", "1"),
                ("纳税信用A级纳税人", "2"),
                ("市政府质量奖", "2"),
                ("专精特新中小企业", "3"),
            ])
            .copied()
            .unwrap_or(("诚信经营示范店", "1"));
        let number = life.paper("示誉", on);
        let until = years_on(on, 3).to_string();
        life.put("honour", on, &[&number, title, level, &on.to_string(), &until])?;
    }
    Ok(())
}
