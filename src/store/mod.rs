//! The record of everything that was run: trait [`Store`], the records it takes and gives, and
//! its implementations.
//!
//! # Contract
//! * Methods may be called from any thread. Writes of one run are applied in the order in which
//!   they were made; what a `finish_*` call returned from is durable.
//! * A run's row exists before the run does anything; metrics follow as they come, in batches.
//! * States move only along [`RunState::may_become`]; a final run never changes again, except
//!   that it may be hidden ([`Store::set_deleted`]) and shown again.
//! * Every start of a run gives an [`Attempt`]. Writes with an older one are refused with
//!   [`StoreError::StaleAttempt`], so a process that was thought dead cannot spoil its successor.
//! * NaN and ±∞ come back as they went in.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::platform::ProcessIdentity;
use crate::trial::{Direction, Params, RunState};

/// 128 random bits, so that stores filled on several machines never collide; written as 32
/// hexadecimal digits, of which the first 8 are shown and any unambiguous prefix selects.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(pub [u8; 16]);

impl Id {
    /// A new random id.
    pub fn random() -> Self {
        Self(*uuid::Uuid::new_v4().as_bytes())
    }

    /// The first 8 digits: what listings show.
    pub fn short(&self) -> String {
        self.to_string()[..8].to_owned()
    }

    /// Reads 32 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let simple = text.len() == 32;
        uuid::Uuid::try_parse(text).ok().filter(|_| simple).map(|uuid| Self(*uuid.as_bytes()))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", uuid::Uuid::from_bytes(self.0).simple())
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Id {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom(format!("`{text}` is not an id")))
    }
}

/// What a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunKind {
    /// One trial of a study.
    Trial,
    /// The retraining of a study's best point on all training data, and its test.
    Final,
}

/// Facts about the surroundings of a run, by name: `git.commit`, `git.dirty`, `uaic.version`,
/// `cpu`, `spec.hash`, `data.train.hash` …
pub type Environment = BTreeMap<String, String>;

/// A study to be created.
#[derive(Clone, Debug, PartialEq)]
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
    /// The metric that is optimised.
    pub metric: String,
    /// Which end of it is better.
    pub direction: Direction,
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

/// A stored study.
#[derive(Clone, Debug, PartialEq)]
pub struct StudyRecord {
    /// Its id.
    pub id: Id,
    /// What it was created with.
    pub new: NewStudy,
    /// When it was created, milliseconds since 1970 UTC.
    pub created_ms: i64,
    /// Its state, with dead processes already accounted for.
    pub state: StudyState,
    /// The process that works on it, or last did.
    pub owner: Option<ProcessIdentity>,
}

/// A run to be started.
#[derive(Clone, Debug, PartialEq)]
pub struct NewRun {
    /// The study that it belongs to.
    pub study: Id,
    /// What it is.
    pub kind: RunKind,
    /// Its number in the study; trials only.
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

/// The right to write to a run, given by [`Store::start_run`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Attempt {
    /// The run.
    pub run: Id,
    /// How many times it has been started, from 1.
    pub number: u32,
}

/// One value of a metric.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricPoint {
    /// A path: `train/loss`, `val/accuracy`, `test/f1_macro`; a fold's series is
    /// `fold=i/val/accuracy`.
    pub key: String,
    /// The x of the series.
    pub step: u64,
    /// When, in milliseconds since 1970 UTC.
    pub time_ms: i64,
    /// Any float, NaN and ±∞ included.
    pub value: f64,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub struct RunEnd {
    /// Any state but `Running` and `Crashed`.
    pub state: RunState,
    /// The value of the study's metric, for a completed trial.
    pub value: Option<f64>,
    /// Why, where the state does not say it all.
    pub reason: Option<String>,
}

