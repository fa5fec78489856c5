//! What each room of a module may hold.
use crate::allowed::none_but_allowed;
use crate::slope::{SLOPE, module_of};
use crate::source::{Source, house, sources};
use crate::text::{has_word, line_of};

/// The rooms every module draws from.
const ROOMS: [&str; 8] = [
    "mod", "model", "rules", "store", "service", "http", "jobs", "tests",
];
/// Rooms of one module only, each with the ADR that gave leave.
const EXTRA_ROOMS: [(&str, &str); 10] = [
    ("intake", "table"),      // docs/adr/0008
    ("intake", "quality"),    // docs/adr/0021
    ("intake", "correction"), // docs/adr/0022
    ("intake", "drop"),       // docs/adr/0022
    ("intake", "pull"),       // docs/adr/0022
    ("intake", "receipt"),    // docs/adr/0022
    ("intake", "push"),       // docs/adr/0023
    ("intake", "whose"),      // docs/adr/0015
    ("registry", "whose"),    // docs/adr/0015
    ("assess", "life"),       // docs/adr/0018
];
/// Lines the door of a module may have.
const DOOR: usize = 60;

/// Lines on which a name stands as a whole word.
fn lines_with(source: &Source, name: &str) -> Vec<String> {
    let lines = source.code.lines().enumerate();
    lines
        .filter(|(_, line)| has_word(line, name))
        .map(|(at, _)| format!("{}:{} `{name}`", source.path, at + 1))
        .collect()
}

#[test]
fn a_module_has_only_the_known_rooms() {
    let mut faults = Vec::new();
    for source in house() {
        let (Some(module), Some(parts)) = (module_of(source), source.in_house()) else {
            continue;
        };
        let room = parts
            .get(1)
            .map(|part| part.trim_end_matches(".rs"))
            .unwrap_or_default();
        let known = ROOMS.contains(&room) || EXTRA_ROOMS.contains(&(module, room));
        if SLOPE.contains(&module) && !known {
            faults.push(format!("{} is no known room", source.path));
        }
    }
    none_but_allowed(
        "a_module_has_only_the_known_rooms",
        faults,
        "The rooms are the same in every module; a new one needs an ADR.",
    );
}

#[test]
fn a_door_is_short() {
    let faults: Vec<String> = house()
        .filter(|source| {
            source
                .in_house()
                .is_some_and(|parts| parts.len() == 2 && parts.last() == Some(&"mod.rs"))
        })
        .filter(|source| source.text.lines().count() > DOOR)
        .map(|source| source.path.clone())
        .collect();
    none_but_allowed(
        "a_door_is_short",
        faults,
        "The door of a module has at most 60 lines and holds no logic.",
    );
}

#[test]
fn inside_the_house_nothing_awaits() {
    let faults: Vec<String> = house()
        .filter(|source| module_of(source) != Some("edge") && !source.is_room("http") && !source.is_test())
        .flat_map(|source| [lines_with(source, "async"), lines_with(source, "await")].concat())
        .collect();
    none_but_allowed(
        "inside_the_house_nothing_awaits",
        faults,
        "Rules, stores and services are plain functions; async stays in edge and http.rs.",
    );
}

#[test]
fn only_the_window_knows_http() {
    let faults: Vec<String> = house()
        .filter(|source| module_of(source) != Some("edge") && !source.is_room("http") && !source.is_test())
        .flat_map(|source| lines_with(source, "axum"))
        .collect();
    none_but_allowed(
        "only_the_window_knows_http",
        faults,
        "axum is named in edge and http.rs only.",
    );
}

#[test]
fn rules_know_no_database_and_no_clock() {
    let mut faults = Vec::new();
    for source in house().filter(|source| source.is_room("rules") && !source.is_test()) {
        for name in ["Tx", "db", "Clock", "Chance", "House", "store"] {
            faults.extend(lines_with(source, name));
        }
    }
    none_but_allowed(
        "rules_know_no_database_and_no_clock",
        faults,
        "The law is pure: rules.rs decides from facts and the pack.",
    );
}

#[test]
fn transactions_are_opened_in_one_place() {
    let mut faults = Vec::new();
    let ours = sources()
        .iter()
        .filter(|source| ["house", "xinheng", "demo"].contains(&source.crate_name()));
    for source in ours.filter(|source| !source.is_test() && source.path != "crates/house/src/hall/command.rs")
    {
        for (at, _) in source.code.match_indices(".begin()") {
            faults.push(format!("{}:{} .begin()", source.path, line_of(&source.code, at)));
        }
    }
    none_but_allowed(
        "transactions_are_opened_in_one_place",
        faults,
        "Only hall::command begins and commits.",
    );
}

#[test]
fn a_window_opens_no_store() {
    let faults: Vec<String> = house()
        .filter(|source| source.is_room("http") && !source.is_test() && module_of(source) != Some("hall"))
        .flat_map(|source| [lines_with(source, "store"), lines_with(source, "rules")].concat())
        .collect();
    none_but_allowed(
        "a_window_opens_no_store",
        faults,
        "http.rs turns a request into a command and an answer into a view; it enters by the service.",
    );
}
