//! The hyperparameters that are most likely given the values and prior beliefs.

use super::inputs::Inputs;
use super::minimise::minimise;
use super::process::{Hyperparameters, matern};
use super::warp::{Shape, Warp};
use uaic_kernel::linear_algebra::cholesky::Factor;
use uaic_kernel::linear_algebra::dot::in_tree as dot;

/// A belief about a positive number: its logarithm is normal.
struct Prior {
    mean: f64,
    sd: f64,
}

impl Prior {
    /// −ln density of a logarithm, up to a constant, and its derivative.
    fn penalty(&self, logarithm: f64) -> (f64, f64) {
        let z = (logarithm - self.mean) / self.sd;
        (0.5 * z * z, z / self.sd)
    }
}

/// Scales are expected to grow with √d, so that points in many dimensions stay as related as in few
/// (Hvarfner et al. 2024, arXiv:2402.02229).
fn scale_prior(axes: usize) -> Prior {
    Prior { mean: -1.0 + 0.5 * (axes as f64).ln(), sd: 1.2 }
}

/// Values have variance 1.
const VARIANCE_PRIOR: Prior = Prior { mean: 0.0, sd: 1.0 };

/// Little noise, because few trials cannot tell noise from roughness; many soon overrule this.
const NOISE_PRIOR: Prior = Prior { mean: -9.0, sd: 2.0 };

/// Bounds of the logarithms.
const SCALES: (f64, f64) = (-4.0, 5.0);
/// The same of the variance.
const VARIANCE: (f64, f64) = (-4.0, 4.0);
/// The same of the noise.
const NOISE: (f64, f64) = (-14.0, 0.0);
/// Numbers of a shape.
const SHAPE: usize = Shape::BOUNDS.len();
/// Steps of the minimiser from each start.
const ITERATIONS: usize = 30;

/// Fits the hyperparameters, and the shape of the warp that makes values of `losses`, by their maximum a
/// posteriori.
pub(super) fn fit(inputs: &Inputs, losses: &[f64]) -> (Hyperparameters, Shape) {
    let axes = inputs.encoding().axes();
    let likelihood = Likelihood::new(inputs, losses);
    let bounds: Vec<_> = (0..axes).map(|_| SCALES).chain([VARIANCE, NOISE]).chain(Shape::BOUNDS).collect();
    let middle = scale_prior(axes).mean;
    let mut best: Option<(Vec<f64>, f64)> = None;
    // One start for smooth values, one for values that are rough or noisy.
    for (scale, noise) in [(middle, -9.0), (middle - 1.0, -4.0)] {
        let start: Vec<f64> = (0..axes)
            .map(|_| scale)
            .chain([0.0, noise])
            .chain(Shape::BELIEFS.map(|belief| belief.0))
            .collect();
        let found =
            minimise(&start, &bounds, ITERATIONS, |theta, gradient| likelihood.evaluate(theta, gradient));
        if best.as_ref().is_none_or(|best| found.1 < best.1) {
            best = Some(found);
        }
    }
    let theta = best.map_or_else(Vec::new, |best| best.0);
    let hyper = Hyperparameters {
        scales: theta[..axes].iter().map(|log| log.exp()).collect(),
        variance: theta[axes].exp(),
        noise: theta[axes + 1].exp(),
    };
    (hyper, Shape::of(&theta[axes + 2..]))
}

/// The posterior density of hyperparameters.
struct Likelihood<'a> {
    losses: &'a [f64],
    /// Per axis, squared distances of all pairs.
    triangles: Vec<Vec<f64>>,
}

impl<'a> Likelihood<'a> {
    fn new(inputs: &Inputs, losses: &'a [f64]) -> Self {
        let triangles = (0..inputs.encoding().axes()).map(|axis| inputs.triangle(axis)).collect();
        Self { losses, triangles }
    }

