//! The pack both sides of the bench classify with: its model and symbols, and the same as JSON for a rival.

use std::path::Path;
use std::sync::Arc;

use kernel::Day;
use policy::pack::Pack;
use policy::{ItemMode, Model, Symbols};
use serde::Serialize;

use crate::Done;
use crate::city::AS_OF;

/// What a run needs of a pack.
#[derive(Serialize)]
pub(crate) struct Bench {
    /// The model in force on the day of the classification.
    pub(crate) model: Model,
    /// Hash of the pack, so that a table can say what was measured.
    pack: String,
    /// Day of the classification in days since 1970-01-01.
    as_of: i32,
    items: Vec<Item>,
    #[serde(skip)]
    pub(crate) symbols: Arc<Symbols>,
}

#[derive(Serialize)]
struct Item {
    code: String,
    mode: ItemMode,
}

impl Bench {
    /// Reads a pack as the program does; `model` names one of its models, none means the first.
    pub(crate) fn read(folder: &str, model: Option<&str>) -> Done<Self> {
        let pack = Pack::load(Path::new(folder)).map_err(|faults| {
            let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
            lines.join("\n")
        })?;
        let day = Day::from_epoch_days(AS_OF).ok_or("the day of the classification is none")?;
        let on = pack.on(day);
        let code = model
            .or_else(|| on.models().next())
            .ok_or("the pack has no model")?;
        let items = (1..=pack.symbols().item_count())
            .filter_map(|number| pack.symbols().item_of(u16::try_from(number).ok()?))
            .map(|item| Item {
                code: item.code.clone(),
                mode: item.mode,
            });
        Ok(Self {
            model: on.model(code)?.value,
            pack: pack.hash().to_owned(),
            as_of: AS_OF,
            items: items.collect(),
            symbols: Arc::clone(pack.symbols()),
        })
    }
}
