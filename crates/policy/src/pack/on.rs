//! The values in force on one day, each answer with its trace.

use kernel::{CalendarFault, Day, FaultKind, Refusal};
use serde::{Deserialize, Serialize};

use super::Pack;
use super::catalogue::{CodeTable, Item};
use super::dated::{Dated, Version};
use super::draw::{Contributors, Exclusion, Floor, Frequency, Load, Ratio, Reserve, Team, Unclassed};
use super::inspection::{CheckItem, ResultCode};
use super::rules::{Alarm, ClassEffect, DayUnit, Deadline, Measure};
use crate::model::{Attribute, Basis, Class, FactorSource, Group, Model, Scoring, Source};

/// Which version of which value an answer rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// Kind of row, `deadline`.
    pub kind: String,
    /// Code of the value.
    pub code: String,
    /// First day of the version, as written.
    pub from: Day,
    /// Document and article.
    pub basis: Basis,
}

/// A value and what it rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer<T> {
    /// The value.
    pub value: T,
    /// What it rests on.
    pub trace: Trace,
}

/// The pack has no such value on that day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("政策包{pack}在{day}没有{kind} {code}")]
pub struct Silent {
    /// Code of the pack.
    pub pack: String,
    /// Kind of row.
    pub kind: &'static str,
    /// Code asked for.
    pub code: String,
    /// Day asked for.
    pub day: Day,
}

impl Refusal for Silent {
    fn kind(&self) -> FaultKind {
        FaultKind::Invalid
    }
    fn code(&self) -> &'static str {
        "policy.value.silent"
    }
    fn detail(&self) -> String {
        format!("{self}；请在政策包中补上该值，或改用当日有效的代码")
    }
}

/// A pack on one day.
#[derive(Debug, Clone, Copy)]
pub struct PackOn<'p> {
    pack: &'p Pack,
    day: Day,
}

type Asked<'p, T> = Result<Answer<&'p T>, Silent>;

impl<'p> PackOn<'p> {
    pub(super) fn new(pack: &'p Pack, day: Day) -> Self {
        Self { pack, day }
    }

    /// The day.
    pub fn day(&self) -> Day {
        self.day
    }

