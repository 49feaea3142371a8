//! Curves of one class against the rest: what a threshold on its score would let through.
//!
//! Examples of equal score pass a threshold together, so every curve has one point per distinct
//! score, and none depends on the order of rows.

use super::Undefined;
use super::blocks::Blocks;

/// A point of a ROC curve: examples with at least this score count as positive.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RocPoint {
    /// The lowest score that passes; infinite at the first point, where nothing does.
    pub threshold: f64,
    /// Share of negatives that pass.
    pub false_positive_rate: f64,
    /// Share of positives that pass.
    pub true_positive_rate: f64,
}

/// A point of a precision–recall curve: examples with at least this score count as positive.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PrecisionRecallPoint {
    /// The lowest score that passes.
    pub threshold: f64,
    /// Share of positives among those that pass.
    pub precision: f64,
    /// Share of positives that pass.
    pub recall: f64,
}

/// The ROC curve from (0, 0) to (1, 1), a point per distinct score, falling.
///
/// # Errors
/// Without positives or negatives, or with a NaN.
pub fn roc_curve(scores: &[f64], positive: &[bool]) -> Result<Vec<RocPoint>, Undefined> {
    let Cuts { points: cuts, positives, negatives } = Cuts::new(scores, positive)?;
    if positives == 0.0 {
        return Err(Undefined::NoPositives);
    }
    if negatives == 0.0 {
        return Err(Undefined::NoNegatives);
    }
    let point = |cut: &Cut| RocPoint {
        threshold: cut.threshold,
        false_positive_rate: cut.negatives / negatives,
        true_positive_rate: cut.positives / positives,
    };
    Ok(cuts.iter().map(point).collect())
}

/// The precision–recall curve, a point per distinct score, falling, so that recall rises to 1.
/// There is no point where nothing passes: precision has no value there.
///
/// # Errors
/// Without positives, or with a NaN.
pub fn precision_recall_curve(
    scores: &[f64],
    positive: &[bool],
) -> Result<Vec<PrecisionRecallPoint>, Undefined> {
    let Cuts { points: cuts, positives, .. } = Cuts::new(scores, positive)?;
    if positives == 0.0 {
        return Err(Undefined::NoPositives);
    }
    let point = |cut: &Cut| PrecisionRecallPoint {
        threshold: cut.threshold,
        precision: cut.positives / cut.all(),
        recall: cut.positives / positives,
    };
    Ok(cuts[1..].iter().map(point).collect())
}

/// The curve of cumulative gain: (share of examples taken, share of positives found), taking the
/// highest scores first, from (0, 0) to (1, 1). Between its points, inside a block of equal
/// scores, a straight line is the mean over all orders of the block.
///
/// # Errors
/// Without positives, or with a NaN.
pub fn gain_curve(scores: &[f64], positive: &[bool]) -> Result<Vec<(f64, f64)>, Undefined> {
    let Cuts { points: cuts, positives, negatives } = Cuts::new(scores, positive)?;
    if positives == 0.0 {
        return Err(Undefined::NoPositives);
    }
    let all = positives + negatives;
    Ok(cuts.iter().map(|cut| (cut.all() / all, cut.positives / positives)).collect())
}

/// The lift of the highest 10 %, 20 %, …, 100 % of scores: the precision among them by the base
/// rate, so 1 is what chance gives. Where a limit falls inside a block of equal scores or inside
/// an example, that part of it counts.
///
/// # Errors
/// Without positives, or with a NaN.
pub fn lift_by_decile(scores: &[f64], positive: &[bool]) -> Result<[f64; 10], Undefined> {
    let Cuts { points: cuts, positives, negatives } = Cuts::new(scores, positive)?;
    if positives == 0.0 {
        return Err(Undefined::NoPositives);
    }
    let all = positives + negatives;
    let mut lift = [0.0; 10];
    for (decile, lift) in (1_u8..).zip(&mut lift) {
        let taken = f64::from(decile) * all / 10.0;
        let next = cuts.partition_point(|cut| cut.all() < taken).clamp(1, cuts.len() - 1);
        let (before, after) = (&cuts[next - 1], &cuts[next]);
        let part = (taken - before.all()) / (after.all() - before.all());
        let found = before.positives + part * (after.positives - before.positives);
        *lift = (found / taken) / (positives / all);
    }
    Ok(lift)
}

/// How many of either kind have at least a score, for every score that occurs; the first cut lets
/// nothing through.
struct Cuts {
    points: Vec<Cut>,
    positives: f64,
    negatives: f64,
}

struct Cut {
    threshold: f64,
    positives: f64,
    negatives: f64,
}

impl Cut {
    fn all(&self) -> f64 {
        self.positives + self.negatives
    }
}

