//! Entities per second on one thread: 35 indicators, 10 records per entity. `cargo run --release -p policy --example
//! evaluate_bench`.
#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a program for people, not part of the product"
)]

use std::hint::black_box;
use std::time::Instant;

use kernel::Day;
use policy::{
    Aggregate, Attribute, Band, Basis, Class, Condition, DecayStep, EntityFacts, Group, Indicator, ItemMode,
    ItemSymbol, MapEntry, Model, OPEN, RecordFact, Records, Relation, Scoring, Scratch, Source, Symbols,
    compile,
};

const ITEMS: u16 = 24;
const ENTITIES: usize = 20_000;
const ROUNDS: usize = 25;
const AS_OF: i32 = 20_269;

/// A small repeatable generator (xorshift), so that runs can be compared.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    fn small(&mut self, limit: u64) -> i32 {
        i32::try_from(self.below(limit)).unwrap_or(0)
    }
}

fn item(number: u16) -> String {
    format!("item-{number:02}")
}

fn indicator(number: u16) -> Indicator {
    let aggregate = match number % 6 {
        0 | 1 => Aggregate::Count,
        2 => Aggregate::Sum,
        3 => Aggregate::MaxLevel,
        4 => Aggregate::DaysSinceLast,
        _ => Aggregate::Decayed(vec![
            DecayStep {
                days: 365,
                permille: 1000,
            },
            DecayStep {
                days: 1095,
                permille: 400,
            },
        ]),
    };
    let condition = Condition {
        codes: if number.is_multiple_of(4) {
            vec!["c1".into(), "c2".into()]
        } else {
            vec![]
        },
        level_min: number.is_multiple_of(5).then_some(2),
        amount_min: None,
        open: number.is_multiple_of(7),
    };
    let records = Records {
        items: vec![item(number % ITEMS)],
        condition,
        aggregate,
        within_days: Some(365 + i32::from(number) * 20),
    };
    let (source, scoring) = match number {
        0 => (Source::Attribute(Attribute::EstablishedOn), None),
        1 => (Source::Attribute(Attribute::CapitalFen), None),
        2 => (
            Source::Attribute(Attribute::Industry),
            Some(vec![("c1", 10), ("c2", 20)]),
        ),
        _ => (Source::Records(records), None),
    };
    let band = |min, points| Band { min, points };
    let mapped = |pairs: Vec<(&str, i32)>| {
        let entry = |(code, points): (&str, i32)| MapEntry {
            code: code.into(),
            title: String::new(),
            points,
        };
        Scoring::Map(pairs.into_iter().map(entry).collect())
    };
    Indicator {
        code: format!("i{number}"),
        title: String::new(),
        group: format!("g{}", number % 5),
        source,
        scoring: scoring.map_or_else(
            || Scoring::Bands(vec![band(1, 10), band(3, 30), band(1000, 50)]),
            mapped,
        ),
        absent: 0,
        sentence: String::new(),
        why: String::new(),
        basis: Basis::default(),
    }
}

fn main() {
    let items = (0..ITEMS).map(|number| ItemSymbol {
        code: item(number),
        title: String::new(),
        mode: if number.is_multiple_of(8) {
            ItemMode::State
        } else {
            ItemMode::Fact
        },
        ends: None,
    });
    let symbols = Symbols::new(items, ["c1", "c2", "c3", "c4"].map(str::to_owned));
    let class = |code: &str, below| Class {
        code: code.into(),
        title: String::new(),
        below,
    };
    let model = Model {
        code: "bench".into(),
        title: String::new(),
        from: Day::default(),
        basis: Basis::default(),
        classes: vec![
            class("A", Some(60)),
            class("B", Some(120)),
            class("C", Some(200)),
            class("D", None),
        ],
        groups: (0..5)
            .map(|group| Group {
                code: format!("g{group}"),
                title: String::new(),
                cap: 200,
            })
            .collect(),
        indicators: (0..35).map(indicator).collect(),
        direct: vec![],
        factors: vec![],
    };
    let compiled = compile(&model, &symbols).expect("the model is sound");
    for chained in [0, 1] {
        run(&compiled, chained);
    }
}

/// One in ten records names another when `chained` is 1.
fn run(compiled: &policy::Compiled, chained: u64) {
    let mut dice = Dice(88_172_645_463_325_252);
    let mut number = 0_i64;
    let mut entities = Vec::with_capacity(ENTITIES);
    for _ in 0..ENTITIES {
        let first = number + 1;
        let records: Vec<RecordFact> = (0..10)
            .map(|nth| {
                number += 1;
                let names = nth > 0 && chained == 1 && dice.below(10) == 0;
                RecordFact {
                    record: number,
                    names: if names { first } else { 0 },
                    relation: if names { Relation::Corrects } else { Relation::None },
                    item: 1 + u16::try_from(dice.below(u64::from(ITEMS))).unwrap_or(0),
                    on: AS_OF - dice.small(1500),
                    ends_on: if dice.below(3) == 0 {
                        OPEN
                    } else {
                        AS_OF - 300 + dice.small(900)
                    },
                    amount_fen: i64::from(dice.small(1_000_000)),
                    level: dice.small(5),
                    code: u32::try_from(dice.below(5)).unwrap_or(0),
                }
            })
            .collect();
        let entity = EntityFacts {
            established_on: Some(AS_OF - dice.small(9000)),
            capital_fen: Some(i64::from(dice.small(100_000_000))),
            industry: u32::try_from(dice.below(5)).unwrap_or(0),
            ..EntityFacts::default()
        };
        entities.push((entity, records));
    }
    let mut scratch = Scratch::new();
    let mut classes = [0_usize; 4];
    let start = Instant::now();
    for _ in 0..ROUNDS {
        for (entity, records) in &entities {
            let verdict = compiled.evaluate(black_box(entity), black_box(records), AS_OF, &mut scratch);
            if let Some(count) = classes.get_mut(usize::from(verdict.class)) {
                *count += 1;
            }
        }
    }
    let micros = start.elapsed().as_micros().max(1);
    let done = u128::try_from(ENTITIES * ROUNDS).unwrap_or(0);
    println!(
        "chained records: {chained}  entities/s: {}  ns/entity: {}  classes: {classes:?}",
        done * 1_000_000 / micros,
        micros * 1000 / done.max(1)
    );
}
