//! A Parzen estimator: a mixture of products, one kernel per trial and one even kernel over the
//! whole space, the prior (Watanabe 2023, arXiv:2304.11127; Falkner et al. 2018 for the product form).
//!
//! All densities are relative to an even draw from the space, so that the prior's is 1 and what a
//! parameter adds that does not exist is 0, in a kernel (which then knows nothing of it) as at a
//! point. That makes one mixture of all branches of a conditional space: the choices that lead to a
//! branch are modelled with everything that exists in it.

use rand::RngExt;

use crate::kernel::{KERNELS, Kernels, MixtureAxis, NO_KERNEL};
use crate::rng::ChaCha8Rng;

use super::super::axis::Axis;
use super::widths::Normals;

/// A density over points (one coordinate per axis), kept up to date as kernels come and go.
///
/// A kernel is known by its slot; slot 0 is the prior's. What a slot holds depends on the set of
/// kernels alone, not on the order in which they came, and sums run over slots.
#[derive(Debug)]
pub(super) struct Parzen {
    /// Per slot, ln of the weight; [`NO_KERNEL`] where it is free.
    log_weight: Vec<f32>,
    /// How many slots are taken, the prior's aside.
    kernels: usize,
    dimensions: Vec<Dimension>,
}

/// One axis of every kernel.
#[derive(Debug)]
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
#[derive(Debug, Default)]
pub(super) struct Scratch {
    constant: Vec<f32>,
    coordinates: Vec<f32>,
    largest: Vec<f32>,
}

impl Parzen {
    /// One with nothing but the prior.
    pub(super) fn new(axes: &[Axis<'_>]) -> Self {
        let dimension = |axis: &Axis<'_>| match axis {
            Axis::Range(_) => Dimension::Range(Normals::new(axis)),
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

    /// Draws a point: a kernel by weight, then every coordinate from that kernel. Coordinates that
    /// the kernel lacks are drawn evenly. `cumulative` is [`Parzen::cumulative`].
    pub(super) fn draw(&self, axes: &[Axis<'_>], cumulative: &[f64], rng: &mut ChaCha8Rng) -> Vec<f64> {
        let place = rng.random::<f64>() * cumulative.last().copied().unwrap_or_default();
        let slot = cumulative.partition_point(|&sum| sum <= place).min(self.kernels);
        axes.iter()
            .zip(&self.dimensions)
            .map(|(axis, dimension)| match dimension {
                Dimension::Range(normals) => normals.draw(slot, axis, rng),
                Dimension::Choice { choices, code, .. } => {
                    let kernels = self.kernels as f64 + 1.0;
                    if !code[slot].is_nan() && rng.random::<f64>() * (kernels + choices) < kernels {
                        f64::from(code[slot])
                    } else {
                        axis.draw_evenly(rng)
                    }
                }
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
