//! What the tests of all architectures share.

use super::weights::{Slot, Weights};
use uaic_kernel::sum_of_squares;

/// How near gradients must come to differences.
#[derive(Clone, Copy)]
pub(super) struct Tolerance {
    /// Of any value.
    pub(super) absolute: f64,
    /// By the size of the value.
    pub(super) relative: f64,
    /// The smallest norm that the gradients of a tensor may have.
    pub(super) least_norm: f64,
}

/// Compares some gradients of each tensor, `samples` or a few more, with central differences of `loss`.
#[track_caller]
pub(super) fn assert_differences(
    what: &str,
    weights: &mut Weights,
    gradients: &[f32],
    (samples, tolerance): (usize, Tolerance),
    mut loss: impl FnMut(&mut Weights) -> f64,
) {
    let slots: Vec<(String, Slot)> = weights.slots().map(|(name, slot)| (name.to_owned(), slot)).collect();
    for (name, slot) in slots {
        let norm = sum_of_squares(slot.of(gradients)).sqrt();
        // A bias of keys adds the same to all scores of a query, which softmax cancels.
        let vanishes = name.ends_with("key.bias");
        assert!(
            norm.is_finite() && (vanishes || norm > tolerance.least_norm),
            "{name} of {what} has a gradient of norm {norm}"
        );
        let range = slot.range();
        for at in range.clone().step_by(range.len().div_ceil(samples)) {
            // Padding has no gradient, and none that differences would see.
            if gradients[at] == 0.0 {
                continue;
            }
            let expected = difference(weights, at, &mut loss);
            let found = f64::from(gradients[at]);
            assert!(
                (found - expected).abs() < tolerance.absolute + tolerance.relative * expected.abs(),
                "{name}[{}] of {what}: {found} and {expected}",
                at - range.start
            );
        }
    }
}

/// The slope of `loss` at one trained value; Richardson's extrapolation leaves an error of order step⁴.
fn difference(weights: &mut Weights, at: usize, loss: &mut impl FnMut(&mut Weights) -> f64) -> f64 {
    let own = weights.trained()[at];
    let mut shifted = |by: f32| {
        weights.trained_mut()[at] = own + by;
        let loss = loss(weights);
        weights.trained_mut()[at] = own;
        loss
    };
    let step = 8e-3_f32;
    let wide = (shifted(step) - shifted(-step)) / (2.0 * f64::from(step));
    let narrow = (shifted(step / 2.0) - shifted(-step / 2.0)) / f64::from(step);
    (4.0 * narrow - wide) / 3.0
}
