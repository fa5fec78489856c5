//! Real lists: names as other authorities published them, for codes that are in the index.

use std::collections::HashMap;
use std::error::Error;
use std::path::Path;

use kernel::CreditCode;
use kernel::name::normalise;
use matching::{Known, MemoryIndex};

use crate::spoil::{Case, Chance};
use crate::table::Entity;
use crate::{Asked, Bench, Tally};

/// Files and the headings of name and code, as unpacked into the folder.
const FILES: &[(&str, &str, &str, &str)] = &[
    ("blacklists_creditchina_gansu.csv", "name_raw", "uscc_raw", ""),
    (
        "credit_grades_sichuan_transport.csv",
        "name_raw",
        "uscc_raw",
        "address",
    ),
    (
        "credit_grades_highway_construction.csv",
        "name_raw",
        "uscc_raw",
        "",
    ),
];

struct Listed {
    name: String,
    code: String,
    address: String,
}

fn read(folder: &Path) -> Result<Vec<Listed>, Box<dyn Error>> {
    let mut found = Vec::new();
    for (file, name, code, address) in FILES {
        let path = folder.join(file);
        if !path.exists() {
            continue;
        }
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_path(path)?;
        let headings = reader.headers()?.clone();
        let at = |name: &str| headings.iter().position(|heading| heading == name);
        let columns = [at(name), at(code), at(address)];
        for record in reader.records() {
            let record = record?;
            let [name, code, address] = columns.map(|at| {
                at.and_then(|at| record.get(at))
                    .unwrap_or_default()
                    .trim()
                    .to_owned()
            });
            if let Ok(code) = CreditCode::parse(&code) {
                found.push(Listed {
                    name,
                    code: code.as_str().to_owned(),
                    address,
                });
            }
        }
    }
    found.sort_by(|a, b| (&a.code, &a.name).cmp(&(&b.code, &b.name)));
    found.dedup_by(|a, b| a.code == b.code && normalise(&a.name) == normalise(&b.name));
    Ok(found)
}

impl Bench<'_> {
    /// Rows of the lists about entities in the index: as listed, and those whose name differs from the register's.
    pub fn lists(&mut self, folder: &Path, asked: &Asked) -> Result<Vec<(String, Tally)>, Box<dyn Error>> {
        let places: HashMap<&str, usize> = self
            .kept
            .iter()
            .filter_map(|at| Some((self.all.get(*at)?.code.as_str(), *at)))
            .collect();
        let listed = read(folder)?;
        let known: Vec<(Listed, &Entity)> = listed
            .into_iter()
            .filter_map(|row| {
                let entity = self.all.get(*places.get(row.code.as_str())?)?;
                (entity.hash % 2 == asked.part).then_some((row, entity))
            })
            .collect();
        let mut sums = vec![
            ("lists, all rows, by name".to_owned(), Tally::default()),
            (
                "lists, all rows, by name and address where given".to_owned(),
                Tally::default(),
            ),
            (
                "lists, renamed or written otherwise, by name".to_owned(),
                Tally::default(),
            ),
            (
                "lists, renamed or written otherwise, name and a wrong code".to_owned(),
                Tally::default(),
            ),
        ];
        let mut chance = Chance::new("lists");
        for (row, entity) in &known {
            let name = row.name.clone();
            let plain = Case {
                name: name.clone(),
                ..Case::default()
            };
            let wrong = crate::spoil::wrong_code(&row.code, &mut chance);
            let renamed = normalise(&row.name) != entity.normal;
            let cases = [
                Some(Case {
                    name: name.clone(),
                    ..Case::default()
                }),
                Some(Case {
                    name: name.clone(),
                    address: row.address.clone(),
                    ..Case::default()
                }),
                renamed.then_some(plain),
                wrong.filter(|_| renamed).map(|code| Case {
                    name,
                    code,
                    ..Case::default()
                }),
            ];
            for (case, (_, sum)) in cases.iter().zip(&mut sums) {
                if let Some(case) = case {
                    sum.add(&self.ask(case, Some(entity)));
                }
            }
        }
        sums.push(self.former(&known));
        Ok(sums)
    }

    /// The renamed again, with the listed name kept as a former one.
    fn former(&mut self, known: &[(Listed, &Entity)]) -> (String, Tally) {
        let renamed: Vec<&(Listed, &Entity)> = known
            .iter()
            .filter(|(row, entity)| normalise(&row.name) != entity.normal)
            .collect();
        let mut all: Vec<Known> = self
            .kept
            .iter()
            .filter_map(|at| self.all.get(*at))
            .map(Entity::known)
            .collect();
        let mut places: HashMap<String, usize> = all
            .iter()
            .enumerate()
            .map(|(at, known)| (known.subject_no.clone(), at))
            .collect();
        for (row, _) in &renamed {
            if let Some(known) = places.remove(&row.code).and_then(|at| all.get_mut(at)) {
                known.former.push(row.name.clone());
            }
        }
        let index = MemoryIndex::new(all);
        let before = std::mem::replace(&mut self.index, index);
        let mut tally = Tally::default();
        for (row, entity) in &renamed {
            tally.add(&self.ask(
                &Case {
                    name: row.name.clone(),
                    ..Case::default()
                },
                Some(entity),
            ));
        }
        self.index = before;
        ("lists, renamed, former name known".to_owned(), tally)
    }
}
