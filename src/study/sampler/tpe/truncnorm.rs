//! The normal distribution cut to an interval, accurate far out in its tails: everything is computed
//! in logarithms, and the right tail as the mirrored left one.

use std::f64::consts::{LN_2, PI, SQRT_2};

use libm::{erf, erfc};

/// ln √(2π)
pub(super) const LN_SQRT_2_PI: f64 = 0.918_938_533_204_672_8;

/// ln Φ(x): the logarithm of the standard normal cumulative distribution.
pub(super) fn log_cdf(x: f64) -> f64 {
    if x >= 0.0 {
        (-0.5 * erfc(x / SQRT_2)).ln_1p()
    } else if x > -20.0 {
        (0.5 * erfc(-x / SQRT_2)).ln()
    } else {
        // Φ(x) = φ(x)/|x| · (1 − 1/x² + 3/x⁴ − 15/x⁶ + …); erfc itself underflows at −38.
        let inverse_square = 1.0 / (x * x);
        let (mut term, mut sum) = (1.0, 1.0);
        for odd in (1..24).step_by(2) {
            term *= -f64::from(odd) * inverse_square;
            sum += term;
        }
        -0.5 * x * x - LN_SQRT_2_PI - (-x).ln() + f64::ln(sum)
    }
}

/// ln (Φ(high) − Φ(low)) for `low < high`.
pub(super) fn log_mass(low: f64, high: f64) -> f64 {
    let width = high - low;
    if width * (1.0 + low.abs().min(high.abs()) + width) < 0.05 {
        log_mass_narrow(f64::midpoint(low, high), width)
    } else if high < 0.0 {
        log_mass(-high, -low)
    } else if low > 20.0 {
        log_difference(log_cdf(-low), log_cdf(-high))
    } else if low > 0.0 {
        (tail(low) - tail(high)).ln()
    } else {
        let outside = tail(high) + tail(-low);
        // The smaller of the two parts has the digits.
        if outside < 0.5 {
            (-outside).ln_1p()
        } else {
            (0.5 * (erf(high / SQRT_2) + erf(-low / SQRT_2))).ln()
        }
    }
}

/// 1 − Φ(x)
fn tail(x: f64) -> f64 {
    0.5 * erfc(x / SQRT_2)
}

/// ln (Φ(middle + width/2) − Φ(middle − width/2)) where `width · (1 + |middle|)` is small: φ
/// expanded around the middle. Subtracting would cancel all digits.
pub(super) fn log_mass_narrow(middle: f64, width: f64) -> f64 {
    let square = middle * middle;
    let w2 = width * width;
    let second = (square - 1.0) * w2 / 24.0;
    let fourth = ((square - 6.0) * square + 3.0) * w2 * w2 / 1920.0;
    width.ln() - 0.5 * square - LN_SQRT_2_PI + (second + fourth).ln_1p()
}

/// The `q`-quantile, `0 ≤ q ≤ 1`, of the standard normal cut to `low..=high`.
pub(super) fn quantile(q: f64, low: f64, high: f64) -> f64 {
    if low > 0.0 {
        return -quantile(1.0 - q, -high, -low);
    }
    let below = log_cdf(low) + (-q).ln_1p();
    let within = log_cdf(high) + q.ln();
    inverse_log_cdf(log_sum(below, within)).clamp(low, high)
}

/// The x whose ln Φ(x) is `target`, by Newton's method on the logarithm.
fn inverse_log_cdf(target: f64) -> f64 {
    if target >= 0.0 {
        return f64::INFINITY;
    }
    if target == f64::NEG_INFINITY {
        return f64::NEG_INFINITY;
    }
    if target > -LN_2 {
        // The right half, mirrored: ln(1 − e^target).
        return -inverse_log_cdf((-target.exp_m1()).ln());
    }
    // In the tail ln Φ(x) ≈ −x²/2 − ln √(2π) − ln |x|; near the middle Φ is almost logistic.
    let mut x = if target < -5.0 {
        -(-2.0 * (target + LN_SQRT_2_PI)).sqrt()
    } else {
        -(3.0_f64.sqrt() / PI) * (-target).exp_m1().ln()
    };
    for _ in 0..100 {
        let value = log_cdf(x);
        let slope = (-0.5 * x * x - LN_SQRT_2_PI - value).exp();
        let step = (value - target) / slope;
        x -= step;
        if step.abs() <= 1e-14 * x.abs() {
            break;
        }
    }
    x
}

/// ln(eᵃ + eᵇ)
fn log_sum(a: f64, b: f64) -> f64 {
    let (small, large) = if a < b { (a, b) } else { (b, a) };
    if small == f64::NEG_INFINITY { large } else { large + (small - large).exp().ln_1p() }
}

/// ln(eᵃ − eᵇ) for a > b
fn log_difference(a: f64, b: f64) -> f64 {
    a + (-(b - a).exp_m1()).ln()
}

#[cfg(test)]
#[allow(clippy::excessive_precision)] // expected values stand as mpmath printed them
mod tests {
    use super::*;

