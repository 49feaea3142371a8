//! Why a selector selects nothing.

use crate::ErrorKind;
use crate::store::StoreError;

/// Why a selector selects nothing.
#[derive(Debug, thiserror::Error)]
pub enum SelectError {
    /// Not in the grammar.
    #[error("`{text}` selects nothing: {why}")]
    Malformed {
        /// What was given.
        text: String,
        /// What is wrong with it.
        why: String,
    },
    /// Several things start like this.
    #[error("`{text}` is ambiguous; type more digits of one of\n{}", candidates.join("\n"))]
    Ambiguous {
        /// What was given.
        text: String,
        /// One line for each.
        candidates: Vec<String>,
    },
    /// In the grammar, but there is no such thing.
    #[error("there is no {what}; {hint}")]
    Absent {
        /// What was looked for.
        what: String,
        /// What there is, or how to see it.
        hint: String,
    },
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SelectError {
    /// What kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Malformed { .. } | Self::Ambiguous { .. } => ErrorKind::Usage,
            Self::Absent { .. } => ErrorKind::NotFound,
            Self::Store(store) => store.kind(),
        }
    }

    pub(super) fn malformed(text: &str, why: &str) -> Self {
        Self::Malformed { text: text.to_owned(), why: why.to_owned() }
    }

    pub(super) fn absent(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Absent { what: what.into(), hint: hint.into() }
    }
}
