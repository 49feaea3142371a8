//! Adam and `AdamW`, and the moving average of the weights: one pass over all that moves.

use crate::model::{Crew, Snapshot, Span, Weights};
use crate::train::{Optimizer, TrainSpec};
use uaic_kernel::{AdamStep, Kernels, sum_of_squares};

const BETA1: f64 = 0.9;
const BETA2: f64 = 0.999;
const EPSILON: f32 = 1e-8;

/// Values that a thread moves at once, whatever the number of threads: enough to be worth handing
/// over, few enough for the sides of a large model to be even.
const CHUNK: usize = 1 << 16;

/// Adam (Kingma & Ba 2015; weight decay as an L2 penalty) or `AdamW` (Loshchilov & Hutter 2019;
/// weight decay apart from the gradient), with PyTorch's defaults: β₁ 0.9, β₂ 0.999, ε 1e-8.
///
/// The learning rate falls with the distance from the output (Howard & Ruder 2018; Clark et al.
/// 2020), by the factor `layer_decay` from layer to layer.
///
/// Beside the weights goes their exponential moving average (Polyak & Juditsky 1992; Tarvainen &
/// Valpola 2017), steadier than the last step's weights.
pub(super) struct Adam {
    rule: Optimizer,
    weight_decay: f64,
    clip_norm: f64,
    layer_decay: f64,
    decay: f64,
    step: i32,
    first: Vec<f32>,
    second: Vec<f32>,
    /// `None`: nobody asks for it.
    average: Option<Snapshot>,
}

/// A part of the values with all that goes with them.
struct Part<'a> {
    step: AdamStep,
    gradients: &'a [f32],
    first: &'a mut [f32],
    second: &'a mut [f32],
    values: &'a mut [f32],
    average: Option<&'a mut [f32]>,
}

impl Adam {
    /// A new optimizer for `weights`.
    pub(super) fn new(spec: &TrainSpec, weights: &Weights) -> Self {
        Self {
            rule: spec.optimizer,
            weight_decay: spec.weight_decay,
            clip_norm: spec.clip_norm,
            layer_decay: spec.layer_decay,
            decay: spec.average,
            step: 0,
            first: vec![0.0; weights.trained().len()],
            second: vec![0.0; weights.trained().len()],
            average: (spec.average > 0.0).then(|| weights.snapshot()),
        }
    }

    /// Moves all weights against their gradients.
    pub(super) fn step(
        &mut self,
        kernels: Kernels,
        crew: &Crew,
        weights: &mut Weights,
        gradients: &[f32],
        lr: f64,
    ) {
        self.step += 1;
        let scale = self.clip_factor(kernels, crew, weights.spans(), gradients);
        let kept = self.kept() as f32;
        if let Some(average) = &mut self.average {
            for (average, value) in average.buffers.iter_mut().zip(weights.buffers()) {
                *average = kept * *average + (1.0 - kept) * value;
            }
        }
        let mut parts = self.parts(weights, gradients, lr, scale);
        crew.each(&mut parts, |Part { step, gradients, first, second, values, average }| {
            kernels.adam(step, gradients, first, second, values, average.as_deref_mut());
        });
    }

    /// What the average keeps of itself: little at first, so that the random start is soon
    /// forgotten.
    fn kept(&self) -> f64 {
        self.decay.min((1.0 + f64::from(self.step)) / (10.0 + f64::from(self.step)))
    }

    /// The rule for a group of values.
    fn rule(&self, span: &Span, lr: f64, scale: f64) -> AdamStep {
        let lr = lr * self.layer_decay.powi(span.depth as i32);
        let (correction1, correction2) = (1.0 - BETA1.powi(self.step), 1.0 - BETA2.powi(self.step));
        let weight_decay = if span.decays { self.weight_decay } else { 0.0 };
        let (penalty, shrink) = match self.rule {
            Optimizer::Adam => (weight_decay, 1.0),
            Optimizer::AdamW => (0.0, 1.0 - lr * weight_decay),
        };
        AdamStep {
            beta1: BETA1 as f32,
            beta2: BETA2 as f32,
            epsilon: EPSILON,
            scale: scale as f32,
            penalty: penalty as f32,
            shrink: shrink as f32,
            step_size: (lr / correction1) as f32,
            second_scale: (1.0 / correction2) as f32,
            kept: self.kept() as f32,
        }
    }

