//! The meaning of a model, case by case: aggregates, windows, chains, states, groups, direct rules, explanations.

use crate::support::{bands, direct, indicator, map, model, record, records_of, symbols};
use crate::values::{AS_OF, FLAG, LISTING, PENALTY, compiled, counting, points};
use policy::{
    Aggregate, Attribute, Condition, DecayStep, EntityFacts, OPEN, RecordFact, Records, Scoring, Scratch,
    Source, compile, day_number,
};

#[test]
fn every_aggregate_makes_its_value() {
    let facts = |number: i64, on: i32, amount_fen: i64, level: i32, ends_on: i32| RecordFact {
        amount_fen,
        level,
        ends_on,
        ..record(number, PENALTY, on)
    };
    let three = [
        facts(1, AS_OF - 30, 5, 4, AS_OF + 40),
        facts(2, AS_OF - 10, 7, 2, AS_OF + 25),
        facts(3, AS_OF - 10, 8, 3, AS_OF - 5),
    ];
    let case = |aggregate: Aggregate, expected: i32| {
        let label = format!("{aggregate:?}");
        assert_eq!(
            points(counting(records_of(&["penalty"], aggregate)), &three),
            expected,
            "{label}"
        );
    };
    case(Aggregate::Count, 3);
    case(Aggregate::Sum, 20);
    case(Aggregate::MaxLevel, 4);
    case(Aggregate::LastLevel, 3);
    case(Aggregate::DaysSinceLast, 10);
    case(Aggregate::DaysToEnd, 25);
    let steps = vec![
        DecayStep {
            days: 20,
            permille: 30,
        },
        DecayStep {
            days: 31,
            permille: 9,
        },
    ];
    case(Aggregate::Decayed(steps), 69);
    case(
        Aggregate::Decayed(vec![DecayStep {
            days: 10,
            permille: 30,
        }]),
        0,
    );
}

#[test]
fn the_last_code_is_that_of_the_latest_day_then_the_latest_record() {
    let symbols = symbols();
    let coded = |number, on, code: &str| RecordFact {
        code: symbols.code(code),
        ..record(number, PENALTY, on)
    };
    let mapped = || {
        indicator(
            "n",
            Source::Records(records_of(&["penalty"], Aggregate::LastCode)),
            map(&[("fine", 7), ("warning", 3)]),
        )
    };
    assert_eq!(
        points(mapped(), &[coded(1, 9, "fine"), coded(2, 8, "warning")]),
        7
    );
    assert_eq!(
        points(mapped(), &[coded(1, 9, "fine"), coded(2, 9, "warning")]),
        3
    );
    assert_eq!(points(mapped(), &[coded(1, 9, "G")]), 0);
}

