//! The envelope of the ledger: that something was done, to what, and whether the public may know.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::id::{Entity, Id};

/// An event as modules write it; the ledger adds position, time, actor and rule version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// What was done: module, dot, past participle: `inspect.plan-drawn`.
    pub verb: Cow<'static, str>,
    /// Kind of the thing it was done to: `inspect-plan`.
    pub subject: Cow<'static, str>,
    /// Number of that thing.
    pub subject_id: i64,
    /// The supervised entity concerned, where there is one.
    pub entity: Option<Id<Entity>>,
    /// Whether it belongs in the public log.
    pub public: bool,
    /// Facts of the event, small; readers must bear unknown keys.
    pub payload: Value,
}

impl Envelope {
    /// An event that is not public, concerns no entity and carries nothing yet.
    pub fn new<T>(verb: &'static str, subject: &'static str, subject_id: Id<T>) -> Self {
        Self {
            verb: Cow::Borrowed(verb),
            subject: Cow::Borrowed(subject),
            subject_id: subject_id.get(),
            entity: None,
            public: false,
            payload: Value::Null,
        }
    }

    /// Names the entity concerned.
    #[must_use]
    pub fn about(mut self, entity: Id<Entity>) -> Self {
        self.entity = Some(entity);
        self
    }

    /// Sends the event to the public log.
    #[must_use]
    pub fn published(mut self) -> Self {
        self.public = true;
        self
    }

    /// Carries facts.
    #[must_use]
    pub fn carrying(mut self, payload: Value) -> Self {
        self.payload = payload;
        self
    }

    /// The module that wrote it: the part of the verb before the dot.
    pub fn module(&self) -> &str {
        self.verb.split_once('.').map_or(&self.verb, |(module, _)| module)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_survives_the_journey_through_json() {
        let event = Envelope::new("inspect.plan-drawn", "inspect-plan", Id::<()>::new(7))
            .about(Id::new(9))
            .published()
            .carrying(serde_json::json!({"tickets": 20}));
        let back: Envelope = serde_json::from_str(&serde_json::to_string(&event).unwrap()).unwrap();
        assert_eq!(back, event);
        assert_eq!(back.module(), "inspect");
    }

    #[test]
    fn an_event_is_not_public_unless_it_says_so() {
        assert!(!Envelope::new("a.b", "c", Id::<()>::new(1)).public);
    }
}
