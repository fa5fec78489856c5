//! The one way through the house: a module calls modules to its left and writes to the ledger for the rest.
use crate::allowed::none_but_allowed;
use crate::source::{Source, house};
use crate::text::{is_word, line_of, word};

/// The modules from left to right.
pub const SLOPE: [&str; 15] = [
    "office", "intake", "registry", "trace", "assess", "appeal", "lead", "notify", "patrol", "inspect",
    "enforce", "sanction", "remedy", "publish", "evaluate",
];

/// What stands outside the slope.
const COMMON: [&str; 2] = ["hall", "edge"];

fn place(name: &str) -> Option<usize> {
    SLOPE.iter().position(|module| *module == name)
}

/// The module, or `hall` or `edge`, a file belongs to; none for the files at the root of the house.
pub fn module_of(source: &Source) -> Option<&str> {
    let parts = source.in_house()?;
    (parts.len() > 1).then(|| parts.first().copied()).flatten()
}

/// Names that stand directly under the root of the house in this file's paths, with the line of each.
fn named(source: &Source) -> Vec<(usize, String)> {
    let mut roots = vec!["crate::".to_owned()];
    if let Some(parts) = source.in_house() {
        // `super::super::` from `intake/service.rs` is the root as well; a folder more is a `super` more.
        let last = usize::from(parts.last() == Some(&"mod.rs"));
        roots.push("super::".repeat(parts.len().saturating_sub(last)));
    }
    let mut found = Vec::new();
    for root in roots.iter().filter(|root| !root.is_empty()) {
        for (at, _) in source.code.match_indices(root.as_str()) {
            let before = source.code.get(..at).unwrap_or_default();
            if before.ends_with("super::")
                || before.chars().next_back().is_some_and(|c| is_word(c) || c == '$')
            {
                continue;
            }
            let after = source.code.get(at + root.len()..).unwrap_or_default();
            let line = line_of(&source.code, at);
            found.extend(first_names(after).into_iter().map(|name| (line, name)));
        }
    }
    found
}

/// `a::b` names `a`; `{a::b, c}` names `a` and `c`.
fn first_names(after: &str) -> Vec<String> {
    let Some(group) = after.strip_prefix('{') else {
        return vec![word(after).to_owned()];
    };
    let (mut depth, mut start, mut names) = (0_i32, true, Vec::new());
    for (at, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => start = true,
            _ if start && is_word(letter) => {
                names.push(word(group.get(at..).unwrap_or_default()).to_owned());
                start = false;
            }
            _ => {}
        }
    }
    names
}

#[test]
fn a_module_names_only_modules_to_its_left() {
    let mut faults = Vec::new();
    for source in house().filter(|source| !source.is_test()) {
        let Some(own) = module_of(source).and_then(place) else {
            continue;
        };
        for (line, name) in named(source) {
            if place(&name).is_some_and(|other| other > own) {
                faults.push(format!(
                    "{}:{line} names `{name}`, which is to its right",
                    source.path
                ));
            }
        }
    }
    none_but_allowed(
        "a_module_names_only_modules_to_its_left",
        faults,
        "A module calls modules to its left; what it has to tell the others it writes to the ledger.",
    );
}

#[test]
fn the_hall_knows_no_module() {
    let mut faults = Vec::new();
    for source in house().filter(|source| module_of(source) == Some("hall") && !source.is_test()) {
        for (line, name) in named(source) {
            if place(&name).is_some() {
                faults.push(format!("{}:{line} names `{name}`", source.path));
            }
        }
    }
    none_but_allowed(
        "the_hall_knows_no_module",
        faults,
        "The hall is what the modules share; it knows none of them.",
    );
}

#[test]
fn every_folder_of_the_house_stands_on_the_slope() {
    let faults: Vec<String> = house()
        .filter_map(module_of)
        .filter(|name| place(name).is_none() && !COMMON.contains(name) && *name != "tests")
        .map(str::to_owned)
        .collect();
    none_but_allowed(
        "every_folder_of_the_house_stands_on_the_slope",
        faults,
        "Every folder of the house is the hall, the edge, or a module of the slope.",
    );
}

#[test]
fn names_under_the_root_are_read_from_paths_and_groups() {
    assert_eq!(first_names("intake::service::x"), ["intake"]);
    assert_eq!(
        first_names("{hall::{Op, Act}, publish::x, self}"),
        ["hall", "publish", "self"]
    );
}
