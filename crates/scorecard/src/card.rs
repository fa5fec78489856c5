//! The card (评分卡): bands and points as a file, and the scores it gives. It knows no inspector.
use kernel::{Day, Fault, Outcome};
use serde::{Deserialize, Serialize};

use crate::bands::Shape;
use crate::feature::Feature;
use crate::number::{sigmoid, whole};
use crate::reading::{Features, Value, place_of};
use crate::spec::Columns;

/// What the file format is called by.
pub(crate) const FORMAT: u32 = 1;

/// A scorecard. Higher scores are riskier.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// Version of the format.
    pub format: u32,
    /// Title in Chinese.
    pub title: String,
    /// Which column is what; the inspector has no place here.
    pub columns: Columns,
    /// How it was made.
    pub made: Made,
    /// What a point is.
    pub scale: Scale,
    /// How a score becomes a probability.
    pub probability: Odds,
    /// What the features are.
    #[serde(rename = "feature")]
    pub features: Vec<Feature>,
    /// Points of each feature.
    pub points: Vec<Part>,
}

/// How a card was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Made {
    /// Rows it was trained on.
    pub rows: u32,
    /// Those that found a problem.
    pub found: u32,
    /// First day.
    pub from: Day,
    /// Last day.
    pub until: Day,
    /// Strength of the penalty.
    pub strength: f64,
}

/// What a point is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scale {
    /// Score without any point.
    pub base_score: i32,
    /// Points that double the odds.
    pub points_to_double: i32,
}

/// Log-odds of a problem = intercept + slope · (score − base) · ln 2 / points to double.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Odds {
    /// Log-odds at the base score.
    pub intercept: f64,
    /// 1 when points mean just what they say.
    pub slope: f64,
}

/// Points of one feature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Name of the feature.
    pub feature: String,
    /// Information value.
    pub information: f64,
    /// Coefficient of the weight of evidence in the joint fit.
    pub coefficient: f64,
    /// Shape of the bands.
    pub shape: Shape,
    /// Bands of a number, ascending.
    #[serde(default)]
    pub bands: Vec<Band>,
    /// Categories.
    #[serde(default)]
    pub categories: Vec<Category>,
    /// Nothing known.
    pub missing: Weighed,
    /// Rare categories, and those never seen.
    pub others: Weighed,
}

/// What stands behind points, and the points.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weighed {
    /// Rows in training.
    pub rows: u32,
    /// Those that found a problem.
    pub found: u32,
    /// Share of those, per mille.
    pub permille: i32,
    /// Share to be expected of the same inspectors on average, per mille.
    pub expected_permille: i32,
    /// Weight of evidence against that expectation.
    pub woe: f64,
    /// Points.
    pub points: i32,
}

/// A band of a number.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Band {
    /// Least value; the first band has none.
    #[serde(default)]
    pub from: Option<f64>,
    /// The rest.
    #[serde(flatten)]
    pub weighed: Weighed,
}

/// A category.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Category {
    /// Its text.
    pub is: String,
    /// The rest.
    #[serde(flatten)]
    pub weighed: Weighed,
}

/// One feature's part in a score.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contribution {
    /// Title of the feature.
    pub title: String,
    /// What was found there, in Chinese.
    pub said: String,
    /// Points.
    pub points: i32,
}

/// The score of a row.
#[derive(Debug, Clone, PartialEq)]
pub struct Scored {
    /// Points, higher = riskier.
    pub score: i32,
    /// Probability of a problem, in tenths of a per mille.
    pub ten_thousandths: i32,
    /// Parts, in the order of the card.
    pub contributions: Vec<Contribution>,
}

impl Card {
    /// Reads a model file.
    pub fn read(text: &str) -> Outcome<Self> {
        let wrong = |why: String| Fault::invalid("model.card.unreadable", format!("模型文件读不懂：{why}"));
        let card: Self =
            toml::from_str(text).map_err(|error| wrong(error.to_string().trim_end().to_owned()))?;
        if card.format != FORMAT {
            return Err(wrong(format!(
                "格式版本是 {}，本程序只认识 {FORMAT}。请用相应版本的程序。",
                card.format
            )));
        }
        crate::feature::check(&card.features)?;
        for part in &card.points {
            let Some(feature) = card.features.iter().find(|feature| feature.name == part.feature) else {
                return Err(wrong(format!("特征“{}”没有定义。", part.feature)));
            };
            let by_category = feature.derivation()?.is_category();
            let ascending = part.bands.windows(2).all(|pair| match pair {
                [a, b] => b.from.is_some() && a.from < b.from,
                _ => true,
            });
            if by_category != part.bands.is_empty() || !ascending {
                return Err(wrong(format!(
                    "特征“{}”的分段不对：数值写 bands，由小到大；类别写 categories。",
                    part.feature
                )));
            }
        }
        Ok(card)
    }

    /// The model file.
    pub fn to_text(&self) -> String {
        crate::written::text(self)
    }

