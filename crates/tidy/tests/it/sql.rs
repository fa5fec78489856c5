//! SQL stands in the cellar, and each module keeps to its own tables.
use std::collections::BTreeMap;

use crate::allowed::none_but_allowed;
use crate::slope::{SLOPE, module_of};
use crate::source::{Source, files, house, read, sources};
use crate::text::{Literal, has_word, word};

fn is_sql(literal: &Literal) -> bool {
    let text = &literal.text;
    ["SELECT ", "INSERT INTO", "DELETE FROM"]
        .iter()
        .any(|keyword| text.contains(keyword))
        || text
            .split_once("UPDATE ")
            .is_some_and(|(_, rest)| rest.split_whitespace().nth(1) == Some("SET"))
}

fn places(source: &Source, wanted: impl Fn(&Literal) -> bool) -> Vec<String> {
    source
        .literals
        .iter()
        .filter(|literal| wanted(literal))
        .map(|literal| {
            let text: String = literal
                .text
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" ")
                .chars()
                .take(60)
                .collect();
            format!("{}:{} {text}", source.path, literal.line)
        })
        .collect()
}

/// Every table that a step makes, with the module whose name it bears. A step may be of one gate or feed of a module only.
fn tables() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for path in files("migrations") {
        for line in read(&path).lines() {
            if let Some(rest) = line.trim_start().strip_prefix("CREATE TABLE ") {
                let name = word(rest.trim_start_matches("IF NOT EXISTS "));
                let module = name.split('_').next().unwrap_or_default();
                found.insert(name.to_owned(), module.to_owned());
            }
        }
    }
    found
}

#[test]
fn sql_stands_only_in_stores() {
    let faults: Vec<String> = house()
        .filter(|source| !source.is_room("store"))
        .flat_map(|source| places(source, is_sql))
        .collect();
    none_but_allowed(
        "sql_stands_only_in_stores",
        faults,
        "Every SQL statement of a module stands in its store.",
    );
}

#[test]
fn no_other_crate_speaks_sql() {
    let silent = ["kernel", "policy", "proof", "lake", "demo", "xinheng"];
    // Tests of the binary look into its database and put it into states that no command can make.
    let others = sources()
        .iter()
        .filter(|source| silent.contains(&source.crate_name()) && !source.is_test());
    let faults: Vec<String> = others.flat_map(|source| places(source, is_sql)).collect();
    none_but_allowed(
        "no_other_crate_speaks_sql",
        faults,
        "No crate but `db` and `house` speaks SQL.",
    );
}

#[test]
fn a_module_names_only_its_own_tables() {
    let tables = tables();
    assert!(tables.len() > 20, "the migrations were not read");
    let mut faults = Vec::new();
    for source in house().filter(|source| !source.is_test()) {
        let Some(own) = module_of(source) else { continue };
        let foreign: Vec<&String> = tables
            .iter()
            .filter(|(_, module)| *module != own)
            .map(|(table, _)| table)
            .collect();
        let names_foreign = |literal: &Literal| foreign.iter().any(|table| has_word(&literal.text, table));
        faults.extend(places(source, names_foreign));
    }
    none_but_allowed(
        "a_module_names_only_its_own_tables",
        faults,
        "A module reads and writes its own tables; for the others' it asks at their door.",
    );
}

#[test]
fn a_table_bears_the_name_of_its_module() {
    let faults: Vec<String> = tables()
        .into_iter()
        .filter(|(_, module)| module != "hall" && !SLOPE.contains(&module.as_str()))
        .map(|(table, _)| format!("{table} bears the name of no module"))
        .collect();
    none_but_allowed(
        "a_table_bears_the_name_of_its_module",
        faults,
        "Tables are named <module>_<noun>.",
    );
}

#[test]
fn every_step_of_the_schema_is_written_for_both_databases() {
    let known = read("crates/house/src/migrations.rs");
    let mut faults = Vec::new();
    let mut numbers = Vec::new();
    let all = files("migrations");
    for path in &all {
        let file = path.strip_prefix("migrations/").unwrap_or(path);
        let (step, twin) = match (
            file.strip_suffix(".sqlite.sql"),
            file.strip_suffix(".postgres.sql"),
        ) {
            (Some(step), _) => (step, format!("migrations/{step}.postgres.sql")),
            (_, Some(step)) => (step, format!("migrations/{step}.sqlite.sql")),
            _ => {
                faults.push(format!("{path}: neither .sqlite.sql nor .postgres.sql"));
                continue;
            }
        };
        if !all.contains(&twin) {
            faults.push(format!("{path} has no twin {twin}"));
        }
        if !known.contains(&format!("\"{step}\"")) {
            faults.push(format!(
                "{path} is not among the steps of crates/house/src/migrations.rs"
            ));
        }
        if file.ends_with(".sqlite.sql") {
            numbers.push(
                step.split('_')
                    .next()
                    .and_then(|number| number.parse::<usize>().ok())
                    .unwrap_or(0),
            );
        }
    }
    if numbers != (1..=numbers.len()).collect::<Vec<_>>() {
        faults.push(format!("steps are not numbered 1, 2, 3 …: {numbers:?}"));
    }
    none_but_allowed(
        "every_step_of_the_schema_is_written_for_both_databases",
        faults,
        "A numbered step is a file for each database, known to the house.",
    );
}
