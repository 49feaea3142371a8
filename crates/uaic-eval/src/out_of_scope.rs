//! Telling texts with a known intent from texts with none; a higher score is more in scope, and a
//! text is accepted if its score is at least the threshold.

use super::Undefined;
use super::blocks::Blocks;
use super::ranking::Ranking;

/// How well a score tells in-scope from out-of-scope texts, whatever the threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OutOfScopeFigures {
    /// The probability that an in-scope text scores above an out-of-scope one.
    pub auroc: f64,
    /// Average precision of finding in-scope texts by high scores.
    pub aupr_in: f64,
    /// Average precision of finding out-of-scope texts by low scores.
    pub aupr_out: f64,
    /// Share of out-of-scope texts accepted at the highest threshold that accepts 95 % of the
    /// in-scope ones.
    pub fpr_at_95_tpr: f64,
}

/// The figures of in-scope and out-of-scope scores.
///
/// # Errors
/// Where either side is empty (in-scope texts are the positives), or with a NaN.
pub fn out_of_scope(inside: &[f64], outside: &[f64]) -> Result<OutOfScopeFigures, Undefined> {
    Separation::new(inside, outside)?.figures(&vec![1; inside.len() + outside.len()])
}

/// The share of out-of-scope texts that a threshold rejects.
///
/// # Errors
/// Without texts, or with a NaN.
pub fn recall_at(outside: &[f64], threshold: f64) -> Result<f64, Undefined> {
    accepted_at(outside, threshold).map(|accepted| 1.0 - accepted)
}

/// The share of texts that a threshold accepts.
///
/// # Errors
/// Without texts, or with a NaN.
pub fn accepted_at(scores: &[f64], threshold: f64) -> Result<f64, Undefined> {
    if scores.is_empty() {
        return Err(Undefined::NoExamples);
    }
    if threshold.is_nan() || scores.iter().any(|score| score.is_nan()) {
        return Err(Undefined::NotANumber);
    }
    let accepted = scores.iter().filter(|&&score| score >= threshold).count();
    Ok(accepted as f64 / scores.len() as f64)
}

/// In-scope and out-of-scope scores, sorted from either end.
pub(super) struct Separation {
    inside_first: Ranking,
    outside_first: Ranking,
}

impl Separation {
    pub(super) fn new(inside: &[f64], outside: &[f64]) -> Result<Self, Undefined> {
        if inside.is_empty() {
            return Err(Undefined::NoPositives);
        }
        if outside.is_empty() {
            return Err(Undefined::NoNegatives);
        }
        let scores: Vec<f64> = inside.iter().chain(outside).copied().collect();
        let turned: Vec<f64> = scores.iter().map(|score| -score).collect();
        let is_inside: Vec<bool> = (0..scores.len()).map(|row| row < inside.len()).collect();
        let is_outside: Vec<bool> = is_inside.iter().map(|is_inside| !is_inside).collect();
        Ok(Self {
            inside_first: Ranking::new(&Blocks::new(&scores, &is_inside)?, 1),
            outside_first: Ranking::new(&Blocks::new(&turned, &is_outside)?, 1),
        })
    }

    /// The figures with every text counted as often as its weight says, in-scope ones first.
    pub(super) fn figures(&self, weights: &[u32]) -> Result<OutOfScopeFigures, Undefined> {
        let areas = self.inside_first.areas(weights);
        Ok(OutOfScopeFigures {
            auroc: areas.auroc?,
            aupr_in: areas.average_precision?,
            aupr_out: self.outside_first.areas(weights).average_precision?,
            fpr_at_95_tpr: self.inside_first.false_positives_at_95(weights).ok_or(Undefined::NoNegatives)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn scores() -> impl Strategy<Value = Vec<f64>> {
        prop::collection::vec((0_i32..15).prop_map(f64::from), 1..50)
    }

    proptest! {
        #[test]
        fn false_positives_are_counted_at_the_strictest_threshold_that_suffices(
            inside in scores(),
            outside in scores(),
        ) {
            let suffices = |threshold: &f64| {
                let accepted = inside.iter().filter(|score| *score >= threshold).count();
                100 * accepted >= 95 * inside.len()
            };
            let strictest = inside.iter().copied().filter(suffices).fold(f64::MIN, f64::max);
            let figures = out_of_scope(&inside, &outside).unwrap();
            prop_assert_eq!(Ok(figures.fpr_at_95_tpr), accepted_at(&outside, strictest));
        }

        #[test]
        fn the_sides_can_be_swapped(inside in scores(), outside in scores()) {
            let turn = |scores: &[f64]| scores.iter().map(|score| -score).collect::<Vec<f64>>();
            let figures = out_of_scope(&inside, &outside).unwrap();
            let swapped = out_of_scope(&turn(&outside), &turn(&inside)).unwrap();
            prop_assert_eq!(
                (figures.auroc, figures.aupr_in, figures.aupr_out),
                (swapped.auroc, swapped.aupr_out, swapped.aupr_in)
            );
        }
    }

    #[test]
    fn scores_apart_are_perfect() {
        let perfect = OutOfScopeFigures { auroc: 1.0, aupr_in: 1.0, aupr_out: 1.0, fpr_at_95_tpr: 0.0 };
        assert_eq!(out_of_scope(&[3.0, 2.0], &[1.0, 0.0, -1.0]), Ok(perfect));
    }

    #[test]
    fn a_score_at_the_threshold_is_accepted() {
        assert_eq!(accepted_at(&[0.4, 0.5, 0.6], 0.5), Ok(2.0 / 3.0));
        assert_eq!(recall_at(&[0.4, 0.5], 0.5), Ok(0.5));
    }

    #[test]
    fn what_is_missing_is_named() {
        assert_eq!(out_of_scope(&[], &[1.0]), Err(Undefined::NoPositives));
        assert_eq!(out_of_scope(&[1.0], &[]), Err(Undefined::NoNegatives));
        assert_eq!(out_of_scope(&[1.0], &[f64::NAN]), Err(Undefined::NotANumber));
        assert_eq!(recall_at(&[], 0.5), Err(Undefined::NoExamples));
        assert_eq!(accepted_at(&[0.5], f64::NAN), Err(Undefined::NotANumber));
    }
}
