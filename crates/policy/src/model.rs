//! The classification model as a table: indicators, groups, class cut-offs and direct rules, before compiling.

use kernel::Day;
use serde::{Deserialize, Serialize};

/// Where a value comes from: document and article (依据).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
pub struct Basis {
    /// Code of the document in the pack's `sources.toml`.
    pub source: String,
    /// Full title of the document.
    pub title: String,
    /// Article, paragraph or section.
    pub article: String,
}

impl std::fmt::Display for Basis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.title.is_empty() {
            write!(f, "{}{}", self.source, self.article)
        } else {
            write!(f, "《{}》{}", self.title, self.article)
        }
    }
}

/// A classification model (风险分类模型) as it stands on one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Model {
    /// Code of the model, `generic`.
    pub code: String,
    /// Title in Chinese.
    pub title: String,
    /// First day of this version of the model row.
    pub from: Day,
    /// Document the model rests on.
    pub basis: Basis,
    /// Classes from best to worst, ascending cut-offs.
    pub classes: Vec<Class>,
    /// Groups in display order; at most [`crate::MAX_GROUPS`].
    pub groups: Vec<Group>,
    /// Indicators; their order is the order of reasons inside a group.
    pub indicators: Vec<Indicator>,
    /// Direct rules (直接判定).
    pub direct: Vec<Direct>,
    /// Factors (调节系数) on the sum of the groups.
    #[serde(default)]
    pub factors: Vec<Factor>,
}

/// One class. The last has no `below`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Class {
    /// `A`, `B`, ….
    pub code: String,
    /// Title in Chinese.
    pub title: String,
    /// Points below which the class applies.
    pub below: Option<i32>,
}

/// A group of indicators; its sum is clipped to 0…cap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Code, named by indicators.
    pub code: String,
    /// Title in Chinese.
    pub title: String,
    /// Most points.
    pub cap: i32,
}

/// One indicator (指标): where the value comes from and what points it gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Indicator {
    /// Code, unique in the model.
    pub code: String,
    /// Title in Chinese.
    pub title: String,
    /// Code of the group.
    pub group: String,
    /// What is looked at.
    pub source: Source,
    /// How the value becomes points.
    pub scoring: Scoring,
    /// Points when no record passes or the attribute is unknown.
    pub absent: i32,
    /// Sentence with `{value}` and `{points}`.
    pub sentence: String,
    /// Why the indicator is there, in Chinese; may be empty.
    #[serde(default)]
    pub why: String,
    /// Document the indicator rests on.
    pub basis: Basis,
}

/// What an indicator looks at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Source {
    /// Records of one or several catalogue items.
    Records(Records),
    /// An attribute of the entity.
    Attribute(Attribute),
}

/// Which records, and what is made of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Records {
    /// Catalogue item codes.
    pub items: Vec<String>,
    /// What a record must satisfy.
    pub condition: Condition,
    /// What is made of the records that pass.
    pub aggregate: Aggregate,
    /// Window: a record counts if as_of − on < this. Months are days by 365·m/12 rounded down ([`Records::months`]).
    pub within_days: Option<i32>,
}

impl Records {
    /// Days of a window of months: 365·m/12 rounded down.
    pub fn months(months: i32) -> i32 {
        i32::try_from(i64::from(months) * 365 / 12).unwrap_or(i32::MAX)
    }
}

/// A filter on records; every part given must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Condition {
    /// The record's code is one of these; empty = any.
    pub codes: Vec<String>,
    /// Level at least.
    pub level_min: Option<i32>,
    /// Amount in fen at least.
    pub amount_min: Option<i64>,
    /// The record has not ended: ends_on > as_of.
    pub open: bool,
}

/// What is made of the records that pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Aggregate {
    /// Number of records.
    Count,
    /// Sum of amounts in fen.
    Sum,
    /// Highest level.
    MaxLevel,
    /// Level of the latest record by (on, record).
    LastLevel,
    /// Code of the latest record by (on, record); scored by map.
    LastCode,
    /// Days since the latest record.
    DaysSinceLast,
    /// Days to the soonest end that lies ahead; records without such an end do not count.
    DaysToEnd,
    /// Sum of per-mille weights by age: the first step whose days > age, else 0.
    Decayed(Vec<DecayStep>),
}

