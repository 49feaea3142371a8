//! Parameters that the normal distribution does not cover: choices between several, and those that do
//! not always exist.

use rand::RngExt;

use uaic_kernel::rng::ChaCha8Rng;

use super::super::axis::Axis;
use super::super::elite::Elite;
use super::super::table::Table;
use super::margin::{Gene, normals};

/// The share of trials that are taken as examples, and the most of them.
const SHARE: f64 = 0.2;
pub(super) const MOST: usize = 25;
/// How far from an example numbers are drawn, in units of the range.
const SPREAD: f64 = 0.15;

/// Draws the coordinates that are no genes, each on its own: one of the best trials' values, or, as
/// often as one example among them, an even draw.
pub(super) fn draw(
    best: &Elite,
    table: &Table,
    axes: &[Axis<'_>],
    genes: &[Gene],
    point: &mut [f64],
    rng: &mut ChaCha8Rng,
) {
    if genes.len() == axes.len() {
        return;
    }
    let count = ((SHARE * best.ranked() as f64).ceil() as usize).min(best.rows().len());
    let examples = &best.rows()[..count];
    for (place, axis) in axes.iter().enumerate() {
        if genes.iter().any(|gene| gene.axis == place) {
            continue;
        }
        let column = &table.columns()[place];
        let values: Vec<f64> = examples.iter().map(|&row| column[row]).filter(|x| !x.is_nan()).collect();
        let pick = rng.random_range(0..=values.len());
        point[place] = match (values.get(pick), axis) {
            (None, _) => axis.draw_evenly(rng),
            (Some(&value), Axis::Choice(_)) => value,
            (Some(&value), Axis::Range(_)) => {
                let normal = normals(&[rng.random(), rng.random()])[0];
                axis.snap((value + SPREAD * normal).clamp(0.0, 1.0))
            }
        };
    }
}
