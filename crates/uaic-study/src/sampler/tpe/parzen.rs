//! A Parzen estimator: a mixture of products, one kernel per trial and one even kernel over the
//! whole space, the prior (Watanabe 2023, arXiv:2304.11127; Falkner et al. 2018 for the product form).
//!
//! All densities are relative to an even draw from the space, so that the prior's is 1 and what a
//! parameter adds that does not exist is 0, in a kernel (which then knows nothing of it) as at a
//! point. That makes one mixture of all branches of a conditional space: the choices that lead to a
//! branch are modelled with everything that exists in it.

use rand::RngExt;

use uaic_kernel::rng::ChaCha8Rng;
use uaic_kernel::{KERNELS, Kernels, MixtureAxis, NO_KERNEL};

use super::super::axis::Axis;
use super::widths::Normals;

/// A density over points (one coordinate per axis), kept up to date as kernels come and go.
///
/// A kernel is known by its slot; slot 0 is the prior's. What a slot holds depends on the set of
/// kernels alone, not on the order in which they came, and sums run over slots.
#[derive(Clone, Debug)]
pub(super) struct Parzen {
    /// Per slot, ln of the weight; [`NO_KERNEL`] where it is free.
    log_weight: Vec<f32>,
    /// How many slots are taken, the prior's aside.
    kernels: usize,
    dimensions: Vec<Dimension>,
}

/// One axis of every kernel.
#[derive(Clone, Debug)]
enum Dimension {
    /// Numbers: normals cut to the range, on a coarse grid to its values.
    Range(Normals),
    /// Names: every choice has `1 / (kernels + 1)`, the observed one 1 more, then normalised.
    Choice {
        choices: f64,
        /// Per slot; NaN where the parameter does not exist.
        code: Vec<f32>,
        /// 1 where it does, else 0.
        present: Vec<f32>,
    },
}

/// Buffers of [`Parzen::log_densities`].
#[derive(Clone, Debug, Default)]
pub(super) struct Scratch {
    constant: Vec<f32>,
    coordinates: Vec<f32>,
    largest: Vec<f32>,
}

impl Parzen {
    /// One with nothing but the prior. Kernels are no narrower than this share of a range.
    pub(super) fn new(axes: &[Axis<'_>], narrowest: f64) -> Self {
        let dimension = |axis: &Axis<'_>| match axis {
            Axis::Range(_) => Dimension::Range(Normals::new(axis, narrowest)),
            Axis::Choice(values) => {
                Dimension::Choice { choices: values.len() as f64, code: Vec::new(), present: Vec::new() }
            }
        };
        let mut parzen =
            Self { log_weight: Vec::new(), kernels: 0, dimensions: axes.iter().map(dimension).collect() };
        parzen.resize(1);
        parzen.log_weight[0] = 0.0;
        parzen
    }

    /// Adds kernels at `coordinate(axis, slot)` for slots that are free. Weights have mean 1.
    pub(super) fn insert(&mut self, slots: &[(usize, f64)], coordinate: impl Fn(usize, usize) -> f64) {
        let Some(last) = slots.iter().map(|(slot, _)| *slot).max() else { return };
        self.resize(self.log_weight.len().max(last + 1));
        for &(slot, weight) in slots {
            self.log_weight[slot] = libm::log(weight) as f32;
        }
        self.kernels += slots.len();
        for (axis, dimension) in self.dimensions.iter_mut().enumerate() {
            let points = slots.iter().map(|&(slot, _)| (slot, coordinate(axis, slot) as f32));
            match dimension {
                Dimension::Range(normals) => normals.insert(points.filter(|(_, x)| !x.is_nan())),
                Dimension::Choice { code, present, .. } => {
                    for (slot, x) in points {
                        code[slot] = x;
                        present[slot] = if x.is_nan() { 0.0 } else { 1.0 };
                    }
                }
            }
        }
    }

