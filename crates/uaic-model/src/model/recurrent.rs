//! The recurrent classifiers: embedding → dropout → LSTM → pooling (→ self-attention) → batch norm
//! → linear.
//!
//! A batch is divided into shards of a fixed number of texts, which different threads may work on.
//! Sums over texts run shard by shard in their order, so results do not depend on the threads.

mod predictor;

use std::cmp::Reverse;

use rand::SeedableRng;

use super::crew::Crew;
use super::dropout::draw_mask;
use super::gradients::{Lookup, Parts, Task};
use super::linear::{Linear, LinearTape};
use super::lstm::{Lstm, Tape, Transposed};
use super::pooling::{AttentionTape, AttentionTransposed, Pool, PoolTape, SelfAttention};
use super::weights::{BufferSlot, Init, Slot};
use super::{Batch, Dimensions, Learner, Model, Predictor, Weights, WeightsError};
use crate::model::RecurrentSpec;
use crate::text::{TokenIds, UNKNOWN};
use predictor::RecurrentPredictor;
use uaic_kernel::rng::ChaCha8Rng;
use uaic_kernel::{BatchStatistics, Kernels, Normalized, Row, Targets, sum_of_squares};

/// Texts per shard.
const SHARD: usize = 16;

/// What the running statistics of the batch norm take in of each batch, as in PyTorch.
const MOMENTUM: f32 = 0.1;

#[derive(Clone, Debug)]
struct Recurrent {
    embedding_dim: usize,
    /// `(V, E)`
    words: Slot,
    /// `(G, E)`
    ngrams: Option<Slot>,
    word_dropout: f64,
    dropout: f64,
    layers: Vec<Lstm>,
    pool: Pool,
    attention: Option<SelfAttention>,
    norm: BatchNorm,
    head_dropout: f64,
    head: Linear,
    classes: usize,
    adversarial: f32,
}

#[derive(Clone, Debug)]
struct BatchNorm {
    weight: Slot,
    bias: Slot,
    running_mean: BufferSlot,
    running_variance: BufferSlot,
}

pub(super) fn lstm(
    spec: &RecurrentSpec,
    sizes: Dimensions,
    weights: &mut Weights,
) -> Result<Box<dyn Model>, WeightsError> {
    Ok(Box::new(Recurrent::new(spec, sizes, false, weights)?))
}

pub(super) fn lstm_attention(
    spec: &RecurrentSpec,
    sizes: Dimensions,
    weights: &mut Weights,
) -> Result<Box<dyn Model>, WeightsError> {
    Ok(Box::new(Recurrent::new(spec, sizes, true, weights)?))
}

impl Recurrent {
    fn new(
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
            norm: BatchNorm {
                weight: weights.plain("batch_norm.weight", &[width], Init::Constant(1.0))?,
                bias: weights.plain("batch_norm.bias", &[width], Init::Constant(0.0))?,
                running_mean: weights.buffer("batch_norm.running_mean", &[width], 0.0)?,
                running_variance: weights.buffer("batch_norm.running_var", &[width], 1.0)?,
            },
            head_dropout: spec.head_dropout,
            head: Linear::new("head", width, sizes.classes, weights)?,
            classes: sizes.classes,
            adversarial: spec.adversarial as f32,
        })
    }

    /// Values of a text's features.
    fn width(&self) -> usize {
        self.layers.last().map_or(self.embedding_dim, Lstm::width)
    }
}

impl Model for Recurrent {
    fn learner(&self, kernels: Kernels, crew: Crew) -> Box<dyn Learner> {
        Box::new(RecurrentLearner {
            network: self.clone(),
            kernels,
            crew,
            buffers: LearnerBuffers::default(),
        })
    }

    fn predictor<'a>(&'a self, kernels: Kernels, weights: &'a Weights) -> Box<dyn Predictor + 'a> {
        Box::new(RecurrentPredictor::new(self, kernels, weights))
    }
}

/// Some texts of a batch, and all that a step keeps of them.
#[derive(Default)]
struct Shard {
    batch: Batch,
    /// Words as they are looked up, `(N)`.
    words: Vec<u32>,
    layers: Vec<LayerTape>,
    pool: PoolTape,
    attention: AttentionTape,
    /// `(B, F)`
    features: Vec<f32>,
    grad_features: Vec<f32>,
    grad_asking: Vec<f32>,
    /// Gradients of the states of the layer that is being worked on, and of its inputs.
    grad_states: Vec<f32>,
    grad_inputs: Vec<f32>,
    /// For training: where masks are drawn from.
    rng: Option<ChaCha8Rng>,
    scratch: Vec<f32>,
}

