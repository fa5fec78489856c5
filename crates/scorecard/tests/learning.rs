//! What a training must do on rows whose truth is known.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_lossless,
    missing_docs,
    reason = "tests fail by panicking"
)]
use kernel::Day;
use proptest::prelude::*;
use scorecard::{Card, Sample, Spec, Trained, train};

const SPEC: &str = r#"
title = "造出来的检查"
[columns]
day = "day"
outcome = "outcome"
inspector = "inspector"
id = ["subject"]
[[feature]]
name = "past"
title = "以往问题"
number = "past"
[[feature]]
name = "kind"
title = "类别"
category = "kind"
[[feature]]
name = "noise"
title = "无关的数"
number = "noise"
[[feature]]
name = "copy"
title = "以往问题的两倍"
sum = { past = 2 }
shape = "up"
[[trial]]
before = "2024-01-01"
from = "2024-02-01"
until = "2024-06-30"
"#;

const HEADINGS: [&str; 7] = ["subject", "day", "inspector", "past", "kind", "noise", "outcome"];

/// Chance from a seed, the same everywhere.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as f64) / f64::from(1_u32 << 31)
    }

    fn below(&mut self, n: u32) -> u32 {
        (self.next() * f64::from(n)) as u32
    }
}

/// A made-up town: log-odds −2.2, +0.5 for each past problem, +0.8 for kind 餐饮, and inspectors from mild to strict. The strict
/// ones go where there were past problems, so that who leaves inspectors out sees too much in `past`.
fn town(seed: u64, rows: u32) -> Vec<Vec<String>> {
    let mut dice = Dice(seed);
    let first = Day::from_ymd_opt(2022, 1, 1).unwrap();
    (0..rows)
        .map(|row| {
            let day = first + chrono::Days::new(u64::from(row) * 900 / u64::from(rows));
            let past = dice.below(4);
            let kind = ["餐饮", "零售", "其他"][dice.below(3) as usize];
            let inspector = (dice.below(3) + u32::from(past >= 2) * 2).min(4);
            let z = -2.2
                + 0.5 * f64::from(past)
                + if kind == "餐饮" { 0.8 } else { 0.0 }
                + [-1.0, -0.5, 0.0, 0.5, 1.0][inspector as usize];
            let found = dice.next() < 1.0 / (1.0 + (-z).exp());
            vec![
                format!("s{row}"),
                day.to_string(),
                format!("i{inspector}"),
                past.to_string(),
                kind.to_owned(),
                dice.below(100).to_string(),
                u32::from(found).to_string(),
            ]
        })
        .collect()
}

fn sample(spec: &Spec, rows: &[Vec<String>]) -> Sample {
    let headings = HEADINGS.map(str::to_owned).to_vec();
    let mut sample = Sample::new(spec, &headings).unwrap();
    for row in rows {
        sample.add(&|at| row.get(at).map(String::as_str)).unwrap();
    }
    sample
}

fn learned(rows: &[Vec<String>]) -> Trained {
    let spec = Spec::read(SPEC).unwrap();
    train(&spec, &sample(&spec, rows)).unwrap()
}

fn woe_difference(card: &Card, feature: &str, low: usize, high: usize) -> f64 {
    let part = card.points.iter().find(|part| part.feature == feature).unwrap();
    let woe = |at: usize| part.coefficient * part.bands[at].weighed.woe;
    woe(high) - woe(low)
}

#[test]
fn a_made_up_truth_is_found_again_although_strict_inspectors_go_where_problems_were() {
    let rows = town(7, 20_000);
    let trained = learned(&rows);
    let names: Vec<&str> = trained
        .card
        .points
        .iter()
        .map(|part| part.feature.as_str())
        .collect();
    assert_eq!(names, ["past", "kind"]);
    // Each past problem is +0.5 in log-odds; from none to three +1.5.
    let rise = woe_difference(&trained.card, "past", 0, 3);
    assert!((rise - 1.5).abs() < 0.25, "{rise}");
    let kind = trained
        .card
        .points
        .iter()
        .find(|part| part.feature == "kind")
        .unwrap();
    let points = |is: &str| {
        kind.categories
            .iter()
            .find(|one| one.is == is)
            .unwrap()
            .weighed
            .points
    };
    // 0.8 in log-odds are 23 points at 20 points to double.
    assert!((points("餐饮") - points("零售") - 23).abs() <= 5);
    assert!((points("其他") - points("零售")).abs() <= 4);
    // Inspectors are found as made: odds from e^−1 to e^1 around their average, in that order.
    let odds: Vec<f64> = trained.report.leniency.iter().map(|one| one.odds).collect();
    let order: Vec<&str> = trained
        .report
        .leniency
        .iter()
        .map(|one| one.inspector.as_str())
        .collect();
    assert_eq!(order, ["i4", "i3", "i2", "i1", "i0"]);
    assert!((odds[0] / odds[4] - 2.0_f64.exp()).abs() < 2.0, "{odds:?}");
    for (one, truth) in trained
        .report
        .leniency
        .iter()
        .zip([1.0, 0.5, 0.0, -0.5, -1.0_f64])
    {
        // Relative to the average inspector, so only the spread is known.
        let middle = odds[2].ln();
        assert!(one.low.ln() - middle < truth + 0.15 && truth - 0.15 < one.high.ln() - middle);
    }
}

