//! `cases/*.toml`: facts in, answer out.

use std::collections::BTreeMap;

use kernel::Day;

use super::fault::Place;
use super::sheet::{Free, Sheet};

/// A classification case.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub code: String,
    pub title: String,
    pub place: Place,
    pub model: String,
    pub as_of: Day,
    pub entity: BTreeMap<String, String>,
    pub records: Vec<CaseRecord>,
    pub class: String,
    pub points: Option<i32>,
    pub groups: Option<BTreeMap<String, i32>>,
    pub reasons: Option<Vec<String>>,
    pub direct: Option<Vec<String>>,
    pub factors: Option<Vec<String>>,
    /// Model or regime that gives the class; set only where the whole line-up answers.
    pub by: Option<String>,
}

/// One record of a case.
#[derive(Debug, Clone)]
pub(super) struct CaseRecord {
    pub place: Place,
    pub item: String,
    pub id: Option<String>,
    pub corrects: Option<String>,
    pub withdraws: Option<String>,
    pub withdrawn_on: Option<Day>,
    pub fields: BTreeMap<String, String>,
}

/// A deadline case.
#[derive(Debug, Clone)]
pub(super) struct DeadlineCase {
    pub code: String,
    pub title: String,
    pub place: Place,
    pub deadline: String,
    pub start: Day,
    pub due: Day,
}

/// A quota case.
#[derive(Debug, Clone)]
pub(super) struct QuotaCase {
    pub code: String,
    pub title: String,
    pub place: Place,
    pub class: String,
    pub on: Day,
    pub pool: u64,
    pub take: u64,
}

/// All cases of a pack.
#[derive(Debug, Clone, Default)]
pub(super) struct Cases {
    pub classes: Vec<Case>,
    pub deadlines: Vec<DeadlineCase>,
    pub quotas: Vec<QuotaCase>,
}

impl Cases {
    pub fn read(&mut self, top: &Sheet<'_>) {
        self.classes.extend(top.sheets("case").iter().map(read_case));
        for row in top.sheets("deadline_case") {
            self.deadlines.push(DeadlineCase {
                code: row.text("code"),
                title: row.maybe_text("title").unwrap_or_default(),
                place: row.place(),
                deadline: row.text("deadline"),
                start: row.day("start"),
                due: row.day("due"),
            });
            row.finish();
        }
        let size = |row: &Sheet<'_>, key: &'static str| {
            u64::try_from(row.whole(key, 0..=1_000_000_000_000)).unwrap_or(0)
        };
        for row in top.sheets("quota_case") {
            self.quotas.push(QuotaCase {
                code: row.text("code"),
                title: row.maybe_text("title").unwrap_or_default(),
                place: row.place(),
                class: row.text("class"),
                on: row.day("on"),
                pool: size(&row, "pool"),
                take: size(&row, "take"),
            });
            row.finish();
        }
        top.finish();
    }

    /// Codes of all cases, with their places.
    pub fn codes(&self) -> impl Iterator<Item = (&str, &Place)> {
        let classes = self.classes.iter().map(|case| (case.code.as_str(), &case.place));
        let deadlines = self
            .deadlines
            .iter()
            .map(|case| (case.code.as_str(), &case.place));
        let quotas = self.quotas.iter().map(|case| (case.code.as_str(), &case.place));
        classes.chain(deadlines).chain(quotas)
    }
}

const ENTITY: &[&str] = &[
    "established_on",
    "capital",
    "kind",
    "status",
    "industry",
    "division",
];

fn read_case(row: &Sheet<'_>) -> Case {
    let entity = row.maybe_sheet("entity").map_or_else(BTreeMap::new, |entity| {
        let mut known = BTreeMap::new();
        for (key, value, _) in entity.free() {
            if ENTITY.contains(&key.as_str()) {
                known.insert(key, value.to_string());
            } else {
                row.fault(
                    "entity",
                    format!("不认识的键 {key}"),
                    format!("可用：{}", ENTITY.join("、")),
                );
            }
        }
        known
    });
    let records = row.sheets("records").iter().map(read_record).collect();
    let mut case = Case {
        code: row.text("code"),
        title: row.text("title"),
        place: row.place(),
        model: row.text("model"),
        as_of: row.day("as_of"),
        entity,
        records,
        class: String::new(),
        points: None,
        groups: None,
        reasons: None,
        direct: None,
        factors: None,
        by: None,
    };
    if let Some(expect) = row.maybe_sheet("expect") {
        case.class = expect.text("class");
        case.points = expect.maybe_small("points", -1_000_000..=1_000_000_000);
        case.reasons = expect.maybe_texts("reasons");
        case.direct = expect.maybe_texts("direct");
        case.factors = expect.maybe_texts("factors");
        case.by = expect.maybe_text("by");
        case.groups = expect.maybe_sheet("groups").map(|groups| {
            let points = |value| {
                if let Free::Whole(points) = value {
                    i32::try_from(points).unwrap_or(0)
                } else {
                    0
                }
            };
            groups
                .free()
                .into_iter()
                .map(|(group, value, _)| (group, points(value)))
                .collect()
        });
        expect.finish();
    } else {
        row.fault(
            "expect",
            "缺少 expect",
            "写成 expect = { class = \"A\", points = 0 }",
        );
    }
    row.finish();
    case
}

fn read_record(row: &Sheet<'_>) -> CaseRecord {
    let withdraws = row.maybe_text("withdraws");
    CaseRecord {
        place: row.place(),
        item: row.text("item"),
        id: row.maybe_text("id"),
        corrects: row.maybe_text("corrects"),
        withdrawn_on: withdraws.as_ref().map(|_| row.day("on")),
        withdraws,
        fields: row
            .free()
            .into_iter()
            .map(|(key, value, _)| (key, value.to_string()))
            .collect(),
    }
}
