//! Who comes into the pool of an item: scope, filters, exclusions in the order of the pack, strata under opaque labels.
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::Months;
use kernel::{Day, Division, Fault, Outcome};
use policy::pack::{CheckKind, Exclusion, ExclusionRule, Frequency, FrequencyScope, SubjectFilter};
use proof::Suite;
use proof::draw::{PoolKey, RollRow, Rows};
use serde::{Deserialize, Serialize};

use crate::hall::keys::proof_fault;
use crate::inspect::model::Filter;
use crate::registry::model::Entity;

/// Code of the rule that caps how often one entity is checked.
pub const FREQUENCY_RULE: &str = "frequency-cap";

/// A visit in the past, or one still to come (then dated today).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// When.
    pub on: Day,
    /// Number of the visit: several items of one visit are one visit.
    pub no: String,
    /// Items looked at.
    pub checks: Vec<String>,
    /// Departments that took part.
    pub departments: Vec<String>,
    /// Made by a level above the plan's.
    pub by_upper: bool,
}

/// What is known of entities beside the register and the class.
#[derive(Debug, Default)]
pub struct Known {
    /// Visits by entity.
    pub visits: HashMap<i64, Vec<Visit>>,
    /// Entities that hold a record, by catalogue item.
    pub holds: HashMap<String, HashSet<i64>>,
    /// Entities that hold an open record, by catalogue item.
    pub open: HashMap<String, HashSet<i64>>,
}

impl Known {
    fn in_list(list: &HashMap<String, HashSet<i64>>, item: &str, entity_id: i64) -> bool {
        list.get(item)
            .is_some_and(|entities| entities.contains(&entity_id))
    }
}

/// A share of a stratum: numerator and denominator.
pub type Share = (u64, u64);

/// What decides on one item's pool.
#[derive(Debug)]
pub struct ItemRule<'a> {
    /// Code of the check.
    pub check: &'a str,
    /// Department that checks.
    pub department: &'a str,
    /// General or key item.
    pub kind: CheckKind,
    /// Whom the check is for.
    pub subjects: &'a SubjectFilter,
    /// Exclusions with their codes, in the order of the pack.
    pub exclusions: Vec<(String, &'a Exclusion)>,
}

/// What decides on the pools of a plan.
#[derive(Debug)]
pub struct PoolRule<'a> {
    /// Where.
    pub place: Division,
    /// The plan's own conditions.
    pub filter: &'a Filter,
    /// Class codes of the model, best first.
    pub classes: Vec<&'a str>,
    /// Frequency caps in the order of the classes.
    pub frequencies: Vec<Option<Frequency>>,
    /// The items in the order of the plan.
    pub items: Vec<ItemRule<'a>>,
    /// The day from which months are counted back.
    pub today: Day,
}

