//! Softmax and cross-entropy.

use super::activation::exp;
use super::kernel;

kernel! {
    /// Logits to probabilities, in place, row by row of `(B, C)`.
    fn softmax<'a>(logits: &'a mut [f32], classes: usize) {
        for row in logits.chunks_exact_mut(classes) {
            let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let mut sum = 0.0;
            for value in &mut *row {
                *value = exp(*value - largest);
                sum += *value;
            }
            for value in row {
                *value /= sum;
            }
        }
    }
}

/// What a batch should come to.
#[derive(Clone, Copy, Debug)]
pub struct Targets<'a> {
    /// The gold class of each row, `(B)`.
    pub gold: &'a [usize],
    /// Probability taken from the gold class and spread over all.
    pub smoothing: f32,
    /// Weight of each class, `(C)`.
    pub class_weights: &'a [f32],
}

kernel! {
    /// Mean over the batch of −Σ q·log softmax(logits), where q gives the gold class 1 − ε and
    /// spreads ε over all classes. Examples count by the weight of their gold class, and the mean
    /// is over these weights. Logits `(B, C)` become their gradients.
    fn cross_entropy<'a>(logits: &'a mut [f32], targets: Targets<'a>) -> f64 {
        let Targets { gold, smoothing, class_weights } = targets;
        let classes = class_weights.len();
        let total: f32 = gold.iter().map(|&class| class_weights[class]).sum();
        let spread = smoothing / classes as f32;
        let mut loss = 0.0;
        for (row, &gold) in logits.chunks_exact_mut(classes).zip(gold) {
            let share = class_weights[gold] / total;
            let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let (mut sum, mut shifted) = (0.0_f32, 0.0_f32);
            for value in &mut *row {
                shifted += *value - largest;
                *value -= largest;
            }
            let at_gold = row[gold];
            for value in &mut *row {
                *value = exp(*value);
                sum += *value;
            }
            // Σ q·log p = (1 − ε)·(z − log Σ) + ε/C·Σ (z − log Σ), with z shifted by the largest
            let log_sum = libm::log(f64::from(sum));
            let right = f64::from(at_gold) - log_sum;
            let all = f64::from(shifted) - classes as f64 * log_sum;
            loss -= f64::from(share) * (f64::from(1.0 - smoothing) * right + f64::from(spread) * all);
            for value in &mut *row {
                *value = share * (*value / sum - spread);
            }
            row[gold] -= share * (1.0 - smoothing);
        }
        loss
    }
}
