//! Who keeps what is seen of a program.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use uaic_study::trial::Params;

/// Facts by name: `git.commit`, `cpu`, `argv` …
pub type Facts = BTreeMap<String, String>;

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
