//! Stops a trial that is worse than the best one on enough of the instances that both have seen.

use super::series::in_order;
use super::{Pruner, PrunerError, Reports};
use crate::trial::{Direction, FinishedTrial, RunState};
use uaic_kernel::statistics::{normal, ranks::mid_ranks};

/// Most pairs for which the distribution is worked out exactly.
const EXACT: usize = 50;

/// Compares a trial with the best complete one, step by step: a step is an instance, such as a fold
/// or a seed, and its value is what the trial reached *there*, not a mean over the steps so far.
///
/// Stopped is a trial that the one-sided signed-rank test (Wilcoxon 1945) finds worse with a
/// probability of error below `p_threshold`, and that is worse on the average of the pairs, too.
/// It takes two pairs, or `min_pairs` where that is more. Half of the ranks of equal pairs go to
/// either side, as in Optuna. Pairs whose difference has no sign, such as two infinities, are left
/// out; NaN is worse than any number, by infinitely much.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wilcoxon {
    /// The probability of error that is taken.
    pub p_threshold: f64,
    /// Pairs without which a trial is not compared.
    pub min_pairs: u64,
}

impl Default for Wilcoxon {
    fn default() -> Self {
        Self { p_threshold: 0.1, min_pairs: 0 }
    }
}

impl Wilcoxon {
    pub(super) fn check(&self) -> Result<(), PrunerError> {
        if (0.0..=1.0).contains(&self.p_threshold) {
            return Ok(());
        }
        let message = format!("p_threshold = {}: it goes from 0 to 1", self.p_threshold);
        Err(PrunerError::new("p_threshold", message))
    }
}

impl Pruner for Wilcoxon {
    fn name(&self) -> &'static str {
        "wilcoxon"
    }

    fn verdict(&self, seen: &Reports<'_>) -> Option<String> {
        let best = best_trial(seen)?;
        let losses = losses(seen, best);
        let mean = losses.iter().sum::<f64>() / losses.len() as f64;
        // Also where the sum of opposite infinities is no number.
        if (losses.len() as u64) < self.min_pairs.max(2) || mean.is_nan() || mean <= 0.0 {
            return None;
        }
        let p = p_value(&losses);
        let worse = losses.iter().filter(|loss| **loss > 0.0).count();
        let told = || {
            let (best, pairs) = (best.number, losses.len());
            format!(
                "worse than the best, trial {best}, at {worse} of {pairs} steps \
                 (signed-rank test, p = {p:.3} < {})",
                self.p_threshold
            )
        };
        (p < self.p_threshold).then(told)
    }
}

/// The complete trial with the best value, the first of equals.
fn best_trial<'a>(seen: &Reports<'a>) -> Option<&'a FinishedTrial> {
    let complete = seen.finished.iter().filter(|trial| trial.state == RunState::Complete);
    let valued = complete.filter_map(|trial| Some((trial, trial.value().filter(|value| !value.is_nan())?)));
    let better = |a, b| seen.direction.better(a, b);
    valued.reduce(|best, next| if better(next.1, best.1) { next } else { best }).map(|(trial, _)| trial)
}

/// By how much the trial is worse than `best` at each step that both have.
fn losses(seen: &Reports<'_>, best: &FinishedTrial) -> Vec<f64> {
    let loss = |value: f64| match (value.is_nan(), seen.direction) {
        (true, _) => f64::INFINITY,
        (false, Direction::Minimize) => value,
        (false, Direction::Maximize) => -value,
    };
    let theirs = in_order(&best.intermediate);
    let own = in_order(seen.reports).into_iter();
    let pairs = own.filter_map(|(step, value)| {
        let at = theirs.binary_search_by_key(&step, |(at, _)| *at).ok()?;
        Some(loss(value) - loss(theirs[at].1))
    });
    pairs.filter(|difference| !difference.is_nan()).collect()
}

/// The probability that differences of no sign in particular are as positive as these: of the
/// signed-rank sum, exactly for up to 50 pairs, ties included, and by the normal distribution beyond.
fn p_value(differences: &[f64]) -> f64 {
    let ranks = doubled_ranks(differences);
    let signed = differences.iter().copied().zip(ranks).filter(|(difference, _)| *difference != 0.0);
    // What zeros add to either side is the same whatever the signs of the others: it cancels out.
    let signed: Vec<(f64, usize)> = signed.collect();
    let sum = signed.iter().filter(|(difference, _)| *difference > 0.0).map(|(_, rank)| rank).sum();
    let ranks: Vec<usize> = signed.iter().map(|(_, rank)| *rank).collect();
    if differences.len() <= EXACT { exact_tail(&ranks, sum) } else { normal_tail(&ranks, sum) }
}

/// Twice the ranks of the sizes, from 1, equal ones with the mean of their places: whole numbers.
fn doubled_ranks(differences: &[f64]) -> Vec<usize> {
    let sizes: Vec<f64> = differences.iter().map(|difference| difference.abs()).collect();
    mid_ranks(&sizes).0.into_iter().map(|rank| (2.0 * rank) as usize).collect()
}

