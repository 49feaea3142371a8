//! Training a transformer, in memory that is reused from step to step.

use super::embedding::Embedded;
use super::head::HeadTransposed;
use super::layer::{Transposed, Wanted};
use super::shard::{Keep, Shard, frozen_states, run, steps};
use super::{At, Encoder, Streams};
use crate::model::contract::Learner;
use crate::model::crew::Crew;
use crate::model::error::ModelError;
use crate::model::gradients::Parts;
use crate::model::weights::Weights;
use crate::text::TokenIds;
use uaic_kernel::rng::ChaCha8Rng;
use uaic_kernel::{Kernels, Targets};

pub(super) struct EncoderLearner {
    encoder: Encoder,
    kernels: Kernels,
    crew: Crew,
    buffers: Buffers,
}

#[derive(Default)]
struct Buffers {
    shards: Vec<Shard>,
    /// Those of texts whose states after the frozen layers are not known yet.
    frozen: Vec<Shard>,
    transposed: Transposed,
    head: HeadTransposed,
    logits: Vec<f32>,
}

impl EncoderLearner {
    pub(super) fn new(encoder: Encoder, kernels: Kernels, crew: Crew) -> Self {
        Self { encoder, kernels, crew, buffers: Buffers::default() }
    }
}

impl Learner for EncoderLearner {
    fn learn(
        &mut self,
        weights: &mut Weights,
        texts: &[&TokenIds],
        targets: Targets<'_>,
        rng: &mut ChaCha8Rng,
        gradients: &mut [f32],
    ) -> Result<f64, ModelError> {
        let Self { encoder, kernels, crew, buffers } = self;
        Shard::load(&mut buffers.shards, texts, encoder);
        encoder.embeddings.activate(buffers.shards.iter().map(|shard| &shard.texts), weights);
        let at = At { kernels: *kernels, crew, weights };
        let streams = Streams::new(rng);
        Ok(crew.enter(|| encoder.learn(at, texts, targets, &streams, buffers, gradients)))
    }
}

impl Encoder {
    fn learn(
        &self,
        at: At<'_>,
        texts: &[&TokenIds],
        targets: Targets<'_>,
        streams: &Streams,
        buffers: &mut Buffers,
        gradients: &mut [f32],
    ) -> f64 {
        let Buffers { shards, frozen, transposed, head, logits } = buffers;
        if self.frozen > 0 {
            let states = frozen_states(at, self, texts, frozen);
            let mut states = &states[..];
            for shard in &mut *shards {
                let (own, rest) = states.split_at(shard.texts.len());
                shard.recall(own, self.is_all_frozen());
                states = rest;
            }
        } else {
            let mut numbered: Vec<_> = shards.iter_mut().zip(0..).collect();
            at.crew.each(&mut numbered, |(shard, number)| shard.embed(at, self, Some(streams), *number));
        }
        let layers = self.frozen..self.layers.len();
        run(at, self, layers.clone(), shards, Some(streams), Keep::All);
        if !self.is_all_frozen() {
            at.crew.each(shards, |shard| self.pool(shard, layers.len(), Keep::All));
        }
        let mut parts = Parts::cut(at.weights, gradients);
        let mut tapes: Vec<_> = shards.iter_mut().map(|shard| (&shard.texts, &mut shard.head)).collect();
        self.head.forward(at, &mut tapes, Some(streams), logits);
        let loss = self.head.back(at, &mut tapes, (logits, targets), head, &mut parts);
        if self.is_all_frozen() {
            return loss;
        }
        let asks = self.asks(self.layers.len() - 1);
        at.crew
            .each(shards, |Shard { texts, head, grad, .. }| self.head.states_back(texts, asks, head, grad));
        for number in layers.rev() {
            let is_lowest = number == self.frozen;
            let wanted =
                if is_lowest && !self.has_trained_embeddings { Wanted::Weights } else { Wanted::Inputs };
            let mut steps = steps(shards, number - self.frozen);
            let asks = self.asks(number);
            self.layers[number].back(at, &mut steps, asks, wanted, transposed, &mut parts);
        }
        if self.has_trained_embeddings {
            self.embeddings_back(at, shards, &mut parts);
        }
        loss
    }

    /// The states after the last layer to what the head reads.
    pub(super) fn pool(&self, shard: &mut Shard, count: usize, keep: Keep) {
        let mut tape = std::mem::take(&mut shard.head);
        let asks = self.asks(self.layers.len() - 1);
        self.head.pool(&shard.texts, shard.states(count, keep), asks, &mut tape);
        shard.head = tape;
    }

    fn embeddings_back(&self, at: At<'_>, shards: &mut [Shard], parts: &mut Parts<'_>) {
        at.crew.each(shards, |Shard { embedding, grad, .. }| {
            if let Some(mask) = embedding.bits.mask(self.dropout) {
                at.kernels.drop_rows(grad, mask);
            }
            self.embeddings.back(at, embedding, grad);
        });
        let embedded: Vec<Embedded<'_>> = shards
            .iter()
            .map(|Shard { texts, embedding, grad, .. }| Embedded { texts, tape: embedding, grad })
            .collect();
        let mut jobs = Vec::new();
        self.embeddings.gradients(at.kernels, at.weights, &embedded, parts, &mut jobs);
        at.crew.run(jobs);
    }
}
