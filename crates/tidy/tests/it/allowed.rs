//! What breaks a rule since before the rule came: `allowed.toml`, a list that only shrinks.
use std::collections::BTreeMap;

use serde::Deserialize;

use crate::none;
use crate::source::read;

/// Entries the list may have. This number may only fall.
const MOST: usize = 8;

/// The list.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allowed {
    /// Path, or `path::function`, and the lines it had.
    #[serde(default)]
    pub too_long: BTreeMap<String, usize>,
    /// Name of a test, and the files that break its rule.
    #[serde(default)]
    broken: BTreeMap<String, Vec<String>>,
}

/// The list as it stands.
pub fn allowed() -> Allowed {
    toml::from_str(&read("crates/tidy/allowed.toml")).expect("allowed.toml")
}

/// Like [`none`], for faults that begin with the path of a file: those of files listed under the test are let pass, and a
/// listed file without a fault must be struck off.
#[track_caller]
pub fn none_but_allowed(test: &str, faults: Vec<String>, rule: &str) {
    let listed = allowed().broken.remove(test).unwrap_or_default();
    let of = |fault: &str, path: &str| {
        fault
            .strip_prefix(path)
            .is_some_and(|rest| rest.starts_with([':', ' ']))
    };
    let mut left: Vec<String> = listed
        .iter()
        .filter(|path| !faults.iter().any(|fault| of(fault, path)))
        .cloned()
        .collect();
    for path in &mut left {
        path.push_str(" keeps the rule now: strike it off allowed.toml");
    }
    left.extend(
        faults
            .into_iter()
            .filter(|fault| !listed.iter().any(|path| of(fault, path))),
    );
    none(&left, rule);
}

#[test]
fn the_list_of_exceptions_only_shrinks() {
    let list = allowed();
    let entries = list.too_long.len() + list.broken.values().map(Vec::len).sum::<usize>();
    assert_eq!(
        entries, MOST,
        "nothing may be added to allowed.toml; and when it has shrunk, MOST in allowed.rs shrinks with it"
    );
}
