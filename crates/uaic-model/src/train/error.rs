//! Why a training gave nothing.

use std::convert::Infallible;

use crate::model::{ModelError, PretrainedError, WeightsError};
use crate::text::TokenizerError;

/// Why a training gave nothing of its own accord.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The loss is not a number any more.
    #[error(
        "the loss became {loss} in epoch {epoch}, step {step}; try a lower train.lr or train.clip_norm = 1.0"
    )]
    Diverged {
        /// From 1.
        epoch: u32,
        /// From 1, within the epoch.
        step: usize,
        /// NaN or ±∞.
        loss: f64,
    },
    /// The loss was a number, but what the model says of validation texts is not.
    #[error(
        "the model's output is not a number after epoch {epoch}; try a lower train.lr or train.clip_norm = 1.0"
    )]
    Overflow {
        /// From 1.
        epoch: u32,
    },
    /// There is nothing to learn from.
    #[error(
        "the training part has {examples} examples of {classes} classes; at least one example and two classes are needed"
    )]
    TooLittle {
        /// Number of examples.
        examples: usize,
        /// Number of classes.
        classes: usize,
    },
    /// The watcher asked for the end.
    #[error("stopped on request")]
    Cancelled,
    /// The model cannot be built, which is a defect.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The pretrained model does not do for it.
    #[error(transparent)]
    Pretrained(#[from] PretrainedError),
    /// The tokenizer cannot be built.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// The model does not learn: there are no threads for it, or it has a defect.
    #[error(transparent)]
    Model(#[from] ModelError),
}

/// Why a training that is watched gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum FitError<E: std::error::Error + 'static> {
    /// It failed, or was asked to end.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// Whoever watched it failed.
    #[error(transparent)]
    Watcher(E),
}

impl From<FitError<Infallible>> for TrainError {
    /// A watcher that never fails.
    fn from(error: FitError<Infallible>) -> Self {
        match error {
            FitError::Train(error) => error,
            FitError::Watcher(never) => match never {},
        }
    }
}
