//! Once around the whole loop by the program alone, and what is drawn checked by two independent programs.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    missing_docs,
    reason = "tests fail by panicking"
)]

mod common;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use common::inside::{self, Inside};
use common::{Place, number, repository, word, xinheng};
use serde_json::{Value, json};

/// The independent verifier's exit code and what it printed.
fn python(sealed: &Path, auditor: &Path) -> (Option<i32>, String) {
    let mut command = Command::new("python3");
    command
        .arg(repository("tools/verify_draw.py"))
        .arg(sealed)
        .arg("--pool")
        .arg(auditor);
    let output = common::spawn(command.stdout(Stdio::piped()).stderr(Stdio::piped()))
        .wait_with_output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&text).into_owned())
}

/// Both programs find everything in order, and both find out when one digit of the seed is changed.
fn verified_by_both(sealed: &Path, auditor: &Path) {
    let ours = |sealed: &Path| xinheng(&[Path::new("verify"), sealed, Path::new("--pool"), auditor]);
    let said = ours(sealed).good();
    assert!(!said.contains("不符"), "{said}");
    let (code, said) = python(sealed, auditor);
    assert_eq!(code, Some(0), "{said}");

    let mut content: Value = serde_json::from_slice(&std::fs::read(sealed).unwrap()).unwrap();
    let seed = content["transcript"]["seed"].as_str().unwrap().to_owned();
    let digit = if seed.ends_with('0') { '1' } else { '0' };
    content["transcript"]["seed"] = Value::from(format!("{}{digit}", &seed[..seed.len() - 1]));
    let changed = sealed.with_extension("changed.json");
    std::fs::write(&changed, content.to_string()).unwrap();
    let ran = ours(&changed);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert_eq!(python(&changed, auditor).0, Some(1));
}

/// The files that `draw material --auditor` wrote.
fn material(folder: &Path, draw: i64) -> (PathBuf, PathBuf) {
    (
        folder.join(format!("draw-{draw}.json")),
        folder.join(format!("draw-{draw}-auditor.json")),
    )
}

