//! Reads departments' databases for the house: the only place where it meets their drivers.
use std::time::Duration;

use house::intake::pull::model::{Ask, Drawn, Sink, Source};

/// How long a statement of ours may take at the other side, and how long it may be silent.
const PATIENCE: Duration = Duration::from_mins(10);

/// The databases the program can read.
pub struct Databases;

impl Source for Databases {
    fn draw(&self, ask: &Ask, sink: &mut Sink<'_>) -> Result<Drawn, String> {
        let asked = sources::Ask {
            url: ask.url.clone(),
            password: ask.password.clone(),
            relation: ask.relation.clone(),
            marker: ask.marker.clone(),
            after: ask.after.clone(),
            back_seconds: u32::try_from(ask.back_seconds).unwrap_or(0),
            most_rows: u32::try_from(ask.most_rows).unwrap_or(u32::MAX),
            patience: PATIENCE,
        };
        let drawn = sources::draw(&asked, sink)?;
        Ok(Drawn {
            watermark: drawn.watermark,
            unmarked: drawn.unmarked,
            more: drawn.more,
        })
    }
}