/// One step of a decay, ascending by days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecayStep {
    /// Applies to records younger than this.
    pub days: i32,
    /// Weight; 1000 = one fresh record.
    pub permille: i32,
}

/// An attribute of the entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Attribute {
    /// Age in days since establishment (成立日期).
    EstablishedOn,
    /// Registered capital (注册资本) in fen.
    CapitalFen,
    /// Entity type (企业类型); map, exact.
    Kind,
    /// Registration status (登记状态); map, exact.
    Status,
    /// Industry (行业); map, longest prefix.
    Industry,
    /// Division (行政区划); map, longest prefix.
    Division,
}

impl Attribute {
    /// Whether the attribute is a code, scored by map.
    pub fn is_code(self) -> bool {
        !matches!(self, Self::EstablishedOn | Self::CapitalFen)
    }
}

/// How a value becomes points.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scoring {
    /// The last band whose min ≤ value; below the first: 0. Ascending.
    Bands(Vec<Band>),
    /// Points by code; no entry: 0.
    Map(Vec<MapEntry>),
}

/// One band.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Band {
    /// Least value.
    pub min: i64,
    /// Points from there on.
    pub points: i32,
}

/// Points of one code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MapEntry {
    /// Code, or prefix of an industry or division.
    pub code: String,
    /// Its title, for sentences; may be empty.
    pub title: String,
    /// Points.
    pub points: i32,
}

/// A direct rule: when the indicator's value reaches `min`, the class is not better than the named one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Direct {
    /// Code, unique in the model.
    pub code: String,
    /// Title in Chinese.
    pub title: String,
    /// Code of the indicator.
    pub indicator: String,
    /// Least value (for an indicator scored by map: the points it gives).
    pub min: i64,
    /// Class code.
    pub not_better_than: String,
    /// Sentence with `{value}`.
    pub sentence: String,
    /// Document the rule rests on.
    pub basis: Basis,
}

/// A factor (区域重要性、行业风险度、市场主体诚信度 and the like): it moves the sum of the clipped groups.
///
/// With `base` the sum of the clipped groups, a factor in per-mille gives `base · (value − 1000) / 1000` points, rounded
/// toward zero; a factor in points gives its value. The total is `base` plus what all factors give, not below 0. Each
/// factor looks at `base` alone, so their order does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Factor {
    /// Code, unique in the model.
    pub code: String,
    /// Title in Chinese.
    pub title: String,
    /// What is looked at.
    pub source: FactorSource,
    /// What the numbers of `scoring` and `absent` mean.
    pub unit: FactorUnit,
    /// The value as a number of `unit`; below the first band and without an entry in the map: [`FactorUnit::neutral`].
    pub scoring: Scoring,
    /// The number when there is nothing to look at.
    pub absent: i32,
    /// Sentence with `{value}` (what was looked at), `{factor}` (the number) and `{points}` (the points it gives).
    pub sentence: String,
    /// Why the factor is there, in Chinese; may be empty.
    pub why: String,
    /// Document the factor rests on.
    pub basis: Basis,
}

/// What a factor looks at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum FactorSource {
    /// An attribute of the entity.
    Attribute(Attribute),
    /// The value of an indicator (of one scored by map: the points it gives), by bands.
    Indicator(String),
}

/// What the numbers of a factor mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum FactorUnit {
    /// Per-mille of the sum of the groups; 1000 leaves it as it is.
    Permille,
    /// Points added.
    Points,
}

impl FactorUnit {
    /// The number that changes nothing.
    pub fn neutral(self) -> i32 {
        match self {
            Self::Permille => 1000,
            Self::Points => 0,
        }
    }

    /// Points a number of this unit gives on the sum of the groups.
    pub fn points(self, number: i32, base: i64) -> i64 {
        match self {
            Self::Permille => base * (i64::from(number) - 1000) / 1000,
            Self::Points => i64::from(number),
        }
    }
}
