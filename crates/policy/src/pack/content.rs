//! What a pack holds, read from its files, and how a local pack is laid over its base.

use std::collections::BTreeMap;

use super::basics::{Head, SourceDocument, YearNotice, read_sources, read_years};
use super::cases::Cases;
use super::catalogue::{CodeTable, Item};
use super::dated::{Dated, Defaults, Version, code_in_model, own_code};
use super::draw::{Contributors, Exclusion, Floor, Frequency, Load, Ratio, Reserve, Team, Unclassed};
use super::fault::{PackFault, Place};
use super::inspection::{CheckItem, ResultCode};
use super::line_rows::{RegimeRow, read_factor};
use super::matching::{Number, threshold_code, weight_code};
use super::model_rows::{GroupRow, ModelRow, read_direct, read_indicator};
use super::quality::{Weight, dimension_code};
use super::references::Reference;
use super::release::{OutcomeItem, Rail, ReleaseGate};
use super::rules::{Alarm, ClassEffect, Deadline, Measure};
use super::sheet::Sheet;
use super::toml_tree::Source;
use crate::model::{Basis, Direct, Factor, Indicator};

/// Everything a pack holds.
#[derive(Debug, Clone, Default)]
pub(super) struct Content {
    pub head: Head,
    pub sources: BTreeMap<String, SourceDocument>,
    pub tables: Dated<CodeTable>,
    pub items: Dated<Item>,
    pub models: Dated<ModelRow>,
    pub groups: Dated<GroupRow>,
    pub indicators: Dated<Indicator>,
    pub direct: Dated<Direct>,
    pub factors: Dated<Factor>,
    pub regimes: Dated<RegimeRow>,
    pub classes: Dated<ClassEffect>,
    pub measures: Dated<Measure>,
    pub ratios: Dated<Ratio>,
    pub frequencies: Dated<Frequency>,
    pub exclusions: Dated<Exclusion>,
    pub reserve: Dated<Reserve>,
    pub team: Dated<Team>,
    pub load: Dated<Load>,
    pub floor: Dated<Floor>,
    pub unclassed: Dated<Unclassed>,
    pub contributors: Dated<Contributors>,
    pub checks: Dated<CheckItem>,
    pub results: Dated<ResultCode>,
    pub deadlines: Dated<Deadline>,
    pub alarms: Dated<Alarm>,
    pub match_thresholds: Dated<Number>,
    pub match_weights: Dated<Number>,
    pub quality: Dated<Weight>,
    pub gates: Dated<ReleaseGate>,
    pub rails: Dated<Rail>,
    pub outcomes: Dated<OutcomeItem>,
    pub years: BTreeMap<i32, YearNotice>,
    pub cases: Cases,
    /// References of undated rows.
    undated: Vec<Reference>,
}

/// Does the same to every kind of dated row, borrowed (`ref`) or to change (`mut`).
macro_rules! each_dated {
    ($how:tt $content:ident, $rows:ident => $work:expr) => {
        each_dated!(@ $how $content, $rows, $work, tables items models groups indicators direct factors regimes
            classes measures ratios frequencies exclusions reserve team load floor
            unclassed contributors checks results deadlines alarms
            match_thresholds match_weights quality gates rails outcomes)
    };
    (@ ref $content:ident, $rows:ident, $work:expr, $($field:ident)*) => { $( { let $rows = &$content.$field; $work; } )* };
    (@ mut $content:ident, $rows:ident, $work:expr, $($field:ident)*) => {
        $( { let $rows = &mut $content.$field; $work; } )*
    };
    (@ lay $content:ident, $rows:ident, $work:expr, $($field:ident)*) => {
        $( $content.$field = $content.$field.overlaid(&$rows.$field); )*
    };
}

impl Content {
    /// Reads one file of the pack; `name` without the pack's folder.
    pub fn read_file(&mut self, pack: &str, name: &str, text: String, faults: &mut Vec<PackFault>) {
        let source = Source::new(format!("{pack}/{name}"), text);
        let node = source.parse();
        let top = Sheet::new(&source, String::new(), &node);
        match name {
            "pack.toml" => self.head = Head::read(&top),
            "sources.toml" => self.sources = read_sources(&top),
            "calendar.toml" => {
                source.take_references();
                self.years = read_years(&top);
                self.undated.extend(source.take_references());
            }
            _ if name.starts_with("cases/") => self.cases.read(&top),
            _ => self.read_dated(name, &top),
        }
        faults.extend(source.into_faults());
    }

    /// Reads rows of `model.toml` from a text that is no file of a pack: a draft of a model.
    pub fn read_fragment(&mut self, file: &str, text: String, faults: &mut Vec<PackFault>) {
        let source = Source::new(file.to_owned(), text);
        let node = source.parse();
        self.read_dated("model.toml", &Sheet::new(&source, String::new(), &node));
        faults.extend(source.into_faults());
    }

    /// Lets the rows of a fragment hold from one day to another only.
    pub fn within(&mut self, from: kernel::Day, until: Option<kernel::Day>) {
        each_dated!(mut self, rows => rows.within(from, until));
    }

    /// The last day on which a row begins.
    pub fn last_begin(&self) -> Option<kernel::Day> {
        let mut last = None;
        each_dated!(ref self, rows => last = last.max(rows.last_begin()));
        last
    }

