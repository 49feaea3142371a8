//! Figures of rankings: the areas under the ROC and the precision–recall curve.

use super::Undefined;
use super::blocks::{Block, Blocks, weight};

/// Area under the ROC curve by the rank statistic (Mann & Whitney 1947), ties counting half:
/// the probability that a random positive scores above a random negative. `None` when either side
/// is empty or a score is NaN.
pub fn auroc(positives: &[f64], negatives: &[f64]) -> Option<f64> {
    let mut scores: Vec<(f64, bool)> = positives.iter().map(|&score| (score, true)).collect();
    scores.extend(negatives.iter().map(|&score| (score, false)));
    if positives.is_empty() || negatives.is_empty() || scores.iter().any(|(score, _)| score.is_nan()) {
        return None;
    }
    scores.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let (mut below, mut sum) = (0.0, 0.0);
    // `==` and not the total order: 0.0 and -0.0 are a tie.
    #[allow(clippy::float_cmp)]
    for tied in scores.chunk_by(|a, b| a.0 == b.0) {
        let positive = tied.iter().filter(|(_, positive)| *positive).count() as f64;
        let negative = tied.len() as f64 - positive;
        sum += positive * (below + negative / 2.0);
        below += negative;
    }
    Some(sum / (positives.len() as f64 * negatives.len() as f64))
}

/// Average precision: the mean over positives of the precision among all that score at least as
/// high. This is the area under the precision–recall curve as a step function, as in scikit-learn.
///
/// # Errors
/// Without positives (scikit-learn gives 0 there), or with a NaN.
pub fn average_precision(scores: &[f64], positive: &[bool]) -> Result<f64, Undefined> {
    let ranking = Ranking::new(&Blocks::new(scores, positive)?, 1);
    ranking.areas(&vec![1; scores.len()]).average_precision
}

/// Area under the ROC curve, as [`auroc`], of examples that say of themselves whether they are
/// positive.
///
/// # Errors
/// Without positives or negatives, or with a NaN.
pub fn area_under_roc(scores: &[f64], positive: &[bool]) -> Result<f64, Undefined> {
    let ranking = Ranking::new(&Blocks::new(scores, positive)?, 1);
    ranking.areas(&vec![1; scores.len()]).auroc
}

/// Sorted examples, prepared for areas under many sets of weights: only where there are positives
/// must be stopped, and what scores below all of them need not be visited.
pub(super) struct Ranking {
    rows: Vec<u32>,
    /// From the highest score to the lowest.
    stops: Vec<Stop>,
    /// How many of the sorted examples are of one row.
    columns: u64,
}

/// A block with positives, as places in [`Ranking::rows`]; negatives lie before it, since the last
/// stop, its positives end at `positives`, and the negatives of equal score at `end`.
struct Stop {
    start: usize,
    positives: usize,
    end: usize,
}

/// The areas under both curves.
pub(super) struct Areas {
    pub(super) auroc: Result<f64, Undefined>,
    pub(super) average_precision: Result<f64, Undefined>,
}

/// What a stop holds, where its positives have weight, and what scores higher.
struct Passed {
    positive: u64,
    negative: u64,
    positive_above: u64,
    negative_above: u64,
}

impl Ranking {
    /// Prepares examples of which every `columns` consecutive ones belong to a row, which has one
    /// weight.
    pub(super) fn new(sorted: &Blocks, columns: usize) -> Self {
        let with_positives = sorted.blocks.iter().filter(|block| !block.positives.is_empty());
        let stop = |block: &Block| Stop {
            start: block.positives.start,
            positives: block.positives.end,
            end: block.negatives.end,
        };
        let stops: Vec<Stop> = with_positives.map(stop).collect();
        let end = stops.last().map_or(0, |stop| stop.end);
        let rows = sorted.rows[..end].iter().map(|&example| example / columns as u32).collect();
        Self { rows, stops, columns: columns as u64 }
    }