#[test]
fn what_is_left_out_is_told_with_its_reason() {
    let trained = learned(&town(7, 20_000));
    let why = |name: &str| {
        let dropped = &trained.report.dropped;
        dropped
            .iter()
            .find(|one| one.name == name)
            .map(|one| one.why.clone())
            .unwrap_or_default()
    };
    assert!(why("copy").contains("相关"), "{:?}", trained.report.dropped);
    assert!(!why("noise").is_empty(), "{:?}", trained.report.dropped);
    let page = trained.report.to_markdown();
    for words in ["试验", "未采用的特征", "检查人员宽严", "证据权重", "惩罚强度"] {
        assert!(page.contains(words), "{words}");
    }
}

#[test]
fn the_same_rows_in_any_order_give_the_same_file_byte_for_byte() {
    let rows = town(11, 4_000);
    let mut turned = rows.clone();
    turned.reverse();
    let text = learned(&rows).card.to_text();
    assert_eq!(text, learned(&rows).card.to_text());
    assert_eq!(text, learned(&turned).card.to_text());
    let read = Card::read(&text).unwrap();
    assert_eq!(read, learned(&rows).card);
    assert_eq!(read.to_text(), text);
}

#[test]
fn a_trial_never_trains_on_days_it_judges() {
    let trained = learned(&town(3, 6_000));
    let trial = &trained.report.trials[0];
    let judged = trial.judged.as_ref().unwrap();
    assert!(trial.last_trained.unwrap() < trial.trial.before);
    assert!(judged.days.0 >= trial.trial.from && judged.days.1 <= trial.trial.until);
    // Outcomes after the day of a trial are worth nothing to it: turned round, they change no card trained before.
    let spec = Spec::read(SPEC).unwrap();
    let mut rows = town(3, 6_000);
    let before = train(&spec, &sample(&spec, &rows).before(trial.trial.before)).unwrap();
    for row in rows.iter_mut().filter(|row| row[1].as_str() >= "2024-01-01") {
        row[6] = if row[6] == "1" { "0" } else { "1" }.to_owned();
    }
    let after = train(&spec, &sample(&spec, &rows).before(trial.trial.before)).unwrap();
    assert_eq!(before.card, after.card);
}

#[test]
fn the_inspector_has_no_place_in_a_card_and_changes_no_score() {
    let rows = town(5, 6_000);
    let trained = learned(&rows);
    let text = trained.card.to_text();
    assert!(!text.contains("inspector") && !text.contains("i4"));
    let with: Vec<String> = HEADINGS.map(str::to_owned).to_vec();
    let without: Vec<String> = with
        .iter()
        .filter(|heading| *heading != "inspector")
        .cloned()
        .collect();
    let (full, bare) = (
        trained.card.look_at(&with).unwrap(),
        trained.card.look_at(&without).unwrap(),
    );
    assert!(bare.absent().is_empty());
    for row in rows.iter().take(500) {
        let short: Vec<&String> = row
            .iter()
            .enumerate()
            .filter(|(at, _)| *at != 2)
            .map(|(_, cell)| cell)
            .collect();
        let one = full.score(&|at| row.get(at).map(String::as_str));
        let two = bare.score(&|at| short.get(at).map(|cell| cell.as_str()));
        assert_eq!(one, two);
        let mut other = row.clone();
        other[2] = "somebody else".to_owned();
        assert_eq!(one, full.score(&|at| other.get(at).map(String::as_str)));
    }
}

