//! The record of everything that was run: trait [`Store`], the records it takes and gives, and
//! its implementations.
//!
#![doc = include_str!("contract.md")]

mod answer;
mod artifact_name;
mod change;
#[cfg(any(test, feature = "testing"))]
pub mod conformance;
mod copy;
mod error;
mod id;
mod liveness;
mod memory;
mod optuna;
mod outside;
pub mod query;
mod records;
mod registry;
pub mod remote;
pub mod rules;
mod series;
mod sweep;
mod tally;
pub mod tracking;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use crate::trial::Params;
use uaic_platform::process::ProcessIdentity;

pub use answer::{Answer, Promise, promise, wait};
pub use change::{Change, StudyChange};
pub use copy::{RunCopy, StudyCopy};
pub use error::StoreError;
pub use id::Id;
pub use memory::MemoryStore;
pub use optuna::{
    NewOptunaTrial, OptunaAttribute, OptunaChange, OptunaDistribution, OptunaMeaning, OptunaParam,
    OptunaScope, OptunaState, OptunaStore, OptunaStudy, OptunaTime, OptunaTrial,
};
pub use outside::{Known, OutsideRun, RunEdit};
pub use records::{
    ArtifactRecord, Attempt, Environment, EventRecord, Home, LatestMetric, MetricPoint, NewRun, NewStudy,
    RunEnd, RunKind, RunQuery, RunRecord, StudyRecord, StudyState,
};
pub use registry::ModelVersion;
pub use series::{Bucket, Look, Point, gather};
pub use sweep::{Sweep, SweepMode, Swept};
pub use tally::Tally;
pub use tracking::{TrackingError, TrackingStore};

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

    /// Makes `owner` one of the processes that work on the study, and the study `Running`. Those
    /// that have died no longer count (a process on another host or in another container counts as
    /// alive while its heartbeat is younger than a minute).
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    fn acquire_study(&self, id: Id, owner: &ProcessIdentity) -> Result<(), StoreError>;

    /// Stops working on the study. The last process to do so leaves it in its new state
    /// (`Interrupted` in place of `Running` or `Crashed`: nobody works on it any more).
    ///
    /// # Errors
    /// [`StoreError::NotHeld`] when this process does not work on it; it stays as it is.
    fn release_study(&self, id: Id, owner: &ProcessIdentity, state: StudyState) -> Result<(), StoreError>;

    /// Raises (never lowers) a study's number of trials.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    fn extend_study(&self, id: Id, trials: u32) -> Result<(), StoreError>;

    /// Writes a run's row, durable before it returns. A run of no study is always a new one. If the study already has a run of this kind
    /// and number that is not final, that run is started again: same id, next attempt, and what
    /// the earlier attempt recorded is cleared; tags stay.
    ///
    /// # Errors
    /// [`StoreError::IllegalTransition`] when that run is final; [`StoreError::Taken`] when another
    /// live process runs it; [`StoreError::NotHeld`] when the run's process does not work on the study.
    fn start_run(&self, new: &NewRun) -> Result<Attempt, StoreError>;

    /// As [`Store::start_run`], of a new run of no study whose id is known before it is there: a program that
    /// is recorded is told it when it starts.
    ///
    /// # Errors
    /// [`StoreError::Clash`] when there is a run of this id.
    fn start_run_as(&self, id: Id, new: &NewRun) -> Result<Attempt, StoreError>;

    /// Adds facts about the surroundings of a run that runs; they replace those of the same names.
    ///
    /// # Errors
    /// [`StoreError::StaleAttempt`], [`StoreError::Ended`].
    fn add_facts(&self, attempt: Attempt, facts: &Environment) -> Result<(), StoreError>;

    /// As [`Store::start_run`], for who knows of so many changes of the study.
    ///
    /// # Errors
    /// [`StoreError::Outdated`] when there are more; and as `start_run`.
    fn start_trial(&self, new: &NewRun, changes: usize) -> Result<Attempt, StoreError>;

    /// Replaces the parameters and the configuration of a run that runs: of a trial that finds out
    /// on its way what it needs.
    ///
    /// # Errors
    /// [`StoreError::StaleAttempt`], [`StoreError::Ended`].
    fn set_params(
        &self,
        attempt: Attempt,
        params: &Params,
        config: &serde_json::Value,
    ) -> Result<(), StoreError>;

    /// Changes a study. It counts for the trials that have not been started yet; what is enqueued
    /// gets the next number that nobody has.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]: the study or the trial; [`StoreError::NotEnded`]: only trials that
    /// have ended can be excluded or corrected.
    fn change_study(&self, study: Id, change: &Change) -> Result<StudyChange, StoreError>;

    /// Writes down a change as another study has it, with the trial that it counts from: for copies, which
    /// have the trials of the original and their numbers.
    ///
    /// # Errors
    /// As [`Store::change_study`].
    fn copy_change(&self, study: Id, change: &StudyChange) -> Result<(), StoreError>;

    /// All changes of a study, in order.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    fn changes(&self, study: Id) -> Result<Vec<StudyChange>, StoreError>;

    /// Appends metric points. May return before they are durable; a later failure comes back from
    /// the next call. Points of equal key and step are all kept, in order.
    ///
    /// # Errors
    /// [`StoreError::StaleAttempt`], [`StoreError::Ended`], or an earlier write failed.
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
    /// [`StoreError::BadArtifactName`], [`StoreError::StaleAttempt`], [`StoreError::Ended`], a full
    /// disk.
    fn put_artifact(
        &self,
        attempt: Attempt,
        name: &str,
        content: &[u8],
    ) -> Result<ArtifactRecord, StoreError>;

    /// Ends a run; everything written to it before is durable on return. Its violation is kept as
    /// [`rules::kept_violation`] says.
    ///
    /// # Errors
    /// [`StoreError::IllegalTransition`], [`StoreError::StaleAttempt`], or an earlier write of this
    /// attempt failed (then the run has not ended).
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

    /// How many runs a query has in all, whatever its limit and offset.
    ///
    /// # Errors
    /// The store cannot be read.
    fn count_runs(&self, query: &RunQuery) -> Result<u64, StoreError> {
        Ok(self.runs(&RunQuery { limit: None, offset: 0, ..query.clone() })?.len() as u64)
    }

    /// How far a study is; hidden and excluded trials are counted apart.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    fn tally(&self, study: Id) -> Result<Tally, StoreError> {
        let direction = self.study(study)?.goals().direction();
        Ok(Tally::of(&self.runs(&RunQuery::trials_of(study))?, direction))
    }

    /// Latest values of a run's metrics, sorted by key.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    fn latest_metrics(&self, run: Id) -> Result<Vec<LatestMetric>, StoreError>;

    /// The whole series of one metric, by step, then in the order written; empty when there is none.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    fn metric_history(&self, run: Id, key: &str) -> Result<Vec<MetricPoint>, StoreError> {
        let named =
            |Point { step, time_ms, value }| MetricPoint { key: key.to_owned(), step, time_ms, value };
        Ok(self.series(run, key)?.into_iter().map(named).collect())
    }

    /// The points of one metric, by step, then in the order written; empty when there is none.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    fn series(&self, run: Id, key: &str) -> Result<Vec<Point>, StoreError>;

    /// The same, seen from as far as `look` says: no extreme is lost. Takes no longer for a long series
    /// than for a short one, as far as the store can.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    fn buckets(&self, run: Id, key: &str, look: &Look) -> Result<Vec<Bucket>, StoreError> {
        let mut points = self.series(run, key)?;
        points.retain(|point| look.steps.contains(&point.step));
        let count = points.len() as u64;
        Ok(gather(points.into_iter().map(Bucket::of), count, look.buckets))
    }

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

    /// Writes the content of an artifact, however large; what was written before an error is worth nothing.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Damaged`], what `to` says.
    fn copy_artifact(&self, run: Id, name: &str, to: &mut dyn Write) -> Result<(), StoreError>;

    /// What happened to a run, in order.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    fn events(&self, run: Id) -> Result<Vec<EventRecord>, StoreError>;

    /// What happened to a study itself, in order.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    fn study_events(&self, study: Id) -> Result<Vec<EventRecord>, StoreError>;

    /// Hides a run, or shows it again. Nothing is removed.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    fn set_hidden(&self, run: Id, hidden: bool) -> Result<(), StoreError>;

    /// Changes what people call a run and write about it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]: the run, or its new parent; [`StoreError::Circle`] when a run would be
    /// part of itself.
    fn edit_run(&self, run: Id, edit: &RunEdit) -> Result<(), StoreError>;

    /// Removes a run and all it recorded, for good. Its parts belong to its own parent then.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::InUse`] when it still runs, or is a version of a registered
    /// model, or a trial (its study needs them all).
    fn delete_run(&self, run: Id) -> Result<(), StoreError>;

    /// Begins to bring a run in that was executed elsewhere, or goes on with it, and says what is there
    /// already. It is seen by nobody before [`Store::end_outside_run`]; one that was brought in whole
    /// before stays visible.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]: its study or parent; [`StoreError::Clash`]: a run of this id was executed
    /// here, or the study has another run of this kind and number.
    fn begin_outside_run(&self, run: &OutsideRun) -> Result<Known, StoreError>;

    /// Appends points to series of a run that is being brought in.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    fn add_outside_points(&self, run: Id, series: &BTreeMap<String, Vec<Point>>) -> Result<(), StoreError>;

    /// Gives a run that is being brought in an artifact, from a file. Durable on return.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::BadArtifactName`], the file cannot be read.
    fn add_outside_artifact(&self, run: Id, name: &str, file: &Path) -> Result<ArtifactRecord, StoreError>;

    /// Shows a run that has been brought in.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    fn end_outside_run(&self, run: Id) -> Result<(), StoreError>;

    /// Makes a study what a copy says, or puts it in; whether it is the newer one the caller judges.
    ///
    /// # Errors
    /// The store cannot be written.
    fn put_study_copy(&self, copy: &StudyCopy) -> Result<(), StoreError>;

    /// Begins to make a run what a copy says, or to put it in: see [`RunCopy`]. Says what is there already.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]: its study or parent; [`StoreError::Clash`]: another run has its place.
    fn begin_run_copy(&self, copy: &RunCopy) -> Result<Known, StoreError>;

    /// Makes a run what a copy says, to its last event, and shows it.
    ///
    /// # Errors
    /// As [`Store::begin_run_copy`].
    fn end_run_copy(&self, copy: &RunCopy) -> Result<(), StoreError>;

    /// Removes for good, or only counts, what nobody wants any more: see [`Sweep`].
    ///
    /// # Errors
    /// The store cannot be written. What alone cannot be removed is among [`Swept::faults`].
    fn sweep(&self, sweep: &Sweep) -> Result<Swept, StoreError>;

    /// Puts a run under a name, as its next version. A run that has a version of this name keeps it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::BadModelName`].
    fn register_model(&self, name: &str, run: Id, note: &str) -> Result<ModelVersion, StoreError>;

    /// All versions of a model, or of all models, by name and number; none of a name without any.
    ///
    /// # Errors
    /// The store cannot be read.
    fn model_versions(&self, name: Option<&str>) -> Result<Vec<ModelVersion>, StoreError>;

    /// Lets an alias point at a version, or at nothing; `why` is recorded with it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] (the version, or the alias that is to be removed),
    /// [`StoreError::BadModelName`].
    fn set_model_alias(
        &self,
        name: &str,
        alias: &str,
        version: Option<u32>,
        why: &str,
    ) -> Result<(), StoreError>;

    /// What happened to a model, in order: `registered`, `alias`.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    fn model_events(&self, name: &str) -> Result<Vec<EventRecord>, StoreError>;

    /// Returns once everything written so far is durable.
    ///
    /// # Errors
    /// A write failed.
    fn flush(&self) -> Result<(), StoreError>;
}
