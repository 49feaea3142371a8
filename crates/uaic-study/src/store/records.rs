//! The records that a store takes and gives.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::trial::{Candidate, Goals, Params, Rank, RunState};
use uaic_platform::process::ProcessIdentity;

use super::liveness::now_ms;
use super::query::{Condition, OrderKey};
use super::{Id, StoreError};

/// What a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunKind {
    /// One trial of a study.
    Trial,
    /// The retraining of a study's best point on all training data, and its test.
    Final,
    /// A model that was trained elsewhere, from a package.
    Imported,
    /// A run of its own, which belongs to no study: of any program, or brought in from elsewhere.
    Free,
}

impl RunKind {
    /// The name used in listings and in the store.
    pub fn name(self) -> &'static str {
        match self {
            Self::Trial => "trial",
            Self::Final => "final",
            Self::Imported => "imported",
            Self::Free => "free",
        }
    }

    /// Whether runs of this kind keep a model.
    pub fn keeps_model(self) -> bool {
        matches!(self, Self::Final | Self::Imported)
    }

    /// The inverse of [`RunKind::name`].
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Trial, Self::Final, Self::Imported, Self::Free].into_iter().find(|kind| kind.name() == name)
    }
}

/// Facts about the surroundings of a run, by name: `git.commit`, `git.dirty`, `uaic.version`,
/// `cpu`, `spec.hash`, `data.train.hash` …
pub type Environment = BTreeMap<String, String>;

/// A study to be created.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewStudy {
    /// The experiment that it belongs to.
    pub experiment: String,
    /// The spec's text, to the byte.
    pub spec_text: String,
    /// The spec's path as it was given.
    pub spec_path: String,
    /// `-P` overrides (and flags that act like them), in order.
    pub overrides: Vec<(String, String)>,
    /// Hash of everything that decides the result: the effective spec and the data. Studies with
    /// equal hashes are the same study.
    pub fingerprint: String,
    /// The root of the seed tree.
    pub seed: u64,
    /// What is optimised.
    pub goals: Goals,
    /// How many trials there will be in all.
    pub trials: u32,
    /// Facts about the surroundings.
    pub environment: Environment,
}

/// The state of a study.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum StudyState {
    /// A live process works on it.
    Running,
    /// All trials (and the final stage, where there is one) have ended.
    Complete,
    /// Stopped on the user's request; `resume` goes on.
    Interrupted,
    /// Could not go on.
    Failed,
    /// Its process died (derived, never stored).
    Crashed,
}

impl StudyState {
    /// The name used in listings and in the store.
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Complete => "COMPLETE",
            Self::Interrupted => "INTERRUPTED",
            Self::Failed => "FAILED",
            Self::Crashed => "CRASHED",
        }
    }

    /// The inverse of [`StudyState::name`].
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Running, Self::Complete, Self::Interrupted, Self::Failed, Self::Crashed]
            .into_iter()
            .find(|state| state.name() == name)
    }
}

impl StudyState {
    /// What a study becomes that is released in this state: nobody works on it any more.
    #[must_use]
    pub fn when_released(self) -> Self {
        match self {
            Self::Running | Self::Crashed => Self::Interrupted,
            other => other,
        }
    }
}

impl fmt::Display for StudyState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A stored study.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StudyRecord {
    /// Its id.
    pub id: Id,
    /// What it was created with.
    pub plan: NewStudy,
    /// When it was created, milliseconds since 1970 UTC.
    pub created_ms: i64,
    /// Its state, with dead processes already accounted for.
    pub state: StudyState,
    /// The process that works on it, or last did; of several, the one that joined last.
    pub owner: Option<ProcessIdentity>,
}

/// What a run belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Home {
    /// A study.
    Study(Id),
    /// An experiment by name, and no study.
    Experiment(String),
}

impl From<Id> for Home {
    fn from(study: Id) -> Self {
        Self::Study(study)
    }
}

impl Home {
    /// The study, where it is one.
    pub fn study(&self) -> Option<Id> {
        match self {
            Self::Study(study) => Some(*study),
            Self::Experiment(_) => None,
        }
    }
}

/// A run to be started.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewRun {
    /// What it belongs to.
    pub home: Home,
    /// What it is.
    pub kind: RunKind,
    /// Its number in the study; of a final run, the number of the trial that it retrains.
    pub number: Option<u32>,
    /// The values of searched parameters.
    pub params: Params,
    /// The whole configuration with every default filled in, as JSON.
    pub config: serde_json::Value,
    /// The process that executes it.
    pub process: ProcessIdentity,
    /// Facts about the surroundings.
    pub environment: Environment,
}

/// The right to write to a run, given by [`Store::start_run`](super::Store::start_run).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Attempt {
    /// The run.
    pub run: Id,
    /// How many times it has been started, from 1.
    pub number: u32,
}

/// One value of a metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricPoint {
    /// A path: `train/loss`, `val/accuracy`, `test/f1_macro`; a fold's series is
    /// `fold=i/val/accuracy`.
    pub key: String,
    /// The x of the series.
    pub step: i64,
    /// When, in milliseconds since 1970 UTC.
    pub time_ms: i64,
    /// Any float, NaN and ±∞ included.
    pub value: f64,
}

