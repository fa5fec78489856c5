//! The policy packs inside the binary, and packs from a folder.
use std::path::Path;

use kernel::{Fault, FaultKind, Outcome};
use policy::pack::{Memory, Pack, PackFault};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "../../packs"]
#[include = "*.toml"]
struct Embedded;

/// A pack by the name of one inside the binary, or by the path of a folder.
pub fn open(name: &str) -> Outcome<Pack> {
    let read = if is_path(name) {
        Pack::load(Path::new(name))
    } else {
        embedded(name)
    };
    read.map_err(|faults| {
        let detail = format!("政策包“{name}”有 {} 处问题，不能使用。", faults.len());
        let fault = Fault::new(FaultKind::Invalid, "policy.pack.invalid", detail);
        faults.iter().fold(fault, |fault, one| {
            fault.with_field(place(one), "policy.pack.invalid", one.to_string())
        })
    })
}

/// The name under which a pack is found again from any working directory: a path is made absolute.
pub fn lasting_name(name: &str) -> Outcome<String> {
    if !is_path(name) {
        return Ok(name.to_owned());
    }
    let whole = std::path::absolute(name).map_err(|e| {
        Fault::internal(
            format!("路径 {name} 无法使用：{}", kernel::fault::in_words(&e)),
            e,
        )
    })?;
    Ok(whole.to_string_lossy().into_owned())
}

fn is_path(name: &str) -> bool {
    name.contains(['/', '\\', '.'])
}

fn embedded(name: &str) -> Result<Pack, Vec<PackFault>> {
    let files = Embedded::iter().filter_map(|path| {
        let file = Embedded::get(&path)?;
        Some((path.to_string(), String::from_utf8_lossy(&file.data).into_owned()))
    });
    Pack::from_sources(&Memory::new(files), name)
}

/// The text of a file of a pack, empty when the pack has no such file.
pub fn file(name: &str, file: &str) -> Outcome<String> {
    if !is_path(name) {
        let held = Embedded::get(&format!("{name}/{file}"));
        return Ok(held.map_or(String::new(), |held| {
            String::from_utf8_lossy(&held.data).into_owned()
        }));
    }
    let path = Path::new(name).join(file);
    match std::fs::read_to_string(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        read => read.map_err(|error| {
            Fault::invalid(
                "policy.pack.unreadable",
                format!(
                    "无法读取“{}”：{}。",
                    path.display(),
                    kernel::fault::in_words(&error)
                ),
            )
        }),
    }
}

/// The name of the pack that a pack extends: a folder beside it, or one inside the binary.
pub fn beside(name: &str, base: &str) -> String {
    if is_path(name) {
        let folder = Path::new(name).parent().unwrap_or(Path::new("."));
        return folder.join(base).to_string_lossy().into_owned();
    }
    base.to_owned()
}

fn place(_: &PackFault) -> &'static str {
    "政策包"
}

/// Names of the packs inside the binary.
pub fn names() -> Vec<String> {
    let mut names: Vec<String> = Embedded::iter()
        .filter_map(|path| path.split_once('/').map(|(name, _)| name.to_owned()))
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}
