//! The distribution that points are drawn from, and how a generation of trials moves it.
//!
//! Hansen 2016, "The CMA evolution strategy: a tutorial" (arXiv:1604.00772), with negative weights
//! (active CMA). Points may come from anywhere: they are bounded as in Hansen 2011, "Injecting
//! external solutions into CMA-ES" (arXiv:1110.4181).

use super::eigen::{Matrix, eigen, identity};
use uaic_kernel::linear_algebra::dot::in_order as dot;

/// A normal distribution that learns, in coordinates from 0 to 1.
#[derive(Clone, Debug)]
pub(super) struct Evolution {
    pub(super) mean: Vec<f64>,
    /// The step size.
    pub(super) sigma: f64,
    covariance: Matrix,
    /// Eigenvectors of the covariance, as columns, and the roots of its eigenvalues.
    axes: Matrix,
    lengths: Vec<f64>,
    path_sigma: Vec<f64>,
    path_c: Vec<f64>,
    /// Generations so far.
    pub(super) generation: u32,
    pace: Pace,
}

/// Weights and learning rates, which follow from the dimension and the size of a generation.
#[derive(Clone, Debug)]
struct Pace {
    /// One per rank; the worse half is negative.
    weights: Vec<f64>,
    mu_eff: f64,
    c_sigma: f64,
    d_sigma: f64,
    c_c: f64,
    c_1: f64,
    c_mu: f64,
    /// The expected length of a standard normal vector.
    chi: f64,
}

impl Pace {
    fn new(dims: usize, lambda: usize) -> Self {
        let n = dims as f64;
        let raw: Vec<f64> =
            (1..=lambda).map(|rank| f64::midpoint(lambda as f64, 1.0).ln() - (rank as f64).ln()).collect();
        let effective =
            |part: &[f64]| part.iter().sum::<f64>().powi(2) / part.iter().map(|w| w * w).sum::<f64>();
        let (good, bad) = raw.split_at(lambda / 2);
        let mu_eff = effective(good);
        let c_1 = 2.0 / ((n + 1.3).powi(2) + mu_eff);
        let c_mu =
            (1.0 - c_1).min(2.0 * (mu_eff - 2.0 + 1.0 / mu_eff) / ((n + 2.0).powi(2) + mu_eff)).max(1e-12);
        let c_sigma = (mu_eff + 2.0) / (n + mu_eff + 5.0);
        // How much the bad ones may take away.
        let limit = (1.0 + c_1 / c_mu)
            .min(1.0 + 2.0 * effective(bad) / (mu_eff + 2.0))
            .min((1.0 - c_1 - c_mu) / (n * c_mu));
        let (up, down) = (good.iter().sum::<f64>(), -bad.iter().sum::<f64>());
        Self {
            weights: raw.iter().map(|&w| if w >= 0.0 { w / up } else { w / down * limit }).collect(),
            mu_eff,
            c_sigma,
            d_sigma: 1.0 + 2.0 * (((mu_eff - 1.0) / (n + 1.0)).sqrt() - 1.0).max(0.0) + c_sigma,
            c_c: (4.0 + mu_eff / n) / (n + 4.0 + 2.0 * mu_eff / n),
            c_1,
            c_mu,
            chi: n.sqrt() * (1.0 - 1.0 / (4.0 * n) + 1.0 / (21.0 * n * n)),
        }
    }
}

impl Evolution {
    /// A distribution that has not learnt yet; a generation has `lambda` points, 4 at least.
    pub(super) fn new(mean: Vec<f64>, sigma: f64, lambda: usize) -> Self {
        let dims = mean.len();
        Self {
            sigma,
            covariance: identity(dims),
            axes: identity(dims),
            lengths: vec![1.0; dims],
            path_sigma: vec![0.0; dims],
            path_c: vec![0.0; dims],
            generation: 0,
            pace: Pace::new(dims, lambda),
            mean,
        }
    }

    /// How many points a generation has.
    pub(super) fn lambda(&self) -> usize {
        self.pace.weights.len()
    }

