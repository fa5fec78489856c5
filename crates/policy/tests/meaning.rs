//! The meaning of a model, case by case: aggregates, windows, chains, states, groups, direct rules, explanations.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests say what they expect by failing"
)]

mod support;

use policy::{
    Aggregate, Attribute, Compiled, Condition, DecayStep, EntityFacts, Indicator, OPEN, RecordFact, Records,
    Relation, Scoring, Scratch, Source, compile, day_number,
};
use support::{bands, direct, indicator, map, model, naming, record, records_of, symbols};

const AS_OF: i32 = 20_000;
const FLAG: u16 = 1;
const LISTING: u16 = 2;
const PENALTY: u16 = 3;
const REMOVAL: u16 = 4;

/// Points equal the value, as far as the bands of ten tell.
fn counting(source: Records) -> Indicator {
    indicator(
        "n",
        Source::Records(source),
        bands(
            &(1..=100)
                .map(|n| (n, i32::try_from(n).unwrap()))
                .collect::<Vec<_>>(),
        ),
    )
}

fn compiled(indicators: Vec<Indicator>) -> Compiled {
    compile(&model(indicators, vec![]), &symbols()).unwrap()
}

fn points(indicator: Indicator, records: &[RecordFact]) -> i32 {
    compiled(vec![indicator])
        .evaluate(&EntityFacts::default(), records, AS_OF, &mut Scratch::new())
        .points
}

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
fn corrections_and_withdrawals_are_followed_to_their_end() {
    use Relation::{Corrects, Withdraws};
    let level = |level, record: RecordFact| RecordFact { level, ..record };
    let first = level(10, record(1, PENALTY, 100));
    let corrected = level(20, naming(2, PENALTY, 100, Corrects, 1));
    let again = level(40, naming(3, PENALTY, 100, Corrects, 2));
    let twin = level(40, naming(3, PENALTY, 100, Corrects, 1));
    let back = |number, names| naming(number, PENALTY, 200, Withdraws, names);
    let case = |label: &str, records: &[RecordFact], expected: (i32, i32)| {
        let count = points(counting(records_of(&["penalty"], Aggregate::Count)), records);
        let highest = points(counting(records_of(&["penalty"], Aggregate::MaxLevel)), records);
        assert_eq!((count, highest), expected, "{label}");
        let mut turned = records.to_vec();
        turned.reverse();
        assert_eq!(
            points(counting(records_of(&["penalty"], Aggregate::MaxLevel)), &turned),
            expected.1,
            "{label}, turned"
        );
    };
    case("corrected", &[first, corrected], (1, 20));
    case(
        "corrected twice, one upon the other",
        &[first, corrected, again],
        (1, 40),
    );
    case(
        "corrected twice, both naming the first",
        &[first, corrected, twin],
        (1, 40),
    );
    case("withdrawn", &[first, back(2, 1)], (0, 0));
    case(
        "the withdrawal withdrawn",
        &[first, back(2, 1), back(3, 2)],
        (1, 10),
    );
    case(
        "that withdrawn as well",
        &[first, back(2, 1), back(3, 2), back(4, 3)],
        (0, 0),
    );
    case(
        "the correction withdrawn: the first reading speaks",
        &[first, corrected, back(4, 2)],
        (1, 10),
    );
    case(
        "the later correction withdrawn",
        &[first, corrected, again, back(4, 3)],
        (1, 20),
    );
    case(
        "the earlier correction withdrawn takes the later with it",
        &[first, corrected, again, back(4, 2)],
        (1, 10),
    );
    case(
        "the first withdrawn takes its corrections with it",
        &[first, corrected, again, back(4, 1)],
        (0, 0),
    );
    case(
        "a withdrawal corrected still withdraws",
        &[first, back(2, 1), naming(3, PENALTY, 300, Corrects, 2)],
        (0, 0),
    );
    case(
        "a name that leads nowhere",
        &[naming(2, PENALTY, 100, Corrects, 9), back(3, 8)],
        (1, 0),
    );
    case(
        "a name that leads to a later record",
        &[back(1, 2), record(2, PENALTY, 100)],
        (1, 0),
    );
    case(
        "a withdrawal dated after the day",
        &[first, naming(2, PENALTY, AS_OF + 1, Withdraws, 1)],
        (1, 10),
    );
}