impl PoolRule<'_> {
    /// Whether an entity is within the plan's place and conditions.
    pub fn in_scope(&self, entity: &Entity) -> bool {
        let any = |codes: &[String], fits: &dyn Fn(&str) -> bool| {
            codes.is_empty() || codes.iter().any(|code| fits(code))
        };
        let within =
            |code: &str, place: &Division| Division::parse(code).is_ok_and(|outer| outer.contains(place));
        let Ok(place) = Division::parse(&entity.division) else {
            return false;
        };
        self.place.contains(&place)
            && any(&self.filter.kinds, &|code| entity.kind.starts_with(code))
            && any(&self.filter.statuses, &|code| entity.status.starts_with(code))
            && any(&self.filter.industries, &|code| entity.industry.starts_with(code))
            && any(&self.filter.divisions, &|code| within(code, &place))
    }

    /// Whether an item is for an entity at all.
    pub fn admits(&self, item: &ItemRule, entity: &Entity, known: &Known) -> bool {
        item.subjects.admits(
            &entity.kind,
            &entity.industry,
            &entity.status,
            &entity.division,
            |record| Known::in_list(&known.holds, record, entity.entity_id),
        )
    }

    /// The first rule that keeps an entity out: its place among the exclusions, one past them for the frequency cap.
    pub fn excluded(&self, item: &ItemRule, entity: &Entity, class: usize, known: &Known) -> Option<usize> {
        let visits = known.visits.get(&entity.entity_id).map_or(&[][..], Vec::as_slice);
        let by_rule = item.exclusions.iter().position(|(_, exclusion)| {
            let code = self.classes.get(class).copied().unwrap_or_default();
            exclusion.except_kind != Some(item.kind)
                && !exclusion.except_classes.iter().any(|except| except == code)
                && self.hit(&exclusion.rule, item, entity, visits, known)
        });
        by_rule.or_else(|| {
            self.too_often(item, class, visits)
                .then_some(item.exclusions.len())
        })
    }

    fn hit(
        &self,
        rule: &ExclusionRule,
        item: &ItemRule,
        entity: &Entity,
        visits: &[Visit],
        known: &Known,
    ) -> bool {
        let same = |visit: &&Visit| visit.checks.iter().any(|check| check == item.check);
        match rule {
            ExclusionRule::SameItemWithin(months) => self.since(visits, *months).any(|visit| same(&visit)),
            ExclusionRule::AnyCheckWithin(months) => self.since(visits, *months).next().is_some(),
            ExclusionRule::UpperLevelWithin(months) => self
                .since(visits, *months)
                .any(|visit| visit.by_upper && same(&visit)),
            ExclusionRule::RegisteredWithin(months) => entity
                .established_on
                .is_some_and(|day| self.back(*months).is_some_and(|since| day > since)),
            ExclusionRule::StatusNotIn(statuses) => !statuses.contains(&entity.status),
            ExclusionRule::ItemOpen(record) => Known::in_list(&known.open, record, entity.entity_id),
            ExclusionRule::ItemNone(record) => !Known::in_list(&known.holds, record, entity.entity_id),
        }
    }

    fn back(&self, months: u32) -> Option<Day> {
        self.today.checked_sub_months(Months::new(months))
    }

    fn since<'v>(&self, visits: &'v [Visit], months: u32) -> impl Iterator<Item = &'v Visit> {
        let since = self.back(months).unwrap_or(Day::MIN);
        visits.iter().filter(move |visit| visit.on > since)
    }

    fn too_often(&self, item: &ItemRule, class: usize, visits: &[Visit]) -> bool {
        let Some(Some(cap)) = self.frequencies.get(class) else {
            return false;
        };
        let counts = |visit: &&Visit| {
            cap.scope == FrequencyScope::All
                || visit
                    .departments
                    .iter()
                    .any(|department| department == item.department)
        };
        let made: BTreeSet<&str> = self
            .since(visits, cap.months)
            .filter(counts)
            .map(|visit| visit.no.as_str())
            .collect();
        made.len() >= usize::try_from(cap.times).unwrap_or(usize::MAX)
    }

    /// Longest time any rule looks back, in months.
    pub fn farthest(&self) -> u32 {
        let rules = self
            .items
            .iter()
            .flat_map(|item| &item.exclusions)
            .map(|(_, exclusion)| match exclusion.rule {
                ExclusionRule::SameItemWithin(months)
                | ExclusionRule::AnyCheckWithin(months)
                | ExclusionRule::UpperLevelWithin(months) => months,
                _ => 0,
            });
        rules
            .chain(self.frequencies.iter().flatten().map(|cap| cap.months))
            .max()
            .unwrap_or(0)
    }
}

/// A candidate: number, place and class, and the items it came in for (one bit each).
#[derive(Debug)]
pub struct Candidate {
    /// Number of the entity (code).
    pub id: String,
    /// Division code.
    pub division: String,
    /// Class, as its place among the classes.
    pub class: u8,
    /// Items, by bit.
    pub items: u64,
}

/// The lists a draw was committed to, exactly: internal, for the draw itself, firms and auditors.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Kept {
    /// Division codes named by number in the rows.
    pub divisions: Vec<String>,
    /// Labels of the strata of each item.
    pub labels: Vec<Vec<String>>,
    /// Classes behind the labels: never leaves this list.
    pub classes: Vec<Vec<String>>,
    /// Entity, division number, and for each item the number of its label or −1; ascending by entity.
    pub rows: Vec<(String, u32, Vec<i16>)>,
    /// The inspector roll in ascending order of number.
    pub roll: Vec<RollRow>,
}

