//! Figures of rankings.

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