#[test]
fn an_end_closes_the_whole_family_and_can_be_corrected_or_withdrawn() {
    use Relation::{Corrects, Ends, Withdraws};
    let open = || {
        let condition = Condition {
            open: true,
            ..Condition::default()
        };
        counting(Records {
            condition,
            ..records_of(&["listing"], Aggregate::Count)
        })
    };
    let listing = record(1, LISTING, 100);
    let removal = naming(2, REMOVAL, 200, Ends, 1);
    let case = |label: &str, records: &[RecordFact], expected: i32| {
        assert_eq!(points(open(), records), expected, "{label}")
    };
    case("listed", &[listing], 1);
    case("removed", &[listing, removal], 0);
    case(
        "removed before the listing was corrected",
        &[listing, removal, naming(3, LISTING, 90, Corrects, 1)],
        0,
    );
    case(
        "the removal withdrawn",
        &[listing, removal, naming(3, REMOVAL, 300, Withdraws, 2)],
        1,
    );
    case(
        "the removal dated ahead",
        &[listing, naming(2, REMOVAL, AS_OF + 1, Ends, 1)],
        1,
    );
    let to_end = || counting(records_of(&["listing"], Aggregate::DaysToEnd));
    let limited = RecordFact {
        ends_on: AS_OF + 50,
        ..listing
    };
    assert_eq!(points(to_end(), &[limited]), 50);
    assert_eq!(
        points(to_end(), &[limited, removal]),
        0,
        "an end replaces the end known before"
    );
    let counted = counting(records_of(&["removal"], Aggregate::DaysSinceLast));
    let moved = [listing, removal, naming(3, REMOVAL, AS_OF - 7, Corrects, 2)];
    assert_eq!(
        points(counted, &moved),
        7,
        "a removal is a record of its own item"
    );
}

#[test]
fn of_a_state_only_the_latest_counts() {
    let highest = || counting(records_of(&["flag"], Aggregate::MaxLevel));
    let flag = |number, on, level| RecordFact {
        level,
        ..record(number, FLAG, on)
    };
    assert_eq!(points(highest(), &[flag(1, 10, 50), flag(2, 20, 5)]), 5);
    assert_eq!(
        points(highest(), &[flag(2, 20, 5), flag(1, 20, 50)]),
        5,
        "same day: the later record"
    );
    assert_eq!(
        points(highest(), &[flag(1, 30, 50), flag(2, 20, 5)]),
        50,
        "the day rules before the record"
    );
    let withdrawn = [
        flag(1, 10, 50),
        flag(2, 20, 5),
        naming(3, FLAG, 30, Relation::Withdraws, 2),
    ];
    assert_eq!(points(highest(), &withdrawn), 50);
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
    penalties.sentence = "近一年处罚{value}次,计{points}分".to_owned();
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
        "模型m的指标n有误:没有分组x",
    );
    case(
        &|model| model.direct[0].indicator = "x".into(),
        "模型m的直接判定n-B有误:没有指标x",
    );
    case(
        &|model| model.direct[0].not_better_than = "Z".into(),
        "模型m的直接判定n-B有误:没有Z类",
    );
    case(
        &|model| model.classes[0].below = Some(50),
        "模型m的分类有误:below 要逐类增大",
    );
    case(
        &|model| model.classes[0].below = None,
        "模型m的分类有误:除最后一类外都要写 below,最后一类不写",
    );
    case(
        &|model| model.indicators[0].scoring = map(&[]),
        "模型m的指标n有误:map 与 last-code 必须一起使用",
    );
    case(
        &|model| model.indicators[0].source = Source::Records(records_of(&["x"], Aggregate::Count)),
        "模型m的指标n有误:目录中没有x",
    );
    assert_eq!(OPEN, i32::MAX);
}
