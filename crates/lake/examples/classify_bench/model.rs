//! The model both sides of the bench read, and the symbols it needs.

use policy::{ItemMode, ItemSymbol, Model, Scoring, Source, Symbols};
use serde::Deserialize;

use crate::Done;
use crate::city;

/// `model.json`.
#[derive(Deserialize)]
pub(crate) struct Bench {
    pub(crate) model: Model,
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    code: String,
    mode: ItemMode,
    ends: Option<String>,
}

impl Bench {
    pub(crate) fn read(path: &str) -> Done<Self> {
        Ok(serde_json::from_slice(&std::fs::read(path)?)?)
    }

    /// Every code the model or the generator names.
    pub(crate) fn symbols(&self) -> Symbols {
        let items = self.items.iter().map(|item| ItemSymbol {
            code: item.code.clone(),
            title: item.code.clone(),
            mode: item.mode,
            ends: item.ends.clone(),
        });
        let mut codes = city::codes();
        for indicator in &self.model.indicators {
            if let Source::Records(records) = &indicator.source {
                codes.extend(records.condition.codes.iter().cloned());
            }
            if let Scoring::Map(entries) = &indicator.scoring {
                codes.extend(entries.iter().map(|entry| entry.code.clone()));
            }
        }
        Symbols::new(items, codes)
    }
}
