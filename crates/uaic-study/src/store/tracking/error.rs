//! Why a store does not do what somebody who logs to it asks.

use super::super::Id;
use super::ExperimentId;
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
            Self::NoExperiment(_) | Self::NoExperimentNamed(_) | Self::NoRun(_) | Self::NoTag { .. } => {
                ErrorKind::NotFound
            }
            Self::ExperimentExists { .. }
            | Self::ExperimentDeleted(_)
            | Self::ExperimentActive(_)
            | Self::RunDeleted(_)
            | Self::NotTracked { .. }
            | Self::ParamChanged { .. } => ErrorKind::Locked,
        }
    }
}
