//! Documents that link, name and promise only what is there.
use std::collections::BTreeMap;

use crate::none;
use crate::source::{files, is_kind, read, root, sources, tests};
use crate::text::has_word;

/// The parts of a text between backticks.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

#[test]
fn every_decision_is_linked_from_the_architecture() {
    let page = read("ARCHITECTURE.md");
    let decisions: Vec<String> = files("docs/adr")
        .into_iter()
        .filter(|path| is_kind(path, "md"))
        .collect();
    assert!(!decisions.is_empty(), "there are no ADRs");
    let faults: Vec<String> = decisions
        .into_iter()
        .filter(|path| !page.contains(&format!("({path})")))
        .collect();
    none(&faults, "Every ADR is linked from ARCHITECTURE.md.");
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut faults = Vec::new();
    let pages = files("").into_iter().filter(|path| is_kind(path, "md"));
    for path in pages {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let text = read(&path);
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = link.split('#').next().unwrap_or_default();
            // `MAC[salt](key)` in a formula looks like a link.
            if !target.contains(['.', '/']) || target.contains("://") || target.contains(' ') {
                continue;
            }
            if !root().join(folder).join(target).exists() {
                faults.push(format!("{path} links {link}"));
            }
        }
    }
    none(&faults, "A link leads to a file that is there.");
}

#[test]
fn every_invariant_names_a_test_that_exists() {
    let page = read("ARCHITECTURE.md");
    let mut faults = Vec::new();
    let mut promised = 0;
    for (number, line) in page.lines().enumerate() {
        let Some((_, names)) = line.split_once("Kept by ") else {
            continue;
        };
        promised += 1;
        let names = quoted(names);
        if names.is_empty() {
            faults.push(format!("ARCHITECTURE.md:{} names no test", number + 1));
        }
        let missing = names.into_iter().filter(|name| !tests().contains(*name));
        faults.extend(missing.map(|name| format!("ARCHITECTURE.md:{} names {name}", number + 1)));
    }
    assert!(
        promised >= 10,
        "ARCHITECTURE.md promises only {promised} invariants"
    );
    none(&faults, "An invariant is kept by a test that exists.");
}

#[test]
fn words_of_the_glossary_stand_in_the_code_one_to_one() {
    let page = read("GLOSSARY.md");
    let mut everything: String = sources()
        .iter()
        .map(|source| source.text.as_str())
        .collect::<Vec<_>>()
        .join("\n");
    for path in files("migrations").into_iter().chain(files("packs")) {
        if is_kind(&path, "sql") || is_kind(&path, "toml") {
            everything.push_str(&read(&path));
        }
    }
    let (mut words, mut names, mut faults) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
    for (number, line) in page.lines().enumerate() {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [word, name, meaning] = cells.as_slice() else {
            continue;
        };
        let Some(name) = name.strip_prefix('`').and_then(|name| name.strip_suffix('`')) else {
            continue;
        };
        let at = number + 1;
        if let Some(before) = words.insert((*word).to_owned(), at) {
            faults.push(format!("GLOSSARY.md:{at} {word} stands on line {before} already"));
        }
        if let Some(before) = names.insert(name.to_owned(), at) {
            faults.push(format!(
                "GLOSSARY.md:{at} `{name}` stands on line {before} already"
            ));
        }
        if meaning.is_empty() {
            faults.push(format!("GLOSSARY.md:{at} {word} has no meaning"));
        }
        if !has_word(&everything, name) {
            faults.push(format!("GLOSSARY.md:{at} `{name}` stands nowhere in the code"));
        }
    }
    assert!(
        words.len() >= 30,
        "GLOSSARY.md was not read: {} words",
        words.len()
    );
    none(&faults, "One word for one thing, and the thing is there.");
}

#[test]
fn nothing_names_what_is_outside_the_project() {
    // Written in halves, or this file would name them.
    let words = [
        concat!("/work/", "shared"),
        concat!("/work/", "plan"),
        concat!("blue", "print"),
    ];
    let mut faults = Vec::new();
    for path in files("") {
        let Ok(bytes) = std::fs::read(root().join(&path)) else {
            continue;
        };
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        faults.extend(
            words
                .iter()
                .filter(|word| text.contains(**word))
                .map(|word| format!("{path}: {word}")),
        );
    }
    none(&faults, "The project stands by itself.");
}

#[test]
fn both_readmes_and_the_licence_are_there() {
    let pages = [
        "README.md",
        "README.zh-CN.md",
        "CHANGELOG.md",
        "LICENSE",
        "docs/README.md",
    ];
    let faults: Vec<String> = pages
        .into_iter()
        .filter(|path| !root().join(path).exists())
        .map(str::to_owned)
        .collect();
    none(&faults, "What a stranger looks for first is there.");
}
