//! Rows of the draw (随机抽查): ratios, frequency caps, exclusions, reserves, teams.

use serde::{Deserialize, Serialize};

use super::inspection::{CheckKind, KINDS};
use super::references::Kind;
use super::sheet::Sheet;
use super::values::Fraction;

/// Share of the pool drawn in a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ratio {
    /// Share.
    pub share: Fraction,
    /// Most a plan may ask for; `None` = no upper limit.
    pub upper: Option<Fraction>,
}

impl Ratio {
    pub(super) fn read(sheet: &Sheet<'_>) -> Self {
        sheet.refer("code", Kind::Class, &sheet.text("code"));
        let ratio = Self {
            share: sheet.fraction("share"),
            upper: sheet.maybe_fraction("upper"),
        };
        let (share, upper) = (ratio.share, ratio.upper.unwrap_or(Fraction { num: 1, den: 1 }));
        if u128::from(share.num) * u128::from(upper.den) > u128::from(upper.num) * u128::from(share.den) {
            sheet.fault(
                "upper",
                format!("upper（{upper}）小于 share（{share}）"),
                "upper 应不小于 share",
            );
        }
        ratio
    }
}

/// Whose checks count toward a frequency cap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FrequencyScope {
    /// Those of one department.
    Department,
    /// Those of all.
    All,
}

/// Most checks of one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frequency {
    /// Checks …
    pub times: u32,
    /// … in these months.
    pub months: u32,
    /// Whose.
    pub scope: FrequencyScope,
}

fn count(whole: i64) -> u32 {
    u32::try_from(whole).unwrap_or(0)
}

impl Frequency {
    pub(super) fn read(sheet: &Sheet<'_>) -> Self {
        let scopes = &[
            ("department", FrequencyScope::Department),
            ("all", FrequencyScope::All),
        ];
        sheet.refer("code", Kind::Class, &sheet.text("code"));
        Self {
            times: count(sheet.whole("times", 0..=1_000)),
            months: count(sheet.whole("months", 1..=1_200)),
            scope: sheet.needed_word("scope", scopes, FrequencyScope::All),
        }
    }
}

/// Who is taken out of the frame before the draw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExclusionRule {
    /// Checked for the same item within these months.
    SameItemWithin(u32),
    /// Checked at all within these months.
    AnyCheckWithin(u32),
    /// Checked for the same item by an upper level within these months.
    UpperLevelWithin(u32),
    /// Registered within these months.
    RegisteredWithin(u32),
    /// Registration status is none of these.
    StatusNotIn(Vec<String>),
    /// Has an open record of this item.
    ItemOpen(String),
    /// Has no record of this item.
    ItemNone(String),
}

/// An exclusion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exclusion {
    /// Title in Chinese.
    pub title: String,
    /// Rule.
    pub rule: ExclusionRule,
    /// Classes the rule does not apply to.
    pub except_classes: Vec<String>,
    /// Kind of check item the rule does not apply to.
    pub except_kind: Option<CheckKind>,
}

#[derive(Clone, Copy)]
enum Parameter {
    Months(fn(u32) -> ExclusionRule),
    Item(fn(String) -> ExclusionRule),
    Statuses,
}

const RULES: &[(&str, Parameter)] = &[
    (
        "same-item-within",
        Parameter::Months(ExclusionRule::SameItemWithin),
    ),
    (
        "any-check-within",
        Parameter::Months(ExclusionRule::AnyCheckWithin),
    ),
    (
        "upper-level-within",
        Parameter::Months(ExclusionRule::UpperLevelWithin),
    ),
    (
        "registered-within",
        Parameter::Months(ExclusionRule::RegisteredWithin),
    ),
    ("status-not-in", Parameter::Statuses),
    ("item-open", Parameter::Item(ExclusionRule::ItemOpen)),
    ("item-none", Parameter::Item(ExclusionRule::ItemNone)),
];

impl Exclusion {
    pub(super) fn read(sheet: &Sheet<'_>) -> Self {
        let except_classes = sheet.maybe_texts("except_classes").unwrap_or_default();
        for class in &except_classes {
            sheet.refer("except_classes", Kind::AnyClass, class);
        }
        let rule = match sheet.needed_word("rule", RULES, Parameter::Statuses) {
            Parameter::Months(rule) => rule(count(sheet.whole("months", 1..=1_200))),
            Parameter::Item(rule) => {
                let item = sheet.text("item");
                sheet.refer("item", Kind::Item, &item);
                rule(item)
            }
            Parameter::Statuses => {
                let statuses = sheet.texts("statuses");
                for status in &statuses {
                    sheet.refer("statuses", Kind::Code("registration-status".to_owned()), status);
                }
                ExclusionRule::StatusNotIn(statuses)
            }
        };
        Self {
            title: sheet.text("title"),
            rule,
            except_classes,
            except_kind: sheet.word("except_kind", KINDS),
        }
    }
}

/// Reserve objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reserve {
    /// Per drawn object, rounded up.
    pub share: Fraction,
    /// At least.
    pub at_least: u32,
}

impl Reserve {
    pub(super) fn read(sheet: &Sheet<'_>) -> Self {
        Self {
            share: sheet.fraction("share"),
            at_least: sheet.maybe_whole("at_least", 0..=10_000).map_or(0, count),
        }
    }
}

/// Size of teams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Team {
    /// Inspectors when one department checks; at least 2 (行政处罚法 42).
    pub alone: u32,
    /// Of each department in a joint check.
    pub joint: u32,
    /// In all, at least, in a joint check.
    pub total: u32,
}

impl Team {
    pub(super) fn read(sheet: &Sheet<'_>) -> Self {
        Self {
            alone: count(sheet.whole("alone", 2..=100)),
            joint: count(sheet.whole("joint", 1..=100)),
            total: count(sheet.whole("total", 2..=100)),
        }
    }
}

/// Most objects of one inspector in one campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Load {
    /// Objects.
    pub objects: u32,
}

impl Load {
    pub(super) fn read(sheet: &Sheet<'_>) -> Self {
        Self {
            objects: count(sheet.whole("objects", 1..=1_000_000)),
        }
    }
}

/// Chance no object falls below.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Floor {
    /// Share.
    pub share: Fraction,
}

impl Floor {
    pub(super) fn read(sheet: &Sheet<'_>) -> Self {
        Self {
            share: sheet.fraction("share"),
        }
    }
}

/// What stands in for the class of an entity that has none (未分类).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unclassed {
    /// `model/class`.
    pub class: String,
}

impl Unclassed {
    pub(super) fn read(sheet: &Sheet<'_>) -> Self {
        let class = sheet.text("class");
        sheet.refer("class", Kind::Class, &class);
        Self { class }
    }
}

/// How many must contribute to the chance of a draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contributors {
    /// At least; never below 2: with one party alone the chance is that party's.
    pub least: u32,
}

impl Contributors {
    pub(super) fn read(sheet: &Sheet<'_>) -> Self {
        Self {
            least: count(sheet.whole("least", 2..=100)),
        }
    }
}
