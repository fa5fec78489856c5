//! `xinheng policy check`: the pack's cases run against the pack.

use std::collections::BTreeMap;

use kernel::Day;
use serde::{Deserialize, Serialize};

use super::cases::{Case, CaseRecord, DeadlineCase, QuotaCase};
use super::catalogue::Item;
use super::values::{parse_day, parse_money};
use super::{Pack, PackOn, Place};
use crate::evaluator::{
    EntityFacts, Explanation, OPEN, RecordFact, Relation, Scratch, compile, compile_lineup, day_number,
};
use crate::symbols::{ItemMode, Symbols};

/// What became of one case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseResult {
    /// Code of the case.
    pub case: String,
    /// Its title; empty for deadline and quota cases without one.
    pub title: String,
    /// Pack the case comes from.
    pub pack: String,
    /// Where it stands, `base/cases/grades.toml:3`.
    pub place: String,
    /// Whether this pack answers it differently on purpose; then it was not run.
    pub overridden: bool,
    /// What differs; empty = passed.
    pub differs: Vec<String>,
}

/// What became of all cases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckReport {
    /// Code of the pack.
    pub pack: String,
    /// Its hash.
    pub hash: String,
    /// Cases, the farthest base first.
    pub cases: Vec<CaseResult>,
}

impl CheckReport {
    /// Whether every case that was run passed.
    pub fn passed(&self) -> bool {
        self.failures().next().is_none()
    }

    /// Cases that did not pass.
    pub fn failures(&self) -> impl Iterator<Item = &CaseResult> {
        self.cases.iter().filter(|case| !case.differs.is_empty())
    }
}

impl Pack {
    /// Runs the cases of the pack and of those it extends, except the overridden ones.
    pub fn check(&self) -> CheckReport {
        let mut results = Vec::new();
        for (pack, cases) in &self.cases {
            let mut keep = |case: &str, title: &str, place: &Place, differs: &dyn Fn() -> Vec<String>| {
                let overridden = self.overridden.iter().any(|other| other == case);
                let differs = if overridden { Vec::new() } else { differs() };
                let place = format!("{}:{}", place.file, place.line);
                results.push(CaseResult {
                    case: case.to_owned(),
                    title: title.to_owned(),
                    pack: pack.clone(),
                    place,
                    overridden,
                    differs,
                });
            };
            for case in &cases.classes {
                keep(&case.code, &case.title, &case.place, &|| self.run_class(case));
            }
            for case in &cases.deadlines {
                keep(&case.code, &case.title, &case.place, &|| self.run_deadline(case));
            }
            for case in &cases.quotas {
                keep(&case.code, &case.title, &case.place, &|| self.run_quota(case));
            }
        }
        CheckReport {
            pack: self.code().to_owned(),
            hash: self.hash().to_owned(),
            cases: results,
        }
    }

    fn run_deadline(&self, case: &DeadlineCase) -> Vec<String> {
        match self.on(case.start).due(&case.deadline) {
            Ok(answer) if answer.value == case.due => Vec::new(),
            Ok(answer) => vec![format!("应于 {} 届满，算得 {}", case.due, answer.value)],
            Err(fault) => vec![fault.detail],
        }
    }

    fn run_quota(&self, case: &QuotaCase) -> Vec<String> {
        let (model, class) = case.class.split_once('/').unwrap_or((&case.class, ""));
        match self.on(case.on).quota(model, class, case.pool) {
            Ok(answer) if answer.value == case.take => Vec::new(),
            Ok(answer) => vec![format!(
                "{} 个对象应抽 {}，算得 {}",
                case.pool, case.take, answer.value
            )],
            Err(silent) => vec![silent.to_string()],
        }
    }

