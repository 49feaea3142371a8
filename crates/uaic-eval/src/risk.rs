//! What errors remain when only the most confident answers are given.

use super::Undefined;
use super::blocks::{Blocks, Weighed};

/// The risk–coverage curve (El-Yaniv & Wiener 2010): for every number of most confident answers,
/// (its share of all, the share of errors among them), `(N)`. Among answers of equal confidence
/// it is the mean over all their orders.
///
/// # Errors
/// Without examples, or with a NaN.
pub fn risk_coverage(confidences: &[f64], right: &[bool]) -> Result<Vec<(f64, f64)>, Undefined> {
    let sorted = Blocks::new(confidences, right)?;
    let n = confidences.len() as f64;
    let mut curve = Vec::with_capacity(confidences.len());
    walk(sorted.plain(), |given, wrong| curve.push((given / n, wrong / given)));
    Ok(curve)
}

/// The area under the risk–coverage curve (Geifman et al. 2019): the mean of its risks.
///
/// # Errors
/// Without examples, or with a NaN.
pub fn aurc(confidences: &[f64], right: &[bool]) -> Result<f64, Undefined> {
    weighted_aurc(&Blocks::new(confidences, right)?, &vec![1; confidences.len()])
}

/// The same of sorted confidences under some weights.
pub(super) fn weighted_aurc(confidences: &Blocks, weights: &[u32]) -> Result<f64, Undefined> {
    let (mut sum, mut n) = (0.0, 0.0);
    walk(confidences.weigh(weights), |given, wrong| {
        sum += wrong / given;
        n = given;
    });
    if n > 0.0 { Ok(sum / n) } else { Err(Undefined::NoExamples) }
}

/// Tells of every number of answers given how many of them are wrong.
fn walk(blocks: impl Iterator<Item = Weighed>, mut tell: impl FnMut(f64, f64)) {
    let (mut given, mut wrong) = (0.0, 0.0);
    for block in blocks {
        let share = block.negative as f64 / block.all() as f64;
        for step in 1..=block.all() {
            tell(given + step as f64, wrong + share * step as f64);
        }
        given += block.all() as f64;
        wrong += block.negative as f64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use proptest::prelude::*;

    /// The mean risk at each coverage over all orders that a stable sort could have made of ties.
    fn mean_over_orders(confidences: &[f64], right: &[bool]) -> Vec<f64> {
        let mut orders = vec![vec![]];
        for place in 0..confidences.len() {
            let longer = |order: &Vec<usize>| {
                let rest: Vec<usize> = (0..confidences.len()).filter(|row| !order.contains(row)).collect();
                let top = rest.iter().map(|&row| confidences[row]).fold(f64::MIN, f64::max);
                let next = rest.into_iter().filter(move |&row| confidences[row] >= top);
                let order = order.clone();
                next.map(move |row| [order.clone(), vec![row]].concat()).collect::<Vec<_>>()
            };
            orders = orders.iter().flat_map(longer).collect();
            assert!(orders.iter().all(|order| order.len() == place + 1));
        }
        let risk = |given: usize| {
            let wrong = |order: &Vec<usize>| order[..given].iter().filter(|&&row| !right[row]).count();
            orders.iter().map(wrong).sum::<usize>() as f64 / (orders.len() * given) as f64
        };
        (1..=confidences.len()).map(risk).collect()
    }

    proptest! {
        #[test]
        fn ties_are_averaged_over_their_orders(
            examples in prop::collection::vec(((0_i32..4).prop_map(f64::from), any::<bool>()), 1..7),
        ) {
            let (confidences, right): (Vec<f64>, Vec<bool>) = examples.into_iter().unzip();
            let theirs = mean_over_orders(&confidences, &right);
            let curve = risk_coverage(&confidences, &right).unwrap();
            prop_assert_eq!(curve.len(), theirs.len());
            for (ours, theirs) in curve.iter().zip(&theirs) {
                prop_assert!((ours.1 - theirs).abs() < 1e-12);
            }
            let mean = theirs.iter().sum::<f64>() / theirs.len() as f64;
            prop_assert!((aurc(&confidences, &right).unwrap() - mean).abs() < 1e-12);
        }

        #[test]
        fn a_weight_is_a_repetition(
            examples in prop::collection::vec(((0_i32..9).prop_map(f64::from), any::<bool>(), 0_u32..4), 1..40),
        ) {
            let weights: Vec<u32> = examples.iter().map(|example| example.2).collect();
            let (confidences, right): (Vec<f64>, Vec<bool>) = examples.iter().map(|e| (e.0, e.1)).unzip();
            let repeated = examples.iter().flat_map(|e| std::iter::repeat_n((e.0, e.1), e.2 as usize));
            let (long, long_right): (Vec<f64>, Vec<bool>) = repeated.unzip();
            let ours = weighted_aurc(&Blocks::new(&confidences, &right).unwrap(), &weights);
            match (ours, aurc(&long, &long_right)) {
                (Ok(ours), Ok(theirs)) => prop_assert!((ours - theirs).abs() < 1e-12),
                (ours, theirs) => prop_assert_eq!(ours, theirs),
            }
        }
    }

    #[test]
    fn the_curve_ends_at_the_error_rate() {
        let curve = risk_coverage(&[0.9, 0.8, 0.7, 0.6], &[true, false, true, true]).unwrap();
        assert_eq!(curve[0], (0.25, 0.0));
        assert_eq!(curve[3], (1.0, 0.25));
    }

    #[test]
    fn a_confidence_that_says_nothing_has_the_error_rate_everywhere() {
        assert_relative_eq!(aurc(&[0.5; 4], &[true, false, true, true]).unwrap(), 0.25);
    }

    #[test]
    fn nothing_and_nan_have_no_risk() {
        assert_eq!(risk_coverage(&[], &[]), Err(Undefined::NoExamples));
        assert_eq!(aurc(&[f64::NAN], &[true]), Err(Undefined::NotANumber));
    }
}
