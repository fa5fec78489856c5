//! What the public and the laboratories say: complaints, product tests, public opinion.

use std::io;

use crate::life::Life;
use crate::trade::Sector;

/// 投诉举报
pub fn complaints(life: &mut Life<'_>) -> io::Result<()> {
    let nature = life.entity.nature;
    let exposure = match nature.trade.sector {
        Sector::Catering | Sector::FoodShop | Sector::School | Sector::Service | Sector::Lodging => 1_300,
        Sector::Shop | Sector::Drug | Sector::Clinic | Sector::Culture => 1_000,
        _ => 400,
    };
    let rate = nature.rate(350, 9_000) * exposure / 1_000 * (2 + nature.scale) / 2;
    for on in life.moments(rate) {
        let kind = if life.dice.chance(3_000) {
            "举报"
        } else {
            "投诉"
        };
        let outcome = if (life.as_of - on).num_days() < 60 && life.dice.chance(6_000) {
            "处理中"
        } else if life.dice.chance(nature.rate(1_500, 7_000)) {
            "属实"
        } else if kind == "投诉" && life.dice.chance(5_500) {
            "调解成功"
        } else {
            "不属实"
        };
        let number = life.paper("示诉", on);
        life.put("complaint", on, &[&number, kind, &on.to_string(), outcome])?;
    }
    Ok(())
}

/// 产品抽检
pub fn tests(life: &mut Life<'_>) -> io::Result<()> {
    let nature = life.entity.nature;
    let (rate, products): (u32, &[&str]) = match nature.trade.sector {
        Sector::FoodFactory => (4_000, &["糕点", "凉果", "速冻水产制品", "调味料"]),
        Sector::FoodShop => (700, &["蔬菜", "水产品", "茶叶", "散装食品"]),
        Sector::Catering => (900, &["复用餐饮具", "凉菜", "自制饮品"]),
        Sector::Factory => (1_200, &["塑料玩具", "针织内衣", "塑料餐具", "灯具"]),
        Sector::Drug | Sector::Device => (900, &["中药饮片", "医用口罩", "血压计"]),
        Sector::Shop => (250, &["童装", "电源插座", "化妆品", "文具"]),
        Sector::Chemical => (1_000, &["胶粘剂", "涂料"]),
        _ => return Ok(()),
    };
    for on in life.moments(rate) {
        let product = life.dice.word(products);
        let verdict = if life.dice.chance(nature.rate(220, 6_500)) {
            "不合格"
        } else {
            "合格"
        };
        let authority = life.authority("market");
        let number = life.paper("示检", on);
        life.put(
            "product-test",
            on,
            &[&number, product, verdict, &on.to_string(), &authority],
        )?;
    }
    Ok(())
}

/// 舆情
pub fn opinions(life: &mut Life<'_>) -> io::Result<()> {
    let nature = life.entity.nature;
    for on in life.moments(nature.rate(8, 700) + nature.scale * 15) {
        let level = life.dice.between(1, 1 + nature.badness / 250);
        let number = life.paper("示舆", on);
        life.put("opinion", on, &[&number, &level.to_string(), &on.to_string()])?;
    }
    Ok(())
}
