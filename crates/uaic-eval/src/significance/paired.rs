//! Whether two classifiers differ on the same examples.

use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use uaic_kernel::statistics::beta::incomplete_beta;

/// A difference between two classifiers on the same examples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PairedDifference {
    /// The difference on all examples.
    pub value: f64,
    /// Number of examples.
    pub n: usize,
    /// Lower end of the 95 % interval.
    pub low: f64,
    /// Upper end of the 95 % interval.
    pub high: f64,
    /// Two-sided: how often as large a difference comes by chance where there is none.
    pub p: f64,
}

/// `McNemar`'s exact test (1947): whether of the examples that just one of two classifiers gets
/// right, each has its fair half. Two-sided, `min(1, 2 · P(X ≤ the fewer))` with X binomial; 1 when
/// there are none.
pub fn mcnemar(only_a_right: usize, only_b_right: usize) -> f64 {
    let fewer = only_a_right.min(only_b_right) as f64;
    let more = only_a_right.max(only_b_right) as f64;
    // P(X ≤ k) of n at even odds is I½(n − k, k + 1).
    if more > 0.0 { (2.0 * incomplete_beta(more, fewer + 1.0, 0.5, 0.5)).min(1.0) } else { 1.0 }
}

/// A difference of figures over `n` examples with its percentile bootstrap interval, resampling the
/// examples and thereby both classifiers at once. See [`paired_bootstrap_of_groups`].
pub fn paired_bootstrap(
    n: usize,
    rounds: usize,
    rng: &mut impl Rng,
    difference: impl Fn(&[usize]) -> Option<f64>,
) -> Option<PairedDifference> {
    paired_bootstrap_of_groups(&[n], rounds, rng, |groups| difference(&groups[0]))
}

/// As [`paired_bootstrap`] over groups of examples of the given sizes, each resampled on its own.
///
/// `difference` gets the drawn indices of each group and gives `None` where it is undefined; such
/// resamples are left out. Of B differences, `p = min(1, 2 · (1 + min(#≤0, #≥0)) / (B + 1))`: the
/// level at which the percentile interval just reaches 0 (Efron & Tibshirani 1993, section 15.4),
/// counting the observed data as one more resample, so that it is never 0 (Davison & Hinkley 1997,
/// section 4.2). `None` when the difference is undefined on all examples or on all resamples.
pub fn paired_bootstrap_of_groups(
    sizes: &[usize],
    rounds: usize,
    rng: &mut impl Rng,
    difference: impl Fn(&[Vec<usize>]) -> Option<f64>,
) -> Option<PairedDifference> {
    let [found] = paired_bootstraps(sizes, rounds, rng, |groups| [difference(groups)]);
    found
}

/// As [`paired_bootstrap_of_groups`] for several figures at once, which see the same resamples.
pub fn paired_bootstraps<const FIGURES: usize>(
    sizes: &[usize],
    rounds: usize,
    rng: &mut impl Rng,
    differences: impl Fn(&[Vec<usize>]) -> [Option<f64>; FIGURES],
) -> [Option<PairedDifference>; FIGURES] {
    let found = paired_bootstrap_list(sizes, rounds, rng, |groups| differences(groups).to_vec());
    let mut found = found.into_iter();
    std::array::from_fn(|_| found.next().flatten())
}

/// The same of figures whose number is not known before.
pub(super) fn paired_bootstrap_list(
    sizes: &[usize],
    rounds: usize,
    rng: &mut impl Rng,
    differences: impl Fn(&[Vec<usize>]) -> Vec<Option<f64>>,
) -> Vec<Option<PairedDifference>> {
    let mut groups: Vec<Vec<usize>> = sizes.iter().map(|&size| (0..size).collect()).collect();
    let observed = differences(&groups);
    let mut drawn: Vec<Vec<f64>> = observed.iter().map(|_| Vec::new()).collect();
    for _ in 0..rounds {
        for (group, &size) in groups.iter_mut().zip(sizes) {
            group.fill_with(|| rng.random_range(0..size));
        }
        for (values, value) in drawn.iter_mut().zip(differences(&groups)) {
            values.extend(value.filter(|value| !value.is_nan()));
        }
    }
    let n = sizes.iter().sum();
    observed.into_iter().zip(drawn).map(|(value, values)| judge(value?, values, n)).collect()
}

