//! The distance to the nearest class.

use super::features_of;
use crate::{Predictions, Undefined};
use uaic_kernel::linear_algebra::dot::in_eight as dot;
use uaic_kernel::linear_algebra::square_cholesky as cholesky;

/// Class means and one covariance that all classes share (Lee et al. 2018), shrunk towards a
/// multiple of the unit matrix as much as its own uncertainty says (Ledoit & Wolf 2004): with few
/// texts for each of many features, a plain covariance is singular or nearly so.
#[derive(Clone, Debug, PartialEq)]
pub struct Mahalanobis {
    /// The means of the classes that have texts, whitened, `(K, F)`.
    pub(super) means: Vec<f64>,
    /// W = L⁻¹ of the covariance Σ = L·Lᵀ, lower triangular, `(F, F)`: W·x has covariance 1.
    pub(super) whitening: Vec<f64>,
    /// F.
    pub(super) width: usize,
}

impl Mahalanobis {
    /// Fits on the features of the texts that a model was trained on, by their gold labels.
    ///
    /// # Errors
    /// There are no texts or no features, or they have no variance.
    pub fn fit(inside: &Predictions) -> Result<Self, Undefined> {
        let (mut rows, width) = features_of(inside)?;
        let means = centre(&mut rows, width, &inside.gold);
        let covariance = shrunk_covariance(&rows, width);
        let lower = cholesky::factor(&covariance, width).ok_or(Undefined::NoVariance)?;
        let whitening = cholesky::invert(&lower, width);
        let means = means.chunks_exact(width).flat_map(|mean| whiten(&whitening, mean)).collect();
        Ok(Self { means, whitening, width })
    }

    /// The negative squared distance of features `(F)` to the nearest class.
    ///
    /// # Errors
    /// There are not as many features as were learnt from.
    pub fn score(&self, features: &[f32]) -> Result<f64, Undefined> {
        if features.len() != self.width {
            return Err(Undefined::NoFeatures);
        }
        let features: Vec<f64> = features.iter().map(|&value| f64::from(value)).collect();
        let point = whiten(&self.whitening, &features);
        let distance = |mean: &[f64]| mean.iter().zip(&point).map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
        let nearest = self.means.chunks_exact(self.width).map(distance).fold(f64::INFINITY, f64::min);
        Ok(-nearest)
    }
}

/// W·x of a lower triangular W.
fn whiten(whitening: &[f64], x: &[f64]) -> Vec<f64> {
    let rows = whitening.chunks_exact(x.len()).enumerate();
    rows.map(|(row, weights)| dot(&weights[..=row], &x[..=row])).collect()
}

/// Takes the mean of its class from each row, and gives the means, by class.
fn centre(rows: &mut [f64], width: usize, gold: &[u32]) -> Vec<f64> {
    let mut classes: Vec<u32> = gold.to_vec();
    classes.sort_unstable();
    classes.dedup();
    let class_of: Vec<usize> =
        gold.iter().map(|gold| classes.partition_point(|class| class < gold)).collect();
    let (mut means, mut counts) = (vec![0.0; classes.len() * width], vec![0.0; classes.len()]);
    for (row, &class) in rows.chunks_exact(width).zip(&class_of) {
        counts[class] += 1.0;
        means[class * width..][..width].iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
    }
    for (mean, count) in means.chunks_exact_mut(width).zip(counts) {
        for sum in mean {
            *sum /= count;
        }
    }
    for (row, class) in rows.chunks_exact_mut(width).zip(class_of) {
        row.iter_mut().zip(&means[class * width..]).for_each(|(value, mean)| *value -= mean);
    }
    means
}