    /// The standard deviation along one coordinate.
    pub(super) fn deviation(&self, coordinate: usize) -> f64 {
        self.sigma * self.covariance[coordinate][coordinate].max(0.0).sqrt()
    }

    /// The largest deviation in any direction, and how much larger it is than the smallest.
    pub(super) fn extent(&self) -> (f64, f64) {
        let longest = self.lengths.iter().copied().fold(0.0, f64::max);
        let shortest = self.lengths.iter().copied().fold(f64::INFINITY, f64::min);
        (self.sigma * longest, longest / shortest)
    }

    /// The point that a standard normal vector becomes.
    pub(super) fn point(&self, normal: &[f64]) -> Vec<f64> {
        let scaled: Vec<f64> = normal.iter().zip(&self.lengths).map(|(z, length)| z * length).collect();
        self.mean.iter().zip(&self.axes).map(|(mean, row)| mean + self.sigma * dot(row, &scaled)).collect()
    }

    /// How many deviations a point lies from the mean.
    pub(super) fn distance(&self, point: &[f64]) -> f64 {
        let step: Vec<f64> = point.iter().zip(&self.mean).map(|(x, mean)| (x - mean) / self.sigma).collect();
        norm(&self.whitened(&step))
    }

    /// C^(-1/2) · y.
    fn whitened(&self, y: &[f64]) -> Vec<f64> {
        let n = y.len();
        let along: Vec<f64> =
            (0..n).map(|k| (0..n).map(|i| self.axes[i][k] * y[i]).sum::<f64>() / self.lengths[k]).collect();
        self.axes.iter().map(|row| dot(row, &along)).collect()
    }

    /// Learns from a generation: its points, best first.
    pub(super) fn learn(&mut self, points: &[Vec<f64>]) {
        let n = self.mean.len() as f64;
        let longest = n.sqrt() + 2.0 * n / (n + 2.0);
        let mut steps = Vec::with_capacity(points.len());
        let mut squares = Vec::with_capacity(points.len());
        for point in points {
            let mut step: Vec<f64> =
                point.iter().zip(&self.mean).map(|(x, mean)| (x - mean) / self.sigma).collect();
            let length = norm(&self.whitened(&step));
            let shrink = if length > longest { longest / length } else { 1.0 };
            scale(&mut step, shrink);
            steps.push(step);
            squares.push((length * shrink).powi(2));
        }
        let mean_step = self.weighted_step(&steps);
        for (mean, step) in self.mean.iter_mut().zip(&mean_step) {
            *mean = (*mean + self.sigma * step).clamp(0.0, 1.0);
        }
        let steady = self.follow(&mean_step);
        self.adapt(&steps, &squares, steady);
        self.generation += 1;
    }

    fn weighted_step(&self, steps: &[Vec<f64>]) -> Vec<f64> {
        let mut sum = vec![0.0; self.mean.len()];
        for (step, &weight) in steps.iter().zip(&self.pace.weights).filter(|(_, weight)| **weight > 0.0) {
            add(&mut sum, weight, step);
        }
        sum
    }

    /// Moves both paths and the step size; whether the path is too short to hold the covariance back.
    fn follow(&mut self, mean_step: &[f64]) -> bool {
        let n = self.mean.len() as f64;
        let Pace { mu_eff, c_sigma, d_sigma, c_c, chi, .. } = self.pace;
        let white = self.whitened(mean_step);
        decay_and_add(&mut self.path_sigma, c_sigma, mu_eff, &white);
        let length = norm(&self.path_sigma);
        let settled = 1.0 - (1.0 - c_sigma).powi(2 * (self.generation as i32 + 1).min(10_000));
        let steady = length / settled.sqrt() < (1.4 + 2.0 / (n + 1.0)) * chi;
        let zero = vec![0.0; mean_step.len()];
        decay_and_add(&mut self.path_c, c_c, mu_eff, if steady { mean_step } else { &zero });
        self.sigma *= (c_sigma / d_sigma * (length / chi - 1.0)).min(1.0).exp();
        steady
    }

