//! Some texts of a batch on their way through the network, and back.

use super::network::Recurrent;
use crate::model::batch::Batch;
use crate::model::dropout::draw_mask;
use crate::model::head::Which;
use crate::model::lstm::{Tape, Transposed};
use crate::model::pass::Pass;
use crate::model::pooling::{AttentionTape, AttentionTransposed, PoolTape};
use crate::text::{TokenIds, UNKNOWN};
use uaic_kernel::rng::ChaCha8Rng;
use uaic_kernel::{Kernels, Row, sum_of_squares};

/// Some texts of a batch, and all that a step keeps of them.
#[derive(Default)]
pub(super) struct Shard {
    pub(super) batch: Batch,
    /// Words as they are looked up, `(N)`.
    pub(super) words: Vec<u32>,
    pub(super) layers: Vec<LayerTape>,
    pub(super) pool: PoolTape,
    pub(super) attention: AttentionTape,
    /// `(B, F)`
    pub(super) features: Vec<f32>,
    pub(super) grad_features: Vec<f32>,
    /// Gradients of the states of the layer that is being worked on, and of its inputs.
    pub(super) grad_states: Vec<f32>,
    pub(super) grad_inputs: Vec<f32>,
    /// For training: where masks are drawn from.
    pub(super) rng: Option<ChaCha8Rng>,
    pub(super) scratch: Vec<f32>,
}

/// What a step keeps of one layer.
#[derive(Default)]
pub(super) struct LayerTape {
    /// `(N, in)`
    pub(super) inputs: Vec<f32>,
    /// The factors that the inputs were multiplied by; empty for none.
    pub(super) mask: Vec<f32>,
    pub(super) directions: Vec<Tape>,
    /// `(N, D·H)`
    pub(super) states: Vec<f32>,
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
    pub(super) fn load(&mut self, texts: &[&TokenIds], rng: Option<ChaCha8Rng>) {
        self.batch.repack(texts);
        self.rng = rng;
    }

    /// From words to features.
    pub(super) fn forward(&mut self, network: &Recurrent, kernels: Kernels, trained: &[f32]) {
        self.layers.resize_with(network.layers.len(), LayerTape::default);
        self.embed(network, kernels, trained);
        self.run_layers(network, kernels, trained, Which::First);
    }

    /// Moves the inputs of each text a step of a given length in the direction in which the loss
    /// grows fastest, and goes on from there with the same dropout.
    pub(super) fn forward_perturbed(&mut self, network: &Recurrent, kernels: Kernels, trained: &[f32]) {
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
        self.run_layers(network, kernels, trained, Which::Second);
    }

    fn run_layers(&mut self, network: &Recurrent, kernels: Kernels, trained: &[f32], which: Which) {
        for number in 0..network.layers.len() {
            let (before, layer) = self.layers.split_at_mut(number);
            let layer = &mut layer[0];
            if let Some(before) = before.last() {
                layer.inputs.clone_from(&before.states);
                if which == Which::First {
                    layer.draw_mask(network.dropout, self.rng.as_mut());
                }
                layer.drop(kernels);
            }
            let pass = Pass { kernels, trained, batch: &self.batch };
            let LayerTape { inputs, directions, states, .. } = layer;
            network.layers[number].forward(pass, inputs, directions, states);
        }
        let Self { batch, layers, pool, attention, features, .. } = self;
        let pass = Pass { kernels, trained, batch };
        let states = layers.last().map_or(&[][..], |layer| &layer.states);
        match &network.attention {
            None => network.pool.forward(pass, states, pool, features),
            Some(layer) => {
                network.pool.forward(pass, states, pool, &mut attention.asking);
                layer.forward(pass, states, attention, features);
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
    pub(super) fn back(
        &mut self,
        network: &Recurrent,
        kernels: Kernels,
        trained: &[f32],
        transposed: &AllTransposed,
    ) {
        let Self { batch, layers, pool, attention, grad_features, grad_states, grad_inputs, .. } = self;
        let pass = Pass { kernels, trained, batch };
        let states = layers.last().map_or(&[][..], |layer| &layer.states);
        grad_states.clear();
        grad_states.resize(states.len(), 0.0);
        match &network.attention {
            None => network.pool.back(pass, states, pool, grad_features, grad_states),
            Some(layer) => {
                let transposed = &transposed.attention;
                layer.back(pass, transposed, states, attention, grad_features, grad_states);
                network.pool.back(pass, states, pool, &attention.grad_asking, grad_states);
            }
        }
        let all = network.layers.iter().zip(&transposed.layers).zip(layers);
        for (number, ((lstm, transposed), layer)) in all.enumerate().rev() {
            let LayerTape { mask, directions, states, .. } = layer;
            lstm.back(pass, transposed, states, directions, grad_states, grad_inputs);
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
pub(super) struct AllTransposed {
    pub(super) layers: Vec<Vec<Transposed>>,
    pub(super) attention: AttentionTransposed,
    pub(super) head: Vec<Row>,
}

impl Recurrent {
    pub(super) fn transpose(&self, trained: &[f32], transposed: &mut AllTransposed) {
        transposed.layers.resize_with(self.layers.len(), Vec::new);
        for (lstm, transposed) in self.layers.iter().zip(&mut transposed.layers) {
            lstm.transpose(trained, transposed);
        }
        if let Some(attention) = &self.attention {
            attention.transpose(trained, &mut transposed.attention);
        }
        self.head.transpose(trained, &mut transposed.head);
    }
}
