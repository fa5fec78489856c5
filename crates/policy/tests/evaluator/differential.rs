//! The fast evaluator against the slow one, on random models and records.

use crate::reference;
use crate::support::{CODES, ITEMS, bands, direct, indicator, map, model, records_of, symbols};
use crate::values::counting;
use policy::{
    Aggregate, Attribute, Basis, Condition, DecayStep, Direct, EntityFacts, Factor, FactorSource, FactorUnit,
    Fate, Indicator, Model, OPEN, RecordFact, Records, Relation, Scoring, Scratch, Source, Verdict, compile,
    resolve,
};
use proptest::prelude::*;

pub const AS_OF: i32 = 1_000;

fn a_scoring() -> impl Strategy<Value = Scoring> {
    proptest::collection::btree_map(-3_i64..1_200, -40_i32..60, 0..4)
        .prop_map(|pairs| bands(&pairs.into_iter().collect::<Vec<_>>()))
}

fn a_map() -> impl Strategy<Value = Scoring> {
    proptest::collection::btree_map(0..CODES.len(), -20_i32..60, 0..5).prop_map(|pairs| {
        let pairs: Vec<(&str, i32)> = pairs
            .into_iter()
            .map(|(at, points)| (CODES[at], points))
            .collect();
        map(&pairs)
    })
}

fn an_aggregate() -> impl Strategy<Value = Aggregate> {
    let steps = proptest::collection::btree_map(1_i32..600, 0_i32..1_500, 0..4).prop_map(|steps| {
        Aggregate::Decayed(
            steps
                .into_iter()
                .map(|(days, permille)| DecayStep { days, permille })
                .collect(),
        )
    });
    prop_oneof![
        Just(Aggregate::Count),
        Just(Aggregate::Sum),
        Just(Aggregate::MaxLevel),
        Just(Aggregate::LastLevel),
        Just(Aggregate::LastCode),
        Just(Aggregate::DaysSinceLast),
        Just(Aggregate::DaysToEnd),
        steps,
    ]
}

fn a_condition() -> impl Strategy<Value = Condition> {
    let codes = prop_oneof![3 => Just(vec![]), 1 => Just(vec!["fine".to_owned(), "1".to_owned()])];
    let level = prop_oneof![2 => Just(None), 1 => (0_i32..4).prop_map(Some)];
    let amount = prop_oneof![2 => Just(None), 1 => (0_i64..500).prop_map(Some)];
    (codes, level, amount, any::<bool>()).prop_map(|(codes, level_min, amount_min, open)| Condition {
        codes,
        level_min,
        amount_min,
        open,
    })
}

fn a_source() -> impl Strategy<Value = Source> {
    let items = proptest::collection::vec(0..ITEMS.len(), 1..3);
    let window = prop_oneof![1 => Just(None), 2 => (1_i32..500).prop_map(Some)];
    let records = (items, a_condition(), an_aggregate(), window).prop_map(
        |(items, condition, aggregate, within_days)| {
            let items = items.into_iter().map(|at| ITEMS[at].0.to_owned()).collect();
            Source::Records(Records {
                items,
                condition,
                aggregate,
                within_days,
            })
        },
    );
    let attribute = prop_oneof![
        Just(Attribute::EstablishedOn),
        Just(Attribute::CapitalFen),
        Just(Attribute::Kind),
        Just(Attribute::Industry),
    ];
    prop_oneof![4 => records, 1 => attribute.prop_map(Source::Attribute)]
}

fn an_indicator() -> impl Strategy<Value = Indicator> {
    (a_source(), a_scoring(), a_map(), -20_i32..20, any::<bool>()).prop_map(
        |(source, banded, mapped, absent, second)| {
            let coded = match &source {
                Source::Attribute(attribute) => attribute.is_code(),
                Source::Records(records) => records.aggregate == Aggregate::LastCode,
            };
            let mut made = indicator("?", source, if coded { mapped } else { banded });
            made.absent = absent;
            if second {
                "h".clone_into(&mut made.group);
            }
            made
        },
    )
}