    fn read_dated(&mut self, name: &str, top: &Sheet<'_>) {
        let defaults = Defaults::read(top);
        match name {
            "codes.toml" => self.tables = Dated::read(top, "table", &defaults, own_code, CodeTable::read),
            "catalogue.toml" => self.items = Dated::read(top, "item", &defaults, own_code, Item::read),
            "model.toml" => {
                self.models = Dated::read(top, "model", &defaults, own_code, ModelRow::read);
                self.groups = Dated::read(top, "group", &defaults, code_in_model, GroupRow::read);
                self.indicators = Dated::read(top, "indicator", &defaults, code_in_model, read_indicator);
                self.direct = Dated::read(top, "direct", &defaults, code_in_model, read_direct);
                self.factors = Dated::read(top, "factor", &defaults, code_in_model, read_factor);
                self.regimes = Dated::read(top, "regime", &defaults, own_code, RegimeRow::read);
            }
            "measures.toml" => {
                self.classes = Dated::read(top, "class", &defaults, own_code, ClassEffect::read);
                self.measures = Dated::read(top, "measure", &defaults, own_code, Measure::read);
            }
            "draw.toml" => {
                self.ratios = Dated::read(top, "ratio", &defaults, own_code, Ratio::read);
                self.frequencies = Dated::read(top, "frequency", &defaults, own_code, Frequency::read);
                self.exclusions = Dated::read(top, "exclusion", &defaults, own_code, Exclusion::read);
                self.reserve = Dated::read(
                    top,
                    "reserve",
                    &defaults,
                    |row| only(row, "reserve"),
                    Reserve::read,
                );
                self.team = Dated::read(top, "team", &defaults, |row| only(row, "team"), Team::read);
                self.load = Dated::read(top, "load", &defaults, |row| only(row, "load"), Load::read);
                self.floor = Dated::read(top, "floor", &defaults, |row| only(row, "floor"), Floor::read);
                let own = |row: &Sheet<'_>| only(row, "unclassed");
                self.unclassed = Dated::read(top, "unclassed", &defaults, own, Unclassed::read);
                let own = |row: &Sheet<'_>| only(row, "contributors");
                self.contributors = Dated::read(top, "contributors", &defaults, own, Contributors::read);
            }
            "inspect.toml" => {
                self.checks = Dated::read(top, "check", &defaults, own_code, CheckItem::read);
                self.results = Dated::read(top, "result", &defaults, own_code, ResultCode::read);
            }
            "deadlines.toml" => {
                self.deadlines = Dated::read(top, "deadline", &defaults, own_code, Deadline::read);
            }
            "quality.toml" => {
                self.quality = Dated::read(top, "dimension", &defaults, dimension_code, Weight::read);
            }
            "release.toml" => {
                self.gates = Dated::read(top, "gate", &defaults, own_code, ReleaseGate::read);
                self.rails = Dated::read(top, "rail", &defaults, own_code, Rail::read);
                self.outcomes = Dated::read(top, "outcome", &defaults, own_code, OutcomeItem::read);
            }
            "alarms.toml" => self.alarms = Dated::read(top, "alarm", &defaults, own_code, Alarm::read),
            "matching.toml" => {
                self.match_thresholds =
                    Dated::read(top, "threshold", &defaults, threshold_code, Number::threshold);
                self.match_weights = Dated::read(top, "weight", &defaults, weight_code, Number::weight);
            }
            _ => {
                let place = Place {
                    file: top.place().file,
                    ..Place::default()
                };
                top.source().keep(PackFault {
                    place,
                    what: "政策包中没有这种文件".to_owned(),
                    right: "文件名见 docs/packs.md；删去或改名".to_owned(),
                });
                return;
            }
        }
        top.finish();
    }

    /// This pack with `top` laid over it. Cases are kept apart by the caller.
    pub fn overlaid(mut self, top: Self) -> Self {
        self.head = top.head;
        self.sources.extend(top.sources);
        self.years.extend(top.years);
        self.undated.extend(top.undated);
        each_dated!(lay self, top => ());
        self
    }

    /// Fills in titles of documents, and checks every reference of every row.
    pub fn settle(&mut self, faults: &mut Vec<PackFault>) {
        let titles: BTreeMap<String, String> = self
            .sources
            .iter()
            .map(|(code, document)| (code.clone(), document.title.clone()))
            .collect();
        each_dated!(mut self, rows => rows.each_mut(|basis| name_source(basis, &titles)));
        let mut found = Vec::new();
        each_dated!(ref self, rows => for version in rows.all() { check(version, self, &mut found); });
        faults.append(&mut found);
        let never = kernel::Day::MAX;
        faults.extend(
            self.undated
                .iter()
                .filter_map(|reference| reference.check(self, never, Some(never))),
        );
    }
}

fn name_source(basis: &mut Basis, titles: &BTreeMap<String, String>) {
    if let Some(title) = titles.get(&basis.source) {
        basis.title.clone_from(title);
    }
}

fn check<T>(version: &Version<T>, content: &Content, faults: &mut Vec<PackFault>) {
    let found = version
        .references
        .iter()
        .filter_map(|reference| reference.check(content, version.begin, version.last));
    faults.extend(found);
}

/// A kind of row that may have one code only.
fn only(row: &Sheet<'_>, code: &'static str) -> String {
    let own = own_code(row);
    if own != code && !own.is_empty() {
        row.fault(
            "code",
            format!("code = \"{own}\" 不对"),
            format!("这里只能写 \"{code}\""),
        );
    }
    own
}
