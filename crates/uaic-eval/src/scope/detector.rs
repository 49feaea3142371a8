//! A classifier of its own for what is in scope.

use super::{energy, even_choice, features_of};
use crate::{Predictions, Undefined};
use uaic_kernel::linear_algebra::dot::in_eight as dot;
use uaic_kernel::linear_algebra::square_cholesky as cholesky;

/// Most in-scope texts that it learns from.
const MOST: usize = 2048;

/// The penalty on squared weights, against a loss of mean 1 for each side.
const PENALTY: f64 = 0.01;

/// Newton's method has converged long before.
const MOST_STEPS: usize = 50;

/// A logistic regression on features and energy, both sides weighing the same: fitted on the texts
/// that a model was trained on and on out-of-scope ones. It never touches the model, so it cannot
/// cost accuracy.
#[derive(Clone, Debug, PartialEq)]
pub struct Detector {
    /// One for each feature, then that of the energy, `(F + 1)`.
    pub(super) weights: Vec<f64>,
    /// Summand.
    pub(super) bias: f64,
}

impl Detector {
    /// Fits on texts of either side, with their features.
    ///
    /// # Errors
    /// A side has no texts, or there are no features, or not the same.
    pub fn fit(inside: &Predictions, outside: &Predictions) -> Result<Self, Undefined> {
        let (within, width) = inputs(inside, &even_choice(&inside.gold, MOST))?;
        let (beyond, other) = inputs(outside, &(0..outside.len()).collect::<Vec<_>>())?;
        if width != other {
            return Err(Undefined::NoFeatures);
        }
        let counts = [within.len() / width, beyond.len() / width].map(|count| count as f64);
        let (means, scales) = standard(&within, width);
        let mut rows = within;
        rows.extend(beyond);
        for row in rows.chunks_exact_mut(width) {
            for (value, (mean, scale)) in row.iter_mut().zip(means.iter().zip(&scales)) {
                *value = (*value - mean) / scale;
            }
        }
        let fitted = newton(&rows, width, counts).ok_or(Undefined::NotANumber)?;
        let (bias, weights) = fitted.split_last().ok_or(Undefined::NoFeatures)?;
        let weights: Vec<f64> = weights.iter().zip(&scales).map(|(weight, scale)| weight / scale).collect();
        let bias = bias - dot(&weights, &means);
        Ok(Self { weights, bias })
    }

    /// The log-odds of being in scope, from features `(F)` and logits `(C)`.
    ///
    /// # Errors
    /// There are not as many features as were learnt from.
    pub fn score(&self, features: &[f32], logits: &[f32]) -> Result<f64, Undefined> {
        if features.len() + 1 != self.weights.len() {
            return Err(Undefined::NoFeatures);
        }
        let mut inputs: Vec<f64> = features.iter().map(|&value| f64::from(value)).collect();
        inputs.push(energy(logits, 1.0));
        Ok(self.bias + dot(&self.weights, &inputs))
    }
}

/// What it looks at, of some rows: features and energy; and how many values that are.
fn inputs(table: &Predictions, kept: &[usize]) -> Result<(Vec<f64>, usize), Undefined> {
    let (rows, width) = features_of(table)?;
    let mut inputs = Vec::with_capacity(kept.len() * (width + 1));
    for &row in kept {
        inputs.extend_from_slice(&rows[row * width..][..width]);
        inputs.push(energy(table.row(row), 1.0));
    }
    Ok((inputs, width + 1))
}

/// Means and deviations by column; a column that does not vary keeps its scale.
fn standard(rows: &[f64], width: usize) -> (Vec<f64>, Vec<f64>) {
    let n = (rows.len() / width) as f64;
    let column = |at: usize| rows.chunks_exact(width).map(move |row| row[at]);
    let means: Vec<f64> = (0..width).map(|at| column(at).sum::<f64>() / n).collect();
    let deviation = |at: usize| {
        let variance = column(at).map(|value| (value - means[at]).powi(2)).sum::<f64>() / n;
        if variance > 0.0 { variance.sqrt() } else { 1.0 }
    };
    let scales = (0..width).map(deviation).collect();
    (means, scales)
}

/// The weights, the bias last, that minimise the penalised loss of rows, the first `counts[0]` of
/// them in scope; by Newton's method, halving steps that do not help.
fn newton(rows: &[f64], width: usize, counts: [f64; 2]) -> Option<Vec<f64>> {
    let size = width + 1;
    let mut weights = vec![0.0; size];
    let mut at = Slope::new(rows, width, counts, &weights);
    for _ in 0..MOST_STEPS {
        let step = cholesky::solve(&cholesky::factor(&at.curvature, size)?, &at.gradient);
        let mut length = 1.0;
        let next = loop {
            let moved: Vec<f64> = weights.iter().zip(&step).map(|(w, step)| w - length * step).collect();
            let next = Slope::new(rows, width, counts, &moved);
            if next.loss <= at.loss || length < 1e-6 {
                weights = moved;
                break next;
            }
            length /= 2.0;
        };
        let gained = at.loss - next.loss;
        at = next;
        if gained <= 1e-12 * at.loss {
            break;
        }
    }
    at.loss.is_finite().then_some(weights)
}

