//! `kill -9` at any moment of an import, a classification or a draw: the next start goes on, nothing is lost, nothing is
//! doubled, nothing is half. Every round kills at another moment; the moments are spread over the time an undisturbed run takes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stderr,
    missing_docs,
    reason = "tests fail by panicking"
)]

mod common;

use std::hash::{BuildHasher as _, RandomState};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use common::inside::{self, Inside};
use common::{Place, number, word};
use serde_json::{Value, json};

/// Everything of a deployment that must come out the same, in words that do not depend on the order of work.
fn state(place: &Place) -> impl PartialEq + std::fmt::Debug + use<> {
    let inside = Inside::open(&place.data());
    assert_eq!(inside.staged(), 0, "no row is left on its way in");
    assert_eq!(inside.count(&inside::OPEN_JOBS), 0, "no job is left");
    let events: Vec<_> = inside
        .events()
        .into_iter()
        .filter(|(verb, _)| verb.starts_with("intake."))
        .collect();
    let refused = inside.count(&inside::REFUSED);
    (
        inside.records(),
        inside.entities(),
        inside.batches(),
        inside.classes(),
        events,
        refused,
    )
}

/// Fails without printing thousands of rows.
#[track_caller]
fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: &T, wanted: &T) {
    if found != wanted {
        let cut = |value: &T| format!("{value:?}").chars().take(3_000).collect::<String>();
        panic!("{what}:\n{}\nundisturbed:\n{}", cut(found), cut(wanted));
    }
}

/// A moment of round `number` of `rounds`: somewhere in that part of the time, at random.
fn moment(number: u32, rounds: u32, whole: Duration) -> Duration {
    let part = whole / rounds;
    let chance = RandomState::new().hash_one(number) % 1_000;
    part * number + part * u32::try_from(chance).unwrap() / 1_000
}

/// Starts the program and kills it after a time. Whether it had ended before.
fn killed(place: &Place, arguments: &[&str], after: Duration) -> bool {
    let running = place.start(arguments);
    std::thread::sleep(after);
    let ended = running.kill();
    eprintln!(
        "{} killed after {after:?}{}",
        arguments[0],
        if ended { ", it had ended" } else { "" }
    );
    ended
}

/// Runs undisturbed and says how long it took.
fn timed(place: &Place, arguments: &[&str]) -> (String, Duration) {
    let began = Instant::now();
    let said = place.run(arguments).good();
    (said, began.elapsed())
}

/// A deployment with registrations, and a file of more rows than one commit stages.
fn before_import() -> (Place, PathBuf) {
    let place = Place::with_deployment();
    let city = common::city(11, 2_000);
    place
        .import("registration", &city.path().join("registration.csv"))
        .good();
    let rows = std::fs::read_to_string(city.path().join("annual-report.csv")).unwrap();
    assert!(rows.lines().count() > 5_001, "{}", rows.lines().count());
    let file = place.write("annual-report.csv", rows);
    (place, file)
}

#[test]
fn an_import_killed_at_any_moment_is_carried_on_by_the_next_start_with_every_row_once() {
    const ROUNDS: u32 = 6;
    let (base, _) = before_import();
    let arguments = |place: &Place| {
        let file = place.path("annual-report.csv");
        [
            "import",
            "records",
            "--type",
            "annual-report",
            file.to_str().unwrap(),
        ]
        .map(str::to_owned)
    };
    let calm = base.copy();
    let began = Instant::now();
    let said = calm.run(&arguments(&calm)).good();
    let whole = began.elapsed();
    let wanted = state(&calm);
    let known = Inside::open(&base.data()).count(&inside::RECORD_COUNT);
    let rows = number(&said, "入库 ");
    let mut stopped = 0;
    for round in 0..ROUNDS {
        let place = base.copy();
        let arguments = arguments(&place);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        stopped += u32::from(!killed(&place, &arguments, moment(round, ROUNDS, whole)));
        // What a killed process left: no record of the batch, or all of them.
        let records = Inside::open(&place.data()).count(&inside::RECORD_COUNT) - known;
        assert!(
            records == 0 || records == rows,
            "half a batch: {records} of {rows}"
        );
        if round % 2 == 0 {
            // Any next command goes on with what was begun; then the same file again is nothing new, or the first.
            place.run(&["plan", "list"]).good();
        }
        let said = place.run(&arguments).good();
        assert_eq!(number(&said, "入库 "), rows, "{said}");
        same(&format!("round {round}"), &state(&place), &wanted);
        place.run(&["log", "verify"]).good();
    }
    assert!(
        stopped >= ROUNDS / 2,
        "only {stopped} of {ROUNDS} rounds killed anything"
    );
}

