//! Random line-ups over the models of a random world: factors, professional models with gates and fallbacks, regimes.

use policy::{
    Attribute, Band, Basis, Combine, Factor, FactorSource, FactorUnit, Gate, LineUp, MapEntry, Model, Regime,
    Scoring, Special,
};
use proptest::prelude::*;

use crate::common::{ITEMS, World};

fn texts(of: &[&str]) -> BoxedStrategy<Vec<String>> {
    let all: Vec<String> = of.iter().map(|text| (*text).to_owned()).collect();
    prop_oneof![2 => Just(Vec::new()), 1 => prop::sample::subsequence(all, 1..=2)].boxed()
}

fn gate(with_item: bool) -> impl Strategy<Value = Gate> {
    let item = if with_item {
        prop::option::of(prop::sample::select(ITEMS.map(str::to_owned).to_vec())).boxed()
    } else {
        Just(None).boxed()
    };
    let attributes = (
        texts(&["F", "F52", "4"]),
        texts(&["a", "b"]),
        texts(&["b", "c"]),
        texts(&["44", "4405"]),
    );
    (attributes, item, texts(&["a", "b", "c"]), any::<bool>()).prop_map(
        |((industries, kinds, statuses, divisions), item, codes, open)| Gate {
            industries,
            kinds,
            statuses,
            divisions,
            item,
            codes,
            open,
        },
    )
}

fn bands() -> impl Strategy<Value = Scoring> {
    prop::array::uniform2(400..1_700_i32).prop_map(|points| {
        let bands = [0_i64, 120].iter().zip(points);
        Scoring::Bands(bands.map(|(min, points)| Band { min: *min, points }).collect())
    })
}

fn map() -> impl Strategy<Value = Scoring> {
    prop::array::uniform3(400..1_700_i32).prop_map(|points| {
        let entries = ["F", "F52", "44"].iter().zip(points);
        let entry = |(code, points): (&&str, i32)| MapEntry {
            code: (*code).to_owned(),
            title: String::new(),
            points,
        };
        Scoring::Map(entries.map(entry).collect())
    })
}

fn factor() -> impl Strategy<Value = Factor> {
    let looked_at = prop_oneof![
        map().prop_map(|scoring| (FactorSource::Attribute(Attribute::Industry), scoring)),
        map().prop_map(|scoring| (FactorSource::Attribute(Attribute::Division), scoring)),
        bands().prop_map(|scoring| (FactorSource::Attribute(Attribute::CapitalFen), scoring)),
        (0..7_usize, bands())
            .prop_map(|(number, scoring)| (FactorSource::Indicator(format!("i{number}")), scoring)),
    ];
    (looked_at, any::<bool>(), -30..1_300_i32).prop_map(|((source, scoring), permille, absent)| Factor {
        code: String::new(),
        title: String::new(),
        source,
        unit: if permille {
            FactorUnit::Permille
        } else {
            FactorUnit::Points
        },
        scoring,
        absent,
        sentence: String::new(),
        why: String::new(),
        basis: Basis::default(),
    })
}

fn with_factors(model: Model) -> impl Strategy<Value = Model> {
    prop::collection::vec(factor(), 0..3).prop_map(move |factors| {
        let named = factors.into_iter().enumerate();
        let factors = named.map(|(number, factor)| Factor {
            code: format!("f{number}"),
            ..factor
        });
        Model {
            factors: factors.collect(),
            ..model.clone()
        }
    })
}

fn special(models: Vec<Model>) -> impl Strategy<Value = Special> {
    let needs = prop_oneof![
        Just(Vec::new()),
        prop::sample::subsequence(ITEMS.map(str::to_owned).to_vec(), 1..3)
    ];
    let gates = prop::collection::vec(gate(true), 0..3);
    (
        prop::sample::select(models),
        gates,
        needs,
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(model, applies, needs, replaces, falls)| Special {
            model,
            applies,
            needs,
            combine: if replaces {
                Combine::Replaces
            } else {
                Combine::Worse
            },
            // Which one is said once all are there.
            falls_back_to: falls.then(String::new),
            origin: String::new(),
        })
}

fn regime(models: Vec<Model>) -> impl Strategy<Value = Regime> {
    let gates = prop::collection::vec(gate(false), 0..2);
    (prop::option::of(prop::sample::select(models)), gates).prop_map(|(model, applies)| Regime {
        code: String::new(),
        title: String::new(),
        applies,
        model,
        reason: String::new(),
        basis: Basis::default(),
    })
}

/// A world and two line-ups of its models.
pub fn lineups(world: World) -> impl Strategy<Value = (World, Vec<LineUp>)> {
    let one = |general: Model| {
        let models = world.models.clone();
        let beside = (
            prop::collection::vec(special(models.clone()), 0..4),
            prop::collection::vec(regime(models), 0..3),
        );
        (with_factors(general), beside).prop_map(|(general, (mut special, regimes))| {
            for (number, one) in special.iter_mut().enumerate() {
                one.model.code = format!("s{number}");
                let earlier = number
                    .checked_sub(1)
                    .map_or(general.code.clone(), |n| format!("s{n}"));
                one.falls_back_to = one.falls_back_to.take().map(|_| earlier);
            }
            LineUp {
                general,
                special,
                regimes,
            }
        })
    };
    let all: Vec<_> = world.models.clone().into_iter().map(one).collect();
    all.prop_map(move |lineups| (world.clone(), lineups))
}
