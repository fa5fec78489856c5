//! Routes of inspection, for the desk.
mod draws;
mod plans;
mod tasks;

use kernel::{Fault, Outcome};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::edge::Routes;

/// The routes.
pub fn routes() -> Routes {
    plans::routes().and(draws::routes()).and(tasks::routes())
}

/// A document of the draw as it is given out.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = Object)]
pub struct Document(pub Value);

impl Document {
    /// Any document as JSON.
    pub fn of<T: Serialize>(document: &T) -> Outcome<Self> {
        serde_json::to_value(document)
            .map(Self)
            .map_err(|e| Fault::internal("文书无法写出", e))
    }
}
