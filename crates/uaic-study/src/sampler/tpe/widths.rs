//! How wide a kernel is: as its neighbours are far. Sorted once, a set of kernels is kept in order,
//! and one that comes or goes changes no more than the kernels next to it.

use std::f64::consts::{PI, SQRT_2};

use rand::RngExt;

use uaic_kernel::rng::ChaCha8Rng;

use super::super::axis::{Axis, Range};

/// How many times as far as its other neighbour the end of the range may be from an outermost kernel.
/// Without a limit these kernels are so wide that the search hardly narrows down in many dimensions;
/// as near as the neighbour itself, optima close to the ends are found late.
const FARTHEST_END: f64 = 3.0;
/// On grids of no more values the mass of a normal is summed over them.
const COARSE: f64 = 16.0;

/// The normals of all kernels on one axis, as columns by slot, cut to the range. A slot without one
/// has scale and `log_norm` 0: an even density.
#[derive(Clone, Debug)]
pub(super) struct Normals {
    /// Coordinate and width of every value of a coarse grid, in order; else nothing.
    cells: Vec<(f64, f64)>,
    /// The range, where it has cells: no kernel is narrower than half the cell of its mean.
    range: Option<Range>,
    narrowest: f64,
    /// Slots with a normal, by mean and slot.
    order: Vec<u32>,
    mean: Vec<f32>,
    /// 1 / (√2 σ)
    scale: Vec<f32>,
    /// mean · scale
    shift: Vec<f32>,
    /// ln of ∫ exp(−((x − mean) · scale)²) over the range, on a coarse grid as a sum over its cells.
    log_norm: Vec<f32>,
}

impl Normals {
    /// None yet, on a numeric axis. None will be narrower than this share of the range.
    pub(super) fn new(axis: &Axis<'_>, narrowest: f64) -> Self {
        let range = match axis {
            Axis::Range(range) if axis.cardinality().is_some() => Some(range.clone()),
            _ => None,
        };
        let is_coarse = axis.cardinality().is_some_and(|count| count <= COARSE);
        let coordinates = if is_coarse { axis.coordinates().unwrap_or_default() } else { Vec::new() };
        let width = |x: f64| range.as_ref().and_then(|range| range.cell(x)).map_or(0.0, |(_, width)| width);
        let cells = coordinates.into_iter().map(|x| (x, width(x))).collect();
        let [mean, scale, shift, log_norm] = [const { Vec::new() }; 4];
        Self { cells, range, narrowest, order: Vec::new(), mean, scale, shift, log_norm }
    }

    pub(super) fn scale(&self) -> &[f32] {
        &self.scale
    }

    pub(super) fn shift(&self) -> &[f32] {
        &self.shift
    }

    pub(super) fn log_norm(&self) -> &[f32] {
        &self.log_norm
    }

    /// Makes the columns so long. Slots that go have no normal.
    pub(super) fn resize(&mut self, slots: usize) {
        for column in [&mut self.mean, &mut self.scale, &mut self.shift, &mut self.log_norm] {
            column.resize(slots, 0.0);
        }
    }

    /// Adds normals for slots that have none.
    pub(super) fn insert(&mut self, points: impl Iterator<Item = (usize, f32)>) {
        let points: Vec<(usize, f32)> = points.collect();
        for &(slot, x) in &points {
            self.mean[slot] = x;
        }
        if points.len() > 16 + self.order.len() / 16 {
            self.order.extend(points.iter().map(|(slot, _)| *slot as u32));
            let mean = &self.mean;
            self.order
                .sort_unstable_by(|&a, &b| mean[a as usize].total_cmp(&mean[b as usize]).then(a.cmp(&b)));
            self.refresh(0, self.order.len());
            return;
        }
        for (slot, _) in points {
            let at = self.place(slot);
            self.order.insert(at, slot as u32);
            self.refresh(at.saturating_sub(1), at + 2);
        }
    }

