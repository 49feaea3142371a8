//! BERT (Devlin et al. 2019): a transformer encoder that is trained as a whole, or from some layer
//! upwards.
//!
//! A batch is packed without padding and divided into shards of whole texts ([`texts`]), whose
//! rows lie as panels ([`dense`]). Every step of a layer is a list of jobs, one for each panel of a
//! result and shard, or one for each shard; what a job writes, no other one touches, and each value
//! is one chain of operations in an order of its own. So nothing depends on the threads, and a
//! text's logits do not depend on its batch.
//!
//! Frozen layers are applied as they are, without dropout, and what they make of a text is kept
//! ([`frozen`]). Where only the first token's state is read, the last layer computes no other.

mod dense;
mod embedding;
mod frozen;
mod head;
mod layer;
mod learner;
mod norm;
mod predictor;
mod shard;
#[cfg(test)]
mod tests;
mod texts;

use std::sync::Arc;

use rand::SeedableRng;

use super::contract::{Dimensions, Learner, Model, Predictor};
use super::crew::Crew;
use super::error::WeightsError;
use super::spec::{BertPooling, BertSpec};
use super::weights::Weights;
use crate::text::TokenIds;
use dense::Rate;
use embedding::Embeddings;
pub use frozen::FrozenStates;
use frozen::Key;
use head::Head;
use layer::Layer;
use texts::Asks;
use uaic_kernel::Kernels;
use uaic_kernel::rng::ChaCha8Rng;

/// What every step of a pass reads.
#[derive(Clone, Copy)]
struct At<'a> {
    kernels: Kernels,
    crew: &'a Crew,
    weights: &'a Weights,
}

/// The sizes and settings of a model.
struct Sizes {
    vocabulary: usize,
    positions: usize,
    types: usize,
    width: usize,
    heads: usize,
    inner: usize,
    classes: usize,
    pooling: BertPooling,
    epsilon: f64,
    dropout: f64,
    attention_dropout: f64,
    head_dropout: f64,
}

/// The network with its places in some weights.
#[derive(Clone, Debug)]
struct Encoder {
    width: usize,
    heads: usize,
    positions: u32,
    pooling: BertPooling,
    /// Of the embeddings' outputs.
    dropout: f64,
    embeddings: Embeddings,
    has_trained_embeddings: bool,
    layers: Vec<Layer>,
    /// How many of the lowest layers are frozen.
    frozen: usize,
    head: Head,
    /// What is known of texts after the frozen layers.
    kept: Option<Arc<FrozenStates>>,
}

/// A transformer on new, adapted or loaded weights.
///
/// # Errors
/// Weights that do not fit.
pub(super) fn bert(
    spec: &BertSpec,
    sizes: Dimensions,
    weights: &mut Weights,
) -> Result<Box<dyn Model>, WeightsError> {
    Ok(Box::new(Encoder::new(spec, sizes, weights)?))
}

impl Encoder {
    fn new(spec: &BertSpec, dimensions: Dimensions, weights: &mut Weights) -> Result<Self, WeightsError> {
        let sizes = Sizes {
            vocabulary: dimensions.vocabulary,
            positions: spec.positions.max(1) as usize,
            types: spec.token_types.max(1) as usize,
            width: spec.hidden_dim as usize,
            heads: spec.heads.max(1) as usize,
            inner: spec.intermediate_dim as usize,
            classes: dimensions.classes,
            pooling: spec.pooling,
            epsilon: spec.layer_norm_epsilon,
            dropout: spec.dropout,
            attention_dropout: spec.attention_dropout,
            head_dropout: spec.head_dropout,
        };
        let (count, frozen) = (spec.layers as usize, spec.frozen_layers.min(spec.layers) as usize);
        let has_trained_embeddings = frozen == 0 && !spec.frozen_embeddings;
        let rate = if has_trained_embeddings { Rate::At(spec.layers + 1) } else { Rate::Frozen };
        let embeddings = Embeddings::new(&sizes, rate, weights)?;
        let layer = |number: usize, weights: &mut Weights| {
            let rate = if number < frozen { Rate::Frozen } else { Rate::At((count - number) as u32) };
            Layer::new(number, &sizes, rate, weights)
        };
        let layers = (0..count).map(|number| layer(number, weights)).collect::<Result<_, _>>()?;
        let head = Head::new(&sizes, weights)?;
        Ok(Self {
            width: sizes.width,
            heads: sizes.heads,
            positions: sizes.positions as u32,
            pooling: sizes.pooling,
            dropout: if frozen > 0 { 0.0 } else { sizes.dropout },
            embeddings,
            has_trained_embeddings,
            layers,
            frozen,
            head,
            kept: weights.kept_states(),
        })
    }

    /// Which rows a layer computes.
    fn asks(&self, layer: usize) -> Asks {
        let is_last = layer + 1 == self.layers.len();
        if is_last && self.pooling == BertPooling::First { Asks::First } else { Asks::Every }
    }

    /// Whether nothing but pooler and head is trained.
    fn is_all_frozen(&self) -> bool {
        self.frozen > 0 && self.frozen == self.layers.len()
    }

    /// What the states of a text after the frozen layers are kept under.
    fn key(&self, text: &TokenIds) -> Key {
        let pooling = self.is_all_frozen().then_some(self.pooling);
        Key { layers: self.frozen as u32, pooling, words: text.words().to_vec() }
    }
}

impl Model for Encoder {
    fn learner(&self, kernels: Kernels, crew: Crew) -> Box<dyn Learner> {
        Box::new(learner::EncoderLearner::new(self.clone(), kernels, crew))
    }

    fn predictor<'a>(&'a self, kernels: Kernels, weights: &'a Weights) -> Box<dyn Predictor + 'a> {
        Box::new(predictor::EncoderPredictor::new(self, kernels, weights))
    }
}

/// Where the dropout of one step is drawn from: a stream for each place and shard, so that it does
/// not matter which thread draws first.
struct Streams {
    key: [u8; 32],
}

/// One of the streams.
#[derive(Clone, Copy)]
struct Site<'a> {
    streams: &'a Streams,
    number: u64,
}

impl Streams {
    /// The stream of a place in the encoder, for one shard.
    fn site(&self, place: u64, shard: u64) -> Site<'_> {
        Site { streams: self, number: place << 32 | shard }
    }

    /// The stream of the head, for one shard.
    fn head_site(&self, shard: u64) -> Site<'_> {
        self.site(u64::from(u32::MAX), shard)
    }
}

impl Site<'_> {
    fn rng(&self) -> ChaCha8Rng {
        let mut rng = ChaCha8Rng::from_seed(self.streams.key);
        rng.set_stream(self.number);
        rng
    }
}
