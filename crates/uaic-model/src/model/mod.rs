//! Models: one trait, one registry, and layers with forward and backward passes by hand.
//!
//! A model says how it learns from a batch and how it predicts; it draws its tensors from
//! [`Weights`]. What it keeps of a step lives in a [`Learner`] or a [`Predictor`], whose memory is
//! reused. A model made of candle operations fits behind the same trait: its learner would copy
//! candle's gradients into the slice that it is given, and [`FusedLstm`] is there for its recurrence.

mod batch;
mod classifier;
mod crew;
mod dropout;
mod gradients;
mod linear;
mod lstm;
mod lstm_op;
mod pooling;
mod pretrained;
mod pretrained_folder;
mod recurrent;
mod spec;
#[cfg(test)]
mod tests;
mod transformer;
mod weights;

pub use batch::Batch;
pub use classifier::{Classifier, Features, Prediction, Reader, text_hash};
pub use crew::Crew;
pub use lstm_op::{FusedLstm, LstmConfig};
pub use pretrained::{Pretrained, PretrainedError};
pub use pretrained_folder::{MissingPretrained, find_pretrained};
pub use spec::{ARCHITECTURES, BertPooling, BertSpec, ModelSpec, Pooling, RecurrentSpec, poolings};
pub use transformer::FrozenStates;
pub use weights::{
    BufferSlot, Columns, Init, Parameter, Slot, Snapshot, Source, Span, Training, Wanted, Weights,
    WeightsError,
};

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
    /// A tensor operation fails, which is a defect.
    fn learn(
        &mut self,
        weights: &mut Weights,
        texts: &[&TokenIds],
        targets: Targets<'_>,
        rng: &mut ChaCha8Rng,
        gradients: &mut [f32],
    ) -> candle_core::Result<f64>;
}

/// A model that is being applied.
pub trait Predictor {
    /// Logits `(B, C)`, rows in the order of the texts. A text's logits do not depend on what
    /// other texts are beside it, to the bit.
    ///
    /// # Errors
    /// A tensor operation fails, which is a defect.
    fn logits(&mut self, texts: &[&TokenIds], logits: &mut Vec<f32>) -> candle_core::Result<()>;

    /// As [`Predictor::logits`], and what led to them.
    ///
    /// # Errors
    /// As [`Predictor::logits`].
    fn observe(&mut self, texts: &[&TokenIds], seen: &mut Observation) -> candle_core::Result<()>;
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

/// Builds the model of a specification, on new or loaded weights. An architecture is a variant of
/// [`ModelSpec`] with its settings, a file and a line here.
///
/// # Errors
/// Weights that do not fit.
pub fn build(
    spec: &ModelSpec,
    dimensions: Dimensions,
    weights: &mut Weights,
) -> Result<Box<dyn Model>, WeightsError> {
    match spec {
        ModelSpec::Lstm(spec) => recurrent::lstm(spec, dimensions, weights),
        ModelSpec::LstmAttention(spec) => recurrent::lstm_attention(spec, dimensions, weights),
        ModelSpec::Bert(spec) => transformer::bert(spec, dimensions, weights),
    }
}
