//! The offices of the city: forty departments, three hundred inspectors, the grids.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Serialize;

use crate::dice::Dice;
use crate::entity::{code_of, earlier, later};
use crate::outcome::CHECKS;
use crate::place::{COUNTIES, County, grids_of};

/// A department.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Department {
    /// `440500-scjg`
    pub id: String,
    /// 示例市市场监督管理局
    pub name: String,
    /// Six digits.
    pub division: String,
    /// What it does: `market`, `tax`, `fire` …
    pub function: &'static str,
}

/// An inspector (执法人员).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Inspector {
    /// 执法证号
    pub certificate_no: String,
    /// An invented name.
    pub name: String,
    /// Department id.
    pub department: String,
    /// Divisions the inspector may check in.
    pub divisions: Vec<String>,
    /// Codes of [`crate::CHECKS`] the inspector may check.
    pub qualifications: Vec<&'static str>,
    /// Last day of the certificate; for some it lies before the day of handing over.
    pub certificate_until: NaiveDate,
    /// Whether the inspector may lead a team.
    pub may_lead: bool,
    /// Credit codes of entities the inspector must not check (回避).
    pub recusals: Vec<String>,
}

/// Function, short form in the id, name after the city, and whether counties have one of their own.
const FUNCTIONS: &[(&str, &str, &str, bool)] = &[
    ("market", "scjg", "市场监督管理局", true),
    ("fire", "xfj", "消防救援局", true),
    ("health", "wjj", "卫生健康局", true),
    ("social-security", "rsj", "人力资源和社会保障局", false),
    ("tax", "swj", "税务局", false),
    ("housing", "zjj", "住房和城乡建设局", false),
    ("culture", "wglj", "文化广电旅游体育局", false),
    ("environment", "sthj", "生态环境局", false),
    ("transport", "jtj", "交通运输局", false),
    ("education", "jyj", "教育局", false),
    ("customs", "hg", "海关", false),
    ("emergency", "yjj", "应急管理局", false),
    ("agriculture", "nyj", "农业农村局", false),
    ("industry", "gxj", "工业和信息化局", false),
    ("development", "fgj", "发展和改革局", false),
    ("court", "fy", "中级人民法院", false),
    ("hotline", "zwsj", "政务服务和数据管理局", false),
    ("civil-affairs", "mzj", "民政局", false),
    ("urban", "cgj", "城市管理和综合执法局", false),
];

/// The name of the department for `function` in `county`: the county's own, or the city's.
pub fn department_name(county: &County, function: &str) -> String {
    let row = FUNCTIONS
        .iter()
        .find(|row| row.0 == function)
        .or(FUNCTIONS.first());
    row.map_or_else(String::new, |(_, _, name, local)| {
        if *local {
            format!("示例市{name}{}分局", county.short())
        } else {
            format!("示例市{name}")
        }
    })
}

/// The departments: nineteen of the city, three in each of the seven counties.
pub fn departments() -> Vec<Department> {
    let mut all = Vec::new();
    for (function, short, name, _) in FUNCTIONS {
        all.push(Department {
            id: format!("440500-{short}"),
            name: format!("示例市{name}"),
            division: "440500".to_owned(),
            function,
        });
    }
    for county in COUNTIES {
        for (function, short, _, _) in FUNCTIONS.iter().filter(|row| row.3) {
            all.push(Department {
                id: format!("{}-{short}", county.code),
                name: department_name(county, function),
                division: county.code.to_owned(),
                function,
            });
        }
    }
    all
}

/// How many inspectors a department has.
fn strength(department: &Department) -> u32 {
    match (department.function, department.division.as_str()) {
        ("market", "440500") => 30,
        ("market", _) => 18,
        ("fire" | "health", "440500") => 6,
        ("fire" | "health", _) => 4,
        ("court" | "development" | "hotline" | "civil-affairs", _) => 0,
        ("industry" | "agriculture" | "urban" | "emergency", _) => 5,
        _ => 6,
    }
}

/// The inspectors.
pub fn inspectors(seed: u64, size: u64, as_of: NaiveDate) -> Vec<Inspector> {
    let mut all = Vec::new();
    let mut left = 300_u32;
    for department in departments() {
        for _ in 0..strength(&department).min(left) {
            all.push(inspector(seed, all.len() + 1, &department, size, as_of));
            left -= 1;
        }
    }
    // The city's own market bureau takes the rest.
    if let Some(first) = departments().into_iter().next() {
        while left > 0 {
            all.push(inspector(seed, all.len() + 1, &first, size, as_of));
            left -= 1;
        }
    }
    all
}

fn inspector(seed: u64, number: usize, department: &Department, size: u64, as_of: NaiveDate) -> Inspector {
    let certificate_no = format!("示例D05{number:05}");
    let mut dice = Dice::of(seed, "inspector", &certificate_no);
    let own: Vec<&'static str> = CHECKS
        .iter()
        .filter(|check| check.function == department.function)
        .map(|check| check.code)
        .collect();
    let general = ["registration", "publicity", "price"];
    let qualifications = own
        .into_iter()
        .filter(|code| department.function != "market" || general.contains(code) || dice.chance(4_500))
        .collect();
    let certificate_until = if dice.chance(600) {
        earlier(as_of, dice.between(10, 500))
    } else {
        later(as_of, dice.between(30, 1_700))
    };
    let recusals = (0..if dice.chance(1_500) { dice.between(1, 3) } else { 0 })
        .map(|_| {
            code_of(
                seed,
                u64::from(dice.below(u32::try_from(size).unwrap_or(u32::MAX))),
            )
        })
        .collect();
    Inspector {
        name: format!("例{}", crate::words::person(&mut dice)),
        department: department.id.clone(),
        divisions: vec![department.division.clone()],
        qualifications,
        certificate_until,
        may_lead: dice.chance(3_500),
        recusals,
        certificate_no,
    }
}

/// Which inspectors may check what in which county: the past teams are drawn from here.
pub type Roster = BTreeMap<(&'static str, &'static str), Vec<(String, i32)>>;

/// The roster: certificate and leniency by county and check.
pub fn roster(seed: u64, inspectors: &[Inspector]) -> Roster {
    let mut roster = Roster::new();
    for county in COUNTIES {
        for check in CHECKS {
            let team = inspectors
                .iter()
                .filter(|one| {
                    one.divisions
                        .iter()
                        .any(|place| place == county.code || place == "440500")
                })
                .filter(|one| one.qualifications.contains(&check.code))
                .map(|one| {
                    (
                        one.certificate_no.clone(),
                        crate::outcome::leniency(seed, &one.certificate_no),
                    )
                })
                .collect();
            roster.insert((county.code, check.code), team);
        }
    }
    roster
}

/// One grid (网格): code, name, town code, town, county.
pub fn grids() -> Vec<[String; 5]> {
    let mut all = Vec::new();
    for county in COUNTIES {
        for (town, name) in county.towns {
            for number in 1..=grids_of(town) {
                all.push([
                    format!("{town}G{number:02}"),
                    format!("{name}第{number}网格"),
                    (*town).to_owned(),
                    (*name).to_owned(),
                    county.name.to_owned(),
                ]);
            }
        }
    }
    all
}
