//! The nearness of training texts.

use super::even_choice;
use crate::{Predictions, Undefined};
use uaic_kernel::linear_algebra::dot::in_eight as dot;

/// Most texts that are kept.
pub const MOST_NEIGHBOURS: usize = 1024;

/// Which of the nearest texts is measured to: the first would let one odd training text vouch for
/// whatever is like it.
const RANK: usize = 5;

/// Directions of the features of training texts (Sun et al. 2022): at most [`MOST_NEIGHBOURS`],
/// evenly chosen with every class in its share.
#[derive(Clone, Debug, PartialEq)]
pub struct Neighbours {
    /// Vectors of length 1, `(N, F)`.
    pub(super) bank: Vec<f32>,
    /// F.
    pub(super) width: usize,
}

impl Neighbours {
    /// Keeps the features of texts that a model was trained on.
    ///
    /// # Errors
    /// There are no texts, or no features.
    pub fn fit(inside: &Predictions) -> Result<Self, Undefined> {
        let (rows, width) = super::features_of(inside)?;
        let kept = even_choice(&inside.gold, MOST_NEIGHBOURS);
        let bank = kept.into_iter().flat_map(|row| unit(&rows[row * width..][..width]));
        Ok(Self { bank: bank.map(|value| value as f32).collect(), width })
    }

    /// The cosine of features `(F)` to the fifth nearest of the kept texts, or to the furthest of
    /// fewer.
    ///
    /// # Errors
    /// There are not as many features as were learnt from.
    pub fn score(&self, features: &[f32]) -> Result<f64, Undefined> {
        if features.len() != self.width {
            return Err(Undefined::NoFeatures);
        }
        let features: Vec<f64> = features.iter().map(|&value| f64::from(value)).collect();
        let point: Vec<f32> = unit(&features).map(|value| value as f32).collect();
        // Falling; a bank has one text at least.
        let mut nearest = [f64::NEG_INFINITY; RANK];
        for row in self.bank.chunks_exact(self.width) {
            let cosine = cosine(row, &point);
            let at = nearest.partition_point(|other| *other >= cosine);
            if at < RANK {
                nearest[at..].rotate_right(1);
                nearest[at] = cosine;
            }
        }
        let last = nearest.iter().rev().find(|cosine| cosine.is_finite());
        last.copied().ok_or(Undefined::NotANumber)
    }
}

/// Σ a·b of vectors of length 1, in eight sums side by side, always in the same order.
fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let mut sums = [0.0_f32; 8];
    let (a, b) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    for (a, b) in a.0.iter().zip(b.0) {
        for lane in 0..8 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f32 = a.1.iter().zip(b.1).map(|(a, b)| a * b).sum();
    sums.iter().map(|&sum| f64::from(sum)).sum::<f64>() + f64::from(rest)
}

/// A vector brought to length 1; one of length 0 stays.
fn unit(vector: &[f64]) -> impl Iterator<Item = f64> {
    let length = dot(vector, vector).sqrt().max(f64::MIN_POSITIVE);
    vector.iter().map(move |value| value / length)
}

#[cfg(test)]
mod tests {
    use super::super::testing::cloud;
    use super::*;
    use approx::assert_relative_eq;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_score_is_the_fifth_largest_cosine(texts in 1_usize..40, point in prop::collection::vec(-3.0_f32..3.0, 5)) {
            let table = cloud(texts, 1, 5, 0.0);
            let score = Neighbours::fit(&table).unwrap().score(&point).unwrap();
            let point: Vec<f64> = point.iter().map(|&x| f64::from(x)).collect();
            let point: Vec<f64> = unit(&point).collect();
            let (rows, _) = super::super::features_of(&table).unwrap();
            let mut all: Vec<f64> =
                rows.chunks_exact(5).map(|row| dot(&unit(row).collect::<Vec<_>>(), &point)).collect();
            all.sort_by(|a, b| b.total_cmp(a));
            prop_assert!((score - all[(RANK - 1).min(texts - 1)]).abs() < 1e-5);
        }
    }

    #[test]
    fn no_more_texts_are_kept_than_the_cap() {
        let table = cloud(MOST_NEIGHBOURS + 300, 3, 2, 0.0);
        let model = Neighbours::fit(&table).unwrap();
        assert_eq!(model.bank.len(), 2 * MOST_NEIGHBOURS);
        assert_eq!(model, Neighbours::fit(&table).unwrap());
    }

    #[test]
    fn a_vector_without_a_direction_is_near_to_nothing() {
        let model = Neighbours::fit(&cloud(9, 1, 3, 0.0)).unwrap();
        assert_relative_eq!(model.score(&[0.0; 3]).unwrap(), 0.0);
        assert_eq!(model.score(&[0.0; 2]), Err(Undefined::NoFeatures));
        assert_eq!(model.score(&[f32::NAN; 3]), Err(Undefined::NotANumber));
    }
}
