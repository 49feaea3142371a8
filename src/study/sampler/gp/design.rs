//! The first points: a Latin hypercube, so that few trials cover every parameter's range.

use rand::RngExt;

use crate::rng::{ChaCha8Rng, SeedTree};

use super::super::axis::Axis;

/// How many trials come before the first model.
pub(super) fn size(axes: &[Axis<'_>]) -> usize {
    (axes.len() + 4).clamp(6, 16)
}

/// Point `number` of a Latin hypercube of `count` points, whose cells `seeds` decides; `rng`
/// places the point within its cell.
pub(super) fn point(
    axes: &[Axis<'_>],
    count: usize,
    number: usize,
    seeds: &SeedTree,
    rng: &mut ChaCha8Rng,
) -> Vec<f64> {
    let mut order = seeds.rng("design");
    let coordinate = |axis: &Axis<'_>| {
        let cell = shuffled(count, &mut order)[number];
        let place = (cell as f64 + rng.random::<f64>()) / count as f64;
        match axis {
            Axis::Choice(values) => (place * values.len() as f64).floor().min(values.len() as f64 - 1.0),
            Axis::Range(_) => axis.snap(place),
        }
    };
    axes.iter().map(coordinate).collect()
}

/// 0 to `count` − 1 in random order (Fisher–Yates).
fn shuffled(count: usize, rng: &mut ChaCha8Rng) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    for i in (1..count).rev() {
        order.swap(i, rng.random_range(0..=i as u64) as usize);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{Distribution, Space};
    use crate::study::sampler::axis::axes;

    #[test]
    fn every_cell_of_every_axis_has_one_point() {
        let unit = Distribution::Uniform { low: 0.0, high: 1.0, step: None };
        let names = Distribution::Choice((0..5_i64).map(crate::trial::ParamValue::Int).collect());
        let space =
            Space::new([("a".to_owned(), unit.clone()), ("b".to_owned(), unit), ("c".to_owned(), names)]);
        let (axes, seeds) = (axes(&space), SeedTree::new(3));
        let mut rng = seeds.rng("place");
        let points: Vec<_> = (0..10).map(|number| point(&axes, 10, number, &seeds, &mut rng)).collect();
        for axis in 0..3 {
            let cells = if axis == 2 { 1.0 } else { 10.0 };
            let mut seen: Vec<usize> = points.iter().map(|point| (point[axis] * cells) as usize).collect();
            seen.sort_unstable();
            let expected: Vec<usize> = (0..10).map(|k| if axis == 2 { k / 2 } else { k }).collect();
            assert_eq!(seen, expected);
        }
    }
}
