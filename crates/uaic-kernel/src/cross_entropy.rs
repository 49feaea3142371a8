//! Softmax and cross-entropy.

use super::activation::{exp_all, largest, sum_in_order};
use super::kernel;

kernel! {
    /// Logits to probabilities, in place, row by row of `(B, C)`.
    fn softmax<'a>(logits: &'a mut [f32], classes: usize) {
        for row in logits.chunks_exact_mut(classes) {
            let largest = largest(row);
            exp_all(row, largest);
            let sum = sum_in_order(row);
            for value in row {
                *value /= sum;
            }
        }
    }
}

/// What a batch should come to.
#[derive(Clone, Copy, Debug)]
pub struct Targets<'a> {
    /// The gold class of each row, `(B)`; one that is not below C is of a text without an intent.
    pub gold: &'a [usize],
    /// Probability taken from the gold class and spread over all.
    pub smoothing: f32,
    /// Weight of each class, `(C)`.
    pub class_weights: &'a [f32],
    /// Weight of a text without an intent, whose probabilities should all be alike.
    pub outside_weight: f32,
}

impl Targets<'_> {
    /// The weight of a row with this gold class.
    fn weight(&self, gold: usize) -> f32 {
        if gold < self.class_weights.len() { self.class_weights[gold] } else { self.outside_weight }
    }
}

