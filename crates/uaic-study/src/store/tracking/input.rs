//! What runs have used and made.

use super::ExperimentId;

/// A data set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dataset {
    /// Its name.
    pub name: String,
    /// A hash of its content.
    pub digest: String,
    /// The kind of its source.
    pub source_type: String,
    /// Where it comes from.
    pub source: String,
    /// Its columns.
    pub schema: Option<String>,
    /// Figures of it.
    pub profile: Option<String>,
}

/// A data set as a run has used it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DatasetInput {
    /// The data set.
    pub dataset: Dataset,
    /// Tags of this use; `mlflow.data.context` says for what.
    pub tags: Vec<(String, String)>,
}

/// A model that a run has made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelOutput {
    /// Its id.
    pub model: String,
    /// The step at which it was made.
    pub step: i64,
}

/// A data set that runs of an experiment have used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatasetSummary {
    /// The experiment.
    pub experiment: ExperimentId,
    /// The name of the data set.
    pub name: String,
    /// Its digest.
    pub digest: String,
    /// What it was used for.
    pub context: Option<String>,
}
