//! Figures of rankings: the areas under the ROC and the precision–recall curve.

use super::Undefined;
use super::blocks::{Blocks, weight};

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

/// What a stop holds: its own positives and negatives, and what scores higher.
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
        let stop = |block: &super::blocks::Block| Stop {
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
            stop.positive * (2 * (negative - stop.negative_above - stop.negative) + stop.negative) //
        };
        let precision = |stop: &Passed| {
            let found = stop.positive_above + stop.positive;
            stop.positive as f64 * (found as f64 / (found + stop.negative_above + stop.negative) as f64)
        };
        let needs = |is_needed: bool, reason| if is_needed { Err(reason) } else { Ok(()) };
        let examples = needs(all == 0, Undefined::NoExamples);
        let positives = examples.and(needs(positive == 0, Undefined::NoPositives));
        let both = positives.and(needs(negative == 0, Undefined::NoNegatives));
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
            passed.push(Passed { positive, negative, positive_above, negative_above });
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
    }
}
