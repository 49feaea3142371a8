//! Who keeps what is seen of a program.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use uaic_study::trial::Params;

/// Facts by name: `git.commit`, `cpu`, `argv` …
pub type Facts = BTreeMap<String, String>;

/// Why something could not be kept. What it is, is a matter of whoever keeps.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// One value of a metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Its series.
    pub key: Arc<str>,
    /// The x of the series.
    pub step: i64,
    /// When, in milliseconds since 1970 UTC.
    pub time_ms: i64,
    /// Any float, NaN and ±∞ included.
    pub value: f64,
}

/// What an artifact holds.
#[derive(Clone, Copy, Debug)]
pub enum Content<'a> {
    /// These bytes.
    Bytes(&'a [u8]),
    /// What is in a file, which may be large and be gone afterwards.
    File(&'a Path),
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ending {
    /// By itself, with an exit code.
    Exit(i32),
    /// By a signal.
    Signal(i32),
    /// Nobody saw it.
    Unknown,
}

impl Ending {
    /// The exit code that tells it: 128 and the number of a signal.
    pub fn code(self) -> u8 {
        match self {
            Self::Exit(code) => code as u8,
            Self::Signal(signal) => (128 + signal) as u8,
            Self::Unknown => 125,
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Exit(code) => write!(f, "exit code {code}"),
            Self::Signal(signal) => match signal_hook::low_level::signal_name(signal) {
                Some(name) => write!(f, "killed by {name}"),
                None => write!(f, "killed by signal {signal}"),
            },
            Self::Unknown => f.write_str("nobody saw its end"),
        }
    }
}

/// The end of a program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct End {
    /// How.
    pub ending: Ending,
    /// Seconds from its start.
    pub seconds: f64,
    /// When, in milliseconds since 1970 UTC.
    pub time_ms: i64,
    /// The last lines that it wrote, where it failed.
    pub last_lines: Vec<String>,
}

impl End {
    pub(crate) fn now(ending: Ending, took: Duration) -> Self {
        Self { ending, seconds: took.as_secs_f64(), time_ms: now_ms(), last_lines: vec![] }
    }
}

/// Keeps what is seen of a program. All calls come from one thread, [`Recorder::finish`] last.
///
/// A call that fails stops nothing: what it was given is written to a file
/// ([`crate::record`]), and the next call is tried again.
pub trait Recorder {
    /// Parameters; later ones replace earlier ones of the same name.
    ///
    /// # Errors
    /// They could not be kept.
    fn params(&mut self, params: &Params) -> Result<(), Failure>;

    /// Facts about the program and its surroundings; later ones come in addition.
    ///
    /// # Errors
    /// They could not be kept.
    fn facts(&mut self, facts: &Facts) -> Result<(), Failure>;

    /// A tag.
    ///
    /// # Errors
    /// It could not be kept.
    fn tag(&mut self, key: &str, value: &str) -> Result<(), Failure>;

    /// A note, in Markdown.
    ///
    /// # Errors
    /// It could not be kept.
    fn note(&mut self, text: &str) -> Result<(), Failure>;

    /// Points, those of a series in their order; all are kept or none.
    ///
    /// # Errors
    /// They could not be kept.
    fn points(&mut self, points: &[Point]) -> Result<(), Failure>;

    /// A file of the run, under a relative path.
    ///
    /// # Errors
    /// It could not be kept.
    fn artifact(&mut self, name: &str, content: Content<'_>) -> Result<(), Failure>;

    /// That the program has ended, and how.
    ///
    /// # Errors
    /// It could not be kept.
    fn finish(&mut self, end: &End) -> Result<(), Failure>;
}

/// Keeps nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NullRecorder;

impl Recorder for NullRecorder {
    fn params(&mut self, _: &Params) -> Result<(), Failure> {
        Ok(())
    }

    fn facts(&mut self, _: &Facts) -> Result<(), Failure> {
        Ok(())
    }

    fn tag(&mut self, _: &str, _: &str) -> Result<(), Failure> {
        Ok(())
    }

    fn note(&mut self, _: &str) -> Result<(), Failure> {
        Ok(())
    }

    fn points(&mut self, _: &[Point]) -> Result<(), Failure> {
        Ok(())
    }

    fn artifact(&mut self, _: &str, _: Content<'_>) -> Result<(), Failure> {
        Ok(())
    }

    fn finish(&mut self, _: &End) -> Result<(), Failure> {
        Ok(())
    }
}

/// Milliseconds since 1970 UTC.
pub(crate) fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as i64)
}
