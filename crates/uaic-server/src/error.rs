//! Why a server does not start.

use uaic_http::ListenError;

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// Where it is to listen is not to be had.
    #[error(transparent)]
    Listen(#[from] ListenError),
}
