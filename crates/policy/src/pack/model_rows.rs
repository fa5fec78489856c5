//! Rows of `model.toml`: models, groups, indicators, direct rules.

use super::line_rows::{LineRow, read_line};
use super::references::Kind;
use super::sheet::{Free, Sheet};
use crate::model::{
    Aggregate, Attribute, Band, Basis, Class, Condition, DecayStep, Direct, Indicator, MapEntry, Records,
    Scoring, Source,
};

/// A model row: title, classes, and how a professional model goes with the general one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ModelRow {
    pub title: String,
    pub classes: Vec<Class>,
    pub line: Option<LineRow>,
}

impl ModelRow {
    pub fn has_class(&self, code: &str) -> bool {
        self.classes.iter().any(|class| class.code == code)
    }

    pub fn read(sheet: &Sheet<'_>) -> Self {
        let rows = sheet.sheets("classes");
        let count = rows.len();
        let mut classes: Vec<Class> = Vec::new();
        if !(2..=26).contains(&count) {
            sheet.fault("classes", format!("分类有{count}类"), "应为2至26类，由好到差");
        }
        for (nth, row) in (1..).zip(&rows) {
            let class = Class {
                code: row.text("code"),
                title: row.text("title"),
                below: row.maybe_small("below", 1..=1_000_000),
            };
            let before = classes.last().and_then(|class| class.below);
            if nth < count && class.below.is_none() {
                row.fault("below", "缺少 below", "除最后一类外都要写分界值");
            } else if nth == count && class.below.is_some() {
                row.fault("below", "最后一类不能有 below", "删去 below");
            } else if class
                .below
                .is_some_and(|below| before.is_some_and(|before| below <= before))
            {
                row.fault("below", "below 没有逐类增大", "由好到差，分界值逐类增大");
            }
            if classes.iter().any(|other| other.code == class.code) {
                row.fault("code", format!("分类 {} 重复", class.code), "每类只写一次");
            }
            row.finish();
            classes.push(class);
        }
        Self {
            title: sheet.text("title"),
            classes,
            line: read_line(sheet),
        }
    }
}

/// A group row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct GroupRow {
    pub title: String,
    pub cap: i32,
    pub order: i64,
}

impl GroupRow {
    pub fn read(sheet: &Sheet<'_>) -> Self {
        Self {
            title: sheet.text("title"),
            cap: sheet.small("cap", 0..=1_000_000),
            order: sheet.whole("order", 0..=1_000_000),
        }
    }
}

pub(super) const ATTRIBUTES: &[(&str, Attribute)] = &[
    ("established_on", Attribute::EstablishedOn),
    ("capital_fen", Attribute::CapitalFen),
    ("kind", Attribute::Kind),
    ("status", Attribute::Status),
    ("industry", Attribute::Industry),
    ("division", Attribute::Division),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    Count,
    Sum,
    MaxLevel,
    LastLevel,
    LastCode,
    DaysSinceLast,
    DaysToEnd,
    Decayed,
}

const AGGREGATES: &[(&str, Word)] = &[
    ("count", Word::Count),
    ("sum", Word::Sum),
    ("max-level", Word::MaxLevel),
    ("last-level", Word::LastLevel),
    ("last-code", Word::LastCode),
    ("days-since-last", Word::DaysSinceLast),
    ("days-to-end", Word::DaysToEnd),
    ("decayed", Word::Decayed),
];

/// Code of the model a row belongs to, with the row's own.
pub(super) fn inner_code(sheet: &Sheet<'_>) -> (String, String) {
    (sheet.text("model"), sheet.text("code"))
}