    fn run_class(&self, case: &Case) -> Vec<String> {
        let on = self.on(case.as_of);
        let compiled = if case.by.is_some() {
            let lineup = on.lineup(&case.model);
            lineup.map(|lineup| compile_lineup(&lineup.value, &self.symbols))
        } else {
            let model = on.model(&case.model);
            model.map(|model| compile(&model.value, &self.symbols))
        };
        let compiled = match compiled {
            Ok(Ok(compiled)) => compiled,
            Ok(Err(fault)) => return vec![fault.to_string()],
            Err(silent) => return vec![silent.to_string()],
        };
        let builder = FactBuilder {
            on,
            symbols: &self.symbols,
            as_of: case.as_of,
        };
        let facts = builder
            .entity(&case.entity)
            .and_then(|entity| Ok((entity, builder.records(&case.records)?)));
        match facts {
            Ok((entity, records)) => {
                let told = compiled.explain(&entity, &records, day_number(case.as_of), &mut Scratch::new());
                compare(case, &told)
            }
            Err(wrong) => vec![wrong],
        }
    }
}

fn compare(case: &Case, told: &Explanation) -> Vec<String> {
    const NONE: &str = "none";
    let mut differs = Vec::new();
    let class = if told.class_code.is_empty() {
        NONE
    } else {
        &told.class_code
    };
    if class != case.class {
        differs.push(format!(
            "应为{}类，算得{class}类（{}分）",
            case.class, told.points
        ));
    }
    if let Some(by) = case.by.as_ref().filter(|by| **by != told.model) {
        differs.push(format!("应由 {by} 确定，实由 {} 确定", told.model));
    }
    if let Some(points) = case.points.filter(|points| *points != told.points) {
        differs.push(format!("应为{points}分，算得{}分", told.points));
    }
    for (group, points) in case.groups.iter().flatten() {
        match told.groups.iter().find(|known| known.code == *group) {
            Some(known) if known.points == *points => {}
            Some(known) => differs.push(format!("{group} 应为{points}分，算得{}分", known.points)),
            None => differs.push(format!("模型没有分组 {group}")),
        }
    }
    let mut sets = |what: &str, wanted: &Option<Vec<String>>, found: Vec<&String>| {
        let Some(wanted) = wanted else { return };
        let (mut wanted, mut found): (Vec<&String>, Vec<&String>) = (wanted.iter().collect(), found);
        wanted.sort();
        found.sort();
        if wanted != found {
            differs.push(format!("{what}应为{wanted:?}，算得{found:?}"));
        }
    };
    sets(
        "得分指标",
        &case.reasons,
        told.reasons.iter().map(|reason| &reason.indicator).collect(),
    );
    sets(
        "系数",
        &case.factors,
        told.factors.iter().map(|factor| &factor.factor).collect(),
    );
    sets(
        "直接判定",
        &case.direct,
        told.direct.iter().map(|direct| &direct.code).collect(),
    );
    differs
}

/// From readable facts to those of the evaluator.
struct FactBuilder<'p> {
    on: PackOn<'p>,
    symbols: &'p Symbols,
    as_of: Day,
}

