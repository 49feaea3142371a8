//! Applying a transformer, in memory that is reused from call to call.

use super::head::extend_row;
use super::shard::{Keep, Shard, frozen_states, run};
use super::texts::Asks;
use super::{At, Encoder};
use crate::model::contract::{Observation, Predictor};
use crate::model::crew::Crew;
use crate::model::error::ModelError;
use crate::model::weights::Weights;
use crate::text::TokenIds;
use uaic_kernel::Kernels;

pub(super) struct EncoderPredictor<'a> {
    encoder: &'a Encoder,
    kernels: Kernels,
    weights: &'a Weights,
    crew: Crew,
    shards: Vec<Shard>,
    frozen: Vec<Shard>,
    /// When all layers are frozen.
    shares: Vec<Vec<f32>>,
}

impl<'a> EncoderPredictor<'a> {
    pub(super) fn new(encoder: &'a Encoder, kernels: Kernels, weights: &'a Weights) -> Self {
        let (shards, frozen, shares) = (Vec::new(), Vec::new(), Vec::new());
        Self { encoder, kernels, weights, crew: Crew::alone(), shards, frozen, shares }
    }

    fn run(&mut self, texts: &[&TokenIds], logits: &mut Vec<f32>) {
        let Self { encoder, kernels, weights, crew, shards, frozen, shares } = self;
        let at = At { kernels: *kernels, crew, weights };
        Shard::load(shards, texts, encoder);
        shares.clear();
        if encoder.frozen > 0 {
            let states = frozen_states(at, encoder, texts, frozen);
            shares.extend(states.iter().map(|text| text.shares.clone()));
            let mut states = &states[..];
            for shard in &mut *shards {
                let (own, rest) = states.split_at(shard.texts.len());
                shard.recall(own, encoder.is_all_frozen());
                states = rest;
            }
        } else {
            for shard in &mut *shards {
                shard.embed(at, encoder, None, 0);
            }
        }
        if !encoder.is_all_frozen() {
            let layers = encoder.frozen..encoder.layers.len();
            run(at, encoder, layers.clone(), shards, None, Keep::Last);
            for shard in &mut *shards {
                encoder.pool(shard, layers.len(), Keep::Last);
            }
        }
        let mut tapes: Vec<_> = shards.iter_mut().map(|shard| (&shard.texts, &mut shard.head)).collect();
        encoder.head.forward(at, &mut tapes, None, logits);
    }
}

impl Predictor for EncoderPredictor<'_> {
    fn logits(&mut self, texts: &[&TokenIds], logits: &mut Vec<f32>) -> Result<(), ModelError> {
        self.run(texts, logits);
        Ok(())
    }

    fn observe(&mut self, texts: &[&TokenIds], seen: &mut Observation) -> Result<(), ModelError> {
        self.run(texts, &mut seen.logits);
        let Self { encoder, shards, shares, .. } = self;
        seen.features.clear();
        seen.shares.clear();
        for shard in shards {
            let (texts, features) = (&shard.texts, &shard.head.features);
            for text in 0..texts.len() {
                extend_row(features, texts.len(), text, encoder.width, &mut seen.features);
            }
            if encoder.is_all_frozen() {
                continue;
            }
            match encoder.asks(encoder.layers.len() - 1) {
                asks @ Asks::First => seen.shares.extend(shard.shares(encoder, asks)),
                Asks::Every => {
                    let own = (0..texts.len()).map(|text| encoder.head.shares(texts, text, &shard.head));
                    seen.shares.extend(own);
                }
            }
        }
        if encoder.is_all_frozen() {
            seen.shares.clone_from(shares);
        }
        Ok(())
    }
}
