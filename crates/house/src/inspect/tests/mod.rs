//! Stories of inspection, on both databases, and the scenes they share.
mod changes;
mod desk;
mod draws;
mod plans;
mod pools;
mod results;

use std::fmt::Write as _;

use db::Db;
use kernel::Day;
use proof::Suite;
use proof::draw::Contribution;

use super::model::{
    Draw, Filter, Mode, NewContributor, NewDraw, NewItemResult, NewPlan, NewPlanItem, NewResult, Plan, Task,
    TaskSearch,
};
use super::service;
use crate::assess::{self, model::Graded};
use crate::office;
use crate::office::model::{Department, Inspector};
use crate::stories::Town;

/// The department of the district that plans and checks.
pub const MARKET: &str = "440511-scjg";
/// A department that joins in.
pub const FIRE: &str = "440511-xf";
/// A check of every firm in business.
pub const LICENCE: &str = "registration.licence-display";
/// A check of restaurants.
pub const CATERING: &str = "catering.daily";
/// A check of restaurants by the fire department.
pub const FIRE_PLACE: &str = "fire.place";
/// Points so distinctive that they would be noticed anywhere.
pub const POINTS: i64 = 987_654_321;
/// Names of those who contribute entropy.
pub const PARTIES: [&str; 2] = ["金平区市场监督管理局", "示例公证处"];

pub fn day(text: &str) -> Day {
    text.parse().unwrap()
}

/// A right credit code of a firm in 金平区, ascending with the number.
pub fn code(number: u32) -> String {
    let value = |letter: char| letter.to_digit(36).unwrap();
    let org = format!("MA{number:06}");
    let sum: u32 = org
        .chars()
        .zip([3, 7, 9, 10, 5, 8, 4, 2])
        .map(|(letter, weight)| value(letter) * weight)
        .sum();
    let check = match 11 - sum % 11 {
        10 => 'X',
        11 => '0',
        digit => char::from_digit(digit, 10).unwrap(),
    };
    let body = format!("91440511{org}{check}");
    let letters: Vec<char> = "0123456789ABCDEFGHJKLMNPQRTUWXY".chars().collect();
    let place = |letter: char| letters.iter().position(|one| *one == letter).unwrap();
    let (sum, _) = body.chars().fold((0, 1), |(sum, weight), letter| {
        (sum + place(letter) * weight, weight * 3 % 31)
    });
    format!("{body}{}", letters[(31 - sum % 31) % 31])
}

fn department(id: &str, name: &str, division: &str, function: &str) -> Department {
    Department {
        department_id: id.into(),
        name: name.into(),
        division: division.into(),
        function: function.into(),
    }
}

pub fn inspector(id: &str, department: &str) -> Inspector {
    Inspector {
        inspector_id: id.into(),
        name: format!("检查员{id}"),
        department: department.into(),
        divisions: vec!["440511".into()],
        qualifications: vec!["*".into()],
        certificate_until: day("2028-01-01"),
        may_lead: true,
        recused: Vec::new(),
    }
}

/// The class a firm of the scene stands in: few of the highest risk, many of the second class.
pub fn class_of(number: u32) -> &'static str {
    match number % 100 {
        0 => "D",
        1..=5 => "C",
        6..=29 => "A",
        _ => "B",
    }
}

/// A district with so many firms, two departments, an upper one, and inspectors: 14 of the market department (one more
/// whose certificate lapses too early) and 4 of the fire department.
pub fn district(db: &Db, firms: u32) -> Town {
    let town = Town::build(db);
    let departments = [
        department(MARKET, "金平区市场监督管理局", "440511", "market"),
        department(FIRE, "金平区消防救援大队", "440511", "fire"),
        department("440500-scjg", "汕头市市场监督管理局", "440500", "market"),
    ];
    let mut inspectors: Vec<Inspector> = (0..14).map(|n| inspector(&format!("M{n:02}"), MARKET)).collect();
    inspectors.extend((0..4).map(|n| inspector(&format!("F{n:02}"), FIRE)));
    inspectors.push(Inspector {
        certificate_until: day("2026-07-30"),
        ..inspector("M99", MARKET)
    });
    town.run(|tx, op| office::service::load(tx, op, &departments, &inspectors))
        .unwrap();
    let mut text =
        "统一社会信用代码,名称,类型,成立日期,登记状态,行业代码,行政区划,住所,法定代表人\n".to_owned();
    for number in 0..firms {
        let trade = if number % 2 == 0 { "H6210" } else { "F5211" };
        let line = format!(
            "{},示例{number}号有限公司,1130,2015-03-01,1,{trade},440511,示例路{number}号,甲某某",
            code(number)
        );
        writeln!(text, "{line}").unwrap();
    }
    let batch = town.hand_over("registration", &text);
    assert_eq!(
        (batch.rows_accepted, batch.rows_refused),
        (i64::from(firms), 0),
        "{batch:?}"
    );
    grade(&town, firms);
    town
}