kernel! {
    /// Mean over the batch of −Σ q·log softmax(logits), where q gives the gold class 1 − ε and
    /// spreads ε over all classes, and all of it for a text without an intent (outlier exposure,
    /// Hendrycks et al. 2019). Examples count by the weight of their gold class, and the mean is over
    /// these weights. Logits `(B, C)` become their gradients.
    fn cross_entropy<'a>(logits: &'a mut [f32], targets: Targets<'a>) -> f64 {
        let Targets { gold, class_weights, .. } = targets;
        let classes = class_weights.len();
        let mut total = -0.0;
        for &gold in gold {
            total += targets.weight(gold);
        }
        let mut loss = 0.0;
        for (row, &gold) in logits.chunks_exact_mut(classes).zip(gold) {
            let share = targets.weight(gold) / total;
            let smoothing = if gold < classes { targets.smoothing } else { 1.0 };
            let spread = smoothing / classes as f32;
            let largest = largest(row);
            let mut shifted = 0.0_f32;
            for value in &mut *row {
                *value -= largest;
                shifted += *value;
            }
            let at_gold = if gold < classes { row[gold] } else { 0.0 };
            exp_all(row, 0.0);
            let sum = sum_in_order(row);
            // Σ q·log p = (1 − ε)·(z − log Σ) + ε/C·Σ (z − log Σ), with z shifted by the largest
            let log_sum = libm::log(f64::from(sum));
            let right = f64::from(at_gold) - log_sum;
            let all = f64::from(shifted) - classes as f64 * log_sum;
            loss -= f64::from(share) * (f64::from(1.0 - smoothing) * right + f64::from(spread) * all);
            for value in &mut *row {
                *value = share * (*value / sum - spread);
            }
            if gold < classes {
                row[gold] -= share * (1.0 - smoothing);
            }
        }
        loss
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{assert_close, on_all};
    use super::*;

    const LOGITS: [f32; 6] = [1.0, 2.0, 0.5, 0.1, -1.0, 3.0];

    #[test]
    fn probabilities_equal_pytorch_and_stand_any_logits() {
        // torch.softmax(torch.tensor([[1, 2, .5], [.1, -1, 3]], dtype=torch.float64), 1)
        let [plain, far, one] = on_all(|kernels| {
            let (mut plain, mut far) = (LOGITS.to_vec(), vec![1e30, -1e30, 1e30, 400.0, 300.0, -3e38]);
            let mut one = vec![5.0, -7.0];
            kernels.softmax(&mut plain, 3);
            kernels.softmax(&mut far, 3);
            kernels.softmax(&mut one, 1);
            [plain, far, one]
        });
        let expected =
            [0.231_223_898, 0.628_531_719, 0.140_244_383, 0.051_263_606, 0.017_064_172, 0.931_672_222];
        assert_close(&plain, expected, 1e-6);
        assert_close(&far, [0.5, 0.0, 0.5, 1.0, 0.0, 0.0], 1e-6);
        assert_close(&one, [1.0, 1.0], 0.0);
    }

    #[test]
    fn loss_and_gradients_equal_the_definition() {
        // z = torch.tensor([[1, 2, .5], [.1, -1, 3]], dtype=torch.float64, requires_grad=True)
        // t = torch.tensor([0, 2])
        // for s, w in [(0, [1, 1, 1]), (.3, [1, 1, 1]), (0, [1, 1, 3]), (.3, [1, 1, 3])]:
        //     w = torch.tensor(w, dtype=torch.float64); z.grad = None
        //     q = (1 - s) * torch.nn.functional.one_hot(t, 3) + s / 3
        //     loss = (-(q * torch.log_softmax(z, 1)).sum(1) * w[t]).sum() / w[t].sum()
        //     loss.backward(); print(loss.item(), z.grad)
        let cases: [(f32, [f32; 3], f64, [f64; 6]); 4] = [
            (
                0.0,
                [1.0; 3],
                0.767_571_502,
                [-0.384_388_051, 0.314_265_86, 0.070_122_192, 0.025_631_803, 0.008_532_086, -0.034_163_889],
            ),
            (
                0.3,
                [1.0; 3],
                1.087_571_518,
                [-0.284_388_055, 0.264_265_864, 0.020_122_192, -0.024_368_198, -0.041_467_915, 0.065_836_112],
            ),
            (
                0.0,
                [1.0, 1.0, 3.0],
                0.419_172_86,
                [-0.192_194_026, 0.157_132_93, 0.035_061_096, 0.038_447_704, 0.012_798_129, -0.051_245_833],
            ),
            (
                0.3,
                [1.0, 1.0, 3.0],
                0.924_172_874,
                [-0.142_194_028, 0.132_132_932, 0.010_061_096, -0.036_552_296, -0.062_201_872, 0.098_754_168],
            ),
        ];
        for (smoothing, class_weights, expected, gradients) in cases {
            let [loss, ours] = on_all(|kernels| {
                let mut logits = LOGITS.to_vec();
                let targets =
                    Targets { gold: &[0, 2], smoothing, class_weights: &class_weights, outside_weight: 0.0 };
                let loss = kernels.cross_entropy(&mut logits, targets);
                [vec![loss as f32], logits]
            });
            assert_close(&loss, [expected], 1e-6);
            assert_close(&ours, gradients, 1e-6);
        }
    }

    #[test]
    fn a_text_without_an_intent_should_have_probabilities_alike() {
        // z as above; q = torch.tensor([[1, 0, 0], [1 / 3, 1 / 3, 1 / 3]], dtype=torch.float64)
        // w = torch.tensor([1, .5], dtype=torch.float64)
        // loss = (-(q * torch.log_softmax(z, 1)).sum(1) * w).sum() / w.sum(); loss.backward()
        let [loss, ours] = on_all(|kernels| {
            let mut logits = LOGITS.to_vec();
            let targets =
                Targets { gold: &[0, 3], smoothing: 0.0, class_weights: &[1.0; 3], outside_weight: 0.5 };
            let loss = kernels.cross_entropy(&mut logits, targets);
            [vec![loss as f32], logits]
        });
        assert_close(&loss, [1.766_503_929], 1e-6);
        let expected =
            [-0.512_517_402, 0.419_021_146, 0.093_496_255, -0.094_023_243, -0.105_423_054, 0.199_446_296];
        assert_close(&ours, expected, 1e-6);
    }

    #[test]
    fn logits_far_apart_give_a_finite_loss_and_nonsense_gives_none() {
        on_all(|kernels| {
            let class_weights = &[1.0; 2];
            let targets = Targets { gold: &[1], smoothing: 0.1, class_weights, outside_weight: 0.0 };
            let mut logits = vec![1e6, -1e6];
            assert!(kernels.cross_entropy(&mut logits, targets).is_finite());
            assert!(logits.iter().all(|gradient| gradient.is_finite()));
            assert!(kernels.cross_entropy(&mut [f32::NAN, 0.0], targets).is_nan());
            [logits]
        });
    }
}
