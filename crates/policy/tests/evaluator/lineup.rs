//! Several models as one: who is outside, which models speak, whose class stands; against a slow reading of the same.

use policy::{
    Aggregate, Basis, Combine, EntityFacts, Gate, LineUp, Model, RecordFact, Regime, Scratch, Source,
    Special, Symbols, UNCLASSED, compile_lineup,
};
use proptest::prelude::*;

use crate::differential::{AS_OF, a_model, an_entity, records};
use crate::reference;
use crate::support::{CODES, ITEMS, bands, indicator, model, record, records_of, symbols};

/// What the slow reading finds: class (`None` = not classified), points, and the model that gave them.
fn find(
    lineup: &LineUp,
    symbols: &Symbols,
    entity: &EntityFacts,
    records: &[RecordFact],
) -> (Option<u8>, i32, String) {
    let standing = reference::standing(records, AS_OF, symbols);
    let text = |code: u32| symbols.code_of(code).unwrap_or("").to_owned();
    let starts = |prefixes: &[String], code: u32| {
        prefixes.is_empty() || (code != 0 && prefixes.iter().any(|prefix| text(code).starts_with(prefix)))
    };
    let holds = |gate: &Gate| {
        let held = gate.item.as_ref().is_none_or(|item| {
            standing.iter().any(|record| {
                symbols.item(item) == record.item
                    && (gate.codes.is_empty()
                        || gate.codes.iter().any(|code| symbols.code(code) == record.code))
                    && (!gate.open || record.ends_on > AS_OF)
            })
        });
        held && starts(&gate.industries, entity.industry)
            && starts(&gate.kinds, entity.kind)
            && starts(&gate.statuses, entity.status)
            && starts(&gate.divisions, entity.division)
    };
    let of = |model: &Model| {
        let found = reference::find(model, symbols, entity, records, AS_OF);
        (Some(found.class), found.points, model.code.clone())
    };
    if let Some(regime) = lineup
        .regimes
        .iter()
        .find(|regime| regime.applies.iter().any(holds))
    {
        return regime.model.as_ref().map_or((None, 0, regime.code.clone()), of);
    }
    let asked: Vec<&Special> = lineup
        .special
        .iter()
        .filter(|special| special.applies.iter().any(holds))
        .filter(|special| {
            let needed = |item: &String| standing.iter().any(|record| record.item == symbols.item(item));
            special.needs.is_empty() || special.needs.iter().any(needed)
        })
        .collect();
    let mut silent: Vec<&str> = Vec::new();
    for special in &asked {
        let mut next = special.falls_back_to.as_deref();
        while let Some(below) = next {
            silent.push(below);
            let other = lineup.special.iter().find(|other| other.model.code == below);
            next = other.and_then(|other| other.falls_back_to.as_deref());
        }
    }
    let speaking = |combine: Combine| {
        let asked = asked
            .iter()
            .filter(|special| !silent.contains(&special.model.code.as_str()));
        asked
            .filter(move |special| special.combine == combine)
            .map(|special| of(&special.model))
    };
    let worse = |one: (Option<u8>, i32, String), other: (Option<u8>, i32, String)| {
        if other.0 > one.0 { other } else { one }
    };
    let base = speaking(Combine::Replaces)
        .reduce(worse)
        .unwrap_or_else(|| of(&lineup.general));
    speaking(Combine::Worse).fold(base, worse)
}

fn a_gate(records: bool) -> impl Strategy<Value = Gate> {
    let codes = || prop_oneof![2 => Just(vec![]), 1 => proptest::collection::vec(0..CODES.len(), 1..3)];
    let item = prop_oneof![1 => Just(None), 1 => (0..ITEMS.len()).prop_map(Some)];
    (codes(), codes(), item, codes(), any::<bool>()).prop_map(
        move |(industries, kinds, item, codes, open)| {
            let texts = |places: Vec<usize>| places.into_iter().map(|at| CODES[at].to_owned()).collect();
            let item = item.filter(|_| records);
            Gate {
                industries: texts(industries),
                kinds: texts(kinds),
                codes: if item.is_some() { texts(codes) } else { Vec::new() },
                open: open && item.is_some(),
                item: item.map(|at| ITEMS[at].0.to_owned()),
                ..Gate::default()
            }
        },
    )
}