    /// All that moves, in parts that can be moved apart from each other.
    fn parts<'a>(
        &'a mut self,
        weights: &'a mut Weights,
        gradients: &'a [f32],
        lr: f64,
        scale: f64,
    ) -> Vec<Part<'a>> {
        let (values, spans) = weights.trained_and_spans();
        let rules: Vec<AdamStep> = spans.iter().map(|span| self.rule(span, lr, scale)).collect();
        let mut values = Rest::of(values);
        let (mut first, mut second) = (Rest::of(&mut self.first), Rest::of(&mut self.second));
        let mut average = self.average.as_mut().map(|average| Rest::of(&mut average.trained));
        let mut parts = Vec::with_capacity(spans.len());
        for (span, step) in spans.iter().zip(rules) {
            for start in span.range.clone().step_by(CHUNK) {
                let range = start..span.range.end.min(start + CHUNK);
                parts.push(Part {
                    step,
                    gradients: &gradients[range.clone()],
                    first: first.take(range.clone()),
                    second: second.take(range.clone()),
                    values: values.take(range.clone()),
                    average: average.as_mut().map(|average| average.take(range.clone())),
                });
            }
        }
        parts
    }

    /// Trades the weights with their average, when there is one: once puts it in their place, and
    /// once more brings them back.
    pub(super) fn swap_average(&mut self, weights: &mut Weights) {
        if let Some(average) = &mut self.average {
            weights.swap(average);
        }
    }

    /// The factor that brings the norm of all gradients down to `clip_norm`.
    fn clip_factor(&self, kernels: Kernels, crew: &Crew, spans: &[Span], gradients: &[f32]) -> f64 {
        if self.clip_norm <= 0.0 {
            return 1.0;
        }
        let squares = if let [all] = spans {
            // One group is a small model; value by value is what its published figures stand on.
            sum_of_squares(&gradients[all.range.clone()])
        } else {
            let chunks = spans.iter().flat_map(|span| gradients[span.range.clone()].chunks(CHUNK));
            let mut sums: Vec<(&[f32], f64)> = chunks.map(|chunk| (chunk, 0.0)).collect();
            crew.each(&mut sums, |(chunk, sum)| *sum = kernels.sum_of_many_squares(chunk));
            sums.iter().map(|(_, sum)| sum).sum()
        };
        (self.clip_norm / (squares.sqrt() + 1e-6)).min(1.0)
    }
}

/// What is left of a slice from which ranges are taken, front to back.
struct Rest<'a> {
    values: &'a mut [f32],
    start: usize,
}

impl<'a> Rest<'a> {
    fn of(values: &'a mut [f32]) -> Self {
        Self { values, start: 0 }
    }