#[test]
fn the_demo_goes_once_around_and_its_draw_is_verified_by_two_programs() {
    let place = Place::new();
    let said = place.run(&["demo", "--size", "1500", "--no-serve"]).good();
    for step in 1..=9 {
        assert!(
            said.contains(&format!(" 秒] {step} ")),
            "step {step} is not in {said}"
        );
    }
    assert!(number(&said, "已检查 ") > 0, "{said}");
    assert!(number(&said, "已公示 ") > 0, "{said}");
    let draw = number(&said, "public/draws/");
    let (sealed, auditor) = material(&place.data(), draw);
    verified_by_both(&sealed, &auditor);
    place.run(&["log", "verify"]).good();
    assert_eq!(Inside::open(&place.data()).count(&inside::DRAWN), 1);
    place
        .run(&["draw", "run", &draw.to_string()])
        .refused("inspect.plan.already-drawn");

    // The demo may be had again: the same city, the same shares of classes before anything was drawn.
    let again = place.run(&["demo", "--size", "1500", "--no-serve"]).good();
    let shares = |said: &str| {
        let lines = said
            .lines()
            .skip_while(|line| !line.contains("] 3 "))
            .take_while(|line| !line.contains("] 4 "));
        lines
            .filter(|line| line.contains(" 类 "))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert!(shares(&said).len() >= 3, "{said}");
    assert_eq!(shares(&again), shares(&said));
}

#[test]
fn the_demo_leaves_a_real_deployment_alone() {
    let place = Place::with_deployment();
    let keys = std::fs::read(place.data().join("keys.json")).unwrap();
    place
        .run(&["demo", "--size", "300", "--no-serve"])
        .refused("demo.folder.in-use");
    assert_eq!(std::fs::read(place.data().join("keys.json")).unwrap(), keys);
    place.run(&["classify"]).good();
}

/// A deployment with firms, departments and inspectors, and an approved plan. Returns its number.
fn approved() -> (Place, String) {
    let place = Place::with_deployment();
    let city = common::city(21, 500);
    let office = [
        city.path().join("departments.json"),
        city.path().join("inspectors.json"),
    ];
    let [departments, inspectors] = office.each_ref().map(|path| path.to_str().unwrap());
    place.run(&["import", "office", departments, inspectors]).good();
    for item in ["registration", "penalty", "abnormal-listing"] {
        place
            .import(item, &city.path().join(format!("{item}.csv")))
            .good();
    }
    place.run(&["classify"]).good();
    let today = Inside::open(&place.data()).today();
    let plan = json!({
        "title": "公示信息抽查", "department": "440500-scjg", "division": "4405", "mode": "undirected",
        "items": [{ "check": "publicity.annual-report", "ratios": { "A": "2/100" } }],
        "starts_on": today.to_string(), "ends_on": (today + chrono::Days::new(30)).to_string(),
    });
    let file = place.write("plan.json", plan.to_string());
    let plan_no = word(
        &place.run(&["plan", "write", file.to_str().unwrap()]).good(),
        "xinheng plan approve ",
    );
    (place, plan_no)
}

/// A contributor: name, value, commitment as the initiator gets it.
fn party(name: &str) -> [String; 3] {
    let said = xinheng(&["draw", "contribute", name]).good();
    [name.to_owned(), word(&said, "保密）："), word(&said, "部门）：")]
}

fn commit(place: &Place, plan_no: &str, parties: &[[String; 3]]) -> common::Ran {
    let mut arguments = vec!["draw", "commit", plan_no];
    for [_, _, commitment] in parties {
        arguments.extend(["--contributor", commitment.as_str()]);
    }
    place.run(&arguments)
}

#[test]
fn a_wrong_reveal_voids_the_draw_the_next_attempt_works_and_nothing_is_drawn_twice() {
    let (place, plan_no) = approved();
    let parties = [party("市场监管局"), party("公证处")];
    commit(&place, &plan_no, &parties).refused("inspect.plan.not-approved");
    place.run(&["plan", "approve", &plan_no]).good();
    commit(&place, &plan_no, &parties[..1]).refused("inspect.draw.contributors");
    let said = commit(&place, &plan_no, &parties).good();
    let first = number(&said, "抽取 ").to_string();
    place
        .run(&["draw", "run", &first])
        .refused("inspect.draw.reveals-missing");
    place
        .run(&["draw", "reveal", &first, "市场监管局", &parties[0][1]])
        .good();
    // A slip of the pen is told; another value of the right form is a breach.
    place
        .run(&["draw", "reveal", &first, "公证处", "abc"])
        .refused("inspect.reveal.malformed");
    place
        .run(&["draw", "reveal", &first, "路人", &parties[1][1]])
        .refused("inspect.reveal.unknown-name");
    let said = place
        .run(&["draw", "reveal", &first, "公证处", &parties[0][1]])
        .good();
    assert!(said.contains("作废"), "{said}");
    place.run(&["draw", "run", &first]).refused("inspect.draw.void");
    place
        .run(&["draw", "reveal", &first, "公证处", &parties[1][1]])
        .refused("inspect.draw.void");
    assert_eq!(
        Inside::open(&place.data()).rows(&inside::TASKS).len(),
        0,
        "nobody was drawn"
    );

    let parties = [party("市场监管局"), party("公证处")];
    let said = commit(&place, &plan_no, &parties).good();
    assert!(said.contains("第 2 次"), "{said}");
    let second = number(&said, "抽取 ");
    commit(&place, &plan_no, &parties).refused("inspect.plan.already-drawn");
    for [name, value, _] in &parties {
        place
            .run(&["draw", "reveal", &second.to_string(), name, value])
            .good();
    }
    place.run(&["draw", "run", &second.to_string()]).good();
    let tasks = |place: &Place| {
        let rows = Inside::open(&place.data()).rows(&inside::TASKS);
        rows.iter()
            .map(|row| row.get::<String>("task_no").unwrap())
            .collect::<Vec<_>>()
    };
    let drawn = tasks(&place);
    assert!(!drawn.is_empty());
    place
        .run(&["draw", "run", &second.to_string()])
        .refused("inspect.plan.already-drawn");
    place.run(&["draw", "run", &first]).refused("inspect.draw.void");
    commit(&place, &plan_no, &parties).refused("inspect.plan.already-drawn");
    assert_eq!(tasks(&place), drawn);

    let out = place.path("");
    place
        .run(&[
            "draw",
            "material",
            &second.to_string(),
            "--auditor",
            "--out",
            out.to_str().unwrap(),
        ])
        .good();
    let (sealed, auditor) = material(&out, second);
    verified_by_both(&sealed, &auditor);
    place.run(&["log", "verify"]).good();
}
