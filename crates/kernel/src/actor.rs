//! Who acts, and over which places and departments.

use serde::{Deserialize, Serialize};

use crate::division::Division;
use crate::id::Id;

/// What sort of hand acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ActorKind {
    /// Whoever runs the program at the command line.
    Operator,
    /// The program itself: jobs, timers, ledger readers.
    System,
    /// A person with an account.
    Person,
    /// Another system with a token.
    Client,
    /// Anybody, not signed in.
    Public,
}

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// Account or client number; 0 for hands without an account.
    pub id: Id<Actor>,
    /// Name for the audit trail.
    pub name: String,
    /// Sort of hand.
    pub kind: ActorKind,
    /// Department code, where there is one.
    pub department: Option<String>,
    /// What the actor's permissions reach.
    pub scope: Scope,
}

impl Actor {
    /// The operator at the command line: reaches everything.
    pub fn operator(name: impl Into<String>) -> Self {
        Self::without_account(name.into(), ActorKind::Operator, Scope::everything())
    }

    /// A job of the program: reaches everything.
    pub fn system(name: impl Into<String>) -> Self {
        Self::without_account(name.into(), ActorKind::System, Scope::everything())
    }

    /// Anybody: reaches nothing that has a jurisdiction.
    pub fn public() -> Self {
        Self::without_account("公众".into(), ActorKind::Public, Scope::nothing())
    }

    fn without_account(name: String, kind: ActorKind, scope: Scope) -> Self {
        Self {
            id: Id::new(0),
            name,
            kind,
            department: None,
            scope,
        }
    }
}

/// Which rows an actor's permissions reach.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Scope {
    /// Places, each with everything below it.
    pub divisions: Vec<Division>,
    /// Department codes; `None` is no limit by department.
    pub departments: Option<Vec<String>>,
    /// Reaches every row, also those that name neither place nor department.
    pub everything: bool,
}

impl Scope {
    /// No limits.
    pub const fn everything() -> Self {
        Self {
            divisions: Vec::new(),
            departments: None,
            everything: true,
        }
    }

    /// Reaches no row.
    pub const fn nothing() -> Self {
        Self {
            divisions: Vec::new(),
            departments: Some(Vec::new()),
            everything: false,
        }
    }

    /// One place with everything below it, all departments.
    pub fn place(division: Division) -> Self {
        Self {
            divisions: vec![division],
            departments: None,
            everything: false,
        }
    }

    /// Whether the row is within reach. Closed by default: whatever the row names (place, department) must be
    /// within the scope, at least one of the two must be named by both, and a row that names neither belongs to
    /// the house as a whole.
    pub fn covers(&self, row: &Jurisdiction) -> bool {
        if self.everything {
            return true;
        }
        let by_place = row
            .division
            .map(|place| self.divisions.iter().any(|own| own.contains(&place)));
        let by_department = match (&row.department, &self.departments) {
            (Some(theirs), Some(own)) => Some(own.contains(theirs)),
            (Some(_) | None, None) | (None, Some(_)) => None,
        };
        match (by_place, by_department) {
            (None, None) => false,
            (place, department) => place.unwrap_or(true) && department.unwrap_or(true),
        }
    }
}

/// Where a row belongs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Jurisdiction {
    /// Place, where the row has one.
    pub division: Option<Division>,
    /// Department code, where the row has one.
    pub department: Option<String>,
}

impl Jurisdiction {
    /// A row of a place, open to all departments there.
    pub const fn place(division: Division) -> Self {
        Self {
            division: Some(division),
            department: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn division(text: &str) -> Division {
        Division::parse(text).unwrap()
    }
    fn row(place: Option<&str>, department: Option<&str>) -> Jurisdiction {
        Jurisdiction {
            division: place.map(division),
            department: department.map(str::to_owned),
        }
    }

    #[test]
    fn a_scope_reaches_the_subtree_of_its_places() {
        let shantou = Scope::place(division("4405"));
        assert!(shantou.covers(&row(Some("440511"), None)));
        assert!(shantou.covers(&row(Some("440511001"), Some("market"))));
        assert!(!shantou.covers(&row(Some("440600"), None)));
        assert!(
            !shantou.covers(&row(Some("44"), None)),
            "the province is not below its city"
        );
    }

    #[test]
    fn a_department_limit_must_hold_together_with_the_place() {
        let scope = Scope {
            departments: Some(vec!["market".into()]),
            ..Scope::place(division("440511"))
        };
        assert!(scope.covers(&row(Some("440511"), Some("market"))));
        assert!(!scope.covers(&row(Some("440511"), Some("fire"))));
        assert!(!scope.covers(&row(Some("440600"), Some("market"))));
        assert!(
            scope.covers(&row(None, Some("market"))),
            "a row of the department without a place"
        );
    }

    #[test]
    fn what_names_no_place_is_out_of_reach_of_those_limited_by_place_alone() {
        let scope = Scope::place(division("440511"));
        assert!(!scope.covers(&row(None, None)));
        assert!(!scope.covers(&row(None, Some("market"))));
        assert!(Scope::everything().covers(&row(None, None)));
        assert!(!Actor::public().scope.covers(&row(Some("440511"), None)));
    }
}
