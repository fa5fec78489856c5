//! What a feature is: a declared derivation from the columns of a file, without any program.
use std::collections::BTreeMap;

use kernel::{Fault, Outcome};
use serde::{Deserialize, Serialize};

use crate::bands::Shape;

/// A feature (特征): exactly one of the derivations, with how its bands are to be found.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Feature {
    /// Name, unique in a card.
    pub name: String,
    /// Title in Chinese, for reasons and reports.
    pub title: String,
    /// The number in a column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// The text in a column, as a category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Sum of columns, each times its weight; an empty cell makes it missing.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sum: BTreeMap<String, f64>,
    /// First column divided by the second; missing where that is 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ratio: Option<[String; 2]>,
    /// `ln(1 + x)` of a column; missing below 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
    /// Days from the day in the first column to the one in the second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<[String; 2]>,
    /// Month (1 to 12) of a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub month: Option<String>,
    /// Season of a day as a category: 春 (March to May), 夏, 秋, 冬.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub season: Option<String>,
    /// Day of the year (1 to 366) of a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day_of_year: Option<String>,
    /// Whether a column has anything in it: 有 or 无.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given: Option<String>,
    /// Two or more other features crossed: categories by their text, numbers by the band of their `cuts`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cross: Vec<String>,
    /// Missing where a column has one of these texts: `missing_when = { firstRecord = ["1"] }`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub missing_when: BTreeMap<String, Vec<String>>,
    /// Edges of the finest bands, ascending, each the least value of its band; found from the rows when not given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cuts: Vec<f64>,
    /// Which way the risk may go with the number.
    #[serde(default, skip_serializing_if = "Shape::is_auto")]
    pub shape: Shape,
    /// Only there to be crossed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub only_crossed: bool,
}

/// The derivation of a feature.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Derivation<'f> {
    Number(&'f str),
    Category(&'f str),
    Sum(&'f BTreeMap<String, f64>),
    Ratio(&'f str, &'f str),
    Log(&'f str),
    Days(&'f str, &'f str),
    Month(&'f str),
    Season(&'f str),
    DayOfYear(&'f str),
    Given(&'f str),
    Cross(&'f [String]),
}

impl Derivation<'_> {
    /// Whether it gives a category rather than a number.
    pub(crate) fn is_category(self) -> bool {
        matches!(
            self,
            Self::Category(_) | Self::Season(_) | Self::Given(_) | Self::Cross(_)
        )
    }
}

impl Feature {
    /// The one derivation it declares.
    pub(crate) fn derivation(&self) -> Outcome<Derivation<'_>> {
        let mut found: Vec<Derivation<'_>> = Vec::new();
        found.extend(self.number.as_deref().map(Derivation::Number));
        found.extend(self.category.as_deref().map(Derivation::Category));
        if !self.sum.is_empty() {
            found.push(Derivation::Sum(&self.sum));
        }
        found.extend(self.ratio.as_ref().map(|[of, by]| Derivation::Ratio(of, by)));
        found.extend(self.log.as_deref().map(Derivation::Log));
        found.extend(self.days.as_ref().map(|[from, to]| Derivation::Days(from, to)));
        found.extend(self.month.as_deref().map(Derivation::Month));
        found.extend(self.season.as_deref().map(Derivation::Season));
        found.extend(self.day_of_year.as_deref().map(Derivation::DayOfYear));
        found.extend(self.given.as_deref().map(Derivation::Given));
        if !self.cross.is_empty() {
            found.push(Derivation::Cross(&self.cross));
        }
        match found.as_slice() {
            [one] => Ok(*one),
            _ => Err(Fault::invalid(
                "model.feature.derivation",
                format!(
                    "特征“{}”写了 {} 种取值方法，应当且只能写一种（number、category、sum、ratio、log、days、month、season、day_of_year、given、cross）。",
                    self.name,
                    found.len()
                ),
            )),
        }
    }

    /// Columns of the file it reads itself (those of crossed features apart).
    pub(crate) fn columns(&self) -> Vec<&str> {
        let mut columns: Vec<&str> = match self.derivation() {
            Ok(
                Derivation::Number(column)
                | Derivation::Category(column)
                | Derivation::Log(column)
                | Derivation::Month(column)
                | Derivation::Season(column)
                | Derivation::DayOfYear(column)
                | Derivation::Given(column),
            ) => vec![column],
            Ok(Derivation::Ratio(a, b) | Derivation::Days(a, b)) => vec![a, b],
            Ok(Derivation::Sum(parts)) => parts.keys().map(String::as_str).collect(),
            Ok(Derivation::Cross(_)) | Err(_) => Vec::new(),
        };
        columns.extend(self.missing_when.keys().map(String::as_str));
        columns
    }
}

/// Whether the features can be read together: names unique, crossed ones known, edges ascending.
pub(crate) fn check(features: &[Feature]) -> Outcome<()> {
    let wrong = |detail: String| Err(Fault::invalid("model.feature.invalid", detail));
    for (at, feature) in features.iter().enumerate() {
        let derivation = feature.derivation()?;
        if features
            .iter()
            .skip(at + 1)
            .any(|other| other.name == feature.name)
        {
            return wrong(format!("特征“{}”写了两次，名称不能重复。", feature.name));
        }
        let ascending = feature
            .cuts
            .windows(2)
            .all(|pair| matches!(pair, [a, b] if a < b));
        if !ascending || feature.cuts.iter().any(|cut| !cut.is_finite()) {
            return wrong(format!("特征“{}”的 cuts 没有由小到大。", feature.name));
        }
        let Derivation::Cross(parts) = derivation else {
            continue;
        };
        if parts.len() < 2 {
            return wrong(format!("特征“{}”的 cross 至少写两个特征。", feature.name));
        }
        for part in parts {
            let Some(other) = features.iter().find(|other| other.name == *part) else {
                return wrong(format!("特征“{}”交叉的“{part}”不在特征之中。", feature.name));
            };
            match other.derivation()? {
                Derivation::Cross(_) => {
                    return wrong(format!("特征“{}”不能交叉另一个交叉特征“{part}”。", feature.name));
                }
                kind if !kind.is_category() && other.cuts.is_empty() => {
                    return wrong(format!(
                        "特征“{}”交叉的“{part}”是数值，请给它写 cuts（分段界）。",
                        feature.name
                    ));
                }
                _ => {}
            }
        }
    }
    Ok(())
}
