//! The names.

use std::collections::HashMap;
use std::error::Error;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;

use kernel::name::normalise;
use matching::{Known, Places};

/// A real registration.
pub struct Entity {
    pub name: String,
    pub normal: String,
    pub code: String,
    pub reg_no: String,
    pub city: String,
    pub division: String,
    pub address: String,
    /// Decides, by the name, which part it belongs to and whether it is held out.
    pub hash: u64,
}

impl Entity {
    pub fn known(&self) -> Known {
        Known {
            entity_id: 0,
            subject_no: self.code.clone(),
            reg_no: (!self.reg_no.is_empty()).then(|| self.reg_no.clone()),
            name: self.name.clone(),
            former: Vec::new(),
            division: self.division.clone(),
            address: self.address.clone(),
        }
    }
}

/// Reads the CSV; rows without a name are left out.
pub fn read(path: &Path) -> Result<Vec<Entity>, Box<dyn Error>> {
    let mut reader = csv::Reader::from_path(path)?;
    let headings = reader.headers()?.clone();
    let at = |name: &str| headings.iter().position(|heading| heading == name);
    let columns = ["name", "uscc", "reg_no", "province", "city", "address"].map(at);
    let mut divisions: HashMap<String, String> = HashMap::new();
    let mut found = Vec::new();
    for record in reader.records() {
        let record = record?;
        let [name, code, reg_no, province, city, address] = columns.map(|column| {
            column
                .and_then(|at| record.get(at))
                .unwrap_or_default()
                .trim()
                .to_owned()
        });
        let normal = normalise(&name);
        if normal.chars().count() < 3 {
            continue;
        }
        let division = divisions
            .entry(format!("{province}{city}"))
            .or_insert_with_key(|place| {
                Places::standard()
                    .resolve(place)
                    .first()
                    .map_or_else(String::new, |d| d.as_str().to_owned())
            });
        let mut hasher = DefaultHasher::new();
        normal.hash(&mut hasher);
        found.push(Entity {
            hash: hasher.finish(),
            division: division.clone(),
            normal,
            name,
            code: code.to_uppercase(),
            reg_no: if reg_no.bytes().all(|b| b.is_ascii_digit()) {
                reg_no
            } else {
                String::new()
            },
            city,
            address: if address == "N/A" { String::new() } else { address },
        });
    }
    Ok(found)
}
