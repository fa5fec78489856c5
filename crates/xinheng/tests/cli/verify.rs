//! The verifier in the program: exit codes and named checks on every shared vector.
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::common::{self, Place, repository, xinheng};

fn vectors(kind: &str, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(repository("vectors/draw").join(kind)).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.to_str().unwrap().ends_with(ending));
    files.sort();
    files
}

fn verify(sealed: &Path, material: Option<(&str, &Path)>) -> common::Ran {
    let mut arguments = vec!["verify", sealed.to_str().unwrap()];
    if let Some((option, path)) = material {
        arguments.extend([option, path.to_str().unwrap()]);
    }
    xinheng(&arguments)
}

#[test]
fn verify_ends_with_zero_for_every_good_vector_at_every_level() {
    let good = vectors("good", ".sealed.json");
    assert!(good.len() >= 10, "{good:?}");
    for sealed in good {
        let beside =
            |kind: &str| PathBuf::from(sealed.to_str().unwrap().replace(".sealed.", &format!(".{kind}.")));
        verify(&sealed, None).good();
        verify(&sealed, Some(("--pool", &beside("auditor")))).good();
        verify(&sealed, Some(("--firm", &beside("firm")))).good();
    }
}

#[test]
fn verify_ends_with_one_for_every_tampered_vector_and_two_for_malformed_ones() {
    let bad = vectors("bad", ".json");
    assert!(bad.len() >= 20, "{}", bad.len());
    let place = Place::new();
    for path in bad {
        let vector: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let sealed = place.write("sealed.json", vector["sealed"].to_string());
        let material = &vector["material"];
        let option = if material["kind"] == "firm" {
            "--firm"
        } else {
            "--pool"
        };
        let file = place.write("material.json", material.to_string());
        let ran = verify(&sealed, (!material.is_null()).then_some((option, file.as_path())));
        let expect: Vec<&str> = vector["expect"]
            .as_array()
            .unwrap()
            .iter()
            .map(|name| name.as_str().unwrap())
            .collect();
        let code = if expect == ["malformed"] { 2 } else { 1 };
        assert_eq!(ran.code, Some(code), "{}: {ran:?}", path.display());
        if code == 1 {
            let failed: Vec<&str> = ran.out.lines().filter(|line| line.starts_with("不符")).collect();
            let named = |name: &&str| {
                failed
                    .iter()
                    .any(|line| line.split_whitespace().nth(1) == Some(*name))
            };
            assert!(
                expect.iter().all(named) && failed.len() == expect.len(),
                "{}: {failed:?}",
                path.display()
            );
        }
    }
}

#[test]
fn verify_ends_with_two_for_what_is_no_transcript() {
    let place = Place::new();
    let good = vectors("good", ".sealed.json").remove(0);
    let whole = fs::read(&good).unwrap();
    let half = &whole[..whole.len() / 2];
    for content in [&b""[..], b"not json", b"{}", b"[1, 2]", b"\xff\xfe\x00", half] {
        let ran = verify(&place.write("garbage.json", content), None);
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(
            !ran.err.is_empty() && !ran.err.contains("panicked"),
            "{}",
            ran.err
        );
        let ran = verify(&good, Some(("--pool", &place.write("pool.json", content))));
        assert_eq!(ran.code, Some(2), "{ran:?}");
    }
}

#[test]
fn verify_refuses_a_transcript_of_another_platform_than_the_pinned_one() {
    let sealed = vectors("good", ".sealed.json").remove(0);
    let content: Value = serde_json::from_slice(&fs::read(&sealed).unwrap()).unwrap();
    let key = content["transcript"]["key"].as_str().unwrap().to_owned();
    let path = sealed.to_str().unwrap();
    xinheng(&["verify", path, "--key", &key]).good();
    let other = format!("{}0", &key[..key.len() - 1]).replace(&key, "00");
    let ran = xinheng(&["verify", path, "--key", &other]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.err.contains("verify.key.other"), "{}", ran.err);
}
