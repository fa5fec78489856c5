//! The program as a stranger meets it: what it refuses, in which words, and that a refusal leaves nothing behind.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    missing_docs,
    reason = "tests fail by panicking"
)]

mod catalogue;
#[path = "../common/mod.rs"]
mod common;
mod gates;
mod imports;
mod model;
mod models;
mod packs;
mod verify;

use std::fs;

use common::inside::{self, Inside};
use common::{Place, xinheng};

pub const FIRM: &str = "91440511MA4000004Y";
pub const HEADINGS: &str = "统一社会信用代码,名称,类型,成立日期,注册资本,登记状态,行业代码,行政区划,住所";

pub fn registrations() -> String {
    format!(
        "{HEADINGS}\n\
         {FIRM},示例甲餐饮有限公司,1130,2015-03-01,500万元,1,H6210,440511,示例路1号\n\
         91440511MA400008XL,示例乙商贸有限公司,1130,2025-11-20,100万元,1,F5211,440511001,示例路2号\n\
         92440511MA40001192,示例丙小吃店,9500,2020-05-06,,1,H6291,440507,示例路3号\n"
    )
}

pub fn entities(place: &Place, more: &[&str], content: impl AsRef<[u8]>) -> common::Ran {
    let file = place.write("entities.csv", content);
    let mut arguments = vec!["import", "entities"];
    arguments.extend(more);
    arguments.push(file.to_str().unwrap());
    place.run(&arguments)
}

/// Records and batches in the deployment.
pub fn kept(place: &Place) -> (i64, i64) {
    let inside = Inside::open(&place.data());
    (
        inside.count(&inside::RECORD_COUNT),
        inside.count(&inside::BATCH_COUNT),
    )
}

#[test]
fn help_names_every_command_in_chinese() {
    let said = xinheng(&["--help"]).good();
    for command in [
        "init", "import", "classify", "explain", "plan", "draw", "verify", "policy", "serve", "demo",
    ] {
        let line = said.lines().find(|line| line.trim_start().starts_with(command));
        let line = line.unwrap_or_else(|| panic!("{command} is not in {said}"));
        assert!(
            line.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)),
            "{line}"
        );
    }
}

#[test]
fn an_unknown_command_is_refused_and_nothing_is_made() {
    let place = Place::new();
    let ran = place.run(&["clasify"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.contains("classify"), "the near name is told: {}", ran.err);
    assert!(!place.data().exists());
}

#[test]
fn a_deployment_is_never_initialised_twice() {
    let place = Place::new();
    let said = place.run(&["init"]).good();
    assert!(said.contains("xh_"), "the token is shown: {said}");
    let keys = fs::read(place.data().join("keys.json")).unwrap();
    let said = place
        .run(&["init", "--suite", "sha256-ed25519"])
        .refused("hall.folder.taken");
    assert!(said.contains(place.data().to_str().unwrap()), "{said}");
    assert_eq!(
        fs::read(place.data().join("keys.json")).unwrap(),
        keys,
        "the keys are as they were"
    );
    place.run(&["classify"]).good();
}

#[test]
fn a_mistyped_database_address_is_refused_without_showing_the_password() {
    for url in [
        "postgress://xh:secret@localhost/xh",
        "mysql://localhost/x",
        "sqlite:",
        "xinheng",
    ] {
        let said = Place::new()
            .run(&["init", "--database", url])
            .refused("db.url.unknown");
        assert!(
            said.contains("postgres://") && said.contains("sqlite:"),
            "the right forms are told: {said}"
        );
        assert!(!said.contains("secret"), "{said}");
    }
}

#[test]
fn after_a_refused_init_the_corrected_one_works() {
    for wrong in [
        ["--database", "mysql://localhost/x"],
        ["--suite", "md5"],
        ["--pack", "nowhere"],
    ] {
        let place = Place::new();
        let ran = place.run(&[&["init"][..], &wrong[..]].concat());
        assert_eq!(ran.code, Some(1), "{wrong:?}: {ran:?}");
        let again = place.run(&["init"]);
        assert_eq!(again.code, Some(0), "after {wrong:?}: {}", again.err);
        place.run(&["classify"]).good();
    }
}

#[test]
fn a_folder_that_is_no_deployment_is_refused_and_stays_as_it_is() {
    let place = Place::new();
    for command in [
        &["classify"][..],
        &["plan", "list"],
        &["show", FIRM],
        &["log", "verify"],
        &["serve"],
    ] {
        let said = place.run(command).refused("hall.folder.missing");
        assert!(said.contains("xinheng init"), "what to do is told: {said}");
    }
    assert!(!place.data().exists());
}

#[test]
fn settings_that_are_damaged_are_named_with_file_and_line() {
    let place = Place::with_deployment();
    fs::write(
        place.data().join("xinheng.json"),
        "{\n  \"database\": \"sqlite:xinheng.db\",\n",
    )
    .unwrap();
    let said = place.run(&["classify"]).refused("hall.folder.settings");
    assert!(said.contains("xinheng.json"), "{said}");
}

#[test]
fn a_second_process_on_the_same_folder_is_refused_and_told_who_has_it() {
    let place = Place::with_deployment();
    let mut first = place.start(&["serve", "--listen", "127.0.0.1:0"]);
    first.first_line();
    let said = place.run(&["plan", "list"]).refused("hall.folder.in-use");
    assert!(
        said.contains(&first.0.id().to_string()),
        "the holder is named: {said}"
    );
    place.run(&["classify"]).refused("hall.folder.in-use");
    place.run(&["init"]).refused("hall.folder.in-use");
    drop(first);
    place.run(&["classify"]).good();
}

#[test]
fn an_older_program_refuses_a_newer_schema_and_leaves_it_as_it_is() {
    let place = Place::with_deployment();
    entities(&place, &[], registrations()).good();
    Inside::open(&place.data()).exec(&inside::STEP_OF_TOMORROW);
    let before = kept(&place);
    for command in [
        &["classify"][..],
        &["show", FIRM],
        &["serve", "--listen", "127.0.0.1:0"],
    ] {
        let said = place.run(command).refused("db.migrate.newer");
        assert!(said.contains("tomorrow"), "{said}");
    }
    let file = place.path("entities.csv");
    place
        .run(&["import", "entities", file.to_str().unwrap()])
        .refused("db.migrate.newer");
    assert_eq!(kept(&place), before);
}
