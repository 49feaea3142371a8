//! The logarithm of a mixture of products: the inner loop of a Parzen estimator.

use super::activation::{exp, sum_in_order};
use super::kernel;

/// Columns are filled up to a multiple of so many kernels, and sums run in so many lanes.
pub const KERNELS: usize = 16;
/// How many points go through the columns together, so that each kernel is loaded once for them.
const POINTS: usize = 4;
/// How many kernels are finished before the next ones, so that they stay in the nearest cache.
const CHUNK: usize = 512;
/// The constant of a kernel that fills a column up, or is to be left out. Finite, so that a mixture
/// without kernels is a very small number and not NaN.
pub const NO_KERNEL: f32 = -1e30;

/// One coordinate of every kernel of a mixture. All columns are as long as the constants.
#[derive(Clone, Copy, Debug)]
pub enum MixtureAxis<'a> {
    /// Adds −(x · scale − shift)²; nothing where both are 0.
    Normal {
        /// 1 / (√2 σ).
        scale: &'a [f32],
        /// The middle, times the scale.
        shift: &'a [f32],
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
    /// `sums[p] ← ln Σₖ exp(constant[k] + Σₐ axisₐ(k, points[p · axes + a]))`.
    ///
    /// `constant` and all columns have the same length, a multiple of [`KERNELS`]; `largest` is as
    /// long as `sums`, and scratch. Sums run in an order that only the number of kernels decides.
    fn log_mixture<'a>(
        constant: &'a [f32],
        axes: &'a [MixtureAxis<'a>],
        points: &'a [f32],
        largest: &'a mut [f32],
        sums: &'a mut [f64],
    ) {
        largest.fill(f32::MIN);
        sums.fill(0.0);
        let mut terms = [[0.0_f32; CHUNK]; POINTS];
        for (chunk, constant) in constant.chunks(CHUNK).enumerate() {
            let range = chunk * CHUNK..chunk * CHUNK + constant.len();
            let groups = largest.chunks_mut(POINTS).zip(sums.chunks_mut(POINTS));
            for (group, (largest, sums)) in groups.enumerate() {
                for terms in &mut terms {
                    terms[..constant.len()].copy_from_slice(constant);
                }
                for (a, axis) in axes.iter().enumerate() {
                    let mut x = [0.0; POINTS];
                    for p in 0..sums.len() {
                        x[p] = points[(group * POINTS + p) * axes.len() + a];
                    }
                    add_axis(&mut terms, axis, range.clone(), x);
                }
                for p in 0..sums.len() {
                    let terms = &terms[p][..constant.len()];
                    let (before, now) = (largest[p], larger(largest[p], terms));
                    sums[p] = sums[p] * f64::from(exp(before - now)) + f64::from(sum_of_exponentials(terms, now));
                    largest[p] = now;
                }
            }
        }
        for (sum, largest) in sums.iter_mut().zip(largest) {
            *sum = f64::from(*largest) + libm::log(*sum);
        }
    }
}

/// Adds one coordinate of a range of kernels at each of some points.
#[inline(always)]
fn add_axis(
    terms: &mut [[f32; CHUNK]; POINTS],
    axis: &MixtureAxis<'_>,
    range: std::ops::Range<usize>,
    x: [f32; POINTS],
) {
    let count = range.len();
    let [t0, t1, t2, t3] = terms;
    let (t0, t1, t2, t3) = (&mut t0[..count], &mut t1[..count], &mut t2[..count], &mut t3[..count]);
    match axis {
        MixtureAxis::Normal { scale, shift } => {
            let (scale, shift) = (&scale[range.clone()][..count], &shift[range][..count]);
            for k in 0..count {
                let (scale, shift) = (scale[k], -shift[k]);
                t0[k] = minus_square(x[0].mul_add(scale, shift), t0[k]);
                t1[k] = minus_square(x[1].mul_add(scale, shift), t1[k]);
                t2[k] = minus_square(x[2].mul_add(scale, shift), t2[k]);
                t3[k] = minus_square(x[3].mul_add(scale, shift), t3[k]);
            }
        }
        MixtureAxis::Choice { code, bonus } => {
            let code = &code[range][..count];
            for k in 0..count {
                t0[k] += extra(code[k], x[0], *bonus);
                t1[k] += extra(code[k], x[1], *bonus);
                t2[k] += extra(code[k], x[2], *bonus);
                t3[k] += extra(code[k], x[3], *bonus);
            }
        }
    }
}

