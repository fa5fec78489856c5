//! Small models and records for the tests of the evaluator.

use kernel::Day;
use policy::{
    Aggregate, Band, Basis, Class, Condition, Direct, Group, Indicator, ItemMode, ItemSymbol, MapEntry,
    Model, OPEN, RecordFact, Records, Relation, Scoring, Source, Symbols,
};

pub const ITEMS: &[(&str, ItemMode, Option<&str>)] = &[
    ("flag", ItemMode::State, None),
    ("listing", ItemMode::Fact, None),
    ("penalty", ItemMode::Fact, None),
    ("removal", ItemMode::End, Some("listing")),
];

pub const CODES: &[&str] = &["F", "F52", "G", "fine", "warning", "1", "2"];

pub fn symbols() -> Symbols {
    let items = ITEMS.iter().map(|(code, mode, ends)| ItemSymbol {
        code: (*code).to_owned(),
        title: format!("〔{code}〕"),
        mode: *mode,
        ends: ends.map(str::to_owned),
    });
    Symbols::new(items, CODES.iter().map(|code| (*code).to_owned()))
}

pub fn records_of(items: &[&str], aggregate: Aggregate) -> Records {
    Records {
        items: items.iter().map(|item| (*item).to_owned()).collect(),
        condition: Condition::default(),
        aggregate,
        within_days: None,
    }
}

pub fn bands(pairs: &[(i64, i32)]) -> Scoring {
    Scoring::Bands(
        pairs
            .iter()
            .map(|(min, points)| Band {
                min: *min,
                points: *points,
            })
            .collect(),
    )
}

pub fn map(pairs: &[(&str, i32)]) -> Scoring {
    let entry = |(code, points): &(&str, i32)| MapEntry {
        code: (*code).to_owned(),
        title: String::new(),
        points: *points,
    };
    Scoring::Map(pairs.iter().map(entry).collect())
}

pub fn indicator(code: &str, source: Source, scoring: Scoring) -> Indicator {
    Indicator {
        code: code.to_owned(),
        title: code.to_owned(),
        group: "g".to_owned(),
        source,
        scoring,
        absent: 0,
        sentence: "值{value}计{points}分".to_owned(),
        why: String::new(),
        basis: Basis::default(),
    }
}

pub fn model(indicators: Vec<Indicator>, direct: Vec<Direct>) -> Model {
    let class = |code: &str, below| Class {
        code: code.to_owned(),
        title: code.to_owned(),
        below,
    };
    Model {
        code: "m".to_owned(),
        title: "模型".to_owned(),
        from: Day::from_ymd_opt(2022, 1, 1).unwrap(),
        basis: Basis::default(),
        classes: vec![
            class("A", Some(20)),
            class("B", Some(50)),
            class("C", Some(90)),
            class("D", None),
        ],
        groups: vec![
            Group {
                code: "g".to_owned(),
                title: "组".to_owned(),
                cap: 100,
            },
            Group {
                code: "h".to_owned(),
                title: "另组".to_owned(),
                cap: 60,
            },
        ],
        indicators,
        direct,
        factors: Vec::new(),
    }
}

pub fn direct(indicator: &str, min: i64, class: &str) -> Direct {
    Direct {
        code: format!("{indicator}-{class}"),
        title: String::new(),
        indicator: indicator.to_owned(),
        min,
        not_better_than: class.to_owned(),
        sentence: "直接判定{value}".to_owned(),
        basis: Basis::default(),
    }
}

/// A record of an item on a day, open, with nothing else.
pub fn record(number: i64, item: u16, on: i32) -> RecordFact {
    RecordFact {
        record: number,
        names: 0,
        relation: Relation::None,
        item,
        on,
        ends_on: OPEN,
        amount_fen: 0,
        level: 0,
        code: 0,
    }
}

pub fn naming(number: i64, item: u16, on: i32, relation: Relation, names: i64) -> RecordFact {
    RecordFact {
        names,
        relation,
        ..record(number, item, on)
    }
}