/// A stored run.
#[derive(Clone, Debug, PartialEq)]
pub struct RunRecord {
    /// Its id.
    pub id: Id,
    /// What it was (last) started with.
    pub new: NewRun,
    /// The experiment that it belongs to.
    pub experiment: String,
    /// How many times it has been started.
    pub attempts: u32,
    /// Its state, with dead processes already accounted for.
    pub state: RunState,
    /// The value of the study's metric, once complete.
    pub value: Option<f64>,
    /// Why it ended as it did.
    pub reason: Option<String>,
    /// When it was (last) started, milliseconds since 1970 UTC.
    pub started_ms: i64,
    /// When it ended.
    pub ended_ms: Option<i64>,
    /// Hidden by `rm`.
    pub deleted: bool,
}

/// The latest value of a metric and the range it has had. NaN counts as a latest value but never
/// as a minimum or maximum.
#[derive(Clone, Debug, PartialEq)]
pub struct LatestMetric {
    /// The metric.
    pub key: String,
    /// Step of the latest point.
    pub step: u64,
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ArtifactRecord {
    /// A relative path such as `model/weights.safetensors`.
    pub name: String,
    /// BLAKE3 of the content, in hexadecimal.
    pub hash: String,
    /// Bytes.
    pub size: u64,
}

/// Which runs to list. Newest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunQuery {
    /// Only of this study.
    pub study: Option<Id>,
    /// Only of this experiment.
    pub experiment: Option<String>,
    /// Only of this kind.
    pub kind: Option<RunKind>,
    /// Only with an id that starts like this (lower-case hexadecimal).
    pub id_prefix: Option<String>,
    /// Also hidden ones.
    pub deleted: bool,
    /// At most so many; all when absent.
    pub limit: Option<u32>,
    /// Leave out so many of the newest first.
    pub offset: u32,
}

/// What can go wrong in a store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite says no.
    #[error("the store {path} cannot be used: {source}")]
    Sqlite {
        /// The database file.
        path: String,
        /// Its reason.
        source: rusqlite::Error,
    },
    /// Written by a newer `uaic`.
    #[error("the store {path} has format {found}, this uaic knows up to {known}; install a newer uaic")]
    Newer {
        /// The database file.
        path: String,
        /// Its format.
        found: i64,
        /// The newest format this program knows.
        known: i64,
    },
    /// Not one of ours.
    #[error("{path} is an SQLite database, but not a store of uaic")]
    Foreign {
        /// The database file.
        path: String,
    },
    /// A file operation failed.
    #[error(transparent)]
    File(#[from] crate::fsx::FileError),
    /// No such study, run or artifact.
    #[error("there is no {what} `{id}` in the store")]
    NotFound {
        /// `study`, `run`, `artifact`.
        what: &'static str,
        /// What was asked for.
        id: String,
    },
    /// A live process works on the study.
    #[error(
        "study {study} is being run by process {pid} on {host}; wait for it, or stop it and `uaic resume {study}`"
    )]
    Locked {
        /// Short id.
        study: String,
        /// The host of the other process.
        host: String,
        /// The other process.
        pid: u32,
    },
    /// The attempt is no longer the newest.
    #[error("run {run} has been started again elsewhere; this attempt's writes are refused")]
    StaleAttempt {
        /// Short id.
        run: String,
    },
    /// A state change that must not happen.
    #[error("run {run} is {from} and cannot become {to}")]
    IllegalTransition {
        /// Short id.
        run: String,
        /// Its state.
        from: RunState,
        /// The refused state.
        to: RunState,
    },
    /// An artifact name that is not a plain relative path.
    #[error("`{name}` cannot name an artifact: use a relative path of plain names")]
    BadArtifactName {
        /// The refused name.
        name: String,
    },
    /// Content that does not have the hash it is stored under.
    #[error("artifact `{name}` is damaged: its content does not have hash {hash}")]
    Damaged {
        /// The artifact.
        name: String,
        /// The expected hash.
        hash: String,
    },
    /// A record that cannot be read back.
    #[error("the store holds a {what} that cannot be read: {detail}")]
    Malformed {
        /// What kind of record.
        what: &'static str,
        /// What is wrong with it.
        detail: String,
    },
    /// The writer is gone (an earlier write failed).
    #[error("the store stopped writing: {0}")]
    WriterGone(String),
}

