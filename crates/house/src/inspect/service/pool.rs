//! Building the pools of a plan from the register, the classes and what was checked before.
use std::collections::{HashMap, HashSet};

use chrono::Months;
use db::Tx;
use kernel::{Day, Division, Fault, FaultKind, Outcome};
use policy::pack::ExclusionRule;
use policy::{Fate, ItemMode, PackOn, RecordFact, day_number};
use proof::Suite;
use proof::draw::{PoolKey, RollRow, recused_entry};
use serde_json::Value;

use super::document_day;
use crate::assess::rules::GENERAL_MODEL;
use crate::hall::Op;
use crate::inspect::model::{Plan, Removed};
use crate::inspect::rules::pool::{Candidate, FREQUENCY_RULE, ItemRule, Kept, Known, PoolRule, Visit};
use crate::inspect::store;
use crate::office::model::Department;
use crate::{assess, intake, office, registry};

/// Catalogue item of results, whoever supplied them.
const RESULT: &str = "inspection-result";

/// The pools of a plan.
pub struct Built {
    /// The lists to commit to.
    pub kept: Kept,
    /// What each rule removed, item by item.
    pub removed: Vec<Vec<Removed>>,
    /// Candidates without a class yet.
    pub unclassed: u64,
}

/// Builds pools, places and roll of a plan as of today.
pub fn build(tx: &mut Tx, op: &Op, suite: Suite, key: &PoolKey, plan: &Plan) -> Outcome<Built> {
    let law = op.pack.on(op.today());
    let rule = rule(&law, op, plan)?;
    let departments = office::service::departments(tx)?;
    let known = known(tx, op, &law, plan, &rule, &departments)?;
    let unclassed_place = unclassed(&law, &rule)?;
    let mut classes = Vec::new();
    assess::service::classes(tx, |standing| {
        let class = rule.classes.iter().position(|code| *code == standing.class);
        classes.push((
            standing.entity_id,
            class
                .and_then(|class| u8::try_from(class).ok())
                .unwrap_or(unclassed_place),
        ));
        Ok(())
    })?;
    let mut classes = classes.into_iter().peekable();
    let mut counts = vec![Vec::new(); rule.items.len()];
    for (count, item) in counts.iter_mut().zip(&rule.items) {
        *count = vec![0_u64; item.exclusions.len() + 1];
    }
    let mut candidates = Vec::new();
    let mut unclassed = 0;
    registry::service::export(tx, |entity| {
        while classes.next_if(|(id, _)| *id < entity.entity_id).is_some() {}
        if !rule.in_scope(&entity) {
            return Ok(());
        }
        let class = classes
            .peek()
            .filter(|(id, _)| *id == entity.entity_id)
            .map(|(_, class)| *class);
        let place = usize::from(class.unwrap_or(unclassed_place));
        let mut items = 0_u64;
        for ((at, item), count) in (0_u32..).zip(&rule.items).zip(&mut counts) {
            if !rule.admits(item, &entity, &known) {
                continue;
            }
            match rule.excluded(item, &entity, place, &known) {
                Some(by) => {
                    if let Some(count) = count.get_mut(by) {
                        *count += 1;
                    }
                }
                None => items |= 1_u64.checked_shl(at).unwrap_or(0),
            }
        }
        if items != 0 {
            unclassed += u64::from(class.is_none());
            let class = class.unwrap_or(unclassed_place);
            candidates.push(Candidate {
                id: entity.subject_no,
                division: entity.division,
                class,
                items,
            });
        }
        Ok(())
    })?;
    let removed = rule
        .items
        .iter()
        .zip(counts)
        .map(|(item, counts)| removed(item, &counts))
        .collect();
    let roll = roll(tx, suite, key, plan)?;
    Ok(Built {
        kept: Kept::of(suite, key, &rule, candidates, roll),
        removed,
        unclassed,
    })
}

/// Place of the class that the pack lets stand for those who have none.
fn unclassed(law: &PackOn<'_>, rule: &PoolRule) -> Outcome<u8> {
    let known = law.unclassed()?;
    let class = known.value.class.rsplit('/').next().unwrap_or_default();
    let place = rule.classes.iter().position(|code| *code == class);
    place.and_then(|place| u8::try_from(place).ok()).ok_or_else(|| {
        let detail = format!(
            "政策包中未分类主体所比照的类别 {} 不在通用型模型的各类之中。",
            known.value.class
        );
        Fault::new(FaultKind::Invalid, "inspect.draw.unclassed", detail)
            .with_basis(known.trace.basis.to_string())
    })
}

fn removed(item: &ItemRule, counts: &[u64]) -> Vec<Removed> {
    let rules = item
        .exclusions
        .iter()
        .map(|(code, _)| code.as_str())
        .chain([FREQUENCY_RULE]);
    rules
        .zip(counts)
        .map(|(rule, entities)| Removed {
            rule: rule.to_owned(),
            entities: *entities,
        })
        .collect()
}