/// term − z²
#[inline(always)]
fn minus_square(z: f32, term: f32) -> f32 {
    (-z).mul_add(z, term)
}

/// The bonus where a kernel has the point's code.
#[inline(always)]
#[allow(clippy::float_cmp)] // codes are whole numbers
fn extra(code: f32, x: f32, bonus: f32) -> f32 {
    if code == x { bonus } else { 0.0 }
}

/// The largest of a number and some terms.
#[inline(always)]
fn larger(start: f32, terms: &[f32]) -> f32 {
    let mut largest = [start; KERNELS];
    for row in terms.as_chunks::<KERNELS>().0 {
        for lane in 0..KERNELS {
            largest[lane] = if row[lane] > largest[lane] { row[lane] } else { largest[lane] };
        }
    }
    let mut all = start;
    for value in largest {
        all = if value > all { value } else { all };
    }
    all
}

/// Σ exp(term − largest), lane by lane and then over the lanes.
#[inline(always)]
fn sum_of_exponentials(terms: &[f32], largest: f32) -> f32 {
    let mut total = [0.0_f32; KERNELS];
    for row in terms.as_chunks::<KERNELS>().0 {
        for lane in 0..KERNELS {
            total[lane] += exp(row[lane] - largest);
        }
    }
    sum_in_order(&total)
}

#[cfg(test)]
#[allow(clippy::float_cmp)] // numbers of kernels are whole
mod tests {
    use super::super::Kernels;
    use super::*;

    const COUNT: usize = 2 * CHUNK + 21;

    /// A mixture of some kernels in two coordinates, filled up.
    fn columns() -> [Vec<f32>; 4] {
        let column = |f: fn(f32) -> f32, rest: f32| {
            let value = |k| if k < COUNT { f(k as f32) } else { rest };
            (0..COUNT.next_multiple_of(KERNELS)).map(value).collect::<Vec<f32>>()
        };
        [
            column(|k| -3.0 - 0.01 * k, NO_KERNEL),
            column(|k| if k == 5.0 { 0.0 } else { 2.0 + k % 17.0 }, 0.0),
            column(|k| if k == 5.0 { 0.0 } else { (2.0 + k % 17.0) * (k * 0.37).fract() }, 0.0),
            column(|k| if k == 7.0 { f32::NAN } else { k % 3.0 }, f32::NAN),
        ]
    }

    fn log_mixture(kernels: Kernels, points: &[f32]) -> Vec<f64> {
        let [constant, scale, shift, code] = columns();
        let axes = [
            MixtureAxis::Normal { scale: &scale, shift: &shift },
            MixtureAxis::Choice { code: &code, bonus: 1.5 },
        ];
        let mut sums = vec![0.0; points.len() / 2];
        let mut largest = vec![0.0; sums.len()];
        kernels.log_mixture(&constant, &axes, points, &mut largest, &mut sums);
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
        let [constant, scale, shift, code] = columns();
        let expected = |x: f32, y: f32| {
            let term = |k: usize| {
                let z = f64::from(x) * f64::from(scale[k]) - f64::from(shift[k]);
                f64::from(constant[k]) - z * z + if code[k].to_bits() == y.to_bits() { 1.5 } else { 0.0 }
            };
            (0..COUNT).map(|k| term(k).exp()).sum::<f64>().ln()
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
        Kernels::detect().log_mixture(&constant, &[], &[], &mut [0.0], &mut sums);
        assert!(sums[0] < -1e29 && sums[0].is_finite());
        Kernels::detect().log_mixture(&[], &[], &[], &mut [0.0], &mut sums);
        assert!(!sums[0].is_nan());
    }
}
