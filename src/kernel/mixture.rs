//! The logarithm of a mixture of products: the inner loop of a Parzen estimator.

use super::activation::exp;
use super::kernel;

/// How many kernels are computed side by side; columns are filled up to a multiple of it.
pub const KERNELS: usize = 16;
/// How many points go through the columns together, so that each kernel is loaded once for them.
const POINTS: usize = 4;
/// The constant of a kernel that fills a column up, or is to be left out. Finite, so that a mixture
/// without kernels is a very small number and not NaN.
pub const NO_KERNEL: f32 = -1e30;

/// One coordinate of every kernel of a mixture. All columns are as long as the constants.
#[derive(Clone, Copy, Debug)]
pub enum MixtureAxis<'a> {
    /// Adds −((x − mean) · scale)²; nothing where the scale is 0.
    Normal {
        /// Middles.
        mean: &'a [f32],
        /// 1 / (√2 σ).
        scale: &'a [f32],
    },
    /// Adds `bonus` where the code equals the coordinate; NaN equals none.
    Choice {
        /// Codes of the kernels' own choices.
        code: &'a [f32],
        /// The logarithm of how much likelier than another one a kernel's own choice is.
        bonus: f32,
    },
}

kernel! {
    /// `sums[p]` ← ln Σₖ exp(constant[k] + Σₐ axisₐ(k, points[p · axes + a])).
    ///
    /// `constant` and all columns have the same length, a multiple of [`KERNELS`]; `terms` is
    /// scratch. Sums run in an order that only the number of kernels decides.
    fn log_mixture<'a>(
        constant: &'a [f32],
        axes: &'a [MixtureAxis<'a>],
        points: &'a [f32],
        terms: &'a mut Vec<f32>,
        sums: &'a mut [f64],
    ) {
        terms.resize(POINTS * constant.len(), 0.0);
        let width = axes.len();
        for (group, sums) in sums.chunks_mut(POINTS).enumerate() {
            let mut largest = [[f32::MIN; KERNELS]; POINTS];
            let (blocks, _) = constant.as_chunks::<KERNELS>();
            let (rows, _) = terms.as_chunks_mut::<KERNELS>();
            for (block, (constant, rows)) in blocks.iter().zip(rows.chunks_exact_mut(POINTS)).enumerate() {
                let mut sum = [*constant; POINTS];
                for (a, axis) in axes.iter().enumerate() {
                    // Points that a last group lacks repeat its first one.
                    let x: [f32; POINTS] = std::array::from_fn(|p| {
                        let p = if p < sums.len() { p } else { 0 };
                        points[(group * POINTS + p) * width + a]
                    });
                    add_axis(&mut sum, axis, block, x);
                }
                for p in 0..POINTS {
                    for lane in 0..KERNELS {
                        let term = sum[p][lane];
                        largest[p][lane] = if term > largest[p][lane] { term } else { largest[p][lane] };
                    }
                    rows[p] = sum[p];
                }
            }
            for (p, sum) in sums.iter_mut().enumerate() {
                let largest = largest[p].iter().fold(f32::MIN, |a, &b| if b > a { b } else { a });
                let total = sum_of_exponentials(rows.iter().skip(p).step_by(POINTS), largest);
                *sum = f64::from(largest) + libm::log(f64::from(total));
            }
        }
    }
}

/// Adds one coordinate of a block of kernels at each of some points.
#[inline(always)]
fn add_axis(sum: &mut [[f32; KERNELS]; POINTS], axis: &MixtureAxis<'_>, block: usize, x: [f32; POINTS]) {
    match axis {
        MixtureAxis::Normal { mean, scale } => {
            let (mean, scale) =
                (&mean.as_chunks::<KERNELS>().0[block], &scale.as_chunks::<KERNELS>().0[block]);
            for p in 0..POINTS {
                for lane in 0..KERNELS {
                    let z = (x[p] - mean[lane]) * scale[lane];
                    sum[p][lane] = (-z).mul_add(z, sum[p][lane]);
                }
            }
        }
        MixtureAxis::Choice { code, bonus } => {
            let code = &code.as_chunks::<KERNELS>().0[block];
            for p in 0..POINTS {
                for lane in 0..KERNELS {
                    #[allow(clippy::float_cmp)] // codes are whole numbers
                    let hit = code[lane] == x[p];
                    sum[p][lane] += if hit { *bonus } else { 0.0 };
                }
            }
        }
    }
}

