//! The class of an entity is the same whether it comes from the full run, from the event of a batch, or from the house's
//! single answer with reasons; and an old decision recomputed gives the old answer.
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

use std::collections::{BTreeMap, BTreeSet};

use common::edits::{self, Edit};
use common::inside::{self, Inside};
use common::{Place, number};
use house::assess::service;
use kernel::Day;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

type Classes = BTreeMap<String, (String, i64)>;

/// Entities of a city; every one of them is compared.
const ENTITIES: usize = 220;

/// A deployment as a story needs it.
fn deployment(database: &str) -> Place {
    let place = Place::new();
    place.run(&["init", "--database", database]).good();
    place
}

/// Fails with the entities about which two answers differ.
#[track_caller]
fn agree(what: &str, one: &Classes, other: &Classes) {
    let codes: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    let differ = codes
        .into_iter()
        .filter(|code| one.get(*code) != other.get(*code));
    let differ: Vec<_> = differ
        .map(|code| (code, one.get(code), other.get(code)))
        .collect();
    assert!(
        differ.is_empty(),
        "{what}: {} of {} differ: {:?}",
        differ.len(),
        one.len(),
        &differ[..differ.len().min(5)]
    );
}

/// What the house answers of every entity one by one.
fn single_answers(inside: &Inside, as_of: Day) -> Classes {
    let codes: Vec<String> = inside.entities().into_iter().map(|(code, _)| code).collect();
    let answer = |code: String| {
        let why = inside.ask(|tx, op| service::explain(tx, op, &code, as_of));
        (code, (why.class_code, i64::from(why.points)))
    };
    codes.into_iter().map(answer).collect()
}

/// Every old decision of a run, recomputed today.
fn recomputed(inside: &Inside, run: i64, then: &Classes) {
    for (code, decided) in then {
        let again = inside.ask(|tx, op| service::recompute(tx, op, code, run));
        assert_eq!(
            again.decided.as_ref(),
            Some(decided),
            "what run {run} decided of {code}"
        );
        assert!(
            again.agrees,
            "run {run} recomputed of {code}: {decided:?}, now {:?}",
            again.explanation
        );
    }
}

/// One classification of all by the program.
fn classify(place: &Place, as_of: Day) -> i64 {
    let said = place.run(&["classify", "--as-of", &as_of.to_string()]).good();
    number(&said, "分类批次 ")
}

/// Tells the whole story once on a day; `None` when the day ended meanwhile.
fn story(database: &str, seed: u64, rounds: &[Vec<Edit>]) -> Option<()> {
    let city = common::city(seed, ENTITIES);
    let rows = edits::read_city(city.path());
    let place = deployment(database);
    let today = Inside::open(&place.data()).today();
    place.import_city(city.path());

    let inside = Inside::open(&place.data());
    let by_event = inside.classes();
    assert!(by_event.len() >= 200, "{}", by_event.len());
    agree(
        "after the first batches: by event, one by one",
        &by_event,
        &single_answers(&inside, today),
    );
    drop(inside);
    let mut runs = vec![(classify(&place, today), by_event)];

    let mut relations = BTreeSet::new();
    for (number, round) in rounds.iter().enumerate() {
        for (item, content) in edits::files(&rows, round) {
            let file = place.write(&format!("round-{number}/{item}.csv"), content);
            place.import(item, &file).good();
        }
        let inside = Inside::open(&place.data());
        relations.extend(inside.records().into_iter().map(|[.., relation, _]| relation));
        let by_event = inside.classes();
        let single = single_answers(&inside, today);
        if inside.today() != today {
            return None;
        }
        agree(
            &format!("after round {number}: by event, one by one"),
            &by_event,
            &single,
        );
        drop(inside);
        let run = classify(&place, today);
        let inside = Inside::open(&place.data());
        agree(
            &format!("after round {number}: full run, one by one"),
            &inside.classes(),
            &single,
        );
        let last = inside.rows(&inside::RUNS).pop().unwrap();
        assert_eq!(last.get::<i64>("run_id").unwrap(), run);
        assert_eq!(
            last.get::<i64>("changed").unwrap(),
            0,
            "the events had said everything"
        );
        runs.push((run, single));
    }
    assert_eq!(
        relations.len(),
        4,
        "corrections, withdrawals and ends are among the edits: {relations:?}"
    );
    let inside = Inside::open(&place.data());
    for (run, then) in &runs {
        recomputed(&inside, *run, then);
    }
    Some(())
}

/// Tells stories with a few invented rounds of edits.
fn stories(cases: u32, database: impl Fn() -> (String, Option<db::testing::TestDb>)) {
    let config = Config {
        cases,
        max_shrink_iters: 6,
        failure_persistence: None,
        ..Config::default()
    };
    let round = || prop::collection::vec(edits::any_edit(), 40..80);
    let stories = (0_u64..1_000_000, prop::collection::vec(round(), 2..=2));
    let told = TestRunner::new(config).run(&stories, |(seed, rounds)| {
        let (url, _kept) = database();
        if story(&url, seed, &rounds).is_none() {
            // It was midnight; the next day is long enough.
            let (url, _kept) = database();
            story(&url, seed, &rounds).unwrap();
        }
        Ok(())
    });
    told.unwrap();
}