    /// −ln (likelihood · prior) at the logarithms of scales, variance and noise, and its gradient.
    fn evaluate(&self, theta: &[f64], gradient: &mut [f64]) -> f64 {
        let axes = self.triangles.len();
        let (variance, noise) = (theta[axes].exp(), theta[axes + 1].exp());
        let weights: Vec<f64> = theta[..axes].iter().map(|log| (-2.0 * log).exp()).collect();
        let (kernel, slopes) = self.kernel(&weights, variance);
        let mut matrix = kernel.clone();
        diagonal(self.losses.len()).for_each(|at| matrix[at] += noise);
        let Some(factor) = Factor::of(&matrix) else {
            gradient.fill(0.0);
            return f64::INFINITY;
        };
        let shape = &theta[axes + 2..];
        let (values, jacobian) = self.warped(shape);
        let mut alpha = values.clone();
        factor.solve(&mut alpha);
        let loss = 0.5 * (dot(&values, &alpha) + factor.log_determinant()) - jacobian;
        for (at, slope) in gradient[axes + 2..].iter_mut().enumerate() {
            *slope = self.shape_slope(shape, at, &alpha);
        }
        let mut shares = shares(&factor, &alpha);
        gradient[axes] = dot(&shares, &kernel);
        gradient[axes + 1] = noise * diagonal(alpha.len()).map(|at| shares[at]).sum::<f64>();
        shares.iter_mut().zip(&slopes).for_each(|(share, slope)| *share *= slope);
        for axis in 0..axes {
            gradient[axis] = -2.0 * weights[axis] * dot(&shares, &self.triangles[axis]);
        }
        loss + add_penalties(theta, gradient)
    }

    /// The values of the losses by a shape, and ln of the density of one over that of the other.
    fn warped(&self, shape: &[f64]) -> (Vec<f64>, f64) {
        let warp = Warp::new(self.losses, Shape::of(shape));
        (self.losses.iter().map(|loss| warp.apply(*loss)).collect(), warp.log_jacobian(self.losses))
    }

    /// The derivative by one number of the shape, given K⁻¹ · values. By differences: they cost little
    /// beside the factor, and the warp has too many parts to derive each.
    fn shape_slope(&self, shape: &[f64], at: usize, alpha: &[f64]) -> f64 {
        const STEP: f64 = 1e-4;
        let moved = |by: f64| {
            let mut shape = shape.to_vec();
            shape[at] += by;
            self.warped(&shape)
        };
        let ((high, high_jacobian), (low, low_jacobian)) = (moved(STEP), moved(-STEP));
        let change: f64 = alpha.iter().zip(high.iter().zip(&low)).map(|(a, (h, l))| a * (h - l)).sum();
        (change - (high_jacobian - low_jacobian)) / (2.0 * STEP)
    }

    /// Covariances of all pairs without noise, and their derivatives by the squared distance.
    fn kernel(&self, weights: &[f64], variance: f64) -> (Vec<f64>, Vec<f64>) {
        let pairs = self.losses.len() * (self.losses.len() + 1) / 2;
        let mut distances = vec![0.0; pairs];
        for (triangle, weight) in self.triangles.iter().zip(weights) {
            distances.iter_mut().zip(triangle).for_each(|(sum, squared)| *sum += weight * squared);
        }
        let of = |squared: f64| {
            let (value, slope) = matern(squared);
            (variance * value, variance * slope)
        };
        distances.into_iter().map(of).unzip()
    }
}

/// What each entry of the lower triangle of K adds to the loss: ½ (K⁻¹ − ααᵀ), entries off the
/// diagonal twice, as they stand for two.
fn shares(factor: &Factor, alpha: &[f64]) -> Vec<f64> {
    let mut shares = factor.inverse();
    let mut at = 0;
    for (i, first) in alpha.iter().enumerate() {
        for (share, second) in shares[at..=at + i].iter_mut().zip(alpha) {
            *share -= first * second;
        }
        at += i + 1;
        shares[at - 1] *= 0.5;
    }
    shares
}

