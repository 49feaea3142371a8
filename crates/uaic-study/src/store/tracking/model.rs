//! Logged models: what a run has made, with files, parameters and metrics of its own.

use std::collections::BTreeMap;

use super::super::{Id, Store, StoreError};
use super::{Clause, ExperimentId, ModelId, SortKey};

/// How far a logged model is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelStatus {
    /// Its files are coming.
    Pending,
    /// All of it is there.
    Ready,
    /// Its files did not come.
    Failed,
}

impl ModelStatus {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Ready, Self::Failed];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "LOGGED_MODEL_PENDING",
            Self::Ready => "LOGGED_MODEL_READY",
            Self::Failed => "LOGGED_MODEL_UPLOAD_FAILED",
        }
    }

    /// The status of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

/// A logged model to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewModel {
    /// Its id.
    pub id: ModelId,
    /// The experiment that it belongs to.
    pub experiment: ExperimentId,
    /// What it is called.
    pub name: String,
    /// Of what kind it is.
    pub kind: String,
    /// The run that makes it.
    pub run: Option<String>,
    /// Its parameters.
    pub params: Vec<(String, String)>,
    /// Its tags.
    pub tags: Vec<(String, String)>,
}

/// A logged model.
#[derive(Clone, Debug, PartialEq)]
pub struct LoggedModel {
    /// Its id.
    pub id: ModelId,
    /// The experiment that it belongs to.
    pub experiment: ExperimentId,
    /// What it is called.
    pub name: String,
    /// Of what kind it is.
    pub kind: String,
    /// The run that made it.
    pub run: Option<String>,
    /// How far it is.
    pub status: ModelStatus,
    /// When it was made, milliseconds since 1970 UTC.
    pub created_ms: i64,
    /// When it was changed.
    pub updated_ms: i64,
    /// The address below which its files are.
    pub location: String,
    /// Its parameters, by key.
    pub params: BTreeMap<String, String>,
    /// Its tags, by key.
    pub tags: BTreeMap<String, String>,
    /// Its metrics.
    pub metrics: Vec<ModelMetric>,
    /// The registered versions that it is.
    pub registrations: Vec<(String, u32)>,
}

/// A point of a logged model's metric.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelMetric {
    /// The metric.
    pub key: String,
    /// Its value.
    pub value: f64,
    /// When, milliseconds since 1970 UTC.
    pub time_ms: i64,
    /// The x of the series.
    pub step: i64,
    /// The run that logged it.
    pub run: Id,
    /// The data set that it was measured on.
    pub dataset: Option<DatasetRef>,
}

/// A data set, by name and digest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DatasetRef {
    /// Its name.
    pub name: String,
    /// A hash of its content; `""` where it does not matter.
    pub digest: String,
}

/// A change of a logged model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelEdit {
    /// Says how far it is.
    Status(ModelStatus),
    /// Adds parameters, which keep their first value.
    Params(Vec<(String, String)>),
    /// Sets tags.
    Tags(Vec<(String, String)>),
    /// Takes a tag away.
    RemoveTag(String),
    /// Deletes it.
    Delete,
}

/// What logged models are searched by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelField {
    /// What it is called.
    Name,
    /// Its id.
    Id,
    /// Of what kind it is.
    Kind,
    /// How far it is.
    Status,
    /// The run that made it.
    Run,
    /// The number of its experiment, as a text.
    Experiment,
    /// When it was made.
    Created,
    /// When it was changed.
    Updated,
    /// A metric, to be sorted by on a data set: the latest by time and step. Tests are on all points on
    /// the data sets of the search.
    Metric {
        /// Its name.
        key: String,
        /// The data set.
        dataset: Option<DatasetRef>,
    },
    /// A parameter.
    Param(String),
    /// A tag.
    Tag(String),
}

/// Which logged models, in which order; what is equal in it by when they were made, the last first, and then
/// by id.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelSearch {
    /// The experiments: of no others, and of none where there are none.
    pub experiments: Vec<ExperimentId>,
    /// What has to hold.
    pub clauses: Vec<Clause<ModelField>>,
    /// The data sets on which metrics count; all of them where there are none.
    pub datasets: Vec<DatasetRef>,
    /// The order.
    pub order: Vec<SortKey<ModelField>>,
    /// At most so many.
    pub limit: u32,
    /// Leave out so many.
    pub offset: u64,
}

/// A store of logged models.
pub trait ModelStore: Store {
    /// Makes a logged model.
    ///
    /// # Errors
    /// [`TrackingError::NoExperiment`](super::TrackingError::NoExperiment),
    /// [`TrackingError::ExperimentDeleted`](super::TrackingError::ExperimentDeleted).
    fn create_model(&self, new: &NewModel) -> Result<LoggedModel, StoreError>;

    /// A logged model.
    ///
    /// # Errors
    /// [`TrackingError::NoLoggedModel`](super::TrackingError::NoLoggedModel), also of a deleted one unless
    /// `deleted`.
    fn model(&self, id: ModelId, deleted: bool) -> Result<LoggedModel, StoreError>;

    /// Changes a logged model.
    ///
    /// # Errors
    /// [`TrackingError::NoLoggedModel`](super::TrackingError::NoLoggedModel),
    /// [`TrackingError::ModelParamChanged`](super::TrackingError::ModelParamChanged),
    /// [`TrackingError::NoTag`](super::TrackingError::NoTag).
    fn edit_model(&self, id: ModelId, edit: &ModelEdit) -> Result<(), StoreError>;

    /// Logged models by search.
    ///
    /// # Errors
    /// The store cannot be read.
    fn search_models(&self, search: &ModelSearch) -> Result<Vec<LoggedModel>, StoreError>;
}