fn rule<'a>(law: &PackOn<'a>, op: &Op, plan: &'a Plan) -> Outcome<PoolRule<'a>> {
    let classes: Vec<&str> = law
        .classes(GENERAL_MODEL)?
        .value
        .iter()
        .map(|class| class.code.as_str())
        .collect();
    let frequencies = classes
        .iter()
        .map(|class| law.frequency(GENERAL_MODEL, class).ok().map(|cap| *cap.value))
        .collect();
    let mut items = Vec::new();
    for item in &plan.items {
        let check = law.check(&item.check)?.value;
        let exclusions = law.exclusions().map(|known| (known.trace.code, known.value));
        items.push(ItemRule {
            check: &item.check,
            department: &item.department,
            kind: check.kind,
            subjects: &check.subjects,
            exclusions: exclusions.collect(),
        });
    }
    let place = Division::parse(&plan.division)
        .map_err(|e| kernel::Fault::internal("计划的行政区划有误", std::io::Error::other(e.to_string())))?;
    Ok(PoolRule {
        place,
        filter: &plan.filter,
        classes,
        frequencies,
        items,
        today: op.today(),
    })
}

/// What is known of visits and of records the rules ask for.
fn known(
    tx: &mut Tx,
    op: &Op,
    law: &PackOn,
    plan: &Plan,
    rule: &PoolRule,
    departments: &[Department],
) -> Outcome<Known> {
    let today = op.today();
    let since = today
        .checked_sub_months(Months::new(rule.farthest()))
        .unwrap_or(today);
    let mut known = Known::default();
    let offices = Offices::new(departments, plan);
    let mut own = HashSet::new();
    store::visits(tx, since, |visited| {
        own.insert(visited.task_no.clone());
        let by: Vec<String> = visited.items.iter().map(|item| item.department.clone()).collect();
        let visit = Visit {
            on: visited.done_on.unwrap_or(today),
            no: visited.task_no,
            by_upper: by.iter().any(|department| offices.above(department)),
            checks: visited.items.into_iter().map(|item| item.item).collect(),
            departments: by,
        };
        known.visits.entry(visited.entity_id).or_default().push(visit);
    })?;
    intake::service::current_of(tx, RESULT, since, |record| {
        let text = |field: &str| {
            record
                .payload
                .get(field)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        if own.contains(text("task_no")) {
            return Ok(());
        }
        let by = offices
            .id_of(text("department"))
            .or_else(|| offices.id_of(&record.supplier));
        let by = by.map_or_else(|| text("department").to_owned(), str::to_owned);
        let visit = Visit {
            on: record.on_day,
            no: text("task_no").to_owned(),
            checks: vec![text("check_item").to_owned()],
            by_upper: offices.above(&by),
            departments: vec![by],
        };
        known.visits.entry(record.subject_id).or_default().push(visit);
        Ok(())
    })?;
    (known.holds, known.open) = holders(tx, law, &records_asked(rule), today)?;
    Ok(known)
}

/// Departments by number or name, and which of them stand above the plan's.
struct Offices<'a> {
    ids: HashMap<&'a str, &'a str>,
    above: HashSet<&'a str>,
}

impl<'a> Offices<'a> {
    fn new(departments: &'a [Department], plan: &Plan) -> Self {
        let mut ids = HashMap::new();
        let mut above = HashSet::new();
        let own = departments
            .iter()
            .find(|one| one.department_id == plan.department);
        let own = own.and_then(|one| Division::parse(&one.division).ok());
        for one in departments {
            ids.insert(one.department_id.as_str(), one.department_id.as_str());
            ids.insert(one.name.as_str(), one.department_id.as_str());
            let place = Division::parse(&one.division).ok();
            if let (Some(place), Some(own)) = (place, own)
                && place != own
                && place.contains(&own)
            {
                above.insert(one.department_id.as_str());
            }
        }
        Self { ids, above }
    }

    fn id_of(&self, text: &str) -> Option<&'a str> {
        self.ids.get(text).copied()
    }

    fn above(&self, department: &str) -> bool {
        self.above.contains(department)
    }
}

/// Catalogue items some rule asks about.
fn records_asked(rule: &PoolRule) -> HashSet<String> {
    let mut asked = HashSet::new();
    for item in &rule.items {
        asked.extend(item.subjects.items.iter().cloned());
        for (_, exclusion) in &item.exclusions {
            if let ExclusionRule::ItemOpen(record) | ExclusionRule::ItemNone(record) = &exclusion.rule {
                asked.insert(record.clone());
            }
        }
    }
    asked
}

/// Entities by catalogue item.
type ByItem = HashMap<String, HashSet<i64>>;