#[test]
fn an_import_killed_twice_is_carried_on_all_the_same() {
    let (base, _) = before_import();
    let file = base.path("annual-report.csv");
    let calm = base.copy();
    let arguments = [
        "import",
        "records",
        "--type",
        "annual-report",
        file.to_str().unwrap(),
    ];
    let (_, whole) = timed(&calm, &arguments);
    let wanted = state(&calm);
    killed(&base, &arguments, whole / 2);
    killed(&base, &["classify"], whole / 4);
    killed(&base, &arguments, whole / 2);
    base.run(&arguments).good();
    same("after three kills", &state(&base), &wanted);
}

#[test]
fn a_classification_killed_at_any_moment_is_done_whole_by_the_next_one() {
    const ROUNDS: u32 = 6;
    let base = Place::with_deployment();
    let city = common::city(12, 2_000);
    for item in ["registration", "penalty", "annual-report", "abnormal-listing"] {
        base.import(item, &city.path().join(format!("{item}.csv"))).good();
    }
    // A day far back, so that the run changes many classes that the events had given.
    let arguments = ["classify", "--as-of", "2024-06-01"];
    let before = Inside::open(&base.data()).classes();
    let calm = base.copy();
    let (_, whole) = timed(&calm, &arguments);
    let wanted = Inside::open(&calm.data()).classes();
    assert_ne!(before, wanted);
    let mut stopped = 0;
    for round in 0..ROUNDS {
        let place = base.copy();
        stopped += u32::from(!killed(&place, &arguments, moment(round, ROUNDS, whole)));
        let found = Inside::open(&place.data()).classes();
        assert!(
            found == before || found == wanted,
            "round {round}: a run half applied"
        );
        place.run(&arguments).good();
        let inside = Inside::open(&place.data());
        same(&format!("round {round}"), &inside.classes(), &wanted);
        let runs = inside.rows(&inside::RUNS);
        let applied: Vec<i64> = runs
            .iter()
            .filter(|run| {
                run.get::<String>("kind").unwrap() == "full"
                    && run.get::<String>("state").unwrap() == "applied"
            })
            .map(|run| run.get("entities").unwrap())
            .collect();
        assert!(
            applied
                .iter()
                .all(|entities| *entities == i64::try_from(wanted.len()).unwrap()),
            "{applied:?}"
        );
        drop(inside);
        let again = place.run(&arguments).good();
        assert_eq!(number(&again, "其中 "), 0, "{again}");
    }
    assert!(
        stopped >= ROUNDS / 2,
        "only {stopped} of {ROUNDS} rounds killed anything"
    );
}

/// A deployment with a draw committed and revealed. Returns the draw's number.
fn before_draw() -> (Place, String) {
    let place = Place::with_deployment();
    let city = common::city(13, 600);
    let office = [
        city.path().join("departments.json"),
        city.path().join("inspectors.json"),
    ];
    let [departments, inspectors] = office.each_ref().map(|path| path.to_str().unwrap());
    place.run(&["import", "office", departments, inspectors]).good();
    for item in [
        "registration",
        "penalty",
        "abnormal-listing",
        "annual-report-missing",
    ] {
        place
            .import(item, &city.path().join(format!("{item}.csv")))
            .good();
    }
    let today = Inside::open(&place.data()).today();
    let plan = json!({
        "title": "公示信息抽查", "department": "440500-scjg", "division": "4405", "mode": "undirected",
        "items": [{ "check": "publicity.annual-report", "ratios": { "A": "2/100" } }, { "check": "registration.person" }],
        "starts_on": (today + chrono::Days::new(3)).to_string(), "ends_on": (today + chrono::Days::new(30)).to_string(),
    });
    let file = place.write("plan.json", plan.to_string());
    let plan_no = word(
        &place.run(&["plan", "write", file.to_str().unwrap()]).good(),
        "xinheng plan approve ",
    );
    place.run(&["plan", "approve", &plan_no]).good();
    let parties: Vec<(String, String, String)> = ["市场监管局", "公证处"].into_iter().map(party).collect();
    let mut arguments = vec!["draw", "commit", plan_no.as_str()];
    for (_, _, commitment) in &parties {
        arguments.extend(["--contributor", commitment.as_str()]);
    }
    let draw = number(&place.run(&arguments).good(), "抽取 ").to_string();
    for (name, value, _) in &parties {
        place.run(&["draw", "reveal", &draw, name, value]).good();
    }
    (place, draw)
}