    fn take(&mut self, range: std::ops::Range<usize>) -> &'a mut [f32] {
        let values = std::mem::take(&mut self.values);
        let (taken, rest) = values[range.start - self.start..].split_at_mut(range.len());
        (self.values, self.start) = (rest, range.end);
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Init, Parameter, Source, Training, Wanted};
    use uaic_kernel::rng::SeedTree;

    /// Steps on loss = (w − 3)², from w = 1.
    fn steps(spec: &TrainSpec, count: usize) -> (Weights, Adam) {
        let mut weights = Weights::new(SeedTree::new(0));
        weights.plain("w", &[1], Init::Constant(1.0)).unwrap();
        let mut adam = Adam::new(spec, &weights);
        for _ in 0..count {
            let gradient = 2.0 * (weights.trained()[0] - 3.0);
            adam.step(Kernels::detect(), &Crew::alone(), &mut weights, &[gradient], 0.01);
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
            let adam = Adam::new(&spec, &Weights::new(SeedTree::new(0)));
            let span = |range| Span { range, depth: 0, decays: true };
            let one = adam.clip_factor(Kernels::detect(), &Crew::alone(), &[span(0..2)], &[3.0, 4.0]);
            let spans = [span(0..1), span(2..3)];
            let two = adam.clip_factor(Kernels::detect(), &Crew::alone(), &spans, &[3.0, 9.0, 4.0]);
            assert!((one - two).abs() < 1e-12);
            one
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

    /// A head, a layer below it with a bias, and a table at the bottom.
    fn deep() -> (Weights, [Parameter; 4]) {
        let mut weights = Weights::new(SeedTree::new(0));
        let mut add = |name, shape: &[usize], training| {
            let init = Init::Constant(1.0);
            let wanted = Wanted { name, shape, columns: None, init, training, source: Source::Drawn };
            weights.parameter(&wanted).unwrap()
        };
        let parameters = [
            add("head", &[2], Training::Decayed { depth: 0 }),
            add("layer", &[3], Training::Decayed { depth: 1 }),
            add("bias", &[1], Training::Undecayed { depth: 1 }),
            add("table", &[4, 2], Training::Table { depth: 2 }),
        ];
        (weights, parameters)
    }

    #[test]
    fn deeper_layers_move_less_and_only_matrices_decay() {
        let (mut weights, [head, layer, bias, table]) = deep();
        weights.activate(table.trained().unwrap(), [2]);
        let spec = TrainSpec {
            optimizer: Optimizer::AdamW,
            layer_decay: 0.5,
            weight_decay: 2.0,
            average: 0.0,
            ..TrainSpec::default()
        };
        let mut adam = Adam::new(&spec, &weights);
        let gradients = vec![1.0; weights.trained().len()];
        adam.step(Kernels::detect(), &Crew::alone(), &mut weights, &gradients, 0.01);
        // The first step of Adam is as long as the learning rate.
        let expected = [
            (&head, vec![1.0 - 0.02 - 0.01; 2]),
            (&layer, vec![1.0 - 0.01 - 0.005; 3]),
            (&bias, vec![1.0 - 0.005]),
            (&table, vec![1.0, 1.0, 1.0, 1.0, 1.0 - 0.0025, 1.0 - 0.0025, 1.0, 1.0]),
        ];
        for (parameter, expected) in expected {
            for (value, expected) in parameter.of(&weights).iter().zip(expected) {
                assert!((value - expected).abs() < 1e-6, "{parameter:?}: {value} and {expected}");
            }
        }
    }

    #[test]
    fn rows_that_come_later_move_as_if_they_had_always_been_there() {
        let after = |rows: &[&[u32]], crew: &Crew| {
            let (mut weights, [.., table]) = deep();
            let spec = TrainSpec { clip_norm: 0.5, average: 0.9, layer_decay: 0.9, ..TrainSpec::default() };
            let mut adam = Adam::new(&spec, &weights);
            for (step, rows) in rows.iter().enumerate() {
                let slot = table.trained().unwrap();
                weights.activate(slot, rows.iter().copied());
                let mut gradients = vec![0.0; weights.trained().len()];
                gradients[..6].fill(0.5);
                // The last row has a gradient in the second step and the third row in all.
                gradients[slot.range()][4..6].fill(1.0 + step as f32);
                gradients[slot.range()][6..].fill(if step == 1 { -1.0 } else { 0.0 });
                adam.step(Kernels::detect(), crew, &mut weights, &gradients, 0.01);
            }
            let own = weights.trained().to_vec();
            adam.swap_average(&mut weights);
            (own, weights.trained().to_vec())
        };
        let lazy = after(&[&[2], &[3], &[2, 3]], &Crew::alone());
        let eager = after(&[&[0, 1, 2, 3], &[], &[]], &Crew::new(3).unwrap());
        assert!(lazy.0 == eager.0, "{lazy:?} and {eager:?}");
        // Averages of what stays equal are equal but for rounding.
        assert!(lazy.1.iter().zip(&eager.1).all(|(a, b)| (a - b).abs() < 1e-6));
    }
}
