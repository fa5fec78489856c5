//! Packs that are whole, broken, and edited half-way.
use std::fs;
use std::path::PathBuf;

use super::common::inside::Inside;
use super::common::{self, Place, number, repository, xinheng};
use super::{FIRM, entities, registrations};

#[test]
fn the_packs_of_the_repository_pass_their_check() {
    for pack in ["packs/base", "packs/shantou-jinping"] {
        let said = xinheng(&["policy".into(), "check".into(), repository(pack)]).good();
        assert!(number(&said, "）：") > 0, "it has cases: {said}");
        assert_eq!(number(&said, "个案例，"), 0, "{said}");
    }
}

/// A copy of the packs with one line of a file changed; the number of that line.
fn broken_pack(place: &Place, file: &str, from: &str, to: &str) -> (PathBuf, usize) {
    let folder = place.path("packs");
    common::copy_folder(&repository("packs"), &folder);
    let path = folder.join(file);
    let text = fs::read_to_string(&path).unwrap();
    let line = text
        .lines()
        .position(|line| line.contains(from))
        .unwrap_or_else(|| panic!("no “{from}” in {file}"));
    fs::write(&path, text.replacen(from, to, 1)).unwrap();
    (folder, line + 1)
}

#[test]
fn a_broken_pack_fails_its_check_with_file_and_line() {
    for (file, from, to) in [
        ("base/draw.toml", "basis = {", "basus = {"),
        (
            "shantou-jinping/draw.toml",
            "share = \"30/100\"",
            "share = \"130/100\"",
        ),
        (
            "shantou-jinping/deadlines.toml",
            "source = \"GD12345\"",
            "source = \"GD12346\"",
        ),
    ] {
        let place = Place::new();
        let (folder, line) = broken_pack(&place, file, from, to);
        let pack = folder.join(file.split_once('/').unwrap().0);
        let ran = xinheng(&["policy".into(), "check".into(), pack]);
        assert_eq!(ran.code, Some(1), "{file}: {ran:?}");
        let named = ran
            .out
            .lines()
            .any(|text| text.contains(&format!("{}:{line}", file.split_once('/').unwrap().1)));
        assert!(named, "{file}:{line} is not named in {}", ran.out);
    }
}

#[test]
fn a_case_that_no_longer_holds_fails_the_check() {
    let place = Place::new();
    let (folder, _) = broken_pack(
        &place,
        "shantou-jinping/draw.toml",
        "share = \"30/100\"",
        "share = \"29/100\"",
    );
    let ran = xinheng(&["policy".into(), "check".into(), folder.join("shantou-jinping")]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(number(&ran.out, "个案例，") > 0, "{}", ran.out);
}

#[test]
fn a_pack_edited_half_way_is_refused_at_start_and_works_when_it_is_whole_again() {
    let place = Place::new();
    common::copy_folder(&repository("packs"), &place.path("packs"));
    let pack = place.path("packs/base");
    place.run(&["init", "--pack", pack.to_str().unwrap()]).good();
    entities(&place, &[], registrations()).good();
    let before = Inside::open(&place.data()).classes();
    let (model, text) = (
        pack.join("model.toml"),
        fs::read_to_string(pack.join("model.toml")).unwrap(),
    );
    let half: String = text.chars().take(text.chars().count() / 2).collect();
    fs::write(&model, half.trim_end_matches(['\n', ']', '}'])).unwrap();
    for command in [
        &["classify"][..],
        &["serve", "--listen", "127.0.0.1:0"],
        &["show", FIRM],
    ] {
        let said = place.run(command).refused("policy.pack.invalid");
        assert!(said.contains("model.toml:"), "file and line are told: {said}");
    }
    fs::write(&model, text).unwrap();
    place.run(&["classify"]).good();
    assert_eq!(Inside::open(&place.data()).classes(), before);
}
