//! The draws the vectors are made of.

use proof::Digest;

pub struct ItemPlan {
    pub code: &'static str,
    pub department: &'static str,
    pub qualification: &'static str,
    pub candidates: Vec<(usize, usize)>, // entity number, stratum number
    pub ratios: Vec<Result<(u64, u64), u64>>, // ratio or plain quota of each stratum
    pub reserve: u64,
    pub exclusions: Vec<(&'static str, u64)>,
}

pub struct Person {
    pub id: &'static str,
    pub department: &'static str,
    pub divisions: &'static [&'static str],
    pub qualifications: &'static [&'static str],
    pub until: &'static str,
    pub load: u64,
    pub may_lead: bool,
    pub recused: Vec<usize>,
}

pub struct Plan {
    pub campaign: &'static str,
    pub items: Vec<ItemPlan>,
    pub people: Vec<Person>,
    pub team: (u64, u64, u64, u64),
    pub beacon: bool,
    pub attempt: u64,
    pub previous_void: Option<Digest>,
    pub open: Vec<u64>,
    pub log: bool,
}

pub fn person(id: &'static str, department: &'static str) -> Person {
    Person {
        id,
        department,
        divisions: &["4405"],
        qualifications: &["*"],
        until: "2027-12-31",
        load: 0,
        may_lead: true,
        recused: Vec::new(),
    }
}

pub fn undirected() -> Plan {
    Plan {
        campaign: "2026-SJ-001",
        items: vec![ItemPlan {
            code: "A01",
            department: "amr",
            qualification: "general",
            candidates: (0..40).map(|n| (n, 0)).collect(),
            ratios: vec![Ok((5, 100))],
            reserve: 1,
            exclusions: vec![("frequency-cap", 3), ("closed", 2)],
        }],
        people: vec![
            person("P001", "amr"),
            person("P002", "amr"),
            person("P003", "amr"),
        ],
        team: (2, 1, 2, 10),
        beacon: false,
        attempt: 1,
        previous_void: None,
        open: vec![0, 3],
        log: true,
    }
}

/// Three items of three departments over overlapping pools, with everything that can go differently for teams.
pub fn joint() -> Plan {
    let strata =
        |range: std::ops::Range<usize>, by: usize| range.map(|n| (n, n * 7 / 3 % by)).collect::<Vec<_>>();
    let items = vec![
        ItemPlan {
            code: "B01",
            department: "amr",
            qualification: "food",
            candidates: strata(0..36, 3),
            ratios: vec![Ok((1, 10)), Ok((1, 5)), Ok((1, 3))],
            reserve: 2,
            exclusions: vec![("low-risk", 4)],
        },
        ItemPlan {
            code: "B02",
            department: "fire",
            qualification: "fire",
            candidates: strata(12..48, 2),
            ratios: vec![Ok((1, 6)), Err(4)],
            reserve: 1,
            exclusions: Vec::new(),
        },
        ItemPlan {
            code: "B03",
            department: "eco",
            qualification: "",
            candidates: strata(24..56, 4),
            ratios: vec![Ok((0, 1)), Ok((1, 8)), Err(0), Ok((3, 10))],
            reserve: 3,
            exclusions: vec![("frequency-cap", 11)],
        },
        ItemPlan {
            code: "B04",
            department: "amr",
            qualification: "measure",
            candidates: strata(8..30, 1),
            ratios: vec![Ok((1, 7))],
            reserve: 0,
            exclusions: Vec::new(),
        },
    ];
    let people = vec![
        Person {
            qualifications: &["food"],
            load: 1,
            recused: (0..12).collect(),
            ..person("P01", "amr")
        },
        Person {
            qualifications: &["food", "measure"],
            recused: vec![13, 22, 30],
            ..person("P02", "amr")
        },
        Person {
            may_lead: false,
            load: 2,
            ..person("P03", "amr")
        },
        Person {
            until: "2026-03-09",
            ..person("P04", "amr")
        },
        Person {
            until: "2026-03-10",
            divisions: &["440507", "440511"],
            ..person("P05", "amr")
        },
        Person {
            qualifications: &["fire"],
            divisions: &["440507", "440512"],
            ..person("P06", "fire")
        },
        Person {
            qualifications: &["fire"],
            divisions: &["4405"],
            load: 3,
            ..person("P07", "fire")
        },
        Person {
            divisions: &["440511", "440512"],
            recused: vec![25, 26, 29, 30],
            ..person("P08", "eco")
        },
        Person {
            qualifications: &[],
            divisions: &["440507"],
            ..person("P09", "eco")
        },
        Person {
            load: 7,
            ..person("P10", "eco")
        },
    ];
    Plan {
        campaign: "2026-LH-007",
        items,
        people,
        team: (2, 1, 3, 7),
        beacon: true,
        attempt: 1,
        previous_void: None,
        open: (0..200).collect(),
        log: true,
    }
}

/// One item whose pool is empty beside one with candidates; nothing is opened, no log.
pub fn empty() -> Plan {
    let mut plan = undirected();
    plan.campaign = "2026-SJ-002";
    plan.items.push(ItemPlan {
        code: "A02",
        department: "fire",
        qualification: "fire",
        candidates: Vec::new(),
        ratios: vec![Ok((1, 20)), Err(0)],
        reserve: 5,
        exclusions: vec![("closed", 9)],
    });
    plan.items.push(ItemPlan {
        code: "A03",
        department: "eco",
        qualification: "",
        candidates: Vec::new(),
        ratios: Vec::new(),
        reserve: 0,
        exclusions: Vec::new(),
    });
    plan.open = Vec::new();
    plan.log = false;
    plan
}

/// Everybody is drawn (抽查比例 100 %), the reserve stays empty, one inspector too few soon.
pub fn everybody() -> Plan {
    let mut plan = undirected();
    plan.campaign = "2026-ZD-003";
    plan.items[0].candidates = (0..9).map(|n| (n, n % 2)).collect();
    plan.items[0].ratios = vec![Ok((1, 1)), Ok((100, 100))];
    plan.items[0].reserve = 4;
    plan.team = (2, 1, 2, 5);
    plan.open = (0..18).step_by(4).collect();
    plan
}
