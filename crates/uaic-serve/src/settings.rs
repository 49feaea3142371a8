//! How a server is set.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::engine::EngineSettings;

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// A host and a port, such as `127.0.0.1:8080`; port 0 is any free one.
    Tcp(String),
    /// A socket in the file system, for this user alone.
    Unix(PathBuf),
}

impl fmt::Display for Listen {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => formatter.write_str(address),
            Self::Unix(path) => write!(formatter, "unix:{}", path.display()),
        }
    }
}

/// What a server takes, and for how long.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// Bytes of a body.
    pub body: usize,
    /// Characters of a text.
    pub text: usize,
    /// Texts of a request.
    pub texts: usize,
    /// Open connections; what comes on top waits to be accepted.
    pub connections: usize,
    /// Time for the head of a request, from its first byte.
    pub header_time: Duration,
    /// Time for the body of a request.
    pub body_time: Duration,
    /// Time for the client to take an answer.
    pub write_time: Duration,
    /// Time that a connection may be idle.
    pub idle_time: Duration,
    /// Time for an answer, from when the request was read.
    pub deadline: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 256 << 10,
            text: 10_000,
            texts: 256,
            connections: 1024,
            header_time: Duration::from_secs(5),
            body_time: Duration::from_secs(10),
            write_time: Duration::from_secs(10),
            idle_time: Duration::from_secs(75),
            deadline: Duration::from_secs(1),
        }
    }
}

/// How a server is set.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// What it takes.
    pub limits: Limits,
    /// How models answer.
    pub engine: EngineSettings,
    /// How long requests may take to end when the server is stopped.
    pub drain: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        let (limits, engine) = (Limits::default(), EngineSettings::default());
        Self { limits, engine, drain: Duration::from_secs(10) }
    }
}
