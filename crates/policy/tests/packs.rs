//! Packs from folders: what is refused and how it is said, overlays, answers, cases.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests say what they expect by failing"
)]

use std::path::{Path, PathBuf};

use kernel::Day;
use policy::pack::{DayUnit, ExclusionRule};
use policy::{Memory, Pack};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn load(name: &str) -> Pack {
    Pack::load(&folder(name)).unwrap_or_else(|faults| {
        let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
        panic!("{}", told.join("\n"))
    })
}

/// Each folder of `tests/invalid` beside its `<name>.txt`. `UPDATE_EXPECTED=1 cargo test` writes them anew.
#[test]
fn every_invalid_pack_is_refused_in_the_words_written_down() {
    let mut names: Vec<String> = std::fs::read_dir(folder("invalid"))
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().unwrap().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert!(names.len() >= 15, "only {} invalid packs", names.len());
    let mut wrong = Vec::new();
    for name in names {
        let faults = Pack::load(&folder("invalid").join(&name)).expect_err(&name);
        let told = faults
            .iter()
            .fold(String::new(), |told, fault| told + &fault.to_string() + "\n");
        let expected = folder("invalid").join(format!("{name}.txt"));
        if option_env!("UPDATE_EXPECTED").is_some() {
            std::fs::write(&expected, &told).unwrap();
        }
        if std::fs::read_to_string(&expected).unwrap_or_default() != told {
            wrong.push(format!("--- {name}\n{told}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.concat());
}

#[test]
fn a_valid_pack_passes_its_cases() {
    let pack = load("packs/good");
    let report = pack.check();
    assert!(report.passed(), "{:#?}", report.failures().collect::<Vec<_>>());
    assert_eq!(report.cases.len(), 6);
}

#[test]
fn a_local_pack_passes_the_cases_of_its_base_except_those_it_overrides() {
    let pack = load("packs/local");
    let report = pack.check();
    assert!(report.passed(), "{:#?}", report.failures().collect::<Vec<_>>());
    let overridden: Vec<&str> = report
        .cases
        .iter()
        .filter(|case| case.overridden)
        .map(|case| case.case.as_str())
        .collect();
    assert_eq!(overridden, ["quota-2025"]);
    assert_eq!(report.cases.len(), 8);
}

#[test]
fn an_overlay_speaks_from_its_first_day_to_its_last() {
    let pack = load("packs/local");
    let share = |on: &str| {
        let answer = pack.on(day(on)).ratio("generic", "A").unwrap();
        (
            answer.value.share.to_string(),
            answer.trace.basis.source,
            answer.trace.from,
        )
    };
    assert_eq!(
        share("2024-12-31"),
        ("1/100".into(), "LAW".into(), day("2022-01-01"))
    );
    assert_eq!(
        share("2025-01-01"),
        ("1/200".into(), "LOCAL".into(), day("2025-01-01"))
    );
    assert_eq!(
        share("2025-12-31"),
        ("1/200".into(), "LOCAL".into(), day("2025-01-01"))
    );
    assert_eq!(
        share("2026-01-01"),
        ("2/100".into(), "NEW".into(), day("2025-01-01"))
    );
    assert!(pack.on(day("2021-12-31")).ratio("generic", "A").is_err());
}

#[test]
fn a_withdrawn_row_leaves_no_value() {
    let pack = load("packs/local");
    let before: Vec<_> = pack.on(day("2024-12-31")).exclusions().collect();
    assert_eq!(before[0].value.rule, ExclusionRule::SameItemWithin(12));
    assert_eq!(pack.on(day("2025-01-01")).exclusions().count(), 0);
}

#[test]
fn every_answer_names_its_document() {
    let pack = load("packs/good");
    let answer = pack.on(day("2024-05-01")).deadline("abnormal.list").unwrap();
    assert_eq!((answer.value.days, answer.value.unit), (10, DayUnit::Working));
    assert_eq!(answer.trace.basis.to_string(), "《示例办法》第一条");
    assert_eq!(
        (answer.trace.kind.as_str(), answer.trace.from),
        ("deadline", day("2022-01-01"))
    );
    let silent = pack.on(day("2024-05-01")).deadline("nothing").unwrap_err();
    assert_eq!(silent.to_string(), "政策包good在2024-05-01没有deadline nothing");
}

#[test]
fn a_natural_period_that_ends_on_a_day_off_ends_on_the_next_working_day() {
    let pack = load("packs/good");
    assert_eq!(
        pack.on(day("2025-01-22")).due("abnormal.list").unwrap().value,
        day("2025-02-05")
    );
    let beyond = pack.on(day("2025-12-20")).due("inspect.publish").unwrap_err();
    assert!(beyond.detail.contains("2026"), "{}", beyond.detail);
}

#[test]
fn headings_find_their_fields() {
    let pack = load("packs/good");
    let on = pack.on(day("2025-01-01"));
    let item = on.item("penalty").unwrap().value;
    let fields = ["CF_WSH", "罚款金额(万元)", "*决定 日期", "备注"].map(|heading| {
        let field = item.recognise(heading)?;
        Some(field.name.as_str())
    });
    assert_eq!(
        fields,
        [Some("decision_no"), Some("amount"), Some("decided_on"), None]
    );
}

#[test]
fn the_hash_speaks_for_every_file_and_not_for_line_ends() {
    let head = "format = 1\ncode = \"p\"\ntitle = \"包\"\n";
    let source = "[[source]]\ncode = \"LAW\"\ntitle = \"办法\"\n";
    let pack = |head: &str, source: &str| {
        Pack::from_sources(
            &Memory::new([("p/pack.toml", head), ("p/sources.toml", source)]),
            "p",
        )
        .unwrap()
    };
    let one = pack(head, source);
    assert_eq!(one.hash().len(), 64);
    assert_eq!(one.hash(), pack(&head.replace('\n', "\r\n"), source).hash());
    assert_ne!(one.hash(), pack(head, &source.replace("办法", "规定")).hash());
    assert_ne!(load("packs/good").hash(), load("packs/local").hash());
}

#[test]
fn a_failing_case_says_what_differs() {
    let read = |file: &str| std::fs::read_to_string(folder("packs/good").join(file)).unwrap();
    let files = [
        "pack.toml",
        "sources.toml",
        "codes.toml",
        "catalogue.toml",
        "model.toml",
        "measures.toml",
        "draw.toml",
        "inspect.toml",
        "deadlines.toml",
        "calendar.toml",
        "alarms.toml",
        "cases/grades.toml",
    ];
    let tree = files.map(|file| {
        let text = read(file).replace("class = \"A\", points = 10,", "class = \"B\", points = 11,");
        (format!("good/{file}"), text)
    });
    let report = Pack::from_sources(&Memory::new(tree), "good").unwrap().check();
    let failures: Vec<_> = report.failures().collect();
    assert_eq!(failures.len(), 1);
    assert_eq!(failures[0].place, "good/cases/grades.toml:1");
    assert_eq!(
        failures[0].differs,
        ["应为B类，算得A类（10分）", "应为11分，算得10分"]
    );
}
