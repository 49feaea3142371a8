//! Architectures made of candle's operations, whose gradients are its autograd's.
//!
//! Each implements the same traits as those with passes by hand. Weights stay in our own
//! [`Weights`]: a step makes leaves of them, runs candle's graph forward and back, and adds the
//! gradients of the leaves to the slice that our optimizer reads. What comes after the features of a
//! text is the same as in recurrent networks: batch norm, dropout, the last layer and the loss, whose
//! gradients are what candle's backward pass begins with.
//!
//! How a product of matrices is added up depends on its size, so a text that is asked goes through
//! the graph alone, and in training texts are divided into shards whatever the number of threads: then
//! bits depend on neither.

mod input;
mod leaf;
mod learner;
mod network;
mod predictor;

use candle_core::Error;

use super::contract::{Dimensions, Learner, Model, Predictor};
use super::crew::Crew;
use super::error::{ModelError, WeightsError};
use super::spec::CnnSpec;
use super::weights::Weights;
use learner::CnnLearner;
use network::Cnn;
use predictor::CnnPredictor;
use uaic_kernel::Kernels;

/// Embedding, convolutions, maxima over time (Kim 2014).
pub(super) fn cnn(
    spec: &CnnSpec,
    sizes: Dimensions,
    weights: &mut Weights,
) -> Result<Box<dyn Model>, WeightsError> {
    Ok(Box::new(Cnn::new(spec, sizes, weights)?))
}

impl Model for Cnn {
    fn learner(&self, kernels: Kernels, crew: Crew) -> Box<dyn Learner> {
        Box::new(CnnLearner::new(self.clone(), kernels, crew))
    }

    fn predictor<'a>(&'a self, kernels: Kernels, weights: &'a Weights) -> Box<dyn Predictor + 'a> {
        Box::new(CnnPredictor::new(self, kernels, weights))
    }
}

impl From<Error> for ModelError {
    fn from(error: Error) -> Self {
        Self::Operation(Box::new(error))
    }
}