    /// The pack.
    pub fn pack(&self) -> &'p Pack {
        self.pack
    }

    pub(super) fn content(&self) -> &'p super::content::Content {
        &self.pack.content
    }

    pub(super) fn ask<T>(&self, rows: &'p Dated<T>, kind: &'static str, code: &str) -> Asked<'p, T> {
        let answer = rows.at(code, self.day).and_then(|version| answer(kind, version));
        answer.ok_or_else(|| Silent {
            pack: self.pack.code().to_owned(),
            kind,
            code: code.to_owned(),
            day: self.day,
        })
    }

    pub(super) fn list<T>(
        &self,
        rows: &'p Dated<T>,
        kind: &'static str,
    ) -> impl Iterator<Item = Answer<&'p T>> {
        rows.on(self.day).filter_map(move |version| answer(kind, version))
    }

    /// A catalogue item.
    pub fn item(&self, code: &str) -> Asked<'p, Item> {
        self.ask(&self.pack.content.items, "item", code)
    }

    /// All catalogue items, in the order of the pack.
    pub fn items(&self) -> impl Iterator<Item = Answer<&'p Item>> {
        self.list(&self.pack.content.items, "item")
    }

    /// A code table.
    pub fn table(&self, code: &str) -> Asked<'p, CodeTable> {
        self.ask(&self.pack.content.tables, "table", code)
    }

    /// All code tables.
    pub fn tables(&self) -> impl Iterator<Item = Answer<&'p CodeTable>> {
        self.list(&self.pack.content.tables, "table")
    }

    /// A classification model, put together from the rows of the day.
    pub fn model(&self, code: &str) -> Result<Answer<Model>, Silent> {
        let content = &self.pack.content;
        let Answer { value: row, trace } = self.ask(&content.models, "model", code)?;
        let prefix = format!("{code}/");
        let inner = |code: &str| code.strip_prefix(&prefix).map(str::to_owned);
        let mut groups: Vec<(i64, Group)> = content
            .groups
            .on(self.day)
            .filter_map(|version| {
                let group = version.body()?;
                Some((
                    group.order,
                    Group {
                        code: inner(&version.code)?,
                        title: group.title.clone(),
                        cap: group.cap,
                    },
                ))
            })
            .collect();
        groups.sort_by_key(|(order, _)| *order);
        let indicators = content
            .indicators
            .on(self.day)
            .filter(|version| inner(&version.code).is_some());
        let indicators = indicators.filter_map(|version| {
            let mut indicator = version.body()?.clone();
            indicator.basis = version.basis.clone();
            self.name_codes(&mut indicator.scoring, &indicator.source);
            Some(indicator)
        });
        let direct = content
            .direct
            .on(self.day)
            .filter(|version| inner(&version.code).is_some());
        let direct = direct.filter_map(|version| {
            let mut direct = version.body()?.clone();
            direct.basis = version.basis.clone();
            Some(direct)
        });
        let factors = content
            .factors
            .on(self.day)
            .filter(|version| inner(&version.code).is_some());
        let factors = factors.filter_map(|version| {
            let mut factor = version.body()?.clone();
            factor.basis = version.basis.clone();
            if let FactorSource::Attribute(attribute) = factor.source {
                self.name_codes(&mut factor.scoring, &Source::Attribute(attribute));
            }
            Some(factor)
        });
        let model = Model {
            code: code.to_owned(),
            title: row.title.clone(),
            from: trace.from,
            basis: trace.basis.clone(),
            classes: row.classes.clone(),
            groups: groups.into_iter().map(|(_, group)| group).collect(),
            indicators: indicators.collect(),
            direct: direct.collect(),
            factors: factors.collect(),
        };
        Ok(Answer { value: model, trace })
    }

    /// Codes of all models of the day.
    pub fn models(&self) -> impl Iterator<Item = &'p str> {
        self.pack
            .content
            .models
            .on(self.day)
            .map(|version| version.code.as_str())
    }

    /// Titles for the codes of a map, from the code tables.
    fn name_codes(&self, scoring: &mut Scoring, source: &Source) {
        let Scoring::Map(entries) = scoring else { return };
        let tables: Vec<String> = match source {
            Source::Attribute(Attribute::Kind) => vec!["subject-kind".to_owned()],
            Source::Attribute(Attribute::Status) => vec!["registration-status".to_owned()],
            Source::Attribute(Attribute::Industry) => vec!["industry".to_owned()],
            Source::Attribute(_) => vec!["division".to_owned()],
            Source::Records(records) => records
                .items
                .iter()
                .filter_map(|item| self.code_table_of(item))
                .collect(),
        };
        for entry in entries {
            let mut titles = tables
                .iter()
                .filter_map(|table| self.table(table).ok()?.value.title_of(&entry.code));
            entry.title = titles.next().unwrap_or("").to_owned();
        }
    }

    /// Code table of the fact column `code` of an item.
    fn code_table_of(&self, item: &str) -> Option<String> {
        let item = self.item(item).ok()?.value;
        item.field(item.facts.code.as_ref()?)?.table.clone()
    }

    /// The classes of a model.
    pub fn classes(&self, model: &str) -> Result<Answer<&'p [Class]>, Silent> {
        let Answer { value, trace } = self.ask(&self.pack.content.models, "model", model)?;
        Ok(Answer {
            value: value.classes.as_slice(),
            trace,
        })
    }

    /// What a class means for inspection.
    pub fn class_effect(&self, model: &str, class: &str) -> Asked<'p, ClassEffect> {
        self.ask(&self.pack.content.classes, "class", &format!("{model}/{class}"))
    }

    /// All measures.
    pub fn measures(&self) -> impl Iterator<Item = Answer<&'p Measure>> {
        self.list(&self.pack.content.measures, "measure")
    }

    /// Share of the pool drawn, by class.
    pub fn ratio(&self, model: &str, class: &str) -> Asked<'p, Ratio> {
        self.ask(&self.pack.content.ratios, "ratio", &format!("{model}/{class}"))
    }

    /// How many of a pool of a class are drawn: the share, rounded up.
    pub fn quota(&self, model: &str, class: &str, pool: u64) -> Result<Answer<u64>, Silent> {
        let Answer { value, trace } = self.ratio(model, class)?;
        Ok(Answer {
            value: value.share.of_rounded_up(pool),
            trace,
        })
    }

    /// Most checks of one object, by class.
    pub fn frequency(&self, model: &str, class: &str) -> Asked<'p, Frequency> {
        self.ask(
            &self.pack.content.frequencies,
            "frequency",
            &format!("{model}/{class}"),
        )
    }

    /// All exclusions, in the order of the pack.
    pub fn exclusions(&self) -> impl Iterator<Item = Answer<&'p Exclusion>> {
        self.list(&self.pack.content.exclusions, "exclusion")
    }

    /// Reserve objects.
    pub fn reserve(&self) -> Asked<'p, Reserve> {
        self.ask(&self.pack.content.reserve, "reserve", "reserve")
    }

    /// Size of teams.
    pub fn team(&self) -> Asked<'p, Team> {
        self.ask(&self.pack.content.team, "team", "team")
    }

    /// Load cap of an inspector.
    pub fn load(&self) -> Asked<'p, Load> {
        self.ask(&self.pack.content.load, "load", "load")
    }

    /// Floor chance.
    pub fn floor(&self) -> Asked<'p, Floor> {
        self.ask(&self.pack.content.floor, "floor", "floor")
    }

    /// A check item.
    pub fn check(&self, code: &str) -> Asked<'p, CheckItem> {
        self.ask(&self.pack.content.checks, "check", code)
    }

    /// All check items (抽查事项清单).
    pub fn checks(&self) -> impl Iterator<Item = Answer<&'p CheckItem>> {
        self.list(&self.pack.content.checks, "check")
    }

    /// A result code.
    pub fn result(&self, code: &str) -> Asked<'p, ResultCode> {
        self.ask(&self.pack.content.results, "result", code)
    }

    /// All result codes.
    pub fn results(&self) -> impl Iterator<Item = Answer<&'p ResultCode>> {
        self.list(&self.pack.content.results, "result")
    }

    /// A deadline.
    pub fn deadline(&self, code: &str) -> Asked<'p, Deadline> {
        self.ask(&self.pack.content.deadlines, "deadline", code)
    }

    /// All deadlines.
    pub fn deadlines(&self) -> impl Iterator<Item = Answer<&'p Deadline>> {
        self.list(&self.pack.content.deadlines, "deadline")
    }

    /// Last day of a deadline that runs from an event on the day of this `PackOn`: working days counted by the calendar, a
    /// natural-day period that ends on a day off ends on the next working day (民法典 203).
    ///
    /// # Errors
    /// [`kernel::Fault`]: no such deadline, or a year the calendar does not hold.
    pub fn due(&self, code: &str) -> kernel::Outcome<Answer<Day>> {
        let Answer { value, trace } = self.deadline(code)?;
        let due: Result<Day, CalendarFault> = match value.unit {
            DayUnit::Working => self.pack.calendar.add_working_days(self.day, value.days),
            DayUnit::Natural => self.pack.calendar.natural_period_end(self.day, value.days),
        };
        Ok(Answer { value: due?, trace })
    }

    /// Whether a period from the day of this `PackOn` to `end` touches a year whose holiday notice is not out yet
    /// (`provisional` in `calendar.toml`): its end may still move.
    pub fn is_provisional(&self, end: Day) -> bool {
        self.pack.calendar.is_provisional(self.day, end)
    }

    /// By when a record of an item is to be handed over whose fact was on the day of this `PackOn` (归集时限); `None` when
    /// the catalogue sets no term.
    ///
    /// # Errors
    /// [`kernel::Fault`]: no such item, or a year the calendar does not hold.
    pub fn collect_due(&self, item: &str) -> kernel::Outcome<Option<Day>> {
        let Some(collect) = self.item(item)?.value.collect else {
            return Ok(None);
        };
        let end = collect.counts_from(self.day);
        let due: Result<Day, CalendarFault> = match collect.unit {
            DayUnit::Working => self.pack.calendar.add_working_days(end, collect.within),
            DayUnit::Natural => self.pack.calendar.natural_period_end(end, collect.within),
        };
        Ok(Some(due?))
    }

    /// The table that says how grave a record of an item without a level of its own is: that of the field whose code the
    /// evaluator sees.
    pub fn level_table(&self, item: &Item) -> Option<&'p CodeTable> {
        item.facts.level.as_ref()?;
        let field = item.field(item.facts.code.as_deref()?)?;
        Some(self.table(field.table.as_deref()?).ok()?.value)
    }

    /// What stands in for the class of an entity that has none when a draw is planned.
    pub fn unclassed(&self) -> Asked<'p, Unclassed> {
        self.ask(&self.pack.content.unclassed, "unclassed", "unclassed")
    }

    /// How many must contribute to the chance of a draw.
    pub fn contributors(&self) -> Asked<'p, Contributors> {
        self.ask(&self.pack.content.contributors, "contributors", "contributors")
    }

    /// All alarms.
    pub fn alarms(&self) -> impl Iterator<Item = Answer<&'p Alarm>> {
        self.list(&self.pack.content.alarms, "alarm")
    }
}

fn answer<'p, T>(kind: &'static str, version: &'p Version<T>) -> Option<Answer<&'p T>> {
    let trace = Trace {
        kind: kind.to_owned(),
        code: version.code.clone(),
        from: version.from,
        basis: version.basis.clone(),
    };
    Some(Answer {
        value: version.body()?,
        trace,
    })
}
