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
    /// The wider of the two steps of a difference.
    pub(super) step: f32,
}

/// Compares some gradients of each tensor, `samples` or a few more, with central differences of `loss`.
///
/// Where a maximum moves on to another word, or a filter falls silent, a loss has a kink, and differences
/// of two widths disagree. Such places are left out, and there may be few of them.
#[track_caller]
pub(super) fn assert_differences(
    what: &str,
    weights: &mut Weights,
    gradients: &[f32],
    (samples, tolerance): (usize, Tolerance),
    mut loss: impl FnMut(&mut Weights) -> f64,
) {
    let slots: Vec<(String, Slot)> = weights.slots().map(|(name, slot)| (name.to_owned(), slot)).collect();
    let (mut compared, mut kinks) = (0, 0);
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
            let (expected, spread) = difference(weights, at, tolerance.step, &mut loss);
            let found = f64::from(gradients[at]);
            let allowed = tolerance.absolute + tolerance.relative * expected.abs();
            compared += 1;
            if spread > allowed {
                kinks += 1;
                continue;
            }
            assert!(
                (found - expected).abs() < allowed,
                "{name}[{}] of {what}: {found} and {expected}",
                at - range.start
            );
        }
    }
    assert!(kinks * 4 <= compared, "{what}: {kinks} of {compared} differences tell nothing");
}

/// The slope of `loss` at one trained value, and how far differences of two widths are apart; Richardson's
/// extrapolation leaves an error of order step⁴.
fn difference(
    weights: &mut Weights,
    at: usize,
    step: f32,
    loss: &mut impl FnMut(&mut Weights) -> f64,
) -> (f64, f64) {
    let own = weights.trained()[at];
    let mut shifted = |by: f32| {
        weights.trained_mut()[at] = own + by;
        let loss = loss(weights);
        weights.trained_mut()[at] = own;
        loss
    };
    let wide = (shifted(step) - shifted(-step)) / (2.0 * f64::from(step));
    let narrow = (shifted(step / 2.0) - shifted(-step / 2.0)) / f64::from(step);
    ((4.0 * narrow - wide) / 3.0, (wide - narrow).abs())
}
