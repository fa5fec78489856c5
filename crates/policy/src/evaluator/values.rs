//! What the indicators of a model see, before it becomes points: for tables a model is fitted on.

use super::compile::{Compiled, Score};
use super::{EntityFacts, RecordFact, Scratch};

/// What an indicator sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Raw {
    /// Nothing: no record passes, or the attribute is unknown.
    Absent,
    /// A number: records, fen, days, a level, per-mille of records.
    Number(i64),
    /// A code.
    Code(String),
}

impl std::fmt::Display for Raw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Absent => Ok(()),
            Self::Number(number) => write!(f, "{number}"),
            Self::Code(code) => f.write_str(code),
        }
    }
}

impl Compiled {
    /// What each indicator of this model sees of an entity on a day, in the order of the model; of a line-up: those of the
    /// general model.
    pub fn values(
        &self,
        entity: &EntityFacts,
        records: &[RecordFact],
        as_of: i32,
        scratch: &mut Scratch,
    ) -> Vec<Raw> {
        self.gather(records, as_of, scratch);
        self.fill(entity, records, as_of, scratch);
        let rated = self.rated.iter().zip(&scratch.cells);
        let raw = rated.map(|(rated, cell)| match (cell.seen, &rated.score) {
            (false, _) => Raw::Absent,
            (true, Score::Bands(_)) => Raw::Number(cell.value),
            (true, Score::Map(_)) => {
                let number = u32::try_from(cell.value).unwrap_or(0);
                self.symbols()
                    .code_of(number)
                    .map_or(Raw::Absent, |code| Raw::Code(code.to_owned()))
            }
        });
        raw.collect()
    }
}