impl FactBuilder<'_> {
    fn entity(&self, given: &BTreeMap<String, String>) -> Result<EntityFacts, String> {
        let text = |key: &str| given.get(key).map(String::as_str).unwrap_or_default();
        let read = |key: &'static str, fits: bool| {
            if fits {
                Ok(())
            } else {
                Err(format!("主体的 {key} 读不懂：{}", text(key)))
            }
        };
        let established = given
            .get("established_on")
            .map(|day| parse_day(day).map(day_number));
        read("established_on", established != Some(None))?;
        let capital = given.get("capital").map(|capital| parse_money(capital));
        read("capital", capital != Some(None))?;
        let coded = |key: &'static str, table: &str| {
            let resolved = self
                .on
                .table(table)
                .ok()
                .and_then(|table| table.value.resolve(text(key)));
            self.symbols.code(resolved.unwrap_or(text(key)))
        };
        Ok(EntityFacts {
            established_on: established.flatten(),
            capital_fen: capital.flatten(),
            kind: coded("kind", "subject-kind"),
            status: coded("status", "registration-status"),
            industry: self.symbols.nearest(text("industry")),
            division: self.symbols.nearest(text("division")),
        })
    }

    fn records(&self, given: &[CaseRecord]) -> Result<Vec<RecordFact>, String> {
        let mut facts = Vec::new();
        for (nth, record) in given.iter().enumerate() {
            let before = given.get(..nth).unwrap_or_default();
            let fact = self
                .record(record, before)
                .map_err(|wrong| format!("{}:{wrong}", record.place.path))?;
            facts.push(fact);
        }
        Ok(facts)
    }

    fn record(&self, record: &CaseRecord, before: &[CaseRecord]) -> Result<RecordFact, String> {
        let item = self
            .on
            .item(&record.item)
            .map_err(|silent| silent.to_string())?
            .value;
        let named = |id: &String| {
            let found = (1_i64..)
                .zip(before)
                .find(|(_, earlier)| earlier.id.as_ref() == Some(id));
            found
                .map(|(number, _)| number)
                .ok_or_else(|| format!("前面没有 id = \"{id}\" 的记录"))
        };
        let number = i64::try_from(before.len() + 1).unwrap_or(i64::MAX);
        let mut fact = RecordFact {
            record: number,
            names: 0,
            relation: Relation::None,
            item: self.symbols.item(&record.item),
            on: day_number(self.as_of),
            ends_on: OPEN,
            amount_fen: 0,
            level: 0,
            code: 0,
        };
        if let (Some(id), Some(day)) = (&record.withdraws, record.withdrawn_on) {
            return Ok(RecordFact {
                names: named(id)?,
                relation: Relation::Withdraws,
                on: day_number(day),
                ..fact
            });
        }
        if let Some(id) = &record.corrects {
            fact.names = named(id)?;
            fact.relation = Relation::Corrects;
        } else if item.mode == ItemMode::End {
            fact.names = ended_by(item, record, before).ok_or("前面没有它所结束的记录")?;
            fact.relation = Relation::Ends;
        }
        self.fill(&mut fact, item, record)?;
        Ok(fact)
    }

    fn fill(&self, fact: &mut RecordFact, item: &Item, record: &CaseRecord) -> Result<(), String> {
        if let Some(unknown) = record.fields.keys().find(|name| item.field(name).is_none()) {
            return Err(format!("目录项没有字段 {unknown}"));
        }
        let missing = item
            .fields
            .iter()
            .find(|field| field.required && !record.fields.contains_key(&field.name));
        if let Some(field) = missing {
            return Err(format!("缺少必填字段 {}", field.name));
        }
        let mut values = record.fields.clone();
        for field in &item.fields {
            if let (Some(table), Some(text)) = (&field.table, record.fields.get(&field.name)) {
                let table = self.on.table(table).map_err(|silent| silent.to_string())?.value;
                let code = table
                    .resolve(text)
                    .ok_or_else(|| format!("{} 的代码 {text} 不认识", field.name))?;
                values.insert(field.name.clone(), code.to_owned());
            }
        }
        let known = item
            .facts(|name| values.get(name).cloned())
            .map_err(|names| format!("读不懂：{}", names.join("、")))?;
        match known.on {
            Some(day) => fact.on = day_number(day),
            None if item.mode == ItemMode::State => {}
            None => return Err("没有事实发生日".to_owned()),
        }
        fact.ends_on = known.until.map_or(OPEN, day_number);
        fact.amount_fen = known.amount_fen.unwrap_or(0);
        let told = || self.on.level_table(item)?.level_of(known.code.as_deref()?);
        fact.level = known.level.or_else(told).unwrap_or(0);
        fact.code = known.code.map_or(0, |code| self.symbols.code(&code));
        Ok(())
    }
}

/// The latest earlier record of the item this one ends, with the same key values.
fn ended_by(item: &Item, record: &CaseRecord, before: &[CaseRecord]) -> Option<i64> {
    let ends = item.ends.as_ref()?;
    let same = |earlier: &CaseRecord| {
        earlier.item == *ends
            && item
                .key
                .iter()
                .all(|key| earlier.fields.get(key) == record.fields.get(key))
    };
    (1_i64..)
        .zip(before)
        .filter(|(_, earlier)| same(earlier))
        .last()
        .map(|(number, _)| number)
}