/// The loss at some weights, its gradient and its second derivatives.
struct Slope {
    loss: f64,
    gradient: Vec<f64>,
    /// `(D + 1, D + 1)`, the lower triangle.
    curvature: Vec<f64>,
}

impl Slope {
    fn new(rows: &[f64], width: usize, counts: [f64; 2], weights: &[f64]) -> Self {
        let size = width + 1;
        let mut slope = Self { loss: 0.0, gradient: vec![0.0; size], curvature: vec![0.0; size * size] };
        let mut point = vec![1.0; size];
        for (number, row) in rows.chunks_exact(width).enumerate() {
            point[..width].copy_from_slice(row);
            let is_inside = (number as f64) < counts[0];
            let share = 0.5 / counts[usize::from(!is_inside)];
            slope.add(&point, dot(&point, weights), is_inside, share);
        }
        for (at, weight) in weights[..width].iter().enumerate() {
            slope.loss += 0.5 * PENALTY * weight * weight;
            slope.gradient[at] += PENALTY * weight;
            slope.curvature[at * size + at] += PENALTY;
        }
        // The bias is free, and a hair of its own keeps it bounded where sides are far apart.
        slope.curvature[size * size - 1] += 1e-9;
        slope
    }

    fn add(&mut self, point: &[f64], odds: f64, is_inside: bool, share: f64) {
        let (size, sign) = (point.len(), if is_inside { 1.0 } else { -1.0 });
        // log(1 + exp(−s)), without overflow
        let margin = sign * odds;
        let small = libm::exp(-margin.abs());
        self.loss += share * (libm::log1p(small) + (-margin).max(0.0));
        let wrong = if margin >= 0.0 { small / (1.0 + small) } else { 1.0 / (1.0 + small) };
        let (slope, bend) = (-sign * share * wrong, share * wrong * (1.0 - wrong));
        for (at, &value) in point.iter().enumerate() {
            self.gradient[at] += slope * value;
            let sums = &mut self.curvature[at * size..][..=at];
            sums.iter_mut().zip(point).for_each(|(sum, other)| *sum += bend * value * other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::cloud;
    use super::*;

    #[test]
    fn the_fit_is_a_minimum() {
        let (inside, outside) = (cloud(40, 2, 3, 0.0), cloud(11, 2, 3, 0.7));
        let (mut rows, width) = inputs(&inside, &(0..40).collect::<Vec<_>>()).unwrap();
        rows.extend(inputs(&outside, &(0..11).collect::<Vec<_>>()).unwrap().0);
        let counts = [40.0, 11.0];
        let weights = newton(&rows, width, counts).unwrap();
        let at = Slope::new(&rows, width, counts, &weights);
        assert!(at.gradient.iter().all(|slope| slope.abs() < 1e-6), "{:?}", at.gradient);
        for (place, nudge) in (0..weights.len()).flat_map(|place| [(place, 0.05), (place, -0.05)]) {
            let mut moved = weights.clone();
            moved[place] += nudge;
            assert!(Slope::new(&rows, width, counts, &moved).loss > at.loss);
        }
    }

    #[test]
    fn gradients_are_those_of_the_loss() {
        let (rows, width) = inputs(&cloud(9, 2, 3, 0.0), &(0..9).collect::<Vec<_>>()).unwrap();
        let loss = |weights: &[f64]| Slope::new(&rows, width, [5.0, 4.0], weights).loss;
        let weights = [0.3, -0.2, 0.1, 0.4, -0.5];
        let slope = Slope::new(&rows, width, [5.0, 4.0], &weights);
        for place in 0..weights.len() {
            let (mut above, mut below) = (weights, weights);
            above[place] += 1e-5;
            below[place] -= 1e-5;
            let expected = (loss(&above) - loss(&below)) / 2e-5;
            assert!((slope.gradient[place] - expected).abs() < 1e-7, "{place}");
        }
    }

    #[test]
    fn both_sides_far_apart_or_alike_still_have_a_fit() {
        for shift in [0.0, 300.0] {
            let (inside, outside) = (cloud(30, 2, 4, 0.0), cloud(8, 2, 4, shift));
            let detector = Detector::fit(&inside, &outside).unwrap();
            assert!(detector.score(&inside.features[..4], inside.row(0)).unwrap().is_finite());
        }
    }

    #[test]
    fn sides_must_have_the_same_features() {
        let table = cloud(9, 2, 3, 0.0);
        assert_eq!(Detector::fit(&table, &cloud(9, 2, 4, 0.0)), Err(Undefined::NoFeatures));
        assert_eq!(Detector::fit(&table, &Predictions::default()), Err(Undefined::NoExamples));
        let detector = Detector::fit(&table, &cloud(5, 2, 3, 2.0)).unwrap();
        assert_eq!(detector.score(&[0.0; 4], &[0.0; 2]), Err(Undefined::NoFeatures));
    }
}
