//! The standard normal distribution, by `erfc`: to the last digits in both tails.

use std::f64::consts::FRAC_1_SQRT_2;

/// The probability to be farther from 0 than a positive `z`, on either side.
pub fn two_sided(z: f64) -> f64 {
    libm::erfc(z * FRAC_1_SQRT_2)
}

/// The probability to be above `z`.
pub fn above(z: f64) -> f64 {
    0.5 * two_sided(z)
}

/// The probability to be below `z`.
pub fn below(z: f64) -> f64 {
    above(-z)
}

/// The probability to be between two numbers.
pub fn between(low: f64, high: f64) -> f64 {
    // In the tail where both are small, so that nothing is lost in the difference.
    let (low, high) = if low > 0.0 { (-high, -low) } else { (low, high) };
    below(high) - below(low)
}

/// What lies above with this probability, at most a half; to 0.0005 (Abramowitz and Stegun, 26.2.23).
pub fn rough_quantile_above(share: f64) -> f64 {
    let t = (-2.0 * share.ln()).sqrt();
    let above = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    let below = 1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
    t - above / below
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn probabilities_equal_scipy() {
        // from scipy.stats import norm
        // [norm.cdf(z) for z in (-10, -1.96, 0, 3)], norm.cdf(9) - norm.cdf(8) by norm.sf
        for (z, expected) in [
            (-10.0, 7.619_853_024_160_527e-24),
            (-1.96, 0.024_997_895_148_220_43),
            (0.0, 0.5),
            (3.0, 0.998_650_101_968_369_9),
        ] {
            assert_relative_eq!(below(z), expected, max_relative = 1e-12);
        }
        assert_relative_eq!(two_sided(1.96), 0.049_995_790_296_440_87, max_relative = 1e-12);
        assert_relative_eq!(between(8.0, 9.0), between(-9.0, -8.0), max_relative = 1e-15);
        assert_relative_eq!(between(-1.0, 1.0), 0.682_689_492_137_085_9, max_relative = 1e-12);
    }

    #[test]
    fn rough_quantiles_are_right_to_three_digits() {
        // scipy.stats.norm.isf([0.1, 0.01, 0.001])
        for (share, expected) in [(0.1, 1.281_552), (0.01, 2.326_348), (0.001, 3.090_232)] {
            approx::assert_abs_diff_eq!(rough_quantile_above(share), expected, epsilon = 5e-4);
        }
    }
}
