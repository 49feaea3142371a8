//! Training a recurrent classifier, in memory that is reused from step to step.

use std::cmp::Reverse;

use rand::SeedableRng;

use super::network::Recurrent;
use super::shard::{AllTransposed, Shard};
use crate::model::contract::Learner;
use crate::model::crew::Crew;
use crate::model::error::ModelError;
use crate::model::gradients::{Lookup, Parts, Task};
use crate::model::head::{HeadPass, HeadTape, Which};
use crate::model::pooling::AttentionTape;
use crate::model::weights::Weights;
use crate::text::TokenIds;
use uaic_kernel::rng::ChaCha8Rng;
use uaic_kernel::{Kernels, Targets};

/// Texts per shard.
const SHARD: usize = 16;

pub(super) struct RecurrentLearner {
    network: Recurrent,
    kernels: Kernels,
    crew: Crew,
    buffers: Buffers,
}

#[derive(Default)]
struct Buffers {
    shards: Vec<Shard>,
    transposed: AllTransposed,
    /// Positions of the texts, by falling length.
    order: Vec<usize>,
    gold: Vec<usize>,
    head: HeadTape,
}

impl RecurrentLearner {
    pub(super) fn new(network: Recurrent, kernels: Kernels, crew: Crew) -> Self {
        Self { network, kernels, crew, buffers: Buffers::default() }
    }
}

impl Learner for RecurrentLearner {
    fn learn(
        &mut self,
        weights: &mut Weights,
        texts: &[&TokenIds],
        targets: Targets<'_>,
        rng: &mut ChaCha8Rng,
        gradients: &mut [f32],
    ) -> Result<f64, ModelError> {
        let Self { network, kernels, crew, buffers } = self;
        let kernels = *kernels;
        buffers.load(texts, targets.gold, rng);
        let Buffers { shards, transposed, gold, head, .. } = buffers;
        let trained = weights.trained();
        crew.each(shards, |shard| shard.forward(network, kernels, trained));
        network.transpose(trained, transposed);
        let targets = Targets { gold, ..targets };
        let pass = |which| HeadPass { kernels, which, targets, transposed: &transposed.head };
        head.take_features(shards.iter().map(|shard| &shard.features[..]));
        let loss = network.head.learn(&pass(Which::First), weights, rng, head);
        give_gradients(&head.grad, shards);
        let trained = weights.trained();
        crew.each(shards, |shard| shard.back(network, kernels, trained, transposed));
        if network.adversarial > 0.0 {
            crew.each(shards, |shard| shard.forward_perturbed(network, kernels, trained));
            head.take_features(shards.iter().map(|shard| &shard.features[..]));
            network.head.learn(&pass(Which::Second), weights, rng, head);
            give_gradients(&head.grad, shards);
            let trained = weights.trained();
            crew.each(shards, |shard| shard.back(network, kernels, trained, transposed));
        }
        let mut tasks = network.tasks(shards, head, &mut Parts::cut(weights, gradients));
        crew.each(&mut tasks, |task| task.run(kernels));
        Ok(loss)
    }
}

impl Buffers {
    /// Deals the texts to the shards, by falling length.
    fn load(&mut self, texts: &[&TokenIds], gold: &[usize], rng: &mut ChaCha8Rng) {
        let order = &mut self.order;
        order.clear();
        order.extend(0..texts.len());
        order.sort_by_key(|&text| Reverse(texts[text].len()));
        self.gold.clear();
        self.gold.extend(order.iter().map(|&text| gold[text]));
        self.shards.resize_with(texts.len().div_ceil(SHARD), Shard::default);
        for (shard, order) in self.shards.iter_mut().zip(order.chunks(SHARD)) {
            let texts: Vec<&TokenIds> = order.iter().map(|&text| texts[text]).collect();
            shard.load(&texts, Some(ChaCha8Rng::from_rng(rng)));
        }
    }
}

/// Gives each shard the gradients of its features.
fn give_gradients(mut grad: &[f32], shards: &mut [Shard]) {
    for shard in shards {
        let (own, rest) = grad.split_at(shard.features.len());
        shard.grad_features.clear();
        shard.grad_features.extend_from_slice(own);
        grad = rest;
    }
}

impl Recurrent {
    /// The work that turns what all shards keep into gradients of the weights.
    fn tasks<'a>(&self, shards: &'a [Shard], head: &'a HeadTape, parts: &mut Parts<'a>) -> Vec<Task<'a>> {
        let mut tasks = Vec::new();
        let uses = || {
            let lookup = |shard: &'a Shard| Lookup {
                batch: &shard.batch,
                words: &shard.words,
                grad: &shard.grad_inputs,
            };
            shards.iter().map(lookup).collect()
        };
        tasks.push(Task::Words { uses: uses(), table: parts.take(&self.words) });
        if let Some(ngrams) = &self.ngrams {
            tasks.push(Task::Ngrams { uses: uses(), table: parts.take(ngrams) });
        }
        for (number, lstm) in self.layers.iter().enumerate() {
            let applied = shards.iter().map(|shard| {
                let layer = &shard.layers[number];
                (&shard.batch, &layer.inputs[..], &layer.directions[..])
            });
            lstm.tasks(&applied.collect::<Vec<_>>(), parts, &mut tasks);
        }
        self.pool.tasks(shards.iter().map(|shard| &shard.pool), parts, &mut tasks);
        if let Some(attention) = &self.attention {
            let tapes: Vec<&AttentionTape> = shards.iter().map(|shard| &shard.attention).collect();
            attention.tasks(&tapes, parts, &mut tasks);
        }
        self.head.tasks(head, parts, &mut tasks);
        tasks
    }
}
