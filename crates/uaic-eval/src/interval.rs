//! Confidence intervals: Wilson for proportions, the percentile bootstrap for everything else.

use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};
use uaic_kernel::statistics::quantile::nearest;

/// A figure, how many examples it rests on, and its 95 % confidence interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The figure.
    pub value: f64,
    /// Number of examples.
    pub n: usize,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}

/// The normal quantile of a two-sided 95 % interval.
const Z: f64 = 1.959_963_984_540_054;

/// A proportion of `right` in `n` with its score interval (Wilson 1927), which stays inside
/// [0, 1] and is honest near its ends. `None` for n = 0.
pub fn wilson(right: usize, n: usize) -> Option<Estimate> {
    if n == 0 {
        return None;
    }
    let (count, p) = (n as f64, right as f64 / n as f64);
    let scale = 1.0 + Z * Z / count;
    let middle = (p + Z * Z / (2.0 * count)) / scale;
    let half = Z / scale * (p * (1.0 - p) / count + Z * Z / (4.0 * count * count)).sqrt();
    // With none or all right, an end is the proportion itself, but for rounding.
    Some(Estimate { value: p, n, low: (middle - half).clamp(0.0, p), high: (middle + half).clamp(p, 1.0) })
}

/// A figure with its percentile bootstrap interval (Efron 1979) over `rounds` resamples.
///
/// Examples come in groups of the given sizes, each resampled on its own; most figures have one
/// group, a comparison of two kinds of examples has two. `figure` gets the drawn indices of each
/// group and gives `None` where it is undefined; such resamples are left out.
pub fn bootstrap(
    sizes: &[usize],
    rounds: usize,
    rng: &mut impl Rng,
    figure: impl Fn(&[Vec<usize>]) -> Option<f64>,
) -> Option<Estimate> {
    let mut groups: Vec<Vec<usize>> = sizes.iter().map(|&size| (0..size).collect()).collect();
    let value = figure(&groups)?;
    let mut values = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        for (group, &size) in groups.iter_mut().zip(sizes) {
            for index in group {
                *index = rng.random_range(0..size);
            }
        }
        values.extend(figure(&groups));
    }
    percentiles(value, sizes.iter().sum(), values)
}

/// A figure with the interval from the 2.5th to the 97.5th percentile of its resampled values;
/// `None` without any.
pub(super) fn percentiles(value: f64, n: usize, mut resampled: Vec<f64>) -> Option<Estimate> {
    resampled.sort_unstable_by(f64::total_cmp);
    Some(Estimate { value, n, low: nearest(&resampled, 0.025)?, high: nearest(&resampled, 0.975)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use rand::SeedableRng;
    use rand::rngs::ChaCha8Rng;

    #[test]
    fn wilson_equals_statsmodels() {
        // from statsmodels.stats.proportion import proportion_confint
        // proportion_confint(818, 850, method="wilson") -> (0.9473373548960933, 0.973208247428728)
        let estimate = wilson(818, 850).unwrap();
        assert_relative_eq!(estimate.low, 0.947_337_354_896_093_3, epsilon = 1e-9);
        assert_relative_eq!(estimate.high, 0.973_208_247_428_728, epsilon = 1e-9);
        assert_eq!(wilson(0, 0), None);
        assert!(wilson(5, 5).unwrap().low < 1.0, "certainty cannot come from five examples");
    }

    #[test]
    fn a_wilson_interval_holds_its_proportion() {
        for n in 1..200 {
            for estimate in [wilson(0, n).unwrap(), wilson(n / 2, n).unwrap(), wilson(n, n).unwrap()] {
                assert!(estimate.low <= estimate.value && estimate.value <= estimate.high, "{estimate:?}");
            }
        }
    }

    #[test]
    fn bootstrap_of_a_mean_agrees_with_its_standard_error() {
        let values: Vec<f64> = (0..400).map(|i| f64::from(i % 20)).collect();
        let mean = |groups: &[Vec<usize>]| {
            Some(groups[0].iter().map(|&i| values[i]).sum::<f64>() / groups[0].len() as f64)
        };
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let estimate = bootstrap(&[values.len()], 2000, &mut rng, mean).unwrap();
        // Standard deviation of 0..19 is 5.766; standard error 0.2883; ±1.96 of it is ±0.565.
        assert_relative_eq!(estimate.value, 9.5);
        assert_relative_eq!(estimate.high - estimate.low, 1.13, epsilon = 0.08);
    }

    #[test]
    fn groups_are_resampled_apart() {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let share =
            |groups: &[Vec<usize>]| Some(groups[0].len() as f64 / (groups[0].len() + groups[1].len()) as f64);
        let estimate = bootstrap(&[30, 10], 50, &mut rng, share).unwrap();
        assert_eq!((estimate.n, estimate.low, estimate.high), (40, 0.75, 0.75));
    }

    #[test]
    fn undefined_figures_are_absent() {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        assert_eq!(bootstrap(&[3], 10, &mut rng, |_| None), None);
    }
}
