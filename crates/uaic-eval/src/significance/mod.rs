//! Whether a difference is real: paired tests on the same examples, t-tests over folds and seeds,
//! and the correction for looking at many.

mod paired;
mod rows;
mod t_test;

pub use paired::{
    PairedDifference, mcnemar, paired_bootstrap, paired_bootstrap_of_groups, paired_bootstraps,
};
pub use rows::{RowDifferences, RowTest, classified_differences, regressed_differences};
pub use t_test::{
    MeanInterval, TTest, corrected_resampled_t, mean, mean_interval, paired_t, standard_deviation, welch_t,
};
pub use uaic_kernel::statistics::student::{
    cdf as student_cdf, quantile as student_quantile, two_sided as student_two_sided,
};

/// The p-values of several tests, in their order, adjusted so that the chance of even one false
/// alarm among them stays below the level (Holm 1979): the k-th smallest of m times m − k + 1, and
/// none below one that was smaller. None may be NaN.
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let mut adjusted = vec![0.0; p_values.len()];
    let mut largest: f64 = 0.0;
    for (rank, &at) in order.iter().enumerate() {
        largest = largest.max(p_values[at] * (p_values.len() - rank) as f64).min(1.0);
        adjusted[at] = largest;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn holm_equals_statsmodels() {
        // from statsmodels.stats.multitest import multipletests
        // multipletests([0.01, 0.04, 0.03, 0.005, 0.5, 0.03], method="holm")[1]
        let adjusted = holm(&[0.01, 0.04, 0.03, 0.005, 0.5, 0.03]);
        for (value, expected) in adjusted.into_iter().zip([0.05, 0.12, 0.12, 0.03, 0.5, 0.12]) {
            assert_relative_eq!(value, expected, max_relative = 1e-12);
        }
        assert_eq!(holm(&[]), [0.0; 0]);
        assert_eq!(holm(&[0.7, 0.8]), [1.0, 1.0]);
    }
}
