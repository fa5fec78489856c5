//! Every good vector passes at every level; every bad vector fails in exactly the checks it names.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests fail by panicking"
)]

use std::fs;
use std::path::{Path, PathBuf};

use proof::draw::Sealed;
use proof::verify::{Material, Need, Outcome, Report, verify};
use proof::{ProofError, canonical};
use serde::Deserialize;
use serde_json::Value;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../vectors/draw")
        .join(name)
}

fn files(name: &str, ending: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder(name)) else {
        return Vec::new();
    };
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().ends_with(ending))
        })
        .collect();
    found.sort();
    found
}

fn check(sealed: &[u8], material: Option<&[u8]>) -> Result<Report, ProofError> {
    let material = material.map(Material::parse).transpose()?;
    Ok(verify(&Sealed::parse(sealed)?, material.as_ref()))
}

#[test]
fn every_good_vector_passes_at_every_level() {
    let files = files("good", ".sealed.json");
    assert!(
        files.len() >= 10,
        "the good vectors are missing: {}",
        folder("good").display()
    );
    for path in files {
        let sealed = fs::read(&path).unwrap();
        let other = |kind: &str| {
            fs::read(
                path.to_string_lossy()
                    .replace(".sealed.json", &format!(".{kind}.json")),
            )
            .unwrap()
        };
        let logged = Sealed::parse(&sealed).unwrap().log.is_some();
        for (material, level) in [
            (None, None),
            (Some(other("firm")), Some(Need::Firm)),
            (Some(other("auditor")), Some(Need::Auditor)),
        ] {
            let report = check(&sealed, material.as_deref()).unwrap();
            assert!(report.holds(), "{}: {report:#?}", path.display());
            for check in &report.checks {
                let expected = match check.name {
                    "commitment-logged" | "log-inclusion" if !logged => Outcome::Needs(Need::Log),
                    name if name.starts_with("firm-") && level != Some(Need::Firm) => {
                        Outcome::Needs(Need::Firm)
                    }
                    "pool-roots" | "places-root" | "roll-root" | "selection" | "reserves" | "cutoffs"
                    | "teams" | "selected-root"
                        if level != Some(Need::Auditor) =>
                    {
                        Outcome::Needs(Need::Auditor)
                    }
                    _ => Outcome::Pass,
                };
                assert_eq!(check.outcome, expected, "{}: {}", path.display(), check.name);
            }
        }
    }
}

#[test]
fn every_good_vector_is_written_canonically_and_survives_reading() {
    for path in files("good", ".sealed.json") {
        let bytes = fs::read(&path).unwrap();
        let mut again = canonical::to_vec(&Sealed::parse(&bytes).unwrap()).unwrap();
        again.push(b'\n');
        assert!(again == bytes, "{}", path.display());
    }
}

#[derive(Deserialize)]
struct Bad {
    why: String,
    expect: Vec<String>,
    sealed: Value,
    material: Option<Value>,
}

#[test]
fn every_bad_vector_fails_in_exactly_the_checks_it_names() {
    let files = files("bad", ".json");
    assert!(
        files.len() >= 20,
        "only {} bad vectors in {}",
        files.len(),
        folder("bad").display()
    );
    let mut wrong = Vec::new();
    for path in files {
        let bad: Bad = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let material = bad.material.map(|value| serde_json::to_vec(&value).unwrap());
        let failed = match check(&serde_json::to_vec(&bad.sealed).unwrap(), material.as_deref()) {
            Ok(report) => report.failed().into_iter().map(str::to_owned).collect(),
            Err(_) => vec!["malformed".to_owned()],
        };
        let (mut expected, mut found): (Vec<String>, Vec<String>) = (bad.expect, failed);
        expected.sort();
        found.sort();
        if expected != found || expected.is_empty() {
            wrong.push(format!(
                "{}: {} — expected {expected:?}, found {found:?}",
                path.display(),
                bad.why
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