fn a_factor() -> impl Strategy<Value = Factor> {
    let attribute = prop_oneof![
        Just(Attribute::EstablishedOn),
        Just(Attribute::CapitalFen),
        Just(Attribute::Industry),
        Just(Attribute::Kind),
    ];
    let source = prop_oneof![
        attribute.prop_map(FactorSource::Attribute),
        (0_usize..8).prop_map(|at| FactorSource::Indicator(at.to_string())),
    ];
    let bands = proptest::collection::btree_map(-3_i64..1_200, -60_i32..1_700, 0..4);
    let map = proptest::collection::btree_map(0..CODES.len(), -60_i32..1_700, 0..5);
    (source, bands, map, any::<bool>(), -100_i32..1_300).prop_map(
        |(source, banded, mapped, share, absent)| {
            let coded = matches!(&source, FactorSource::Attribute(attribute) if attribute.is_code());
            let mapped: Vec<(&str, i32)> = mapped
                .into_iter()
                .map(|(at, number)| (CODES[at], number))
                .collect();
            Factor {
                code: "?".to_owned(),
                title: String::new(),
                source,
                unit: if share {
                    FactorUnit::Permille
                } else {
                    FactorUnit::Points
                },
                scoring: if coded { map_of(&mapped) } else { bands_of(banded) },
                absent,
                sentence: "{value}×{factor}={points}".to_owned(),
                why: String::new(),
                basis: Basis::default(),
            }
        },
    )
}

fn map_of(pairs: &[(&str, i32)]) -> Scoring {
    map(pairs)
}

fn bands_of(pairs: std::collections::BTreeMap<i64, i32>) -> Scoring {
    bands(&pairs.into_iter().collect::<Vec<_>>())
}

pub fn a_model() -> impl Strategy<Value = Model> {
    let factors = proptest::collection::vec(a_factor(), 0..3);
    (a_plain_model(), factors).prop_map(|(mut model, factors)| {
        model.factors = factors;
        let count = model.indicators.len();
        for (number, factor) in model.factors.iter_mut().enumerate() {
            factor.code = format!("f{number}");
            if let FactorSource::Indicator(at) = &mut factor.source {
                let chosen: usize = at.parse().unwrap();
                *at = format!("i{}", chosen % count);
            }
        }
        model
    })
}

fn a_plain_model() -> impl Strategy<Value = Model> {
    let rules = proptest::collection::vec((any::<prop::sample::Index>(), -2_i64..5, 0_usize..4), 0..3);
    (proptest::collection::vec(an_indicator(), 1..8), rules).prop_map(|(mut indicators, rules)| {
        for (number, indicator) in indicators.iter_mut().enumerate() {
            indicator.code = format!("i{number}");
        }
        let direct: Vec<Direct> = rules
            .into_iter()
            .map(|(at, min, class)| {
                direct(
                    &indicators[at.index(indicators.len())].code,
                    min,
                    ["A", "B", "C", "D"][class],
                )
            })
            .collect();
        model(indicators, direct)
    })
}

fn a_record() -> impl Strategy<Value = RecordFact> {
    let relation = prop_oneof![
        5 => Just(Relation::None),
        2 => Just(Relation::Corrects),
        2 => Just(Relation::Withdraws),
        2 => Just(Relation::Ends),
    ];
    let ends_on = prop_oneof![2 => Just(OPEN), 3 => 500_i32..1_400];
    (
        relation,
        0_i64..12,
        0_u16..6,
        500_i32..1_050,
        ends_on,
        0_i64..600,
        0_i32..5,
        0_u32..8,
    )
        .prop_map(
            |(relation, names, item, on, ends_on, amount_fen, level, code)| RecordFact {
                record: 0,
                names,
                relation,
                item,
                on,
                ends_on,
                amount_fen,
                level,
                code,
            },
        )
}

/// Records numbered 1…n, then shuffled.
pub fn records() -> impl Strategy<Value = Vec<RecordFact>> {
    proptest::collection::vec(a_record(), 0..12)
        .prop_map(|mut records| {
            for (number, record) in (1..).zip(&mut records) {
                record.record = number;
            }
            records
        })
        .prop_shuffle()
}

