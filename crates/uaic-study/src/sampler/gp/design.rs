//! The first points: one near the middle, then a Latin hypercube around it, so that few trials cover
//! most of every parameter's range.

use rand::RngExt;

use uaic_kernel::rng::{ChaCha8Rng, SeedTree, shuffle};

use super::super::axis::Axis;

/// How many trials come before the first model. What they leave open the model asks about itself, and
/// more of them cost what the next trials would have brought.
pub(super) const SIZE: usize = 8;

/// The share of a range, around its middle, that these trials cover. Who sets a range takes it wider
/// than what is expected, and most of a space of many dimensions is corners; the model goes there when
/// the trials point there.
const COVERED: f64 = 0.7;

/// The share for the first trial.
const MIDDLE: f64 = 0.1;

/// Point `number` of the first ones, whose cells `seeds` decides; `rng` places the point within its
/// cell.
pub(super) fn point(axes: &[Axis<'_>], number: usize, seeds: &SeedTree, rng: &mut ChaCha8Rng) -> Vec<f64> {
    let cells = SIZE - 1;
    let mut order = seeds.rng("design");
    let coordinate = |axis: &Axis<'_>| {
        let draw = rng.random::<f64>();
        let shuffled = shuffled(cells, &mut order);
        let (place, covered) = match number.checked_sub(1) {
            Some(later) => ((shuffled[later] as f64 + draw) / cells as f64, COVERED),
            None => (draw, MIDDLE),
        };
        match axis {
            Axis::Choice(values) => (place * values.len() as f64).floor().min(values.len() as f64 - 1.0),
            Axis::Range(_) => axis.snap(0.5 + covered * (place - 0.5)),
        }
    };
    axes.iter().map(coordinate).collect()
}

/// 0 to `count` − 1 in random order.
fn shuffled(count: usize, rng: &mut ChaCha8Rng) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    shuffle(&mut order, rng);
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sampler::axis::axes;
    use crate::space::{Distribution, Space};

    #[test]
    fn the_first_point_is_near_the_middle_and_the_others_have_a_cell_each() {
        let unit = Distribution::Uniform { low: 0.0, high: 1.0, step: None };
        let names = Distribution::Choice((0..7_i64).map(crate::trial::ParamValue::Int).collect());
        let space =
            Space::new([("a".to_owned(), unit.clone()), ("b".to_owned(), unit), ("c".to_owned(), names)]);
        let (axes, seeds) = (axes(&space), SeedTree::new(3));
        let mut rng = seeds.rng("place");
        let points: Vec<_> = (0..SIZE).map(|number| point(&axes, number, &seeds, &mut rng)).collect();
        assert!(points[0][..2].iter().all(|x| (x - 0.5).abs() <= MIDDLE / 2.0), "{:?}", points[0]);
        for axis in 0..3 {
            let place = |x: f64| if axis == 2 { x } else { 7.0 * ((x - 0.5) / COVERED + 0.5) };
            let mut seen: Vec<usize> = points[1..].iter().map(|point| place(point[axis]) as usize).collect();
            seen.sort_unstable();
            assert_eq!(seen, [0, 1, 2, 3, 4, 5, 6]);
        }
    }
}
