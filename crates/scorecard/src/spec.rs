//! What a training is told: columns, features, how to train, and the trials by which it is judged.
use kernel::{Day, Fault, Outcome};
use serde::{Deserialize, Serialize};

use crate::feature::{Feature, check};

/// Which column is what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Columns {
    /// Day of the inspection.
    pub day: String,
    /// What came of it.
    pub outcome: String,
    /// Texts of the outcome that mean a problem was found (检出问题).
    #[serde(default = "found")]
    pub found: Vec<String>,
    /// Texts of the outcome that mean none was found. Where none is given, every other text that is not empty does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_found: Vec<String>,
    /// Who inspected, person or group. Only used in training, and kept out of the card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inspector: Option<String>,
    /// Columns that name a row; given back beside its score.
    #[serde(default)]
    pub id: Vec<String>,
}

fn found() -> Vec<String> {
    vec!["1".to_owned()]
}

/// How to train. What is not said has the value of [`Training::default`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Training {
    /// Score of an entity of average risk.
    pub base_score: i32,
    /// Points that double the odds.
    pub points_to_double: i32,
    /// Most bands a number may have.
    pub max_bands: usize,
    /// Least share of the rows a band of a number holds, per mille.
    pub min_share_permille: u32,
    /// Least rows of a category of its own; rarer ones go together.
    pub min_rows: usize,
    /// How strongly the weight of evidence of a band is drawn to 0: in units of information, `Σ p(1 − p)` of its rows.
    pub smoothing: f64,
    /// Neighbouring bands whose difference is less than this many standard errors become one.
    pub least_difference: f64,
    /// A feature whose information value is less is left out.
    pub least_information: f64,
    /// Of two features correlated more than this, the one with less information is left out.
    pub most_correlation: f64,
    /// Strengths of the penalty (L2, towards a coefficient of 1) to choose from by forward validation.
    pub strengths: Vec<f64>,
}

impl Default for Training {
    fn default() -> Self {
        Self {
            base_score: 500,
            points_to_double: 20,
            max_bands: 8,
            min_share_permille: 20,
            min_rows: 50,
            smoothing: 20.0,
            least_difference: 0.5,
            least_information: 0.002,
            most_correlation: 0.8,
            strengths: vec![1.0, 3.0, 10.0, 30.0, 100.0],
        }
    }
}

/// A trial (试验): train on what was before a day, and be judged on days that came later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trial {
    /// Only rows before this day train.
    pub before: Day,
    /// First day judged, not before `before`.
    pub from: Day,
    /// Last day judged.
    pub until: Day,
}

/// The whole order of a training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Title of the card in Chinese.
    pub title: String,
    /// Which column is what.
    pub columns: Columns,
    /// How to train.
    #[serde(default)]
    pub training: Training,
    /// Trials, for the report.
    #[serde(default, rename = "trial")]
    pub trials: Vec<Trial>,
    /// Features; when there are none, every column without a part in `columns` is one.
    #[serde(default, rename = "feature")]
    pub features: Vec<Feature>,
}

impl Spec {
    /// Reads it from TOML.
    pub fn read(text: &str) -> Outcome<Self> {
        let spec: Self = toml::from_str(text).map_err(|error| {
            Fault::invalid(
                "model.spec.unreadable",
                format!("训练说明读不懂：{}", error.to_string().trim_end()),
            )
        })?;
        spec.check()?;
        Ok(spec)
    }

    /// Whether it holds together.
    pub fn check(&self) -> Outcome<()> {
        check(&self.features)?;
        let columns = &self.columns;
        let outcomes = [Some(&columns.outcome), columns.inspector.as_ref()];
        for feature in &self.features {
            for column in feature.columns() {
                if outcomes.iter().flatten().any(|never| never.as_str() == column) {
                    return Err(Fault::invalid(
                        "model.spec.leak",
                        format!(
                            "特征“{}”用了列“{column}”，它是检查结果或检查人员，检查之前并不知道，不能作为特征。",
                            feature.name
                        ),
                    ));
                }
            }
        }
        for trial in &self.trials {
            if trial.from < trial.before || trial.until < trial.from {
                return Err(Fault::invalid(
                    "model.spec.trial",
                    format!(
                        "试验 before={}、from={}、until={} 的先后不对，应为 before ≤ from ≤ until：评判的日子要在训练之后。",
                        trial.before, trial.from, trial.until
                    ),
                ));
            }
        }
        let training = &self.training;
        let sound = training.points_to_double > 0
            && training.max_bands >= 2
            && training.smoothing >= 0.0
            && !training.strengths.is_empty()
            && training.strengths.iter().all(|strength| *strength >= 0.0);
        if !sound {
            return Err(Fault::invalid(
                "model.spec.training",
                "training 中的数不对：points_to_double 应大于 0，max_bands 至少为 2，smoothing 和 strengths 不能为负。",
            ));
        }
        Ok(())
    }
}
