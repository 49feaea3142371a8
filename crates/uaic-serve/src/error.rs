//! Why a server does not start.

use std::io;

use super::fleet::FleetError;
use super::settings::Listen;
use uaic_wording::ErrorKind;

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// It cannot listen there.
    #[error("cannot listen on {listen}: {source}; {hint}")]
    Listen {
        /// Where.
        listen: Listen,
        /// What to do.
        hint: &'static str,
        /// What the system says.
        source: io::Error,
    },
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
            Self::Listen { source, .. } if source.kind() == io::ErrorKind::AddrInUse => ErrorKind::Locked,
            Self::Listen { .. } => ErrorKind::Failed,
            Self::Model { source, .. } => source.kind(),
        }
    }
}