/// Σ exp(term − largest), lane by lane and then over the lanes.
#[inline(always)]
fn sum_of_exponentials<'a>(rows: impl Iterator<Item = &'a [f32; KERNELS]>, largest: f32) -> f32 {
    let mut total = [0.0_f32; KERNELS];
    for row in rows {
        for lane in 0..KERNELS {
            total[lane] += exp(row[lane] - largest);
        }
    }
    total.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::super::Kernels;
    use super::*;

    /// A mixture of 21 kernels in two coordinates, filled up to 32.
    fn columns() -> [Vec<f32>; 4] {
        let column = |f: fn(f32) -> f32, rest: f32| {
            (0..32).map(|k| if k < 21 { f(k as f32) } else { rest }).collect::<Vec<f32>>()
        };
        [
            column(|k| -3.0 - 0.1 * k, NO_KERNEL),
            column(|k| (k * 0.37).fract(), 0.0),
            column(|k| if k == 5.0 { 0.0 } else { 2.0 + k }, 0.0),
            column(|k| if k == 7.0 { f32::NAN } else { k % 3.0 }, f32::NAN),
        ]
    }

    fn log_mixture(kernels: Kernels, points: &[f32]) -> Vec<f64> {
        let [constant, mean, scale, code] = columns();
        let axes = [
            MixtureAxis::Normal { mean: &mean, scale: &scale },
            MixtureAxis::Choice { code: &code, bonus: 1.5 },
        ];
        let mut sums = vec![0.0; points.len() / 2];
        kernels.log_mixture(&constant, &axes, points, &mut Vec::new(), &mut sums);
        sums
    }

    const PLACES: [f32; 14] = [0.0, 0.0, 0.3, 1.0, 0.5, 2.0, 0.99, 0.0, 1.0, 1.0, 0.123, 2.0, 0.7, 0.0];

    #[test]
    fn every_instruction_set_gives_the_same_bits() {
        let [plain, rest @ ..] = &Kernels::all()[..] else { unreachable!() };
        let bits =
            |kernels: Kernels| log_mixture(kernels, &PLACES).iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        for kernels in rest {
            assert_eq!(bits(*kernels), bits(*plain), "{}", kernels.name());
        }
    }

    #[test]
    fn a_mixture_equals_its_definition_however_many_points_go_together() {
        let [constant, mean, scale, code] = columns();
        let expected = |x: f32, y: f32| {
            let term = |k: usize| {
                let z = f64::from((x - mean[k]) * scale[k]);
                f64::from(constant[k]) - z * z + if code[k].to_bits() == y.to_bits() { 1.5 } else { 0.0 }
            };
            (0..21).map(|k| term(k).exp()).sum::<f64>().ln()
        };
        let together = log_mixture(Kernels::detect(), &PLACES);
        for (point, together) in PLACES.chunks(2).zip(together) {
            approx::assert_abs_diff_eq!(together, expected(point[0], point[1]), epsilon = 1e-5);
            let alone = log_mixture(Kernels::detect(), point)[0];
            assert_eq!(alone.to_bits(), together.to_bits());
        }
    }

    #[test]
    fn a_mixture_of_no_kernels_is_next_to_nothing() {
        let constant = [NO_KERNEL; KERNELS];
        let mut sums = [0.0];
        Kernels::detect().log_mixture(&constant, &[], &[], &mut Vec::new(), &mut sums);
        assert!(sums[0] < -1e29 && sums[0].is_finite());
        Kernels::detect().log_mixture(&[], &[], &[], &mut Vec::new(), &mut sums);
        assert!(!sums[0].is_nan());
    }
}
