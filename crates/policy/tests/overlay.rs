//! Released models laid over a pack: on their days only, checked like a pack, and without a trace when they are gone.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests say what they expect by failing"
)]

use std::path::Path;
use std::sync::Arc;

use kernel::Day;
use policy::{Compiled, EntityFacts, Overlay, Pack, Raw, RecordFact, Relation, Scratch, day_number};

const DRAFT: &str = r#"
[default]
from = 2022-01-13
basis = { source = "DESIGN", article = "试算" }

[[model]]
code = "generic"
title = "从严"
classes = [{ code = "A", title = "低", below = 10 }, { code = "B", title = "高" }]

[[indicator]]
model = "generic"
code = "basic.age"
withdrawn = true

[[indicator]]
model = "generic"
code = "social.new"
title = "新指标"
group = "social"
item = "penalty"
aggregate = "count"
bands = [{ min = 1, points = 7 }]
sentence = "{value}"
why = "试算"
"#;

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn ground() -> Arc<Pack> {
    let packs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs/base");
    Arc::new(Pack::load(&packs).unwrap())
}

fn overlay(text: &str, from: &str, until: Option<&str>) -> Overlay {
    Overlay {
        file: "草案.toml".into(),
        text: text.into(),
        from: day(from),
        until: until.map(day),
    }
}

/// The draft with four classes, which everything else in the pack counts on.
fn four() -> String {
    let two = r#"classes = [{ code = "A", title = "低", below = 10 }, { code = "B", title = "高" }]"#;
    let four = r#"classes = [{ code = "A", title = "低", below = 10 }, { code = "B", title = "中", below = 20 },
        { code = "C", title = "中高", below = 30 }, { code = "D", title = "高" }]"#;
    DRAFT.replace(two, four)
}

#[test]
fn a_released_fragment_speaks_on_its_days_and_the_pack_before_and_after() {
    let ground = ground();
    let pack = Pack::laid_over(&ground, &[overlay(&four(), "2026-07-01", Some("2026-07-31"))]).unwrap();
    let model = |on: &str| pack.on(day(on)).model("generic").unwrap().value;
    for outside in ["2026-06-30", "2026-08-01"] {
        assert_eq!(
            model(outside),
            ground.on(day(outside)).model("generic").unwrap().value,
            "{outside}"
        );
    }
    for inside in ["2026-07-01", "2026-07-31"] {
        let model = model(inside);
        assert_eq!((model.title.as_str(), model.from), ("从严", day("2026-07-01")));
        let has = |code: &str| model.indicators.iter().any(|indicator| indicator.code == code);
        assert!(!has("basic.age") && has("basic.capital") && has("social.new"));
    }
    assert_eq!(pack.ground().map(|ground| ground.hash()), Some(ground.hash()));
    assert_eq!((pack.code(), pack.division()), (ground.code(), ground.division()));
}

#[test]
fn the_hash_tells_what_is_laid_over_and_from_when_and_nothing_laid_over_is_the_pack_itself() {
    let ground = ground();
    let hash = |overlays: &[Overlay]| {
        let pack = Pack::laid_over(&ground, overlays).unwrap();
        assert_eq!(pack.hash(), ground.hash_under(overlays));
        pack.hash().to_owned()
    };
    let one = hash(&[overlay(&four(), "2026-07-01", None)]);
    assert_eq!(hash(&[]), ground.hash());
    assert_eq!(
        one,
        hash(&[overlay(&four().replace('\n', "\r\n"), "2026-07-01", None)])
    );
    assert_ne!(one, hash(&[overlay(&four(), "2026-07-02", None)]));
    assert_ne!(one, hash(&[overlay(&four(), "2026-07-01", Some("2026-07-31"))]));
}

#[test]
fn what_is_wrong_with_a_fragment_is_told_with_its_place() {
    let ground = ground();
    let told = |text: &str| {
        let faults = Pack::laid_over(&ground, &[overlay(text, "2026-07-01", None)]).expect_err("it is wrong");
        faults
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n")
    };
    let classes = told(DRAFT);
    assert!(classes.contains("没有分类 generic/C"), "{classes}");
    let missing = told(&four().replace("item = \"penalty\"", "item = \"penance\""));
    assert!(
        missing.starts_with("草案.toml:22:") && missing.contains("penance"),
        "{missing}"
    );
    let other = told("[[deadline]]\ncode = \"x\"\n");
    assert!(other.starts_with("草案.toml:1:"), "{other}");
    assert!(told("# 空\n").contains("没有任何一行"));
}

#[test]
fn what_indicators_see_is_told_before_it_becomes_points() {
    let pack = ground();
    let model = pack.on(day("2026-06-30")).model("generic").unwrap().value;
    let compiled: Compiled = policy::compile(&model, pack.symbols()).unwrap();
    let entity = EntityFacts {
        established_on: Some(day_number(day("2026-06-01"))),
        capital_fen: None,
        kind: pack.symbols().code("1130"),
        status: pack.symbols().code("1"),
        industry: pack.symbols().nearest("H6210"),
        division: 0,
    };
    let penalty = RecordFact {
        record: 1,
        names: 0,
        relation: Relation::None,
        item: pack.symbols().item("annual-report-missing"),
        on: day_number(day("2026-06-10")),
        ends_on: policy::OPEN,
        amount_fen: 0,
        level: 0,
        code: 0,
    };
    let values = compiled.values(
        &entity,
        &[penalty],
        day_number(day("2026-06-30")),
        &mut Scratch::new(),
    );
    let of = |code: &str| {
        let at = model
            .indicators
            .iter()
            .position(|indicator| indicator.code == code);
        values.get(at.unwrap()).unwrap().clone()
    };
    assert_eq!(of("basic.age"), Raw::Number(29));
    assert_eq!(of("basic.capital"), Raw::Absent);
    assert_eq!(of("basic.kind"), Raw::Code("1130".into()));
    assert_eq!(of("dynamic.report-missing"), Raw::Number(1));
    assert_eq!(of("dynamic.report-late"), Raw::Absent);
}
