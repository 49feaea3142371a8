//! What an architecture gives: a model that learns from batches and predicts.

use super::crew::Crew;
use super::error::ModelError;
use super::weights::Weights;
use crate::text::TokenIds;
use uaic_kernel::rng::ChaCha8Rng;
use uaic_kernel::{Kernels, Targets};

/// An architecture with its places in some [`Weights`].
pub trait Model: Send + Sync {
    /// Trains it.
    fn learner(&self, kernels: Kernels, crew: Crew) -> Box<dyn Learner>;

    /// Applies it.
    fn predictor<'a>(&'a self, kernels: Kernels, weights: &'a Weights) -> Box<dyn Predictor + 'a>;
}

/// One training of a model: what a step needs besides the weights.
pub trait Learner: Send {
    /// The loss of a batch, and its gradients: one for each of `weights.trained()`, in its order,
    /// zero for padding. Running statistics are updated; dropout draws from `rng`.
    ///
    /// Only what `weights.spans()` names after the call is written: `gradients` begin as zeros and
    /// are kept from call to call.
    ///
    /// # Errors
    /// [`ModelError::Operation`], which is a defect.
    fn learn(
        &mut self,
        weights: &mut Weights,
        texts: &[&TokenIds],
        targets: Targets<'_>,
        rng: &mut ChaCha8Rng,
        gradients: &mut [f32],
    ) -> Result<f64, ModelError>;
}

/// A model that is being applied.
pub trait Predictor {
    /// Logits `(B, C)`, rows in the order of the texts. A text's logits do not depend on what
    /// other texts are beside it, to the bit.
    ///
    /// # Errors
    /// [`ModelError::Operation`], which is a defect.
    fn logits(&mut self, texts: &[&TokenIds], logits: &mut Vec<f32>) -> Result<(), ModelError>;

    /// As [`Predictor::logits`], and what led to them.
    ///
    /// # Errors
    /// As [`Predictor::logits`].
    fn observe(&mut self, texts: &[&TokenIds], seen: &mut Observation) -> Result<(), ModelError>;
}

/// What a model makes of some texts; none of it depends on what other texts are beside one, to the
/// bit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observation {
    /// `(B, C)`
    pub logits: Vec<f32>,
    /// The vector that a text becomes, before batch norm, `(B, F)`. Applied, the batch norm is a fixed
    /// factor and summand for each value, so nothing is lost; and before it a value is as large as the
    /// network made it, where after it even one that hardly ever moves is blown up to variance 1.
    pub features: Vec<f32>,
    /// How much each token of a text had a say in its features: what attends to it where something
    /// does, else what pooling took from it. `B` rows that sum to 1.
    pub shares: Vec<Vec<f32>>,
}

/// The sizes that the data decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dimensions {
    /// Word ids, reserved ones included.
    pub vocabulary: usize,
    /// N-gram ids; 0 when there are no n-grams.
    pub ngrams: usize,
    /// Classes.
    pub classes: usize,
}
