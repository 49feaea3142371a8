//! Means of a few values and whether they differ: tests and intervals by Student's t.

use super::{student_quantile, student_two_sided};

/// The outcome of a t-test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TTest {
    /// The mean difference.
    pub mean: f64,
    /// How many standard errors it is away from 0.
    pub t: f64,
    /// Degrees of freedom.
    pub degrees: f64,
    /// Two-sided: how often as large a difference comes by chance where there is none.
    pub p: f64,
    /// Lower end of the 95 % interval.
    pub low: f64,
    /// Upper end of the 95 % interval.
    pub high: f64,
}

impl TTest {
    /// `None` without spread: then nothing says how far a mean can be trusted.
    fn new(mean: f64, variance_of_mean: f64, degrees: f64) -> Option<Self> {
        let error = variance_of_mean.sqrt();
        if !(error > 0.0 && mean.is_finite() && error.is_finite()) {
            return None;
        }
        let t = mean / error;
        let half = student_quantile(0.975, degrees) * error;
        let p = student_two_sided(t, degrees);
        Some(Self { mean, t, degrees, p, low: mean - half, high: mean + half })
    }
}

/// A mean with its 95 % interval by Student's t.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeanInterval {
    /// Number of values.
    pub n: usize,
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation, with n − 1 in the denominator; `None` for a single value.
    pub deviation: Option<f64>,
    /// Ends of the interval; `None` for a single value.
    pub ends: Option<(f64, f64)>,
}

/// The mean; `None` without values.
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The standard deviation of a sample, with n − 1 in the denominator; `None` for fewer than 2 values.
pub fn standard_deviation(values: &[f64]) -> Option<f64> {
    variance(values).map(f64::sqrt)
}

fn variance(values: &[f64]) -> Option<f64> {
    let middle = mean(values).filter(|_| values.len() > 1)?;
    // Where all are equal, the rounding of the mean must not look like spread.
    if values.iter().all(|value| value.to_bits() == values[0].to_bits()) {
        return Some(0.0);
    }
    let squares: f64 = values.iter().map(|value| (value - middle).powi(2)).sum();
    Some(squares / (values.len() as f64 - 1.0))
}

/// The mean of independent values, such as those of several seeds, with its interval. `None`
/// without values.
pub fn mean_interval(values: &[f64]) -> Option<MeanInterval> {
    let (n, middle) = (values.len(), mean(values)?);
    let deviation = standard_deviation(values);
    let half =
        deviation.map(|deviation| student_quantile(0.975, n as f64 - 1.0) * deviation / (n as f64).sqrt());
    Some(MeanInterval { n, mean: middle, deviation, ends: half.map(|half| (middle - half, middle + half)) })
}

/// Whether paired differences have a mean other than 0, the pairs being independent of each other.
/// `None` for fewer than 2 pairs, or without spread.
pub fn paired_t(differences: &[f64]) -> Option<TTest> {
    let count = differences.len() as f64;
    TTest::new(mean(differences)?, variance(differences)? / count, count - 1.0)
}

/// As [`paired_t`] for the folds or repeated splits of one data set, whose training parts overlap:
/// the variance of the mean is `(1/k + test/train) · s²` in place of `s²/k` (Nadeau & Bengio 2003,
/// "Inference for the generalization error"). `test_to_train` is the size of a test part divided by
/// that of its training part: `1 / (k − 1)` for k folds.
pub fn corrected_resampled_t(differences: &[f64], test_to_train: f64) -> Option<TTest> {
    let count = differences.len() as f64;
    let variance_of_mean = (1.0 / count + test_to_train) * variance(differences)?;
    TTest::new(mean(differences)?, variance_of_mean, count - 1.0)
}

