//! How a server is set.

use std::time::Duration;

use uaic_http::ConnectionLimits;

use super::engine::EngineSettings;

/// What a server takes, and for how long.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// Bytes of a body.
    pub body: usize,
    /// Characters of a text.
    pub text: usize,
    /// Texts of a request.
    pub texts: usize,
    /// How many connections, and how slow.
    pub connection: ConnectionLimits,
    /// Time for the body of a request.
    pub body_time: Duration,
    /// Time for an answer, from when the request was read.
    pub deadline: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 256 << 10,
            text: 10_000,
            texts: 256,
            connection: ConnectionLimits::default(),
            body_time: Duration::from_secs(10),
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
