//! How far probabilities are from the truth.

use super::Undefined;

/// The Brier score of many classes (Brier 1950): the mean over examples of Σ (pₖ − yₖ)² over the
/// classes, y being 1 for the gold label and 0 elsewhere; from 0, perfect, to 2. Probabilities are
/// `(N, C)`. A gold label that is not below `classes` has been given probability 0.
///
/// # Errors
/// Without examples, or with a NaN.
pub fn brier(probabilities: &[f64], classes: usize, gold: &[usize]) -> Result<f64, Undefined> {
    let rows = gold.iter().enumerate().map(|(row, &gold)| {
        squared_distance(&probabilities[row * classes..][..classes], gold) //
    });
    let sum: f64 = rows.sum();
    match gold.len() {
        0 => Err(Undefined::NoExamples),
        _ if sum.is_nan() => Err(Undefined::NotANumber),
        n => Ok(sum / n as f64),
    }
}

/// The squared distance of a row of probabilities, `(C)`, to the certainty of the gold label.
pub(super) fn squared_distance(row: &[f64], gold: usize) -> f64 {
    let truth = |class| if class == gold { 1.0 } else { 0.0 };
    let missed = if gold < row.len() { 0.0 } else { 1.0 };
    let square = |(class, &probability): (usize, &f64)| (probability - truth(class)).powi(2);
    row.iter().enumerate().map(square).sum::<f64>() + missed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_score_goes_from_certainty_to_certain_error() {
        assert_eq!(brier(&[1.0, 0.0], 2, &[0]), Ok(0.0));
        assert_eq!(brier(&[1.0, 0.0], 2, &[1]), Ok(2.0));
        assert_eq!(brier(&[0.5, 0.5], 2, &[1]), Ok(0.5));
    }

    #[test]
    fn a_label_the_classifier_does_not_know_had_no_probability() {
        assert_eq!(brier(&[1.0, 0.0], 2, &[2]), Ok(2.0));
    }

    #[test]
    fn nothing_and_nan_have_no_score() {
        assert_eq!(brier(&[], 2, &[]), Err(Undefined::NoExamples));
        assert_eq!(brier(&[f64::NAN, 0.0], 2, &[1]), Err(Undefined::NotANumber));
    }
}
