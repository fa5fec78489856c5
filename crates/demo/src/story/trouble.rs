//! What goes wrong: penalties and their repair, lists, courts, unpaid money, bad company.

use std::io;

use chrono::NaiveDate;

use crate::code::Body;
use crate::entity::{later, years_on};
use crate::life::{Life, amount};
use crate::trade::Sector;

/// Violation and the function of the authority that punishes it.
fn violations(sector: Sector) -> &'static [(&'static str, &'static str)] {
    match sector {
        Sector::FoodShop => &[
            ("经营超过保质期的食品", "market"),
            ("未按规定进货查验", "market"),
            ("经营标签不符合规定的食品", "market"),
        ],
        Sector::Catering => &[
            ("未取得健康证明上岗", "market"),
            ("餐具消毒不合格", "market"),
            ("消防设施未保持完好有效", "fire"),
            ("超标排放油烟", "environment"),
        ],
        Sector::FoodFactory => &[
            ("生产不符合食品安全标准的食品", "market"),
            ("超标排放污染物", "environment"),
        ],
        Sector::Drug | Sector::Device => &[
            ("未按规定储存药品", "market"),
            ("未按规定销售处方药", "market"),
            ("购进无合格证明文件的医疗器械", "market"),
        ],
        Sector::Factory | Sector::Chemical => &[
            ("生产销售不合格产品", "market"),
            ("使用未经检验的特种设备", "market"),
            ("超标排放污染物", "environment"),
            ("占用疏散通道", "fire"),
        ],
        Sector::Building => &[
            ("未按规定采取安全防护措施", "housing"),
            ("违法分包", "housing"),
            ("虚假广告", "market"),
        ],
        Sector::Transport => &[("超限运输", "transport"), ("未按规定维护车辆", "transport")],
        Sector::Lodging | Sector::Culture => &[
            ("消防设施未保持完好有效", "fire"),
            ("未取得卫生许可证", "health"),
            ("违规接纳未成年人", "culture"),
        ],
        Sector::Clinic => &[("使用非卫生技术人员", "health"), ("虚假医疗广告", "market")],
        Sector::School => &[("超范围办学", "education"), ("虚假广告", "market")],
        _ => &[
            ("虚假宣传", "market"),
            ("未按规定明码标价", "market"),
            ("未按期申报纳税", "tax"),
            ("侵犯注册商标专用权", "market"),
        ],
    }
}

const CATEGORIES: &[&str] = &[
    "食品安全领域严重违法",
    "药品、医疗器械、化妆品领域严重违法",
    "质量安全领域严重违法",
    "侵害消费者权益严重违法",
    "不正当竞争和扰乱市场秩序严重违法",
    "登记许可欺诈、拒不配合监管",
];

/// 行政处罚 and 信用修复
pub fn penalties(life: &mut Life<'_>) -> io::Result<()> {
    let nature = life.entity.nature;
    let worst = if life.entity.body == Body::Individual {
        5_500
    } else {
        8_000
    };
    for on in life.moments(nature.rate(60, worst)) {
        let (violation, function) = life
            .dice
            .pick(violations(nature.trade.sector))
            .copied()
            .unwrap_or(("虚假宣传", "market"));
        let level = grade(life);
        let (kind, yuan) = match level {
            1 => ("警告", 0),
            2 => ("罚款", life.dice.between(1, 30) * 100),
            3 => (
                life.dice.word(&["罚款", "罚款", "没收违法所得"]),
                life.dice.between(5, 50) * 1_000,
            ),
            4 => ("责令停产停业", life.dice.between(5, 30) * 10_000),
            _ => (
                life.dice.word(&["吊销许可证件", "责令关闭"]),
                life.dice.between(10, 90) * 10_000,
            ),
        };
        let until = if level < 3 {
            later(on, 90)
        } else {
            years_on(on, if level == 3 { 1 } else { 3 })
        };
        penalty(
            life,
            on,
            (violation, kind, yuan, level),
            &life.authority(function),
            until,
        )?;
    }
    if life.entity.status == "2" || life.entity.status == "3" {
        let on = life.to;
        let authority = life.authority("market");
        let case = ("成立后无正当理由超过六个月未开业或连续停业", "吊销营业执照", 0, 5);
        penalty(life, on, case, &authority, years_on(on, 3))?;
    }
    Ok(())
}

fn grade(life: &mut Life<'_>) -> u32 {
    let bad = life.entity.nature.badness;
    let grades = [
        (1, 300),
        (2, 420),
        (3, 160 + bad / 8),
        (4, 20 + bad / 6),
        (5, bad / 14),
    ];
    life.dice.weighted(&grades, |row| row.1).map_or(2, |row| row.0)
}

fn penalty(
    life: &mut Life<'_>,
    on: NaiveDate,
    (violation, kind, yuan, level): (&str, &str, u32, u32),
    authority: &str,
    until: NaiveDate,
) -> io::Result<()> {
    let number = life.paper("示罚", on);
    life.put(
        "penalty",
        on,
        &[
            &number,
            violation,
            kind,
            &amount(yuan),
            &level.to_string(),
            &on.to_string(),
            authority,
            &until.to_string(),
        ],
    )?;
    let granted = later(on, life.dice.between(95, 520));
    // The gravest are never repaired (市场监督管理信用修复管理办法).
    if level < 5
        && granted < life.as_of
        && life.lives(granted)
        && life.dice.chance(life.entity.nature.rate(5_500, 600))
    {
        life.put("repair", granted, &[&number, &granted.to_string(), authority])?;
    }
    Ok(())
}