/// Puts every firm into its class by a run.
pub fn grade(town: &Town, firms: u32) {
    town.run(|tx, op| {
        let run = assess::service::open_run(tx, op, "event", op.today())?;
        let mut graded = Vec::new();
        let covers = assess::model::Covers::Some { gone: Vec::new() };
        for number in 0..firms {
            let entity = crate::registry::service::by_no(tx, op, &code(number))?;
            graded.push(Graded {
                entity_id: entity.entity_id,
                class: class_of(number).into(),
                points: POINTS,
            });
        }
        assess::service::apply_run(tx, op, run.run_id, &covers, graded.into_iter().map(Ok)).map(drop)
    })
    .unwrap();
    town.settle();
}

pub fn item(check: &str, department: Option<&str>) -> NewPlanItem {
    NewPlanItem {
        check: check.into(),
        department: department.map(str::to_owned),
        ratios: std::collections::BTreeMap::new(),
    }
}

pub fn new_plan(items: Vec<NewPlanItem>) -> NewPlan {
    NewPlan {
        title: "2026年度双随机抽查".into(),
        department: MARKET.into(),
        division: "440511".into(),
        mode: Mode::Undirected,
        items,
        filter: Filter::default(),
        starts_on: day("2026-06-10"),
        ends_on: day("2026-07-31"),
        reserve: None,
    }
}

/// A plan, written and approved.
pub fn approved(town: &Town, new: &NewPlan) -> Plan {
    let plan = town.run(|tx, op| service::write_plan(tx, op, new)).unwrap();
    let plan = town
        .run(|tx, op| service::approve_plan(tx, op, plan.plan_id))
        .unwrap();
    town.settle();
    plan
}

/// The values the parties keep secret.
pub fn values() -> [Contribution; 2] {
    [
        Contribution {
            name: PARTIES[0].into(),
            value: vec![0x11; 16],
        },
        Contribution {
            name: PARTIES[1].into(),
            value: vec![0x22; 32],
        },
    ]
}

pub fn promises() -> NewDraw {
    let party = |one: Contribution| NewContributor::Party {
        commitment: one.commit(Suite::Sm3Sm2).to_string(),
        name: one.name,
    };
    NewDraw {
        contributors: values().into_iter().map(party).collect(),
        reveal_by: None,
    }
}

/// Commits, and lets the commitment be logged.
pub fn committed(town: &Town, plan: &Plan, key: u8) -> Draw {
    let draw = town
        .run(|tx, op| service::commit_draw(tx, op, plan.plan_id, &promises(), [key; 32]))
        .unwrap();
    town.settle();
    draw
}

/// Commits, reveals and draws.
pub fn drawn(town: &Town, plan: &Plan) -> Draw {
    let draw = committed(town, plan, 5);
    for one in values() {
        town.run(|tx, op| service::reveal(tx, op, draw.draw_id, &one.name, &hex::encode(&one.value)))
            .unwrap();
    }
    let keys = town.house.keys.clone();
    let draw = town
        .run(|tx, op| service::draw(tx, op, &keys, draw.draw_id))
        .unwrap();
    town.settle();
    draw
}

pub fn tasks(town: &Town, plan: &Plan) -> Vec<Task> {
    let search = TaskSearch {
        plan: Some(plan.plan_id),
        ..TaskSearch::default()
    };
    town.ask(|tx, op| service::tasks(tx, op, &search, 0, 10_000))
}

/// A result of a task with one code for all items, by its whole team.
pub fn found(task: &Task, on: &str, code: &str) -> NewResult {
    let result = |item: &super::model::TaskItem| NewItemResult {
        item: item.item.clone(),
        codes: vec![code.into()],
        note: String::new(),
    };
    NewResult {
        checked_on: day(on),
        inspectors: task
            .members
            .iter()
            .map(|member| member.inspector.clone())
            .collect(),
        items: task.items.iter().map(result).collect(),
    }
}