/// What a step keeps of one layer.
#[derive(Default)]
struct LayerTape {
    /// `(N, in)`
    inputs: Vec<f32>,
    /// The factors that the inputs were multiplied by; empty for none.
    mask: Vec<f32>,
    directions: Vec<Tape>,
    /// `(N, D·H)`
    states: Vec<f32>,
}

/// Which of the passes of a step.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pass {
    /// The one that draws dropout and updates running statistics.
    First,
    /// The one on perturbed inputs.
    Second,
}

impl LayerTape {
    /// Draws the factors of the inputs; none without a stream to draw from.
    fn draw_mask(&mut self, dropout: f64, rng: Option<&mut ChaCha8Rng>) {
        self.mask.clear();
        if let Some(rng) = rng.filter(|_| dropout > 0.0) {
            draw_mask(dropout, self.inputs.len(), rng, &mut self.mask);
        }
    }

    fn drop(&mut self, kernels: Kernels) {
        if !self.mask.is_empty() {
            kernels.multiply_by(&mut self.inputs, &self.mask);
        }
    }
}

impl Shard {
    fn load(&mut self, texts: &[&TokenIds], rng: Option<ChaCha8Rng>) {
        self.batch.repack(texts);
        self.rng = rng;
    }

    /// From words to features.
    fn forward(&mut self, network: &Recurrent, kernels: Kernels, trained: &[f32]) {
        self.layers.resize_with(network.layers.len(), LayerTape::default);
        self.embed(network, kernels, trained);
        self.run_layers(network, kernels, trained, Pass::First);
    }

    /// Moves the inputs of each text a step of a given length in the direction in which the loss
    /// grows fastest, and goes on from there with the same dropout.
    fn forward_perturbed(&mut self, network: &Recurrent, kernels: Kernels, trained: &[f32]) {
        let Self { batch, layers, grad_inputs, .. } = self;
        let Some(LayerTape { inputs, .. }) = layers.first_mut() else { return };
        let width = network.embedding_dim;
        for tokens in (0..batch.len()).map(|row| batch.row(row)) {
            let gradients = tokens.iter().map(|token| &grad_inputs[token * width..][..width]);
            let norm = gradients.map(sum_of_squares).sum::<f64>().sqrt();
            let factor = network.adversarial / (norm + 1e-12) as f32;
            for token in tokens {
                let at = token * width..(token + 1) * width;
                kernels.add_to(&mut inputs[at.clone()], factor, &grad_inputs[at]);
            }
        }
        self.run_layers(network, kernels, trained, Pass::Second);
    }

    fn run_layers(&mut self, network: &Recurrent, kernels: Kernels, trained: &[f32], pass: Pass) {
        for number in 0..network.layers.len() {
            let (before, layer) = self.layers.split_at_mut(number);
            let layer = &mut layer[0];
            if let Some(before) = before.last() {
                layer.inputs.clone_from(&before.states);
                if pass == Pass::First {
                    layer.draw_mask(network.dropout, self.rng.as_mut());
                }
                layer.drop(kernels);
            }
            let LayerTape { inputs, directions, states, .. } = layer;
            network.layers[number].forward(kernels, trained, &self.batch, inputs, directions, states);
        }
        let Self { batch, layers, pool, attention, features, .. } = self;
        let states = layers.last().map_or(&[][..], |layer| &layer.states);
        match &network.attention {
            None => network.pool.forward(kernels, trained, batch, states, pool, features),
            Some(layer) => {
                network.pool.forward(kernels, trained, batch, states, pool, &mut attention.asking);
                layer.forward(kernels, trained, batch, states, attention, features);
            }
        }
    }

    /// Words and their n-grams to the inputs of the first layer.
    fn embed(&mut self, network: &Recurrent, kernels: Kernels, trained: &[f32]) {
        let Self { batch, words, layers, rng, scratch, .. } = self;
        words.clear();
        words.extend_from_slice(batch.words());
        if let Some(rng) = rng.as_mut().filter(|_| network.word_dropout > 0.0) {
            draw_mask(network.word_dropout, words.len(), rng, scratch);
            for (word, kept) in words.iter_mut().zip(scratch) {
                *word = if *kept > 0.0 { *word } else { UNKNOWN };
            }
        }
        let width = network.embedding_dim;
        let Some(first) = layers.first_mut() else { return };
        let table = network.words.of(trained);
        first.inputs.clear();
        for &word in &*words {
            first.inputs.extend_from_slice(&table[word as usize * width..][..width]);
        }
        if let Some(ngrams) = &network.ngrams {
            let table = ngrams.of(trained);
            for (token, input) in first.inputs.chunks_exact_mut(width).enumerate() {
                let ngrams = batch.ngrams(token);
                let share = 1.0 / ngrams.len() as f32;
                for &ngram in ngrams {
                    kernels.add_to(input, share, &table[ngram as usize * width..][..width]);
                }
            }
        }
        first.draw_mask(network.dropout, rng.as_mut());
        first.drop(kernels);
    }

