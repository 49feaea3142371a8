//! Parameters as coordinates of the normal distribution, and the margin that keeps it from settling on
//! one value of those that have few.

use std::f64::consts::TAU;

use crate::space::Space;

use super::super::axis::Axis;
use super::evolution::Evolution;
use uaic_kernel::statistics::normal::rough_quantile_above;

/// A coordinate of the distribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gene {
    /// The place of its parameter in the space.
    pub(super) axis: usize,
}

/// The coordinates of a space: parameters that always exist and have an order.
pub(super) fn genes(space: &Space, axes: &[Axis<'_>]) -> Vec<Gene> {
    let is_ordered = |axis: &Axis<'_>| match axis {
        Axis::Range(_) => true,
        // Two values have an order, whichever it is.
        Axis::Choice(values) => values.len() == 2,
    };
    let always = space.iter().map(|(name, _)| space.condition(name).is_none());
    (0..)
        .zip(axes.iter().zip(always))
        .filter(|(_, (axis, always))| *always && is_ordered(axis))
        .map(|(axis, _)| Gene { axis })
        .collect()
}

impl Gene {
    /// The coordinate of the axis at a place from 0 to 1.
    pub(super) fn coordinate(self, axes: &[Axis<'_>], x: f64) -> f64 {
        match &axes[self.axis] {
            Axis::Choice(_) => f64::from(x >= 0.5),
            axis @ Axis::Range(_) => axis.snap(x),
        }
    }

    /// The place from 0 to 1 of a coordinate of the axis.
    pub(super) fn place(self, axes: &[Axis<'_>], coordinate: f64) -> f64 {
        match &axes[self.axis] {
            Axis::Choice(_) => 0.25 + 0.5 * coordinate,
            Axis::Range(_) => coordinate,
        }
    }

    /// Both ends of the value at a place, where values are counted.
    fn cell(self, axes: &[Axis<'_>], x: f64) -> Option<(f64, f64)> {
        match &axes[self.axis] {
            Axis::Choice(_) => Some(if x >= 0.5 { (0.5, 1.0) } else { (0.0, 0.5) }),
            Axis::Range(range) => {
                range.cell(x).map(|(middle, width)| (middle - width / 2.0, middle + width / 2.0))
            }
        }
    }
}

/// Stretches a drawn point away from the mean along the coordinates where the distribution would
/// leave the value of the mean less often than once in a generation and dimension.
pub(super) fn widen(evolution: &Evolution, axes: &[Axis<'_>], genes: &[Gene], point: &mut [f64]) {
    let rarest = 1.0 / (genes.len() * evolution.lambda()).max(2) as f64;
    let reach = upper_quantile(rarest);
    for ((x, &mean), (place, gene)) in point.iter_mut().zip(&evolution.mean).zip(genes.iter().enumerate()) {
        let Some((low, high)) = gene.cell(axes, mean) else { continue };
        // The edges of the range lead nowhere.
        let edges = [low, high].into_iter().filter(|edge| (1e-9..=1.0 - 1e-9).contains(edge));
        let nearest = edges.map(|edge| (edge - mean).abs()).fold(f64::INFINITY, f64::min);
        let deviation = evolution.deviation(place);
        let needed = nearest / reach;
        if needed.is_finite() && deviation < needed {
            *x = mean + (*x - mean) * needed / deviation.max(1e-300);
        }
    }
}

/// Where the tail of the standard normal distribution has this mass, at most a half; rough, which is
/// enough for a margin.
fn upper_quantile(mass: f64) -> f64 {
    rough_quantile_above(mass).max(0.05)
}

/// Pairs of even draws, above 0, as pairs of normal ones (Box and Muller 1958).
pub(super) fn normals(even: &[f64]) -> Vec<f64> {
    even.chunks_exact(2)
        .flat_map(|pair| {
            let (radius, angle) = ((-2.0 * pair[0].max(f64::MIN_POSITIVE).ln()).sqrt(), TAU * pair[1]);
            [radius * angle.cos(), radius * angle.sin()]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sampler::axis::axes;
    use crate::space::Distribution;
    use crate::trial::ParamValue;
    use rand::RngExt;
    use uaic_kernel::rng::SeedTree;

    #[test]
    fn genes_are_what_always_exists_and_has_an_order() {
        let choice = |count: i64| Distribution::Choice((0..count).map(ParamValue::Int).collect());
        let int = Distribution::Int { low: 0, high: 9, step: 1 };
        let space = Space::new(
            [("a", choice(2)), ("b", choice(3)), ("c", choice(1)), ("d", int.clone()), ("e", int)]
                .map(|(name, distribution)| (name.to_owned(), distribution)),
        )
        .when("e", "a", [ParamValue::Int(1)]);
        let axes = axes(&space);
        let found: Vec<usize> = genes(&space, &axes).iter().map(|gene| gene.axis).collect();
        assert_eq!(found, [0, 3]);
    }

    #[test]
    fn a_narrow_distribution_still_leaves_the_value_of_its_mean() {
        let space = Space::new([
            ("b".to_owned(), Distribution::Choice(vec![ParamValue::Bool(false), ParamValue::Bool(true)])),
            ("n".to_owned(), Distribution::Int { low: 0, high: 9, step: 1 }),
        ]);
        let axes = axes(&space);
        let genes = genes(&space, &axes);
        let evolution = Evolution::new(vec![0.2, 0.73], 1e-6, 10);
        let mut rng = SeedTree::new(1).rng("margin");
        let mut left = [0; 2];
        for _ in 0..2000 {
            let mut point = evolution.point(&normals(&[rng.random(), rng.random()]));
            widen(&evolution, &axes, &genes, &mut point);
            for ((left, gene), (x, mean)) in
                left.iter_mut().zip(&genes).zip(point.iter().zip(&evolution.mean))
            {
                *left += u32::from((gene.coordinate(&axes, *x) - gene.coordinate(&axes, *mean)).abs() > 1e-9);
            }
        }
        // Once in 2 · 10 draws: 100 times, give or take 3 deviations.
        assert!(left.iter().all(|count| (70..=130).contains(count)), "{left:?}");
    }

    #[test]
    fn quantiles_and_normal_draws_are_right() {
        // scipy.stats.norm.isf([0.1, 0.01, 0.001])
        for (mass, expected) in [(0.1, 1.281_552), (0.01, 2.326_348), (0.001, 3.090_232)] {
            approx::assert_abs_diff_eq!(upper_quantile(mass), expected, epsilon = 5e-4);
        }
        let mut rng = SeedTree::new(2).rng("margin");
        let draws = normals(&(0..10_000).map(|_| rng.random()).collect::<Vec<f64>>());
        let square: f64 = draws.iter().map(|z| z * z).sum::<f64>() / 10_000.0;
        approx::assert_abs_diff_eq!(square, 1.0, epsilon = 0.05);
        assert!(normals(&[0.0, 0.5]).iter().all(|z| z.is_finite()));
    }
}
