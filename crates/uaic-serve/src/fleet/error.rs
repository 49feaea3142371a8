//! Why a model is not served, or not as it was wanted.

use crate::source::SourceError;
use uaic_wording::ErrorKind;

/// Why a model is not changed, or not there.
#[derive(Debug, thiserror::Error)]
pub enum FleetError {
    /// No model has this name.
    #[error("there is no model `{name}`; {hint}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// What there is.
        hint: String,
    },
    /// The name is served, but not this version of it.
    #[error("`{name}` is not served in version `{version}`; {hint}")]
    Version {
        /// The model.
        name: String,
        /// What was asked for.
        version: String,
        /// What there is.
        hint: String,
    },
    /// Its source has none.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// There is nothing that could take its place.
    #[error("`{name}` has no {what}")]
    Nothing {
        /// The model.
        name: String,
        /// What it lacks.
        what: &'static str,
    },
    /// A share outside of 0 to 1.
    #[error("a canary's share is above 0 and below 1 (0.1 is 10 %), not {0}")]
    Share(f64),
    /// It was loaded, but cannot answer.
    #[error("the model does not answer: {0}")]
    Broken(String),
}

impl FleetError {
    /// What kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Unknown { .. } | Self::Version { .. } => ErrorKind::NotFound,
            Self::Source(error) => error.kind,
            Self::Share(_) => ErrorKind::Usage,
            Self::Nothing { .. } | Self::Broken(_) => ErrorKind::Failed,
        }
    }
}
