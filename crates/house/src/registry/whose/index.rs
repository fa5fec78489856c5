//! The register as matching asks it: by block key, by code, by number.
use std::collections::HashMap;

use db::Tx;
use kernel::Outcome;
use matching::{Index, Key, Known};

use super::super::{rules, service};
use super::store;
use crate::intake;

/// The register through a transaction, with what was read kept for the rows that follow.
pub struct Register<'t> {
    tx: &'t mut Tx,
    keys: HashMap<Key, Option<Vec<i64>>>,
    known: HashMap<i64, Option<Known>>,
}

impl<'t> Register<'t> {
    /// Nothing read yet.
    pub fn new(tx: &'t mut Tx) -> Self {
        Self {
            tx,
            keys: HashMap::new(),
            known: HashMap::new(),
        }
    }

    fn read(&mut self, ids: &[i64]) -> Outcome<()> {
        let mut former: HashMap<i64, Vec<String>> = HashMap::new();
        for (entity, payload) in intake::service::earlier_of(self.tx, rules::REGISTRATION, ids)? {
            if let Some(name) = payload.get("name").and_then(serde_json::Value::as_str) {
                former.entry(entity).or_default().push(name.to_owned());
            }
        }
        let entities = service::of_numbers(self.tx, ids)?;
        self.known.extend(ids.iter().map(|id| (*id, None)));
        for entity in entities {
            let mut names = former.remove(&entity.entity_id).unwrap_or_default();
            names.retain(|name| rules::name_key(name) != rules::name_key(&entity.name));
            let known = Known {
                entity_id: entity.entity_id,
                subject_no: entity.subject_no,
                reg_no: None,
                name: entity.name,
                former: names,
                division: entity.division,
                address: entity.address,
            };
            self.known.insert(known.entity_id, Some(known));
        }
        Ok(())
    }
}

fn bounded(ids: Vec<i64>, most: usize) -> Option<Vec<i64>> {
    (ids.len() <= most).then_some(ids)
}

fn one_more(most: usize) -> i64 {
    i64::try_from(most).unwrap_or(i64::MAX).saturating_add(1)
}

impl Index for Register<'_> {
    fn under(&mut self, key: Key, most: usize) -> Outcome<Option<Vec<i64>>> {
        if let Some(known) = self.keys.get(&key) {
            return Ok(known.clone());
        }
        let found = bounded(store::under(self.tx, key, one_more(most))?, most);
        self.keys.insert(key, found.clone());
        Ok(found)
    }

    fn beginning(&mut self, code: &str, most: usize) -> Outcome<Option<Vec<i64>>> {
        Ok(bounded(store::beginning(self.tx, code, one_more(most))?, most))
    }

    fn coded(&mut self, codes: &[String]) -> Outcome<Vec<i64>> {
        store::coded(self.tx, codes)
    }

    fn known(&mut self, ids: &[i64]) -> Outcome<Vec<Known>> {
        let new: Vec<i64> = ids
            .iter()
            .filter(|id| !self.known.contains_key(id))
            .copied()
            .collect();
        if !new.is_empty() {
            self.read(&new)?;
        }
        Ok(ids
            .iter()
            .filter_map(|id| self.known.get(id).cloned().flatten())
            .collect())
    }
}
