//! Random worlds: models, entities, and records that correct, withdraw and end one another across segments.
#![expect(clippy::unwrap_used, reason = "tests say what they expect by failing")]

use lake::{EntityRow, Grain, Row};
use policy::{
    Aggregate, Attribute, Band, Basis, Class, Condition, DecayStep, Direct, EntityFacts, Group, Indicator,
    ItemMode, ItemSymbol, MapEntry, Model, OPEN, RecordFact, Records, Relation, Scoring, Source, Symbols,
};
use proptest::prelude::*;

/// Sizes so small that a few hundred rows make many runs, row groups, pages and batches.
pub const GRAIN: Grain = Grain {
    chunk_rows: 37,
    group_rows: 23,
    page_rows: 5,
    batch_rows: 7,
};

pub const ITEMS: [&str; 5] = ["penalty", "listing", "removal", "address", "report"];
pub const CODES: [&str; 9] = ["a", "b", "c", "F", "F52", "F5212", "44", "4405", "440511"];

#[derive(Debug, Clone)]
pub struct World {
    pub symbols: Symbols,
    pub models: Vec<Model>,
    pub entities: Vec<EntityRow>,
    pub rows: Vec<Row>,
    pub cuts: Vec<i64>,
    pub last: i64,
    pub as_of: i32,
}

fn items() -> Vec<ItemSymbol> {
    let mode = |code: &str| match code {
        "address" => ItemMode::State,
        "removal" => ItemMode::End,
        _ => ItemMode::Fact,
    };
    let ends = |code: &str| (code == "removal").then(|| "listing".to_owned());
    ITEMS
        .iter()
        .map(|c| ItemSymbol {
            code: (*c).into(),
            title: (*c).into(),
            mode: mode(c),
            ends: ends(c),
        })
        .collect()
}

pub fn symbols() -> Symbols {
    Symbols::new(items(), CODES.map(str::to_owned))
}

/// The same catalogue and codes with more of both, so that every number changes.
pub fn widened() -> Symbols {
    let added = ["aaa", "listing-of-old"].map(|code| ItemSymbol {
        code: code.into(),
        title: code.into(),
        mode: ItemMode::Fact,
        ends: None,
    });
    let codes = CODES.iter().copied().chain(["0", "aa", "bb"]).map(str::to_owned);
    Symbols::new(items().into_iter().chain(added), codes)
}

/// The same world in another numbering.
pub fn renumbered(world: &World, symbols: Symbols) -> World {
    let old = &world.symbols;
    let code = |number: u32| old.code_of(number).map_or(0, |text| symbols.code(text));
    let item = |number: u16| old.item_of(number).map_or(0, |item| symbols.item(&item.code));
    let mut next = world.clone();
    for row in &mut next.rows {
        row.fact.item = item(row.fact.item);
        row.fact.code = code(row.fact.code);
    }
    for EntityRow { facts, .. } in &mut next.entities {
        facts.kind = code(facts.kind);
        facts.status = code(facts.status);
        facts.industry = code(facts.industry);
        facts.division = code(facts.division);
    }
    World { symbols, ..next }
}

fn aggregate() -> impl Strategy<Value = Aggregate> {
    let steps = vec![
        DecayStep {
            days: 50,
            permille: 1000,
        },
        DecayStep {
            days: 120,
            permille: 300,
        },
    ];
    prop_oneof![
        Just(Aggregate::Count),
        Just(Aggregate::Sum),
        Just(Aggregate::MaxLevel),
        Just(Aggregate::LastLevel),
        Just(Aggregate::LastCode),
        Just(Aggregate::DaysSinceLast),
        Just(Aggregate::DaysToEnd),
        Just(Aggregate::Decayed(steps)),
    ]
}

fn codes() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(prop::sample::select(CODES.to_vec()).prop_map(str::to_owned), 0..3)
}

fn records() -> impl Strategy<Value = Source> {
    let items = prop::sample::subsequence(ITEMS.map(str::to_owned).to_vec(), 1..3);
    let condition = (
        codes(),
        prop::option::of(0..4),
        prop::option::of(0_i64..500),
        any::<bool>(),
    );
    (items, condition, aggregate(), prop::option::of(1..300)).prop_map(
        |(items, condition, aggregate, within_days)| {
            let (codes, level_min, amount_min, open) = condition;
            let condition = Condition {
                codes,
                level_min,
                amount_min,
                open,
            };
            Source::Records(Records {
                items,
                condition,
                aggregate,
                within_days,
            })
        },
    )
}

fn source() -> impl Strategy<Value = Source> {
    use Attribute::{CapitalFen, Division, EstablishedOn, Industry, Kind, Status};
    let attributes = vec![CapitalFen, Division, EstablishedOn, Industry, Kind, Status];
    prop_oneof![4 => records(), 1 => prop::sample::select(attributes).prop_map(Source::Attribute)]
}