    /// Takes the normal of a slot away, if it has one.
    pub(super) fn remove(&mut self, slot: usize) {
        let at = self.place(slot);
        if self.order.get(at) != Some(&(slot as u32)) {
            return;
        }
        self.order.remove(at);
        for column in [&mut self.mean, &mut self.scale, &mut self.shift, &mut self.log_norm] {
            column[slot] = 0.0;
        }
        self.refresh(at.saturating_sub(1), at + 1);
    }

    /// Where a slot is in the order, or would be.
    fn place(&self, slot: usize) -> usize {
        let x = self.mean[slot];
        self.order.partition_point(|&other| {
            let other = other as usize;
            self.mean[other].total_cmp(&x).then(other.cmp(&slot)).is_lt()
        })
    }

    /// Computes the normals between two places of the order anew.
    fn refresh(&mut self, from: usize, to: usize) {
        for at in from..to.min(self.order.len()) {
            let slot = self.order[at] as usize;
            let mean = |at: usize| self.order.get(at).map(|&slot| f64::from(self.mean[slot as usize]));
            let x = f64::from(self.mean[slot]);
            let sigma = width(at.checked_sub(1).and_then(mean), x, mean(at + 1)).max(self.narrowest(x));
            self.scale[slot] = (1.0 / (SQRT_2 * sigma)) as f32;
            self.shift[slot] = (x / (SQRT_2 * sigma)) as f32;
            self.log_norm[slot] = libm::log(self.norm(x, sigma)) as f32;
        }
    }

    /// The narrowest kernel at a value: half its cell, so that a cell's middle stands for all of it.
    fn narrowest(&self, x: f64) -> f64 {
        let cell = self.range.as_ref().and_then(|range| range.cell(x)).map_or(0.0, |(_, width)| width);
        self.narrowest.max(cell / 2.0)
    }

    /// ∫ exp(−(x − mean)² / 2σ²) over the range, or its cells.
    fn norm(&self, mean: f64, sigma: f64) -> f64 {
        if self.cells.is_empty() {
            let (low, high) = (mean / (SQRT_2 * sigma), (1.0 - mean) / (SQRT_2 * sigma));
            return sigma * (PI / 2.0).sqrt() * (libm::erf(low) + libm::erf(high));
        }
        self.cells.iter().map(|&cell| mass(cell, mean, sigma)).sum()
    }

    /// A coordinate drawn from the normal of a slot, made narrower by the factor `shrink`; evenly
    /// where it has none.
    pub(super) fn draw(&self, slot: usize, axis: &Axis<'_>, shrink: f64, rng: &mut ChaCha8Rng) -> f64 {
        if self.scale[slot] == 0.0 {
            return axis.draw_evenly(rng);
        }
        let (mean, sigma) = (f64::from(self.mean[slot]), shrink / (SQRT_2 * f64::from(self.scale[slot])));
        let Some((last, _)) = self.cells.last() else { return axis.snap(draw_within(mean, sigma, rng)) };
        let mut place = rng.random::<f64>() * self.norm(mean, sigma);
        for &cell in &self.cells {
            place -= mass(cell, mean, sigma);
            if place < 0.0 {
                return cell.0;
            }
        }
        *last
    }
}

/// The width of a kernel at `x` between its neighbours: the mean of the distances to them. The
/// middle of the range, where the prior is, counts as one. At the end of the order, where a
/// neighbour is missing, the end of the range is one, but not much farther away than the other one.
fn width(below: Option<f64>, x: f64, above: Option<f64>) -> f64 {
    let (mut below, mut above) = (below.map(|below| x - below), above.map(|above| above - x));
    let middle = (0.5 - x).abs();
    let side = if x <= 0.5 { &mut above } else { &mut below };
    *side = Some(side.map_or(middle, |distance| distance.min(middle)));
    let (below, above) = match (below, above) {
        (Some(below), Some(above)) => (below, above),
        (None, Some(above)) => (x.min(FARTHEST_END * above), above),
        (Some(below), None) => (below, (1.0 - x).min(FARTHEST_END * below)),
        (None, None) => (middle, middle),
    };
    f64::midpoint(below, above).min(1.0)
}

