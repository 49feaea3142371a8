//! The Gaussian error linear unit (Hendrycks & Gimpel 2016), exact, with its derivative.

use super::activation::exp;
use super::{Row, kernel};

/// 1 / √(2π)
const DENSITY: f32 = 0.398_942_3;

/// The distribution function of the standard normal at `x`, and its density, both to about 1e-7.
///
/// Φ(−|x|) = exp(−x²/2) · t·Q(t) with t = 1 / (1 + 0.24·|x|), the form that Hastings gave his
/// approximations of erfc. Q is our own fit (least squares reweighted until the largest error of
/// x·Φ(x) over 0 ≤ |x| ≤ 14 was smallest), off by 7e-10.
#[inline(always)]
fn normal(x: f32) -> (f32, f32) {
    let size = x.abs();
    let t = 1.0 / size.mul_add(0.24, 1.0);
    let mut q = -0.124_614_775_f32;
    q = q.mul_add(t, 0.552_282_04);
    q = q.mul_add(t, -0.641_450_4);
    q = q.mul_add(t, 0.620_652_9);
    q = q.mul_add(t, -0.151_099_56);
    q = q.mul_add(t, 0.154_580_12);
    q = q.mul_add(t, 0.089_649_715);
    let bell = exp(-0.5 * x * x);
    let tail = bell * (t * q);
    (if x < 0.0 { tail } else { 1.0 - tail }, bell * DENSITY)
}

kernel! {
    /// y ← x·Φ(x), and x ← the derivative Φ(x) + x·φ(x), which the backward pass reads.
    fn gelu<'a>(x: &'a mut [Row], y: &'a mut [Row]) {
        for (x, y) in x.as_flattened_mut().iter_mut().zip(y.as_flattened_mut()) {
            let (share, density) = normal(*x);
            *y = *x * share;
            *x = x.mul_add(density, share);
        }
    }
}

kernel! {
    /// `grad ⊙= slopes`
    fn multiply_rows_by<'a>(grad: &'a mut [Row], slopes: &'a [Row]) {
        for (grad, slope) in grad.as_flattened_mut().iter_mut().zip(slopes.as_flattened()) {
            *grad *= slope;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::on_all;
    use super::*;

    #[test]
    fn gelu_and_its_derivative_are_exact_to_single_precision() {
        let x: Vec<Row> = (0..=600)
            .map(|row| std::array::from_fn(|i| ((row * 64 + i) as f32 - 19_200.0) / 1600.0))
            .collect();
        let [y, slopes] = on_all(|kernels| {
            let (mut slopes, mut y) = (x.clone(), x.clone());
            kernels.gelu(&mut slopes, &mut y);
            [y.into_flattened(), slopes.into_flattened()]
        });
        for (at, x) in x.as_flattened().iter().enumerate() {
            let x = f64::from(*x);
            let share = 0.5 * libm::erfc(-x / std::f64::consts::SQRT_2);
            let density = (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt();
            let (ours, slope) = (f64::from(y[at]), f64::from(slopes[at]));
            assert!((ours - x * share).abs() < 1e-7 * (1.0 + x.abs()), "gelu({x}): {ours}");
            assert!((slope - (share + x * density)).abs() < 3e-7, "gelu'({x}): {slope}");
        }
    }

    #[test]
    fn gelu_equals_pytorch_and_stands_any_input() {
        // x = torch.tensor([-3, -.5, 0, .7, 2.5], dtype=torch.float64, requires_grad=True)
        // y = torch.nn.functional.gelu(x); y.sum().backward(); print(y, x.grad)
        on_all(|kernels| {
            let mut x = [[0.0; 64]];
            let given = [-3.0, -0.5, 0.0, 0.7, 2.5, 1e30, -1e30, f32::NAN];
            x[0][..8].copy_from_slice(&given);
            let mut y = x;
            kernels.gelu(&mut x, &mut y);
            let expected: [f32; 7] =
                [-0.004_049_694, -0.154_268_77, 0.0, 0.530_625_44, 2.484_475_8, 1e30, 0.0];
            let slopes = [-0.011_945_647, 0.132_504_88, 0.5, 0.976_614_1, 1.037_611_1, 1.0, 0.0];
            for at in 0..7 {
                let tolerance = 2e-7 * (1.0 + expected[at].abs());
                assert!((y[0][at] - expected[at]).abs() < tolerance, "{}: {}", given[at], y[0][at]);
                assert!((x[0][at] - slopes[at]).abs() < 4e-7, "{}: {}", given[at], x[0][at]);
            }
            assert!(y[0][7].is_nan() && x[0][7].is_nan());
            []
        });
    }
}