fn indicator(number: usize) -> impl Strategy<Value = Indicator> {
    (
        source(),
        prop::array::uniform3(-20..40_i32),
        0..3_usize,
        -5..5_i32,
    )
        .prop_map(move |(source, points, group, absent)| {
            let mapped = match &source {
                Source::Attribute(attribute) => attribute.is_code(),
                Source::Records(records) => records.aggregate == Aggregate::LastCode,
            };
            let scoring = if mapped {
                let entries = ["a", "F", "F52", "4405"].iter().zip(points.iter().cycle());
                Scoring::Map(
                    entries
                        .map(|(c, p)| MapEntry {
                            code: (*c).into(),
                            title: String::new(),
                            points: *p,
                        })
                        .collect(),
                )
            } else {
                let bands = [0, 2, 90].iter().zip(points);
                Scoring::Bands(bands.map(|(min, points)| Band { min: *min, points }).collect())
            };
            Indicator {
                code: format!("i{number}"),
                title: String::new(),
                group: format!("g{group}"),
                source,
                scoring,
                absent,
                sentence: String::new(),
                why: String::new(),
                basis: Basis::default(),
            }
        })
}

fn model(number: usize) -> impl Strategy<Value = Model> {
    let indicators: Vec<_> = (0..7).map(indicator).collect();
    let direct = prop::collection::vec((0..7_usize, -3..6_i64, 0..3_usize), 0..3);
    (indicators, direct, 5..60_i32).prop_map(move |(indicators, direct, cap)| {
        let class = |code: &str, below| Class {
            code: code.into(),
            title: String::new(),
            below,
        };
        let direct = direct
            .into_iter()
            .enumerate()
            .map(|(n, (indicator, min, class))| Direct {
                code: format!("d{n}"),
                title: String::new(),
                indicator: format!("i{indicator}"),
                min,
                not_better_than: ["A", "B", "C"].get(class).unwrap().to_string(),
                sentence: String::new(),
                basis: Basis::default(),
            });
        Model {
            code: format!("m{number}"),
            title: String::new(),
            from: policy::day_of_number(0).unwrap(),
            basis: Basis::default(),
            classes: vec![class("A", Some(10)), class("B", Some(30)), class("C", None)],
            groups: (0..3)
                .map(|g| Group {
                    code: format!("g{g}"),
                    title: String::new(),
                    cap,
                })
                .collect(),
            indicators,
            direct: direct.collect(),
            factors: Vec::new(),
        }
    })
}

/// A record before it has a position: entity, relation, distance to the one named, and its facts.
type Seed = ((i64, u8, usize), (u16, i32, Option<i32>), (i64, i32, u32));

fn seed(entities: i64) -> impl Strategy<Value = Seed> {
    let head = (0..entities, 0..10_u8, 0..6_usize);
    (
        head,
        (0..=5_u16, 600..1_020, prop::option::of(0..400)),
        (0..1_000_i64, 0..6, 0..=9_u32),
    )
}

/// Gives seeds positions; a record that names another names one of the same entity, or sometimes none there is.
fn settle(seeds: &[Seed]) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for (position, seed) in (1_i64..).zip(seeds) {
        let ((entity, relation, back), (item, on, lasts), (amount_fen, level, code)) = *seed;
        let entity = entity * 2 + 10;
        let earlier = rows.iter().rev().filter(|row| row.entity == entity).nth(back / 2);
        let relation = match relation {
            0 => Relation::Corrects,
            1 => Relation::Withdraws,
            2 | 3 => Relation::Ends,
            _ => Relation::None,
        };
        let names = match (relation, earlier) {
            (Relation::None, _) => 0,
            (_, Some(row)) => row.fact.record,
            (_, None) => position - 1,
        };
        let ends_on = lasts.map_or(OPEN, |days| on + days);
        rows.push(Row {
            entity,
            fact: RecordFact {
                record: position,
                names,
                relation,
                item,
                on,
                ends_on,
                amount_fen,
                level,
                code,
            },
        });
    }
    rows
}

fn entity() -> impl Strategy<Value = EntityFacts> {
    let numbers = (prop::option::of(0..1_000), prop::option::of(0..500_i64));
    (numbers, prop::array::uniform4(0..=9_u32)).prop_map(|((established_on, capital_fen), codes)| {
        let [kind, status, industry, division] = codes;
        EntityFacts {
            established_on,
            capital_fen,
            kind,
            status,
            industry,
            division,
        }
    })
}

prop_compose! {
    /// A world of up to 40 entities and 400 records. Some entities have no records, some records no entity.
    pub fn world()(entities in 1_i64..40)(
        seeds in prop::collection::vec(seed(entities + 2), 1..400),
        facts in prop::collection::vec(entity(), usize::try_from(entities).unwrap()),
        models in (model(0), model(1)),
        cuts in prop::collection::btree_set(1_i64..400, 0..6),
    ) -> World {
        let rows = settle(&seeds);
        let last = i64::try_from(rows.len()).unwrap();
        let entities = (0_i64..).zip(facts).map(|(n, facts)| EntityRow { entity: n * 2 + 10, facts }).collect();
        let cuts = cuts.into_iter().filter(|cut| *cut < last).collect();
        World { symbols: symbols(), models: vec![models.0, models.1], entities, rows, cuts, last, as_of: 1_000 }
    }
}
