//! A Parzen estimator: a mixture of products, one kernel per trial and one prior kernel over the
//! whole space (Watanabe 2023, arXiv:2304.11127; Falkner et al. 2018 for the product form).
//!
//! Columns are flat and logarithms of normalising factors are taken once, so that a density costs
//! one multiplication and one addition per trial and parameter, and nothing is allocated for it.

use rand::RngExt;

use crate::rng::ChaCha8Rng;

use super::super::axis::{Axis, Range};
use super::truncnorm::{LN_SQRT_2_PI, log_mass, log_mass_narrow, quantile};

/// Narrowest kernel, as a share of the range.
const NARROWEST: f64 = 0.03;
/// Cells narrower than this many sigmas of the narrowest kernel get the logarithm of their mass
/// from its expansion around the middle, to the fourth power of the width. The first term left out
/// is (z w)⁶ / 181440: below 2e-5 within 2 sigmas, and without weight where it is not small.
const NARROW_CELL: f64 = 0.6;

/// A density over points (one coordinate per axis).
pub(super) struct Parzen {
    /// Weights summed up, for drawing a kernel; the last is the prior kernel.
    cumulative: Vec<f64>,
    /// Per kernel: ln weight, plus the parts of its log density that no point changes.
    constant: Vec<f64>,
    dimensions: Vec<Dimension>,
}

/// One axis of every kernel.
enum Dimension {
    /// A continuum: normals cut to `0..=1`.
    Real(Normals),
    /// Steps: the mass that a normal cut to `0..=1` has in a value's cell.
    Grid { range: Range, normals: Normals, log_sigma: Vec<f64>, classes: Classes },
    /// Names: every choice has `1 / kernels`, the observed one 1 more, then normalised.
    Choice { observed: Vec<u32>, choices: u32 },
}

/// The normals of all kernels, as columns.
struct Normals {
    mean: Vec<f64>,
    inverse_sigma: Vec<f64>,
}

/// The different normals among the kernels. On a coarse grid there are few, because kernels at the
/// same value have mostly the same width, so that an exact mass each is cheap.
struct Classes {
    normals: Vec<Normal>,
    /// Per kernel, its place among them.
    class_of: Vec<u32>,
}

/// A normal cut to `0..=1`.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Normal {
    mean: f64,
    sigma: f64,
}

/// Reusable memory for [`Parzen::log_density`].
#[derive(Default)]
pub(super) struct Scratch {
    terms: Vec<f64>,
    table: Vec<f64>,
}

