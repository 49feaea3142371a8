//! Adam and `AdamW`, and the moving average of the weights: one pass over all of them.

use crate::kernel::{AdamStep, Kernels, sum_of_squares};
use crate::model::{Snapshot, Weights};
use crate::spec::{Optimizer, TrainSpec};

const BETA1: f64 = 0.9;
const BETA2: f64 = 0.999;
const EPSILON: f32 = 1e-8;

/// Adam (Kingma & Ba 2015; weight decay as an L2 penalty) or `AdamW` (Loshchilov & Hutter 2019;
/// weight decay apart from the gradient), with PyTorch's defaults: β₁ 0.9, β₂ 0.999, ε 1e-8.
///
/// Beside the weights goes their exponential moving average (Polyak & Juditsky 1992; Tarvainen &
/// Valpola 2017), steadier than the last step's weights.
pub(super) struct Adam {
    rule: Optimizer,
    weight_decay: f64,
    clip_norm: f64,
    decay: f64,
    step: i32,
    first: Vec<f32>,
    second: Vec<f32>,
    average: Snapshot,
}

impl Adam {
    /// A new optimizer for `weights`.
    pub(super) fn new(spec: &TrainSpec, weights: &Weights) -> Self {
        Self {
            rule: spec.optimizer,
            weight_decay: spec.weight_decay,
            clip_norm: spec.clip_norm,
            decay: spec.average,
            step: 0,
            first: vec![0.0; weights.trained().len()],
            second: vec![0.0; weights.trained().len()],
            average: weights.snapshot(),
        }
    }

    /// Moves all weights against their gradients.
    pub(super) fn step(&mut self, kernels: Kernels, weights: &mut Weights, gradients: &[f32], lr: f64) {
        self.step += 1;
        let (correction1, correction2) = (1.0 - BETA1.powi(self.step), 1.0 - BETA2.powi(self.step));
        let (penalty, shrink) = match self.rule {
            Optimizer::Adam => (self.weight_decay, 1.0),
            Optimizer::AdamW => (0.0, 1.0 - lr * self.weight_decay),
        };
        // Short at first, so that the random start is soon forgotten.
        let warm = (1.0 + f64::from(self.step)) / (10.0 + f64::from(self.step));
        let step = AdamStep {
            beta1: BETA1 as f32,
            beta2: BETA2 as f32,
            epsilon: EPSILON,
            scale: self.clip_factor(gradients) as f32,
            penalty: penalty as f32,
            shrink: shrink as f32,
            step_size: (lr / correction1) as f32,
            second_scale: (1.0 / correction2) as f32,
            kept: self.decay.min(warm) as f32,
        };
        let average = &mut self.average;
        for (average, value) in average.buffers.iter_mut().zip(weights.buffers()) {
            *average = step.kept * *average + (1.0 - step.kept) * value;
        }
        let values = weights.trained_mut();
        kernels.adam(&step, gradients, &mut self.first, &mut self.second, values, &mut average.trained);
    }

    /// Trades the weights with their average, when there is one: once puts it in their place, and
    /// once more brings them back.
    pub(super) fn swap_average(&mut self, weights: &mut Weights) {
        if self.decay > 0.0 {
            weights.swap(&mut self.average);
        }
    }

    /// The factor that brings the norm of all gradients down to `clip_norm`.
    fn clip_factor(&self, gradients: &[f32]) -> f64 {
        if self.clip_norm <= 0.0 {
            return 1.0;
        }
        (self.clip_norm / (sum_of_squares(gradients).sqrt() + 1e-6)).min(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Init;
    use crate::rng::SeedTree;

    /// Steps on loss = (w − 3)², from w = 1.
    fn steps(spec: &TrainSpec, count: usize) -> (Weights, Adam) {
        let mut weights = Weights::new(SeedTree::new(0));
        weights.plain("w", &[1], Init::Constant(1.0)).unwrap();
        let mut adam = Adam::new(spec, &weights);
        for _ in 0..count {
            let gradient = 2.0 * (weights.trained()[0] - 3.0);
            adam.step(Kernels::detect(), &mut weights, &[gradient], 0.01);
        }
        (weights, adam)
    }

    fn two_steps(optimizer: Optimizer) -> f32 {
        let spec = TrainSpec { optimizer, weight_decay: 0.1, ..TrainSpec::default() };
        steps(&spec, 2).0.trained()[0]
    }

    #[test]
    fn steps_equal_a_calculation_by_hand_in_double_precision() {
        // def steps(decoupled, wd=0.1, lr=0.01):
        //     w, m, v = 1.0, 0.0, 0.0
        //     for t in (1, 2):
        //         g = 2 * (w - 3) + (0 if decoupled else wd * w)
        //         m = .9 * m + .1 * g; v = .999 * v + .001 * g * g
        //         if decoupled: w *= 1 - lr * wd
        //         w -= lr * (m / (1 - .9 ** t)) / ((v / (1 - .999 ** t)) ** .5 + 1e-8)
        //     return w
        // steps(False) -> 1.0199973, steps(True) -> 1.0179883
        for (optimizer, expected) in [(Optimizer::Adam, 1.019_997_3), (Optimizer::AdamW, 1.017_988_3)] {
            let value = two_steps(optimizer);
            assert!((value - expected).abs() < 1e-5, "{optimizer:?}: {value}");
        }
    }

    #[test]
    fn clipping_bounds_the_norm_over_all_gradients() {
        let factor = |clip_norm| {
            let spec = TrainSpec { clip_norm, ..TrainSpec::default() };
            Adam::new(&spec, &Weights::new(SeedTree::new(0))).clip_factor(&[3.0, 4.0])
        };
        assert!((factor(1.0) - 0.2).abs() < 1e-6);
        assert!((factor(50.0) - 1.0).abs() < 1e-12 && (factor(0.0) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn the_average_follows_the_weights_and_swaps_without_loss() {
        let spec = TrainSpec { average: 0.5, ..TrainSpec::default() };
        let mut expected = 1.0;
        for step in 1..=20_u32 {
            let value = f64::from(steps(&spec, step as usize).0.trained()[0]);
            let kept = 0.5_f64.min((1.0 + f64::from(step)) / (10.0 + f64::from(step)));
            expected = kept * expected + (1.0 - kept) * value;
        }
        let (mut weights, mut adam) = steps(&spec, 20);
        let own = weights.snapshot();
        adam.swap_average(&mut weights);
        let average = f64::from(weights.trained()[0]);
        assert!((average - expected).abs() < 1e-6, "{average} {expected}");
        adam.swap_average(&mut weights);
        assert_eq!(weights.snapshot(), own);

        let (mut weights, mut adam) = steps(&TrainSpec { average: 0.0, ..spec }, 3);
        let own = weights.snapshot();
        adam.swap_average(&mut weights);
        assert_eq!(weights.snapshot(), own, "without averaging there is nothing to swap");
    }
}