    // All expected values come from mpmath 1.3 with 60 digits:
    //
    //     from mpmath import *; mp.dps = 60
    //     Q = lambda x: erfc(x / sqrt(2)) / 2; cdf = lambda x: Q(-x)
    //     log(cdf(x))                                                          # log_cdf
    //     log(Q(a) - Q(b) if a > 0 else cdf(b) - cdf(a))                       # log_mass
    //     # quantile: 220 bisections of Q(x) = Q(a) - q (Q(a) - Q(b)), or of the same with cdf

    #[track_caller]
    fn assert_close(found: f64, expected: f64, tolerance: f64) {
        let error = ((found - expected) / expected).abs();
        assert!(error <= tolerance, "{found:e} is not {expected:e}: relative error {error:e}");
    }

    #[test]
    fn log_cdf_is_accurate_in_both_tails() {
        for (x, expected) in [
            (-40.0, -804.608_442_013_753_788),
            (-25.0, -316.639_408_008_020_259),
            (-20.5, -214.066_728_963_263_8),
            (-19.5, -194.016_965_777_497_499),
            (-10.0, -53.231_285_150_512_47),
            (-5.0, -15.064_998_393_988_726),
            (-1.0, -1.841_021_645_009_263_5),
            (-0.1, -0.776_154_592_730_273_3),
            (0.0, -LN_2),
            (0.5, -0.368_946_415_288_656_4),
            (2.0, -0.023_012_909_328_963_488),
            (6.0, -9.865_876_455_243_757e-10),
            (9.0, -1.128_588_405_953_840_6e-19),
        ] {
            assert_close(log_cdf(x), expected, 1e-14);
        }
    }

    #[test]
    fn log_mass_is_accurate_for_wide_narrow_and_remote_intervals() {
        for (low, high, expected) in [
            (-1.0, 2.0, -0.200_166_294_324_462_58),
            (-0.02, 0.04, -3.732_549_225_966_766),
            (0.3, 0.8, -1.770_586_139_258_558),
            (3.0, 5.0, -6.607_938_594_596_893),
            (30.0, 31.0, -454.321_243_956_343_25),
            (-31.0, -30.0, -454.321_243_956_343_25),
            (-0.5, 40.0, -0.368_946_415_288_656_4),
            (-9.0, 9.0, -2.257_176_811_907_681_3e-19),
        ] {
            assert_close(log_mass(low, high), expected, 1e-13);
        }
        // The ends themselves are rounded here.
        assert_close(log_mass(8.0, 8.001), -39.830_691_311_854_977, 1e-12);
        assert_close(log_mass_narrow(10.0 + 5e-8, 1e-7), -67.037_034_684_162_95, 1e-13);
    }

    #[test]
    fn the_narrow_expansion_meets_the_subtraction() {
        for middle in [0.0_f64, 0.7, -2.0, 6.0] {
            let width = 0.0499 / (1.0 + middle.abs());
            let exact = log_mass(middle - 0.5, middle + 0.5); // wide: far from the expansion
            let cells = 2000;
            let pieces: f64 = (0..cells)
                .map(|cell| middle - 0.5 + (f64::from(cell) + 0.5) / f64::from(cells))
                .map(|at| log_mass_narrow(at, 1.0 / f64::from(cells)).exp())
                .sum();
            assert_close(pieces.ln(), exact, 1e-12);
            let (low, high) = (middle - width / 2.0, middle + width / 2.0);
            let subtracted =
                log_difference(log_cdf(-low.abs().min(high.abs())), log_cdf(-low.abs().max(high.abs())));
            if low * high > 0.0 {
                assert_close(log_mass_narrow(middle, width), subtracted, 1e-11);
            }
        }
    }

    #[test]
    fn quantiles_are_accurate_in_both_tails() {
        for (q, low, high, expected) in [
            (0.5, -1.0, 2.0, 0.171_163_918_017_824_77),
            (0.25, 10.0, 11.0, 10.028_448_229_970_149),
            (0.9, 30.0, 40.0, 30.076_570_337_034_944),
            (0.1, -40.0, -30.0, -30.076_570_337_034_944),
            (1e-10, -8.0, 8.0, -6.361_339_947_039_302),
            (0.999, -0.1, 6.0, 3.268_901_801_003_402_5),
            (0.75, -3.0, 0.5, 0.047_479_135_455_936_694),
            (0.01, 5.0, 100.0, 5.001_937_436_168_998),
        ] {
            assert_close(quantile(q, low, high), expected, 1e-12);
        }
    }

    #[test]
    fn quantiles_rise_and_stay_inside() {
        for (low, high) in [(-0.001, 0.001), (-3.0, 30.0), (12.0, 12.5), (-1e6, 0.0), (0.0, 1e6)] {
            let mut before = low;
            for step in 0..=1000 {
                let x = quantile(f64::from(step) / 1000.0, low, high);
                assert!(x >= before && x <= high, "{x} after {before} in {low}..={high}");
                before = x;
            }
        }
    }
}
