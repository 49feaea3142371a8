//! Who asks.

use std::sync::Arc;

use super::role::Role;
use super::scope::Scope;

/// Who asks: every request that is let through has one as an extension, in an [`Arc`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The user; `None` for whoever uses a machine whose server has no users.
    pub name: Option<String>,
    /// The name of the token.
    pub token: Option<String>,
    /// What they may do.
    pub role: Role,
    /// In which experiments.
    pub scope: Scope,
}

impl Caller {
    /// Whoever uses this machine, where there are no users.
    pub(super) fn anybody() -> Arc<Self> {
        Arc::new(Self { name: None, token: None, role: Role::Admin, scope: Scope::All })
    }

    /// How they are called in sentences.
    pub(super) fn shown(&self) -> &str {
        self.name.as_deref().unwrap_or("anybody on this machine")
    }
}
