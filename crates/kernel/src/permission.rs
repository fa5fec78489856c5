//! What an actor may be allowed to do, by name.

use std::fmt;

use serde::Serialize;

/// A permission such as `inspect.draw-plan`: the module, a dot, the act. Written in the program, never built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Permission(pub &'static str);

impl Permission {
    /// Names a permission.
    pub const fn new(code: &'static str) -> Self {
        Self(code)
    }

    /// The name, also the translation key.
    pub const fn as_str(self) -> &'static str {
        self.0
    }

    /// The module the permission belongs to: the part before the dot.
    pub fn module(self) -> &'static str {
        self.0.split_once('.').map_or(self.0, |(module, _)| module)
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permission_names_its_module() {
        const DRAW: Permission = Permission("inspect.draw-plan");
        assert_eq!(DRAW.module(), "inspect");
        assert_eq!(serde_json::to_string(&DRAW).unwrap(), "\"inspect.draw-plan\"");
    }
}
