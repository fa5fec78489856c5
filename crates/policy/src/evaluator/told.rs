//! The parts of an explanation.

use kernel::Day;
use serde::{Deserialize, Serialize};

use super::changes::Change;
use crate::model::Basis;

/// Why an entity has its class, and what would change it. For internal use: the class is not published. Points, groups,
/// reasons, factors and direct rules are those of the model that gave the class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// Code of the model that gave the class; of the regime, for a body that is not classified.
    pub model: String,
    /// Its title.
    pub model_title: String,
    /// First day of the model's version.
    pub model_from: Day,
    /// Day the class is for; `None` only for a day number beyond the calendar.
    pub as_of: Option<Day>,
    /// Index of the class, as in [`super::Verdict`]; [`super::UNCLASSED`]: none.
    pub class: u8,
    /// Code of the class; empty when the body is not classified.
    pub class_code: String,
    /// Title of the class.
    pub class_title: String,
    /// Code of the class that the points alone would give.
    pub class_by_points: String,
    /// Total points: the groups' and the factors'.
    pub points: i32,
    /// Points by group, all groups, in order.
    pub groups: Vec<GroupPoints>,
    /// Indicators that give points (above or below 0), by group, then in the order of the model.
    pub reasons: Vec<Reason>,
    /// Factors (调节系数) that give points.
    pub factors: Vec<FactorReason>,
    /// Direct rules (直接判定) whose condition holds.
    pub direct: Vec<DirectReason>,
    /// What would make it better.
    pub changes: Vec<Change>,
    /// The models asked, the general one first; none for a model compiled alone.
    pub models: Vec<ModelReading>,
    /// Why the body is outside the general model, if it is.
    pub outside: Option<OutsideReason>,
}

/// Points of one group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupPoints {
    /// Code.
    pub code: String,
    /// Title.
    pub title: String,
    /// Points after clipping.
    pub points: i32,
    /// Sum of the indicators before clipping.
    pub raw: i64,
    /// Most points.
    pub cap: i32,
}

/// One indicator that gives points.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// Code of the indicator.
    pub indicator: String,
    /// Its title.
    pub title: String,
    /// Code of its group.
    pub group: String,
    /// Its value; `None` when there was nothing to look at. For codes: the points they give.
    pub value: Option<i64>,
    /// Its points.
    pub points: i32,
    /// Sentence in Chinese.
    pub sentence: String,
    /// Why the indicator is there; may be empty.
    pub why: String,
    /// Document it rests on.
    pub basis: Basis,
    /// Records that made the value, ascending.
    pub records: Vec<i64>,
}

/// One factor that gives points.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactorReason {
    /// Code of the factor.
    pub factor: String,
    /// Its title.
    pub title: String,
    /// Its number: per-mille or points.
    pub number: i32,
    /// Points it gives on the sum of the groups.
    pub points: i64,
    /// Sentence in Chinese.
    pub sentence: String,
    /// Why the factor is there; may be empty.
    pub why: String,
    /// Document it rests on.
    pub basis: Basis,
}

/// What one model of the line-up says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelReading {
    /// Code of the model.
    pub model: String,
    /// Its title.
    pub title: String,
    /// Name of the pack a professional model comes from; empty for the general one.
    pub origin: String,
    /// Code of the class it gives alone; `None` when it is not asked.
    pub class_code: Option<String>,
    /// Its points; `None` when it is not asked.
    pub points: Option<i32>,
    /// Whether its class stands.
    pub decides: bool,
    /// Sentence in Chinese.
    pub sentence: String,
}

/// Why a body is outside the general model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutsideReason {
    /// Code of the regime.
    pub regime: String,
    /// Its title.
    pub title: String,
    /// Why, in Chinese.
    pub reason: String,
    /// Document it rests on.
    pub basis: Basis,
}

/// Which part of a line-up a [`super::Verdict`] comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part<'c> {
    /// Code of the model; of the regime, where it has none.
    pub code: &'c str,
    /// Its title.
    pub title: &'c str,
}

/// One direct rule whose condition holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectReason {
    /// Code of the rule.
    pub code: String,
    /// Its title.
    pub title: String,
    /// Class the entity cannot be better than.
    pub not_better_than: String,
    /// Whether this rule set the class.
    pub decides: bool,
    /// Sentence in Chinese.
    pub sentence: String,
    /// Document it rests on.
    pub basis: Basis,
    /// Records that made the value, ascending.
    pub records: Vec<i64>,
}