    fn adapt(&mut self, steps: &[Vec<f64>], squares: &[f64], steady: bool) {
        let n = self.mean.len();
        let Pace { c_1, c_mu, c_c, .. } = self.pace;
        let lost = if steady { 0.0 } else { c_1 * c_c * (2.0 - c_c) };
        let weights: f64 = self.pace.weights.iter().sum();
        let keep = 1.0 + lost - c_1 - c_mu * weights;
        let mut next = self.covariance.clone();
        for row in &mut next {
            scale(row, keep);
        }
        add_outer(&mut next, c_1, &self.path_c);
        for ((step, &weight), &square) in steps.iter().zip(&self.pace.weights).zip(squares) {
            // Far bad points would make the matrix indefinite.
            let weight = if weight < 0.0 { weight * n as f64 / square.max(1e-300) } else { weight };
            add_outer(&mut next, c_mu * weight, step);
        }
        let (values, axes) = eigen(&next);
        // Rounding may make an eigenvalue negative or a point not finite: then nothing was learnt.
        if values.iter().all(|value| value.is_finite() && *value > 1e-20) && self.sigma.is_finite() {
            self.lengths = values.iter().map(|value| value.sqrt()).collect();
            self.axes = axes;
            self.covariance = next;
        }
    }
}

fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}

fn scale(a: &mut [f64], factor: f64) {
    for x in a {
        *x *= factor;
    }
}

fn add(sum: &mut [f64], factor: f64, other: &[f64]) {
    for (sum, other) in sum.iter_mut().zip(other) {
        *sum += factor * other;
    }
}

/// A path forgets a share `c` and takes up the step.
fn decay_and_add(path: &mut [f64], c: f64, mu_eff: f64, step: &[f64]) {
    scale(path, 1.0 - c);
    add(path, (c * (2.0 - c) * mu_eff).sqrt(), step);
}

/// Adds `factor` · y · yᵀ.
fn add_outer(matrix: &mut Matrix, factor: f64, y: &[f64]) {
    for (row, &y_i) in matrix.iter_mut().zip(y) {
        add(row, factor * y_i, y);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::RngExt;
    use uaic_kernel::rng::SeedTree;

    /// Minimises with so many generations of 10.
    fn minimise(value: impl Fn(&[f64]) -> f64, dims: usize, generations: u32) -> Evolution {
        let mut evolution = Evolution::new(vec![0.7; dims], 0.2, 10);
        let mut rng = SeedTree::new(4).rng("evolution");
        for _ in 0..generations {
            let mut points: Vec<Vec<f64>> = (0..10)
                .map(|_| {
                    // Nearly normal: twelve even draws.
                    let normal = |_| (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0;
                    evolution.point(&(0..dims).map(normal).collect::<Vec<_>>())
                })
                .collect();
            points.sort_by(|a, b| value(a).total_cmp(&value(b)));
            evolution.learn(&points);
        }
        evolution
    }

    #[test]
    fn a_stretched_and_turned_bowl_is_learnt() {
        let bowl = |x: &[f64]| {
            (x[0] + x[1] - 0.9).powi(2) * 1e4 + (x[0] - x[1] - 0.1).powi(2) + x[2].mul_add(x[2], -0.4 * x[2])
        };
        let evolution = minimise(bowl, 3, 150);
        for (mean, best) in evolution.mean.iter().zip([0.5, 0.4, 0.2]) {
            approx::assert_abs_diff_eq!(*mean, best, epsilon = 1e-5);
        }
        let (_, ratio) = evolution.extent();
        assert!((20.0..1000.0).contains(&ratio), "the axes differ by 100, learnt: {ratio}");
    }

    #[test]
    fn points_that_are_all_one_or_far_away_break_nothing() {
        let mut evolution = Evolution::new(vec![0.5; 2], 0.2, 6);
        for _ in 0..100 {
            evolution.learn(&vec![vec![0.5, 0.5]; 6]);
        }
        assert!(evolution.sigma < 1e-3);
        for _ in 0..5 {
            evolution.learn(&vec![vec![1.0, 0.0]; 6]);
        }
        assert!(evolution.point(&[1.0, -1.0]).iter().all(|x| x.is_finite()));
    }
}