#[test]
fn a_window_holds_records_younger_than_its_days() {
    let within = |days| {
        counting(Records {
            within_days: Some(days),
            ..records_of(&["penalty"], Aggregate::Count)
        })
    };
    let case = |age: i32, expected: i32| {
        assert_eq!(
            points(within(365), &[record(1, PENALTY, AS_OF - age)]),
            expected,
            "age {age}"
        );
    };
    case(0, 1);
    case(364, 1);
    case(365, 0);
    case(-1, 0);
    assert_eq!(
        (Records::months(12), Records::months(1), Records::months(36)),
        (365, 30, 1095)
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table of cases")]
fn every_part_of_a_filter_must_hold() {
    let symbols = symbols();
    let one = RecordFact {
        amount_fen: 100,
        level: 2,
        code: symbols.code("fine"),
        ..record(1, PENALTY, 10)
    };
    let case = |condition: Condition, record: RecordFact, expected: i32| {
        let label = format!("{condition:?}");
        let filtered = counting(Records {
            condition,
            ..records_of(&["penalty"], Aggregate::Count)
        });
        assert_eq!(points(filtered, &[record]), expected, "{label}");
    };
    let any = Condition::default;
    case(any(), one, 1);
    case(
        Condition {
            codes: vec!["fine".into(), "1".into()],
            ..any()
        },
        one,
        1,
    );
    case(
        Condition {
            codes: vec!["warning".into()],
            ..any()
        },
        one,
        0,
    );
    case(
        Condition {
            codes: vec!["not-a-code".into()],
            ..any()
        },
        RecordFact { code: 0, ..one },
        0,
    );
    case(
        Condition {
            level_min: Some(2),
            ..any()
        },
        one,
        1,
    );
    case(
        Condition {
            level_min: Some(3),
            ..any()
        },
        one,
        0,
    );
    case(
        Condition {
            amount_min: Some(100),
            ..any()
        },
        one,
        1,
    );
    case(
        Condition {
            amount_min: Some(101),
            ..any()
        },
        one,
        0,
    );
    case(Condition { open: true, ..any() }, one, 1);
    case(
        Condition { open: true, ..any() },
        RecordFact {
            ends_on: AS_OF,
            ..one
        },
        0,
    );
    case(
        Condition { open: true, ..any() },
        RecordFact {
            ends_on: AS_OF + 1,
            ..one
        },
        1,
    );
    case(
        Condition {
            level_min: Some(2),
            amount_min: Some(101),
            ..any()
        },
        one,
        0,
    );
}

#[test]
fn attributes_give_points_by_age_amount_and_longest_prefix() {
    let symbols = symbols();
    let by = |attribute, scoring: Scoring, entity: EntityFacts| {
        let mut one = indicator("n", Source::Attribute(attribute), scoring);
        one.absent = 9;
        compiled(vec![one])
            .evaluate(&entity, &[], AS_OF, &mut Scratch::new())
            .points
    };
    let none = EntityFacts::default;
    let age = || bands(&[(0, 30), (365, 10)]);
    assert_eq!(
        by(
            Attribute::EstablishedOn,
            age(),
            EntityFacts {
                established_on: Some(AS_OF - 364),
                ..none()
            }
        ),
        30
    );
    assert_eq!(
        by(
            Attribute::EstablishedOn,
            age(),
            EntityFacts {
                established_on: Some(AS_OF - 365),
                ..none()
            }
        ),
        10
    );
    assert_eq!(by(Attribute::EstablishedOn, age(), none()), 9);
    assert_eq!(
        by(
            Attribute::CapitalFen,
            bands(&[(100, 4)]),
            EntityFacts {
                capital_fen: Some(99),
                ..none()
            }
        ),
        0
    );
    let industries = || map(&[("F", 5), ("F52", 8)]);
    let trade = |text| EntityFacts {
        industry: symbols.nearest(text),
        ..none()
    };
    assert_eq!(by(Attribute::Industry, industries(), trade("F5212")), 8);
    assert_eq!(by(Attribute::Industry, industries(), trade("F5101")), 5);
    assert_eq!(by(Attribute::Industry, industries(), trade("G5101")), 0);
    assert_eq!(
        by(Attribute::Industry, industries(), trade("A0111")),
        9,
        "unknown"
    );
    let kinds = || map(&[("1", 6)]);
    assert_eq!(
        by(
            Attribute::Kind,
            kinds(),
            EntityFacts {
                kind: symbols.code("1"),
                ..none()
            }
        ),
        6
    );
    assert_eq!(
        by(
            Attribute::Kind,
            kinds(),
            EntityFacts {
                kind: symbols.code("2"),
                ..none()
            }
        ),
        0
    );
}

#[test]
fn groups_are_clipped_and_the_worst_direct_rule_sets_the_class() {
    let many = counting(records_of(&["penalty"], Aggregate::Count));
    let mut bonus = indicator(
        "b",
        Source::Records(records_of(&["flag"], Aggregate::Count)),
        bands(&[(1, -30)]),
    );
    bonus.group = "h".to_owned();
    let rules = vec![
        direct("n", 3, "C"),
        direct("n", 2, "B"),
        direct("n", 3, "C"),
        direct("b", 1, "A"),
    ];
    let ready = compile(&model(vec![many, bonus], rules), &symbols()).unwrap();
    let classify = |penalties: i64| {
        let mut records: Vec<RecordFact> = (1..=penalties)
            .map(|number| record(number, PENALTY, 10))
            .collect();
        records.push(record(penalties + 1, FLAG, 10));
        ready.evaluate(&EntityFacts::default(), &records, AS_OF, &mut Scratch::new())
    };
    let case = |penalties, class, points, floor| {
        let verdict = classify(penalties);
        assert_eq!(
            (verdict.class, verdict.points, verdict.floor),
            (class, points, floor),
            "{penalties} penalties"
        );
        assert_eq!(verdict.group_points[1], 0, "a group is never below 0");
    };
    case(1, 0, 1, None);
    case(2, 1, 2, Some(1));
    case(3, 2, 3, Some(0));
    case(95, 3, 95, None);
    case(120, 3, 100, None);
}

#[test]
fn an_explanation_names_records_and_what_would_change_it() {
    let recent = Records {
        within_days: Some(365),
        ..records_of(&["penalty"], Aggregate::Count)
    };
    let open = Records {
        condition: Condition {
            open: true,
            ..Condition::default()
        },
        ..records_of(&["listing"], Aggregate::Count)
    };
    let mut penalties = indicator("penalties", Source::Records(recent), bands(&[(1, 30)]));
    penalties.sentence = "近一年处罚{value}次，计{points}分".to_owned();
    let listed = indicator("listed", Source::Records(open), bands(&[(1, 40)]));
    let rules = vec![direct("listed", 1, "D")];
    let ready = compile(&model(vec![penalties, listed], rules), &symbols()).unwrap();
    let as_of = day_number("2025-06-30".parse().unwrap());
    let fine = record(7, PENALTY, as_of - 100);
    let listing = record(8, LISTING, as_of - 50);
    let told = ready.explain(
        &EntityFacts::default(),
        &[fine, listing],
        as_of,
        &mut Scratch::new(),
    );
    insta::assert_json_snapshot!(told);
    assert_eq!(
        serde_json::from_str::<policy::Explanation>(&serde_json::to_string(&told).unwrap()).unwrap(),
        told
    );
}

#[test]
fn a_model_that_leads_nowhere_is_not_compiled() {
    let case = |change: &dyn Fn(&mut policy::Model), expected: &str| {
        let mut made = model(
            vec![counting(records_of(&["penalty"], Aggregate::Count))],
            vec![direct("n", 1, "B")],
        );
        change(&mut made);
        assert_eq!(compile(&made, &symbols()).unwrap_err().to_string(), expected);
    };
    case(
        &|model| model.indicators[0].group = "x".into(),
        "模型m的指标n有误：没有分组x",
    );
    case(
        &|model| model.direct[0].indicator = "x".into(),
        "模型m的直接判定n-B有误：没有指标x",
    );
    case(
        &|model| model.direct[0].not_better_than = "Z".into(),
        "模型m的直接判定n-B有误：没有Z类",
    );
    case(
        &|model| model.classes[0].below = Some(50),
        "模型m的分类有误：below 要逐类增大",
    );
    case(
        &|model| model.classes[0].below = None,
        "模型m的分类有误：除最后一类外都要写 below，最后一类不写",
    );
    case(
        &|model| model.indicators[0].scoring = map(&[]),
        "模型m的指标n有误：map 与 last-code 必须一起使用",
    );
    case(
        &|model| model.indicators[0].source = Source::Records(records_of(&["x"], Aggregate::Count)),
        "模型m的指标n有误：目录中没有x",
    );
    assert_eq!(OPEN, i32::MAX);
}