/// What a cell has of a normal that is not normalised.
fn mass((x, width): (f64, f64), mean: f64, sigma: f64) -> f64 {
    let z = (x - mean) / sigma;
    width * libm::exp(-0.5 * z * z)
}

/// A draw from a normal cut to `0..=1`, which has at least a third of it: the mean lies within, and
/// the width is no more than 1.
fn draw_within(mean: f64, sigma: f64, rng: &mut ChaCha8Rng) -> f64 {
    for _ in 0..1000 {
        // Box and Muller; the first factor is finite, for 1 − u is never 0.
        let radius = (-2.0 * libm::log(1.0 - rng.random::<f64>())).sqrt();
        let x = mean + sigma * radius * libm::cos(2.0 * PI * rng.random::<f64>());
        if (0.0..=1.0).contains(&x) {
            return x;
        }
    }
    mean
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::Distribution;
    use uaic_kernel::rng::SeedTree;

    fn normals(distribution: &Distribution, points: &[f32]) -> Normals {
        let mut normals = Normals::new(&Axis::of(distribution), 0.03);
        normals.resize(points.len());
        normals.insert(points.iter().copied().enumerate());
        normals
    }

    const REAL: Distribution = Distribution::Uniform { low: 0.0, high: 1.0, step: None };

    #[test]
    fn the_width_is_the_mean_distance_to_both_neighbours() {
        let found = normals(&REAL, &[0.1, 0.9, 0.85, 0.6]);
        let widths: Vec<f64> = found.scale.iter().map(|scale| 1.0 / (SQRT_2 * f64::from(*scale))).collect();
        // 0 | 0.1 | 0.5 (prior) | 0.6 | 0.85 | 0.9 | 1
        approx::assert_abs_diff_eq!(widths[..], [0.25, 0.075, 0.15, 0.175], epsilon = 1e-6);
        // The end is 0.4 away, but counts as no more than three times the other neighbour.
        let outermost = normals(&REAL, &[0.6, 0.55]);
        approx::assert_abs_diff_eq!(
            1.0 / (SQRT_2 * f64::from(outermost.scale[0])),
            f64::midpoint(0.05, 0.15),
            epsilon = 1e-6
        );
    }

    #[test]
    fn no_kernel_is_narrower_than_the_floor_or_half_its_cell() {
        let many: Vec<f32> = (0..1000).map(|i| i as f32 / 999.0).collect();
        let sigma = |scale: &f32| 1.0 / (SQRT_2 * f64::from(*scale));
        assert!(normals(&REAL, &many).scale.iter().all(|scale| (sigma(scale) - 0.03).abs() < 1e-6));
        let coarse = Distribution::Int { low: 1, high: 4, step: 1 };
        let found = normals(&coarse, &[0.375; 9]);
        assert!(found.scale.iter().map(sigma).all(|sigma| sigma >= 0.125 - 1e-6));
    }

    #[test]
    fn what_came_and_went_leaves_no_trace() {
        let mut rng = SeedTree::new(3).rng("widths");
        let points: Vec<f32> = (0..60).map(|_| (rng.random::<f32>() * 20.0).round() / 20.0).collect();
        for distribution in [REAL, Distribution::IntLog { low: 1, high: 40 }] {
            let mut changed = normals(&distribution, &points[..5]);
            changed.resize(points.len());
            changed.insert((5..40).map(|slot| (slot, points[slot])));
            for slot in (0..40).step_by(3) {
                changed.remove(slot);
                changed.remove(slot);
            }
            for point in points.iter().copied().enumerate().skip(40) {
                changed.insert(std::iter::once(point));
            }
            let mut fresh = normals(&distribution, &[]);
            fresh.resize(points.len());
            let left = |slot: &usize| *slot >= 40 || !slot.is_multiple_of(3);
            fresh.insert((0..60).filter(left).map(|slot| (slot, points[slot])));
            assert_eq!(format!("{changed:?}"), format!("{fresh:?}"));
        }
    }
}