/// 列入 and 移出经营异常名录 for the causes 2, 3 and 4; cause 1 follows from annual reports.
pub fn listings(life: &mut Life<'_>) -> io::Result<()> {
    if life.entity.body == Body::Individual {
        return Ok(());
    }
    let nature = life.entity.nature;
    let lost = if nature.lost { 3_500 } else { nature.rate(15, 500) };
    for (cause, rate) in [
        ("2", nature.rate(8, 500)),
        ("3", nature.rate(5, 600)),
        ("4", lost),
    ] {
        let mut free_from = life.from;
        for on in life.moments(rate) {
            if on < free_from {
                continue;
            }
            let number = life.paper("示市监异列", on);
            let authority = life.authority("market");
            life.put(
                "abnormal-listing",
                on,
                &[&number, cause, &on.to_string(), &authority],
            )?;
            let removed = later(on, life.dice.between(15, 500));
            if life.lives(removed)
                && life.dice.chance(if nature.lost {
                    900
                } else {
                    nature.rate(8_000, 1_500)
                })
            {
                let ground = match cause {
                    "4" => life.dice.word(&["4", "5"]),
                    same => same,
                };
                life.put(
                    "abnormal-removal",
                    removed,
                    &[&number, ground, &removed.to_string(), &authority],
                )?;
                free_from = later(removed, 1);
            } else {
                free_from = NaiveDate::MAX;
            }
        }
    }
    Ok(())
}

/// 列入 and 移出严重违法失信名单
pub fn serious(life: &mut Life<'_>) -> io::Result<()> {
    let nature = life.entity.nature;
    if nature.badness < 500 {
        return Ok(());
    }
    let mut free_from = life.from;
    for on in life.moments(nature.rate(0, 1_300)) {
        if on < free_from {
            continue;
        }
        let number = life.paper("示市监严列", on);
        let category = life.dice.word(CATEGORIES);
        let until = years_on(on, 3);
        let authority = life.authority("market");
        life.put(
            "serious-listing",
            on,
            &[&number, category, &on.to_string(), &until.to_string(), &authority],
        )?;
        // Off the list after three years, or after one when everything is put right.
        let early = years_on(on, 1);
        let removed = if life.dice.chance(nature.rate(6_000, 300)) {
            later(early, life.dice.between(5, 300))
        } else {
            until
        };
        free_from = later(removed, 1);
        if removed < life.as_of && life.lives(removed) {
            life.put(
                "serious-removal",
                removed,
                &[&number, &removed.to_string(), &authority],
            )?;
        }
    }
    Ok(())
}

/// 失信被执行人
pub fn court(life: &mut Life<'_>) -> io::Result<()> {
    let rate = life.entity.nature.rate(12, 2_600);
    for on in life.moments(rate) {
        let until = years_on(on, 2).to_string();
        let number = life.paper("示执", on);
        let court = format!("示例市{}人民法院", life.entity.county.name);
        life.put("court-default", on, &[&number, &on.to_string(), &until, &court])?;
    }
    Ok(())
}

/// 股权出质冻结 and 拖欠账款/工资
pub fn money(life: &mut Life<'_>) -> io::Result<()> {
    let nature = life.entity.nature;
    if life.entity.body == Body::Company {
        for on in life.moments(40 + nature.scale * 120 + nature.rate(0, 900)) {
            let kind = if life.dice.chance(1_500 + nature.badness * 7) {
                "股权冻结"
            } else {
                "股权出质"
            };
            let until = later(on, life.dice.between(365, 1_095)).to_string();
            let number = life.paper("示股", on);
            life.put("equity", on, &[&number, kind, &on.to_string(), &until])?;
        }
    }
    let rate = if life.entity.body == Body::Individual {
        nature.rate(6, 900)
    } else {
        nature.rate(20, 3_200)
    };
    for on in life.moments(rate) {
        let kind = life.dice.word(&["拖欠工资", "拖欠工资", "拖欠账款"]);
        let yuan = life.dice.between(3, 60) * 1_000 * (1 + nature.scale * 3);
        let settled = later(on, life.dice.between(10, 400));
        let settled = if settled < life.as_of && life.dice.chance(nature.rate(8_500, 2_500)) {
            settled.to_string()
        } else {
            String::new()
        };
        let number = life.paper("示欠", on);
        life.put(
            "arrears",
            on,
            &[&number, kind, &amount(yuan), &on.to_string(), &settled],
        )?;
    }
    Ok(())
}

/// 关联风险
pub fn relations(life: &mut Life<'_>) -> io::Result<()> {
    if life.entity.body == Body::Individual {
        return Ok(());
    }
    for on in life.moments(life.entity.nature.rate(60, 4_000)) {
        let kind = life
            .dice
            .word(&["法定代表人关联", "投资人关联", "分支机构关联", "批量代理注册"]);
        let level = life.dice.between(1, 1 + life.entity.nature.badness / 250);
        let number = life.paper("示联", on);
        life.put(
            "relation-risk",
            on,
            &[&number, kind, &on.to_string(), &level.to_string()],
        )?;
    }
    Ok(())
}
