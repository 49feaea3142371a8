//! From the features of a whole batch to its loss, and back: batch norm, dropout and the last layer.

use super::network::Recurrent;
use super::shard::Which;
use crate::model::dropout::draw_mask;
use crate::model::linear::LinearTape;
use crate::model::weights::Weights;
use uaic_kernel::rng::ChaCha8Rng;
use uaic_kernel::{BatchStatistics, Kernels, Normalized, Row, Targets};

/// What a step keeps of batch norm and head, for the whole batch.
#[derive(Default)]
pub(super) struct HeadTape {
    statistics: BatchStatistics,
    /// Whether the statistics are the batch's own.
    own_statistics: bool,
    /// Features, then normalised ones, `(B, F)`.
    pub(super) normalized: Vec<f32>,
    pub(super) outputs: Vec<f32>,
    mask: Vec<f32>,
    /// Logits, then their gradients, `(B, C)`.
    logits: Vec<f32>,
    /// Gradients of the outputs, then of the features, `(B, F)`.
    pub(super) grad: Vec<f32>,
    pub(super) linear: LinearTape,
    pub(super) grad_weight: Vec<f32>,
    pub(super) grad_bias: Vec<f32>,
}

/// What a pass through the head is about.
pub(super) struct HeadPass<'a> {
    pub(super) kernels: Kernels,
    pub(super) which: Which,
    pub(super) targets: Targets<'a>,
    /// The last layer's weight, transposed.
    pub(super) transposed: &'a [Row],
}

impl Recurrent {
    /// Forward and backward, from `tape.normalized` to `tape.grad`: the loss of the batch.
    pub(super) fn head(
        &self,
        pass: &HeadPass<'_>,
        weights: &mut Weights,
        rng: &mut ChaCha8Rng,
        tape: &mut HeadTape,
    ) -> f64 {
        self.normalize(pass, weights, tape);
        let trained = weights.trained();
        self.scale_and_drop(pass, trained, rng, tape);
        self.head.forward(pass.kernels, trained, &tape.outputs, &mut tape.logits);
        let loss = pass.kernels.cross_entropy(&mut tape.logits, pass.targets);
        self.head_back(pass, trained, tape);
        loss
    }

    fn normalize(&self, pass: &HeadPass<'_>, weights: &mut Weights, tape: &mut HeadTape) {
        let HeadTape { statistics, own_statistics, normalized, .. } = tape;
        let width = self.width();
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
            if self.head_dropout > 0.0 {
                draw_mask(self.head_dropout, outputs.len(), rng, mask);
            }
        }
        if !mask.is_empty() {
            pass.kernels.multiply_by(outputs, mask);
        }
    }

    fn head_back(&self, pass: &HeadPass<'_>, trained: &[f32], tape: &mut HeadTape) {
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
        self.head.back(pass.kernels, pass.transposed, logits, linear, grad);
        if !mask.is_empty() {
            pass.kernels.multiply_by(grad, mask);
        }
        for sum in [&mut *grad_weight, grad_bias] {
            sum.clear();
            sum.resize(self.width(), 0.0);
        }
        let of = Normalized {
            rows: normalized,
            scales: &statistics.variance,
            weight: self.norm.weight.of(trained),
            own_statistics: *own_statistics,
        };
        pass.kernels.normalize_back(of, grad, grad_weight, grad_bias);
    }
}
