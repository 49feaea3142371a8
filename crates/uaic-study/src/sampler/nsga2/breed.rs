//! How two points make a third.

use rand::RngExt;

use uaic_kernel::rng::ChaCha8Rng;

use super::super::axis::Axis;

/// How often parents are crossed; else the child is the first one, mutated.
const CROSSED: f64 = 0.9;
/// How close children of a crossing are to their parents: the larger, the closer.
const CROSSING: f64 = 10.0;
/// How close a mutated number is to what it was.
const MUTATION: f64 = 15.0;

/// A child: each coordinate of either parent or, where it is a number, from around them; and about one
/// mutated. A parameter that exists in one parent alone comes from it, and one that exists in none is
/// drawn evenly.
pub(super) fn child(axes: &[Axis<'_>], mother: &[f64], father: &[f64], rng: &mut ChaCha8Rng) -> Vec<f64> {
    let is_crossed = rng.random::<f64>() < CROSSED;
    let mutated = 1.0 / axes.len().max(1) as f64;
    let coordinate = |(axis, (&own, &other)): (&Axis<'_>, (&f64, &f64))| {
        let x = match (own.is_nan(), other.is_nan()) {
            (true, true) => return axis.draw_evenly(rng),
            (true, false) => other,
            (false, false) if is_crossed => cross(axis, own, other, rng),
            (false, _) => own,
        };
        let x = if rng.random::<f64>() < mutated { mutate(axis, x, rng) } else { x };
        axis.snap(x)
    };
    axes.iter().zip(mother.iter().zip(father)).map(coordinate).collect()
}

/// Uniform crossover of names; simulated binary crossover of every other number (Deb and Agrawal 1995).
fn cross(axis: &Axis<'_>, own: f64, other: f64, rng: &mut ChaCha8Rng) -> f64 {
    let (near, far) = if rng.random::<bool>() { (own, other) } else { (other, own) };
    let draw: f64 = rng.random();
    if matches!(axis, Axis::Choice(_)) || rng.random::<bool>() {
        return near;
    }
    let power = 1.0 / (CROSSING + 1.0);
    let spread = if draw < 0.5 { (2.0 * draw).powf(power) } else { (2.0 - 2.0 * draw).powf(-power) };
    (f64::midpoint(near, far) + spread * (near - far) / 2.0).clamp(0.0, 1.0)
}

/// An even draw of names; polynomial mutation of numbers (Deb and Goyal 1996), which reaches both ends.
fn mutate(axis: &Axis<'_>, x: f64, rng: &mut ChaCha8Rng) -> f64 {
    if matches!(axis, Axis::Choice(_)) {
        return axis.draw_evenly(rng);
    }
    let draw: f64 = rng.random();
    let power = 1.0 / (MUTATION + 1.0);
    let moved = if draw < 0.5 {
        x * ((2.0 * draw).powf(power) - 1.0)
    } else {
        (1.0 - x) * (1.0 - (2.0 - 2.0 * draw).powf(power))
    };
    (x + moved).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::Distribution;
    use crate::trial::ParamValue;
    use uaic_kernel::rng::SeedTree;

    #[test]
    fn children_lie_around_their_parents_and_inside() {
        let real = Distribution::Uniform { low: 0.0, high: 1.0, step: None };
        let choice = Distribution::Choice((0..3).map(ParamValue::Int).collect());
        let axes = [Axis::of(&real), Axis::of(&choice), Axis::of(&real)];
        let mut rng = SeedTree::new(1).rng("breed");
        let children: Vec<Vec<f64>> =
            (0..2000).map(|_| child(&axes, &[0.2, 0.0, f64::NAN], &[0.6, 2.0, f64::NAN], &mut rng)).collect();
        assert!(children.iter().flatten().all(|x| (0.0..=2.0).contains(x)));
        let mean = children.iter().map(|x| x[0]).sum::<f64>() / 2000.0;
        approx::assert_abs_diff_eq!(mean, 0.4, epsilon = 0.03);
        let third = children.iter().filter(|x| (x[1] - 1.0).abs() < 0.5).count();
        // A third of the third that mutate.
        assert!((150..300).contains(&third), "{third} have the name that no parent has");
    }
}
