//! Why a training cannot run.

use crate::ErrorKind;
use crate::data::DataError;
use crate::eval::{PredictionsError, ScopeError};
use crate::model::PretrainedError;
use crate::package::PackageError;
use crate::select::SelectError;
use crate::spec::SpecErrors;
use crate::store::StoreError;
use crate::study::ObjectiveError;

/// Why a training cannot run.
#[derive(Debug, thiserror::Error)]
pub enum TrainingError {
    /// The spec is wrong.
    #[error(transparent)]
    Spec(#[from] SpecErrors),
    /// The data cannot be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The pretrained model cannot be read.
    #[error(transparent)]
    Pretrained(#[from] PretrainedError),
    /// The split that validation names cannot be used.
    #[error("data.validation names the split `{split}` of {dataset}, {why}; it has: {available}")]
    Split {
        /// The named split.
        split: String,
        /// The data set.
        dataset: String,
        /// What is wrong with it.
        why: &'static str,
        /// The splits there are.
        available: String,
    },
    /// The split that `data.oos` names is not there.
    #[error(
        "data.oos names the split `{split}`, which {dataset} does not have; texts of no intent are in: {available}"
    )]
    Exposure {
        /// The named split.
        split: String,
        /// The data set.
        dataset: String,
        /// The splits that it could be.
        available: String,
    },
    /// Too few distinct texts to divide.
    #[error(
        "{dataset} has {texts} distinct training texts, which data.validation cannot divide into {parts} parts"
    )]
    TooFew {
        /// The data set.
        dataset: String,
        /// Number of distinct training texts.
        texts: usize,
        /// Wanted number of folds.
        parts: usize,
    },
    /// The store fails.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The predictions that a run has stored cannot be read.
    #[error("the artifact `{artifact}` cannot be used: {source}")]
    Predictions {
        /// Its name.
        artifact: String,
        /// Why.
        source: PredictionsError,
    },
    /// A selector selects nothing.
    #[error(transparent)]
    Select(#[from] SelectError),
    /// A package cannot be made or used.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// What the out-of-scope method of a run has learnt cannot be read.
    #[error("the artifact `scope.safetensors` cannot be used: {0}")]
    Scope(#[from] ScopeError),
    /// The final training failed.
    #[error("the final training failed: {0}")]
    Final(String),
}

impl TrainingError {
    /// What kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Spec(errors) => errors.kind(),
            Self::Data(data) => data.kind(),
            Self::Store(store) => store.kind(),
            Self::Select(select) => select.kind(),
            Self::Package(package) => package.kind(),
            Self::Split { .. } | Self::Exposure { .. } | Self::TooFew { .. } => ErrorKind::Usage,
            Self::Pretrained(_) | Self::Predictions { .. } | Self::Scope(_) | Self::Final(_) => {
                ErrorKind::Failed
            }
        }
    }
}

impl From<ObjectiveError> for TrainingError {
    fn from(error: ObjectiveError) -> Self {
        match error {
            ObjectiveError::Store(store) => Self::Store(store),
            other => Self::Final(other.to_string()),
        }
    }
}
