//! Where the entities are asked for, and such a place in memory.

use kernel::Outcome;

use crate::keys::{Key, keys_of_entity};
use crate::places::Places;
use crate::reading::Reading;

/// An entity as matching knows it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Known {
    /// Number of the entity.
    pub entity_id: i64,
    /// 统一社会信用代码, or the registration number that stands for it.
    pub subject_no: String,
    /// Older registration number, where known beside the code.
    pub reg_no: Option<String>,
    /// Present name.
    pub name: String,
    /// 曾用名.
    pub former: Vec<String>,
    /// Division code.
    pub division: String,
    /// 住所.
    pub address: String,
}

impl Known {
    /// All its names, the present one first.
    pub fn names(&self, places: &Places) -> Vec<Reading> {
        let all = std::iter::once(&self.name).chain(&self.former);
        all.map(|name| Reading::of(name, places)).collect()
    }

    /// The keys it is kept under.
    pub fn keys(&self, places: &Places) -> Vec<Key> {
        keys_of_entity(&self.subject_no, self.reg_no.as_deref(), &self.names(places))
    }
}

/// Entities by key, by code, and by number.
pub trait Index {
    /// Entities under a key, in order of number; `None`: more than `most`.
    fn under(&mut self, key: Key, most: usize) -> Outcome<Option<Vec<i64>>>;
    /// Entities whose code begins so, in order of code; `None`: more than `most`.
    fn beginning(&mut self, code: &str, most: usize) -> Outcome<Option<Vec<i64>>>;
    /// Entities with one of these codes.
    fn coded(&mut self, codes: &[String]) -> Outcome<Vec<i64>>;
    /// What is known of these.
    fn known(&mut self, ids: &[i64]) -> Outcome<Vec<Known>>;
}

/// All entities in memory, for measuring and tests.
#[derive(Debug, Default)]
pub struct MemoryIndex {
    entities: Vec<Known>,
    keys: Vec<(Key, u32)>,
    codes: Vec<u32>,
}

impl MemoryIndex {
    /// Keeps the entities; their numbers become their places, from 0.
    pub fn new(entities: impl IntoIterator<Item = Known>) -> Self {
        let mut index = Self::default();
        for (mut entity, place) in entities.into_iter().zip(0_u32..) {
            entity.entity_id = i64::from(place);
            let keys = entity.keys(Places::standard());
            index.keys.extend(keys.into_iter().map(|key| (key, place)));
            index.codes.push(place);
            index.entities.push(entity);
        }
        index.keys.sort_unstable();
        let mut codes = std::mem::take(&mut index.codes);
        codes.sort_by(|a, b| index.code(*a).cmp(index.code(*b)));
        index.codes = codes;
        index
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entities.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entities.is_empty()
    }

    /// How many keys they are kept under.
    pub fn key_count(&self) -> usize {
        self.keys.len()
    }

    fn code(&self, place: u32) -> &str {
        let at = usize::try_from(place).unwrap_or(usize::MAX);
        self.entities
            .get(at)
            .map_or("", |entity| entity.subject_no.as_str())
    }

    fn codes_from<'a>(&'a self, begin: &'a str) -> impl Iterator<Item = u32> + 'a {
        let from = self.codes.partition_point(|place| self.code(*place) < begin);
        self.codes.iter().skip(from).copied()
    }
}

impl Index for MemoryIndex {
    fn under(&mut self, key: Key, most: usize) -> Outcome<Option<Vec<i64>>> {
        let from = self.keys.partition_point(|(other, _)| *other < key);
        let found = self.keys.iter().skip(from).take_while(|(other, _)| *other == key);
        let ids: Vec<i64> = found
            .take(most.saturating_add(1))
            .map(|(_, place)| i64::from(*place))
            .collect();
        Ok((ids.len() <= most).then_some(ids))
    }

    fn beginning(&mut self, code: &str, most: usize) -> Outcome<Option<Vec<i64>>> {
        let found = self
            .codes_from(code)
            .take_while(|place| self.code(*place).starts_with(code));
        let ids: Vec<i64> = found.take(most.saturating_add(1)).map(i64::from).collect();
        Ok((ids.len() <= most).then_some(ids))
    }

    fn coded(&mut self, codes: &[String]) -> Outcome<Vec<i64>> {
        let of = |code: &String| {
            self.codes_from(code)
                .take_while(|place| self.code(*place) == code)
                .map(i64::from)
                .collect::<Vec<_>>()
        };
        Ok(codes.iter().flat_map(of).collect())
    }

    fn known(&mut self, ids: &[i64]) -> Outcome<Vec<Known>> {
        let one = |id: &i64| self.entities.get(usize::try_from(*id).ok()?).cloned();
        Ok(ids.iter().filter_map(one).collect())
    }
}