impl Kept {
    /// Puts the lists together; strata are the classes present, labelled in an order only the pool key knows.
    pub fn of(
        suite: Suite,
        key: &PoolKey,
        rule: &PoolRule,
        mut candidates: Vec<Candidate>,
        roll: Vec<RollRow>,
    ) -> Self {
        candidates.sort_unstable_by(|left, right| left.id.cmp(&right.id));
        candidates.dedup_by(|later, earlier| later.id == earlier.id);
        let mut labels = Vec::new();
        let mut classes = Vec::new();
        let mut numbers: Vec<HashMap<u8, i16>> = Vec::new();
        for (at, item) in rule.items.iter().enumerate() {
            let present: BTreeSet<u8> = candidates
                .iter()
                .filter(|one| has(one, at))
                .map(|one| one.class)
                .collect();
            let name = |class: u8| rule.classes.get(usize::from(class)).copied().unwrap_or_default();
            let mut order: Vec<_> = present
                .into_iter()
                .map(|class| (mix(suite, key, item.check, name(class)), class))
                .collect();
            order.sort_unstable();
            labels.push((1..=order.len()).map(|number| format!("s{number}")).collect());
            classes.push(order.iter().map(|(_, class)| name(*class).to_owned()).collect());
            numbers.push(
                order
                    .iter()
                    .zip(0_i16..)
                    .map(|((_, class), number)| (*class, number))
                    .collect(),
            );
        }
        let names: BTreeSet<&str> = candidates.iter().map(|one| one.division.as_str()).collect();
        let divisions: Vec<String> = names.into_iter().map(str::to_owned).collect();
        let places: HashMap<&str, u32> = divisions.iter().map(String::as_str).zip(0_u32..).collect();
        let tag = |one: &Candidate, at: usize| {
            if has(one, at) {
                numbers
                    .get(at)
                    .and_then(|of| of.get(&one.class))
                    .copied()
                    .unwrap_or(-1)
            } else {
                -1
            }
        };
        let row = |one: &Candidate| {
            let tags = (0..rule.items.len()).map(|at| tag(one, at)).collect();
            (
                one.id.clone(),
                places.get(one.division.as_str()).copied().unwrap_or(0),
                tags,
            )
        };
        let rows = candidates.iter().map(row).collect();
        Self {
            divisions,
            labels,
            classes,
            rows,
            roll,
        }
    }

    /// The pool of each item.
    pub fn pools(&self) -> Outcome<Vec<Rows>> {
        let mut pools: Vec<Rows> = self
            .labels
            .iter()
            .map(|labels| Rows::new(labels.clone()))
            .collect();
        for (id, _, tags) in &self.rows {
            for (pool, tag) in pools.iter_mut().zip(tags) {
                let Ok(tag) = u32::try_from(*tag) else { continue };
                pool.push(id, tag).map_err(|fault| proof_fault(&fault))?;
            }
        }
        Ok(pools)
    }

    /// Where every candidate is.
    pub fn places(&self) -> Outcome<Rows> {
        let mut places = Rows::new(self.divisions.clone());
        for (id, division, _) in &self.rows {
            places.push(id, *division).map_err(|fault| proof_fault(&fault))?;
        }
        Ok(places)
    }

    /// How many candidates of an item are in each stratum, in the order of the labels.
    pub fn sizes(&self, item: usize) -> Vec<u64> {
        let mut sizes: BTreeMap<i16, u64> = BTreeMap::new();
        for (_, _, tags) in &self.rows {
            if let Some(tag) = tags.get(item).filter(|tag| **tag >= 0) {
                *sizes.entry(*tag).or_default() += 1;
            }
        }
        let strata = self.labels.get(item).map_or(0, Vec::len);
        (0_i16..)
            .take(strata)
            .map(|tag| sizes.get(&tag).copied().unwrap_or(0))
            .collect()
    }

    /// As kept in the database.
    pub fn to_bytes(&self) -> Outcome<Vec<u8>> {
        serde_json::to_vec(self).map_err(|e| Fault::internal("对象库无法写出", e))
    }

    /// As read from the database.
    pub fn from_bytes(bytes: &[u8]) -> Outcome<Self> {
        serde_json::from_slice(bytes).map_err(|e| Fault::internal("对象库无法读取", e))
    }
}

fn has(candidate: &Candidate, item: usize) -> bool {
    u32::try_from(item)
        .ok()
        .and_then(|item| candidate.items.checked_shr(item))
        .is_some_and(|bits| bits & 1 == 1)
}

/// A value that orders the classes of an item; without the pool key the order tells nothing.
fn mix(suite: Suite, key: &PoolKey, item: &str, class: &str) -> [u8; 32] {
    suite
        .mac(&key.0.0, "stratum-label")
        .field(item.as_bytes())
        .field(class.as_bytes())
        .finish()
        .0
}
