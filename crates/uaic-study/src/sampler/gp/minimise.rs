//! A minimiser of smooth functions within a box: L-BFGS with projected steps.

use uaic_kernel::linear_algebra::dot::in_tree as dot;

/// How many differences of steps and gradients are kept.
const MEMORY: usize = 8;
/// The share of the expected decrease that a step must bring (Armijo).
const SUFFICIENT: f64 = 1e-4;
/// Halvings of a step before the search ends.
const HALVINGS: u32 = 20;

/// Searches a minimum of `f` within `bounds` from `start` on, for at most `iterations` steps. Gives
/// the best point and its value.
///
/// `f` writes the gradient into its second argument; a value that is not finite is taken as too far.
/// The step is that of L-BFGS (Nocedal & Wright 2006, algorithm 7.4) over the coordinates that no
/// bound holds, cut at the bounds, as in Bertsekas (1982).
pub(super) fn minimise(
    start: &[f64],
    bounds: &[(f64, f64)],
    iterations: usize,
    mut f: impl FnMut(&[f64], &mut [f64]) -> f64,
) -> (Vec<f64>, f64) {
    let mut x: Vec<f64> = start.iter().zip(bounds).map(|(x, &(low, high))| x.clamp(low, high)).collect();
    let mut gradient = vec![0.0; x.len()];
    let mut value = f(&x, &mut gradient);
    let (mut next, mut next_gradient) = (x.clone(), gradient.clone());
    let mut memory: Vec<Pair> = Vec::new();
    for _ in 0..iterations {
        let free = free_coordinates(&x, bounds, &gradient);
        let mut direction = masked_direction(&memory, &gradient, &free);
        if dot(&direction, &gradient) >= 0.0 {
            memory.clear();
            direction = masked_direction(&memory, &gradient, &free);
        }
        let mut size = first_size(&memory, &direction);
        let mut moved = false;
        for _ in 0..HALVINGS {
            for (i, next) in next.iter_mut().enumerate() {
                *next = (x[i] + size * direction[i]).clamp(bounds[i].0, bounds[i].1);
            }
            let expected: f64 = (0..x.len()).map(|i| gradient[i] * (next[i] - x[i])).sum();
            let next_value = f(&next, &mut next_gradient);
            if next_value <= value + SUFFICIENT * expected && expected < 0.0 {
                moved = true;
                remember(&mut memory, &x, &next, &gradient, &next_gradient);
                let gain = value - next_value;
                std::mem::swap(&mut x, &mut next);
                std::mem::swap(&mut gradient, &mut next_gradient);
                value = next_value;
                if gain < 1e-9 * (1.0 + value.abs()) {
                    return (x, value);
                }
                break;
            }
            size *= 0.5;
        }
        if !moved {
            break;
        }
    }
    (x, value)
}

/// A step, the change of the gradient along it, and the inverse of their product.
struct Pair {
    step: Vec<f64>,
    change: Vec<f64>,
    scale: f64,
}

fn remember(memory: &mut Vec<Pair>, x: &[f64], next: &[f64], gradient: &[f64], next_gradient: &[f64]) {
    let difference = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a - b).collect::<Vec<_>>();
    let (step, change) = (difference(next, x), difference(next_gradient, gradient));
    let curvature = dot(&step, &change);
    if curvature > 1e-10 * dot(&change, &change).sqrt() * dot(&step, &step).sqrt() {
        if memory.len() == MEMORY {
            memory.remove(0);
        }
        memory.push(Pair { step, change, scale: 1.0 / curvature });
    }
}

/// Which coordinates may move: those that no bound holds against the gradient.
fn free_coordinates(x: &[f64], bounds: &[(f64, f64)], gradient: &[f64]) -> Vec<bool> {
    let held = |(&x, &(low, high)): (&f64, &(f64, f64)), &slope: &f64| {
        (x <= low && slope > 0.0) || (x >= high && slope < 0.0)
    };
    x.iter().zip(bounds).zip(gradient).map(|(at, slope)| !held(at, slope)).collect()
}

/// The two-loop recursion over the free coordinates.
fn masked_direction(memory: &[Pair], gradient: &[f64], free: &[bool]) -> Vec<f64> {
    let mask =
        |v: &mut Vec<f64>| v.iter_mut().zip(free).for_each(|(v, &free)| *v *= f64::from(u8::from(free)));
    let mut direction: Vec<f64> = gradient.iter().map(|slope| -slope).collect();
    mask(&mut direction);
    let mut shares = vec![0.0; memory.len()];
    for (share, pair) in shares.iter_mut().zip(memory).rev() {
        *share = pair.scale * dot(&pair.step, &direction);
        add(&mut direction, &pair.change, -*share);
    }
    if let Some(last) = memory.last() {
        let scale = 1.0 / (last.scale * dot(&last.change, &last.change));
        for entry in &mut direction {
            *entry *= scale;
        }
    }
    for (share, pair) in shares.iter().zip(memory) {
        let back = pair.scale * dot(&pair.change, &direction);
        add(&mut direction, &pair.step, share - back);
    }
    mask(&mut direction);
    direction
}

fn add(target: &mut [f64], other: &[f64], scale: f64) {
    for (target, other) in target.iter_mut().zip(other) {
        *target += scale * other;
    }
}

/// Without curvature, a first step of length 0.1 at most; else the whole step.
fn first_size(memory: &[Pair], direction: &[f64]) -> f64 {
    let length = dot(direction, direction).sqrt();
    if memory.is_empty() && length > 0.1 { 0.1 / length } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;

    fn rosenbrock(x: &[f64], gradient: &mut [f64]) -> f64 {
        let (a, b) = (1.0 - x[0], x[1] - x[0] * x[0]);
        gradient[0] = -2.0 * a - 400.0 * x[0] * b;
        gradient[1] = 200.0 * b;
        a * a + 100.0 * b * b
    }

    #[test]
    fn the_bottom_of_a_curved_valley_is_found() {
        let (x, value) = minimise(&[-1.2, 1.0], &[(-5.0, 5.0); 2], 200, rosenbrock);
        assert_abs_diff_eq!(x[..], [1.0, 1.0], epsilon = 1e-3);
        assert!(value < 1e-6, "{value}");
    }

    #[test]
    fn a_minimum_at_a_bound_is_found_there() {
        // Within x ≤ 0.5 the valley is lowest at (0.5, 0.25).
        let (x, _) = minimise(&[-1.2, 1.0], &[(-5.0, 0.5), (-5.0, 5.0)], 200, rosenbrock);
        assert_abs_diff_eq!(x[..], [0.5, 0.25], epsilon = 1e-3);
    }

    #[test]
    fn a_start_without_a_value_is_given_back() {
        let (x, value) = minimise(&[9.0], &[(0.0, 1.0)], 10, |_, _| f64::NAN);
        assert_eq!(x, [1.0]);
        assert!(value.is_nan());
    }
}
