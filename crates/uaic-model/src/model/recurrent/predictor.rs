//! Applying a recurrent classifier, in memory that is reused from call to call.

use super::network::Recurrent;
use super::shard::Shard;
use crate::model::contract::{Observation, Predictor};
use crate::model::error::ModelError;
use crate::model::head::Applied;
use crate::model::weights::Weights;
use crate::text::TokenIds;
use uaic_kernel::Kernels;

/// Applies a recurrent classifier.
pub(super) struct RecurrentPredictor<'a> {
    network: &'a Recurrent,
    kernels: Kernels,
    weights: &'a Weights,
    shard: Shard,
    applied: Applied,
    /// In the order of the batch's rows.
    sorted: Vec<f32>,
}

impl<'a> RecurrentPredictor<'a> {
    pub(super) fn new(network: &'a Recurrent, kernels: Kernels, weights: &'a Weights) -> Self {
        let (shard, applied) = (Shard::default(), Applied::default());
        Self { network, kernels, weights, shard, applied, sorted: Vec::new() }
    }

    /// From texts to features, `(B, F)` in the order of the batch's rows.
    fn run(&mut self, texts: &[&TokenIds]) {
        self.shard.load(texts, None);
        self.shard.forward(self.network, self.kernels, self.weights.trained());
    }

    /// From features to logits in the order of the texts; normalises the features.
    fn head(&mut self, logits: &mut Vec<f32>) {
        let Self { network, kernels, weights, shard, applied, sorted } = self;
        network.head.apply((*kernels, weights), &mut shard.features, applied, sorted);
        unsort(shard.batch.order(), sorted, network.head.classes, logits);
    }
}

impl Predictor for RecurrentPredictor<'_> {
    fn logits(&mut self, texts: &[&TokenIds], logits: &mut Vec<f32>) -> Result<(), ModelError> {
        self.run(texts);
        self.head(logits);
        Ok(())
    }

    fn observe(&mut self, texts: &[&TokenIds], seen: &mut Observation) -> Result<(), ModelError> {
        self.run(texts);
        let Self { network, shard, .. } = self;
        unsort(shard.batch.order(), &shard.features, network.width(), &mut seen.features);
        seen.shares.resize_with(texts.len(), Vec::new);
        for (row, &text) in shard.batch.order().iter().enumerate() {
            let shares = &mut seen.shares[text];
            match &network.attention {
                None => network.pool.shares(&shard.batch, row, &shard.pool, shares),
                Some(_) => shard.attention.shares(&shard.batch, row, shares),
            }
        }
        self.head(&mut seen.logits);
        Ok(())
    }
}

/// Rows of `width` values, in the order of the texts.
fn unsort(order: &[usize], sorted: &[f32], width: usize, rows: &mut Vec<f32>) {
    rows.clear();
    rows.resize(order.len() * width, 0.0);
    for (&text, row) in order.iter().zip(sorted.chunks_exact(width)) {
        rows[text * width..][..width].copy_from_slice(row);
    }
}