#[test]
fn on_sqlite_full_runs_events_and_single_answers_agree_and_old_runs_are_recomputed() {
    stories(3, || ("sqlite:xinheng.db".into(), None));
}

#[test]
fn on_postgresql_full_runs_events_and_single_answers_agree_and_old_runs_are_recomputed() {
    if db::testing::TestDb::postgres("equality", &[]).is_none() {
        return;
    }
    stories(1, || {
        let test = db::testing::TestDb::postgres("equality", &[]).unwrap();
        (test.url().to_owned(), Some(test))
    });
}

/// Days go by and a little becomes known; each day a run upon the former one, and a full one that must find nothing to add.
fn upon_the_former_run(database: &str) {
    let city = common::city(31, ENTITIES);
    let rows = edits::read_city(city.path());
    let place = deployment(database);
    place.import_city(city.path());
    let today = Inside::open(&place.data()).today();
    let run = |days: u64, full: bool| {
        let as_of = today
            .checked_add_days(chrono::Days::new(days))
            .unwrap()
            .to_string();
        let mut words = vec!["classify", "--as-of", &as_of];
        words.extend(full.then_some("--full"));
        place.run(&words).good()
    };
    let said = run(0, false);
    assert!(said.contains("全量计算：没有可沿用的上次结果"), "{said}");
    let complaints = &rows["complaint"];
    let more = |round: usize| {
        let line = |cells: &Vec<String>| {
            let mut cells = cells.clone();
            cells[1] = format!("{}-{round}", cells[1]);
            cells.join(",")
        };
        let lines: Vec<String> = complaints.rows.iter().skip(round * 3).take(3).map(line).collect();
        let content = format!("{}\n{}\n", complaints.headings.join(","), lines.join("\n"));
        let said = place
            .import("complaint", &place.write(&format!("more-{round}.csv"), content))
            .good();
        assert_eq!(number(&said, "入库 "), 3, "{said}");
    };
    for round in 0..6_usize {
        if round < 3 {
            more(round);
        }
        let days = u64::try_from(round.saturating_sub(2)).unwrap();
        let said = run(days, false);
        assert!(said.contains("增量计算："), "{said}");
        let found = Inside::open(&place.data()).classes();
        if round % 2 == 1 {
            let said = run(days, true);
            assert!(said.contains("全量计算：按要求"), "{said}");
            assert_eq!(number(&said, "，其中 "), 0, "{said}");
            agree(
                &format!("round {round}"),
                &found,
                &Inside::open(&place.data()).classes(),
            );
        }
    }
    // Records as of a day before the one last classified: what the events said of them must not stand.
    more(3);
    let said = run(3, false);
    assert!(said.contains("全量计算："), "{said}");
}

#[test]
fn on_sqlite_a_run_upon_the_former_one_leaves_nothing_for_a_full_one() {
    upon_the_former_run("sqlite:xinheng.db");
}

#[test]
fn on_postgresql_a_run_upon_the_former_one_leaves_nothing_for_a_full_one() {
    if let Some(test) = db::testing::TestDb::postgres("upon", &[]) {
        upon_the_former_run(test.url());
    }
}

#[test]
fn a_snapshot_of_records_that_a_backup_took_back_is_not_taken_for_those_that_came_in_since() {
    let city = common::city(31, ENTITIES);
    let rows = edits::read_city(city.path());
    let place = deployment("sqlite:xinheng.db");
    place.import_city(city.path());
    let today = Inside::open(&place.data()).today();
    classify(&place, today);
    let backup = place.copy();
    let complaints = &rows["complaint"];
    let more = |name: &str, from: usize, count: usize| {
        let line = |cells: &Vec<String>| {
            let mut cells = cells.clone();
            cells[1] = format!("{}-{name}", cells[1]);
            cells.join(",")
        };
        let lines: Vec<String> = complaints.rows.iter().skip(from).take(count).map(line).collect();
        let content = format!("{}\n{}\n", complaints.headings.join(","), lines.join("\n"));
        let said = place
            .import("complaint", &place.write(&format!("{name}.csv"), content))
            .good();
        assert_eq!(number(&said, "入库 "), i64::try_from(count).unwrap(), "{said}");
    };
    more("lost", 0, 5);
    classify(&place, today);
    // The database comes back from the backup, the snapshot does not; then more comes in than was lost.
    for entry in std::fs::read_dir(place.data()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.starts_with("xinheng.db") {
            std::fs::remove_file(place.data().join(&name)).unwrap();
            let kept = backup.data().join(&name);
            if kept.exists() {
                std::fs::copy(kept, place.data().join(&name)).unwrap();
            }
        }
    }
    more("other", 5, 7);
    let by_event = Inside::open(&place.data()).classes();
    let said = place.run(&["classify", "--as-of", &today.to_string()]).good();
    assert!(said.contains("全量计算："), "{said}");
    agree(
        "after the backup",
        &Inside::open(&place.data()).classes(),
        &by_event,
    );
}

