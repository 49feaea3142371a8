//! Who may do what, as whoever starts a server says it.

use std::path::PathBuf;

use uaic_http::TlsFiles;

use super::limiter::Rate;

/// Who may do what, as whoever starts a server says it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// The folder of the store, in which users, tokens and the audit log are; `None` for a server without.
    pub folder: Option<PathBuf>,
    /// Whether changes are written to `audit.jsonl` in the folder.
    pub is_audited: bool,
    /// Certificate and key; `None` for connections that are not encrypted.
    pub tls: Option<TlsFiles>,
    /// Whether nobody may change anything.
    pub is_read_only: bool,
    /// Names that the server is asked under, beside `localhost` and numbers; with a port for that port alone.
    pub hosts: Vec<String>,
    /// Origins of other servers whose pages may change something, such as `https://board.example`.
    pub origins: Vec<String>,
    /// The path under which a proxy has the server, such as `/uaic`; the server is there without it, too.
    pub prefix: Option<String>,
    /// Whether `X-Forwarded-For` and `X-Forwarded-Host` are true: a proxy in front of the server sets them,
    /// and nobody reaches the server without it.
    pub is_proxied: bool,
    /// How often each user, or address where there are none, may ask; `None` for as often as they like.
    pub rate: Option<Rate>,
}

impl Settings {
    /// A server on a store in a folder: with its users, if it has any, and an audit log.
    pub fn of(folder: impl Into<PathBuf>) -> Self {
        Self { folder: Some(folder.into()), is_audited: true, ..Self::default() }
    }
}