    /// From gradients of the features to those of the first layer's inputs, and of all sums
    /// between.
    fn back(&mut self, network: &Recurrent, kernels: Kernels, trained: &[f32], transposed: &AllTransposed) {
        let Self {
            batch, layers, pool, attention, grad_features, grad_asking, grad_states, grad_inputs, ..
        } = self;
        let states = layers.last().map_or(&[][..], |layer| &layer.states);
        grad_states.clear();
        grad_states.resize(states.len(), 0.0);
        match &network.attention {
            None => network.pool.back(kernels, trained, batch, states, pool, grad_features, grad_states),
            Some(layer) => {
                let transposed = &transposed.attention;
                layer.back(
                    kernels,
                    transposed,
                    batch,
                    states,
                    attention,
                    grad_features,
                    grad_states,
                    grad_asking,
                );
                network.pool.back(kernels, trained, batch, states, pool, grad_asking, grad_states);
            }
        }
        let all = network.layers.iter().zip(&transposed.layers).zip(layers);
        for (number, ((lstm, transposed), layer)) in all.enumerate().rev() {
            let LayerTape { mask, directions, states, .. } = layer;
            lstm.back(kernels, transposed, batch, states, directions, grad_states, grad_inputs);
            if !mask.is_empty() {
                kernels.multiply_by(grad_inputs, mask);
            }
            if number > 0 {
                std::mem::swap(grad_states, grad_inputs);
            }
        }
    }
}

/// All transposed weights, which the backward pass reads.
#[derive(Default)]
struct AllTransposed {
    layers: Vec<Vec<Transposed>>,
    attention: AttentionTransposed,
    head: Vec<Row>,
}

/// Trains a recurrent classifier, in memory that is reused from step to step.
struct RecurrentLearner {
    network: Recurrent,
    kernels: Kernels,
    crew: Crew,
    buffers: LearnerBuffers,
}

#[derive(Default)]
struct LearnerBuffers {
    shards: Vec<Shard>,
    transposed: AllTransposed,
    /// Positions of the texts, by falling length.
    order: Vec<usize>,
    gold: Vec<usize>,
    head: HeadTape,
}

/// What a step keeps of batch norm and head, for the whole batch.
#[derive(Default)]
struct HeadTape {
    statistics: BatchStatistics,
    /// `(B, F)`
    normalized: Vec<f32>,
    outputs: Vec<f32>,
    mask: Vec<f32>,
    /// Logits, then their gradients, `(B, C)`.
    logits: Vec<f32>,
    grad: Vec<f32>,
    linear: LinearTape,
    grad_weight: Vec<f32>,
    grad_bias: Vec<f32>,
}

impl Learner for RecurrentLearner {
    fn learn(
        &mut self,
        weights: &mut Weights,
        texts: &[&TokenIds],
        targets: Targets<'_>,
        rng: &mut ChaCha8Rng,
        gradients: &mut [f32],
    ) -> candle_core::Result<f64> {
        let Self { network, kernels, crew, buffers } = self;
        let kernels = *kernels;
        let LearnerBuffers { shards, transposed, order, gold, head } = buffers;
        order.clear();
        order.extend(0..texts.len());
        order.sort_by_key(|&text| Reverse(texts[text].len()));
        gold.clear();
        gold.extend(order.iter().map(|&text| targets.gold[text]));
        shards.resize_with(texts.len().div_ceil(SHARD), Shard::default);
        for (shard, order) in shards.iter_mut().zip(order.chunks(SHARD)) {
            let texts: Vec<&TokenIds> = order.iter().map(|&text| texts[text]).collect();
            shard.load(&texts, Some(ChaCha8Rng::from_rng(rng)));
        }
        let trained = weights.trained();
        crew.each(shards, |shard| shard.forward(network, kernels, trained));
        network.transpose(trained, transposed);
        let targets = Targets { gold, ..targets };
        let loss = network.head(kernels, weights, shards, targets, rng, transposed, head, Pass::First);
        let trained = weights.trained();
        crew.each(shards, |shard| shard.back(network, kernels, trained, transposed));
        if network.adversarial > 0.0 {
            crew.each(shards, |shard| shard.forward_perturbed(network, kernels, trained));
            network.head(kernels, weights, shards, targets, rng, transposed, head, Pass::Second);
            let trained = weights.trained();
            crew.each(shards, |shard| shard.back(network, kernels, trained, transposed));
        }
        let mut tasks = network.tasks(shards, head, &mut Parts::cut(weights, gradients));
        crew.each(&mut tasks, |task| task.run(kernels));
        Ok(loss)
    }
}

