//! Why a store does not do what somebody who logs to it asks.

use super::super::Id;
use super::{ExperimentId, ModelId};
use uaic_wording::ErrorKind;

/// Why a store does not do what somebody who logs to it asks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrackingError {
    /// Names of experiments are unique.
    #[error("there is an experiment `{name}` already{}", if *.is_deleted { ", which is deleted" } else { "" })]
    ExperimentExists {
        /// Its name.
        name: String,
        /// Whether it is deleted.
        is_deleted: bool,
    },
    /// No experiment has this number.
    #[error("there is no experiment {0}")]
    NoExperiment(ExperimentId),
    /// No experiment has this name.
    #[error("there is no experiment `{0}`")]
    NoExperimentNamed(String),
    /// The experiment is deleted.
    #[error("the experiment {0} is deleted")]
    ExperimentDeleted(ExperimentId),
    /// The experiment is not deleted.
    #[error("the experiment {0} is not deleted")]
    ExperimentActive(ExperimentId),
    /// No run has this id.
    #[error("there is no run {0}")]
    NoRun(Id),
    /// The run is deleted.
    #[error("the run {0} is deleted")]
    RunDeleted(Id),
    /// How the run ends is not for those to say who log to it.
    #[error("the run {run} {why}")]
    NotTracked {
        /// The run.
        run: Id,
        /// What it is.
        why: &'static str,
    },
    /// Parameters keep the value that they were given first.
    #[error("the parameter `{key}` of run {run} is `{old}`, and cannot become `{new}`")]
    ParamChanged {
        /// The run.
        run: Id,
        /// The parameter.
        key: String,
        /// What it is.
        old: String,
        /// What it was to be.
        new: String,
    },
    /// Names of registered models are unique.
    #[error("there is a registered model `{0}` already")]
    ModelExists(String),
    /// No registered model has this name.
    #[error("there is no registered model `{0}`")]
    NoModel(String),
    /// The registered model has no such version.
    #[error("there is no version {version} of the model `{name}`")]
    NoVersion {
        /// The model.
        name: String,
        /// The version.
        version: u32,
    },
    /// No logged model has this id.
    #[error("there is no logged model {0}")]
    NoLoggedModel(ModelId),
    /// Parameters of a logged model keep the value that they were given first.
    #[error("the parameter `{key}` of the model {model} is `{old}`, and cannot become `{new}`")]
    ModelParamChanged {
        /// The model.
        model: ModelId,
        /// The parameter.
        key: String,
        /// What it is.
        old: String,
        /// What it was to be.
        new: String,
    },
    /// No trace has this id.
    #[error("there is no trace {0}")]
    NoTrace(String),
    /// Nobody has said this of the trace.
    #[error("there is no assessment {id} of the trace {trace}")]
    NoAssessment {
        /// The trace.
        trace: String,
        /// The assessment.
        id: String,
    },
    /// An assessment stays of its kind.
    #[error("the assessment {id} is {}, and cannot become the other", if *.is_expectation { "an expectation" } else { "a feedback" })]
    OtherAssessment {
        /// The assessment.
        id: String,
        /// What it is.
        is_expectation: bool,
    },
    /// A regular expression that cannot be read.
    #[error("`{pattern}` is no regular expression: {why}")]
    BadPattern {
        /// The expression.
        pattern: String,
        /// Why.
        why: String,
    },
    /// A tag that is to be removed is not there.
    #[error("there is no tag `{key}`")]
    NoTag {
        /// The tag.
        key: String,
    },
}

impl TrackingError {
    /// What kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NoExperiment(_)
            | Self::NoExperimentNamed(_)
            | Self::NoRun(_)
            | Self::NoModel(_)
            | Self::NoVersion { .. }
            | Self::NoLoggedModel(_)
            | Self::NoTrace(_)
            | Self::NoAssessment { .. }
            | Self::NoTag { .. } => ErrorKind::NotFound,
            Self::BadPattern { .. } => ErrorKind::Usage,
            Self::ExperimentExists { .. }
            | Self::ExperimentDeleted(_)
            | Self::ExperimentActive(_)
            | Self::RunDeleted(_)
            | Self::NotTracked { .. }
            | Self::ModelExists(_)
            | Self::ModelParamChanged { .. }
            | Self::OtherAssessment { .. }
            | Self::ParamChanged { .. } => ErrorKind::Locked,
        }
    }
}
