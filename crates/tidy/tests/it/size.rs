//! Nothing grows beyond what one can hold in mind.
use std::collections::BTreeMap;

use crate::allowed::allowed;
use crate::none;
use crate::source::sources;
use crate::text::functions;

/// Lines a file may have.
const FILE: usize = 500;
/// Lines a function may have, from its name to its closing brace.
const FUNCTION: usize = 80;

/// Everything measured, by its name in the allow-list, with the limit that holds for it.
fn measured() -> BTreeMap<String, (usize, usize)> {
    let mut sizes: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for source in sources() {
        sizes.insert(source.path.clone(), (source.text.lines().count(), FILE));
        for function in functions(&source.code) {
            // Several functions of one name in a file: the longest counts.
            let size = sizes
                .entry(format!("{}::{}", source.path, function.name))
                .or_insert((0, FUNCTION));
            size.0 = size.0.max(function.lines);
        }
    }
    sizes
}

#[test]
fn files_and_functions_stay_short() {
    let allowed = allowed().too_long;
    let faults: Vec<String> = measured()
        .into_iter()
        .filter(|(name, (lines, limit))| *lines > allowed.get(name).copied().unwrap_or(*limit).max(*limit))
        .map(|(name, (lines, limit))| format!("{name}: {lines} lines, at most {limit}"))
        .collect();
    none(
        &faults,
        "A file has at most 500 lines, a function at most 80. Cut it in two along its meaning.",
    );
}

#[test]
fn the_list_of_what_is_too_long_only_shrinks() {
    let sizes = measured();
    let allowed = allowed().too_long;
    let faults: Vec<String> = allowed
        .iter()
        .filter_map(|(name, lines)| match sizes.get(name) {
            None => Some(format!("{name} is gone: remove its entry")),
            Some((now, limit)) if now <= limit => {
                Some(format!("{name} is short enough now: remove its entry"))
            }
            Some((now, _)) if now < lines => Some(format!(
                "{name} has {now} lines now: write that instead of {lines}"
            )),
            Some(_) => None,
        })
        .collect();
    none(&faults, "allowed.toml says how long things still are.");
}

#[test]
fn every_file_says_what_it_is_for() {
    let faults: Vec<String> = sources()
        .iter()
        .filter(|source| !source.text.starts_with("//! "))
        .map(|source| format!("{} does not begin with `//! `", source.path))
        .collect();
    none(
        &faults,
        "Every file begins with one sentence that says what it is for.",
    );
}