#[test]
fn a_score_is_the_base_and_the_points_and_says_why() {
    let rows = town(5, 6_000);
    let card = learned(&rows).card;
    let headings: Vec<String> = HEADINGS.map(str::to_owned).to_vec();
    let reader = card.look_at(&headings).unwrap();
    for row in rows.iter().take(200) {
        let scored = reader.score(&|at| row.get(at).map(String::as_str));
        let sum: i32 = scored.contributions.iter().map(|part| part.points).sum();
        assert_eq!(scored.score, card.scale.base_score + sum);
        assert!((0..=10_000).contains(&scored.ten_thousandths));
        let reasons = scored.reasons(3);
        assert!(
            reasons
                .windows(2)
                .all(|pair| pair[0].points.abs() >= pair[1].points.abs())
        );
    }
    // Nothing known, an unknown category, a heading in another spelling.
    let strange = ["x", "", "", "abc", "从未见过", "", ""];
    let scored = reader.score(&|at| strange.get(at).copied());
    assert_eq!(scored.contributions[0].said, "未知");
    assert_eq!(scored.contributions[1].said, "从未见过（未见过或少见）");
    let spelled = ["PAST", "Kind"].map(str::to_owned);
    assert!(card.look_at(&spelled).unwrap().absent().is_empty());
    let absent = card.look_at(&["kind".to_owned()]).unwrap().absent();
    assert_eq!(absent, [("past".to_owned(), vec!["以往问题".to_owned()])]);
}

#[test]
fn outcomes_and_inspectors_are_refused_as_features() {
    for column in ["outcome", "inspector"] {
        let leak = SPEC.replace("number = \"noise\"", &format!("number = \"{column}\""));
        assert_eq!(Spec::read(&leak).unwrap_err().code(), "model.spec.leak");
    }
    let turned = SPEC.replace("from = \"2024-02-01\"", "from = \"2023-12-01\"");
    assert_eq!(Spec::read(&turned).unwrap_err().code(), "model.spec.trial");
    let unknown = SPEC.replace("sum = { past = 2 }", "program = \"past * 2\"");
    assert_eq!(Spec::read(&unknown).unwrap_err().code(), "model.spec.unreadable");
}

#[test]
fn too_little_is_refused_with_what_is_needed() {
    let spec = Spec::read(SPEC).unwrap();
    let rows = town(5, 60);
    let fault = train(&spec, &sample(&spec, &rows)).unwrap_err();
    assert_eq!(fault.code(), "model.train.too-few");
    let mut sample = sample(&spec, &rows);
    let bad = ["s", "31.12.2023x", "i", "0", "", "", "1"];
    assert!(
        sample
            .add(&|at| bad.get(at).copied())
            .unwrap_err()
            .contains("不是日期")
    );
    let bad = ["s", "2023-12-31", "i", "0", "", "", ""];
    assert!(
        sample
            .add(&|at| bad.get(at).copied())
            .unwrap_err()
            .contains("不是检查结果")
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn bands_keep_their_order_and_hold_every_row(seed in 0_u64..10_000) {
        let rows = town(seed, 3_000);
        let spec = Spec::read(&SPEC.replace("title = \"以往问题\"", "title = \"以往问题\"\nshape = \"up\"")
            .split("[[trial]]").next().unwrap()).unwrap();
        let trained = train(&spec, &sample(&spec, &rows)).unwrap();
        for part in &trained.card.points {
            let weighed = part.bands.iter().map(|band| band.weighed)
                .chain(part.categories.iter().map(|one| one.weighed))
                .chain([part.missing, part.others]);
            prop_assert_eq!(weighed.clone().map(|w| w.rows).sum::<u32>(), trained.card.made.rows);
            prop_assert_eq!(weighed.clone().map(|w| w.found).sum::<u32>(), trained.card.made.found);
            prop_assert!(part.coefficient > 0.0);
            if part.feature == "past" {
                let ordered = part.bands.windows(2).all(|pair| {
                    pair[0].weighed.woe <= pair[1].weighed.woe && pair[0].weighed.points <= pair[1].weighed.points
                });
                prop_assert!(ordered);
            }
            // Points are the weight of evidence on the scale, rounded once.
            let scale = f64::from(trained.card.scale.points_to_double) / std::f64::consts::LN_2;
            for w in weighed {
                prop_assert!((f64::from(w.points) - w.woe * part.coefficient * scale).abs() <= 0.51);
            }
        }
    }
}
