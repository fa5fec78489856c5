//! Which models classify whom: the general model, professional models beside it, and bodies with a regime of their own.

use serde::{Deserialize, Serialize};

use crate::model::{Basis, Model};

/// All models of a day as one whole, before compiling.
///
/// - A body of which a [`Regime`] holds is outside the general model: it is classed by the regime's model alone, or not at all.
/// - Everybody else is classed by the general model (通用型) and by every professional model (专业型) that applies and has
///   data. Where a professional model speaks, the models it falls back to are silent. The results are combined: a model
///   that [`Combine::Replaces`] stands in the general model's place, one that is [`Combine::Worse`] makes the class worse only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineUp {
    /// The general model (通用型).
    pub general: Model,
    /// Professional models (专业型), in order; at most [`LineUp::MOST`].
    pub special: Vec<Special>,
    /// Bodies outside the general model; the first that holds counts.
    pub regimes: Vec<Regime>,
}

impl LineUp {
    /// Most professional models, and most regimes.
    pub const MOST: usize = 60;

    /// A general model with nothing beside it.
    pub fn only(general: Model) -> Self {
        Self {
            general,
            special: Vec::new(),
            regimes: Vec::new(),
        }
    }
}

/// A professional model (专业型): its classes have the codes of the general model's, in the same order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Special {
    /// The model.
    pub model: Model,
    /// It applies when one of these holds.
    pub applies: Vec<Gate>,
    /// It has data when the entity has a speaking record of one of these items; none named = always.
    pub needs: Vec<String>,
    /// How its class goes together with the general one.
    pub combine: Combine,
    /// The professional model asked when this one does not apply or has no data; silent while this one speaks. The general
    /// model stands at the end of every chain.
    pub falls_back_to: Option<String>,
    /// Name of the pack the model comes from: a jurisdiction's own, or that of an upper authority.
    pub origin: String,
}

/// How the class of a professional model goes together with the general one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Combine {
    /// The worse of the two (取较差).
    Worse,
    /// The professional one instead of the general one (以专业型为准); of several such, the worse.
    Replaces,
}

/// A condition on an entity: every part given must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Gate {
    /// The industry starts with one of these.
    pub industries: Vec<String>,
    /// The entity type starts with one of these.
    pub kinds: Vec<String>,
    /// The registration status is one of these.
    pub statuses: Vec<String>,
    /// The division starts with one of these.
    pub divisions: Vec<String>,
    /// There is a record of this item …
    pub item: Option<String>,
    /// … whose code is one of these; none named = any …
    pub codes: Vec<String>,
    /// … and that has not ended.
    pub open: bool,
}

/// Bodies outside the general model (非企业主体继续按照原有监管要求): conditions on attributes only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Regime {
    /// Code.
    pub code: String,
    /// Title in Chinese.
    pub title: String,
    /// It holds when one of these does; no gate may name an item.
    pub applies: Vec<Gate>,
    /// Their own model; `None` = they are not classified.
    pub model: Option<Model>,
    /// Why, in Chinese, as it is shown.
    pub reason: String,
    /// Document the regime rests on.
    pub basis: Basis,
}