pub(super) fn read_indicator(sheet: &Sheet<'_>) -> Indicator {
    let (model, code) = inner_code(sheet);
    let group = sheet.text("group");
    sheet.refer("group", Kind::Group, &format!("{model}/{group}"));
    let source = match (sheet.has("item"), sheet.has("attribute")) {
        (false, true) => Source::Attribute(sheet.needed_word("attribute", ATTRIBUTES, Attribute::Kind)),
        (true, false) => Source::Records(read_records(sheet)),
        _ => {
            sheet.fault(
                "item",
                "item 与 attribute 应当且只能写一个",
                "看记录写 item，看主体属性写 attribute",
            );
            Source::Records(read_records(sheet))
        }
    };
    let scoring = read_scoring(sheet, &source);
    Indicator {
        code,
        title: sheet.text("title"),
        group,
        source,
        scoring,
        absent: sheet.maybe_small("absent", -1_000_000..=1_000_000).unwrap_or(0),
        sentence: read_sentence(sheet),
        why: sheet.maybe_text("why").unwrap_or_default(),
        basis: Basis::default(),
    }
}

fn read_sentence(sheet: &Sheet<'_>) -> String {
    sentence_with(sheet, &["{value}", "{points}"])
}

/// A sentence with these placeholders only.
pub(super) fn sentence_with(sheet: &Sheet<'_>, known: &[&str]) -> String {
    let sentence = sheet.text("sentence");
    let rest = known
        .iter()
        .fold(sentence.clone(), |rest, known| rest.replace(known, ""));
    if rest.contains(['{', '}']) {
        sheet.fault(
            "sentence",
            "句中有不认识的占位符",
            format!("只能用 {}", known.join(" 和 ")),
        );
    }
    sentence
}

fn read_records(sheet: &Sheet<'_>) -> Records {
    let items = sheet.text_or_texts("item");
    for item in &items {
        sheet.refer("item", Kind::Item, item);
    }
    if items.is_empty() {
        sheet.fault("item", "item 为空", "至少写一个目录项");
    }
    let condition = sheet
        .maybe_sheet("where")
        .map(|row| read_condition(&row, &items))
        .unwrap_or_default();
    let days = sheet.maybe_small("within_days", 1..=100_000);
    let months = sheet.maybe_small("within_months", 1..=1_200);
    if days.is_some() && months.is_some() {
        sheet.fault(
            "within_days",
            "within_days 与 within_months 只能写一个",
            "删去一个",
        );
    }
    Records {
        items,
        condition,
        aggregate: read_aggregate(sheet),
        within_days: days.or(months.map(Records::months)),
    }
}

fn read_condition(sheet: &Sheet<'_>, items: &[String]) -> Condition {
    let codes = sheet.maybe_texts("codes");
    if codes.as_ref().is_some_and(Vec::is_empty) {
        sheet.fault("codes", "codes 为空", "写出代码，或删去 codes");
    }
    let condition = Condition {
        codes: codes.unwrap_or_default(),
        level_min: sheet.maybe_small("level_min", -1_000_000..=1_000_000),
        amount_min: sheet.maybe_money("amount_min"),
        open: sheet.flag("open"),
    };
    for code in &condition.codes {
        sheet.refer("codes", Kind::ItemCode(items.to_vec()), code);
    }
    sheet.finish();
    condition
}

fn read_aggregate(sheet: &Sheet<'_>) -> Aggregate {
    let word = sheet.needed_word("aggregate", AGGREGATES, Word::Count);
    if sheet.has("decay") != (word == Word::Decayed) {
        sheet.fault(
            "decay",
            "decay 与 aggregate = \"decayed\" 要一起写",
            "补上 decay，或改 aggregate",
        );
    }
    match word {
        Word::Count => Aggregate::Count,
        Word::Sum => Aggregate::Sum,
        Word::MaxLevel => Aggregate::MaxLevel,
        Word::LastLevel => Aggregate::LastLevel,
        Word::LastCode => Aggregate::LastCode,
        Word::DaysSinceLast => Aggregate::DaysSinceLast,
        Word::DaysToEnd => Aggregate::DaysToEnd,
        Word::Decayed => Aggregate::Decayed(read_decay(sheet)),
    }
}

