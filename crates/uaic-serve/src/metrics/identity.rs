//! Which deployed version a series is about.

use std::sync::Arc;

/// What a deployed version is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// It answers.
    Live,
    /// It answers a share of the requests, to see whether it may become the live one.
    Canary,
    /// It is asked what the live one is asked, and its answers are only compared.
    Shadow,
}

impl Role {
    /// As in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Canary => "canary",
            Self::Shadow => "shadow",
        }
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// A deployed version of a model. Model, version and role tell it from every other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelIdentity {
    /// The name it is served under.
    pub model: Arc<str>,
    /// Which of the packages of this name.
    pub version: Arc<str>,
    /// What it is there for.
    pub role: Role,
    /// The digest of the package.
    pub digest: String,
    /// The model's architecture.
    pub architecture: String,
}

impl ModelIdentity {
    /// The labels of every series of it.
    pub(super) fn labels(&self) -> [(&str, &str); 3] {
        [("model", &self.model), ("version", &self.version), ("role", self.role.as_str())]
    }

    /// What its series are ordered by; no two of one exposition may have the same.
    pub(super) fn key(&self) -> (&str, &str, Role) {
        (&self.model, &self.version, self.role)
    }
}