fn party(name: &str) -> (String, String, String) {
    let said = common::xinheng(&["draw", "contribute", name]).good();
    (name.to_owned(), word(&said, "保密）："), word(&said, "部门）："))
}

/// What was drawn, and who checks it: all of the transcript but the time, and the tasks.
fn outcome(place: &Place, draw: &str) -> (Value, Vec<[String; 6]>) {
    let out = place.data();
    place
        .run(&[
            "draw",
            "material",
            draw,
            "--auditor",
            "--out",
            out.to_str().unwrap(),
        ])
        .good();
    let (sealed, auditor) = (
        out.join(format!("draw-{draw}.json")),
        out.join(format!("draw-{draw}-auditor.json")),
    );
    common::xinheng(&[Path::new("verify"), &sealed, Path::new("--pool"), &auditor]).good();
    let read = |path: &Path| serde_json::from_slice::<Value>(&std::fs::read(path).unwrap()).unwrap();
    let drawn = json!([
        read(&sealed)["transcript"]["seed"],
        read(&sealed)["transcript"]["selected"],
        read(&auditor)["selected"]
    ]);
    let inside = Inside::open(&place.data());
    assert_eq!(inside.count(&inside::DRAWN), 1);
    assert_eq!(
        inside.events().get("inspect.draw-drawn"),
        Some(&1),
        "{:?}",
        inside.events()
    );
    let tasks = inside.rows(&inside::TASKS);
    let text = |row: &db::Row, column: &str| match column {
        "items" | "members" => row.get::<Value>(column).unwrap().to_string(),
        _ => row.get::<Option<String>>(column).unwrap().unwrap_or_default(),
    };
    let columns = ["task_no", "subject_no", "items", "members", "leader", "state"];
    (
        drawn,
        tasks
            .iter()
            .map(|row| columns.map(|column| text(row, column)))
            .collect(),
    )
}

#[test]
fn a_draw_killed_at_any_moment_is_not_done_or_done_once_and_comes_out_the_same() {
    const ROUNDS: u32 = 6;
    let (base, draw) = before_draw();
    let arguments = ["draw", "run", draw.as_str()];
    let calm = base.copy();
    let (_, whole) = timed(&calm, &arguments);
    let wanted = outcome(&calm, &draw);
    assert!(wanted.1.len() > 5, "{wanted:?}");
    let mut stopped = 0;
    for round in 0..ROUNDS {
        let place = base.copy();
        stopped += u32::from(!killed(&place, &arguments, moment(round, ROUNDS, whole)));
        let drawn = Inside::open(&place.data()).count(&inside::DRAWN);
        let again = place.run(&arguments);
        if drawn == 0 {
            again.good();
        } else {
            again.refused("inspect.plan.already-drawn");
        }
        place.run(&arguments).refused("inspect.plan.already-drawn");
        same(&format!("round {round}"), &outcome(&place, &draw), &wanted);
        place.run(&["log", "verify"]).good();
    }
    assert!(
        stopped >= ROUNDS / 2,
        "only {stopped} of {ROUNDS} rounds killed anything"
    );
}

#[test]
fn a_run_upon_the_former_one_killed_at_any_moment_is_done_whole_by_the_next_one() {
    const ROUNDS: u32 = 6;
    let base = Place::with_deployment();
    let city = common::city(14, 1_500);
    let import = |item: &str| {
        base.import(item, &city.path().join(format!("{item}.csv"))).good();
    };
    import("registration");
    import("annual-report");
    base.run(&["classify"]).good();
    import("abnormal-listing");
    let today = Inside::open(&base.data()).today();
    let as_of = today.checked_add_days(chrono::Days::new(10)).unwrap().to_string();
    let arguments = ["classify", "--as-of", &as_of];
    let before = Inside::open(&base.data()).classes();
    let calm = base.copy();
    let said = calm.run(&arguments).good();
    assert!(said.contains("增量计算："), "{said}");
    let wanted = Inside::open(&calm.data()).classes();
    let (_, whole) = timed(&base.copy(), &arguments);
    for round in 0..ROUNDS {
        let place = base.copy();
        killed(&place, &arguments, moment(round, ROUNDS, whole));
        let found = Inside::open(&place.data()).classes();
        assert!(
            found == before || found == wanted,
            "round {round}: a run half applied"
        );
        place.run(&arguments).good();
        same(
            &format!("round {round}"),
            &Inside::open(&place.data()).classes(),
            &wanted,
        );
        let again = place.run(&["classify", "--as-of", &as_of, "--full"]).good();
        assert!(
            again.contains("其中 0 户类别有变化"),
            "round {round}: {again}, {said}"
        );
    }
}