    /// Takes kernels away.
    pub(super) fn remove(&mut self, slots: &[usize]) {
        for &slot in slots {
            self.log_weight[slot] = NO_KERNEL;
            for dimension in &mut self.dimensions {
                match dimension {
                    Dimension::Range(normals) => normals.remove(slot),
                    Dimension::Choice { code, present, .. } => (code[slot], present[slot]) = (f32::NAN, 0.0),
                }
            }
        }
        self.kernels -= slots.len();
        // How many blocks there are decides the order of sums, so it must not tell of the past.
        let taken = self.log_weight.iter().rposition(|&weight| weight != NO_KERNEL);
        self.resize(taken.map_or(0, |last| last + 1));
    }

    /// Makes the columns hold so many slots, and whole blocks of them.
    fn resize(&mut self, slots: usize) {
        let room = slots.next_multiple_of(KERNELS);
        self.log_weight.resize(room, NO_KERNEL);
        for dimension in &mut self.dimensions {
            match dimension {
                Dimension::Range(normals) => normals.resize(room),
                Dimension::Choice { code, present, .. } => {
                    code.resize(room, f32::NAN);
                    present.resize(room, 0.0);
                }
            }
        }
    }

    /// The weights summed up, slot by slot.
    pub(super) fn cumulative(&self) -> Vec<f64> {
        let weights = self.log_weight.iter().map(|&weight| libm::exp(f64::from(weight)));
        weights
            .scan(0.0, |sum, weight| {
                *sum += weight;
                Some(*sum)
            })
            .collect()
    }

    /// A slot drawn by weight; `cumulative` is [`Parzen::cumulative`].
    pub(super) fn draw_slot(cumulative: &[f64], rng: &mut ChaCha8Rng) -> usize {
        let place = rng.random::<f64>() * cumulative.last().copied().unwrap_or_default();
        cumulative.partition_point(|&sum| sum <= place)
    }

    /// The slot of the heaviest kernel, of equals the first; the prior's where there is no other.
    pub(super) fn heaviest(&self) -> usize {
        let slots = 1..self.log_weight.len();
        let heavier = |a: usize, b: usize| if self.log_weight[b] > self.log_weight[a] { b } else { a };
        slots.reduce(heavier).filter(|_| self.kernels > 0).unwrap_or(0)
    }