impl Recurrent {
    fn transpose(&self, trained: &[f32], transposed: &mut AllTransposed) {
        transposed.layers.resize_with(self.layers.len(), Vec::new);
        for (lstm, transposed) in self.layers.iter().zip(&mut transposed.layers) {
            lstm.transpose(trained, transposed);
        }
        if let Some(attention) = &self.attention {
            attention.transpose(trained, &mut transposed.attention);
        }
        self.head.transpose(trained, &mut transposed.head);
    }

    /// Batch norm, head and loss, forward and backward: from the features of all shards to their
    /// gradients.
    fn head(
        &self,
        kernels: Kernels,
        weights: &mut Weights,
        shards: &mut [Shard],
        targets: Targets<'_>,
        rng: &mut ChaCha8Rng,
        transposed: &AllTransposed,
        tape: &mut HeadTape,
        pass: Pass,
    ) -> f64 {
        let width = self.width();
        let HeadTape { statistics, normalized, outputs, mask, logits, grad, linear, grad_weight, grad_bias } =
            tape;
        normalized.clear();
        for shard in &*shards {
            normalized.extend_from_slice(&shard.features);
        }
        let rows = normalized.len() / width;
        // One row has no variance of its own; it is normalised by what was seen before.
        let own_statistics = rows > 1;
        if own_statistics {
            kernels.batch_statistics(normalized, width, statistics);
            if pass == Pass::First {
                let unbiased = rows as f32 / (rows as f32 - 1.0);
                track(&mut weights[&self.norm.running_mean], &statistics.mean, 1.0);
                track(&mut weights[&self.norm.running_variance], &statistics.variance, unbiased);
            }
        } else {
            self.norm.running(weights, statistics);
        }
        kernels.normalize(normalized, statistics);
        let trained = weights.trained();
        let (weight, bias) = (self.norm.weight.of(trained), self.norm.bias.of(trained));
        outputs.resize(normalized.len(), 0.0);
        kernels.scale_and_shift(normalized, weight, bias, outputs);
        if pass == Pass::First {
            mask.clear();
            if self.head_dropout > 0.0 {
                draw_mask(self.head_dropout, outputs.len(), rng, mask);
            }
        }
        if !mask.is_empty() {
            kernels.multiply_by(outputs, mask);
        }
        self.head.forward(kernels, trained, outputs, logits);
        let loss = kernels.cross_entropy(logits, targets);
        grad.clear();
        grad.resize(outputs.len(), 0.0);
        self.head.back(kernels, &transposed.head, logits, linear, grad);
        if !mask.is_empty() {
            kernels.multiply_by(grad, mask);
        }
        for sum in [&mut *grad_weight, grad_bias] {
            sum.clear();
            sum.resize(width, 0.0);
        }
        let of = Normalized { rows: normalized, scales: &statistics.variance, weight, own_statistics };
        kernels.normalize_back(of, grad, grad_weight, grad_bias);
        let mut grad = &grad[..];
        for shard in shards {
            let (own, rest) = grad.split_at(shard.features.len());
            shard.grad_features.clear();
            shard.grad_features.extend_from_slice(own);
            grad = rest;
        }
        loss
    }

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
        tasks.push(Task::Sum { terms: vec![&head.grad_weight], sum: parts.take(&self.norm.weight) });
        tasks.push(Task::Sum { terms: vec![&head.grad_bias], sum: parts.take(&self.norm.bias) });
        self.head.tasks(&[(&head.outputs, &head.linear)], parts, &mut tasks);
        tasks
    }
}

impl BatchNorm {
    /// The running statistics.
    fn running(&self, weights: &Weights, statistics: &mut BatchStatistics) {
        statistics.mean.clear();
        statistics.mean.extend_from_slice(&weights[&self.running_mean]);
        statistics.variance.clear();
        statistics.variance.extend_from_slice(&weights[&self.running_variance]);
    }
}

/// running ← (1 − momentum) · running + momentum · factor · seen
fn track(running: &mut [f32], seen: &[f32], factor: f32) {
    for (running, seen) in running.iter_mut().zip(seen) {
        *running = (1.0 - MOMENTUM) * *running + MOMENTUM * factor * seen;
    }
}
