//! The Gaussian process: a Matérn-5/2 kernel with one length scale per parameter, and what it says of
//! a point after some have been seen (Rasmussen & Williams 2006, chapters 2, 4.2 and 5.4).

use super::inputs::Inputs;
use uaic_kernel::linear_algebra::cholesky::Factor;
use uaic_kernel::linear_algebra::dot::in_tree as dot;

/// What the kernel is like.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Hyperparameters {
    /// Per axis, the distance along it over which values stay alike; 1 is the whole range.
    pub(super) scales: Vec<f64>,
    /// The variance of the function.
    pub(super) variance: f64,
    /// The variance of the noise on each value.
    pub(super) noise: f64,
}

impl Hyperparameters {
    /// Per axis, the factor of squared differences: ℓ⁻².
    pub(super) fn weights(&self) -> Vec<f64> {
        self.scales.iter().map(|scale| 1.0 / (scale * scale)).collect()
    }
}

/// (1 + √5·r + 5/3·r²)·exp(−√5·r) and its derivative by r², for a squared distance r².
pub(super) fn matern(squared: f64) -> (f64, f64) {
    let root = (5.0 * squared).sqrt();
    let decay = (-root).exp();
    ((1.0 + root + 5.0 / 3.0 * squared) * decay, -5.0 / 6.0 * (1.0 + root) * decay)
}

/// A process that has seen values.
#[derive(Clone, Debug)]
pub(super) struct Process {
    inputs: Inputs,
    values: Vec<f64>,
    hyper: Hyperparameters,
    weights: Vec<f64>,
    factor: Factor,
    /// (K + noise·I)⁻¹ · values.
    alpha: Vec<f64>,
}

/// Room for the work on one point, and what came out.
#[derive(Debug, Default)]
pub(super) struct Prediction {
    /// The expected value.
    pub(super) mean: f64,
    /// Its standard deviation, without noise.
    pub(super) sd: f64,
    distances: Vec<f64>,
    slopes: Vec<f64>,
    /// L⁻¹ · covariances.
    solved: Vec<f64>,
}

impl Process {
    /// The process after `values` at `inputs`; `None` when they are too much for its precision.
    pub(super) fn new(inputs: Inputs, values: Vec<f64>, hyper: Hyperparameters) -> Option<Self> {
        let weights = hyper.weights();
        let mut factor = Factor::default();
        let mut row = Vec::new();
        for i in 0..inputs.rows() {
            inputs.distances(&inputs.row(i), &weights, &mut row);
            row.truncate(i + 1);
            for entry in &mut row {
                *entry = hyper.variance * matern(*entry).0;
            }
            row[i] += hyper.noise;
            factor.append(&row)?;
        }
        let mut alpha = values.clone();
        factor.solve(&mut alpha);
        Some(Self { inputs, values, hyper, weights, factor, alpha })
    }

    /// What the kernel is like.
    pub(super) fn hyperparameters(&self) -> &Hyperparameters {
        &self.hyper
    }

    /// The points that have been seen.
    pub(super) fn inputs(&self) -> &Inputs {
        &self.inputs
    }

    /// Sees a point whose value is not known yet, as if it were what is expected (Ginsbourger et al.
    /// 2010, the kriging believer): means stay, and there is nothing more to learn there.
    pub(super) fn believe(&mut self, row: &[f64]) {
        let mut prediction = Prediction::default();
        self.predict(row, &mut prediction);
        let mut covariances = Vec::new();
        self.inputs.distances(row, &self.weights, &mut covariances);
        for entry in &mut covariances {
            *entry = self.hyper.variance * matern(*entry).0;
        }
        covariances.push(self.hyper.variance + self.hyper.noise);
        if self.factor.append(&covariances).is_some() {
            self.inputs.push(row);
            self.values.push(prediction.mean);
            self.alpha.clone_from(&self.values);
            self.factor.solve(&mut self.alpha);
        }
    }

    /// Mean and standard deviation at a row.
    pub(super) fn predict(&self, row: &[f64], prediction: &mut Prediction) {
        let Prediction { distances, slopes, solved, .. } = prediction;
        self.inputs.distances(row, &self.weights, distances);
        slopes.clear();
        solved.clear();
        for squared in &*distances {
            let (value, slope) = matern(*squared);
            solved.push(self.hyper.variance * value);
            slopes.push(self.hyper.variance * slope);
        }
        prediction.mean = dot(solved, &self.alpha);
        self.factor.solve_lower(solved);
        let variance = self.hyper.variance - dot(solved, solved);
        prediction.sd = variance.max(1e-12 * self.hyper.variance).sqrt();
    }

    /// The derivatives of mean and standard deviation by one number of the row that was last
    /// predicted, for each of `columns`.
    pub(super) fn gradient(
        &self,
        row: &[f64],
        prediction: &mut Prediction,
        columns: &[usize],
    ) -> Vec<(f64, f64)> {
        self.factor.solve_upper(&mut prediction.solved);
        let Prediction { sd, slopes, solved, .. } = &*prediction;
        let derivative = |&column: &usize| {
            let weight = 2.0 * self.weights[self.inputs.axis_of(column)];
            let (mut by_mean, mut by_variance) = (0.0, 0.0);
            for (i, other) in self.inputs.column(column).iter().enumerate() {
                let change = slopes[i] * weight * (row[column] - other);
                by_mean += self.alpha[i] * change;
                by_variance -= 2.0 * solved[i] * change;
            }
            (by_mean, by_variance / (2.0 * sd))
        };
        columns.iter().map(derivative).collect()
    }

    /// What each value would be expected to be if it alone had not been seen (Rasmussen & Williams 2006,
    /// equation 5.12).
    pub(super) fn left_out(&self) -> Vec<f64> {
        let inverse = self.factor.inverse();
        let diagonal = (0..self.values.len()).map(|i| inverse[i * (i + 1) / 2 + i]);
        self.values
            .iter()
            .zip(&self.alpha)
            .zip(diagonal)
            .map(|((value, alpha), entry)| value - alpha / entry)
            .collect()
    }

    /// The means at the points that have been seen.
    pub(super) fn means(&self) -> Vec<f64> {
        // K·α = values − noise·α.
        self.values.iter().zip(&self.alpha).map(|(value, alpha)| value - self.hyper.noise * alpha).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::axis::axes;
    use super::super::inputs::Encoding;
    use super::*;
    use crate::space::{Distribution, Space};

    #[test]
    fn a_value_left_out_is_what_the_others_tell() {
        let unit = Distribution::Uniform { low: 0.0, high: 1.0, step: None };
        let space = Space::new([("a".to_owned(), unit)]);
        let encoding = Encoding::new(&space, &axes(&space));
        let process = |rows: &[f64]| {
            let mut inputs = Inputs::new(encoding.clone());
            for x in rows {
                inputs.push(&encoding.row(&[*x]));
            }
            let hyper = Hyperparameters { scales: vec![0.3], variance: 1.2, noise: 1e-3 };
            Process::new(inputs, rows.iter().map(|x| (7.0 * x).sin()).collect(), hyper).unwrap()
        };
        let rows = [0.1, 0.25, 0.4, 0.7, 0.9];
        let left_out = process(&rows).left_out();
        for (at, x) in rows.iter().enumerate() {
            let others: Vec<f64> =
                rows.iter().copied().filter(|other| other.to_bits() != x.to_bits()).collect();
            let mut prediction = Prediction::default();
            process(&others).predict(&encoding.row(&[*x]), &mut prediction);
            approx::assert_abs_diff_eq!(left_out[at], prediction.mean, epsilon = 1e-9);
        }
    }
}