/// The share of all choices of signs whose positive ranks sum to `sum` or more.
fn exact_tail(ranks: &[usize], sum: usize) -> f64 {
    let mut shares = vec![0.0; ranks.iter().sum::<usize>() + 1];
    shares[0] = 1.0;
    for &rank in ranks {
        for at in (0..shares.len()).rev() {
            let with = if at >= rank { shares[at - rank] } else { 0.0 };
            shares[at] = 0.5 * (shares[at] + with);
        }
    }
    shares[sum..].iter().sum()
}

/// The same by the normal distribution with the mean and variance of the signed ranks.
fn normal_tail(ranks: &[usize], sum: usize) -> f64 {
    let half: f64 = ranks.iter().map(|rank| *rank as f64).sum::<f64>() / 2.0;
    let variance: f64 = ranks.iter().map(|rank| (*rank as f64).powi(2)).sum::<f64>() / 4.0;
    if variance == 0.0 {
        return 1.0;
    }
    let z = (sum as f64 - half) / variance.sqrt();
    normal::above(z)
}

#[cfg(test)]
mod tests {
    use super::super::conformance::seen;
    use super::*;
    use crate::trial::Params;

    fn trial(number: u32, value: f64, reports: &[(u64, f64)]) -> FinishedTrial {
        FinishedTrial {
            intermediate: reports.to_vec(),
            ..FinishedTrial::complete(number, Params::new(), value)
        }
    }

    /// ```python
    /// # scipy 1.17.1
    /// import numpy as np
    /// from scipy.stats import wilcoxon
    /// for d in ...:  # the cases below
    ///     print(wilcoxon(d, alternative="greater", zero_method="zsplit").pvalue)
    /// k = np.arange(1, 61)
    /// print(wilcoxon(np.where(k % 3 == 0, -k, k), alternative="greater").pvalue)
    /// ```
    #[test]
    fn probabilities_are_those_of_scipy() {
        let cases: [(&[f64], f64); 9] = [
            (&[1.0, 2.0], 0.25),
            (&[1.0, 2.0, 3.0, 4.0], 0.0625),
            (&[1.0, 2.0, 3.0, -4.0], 0.4375),
            (&[0.3, -0.1, 0.5, 0.7, -0.2, 0.9, 1.1], 0.039_062_5),
            (&[1.0, 1.0, 1.0, -1.0, 2.0, 2.0], 0.078_125),
            (&[0.0, 0.0, 1.0, 2.0, 3.0], 0.125),
            (&[0.0, 0.5, -0.5, 0.5, 1.5, -2.5, 3.0], 0.265_625),
            (&[0.0, 0.0], 1.0),
            (&[-1.0, -2.0, -3.0], 1.0),
        ];
        for (differences, expected) in cases {
            let found = p_value(differences);
            assert!((found - expected).abs() < 1e-12, "{differences:?}: {found} for {expected}");
        }
        let many: Vec<f64> = (1..=60).map(|k| f64::from(if k % 3 == 0 { -k } else { k })).collect();
        let found = p_value(&many);
        assert!((found - 0.017_950_061_607_939_057).abs() < 1e-9, "{found}");
    }

    #[test]
    fn a_trial_that_loses_most_folds_to_the_best_is_stopped() {
        let best: Vec<(u64, f64)> = (1..=10).map(|fold| (fold, 0.9)).collect();
        let finished = [trial(0, 0.5, &[(1, 0.5)]), trial(1, 0.9, &best)];
        let pruner = Wilcoxon::default();
        let verdict = |reports: &[(u64, f64)]| pruner.verdict(&seen(Direction::Maximize, reports, &finished));
        let course = [(1, 0.8), (2, 0.85), (3, 0.91), (4, 0.7), (5, 0.6), (6, 0.81)];
        assert_eq!((1..5).find_map(|count| verdict(&course[..count])), None);
        let told = "worse than the best, trial 1, at 4 of 5 steps (signed-rank test, p = 0.062 < 0.1)";
        assert_eq!(verdict(&course[..5]).as_deref(), Some(told));
        assert_eq!(verdict(&[(11, 0.1), (12, 0.1), (13, 0.1), (14, 0.1)]), None, "no step in common");
    }

    #[test]
    fn the_average_has_to_be_worse_too() {
        let finished = [trial(0, 0.5, &(1..=9).map(|fold| (fold, 0.5)).collect::<Vec<_>>())];
        let pruner = Wilcoxon::default();
        let mut course: Vec<(u64, f64)> = (1..=9).map(|fold| (fold, 0.49)).collect();
        assert!(pruner.verdict(&seen(Direction::Maximize, &course, &finished)).is_some());
        // One gain outweighs eight losses; ranks do not see by how much.
        course[0].1 = 1.0;
        assert!(p_value(&losses(&seen(Direction::Maximize, &course, &finished), &finished[0])) < 0.1);
        assert_eq!(pruner.verdict(&seen(Direction::Maximize, &course, &finished)), None);
    }

    #[test]
    fn more_pairs_may_be_asked_for() {
        let finished = [trial(0, 0.5, &(1..=9).map(|fold| (fold, 0.5)).collect::<Vec<_>>())];
        let pruner = Wilcoxon { min_pairs: 6, ..Wilcoxon::default() };
        let course: Vec<(u64, f64)> = (1..=6).map(|fold| (fold, 0.1)).collect();
        let stops =
            |count: usize| pruner.verdict(&seen(Direction::Maximize, &course[..count], &finished)).is_some();
        assert!(!stops(5) && stops(6));
    }
}