impl Parzen {
    /// The estimator over some rows of coordinate columns. `weights` are per row, with mean 1 (the
    /// prior kernel weighs 1); even when absent.
    pub(super) fn new(
        axes: &[Axis<'_>],
        columns: &[Vec<f64>],
        rows: &[usize],
        weights: Option<&[f64]>,
    ) -> Self {
        let mut weight = weights.map_or_else(|| vec![1.0; rows.len()], <[f64]>::to_vec);
        weight.push(1.0);
        let total: f64 = weight.iter().sum();
        let mut constant: Vec<f64> = weight.iter().map(|weight| (weight / total).ln()).collect();
        let cumulative = weight
            .iter()
            .scan(0.0, |sum, weight| {
                *sum += weight / total;
                Some(*sum)
            })
            .collect();
        let dimensions = axes
            .iter()
            .zip(columns)
            .map(|(axis, column)| {
                let observed: Vec<f64> = rows.iter().map(|&row| column[row]).collect();
                Dimension::new(axis, &observed, &mut constant)
            })
            .collect();
        Self { cumulative, constant, dimensions }
    }

    /// Draws a point: a kernel by weight, then every coordinate from that kernel.
    pub(super) fn draw(&self, axes: &[Axis<'_>], rng: &mut ChaCha8Rng, point: &mut Vec<f64>) {
        let place: f64 = rng.random();
        let last = self.constant.len() - 1;
        let kernel = self.cumulative.partition_point(|&sum| sum <= place).min(last);
        point.clear();
        for (axis, dimension) in axes.iter().zip(&self.dimensions) {
            point.push(axis.snap(dimension.draw(kernel, last + 1, rng)));
        }
    }

    /// The logarithm of the density at a point (for steps and names, of the probability).
    pub(super) fn log_density(&self, point: &[f64], scratch: &mut Scratch) -> f64 {
        let Scratch { terms, table } = scratch;
        terms.clear();
        terms.extend_from_slice(&self.constant);
        for (dimension, &x) in self.dimensions.iter().zip(point) {
            dimension.add_to(terms, x, table);
        }
        let largest = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        // Less than e⁻⁴⁰ of the largest is beyond a float's digits, even times many.
        let sum: f64 =
            terms.iter().map(|term| term - largest).filter(|term| *term > -40.0).map(f64::exp).sum();
        largest + sum.ln()
    }
}

impl Dimension {
    fn new(axis: &Axis<'_>, observed: &[f64], constant: &mut [f64]) -> Self {
        match axis {
            Axis::Choice(values) => Self::Choice {
                observed: observed.iter().map(|&choice| choice as u32).collect(),
                choices: values.len() as u32,
            },
            Axis::Range(range) => {
                let (normals, order) = normals(observed);
                for (constant, normal) in constant.iter_mut().zip(&normals) {
                    *constant -= normal.log_within();
                }
                if axis.cardinality().is_some() {
                    return Self::Grid {
                        range: range.clone(),
                        log_sigma: normals.iter().map(|normal| normal.sigma.ln()).collect(),
                        classes: Classes::of(&normals, order),
                        normals: Normals::of(&normals),
                    };
                }
                for (constant, normal) in constant.iter_mut().zip(&normals) {
                    *constant -= normal.sigma.ln() + LN_SQRT_2_PI;
                }
                Self::Real(Normals::of(&normals))
            }
        }
    }

    /// Adds each kernel's log density at `x` to its term; `table` is scratch.
    fn add_to(&self, terms: &mut [f64], x: f64, table: &mut Vec<f64>) {
        match self {
            Self::Real(normals) => {
                for (term, z, _) in normals.zip_at(terms, x) {
                    *term -= 0.5 * z * z;
                }
            }
            Self::Grid { range, normals, log_sigma, classes } => {
                let (middle, width) = range.cell(x).unwrap_or((x, 1.0));
                if width > NARROW_CELL * NARROWEST {
                    table.clear();
                    table.extend(classes.normals.iter().map(|normal| normal.log_cell(middle, width)));
                    for (term, &class) in terms.iter_mut().zip(&classes.class_of) {
                        *term += table[class as usize];
                    }
                } else {
                    let constant = width.ln() - LN_SQRT_2_PI;
                    for ((term, z, inverse_sigma), log_sigma) in normals.zip_at(terms, middle).zip(log_sigma)
                    {
                        let (z2, w2) = (z * z, (width * inverse_sigma).powi(2));
                        let second = (z2 - 1.0) * w2 / 24.0;
                        let fourth = ((z2 + 4.0) * z2 - 2.0) * w2 * w2 / 2880.0;
                        *term += constant - log_sigma - 0.5 * z2 + second - fourth;
                    }
                }
            }
            Self::Choice { observed, choices } => {
                let (x, choices, kernels) = (x as u32, f64::from(*choices), terms.len() as f64);
                let miss = -(kernels + choices).ln();
                let hit = (1.0 + kernels).ln() + miss;
                for (term, &choice) in terms.iter_mut().zip(observed) {
                    *term += if choice == x { hit } else { miss };
                }
                if let Some(prior) = terms.last_mut() {
                    *prior -= choices.ln();
                }
            }
        }
    }

    fn draw(&self, kernel: usize, kernels: usize, rng: &mut ChaCha8Rng) -> f64 {
        match self {
            Self::Real(normals) | Self::Grid { normals, .. } => {
                Normal { mean: normals.mean[kernel], sigma: 1.0 / normals.inverse_sigma[kernel] }.draw(rng)
            }
            Self::Choice { observed, choices } => {
                let kernels = kernels as f64;
                match observed.get(kernel) {
                    Some(&choice) if rng.random::<f64>() * (kernels + f64::from(*choices)) < kernels => {
                        f64::from(choice)
                    }
                    _ => f64::from(rng.random_range(0..*choices)),
                }
            }
        }
    }
}

impl Normals {
    fn of(normals: &[Normal]) -> Self {
        Self {
            mean: normals.iter().map(|normal| normal.mean).collect(),
            inverse_sigma: normals.iter().map(|normal| 1.0 / normal.sigma).collect(),
        }
    }

    /// Each kernel's term, its distance to `x` in sigmas, and 1 / sigma.
    fn zip_at<'a>(&'a self, terms: &'a mut [f64], x: f64) -> impl Iterator<Item = (&'a mut f64, f64, f64)> {
        terms
            .iter_mut()
            .zip(&self.mean)
            .zip(&self.inverse_sigma)
            .map(move |((term, mean), &inverse_sigma)| (term, (x - mean) * inverse_sigma, inverse_sigma))
    }
}

impl Classes {
    /// `order` puts kernels at the same value next to each other.
    fn of(normals: &[Normal], order: impl Iterator<Item = usize>) -> Self {
        let mut classes = Self { normals: Vec::new(), class_of: vec![0; normals.len()] };
        for kernel in order {
            if classes.normals.last() != Some(&normals[kernel]) {
                classes.normals.push(normals[kernel]);
            }
            classes.class_of[kernel] = classes.normals.len() as u32 - 1;
        }
        classes
    }
}

/// One normal per observation, then the prior's. The width is the larger distance to the
/// neighbours, the ends of the range and the prior's mean being neighbours too, but never narrower
/// than a share of the range that falls with the number of observations. Also the order by value.
fn normals(observed: &[f64]) -> (Vec<Normal>, impl Iterator<Item = usize>) {
    let prior = Normal { mean: 0.5, sigma: 1.0 };
    let floor = NARROWEST.max((observed.len() as f64 + 2.0).powi(-2));
    let mut normals = vec![prior; observed.len() + 1];
    // Coordinates are never negative, so that their bits sort like themselves, only faster.
    let mut sorted: Vec<(u64, u32)> =
        observed.iter().chain([&prior.mean]).map(|x| x.to_bits()).zip(0..).collect();
    sorted.sort_unstable();
    for (place, &(bits, kernel)) in sorted.iter().enumerate() {
        if kernel as usize == observed.len() {
            continue;
        }
        let mean = f64::from_bits(bits);
        let below = if place == 0 { 0.0 } else { f64::from_bits(sorted[place - 1].0) };
        let above = sorted.get(place + 1).map_or(1.0, |next| f64::from_bits(next.0));
        normals[kernel as usize] = Normal { mean, sigma: (mean - below).max(above - mean).clamp(floor, 1.0) };
    }
    (normals, sorted.into_iter().map(|(_, kernel)| kernel as usize))
}

impl Normal {
    /// ln of the mass that the uncut normal has in `0..=1`.
    fn log_within(self) -> f64 {
        // Beyond 9 sigmas nothing is left that a float could tell, and infinity is quicker.
        let bound = |sigmas: f64| if sigmas > 9.0 { f64::INFINITY } else { sigmas };
        log_mass(-bound(self.mean / self.sigma), bound((1.0 - self.mean) / self.sigma))
    }

