//! The recurrent classifiers: embedding → dropout → LSTM → (self-attention) → batch norm → linear.

use candle_core::{Device, Result, Tensor};

use super::batch_norm::BatchNorm;
use super::dropout::dropout;
use super::linear::Linear;
use super::lstm::Lstm;
use super::{Batch, Dimensions, Mode, Model, Weights, attention};
use crate::spec::ModelSpec;

struct Recurrent {
    /// `(V, E)`
    embedding: Tensor,
    dropout: f64,
    lstm: Lstm,
    attention: Option<SelfAttention>,
    batch_norm: BatchNorm,
    head: Linear,
}

/// Single-head scaled dot-product self-attention, read at the last real position only.
///
/// Of q·kᵀ and the mix of v only the last position's row is used, so the projections of all other
/// positions fold away: with u = q·Wk the scores are u·xᵀ, and Wv may be applied after the mix.
/// A bias of k adds the same to every score, which softmax cancels, and one of v is removed by the
/// batch norm that follows; neither would ever receive a gradient, so neither exists.
struct SelfAttention {
    query: Linear,
    key: Linear,
    value: Linear,
}

pub(super) fn lstm(spec: &ModelSpec, sizes: Dimensions, weights: &mut Weights) -> Result<Box<dyn Model>> {
    Ok(Box::new(Recurrent::new(spec, sizes, weights, None)?))
}

pub(super) fn lstm_attention(
    spec: &ModelSpec,
    sizes: Dimensions,
    weights: &mut Weights,
) -> Result<Box<dyn Model>> {
    let hidden = spec.hidden_dim as usize;
    let attention = SelfAttention {
        query: Linear::new("attention.query", hidden, hidden, weights)?,
        key: Linear::without_bias("attention.key", hidden, hidden, weights)?,
        value: Linear::without_bias("attention.value", hidden, hidden, weights)?,
    };
    Ok(Box::new(Recurrent::new(spec, sizes, weights, Some(attention))?))
}

impl Recurrent {
    fn new(
        spec: &ModelSpec,
        sizes: Dimensions,
        weights: &mut Weights,
        attention: Option<SelfAttention>,
    ) -> Result<Self> {
        let (embedding, hidden) = (spec.embedding_dim as usize, spec.hidden_dim as usize);
        Ok(Self {
            embedding: weights.normal("embedding.weight", &[sizes.vocabulary, embedding])?,
            dropout: spec.dropout,
            lstm: Lstm::new("lstm", embedding, hidden, weights)?,
            attention,
            batch_norm: BatchNorm::new("batch_norm", hidden, weights)?,
            head: Linear::new("head", hidden, sizes.classes, weights)?,
        })
    }
}

impl Model for Recurrent {
    fn forward(&self, batch: &Batch, mode: &mut Mode<'_>) -> Result<Tensor> {
        let tokens = Tensor::from_slice(batch.tokens(), batch.tokens().len(), &Device::Cpu)?;
        let embedded = self.embedding.index_select(&tokens, 0)?; // (N, E)
        let embedded = dropout(embedded, self.dropout, mode)?;
        let states = self.lstm.forward(&embedded, batch, mode)?; // (N, H)
        let last = Tensor::from_vec(batch.last_tokens(), batch.len(), &Device::Cpu)?;
        let last = states.index_select(&last, 0)?; // (B, H)
        let features = match &self.attention {
            Some(attention) => {
                let query = attention.query.forward(&last)?;
                let folded = attention.key.transposed(&query)?; // (B, H)
                attention.value.forward(&attention::mix(&states, &folded, batch)?)?
            }
            None => last,
        };
        self.head.forward(&self.batch_norm.forward(&features, mode)?)
    }
}
