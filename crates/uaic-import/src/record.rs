//! What comes out of a source, whichever tool wrote it.

use std::collections::BTreeMap;

use uaic_study::space::{Distribution, Space};
use uaic_study::trial::{Goals, ParamValue, RunState};

/// A search that another tool has recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceStudy {
    /// The same text whenever the same study is read again, and another for each other study.
    pub origin: String,
    /// The experiment that its trials belong to.
    pub experiment: String,
    /// Its name.
    pub name: String,
    /// What it optimises.
    pub goals: Goals,
    /// Its space, as far as ours can say; the union of what its trials drew from.
    pub space: Space,
    /// How many numbers its trials take up: one more than the highest of those that will come.
    pub trials: u32,
    /// When its first trial began, in milliseconds since 1970 UTC.
    pub started_ms: Option<i64>,
    /// What its users noted.
    pub tags: BTreeMap<String, String>,
}

/// A run that another tool has recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceRun {
    /// The same text whenever the same run is read again, and another for each other run.
    pub origin: String,
    /// The origin of the run that it is nested in, which may come after it or not at all.
    pub parent: Option<String>,
    /// The experiment that it belongs to.
    pub experiment: String,
    /// Its name; where there is none, what it is called among its neighbours.
    pub name: String,
    /// Its state as the source has it. `Running` says that nobody wrote down an end: it may be alive or
    /// long dead. Formats without states give `Complete`.
    pub state: RunState,
    /// When it began, in milliseconds since 1970 UTC.
    pub started_ms: Option<i64>,
    /// When it ended.
    pub ended_ms: Option<i64>,
    /// Its parameters. Nested ones are joined with points: `opt.lr`.
    pub params: BTreeMap<String, SourceParam>,
    /// Its tags, but those that are fields here.
    pub tags: BTreeMap<String, String>,
    /// A note, perhaps in Markdown.
    pub note: Option<String>,
    /// Why it ended as it did.
    pub reason: Option<String>,
    /// Deleted there, but not for good.
    pub hidden: bool,
    /// What a trial of a study is besides.
    pub trial: Option<SourceTrial>,
}

impl SourceRun {
    /// A complete run with a name and nothing else to know of it.
    pub fn new(origin: impl Into<String>, experiment: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            origin: origin.into(),
            parent: None,
            experiment: experiment.into(),
            name: name.into(),
            state: RunState::Complete,
            started_ms: None,
            ended_ms: None,
            params: BTreeMap::new(),
            tags: BTreeMap::new(),
            note: None,
            reason: None,
            hidden: false,
            trial: None,
        }
    }
}

/// What a trial of a study is besides a run.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceTrial {
    /// The origin of its study, which came before.
    pub study: String,
    /// Its number there.
    pub number: u32,
    /// The values of the study's metrics, in their order; of a complete trial.
    pub values: Vec<f64>,
    /// By how much its constraints are missed, summed; `None` where the source says nothing of constraints.
    pub violation: Option<f64>,
    /// What its parameters were drawn from, as far as ours can say.
    pub distributions: BTreeMap<String, Distribution>,
}

/// A parameter: its value, and how the source writes it.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceParam {
    /// The value. Numbers are finite; `None`, lists and infinite numbers are texts.
    pub value: ParamValue,
    /// The source's text, where the value is not displayed like that: `1e-05`, `True`.
    pub exact: Option<String>,
}

impl SourceParam {
    /// A value that the source writes in a way of its own.
    pub fn written(value: ParamValue, text: &str) -> Self {
        let exact = (value.to_string() != text).then(|| text.to_owned());
        Self { value, exact }
    }

    /// As the source writes it.
    pub fn text(&self) -> String {
        self.exact.clone().unwrap_or_else(|| self.value.to_string())
    }
}

impl From<ParamValue> for SourceParam {
    fn from(value: ParamValue) -> Self {
        Self { value, exact: None }
    }
}

/// A point of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SourcePoint {
    /// The x, where the source has one.
    pub step: Option<i64>,
    /// When, in milliseconds since 1970 UTC, where the source says.
    pub time_ms: Option<i64>,
    /// Any float, NaN and ±∞ included.
    pub value: f64,
}

/// Something that did not come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// What: `trial 7 of the study intents`, `the rest of /x/events.out.tfevents.1`.
    pub what: String,
    /// Why.
    pub why: String,
}

impl Skipped {
    /// What, and why.
    pub fn new(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self { what: what.into(), why: why.into() }
    }
}
