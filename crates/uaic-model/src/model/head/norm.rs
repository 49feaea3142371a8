//! Batch norm with running statistics.

use crate::model::error::WeightsError;
use crate::model::weights::{BufferSlot, Init, Slot, Weights};
use uaic_kernel::BatchStatistics;

/// What the running statistics of the batch norm take in of each batch, as in PyTorch.
const MOMENTUM: f32 = 0.1;

#[derive(Clone, Debug)]
pub(super) struct BatchNorm {
    pub(super) weight: Slot,
    pub(super) bias: Slot,
    running_mean: BufferSlot,
    running_variance: BufferSlot,
}

impl BatchNorm {
    pub(super) fn new(width: usize, weights: &mut Weights) -> Result<Self, WeightsError> {
        Ok(Self {
            weight: weights.plain("batch_norm.weight", &[width], Init::Constant(1.0))?,
            bias: weights.plain("batch_norm.bias", &[width], Init::Constant(0.0))?,
            running_mean: weights.buffer("batch_norm.running_mean", &[width], 0.0)?,
            running_variance: weights.buffer("batch_norm.running_var", &[width], 1.0)?,
        })
    }

    /// The running statistics.
    pub(super) fn running(&self, weights: &Weights, statistics: &mut BatchStatistics) {
        statistics.mean.clear();
        statistics.mean.extend_from_slice(&weights[&self.running_mean]);
        statistics.variance.clear();
        statistics.variance.extend_from_slice(&weights[&self.running_variance]);
    }

    /// Takes in what was seen of `rows` texts.
    pub(super) fn track(&self, weights: &mut Weights, statistics: &BatchStatistics, rows: usize) {
        let unbiased = rows as f32 / (rows as f32 - 1.0);
        track(&mut weights[&self.running_mean], &statistics.mean, 1.0);
        track(&mut weights[&self.running_variance], &statistics.variance, unbiased);
    }
}

/// running ← (1 − momentum) · running + momentum · factor · seen
fn track(running: &mut [f32], seen: &[f32], factor: f32) {
    for (running, seen) in running.iter_mut().zip(seen) {
        *running = (1.0 - MOMENTUM) * *running + MOMENTUM * factor * seen;
    }
}