/// What resampled differences say of the one of all examples.
fn judge(value: f64, mut drawn: Vec<f64>, n: usize) -> Option<PairedDifference> {
    drawn.sort_unstable_by(f64::total_cmp);
    let quantile = |q: f64| drawn.get((q * (drawn.len() as f64 - 1.0)).round() as usize).copied();
    let not_above = drawn.iter().filter(|value| **value <= 0.0).count();
    let not_below = drawn.iter().filter(|value| **value >= 0.0).count();
    let p = 2.0 * (1.0 + not_above.min(not_below) as f64) / (drawn.len() as f64 + 1.0);
    let (low, high) = (quantile(0.025)?, quantile(0.975)?);
    (!value.is_nan()).then(|| PairedDifference { value, n, low, high, p: p.min(1.0) })
}

#[cfg(test)]
// Exact values are meant.
#[allow(clippy::float_cmp)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand::rngs::ChaCha8Rng;

    #[test]
    fn mcnemar_equals_statsmodels() {
        // from statsmodels.stats.contingency_tables import mcnemar
        // float(mcnemar([[50, b], [c, 30]], exact=True).pvalue)
        for (b, c, expected) in [
            (10, 2, 0.038_574_218_75),
            (25, 30, 0.590_053_331_776_635_4),
            (0, 6, 0.03125),
            (400, 350, 0.073_507_774_058_434_84),
            (7, 7, 1.0),
            (1, 0, 1.0),
            (0, 0, 1.0),
        ] {
            assert_relative_eq!(mcnemar(b, c), expected, max_relative = 1e-10);
        }
    }

    proptest! {
        #[test]
        fn mcnemar_equals_adding_up_the_binomial(a in 0..60_usize, b in 0..60_usize) {
            let n = a + b;
            let mut term = 0.5_f64.powi(n as i32);
            let mut tail = 0.0;
            for k in 0..=a.min(b) {
                tail += term;
                term *= (n - k) as f64 / (k + 1) as f64;
            }
            let expected = (2.0 * tail).min(1.0);
            prop_assert!((mcnemar(a, b) - expected).abs() < 1e-11 * expected.max(1e-3));
            prop_assert_eq!(mcnemar(a, b), mcnemar(b, a));
        }
    }

    /// The bootstrap of a mean difference.
    fn of_mean(values: &[f64], rounds: usize) -> PairedDifference {
        let mean = |drawn: &[usize]| Some(drawn.iter().map(|&i| values[i]).sum::<f64>() / drawn.len() as f64);
        paired_bootstrap(values.len(), rounds, &mut ChaCha8Rng::seed_from_u64(3), mean).unwrap()
    }

    #[test]
    fn a_mean_agrees_with_the_normal_approximation() {
        // 400 differences with mean 0.05 and standard deviation 0.3: a standard error of 0.015.
        let values: Vec<f64> = (0..400).map(|i| if i % 2 == 0 { 0.35 } else { -0.25 }).collect();
        let found = of_mean(&values, 4000);
        assert_relative_eq!(found.value, 0.05, epsilon = 1e-12);
        assert_relative_eq!(found.high - found.low, 2.0 * 1.96 * 0.015, epsilon = 0.004);
        assert!((2.0 / 4001.0..0.004).contains(&found.p), "z is 3.33, p about 0.0009: {}", found.p);
    }

    #[test]
    fn no_difference_has_p_1_and_a_sure_one_is_never_0() {
        assert_eq!(of_mean(&[0.0; 30], 100).p, 1.0);
        assert_eq!(of_mean(&[0.5; 30], 100).p, 2.0 / 101.0);
        assert_eq!(of_mean(&[-0.5; 30], 100).p, 2.0 / 101.0);
    }

    #[test]
    fn undefined_resamples_are_left_out() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let only_with_the_first = |drawn: &[usize]| drawn.contains(&0).then_some(1.0);
        let found = paired_bootstrap(3, 200, &mut rng, only_with_the_first).unwrap();
        assert_eq!((found.n, found.low, found.high), (3, 1.0, 1.0));
        assert!(found.p > 2.0 / 201.0, "fewer resamples say less: {}", found.p);
        assert_eq!(paired_bootstrap(3, 10, &mut rng, |_| None), None);
        assert_eq!(paired_bootstrap(0, 10, &mut rng, |_| Some(f64::NAN)), None);
    }
}
