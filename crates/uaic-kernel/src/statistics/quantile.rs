//! Quantiles of sorted values. They differ at places between two values; which a caller has is settled by what
//! is recorded.

/// The value nearest to the place where a share of the others lies below it; `None` without any.
pub fn nearest(sorted: &[f64], share: f64) -> Option<f64> {
    let place = share * (sorted.len() as f64 - 1.0);
    sorted.get(place.round() as usize).copied()
}

/// The value at the place where a share lies before it, between neighbours in proportion; the farther of
/// the two where one is not finite. `None` without any. Sorted in either direction.
pub fn between(sorted: &[f64], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = share.clamp(0.0, 1.0) * last as f64;
    let near = sorted[place.floor() as usize];
    let far = sorted[(place.ceil() as usize).min(last)];
    Some(if near.is_finite() && far.is_finite() { near + (far - near) * place.fract() } else { far })
}

/// The quantiles at 0, 1/`steps`, 2/`steps` … 1, between neighbours in proportion, at places that are counted
/// in whole numbers. None without values.
pub fn in_steps(sorted: &[f64], steps: usize) -> Vec<f64> {
    let Some(last) = sorted.len().checked_sub(1) else { return Vec::new() };
    let quantile = |step: usize| {
        let (below, rest) = (step * last / steps, step * last % steps);
        let (low, high) = (sorted[below], sorted[(below + 1).min(last)]);
        low + (high - low) * rest as f64 / steps as f64
    };
    (0..=steps).map(quantile).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    const SORTED: [f64; 6] = [1.0, 1.5, 2.6, 3.0, 4.0, 9.0];

    #[test]
    fn quantiles_between_values_equal_numpy() {
        // np.quantile([3, 1, 4, 1.5, 9, 2.6], [0, .05, .5, .95, 1])
        let steps = in_steps(&SORTED, 20);
        assert_eq!(steps.len(), 21);
        for (step, expected) in [(0, 1.0), (1, 1.125), (10, 2.8), (19, 7.75), (20, 9.0)] {
            assert_relative_eq!(steps[step], expected, max_relative = 1e-12);
            let share = step as f64 / 20.0;
            assert_relative_eq!(between(&SORTED, share).unwrap(), expected, max_relative = 1e-12);
        }
        assert!(in_steps(&[], 20).is_empty());
        assert_eq!(between(&[], 0.5), None);
        assert!(between(&[0.3, 0.1, f64::NAN], 0.9).unwrap().is_nan());
    }

    #[test]
    fn the_nearest_value_is_one_of_them() {
        assert_eq!(
            [0.0, 0.29, 0.31, 1.0].map(|share| nearest(&SORTED, share)),
            [1.0, 1.5, 2.6, 9.0].map(Some)
        );
        assert_eq!(nearest(&[], 0.5), None);
    }
}
