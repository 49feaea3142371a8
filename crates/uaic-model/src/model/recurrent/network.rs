//! The network with its places in some weights.

use crate::model::contract::Dimensions;
use crate::model::error::WeightsError;
use crate::model::head::Head;
use crate::model::lstm::Lstm;
use crate::model::pooling::{Pool, SelfAttention};
use crate::model::spec::RecurrentSpec;
use crate::model::weights::{Init, Slot, Weights};

/// Layers on top of each other.
#[derive(Clone, Debug)]
pub(super) struct Recurrent {
    pub(super) embedding_dim: usize,
    /// `(V, E)`
    pub(super) words: Slot,
    /// `(G, E)`
    pub(super) ngrams: Option<Slot>,
    pub(super) word_dropout: f64,
    pub(super) dropout: f64,
    pub(super) layers: Vec<Lstm>,
    pub(super) pool: Pool,
    pub(super) attention: Option<SelfAttention>,
    pub(super) head: Head,
    pub(super) adversarial: f32,
}

impl Recurrent {
    pub(super) fn new(
        spec: &RecurrentSpec,
        sizes: Dimensions,
        has_attention: bool,
        weights: &mut Weights,
    ) -> Result<Self, WeightsError> {
        let (embedding_dim, hidden) = (spec.embedding_dim as usize, spec.hidden_dim as usize);
        let normal = Init::Normal(1.0);
        let words = weights.plain("embedding.weight", &[sizes.vocabulary, embedding_dim], normal)?;
        let ngrams = (sizes.ngrams > 0)
            .then(|| weights.plain("ngrams.weight", &[sizes.ngrams, embedding_dim], normal))
            .transpose()?;
        let mut layers: Vec<Lstm> = Vec::new();
        for layer in 0..spec.layers as usize {
            let name = if layer == 0 { "lstm".to_owned() } else { format!("lstm{layer}") };
            let inputs = layers.last().map_or(embedding_dim, Lstm::width);
            layers.push(Lstm::new(&name, (inputs, hidden), spec.bidirectional, weights)?);
        }
        let width = layers.last().map_or(embedding_dim, Lstm::width);
        Ok(Self {
            embedding_dim,
            words,
            ngrams,
            word_dropout: spec.word_dropout,
            dropout: spec.dropout,
            layers,
            pool: Pool::new(spec.pooling, width, hidden, weights)?,
            attention: has_attention.then(|| SelfAttention::new(width, weights)).transpose()?,
            head: Head::new((width, sizes.classes), spec.head_dropout, weights)?,
            adversarial: spec.adversarial as f32,
        })
    }

    /// Values of a text's features.
    pub(super) fn width(&self) -> usize {
        self.layers.last().map_or(self.embedding_dim, Lstm::width)
    }
}
