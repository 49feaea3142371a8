//! Why a server does not start.

use uaic_http::{ListenError, TlsError};
use uaic_wording::ErrorKind;

use super::access::AccessError;

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// Where it is to listen is not to be had.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// Certificate and key are of no use.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Who may do what is not to be had.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// Other machines reach it, and it does not know who may do what.
    #[error(
        "a server without users is for this machine alone, and {listen} is for others, too; `uaic server user add NAME --role admin` adds the first, `--listen 127.0.0.1:5000` does without"
    )]
    NoUsers {
        /// Where it was to listen.
        listen: String,
    },
}

impl ServerError {
    /// What kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Listen(error) => error.kind(),
            Self::Access(error) => error.kind(),
            Self::Tls(_) | Self::NoUsers { .. } => ErrorKind::Usage,
        }
    }
}