    /// The areas with every row counted as often as its weight says.
    pub(super) fn areas(&self, weights: &[u32]) -> Areas {
        let all = self.columns * weights.iter().map(|&weight| u64::from(weight)).sum::<u64>();
        let passed = self.pass(weights);
        let positive: u64 = passed.iter().map(|stop| stop.positive).sum();
        let negative = all - positive;
        // Pairs in the right order, doubled to count ties by half.
        let pairs = |stop: &Passed| {
            let below = negative - stop.negative_above - stop.negative;
            stop.positive * (2 * below + stop.negative)
        };
        let precision = |stop: &Passed| {
            let found = stop.positive_above + stop.positive;
            stop.positive as f64 * (found as f64 / (found + stop.negative_above + stop.negative) as f64)
        };
        let some = |count: u64, reason| if count > 0 { Ok(()) } else { Err(reason) };
        let positives = some(all, Undefined::NoExamples).and(some(positive, Undefined::NoPositives));
        let both = positives.and(some(negative, Undefined::NoNegatives));
        Areas {
            auroc: both.map(|()| {
                passed.iter().map(pairs).sum::<u64>() as f64 / 2.0 / (positive as f64 * negative as f64)
            }),
            average_precision: positives
                .map(|()| passed.iter().map(precision).sum::<f64>() / positive as f64),
        }
    }

    /// The share of negatives that score no lower than the lowest of the highest 95 % of
    /// positives. Both sides must have weight.
    pub(super) fn false_positives_at_95(&self, weights: &[u32]) -> Option<f64> {
        let all = self.columns * weights.iter().map(|&weight| u64::from(weight)).sum::<u64>();
        let passed = self.pass(weights);
        let positive: u64 = passed.iter().map(|stop| stop.positive).sum();
        let enough = |stop: &&Passed| 20 * (stop.positive_above + stop.positive) >= 19 * positive;
        let stop = passed.iter().find(enough)?;
        (all > positive).then(|| (stop.negative_above + stop.negative) as f64 / (all - positive) as f64)
    }