    /// Finds the card's columns in a file.
    pub fn look_at(&self, headings: &[String]) -> Outcome<Reader<'_>> {
        let features = Features::in_file(&self.features, headings)?;
        let parts = self
            .points
            .iter()
            .map(|part| {
                self.features
                    .iter()
                    .position(|feature| feature.name == part.feature)
            })
            .collect();
        Ok(Reader {
            card: self,
            features,
            parts,
        })
    }

    /// The columns the features read, each once.
    pub fn columns_of_features(&self) -> Vec<String> {
        let columns = self.features.iter().flat_map(Feature::columns).map(str::to_owned);
        let mut columns: Vec<String> = columns.collect();
        columns.sort_unstable();
        columns.dedup();
        columns
    }

    /// The id columns of the card that a file has: heading as the file writes it, and place.
    pub fn ids(&self, headings: &[String]) -> Vec<(String, usize)> {
        let places = self.columns.id.iter().filter_map(|id| place_of(headings, id));
        places
            .filter_map(|place| Some((headings.get(place)?.trim().to_owned(), place)))
            .collect()
    }

    /// Places of day and outcome, where a file has them.
    pub fn day_and_outcome(&self, headings: &[String]) -> (Option<usize>, Option<usize>) {
        (
            place_of(headings, &self.columns.day),
            place_of(headings, &self.columns.outcome),
        )
    }

    /// Whether an outcome says that a problem was found; an error says why it cannot be told.
    pub fn found(&self, text: &str) -> Result<bool, String> {
        crate::sample::found(&self.columns, text)
    }

    /// Probability of a problem at a score.
    pub(crate) fn probability_at(&self, score: i32) -> f64 {
        let scale = std::f64::consts::LN_2 / f64::from(self.scale.points_to_double);
        let evidence = f64::from(score - self.scale.base_score) * scale;
        sigmoid(self.probability.intercept + self.probability.slope * evidence)
    }
}

/// A card before the rows of one file.
#[derive(Debug)]
pub struct Reader<'c> {
    card: &'c Card,
    features: Features,
    parts: Vec<Option<usize>>,
}

impl Reader<'_> {
    /// Columns the card needs and the file has not, each with the titles of the features that count as missing for it.
    pub fn absent(&self) -> Vec<(String, Vec<String>)> {
        self.features.absent()
    }

    /// The score of a row.
    pub fn score<'r>(&self, cell: &impl Fn(usize) -> Option<&'r str>) -> Scored {
        let values = self.features.read(cell);
        let mut contributions = Vec::new();
        let mut score = self.card.scale.base_score;
        for (part, place) in self.card.points.iter().zip(&self.parts) {
            let value = place
                .and_then(|place| values.get(place))
                .unwrap_or(&Value::Missing);
            let (weighed, band) = part.at(value);
            score += weighed.points;
            contributions.push(Contribution {
                title: self.title(&part.feature),
                said: said(value, &band),
                points: weighed.points,
            });
        }
        Scored {
            score,
            ten_thousandths: whole(self.card.probability_at(score) * 1e4),
            contributions,
        }
    }

    fn title(&self, name: &str) -> String {
        let features = &mut self.card.features.iter();
        features
            .find(|feature| feature.name == name)
            .map_or(String::new(), |feature| feature.title.clone())
    }
}

impl Part {
    /// What a value weighs, and its band in words.
    fn at(&self, value: &Value) -> (Weighed, String) {
        match value {
            Value::Missing => (self.missing, String::new()),
            Value::Number(number) => {
                let above = self
                    .bands
                    .iter()
                    .take_while(|band| band.from.is_none_or(|from| from <= *number))
                    .count();
                let at = above.saturating_sub(1);
                let upper = self.bands.get(at + 1).and_then(|band| band.from);
                self.bands.get(at).map_or((self.others, String::new()), |band| {
                    let words = match (band.from, upper) {
                        (None, Some(upper)) => format!("小于 {upper}"),
                        (Some(from), None) => format!("{from} 及以上"),
                        (Some(from), Some(upper)) => format!("{from} 至 {upper}"),
                        (None, None) => String::new(),
                    };
                    (band.weighed, words)
                })
            }
            Value::Text(text) => self
                .categories
                .iter()
                .find(|category| category.is == *text)
                .map_or((self.others, "未见过或少见".to_owned()), |category| {
                    (category.weighed, String::new())
                }),
        }
    }
}

fn said(value: &Value, band: &str) -> String {
    let value = match value {
        Value::Missing => return "未知".to_owned(),
        Value::Number(number) => format!("{number}"),
        Value::Text(text) => text.clone(),
    };
    if band.is_empty() {
        value
    } else {
        format!("{value}（{band}）")
    }
}

impl Scored {
    /// The parts that weigh most, either way, largest first; ties in the order of the card. Parts of 0 points are none.
    pub fn reasons(&self, most: usize) -> Vec<&Contribution> {
        let mut parts: Vec<&Contribution> = self
            .contributions
            .iter()
            .filter(|part| part.points != 0)
            .collect();
        parts.sort_by_key(|part| std::cmp::Reverse(part.points.abs()));
        parts.truncate(most);
        parts
    }
}
