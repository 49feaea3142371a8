//! Elementwise functions of our own: without branches or calls, so that they vectorise on any
//! processor with a fused multiply-add, and of exactly rounded operations only, so that they give
//! the same bits on all of them (a C library's `expf` does not).

use super::LANES;

/// eˣ to about 1 ulp for |x| < 87, saturating beyond; NaN stays NaN. Range reduction to ±ln 2 / 2
/// and a polynomial of degree 7 with the coefficients of the Cephes library.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    /// Adding it pushes the fraction out of the mantissa, which rounds to nearest.
    const ROUND: f32 = 12_582_912.0; // 1.5 · 2²³
    /// ln 2 in two parts, the first with few bits, so that its product with n is exact.
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    let x = x.clamp(-87.0, 88.0);
    let shifted = x.mul_add(std::f32::consts::LOG2_E, ROUND);
    let n = shifted - ROUND;
    let r = n.mul_add(-LN2_LOW, n.mul_add(-LN2_HIGH, x));
    let mut p = 1.987_569_1e-4_f32;
    p = p.mul_add(r, 1.398_199_9e-3);
    p = p.mul_add(r, 8.333_452e-3);
    p = p.mul_add(r, 4.166_579_6e-2);
    p = p.mul_add(r, 1.666_666_5e-1);
    p = p.mul_add(r, 0.5);
    p = p.mul_add(r * r, r) + 1.0;
    // The low bits of `shifted` hold n; moved into the exponent they are 2ⁿ.
    p * f32::from_bits((shifted.to_bits() << 23).wrapping_add(0x3f80_0000))
}

/// 1 / (1 + e⁻ˣ).
#[inline(always)]
pub fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// The hyperbolic tangent, to an absolute error of about 1e-7.
#[inline(always)]
pub fn tanh(x: f32) -> f32 {
    sigmoid(2.0 * x).mul_add(2.0, -1.0)
}

/// The scalar product of two slices of equal length, in sixteen running sums, so that it
/// vectorises in a fixed order.
#[inline(always)]
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 16];
    let (a_parts, b_parts) = (a.chunks_exact(16), b.chunks_exact(16));
    let mut rest = 0.0;
    for (x, y) in a_parts.remainder().iter().zip(b_parts.remainder()) {
        rest += x * y;
    }
    for (x, y) in a_parts.zip(b_parts) {
        for lane in 0..16 {
            sums[lane] += x[lane] * y[lane];
        }
    }
    sum_in_order(&sums) + rest
}

/// Σ values, one after the other.
#[inline(always)]
pub(super) fn sum_in_order(values: &[f32]) -> f32 {
    let mut sum = -0.0;
    for value in values {
        sum += value;
    }
    sum
}

/// The largest value that is a number.
#[inline(always)]
pub(super) fn largest(values: &[f32]) -> f32 {
    let (blocks, rest) = values.as_chunks::<LANES>();
    let mut lanes = [f32::NEG_INFINITY; LANES];
    for block in blocks {
        for lane in 0..LANES {
            lanes[lane] = lanes[lane].max(block[lane]);
        }
    }
    let mut largest = f32::NEG_INFINITY;
    for value in lanes {
        largest = largest.max(value);
    }
    for value in rest {
        largest = largest.max(*value);
    }
    largest
}

/// Each value to eᵛᵃˡᵘᵉ⁻ˢʰⁱᶠᵗ. What does not fill a block is copied to one, so that no value is alone.
#[inline(always)]
pub(super) fn exp_all(values: &mut [f32], shift: f32) {
    let (blocks, rest) = values.as_chunks_mut::<LANES>();
    for block in blocks {
        for value in block {
            *value = exp(*value - shift);
        }
    }
    let mut block = [0.0; LANES];
    block[..rest.len()].copy_from_slice(rest);
    for value in &mut block {
        *value = exp(*value - shift);
    }
    rest.copy_from_slice(&block[..rest.len()]);
}

/// `target += factor · source`.
#[inline(always)]
pub(super) fn add_scaled(target: &mut [f32], factor: f32, source: &[f32]) {
    for (t, s) in target.iter_mut().zip(source) {
        *t += factor * s;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_right_to_a_few_ulp_everywhere() {
        let mut worst = 0.0_f64;
        for step in -86_000..=87_000 {
            let x = step as f32 / 1000.0;
            let exact = f64::from(x).exp();
            worst = worst.max((f64::from(exp(x)) - exact).abs() / exact);
        }
        assert!(worst < 2.5e-7, "relative error {worst}");
    }

    #[test]
    fn extremes_saturate_and_nan_stays() {
        assert!(exp(1e30).is_finite() && exp(-1e30) > 0.0 && exp(f32::NEG_INFINITY) < 1e-37);
        assert!(exp(f32::NAN).is_nan() && sigmoid(f32::NAN).is_nan() && tanh(f32::NAN).is_nan());
        assert!((tanh(50.0) - 1.0).abs() < 1e-7 && (tanh(-50.0) + 1.0).abs() < 1e-7);
        assert!((0.0..=1e-37).contains(&sigmoid(-200.0)));
    }

    #[test]
    fn tanh_and_sigmoid_are_close_to_exact() {
        for step in -20_000..=20_000 {
            let x = step as f32 / 1000.0;
            assert!((f64::from(tanh(x)) - f64::from(x).tanh()).abs() < 3e-7, "tanh({x})");
            assert!(
                (f64::from(sigmoid(x)) - 1.0 / (1.0 + (-f64::from(x)).exp())).abs() < 2e-7,
                "sigmoid({x})"
            );
        }
    }

    #[test]
    fn dot_covers_every_length() {
        for length in 0..40 {
            let a: Vec<f32> = (0..length).map(|i| i as f32).collect();
            let expected: f32 = a.iter().map(|x| x * 2.0).sum();
            assert!((dot(&a, &vec![2.0; length]) - expected).abs() < 1e-3);
        }
    }
}
