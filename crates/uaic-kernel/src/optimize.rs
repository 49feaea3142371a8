//! Adam, one pass over all weights.

use super::{LANES, kernel};

/// One step of Adam (Kingma & Ba 2015) or of Adam with decoupled decay (Loshchilov & Hutter 2019),
/// and of the moving average of the weights.
#[derive(Clone, Copy, Debug)]
pub struct AdamStep {
    /// What the first moment keeps of itself, β₁.
    pub beta1: f32,
    /// What the second moment keeps of itself, β₂.
    pub beta2: f32,
    /// Keeps the division away from zero.
    pub epsilon: f32,
    /// Factor of the gradient, from clipping.
    pub scale: f32,
    /// L2 penalty added to the gradient.
    pub penalty: f32,
    /// Factor of the value, from decoupled decay.
    pub shrink: f32,
    /// Learning rate over the first moment's bias correction.
    pub step_size: f32,
    /// One over the second moment's bias correction.
    pub second_scale: f32,
    /// What the average keeps of itself.
    pub kept: f32,
}

/// Moments below this are zero: they are far below ε, and numbers without a full mantissa would
/// slow every later step down.
const NEGLIGIBLE: f32 = 1e-30;

kernel! {
    /// Moves `values` against their `gradients`; `average`, if there is one, follows them.
    fn adam<'a>(
        step: &'a AdamStep,
        gradients: &'a [f32],
        first: &'a mut [f32],
        second: &'a mut [f32],
        values: &'a mut [f32],
        average: Option<&'a mut [f32]>,
    ) {
        let moments = first.iter_mut().zip(second);
        let all = values.iter_mut().zip(moments).zip(gradients);
        match average {
            None => {
                for ((value, (m, v)), gradient) in all {
                    step.take(*gradient, m, v, value);
                }
            }
            Some(average) => {
                let kept = step.kept;
                for (((value, (m, v)), gradient), average) in all.zip(average) {
                    step.take(*gradient, m, v, value);
                    *average = kept.mul_add(*average, (1.0 - kept) * *value);
                }
            }
        }
    }
}

impl AdamStep {
    #[inline(always)]
    fn take(&self, gradient: f32, first: &mut f32, second: &mut f32, value: &mut f32) {
        let Self { beta1, beta2, epsilon, scale, penalty, shrink, step_size, second_scale, .. } = *self;
        let g = penalty.mul_add(*value, gradient * scale);
        let next = beta1.mul_add(*first, (1.0 - beta1) * g);
        let next_square = beta2.mul_add(*second, (1.0 - beta2) * g * g);
        let next = if next.abs() < NEGLIGIBLE { 0.0 } else { next };
        let next_square = if next_square < NEGLIGIBLE { 0.0 } else { next_square };
        let root = (next_square * second_scale).sqrt() + epsilon;
        let moved = value.mul_add(shrink, -step_size * next / root);
        (*first, *second, *value) = (next, next_square, moved);
    }
}

kernel! {
    /// As [`sum_of_squares`], in sixteen running sums, which is faster and rounds otherwise.
    fn sum_of_many_squares<'a>(values: &'a [f32]) -> f64 {
        let mut sums = [0.0_f64; LANES];
        let (blocks, rest) = values.as_chunks::<LANES>();
        for block in blocks {
            for (sum, &value) in sums.iter_mut().zip(block) {
                *sum += f64::from(value) * f64::from(value);
            }
        }
        let mut total = -0.0;
        for sum in sums {
            total += sum;
        }
        total + sum_of_squares(rest)
    }
}

/// Σ x², in double precision, one value after the other.
#[inline(always)]
pub fn sum_of_squares(values: &[f32]) -> f64 {
    let mut sum = -0.0;
    for &value in values {
        sum += f64::from(value) * f64::from(value);
    }
    sum
}
