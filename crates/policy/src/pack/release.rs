//! Rows of the release of models (模型放行): what counts as an outcome, which figures may not get worse, and within which
//! shares the classes must stay.

use serde::{Deserialize, Serialize};

use super::on::{Answer, PackOn, Silent};
use super::references::Kind;
use super::sheet::Sheet;
use super::values::Fraction;

/// What a gate compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GateMeasure {
    /// Share of visits that found something among those of the worst classes, at the share inspected under the present model.
    HitRate,
    /// The chance that a visit that found something stood before one that did not (AUC).
    Auc,
}

/// A figure that a release may not lower (放行门槛).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseGate {
    /// Title in Chinese.
    pub title: String,
    /// Code of the general model.
    pub model: String,
    /// What is compared.
    pub measure: GateMeasure,
    /// How many of the worst classes of the present model set the share; for [`GateMeasure::HitRate`].
    pub worst: u32,
    /// Confidence of the intervals.
    pub confidence: Fraction,
    /// With fewer results nothing can be said.
    pub least_results: u64,
    /// With fewer results that found something nothing can be said.
    pub least_found: u64,
    /// For so many days a shadow run may be referred to.
    pub valid_days: u32,
}

impl ReleaseGate {
    pub(super) fn read(sheet: &Sheet<'_>) -> Self {
        const MOST: i64 = 1_000_000_000;
        let measures = &[("hit-rate", GateMeasure::HitRate), ("auc", GateMeasure::Auc)];
        let model = sheet.text("model");
        sheet.refer("model", Kind::Model, &model);
        let measure = sheet.needed_word("measure", measures, GateMeasure::Auc);
        let worst = sheet.maybe_whole("worst", 1..=25);
        if worst.is_some() != (measure == GateMeasure::HitRate) {
            sheet.fault(
                "worst",
                "worst 与 measure = \"hit-rate\" 要一起写",
                "补上 worst，或改 measure",
            );
        }
        let confidence = sheet.fraction("confidence");
        if confidence.num == 0 || confidence.num >= confidence.den {
            sheet.fault("confidence", "置信水平须大于 0、小于 1", "例如 \"95/100\"");
        }
        let number = |key: &'static str| u64::try_from(sheet.whole(key, 1..=MOST)).unwrap_or(1);
        Self {
            title: sheet.text("title"),
            model,
            measure,
            worst: worst.and_then(|worst| u32::try_from(worst).ok()).unwrap_or(0),
            confidence,
            least_results: number("least_results"),
            least_found: number("least_found"),
            valid_days: u32::try_from(sheet.whole("valid_days", 1..=3_660)).unwrap_or(1),
        }
    }
}

/// The share of all entities a class must keep to (护栏).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rail {
    /// Code of the general model.
    pub model: String,
    /// Class code.
    pub class: String,
    /// Least share.
    pub least: Fraction,
    /// Most share.
    pub most: Fraction,
}

impl Rail {
    pub(super) fn read(sheet: &Sheet<'_>) -> Self {
        let (model, class) = (sheet.text("model"), sheet.text("class"));
        sheet.refer("model", Kind::Model, &model);
        sheet.refer("class", Kind::Class, &format!("{model}/{class}"));
        let (least, most) = (sheet.fraction("least"), sheet.fraction("most"));
        if u128::from(least.num) * u128::from(most.den) > u128::from(most.num) * u128::from(least.den) {
            sheet.fault("most", "most 小于 least", "most 应不小于 least");
        }
        Self {
            model,
            class,
            least,
            most,
        }
    }
}

/// Which records are outcomes of visits (检查结果): the item, and what its fields say. Which result codes count as a problem
/// found is said by `[[result]]` of `inspect.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutcomeItem {
    /// Catalogue item.
    pub item: String,
    /// Field that names the visit: records of an entity that share it are one visit.
    pub visit: String,
    /// Field that says how the entity was chosen.
    pub kind: String,
    /// Its words for a draw that falls on everybody alike.
    pub random: Vec<String>,
    /// Its words for a draw directed at some.
    pub directed: Vec<String>,
}

impl OutcomeItem {
    pub(super) fn read(sheet: &Sheet<'_>) -> Self {
        let item = sheet.text("item");
        sheet.refer("item", Kind::Item, &item);
        Self {
            item,
            visit: sheet.text("visit"),
            kind: sheet.text("kind"),
            random: sheet.texts("random"),
            directed: sheet.texts("directed"),
        }
    }
}

impl<'p> PackOn<'p> {
    /// All gates of a model.
    pub fn gates(&self, model: &str) -> impl Iterator<Item = Answer<&'p ReleaseGate>> {
        let gates = self.list(&self.content().gates, "gate");
        let model = model.to_owned();
        gates.filter(move |gate| gate.value.model == model)
    }

    /// All rails of a model.
    pub fn rails(&self, model: &str) -> impl Iterator<Item = Answer<&'p Rail>> {
        let rails = self.list(&self.content().rails, "rail");
        let model = model.to_owned();
        rails.filter(move |rail| rail.value.model == model)
    }

    /// Which records are outcomes of visits.
    ///
    /// # Errors
    /// [`Silent`]: the pack does not say it on the day.
    pub fn outcome(&self) -> Result<Answer<&'p OutcomeItem>, Silent> {
        self.ask(&self.content().outcomes, "outcome", "random-check")
    }
}