    /// ln of the mass that the uncut normal has in a cell.
    fn log_cell(self, middle: f64, width: f64) -> f64 {
        let (z, width) = ((middle - self.mean) / self.sigma, width / self.sigma);
        if width * (1.0 + z.abs()) < 0.05 {
            log_mass_narrow(z, width)
        } else {
            log_mass(z - width / 2.0, z + width / 2.0)
        }
    }

    fn draw(self, rng: &mut ChaCha8Rng) -> f64 {
        let (low, high) = (-self.mean / self.sigma, (1.0 - self.mean) / self.sigma);
        (self.mean + self.sigma * quantile(rng.random(), low, high)).clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::SeedTree;
    use crate::spec::Distribution;
    use crate::trial::ParamValue;

    fn choices() -> Vec<ParamValue> {
        (0..3).map(ParamValue::Int).collect()
    }

    #[test]
    fn the_width_is_the_larger_gap_to_a_neighbour() {
        let (normals, order) = normals(&[0.1, 0.9, 0.85]);
        assert_eq!(order.collect::<Vec<_>>(), [0, 3, 2, 1]);
        let widths: Vec<f64> = normals.iter().map(|normal| normal.sigma).collect();
        // Neighbours: 0 | 0.1 | 0.5 (prior) | 0.85 | 0.9 | 1.
        approx::assert_abs_diff_eq!(widths[..], [0.4, 0.1, 0.35, 1.0], epsilon = 1e-12);
    }

    #[test]
    fn no_kernel_is_narrower_than_the_floor() {
        let many: Vec<f64> = (0..1000).map(|i| f64::from(i) / 999.0).collect();
        assert!(normals(&many).0[..1000].iter().all(|normal| (normal.sigma - NARROWEST).abs() < 1e-12));
    }

    #[test]
    fn a_continuous_density_integrates_to_one() {
        let distribution = Distribution::Uniform { low: -3.0, high: 5.0, step: None };
        let axes = [Axis::of(&distribution)];
        let columns = [vec![0.02, 0.4, 0.97, 0.41]];
        let parzen = Parzen::new(&axes, &columns, &[0, 1, 2, 3], Some(&[0.1, 1.9, 1.0, 1.0]));
        let mut scratch = Scratch::default();
        let steps = 20_000;
        let sum: f64 = (0..steps)
            .map(|i| parzen.log_density(&[(f64::from(i) + 0.5) / f64::from(steps)], &mut scratch).exp())
            .sum();
        approx::assert_abs_diff_eq!(sum / f64::from(steps), 1.0, epsilon = 1e-6);
    }

    #[test]
    fn masses_over_a_mixed_grid_sum_to_one() {
        let distributions = [
            Distribution::IntLog { low: 1, high: 40 },
            Distribution::Choice(choices()),
            Distribution::Uniform { low: 0.0, high: 1.0, step: Some(0.1) },
        ];
        let axes: Vec<Axis<'_>> = distributions.iter().map(Axis::of).collect();
        let point = |a: i64, b: usize, c: i32| {
            let values =
                [ParamValue::Int(a), choices()[b].clone(), axes[2].decode(f64::from(2 * c + 1) / 22.0)];
            axes.iter().zip(&values).map(|(axis, value)| axis.encode(value).unwrap()).collect::<Vec<_>>()
        };
        let seen = [point(1, 0, 0), point(7, 2, 10), point(7, 2, 3), point(40, 1, 4)];
        let columns: Vec<Vec<f64>> =
            (0..3).map(|axis| seen.iter().map(|point| point[axis]).collect()).collect();
        let parzen = Parzen::new(&axes, &columns, &[0, 1, 2, 3], None);
        let mut scratch = Scratch::default();
        let mut sum = 0.0;
        for a in 1..=40 {
            for b in 0..3 {
                for c in 0..=10 {
                    sum += parzen.log_density(&point(a, b, c), &mut scratch).exp();
                }
            }
        }
        approx::assert_abs_diff_eq!(sum, 1.0, epsilon = 1e-5);
    }

    #[test]
    fn masses_over_a_fine_grid_sum_to_one_and_meet_the_exact_ones() {
        let distribution = Distribution::IntLog { low: 1, high: 100_000 };
        let axes = [Axis::of(&distribution)];
        let coordinate = |x: i64| axes[0].encode(&ParamValue::Int(x)).unwrap();
        // Many trials in a row, so that some kernels are as narrow as they come.
        let columns = [(3..60).map(coordinate).collect::<Vec<f64>>()];
        let rows: Vec<usize> = (0..columns[0].len()).collect();
        let parzen = Parzen::new(&axes, &columns, &rows, None);
        let mut scratch = Scratch::default();
        let sum: f64 = (1..=100_000).map(|x| parzen.log_density(&[coordinate(x)], &mut scratch).exp()).sum();
        approx::assert_abs_diff_eq!(sum, 1.0, epsilon = 1e-5);
        let Dimension::Grid { range, classes, .. } = &parzen.dimensions[0] else { unreachable!() };
        for x in [5, 6, 10, 50, 5000] {
            let (middle, width) = range.cell(coordinate(x)).unwrap();
            assert!(width < NARROW_CELL * NARROWEST, "{x} lies in a wide cell");
            let exact: f64 = classes
                .class_of
                .iter()
                .zip(&parzen.constant)
                .map(|(&class, constant)| {
                    (constant + classes.normals[class as usize].log_cell(middle, width)).exp()
                })
                .sum();
            let found = parzen.log_density(&[coordinate(x)], &mut scratch);
            approx::assert_abs_diff_eq!(found, exact.ln(), epsilon = 1e-4);
        }
    }

    #[test]
    fn draws_follow_the_density() {
        let distributions = [Distribution::Int { low: 0, high: 4, step: 1 }, Distribution::Choice(choices())];
        let axes: Vec<Axis<'_>> = distributions.iter().map(Axis::of).collect();
        let columns = [vec![0.1, 0.5, 0.9], vec![2.0, 0.0, 2.0]];
        let parzen = Parzen::new(&axes, &columns, &[0, 1, 2], Some(&[2.0, 0.5, 0.5]));
        let mut rng = SeedTree::new(5).rng("parzen");
        let mut counts = std::collections::BTreeMap::new();
        let mut point = Vec::new();
        let draws = 40_000;
        for _ in 0..draws {
            parzen.draw(&axes, &mut rng, &mut point);
            *counts.entry(format!("{point:?}")).or_insert((point.clone(), 0)) = {
                let count = counts.get(&format!("{point:?}")).map_or(0, |(_, count)| *count);
                (point.clone(), count + 1)
            };
        }
        assert_eq!(counts.len(), 15, "every point is possible");
        let mut scratch = Scratch::default();
        for (point, count) in counts.values() {
            let expected = parzen.log_density(point, &mut scratch).exp();
            let found = f64::from(*count) / f64::from(draws);
            let tolerance = 4.5 * (expected * (1.0 - expected) / f64::from(draws)).sqrt();
            assert!((found - expected).abs() < tolerance, "{point:?}: {found} is not {expected}");
        }
    }
}