impl MetricPoint {
    /// A value now, of something that counts its steps.
    pub fn new(key: impl Into<String>, step: u64, value: f64) -> Self {
        Self { key: key.into(), step: i64::try_from(step).unwrap_or(i64::MAX), time_ms: now_ms(), value }
    }
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunEnd {
    /// Any state but `Running` and `Crashed`.
    pub state: RunState,
    /// The values of the study's metrics, in their order, of a complete trial; the test accuracy of a
    /// final run. Empty where there are none.
    pub values: Vec<f64>,
    /// By how much the constraints on its outcome are missed, summed; 0 when all hold.
    pub violation: f64,
    /// Why, where the state does not say it all.
    pub reason: Option<String>,
}

impl RunEnd {
    /// A complete run with these values that misses no constraint.
    pub fn complete(values: impl Into<Vec<f64>>) -> Self {
        Self { state: RunState::Complete, values: values.into(), violation: 0.0, reason: None }
    }

    /// A run that ended in another state, without values.
    pub fn without_values(state: RunState, reason: Option<String>) -> Self {
        Self { state, values: vec![], violation: 0.0, reason }
    }
}

/// A stored run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Its id.
    pub id: Id,
    /// What it was (last) started with.
    pub start: NewRun,
    /// The experiment that it belongs to.
    pub experiment: String,
    /// What it is called, where somebody named it.
    pub name: Option<String>,
    /// The run that it is part of.
    pub parent: Option<Id>,
    /// What somebody wrote about it, in Markdown.
    pub note: Option<String>,
    /// How many times it has been started.
    pub attempts: u32,
    /// Its state, with dead processes already accounted for.
    pub state: RunState,
    /// The values of the study's metrics, in their order, once complete; of a final run the test
    /// accuracy.
    pub values: Vec<f64>,
    /// By how much the constraints on its outcome are missed, summed; 0 when all hold.
    pub violation: f64,
    /// Left out by the user: it counts neither for proposals nor among the best.
    pub excluded: bool,
    /// Why it ended as it did.
    pub reason: Option<String>,
    /// When it was (last) started, milliseconds since 1970 UTC.
    pub started_ms: i64,
    /// When it ended.
    pub ended_ms: Option<i64>,
    /// Hidden by `rm`.
    pub hidden: bool,
}

/// The latest value of a metric and the range it has had. NaN counts as a latest value but never
/// as a minimum or maximum.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LatestMetric {
    /// The metric.
    pub key: String,
    /// Step of the latest point.
    pub step: i64,
    /// Value of the latest point.
    pub value: f64,
    /// Smallest value so far; `None` while all were NaN.
    pub min: Option<f64>,
    /// Largest value so far; `None` while all were NaN.
    pub max: Option<f64>,
    /// Number of points.
    pub count: u64,
}

/// An artifact of a run: a name for a content hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtifactRecord {
    /// A relative path such as `model/weights.safetensors`.
    pub name: String,
    /// BLAKE3 of the content, in hexadecimal.
    pub hash: String,
    /// Bytes.
    pub size: u64,
}

/// Which runs to list, and in which order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunQuery {
    /// Only of this study.
    pub study: Option<Id>,
    /// Only of this experiment.
    pub experiment: Option<String>,
    /// Only parts of this run.
    pub parent: Option<Id>,
    /// Only of this kind.
    pub kind: Option<RunKind>,
    /// Only with this number.
    pub number: Option<u32>,
    /// Only in this state, dead processes accounted for.
    pub state: Option<RunState>,
    /// Only with an id that starts like this (lower-case hexadecimal).
    pub id_prefix: Option<String>,
    /// Only those of which this holds.
    pub condition: Option<Condition>,
    /// In this order; what is equal in it, and all without it, newest first.
    pub order: Vec<OrderKey>,
    /// Also hidden ones.
    pub include_hidden: bool,
    /// At most so many; all when absent.
    pub limit: Option<u32>,
    /// Leave out so many of the newest first.
    pub offset: u32,
}

impl StudyRecord {
    /// What is optimised.
    pub fn goals(&self) -> &Goals {
        &self.plan.goals
    }
}

impl RunRecord {
    /// What decides its rank.
    pub fn candidate(&self) -> Candidate {
        Candidate {
            number: self.start.number.unwrap_or_default(),
            state: self.state,
            value: self.value(),
            violation: self.violation,
            hidden: self.hidden,
            excluded: self.excluded,
        }
    }

    /// The place of a trial among those of its study; `None` where it has none.
    pub fn rank(&self) -> Option<Rank> {
        self.candidate().rank().filter(|_| self.start.kind == RunKind::Trial)
    }

    /// The study that it belongs to.
    ///
    /// # Errors
    /// [`StoreError::NoStudy`].
    pub fn study(&self) -> Result<Id, StoreError> {
        self.start.home.study().ok_or_else(|| StoreError::NoStudy { run: self.id.short() })
    }

    /// The value of the study's first metric, once complete.
    pub fn value(&self) -> Option<f64> {
        self.values.first().copied()
    }
}

/// One thing that happened to a run or a study.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRecord {
    /// When, milliseconds since 1970 UTC.
    pub time_ms: i64,
    /// `started`, `ended`, `hidden`, `shown` …
    pub kind: String,
    /// More about it: `attempt 2, after CRASHED`.
    pub detail: String,
}
