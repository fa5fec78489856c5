//! Which crate may depend on which.
use std::collections::BTreeMap;

use serde::Deserialize;

use crate::none;
use crate::source::{files, read};

/// Our crates and those of ours each may name.
const MAY: [(&str, &[&str]); 15] = [
    ("kernel", &[]),
    ("policy", &["kernel"]),
    ("proof", &["kernel"]),
    ("db", &["kernel"]),
    ("readers", &[]),
    ("sources", &[]),
    ("finder", &[]),
    ("matching", &["kernel", "policy"]),
    ("scorecard", &["kernel"]),
    (
        "house",
        &["kernel", "policy", "proof", "db", "readers", "matching", "finder"],
    ),
    ("lake", &["kernel", "policy"]),
    ("cluster", &["kernel", "policy", "lake"]),
    ("demo", &["kernel"]),
    (
        "xinheng",
        &[
            "kernel",
            "policy",
            "proof",
            "db",
            "readers",
            "scorecard",
            "house",
            "lake",
            "sources",
            "cluster",
            "demo",
        ],
    ),
    ("tidy", &[]),
];

/// Dependencies that belong behind one crate.
const BEHIND: [(&str, &[&str]); 13] = [
    ("arrow", &["lake", "readers"]),
    ("parquet", &["lake", "readers"]),
    ("datafusion", &["cluster"]),
    ("ballista", &["cluster"]),
    ("rusqlite", &["db"]),
    ("postgres", &["db", "sources"]),
    ("mysql", &["sources"]),
    ("axum", &["house", "xinheng"]),
    ("sm2", &["proof"]),
    ("clap", &["xinheng"]),
    ("tantivy", &["finder"]),
    ("pinyin", &["finder"]),
    ("nalgebra", &["scorecard"]),
];

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Manifest {
    #[serde(default)]
    dependencies: BTreeMap<String, toml::Value>,
    #[serde(default)]
    dev_dependencies: BTreeMap<String, toml::Value>,
    #[serde(default)]
    build_dependencies: BTreeMap<String, toml::Value>,
}

/// Every crate with the names of all it depends on, and those its tests add.
fn manifests() -> Vec<(String, Vec<String>, Vec<String>)> {
    let paths = files("crates")
        .into_iter()
        .filter(|path| path.ends_with("/Cargo.toml") && path.matches('/').count() == 2);
    paths
        .map(|path| {
            let manifest: Manifest =
                toml::from_str(&read(&path)).unwrap_or_else(|error| panic!("{path}: {error}"));
            let name = path.split('/').nth(1).unwrap_or_default().to_owned();
            let built = manifest
                .dependencies
                .into_keys()
                .chain(manifest.build_dependencies.into_keys())
                .collect();
            (name, built, manifest.dev_dependencies.into_keys().collect())
        })
        .collect()
}

#[test]
fn crates_depend_on_each_other_as_designed() {
    let rules = BTreeMap::from(MAY);
    let mut faults = Vec::new();
    for (name, built, tested) in manifests() {
        let Some(may) = rules.get(name.as_str()) else {
            faults.push(format!(
                "{name}: a crate this test does not know; say here what it may depend on"
            ));
            continue;
        };
        for other in built
            .iter()
            .chain(&tested)
            .filter(|other| rules.contains_key(other.as_str()))
        {
            // A crate's tests may use its own test helpers.
            if !may.contains(&other.as_str()) && *other != name {
                faults.push(format!("{name} depends on {other}"));
            }
        }
    }
    none(
        &faults,
        "kernel → policy, proof, db, readers → house, lake → xinheng; house and lake never see each other.",
    );
}

#[test]
fn heavy_dependencies_stay_behind_one_crate() {
    let mut faults = Vec::new();
    for (name, built, tested) in manifests() {
        for (heavy, homes) in BEHIND {
            if built.iter().chain(&tested).any(|other| other == heavy) && !homes.contains(&name.as_str()) {
                faults.push(format!(
                    "{name} depends on {heavy}, which belongs to {}",
                    homes.join(", ")
                ));
            }
        }
    }
    none(&faults, "A heavy dependency has one home.");
}