    /// Draws every coordinate from one kernel, made narrower by the factor `shrink`. Coordinates
    /// that the kernel lacks are drawn evenly.
    pub(super) fn draw(&self, axes: &[Axis<'_>], slot: usize, shrink: f64, rng: &mut ChaCha8Rng) -> Vec<f64> {
        let kernels = self.kernels as f64 + 1.0;
        let keeps =
            |choices: f64, rng: &mut ChaCha8Rng| rng.random::<f64>() * (kernels + choices * shrink) < kernels;
        axes.iter()
            .zip(&self.dimensions)
            .map(|(axis, dimension)| match dimension {
                Dimension::Range(normals) => normals.draw(slot, axis, shrink, rng),
                Dimension::Choice { choices, code, .. } if !code[slot].is_nan() && keeps(*choices, rng) => {
                    f64::from(code[slot])
                }
                Dimension::Choice { .. } => axis.draw_evenly(rng),
            })
            .collect()
    }

    /// For every point the logarithm of the density, relative to an even draw, of its coordinates
    /// on some axes; all of them have those.
    pub(super) fn log_densities(&self, points: &[&[f64]], axes: &[usize], scratch: &mut Scratch) -> Vec<f64> {
        let Scratch { constant, coordinates, largest } = scratch;
        constant.clone_from(&self.log_weight);
        let mut columns = Vec::with_capacity(axes.len());
        for &axis in axes {
            match &self.dimensions[axis] {
                Dimension::Range(normals) => {
                    subtract(constant, normals.log_norm(), 1.0);
                    columns.push(MixtureAxis::Normal { scale: normals.scale(), shift: normals.shift() });
                }
                Dimension::Choice { choices, code, present } => {
                    let kernels = self.kernels as f64 + 1.0;
                    let miss = libm::log(choices / (kernels + choices));
                    let bonus = libm::log(kernels + 1.0) as f32;
                    subtract(constant, present, -miss as f32);
                    columns.push(MixtureAxis::Choice { code, bonus });
                }
            }
        }
        coordinates.clear();
        coordinates.extend(points.iter().flat_map(|point| axes.iter().map(|&axis| point[axis] as f32)));
        let mut sums = vec![0.0; points.len()];
        largest.resize(points.len(), 0.0);
        Kernels::detect().log_mixture(constant, &columns, coordinates, largest, &mut sums);
        let log_total = libm::log(self.kernels as f64 + 1.0);
        sums.iter().map(|sum| sum - log_total).collect()
    }
}

/// `sums -= factor · column`
fn subtract(sums: &mut [f32], column: &[f32], factor: f32) {
    for (sum, x) in sums.iter_mut().zip(column) {
        *sum -= factor * x;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sampler::axis::ABSENT;
    use crate::space::Distribution;
    use crate::trial::ParamValue;
    use uaic_kernel::rng::SeedTree;

    fn choices() -> Distribution {
        Distribution::Choice((0..3).map(ParamValue::Int).collect())
    }

    /// Kernels at these points, in slots from 1.
    fn parzen(axes: &[Axis<'_>], points: &[&[f64]], weights: &[f64]) -> Parzen {
        let mut parzen = Parzen::new(axes, 0.03);
        let slots: Vec<(usize, f64)> = (1..).zip(weights.iter().copied()).collect();
        parzen.insert(&slots, |axis, slot| points[slot - 1][axis]);
        parzen
    }

    fn density(parzen: &Parzen, point: &[f64]) -> f64 {
        let axes: Vec<usize> = (0..point.len()).filter(|&axis| !point[axis].is_nan()).collect();
        parzen.log_densities(&[point], &axes, &mut Scratch::default())[0].exp()
    }

    #[test]
    fn without_kernels_the_density_is_even() {
        let distributions = [Distribution::Log { low: 1.0, high: 9.0 }, choices()];
        let axes: Vec<Axis<'_>> = distributions.iter().map(Axis::of).collect();
        approx::assert_abs_diff_eq!(density(&Parzen::new(&axes, 0.03), &[0.3, 1.0]), 1.0, epsilon = 1e-6);
    }

    #[test]
    fn a_continuous_density_integrates_to_one() {
        let distribution = Distribution::Uniform { low: -3.0, high: 5.0, step: None };
        let axes = [Axis::of(&distribution)];
        let points: [&[f64]; 4] = [&[0.02], &[0.4], &[0.97], &[0.41]];
        let parzen = parzen(&axes, &points, &[0.1, 1.9, 1.0, 1.0]);
        let steps = 20_000;
        let sum: f64 = (0..steps).map(|i| density(&parzen, &[(f64::from(i) + 0.5) / f64::from(steps)])).sum();
        approx::assert_abs_diff_eq!(sum / f64::from(steps), 1.0, epsilon = 1e-5);
    }

    #[test]
    fn over_grids_and_choices_the_density_averages_one() {
        // Weighted by the share that an even draw has of each value; fine grids only roughly.
        for (distribution, tolerance) in [
            (Distribution::IntLog { low: 1, high: 10 }, 1e-5),
            (Distribution::Int { low: 0, high: 5, step: 1 }, 1e-5),
            (choices(), 1e-5),
            (Distribution::Int { low: 0, high: 99, step: 1 }, 0.02),
            (Distribution::IntLog { low: 1, high: 100_000 }, 0.05),
        ] {
            let axes = [Axis::of(&distribution)];
            let mut rng = SeedTree::new(6).rng("points");
            let points: Vec<[f64; 1]> = (0..9).map(|_| [axes[0].draw_evenly(&mut rng)]).collect();
            let points: Vec<&[f64]> = points.iter().map(|point| &point[..]).collect();
            let parzen = parzen(&axes, &points, &[1.0; 9]);
            let share = |x: f64| match &axes[0] {
                Axis::Range(range) => range.cell(x).unwrap().1,
                Axis::Choice(values) => 1.0 / values.len() as f64,
            };
            let values = axes[0].cardinality().unwrap() as i64;
            let sum: f64 = (0..values)
                .map(|value| match &distribution {
                    Distribution::IntLog { .. } => axes[0].encode(&ParamValue::Int(value + 1)).unwrap(),
                    _ => axes[0].encode(&ParamValue::Int(value)).unwrap(),
                })
                .map(|x| share(x) * density(&parzen, &[x]))
                .sum();
            approx::assert_abs_diff_eq!(sum, 1.0, epsilon = tolerance);
        }
    }

    #[test]
    fn draws_follow_the_density() {
        let distributions = [Distribution::Int { low: 0, high: 4, step: 1 }, choices()];
        let axes: Vec<Axis<'_>> = distributions.iter().map(Axis::of).collect();
        // The second kernel lacks the first coordinate.
        let points: [&[f64]; 3] = [&[0.1, 2.0], &[ABSENT, 0.0], &[0.9, 2.0]];
        let parzen = parzen(&axes, &points, &[2.0, 0.5, 0.5]);
        let mut rng = SeedTree::new(5).rng("parzen");
        let mut counts = std::collections::BTreeMap::new();
        let draws = 20_000;
        let cumulative = parzen.cumulative();
        for _ in 0..draws {
            let slot = Parzen::draw_slot(&cumulative, &mut rng).min(3);
            let point = parzen.draw(&axes, slot, 1.0, &mut rng);
            *counts.entry(point.iter().map(|x| x.to_bits()).collect::<Vec<_>>()).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 15, "every point is possible");
        for (bits, count) in counts {
            let point: Vec<f64> = bits.iter().map(|&bits| f64::from_bits(bits)).collect();
            let expected = density(&parzen, &point) / 15.0;
            let found = f64::from(count) / f64::from(draws);
            let tolerance = 4.5 * (expected * (1.0 - expected) / f64::from(draws)).sqrt();
            assert!((found - expected).abs() < tolerance, "{point:?}: {found} is not {expected}");
        }
    }

    #[test]
    fn an_absent_coordinate_counts_for_nothing() {
        let distributions = [Distribution::Uniform { low: 0.0, high: 1.0, step: None }, choices()];
        let axes: Vec<Axis<'_>> = distributions.iter().map(Axis::of).collect();
        let both = parzen(&axes, &[&[0.2, 1.0], &[0.7, 2.0]], &[1.0; 2]);
        let second = parzen(&axes, &[&[ABSENT, 1.0], &[ABSENT, 2.0]], &[1.0; 2]);
        approx::assert_abs_diff_eq!(
            density(&both, &[ABSENT, 1.0]),
            density(&second, &[0.4, 1.0]),
            epsilon = 1e-6
        );
    }

    #[test]
    fn what_came_and_went_leaves_no_trace() {
        let distributions = [Distribution::Uniform { low: 0.0, high: 1.0, step: None }, choices()];
        let axes: Vec<Axis<'_>> = distributions.iter().map(Axis::of).collect();
        let x = |axis: usize, slot: usize| ((slot * 7) as f64 * 0.13).fract() * (1 - axis) as f64;
        let slots = |slots: std::ops::Range<usize>| slots.map(|slot| (slot, 1.0)).collect::<Vec<_>>();
        let mut changed = Parzen::new(&axes, 0.03);
        changed.insert(&slots(1..60), x);
        changed.remove(&(30..60).collect::<Vec<_>>());
        let mut fresh = Parzen::new(&axes, 0.03);
        fresh.insert(&slots(1..30), x);
        assert_eq!(format!("{changed:?}"), format!("{fresh:?}"));
    }
}