pub fn an_entity() -> impl Strategy<Value = EntityFacts> {
    (
        proptest::option::of(0_i32..1_100),
        proptest::option::of(0_i64..2_000),
        0_u32..8,
        0_u32..8,
    )
        .prop_map(|(established_on, capital_fen, kind, industry)| EntityFacts {
            established_on,
            capital_fen,
            kind,
            industry,
            ..EntityFacts::default()
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_verdict_is_that_of_the_reference(model in a_model(), entity in an_entity(), records in records()) {
        let symbols = symbols();
        let compiled = compile(&model, &symbols).unwrap();
        let mut scratch = Scratch::new();
        let verdict = compiled.evaluate(&entity, &records, AS_OF, &mut scratch);
        let found = reference::find(&model, &symbols, &entity, &records, AS_OF);
        let groups = verdict.group_points.iter().take(model.groups.len()).copied().collect::<Vec<_>>();
        prop_assert_eq!(
            (verdict.class, verdict.points, groups, verdict.floor),
            (found.class, found.points, found.groups, found.floor)
        );
    }

    #[test]
    fn the_order_of_records_and_a_used_scratch_change_nothing(
        model in a_model(), entity in an_entity(), records in records(), others in records(),
    ) {
        let compiled = compile(&model, &symbols()).unwrap();
        let fresh = compiled.evaluate(&entity, &records, AS_OF, &mut Scratch::new());
        let mut used = Scratch::new();
        compiled.evaluate(&EntityFacts::default(), &others, AS_OF - 20, &mut used);
        let mut sorted = records;
        sorted.sort_by_key(|record| std::cmp::Reverse(record.record));
        prop_assert_eq!(compiled.evaluate(&entity, &sorted, AS_OF, &mut used), fresh);
    }

    #[test]
    fn the_records_said_to_speak_are_those_counted(records in records()) {
        let fates = resolve(&records, AS_OF);
        prop_assert_eq!(fates.len(), records.len());
        for (code, item) in ["listing", "penalty", "removal"].into_iter().zip(2_u16..) {
            for only_open in [false, true] {
                let condition = Condition { open: only_open, ..Condition::default() };
                let source = Records { condition, ..records_of(&[code], Aggregate::Count) };
                let compiled = compile(&model(vec![counting(source)], vec![]), &symbols()).unwrap();
                let counted = compiled.evaluate(&EntityFacts::default(), &records, AS_OF, &mut Scratch::new()).points;
                let speak = records.iter().zip(&fates).filter(|(record, fate)| {
                    let ends_on = match fate { Fate::Speaks { ends_on, .. } => Some(*ends_on), _ => None };
                    record.item == item && ends_on.is_some_and(|day| !only_open || day > AS_OF)
                });
                prop_assert_eq!(counted as usize, speak.count(), "{}, only open: {}", code, only_open);
            }
        }
        // Whoever is named as the cause is seen on the day and not taken back itself; a correction is the later one.
        for (record, fate) in records.iter().zip(&fates) {
            let by = match fate {
                Fate::Speaks { ended_by, .. } => *ended_by,
                Fate::Corrected { by } | Fate::Withdrawn { by } => Some(*by),
                Fate::Silent => None,
            };
            let cause = records.iter().zip(&fates).find(|(other, _)| Some(other.record) == by);
            prop_assert_eq!(cause.is_some(), by.is_some());
            if let Some((cause, its_fate)) = cause {
                let withdrawn = matches!(its_fate, Fate::Withdrawn { .. });
                prop_assert!(cause.on <= AS_OF && !withdrawn, "{:?} by {:?}", record, cause);
                let corrected = matches!(fate, Fate::Corrected { .. });
                prop_assert!(!corrected || cause.record > record.record, "{:?} by {:?}", record, cause);
            }
        }
    }

    #[test]
    fn what_is_explained_is_what_is_evaluated(model in a_model(), entity in an_entity(), records in records()) {
        let compiled = compile(&model, &symbols()).unwrap();
        let mut scratch = Scratch::new();
        let told = compiled.explain(&entity, &records, AS_OF, &mut scratch);
        let Verdict { class, model: part, points, group_points, floor } = compiled.evaluate(&entity, &records, AS_OF, &mut scratch);
        prop_assert_eq!((told.class, told.points, part), (class, points, 0));
        let base: i64 = told.groups.iter().map(|group| i64::from(group.points)).sum();
        let moved: i64 = told.factors.iter().map(|factor| factor.points).sum();
        prop_assert_eq!(i64::from(told.points), (base + moved).max(0));
        for (at, group) in told.groups.iter().enumerate() {
            let raw: i64 = told.reasons.iter().filter(|reason| reason.group == group.code).map(|reason| i64::from(reason.points)).sum();
            prop_assert_eq!(group.raw, raw);
            prop_assert_eq!(group.points, group_points[at]);
            prop_assert_eq!(i64::from(group.points), raw.clamp(0, i64::from(group.cap)));
        }
        prop_assert_eq!(told.direct.iter().filter(|rule| rule.decides).count(), usize::from(floor.is_some()));
        for change in told.changes.iter().filter(|change| change.on.is_some()) {
            let day = policy::day_number(change.on.unwrap());
            let then = compiled.evaluate(&entity, &records, day, &mut scratch);
            prop_assert_eq!((then.class, then.points), (change.class, change.points));
            prop_assert!(then.class < class || then.points < points);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_day_before_the_first_change_is_better(model in a_model(), entity in an_entity(), records in records()) {
        let compiled = compile(&model, &symbols()).unwrap();
        let mut scratch = Scratch::new();
        let told = compiled.explain(&entity, &records, AS_OF, &mut scratch);
        let first = |better: &dyn Fn(&policy::Change) -> bool| {
            told.changes.iter().filter(|change| better(change)).filter_map(|change| change.on).map(policy::day_number).min()
        };
        let fewer = first(&|change| change.points < told.points).unwrap_or(AS_OF + 1_600);
        let better = first(&|change| change.class < told.class).unwrap_or(AS_OF + 1_600);
        for day in AS_OF + 1..fewer.max(better) {
            let then = compiled.evaluate(&entity, &records, day, &mut scratch);
            prop_assert!(day >= fewer || then.points >= told.points, "points fall on {} already", day);
            prop_assert!(day >= better || then.class >= told.class, "class is better on {} already", day);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn without_new_records_the_verdict_holds_until_the_day_it_names(
        model in a_model(), entity in an_entity(), records in records(),
    ) {
        let compiled = compile(&model, &symbols()).unwrap();
        let mut scratch = Scratch::new();
        let (verdict, until) = compiled.evaluate_until(&entity, &records, AS_OF, &mut scratch);
        prop_assert_eq!(verdict, compiled.evaluate(&entity, &records, AS_OF, &mut scratch));
        prop_assert!(until > AS_OF);
        for day in AS_OF + 1..until.min(AS_OF + 1_600) {
            prop_assert_eq!(compiled.evaluate(&entity, &records, day, &mut scratch), verdict, "day {} of {}", day, until);
        }
    }
}

#[test]
fn the_reference_sees_differences() {
    let symbols = symbols();
    let model = model(
        vec![indicator(
            "n",
            Source::Records(crate::support::records_of(&["penalty"], Aggregate::Count)),
            bands(&[(1, 30)]),
        )],
        vec![],
    );
    let item = symbols.item("penalty");
    let none = reference::find(&model, &symbols, &EntityFacts::default(), &[], AS_OF);
    let one = reference::find(
        &model,
        &symbols,
        &EntityFacts::default(),
        &[crate::support::record(1, item, 900)],
        AS_OF,
    );
    assert_eq!((none.points, none.class), (0, 0));
    assert_eq!((one.points, one.class), (30, 1));
    let taken_back = [
        crate::support::record(1, item, 900),
        crate::support::naming(2, item, 950, Relation::Withdraws, 1),
    ];
    assert_eq!(
        reference::find(&model, &symbols, &EntityFacts::default(), &taken_back, AS_OF).points,
        0
    );
}
