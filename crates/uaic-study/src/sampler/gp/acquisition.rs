//! The logarithm of the expected improvement, stable where the improvement is tiny.
//!
//! Ament et al. 2023 (arXiv:2310.20708): far from the best point EI is 0 in floating point and has no
//! gradient to climb, its logarithm has both.

use std::f64::consts::PI;

use uaic_kernel::statistics::normal;

/// ln(2π) / 2.
const LN_SQRT_2_PI: f64 = 0.918_938_533_204_672_8;

/// ln E[max(0, best − Y)] for Y normal with this mean and standard deviation, and its derivatives
/// by mean and by standard deviation.
pub(super) fn log_expected_improvement(best: f64, mean: f64, sd: f64) -> (f64, f64, f64) {
    let z = (best - mean) / sd;
    let (log_h, slope) = log_h(z);
    (sd.ln() + log_h, -slope / sd, (1.0 - slope * z) / sd)
}

/// ln h(z) for h(z) = φ(z) + z·Φ(z), and its derivative Φ(z) / h(z).
fn log_h(z: f64) -> (f64, f64) {
    let log_density = -0.5 * z * z - LN_SQRT_2_PI;
    if z < -25.0 {
        // h = φ/z² · (1 − 3/z² + 15/z⁴ − …) and Φ = φ/|z| · (1 − 1/z² + 3/z⁴ − …).
        let u = 1.0 / (z * z);
        let tail = 1.0 - u * (3.0 - u * (15.0 - u * (105.0 - u * 945.0)));
        let cumulative = 1.0 - u * (1.0 - u * (3.0 - u * (15.0 - u * 105.0)));
        return (log_density + (u * tail).ln(), -z * cumulative / tail);
    }
    let cumulative = normal::below(z);
    if z > -1.0 {
        let h = log_density.exp() + z * cumulative;
        return (h.ln(), cumulative / h);
    }
    // Both over φ, so that nothing underflows.
    let ratio = (PI / 2.0).sqrt() * (0.5 * z * z).exp() * 2.0 * cumulative;
    let rest = 1.0 + z * ratio;
    (log_density + rest.ln(), ratio / rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    // from mpmath import mp, mpf, npdf, ncdf, log; mp.dps = 60
    // for z in (3, 0, -1.5, -10, -24.9, -25.1, -100): print(log(npdf(z) + z*ncdf(z)))
    const LOG_H: [(f64, f64); 7] = [
        (3.0, 1.098_739_665_327_707_8),
        (0.0, -0.918_938_533_204_672_7),
        (-1.5, -3.529_935_920_805_71),
        (-10.0, -55.553_122_036_122_36),
        (-24.9, -317.358_485_742_667_4),
        (-25.1, -322.374_409_912_464),
        (-100.0, -5_010.129_578_800_25),
    ];

    #[test]
    fn log_h_agrees_with_mpmath() {
        for (z, expected) in LOG_H {
            assert_relative_eq!(log_h(z).0, expected, max_relative = 1e-9);
        }
    }

    #[test]
    fn derivatives_agree_with_differences() {
        let step = 1e-6;
        for (mean, sd) in [(-2.0, 0.5), (0.0, 1.0), (3.0, 0.9), (30.0, 1.1), (500.0, 2.0)] {
            let (_, by_mean, by_sd) = log_expected_improvement(0.3, mean, sd);
            let value = |mean, sd| log_expected_improvement(0.3, mean, sd).0;
            let difference = (value(mean + step, sd) - value(mean - step, sd)) / (2.0 * step);
            assert_relative_eq!(by_mean, difference, max_relative = 1e-4);
            let difference = (value(mean, sd + step) - value(mean, sd - step)) / (2.0 * step);
            assert_relative_eq!(by_sd, difference, max_relative = 1e-4);
        }
    }
}
