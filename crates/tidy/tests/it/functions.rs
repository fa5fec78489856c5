//! `docs/functions.toml` is complete and true.
use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::none;
use crate::source::{read, tests};

/// The documents and how many functions each calls for: 521.
const DOCUMENTS: [(&str, usize); 5] = [
    ("GD-FTZ", 124),
    ("DONGGUAN", 171),
    ("JINPING", 65),
    ("SHENYANG", 71),
    ("GUANGXI", 90),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    function: Vec<Function>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Function {
    id: String,
    title: String,
    state: State,
    way: Option<String>,
    test: Option<String>,
}

#[derive(Deserialize, PartialEq, Eq, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum State {
    No,
    Partly,
    Done,
}

fn page() -> Vec<Function> {
    toml::from_str::<Page>(&read("docs/functions.toml"))
        .unwrap_or_else(|error| panic!("docs/functions.toml: {error}"))
        .function
}

#[test]
fn the_page_holds_every_function_of_the_documents_once() {
    let wanted: BTreeSet<String> = DOCUMENTS
        .iter()
        .flat_map(|(document, count)| (1..=*count).map(move |number| format!("{document}-{number}")))
        .collect();
    assert_eq!(wanted.len(), 521);
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for function in page() {
        *seen.entry(function.id).or_default() += 1;
    }
    let mut faults: Vec<String> = wanted
        .iter()
        .filter(|id| !seen.contains_key(*id))
        .map(|id| format!("{id} is missing"))
        .collect();
    faults.extend(
        seen.iter()
            .filter(|(id, _)| !wanted.contains(*id))
            .map(|(id, _)| format!("{id} is in no document")),
    );
    faults.extend(
        seen.iter()
            .filter(|(_, times)| **times > 1)
            .map(|(id, _)| format!("{id} stands more than once")),
    );
    none(
        &faults,
        "docs/functions.toml holds each of the 521 functions once.",
    );
}

#[test]
fn what_is_called_done_names_a_test_that_exists() {
    let mut faults = Vec::new();
    for function in page() {
        let id = &function.id;
        if function.title.trim().is_empty() {
            faults.push(format!("{id} has no title"));
        }
        let (way, test) = (
            function.way.as_deref().unwrap_or_default(),
            function.test.as_deref().unwrap_or_default(),
        );
        if function.state == State::No {
            if !way.is_empty() || !test.is_empty() {
                faults.push(format!("{id} is not there, yet names a way or a test"));
            }
            continue;
        }
        if way.trim().is_empty() {
            faults.push(format!("{id} does not say how to get there (way)"));
        }
        if !tests().contains(test) {
            faults.push(format!(
                "{id} names the test `{test}`, which does not exist (write crate::name)"
            ));
        }
    }
    none(
        &faults,
        "What is partly or wholly there has a way in and a test that fails without it.",
    );
}