fn a_lineup() -> impl Strategy<Value = LineUp> {
    let need = proptest::collection::vec((0..ITEMS.len()).prop_map(|at| ITEMS[at].0.to_owned()), 0..2);
    let special = (
        a_model(),
        proptest::collection::vec(a_gate(true), 1..3),
        need,
        any::<bool>(),
        0_usize..8,
    );
    let regime = (
        proptest::collection::vec(a_gate(false), 1..2),
        proptest::option::of(a_model()),
    );
    let parts = (
        a_model(),
        proptest::collection::vec(special, 0..4),
        proptest::collection::vec(regime, 0..2),
    );
    parts.prop_map(|(general, special, regimes)| {
        let count = special.len();
        let special =
            special
                .into_iter()
                .enumerate()
                .map(|(nth, (mut model, applies, needs, worse, below))| {
                    model.code = format!("s{nth}");
                    Special {
                        model,
                        applies,
                        needs,
                        combine: if worse { Combine::Worse } else { Combine::Replaces },
                        falls_back_to: (below > nth && below < count).then(|| format!("s{below}")),
                        origin: "base".to_owned(),
                    }
                });
        let regimes = regimes
            .into_iter()
            .enumerate()
            .map(|(nth, (applies, model))| Regime {
                code: format!("r{nth}"),
                title: String::new(),
                applies,
                model: model.map(|mut model| {
                    model.code = format!("own{nth}");
                    model
                }),
                reason: "另行监管".to_owned(),
                basis: Basis::default(),
            });
        LineUp {
            general,
            special: special.collect(),
            regimes: regimes.collect(),
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_line_up_classes_as_the_slow_reading_does(lineup in a_lineup(), entity in an_entity(), records in records()) {
        let symbols = symbols();
        let compiled = compile_lineup(&lineup, &symbols).unwrap();
        let mut scratch = Scratch::new();
        let verdict = compiled.evaluate(&entity, &records, AS_OF, &mut scratch);
        let (class, points, code) = find(&lineup, &symbols, &entity, &records);
        prop_assert_eq!(verdict.class, class.unwrap_or(UNCLASSED));
        prop_assert_eq!((verdict.points, compiled.part(verdict.model).code), (points, code.as_str()));
    }

    #[test]
    fn the_line_up_explains_what_it_evaluates(lineup in a_lineup(), entity in an_entity(), records in records()) {
        let compiled = compile_lineup(&lineup, &symbols()).unwrap();
        let mut scratch = Scratch::new();
        let told = compiled.explain(&entity, &records, AS_OF, &mut scratch);
        let verdict = compiled.evaluate(&entity, &records, AS_OF, &mut scratch);
        prop_assert_eq!((told.class, told.points), (verdict.class, verdict.points));
        prop_assert_eq!(told.class_code.is_empty(), verdict.class == UNCLASSED);
        prop_assert_eq!(&told.model, compiled.part(verdict.model).code);
        if told.outside.is_none() && compiled.line_up() {
            prop_assert_eq!(told.models.iter().filter(|model| model.decides).count(), 1);
            let decider = told.models.iter().find(|model| model.decides).unwrap();
            prop_assert_eq!(decider.points, Some(told.points));
            prop_assert_eq!(decider.class_code.as_ref(), Some(&told.class_code));
        }
        let (again, until) = compiled.evaluate_until(&entity, &records, AS_OF, &mut scratch);
        prop_assert_eq!(again, verdict);
        for day in AS_OF + 1..until.min(AS_OF + 1_600) {
            prop_assert_eq!(compiled.evaluate(&entity, &records, day, &mut scratch), verdict, "on {}", day);
        }
        for change in told.changes.iter().filter(|change| change.on.is_some()) {
            let then = compiled.evaluate(&entity, &records, policy::day_number(change.on.unwrap()), &mut scratch);
            prop_assert_eq!((then.class, then.points), (change.class, change.points));
        }
    }
}

fn named(code: &str, item: &str, points: i32) -> Model {
    let counted = Source::Records(records_of(&[item], Aggregate::Count));
    let mut made = model(vec![indicator("n", counted, bands(&[(1, points)]))], vec![]);
    code.clone_into(&mut made.code);
    made
}

fn special(code: &str, points: i32, combine: Combine, below: Option<&str>) -> Special {
    Special {
        model: named(code, "penalty", points),
        applies: vec![Gate {
            industries: vec!["F".to_owned()],
            ..Gate::default()
        }],
        needs: vec!["penalty".to_owned()],
        combine,
        falls_back_to: below.map(str::to_owned),
        origin: "base".to_owned(),
    }
}

fn food() -> (EntityFacts, Vec<RecordFact>, Symbols) {
    let symbols = symbols();
    let entity = EntityFacts {
        industry: symbols.nearest("F5212"),
        ..EntityFacts::default()
    };
    let penalty = record(1, symbols.item("penalty"), AS_OF - 10);
    (entity, vec![penalty], symbols)
}

#[test]
fn the_more_special_model_speaks_and_without_data_the_general_one() {
    let (entity, records, symbols) = food();
    let lineup = LineUp {
        general: named("general", "penalty", 5),
        special: vec![
            special("local", 60, Combine::Replaces, Some("upper")),
            special("upper", 95, Combine::Replaces, Some("general")),
        ],
        regimes: vec![],
    };
    let compiled = compile_lineup(&lineup, &symbols).unwrap();
    let told = compiled.explain(&entity, &records, AS_OF, &mut Scratch::new());
    assert_eq!(
        (told.model.as_str(), told.class_code.as_str(), told.points),
        ("local", "C", 60)
    );
    let said: Vec<(&str, bool)> = told
        .models
        .iter()
        .map(|model| (model.model.as_str(), model.decides))
        .collect();
    assert_eq!(said, [("general", false), ("local", true), ("upper", false)]);
    let told = compiled.explain(&entity, &[], AS_OF, &mut Scratch::new());
    assert_eq!((told.model.as_str(), told.class_code.as_str()), ("general", "A"));
    assert!(
        told.models[1].sentence.contains("没有可供计算的记录"),
        "{}",
        told.models[1].sentence
    );
}

#[test]
fn of_two_results_the_worse_stands() {
    let (entity, records, symbols) = food();
    let class = |general: i32, own: i32| {
        let lineup = LineUp {
            special: vec![special("own", own, Combine::Worse, None)],
            ..LineUp::only(named("general", "penalty", general))
        };
        let compiled = compile_lineup(&lineup, &symbols).unwrap();
        let told = compiled.explain(&entity, &records, AS_OF, &mut Scratch::new());
        (told.model, told.class_code)
    };
    assert_eq!(class(5, 60), ("own".to_owned(), "C".to_owned()));
    assert_eq!(class(95, 60), ("general".to_owned(), "D".to_owned()));
}

#[test]
fn a_body_outside_is_not_classified_and_told_why() {
    let (entity, records, symbols) = food();
    let lineup = LineUp {
        regimes: vec![Regime {
            code: "individual".to_owned(),
            title: "个体工商户".to_owned(),
            applies: vec![Gate {
                industries: vec!["F52".to_owned()],
                ..Gate::default()
            }],
            model: None,
            reason: "继续按照原有监管要求".to_owned(),
            basis: Basis::default(),
        }],
        ..LineUp::only(named("general", "penalty", 5))
    };
    let compiled = compile_lineup(&lineup, &symbols).unwrap();
    let verdict = compiled.evaluate(&entity, &records, AS_OF, &mut Scratch::new());
    assert_eq!(verdict.class, UNCLASSED);
    let told = compiled.explain(&entity, &records, AS_OF, &mut Scratch::new());
    assert_eq!(
        (told.class_code.as_str(), told.class_title.as_str()),
        ("", "不分类")
    );
    assert_eq!(told.outside.unwrap().reason, "继续按照原有监管要求");
    assert!(told.reasons.is_empty() && told.changes.is_empty());
}

#[test]
fn a_line_up_that_cannot_work_is_refused() {
    let (_, _, symbols) = food();
    let general = || named("general", "penalty", 5);
    let refused = |special: Vec<Special>| {
        let lineup = LineUp {
            special,
            ..LineUp::only(general())
        };
        compile_lineup(&lineup, &symbols).unwrap_err().to_string()
    };
    let mut other_classes = special("x", 1, Combine::Worse, None);
    other_classes.model.classes.remove(0);
    assert!(refused(vec![other_classes]).contains("各类代码"));
    let round = vec![
        special("a", 1, Combine::Worse, Some("b")),
        special("b", 1, Combine::Worse, Some("a")),
    ];
    assert!(refused(round).contains("成环"));
    let mut nowhere = special("a", 1, Combine::Worse, None);
    nowhere.needs = vec!["nothing".to_owned()];
    assert!(refused(vec![nowhere]).contains("nothing"));
}
