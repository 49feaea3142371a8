//! What a server that others log to asks of a store, beyond [`Store`](super::Store): experiments with numbers, runs that
//! no process of this machine executes, files that come and go as streams, and searches.
//!
//! Its words are those of MLflow's interface, whose clients log most. What these know as tags of their own
//! is a run's name, note and parent here: see [`NAME_TAG`].

mod error;
mod experiment;
mod file;
mod input;
mod model;
mod model_id;
mod registry;
mod run;
mod search;
mod trace;

pub use error::TrackingError;
pub use experiment::{ExperimentEdit, ExperimentId, ExperimentRecord, NewExperiment};
pub use file::{FileEntry, FilePlace, StagedFile};
pub use input::{Dataset, DatasetInput, DatasetSummary, ModelOutput};
pub use model::{
    DatasetRef, LoggedModel, ModelEdit, ModelField, ModelMetric, ModelSearch, ModelStatus, ModelStore,
    NewModel,
};
pub use model_id::ModelId;
pub use registry::{
    NewRegistered, NewVersion, RegisteredEdit, RegisteredField, RegisteredModel, RegisteredSearch,
    RegisteredVersion, RegistryStore, Stage, VersionEdit, VersionField, VersionSearch,
};
pub use run::{
    Batch, ModelPoint, NAME_TAG, NOTE_TAG, NewTracked, PARENT_TAG, RunStatus, TrackedMetric, TrackedRun,
    TrackedUpdate, USER_TAG,
};
pub use search::{
    Clause, DatasetField, ExperimentField, ExperimentSearch, Lifecycle, RunField, RunSearch, SortKey, Test,
};
pub use trace::{
    Assessment, AssessmentEdit, SIZE_STATS, SOURCE_RUN, SPANS_TAG, SpanField, SpanRecord, TRACE_NAME_TAG,
    Trace, TraceClause, TraceDeletion, TraceField, TraceInfo, TraceSearch, TraceState, TraceStore,
};

use std::collections::BTreeMap;
use std::io::Write;

use super::{ArtifactRecord, Id, Point, StoreError};

/// A store that others log to. Every write is durable when its call returns, and does the same once more
/// when it is repeated.
pub trait TrackingStore: RegistryStore + ModelStore + TraceStore {
    /// Makes an experiment.
    ///
    /// # Errors
    /// [`TrackingError::ExperimentExists`], also where one of this name is deleted.
    fn create_experiment(&self, new: &NewExperiment) -> Result<ExperimentId, StoreError>;

    /// An experiment, deleted or not.
    ///
    /// # Errors
    /// [`TrackingError::NoExperiment`].
    fn experiment(&self, id: ExperimentId) -> Result<ExperimentRecord, StoreError>;

    /// The experiment of a name, deleted or not.
    ///
    /// # Errors
    /// [`TrackingError::NoExperimentNamed`].
    fn experiment_named(&self, name: &str) -> Result<ExperimentRecord, StoreError>;

    /// Changes an experiment. Its runs are deleted and restored with it.
    ///
    /// # Errors
    /// [`TrackingError::NoExperiment`], [`TrackingError::ExperimentExists`],
    /// [`TrackingError::ExperimentDeleted`], [`TrackingError::ExperimentActive`], [`TrackingError::NoTag`].
    fn edit_experiment(&self, id: ExperimentId, edit: &ExperimentEdit) -> Result<(), StoreError>;

    /// Experiments by search.
    ///
    /// # Errors
    /// The store cannot be read.
    fn search_experiments(&self, search: &ExperimentSearch) -> Result<Vec<ExperimentRecord>, StoreError>;

    /// Makes a run that runs elsewhere. Where the same was asked before the store was opened, and nothing has
    /// been added since, it gives the run of then: a server died before it could answer, and the request
    /// has been sent again.
    ///
    /// # Errors
    /// [`TrackingError::NoExperiment`], [`TrackingError::ExperimentDeleted`].
    fn create_tracked(&self, new: &NewTracked) -> Result<TrackedRun, StoreError>;