impl Cuts {
    fn new(scores: &[f64], positive: &[bool]) -> Result<Self, Undefined> {
        let sorted = Blocks::new(scores, positive)?;
        let (mut positives, mut negatives) = (0.0, 0.0);
        let mut cuts = vec![Cut { threshold: f64::INFINITY, positives, negatives }];
        for block in sorted.plain() {
            positives += block.positive as f64;
            negatives += block.negative as f64;
            cuts.push(Cut { threshold: block.score, positives, negatives });
        }
        Ok(Self { points: cuts, positives, negatives })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{area_under_roc, average_precision};
    use approx::assert_relative_eq;
    use proptest::prelude::*;

    fn examples() -> impl Strategy<Value = (Vec<f64>, Vec<bool>)> {
        let example = ((0_i32..12).prop_map(f64::from), any::<bool>());
        prop::collection::vec(example, 2..50)
            .prop_map(|examples| examples.into_iter().unzip())
            .prop_filter("both sides", |(_, positive): &(Vec<f64>, Vec<bool>)| {
                positive.contains(&true) && positive.contains(&false)
            })
    }

    proptest! {
        #[test]
        fn points_of_roc_count_what_passes((scores, positive) in examples()) {
            for point in roc_curve(&scores, &positive).unwrap() {
                let share = |side: bool| {
                    let all = positive.iter().filter(|positive| **positive == side).count();
                    let passes = |(score, positive): &(&f64, &bool)| **positive == side && **score >= point.threshold;
                    scores.iter().zip(&positive).filter(passes).count() as f64 / all as f64
                };
                prop_assert_eq!((point.true_positive_rate, point.false_positive_rate), (share(true), share(false)));
            }
        }

        #[test]
        fn trapezoids_under_roc_have_the_area_of_the_rank_statistic((scores, positive) in examples()) {
            let curve = roc_curve(&scores, &positive).unwrap();
            let trapezoid = |pair: &[RocPoint]| {
                (pair[1].false_positive_rate - pair[0].false_positive_rate)
                    * f64::midpoint(pair[0].true_positive_rate, pair[1].true_positive_rate)
            };
            let area: f64 = curve.windows(2).map(trapezoid).sum();
            prop_assert!((area - area_under_roc(&scores, &positive).unwrap()).abs() < 1e-12);
        }

        #[test]
        fn steps_under_precision_have_the_area_of_the_average((scores, positive) in examples()) {
            let mut before = 0.0;
            let mut area = 0.0;
            for point in precision_recall_curve(&scores, &positive).unwrap() {
                area += (point.recall - before) * point.precision;
                before = point.recall;
            }
            prop_assert!((before - 1.0).abs() < 1e-12, "{}", before);
            prop_assert!((area - average_precision(&scores, &positive).unwrap()).abs() < 1e-12);
        }

        #[test]
        fn curves_rise_to_everything((scores, positive) in examples()) {
            let gain = gain_curve(&scores, &positive).unwrap();
            prop_assert_eq!((gain[0], gain[gain.len() - 1]), ((0.0, 0.0), (1.0, 1.0)));
            prop_assert!(gain.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1));
            prop_assert!((lift_by_decile(&scores, &positive).unwrap()[9] - 1.0).abs() < 1e-12);
        }

        #[test]
        fn turning_the_order_of_rows_around_changes_nothing((scores, positive) in examples()) {
            let back: (Vec<f64>, Vec<bool>) =
                scores.iter().rev().copied().zip(positive.iter().rev().copied()).unzip();
            prop_assert_eq!(roc_curve(&scores, &positive), roc_curve(&back.0, &back.1));
            prop_assert_eq!(
                precision_recall_curve(&scores, &positive),
                precision_recall_curve(&back.0, &back.1)
            );
            prop_assert_eq!(lift_by_decile(&scores, &positive), lift_by_decile(&back.0, &back.1));
        }
    }

    #[test]
    fn lift_by_hand() {
        // Twenty examples, four positives: the first, the second, the fourth and the last.
        let scores: Vec<f64> = (0..20).rev().map(f64::from).collect();
        let positive: Vec<bool> = (0..20).map(|row| [0, 1, 3, 19].contains(&row)).collect();
        let lift = lift_by_decile(&scores, &positive).unwrap();
        assert_relative_eq!(lift[0], 5.0);
        assert_relative_eq!(lift[1], 0.75 / 0.2);
        assert_relative_eq!(lift[8], 0.75 / 0.9, epsilon = 1e-12);
        assert_relative_eq!(lift[9], 1.0);
    }

    #[test]
    fn a_score_that_says_nothing_lifts_nothing() {
        let positive: Vec<bool> = (0..7).map(|row| row < 3).collect();
        for lift in lift_by_decile(&[0.5; 7], &positive).unwrap() {
            assert_relative_eq!(lift, 1.0, epsilon = 1e-12);
        }
        assert_eq!(gain_curve(&[0.5; 7], &positive).unwrap(), [(0.0, 0.0), (1.0, 1.0)]);
    }

    #[test]
    fn a_decile_may_end_inside_an_example() {
        // One of five is positive and first: a tenth of all is half of it.
        let lift = lift_by_decile(&[5.0, 4.0, 3.0, 2.0, 1.0], &[true, false, false, false, false]).unwrap();
        assert_relative_eq!(lift[0], 5.0);
        assert_relative_eq!(lift[1], 5.0);
        assert_relative_eq!(lift[2], 1.0 / 0.3);
    }

    #[test]
    fn curves_without_a_side_say_which_is_missing() {
        assert_eq!(roc_curve(&[], &[]), Err(Undefined::NoExamples));
        assert_eq!(roc_curve(&[1.0], &[true]), Err(Undefined::NoNegatives));
        assert_eq!(roc_curve(&[1.0], &[false]), Err(Undefined::NoPositives));
        assert_eq!(precision_recall_curve(&[1.0], &[false]), Err(Undefined::NoPositives));
        assert_eq!(gain_curve(&[1.0], &[false]), Err(Undefined::NoPositives));
        assert_eq!(lift_by_decile(&[f64::NAN], &[true]), Err(Undefined::NotANumber));
    }
}