    fn pass(&self, weights: &[u32]) -> Vec<Passed> {
        let mut passed = Vec::with_capacity(self.stops.len());
        let (mut at, mut positive_above, mut negative_above) = (0, 0, 0);
        for stop in &self.stops {
            negative_above += weight(&self.rows[at..stop.start], weights);
            let positive = weight(&self.rows[stop.start..stop.positives], weights);
            let negative = weight(&self.rows[stop.positives..stop.end], weights);
            if positive > 0 {
                passed.push(Passed { positive, negative, positive_above, negative_above });
            }
            positive_above += positive;
            negative_above += negative;
            at = stop.end;
        }
        passed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn brute_force(positives: &[f64], negatives: &[f64]) -> f64 {
        let mut sum = 0.0;
        for p in positives {
            for n in negatives {
                sum += if p > n {
                    1.0
                } else if p < n {
                    0.0
                } else {
                    0.5
                };
            }
        }
        sum / (positives.len() * negatives.len()) as f64
    }

    proptest! {
        #[test]
        fn auroc_equals_counting_pairs(
            positives in prop::collection::vec((0_i32..20).prop_map(f64::from), 1..30),
            negatives in prop::collection::vec((0_i32..20).prop_map(f64::from), 1..30),
        ) {
            let area = auroc(&positives, &negatives).unwrap();
            prop_assert!((area - brute_force(&positives, &negatives)).abs() < 1e-12);
        }
    }

    #[test]
    fn undefined_without_both_sides() {
        assert_eq!(auroc(&[], &[1.0]), None);
        assert_eq!(auroc(&[f64::NAN], &[1.0]), None);
        assert_eq!(area_under_roc(&[], &[]), Err(Undefined::NoExamples));
        assert_eq!(area_under_roc(&[1.0], &[false]), Err(Undefined::NoPositives));
        assert_eq!(area_under_roc(&[1.0], &[true]), Err(Undefined::NoNegatives));
        assert_eq!(area_under_roc(&[1.0, f64::NAN], &[true, false]), Err(Undefined::NotANumber));
        assert_eq!(average_precision(&[1.0], &[false]), Err(Undefined::NoPositives));
        assert_eq!(average_precision(&[1.0], &[true]), Ok(1.0), "nothing else could be found");
    }

    #[test]
    fn zero_is_zero_whatever_its_sign() {
        assert_eq!(area_under_roc(&[0.0, -0.0], &[true, false]), Ok(0.5));
        assert_eq!(average_precision(&[-0.0, 0.0], &[true, false]), Ok(0.5));
    }

    /// Scores of few values, whether each is positive, and a weight.
    fn weighted_examples() -> impl Strategy<Value = Vec<(f64, bool, u32)>> {
        prop::collection::vec(((-5_i32..5).prop_map(f64::from), any::<bool>(), 0_u32..4), 1..40)
    }

    fn split(examples: &[(f64, bool, u32)]) -> (Vec<f64>, Vec<bool>) {
        examples.iter().map(|example| (example.0, example.1)).unzip()
    }

    proptest! {
        #[test]
        fn both_ways_to_ask_for_the_area_agree(examples in weighted_examples()) {
            let (scores, positive) = split(&examples);
            let side = |side| examples.iter().filter(move |e| e.1 == side).map(|e| e.0).collect::<Vec<_>>();
            prop_assert_eq!(area_under_roc(&scores, &positive).ok(), auroc(&side(true), &side(false)));
        }

        #[test]
        fn only_the_order_of_scores_matters(examples in weighted_examples()) {
            let (scores, positive) = split(&examples);
            let bent: Vec<f64> = scores.iter().map(|score| score.exp() - 7.0).collect();
            prop_assert_eq!(area_under_roc(&scores, &positive), area_under_roc(&bent, &positive));
            prop_assert_eq!(average_precision(&scores, &positive), average_precision(&bent, &positive));
        }

        #[test]
        fn turning_the_order_of_rows_around_changes_nothing(examples in weighted_examples()) {
            let (scores, positive) = split(&examples);
            let (back, back_positive) = split(&examples.iter().rev().copied().collect::<Vec<_>>());
            prop_assert_eq!(area_under_roc(&scores, &positive), area_under_roc(&back, &back_positive));
            prop_assert_eq!(average_precision(&scores, &positive), average_precision(&back, &back_positive));
        }

        #[test]
        fn swapping_the_sides_and_the_order_leaves_the_area(examples in weighted_examples()) {
            let (scores, positive) = split(&examples);
            let turned: Vec<f64> = scores.iter().map(|score| -score).collect();
            let other: Vec<bool> = positive.iter().map(|positive| !positive).collect();
            prop_assert_eq!(area_under_roc(&scores, &positive).ok(), area_under_roc(&turned, &other).ok());
        }

        #[test]
        fn a_weight_is_a_repetition(examples in weighted_examples()) {
            let (scores, positive) = split(&examples);
            let weights: Vec<u32> = examples.iter().map(|example| example.2).collect();
            let repeated: Vec<(f64, bool, u32)> = examples
                .iter()
                .flat_map(|&example| std::iter::repeat_n(example, example.2 as usize))
                .collect();
            let (long_scores, long_positive) = split(&repeated);
            let areas = Ranking::new(&Blocks::new(&scores, &positive).unwrap(), 1).areas(&weights);
            prop_assert_eq!(areas.auroc, area_under_roc(&long_scores, &long_positive));
            prop_assert_eq!(areas.average_precision, average_precision(&long_scores, &long_positive));
        }

        #[test]
        fn average_precision_is_the_mean_precision_at_positives(examples in weighted_examples()) {
            let (scores, positive) = split(&examples);
            prop_assume!(positive.contains(&true));
            let precisions = scores.iter().zip(&positive).filter(|(_, positive)| **positive).map(|(limit, _)| {
                let passing = scores.iter().zip(&positive).filter(|(score, _)| *score >= limit);
                let (found, all) = passing.fold((0.0, 0.0), |(found, all), (_, positive)| {
                    (found + f64::from(u8::from(*positive)), all + 1.0)
                });
                found / all
            });
            let precisions: Vec<f64> = precisions.collect();
            let mean = precisions.iter().sum::<f64>() / precisions.len() as f64;
            prop_assert!((average_precision(&scores, &positive).unwrap() - mean).abs() < 1e-12);
        }
    }
}