/// A deployment with the registrations and penalties of the town.
fn registered() -> (Place, Day) {
    let place = deployment("sqlite:xinheng.db");
    for item in ["registration", "penalty"] {
        place
            .import(item, &common::town().join(format!("{item}.csv")))
            .good();
    }
    let today = Inside::open(&place.data()).today();
    (place, today)
}

/// Hands over a row for each of the first twenty registrations, all of which must be taken.
fn twenty_more(place: &Place, name: &str, row: impl Fn(&[String], &[String]) -> String) {
    let rows = edits::read_city(common::town());
    let registrations = &rows["registration"];
    let heading = format!("{},操作", registrations.headings.join(","));
    let pairs = registrations
        .rows
        .iter()
        .zip(registrations.rows.iter().rev())
        .take(20);
    let lines: Vec<String> = pairs.map(|(cells, other)| row(cells, other)).collect();
    let said = place
        .import(
            "registration",
            &place.write(name, format!("{heading}\n{}\n", lines.join("\n"))),
        )
        .good();
    assert_eq!(number(&said, "入库 "), 20, "{said}");
}

/// A withdrawal that names nothing but the entity.
fn taken_back(cells: &[String], _: &[String]) -> String {
    format!("{}{}撤销", cells[0], ",".repeat(cells.len()))
}

#[test]
fn a_registration_taken_back_gives_the_class_of_the_one_before_in_every_way() {
    let (place, today) = registered();
    let before = Inside::open(&place.data()).classes();
    twenty_more(&place, "other.csv", |cells, other| {
        let mixed = [&cells[..2], &other[2..7], &cells[7..]].concat();
        format!("{},", mixed.join(","))
    });
    let between = Inside::open(&place.data()).classes();
    assert_ne!(
        between, before,
        "kind, age, capital, status and trade of others give other points"
    );
    twenty_more(&place, "back.csv", taken_back);
    agree(
        "by event, before",
        &Inside::open(&place.data()).classes(),
        &before,
    );
    classify(&place, today);
    let inside = Inside::open(&place.data());
    agree("full run, before", &inside.classes(), &before);
    agree("one by one, before", &single_answers(&inside, today), &before);
}

#[test]
fn entities_whose_only_registration_is_taken_back_have_no_class_any_more() {
    let (place, today) = registered();
    let before = Inside::open(&place.data()).classes();
    twenty_more(&place, "back.csv", taken_back);
    classify(&place, today);
    let inside = Inside::open(&place.data());
    let left = single_answers(&inside, today);
    assert_eq!(left.len(), before.len() - 20, "the register has let them go");
    agree("full run, one by one", &inside.classes(), &left);
}

/// A deployment whose pack lies in a folder, with the town classified under it.
fn under_own_pack() -> (Place, std::path::PathBuf, Day, Classes) {
    let place = Place::new();
    common::copy_folder(&common::repository("packs"), &place.path("packs"));
    let pack = place.path("packs/base");
    place.run(&["init", "--pack", pack.to_str().unwrap()]).good();
    place.import_city(common::town());
    let today = Inside::open(&place.data()).today();
    classify(&place, today);
    let classes = Inside::open(&place.data()).classes();
    (place, pack, today, classes)
}

/// Changes the text of a file.
fn rewrite(file: &std::path::Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(file).unwrap();
    let changed = text.replace(from, to);
    assert_ne!(text, changed, "{} is written otherwise by now", file.display());
    std::fs::write(file, changed).unwrap();
}

#[test]
fn new_codes_that_nobody_uses_change_no_class_although_every_symbol_moves() {
    let (place, pack, today, before) = under_own_pack();
    rewrite(
        &pack.join("codes.toml"),
        "values = [\n",
        "values = [\n  { code = \"0ZZ\", title = \"测试用\" },\n",
    );
    classify(&place, today);
    let inside = Inside::open(&place.data());
    agree("full run before and after", &inside.classes(), &before);
    agree(
        "one by one, full run before",
        &single_answers(&inside, today),
        &before,
    );
}

#[test]
fn a_model_changed_between_two_runs_changes_both_answers_alike_and_old_runs_ask_for_their_pack() {
    let (place, pack, today, before) = under_own_pack();
    let first = Inside::open(&place.data())
        .rows(&inside::RUNS)
        .pop()
        .unwrap()
        .get::<i64>("run_id")
        .unwrap();
    rewrite(&pack.join("model.toml"), "points = 10 }", "points = 11 }");
    classify(&place, today);
    let inside = Inside::open(&place.data());
    let after = inside.classes();
    assert_ne!(after, before, "the model judges otherwise");
    agree("one by one, full run", &single_answers(&inside, today), &after);
    drop(inside);
    let (code, _) = after.first_key_value().unwrap();
    let said = place
        .run(&["explain", code, "--run", &first.to_string()])
        .refused("assess.recompute.other-pack");
    assert!(said.contains("摘要"), "{said}");
}
