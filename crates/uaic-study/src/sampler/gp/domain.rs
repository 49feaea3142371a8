//! The space as the search for the next point sees it.

use rand::RngExt;

use crate::space::Space;
use uaic_kernel::rng::ChaCha8Rng;

use super::super::axis::{Axis, to_params};
use super::super::table::led;

/// Ranges with fewer values than this are searched value by value, others along gradients.
const FEW: f64 = 33.0;

/// Axes and the rules between them. Points have a coordinate on every axis, also where the parameter
/// does not exist beside the others.
pub(super) struct Domain<'a> {
    space: &'a Space,
    /// One per parameter, in the order of the space.
    pub(super) axes: &'a [Axis<'a>],
}

impl<'a> Domain<'a> {
    /// That of a space with these axes.
    pub(super) fn new(space: &'a Space, axes: &'a [Axis<'a>]) -> Self {
        Self { space, axes }
    }

    /// The point with NaN for what does not exist; `None` when a constraint forbids it.
    pub(super) fn visible(&self, point: &[f64]) -> Option<Vec<f64>> {
        let mut visible = point.to_vec();
        if self.space.is_conditional() || !self.space.constraints().is_empty() {
            let params = to_params(self.space, self.axes, &mut visible);
            if !self.space.allows(&params) {
                return None;
            }
        }
        Some(visible)
    }

    /// A point that constraints allow: the point itself, or one on the way to it from another that they
    /// allow, where there is one.
    pub(super) fn led(&self, from: Option<&Vec<f64>>, to: Vec<f64>, rng: &mut ChaCha8Rng) -> Vec<f64> {
        let Some(from) = from else { return to };
        let point = led(self.space, self.axes, from, to, rng);
        self.filled(point, rng)
    }

    /// The point with coordinates drawn evenly where there are none.
    pub(super) fn filled(&self, mut point: Vec<f64>, rng: &mut ChaCha8Rng) -> Vec<f64> {
        for (coordinate, axis) in point.iter_mut().zip(self.axes).filter(|(x, _)| x.is_nan()) {
            *coordinate = axis.draw_evenly(rng);
        }
        point
    }

    /// Whether an axis is followed along gradients.
    pub(super) fn is_smooth(&self, axis: usize) -> bool {
        let axis = &self.axes[axis];
        matches!(axis, Axis::Range(_)) && axis.cardinality().is_none_or(|count| count >= FEW)
    }

    /// Draws a coordinate near one, at a distance between a thousandth and a half of the range; a
    /// name is drawn anew.
    pub(super) fn draw_near(&self, axis: usize, coordinate: f64, rng: &mut ChaCha8Rng) -> f64 {
        let axis = &self.axes[axis];
        let Axis::Range(_) = axis else { return axis.draw_evenly(rng) };
        let distance = 0.5 * 10.0_f64.powf(-3.0 * rng.random::<f64>());
        let sign = if rng.random::<bool>() { 1.0 } else { -1.0 };
        let moved = coordinate + sign * distance;
        match axis.cardinality() {
            Some(count) if count < FEW => axis.snap((coordinate + sign / count).clamp(0.0, 1.0)),
            // Reflected at the bounds, so that these do not collect what falls beyond.
            _ => axis.snap(if moved > 1.0 { 2.0 - moved } else { moved.abs() }),
        }
    }

    /// The other values of an axis that is searched value by value: all names up to some, the
    /// neighbours in a range.
    pub(super) fn alternatives(&self, axis: usize, coordinate: f64, rng: &mut ChaCha8Rng) -> Vec<f64> {
        const MOST: usize = 16;
        match &self.axes[axis] {
            Axis::Choice(values) if values.len() <= MOST => (0..values.len()).map(|at| at as f64).collect(),
            axis @ Axis::Choice(_) => (0..MOST).map(|_| axis.draw_evenly(rng)).collect(),
            axis @ Axis::Range(_) => {
                let step = 1.0 / axis.cardinality().unwrap_or(1.0);
                let at = |by: &f64| axis.snap((coordinate + by * step).clamp(0.0, 1.0));
                [-2.0, -1.0, 1.0, 2.0].iter().map(at).collect()
            }
        }
    }
}
