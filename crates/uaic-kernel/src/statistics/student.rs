//! Student's t distribution.

use super::beta::incomplete_beta;

/// The probability that a t with so many degrees of freedom is farther from 0 than `t`, on either
/// side. NaN where an argument is.
pub fn two_sided(t: f64, degrees: f64) -> f64 {
    let square = t * t;
    if square.is_infinite() {
        return 0.0;
    }
    let sum = degrees + square;
    incomplete_beta(degrees / 2.0, 0.5, degrees / sum, square / sum)
}

/// The probability that a t with so many degrees of freedom (any number above 0) is at most `t`.
pub fn cdf(t: f64, degrees: f64) -> f64 {
    let tail = two_sided(t, degrees) / 2.0;
    if t > 0.0 { 1.0 - tail } else { tail }
}

/// The t that a share of the distribution lies below; infinite for the shares 0 and 1, NaN outside.
pub fn quantile(share: f64, degrees: f64) -> f64 {
    if share > 0.5 {
        return -quantile(1.0 - share, degrees);
    }
    if !(share >= 0.0 && degrees > 0.0) {
        return f64::NAN;
    }
    if share <= 0.0 {
        return f64::NEG_INFINITY;
    }
    // Bisection between powers of two ends at neighbouring floats, whatever the degrees.
    let lies_beyond = |t: f64| two_sided(t, degrees) / 2.0 > share;
    let (mut near, mut far) = (0.0, 1.0);
    while lies_beyond(far) && far < f64::MAX {
        (near, far) = (far, 2.0 * far);
    }
    loop {
        let middle = f64::midpoint(near, far);
        if middle <= near || middle >= far {
            return -far;
        }
        if lies_beyond(middle) { near = middle } else { far = middle }
    }
}

#[cfg(test)]
// Exact values are meant.
#[allow(clippy::float_cmp)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use proptest::prelude::*;

    #[test]
    fn the_distribution_equals_scipy() {
        // from scipy.stats import t
        // float(t.cdf(-2.5, 4)) and so on
        for (value, degrees, expected) in [
            (0.0, 3.0, 0.5),
            (1.0, 1.0, 0.75),
            (-2.5, 4.0, 0.033_383_272_405_994_07),
            (3.0, 9.5, 0.992_950_770_418_099_4),
            (-12.0, 7.0, 3.179_155_189_092_549e-6),
            (1.96, 1e6, 0.975_001_966_207_365_1),
            (-40.0, 30.0, 6.863_022_597_203_209e-28),
        ] {
            assert_relative_eq!(cdf(value, degrees), expected, max_relative = 1e-10);
        }
    }

    #[test]
    fn quantiles_equal_scipy() {
        // float(t.ppf(0.975, 4)) and so on
        for (share, degrees, expected) in [
            (0.975, 1.0, 12.706_204_736_174_694),
            (0.975, 4.0, 2.776_445_105_197_793_4),
            (0.975, 9.5, 2.244_137_461_492_295_8),
            (0.6, 2.0, 0.288_675_134_594_812_8),
            (1e-6, 12.0, -8.504_302_718_054_584),
            (0.995, 1e5, 2.575_878_469_908_375),
            (0.025, 3.0, -3.182_446_305_283_708_6),
        ] {
            assert_relative_eq!(quantile(share, degrees), expected, max_relative = 1e-10);
        }
    }

    #[test]
    fn impossible_arguments_have_no_value() {
        assert_eq!([0.0, 1.0].map(|share| quantile(share, 3.0)), [f64::NEG_INFINITY, f64::INFINITY]);
        assert!(quantile(1.5, 3.0).is_nan() && quantile(0.3, f64::NAN).is_nan());
        assert!(two_sided(f64::NAN, 3.0).is_nan());
        assert_eq!(two_sided(f64::INFINITY, 3.0), 0.0);
    }

    proptest! {
        #[test]
        fn a_quantile_has_its_share_below_it(share in 1e-8..0.999_f64, degrees in 0.5..1e4_f64) {
            let back = cdf(quantile(share, degrees), degrees);
            prop_assert!((back - share).abs() <= 1e-10 * share.max(1e-3), "{back} for {share}");
        }
    }
}
