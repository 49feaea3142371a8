//! Why there is no picture and no report.

use super::study::ViewError;
use crate::ErrorKind;
use crate::comparison::ComparisonError;
use crate::store::StoreError;
use crate::training::TrainingError;

/// Why a picture cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum PlotError {
    /// There is no such kind.
    #[error("there is no picture `{kind}`{hint}")]
    Kind {
        /// What was asked for.
        kind: String,
        /// The nearest one, or where the list is.
        hint: String,
    },
    /// The study cannot be shown.
    #[error(transparent)]
    View(#[from] ViewError),
    /// The run's model or predictions cannot be read.
    #[error(transparent)]
    Training(#[from] TrainingError),
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The picture cannot be drawn.
    #[error(transparent)]
    Draw(#[from] super::draw::DrawError),
    /// A score has no value.
    #[error("a score cannot be had: {0}")]
    Score(#[from] crate::eval::Undefined),
    /// The model cannot be applied.
    #[error("the model cannot be applied: {0}")]
    Model(#[from] crate::model::ModelError),
    /// The runs cannot be compared.
    #[error(transparent)]
    Comparison(#[from] ComparisonError),
    /// The run has not recorded what the picture shows.
    #[error("{run} has no {what}: {hint}")]
    Missing {
        /// The run.
        run: String,
        /// What it lacks.
        what: String,
        /// Which run has it, or how to get it.
        hint: String,
    },
}

impl PlotError {
    /// What kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Kind { .. } => ErrorKind::Usage,
            Self::View(view) => view.kind(),
            Self::Training(training) => training.kind(),
            Self::Store(store) => store.kind(),
            Self::Draw(draw) => draw.kind(),
            Self::Comparison(comparison) => comparison.kind(),
            Self::Missing { .. } => ErrorKind::NotFound,
            Self::Score(_) | Self::Model(_) => ErrorKind::Failed,
        }
    }
}
