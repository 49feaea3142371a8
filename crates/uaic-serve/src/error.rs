//! Why a server does not start.

use uaic_http::ListenError;
use uaic_wording::ErrorKind;

use super::fleet::FleetError;

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// It cannot listen there.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// A model cannot be served.
    #[error("cannot serve {name}: {source}")]
    Model {
        /// Its name.
        name: String,
        /// Why.
        source: FleetError,
    },
}

impl ServeError {
    /// What kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Listen(error) => error.kind(),
            Self::Model { source, .. } => source.kind(),
        }
    }
}