/// Who holds a record of each item, and who holds one that is not over: decided by the chains the evaluator counts by, so a
/// record dated ahead does not count, and of a state item only the latest does. One pass over the records for all items.
pub(in crate::inspect) fn holders(
    tx: &mut Tx,
    law: &PackOn,
    items: &HashSet<String>,
    today: Day,
) -> Outcome<(ByItem, ByItem)> {
    let names: Vec<&String> = items.iter().collect();
    let numbers: HashMap<&str, u16> = names.iter().map(|name| name.as_str()).zip(1..).collect();
    // Records of these items and whatever acts on them, through any number of steps: a record names an earlier one.
    let mut kept: HashSet<i64> = HashSet::new();
    let mut chains: HashMap<i64, Vec<RecordFact>> = HashMap::new();
    if !items.is_empty() {
        intake::service::facts_after(tx, 0, i64::MAX, |fact| {
            let number = numbers.get(fact.item.as_str()).copied();
            if number.is_some() || (fact.names_id != 0 && kept.contains(&fact.names_id)) {
                kept.insert(fact.record_id);
                let names = (fact.relation, fact.names_id);
                let link = registry::rules::link(fact.record_id, names, fact.on_day, fact.ends_day);
                let item = number.unwrap_or(0);
                let chain = chains.entry(fact.subject_id).or_default();
                chain.push(RecordFact { item, ..link });
            }
            Ok(())
        })?;
    }
    let states: HashSet<u16> = numbers
        .iter()
        .filter(|(name, _)| {
            law.item(name)
                .is_ok_and(|item| item.value.mode == ItemMode::State)
        })
        .map(|(_, number)| *number)
        .collect();
    let (mut holds, mut open) = (ByItem::new(), ByItem::new());
    for (entity, chain) in &chains {
        for (number, ends_on) in standing(chain, &states, day_number(today)) {
            let name = usize::from(number).checked_sub(1).and_then(|at| names.get(at));
            let Some(name) = name else { continue };
            holds.entry((*name).clone()).or_default().insert(*entity);
            if ends_on > day_number(today) {
                open.entry((*name).clone()).or_default().insert(*entity);
            }
        }
    }
    Ok((holds, open))
}

/// The item and the end of each record of an entity that counts on a day.
fn standing(chain: &[RecordFact], states: &HashSet<u16>, today: i32) -> Vec<(u16, i32)> {
    let mut counting = Vec::new();
    let mut latest: HashMap<u16, (&RecordFact, i32)> = HashMap::new();
    for (record, fate) in chain.iter().zip(policy::resolve(chain, today)) {
        let Fate::Speaks { ends_on, .. } = fate else {
            continue;
        };
        if !states.contains(&record.item) {
            counting.push((record.item, ends_on));
        } else if latest
            .get(&record.item)
            .is_none_or(|(held, _)| held.moment() < record.moment())
        {
            latest.insert(record.item, (record, ends_on));
        }
    }
    counting.extend(latest.into_iter().map(|(item, (_, ends_on))| (item, ends_on)));
    counting
}

/// The inspectors of the plan's departments, each with the open tasks as starting load.
fn roll(tx: &mut Tx, suite: Suite, key: &PoolKey, plan: &Plan) -> Outcome<Vec<RollRow>> {
    let loads = store::loads(tx)?;
    let departments: HashSet<&str> = plan.items.iter().map(|item| item.department.as_str()).collect();
    let mut roll = Vec::new();
    for one in office::service::inspectors(tx)? {
        if departments.contains(one.department.as_str()) {
            roll.push(roll_row(
                suite,
                key,
                &one,
                loads.get(&one.inspector_id).copied().unwrap_or(0),
            )?);
        }
    }
    roll.sort_unstable_by(|left, right| left.id.cmp(&right.id));
    Ok(roll)
}

/// An inspector as the roll carries them: places as plain prefixes, recusals as salted hashes.
pub(super) fn roll_row(
    suite: Suite,
    key: &PoolKey,
    one: &office::model::Inspector,
    load: u64,
) -> Outcome<RollRow> {
    let prefix = |code: &String| {
        Division::parse(code).map_or_else(|_| code.clone(), |place| place.prefix().to_owned())
    };
    let mut row = RollRow {
        id: one.inspector_id.clone(),
        department: one.department.clone(),
        divisions: one.divisions.iter().map(prefix).collect(),
        qualifications: one.qualifications.clone(),
        certificate_until: document_day(one.certificate_until)?,
        load,
        may_lead: one.may_lead,
        recused: one
            .recused
            .iter()
            .map(|entity| recused_entry(suite, key, &one.inspector_id, entity))
            .collect(),
    };
    row.divisions.sort_unstable();
    row.divisions.dedup();
    row.qualifications.sort_unstable();
    row.qualifications.dedup();
    row.recused.sort_unstable();
    row.recused.dedup();
    Ok(row)
}
