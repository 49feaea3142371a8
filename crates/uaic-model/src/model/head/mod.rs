//! From the features of a whole batch to its loss, and back: batch norm, dropout and the last layer.

mod norm;

use super::dropout::draw_mask;
use super::error::WeightsError;
use super::gradients::{Parts, Task};
use super::linear::{Linear, LinearTape};
use super::weights::Weights;
use norm::BatchNorm;
use uaic_kernel::rng::ChaCha8Rng;
use uaic_kernel::{BatchStatistics, Kernels, Normalized, Row, Targets};

/// Batch norm, dropout and the last layer of the networks over word vectors.
#[derive(Clone, Debug)]
pub(super) struct Head {
    norm: BatchNorm,
    dropout: f64,
    linear: Linear,
    /// Features, F.
    width: usize,
    /// Classes, C.
    pub(super) classes: usize,
}

/// Which of the passes of a step.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    /// The one that draws dropout and updates running statistics.
    First,
    /// The one on perturbed inputs.
    Second,
}

/// What a step keeps of batch norm and head, for the whole batch.
#[derive(Default)]
pub(super) struct HeadTape {
    statistics: BatchStatistics,
    /// Whether the statistics are the batch's own.
    own_statistics: bool,
    /// Features, then normalised ones, `(B, F)`.
    normalized: Vec<f32>,
    outputs: Vec<f32>,
    mask: Vec<f32>,
    /// Logits, then their gradients, `(B, C)`.
    logits: Vec<f32>,
    /// Gradients of the outputs, then of the features, `(B, F)`.
    pub(super) grad: Vec<f32>,
    linear: LinearTape,
    grad_weight: Vec<f32>,
    grad_bias: Vec<f32>,
}

impl HeadTape {
    /// Takes the features of all texts, a part after the other.
    pub(super) fn take_features<'a>(&mut self, parts: impl Iterator<Item = &'a [f32]>) {
        self.normalized.clear();
        for features in parts {
            self.normalized.extend_from_slice(features);
        }
    }
}

/// What a pass through the head is about.
pub(super) struct HeadPass<'a> {
    pub(super) kernels: Kernels,
    pub(super) which: Which,
    pub(super) targets: Targets<'a>,
    /// The last layer's weight, transposed.
    pub(super) transposed: &'a [Row],
}

impl Head {
    pub(super) fn new(
        (width, classes): (usize, usize),
        dropout: f64,
        weights: &mut Weights,
    ) -> Result<Self, WeightsError> {
        let norm = BatchNorm::new(width, weights)?;
        Ok(Self { norm, dropout, linear: Linear::new("head", width, classes, weights)?, width, classes })
    }

    /// Forward and backward, from `tape.normalized` to `tape.grad`: the loss of the batch.
    pub(super) fn learn(
        &self,
        pass: &HeadPass<'_>,
        weights: &mut Weights,
        rng: &mut ChaCha8Rng,
        tape: &mut HeadTape,
    ) -> f64 {
        self.normalize(pass, weights, tape);
        let trained = weights.trained();
        self.scale_and_drop(pass, trained, rng, tape);
        self.linear.forward(pass.kernels, trained, &tape.outputs, &mut tape.logits);
        let loss = pass.kernels.cross_entropy(&mut tape.logits, pass.targets);
        self.back(pass, trained, tape);
        loss
    }

    fn normalize(&self, pass: &HeadPass<'_>, weights: &mut Weights, tape: &mut HeadTape) {
        let HeadTape { statistics, own_statistics, normalized, .. } = tape;
        let width = self.width;
        let rows = normalized.len() / width;
        // One row has no variance of its own; it is normalised by what was seen before.
        *own_statistics = rows > 1;
        if *own_statistics {
            pass.kernels.batch_statistics(normalized, width, statistics);
            if pass.which == Which::First {
                self.norm.track(weights, statistics, rows);
            }
        } else {
            self.norm.running(weights, statistics);
        }
        pass.kernels.normalize(normalized, statistics);
    }

    fn scale_and_drop(
        &self,
        pass: &HeadPass<'_>,
        trained: &[f32],
        rng: &mut ChaCha8Rng,
        tape: &mut HeadTape,
    ) {
        let HeadTape { normalized, outputs, mask, .. } = tape;
        let (weight, bias) = (self.norm.weight.of(trained), self.norm.bias.of(trained));
        outputs.resize(normalized.len(), 0.0);
        pass.kernels.scale_and_shift(normalized, weight, bias, outputs);
        if pass.which == Which::First {
            mask.clear();
            if self.dropout > 0.0 {
                draw_mask(self.dropout, outputs.len(), rng, mask);
            }
        }
        if !mask.is_empty() {
            pass.kernels.multiply_by(outputs, mask);
        }
    }

    fn back(&self, pass: &HeadPass<'_>, trained: &[f32], tape: &mut HeadTape) {
        let HeadTape {
            statistics,
            own_statistics,
            normalized,
            outputs,
            mask,
            logits,
            grad,
            linear,
            grad_weight,
            grad_bias,
        } = tape;
        grad.clear();
        grad.resize(outputs.len(), 0.0);
        self.linear.back(pass.kernels, pass.transposed, logits, linear, grad);
        if !mask.is_empty() {
            pass.kernels.multiply_by(grad, mask);
        }
        for sum in [&mut *grad_weight, grad_bias] {
            sum.clear();
            sum.resize(self.width, 0.0);
        }
        let of = Normalized {
            rows: normalized,
            scales: &statistics.variance,
            weight: self.norm.weight.of(trained),
            own_statistics: *own_statistics,
        };
        pass.kernels.normalize_back(of, grad, grad_weight, grad_bias);
    }

    /// The last layer's weight, transposed.
    pub(super) fn transpose(&self, trained: &[f32], transposed: &mut Vec<Row>) {
        self.linear.transpose(trained, transposed);
    }

    /// What is left to do for the gradients of the weights.
    pub(super) fn tasks<'a>(&self, tape: &'a HeadTape, parts: &mut Parts<'a>, tasks: &mut Vec<Task<'a>>) {
        tasks.push(Task::Sum { terms: vec![&tape.grad_weight], sum: parts.take(&self.norm.weight) });
        tasks.push(Task::Sum { terms: vec![&tape.grad_bias], sum: parts.take(&self.norm.bias) });
        self.linear.tasks(&[(&tape.outputs, &tape.linear)], parts, tasks);
    }

    /// From features `(B, F)`, which are normalised, to logits `(B, C)`.
    pub(super) fn apply(
        &self,
        (kernels, weights): (Kernels, &Weights),
        features: &mut [f32],
        memory: &mut Applied,
        logits: &mut Vec<f32>,
    ) {
        let Applied { statistics, outputs } = memory;
        let trained = weights.trained();
        self.norm.running(weights, statistics);
        kernels.normalize(features, statistics);
        outputs.resize(features.len(), 0.0);
        let (weight, bias) = (self.norm.weight.of(trained), self.norm.bias.of(trained));
        kernels.scale_and_shift(features, weight, bias, outputs);
        self.linear.forward(kernels, trained, outputs, logits);
    }
}

/// Memory of a head that is applied.
#[derive(Default)]
pub(super) struct Applied {
    statistics: BatchStatistics,
    outputs: Vec<f32>,
}