fn read_decay(sheet: &Sheet<'_>) -> Vec<DecayStep> {
    let mut steps: Vec<DecayStep> = Vec::new();
    for row in sheet.sheets("decay") {
        let step = DecayStep {
            days: row.small("days", 1..=100_000),
            permille: row.small("permille", 0..=100_000),
        };
        if steps.last().is_some_and(|before| before.days >= step.days) {
            row.fault("days", "decay 的 days 没有逐级增大", "由新到旧，天数逐级增大");
        }
        row.finish();
        steps.push(step);
    }
    steps
}

fn read_scoring(sheet: &Sheet<'_>, source: &Source) -> Scoring {
    let by_code = match source {
        Source::Attribute(attribute) => attribute.is_code(),
        Source::Records(records) => records.aggregate == Aggregate::LastCode,
    };
    if sheet.has("bands") == sheet.has("map") || sheet.has("map") != by_code {
        let right = if by_code {
            "此处按代码计分，只写 map"
        } else {
            "此处按数值计分，只写 bands"
        };
        sheet.fault(
            if sheet.has("map") { "map" } else { "bands" },
            "计分方式不对",
            right,
        );
    }
    if sheet.has("map") {
        Scoring::Map(read_map(sheet, source))
    } else {
        Scoring::Bands(read_bands(sheet))
    }
}

pub(super) fn read_bands(sheet: &Sheet<'_>) -> Vec<Band> {
    let mut bands: Vec<Band> = Vec::new();
    for row in sheet.sheets("bands") {
        let limit = 1_000_000_000_000_000;
        let band = Band {
            min: row.whole("min", -limit..=limit),
            points: row.small("points", -1_000_000..=1_000_000),
        };
        if bands.last().is_some_and(|before| before.min >= band.min) {
            row.fault("min", "bands 的 min 没有逐档增大", "由小到大写");
        }
        row.finish();
        bands.push(band);
    }
    bands
}

pub(super) fn read_map(sheet: &Sheet<'_>, source: &Source) -> Vec<MapEntry> {
    let Some(map) = sheet.maybe_sheet("map") else {
        return Vec::new();
    };
    let mut entries = Vec::new();
    for (code, value, place) in map.free() {
        let points = if let Free::Whole(points) = value {
            i32::try_from(points).ok()
        } else {
            None
        };
        let Some(points) = points.filter(|points| (-1_000_000..=1_000_000).contains(points)) else {
            sheet.fault(
                "map",
                format!("map 中 {code} 的分值不对"),
                "应为整数，在-1000000至1000000之间",
            );
            continue;
        };
        match source {
            Source::Records(records) => map.refer_at(place, Kind::ItemCode(records.items.clone()), &code),
            Source::Attribute(Attribute::Kind) => {
                map.refer_at(place, Kind::Code("subject-kind".to_owned()), &code);
            }
            Source::Attribute(Attribute::Status) => {
                map.refer_at(place, Kind::Code("registration-status".to_owned()), &code);
            }
            Source::Attribute(_) => {}
        }
        entries.push(MapEntry {
            code,
            title: String::new(),
            points,
        });
    }
    entries
}

pub(super) fn read_direct(sheet: &Sheet<'_>) -> Direct {
    let (model, code) = inner_code(sheet);
    let (indicator, min) = sheet.maybe_sheet("when").map_or_else(
        || {
            sheet.fault("when", "缺少 when", "写成 when = { indicator = \"…\", min = 1 }");
            (String::new(), 0)
        },
        |when| {
            let limit = 1_000_000_000_000_000;
            let indicator = when.text("indicator");
            when.refer("indicator", Kind::Indicator, &format!("{model}/{indicator}"));
            let min = when.whole("min", -limit..=limit);
            when.finish();
            (indicator, min)
        },
    );
    let not_better_than = sheet.text("not_better_than");
    sheet.refer(
        "not_better_than",
        Kind::Class,
        &format!("{model}/{not_better_than}"),
    );
    Direct {
        code,
        title: sheet.text("title"),
        indicator,
        min,
        not_better_than,
        sentence: read_sentence(sheet),
        basis: Basis::default(),
    }
}
