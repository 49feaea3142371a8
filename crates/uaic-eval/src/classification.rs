//! Which answers count as right, and the log-loss of those that should have been given.

use super::Undefined;

/// Whether a label is right by the lenient rule of the literature: it is the gold label, or one of
/// its intents where `a+b` names two.
pub fn is_any_gold(gold: &str, predicted: &str) -> bool {
    gold == predicted || gold.split('+').any(|intent| intent == predicted)
}

/// Mean negative log-probability of the gold label, given per example; natural log, probabilities
/// cut at 1e-15 as in scikit-learn, except that NaN stays NaN. `None` without examples.
pub fn log_loss(gold_probabilities: &[f64]) -> Option<f64> {
    let sum: f64 = gold_probabilities.iter().map(|&p| surprise(p)).sum();
    (!gold_probabilities.is_empty()).then(|| sum / gold_probabilities.len() as f64)
}

/// The log-loss of one example.
pub(super) fn surprise(gold_probability: f64) -> f64 {
    let cut = |p: f64| if p.is_nan() { p } else { p.max(1e-15) };
    -libm::log(cut(gold_probability))
}

/// Share of examples whose gold label is among the `k` with the highest probabilities `(N, C)`; of
/// equal ones the lower number is higher, so that k = 1 is the accuracy. A gold label that is not
/// below `classes` is never among them.
///
/// # Errors
/// Without examples, or with a NaN.
pub fn top_k(probabilities: &[f64], classes: usize, gold: &[usize], k: usize) -> Result<f64, Undefined> {
    if probabilities.iter().any(|probability| probability.is_nan()) {
        return Err(Undefined::NotANumber);
    }
    if gold.is_empty() {
        return Err(Undefined::NoExamples);
    }
    let right = gold.iter().enumerate().filter(|&(row, &gold)| {
        is_in_top(&probabilities[row * classes..][..classes], gold, k) //
    });
    Ok(right.count() as f64 / gold.len() as f64)
}

/// Whether fewer than `k` labels stand before this one in a row of scores, `(C)`.
#[allow(clippy::float_cmp)] // A tie is exact.
pub(super) fn is_in_top(row: &[f64], gold: usize, k: usize) -> bool {
    let Some(&own) = row.get(gold) else { return false };
    let before = |(class, &other): (usize, &f64)| other > own || (other == own && class < gold);
    row.iter().enumerate().filter(|&other| before(other)).count() < k
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn nothing_evaluated_is_absent_not_zero() {
        assert_eq!(log_loss(&[]), None);
        assert_eq!(top_k(&[], 3, &[], 1), Err(Undefined::NoExamples));
    }

    #[test]
    fn the_lenient_rule_accepts_one_of_several_gold_intents() {
        assert!(is_any_gold("flight+airfare", "airfare") && is_any_gold("flight+airfare", "flight+airfare"));
        assert!(!is_any_gold("flight", "flight+airfare"), "a guess at two intents is no answer to one");
        assert!(!is_any_gold("flight", "airfare"));
    }

    #[test]
    fn log_loss_is_finite_for_a_zero_probability() {
        assert_relative_eq!(log_loss(&[1.0, 0.5]).unwrap(), 0.5 * 2.0_f64.ln());
        assert!(log_loss(&[0.0]).unwrap().is_finite());
        assert!(log_loss(&[0.5, f64::NAN]).unwrap().is_nan(), "a broken model must not look finite");
    }

    #[test]
    fn the_lower_number_stands_before_its_equals() {
        let row = [0.2, 0.4, 0.4];
        assert_eq!([0, 1, 2].map(|gold| is_in_top(&row, gold, 1)), [false, true, false]);
        assert_eq!([0, 1, 2].map(|gold| is_in_top(&row, gold, 2)), [false, true, true]);
        assert_eq!(top_k(&[0.2, 0.4, 0.4, 1.0, 0.0, 0.0], 3, &[2, 7], 3), Ok(0.5));
        assert_eq!(top_k(&[f64::NAN, 0.5], 2, &[0], 1), Err(Undefined::NotANumber));
    }
}