/// The record of everything that was run. See the [module](self) for its contract.
pub trait Store: Send + Sync {
    /// Creates a study, in state [`StudyState::Interrupted`] until it is acquired.
    ///
    /// # Errors
    /// The store cannot be written.
    fn create_study(&self, new: &NewStudy) -> Result<StudyRecord, StoreError>;

    /// One study.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    fn study(&self, id: Id) -> Result<StudyRecord, StoreError>;

    /// All studies, newest first.
    ///
    /// # Errors
    /// The store cannot be read.
    fn studies(&self) -> Result<Vec<StudyRecord>, StoreError>;

    /// Makes `owner` the one process that works on the study, and the study `Running`.
    ///
    /// # Errors
    /// [`StoreError::Locked`] while another live process holds it (a process on another host
    /// counts as alive while its heartbeat is younger than a minute).
    fn acquire_study(&self, id: Id, owner: &ProcessIdentity) -> Result<(), StoreError>;

    /// Gives the study back, in its new state.
    ///
    /// # Errors
    /// The store cannot be written.
    fn release_study(&self, id: Id, state: StudyState) -> Result<(), StoreError>;

    /// Raises (never lowers) a study's number of trials.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    fn extend_study(&self, id: Id, trials: u32) -> Result<(), StoreError>;

    /// Writes a run's row, durable before it returns. If the study already has a run of this kind
    /// and number that is not final, that run is started again: same id, next attempt, and what
    /// the earlier attempt recorded is cleared.
    ///
    /// # Errors
    /// [`StoreError::IllegalTransition`] when that run is final.
    fn start_run(&self, new: &NewRun) -> Result<Attempt, StoreError>;

    /// Appends metric points. May return before they are durable; a later failure comes back from
    /// the next call. Points of equal key and step are all kept, in order.
    ///
    /// # Errors
    /// [`StoreError::StaleAttempt`], or an earlier write failed.
    fn log_metrics(&self, attempt: Attempt, points: &[MetricPoint]) -> Result<(), StoreError>;

    /// Sets a tag of a run, final or not.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    fn set_tag(&self, run: Id, key: &str, value: &str) -> Result<(), StoreError>;

    /// Stores content under a name, replacing the name's earlier content. Durable on return:
    /// temporary file, fsync, rename, then the row.
    ///
    /// # Errors
    /// [`StoreError::BadArtifactName`], [`StoreError::StaleAttempt`], a full disk.
    fn put_artifact(
        &self,
        attempt: Attempt,
        name: &str,
        content: &[u8],
    ) -> Result<ArtifactRecord, StoreError>;

    /// Ends a run; everything written to it before is durable on return.
    ///
    /// # Errors
    /// [`StoreError::IllegalTransition`], [`StoreError::StaleAttempt`].
    fn finish_run(&self, attempt: Attempt, end: &RunEnd) -> Result<(), StoreError>;

    /// One run, hidden or not.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    fn run(&self, id: Id) -> Result<RunRecord, StoreError>;

    /// Runs by query, newest first.
    ///
    /// # Errors
    /// The store cannot be read.
    fn runs(&self, query: &RunQuery) -> Result<Vec<RunRecord>, StoreError>;

    /// Latest values of a run's metrics, sorted by key.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    fn latest_metrics(&self, run: Id) -> Result<Vec<LatestMetric>, StoreError>;

    /// The whole series of one metric, by step, then in the order written; empty when there is none.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    fn metric_history(&self, run: Id, key: &str) -> Result<Vec<MetricPoint>, StoreError>;

    /// A run's tags.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    fn tags(&self, run: Id) -> Result<BTreeMap<String, String>, StoreError>;

    /// A run's artifacts, sorted by name.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    fn artifacts(&self, run: Id) -> Result<Vec<ArtifactRecord>, StoreError>;

    /// The content of an artifact, checked against its hash.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Damaged`].
    fn read_artifact(&self, run: Id, name: &str) -> Result<Vec<u8>, StoreError>;

    /// Hides a run, or shows it again. Nothing is removed.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    fn set_deleted(&self, run: Id, deleted: bool) -> Result<(), StoreError>;

    /// Returns once everything written so far is durable.
    ///
    /// # Errors
    /// A write failed.
    fn flush(&self) -> Result<(), StoreError>;
}