/// Whether two independent samples differ in their mean, `first` minus `second`, whatever their
/// variances (Welch 1947). `None` for fewer than 2 values on either side, or without spread.
pub fn welch_t(first: &[f64], second: &[f64]) -> Option<TTest> {
    let of_mean = |values: &[f64]| Some(variance(values)? / values.len() as f64);
    let (one, two) = (of_mean(first)?, of_mean(second)?);
    let sum = one + two;
    let share = |part: f64, values: &[f64]| part * part / (values.len() as f64 - 1.0);
    let degrees = sum * sum / (share(one, first) + share(two, second));
    TTest::new(mean(first)? - mean(second)?, sum, degrees)
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    const DIFFERENCES: [f64; 5] = [0.012, -0.004, 0.02, 0.009, 0.011];
    const FIRST: [f64; 5] = [0.96, 0.955, 0.962, 0.958, 0.951];
    const SECOND: [f64; 3] = [0.949, 0.956, 0.944];

    #[track_caller]
    fn assert_test(test: TTest, [mean, t, degrees, p, low, high]: [f64; 6]) {
        assert_relative_eq!(test.mean, mean, max_relative = 1e-10);
        assert_relative_eq!(test.t, t, max_relative = 1e-10);
        assert_relative_eq!(test.degrees, degrees, max_relative = 1e-10);
        assert_relative_eq!(test.p, p, max_relative = 1e-10);
        assert_relative_eq!(test.low, low, max_relative = 1e-10);
        assert_relative_eq!(test.high, high, max_relative = 1e-10);
    }

    #[test]
    fn the_paired_test_equals_scipy() {
        // r = scipy.stats.ttest_1samp([0.012, -0.004, 0.02, 0.009, 0.011], 0)
        // r.statistic, r.df, r.pvalue, r.confidence_interval()
        let expected = [
            0.0096,
            2.473_766_745_744_351_5,
            4.0,
            0.068_668_606_177_943_2,
            -0.001_174_610_442_052_295_4,
            0.020_374_610_442_052_3,
        ];
        assert_test(paired_t(&DIFFERENCES).unwrap(), expected);
    }

    #[test]
    fn the_corrected_test_allows_for_folds_that_overlap() {
        // d = [0.012, -0.004, 0.02, 0.009, 0.011]; se = np.sqrt((1/5 + 1/4) * np.var(d, ddof=1))
        // t = np.mean(d) / se; 2 * stats.t.sf(t, 4); np.mean(d) ± stats.t.ppf(0.975, 4) * se
        let expected = [
            0.0096,
            1.649_177_830_496_234_1,
            4.0,
            0.174_456_277_604_234_7,
            -0.006_561_915_663_078_444,
            0.025_761_915_663_078_446,
        ];
        assert_test(corrected_resampled_t(&DIFFERENCES, 0.25).unwrap(), expected);
    }

    #[test]
    fn welch_equals_scipy() {
        // r = scipy.stats.ttest_ind(first, second, equal_var=False)
        let expected = [
            0.007_533_333_333_333_333,
            1.892_157_699_518_896,
            3.270_034_817_760_724,
            0.147_182_708_253_658_8,
            -0.004_565_250_758_469_691,
            0.019_631_917_425_136_473,
        ];
        assert_test(welch_t(&FIRST, &SECOND).unwrap(), expected);
    }

    #[test]
    fn the_interval_of_a_mean_equals_scipy() {
        // scipy.stats.t.interval(0.95, 4, loc=np.mean(first), scale=scipy.stats.sem(first))
        let interval = mean_interval(&FIRST).unwrap();
        assert_relative_eq!(interval.mean, 0.9572, max_relative = 1e-12);
        assert_relative_eq!(interval.deviation.unwrap(), 0.004_324_349_662_087_935, max_relative = 1e-10);
        let (low, high) = interval.ends.unwrap();
        assert_relative_eq!(low, 0.951_830_610_708_940_7, max_relative = 1e-10);
        assert_relative_eq!(high, 0.962_569_389_291_059_2, max_relative = 1e-10);
    }

    #[test]
    fn too_little_to_judge_by_is_absent() {
        assert_eq!((paired_t(&[0.1]), paired_t(&[]), paired_t(&[0.1, 0.1, 0.1])), (None, None, None));
        assert_eq!(welch_t(&[0.1], &[0.2, 0.3]), None);
        assert_eq!(paired_t(&[0.1, f64::NAN]), None);
        assert_eq!(mean_interval(&[]), None);
        let single = mean_interval(&[0.5]).unwrap();
        assert_eq!((single.mean, single.deviation, single.ends), (0.5, None, None));
    }
}