/// Places of the diagonal within a lower triangle.
fn diagonal(size: usize) -> impl Iterator<Item = usize> {
    (0..size).map(|i| i * (i + 1) / 2 + i)
}

/// The priors' share of the loss; adds that of the gradient.
fn add_penalties(theta: &[f64], gradient: &mut [f64]) -> f64 {
    let axes = theta.len() - 2 - SHAPE;
    let scales = scale_prior(axes);
    let shape = Shape::BELIEFS.map(|(mean, sd)| Prior { mean, sd });
    let priors = (0..axes).map(|_| &scales).chain([&VARIANCE_PRIOR, &NOISE_PRIOR]).chain(&shape);
    let mut sum = 0.0;
    for ((prior, log), slope) in priors.zip(theta).zip(gradient) {
        let (penalty, by_log) = prior.penalty(*log);
        sum += penalty;
        *slope += by_log;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sampler::axis::axes;
    use crate::sampler::gp::inputs::Encoding;
    use crate::space::{Distribution, Space};
    use approx::assert_relative_eq;
    use rand::RngExt;

    /// Points of a plane, spread by two irrational steps.
    fn plane(points: usize) -> (Inputs, Vec<Vec<f64>>) {
        let unit = Distribution::Uniform { low: 0.0, high: 1.0, step: None };
        let space = Space::new(["a", "b"].map(|name| (name.to_owned(), unit.clone())));
        let encoding = Encoding::new(&space, &axes(&space));
        let mut inputs = Inputs::new(encoding.clone());
        let rows: Vec<Vec<f64>> = (1..=points)
            .map(|i| vec![(i as f64 * 0.754_877_666).fract(), (i as f64 * 0.569_840_291).fract()])
            .collect();
        for row in &rows {
            inputs.push(&encoding.row(row));
        }
        (inputs, rows)
    }

    fn wave(row: &[f64]) -> f64 {
        1.5 * (9.0 * row[0]).sin()
    }

    #[test]
    fn the_gradient_agrees_with_differences() {
        let (inputs, rows) = plane(12);
        let values: Vec<f64> = rows.iter().map(|row| wave(row) + row[1]).collect();
        let likelihood = Likelihood::new(&inputs, &values);
        let theta = [-1.0, 0.4, 0.3, -3.0, 0.7, -0.5];
        let mut gradient = [0.0; 6];
        likelihood.evaluate(&theta, &mut gradient);
        for i in 0..theta.len() {
            let moved = |by: f64| {
                let mut theta = theta;
                theta[i] += by;
                likelihood.evaluate(&theta, &mut [0.0; 6])
            };
            let difference = (moved(1e-5) - moved(-1e-5)) / 2e-5;
            assert_relative_eq!(gradient[i], difference, max_relative = 1e-4);
        }
    }

    #[test]
    fn a_parameter_without_influence_gets_a_long_scale_and_exact_values_little_noise() {
        let (inputs, rows) = plane(40);
        let values: Vec<f64> = rows.iter().map(|row| wave(row)).collect();
        let (hyper, _) = fit(&inputs, &values);
        assert!(hyper.scales[1] > 4.0 * hyper.scales[0], "{hyper:?}");
        assert!(hyper.noise < 1e-3, "{hyper:?}");
    }

    #[test]
    fn noise_is_found_where_points_repeat() {
        let (mut inputs, mut rows) = plane(30);
        for row in &rows {
            inputs.push(row);
        }
        rows.extend(rows.clone());
        let mut rng = uaic_kernel::rng::SeedTree::new(6).rng("noise");
        let values: Vec<f64> = rows.iter().map(|row| wave(row) + rng.random_range(-1.0..1.0)).collect();
        let (hyper, _) = fit(&inputs, &values);
        // Warped values have variance 1; of the losses it is 1.5² / 2 + 1 / 3.
        assert!((0.07..0.5).contains(&hyper.noise), "{} where its share is 0.23", hyper.noise);
    }
}
