//! The recurrent classifiers: embedding → dropout → LSTM → pooling (→ self-attention) → batch norm
//! → linear.
//!
//! A batch is divided into shards of a fixed number of texts, which different threads may work on.
//! Sums over texts run shard by shard in their order, so results do not depend on the threads.

mod learner;
mod network;
mod predictor;
mod shard;

use super::contract::{Dimensions, Learner, Model, Predictor};
use super::crew::Crew;
use super::error::WeightsError;
use super::spec::RecurrentSpec;
use super::weights::Weights;
use learner::RecurrentLearner;
use network::Recurrent;
use predictor::RecurrentPredictor;
use uaic_kernel::Kernels;

/// Embedding, LSTM, pooling.
pub(super) fn lstm(
    spec: &RecurrentSpec,
    sizes: Dimensions,
    weights: &mut Weights,
) -> Result<Box<dyn Model>, WeightsError> {
    Ok(Box::new(Recurrent::new(spec, sizes, false, weights)?))
}

/// The same, and self-attention over the states.
pub(super) fn lstm_attention(
    spec: &RecurrentSpec,
    sizes: Dimensions,
    weights: &mut Weights,
) -> Result<Box<dyn Model>, WeightsError> {
    Ok(Box::new(Recurrent::new(spec, sizes, true, weights)?))
}

impl Model for Recurrent {
    fn learner(&self, kernels: Kernels, crew: Crew) -> Box<dyn Learner> {
        Box::new(RecurrentLearner::new(self.clone(), kernels, crew))
    }

    fn predictor<'a>(&'a self, kernels: Kernels, weights: &'a Weights) -> Box<dyn Predictor + 'a> {
        Box::new(RecurrentPredictor::new(self, kernels, weights))
    }
}
