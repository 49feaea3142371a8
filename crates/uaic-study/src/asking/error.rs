//! Why nothing was asked or told.

use crate::outcome::StudyError;
use crate::store::StoreError;
use crate::trial::RunState;
use uaic_wording::ErrorKind;

/// Why nothing was asked or told.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The study, or its record, is at fault.
    #[error(transparent)]
    Study(#[from] StudyError),
    /// All trials have been asked for.
    #[error(
        "study {study} has all of its {trials} trials; `uaic resume {study} --trials N` raises their number"
    )]
    Spent {
        /// Short id.
        study: String,
        /// Its number of trials.
        trials: u32,
    },
    /// Every point has been tried, and none is to be tried twice.
    #[error(
        "every point of study {study} has been tried: its space has no other. `uaic resume {study} --spec SPEC.toml` \
         goes on in a wider one"
    )]
    Exhausted {
        /// Short id.
        study: String,
    },
    /// The trial has ended otherwise.
    #[error(
        "trial {number} is {state} already; `uaic study correct STUDY/{number} VALUE` changes a value, with a reason"
    )]
    Otherwise {
        /// Its number.
        number: u32,
        /// How it ended.
        state: RunState,
    },
    /// There is no such trial.
    #[error("there is no trial {number} in study {study}")]
    Absent {
        /// Its number.
        number: u32,
        /// Short id.
        study: String,
    },
    /// As many values as metrics are needed.
    #[error("{found} values were told, but the study has {} ({})", metrics.len(), metrics.join(", "))]
    Count {
        /// How many were told.
        found: usize,
        /// The metrics.
        metrics: Vec<String>,
    },
}

impl AskError {
    /// What kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Study(study) => study.kind(),
            Self::Absent { .. } => ErrorKind::NotFound,
            Self::Spent { .. } | Self::Exhausted { .. } | Self::Otherwise { .. } => ErrorKind::Locked,
            Self::Count { .. } => ErrorKind::Usage,
        }
    }
}

impl From<StoreError> for AskError {
    fn from(error: StoreError) -> Self {
        Self::Study(error.into())
    }
}
