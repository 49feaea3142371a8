//! Models: one contract, one table of architectures, and the layers that they are made of.
//!
//! A model says how it learns from a batch and how it predicts; it draws its tensors from
//! [`Weights`]. What it keeps of a step lives in a [`Learner`] or a [`Predictor`], whose memory is
//! reused. Most have layers with forward and backward passes by hand; `candle` holds those that are
//! made of candle's operations and trained through its autograd, behind the same traits.

mod architecture;
mod batch;
#[cfg(feature = "candle")]
mod candle;
mod classifier;
mod contract;
mod crew;
mod dropout;
mod error;
mod gradients;
mod head;
mod linear;
mod lstm;
mod pass;
mod pooling;
mod pretrained;
mod pretrained_folder;
mod recurrent;
mod spec;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod transformer;
mod weights;

pub use architecture::{ARCHITECTURES, ModelSpec, build, poolings};
pub use batch::Batch;
pub use classifier::{Classifier, Features, Prediction, Reader, text_hash};
pub use contract::{Dimensions, Learner, Model, Observation, Predictor};
pub use crew::Crew;
pub use error::{ModelError, WeightsError};
pub use pretrained::{Pretrained, PretrainedError};
pub use pretrained_folder::{MissingPretrained, find_pretrained};
pub use spec::{BertPooling, BertSpec, CnnSpec, Pooling, RecurrentSpec};
pub use transformer::FrozenStates;
pub use weights::{
    BufferSlot, Columns, Init, Parameter, Slot, Snapshot, Source, Span, Tensor, Tensors, Training, Wanted,
    Weights, read_tensors,
};