    /// A run, or a study as the run that its trials are part of; deleted or not.
    ///
    /// # Errors
    /// [`TrackingError::NoRun`].
    fn tracked(&self, id: Id) -> Result<TrackedRun, StoreError>;

    /// Changes the state or the name of a run, and tells what it is then. How a run ends that a living
    /// process executes, and what a trial is worth, that process says.
    ///
    /// # Errors
    /// [`TrackingError::NoRun`], [`TrackingError::RunDeleted`], [`TrackingError::NotTracked`].
    fn update_tracked(&self, id: Id, update: &TrackedUpdate) -> Result<TrackedRun, StoreError>;

    /// Adds to a run: all of a batch, or nothing.
    ///
    /// # Errors
    /// [`TrackingError::NoRun`], [`TrackingError::RunDeleted`], [`TrackingError::ParamChanged`].
    fn record(&self, id: Id, batch: &Batch) -> Result<(), StoreError>;

    /// Takes a tag away.
    ///
    /// # Errors
    /// [`TrackingError::NoRun`], [`TrackingError::RunDeleted`], [`TrackingError::NoTag`].
    fn remove_tag(&self, id: Id, key: &str) -> Result<(), StoreError>;

    /// Deletes a run, or restores it; one that is so already stays so.
    ///
    /// # Errors
    /// [`TrackingError::NoRun`].
    fn set_deleted(&self, id: Id, deleted: bool) -> Result<(), StoreError>;

    /// Notes what a run has used. A data set is known by name and digest, and its first tags stay.
    ///
    /// # Errors
    /// [`TrackingError::NoRun`], [`TrackingError::RunDeleted`].
    fn add_inputs(&self, id: Id, datasets: &[DatasetInput], models: &[String]) -> Result<(), StoreError>;

    /// Notes which models a run has made.
    ///
    /// # Errors
    /// [`TrackingError::NoRun`], [`TrackingError::RunDeleted`].
    fn add_outputs(&self, id: Id, models: &[ModelOutput]) -> Result<(), StoreError>;

    /// Runs by search.
    ///
    /// # Errors
    /// The store cannot be read.
    fn search_tracked(&self, search: &RunSearch) -> Result<Vec<TrackedRun>, StoreError>;

    /// The points of a series of several runs, as they are ordered by time, step and value; nothing of runs
    /// without it.
    ///
    /// # Errors
    /// The store cannot be read.
    fn histories(&self, runs: &[Id], key: &str) -> Result<BTreeMap<Id, Vec<Point>>, StoreError>;

    /// The data sets that runs of some experiments have used.
    ///
    /// # Errors
    /// The store cannot be read.
    fn datasets(&self, experiments: &[ExperimentId]) -> Result<Vec<DatasetSummary>, StoreError>;

    /// The experiment of a run, or of a study as the run that its trials are part of; deleted or not.
    ///
    /// # Errors
    /// [`TrackingError::NoRun`].
    fn experiment_of(&self, run: Id) -> Result<ExperimentId, StoreError>;

    /// The address below which a run's artifacts are.
    ///
    /// # Errors
    /// [`TrackingError::NoRun`].
    fn artifact_location(&self, run: Id) -> Result<String, StoreError>;

    /// Begins a file.
    ///
    /// # Errors
    /// The store cannot be written.
    fn stage_file<'a>(&'a self) -> Result<Box<dyn StagedFile + 'a>, StoreError>;

    /// The file at a place.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    fn file(&self, place: &FilePlace) -> Result<ArtifactRecord, StoreError>;

    /// Writes the content of a file, however large.
    ///
    /// # Errors
    /// [`StoreError::Damaged`], what `to` says.
    fn copy_file(&self, file: &ArtifactRecord, to: &mut dyn Write) -> Result<(), StoreError>;

    /// What is in a folder, by name; nothing where there is none.
    ///
    /// # Errors
    /// The store cannot be read.
    fn list_files(&self, folder: &FilePlace) -> Result<Vec<FileEntry>, StoreError>;

    /// Removes a file, or a folder with all that is in it; it may be gone already.
    ///
    /// # Errors
    /// The store cannot be written.
    fn remove_files(&self, place: &FilePlace) -> Result<(), StoreError>;
}