/// The covariance of centred rows `(N, F)`, shrunk after Ledoit & Wolf (2004): (1 − δ)·S + δ·μ·I,
/// where μ is the mean variance and δ minimises the expected squared error.
fn shrunk_covariance(rows: &[f64], width: usize) -> Vec<f64> {
    let n = (rows.len() / width) as f64;
    let mut covariance = vec![0.0; width * width];
    for row in rows.chunks_exact(width) {
        for (at, &value) in row.iter().enumerate() {
            // The lower triangle, mirrored below.
            let sums = &mut covariance[at * width..][..=at];
            sums.iter_mut().zip(row).for_each(|(sum, other)| *sum += value * other);
        }
    }
    for row in 0..width {
        for column in 0..=row {
            let value = covariance[row * width + column] / n;
            covariance[row * width + column] = value;
            covariance[column * width + row] = value;
        }
    }
    let trace: f64 = (0..width).map(|at| covariance[at * width + at]).sum();
    let mean = trace / width as f64;
    let squares = dot(&covariance, &covariance);
    let fourth: f64 = rows.chunks_exact(width).map(|row| dot(row, row).powi(2)).sum::<f64>() / n;
    // ‖S − μI‖², and the expected ‖S − Σ‖², both as sums over the matrix.
    let (distance, error) = (squares - mean * trace, (fourth - squares) / n);
    let share = if distance > 0.0 { (error / distance).clamp(0.0, 1.0) } else { 1.0 };
    for value in &mut covariance {
        *value *= 1.0 - share;
    }
    for at in 0..width {
        covariance[at * width + at] += share * mean;
    }
    covariance
}

#[cfg(test)]
mod tests {
    use super::super::testing::cloud;
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn the_covariance_equals_scikit_learn() {
        // x = np.array([[3, 2.5, 0], [-3, -2, 1], [2, 2, -1], [-2, -2.5, 0]])
        // sklearn.covariance.ledoit_wolf(x, assume_centered=True)
        let rows = [3.0, 2.5, 0.0, -3.0, -2.0, 1.0, 2.0, 2.0, -1.0, -2.0, -2.5, 0.0];
        let expected = [
            [6.385_092_376_535_916, 5.362_075_776_819_471, -1.191_572_394_848_771_3],
            [5.362_075_776_819_471, 5.074_362_742_202_268, -0.953_257_915_879_017],
            [-1.191_572_394_848_771_3, -0.953_257_915_879_017, 0.665_544_881_261_814_8],
        ];
        for (value, expected) in shrunk_covariance(&rows, 3).iter().zip(expected.concat()) {
            assert_relative_eq!(*value, expected, max_relative = 1e-12);
        }
    }

    #[test]
    fn with_one_class_the_distance_is_that_of_the_definition() {
        let table = cloud(50, 1, 3, 0.0);
        let model = Mahalanobis::fit(&table).unwrap();
        let (mut rows, _) = features_of(&table).unwrap();
        let mean = centre(&mut rows, 3, &table.gold);
        let lower = cholesky::factor(&shrunk_covariance(&rows, 3), 3).unwrap();
        let apart: Vec<f64> = [1.0, -2.0, 7.0].iter().zip(&mean).map(|(x, mean)| x - mean).collect();
        let expected = -dot(&apart, &cholesky::solve(&lower, &apart));
        assert_relative_eq!(model.score(&[1.0, -2.0, 7.0]).unwrap(), expected, max_relative = 1e-9);
    }

    #[test]
    fn stretching_all_features_changes_nothing() {
        let table = cloud(40, 2, 4, 0.0);
        let stretched =
            Predictions { features: table.features.iter().map(|x| 8.0 * x).collect(), ..table.clone() };
        let (one, other) = (Mahalanobis::fit(&table).unwrap(), Mahalanobis::fit(&stretched).unwrap());
        let point = [1.0, 2.0, 3.0, 4.0];
        assert_relative_eq!(
            one.score(&point).unwrap(),
            other.score(&point.map(|x| 8.0 * x)).unwrap(),
            max_relative = 1e-9
        );
    }

    #[test]
    fn more_features_than_texts_are_no_obstacle_but_none_that_vary_are() {
        assert!(Mahalanobis::fit(&cloud(9, 2, 30, 0.0)).is_ok());
        let constant = Predictions { features: vec![1.0; 12], ..cloud(4, 2, 3, 0.0) };
        assert_eq!(Mahalanobis::fit(&constant), Err(Undefined::NoVariance));
        assert_eq!(Mahalanobis::fit(&Predictions::default()), Err(Undefined::NoExamples));
        let model = Mahalanobis::fit(&cloud(9, 2, 3, 0.0)).unwrap();
        assert_eq!(model.score(&[1.0; 4]), Err(Undefined::NoFeatures));
    }
}
